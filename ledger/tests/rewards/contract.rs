//! A staking contract in miniature, by the simplest means, and the events it would emit. After any course of actions the ledger
//! tells the same of everybody as the contract does.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256, uint};
use ledger::capacity::CapacityChanges;
use ledger::event::Event;
use ledger::halt::AnomalyKind;
use ledger::parameter::{Parameter, Setting};
use ledger::position::Position;
use ledger::rewards::{Rewards, Terms, pending_at};
use proptest::prelude::*;

use crate::chain::{ALICE, BOB, CONTRACTS, Chain, NOBODY, burned, claimed, diem, minted, set, svvv, svvv_initiated};
use crate::chain::{svvv_staked, vvv, word};

pub(crate) const TREASURY: Address = Address::repeat_byte(0x77);
pub(crate) const CAROL: Address = Address::repeat_byte(0x03);
pub(crate) const USERS: [Address; 3] = [ALICE, BOB, CAROL];
const SCALE: U256 = uint!(1_000_000_000_000_000_000_000_000_000_000_000_000_U256);
const ONE: u64 = 1_000_000_000_000_000_000;
const RATE: u64 = 1_000_003;

#[derive(Clone, Copy, Default)]
struct Account {
    unlocked: u64,
    locked: u64,
    outstanding: u64,
    debt: U256,
}

/// As in the contract, but for amounts that are small.
#[derive(Clone)]
pub(crate) struct Staking {
    rate: u64,
    venice: u64,
    venice_locked: u64,
    acc: U256,
    acc_locked: U256,
    until: u64,
    accounts: BTreeMap<Address, Account>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    Stake(usize, u64),
    Unstake(usize, u64),
    Mint(usize, u64),
    Burn(usize, u64),
    Claim(usize),
    SetRate(u64),
    SetVenice(u64),
    SetVeniceLocked(u64),
}

impl Staking {
    /// Rewards begin at 0 with one sVVV of the proxy's own.
    pub(crate) fn new() -> Self {
        let own = Account { unlocked: 1, ..Account::default() };
        Self {
            rate: RATE,
            venice: ONE / 10,
            venice_locked: ONE / 5,
            acc: U256::ZERO,
            acc_locked: U256::ZERO,
            until: 10,
            accounts: BTreeMap::from([(CONTRACTS.staking, own)]),
        }
    }

    /// What it answers when it is asked for everything, these accounts included.
    pub(crate) fn readings(&self, accounts: &[Address]) -> Vec<Setting> {
        vec![
            word(Parameter::EmissionRate, self.rate),
            word(Parameter::VenicePercentage, self.venice),
            word(Parameter::VenicePercentageLocked, self.venice_locked),
            Setting::word(Parameter::Treasury, U256::from_be_slice(TREASURY.as_slice())),
            word(Parameter::LastRewardTimestamp, self.until),
            Setting::word(Parameter::AccRewardPerShare, self.acc),
            Setting::word(Parameter::AccRewardPerShareLocked, self.acc_locked),
            Setting::reward_debts(accounts.iter().map(|who| (*who, self.account(*who).debt))),
        ]
    }

    pub(crate) fn pending(&self, who: Address, now: u64) -> U256 {
        let mut later = self.clone();
        later.add_up(now);
        later.earned(who) - self.account(who).debt
    }

    fn account(&self, who: Address) -> Account {
        self.accounts.get(&who).copied().unwrap_or_default()
    }

    fn earned(&self, who: Address) -> U256 {
        let Account { unlocked, locked, .. } = self.account(who);
        U256::from(unlocked) * self.acc / SCALE + U256::from(locked) * self.acc_locked / SCALE
    }

    /// What is minted for it to stakers and treasury.
    fn add_up(&mut self, now: u64) -> (U256, U256) {
        let sum = |of: fn(&Account) -> u64| U256::from(self.accounts.values().map(of).sum::<u64>());
        let (unlocked, locked) = (sum(|account| account.unlocked), sum(|account| account.locked));
        let emitted = U256::from(now - self.until) * U256::from(self.rate);
        self.until = now;
        let venice = emitted * U256::from(self.venice) / U256::from(ONE);
        let raw_locked = (emitted - venice) * locked / (unlocked + locked);
        let from_locked = raw_locked * U256::from(self.venice_locked) / U256::from(ONE);
        let rise = (emitted - venice - raw_locked) * SCALE / unlocked;
        let rise_locked = if locked.is_zero() { U256::ZERO } else { (raw_locked - from_locked) * SCALE / locked };
        self.acc += rise;
        self.acc_locked += rise_locked;
        (rise * unlocked / SCALE + rise_locked * locked / SCALE, venice + from_locked)
    }

    /// A transaction's events; none where the contract would revert.
    pub(crate) fn act(&mut self, action: Action, now: u64) -> Vec<Event> {
        let mut events = Vec::new();
        if now > self.until {
            let (stakers, treasury) = self.add_up(now);
            events.push(vvv(NOBODY, CONTRACTS.staking, stakers.to()));
            if !treasury.is_zero() {
                events.push(vvv(NOBODY, TREASURY, treasury.to()));
            }
        }
        match action {
            Action::SetRate(rate) => {
                self.rate = rate;
                events.push(set(Parameter::EmissionRate, rate));
            }
            Action::SetVenice(share) => {
                self.venice = share;
                events.push(set(Parameter::VenicePercentage, share));
            }
            Action::SetVeniceLocked(share) => {
                self.venice_locked = share;
                events.push(set(Parameter::VenicePercentageLocked, share));
            }
            Action::Stake(who, amount) | Action::Unstake(who, amount) | Action::Mint(who, amount) => {
                self.settle(USERS[who], &mut events);
                self.shift(action, USERS[who], amount, &mut events);
            }
            Action::Burn(who, amount) => {
                self.settle(USERS[who], &mut events);
                self.shift(action, USERS[who], amount, &mut events);
            }
            Action::Claim(who) => self.settle(USERS[who], &mut events),
        }
        events
    }

