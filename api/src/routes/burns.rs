//! `GET /v1/burns`

use alloy_primitives::{Address, U256};
use axum::extract::State;
use axum::response::Response;
use ledger::totals::Tally;
use serde::Serialize;
use store::deployment::{Deployment, LabelKind};
use utoipa::ToSchema;

use crate::app::App;
use crate::extract::{Conditional, Query};
use crate::openapi::ReadProblems;
use crate::params::{BlockParams, FigureParams, UnitParams};
use crate::problem::Problem;
use crate::respond::{answer, unchanged};
use crate::snapshot::{AsOf, Needs, Snapshot};
use crate::wire::{AddressText, Amount, Units};

/// Unclassified senders that are listed, the largest first.
const SENDERS_MAX: usize = 100;

/// VVV sent to 0x0.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnsAnswer {
    /// All burns.
    total: BurnTally,
    /// By what the deployment's labels say of the sender.
    by_class: BurnClasses,
    /// The 100 unclassified senders that burned most.
    unclassified_senders: Vec<BurnSender>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    unknown: Vec<String>,
    /// The block.
    as_of: AsOf,
}

/// Burns by class.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnClasses {
    /// By pools whose swaps pay 0x0.
    programmatic: BurnTally,
    /// Decided by people.
    discretionary: BurnTally,
    /// Of the airdrop.
    airdrop: BurnTally,
    /// By everybody else.
    unclassified: BurnTally,
}

/// An amount and how many transfers it is the sum of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnTally {
    /// VVV.
    amount: Amount,
    /// Transfers of more than zero.
    #[schema(minimum = 0, example = 4_711)]
    count: u64,
}

/// What one sender burned.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnSender {
    /// The sender.
    address: AddressText,
    /// VVV.
    amount: Amount,
    /// Transfers of more than zero.
    #[schema(minimum = 0, example = 3)]
    count: u64,
}

/// VVV burned, by class
///
/// The class is the sender's, by the deployment's labels: `programmatic_burn`, `discretionary_burn`, `airdrop`; whoever
/// has none of these is unclassified.
#[utoipa::path(
    get,
    operation_id = "getBurns",
    path = "/v1/burns",
    tag = "network",
    params(BlockParams, UnitParams),
    responses((status = 200, description = "The burns up to the block.", body = BurnsAnswer), ReadProblems),
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
    let totals = snapshot.supply_totals().await?;
    let burns = snapshot.burns().await?;
    let deployment = snapshot.deployment();
    let unclassified = burns.iter().filter(|(sender, _)| Class::of(&deployment, *sender) == Class::Unclassified);
    let body = BurnsAnswer {
        total: tally(Tally { amount: totals.burned, count: totals.burn_count }, query.units),
        unclassified_senders: unclassified.take(SENDERS_MAX).map(|burn| sender(burn, query.units)).collect(),
        by_class: by_class(&deployment, &burns, query.units)?,
        unknown: snapshot.as_of().unknown(),
        as_of: snapshot.as_of().clone(),
    };
    Ok(answer(&snapshot, &conditional, &body))
}

/// Why VVV was burned, by who burned it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Programmatic,
    Discretionary,
    Airdrop,
    Unclassified,
}

impl Class {
    /// The word it is written as.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Programmatic => "programmatic",
            Self::Discretionary => "discretionary",
            Self::Airdrop => "airdrop",
            Self::Unclassified => "unclassified",
        }
    }

    /// By the labels of a sender.
    pub(crate) fn of(deployment: &Deployment, sender: Address) -> Self {
        let kinds = deployment.labels.iter().filter(|label| label.address == sender).map(|label| label.kind);
        let class = |kind| match kind {
            LabelKind::ProgrammaticBurn => Some(Self::Programmatic),
            LabelKind::DiscretionaryBurn => Some(Self::Discretionary),
            LabelKind::Airdrop => Some(Self::Airdrop),
            _ => None,
        };
        kinds.filter_map(class).next().unwrap_or(Self::Unclassified)
    }
}

fn by_class(deployment: &Deployment, burns: &[(Address, Tally)], units: Units) -> Result<BurnClasses, Problem> {
    let sum = |class: Class| {
        let of_class = burns.iter().filter(|(sender, _)| Class::of(deployment, *sender) == class);
        let sum = of_class.map(|(_, burned)| burned).try_fold(Tally::default(), |sum, burned| {
            let amount: U256 = sum.amount.checked_add(burned.amount)?;
            Some(Tally { amount, count: sum.count.checked_add(burned.count)? })
        });
        sum.map(|sum| tally(sum, units)).ok_or_else(|| Problem::internal("burns do not fit in 256 bits"))
    };
    Ok(BurnClasses {
        programmatic: sum(Class::Programmatic)?,
        discretionary: sum(Class::Discretionary)?,
        airdrop: sum(Class::Airdrop)?,
        unclassified: sum(Class::Unclassified)?,
    })
}

fn tally(tally: Tally, units: Units) -> BurnTally {
    BurnTally { amount: units.amount(tally.amount), count: tally.count }
}

fn sender((address, burned): &(Address, Tally), units: Units) -> BurnSender {
    BurnSender { address: (*address).into(), amount: units.amount(burned.amount), count: burned.count }
}
