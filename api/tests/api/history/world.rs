//! A seeded economy, stored as the writer stores it, and what a naive reading of the same events says of every block.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, B256, U256};
use ledger::block::Block;
use ledger::capacity::Capacity;
use ledger::event::{Contracts, Diem, DiemSwap, Entry, Event, OwnershipTransfer, Staking, Transfer, UserAmount, Vvv};
use ledger::parameter::{Parameter, Setting};
use ledger::supply::Supply;
use sqlx::PgPool;
use store::append::{Batch, StoredBlock, StoredHeader};
use store::completeness::Grade;
use store::cursor::{BlockRef, Lane};
use store::deployment::{Clock, ContractAddresses, Deployment, Label, LabelKind};
use store::rewind::Rewind;
use store::writer::Writer;

pub(super) const VVV: Address = Address::repeat_byte(0xa1);
pub(super) const STAKING: Address = Address::repeat_byte(0xa2);
pub(super) const DIEM: Address = Address::repeat_byte(0xa3);
pub(super) const TREASURY: Address = Address::repeat_byte(0x77);
pub(super) const POOL: Address = Address::repeat_byte(0x81);
pub(super) const SAFE: Address = Address::repeat_byte(0x82);
pub(super) const VESTING: Address = Address::repeat_byte(0x83);
const CONTRACTS: Contracts = Contracts { vvv: VVV, staking: STAKING, diem: DIEM };
/// Shortly before the end of a month that ends within a week.
pub(super) const BEGAN_AT: u64 = 1_767_139_200;
/// The block from which the staking proxy owns VVV.
const HANDED_OVER: u64 = 12;
/// Where there is a clock, a block every so often; else time goes by leaps.
const CLOCK_SECONDS: u64 = 1_700;

/// Everything that a block leaves behind, and what it moved.
#[derive(Clone, Debug, Default)]
pub(super) struct After {
    pub(super) number: u64,
    pub(super) timestamp: u64,
    pub(super) vvv: BTreeMap<Address, u64>,
    pub(super) svvv: BTreeMap<Address, u64>,
    pub(super) cooling: BTreeMap<Address, u64>,
    pub(super) staked_diem: BTreeMap<Address, u64>,
    liquid_diem: BTreeMap<Address, u64>,
    pub(super) locked: BTreeMap<Address, u64>,
    pub(super) rate: Option<u64>,
    pub(super) moved: Moved,
}

/// What one block moved: named sums.
pub(super) type Moved = BTreeMap<&'static str, u64>;

pub(super) struct World {
    writer: Writer,
    pub(super) chain: Vec<After>,
    hashes: BTreeMap<u64, B256>,
    deployment: Deployment,
    chance: u64,
}

impl World {
    pub(super) async fn new(pool: &PgPool, seed: u64, is_clocked: bool) -> Self {
        let genesis = BEGAN_AT - CLOCK_SECONDS;
        let clock = is_clocked.then_some(Clock { genesis_timestamp: genesis, seconds_per_block: CLOCK_SECONDS });
        let label = |address, kind| Label { address, name: "a label".into(), kind, source: "this test".into() };
        let deployment = Deployment {
            chain_id: 8453,
            start_block: 1,
            contracts: ContractAddresses { vvv: VVV, staking: STAKING, diem: DIEM, multicall3: Address::ZERO },
            clock,
            policy: Default::default(),
            implementations: Vec::new(),
            labels: vec![
                label(POOL, LabelKind::ProgrammaticBurn),
                label(SAFE, LabelKind::DiscretionaryBurn),
                label(VESTING, LabelKind::Custody),
            ],
            finality: None,
            diem_targets: Vec::new(),
        };
        let writer = Writer::open((*pool.connect_options()).clone()).await.unwrap();
        writer.adopt(&deployment).await.unwrap();
        Self { writer, chain: Vec::new(), hashes: BTreeMap::new(), deployment, chance: seed }
    }

