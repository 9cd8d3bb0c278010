//! What is emitted where the owner's settings leave all measure, and since when percentages rule.

use alloy_primitives::U256;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::Service;

const OLD: &str = "0x0101010101010101010101010101010101010101";
const NEW: &str = "0x0202020202020202020202020202020202020202";
const OTHER: &str = "0x0303030303030303030303030303030303030303";

/// From the newest block on.
async fn set(pool: &PgPool, name: &str, value: U256) {
    let statement =
        "insert into parameter (name, block_number, value, source) values ($1, 130, array[$2::numeric], 'event')
                     on conflict (name, block_number) do update set value = excluded.value";
    sqlx::query(statement).bind(name).bind(value.to_string()).execute(pool).await.unwrap();
}

fn names(answer: &Value) -> Vec<&str> {
    answer["unknown"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// These are null and named, and no others of the prefix are.
fn assert_missing(answer: &Value, fields: &[&str]) {
    for field in fields {
        let at = format!("/{}", field.replace('.', "/"));
        assert_eq!(answer.pointer(&at), Some(&Value::Null), "{field} of {answer}");
        assert!(names(answer).contains(field), "{field} is not named: {answer}");
    }
}

/// A year of it does not fit in 256 bits: what follows from that is null, and the rest is served.
#[sqlx::test(migrations = "../migrations")]
async fn a_rate_beyond_measure_takes_nothing_else_with_it(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    let before = service.get("/v1/metrics").await.ok();
    let rate = U256::ONE << 255;
    set(&pool, "emission_rate_per_second", rate).await;
    let returns = ["per_year", "inflation", "apr", "apr_unlocked", "apr_locked"];

    let emissions = service.get("/v1/emissions?utilisation=0.3").await.ok();
    assert_missing(&emissions, &returns);
    assert_missing(
        &emissions,
        &["stakers_per_year", "venice_per_year", "apr"]
            .map(|it| format!("utilisation_split.{it}"))
            .each_ref()
            .map(String::as_str),
    );
    assert_eq!(emissions["rate_per_second"], rate.to_string());
    assert!(emissions["staker_share"].is_string() && !names(&emissions).contains(&"staker_share"), "{emissions}");
    assert_eq!(emissions["utilisation_split"]["stakers_share"], "0.440000000000000000");

    let history = service.get("/v1/emissions/history?interval=hour").await.ok();
    let last = history["items"].as_array().unwrap().last().unwrap();
    for field in returns {
        assert!(last[field].is_null() && names(&history).contains(&field), "{field}: {history}");
    }
    assert!(last["staker_share"].is_string(), "{last}");

    let metrics = service.get("/v1/metrics").await.ok();
    let of_rate = [
        "emission_per_year",
        "inflation_rate",
        "net_inflation_rate",
        "staker_apr",
        "staker_apr_unlocked",
        "staker_apr_locked",
    ];
    assert_missing(&metrics, &of_rate);
    for (name, value) in before.as_object().unwrap() {
        let may_differ = of_rate.contains(&name.as_str()) || ["emission_rate", "unknown"].contains(&name.as_str());
        assert!(may_differ || metrics[name] == *value, "{name}: {metrics}");
    }
}

/// No contract pays by a percentage above one, and nobody knows what it would come to.
#[sqlx::test(migrations = "../migrations")]
async fn a_percentage_above_one_leaves_no_share(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    let two = U256::from(2_000_000_000_000_000_000_u64);
    set(&pool, "venice_emissions_percentage", two).await;
    let emissions = service.get("/v1/emissions").await.ok();
    assert_missing(&emissions, &["staker_share", "apr", "apr_unlocked", "apr_locked"]);
    assert!(emissions["inflation"].is_string() && emissions["per_year"].is_string(), "{emissions}");
    let metrics = service.get("/v1/metrics").await.ok();
    assert_missing(&metrics, &["staker_share", "staker_apr", "staker_apr_unlocked", "staker_apr_locked"]);

    set(&pool, "venice_emissions_percentage", U256::ZERO).await;
    set(&pool, "venice_emissions_percentage_when_locked", two).await;
    let emissions = service.get("/v1/emissions").await.ok();
    assert_missing(&emissions, &["staker_share", "apr", "apr_locked"]);
    assert!(emissions["apr_unlocked"].is_string() && !names(&emissions).contains(&"apr_unlocked"), "{emissions}");
}

/// Of nothing there is no share, which is known: null without a name, whatever the rate.
#[sqlx::test(migrations = "../migrations")]
async fn shares_of_nothing_have_no_name(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    set(&pool, "venice_emissions_percentage", U256::ZERO).await;
    service.execute("update capacity_totals set svvv_supply = 0, svvv_locked = 0").await;
    let emissions = service.get("/v1/emissions?utilisation=0.3").await.ok();
    for field in ["/staker_share", "/apr", "/apr_unlocked", "/apr_locked", "/utilisation_split/apr"] {
        assert_eq!(emissions.pointer(field), Some(&Value::Null), "{field}");
        assert!(!names(&emissions).contains(&field[1..].replace('/', ".").as_str()), "{field}: {emissions}");
    }
}

/// The implementations that the proxy had, by block, how each was known, and what follows from them at the newest block.
struct Runs<'a> {
    pool: &'a PgPool,
    service: Service,
}

impl Runs<'_> {
    async fn until(&self, rows: &[(i64, Option<&str>, &str)], block: u64) -> (Value, bool) {
        sqlx::query("delete from parameter where name = 'implementation'").execute(self.pool).await.unwrap();
        for (number, address, source) in rows {
            let word = address.map(|address| address.parse::<alloy_primitives::Address>().unwrap().into_word());
            let words = word.map(|word| vec![U256::from_be_bytes(word.0).to_string()]);
            let insert = "insert into parameter (name, block_number, value, source) values
                          ('implementation', $1, $2::text[]::numeric[], $3)";
            sqlx::query(insert).bind(number).bind(words).bind(source).execute(self.pool).await.unwrap();
        }
        let answer = self.service.get(&format!("/v1/emissions?utilisation=0.3&block={block}")).await.ok();
        let is_unknown = names(&answer).contains(&"utilisation_split.in_force_until");
        (answer["utilisation_split"]["in_force_until"].clone(), is_unknown)
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_split_was_in_force_until_the_first_block_of_the_second_implementation(pool: PgPool) {
    let service = Service::of_chain(pool.clone()).await;
    let named = json!([
        {"address": OLD, "abi": "v1"}, {"address": NEW, "abi": "v2"},
    ]);
    sqlx::query("update deployment set document = jsonb_set(document::jsonb, '{implementations}', $1::text::jsonb)")
        .bind(named.to_string())
        .execute(&pool)
        .await
        .unwrap();
    let runs = Runs { pool: &pool, service };
    let (old, new, other) = (Some(OLD), Some(NEW), Some(OTHER));
    let at_112 = json!("2026-11-19T23:59:44Z");
    let upgraded = [(100, old, "event"), (112, new, "event")];

    assert_eq!(runs.until(&upgraded, 130).await, (at_112.clone(), false));
    assert_eq!(runs.until(&upgraded, 112).await, (at_112.clone(), false));
    assert_eq!(runs.until(&upgraded, 111).await, (Value::Null, false), "still in force then");
    let again = [upgraded[0], upgraded[1], (120, old, "event"), (125, other, "event"), (126, new, "event")];
    assert_eq!(runs.until(&again, 130).await, (at_112.clone(), false), "the first is meant");
    let from_the_start = [(112, new, "event")];
    assert_eq!(runs.until(&from_the_start, 130).await, (at_112.clone(), false), "no other came before");
    let inferred = [(100, old, "call"), (112, new, "inferred")];
    assert_eq!(runs.until(&inferred, 130).await, (at_112, false));

    for rows in [
        &[][..],
        &[(100, old, "event"), (112, new, "call")],
        &[(100, other, "event"), (112, new, "event")],
        &[(100, old, "event"), (105, None, "event"), (112, new, "event")],
        &[(100, old, "event"), (112, other, "event")],
        &[(99, new, "event")],
    ] {
        assert_eq!(runs.until(rows, 130).await, (Value::Null, true), "{rows:?}");
    }
}
