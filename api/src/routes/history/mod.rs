//! Series: the network's figures at the ends of periods of UTC, and what came and went in each.
//!
//! A whole series is one answer, for a plot wants all of it; [`POINTS_MAX`] bounds it. It costs what its points do: the
//! figures at each end are looked up by key, and flows are the differences of running totals.

pub mod burns;
pub mod diem;
pub mod emissions;
mod mint;
pub mod staking;
pub mod supply;

use alloy_primitives::U256;
use jiff::Timestamp;
use ledger::period::{Interval, Period};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

pub(crate) use mint::{Minting, since};

use crate::params::{BlockParams, FromPairs, Pairs, UnitParams, invalid, parse_epoch};
use crate::problem::{Kind, Problem};
use crate::snapshot::{Snapshot, Values};
use crate::wire::{Time, Units};

/// Points of one answer: more than six months of hours.
const POINTS_MAX: usize = 5_000;

/// Which periods.
#[derive(Clone, Copy, Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeriodParams {
    /// `hour`, `day` (default), `week` (from Monday) or `month`, of UTC.
    #[param(value_type = Option<String>, pattern = "^(hour|day|week|month)$", example = "day")]
    pub interval: Interval,
    /// From the period on that this time lies in: RFC 3339, or a day such as 2026-11-20. Default: so that there are at most
    /// 168 hours, 90 days, 52 weeks or 24 months. What lies before the first block held is left out.
    #[param(value_type = Option<String>)]
    pub from: Option<u64>,
    /// Up to this time, which itself is not asked for. Default: through the period that the block of the answer lies in;
    /// what comes after is left out.
    #[param(value_type = Option<String>)]
    pub to: Option<u64>,
}

/// Periods, block and unit.
#[derive(Clone, Debug)]
pub struct HistoryParams {
    periods: PeriodParams,
    block: BlockParams,
    units: Units,
}

impl FromPairs for HistoryParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let interval = pairs.take("interval", Interval::from_name, "hour, day, week or month")?;
        let a_time = "a time such as 2026-11-20T12:00:00Z, or a day, since 1970";
        let (from, to) = (pairs.take("from", time, a_time)?, pairs.take("to", time, a_time)?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(invalid("from", "must not be after ?to"));
        }
        Ok(Self {
            periods: PeriodParams { interval: interval.unwrap_or(Interval::Day), from, to },
            block: BlockParams::from_pairs(pairs)?,
            units: UnitParams::from_pairs(pairs)?.units,
        })
    }
}

/// Whole seconds since 1970.
fn time(text: &str) -> Option<u64> {
    if let Some(day) = parse_epoch(text) {
        return Some(day.opens_at());
    }
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_second()).ok().filter(|_| time.subsec_nanosecond() == 0)
}

/// A period of UTC.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PeriodView {
    /// First second.
    start: Option<Time>,
    /// First second after it.
    end: Option<Time>,
    /// Whether a block at or after the end is there, so that nothing of it can change but by a reorg.
    complete: bool,
    /// The last block before the end, after which levels are as said; the block of the answer where that comes first.
    #[schema(minimum = 0, example = 51_529_999)]
    block_number: u64,
}

/// The periods of one answer, and the blocks that end them.
pub(crate) struct Plot {
    interval: Interval,
    periods: Vec<Period>,
    /// Before the first period.
    before: Before,
    /// Of each period, the last block before its end.
    ends: Vec<u64>,
    /// The time of the block of the answer.
    now: u64,
}

/// What flows of the first period are counted from.
#[derive(Clone, Copy)]
enum Before {
    /// The state after this block.
    Block(u64),
    /// There was nothing.
    Nothing,
    /// History begins later, with another oracle's state.
    Unknown,
}

impl Plot {
    /// The periods that are asked for, as far as blocks are held.
    ///
    /// # Errors
    /// [`Kind::LimitExceeded`]; if the block's time is not known or the database fails.
    pub(crate) async fn of(snapshot: &mut Snapshot, asked: PeriodParams) -> Result<Self, Problem> {
        let now = snapshot.epoch().await?.timestamp;
        let began = snapshot.began_at().await?.unwrap_or(now);
        let periods = periods(asked, began, now)?;
        let first = periods.first().map(|period| period.start);
        let times: Vec<u64> = first.into_iter().chain(periods.iter().map(|period| period.end)).collect();
        let mut blocks = snapshot.last_blocks_before(&times).await?.into_iter();
        let before = match (blocks.next().flatten(), snapshot.progress().bootstrap) {
            (Some(block), _) => Before::Block(block),
            (None, None) => Before::Nothing,
            (None, Some(_)) => Before::Unknown,
        };
        let ends: Option<Vec<u64>> = blocks.collect();
        let ends = ends.ok_or_else(|| Problem::internal("a period after the first block ends before it"))?;
        Ok(Self { interval: asked.interval, periods, before, ends, now })
    }

