//! Hours, days, weeks and months of UTC, as the blocks' timestamps tell them.

use crate::epoch::{EPOCH_SECONDS, Epoch};

const HOUR_SECONDS: u64 = 3_600;
const WEEK_DAYS: u64 = 7;
/// 1970-01-01 was a Thursday: so many days of its week were over.
const DAYS_SINCE_MONDAY: u64 = 3;

/// How long periods are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// 3,600 seconds.
    Hour,
    /// An epoch.
    Day,
    /// From Monday on.
    Week,
    /// Of the Gregorian calendar.
    Month,
}

/// A stretch of time, from its first second to the first second after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Seconds since 1970. The first week begins with 1970-01-01, because there is no time before.
    pub start: u64,
    /// Not of it.
    pub end: u64,
}

impl Interval {
    /// Every interval.
    pub const ALL: [Self; 4] = [Self::Hour, Self::Day, Self::Week, Self::Month];

    /// The word it is asked for by.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    /// The interval of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|interval| interval.name() == name)
    }

    /// The period that this second is of. Total: at the end of all time a period ends with it.
    pub fn period_at(self, timestamp: u64) -> Period {
        let day = Epoch::at(timestamp).number;
        match self {
            Self::Hour => {
                let start = timestamp - timestamp % HOUR_SECONDS;
                Period { start, end: start.saturating_add(HOUR_SECONDS) }
            }
            Self::Day => days(day, day + 1),
            Self::Week => {
                let monday = (day + DAYS_SINCE_MONDAY) / WEEK_DAYS * WEEK_DAYS;
                days(monday.saturating_sub(DAYS_SINCE_MONDAY), monday + WEEK_DAYS - DAYS_SINCE_MONDAY)
            }
            Self::Month => {
                let month = month_of(day);
                days(first_day(month), first_day(month + 1))
            }
        }
    }

    /// The periods that have a second of `from..to`, in order and without a gap.
    pub fn periods(self, from: u64, to: u64) -> impl Iterator<Item = Period> {
        let first = (from < to).then(|| self.period_at(from));
        std::iter::successors(first, move |period| (period.end < to).then(|| self.period_at(period.end)))
    }

    /// The first second of the period so many before the one of this second; 0 where there are fewer.
    pub fn start_before(self, timestamp: u64, periods: u64) -> u64 {
        let Period { start, .. } = self.period_at(timestamp);
        let whole = |seconds: u64| start.saturating_sub(periods.saturating_mul(seconds));
        match self {
            Self::Hour => whole(HOUR_SECONDS),
            Self::Day => whole(EPOCH_SECONDS),
            Self::Week => self.period_at(whole(EPOCH_SECONDS * WEEK_DAYS)).start,
            Self::Month => first_day(month_of(Epoch::at(start).number).saturating_sub(periods)) * EPOCH_SECONDS,
        }
    }
}

fn days(first: u64, after: u64) -> Period {
    Period { start: Epoch { number: first }.opens_at(), end: Epoch { number: after }.opens_at() }
}

/// Months since 1970 began, of a day since then. Years are taken to begin in March, so that a leap day is the last of its
/// year, and 400 of them always have 146,097 days.
fn month_of(day: u64) -> u64 {
    let day = day + DAYS_BEFORE_1970;
    let (era, day) = (day / ERA_DAYS, day % ERA_DAYS);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - days_of_years(year);
    let month = (5 * day_of_year + 2) / 153;
    (era * ERA_YEARS + year) * 12 + month - MONTHS_BEFORE_1970
}

/// The first day of a month, both counted from 1970 on.
fn first_day(month: u64) -> u64 {
    let month = month + MONTHS_BEFORE_1970;
    let (year, month) = (month / 12, month % 12);
    let (era, year) = (year / ERA_YEARS, year % ERA_YEARS);
    era * ERA_DAYS + days_of_years(year) + (153 * month + 2) / 5 - DAYS_BEFORE_1970
}

/// Days of an era's first years. Its first March is of a year that is divisible by 400.
fn days_of_years(years: u64) -> u64 {
    years * 365 + years / 4 - years / 100
}

const ERA_YEARS: u64 = 400;
const ERA_DAYS: u64 = 146_097;
/// From 0000-03-01 on.
const DAYS_BEFORE_1970: u64 = 719_468;
const MONTHS_BEFORE_1970: u64 = 1_969 * 12 + 10;
