//! What is served of the network at a block, held against the contracts' answers there.

use std::collections::BTreeMap;

use alloy_primitives::{Address, U256, keccak256};
use devnet::contracts::TOKEN;
use devnet::contracts::addresses::{AIRDROP, DIEM, STAKING, TREASURY, VESTING, VVV};
use devnet::truth::{self, Position, mint, parameters::Parameters};
use futures::{StreamExt, stream};
use rand::{Rng, RngExt};
use serde_json::{Value, json};

use crate::World;
use crate::served::amount;

const DAY_SECONDS: u64 = 86_400;
/// Requests under way.
const AT_ONCE: usize = 8;

/// Settings by their names in `/v1/parameters`, in the order of [`words`].
pub(crate) const NAMES: [&str; 10] = [
    "emission_rate_per_second",
    "svvv_cooldown_seconds",
    "diem_cooldown_seconds",
    "venice_emissions_percentage",
    "venice_emissions_percentage_when_locked",
    "treasury",
    "vvv_owner",
    "implementation",
    "curve_bounds",
    "curve_rates",
];

pub(crate) fn words(settings: &Parameters) -> [Option<Vec<U256>>; 10] {
    let one = |word: Option<U256>| word.map(|word| vec![word]);
    [
        one(settings.emission_rate_per_second),
        one(settings.svvv_cooldown_seconds),
        one(settings.diem_cooldown_seconds),
        one(settings.venice_emissions_percentage),
        one(settings.venice_emissions_percentage_when_locked),
        one(settings.treasury),
        one(settings.vvv_owner),
        one(settings.implementation),
        settings.curve_bounds.clone(),
        settings.curve_rates.clone(),
    ]
}

async fn at(world: &World, path: &str, block: u64) -> Value {
    let answer =
        world.oracle.get(&format!("/v1/{path}{}block={block}", if path.contains('?') { '&' } else { '?' })).await;
    assert_eq!(answer["as_of"]["block_number"], block, "{path}: {answer}");
    answer
}

