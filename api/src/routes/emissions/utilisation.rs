//! What stakers would get by the split that went by utilisation.

use alloy_primitives::U256;
use ledger::emission;
use ledger::ratio::{ONE, mul_div_floor};
use ledger::utilisation;
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::Inputs;
use crate::params::{FromPairs, Pairs};
use crate::problem::Problem;
use crate::wire::{Amount, Ratio, Time, Units, parse_decimal};

/// What if.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UtilisationParams {
    /// What stakers would get under the split in force until 2025-08-20, at this use of Venice's capacity: from 0 to 1, such
    /// as 0.3. It is on no chain.
    #[param(value_type = Option<String>, pattern = r"^(0(\.[0-9]{1,18})?|1(\.0{1,18})?)$", example = "0.3")]
    pub(super) utilisation: Option<U256>,
}

impl FromPairs for UtilisationParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let share = |text: &str| parse_decimal(text).filter(|share| *share <= ONE);
        Ok(Self { utilisation: pairs.take("utilisation", share, "a decimal from 0 to 1 such as 0.3")? })
    }
}

/// The split of emissions by utilisation, in force until 2025-08-20: stakers get 80 % of them at no use and at full use, 20 %
/// at one half, and what lies on the line between; Venice gets the rest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UtilisationSplit {
    /// As asked.
    utilisation: Ratio,
    /// What of all emissions stakers would get.
    stakers_share: Ratio,
    /// VVV that stakers would get in 365 days at the block's rate, rounded down; null where the rate is not known.
    stakers_per_year: Option<Amount>,
    /// The rest of them, Venice's.
    venice_per_year: Option<Amount>,
    /// What one sVVV would earn a year: stakers_per_year / staked. Null where nobody has staked.
    apr: Option<Ratio>,
    /// When percentages of the contract took its place.
    in_force_until: Option<Time>,
}

impl Inputs {
    pub(super) fn split(&self, utilisation: U256, units: Units) -> Result<UtilisationSplit, Problem> {
        let beyond = || Problem::internal("emissions do not fit in 256 bits");
        let share = utilisation::staker_share(utilisation).ok_or_else(|| Problem::internal("utilisation above one"))?;
        let per_year = self.rate.map(|rate| emission::per_year(rate).ok_or_else(beyond)).transpose()?;
        let stakers = per_year.map(|all| mul_div_floor(all, share, ONE).ok_or_else(beyond)).transpose()?;
        let venice = per_year.zip(stakers).and_then(|(all, stakers)| all.checked_sub(stakers));
        Ok(UtilisationSplit {
            utilisation: Ratio::new(utilisation),
            stakers_share: Ratio::new(share),
            stakers_per_year: stakers.map(|amount| units.amount(amount)),
            venice_per_year: venice.map(|amount| units.amount(amount)),
            apr: stakers.and_then(|amount| Ratio::of(amount, self.stakes.staked)),
            in_force_until: Time::new(utilisation::IN_FORCE_UNTIL),
        })
    }

    /// Without a rate nobody knows what a share is a share of.
    pub(super) fn unknown_of_split(&self) -> impl Iterator<Item = String> {
        let fields = if self.rate.is_none() { &["stakers_per_year", "venice_per_year", "apr"][..] } else { &[] };
        fields.iter().map(|field| format!("utilisation_split.{field}"))
    }
}
