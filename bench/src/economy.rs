//! A made-up history of VVV: who sends what to whom, in which block. Drawn from a seed, and never overdrawn.

use std::collections::VecDeque;

use alloy_primitives::{Address, keccak256};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Who may hold VVV, the contracts left out.
pub(crate) const HOLDERS: u32 = 50_000;
/// Blocks hold this many transfers each.
pub(crate) const TRANSFERS_PER_BLOCK: u64 = 5;

const SEED: u64 = 42;
/// 0x0, to burn to and mint from.
pub(crate) const NOBODY: u32 = 0;
/// The staking proxy.
pub(crate) const STAKING: u32 = 1;
/// The first holder, who gets the first mint.
const TREASURY: u32 = 2;
/// As many as emissions go to, and a few that are labelled: none is the staking proxy, whose mints would have to be rewards.
const MINTED_TO: u32 = 3;
const MINTED: u128 = 100_000_000 * TOKEN;
const TOKEN: u128 = 1_000_000_000_000_000_000;

/// How often what happens: one transfer in so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Is a stake.
    pub(crate) stakes_every: u64,
    /// Is a burn.
    pub(crate) burns_every: u64,
    /// Has a mint of DIEM beside it.
    pub(crate) diem_every: u64,
    /// Has the beginning of a cooldown beside it, or is what its end pays. 0: none.
    pub(crate) unstakes_every: u64,
    /// Blocks from the one to the other, at least.
    pub(crate) cooldown_blocks: u64,
    /// Of the holders, only the first so many burn.
    pub(crate) burners: u32,
    /// Mints VVV, to one of [`MINTED_TO`]. 0: none but the first.
    pub(crate) mints_every: u64,
}

impl Shape {
    /// Transfers and little else.
    pub(crate) const TRANSFERS: Self = Self {
        stakes_every: 500,
        burns_every: 997,
        diem_every: 4_999,
        unstakes_every: 0,
        cooldown_blocks: 0,
        burners: u32::MAX,
        mints_every: 0,
    };
}

/// A VVV transfer. Parties are numbers; [`addresses`] has their addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) block: u64,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) amount: u128,
    pub(crate) beside: Beside,
}

/// What the light contracts say in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    /// The sender staked the VVV.
    Stake,
    /// The sender was given DIEM, and staked it.
    Diem,
    /// The sender began to unstake so much.
    Unstake(u128),
    /// The recipient was paid what it had unstaked.
    Unstaked,
}

/// The addresses of all parties, by number.
pub(crate) fn addresses(staking: Address) -> Vec<Address> {
    let holder = |number: u32| Address::from_slice(&keccak256(number.to_be_bytes())[12..]);
    [Address::ZERO, staking].into_iter().chain((0..HOLDERS).map(holder)).collect()
}

/// So many transfers, the first of which mints all there is.
pub(crate) fn transfers(count: u64, shape: &Shape) -> Vec<Transfer> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let parties = TREASURY + HOLDERS;
    let mut balances = vec![0_u128; parties as usize];
    let mut stakes = Stakes::default();
    (0..count)
        .map(|position| {
            let mut transfer = draw(position, &mut rng, &balances, parties, shape);
            transfer.block = 1 + position / TRANSFERS_PER_BLOCK;
            if shape.unstakes_every > 0 {
                let turn = position.is_multiple_of(shape.unstakes_every).then(|| rng.random_range(TREASURY..parties));
                stakes.follow(&mut transfer, turn, shape.cooldown_blocks);
            }
            if transfer.from != NOBODY {
                balances[transfer.from as usize] -= transfer.amount;
            }
            balances[transfer.to as usize] += transfer.amount;
            transfer
        })
        .collect()
}

/// Who has staked, and who waits for what.
#[derive(Debug, Default)]
struct Stakes {
    staked: Vec<(u32, u128)>,
    /// In the order they were begun: who, how much, and from which block on it is paid.
    cooling: VecDeque<(u32, u128, u64)>,
}

impl Stakes {
    /// On a turn the cooldown that is over is paid, or else the stake at a random place begins to cool, one of an account at
    /// a time.
    fn follow(&mut self, transfer: &mut Transfer, turn: Option<u32>, cooldown_blocks: u64) {
        if transfer.beside == Beside::Stake {
            self.staked.push((transfer.from, transfer.amount));
        }
        let Some(drawn) = turn.filter(|_| transfer.beside == Beside::Nothing && transfer.from != NOBODY) else {
            return;
        };
        if let Some((who, amount, _)) = self.cooling.pop_front_if(|(_, _, end)| *end <= transfer.block) {
            *transfer = Transfer { from: STAKING, to: who, amount, beside: Beside::Unstaked, ..*transfer };
        } else if !self.staked.is_empty() {
            let (who, amount) = self.staked[drawn as usize % self.staked.len()];
            if self.cooling.iter().all(|(other, ..)| *other != who) {
                self.staked.swap_remove(drawn as usize % self.staked.len());
                self.cooling.push_back((who, amount, transfer.block + cooldown_blocks));
                // Who unstakes sends nothing to nobody beside it.
                *transfer = Transfer { from: who, to: who, amount: 0, beside: Beside::Unstake(amount), ..*transfer };
            }
        }
    }
}

fn draw(position: u64, rng: &mut ChaCha8Rng, balances: &[u128], parties: u32, shape: &Shape) -> Transfer {
    let first = Transfer { block: 0, from: NOBODY, to: TREASURY, amount: MINTED, beside: Beside::Nothing };
    if position == 0 {
        return first;
    }
    if shape.mints_every > 0 && position % shape.mints_every == 1 {
        let to = TREASURY + rng.random_range(1..=MINTED_TO);
        return Transfer { to, amount: TOKEN, ..first };
    }
    let drawn = rng.random_range(TREASURY..parties);
    let is_burn = !position.is_multiple_of(shape.stakes_every) && position.is_multiple_of(shape.burns_every);
    let drawn = if is_burn { TREASURY + (drawn - TREASURY) % shape.burners } else { drawn };
    let from = if balances[drawn as usize] >= TOKEN { drawn } else { TREASURY };
    // The treasury never runs dry: it gives little at a time.
    let most = if from == TREASURY { balances[from as usize] / 10_000 } else { balances[from as usize] / 2 };
    let amount = rng.random_range(1..=most.max(1));
    let (to, beside) = if position.is_multiple_of(shape.stakes_every) {
        (STAKING, Beside::Stake)
    } else if is_burn {
        (NOBODY, Beside::Nothing)
    } else {
        let beside = if position.is_multiple_of(shape.diem_every) { Beside::Diem } else { Beside::Nothing };
        (rng.random_range(TREASURY..parties), beside)
    };
    Transfer { from, to, amount, beside, ..first }
}
