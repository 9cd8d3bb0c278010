//! `GET /v1/supply`

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use ledger::mint::{Backing, Minted, Origins, Treasuries};
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use serde::Serialize;
use store::deployment::Deployment;
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{Amount, AmountChange, Ratio, Units};

/// VVV, and where it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyAnswer {
    #[serde(flatten)]
    figures: SupplyFigures,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// The supplies of VVV, which differ and are never mixed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyFigures {
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
    /// Minted since the start, by origin.
    minted: MintedByOrigin,
    /// VVV of the staking proxy that is neither staked, cooling nor an unclaimed reward: its balance - staked - cooling -
    /// (all that was minted to it - all that was claimed). Donations raise it; the sVVV that was minted to the proxy itself
    /// when it was set up, one token, has no VVV behind it and lowers it. Unclaimed rewards include what rounding leaves over.
    unexplained: AmountChange,
}

/// VVV minted, by origin. An origin that cannot be known is null.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MintedByOrigin {
    /// Before the staking proxy owned VVV, to whomever. Null where it is not known since when it does.
    genesis: Option<MintTally>,
    /// Since then to the staking proxy: emissions to stakers.
    stakers: Option<MintTally>,
    /// Since then to an address that has been the emissions' treasury by the block of the answer.
    treasury: Option<MintTally>,
    /// Since then to anybody else. Null, as the treasury's, where one of these could have been a treasury at a time when
    /// nobody knows who was.
    other: Option<MintTally>,
}

/// An amount and how many mints it is the sum of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct MintTally {
    /// VVV.
    amount: Amount,
    /// Mints of more than zero.
    #[schema(minimum = 0, example = 4_711)]
    count: u64,
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
    let (supply, stake) = (snapshot.supply_totals().await?, snapshot.capacity_totals().await?);
    let parts = Parts::of(&snapshot.deployment());
    let balances = snapshot.vvv_balances(&parts.addresses()).await?;
    let minted = snapshot.minted().await?;
    let treasuries = snapshot.treasuries(&stake).await?;
    let balance = |address: Address| balances.get(&address).copied().unwrap_or_default();
    let held = parts.held(balance)?;
    let minted_to_proxy = minted.get(&parts.staking).copied().unwrap_or_default();
    let level = Level { supply, stake, held, minted_to_proxy, origins: parts.origins(&minted, &treasuries)? };
    let body = SupplyAnswer {
        figures: level.figures(query.units)?,
        unknown: [snapshot.as_of().unknown(), unknown_origins(&level.origins, "minted")].concat(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

/// The addresses whose VVV is told apart.
pub(crate) struct Parts {
    pub(crate) staking: Address,
    /// Out of circulation by their labels; an address counts once, whatever its labels.
    apart: BTreeSet<Address>,
}

/// VVV that is told apart.
#[derive(Clone, Copy)]
pub(crate) struct Held {
    pub(crate) out_of_circulation: U256,
    pub(crate) staking_proxy: U256,
    /// Of both, each address once.
    pub(crate) together: U256,
}

/// What the figures are made of.
pub(crate) struct Level {
    pub(crate) supply: SupplyTotals,
    pub(crate) stake: CapacityTotals,
    pub(crate) held: Held,
    pub(crate) minted_to_proxy: Minted,
    pub(crate) origins: Origins,
}

impl Parts {
    pub(crate) fn of(deployment: &Deployment) -> Self {
        let labels = deployment.labels.iter().filter(|label| label.kind.is_out_of_circulation());
        let apart = labels.map(|label| label.address).filter(|address| !address.is_zero()).collect();
        Self { staking: deployment.contracts.staking, apart }
    }

    pub(crate) fn addresses(&self) -> Vec<Address> {
        let staking = Some(self.staking).filter(|staking| !self.apart.contains(staking));
        self.apart.iter().copied().chain(staking).collect()
    }

    pub(crate) fn held(&self, balance: impl Fn(Address) -> U256) -> Result<Held, Problem> {
        let sum = self.apart.iter().map(|address| balance(*address)).try_fold(U256::ZERO, U256::checked_add);
        let too_much = || Problem::internal("labelled balances do not fit in 256 bits");
        let (out_of_circulation, staking_proxy) = (sum.ok_or_else(too_much)?, balance(self.staking));
        let counted_once = if self.apart.contains(&self.staking) { U256::ZERO } else { staking_proxy };
        let together = out_of_circulation.checked_add(counted_once).ok_or_else(too_much)?;
        Ok(Held { out_of_circulation, staking_proxy, together })
    }

    pub(crate) fn origins(
        &self,
        minted: &BTreeMap<Address, Minted>,
        treasuries: &Treasuries,
    ) -> Result<Origins, Problem> {
        Origins::of(minted, self.staking, treasuries).map_err(Problem::internal)
    }
}

impl Level {
    pub(crate) fn figures(&self, units: Units) -> Result<SupplyFigures, Problem> {
        let Self { supply, stake, held, .. } = self;
        let effective = minus(supply.supply, supply.burned)?;
        let (owed, there) = self.backing()?;
        Ok(SupplyFigures {
            erc20: units.amount(supply.supply),
            burned: units.amount(supply.burned),
            effective: units.amount(effective),
            circulating: units.amount(minus(effective, held.out_of_circulation)?),
            liquid: units.amount(minus(effective, held.staking_proxy)?),
            staked: units.amount(stake.svvv_supply),
            locked: units.amount(stake.svvv_locked),
            cooling: units.amount(stake.svvv_cooling),
            holders: supply.holders,
            burned_share_of_erc20: Ratio::of(supply.burned, supply.supply),
            burned_share_of_effective: Ratio::of(supply.burned, effective),
            minted: by_origin(&self.origins, units),
            unexplained: units.change(owed, there),
        })
    }

    fn backing(&self) -> Result<(U256, U256), Problem> {
        let backing = Backing {
            balance: self.held.staking_proxy,
            staked: self.stake.svvv_supply,
            cooling: self.stake.svvv_cooling,
            minted: self.minted_to_proxy.amount().map_err(Problem::internal)?,
            claimed: self.stake.claimed.amount,
        };
        backing.owed_and_held().ok_or_else(|| Problem::internal("what the proxy owes does not fit in 256 bits"))
    }
}

pub(crate) fn by_origin(origins: &Origins, units: Units) -> MintedByOrigin {
    let Origins { genesis, stakers, treasury, other } = *origins;
    let tally = |Tally { amount, count }: Tally| MintTally { amount: units.amount(amount), count };
    let [genesis, stakers, treasury, other] = [genesis, stakers, treasury, other].map(|known| known.map(tally));
    MintedByOrigin { genesis, stakers, treasury, other }
}

/// The names of the origins that cannot be known, within a field.
pub(crate) fn unknown_origins(origins: &Origins, field: &str) -> Vec<String> {
    let Origins { genesis, stakers, treasury, other } = origins;
    let names = [("genesis", genesis), ("stakers", stakers), ("treasury", treasury), ("other", other)];
    names.into_iter().filter(|(_, known)| known.is_none()).map(|(name, _)| format!("{field}.{name}")).collect()
}

/// No part exceeds its whole unless what is stored contradicts itself.
pub(crate) fn minus(whole: U256, part: U256) -> Result<U256, Problem> {
    whole.checked_sub(part).ok_or_else(|| Problem::internal(format!("{part} is held of a supply of {whole}")))
}
