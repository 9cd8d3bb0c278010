//! `GET /v1/accounts/{address}`

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use ledger::position::{Cooling, Position};
use ledger::rewards::{Terms, pending_at};
use ledger::totals::{CapacityTotals, Tally};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{AddressPath, Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{AddressText, Amount, Ratio, Time, Units};

/// What one address holds.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccountAnswer {
    /// The address.
    address: AddressText,
    /// Its name, where the deployment labels it.
    #[schema(example = json!(null))]
    label: Option<String>,
    /// Its label's kind.
    #[schema(example = json!(null))]
    kind: Option<&'static str>,
    /// VVV.
    vvv: VvvHolding,
    /// Staked VVV.
    svvv: SvvvHolding,
    /// DIEM.
    diem: DiemHolding,
    /// VVV that its sVVV earns.
    rewards: RewardHolding,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// VVV of an address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct VvvHolding {
    /// Balance, staked VVV left out.
    balance: Amount,
    /// Sent to 0x0.
    burned: Amount,
    /// Transfers to 0x0 of more than zero.
    #[schema(minimum = 0, example = 0)]
    burn_count: u64,
}

/// sVVV of an address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SvvvHolding {
    /// Locked and unlocked together.
    balance: Amount,
    /// Locked against minted DIEM.
    locked: Amount,
    /// Not locked.
    unlocked: Amount,
    /// balance / sVVV.totalSupply(): the address's share of capacity. Null where nobody has staked.
    share: Option<Ratio>,
    /// locked / outstanding DIEM: the sVVV that each minted DIEM took on average. Null where none is outstanding.
    average_lock_rate: Option<Ratio>,
    /// Unstaked and not withdrawn.
    cooling: Release,
}

/// DIEM of an address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemHolding {
    /// Balance that is not staked.
    liquid: Amount,
    /// Staked: what entitles.
    staked: Amount,
    /// staked / DIEM that everybody has staked; null where nobody has.
    staked_share: Option<Ratio>,
    /// Unstaked and not withdrawn.
    cooling: Release,
    /// Minted against locked sVVV and not yet burned.
    outstanding: Amount,
}

/// Rewards of an address.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RewardHolding {
    /// Paid since the start.
    claimed: Amount,
    /// To be claimed at the block's time. Null under the first implementation of staking, and where no state of the contract
    /// could yet be read to go on from.
    pending: Option<Amount>,
}

/// An amount on its way out.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Release {
    /// VVV or DIEM, in cooldown or waiting to be withdrawn.
    amount: Amount,
    /// When the cooldown ends or ended; null where nothing cools, nobody knows, or no time can be written: after the year
    /// 9999.
    ends_at: Option<Time>,
    /// What of it may be withdrawn at the block's time; null where nobody knows when it ends.
    claimable: Option<Amount>,
}

/// What one address holds
///
/// An address never seen is not an error: zeros.
#[utoipa::path(
    get,
    operation_id = "getAccount",
    path = "/v1/accounts/{address}",
    tag = "network",
    params(("address" = AddressText, Path, description = "The address."), BlockParams, UnitParams),
    responses((status = 200, description = "The address at the block.", body = AccountAnswer), ReadProblems),
)]
pub async fn get(
    State(app): State<App>,
    AddressPath(address): AddressPath,
    Query(query): Query<FigureParams>,
    conditional: Conditional,
) -> Result<Response, Problem> {
    let mut snapshot = Snapshot::open(&app, Needs::Both, &query.block).await?;
    if let Some(response) = unchanged(&snapshot, &conditional) {
        return Ok(response);
    }
    let epoch = snapshot.epoch().await?;
    let holdings = snapshot.holdings(&[address], &epoch).await?;
    let position = holdings.first().map(|holding| holding.position).unwrap_or_default();
    let balance = snapshot.vvv_balances(&[address]).await?.remove(&address).unwrap_or_default();
    let burned = snapshot.burned_by(address).await?;
    let totals = snapshot.capacity_totals().await?;
    let terms = snapshot.reward_terms(&totals).await?;
    let view = View { units: query.units, timestamp: epoch.timestamp, totals, terms };
    let body = view.answer(&snapshot, address, &position, balance, burned);
    Ok(answer(&snapshot, &conditional, &body))
}

/// The unit amounts are written in, the time they are seen at, what they are a share of, and what rewards are told by.
struct View {
    units: Units,
    timestamp: u64,
    totals: CapacityTotals,
    terms: Option<Terms>,
}

impl View {
    fn answer(
        &self,
        snapshot: &Snapshot,
        address: Address,
        position: &Position,
        balance: U256,
        burned: Tally,
    ) -> AccountAnswer {
        let amount = |amount: U256| self.units.amount(amount);
        let deployment = snapshot.deployment();
        let label = deployment.label(address);
        let pending = pending_at(position, self.totals.rewards, self.terms, self.timestamp);
        let (svvv_cooling, diem_cooling) = (self.release(&position.svvv_cooling), self.release(&position.diem_cooling));
        let svvv_unknown = unknown("svvv", &position.svvv_cooling, &svvv_cooling);
        let unknown = svvv_unknown.chain(unknown("diem", &position.diem_cooling, &diem_cooling));
        let unknown: Vec<String> = unknown.chain(pending.is_none().then(|| "rewards.pending".to_owned())).collect();
        AccountAnswer {
            address: address.into(),
            label: label.map(|label| label.name.clone()),
            kind: label.map(|label| label.kind.name()),
            vvv: VvvHolding { balance: amount(balance), burned: amount(burned.amount), burn_count: burned.count },
            svvv: SvvvHolding {
                balance: amount(position.svvv),
                locked: amount(position.locked),
                unlocked: amount(position.unlocked()),
                share: Ratio::of(position.svvv, self.totals.svvv_supply),
                average_lock_rate: Ratio::of(position.locked, position.outstanding),
                cooling: svvv_cooling,
            },
            diem: DiemHolding {
                liquid: amount(position.diem_liquid),
                staked: amount(position.diem_staked),
                staked_share: Ratio::of(position.diem_staked, self.totals.diem_staked),
                cooling: diem_cooling,
                outstanding: amount(position.outstanding),
            },
            rewards: RewardHolding { claimed: amount(position.claimed), pending: pending.map(amount) },
            unknown: snapshot.as_of().unknown().into_iter().chain(unknown).collect(),
            as_of: snapshot.as_of().clone(),
        }
    }

    fn release(&self, cooling: &Cooling) -> Release {
        Release {
            amount: self.units.amount(cooling.amount),
            ends_at: cooling.ends_at.and_then(Time::new),
            claimable: cooling.claimable_at(self.timestamp).map(|claimable| self.units.amount(claimable)),
        }
    }
}

/// What of this is null though something cools.
fn unknown(token: &str, cooling: &Cooling, written: &Release) -> impl Iterator<Item = String> {
    let fields = [("ends_at", written.ends_at.is_none()), ("claimable", written.claimable.is_none())];
    let missing = fields.into_iter().filter(|(_, is_missing)| *is_missing && !cooling.amount.is_zero());
    missing.map(move |(field, _)| format!("{token}.cooling.{field}"))
}
