//! `GET /v1/supply`

use std::collections::BTreeSet;

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, Ratio};

/// The supplies of VVV, which differ and are never mixed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyAnswer {
    /// VVV.totalSupply(). Burns do not lower it: they credit the balance of 0x0.
    erc20: Amount,
    /// VVV.balanceOf(0x0).
    burned: Amount,
    /// erc20 - burned.
    effective: Amount,
    /// effective - VVV held by labelled custody, treasury and airdrop addresses.
    circulating: Amount,
    /// effective - VVV held by the staking proxy.
    liquid: Amount,
    /// sVVV.totalSupply(): staked VVV, locked included.
    staked: Amount,
    /// Staked VVV locked against minted DIEM.
    locked: Amount,
    /// Unstaked VVV in cooldown, or waiting to be withdrawn.
    cooling: Amount,
    /// Addresses with VVV, 0x0 left out.
    #[schema(minimum = 0, example = 140_000)]
    holders: u64,
    /// burned / erc20; null where there is no supply.
    burned_share_of_erc20: Option<Ratio>,
    /// burned / effective; null where nothing is left.
    burned_share_of_effective: Option<Ratio>,
    /// VVV of the staking proxy that is neither staked, cooling nor an unclaimed reward. Null: unclaimed rewards are
    /// not derived.
    unexplained: Option<Amount>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!(["unexplained"]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// The supplies of VVV
#[utoipa::path(
    get,
    operation_id = "getSupply",
    path = "/v1/supply",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The supplies at the block.", body = SupplyAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    Query(query): Query<FigureParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Both, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let supply = snapshot.supply_totals().await?;
    let stake = snapshot.capacity_totals().await?;
    let effective = minus(supply.supply, supply.burned)?;
    let held = held_apart(&mut snapshot).await?;
    let amount = |amount: U256| query.units.amount(amount);
    let body = SupplyAnswer {
        erc20: amount(supply.supply),
        burned: amount(supply.burned),
        effective: amount(effective),
        circulating: amount(minus(effective, held.out_of_circulation)?),
        liquid: amount(minus(effective, held.staking_proxy)?),
        staked: amount(stake.svvv_supply),
        locked: amount(stake.svvv_locked),
        cooling: amount(stake.svvv_cooling),
        holders: supply.holders,
        burned_share_of_erc20: Ratio::of(supply.burned, supply.supply),
        burned_share_of_effective: Ratio::of(supply.burned, effective),
        unexplained: None,
        unknown: [snapshot.as_of().unknown(), vec!["unexplained".into()]].concat(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

/// VVV that is not in everybody's hands.
pub(crate) struct HeldApart {
    /// Of labelled custody, treasury and airdrop addresses.
    pub(crate) out_of_circulation: U256,
    /// Of the staking proxy.
    pub(crate) staking_proxy: U256,
    /// Of both, each address once.
    pub(crate) together: U256,
}

/// What labelled addresses and the staking proxy hold; an address counts once, whatever its labels.
pub(crate) async fn held_apart(snapshot: &mut Snapshot) -> Result<HeldApart, Problem> {
    let deployment = snapshot.deployment();
    let labels = deployment.labels.iter().filter(|label| label.kind.is_out_of_circulation());
    let apart: BTreeSet<Address> = labels.map(|label| label.address).filter(|address| !address.is_zero()).collect();
    let proxy = deployment.contracts.staking;
    let wanted: Vec<Address> = apart.iter().copied().chain([proxy]).collect();
    let balances = snapshot.vvv_balances(&wanted).await?;
    let balance = |address: &Address| balances.get(address).copied().unwrap_or_default();
    let too_much = || Problem::internal("labelled balances do not fit in 256 bits");
    let out_of_circulation = apart.iter().map(balance).try_fold(U256::ZERO, U256::checked_add).ok_or_else(too_much)?;
    let staking_proxy = balance(&proxy);
    let together =
        if apart.contains(&proxy) { Some(out_of_circulation) } else { out_of_circulation.checked_add(staking_proxy) };
    Ok(HeldApart { out_of_circulation, staking_proxy, together: together.ok_or_else(too_much)? })
}

/// No part exceeds its whole unless what is stored contradicts itself.
pub(crate) fn minus(whole: U256, part: U256) -> Result<U256, Problem> {
    whole.checked_sub(part).ok_or_else(|| Problem::internal(format!("{part} is held of a supply of {whole}")))
}