    /// The word the interval is asked for by.
    pub(crate) fn interval(&self) -> &'static str {
        self.interval.name()
    }

    /// Every block that something is looked up at, once.
    pub(crate) fn blocks(&self) -> Vec<u64> {
        let before = if let Before::Block(block) = self.before { Some(block) } else { None };
        let mut blocks: Vec<u64> = before.into_iter().chain(self.ends.iter().copied()).collect();
        blocks.dedup();
        blocks
    }

    /// An item for each period, of the level at its end and, where it is known, the one at the end before. A level is asked
    /// for by its block, or by none for what there was before the first.
    pub(crate) fn items<L, T>(
        &self,
        level: impl Fn(Option<u64>) -> Result<L, Problem>,
        mut item: impl FnMut(PeriodView, &L, Option<&L>) -> Result<T, Problem>,
    ) -> Result<Vec<T>, Problem> {
        let mut earlier = match self.before {
            Before::Block(block) => Some(level(Some(block))?),
            Before::Nothing => Some(level(None)?),
            Before::Unknown => None,
        };
        let mut items = Vec::with_capacity(self.periods.len());
        for (period, block) in self.periods.iter().zip(&self.ends) {
            let now = level(Some(*block))?;
            items.push(item(self.view(period, *block), &now, earlier.as_ref())?);
            earlier = Some(now);
        }
        Ok(items)
    }

    /// Names of what is null because it cannot be known: flows of a period that began before history, and what each level
    /// does not know.
    pub(crate) fn unknown(&self, snapshot: &Snapshot, of_levels: impl IntoIterator<Item = String>) -> Vec<String> {
        let of_flows = matches!(self.before, Before::Unknown) && !self.periods.is_empty();
        let mut names: Vec<String> = of_levels.into_iter().chain(of_flows.then(|| "flow".into())).collect();
        names.sort_unstable();
        names.dedup();
        [snapshot.as_of().unknown(), names].concat()
    }

    fn view(&self, period: &Period, block_number: u64) -> PeriodView {
        let Period { start, end } = *period;
        PeriodView { start: Time::new(start), end: Time::new(end), complete: self.now >= end, block_number }
    }
}

fn periods(asked: PeriodParams, began: u64, now: u64) -> Result<Vec<Period>, Problem> {
    let PeriodParams { interval, from, to } = asked;
    let after_now = now.saturating_add(1);
    let to = to.unwrap_or(after_now).min(after_now);
    let by_default = || interval.start_before(to.saturating_sub(1), points_by_default(interval) - 1);
    let from = from.unwrap_or_else(by_default).max(began);
    let periods: Vec<Period> = interval.periods(from, to).take(POINTS_MAX + 1).collect();
    if periods.len() > POINTS_MAX {
        let detail = format!("more than {POINTS_MAX} points: ask for a longer ?interval, or from later on");
        return Err(Problem::new(Kind::LimitExceeded, detail).with("limit", POINTS_MAX));
    }
    Ok(periods)
}

fn points_by_default(interval: Interval) -> u64 {
    match interval {
        Interval::Hour => 168,
        Interval::Day => 90,
        Interval::Week => 52,
        Interval::Month => 24,
    }
}

/// The value in force after a block; `None` where it is not known.
pub(crate) fn in_force(values: &Values, block: Option<u64>) -> Option<&[U256]> {
    values.range(..=block?).next_back()?.1.as_deref()
}

/// What became more since an earlier block.
pub(crate) fn grown(now: U256, earlier: U256) -> Result<U256, Problem> {
    now.checked_sub(earlier).ok_or_else(|| Problem::internal("a running total fell"))
}

/// How often something happened since an earlier block.
pub(crate) fn counted(now: u64, earlier: u64) -> Result<u64, Problem> {
    now.checked_sub(earlier).ok_or_else(|| Problem::internal("a running count fell"))
}
