//! `/v1/metrics` against the answers it is a digest of, at the block and days before it.

use std::collections::BTreeSet;

use alloy_primitives::U256;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::Service;

const NOW: u64 = 51_530_033;
const WEEK_AGO: u64 = NOW - 7 * 43_200;
const MONTH_AGO: u64 = NOW - 30 * 43_200;
const ONE: u64 = 1_000_000_000_000_000_000;

async fn ask(service: &Service, path: &str, block: u64) -> Value {
    service.get(&format!("{path}?block={block}")).await.ok()
}

fn number(value: &Value) -> U256 {
    value.as_str().unwrap_or_else(|| panic!("{value} is no amount")).replace('.', "").parse().unwrap()
}

/// Units of 1e-18 as they are written.
fn ratio(value: U256) -> Value {
    let (whole, rest) = value.div_rem(U256::from(ONE));
    format!("{whole}.{rest:018}").into()
}

#[sqlx::test(migrations = "../migrations")]
async fn figures_of_the_block_are_those_of_the_other_answers(pool: PgPool) {
    let service = Service::of_mainnet(pool).await;
    let metrics = ask(&service, "/v1/metrics", NOW).await;
    for (path, same) in [
        (
            "/v1/supply",
            &[
                ("total_supply", "/erc20"),
                ("burned_supply", "/burned"),
                ("effective_supply", "/effective"),
                ("circulating_supply", "/circulating"),
                ("holders", "/holders"),
                ("burned_share_of_erc20", "/burned_share_of_erc20"),
                ("burned_share_of_effective", "/burned_share_of_effective"),
            ][..],
        ),
        (
            "/v1/burns",
            &[
                ("burns_by_class/programmatic", "/by_class/programmatic/amount"),
                ("burns_by_class/discretionary", "/by_class/discretionary/amount"),
                ("burns_by_class/airdrop", "/by_class/airdrop/amount"),
                ("burns_by_class/unclassified", "/by_class/unclassified/amount"),
                ("burn_count", "/total/count"),
            ],
        ),
        (
            "/v1/staking",
            &[
                ("total_staked", "/staked"),
                ("svvv_locked", "/locked"),
                ("staking_ratio", "/staking_ratio"),
                ("lock_ratio", "/lock_ratio"),
                ("stakers", "/stakers"),
                ("cooldown_vvv", "/cooling"),
            ],
        ),
        (
            "/v1/emissions",
            &[
                ("emission_rate", "/rate_per_second"),
                ("emission_per_year", "/per_year"),
                ("inflation_rate", "/inflation"),
                ("staker_share", "/staker_share"),
                ("staker_apr", "/apr"),
                ("staker_apr_unlocked", "/apr_unlocked"),
                ("staker_apr_locked", "/apr_locked"),
            ],
        ),
        (
            "/v1/diem",
            &[
                ("diem_supply", "/supply"),
                ("diem_staked", "/staked"),
                ("diem_stake_ratio", "/staked_ratio"),
                ("diem_stakers", "/stakers"),
                ("diem_minters", "/minters"),
                ("diem_minted", "/minted/amount"),
                ("diem_minted_count", "/minted/count"),
                ("diem_minted_direct", "/minted/direct"),
                ("diem_burned", "/burned/amount"),
                ("diem_burned_count", "/burned/count"),
                ("diem_burned_direct", "/burned/direct"),
                ("cooldown_diem", "/cooling"),
                ("mint_rate", "/mint_rate"),
                ("remaining_mintable", "/remaining"),
            ],
        ),
        ("/v1/cooldowns", &[("cooldown_wallets", "/svvv/cooling/accounts"), ("cooldown_vvv", "/svvv/cooling/amount")]),
    ] {
        let other = ask(&service, path, NOW).await;
        for (name, place) in same {
            let is = metrics.pointer(&format!("/{name}")).unwrap();
            assert_eq!(is, other.pointer(place).unwrap(), "{name}");
            assert!(!is.is_null(), "{name} is not known");
        }
    }
    assert_eq!(metrics["unknown"], json!([]));
    let cooldowns = ask(&service, "/v1/cooldowns", NOW).await;
    let accounts = |token: &str| cooldowns[token]["cooling"]["accounts"].as_u64().unwrap();
    assert_eq!(metrics["cooldown_count"], accounts("svvv") + accounts("diem"));
    let supply = ask(&service, "/v1/supply", NOW).await;
    let effective = number(&supply["effective"]);
    let free = number(&supply["circulating"]) + number(&supply["liquid"]) - effective;
    assert_eq!(metrics["free_float_supply"], free.to_string());
    assert_eq!(metrics["free_float"], ratio(free * U256::from(ONE) / effective));
}

