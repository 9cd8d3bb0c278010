//! The mint curves that the owner sets, as data: see `contracts/curves.mjs`.

use alloy_primitives::U256;
use anyhow::{Context, Result};
use serde::Deserialize;

const CURVES: &str = include_str!("../../contracts/curves.json");

/// A mint curve's two tables, in units of 1e-18.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Curve {
    /// The DIEM supply the curve is drawn for, in whole DIEM.
    pub target: u64,
    /// Upper bound of each of the 256 buckets.
    pub diem_supply: Vec<U256>,
    /// sVVV for one DIEM in each of them.
    pub diem_mint_rates: Vec<U256>,
}

impl Curve {
    /// Both tables as the contract takes them.
    pub fn cells(&self) -> Result<([U256; 256], [U256; 256])> {
        let table = |cells: &[U256]| <[U256; 256]>::try_from(cells).context("a mint curve has 256 buckets");
        Ok((table(&self.diem_supply)?, table(&self.diem_mint_rates)?))
    }
}

/// All of them, in the order of their targets. The first comes with the upgrade.
pub fn curves() -> Result<Vec<Curve>> {
    serde_json::from_str(CURVES).context("curves.json")
}
