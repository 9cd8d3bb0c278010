//! Figures after finalized blocks that ended a period, kept from one request to the next.
//!
//! Everybody who draws a series asks for the same days again. What a finalized block left behind changes only where history
//! is derived anew or put back from a backup, and then it is another history: only room bounds how long a figure is kept.

use std::hash::Hash;

use alloy_primitives::{Address, B256, U256};
use ledger::mint::Minted;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use quick_cache::sync::Cache;
use store::read::progress::Derivation;

/// Blocks whose totals are kept: hours of more than two years. A kilobyte each.
const TOTALS_MAX: usize = 20_000;
/// Figures of addresses that are kept, of each kind: days of six years of twenty of them. A quarter of a kilobyte each.
const OF_ADDRESSES_MAX: usize = 50_000;

/// What figures are a function of, beside the block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct History {
    /// Digest of the deployment.
    pub(crate) deployment: B256,
    /// What is derived anew under the same blocks is another history.
    pub(crate) derivation: Derivation,
    /// A database that begins later knows less of the same blocks.
    pub(crate) first_block: u64,
}

/// Each kind of figure that series are made of.
#[derive(Debug)]
pub(crate) struct Finalized {
    pub(crate) capacity: Kept<(), CapacityTotals>,
    pub(crate) supply: Kept<(), SupplyTotals>,
    /// VVV that an address was minted; `None`: nothing yet.
    pub(crate) minted: Kept<Address, Option<Minted>>,
    /// VVV of an address; `None`: it had none yet.
    pub(crate) vvv: Kept<Address, Option<U256>>,
    /// What an address burned; `None`: nothing yet.
    pub(crate) burned: Kept<Address, Option<Tally>>,
}

/// Figures of somebody, or of nobody in particular, by block.
#[derive(Debug)]
pub(crate) struct Kept<W, T>(Cache<(History, W, u64), T>);

impl Default for Finalized {
    fn default() -> Self {
        Self {
            capacity: Kept(Cache::new(TOTALS_MAX)),
            supply: Kept(Cache::new(TOTALS_MAX)),
            minted: Kept(Cache::new(OF_ADDRESSES_MAX)),
            vvv: Kept(Cache::new(OF_ADDRESSES_MAX)),
            burned: Kept(Cache::new(OF_ADDRESSES_MAX)),
        }
    }
}

impl<W: Copy + Eq + Hash, T: Clone> Kept<W, T> {
    /// What was kept after a block.
    pub(crate) fn get(&self, history: History, whose: W, block: u64) -> Option<T> {
        self.0.get(&(history, whose, block))
    }

    /// Keeps it. Of a finalized block only.
    pub(crate) fn keep(&self, history: History, whose: W, block: u64, figure: T) {
        self.0.insert((history, whose, block), figure);
    }
}