#[sqlx::test(migrations = "../migrations")]
async fn figures_of_days_compare_with_the_block_of_that_time(pool: PgPool) {
    let service = Service::of_mainnet(pool).await;
    let metrics = ask(&service, "/v1/metrics", NOW).await;
    let staked = async |block| number(&ask(&service, "/v1/staking", block).await["staked"]);
    let (now, week_ago, month_ago) = (staked(NOW).await, staked(WEEK_AGO).await, staked(MONTH_AGO).await);
    assert!(now < week_ago, "the fixture's stakes fall");
    assert_eq!(metrics["net_flow_7d"], format!("-{}", week_ago - now));
    let came = number(&metrics["staked_7d"]);
    assert_eq!(came + (week_ago - now), number(&metrics["unstaked_7d"]));
    for (name, before) in [("staking_growth_7d", week_ago), ("staking_growth_30d", month_ago)] {
        let fell = ratio((before - now) * U256::from(ONE) / before);
        assert_eq!(metrics[name], format!("-{}", fell.as_str().unwrap()), "{name}");
    }
    let burned = async |block| number(&ask(&service, "/v1/supply", block).await["burned"]);
    assert_eq!(metrics["burned_7d"], (burned(NOW).await - burned(WEEK_AGO).await).to_string());
    let month = burned(NOW).await - burned(MONTH_AGO).await;
    assert_eq!(metrics["burned_30d"], month.to_string());
    let effective = number(&metrics["effective_supply"]);
    let deflation = month * U256::from(365) * U256::from(ONE) / (effective * U256::from(30));
    assert_eq!(metrics["burn_deflation_rate"], ratio(deflation));
    let net = number(&metrics["inflation_rate"]) - deflation;
    assert_eq!(metrics["net_inflation_rate"], ratio(net));
    let supplied = async |block| number(&ask(&service, "/v1/diem", block).await["supply"]);
    let (now, before) = (supplied(NOW).await, supplied(WEEK_AGO).await);
    assert_eq!(metrics["diem_supply_growth_7d"], ratio((now - before) * U256::from(ONE) / before));
    // Of the fixture, a day: 9 join the stakers, 180 the holders, 26.5 DIEM are minted and 4.75 burned.
    assert_eq!((&metrics["new_stakers_7d"], &metrics["new_holders_7d"]), (&json!(63), &json!(1260)));
    assert_eq!(metrics["diem_minted_7d"], "185500000000000000000");
    assert_eq!(metrics["diem_burned_7d"], "33250000000000000000");
    assert_eq!(metrics["rewards_claimed_7d"], "37800000000000000000000");
}

