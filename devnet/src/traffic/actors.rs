//! Who takes part.

use alloy_primitives::{Address, keccak256};

use crate::contracts::addresses::{AIRDROP, DIEM, DIEM_POOL, OPERATOR, SAFES, STAKING, VAULTS, WETH_POOL};

/// The people of one seed.
#[derive(Clone, Debug)]
pub struct Cast {
    users: Vec<Address>,
}

impl Cast {
    /// So many users; the same ones for the same seed.
    pub fn new(seed: u64, users: u64) -> Self {
        Self { users: (0..users).map(|index| person(seed, index)).collect() }
    }

    /// Those who act for themselves.
    pub fn users(&self) -> &[Address] {
        &self.users
    }

    /// Everybody whose balances traffic looks at: users, Safes, vaults, pools and contracts.
    pub fn everyone(&self) -> impl Iterator<Item = Address> {
        let others = [AIRDROP, DIEM_POOL, WETH_POOL, OPERATOR, STAKING, DIEM];
        self.users.iter().copied().chain(SAFES).chain(others)
    }

    /// The vaults that act for many users.
    pub fn vaults(&self) -> &[Address] {
        &VAULTS
    }
}

fn person(seed: u64, index: u64) -> Address {
    let words = [seed.to_be_bytes(), index.to_be_bytes()].concat();
    Address::from_word(keccak256([b"person".as_slice(), &words].concat()))
}
