//! `indexer run --bootstrap`: beginning with another oracle's state.

use abi::{StakingV2 as S, Vvv as V};
use alloy_primitives::{Keccak256, U256};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::economy;
use crate::naive::{STAKING, VVV};
use crate::programs::{Clock, Oracle};
use crate::world::{World, set};

/// Derived rows above a block, a digest a table.
async fn after(oracle: &Oracle, block: u64) -> Vec<(String, i64, Option<String>)> {
    let mut digests = Vec::new();
    for table in
        ["anomaly", "burn", "capacity_totals", "event", "parameter", "position", "supply_totals", "vvv_transfer"]
    {
        let rows = format!(
            "select '{table}', count(*), md5(string_agg(row::text, '|' order by row::text)) from {table} row where block_number > {block}"
        );
        digests.push(sqlx::query_as(sqlx::AssertSqlSafe(rows)).fetch_one(&oracle.pool).await.unwrap());
    }
    digests
}

async fn there_and_on(test: &PgPool, name: &str, clock: Clock) {
    let mut world = World::new(51, 70).await;
    let full = Oracle::new(test, name, clock).await;
    full.follow(&world.node, &[]).await;
    let (taken, file) = (world.finalized(), full.file("positions.ndjson"));
    full.done(&["export", "--what", "positions", "--out", &file]).await;

    let young = Oracle::new(test, &format!("{name}_young"), clock).await;
    young.follow(&world.node, &["--bootstrap", &file]).await;
    (0..30).for_each(|_| world.mine_traffic());
    // The file is left aside once there is something to go on from.
    young.follow(&world.node, &["--bootstrap", &file]).await;
    full.follow(&world.node, &[]).await;
    assert_eq!(after(&young, taken).await, after(&full, taken).await);
    for block in [taken, taken + 1, world.head()] {
        let digest = ["status", "--digest", "--at-block", &block.to_string()];
        assert_eq!(young.done(&digest).await.out, full.done(&digest).await.out, "block {block}");
        let verify = ["verify", "--rpc-url", &world.node.url, "--all", "--at-block", &block.to_string()];
        young.done(&verify).await;
    }
    // What was taken over cannot be derived anew; what came after it can.
    let of_young = young.digests().await;
    let replay = young.ask(&["replay", "--from-block", &taken.to_string()]).await;
    assert_eq!(replay.code, Some(2), "{replay:?}");
    young.done(&["replay", "--from-block", &(taken + 1).to_string()]).await;
    assert_eq!(young.digests().await, of_young);
    let before = young.ask(&["status", "--digest", "--at-block", &(taken - 1).to_string()]).await;
    assert_eq!(before.code, Some(2), "{before:?}");
    assert!(before.err.contains(&format!("blocks {taken} to {}", world.head())), "{before:?}");
    // What was taken over can be handed on, and comes out as from the oracle that has it all.
    for what in ["positions", "capacity"] {
        let export = ["export", "--what", what, "--at-block", &world.head().to_string()];
        assert_eq!(young.done(&export).await.out, full.done(&export).await.out, "{what}");
    }
    full.drop(test).await;
    young.drop(test).await;
}

#[sqlx::test(migrations = false)]
async fn from_there_on_it_is_the_full_oracle(pool: PgPool) {
    there_and_on(&pool, "boot", Clock::Known).await;
}

#[sqlx::test(migrations = false)]
async fn without_a_clock_it_is_too(pool: PgPool) {
    there_and_on(&pool, "boot_no_clock", Clock::Unknown).await;
}

/// A file as somebody would write it who wants to be believed: changed, and with an ending that fits.
fn forged(text: &str, mut change: impl FnMut(&mut Value)) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        let mut record: Value = serde_json::from_str(line).unwrap();
        let before = record.clone();
        change(&mut record);
        lines.push(if record == before { line.to_owned() } else { record.to_string() });
    }
    lines.pop();
    let mut hasher = Keccak256::new();
    lines.iter().for_each(|line| hasher.update(format!("{line}\n")));
    let end = json!({"record": "end", "rows": lines.len() - 1, "digest": hasher.finalize()});
    format!("{}\n{end}\n", lines.join("\n"))
}

/// Adds to an amount of a record, where it is of this table and address.
fn add(record: &mut Value, (table, key, whose): (&str, &str, &str), field: &str, by: i128) {
    if record["record"] == table && (whose.is_empty() || record[key] == whose) {
        let amount: i128 = record[field].as_str().unwrap().parse().unwrap();
        record[field] = (amount + by).to_string().into();
    }
}

