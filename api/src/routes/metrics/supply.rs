//! VVV in supply, burned and held.

use alloy_primitives::{Address, U256};
use ledger::ratio::mul_div_floor;
use serde::Serialize;
use utoipa::ToSchema;

use super::state::{Moment, Moments, name, since};
use crate::problem::Problem;
use crate::routes::burns::Class;
use crate::routes::supply::{Held, Parts, minus};
use crate::snapshot::Snapshot;
use crate::wire::{Amount, Ratio, Units};

/// VVV in supply, burned and held.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SupplyMetrics {
    /// VVV.totalSupply(). Burns do not lower it.
    total_supply: Amount,
    /// VVV.balanceOf(0x0): all that was ever burned.
    burned_supply: Amount,
    /// Of burned_supply what each class of senders burned, by the deployment's labels; the four add up to it.
    burns_by_class: BurnedByClass,
    /// Burns of more than nothing, ever.
    #[schema(minimum = 0, example = 1_906_344)]
    burn_count: u64,
    /// VVV burned in the last 7 days; null where history does not go back so far.
    burned_7d: Option<Amount>,
    /// VVV burned in the last 30 days; null where history does not go back so far.
    burned_30d: Option<Amount>,
    /// burned_30d * 365 / 30 / effective_supply: the share of today's supply that a year of such burns takes. Null where
    /// history does not go back so far, or nothing is in supply.
    burn_deflation_rate: Option<Ratio>,
    /// burned_supply / total_supply; null where there is no supply.
    burned_share_of_erc20: Option<Ratio>,
    /// burned_supply / effective_supply; null where nothing is left.
    burned_share_of_effective: Option<Ratio>,
    /// total_supply - burned_supply.
    effective_supply: Amount,
    /// effective_supply - VVV of labelled custody, treasury and airdrop addresses.
    circulating_supply: Amount,
    /// circulating_supply - VVV of the staking proxy (staked, in cooldown, unclaimed rewards): what may be sold at once.
    free_float_supply: Amount,
    /// free_float_supply / effective_supply; null where nothing is in supply.
    free_float: Option<Ratio>,
    /// Addresses with VVV, 0x0 left out.
    #[schema(minimum = 0, example = 141_204)]
    holders: u64,
    /// Times in the last 7 days that an address without VVV came to hold some at the end of a block; null where history
    /// does not go back so far.
    #[schema(minimum = 0, example = 1_240)]
    new_holders_7d: Option<u64>,
}

/// VVV burned, by what the labels say of the sender.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BurnedByClass {
    /// By pools whose swaps pay 0x0.
    programmatic: Amount,
    /// Decided by people.
    discretionary: Amount,
    /// Of the airdrop.
    airdrop: Amount,
    /// By everybody else.
    unclassified: Amount,
}

impl SupplyMetrics {
    pub(super) async fn read(
        snapshot: &mut Snapshot,
        moments: &Moments,
        units: Units,
        unknown: &mut Vec<String>,
    ) -> Result<Self, Problem> {
        let Moments { now, week_ago, month_ago, effective } = moments;
        let held = held_apart(snapshot).await?;
        let free_float = minus(*effective, held.together)?;
        let burned_since = |then: &Moment| since(then.supply.burned, now.supply.burned);
        let burned_7d = week_ago.as_ref().map(burned_since).transpose()?;
        let burned_30d = month_ago.as_ref().map(burned_since).transpose()?;
        let joined = |then: &Moment| since(then.supply.holders_joined, now.supply.holders_joined);
        name(unknown, week_ago.is_none(), &["burned_7d", "new_holders_7d"]);
        name(unknown, month_ago.is_none(), &["burned_30d"]);
        let deflation = deflation(burned_30d, *effective);
        let is_of_nothing = effective.is_zero() && month_ago.is_some();
        name(unknown, deflation.is_none() && !is_of_nothing, &["burn_deflation_rate"]);
        let amount = |amount: U256| units.amount(amount);
        Ok(Self {
            total_supply: amount(now.supply.supply),
            burned_supply: amount(now.supply.burned),
            burns_by_class: burned_by_class(snapshot, now.supply.burned, units).await?,
            burn_count: now.supply.burn_count,
            burned_7d: burned_7d.map(amount),
            burned_30d: burned_30d.map(amount),
            burn_deflation_rate: deflation.map(Ratio::new),
            burned_share_of_erc20: Ratio::of(now.supply.burned, now.supply.supply),
            burned_share_of_effective: Ratio::of(now.supply.burned, *effective),
            effective_supply: amount(*effective),
            circulating_supply: amount(minus(*effective, held.out_of_circulation)?),
            free_float_supply: amount(free_float),
            free_float: Ratio::of(free_float, *effective),
            holders: now.supply.holders,
            new_holders_7d: week_ago.as_ref().map(joined).transpose()?,
        })
    }
}

/// What a year of burns like those of the last 30 days takes of the effective supply, in units of 1e-18. `None` where they are
/// not known, nothing is in supply, or it does not fit.
pub(super) fn deflation(burned_30d: Option<U256>, effective: U256) -> Option<U256> {
    let year = ledger::ratio::ONE * U256::from(365);
    mul_div_floor(burned_30d?, year, effective.checked_mul(U256::from(30))?)
}

async fn held_apart(snapshot: &mut Snapshot) -> Result<Held, Problem> {
    let parts = Parts::of(&snapshot.deployment());
    let balances = snapshot.vvv_balances(&parts.addresses()).await?;
    parts.held(|address| balances.get(&address).copied().unwrap_or_default())
}

/// Only labelled senders have a class, so only they are looked up; the rest is everybody else's.
async fn burned_by_class(snapshot: &mut Snapshot, burned: U256, units: Units) -> Result<BurnedByClass, Problem> {
    let deployment = snapshot.deployment();
    let mut labelled: Vec<Address> = deployment.labels.iter().map(|label| label.address).collect();
    labelled.sort_unstable();
    labelled.dedup();
    let by_sender = snapshot.burned_by_each(&labelled).await?;
    let of_class = |class: Class| {
        let amounts = by_sender.iter().filter(|(sender, _)| Class::of(&deployment, **sender) == class);
        let sum = amounts.map(|(_, burned)| burned.amount).try_fold(U256::ZERO, U256::checked_add);
        sum.ok_or_else(|| Problem::internal("burns do not fit in 256 bits"))
    };
    let [programmatic, discretionary, airdrop] =
        [of_class(Class::Programmatic)?, of_class(Class::Discretionary)?, of_class(Class::Airdrop)?];
    let rest = [programmatic, discretionary, airdrop].into_iter().try_fold(burned, minus)?;
    Ok(BurnedByClass {
        programmatic: units.amount(programmatic),
        discretionary: units.amount(discretionary),
        airdrop: units.amount(airdrop),
        unclassified: units.amount(rest),
    })
}
