//! VVV emitted, and what stakers earn.

use ledger::emission;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::{Moments, name, since};
use super::supply::deflation;
use crate::problem::Problem;
use crate::routes::emissions::{Figures, Inputs};
use crate::snapshot::Snapshot;
use crate::wire::{Amount, Ratio, RatioChange, Units};

/// VVV emitted, and what stakers earn, if everything stays as it is at the block. Returns do not compound.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EmissionMetrics {
    /// VVV emitted per second; null where nobody knows.
    emission_rate: Option<Amount>,
    /// The same in 365 days.
    emission_per_year: Option<Amount>,
    /// emission_per_year / effective_supply; null where nothing is in supply.
    inflation_rate: Option<Ratio>,
    /// inflation_rate - burn_deflation_rate.
    net_inflation_rate: Option<RatioChange>,
    /// What of all emissions stakers get: (1 - p) * (1 - pL * svvv_locked / total_staked), where p is
    /// venice_emissions_percentage and pL venice_emissions_percentage_when_locked; the rest is Venice's. Null where nobody has
    /// staked.
    staker_share: Option<Ratio>,
    /// What one sVVV earns a year on average: emission_per_year * staker_share / total_staked. Null where nobody has staked.
    staker_apr: Option<Ratio>,
    /// What one unlocked sVVV earns a year: emission_per_year * (1 - p) / total_staked. Null where nobody has staked.
    staker_apr_unlocked: Option<Ratio>,
    /// What one locked sVVV earns a year: staker_apr_unlocked * (1 - pL). Null where nobody has staked.
    staker_apr_locked: Option<Ratio>,
}

impl EmissionMetrics {
    pub(super) async fn read(
        snapshot: &mut Snapshot,
        moments: &Moments,
        units: Units,
        unknown: &mut Vec<String>,
    ) -> Result<Self, Problem> {
        let inputs = Inputs::read(snapshot).await?;
        let Figures { rate_per_second, per_year, inflation, staker_share, apr, apr_unlocked, apr_locked } =
            inputs.figures(units);
        unknown.extend(inputs.unknown().map(|field| renamed(&field).to_owned()));
        let burned = moments.month_ago.map(|then| since(then.supply.burned, moments.now.supply.burned)).transpose()?;
        let grows = inputs.per_year().and_then(|all| emission::inflation(all, moments.effective));
        let shrinks = deflation(burned, moments.effective);
        let net = shrinks.zip(grows).map(|(shrinks, grows)| RatioChange::between(shrinks, grows));
        let is_of_nothing = moments.effective.is_zero() && inputs.per_year().is_some() && burned.is_some();
        name(unknown, net.is_none() && !is_of_nothing, &["net_inflation_rate"]);
        Ok(Self {
            emission_rate: rate_per_second,
            emission_per_year: per_year,
            inflation_rate: inflation,
            net_inflation_rate: net,
            staker_share,
            staker_apr: apr,
            staker_apr_unlocked: apr_unlocked,
            staker_apr_locked: apr_locked,
        })
    }
}

/// The name here of a figure of `/v1/emissions`.
fn renamed(field: &str) -> &str {
    match field {
        "rate_per_second" => "emission_rate",
        "per_year" => "emission_per_year",
        "inflation" => "inflation_rate",
        "apr" => "staker_apr",
        "apr_unlocked" => "staker_apr_unlocked",
        "apr_locked" => "staker_apr_locked",
        same => same,
    }
}
