//! The contracts' settings.

use abi::{Diem, StakingV2, Vvv};
use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::Result;
use serde_json::json;

use super::IMPLEMENTATION_SLOT;
use super::views::{answers, view};
use crate::contracts::addresses::{DIEM, STAKING, VVV};
use crate::rpc::Rpc;

const BUCKETS: u64 = 256;

/// Everything that an owner or an initialiser can set; `None` where the contract of that block has no such setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// `emissionRatePerSecond()`.
    pub emission_rate_per_second: Option<U256>,
    /// The staking contract's `cooldownDuration()`.
    pub svvv_cooldown_seconds: Option<U256>,
    /// DIEM's.
    pub diem_cooldown_seconds: Option<U256>,
    /// `veniceEmissionsPercentage()`.
    pub venice_emissions_percentage: Option<U256>,
    /// `veniceEmissionsPercentageWhenLocked()`.
    pub venice_emissions_percentage_when_locked: Option<U256>,
    /// `treasury()`.
    pub treasury: Option<U256>,
    /// `owner()` of VVV.
    pub vvv_owner: Option<U256>,
    /// What the proxy's slot holds.
    pub implementation: Option<U256>,
    /// `diemSupply(i)` of all buckets.
    pub curve_bounds: Option<Vec<U256>>,
    /// `diemMintRates(i)` of all buckets.
    pub curve_rates: Option<Vec<U256>>,
}

/// The settings at the end of a block.
pub async fn parameters(rpc: &Rpc, block: u64) -> Result<Parameters> {
    let slot: B256 = rpc.call("eth_getStorageAt", json!([STAKING, IMPLEMENTATION_SLOT, format!("{block:#x}")])).await?;
    let mut calls = vec![
        view(STAKING, &StakingV2::emissionRatePerSecondCall {}),
        view(STAKING, &StakingV2::cooldownDurationCall {}),
        view(DIEM, &Diem::cooldownDurationCall {}),
        view(STAKING, &StakingV2::veniceEmissionsPercentageCall {}),
        view(STAKING, &StakingV2::veniceEmissionsPercentageWhenLockedCall {}),
        view(STAKING, &StakingV2::treasuryCall {}),
        view(VVV, &Vvv::ownerCall {}),
    ];
    calls.extend((0..BUCKETS).map(|bucket| view(STAKING, &StakingV2::diemSupplyCall(U256::from(bucket)))));
    calls.extend((0..BUCKETS).map(|bucket| view(STAKING, &StakingV2::diemMintRatesCall(U256::from(bucket)))));
    let mut told = answers(rpc, block, calls).await?.into_iter();
    let mut next = || word(told.next().flatten());
    Ok(Parameters {
        emission_rate_per_second: next(),
        svvv_cooldown_seconds: next(),
        diem_cooldown_seconds: next(),
        venice_emissions_percentage: next(),
        venice_emissions_percentage_when_locked: next(),
        treasury: next(),
        vvv_owner: next(),
        implementation: Some(Address::from_word(slot)).filter(|it| !it.is_zero()).map(|it| it.into_word().into()),
        curve_bounds: (0..BUCKETS).map(|_| next()).collect(),
        curve_rates: (0..BUCKETS).map(|_| next()).collect(),
    })
}

fn word(data: Option<Bytes>) -> Option<U256> {
    data.map(|data| U256::from_be_slice(&data))
}
