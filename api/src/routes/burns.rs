//! `GET /v1/burns`

use std::collections::BTreeSet;

use alloy_primitives::Address;
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
use crate::wire::{Amount, Units};

/// VVV sent to 0x0.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnsAnswer {
    /// All burns.
    total: BurnTally,
    /// By what the deployment's labels say of the sender.
    by_class: BurnClasses,
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

/// VVV burned, by class
///
/// The class is the sender's, by the deployment's labels: `programmatic_burn`, `discretionary_burn`, `airdrop`; whoever
/// has none of these is unclassified; `/v1/burns/senders` has the largest of them.
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
    let deployment = snapshot.deployment();
    let labelled: Vec<Address> = labelled_senders(&deployment).into_iter().collect();
    let by_sender = snapshot.burned_by_each(&labelled).await?;
    let total = Tally { amount: totals.burned, count: totals.burn_count };
    let burned = Burned::new(&deployment, total, |sender| by_sender.get(&sender).copied().unwrap_or_default())?;
    let body = BurnsAnswer {
        total: burned.total(query.units),
        by_class: burned.by_class(query.units),
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
    /// Every class that labels give.
    pub(crate) const LABELLED: [Self; 3] = [Self::Programmatic, Self::Discretionary, Self::Airdrop];

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

/// Burns of everybody and of each class.
#[derive(Clone, Copy, Default)]
pub(crate) struct Burned {
    total: Tally,
    /// As [`Class::LABELLED`] has them.
    labelled: [Tally; 3],
    unclassified: Tally,
}

impl Burned {
    /// What no labelled sender burned is of no class, so that nobody else need be looked at.
    pub(crate) fn new(
        deployment: &Deployment,
        total: Tally,
        burned: impl Fn(Address) -> Tally,
    ) -> Result<Self, Problem> {
        let contradiction = || Problem::internal("labelled senders burned more than everybody");
        let (mut labelled, mut unclassified) = ([Tally::default(); 3], total);
        for sender in labelled_senders(deployment) {
            let (class, burned) = (Class::of(deployment, sender), burned(sender));
            let Some(at) = Class::LABELLED.iter().position(|labelled| *labelled == class) else { continue };
            unclassified = unclassified.since(burned).ok_or_else(contradiction)?;
            labelled[at].amount = labelled[at].amount.checked_add(burned.amount).ok_or_else(contradiction)?;
            labelled[at].count = labelled[at].count.checked_add(burned.count).ok_or_else(contradiction)?;
        }
        Ok(Self { total, labelled, unclassified })
    }

    /// What was burned since an earlier block.
    pub(crate) fn since(&self, earlier: &Self) -> Result<Self, Problem> {
        let since = |now: Tally, then| now.since(then).ok_or_else(|| Problem::internal("burns became fewer"));
        let [a, b, c] = self.labelled;
        let [d, e, f] = earlier.labelled;
        Ok(Self {
            total: since(self.total, earlier.total)?,
            labelled: [since(a, d)?, since(b, e)?, since(c, f)?],
            unclassified: since(self.unclassified, earlier.unclassified)?,
        })
    }

    pub(crate) fn total(&self, units: Units) -> BurnTally {
        tally(self.total, units)
    }

    pub(crate) fn by_class(&self, units: Units) -> BurnClasses {
        let [programmatic, discretionary, airdrop] = self.labelled.map(|labelled| tally(labelled, units));
        BurnClasses { programmatic, discretionary, airdrop, unclassified: tally(self.unclassified, units) }
    }
}

/// Every address whose burns are of a class that labels give, once.
pub(crate) fn labelled_senders(deployment: &Deployment) -> BTreeSet<Address> {
    let labelled = deployment.labels.iter().map(|label| label.address);
    labelled.filter(|sender| Class::of(deployment, *sender) != Class::Unclassified).collect()
}

pub(crate) fn tally(tally: Tally, units: Units) -> BurnTally {
    BurnTally { amount: units.amount(tally.amount), count: tally.count }
}