    /// splitmix64.
    fn chance(&mut self, below: u64) -> u64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.chance;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % below
    }

    /// More blocks, in batches of several.
    pub(super) async fn grow(&mut self, blocks: u64) {
        let mut batch = Vec::new();
        for _ in 0..blocks {
            batch.push(self.mine());
            if self.chance(7) == 0 {
                self.store(std::mem::take(&mut batch)).await;
            }
        }
        self.store(batch).await;
    }

    /// Other blocks take the place of those above this one.
    pub(super) async fn undo(&mut self, ancestor: u64) {
        let from = self.chain.last().unwrap().number;
        let hash = |number| self.hashes[&number];
        let (from_hash, ancestor_hash) = (hash(from), hash(ancestor));
        let rewind = Rewind { from_number: from, from_hash, ancestor_number: ancestor, ancestor_hash };
        self.writer.rewind_to(&rewind).await.unwrap();
        self.chain.retain(|after| after.number <= ancestor);
    }

    fn mine(&mut self) -> Block {
        let mut after = self.chain.last().cloned().unwrap_or_default();
        after.moved = Moved::new();
        after.number += 1;
        let leap = [2, 600, 10_000, 150_000][usize::try_from(self.chance(4)).unwrap()];
        after.timestamp = match self.deployment.clock {
            Some(clock) => clock.timestamp(after.number).unwrap(),
            None if after.number == 1 => BEGAN_AT,
            None => after.timestamp + leap,
        };
        let before = after.clone();
        let mut events: Vec<Vec<Event>> = Vec::new();
        if after.number == 1 {
            events.push(vec![owner(SAFE), set(Parameter::Treasury, word(TREASURY))]);
            events.push(after.mint(TREASURY, 1_000_000, false));
        }
        if after.number == HANDED_OVER {
            events.push(vec![owner(STAKING)]);
        }
        for _ in 0..self.chance(4) {
            let (what, who, other, units) = (self.chance(12), self.someone(), self.someone(), self.chance(500));
            events.push(after.act(what, who, other, units));
        }
        after.remember(&before);
        let (number, timestamp) = (after.number, after.timestamp);
        self.hashes.insert(number, B256::from(U256::from(self.chance) << 64 | U256::from(number)));
        self.chain.push(after);
        let events =
            events.into_iter().zip(0_u32..).flat_map(|(events, tx)| events.into_iter().map(move |event| (tx, event)));
        let entry = |((tx_index, event), log_index)| Entry {
            log_index,
            tx_index,
            tx_hash: B256::from(U256::from(tx_index + 1)),
            event,
        };
        Block { number, timestamp, entries: events.zip(0..).map(entry).collect(), ..Block::default() }
    }

    fn someone(&mut self) -> Address {
        let named = [POOL, SAFE, VESTING, TREASURY];
        let drawn = self.chance(8);
        named
            .get(usize::try_from(drawn).unwrap())
            .copied()
            .unwrap_or(Address::with_last_byte(u8::try_from(drawn).unwrap()))
    }

    async fn store(&self, blocks: Vec<Block>) {
        let Some(last) = blocks.last() else { return };
        let state = self.writer.network_state().await.unwrap();
        let mut capacity = Capacity::new(CONTRACTS, state.capacity, state.parameters, state.minted);
        let mut supply = Supply::new(CONTRACTS, state.supply);
        for (address, position) in self.writer.positions(&capacity.unloaded(&blocks)).await.unwrap() {
            capacity.load(address, position);
        }
        for (address, account) in self.writer.accounts(&supply.unloaded(&blocks)).await.unwrap() {
            supply.load(address, account);
        }
        let reference = |number: u64| BlockRef { number, hash: Some(self.hashes[&number]) };
        let after = blocks[0].number.checked_sub(1).filter(|number| *number > 0).map(reference);
        let cursor = reference(last.number);
        let mut stored = Vec::new();
        for block in blocks {
            let (capacity, supply) = (capacity.apply(&block).unwrap(), supply.apply(&block).unwrap());
            // A clock tells the time of blocks without a log: they are left out, as in a backfill.
            if self.deployment.clock.is_some() && block.entries.is_empty() {
                continue;
            }
            let (number, timestamp) = (block.number, block.timestamp);
            let header = StoredHeader { number, hash: self.hashes[&number], parent_hash: None, timestamp };
            stored.push(StoredBlock { header, is_known: false, logs: Vec::new(), block, capacity, supply });
        }
        let batch = Batch { lanes: &Lane::BOTH, blocks: &stored, after, cursor, grade: Some(Grade::Single) };
        self.writer.append(&batch).await.unwrap();
    }
}

