//! The DIEM supply that is aimed at. The chain holds none: the deployment may, else the mint curve tells.

use alloy_primitives::U256;
use ledger::curve::Curve;
use serde::Serialize;
use store::deployment::DiemTarget;
use utoipa::ToSchema;

use crate::snapshot::Snapshot;
use crate::wire::{Amount, Units};

/// A DIEM supply and how it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aim {
    amount: U256,
    /// The deployment's entry; `None`: the curve.
    entry: Option<DiemTarget>,
}

/// The DIEM supply aimed at, and how that is known.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Target {
    /// DIEM.
    amount: Amount,
    /// `deployment`: an entry of the deployment that was in force at the block. `curve_bucket_nearest_665.015`: none was,
    /// so it is the bound of the bucket whose rate is nearest to 90 e^2 = 665.015 sVVV per DIEM.
    #[schema(example = "curve_bucket_nearest_665.015")]
    basis: &'static str,
    /// The UTC day from which on the deployment's entry holds; null with another basis.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = json!(null))]
    since: Option<String>,
    /// Where the deployment has it from; null with another basis.
    #[schema(example = json!(null))]
    source: Option<String>,
}

impl Aim {
    /// What is aimed at at the snapshot's block; `None` where nothing tells: no curve and no entry, or entries of which
    /// nobody knows whether they held, because the block's time is not known.
    pub fn of(snapshot: &Snapshot, curve: Option<&Curve>) -> Option<Self> {
        let deployment = snapshot.deployment();
        if !deployment.diem_targets.is_empty() {
            let entry = deployment.diem_target(snapshot.point().timestamp?);
            if let Some(entry) = entry {
                return Some(Self { amount: entry.amount.0, entry: Some(entry.clone()) });
            }
        }
        Some(Self { amount: curve?.target()?, entry: None })
    }

    /// DIEM that can be minted from this supply on before it is reached.
    pub fn remaining(&self, supply: U256) -> U256 {
        self.amount.saturating_sub(supply)
    }

    /// As it is answered.
    pub fn view(&self, units: Units) -> Target {
        let Self { amount, entry } = self;
        let amount = units.amount(*amount);
        match entry {
            Some(DiemTarget { since, source, .. }) => {
                Target { amount, basis: "deployment", since: Some(since.to_string()), source: Some(source.clone()) }
            }
            None => Target { amount, basis: "curve_bucket_nearest_665.015", since: None, source: None },
        }
    }
}