#[sqlx::test(migrations = "../migrations")]
async fn active_wallets_are_those_of_the_events(pool: PgPool) {
    let service = Service::of_mainnet(pool).await;
    // Of these nobody is more active for it: nothing, the proxy's own, a transfer, a day too early.
    service
        .execute(
            "insert into event (block_number, log_index, contract, kind, account, amount) values
                 (51530020, 1, 'staking', 'claimed', decode(repeat('e1', 20), 'hex'), 0),
                 (51530020, 2, 'staking', 'staked', decode('321b7ff75154472b18edb199033ff4d116f340ff', 'hex'), 5),
                 (51530020, 3, 'diem', 'transfer', decode(repeat('e2', 20), 'hex'), 5),
                 (51227633, 4, 'diem', 'staked', decode(repeat('e3', 20), 'hex'), 5),
                 (51227634, 4, 'diem', 'staked', decode(repeat('e4', 20), 'hex'), 5);
             insert into log
             select block_number, log_index, 0, sha256('added'), substr(sha256('contract'), 1, 20), array[sha256('topic')], '' from event
              where (block_number, log_index) not in (select block_number, log_index from log)",
        )
        .await;
    let metrics = ask(&service, "/v1/metrics", NOW).await;
    let (mut active, mut cursor) = (BTreeSet::new(), String::new());
    loop {
        let target = format!("/v1/events?from_block={}&limit=1000{cursor}", WEEK_AGO + 1);
        let page = service.get(&target).await.ok();
        for event in page["items"].as_array().unwrap() {
            let is_own = event["address"] == "0x321b7ff75154472B18EDb199033fF4D116F340Ff";
            if event["kind"] != "transfer" && event["amount"] != "0" && !is_own {
                active.insert(event["address"].as_str().unwrap().to_owned());
            }
        }
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(WEEK_AGO, 51_227_633);
    assert!(active.iter().any(|address| address.to_lowercase() == format!("0x{}", "e4".repeat(20))));
    assert_eq!(metrics["active_wallets_7d"], active.len());
    assert!(active.len() > 500, "{}", active.len());
}

#[sqlx::test(migrations = "../migrations")]
async fn what_history_does_not_reach_is_null_and_named(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    let metrics = service.get("/v1/metrics").await.ok();
    let named: BTreeSet<String> =
        metrics["unknown"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect();
    for (name, value) in metrics.as_object().unwrap() {
        let is_of_days = name.ends_with("_7d") || name.ends_with("_30d");
        let needs_days = is_of_days || name == "burn_deflation_rate" || name == "net_inflation_rate";
        assert_eq!(value.is_null(), needs_days, "{name}");
        assert_eq!(named.contains(name), needs_days, "{name}");
    }
    service.execute("delete from parameter").await;
    let metrics = service.get("/v1/metrics").await.ok();
    for name in [
        "emission_rate",
        "emission_per_year",
        "inflation_rate",
        "staker_share",
        "staker_apr",
        "mint_rate",
        "remaining_mintable",
    ] {
        assert_eq!(metrics[name], json!(null));
        assert!(metrics["unknown"].as_array().unwrap().contains(&name.into()), "{name}");
    }
}

/// The clock of the deployment and the headers that are stored tell the same block; the first block held is the last resort.
#[sqlx::test(migrations = "../migrations")]
async fn days_end_at_the_last_block_before(pool: PgPool) {
    let service = Service::of_mainnet(pool).await;
    let by_clock = ask(&service, "/v1/metrics", NOW).await;
    service
        .execute(
            "insert into block (number, hash, timestamp)
             select n, sha256(n::text::bytea), 1686789347 + 2 * n from unnest(array[51227633, 51227634, 50234033]) n;
             update deployment set digest = decode(repeat('aa', 32), 'hex'), document = document || '{\"clock\": null}'",
        )
        .await;
    let mut by_headers = ask(&service, "/v1/metrics", NOW).await;
    for member in ["as_of", "unknown"] {
        by_headers[member] = by_clock[member].clone();
    }
    assert_eq!(by_headers, by_clock);
    service
        .execute(
            "insert into bootstrap (block_number, block_hash, file_digest)
             values (51227634, sha256('1'), sha256('2'))",
        )
        .await;
    assert_eq!(ask(&service, "/v1/metrics", NOW).await["net_flow_7d"], json!(null));
    service.execute("update bootstrap set block_number = 51227633").await;
    let metrics = ask(&service, "/v1/metrics", NOW).await;
    assert_eq!(metrics["net_flow_7d"], by_clock["net_flow_7d"]);
    assert_eq!(metrics["burned_30d"], json!(null));
}