    fn settle(&mut self, who: Address, events: &mut Vec<Event>) {
        let pending = self.earned(who) - self.account(who).debt;
        if !pending.is_zero() {
            events.push(claimed(who, pending.to()));
        }
        self.accounts.entry(who).or_default().debt = self.earned(who);
    }

    fn shift(&mut self, action: Action, who: Address, amount: u64, events: &mut Vec<Event>) {
        let account = self.accounts.entry(who).or_default();
        match action {
            Action::Stake(..) => {
                account.unlocked += amount;
                events.extend([svvv(NOBODY, who, amount), svvv_staked(who, amount)]);
            }
            Action::Unstake(..) => {
                let amount = amount.min(account.unlocked);
                account.unlocked -= amount;
                events.extend([svvv(who, NOBODY, amount), svvv_initiated(who, amount)]);
            }
            Action::Mint(..) => {
                let amount = amount.min(account.unlocked);
                account.unlocked -= amount;
                account.locked += amount;
                account.outstanding += amount;
                events.extend([diem(NOBODY, who, amount), minted(amount, amount)]);
            }
            _ => {
                let amount = amount.min(account.outstanding);
                account.unlocked += amount;
                account.locked -= amount;
                account.outstanding -= amount;
                events.extend([diem(who, NOBODY, amount), burned(amount, amount)]);
            }
        }
        self.accounts.get_mut(&who).unwrap().debt = self.earned(who);
    }
}

/// The ledger on a chain of blocks, with what it said of everybody.
pub(crate) struct Told {
    pub(crate) chain: Chain,
    positions: BTreeMap<Address, Position>,
}

impl Told {
    /// Rewards are known from the first block on.
    pub(crate) fn begun(staking: &Staking) -> Self {
        let mut told = Self { chain: Chain::new(), positions: BTreeMap::new() };
        let readings = staking.readings(&[CONTRACTS.staking]);
        let first = told.mine_reading(&[&[svvv(NOBODY, CONTRACTS.staking, 1)]], readings);
        assert_eq!(first.anomalies, []);
        assert_eq!(first.totals.unwrap().rewards.unwrap().rewarded_until, 10);
        told
    }

    pub(crate) fn mine(&mut self, transactions: &[&[Event]]) -> CapacityChanges {
        self.mine_reading(transactions, Vec::new())
    }

    pub(crate) fn mine_reading(&mut self, transactions: &[&[Event]], readings: Vec<Setting>) -> CapacityChanges {
        let (changes, _) = self.chain.mine_reading(transactions, readings).unwrap();
        self.positions.extend(changes.positions.iter().copied());
        changes
    }

    pub(crate) fn rewards(&self) -> Option<Rewards> {
        self.chain.capacity.totals().rewards
    }

    pub(crate) fn debt(&self, who: Address) -> Option<U256> {
        self.positions.get(&who).copied().unwrap_or_default().reward_debt
    }

    pub(crate) fn pending(&self, who: Address, now: u64) -> Option<U256> {
        let capacity = &self.chain.capacity;
        let position = self.positions.get(&who).copied().unwrap_or_default();
        pending_at(&position, self.rewards(), Terms::of(capacity.parameters(), capacity.totals()), now)
    }
}

fn actions() -> impl Strategy<Value = Action> {
    let who = || 0..USERS.len();
    prop_oneof![
        3 => (who(), 1..1_000_000_u64).prop_map(|(who, amount)| Action::Stake(who, amount)),
        2 => (who(), 1..1_000_000_u64).prop_map(|(who, amount)| Action::Unstake(who, amount)),
        2 => (who(), 1..1_000_000_u64).prop_map(|(who, amount)| Action::Mint(who, amount)),
        2 => (who(), 1..1_000_000_u64).prop_map(|(who, amount)| Action::Burn(who, amount)),
        2 => who().prop_map(Action::Claim),
        1 => (0..100_000_u64).prop_map(Action::SetRate),
        1 => (0..=ONE).prop_map(Action::SetVenice),
        1 => (0..=ONE).prop_map(Action::SetVeniceLocked),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Blocks of no, one or several transactions, one timestamp each.
    #[test]
    fn everybody_has_pending_what_the_contract_says(blocks in prop::collection::vec(prop::collection::vec(actions(), 0..4), 1..25)) {
        let mut staking = Staking::new();
        let mut told = Told::begun(&staking);
        for (at, actions) in blocks.into_iter().enumerate() {
            let now = (at as u64 + 2) * 10;
            let transactions: Vec<Vec<Event>> = actions.into_iter().map(|action| staking.act(action, now)).collect();
            let slices: Vec<&[Event]> = transactions.iter().map(Vec::as_slice).collect();
            let changes = told.mine(&slices);
            let mismatch = changes.anomalies.iter().find(|anomaly| anomaly.kind == AnomalyKind::RewardMismatch);
            prop_assert_eq!(mismatch, None);
            let rewards = Rewards { acc_unlocked: staking.acc, acc_locked: staking.acc_locked, rewarded_until: staking.until };
            prop_assert_eq!(told.rewards(), Some(rewards));
            for later in [0, 7] {
                for who in USERS.into_iter().chain([CONTRACTS.staking]) {
                    prop_assert_eq!(told.pending(who, now + later), Some(staking.pending(who, now + later)));
                }
            }
        }
    }
}
