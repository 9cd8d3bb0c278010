//! The state of the economy by the simplest means: a map of big integers, folded over decoded logs from genesis.
//! Uses nothing of the ledger or the store, so that it can disagree with them.

use std::collections::BTreeMap;

use abi::Diem::DiemEvents as D;
use abi::StakingV2::StakingV2Events as S;
use abi::Vvv::VvvEvents as V;
use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolEventInterface;

pub(crate) const VVV: Address = Address::repeat_byte(0xa1);
pub(crate) const STAKING: Address = Address::repeat_byte(0xa2);
pub(crate) const DIEM: Address = Address::repeat_byte(0xa3);
/// What the initialisers set without an event, seconds.
pub(crate) const FIRST_COOLDOWNS: (u64, u64) = (500, 80);

/// Quantity by name and address. Names: `vvv`, `burned_by`, `svvv`, `locked`, `outstanding`, `claimed`, `diem`, `staked`,
/// `svvv_cooling`, `svvv_ends`, `diem_cooling`, `diem_ends`; under 0x0 for the network: `supply`, `svvv_supply`,
/// `diem_supply`. What is zero is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fold {
    pub(crate) held: BTreeMap<(&'static str, Address), U256>,
    pub(crate) cooldowns: (u64, u64),
}

impl Fold {
    pub(crate) fn get(&self, name: &'static str, address: Address) -> U256 {
        self.held.get(&(name, address)).copied().unwrap_or_default()
    }

    /// Of all addresses together.
    pub(crate) fn sum(&self, name: &str) -> U256 {
        self.held.iter().filter(|((held, _), _)| *held == name).map(|(_, value)| *value).sum()
    }

    /// What these names stand for; VVV's supply is what was minted of it.
    pub(crate) fn told(&self, names: &[&'static str]) -> BTreeMap<(&'static str, Address), U256> {
        let minted = self.held.get(&("supply", Address::ZERO)).map(|supply| (("minted", Address::ZERO), *supply));
        let all = self.held.iter().map(|(key, value)| (*key, *value)).chain(minted);
        all.filter(|((name, _), _)| names.contains(name)).collect()
    }

    fn set(&mut self, name: &'static str, address: Address, value: U256) {
        match value.is_zero() {
            true => self.held.remove(&(name, address)),
            false => self.held.insert((name, address), value),
        };
    }

    fn add(&mut self, name: &'static str, address: Address, value: U256) {
        self.set(name, address, self.get(name, address).checked_add(value).unwrap());
    }

    fn sub(&mut self, name: &'static str, address: Address, value: U256) {
        self.set(name, address, self.get(name, address).checked_sub(value).expect(name));
    }

    /// The next block's logs, in order.
    pub(crate) fn block(&mut self, logs: &[Log], timestamp: u64) {
        for (at, log) in logs.iter().enumerate() {
            let (topics, data) = (log.topics(), &log.data().data);
            let (tx, before) = (log.transaction_hash.unwrap(), &logs[..at]);
            if log.address() == VVV
                && let Ok(V::Transfer(e)) = V::decode_raw_log(topics, data)
            {
                self.vvv(e.from, e.to, e.amount);
            } else if log.address() == STAKING
                && let Ok(event) = S::decode_raw_log(topics, data)
            {
                self.staking(event, before, tx, timestamp);
            } else if log.address() == DIEM
                && let Ok(event) = D::decode_raw_log(topics, data)
            {
                self.diem(event, timestamp);
            }
        }
    }

    fn vvv(&mut self, from: Address, to: Address, amount: U256) {
        match from.is_zero() {
            true => self.add("supply", Address::ZERO, amount),
            false => self.sub("vvv", from, amount),
        }
        self.add("vvv", to, amount);
        if to.is_zero() {
            self.add("burned_by", from, amount);
        }
    }

    fn token(&mut self, name: &'static str, supply: &'static str, from: Address, to: Address, amount: U256) {
        match from.is_zero() {
            true => self.add(supply, Address::ZERO, amount),
            false => self.sub(name, from, amount),
        }
        match to.is_zero() {
            true => self.sub(supply, Address::ZERO, amount),
            false => self.add(name, to, amount),
        }
    }

    fn staking(&mut self, event: S, before: &[Log], tx: B256, timestamp: u64) {
        match event {
            S::Transfer(e) => self.token("svvv", "svvv_supply", e.from, e.to, e.value),
            S::Claimed(e) => self.add("claimed", e.user, e.amount),
            S::UnstakeInitiated(e) => {
                self.add("svvv_cooling", e.user, e.amount);
                self.set("svvv_ends", e.user, U256::from(timestamp + self.cooldowns.0));
            }
            S::UnstakeFinalized(e) => {
                self.sub("svvv_cooling", e.user, e.amount);
                self.set("svvv_ends", e.user, U256::ZERO);
            }
            S::DiemMinted(e) => {
                // The simulation mints for a user right before it says so.
                let user = last_diem_party(before, tx, |from, _| from.is_zero());
                self.add("locked", user, e.sVVVLocked);
                self.add("outstanding", user, e.diemMinted);
            }
            S::DiemBurned(e) => {
                let user = last_diem_party(before, tx, |_, to| to.is_zero());
                self.sub("locked", user, e.sVVVUnlocked);
                self.sub("outstanding", user, e.diemBurned);
            }
            S::CooldownDurationUpdated(e) => self.cooldowns.0 = e.newCooldownDuration.to(),
            _ => {}
        }
    }

    fn diem(&mut self, event: D, timestamp: u64) {
        match event {
            D::Transfer(e) => self.token("diem", "diem_supply", e.from, e.to, e.value),
            D::Staked(e) => self.add("staked", e.user, e.amount),
            D::UnstakeInitiated(e) => {
                self.sub("staked", e.user, e.amount);
                self.add("diem_cooling", e.user, e.amount);
                self.set("diem_ends", e.user, U256::from(timestamp + self.cooldowns.1));
            }
            D::Unstaked(e) => {
                self.sub("diem_cooling", e.user, e.amount);
                self.set("diem_ends", e.user, U256::ZERO);
            }
            D::CooldownDurationUpdated(e) => self.cooldowns.1 = e.cooldownDuration.to(),
            _ => {}
        }
    }
}

fn last_diem_party(before: &[Log], tx: B256, is_one: fn(Address, Address) -> bool) -> Address {
    let same_tx = before.iter().rev().filter(|log| log.address() == DIEM && log.transaction_hash == Some(tx));
    let transfers = same_tx.filter_map(|log| match D::decode_raw_log(log.topics(), &log.data().data) {
        Ok(D::Transfer(e)) => Some((e.from, e.to)),
        _ => None,
    });
    let (from, to) = transfers.into_iter().find(|(from, to)| is_one(*from, *to)).expect("a transfer beside the event");
    if from.is_zero() { to } else { from }
}