/// VVV of everybody.
pub(crate) async fn check_balances(world: &World, block: u64, held: &[Position]) {
    let served = held.iter().map(async |it| {
        let account = at(world, &format!("accounts/{}", it.address), block).await;
        assert_eq!(amount(&account["vvv"]["balance"]), it.vvv, "VVV of {} at block {block}", it.address);
    });
    stream::iter(served).buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// Everything of the supply that follows from balances.
pub(crate) async fn check_supply(world: &World, block: u64, held: &[Position]) {
    let supply = at(world, "supply", block).await;
    let of = |address: Address| held.iter().find(|it| it.address == address).map(|it| it.vvv).unwrap_or_default();
    let erc20 = truth::network(&world.rpc, block).await.unwrap().vvv_supply;
    let effective = erc20 - of(Address::ZERO);
    let kept_back = of(TREASURY) + of(VESTING) + of(AIRDROP);
    assert_eq!(amount(&supply["effective"]), effective, "block {block}: {supply}");
    assert_eq!(amount(&supply["circulating"]), effective - kept_back, "block {block}: {supply}");
    assert_eq!(amount(&supply["liquid"]), effective - of(STAKING), "block {block}: {supply}");
}

/// How many there are of each kind.
pub(crate) async fn check_counts(world: &World, block: u64, held: &[Position]) {
    let count = |counts: fn(&Position) -> bool| held.iter().filter(|it| counts(it)).count();
    let [supply, staking, diem] = [at(world, "supply", block), at(world, "staking", block), at(world, "diem", block)];
    let (supply, staking, diem) = (supply.await, staking.await, diem.await);
    let is_contract = |it: &Position| [VVV, STAKING, DIEM].contains(&it.address);
    let stakers = held.iter().filter(|it| !it.svvv.is_zero() && !is_contract(it)).count();
    assert_eq!(supply["holders"], count(|it| !it.vvv.is_zero() && !it.address.is_zero()), "block {block}");
    assert_eq!(staking["stakers"], stakers, "block {block}");
    assert_eq!(diem["stakers"], count(|it| !it.diem_staked.is_zero()), "block {block}");
    assert_eq!(diem["minters"], count(|it| !it.outstanding.is_zero()), "block {block}");
    let sum = |of: fn(&Position) -> U256| held.iter().map(of).sum::<U256>();
    assert_eq!(amount(&staking["cooling"]), sum(|it| it.svvv_cooling), "block {block}");
    assert_eq!(amount(&diem["cooling"]), sum(|it| it.diem_cooling), "block {block}");
    assert_eq!(amount(&diem["outstanding"]), sum(|it| it.outstanding), "block {block}");
}

/// How much of a token cools, and when that is over.
type Cooling = fn(&Position) -> (U256, U256);

/// What can be withdrawn, and on which day the rest can.
pub(crate) async fn check_calendar(world: &World, block: u64, held: &[Position]) {
    let calendar = at(world, "cooldowns", block).await;
    let now: jiff::Timestamp = calendar["as_of"]["block_timestamp"].as_str().unwrap().parse().unwrap();
    let now = U256::from(now.as_second());
    let amounts: [(&str, Cooling); 2] = [
        ("svvv", |it| (it.svvv_cooling, it.svvv_cooling_ends_at)),
        ("diem", |it| (it.diem_cooling, it.diem_cooling_ends_at)),
    ];
    for (token, of) in amounts {
        let mut days: BTreeMap<Option<u64>, (U256, u64)> = BTreeMap::new();
        for (cooling, ends_at) in held.iter().map(of).filter(|(cooling, _)| !cooling.is_zero()) {
            let day = (ends_at > now).then(|| ends_at.to::<u64>() / DAY_SECONDS);
            let (sum, accounts) = days.entry(day).or_default();
            (*sum, *accounts) = (*sum + cooling, *accounts + 1);
        }
        let (claimable, accounts) = days.remove(&None).unwrap_or_default();
        let served = &calendar[token];
        assert_eq!(
            served["claimable"],
            json!({"amount": claimable.to_string(), "accounts": accounts}),
            "block {block}"
        );
        let days = days.into_iter().map(|(day, (sum, accounts))| {
            let midnight = jiff::Timestamp::from_second((day.unwrap() * DAY_SECONDS).try_into().unwrap()).unwrap();
            json!({"day": midnight.to_string()[..10], "amount": sum.to_string(), "accounts": accounts})
        });
        assert_eq!(served["days"], Value::Array(days.collect()), "{token} at block {block}");
        assert_eq!(served["unknown_end"], json!({"amount": "0", "accounts": 0}), "{token} at block {block}");
    }
}

/// Every setting of the contracts; what a contract has not got is null. Returns the contracts' own.
pub(crate) async fn check_parameters(world: &World, block: u64) -> Parameters {
    let settings = truth::parameters::parameters(&world.rpc, block).await.unwrap();
    let served = at(world, "parameters", block).await;
    for (name, words) in NAMES.into_iter().zip(words(&settings)) {
        let item = served["items"].as_array().unwrap().iter().find(|item| item["name"] == name).unwrap();
        let expected = words.map(|words| written(&words, item["unit"].as_str().unwrap()));
        assert_eq!(item["value"].as_str(), expected.as_deref(), "{name} at block {block}");
    }
    settings
}

fn written(words: &[U256], unit: &str) -> String {
    match unit {
        "amount" | "seconds" => words[0].to_string(),
        "share" => format!("{}.{:018}", words[0] / TOKEN, words[0] % TOKEN),
        "address" => Address::from_word(words[0].into()).to_string(),
        "table_hash" => keccak256(words.iter().flat_map(U256::to_be_bytes::<32>).collect::<Vec<_>>()).to_string(),
        other => panic!("a setting in {other}"),
    }
}

/// Both ways: small, drawn, and a unit around the edges of the buckets and of the table.
pub(crate) async fn check_quotes(world: &World, block: u64, settings: &Parameters, rng: &mut impl Rng) {
    let (Some(bounds), Some(rates)) = (&settings.curve_bounds, &settings.curve_rates) else {
        let quote = at(world, "diem/quote?svvv=1", block).await;
        assert_eq!((&quote["diem"], &quote["mint_rate"]), (&Value::Null, &Value::Null), "no curve at block {block}");
        return assert!(quote["unknown"].as_array().unwrap().contains(&json!("diem")), "{quote}");
    };
    let supply = truth::network(&world.rpc, block).await.unwrap().diem_supply;
    let edges = edges(bounds, rates, supply);
    let near = |of: fn(&(U256, U256)) -> U256| {
        let chosen = edges.iter().take(3).chain(edges.last()).map(of).collect::<Vec<_>>();
        let around = chosen.iter().flat_map(|edge| [edge - U256::ONE, *edge, edge + U256::ONE]);
        [U256::ONE, TOKEN].into_iter().chain(around).collect::<Vec<_>>()
    };
    let mut drawn = |below: U256| U256::from(rng.random_range(1..u64::MAX)) * below / U256::from(u64::MAX);
    let (cost, diem) = edges[2.min(edges.len() - 1)];
    let svvv = [near(|edge| edge.0), vec![drawn(cost)]].concat();
    for (svvv, expected) in svvv.iter().zip(mint::quotes(&world.rpc, block, &svvv).await.unwrap()) {
        let served = quoted(world, &format!("svvv={svvv}"), block).await.map(|quote| quote.1);
        assert_eq!(served, expected, "getDiemAmountOut({svvv}) at block {block}");
    }
    let wanted = [near(|edge| edge.1), vec![drawn(diem)]].concat();
    for wanted in wanted {
        let served = quoted(world, &format!("diem={wanted}"), block).await;
        let Some((svvv, _)) = served else {
            assert!(wanted > edges.last().unwrap().1, "{wanted} DIEM are refused at block {block}");
            continue;
        };
        let answers = mint::quotes(&world.rpc, block, &[svvv, svvv - U256::ONE]).await.unwrap();
        assert!(answers[0].unwrap() >= wanted, "{svvv} sVVV do not suffice for {wanted} DIEM at block {block}");
        assert!(answers[1].unwrap() < wanted, "less than {svvv} sVVV would do for {wanted} DIEM at block {block}");
    }
}

/// sVVV and DIEM at which each bucket that still sells is sold out, counted from this supply on.
fn edges(bounds: &[U256], rates: &[U256], supply: U256) -> Vec<(U256, U256)> {
    let (mut edges, mut at, mut cost) = (Vec::new(), supply, U256::ZERO);
    for (bound, rate) in bounds.iter().zip(rates).filter(|(bound, rate)| **bound > supply && !rate.is_zero()) {
        cost += (rate * (bound - at)).div_ceil(TOKEN);
        at = *bound;
        edges.push((cost, at - supply));
    }
    edges
}

/// sVVV and DIEM of a quote; `None` past the end of the table.
async fn quoted(world: &World, given: &str, block: u64) -> Option<(U256, U256)> {
    let answer = world.oracle.get(&format!("/v1/diem/quote?{given}&block={block}")).await;
    if answer["type"] == "urn:venice-capacity-oracle:problem:curve-exhausted" {
        return None;
    }
    assert_eq!(answer["as_of"]["block_number"], block, "{given}: {answer}");
    Some((amount(&answer["svvv"]), amount(&answer["diem"])))
}