#[sqlx::test(migrations = false)]
async fn what_the_contracts_do_not_bear_out_is_refused(pool: PgPool) {
    let world = World::new(52, 70).await;
    let full = Oracle::new(&pool, "forged", Clock::Known).await;
    full.follow(&world.node, &[]).await;
    let file = full.file("positions.ndjson");
    let whole = full.done(&["export", "--what", "positions"]).await.out;
    let holders: Vec<Value> = whole
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|record| record["record"] == "balances" && record["vvv"].as_str().unwrap().len() > 1)
        .map(|record| record["address"].clone())
        .collect();
    let (rich, other) = (holders[1].as_str().unwrap(), holders[2].as_str().unwrap());
    let of = |whose| ("balances", "address", whose);
    let minted = whole.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let recipient =
        minted.filter(|record| record["record"] == "mints").map(|record| record["recipient"].clone()).next();
    let recipient = recipient.unwrap().as_str().unwrap().to_owned();
    let young = Oracle::new(&pool, "forged_young", Clock::Known).await;
    let cut = &whole[..whole.len() - 100];
    for (text, reason) in [
        (cut.to_owned(), "is cut off"),
        (whole.replacen("\"claimed\":\"", "\"claimed\":\"1", 1), "is not as it was written"),
        (forged(&whole, |record| add(record, of(rich), "vvv", 1)), "VVV does not add up"),
        (forged(&whole, |record| add(record, ("mints", "recipient", &recipient), "amount", 1)), "VVV does not add up"),
        (
            forged(&whole, |record| add(record, ("capacity_totals", "", ""), "svvv_minted", 1)),
            "running totals contradict one another",
        ),
        (
            forged(&whole, |record| {
                if record["record"] == "export" {
                    record["derivation_revision"] = (ledger::DERIVATION_REVISION + 1).into();
                }
            }),
            "is of derivation",
        ),
        (
            forged(&whole, |record| {
                add(record, of(rich), "vvv", 1);
                add(record, ("supply", "", ""), "supply", 1);
                add(record, ("mints", "recipient", &recipient), "amount", 1);
            }),
            "vvv_total_supply of the network is",
        ),
        (
            forged(&whole, |record| {
                add(record, of(rich), "vvv", 1);
                add(record, of(other), "vvv", -1);
            }),
            "2 figures differ at block",
        ),
        (
            forged(&whole, |record| {
                if record["record"] == "parameters" && record["name"] == "svvv_cooldown_seconds" {
                    record["value"] = "501".into();
                }
            }),
            "svvv_cooldown_seconds of the network is 501 in the file",
        ),
        (
            forged(&whole, |record| {
                if record["record"] == "export" {
                    record["opening_block"] = (record["opening_block"].as_u64().unwrap() - 12).into();
                }
            }),
            "positions when the epoch opened add up to",
        ),
        (
            forged(&whole, |record| {
                if record["record"] == "export" {
                    record["block_hash"] = format!("0x{}", "ab".repeat(32)).into();
                }
            }),
            "is of another chain",
        ),
        (
            forged(&whole, |record| {
                if record["record"] == "export" {
                    record["block_number"] = (world.head() + 1).into()
                }
            }),
            "calls finalized is",
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = young.ask(&["run", "--rpc-url", &world.node.url, "--bootstrap", &file]).await;
        assert_eq!(said.code, Some(2), "{reason}: {said:?}");
        assert!(said.err.contains(reason), "{reason:?} in {said:?}");
        let rows = ["cursor", "bootstrap", "position", "vvv_opening", "block"];
        for table in rows {
            assert_eq!(young.count(table).await, 0, "{reason}: {table}");
        }
    }
    // A contract that says otherwise of the network or of one address.
    std::fs::write(&file, &whole).unwrap();
    let from = world.finalized();
    let account = economy::actor(1);
    for (what, change) in [("svvv_total_supply", 0), ("vvv of", 1)] {
        world.node.chain(|chain| match change {
            0 => set(chain, from, STAKING, &S::totalSupplyCall {}, &[U256::from(7)]),
            _ => set(chain, from, VVV, &V::balanceOfCall { account }, &[U256::from(7)]),
        });
        let said = young.ask(&["run", "--rpc-url", &world.node.url, "--bootstrap", &file]).await;
        assert_eq!(said.code, Some(2), "{said:?}");
        assert!(said.err.contains(what), "{said:?}");
    }
    full.drop(&pool).await;
    young.drop(&pool).await;
}