impl After {
    /// What the contracts would allow of a wish.
    fn act(&mut self, what: u64, who: Address, other: Address, units: u64) -> Vec<Event> {
        let at_most = |held: &BTreeMap<Address, u64>, whose| units.min(held.get(&whose).copied().unwrap_or_default());
        let is_emission = self.number >= HANDED_OVER;
        match what {
            0 => self.mint(if units.is_multiple_of(2) { STAKING } else { TREASURY }, units, is_emission),
            1 => self.mint(other, units / 50, is_emission),
            2 | 3 => self.pay(who, other, at_most(&self.vvv, who)),
            4 => self.burn(who, at_most(&self.vvv, who)),
            5 | 6 => self.stake(who, at_most(&self.vvv, who)),
            7 => {
                let free = self.svvv.get(&who).copied().unwrap_or_default()
                    - self.locked.get(&who).copied().unwrap_or_default();
                self.unstake(who, units.min(free))
            }
            8 => self.claim(who, units.min(self.vvv.get(&STAKING).copied().unwrap_or_default())),
            9 => self.mint_diem(who, units),
            10 => self.stake_diem(who, at_most(&self.liquid_diem, who), at_most(&self.staked_diem, who)),
            _ => {
                self.rate = Some(units);
                vec![set(Parameter::EmissionRate, U256::from(units))]
            }
        }
    }

    fn mint(&mut self, to: Address, units: u64, is_emission: bool) -> Vec<Event> {
        let origin = match (is_emission, to) {
            (false, _) => "genesis",
            (true, STAKING) => "to_stakers",
            (true, TREASURY) => "to_treasury",
            (true, _) => "to_other",
        };
        self.add("minted", units);
        self.add(origin, units);
        if to == STAKING {
            self.add("to_proxy", units);
        }
        *self.vvv.entry(to).or_default() += units;
        vec![vvv(Address::ZERO, to, units)]
    }

    fn pay(&mut self, from: Address, to: Address, units: u64) -> Vec<Event> {
        *self.vvv.entry(from).or_default() -= units;
        *self.vvv.entry(to).or_default() += units;
        vec![vvv(from, to, units)]
    }

    fn burn(&mut self, from: Address, units: u64) -> Vec<Event> {
        let (amount, count) = match from {
            POOL => ("programmatic", "programmatic_count"),
            SAFE => ("discretionary", "discretionary_count"),
            _ => ("unclassified", "unclassified_count"),
        };
        self.add(amount, units);
        self.add(count, u64::from(units > 0));
        self.pay(from, Address::ZERO, units)
    }

    fn stake(&mut self, who: Address, units: u64) -> Vec<Event> {
        self.add("inflow", units);
        self.add("stakes", u64::from(units > 0));
        *self.svvv.entry(who).or_default() += units;
        let mut events = self.pay(who, STAKING, units);
        events.extend([svvv(Address::ZERO, who, units), Event::Staking(Staking::Staked(user(who, units)))]);
        events
    }

    fn unstake(&mut self, who: Address, units: u64) -> Vec<Event> {
        self.add("outflow", units);
        self.add("unstakes", u64::from(units > 0));
        *self.svvv.entry(who).or_default() -= units;
        *self.cooling.entry(who).or_default() += units;
        vec![svvv(who, Address::ZERO, units), Event::Staking(Staking::UnstakeInitiated(user(who, units)))]
    }

    fn claim(&mut self, who: Address, units: u64) -> Vec<Event> {
        self.add("claimed", units);
        self.add("claims", u64::from(units > 0));
        let mut events = self.pay(STAKING, who, units);
        events.push(Event::Staking(Staking::Claimed(user(who, units))));
        events
    }

