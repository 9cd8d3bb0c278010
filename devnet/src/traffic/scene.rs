//! The next block while it is planned: who is still free, and the dice.

use std::collections::BTreeSet;

use alloy_primitives::{Address, U256, keccak256};
use alloy_sol_types::SolCall;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::action::Step;
use super::actors::Cast;
use super::book::Book;
use crate::contracts::{DeployConfig, TOKEN};
use crate::truth::Position;

/// One block's plan in the making. Nobody spends twice in a block, so every plan can count on what the book says.
pub(super) struct Scene<'a> {
    pub(super) book: &'a Book,
    /// Of the block to come.
    pub(super) timestamp: U256,
    /// What [`super::special::BESIDE_LOCK`] yields, where it was asked.
    pub(super) quote: Option<U256>,
    /// What the parameters began with.
    pub(super) initial: &'a DeployConfig,
    cast: &'a Cast,
    busy: BTreeSet<Address>,
    dice: ChaCha8Rng,
}

impl<'a> Scene<'a> {
    /// The dice are a function of seed, block number and branch: a block planned again after a reorg is another one.
    pub(super) fn new(
        cast: &'a Cast,
        book: &'a Book,
        initial: &'a DeployConfig,
        timestamp: u64,
        words: [u64; 3],
    ) -> Self {
        let seed = keccak256(words.map(u64::to_be_bytes).concat());
        Self {
            book,
            timestamp: U256::from(timestamp),
            quote: None,
            initial,
            cast,
            busy: BTreeSet::new(),
            dice: ChaCha8Rng::from_seed(seed.0),
        }
    }

    /// A user who suits and does nothing else in this block.
    pub(super) fn user(&mut self, suits: impl Fn(&Position) -> bool) -> Option<Position> {
        self.free_one(self.cast.users(), suits)
    }

    /// A vault, likewise.
    pub(super) fn vault(&mut self, suits: impl Fn(&Position) -> bool) -> Option<Position> {
        self.free_one(self.cast.vaults(), suits)
    }

    fn free_one(&mut self, among: &[Address], suits: impl Fn(&Position) -> bool) -> Option<Position> {
        let free = among.iter().filter(|address| self.is_free(**address));
        let suitable: Vec<_> =
            free.map(|address| self.book.position(*address)).filter(|position| suits(position)).collect();
        let one = *self.one_of(&suitable)?;
        self.busy.insert(one.address);
        Some(one)
    }

    /// Whether something that is nobody's, such as the burn Safe, is still free; now it is not.
    pub(super) fn take(&mut self, address: Address) -> Option<Position> {
        self.busy.insert(address).then(|| self.book.position(address))
    }

    /// Whether nobody took it yet.
    pub(super) fn is_free(&self, address: Address) -> bool {
        !self.busy.contains(&address)
    }

    /// Somebody to receive something: mostly one of the users, now and then an address that never was.
    pub(super) fn recipient(&mut self) -> Address {
        if self.chance(8) {
            return Address::from(self.dice.random::<[u8; 20]>());
        }
        self.one_of(self.cast.users()).copied().unwrap_or_default()
    }

    pub(super) fn one_of<'b, T>(&mut self, items: &'b [T]) -> Option<&'b T> {
        (!items.is_empty()).then(|| &items[self.dice.random_range(0..items.len())])
    }

    /// True once in so many times.
    pub(super) fn chance(&mut self, one_in: u64) -> bool {
        self.below(one_in) == 0
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.dice.random_range(0..end)
    }

    /// Some of an amount that is not zero, at most so many thousandths: half the time whole tokens, as people like them.
    pub(super) fn part(&mut self, amount: U256, per_mille_max: u64) -> U256 {
        let millionths = 1 + self.below(per_mille_max * 1000);
        let part = amount * U256::from(millionths) / U256::from(1_000_000);
        if part > TOKEN && self.chance(2) { part - part % TOKEN } else { part.max(U256::ONE) }
    }

    /// Some of an amount, and now and then all of it.
    pub(super) fn part_or_all(&mut self, amount: U256) -> U256 {
        if self.chance(6) { amount } else { self.part(amount, 400) }
    }
}

/// What a planner answers: `None` where nobody is in a position to do it.
pub(super) type Plan = Option<Vec<Step>>;

/// A plan of one transaction.
pub(super) fn alone(actor: Position, target: Address, call: &impl SolCall) -> Plan {
    Some(vec![Step::new(actor.address, target, call)])
}
