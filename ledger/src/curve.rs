//! The DIEM mint curve: 256 buckets of DIEM supply, each with a price in sVVV.

use alloy_primitives::{U256, uint};
use thiserror::Error;

use crate::ratio::{ONE, mul_div_ceil, mul_div_floor};

/// Cells of each table.
pub const CELLS: usize = 256;

/// 90 e^2 sVVV per DIEM, 1e18: the rate at which the curve is said to have reached its target.
const TARGET_RATE: U256 = uint!(665_015_000_000_000_000_000_U256);

/// Why the contract would refuse a quote, which it does by reverting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum QuoteError {
    /// More than the buckets still sell.
    #[error("the mint curve ends before that much")]
    PastTheTable,
    /// A number that does not fit in 256 bits.
    #[error("the quote does not fit in 256 bits")]
    Overflow,
}

/// A bucket of the curve that still sells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Which of the 256.
    pub index: usize,
    /// The DIEM supply at which it is sold out.
    pub bound: U256,
    /// sVVV per DIEM, 1e18.
    pub rate: U256,
    /// DIEM that it still sells.
    pub left: U256,
}

impl Bucket {
    /// sVVV that buys this much DIEM of the bucket, rounded up as the contract does. Like the contract it fails where
    /// the product does not fit, even if the quotient would.
    fn cost(&self, diem: U256) -> Result<U256, QuoteError> {
        let product = self.rate.checked_mul(diem).and_then(|product| product.checked_add(ONE - U256::ONE));
        product.map(|product| product / ONE).ok_or(QuoteError::Overflow)
    }
}

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

    /// Bounds and rates of all buckets, those that sell nothing included.
    pub fn cells(&self) -> impl Iterator<Item = (U256, U256)> {
        self.bounds.iter().copied().zip(self.rates.iter().copied())
    }

    /// sVVV per DIEM (1e18) for the next DIEM minted at this DIEM supply. `None` past the last bucket.
    pub fn mint_rate(&self, diem_supply: U256) -> Option<U256> {
        self.buckets(diem_supply).next().map(|bucket| bucket.rate)
    }

    /// DIEM that locking this much sVVV mints at this DIEM supply: the contract's `getDiemAmountOut`, wei for wei.
    ///
    /// # Errors
    /// [`QuoteError`], where the contract reverts: past the last bucket even for nothing.
    pub fn diem_for(&self, svvv: U256, diem_supply: U256) -> Result<U256, QuoteError> {
        let (mut out, mut remaining) = (U256::ZERO, svvv);
        for bucket in self.buckets(diem_supply) {
            let cost = bucket.cost(bucket.left)?;
            if cost >= remaining {
                let scaled = remaining.checked_mul(ONE).ok_or(QuoteError::Overflow)?;
                return out.checked_add(scaled / bucket.rate).ok_or(QuoteError::Overflow);
            }
            remaining -= cost;
            out += bucket.left;
        }
        Err(QuoteError::PastTheTable)
    }

    /// The least sVVV whose quote is at least this much DIEM at this DIEM supply.
    ///
    /// Least, as long as no bucket costs less than one sVVV per DIEM; below that the contract's rounding may give away
    /// more than a bucket has.
    ///
    /// # Errors
    /// [`QuoteError`], past the last bucket even for nothing.
    pub fn svvv_for(&self, diem: U256, diem_supply: U256) -> Result<U256, QuoteError> {
        let (mut cost, mut wanted) = (U256::ZERO, diem);
        for bucket in self.buckets(diem_supply) {
            // The contract works out the price of the whole bucket first and reverts where that does not fit.
            bucket.cost(bucket.left)?;
            let part = bucket.cost(wanted.min(bucket.left))?;
            cost = cost.checked_add(part).ok_or(QuoteError::Overflow)?;
            if wanted <= bucket.left {
                return Ok(cost);
            }
            wanted -= bucket.left;
        }
        Err(QuoteError::PastTheTable)
    }

    /// sVVV per DIEM (1e18) of a quote, rounded up: nobody pays less. `None` where no DIEM is minted.
    pub fn average_rate(svvv: U256, diem: U256) -> Option<U256> {
        mul_div_ceil(svvv, ONE, diem)
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

    /// DIEM that can be minted from this supply on before the table ends.
    pub fn remaining_in_table(&self, diem_supply: U256) -> U256 {
        self.buckets(diem_supply).last().map_or(U256::ZERO, |bucket| bucket.bound - diem_supply)
    }

    /// Buckets that still sell at this supply, in the order and with the widths in which the contract walks them: one
    /// without a rate is passed over, and what it would have held is sold by the next.
    pub fn buckets(&self, diem_supply: U256) -> impl Iterator<Item = Bucket> {
        let mut supply = diem_supply;
        self.cells().enumerate().filter_map(move |(index, (bound, rate))| {
            let left = bound.checked_sub(supply).filter(|left| !left.is_zero() && !rate.is_zero())?;
            supply = bound;
            Some(Bucket { index, bound, rate, left })
        })
    }
}