    /// Half of what is free is locked, for a tenth of it in DIEM; or DIEM is minted directly.
    fn mint_diem(&mut self, who: Address, units: u64) -> Vec<Event> {
        let free =
            self.svvv.get(&who).copied().unwrap_or_default() - self.locked.get(&who).copied().unwrap_or_default();
        let (svvv, minted) = (free / 2, free / 20 + 1);
        *self.liquid_diem.entry(who).or_default() += minted;
        if units.is_multiple_of(3) {
            self.add("diem_direct", minted);
            return vec![diem(Address::ZERO, who, minted)];
        }
        self.add("diem_minted", minted);
        self.add("diem_mints", 1);
        *self.locked.entry(who).or_default() += svvv;
        let swap = DiemSwap { svvv: U256::from(svvv), diem: U256::from(minted) };
        vec![diem(Address::ZERO, who, minted), Event::Staking(Staking::DiemMinted(swap))]
    }

    /// What is liquid is staked; where nothing is, what is staked begins to cool.
    fn stake_diem(&mut self, who: Address, liquid: u64, staked: u64) -> Vec<Event> {
        if liquid == 0 {
            *self.staked_diem.entry(who).or_default() -= staked;
            return vec![Event::Diem(Diem::UnstakeInitiated(user(who, staked)))];
        }
        *self.liquid_diem.entry(who).or_default() -= liquid;
        *self.staked_diem.entry(who).or_default() += liquid;
        vec![diem(who, DIEM, liquid), Event::Diem(Diem::Staked(user(who, liquid)))]
    }

    fn add(&mut self, what: &'static str, units: u64) {
        *self.moved.entry(what).or_default() += units;
    }

    /// Who came and went, by the ends of the block.
    fn remember(&mut self, before: &Self) {
        let holding = |held: &BTreeMap<Address, u64>, apart: &[Address]| -> BTreeSet<Address> {
            let some = held.iter().filter(|(whose, units)| **units > 0 && !apart.contains(whose));
            some.map(|(whose, _)| *whose).collect()
        };
        let contracts = [VVV, STAKING, DIEM];
        let kinds: [(_, _, &BTreeMap<_, _>, &BTreeMap<_, _>, &[Address]); 3] = [
            ("holders_joined", "holders_left", &before.vvv, &self.vvv, &[Address::ZERO]),
            ("joined", "left", &before.svvv, &self.svvv, &contracts),
            ("diem_joined", "diem_left", &before.staked_diem, &self.staked_diem, &[]),
        ];
        let mut counts = Vec::new();
        for (joined, left, before, now, apart) in kinds {
            let (before, now) = (holding(before, apart), holding(now, apart));
            counts.push((joined, now.difference(&before).count() as u64));
            counts.push((left, before.difference(&now).count() as u64));
        }
        counts.into_iter().for_each(|(what, count)| self.add(what, count));
    }
}

fn user(user: Address, units: u64) -> UserAmount {
    UserAmount { user, amount: U256::from(units) }
}

fn transfer(from: Address, to: Address, units: u64) -> Transfer {
    Transfer { from, to, amount: U256::from(units) }
}

fn vvv(from: Address, to: Address, units: u64) -> Event {
    Event::Vvv(Vvv::Transfer(transfer(from, to, units)))
}

fn svvv(from: Address, to: Address, units: u64) -> Event {
    Event::Staking(Staking::Transfer(transfer(from, to, units)))
}

fn diem(from: Address, to: Address, units: u64) -> Event {
    Event::Diem(Diem::Transfer(transfer(from, to, units)))
}

fn word(address: Address) -> U256 {
    U256::from_be_slice(address.as_slice())
}

fn owner(of: Address) -> Event {
    let owner = Setting::word(Parameter::VvvOwner, word(of));
    Event::Vvv(Vvv::OwnershipTransferred(OwnershipTransfer { previous: Address::ZERO, owner }))
}

fn set(parameter: Parameter, value: U256) -> Event {
    Event::Staking(Staking::Set(vec![Setting::word(parameter, value)]))
}
