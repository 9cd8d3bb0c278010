//! VVV that is staked, and who stakes it.

use serde::Serialize;
use utoipa::ToSchema;

use super::state::{Moment, Moments, name, since};
use crate::problem::Problem;
use crate::snapshot::Snapshot;
use crate::wire::{Amount, AmountChange, Ratio, RatioChange, Units};

/// VVV that is staked, and who stakes it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct StakingMetrics {
    /// sVVV.totalSupply(): staked VVV, locked included.
    total_staked: Amount,
    /// Of total_staked what is locked against minted DIEM.
    svvv_locked: Amount,
    /// total_staked / effective_supply; null where nothing is in supply.
    staking_ratio: Option<Ratio>,
    /// svvv_locked / total_staked; null where nothing is staked.
    lock_ratio: Option<Ratio>,
    /// (total_staked - total_staked of 7 days ago) / total_staked of 7 days ago; null where nothing was staked then, or
    /// history does not go back so far.
    staking_growth_7d: Option<RatioChange>,
    /// The same over 30 days.
    staking_growth_30d: Option<RatioChange>,
    /// sVVV that came in less sVVV that went out in the last 7 days; null where history does not go back so far.
    net_flow_7d: Option<AmountChange>,
    /// sVVV that came in in the last 7 days: stakes, and rewards staked at once.
    staked_7d: Option<Amount>,
    /// sVVV that went out in the last 7 days: cooldowns begun.
    unstaked_7d: Option<Amount>,
    /// Addresses with sVVV, the three contracts left out.
    #[schema(minimum = 0, example = 12_345)]
    stakers: u64,
    /// Times in the last 7 days that an address without sVVV came to hold some at the end of a block, those that left again
    /// included; null where history does not go back so far.
    #[schema(minimum = 0, example = 96)]
    new_stakers_7d: Option<u64>,
    /// Addresses, the three contracts left out, that staked, unstaked, withdrew, claimed, minted or burned more than
    /// nothing of sVVV or DIEM in the last 7 days; transfers do not count. Null where history does not go back so far.
    #[schema(minimum = 0, example = 1_024)]
    active_wallets_7d: Option<u64>,
    /// VVV of begun cooldowns of sVVV that is not withdrawn yet.
    cooldown_vvv: Amount,
    /// Addresses it belongs to.
    #[schema(minimum = 0, example = 310)]
    cooldown_wallets: u64,
    /// Cooldowns begun and not withdrawn, of sVVV and of DIEM together: an address has at most one of each.
    #[schema(minimum = 0, example = 406)]
    cooldown_count: u64,
    /// VVV rewards ever claimed.
    rewards_claimed: Amount,
    /// VVV rewards claimed in the last 7 days; null where history does not go back so far.
    rewards_claimed_7d: Option<Amount>,
}

impl StakingMetrics {
    pub(super) async fn read(
        snapshot: &mut Snapshot,
        moments: &Moments,
        units: Units,
        unknown: &mut Vec<String>,
    ) -> Result<Self, Problem> {
        let Moments { now: Moment { stake: now, .. }, week_ago, month_ago, effective } = moments;
        let week = week_ago.map(|then| then.stake);
        let month = month_ago.map(|then| then.stake);
        let active = match week_ago {
            Some(then) => Some(snapshot.active_since(then.block_number).await?),
            None => None,
        };
        name(unknown, week.is_none(), &WEEKLY);
        name(unknown, month.is_none(), &["staking_growth_30d"]);
        let came = week.map(|then| since(then.svvv_minted, now.svvv_minted)).transpose()?;
        let went = week.map(|then| since(then.svvv_burned, now.svvv_burned)).transpose()?;
        let joined = week.map(|then| since(then.stakers_joined, now.stakers_joined)).transpose()?;
        let claimed = week.map(|then| since(then.claimed.amount, now.claimed.amount)).transpose()?;
        Ok(Self {
            total_staked: units.amount(now.svvv_supply),
            svvv_locked: units.amount(now.svvv_locked),
            staking_ratio: Ratio::of(now.svvv_supply, *effective),
            lock_ratio: Ratio::of(now.svvv_locked, now.svvv_supply),
            staking_growth_7d: week.and_then(|then| RatioChange::of(then.svvv_supply, now.svvv_supply)),
            staking_growth_30d: month.and_then(|then| RatioChange::of(then.svvv_supply, now.svvv_supply)),
            net_flow_7d: came.zip(went).map(|(came, went)| units.change(went, came)),
            staked_7d: came.map(|amount| units.amount(amount)),
            unstaked_7d: went.map(|amount| units.amount(amount)),
            stakers: now.stakers,
            new_stakers_7d: joined,
            active_wallets_7d: active,
            cooldown_vvv: units.amount(now.svvv_cooling),
            cooldown_wallets: now.svvv_cooling_accounts,
            cooldown_count: now.svvv_cooling_accounts.saturating_add(now.diem_cooling_accounts),
            rewards_claimed: units.amount(now.claimed.amount),
            rewards_claimed_7d: claimed.map(|amount| units.amount(amount)),
        })
    }
}

/// What compares with the week before.
const WEEKLY: [&str; 7] = [
    "staking_growth_7d",
    "net_flow_7d",
    "staked_7d",
    "unstaked_7d",
    "new_stakers_7d",
    "active_wallets_7d",
    "rewards_claimed_7d",
];
