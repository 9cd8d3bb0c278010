//! What a series must say, by adding up what every block moved.

use alloy_primitives::{Address, U256};
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{RoundMode, Timestamp, ToSpan, Unit, ZonedRound};
use ledger::emission::YEAR_SECONDS;
use serde_json::{Value, json};

use super::world::{After, STAKING, VESTING};

pub(super) const INTERVALS: [&str; 4] = ["hour", "day", "week", "month"];

/// What an item has, by JSON pointer.
type Item = Vec<(String, Value)>;

/// Of every period from the first block to the last.
pub(super) fn series(chain: &[After], interval: &str, topic: &str) -> Vec<Item> {
    let (first, last) = (chain.first().unwrap().timestamp, chain.last().unwrap().timestamp);
    let mut items = Vec::new();
    let mut start = begin(first, interval);
    while start <= last {
        let end = next(start, interval);
        let at = chain.iter().rfind(|after| after.timestamp < end).unwrap();
        let within: Vec<&After> = chain.iter().filter(|after| (start..end).contains(&after.timestamp)).collect();
        let until: Vec<&After> = chain.iter().filter(|after| after.timestamp < end).collect();
        let mut item = vec![
            ("/start".into(), json!(time(start))),
            ("/end".into(), json!(time(end))),
            ("/complete".into(), json!(last >= end)),
            ("/block_number".into(), json!(at.number)),
        ];
        item.extend(figures(topic, at, &until, &within));
        items.push(item);
        start = end;
    }
    items
}

fn figures(topic: &str, at: &After, until: &[&After], within: &[&After]) -> Item {
    let sum = |blocks: &[&After], what: &str| -> u64 {
        blocks.iter().map(|after| after.moved.get(what).copied().unwrap_or_default()).sum()
    };
    let amount = |units: u64| json!(units.to_string());
    let tally = |pointer: &str, blocks: &[&After], units: &str, count: &str| {
        vec![
            (format!("{pointer}/amount"), amount(sum(blocks, units))),
            (format!("{pointer}/count"), json!(sum(blocks, count))),
        ]
    };
    let held = |of: &std::collections::BTreeMap<Address, u64>| -> u64 { of.values().sum() };
    let all_burned = at.vvv.get(&Address::ZERO).copied().unwrap_or_default();
    let effective = held(&at.vvv) - all_burned;
    let balance = |whose: Address| at.vvv.get(&whose).copied().unwrap_or_default();
    let minted = |pointer: &str, blocks: &[&After]| -> Item {
        let origins =
            [("genesis", "genesis"), ("stakers", "to_stakers"), ("treasury", "to_treasury"), ("other", "to_other")];
        origins.iter().map(|(name, what)| (format!("{pointer}/{name}/amount"), amount(sum(blocks, what)))).collect()
    };
    let classes = |pointer: &str, blocks: &[&After]| -> Item {
        let classes = [
            ("programmatic", "programmatic_count"),
            ("discretionary", "discretionary_count"),
            ("unclassified", "unclassified_count"),
        ];
        classes.iter().flat_map(|(class, count)| tally(&format!("{pointer}/{class}"), blocks, class, count)).collect()
    };
    let of = |pointer: &str, value: Value| vec![(pointer.to_owned(), value)];
    let parts: Vec<Item> = match topic {
        "supply" => {
            let there = i128::from(balance(STAKING) + sum(until, "claimed"));
            let owed = i128::from(held(&at.svvv) + held(&at.cooling) + sum(until, "to_proxy"));
            vec![
                of("/erc20", amount(held(&at.vvv))),
                of("/effective", amount(effective)),
                of("/circulating", amount(effective - balance(VESTING))),
                of("/liquid", amount(effective - balance(STAKING))),
                of("/unexplained", json!((there - owed).to_string())),
                of("/holders", json!(sum(until, "holders_joined") - sum(until, "holders_left"))),
                of("/flow/holders_joined", json!(sum(within, "holders_joined"))),
                of("/flow/holders_left", json!(sum(within, "holders_left"))),
                minted("/minted", until),
                minted("/flow/minted", within),
            ]
        }
        "burns" => vec![
            of("/total/amount", amount(all_burned)),
            classes("/by_class", until),
            classes("/flow/by_class", within),
        ],
        "staking" => vec![
            of("/staked", amount(held(&at.svvv))),
            of("/locked", amount(held(&at.locked))),
            of("/cooling", amount(held(&at.cooling))),
            of("/cooling_accounts", json!(at.cooling.values().filter(|units| **units > 0).count())),
            of("/stakers", json!(sum(until, "joined") - sum(until, "left"))),
            of("/flow/inflow", amount(sum(within, "inflow"))),
            of("/flow/outflow", amount(sum(within, "outflow"))),
            of(
                "/flow/net",
                json!((i128::from(sum(within, "inflow")) - i128::from(sum(within, "outflow"))).to_string()),
            ),
            of("/flow/stakes", json!(sum(within, "stakes"))),
            of("/flow/unstakes", json!(sum(within, "unstakes"))),
            of("/flow/joined", json!(sum(within, "joined"))),
            of("/flow/left", json!(sum(within, "left"))),
            tally("/flow/claimed", within, "claimed", "claims"),
        ],
        "emissions" => {
            let yearly = at.rate.map(|rate| (U256::from(rate) * U256::from(YEAR_SECONDS)).to_string());
            vec![
                of("/rate_per_second", json!(at.rate.map(|rate| rate.to_string()))),
                of("/per_year", json!(yearly)),
                minted("/flow/minted", within),
            ]
        }
        _ => vec![
            of("/supply", amount(sum(until, "diem_minted") + sum(until, "diem_direct"))),
            of("/staked", amount(held(&at.staked_diem))),
            of("/stakers", json!(sum(until, "diem_joined") - sum(until, "diem_left"))),
            of("/mint_rate", Value::Null),
            of("/flow/minted/direct", amount(sum(within, "diem_direct"))),
            tally("/flow/minted", within, "diem_minted", "diem_mints"),
            of("/flow/stakers_joined", json!(sum(within, "diem_joined"))),
            of("/flow/stakers_left", json!(sum(within, "diem_left"))),
        ],
    };
    parts.concat()
}

fn begin(timestamp: u64, interval: &str) -> u64 {
    let zoned = Timestamp::from_second(i64::try_from(timestamp).unwrap()).unwrap().to_zoned(TimeZone::UTC);
    let hour = zoned.round(ZonedRound::new().smallest(Unit::Hour).mode(RoundMode::Trunc)).unwrap();
    let day = zoned.start_of_day().unwrap();
    let began = match interval {
        "hour" => hour,
        "day" => day,
        "week" if day.weekday() == Weekday::Monday => day,
        "week" => day.nth_weekday(-1, Weekday::Monday).unwrap(),
        _ => day.first_of_month().unwrap(),
    };
    u64::try_from(began.timestamp().as_second()).unwrap()
}

fn next(start: u64, interval: &str) -> u64 {
    let zoned = Timestamp::from_second(i64::try_from(start).unwrap()).unwrap().to_zoned(TimeZone::UTC);
    let span = match interval {
        "hour" => 1.hour(),
        "day" => 1.day(),
        "week" => 1.week(),
        _ => 1.month(),
    };
    u64::try_from(zoned.checked_add(span).unwrap().timestamp().as_second()).unwrap()
}

fn time(timestamp: u64) -> String {
    Timestamp::from_second(i64::try_from(timestamp).unwrap()).unwrap().to_string()
}
