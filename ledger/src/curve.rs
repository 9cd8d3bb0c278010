//! The DIEM mint curve: 256 buckets of DIEM supply, each with a price in sVVV.

use alloy_primitives::{U256, uint};

use crate::ratio::{ONE, mul_div_floor};

/// Cells of each table.
pub const CELLS: usize = 256;

/// 90 e^2 sVVV per DIEM, 1e18: the rate at which the curve is said to have reached its target.
const TARGET_RATE: U256 = uint!(665_015_000_000_000_000_000_U256);

/// The two tables as the staking proxy holds them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    bounds: Vec<U256>,
    rates: Vec<U256>,
}

impl Curve {
    /// A curve of two tables of 256; `None` for any other size.
    pub fn new(bounds: Vec<U256>, rates: Vec<U256>) -> Option<Self> {
        (bounds.len() == CELLS && rates.len() == CELLS).then_some(Self { bounds, rates })
    }

    /// sVVV per DIEM (1e18) for the next DIEM minted at this DIEM supply. `None` past the last bucket.
    pub fn mint_rate(&self, diem_supply: U256) -> Option<U256> {
        self.open_buckets(diem_supply).next().map(|(_, rate)| rate)
    }

    /// DIEM per sVVV in units of 1e-18, rounded down. `None` past the last bucket.
    pub fn diem_per_svvv(&self, diem_supply: U256) -> Option<U256> {
        mul_div_floor(ONE, ONE, self.mint_rate(diem_supply)?)
    }

    /// The DIEM supply the curve aims at: the bound of the bucket whose rate is nearest to 90 e^2. The chain holds no
    /// target; `None` where every rate is 0.
    pub fn target(&self) -> Option<U256> {
        let buckets = self.bounds.iter().zip(&self.rates).filter(|(_, rate)| !rate.is_zero());
        buckets.min_by_key(|(_, rate)| rate.abs_diff(TARGET_RATE)).map(|(bound, _)| *bound)
    }

    /// DIEM that can be minted from this supply on before the target is reached.
    pub fn remaining_to_target(&self, diem_supply: U256) -> Option<U256> {
        Some(self.target()?.saturating_sub(diem_supply))
    }

    /// DIEM that can be minted from this supply on before the table ends.
    pub fn remaining_in_table(&self, diem_supply: U256) -> U256 {
        let last = self.open_buckets(diem_supply).map(|(bound, _)| bound).max();
        last.map_or(U256::ZERO, |bound| bound - diem_supply)
    }

    /// Buckets that still sell at this supply: bound above it and a rate.
    fn open_buckets(&self, diem_supply: U256) -> impl Iterator<Item = (U256, U256)> {
        let buckets = self.bounds.iter().copied().zip(self.rates.iter().copied());
        buckets.filter(move |(bound, rate)| *bound > diem_supply && !rate.is_zero())
    }
}
