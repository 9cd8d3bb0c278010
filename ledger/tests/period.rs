//! Periods, held against a calendar that others wrote.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use jiff::civil::{Date, Weekday, date};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ledger::period::{Interval, Period};
use proptest::prelude::*;

fn second(day: Date) -> u64 {
    u64::try_from(day.to_zoned(TimeZone::UTC).unwrap().timestamp().as_second()).unwrap()
}

fn day_of(timestamp: u64) -> Date {
    Timestamp::from_second(i64::try_from(timestamp).unwrap()).unwrap().to_zoned(TimeZone::UTC).date()
}

/// Through the year 9999, as far as the other calendar goes.
fn timestamps() -> impl Strategy<Value = u64> {
    0..253_370_764_800_u64
}

fn intervals() -> impl Strategy<Value = Interval> {
    prop::sample::select(Interval::ALL.to_vec())
}

#[test]
fn leap_days_are_of_february() {
    let february = |year| Interval::Month.period_at(second(date(year, 2, 1)) + 5);
    for (year, days) in [(2024, 29), (2025, 28), (2000, 29), (2100, 28), (2400, 29)] {
        assert_eq!(february(year), Period { start: second(date(year, 2, 1)), end: second(date(year, 3, 1)) });
        assert_eq!(february(year).end - february(year).start, days * 86_400);
    }
}

#[test]
fn the_first_week_begins_with_time() {
    assert_eq!(Interval::Week.period_at(0), Period { start: 0, end: 4 * 86_400 });
    assert_eq!(Interval::Week.period_at(4 * 86_400), Period { start: 4 * 86_400, end: 11 * 86_400 });
}

#[test]
fn a_period_ends_where_the_next_begins() {
    let noon = second(date(2026, 11, 20)) + 43_200;
    let periods: Vec<_> = Interval::Day.periods(noon, noon + 86_400).collect();
    assert_eq!(periods.len(), 2);
    assert_eq!(Interval::Day.periods(noon, second(date(2026, 11, 21))).count(), 1, "the end is not asked for");
    assert_eq!(Interval::Day.periods(noon, noon).count(), 0);
}

#[test]
fn names_lead_back() {
    for interval in Interval::ALL {
        assert_eq!(Interval::from_name(interval.name()), Some(interval));
    }
    assert_eq!(Interval::from_name("year"), None);
}

proptest! {
    #[test]
    fn every_second_is_of_its_period(interval in intervals(), timestamp: u64) {
        let Period { start, end } = interval.period_at(timestamp);
        prop_assert!(start <= timestamp && (timestamp < end || end == u64::MAX));
        prop_assert_eq!(interval.period_at(start), Period { start, end });
        if let Some(before) = start.checked_sub(1) {
            prop_assert_eq!(interval.period_at(before).end, start);
        }
    }

    #[test]
    fn periods_have_no_gap(interval in intervals(), from in timestamps(), seconds in 1..10_000_000_u64) {
        let periods: Vec<Period> = interval.periods(from, from + seconds).collect();
        prop_assert!(periods.first().unwrap().start <= from);
        prop_assert!(periods.last().unwrap().end >= from + seconds);
        prop_assert!(periods.windows(2).all(|pair| pair[0].end == pair[1].start));
        prop_assert_eq!(interval.start_before(from + seconds - 1, periods.len() as u64 - 1), periods[0].start);
    }

    #[test]
    fn weeks_begin_on_monday(timestamp in 4 * 86_400..253_370_764_800_u64) {
        let Period { start, end } = Interval::Week.period_at(timestamp);
        prop_assert_eq!(day_of(start).weekday(), Weekday::Monday);
        prop_assert_eq!(end - start, 7 * 86_400);
    }

    #[test]
    fn months_are_those_of_the_calendar(timestamp in timestamps()) {
        let first = day_of(timestamp).first_of_month();
        let next = first.checked_add(1.month()).unwrap();
        prop_assert_eq!(Interval::Month.period_at(timestamp), Period { start: second(first), end: second(next) });
    }

    #[test]
    fn so_many_months_before(timestamp in timestamps(), months in 0..12_000_u64) {
        let first = day_of(timestamp).first_of_month();
        let before = first.checked_sub(i64::try_from(months).unwrap().months()).ok().filter(|day| day.year() >= 1970);
        prop_assert_eq!(Interval::Month.start_before(timestamp, months), before.map_or(0, second));
    }
}
