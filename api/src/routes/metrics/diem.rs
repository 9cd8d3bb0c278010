//! DIEM, and what minting more of it takes.

use serde::Serialize;
use utoipa::ToSchema;

use super::state::{Moment, Moments, name, since};
use crate::aim::Aim;
use crate::problem::Problem;
use crate::snapshot::Snapshot;
use crate::wire::{Amount, Ratio, RatioChange, Units};

/// DIEM, and what minting more of it takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DiemMetrics {
    /// DIEM.totalSupply().
    diem_supply: Amount,
    /// (diem_supply - diem_supply of 7 days ago) / diem_supply of 7 days ago; null where there was none then, or history
    /// does not go back so far.
    diem_supply_growth_7d: Option<RatioChange>,
    /// Staked DIEM, cooling left out: what entitles to a dollar a day each.
    diem_staked: Amount,
    /// diem_staked / diem_supply; null where there is no DIEM.
    diem_stake_ratio: Option<Ratio>,
    /// Addresses with staked DIEM.
    #[schema(minimum = 0, example = 2_345)]
    diem_stakers: u64,
    /// Unstaked DIEM that is not withdrawn yet.
    cooldown_diem: Amount,
    /// DIEM minted against locked sVVV, ever; direct mints left out.
    diem_minted: Amount,
    /// How often.
    #[schema(minimum = 0, example = 9_120)]
    diem_minted_count: u64,
    /// DIEM burned to unlock sVVV, ever; direct burns left out.
    diem_burned: Amount,
    /// How often.
    #[schema(minimum = 0, example = 803)]
    diem_burned_count: u64,
    /// DIEM minted by holders of the minter role, without a lock, ever.
    diem_minted_direct: Amount,
    /// DIEM burned by them, without an unlock, ever.
    diem_burned_direct: Amount,
    /// DIEM minted against locked sVVV in the last 7 days; null where history does not go back so far.
    diem_minted_7d: Option<Amount>,
    /// DIEM burned to unlock sVVV in the last 7 days; null where history does not go back so far.
    diem_burned_7d: Option<Amount>,
    /// Addresses with DIEM minted against locks and not yet burned.
    #[schema(minimum = 0, example = 1_234)]
    diem_minters: u64,
    /// svvv_locked / DIEM minted against it and not yet burned: the sVVV that a DIEM took on average. Null where there is
    /// none.
    average_lock_rate: Option<Ratio>,
    /// sVVV for the next DIEM, base units of sVVV; null past the end of the curve, or where it is not known.
    mint_rate: Option<Amount>,
    /// DIEM that can be minted before the target of `/v1/diem` is reached; null where nothing tells the target.
    remaining_mintable: Option<Amount>,
}

impl DiemMetrics {
    pub(super) async fn read(
        snapshot: &mut Snapshot,
        moments: &Moments,
        units: Units,
        unknown: &mut Vec<String>,
    ) -> Result<Self, Problem> {
        let Moments { now: Moment { stake: now, .. }, week_ago, .. } = moments;
        let week = week_ago.map(|then| then.stake);
        let curve = snapshot.curve().await?;
        let aim = Aim::of(snapshot, curve.as_ref());
        name(unknown, week.is_none(), &["diem_supply_growth_7d", "diem_minted_7d", "diem_burned_7d"]);
        name(unknown, curve.is_none(), &["mint_rate"]);
        name(unknown, aim.is_none(), &["remaining_mintable"]);
        let minted = week.map(|then| since(then.diem_minted.amount, now.diem_minted.amount)).transpose()?;
        let burned = week.map(|then| since(then.diem_burned.amount, now.diem_burned.amount)).transpose()?;
        let rate = curve.as_ref().and_then(|curve| curve.mint_rate(now.diem_supply));
        Ok(Self {
            diem_supply: units.amount(now.diem_supply),
            diem_supply_growth_7d: week.and_then(|then| RatioChange::of(then.diem_supply, now.diem_supply)),
            diem_staked: units.amount(now.diem_staked),
            diem_stake_ratio: Ratio::of(now.diem_staked, now.diem_supply),
            diem_stakers: now.diem_stakers,
            cooldown_diem: units.amount(now.diem_cooling),
            diem_minted: units.amount(now.diem_minted.amount),
            diem_minted_count: now.diem_minted.count,
            diem_burned: units.amount(now.diem_burned.amount),
            diem_burned_count: now.diem_burned.count,
            diem_minted_direct: units.amount(now.diem_minted_direct),
            diem_burned_direct: units.amount(now.diem_burned_direct),
            diem_minted_7d: minted.map(|amount| units.amount(amount)),
            diem_burned_7d: burned.map(|amount| units.amount(amount)),
            diem_minters: now.minters,
            average_lock_rate: Ratio::of(now.svvv_locked, now.diem_outstanding),
            mint_rate: rate.map(|rate| units.amount(rate)),
            remaining_mintable: aim.map(|aim| units.amount(aim.remaining(now.diem_supply))),
        })
    }
}
