//! What stakers would get by the split that went by utilisation.

use alloy_primitives::{B256, U256};
use ledger::parameter::{Parameter, Source};
use ledger::ratio::{ONE, mul_div_floor};
use ledger::utilisation;
use serde::Serialize;
use store::deployment::{AbiVersion, Deployment, Implementation};
use store::read::parameter::{Changes, Since};
use utoipa::{IntoParams, ToSchema};

use super::Inputs;
use crate::params::{FromPairs, Pairs};
use crate::problem::Problem;
use crate::snapshot::Snapshot;
use crate::wire::{Amount, Ratio, Time, Units, parse_decimal};

/// What if.
#[derive(Clone, Copy, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UtilisationParams {
    /// What stakers would get under the split in force before StakingV2, at this use of Venice's capacity: from 0 to 1, such
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

/// The split of emissions by utilisation, in force before StakingV2: stakers get 80 % of them at no use and at full use, 20 %
/// at one half, and what lies on the line between; Venice gets the rest.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct UtilisationSplit {
    /// As asked.
    utilisation: Ratio,
    /// What of all emissions stakers would get.
    stakers_share: Ratio,
    /// VVV that stakers would get in 365 days at the block's rate, rounded down; null where the rate is not known, or a year of
    /// it does not fit in 256 bits.
    stakers_per_year: Option<Amount>,
    /// The rest of them, Venice's.
    venice_per_year: Option<Amount>,
    /// What one sVVV would earn a year: stakers_per_year / staked. Null where nobody has staked.
    apr: Option<Ratio>,
    /// When percentages of the contract took its place: the time of the first block in which the staking proxy ran StakingV2,
    /// as known at the block of the answer. Null while it has not, and then the split is in force; `unknown` names it where
    /// the chain has not told when that was.
    in_force_until: Option<Time>,
}

/// Until when the split was in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum InForce {
    /// It is, at the block of the answer.
    Still,
    /// Until the first block of StakingV2, at this time.
    Until(Time),
    /// Nobody knows.
    Unknown,
}

impl InForce {
    /// By the implementations that the staking proxy is known to have had.
    pub(super) async fn read(snapshot: &mut Snapshot) -> Result<Self, Problem> {
        let wanted = Changes { parameter: Some(Parameter::Implementation), after: None, limit: usize::MAX };
        let changes = snapshot.parameter_changes(&wanted).await?;
        let deployment = snapshot.deployment();
        let version = |since: &Since| abi_of(&deployment, since.value.as_deref()?.first()?);
        let later = changes.iter().position(|since| version(since) != Some(AbiVersion::V1));
        let Some(first) = later.map(|at| &changes[at]) else {
            return Ok(if changes.is_empty() { Self::Unknown } else { Self::Still });
        };
        // The contract's own answer may have been taken after the change, and what was before the history held is not known.
        let is_told = version(first) == Some(AbiVersion::V2)
            && first.source != Source::Call.name()
            && first.block_number >= snapshot.first_block();
        if !is_told {
            return Ok(Self::Unknown);
        }
        let time = snapshot.block_time(first.block_number).await?;
        Ok(time.map_or(Self::Unknown, Self::Until))
    }
}

fn abi_of(deployment: &Deployment, word: &U256) -> Option<AbiVersion> {
    let is_it = |named: &&Implementation| named.address.into_word() == B256::from(*word);
    deployment.implementations.iter().find(is_it).map(|named| named.abi)
}

impl Inputs {
    pub(super) fn split(
        &self,
        utilisation: U256,
        in_force: &InForce,
        units: Units,
    ) -> Result<UtilisationSplit, Problem> {
        let share = utilisation::staker_share(utilisation).ok_or_else(|| Problem::internal("utilisation above one"))?;
        let per_year = self.per_year();
        let stakers = per_year.and_then(|all| mul_div_floor(all, share, ONE));
        let venice = per_year.zip(stakers).and_then(|(all, stakers)| all.checked_sub(stakers));
        Ok(UtilisationSplit {
            utilisation: Ratio::new(utilisation),
            stakers_share: Ratio::new(share),
            stakers_per_year: stakers.map(|amount| units.amount(amount)),
            venice_per_year: venice.map(|amount| units.amount(amount)),
            apr: stakers.and_then(|amount| Ratio::of(amount, self.stakes.staked)),
            in_force_until: match in_force {
                InForce::Until(time) => Some(time.clone()),
                InForce::Still | InForce::Unknown => None,
            },
        })
    }

    /// What of the split is null for want of something: a return, where somebody has staked.
    pub(super) fn unknown_of_split(&self, split: &UtilisationSplit, in_force: &InForce) -> Vec<String> {
        let no_amount = split.stakers_per_year.is_none();
        let fields = [
            ("stakers_per_year", no_amount),
            ("venice_per_year", split.venice_per_year.is_none()),
            ("apr", split.apr.is_none() && (no_amount || !self.stakes.staked.is_zero())),
            ("in_force_until", *in_force == InForce::Unknown),
        ];
        let missing = fields.into_iter().filter(|(_, is_missing)| *is_missing);
        missing.map(|(field, _)| format!("utilisation_split.{field}")).collect()
    }
}
