//! What the API answers, as numbers.

use alloy_primitives::{Address, U256};
use devnet::truth;
use serde_json::Value;

/// The parts of an entitlement that the contracts can be asked for.
#[derive(Debug)]
pub(crate) struct Position {
    answer: Value,
}

impl Position {
    pub(crate) fn of(answer: &Value) -> Self {
        Self { answer: answer.clone() }
    }

    /// Equal to the contracts' own answers, to the wei and the second.
    pub(crate) fn check(&self, expected: &truth::Position, block: u64) {
        let (stake, diem) = (&self.answer["stake"], &self.answer["diem"]);
        let address: Address = self.answer["address"].as_str().unwrap().parse().unwrap();
        assert_eq!(address, expected.address);
        let served = [
            ("svvv", amount(&stake["svvv"]), expected.svvv),
            ("locked", amount(&stake["locked"]), expected.locked),
            ("unlocked", amount(&stake["unlocked"]), expected.svvv - expected.locked),
            ("sVVV cooling", amount(&stake["cooling"]), expected.svvv_cooling),
            ("sVVV cooling ends", time(&stake["cooling_ends_at"]), written(expected.svvv_cooling_ends_at)),
            ("outstanding", amount(&diem["outstanding"]), expected.outstanding),
            ("DIEM liquid", amount(&diem["liquid"]), expected.diem),
            ("DIEM staked", amount(&diem["staked"]), expected.diem_staked),
            ("DIEM cooling", amount(&diem["cooling"]), expected.diem_cooling),
            ("DIEM cooling ends", time(&diem["cooling_ends_at"]), written(expected.diem_cooling_ends_at)),
        ];
        for (what, served, expected) in served {
            assert_eq!(served, expected, "{what} of {address} at block {block}: {}", self.answer);
        }
    }
}

/// The network's figures.
#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) vvv_supply: U256,
    pub(crate) vvv_burned: U256,
    pub(crate) svvv_supply: U256,
    pub(crate) svvv_locked: U256,
    pub(crate) diem_supply: U256,
    pub(crate) diem_staked: U256,
    pub(crate) diem_cooling: U256,
}

impl Network {
    pub(crate) fn of(supply: &Value, staking: &Value, diem: &Value) -> Self {
        Self {
            vvv_supply: amount(&supply["erc20"]),
            vvv_burned: amount(&supply["burned"]),
            svvv_supply: amount(&staking["staked"]),
            svvv_locked: amount(&staking["locked"]),
            diem_supply: amount(&diem["supply"]),
            diem_staked: amount(&diem["staked"]),
            diem_cooling: amount(&diem["cooling"]),
        }
    }
}

pub(crate) fn amount(value: &Value) -> U256 {
    let text = value.as_str().unwrap_or_else(|| panic!("an amount, not {value}"));
    U256::from_str_radix(text, 10).unwrap()
}

/// An end that can be written; one after the year 9999 is null.
fn written(end: U256) -> U256 {
    let last = U256::from(jiff::Timestamp::MAX.as_second().unsigned_abs());
    if end > last { U256::ZERO } else { end }
}

/// Seconds since 1970; 0 for null, as the contracts have it where nothing cools.
fn time(value: &Value) -> U256 {
    let Some(text) = value.as_str() else { return U256::ZERO };
    let time: jiff::Timestamp = text.parse().unwrap();
    U256::from(time.as_second())
}
