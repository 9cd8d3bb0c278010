//! Files as cryo writes them: a file of logs and one of blocks for every so many blocks, named after them.

use devnet::scripted::ScriptedNode;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::programs::{Clock, Oracle};
use crate::world::World;

const CHUNK: u64 = 25;

/// cryo's default columns of `blocks` and `logs`, of blocks `from..=to`.
fn chunk(node: &ScriptedNode, from: u64, to: u64) -> (Vec<Value>, Vec<Value>) {
    node.chain(|chain| {
        let blocks = (from..=to).map(|number| chain.block(number).unwrap());
        let headers = blocks.clone().map(|block| {
            json!({
                "block_hash": block.hash, "author": format!("0x{}", "00".repeat(20)),
                "block_number": block.header.number, "gas_used": 21_000, "extra_data": "0x",
                "timestamp": block.header.timestamp, "base_fee_per_gas": 7, "chain_id": 8453,
            })
        });
        let logs = blocks.flat_map(|block| &block.logs).map(|log| {
            let topic = |at: usize| log.topics().get(at).map(ToString::to_string);
            json!({
                "block_number": log.block_number, "transaction_index": log.transaction_index,
                "log_index": log.log_index, "transaction_hash": log.transaction_hash, "address": log.address(),
                "topic0": topic(0), "topic1": topic(1), "topic2": topic(2), "topic3": topic(3),
                "data": log.data().data, "chain_id": 8453,
            })
        });
        (headers.collect(), logs.collect())
    })
}

/// Writes all blocks up to one, a chunk a file.
fn write(node: &ScriptedNode, directory: &str, last: u64, extension: &str, write: impl Fn(&str, &[Value])) {
    let mut from = 0;
    while from <= last {
        let to = (from + CHUNK - 1).min(last);
        let (blocks, logs) = chunk(node, from, to);
        for (dataset, rows) in [("blocks", blocks), ("logs", logs)] {
            write(&format!("{directory}/base__{dataset}__{from:08}_to_{to:08}.{extension}"), &rows);
        }
        from = to + 1;
    }
}

fn write_json(path: &str, rows: &[Value]) {
    std::fs::write(path, serde_json::to_vec(rows).unwrap()).unwrap();
}

/// Files of all blocks: read with a node named, and without.
pub(crate) async fn imported(pool: &PgPool, name: &str, extension: &str, write_one: impl Fn(&str, &[Value])) {
    let world = World::new(61, 80).await;
    let to = world.finalized();
    let full = Oracle::new(pool, name, Clock::Known).await;
    full.done(&["backfill", "--from", "0", "--to", &to.to_string(), "--rpc-url", &world.node.url, "--headers"]).await;
    let files = full.folder("cryo");
    write(&world.node, &files, to, extension, write_one);

    // The node is asked for readings and totals alone.
    let copy = Oracle::new(pool, &format!("{name}_copy"), Clock::Known).await;
    let asked_before = world.node.requests().get("eth_getLogs").copied();
    let arguments = ["backfill", "--from", "0", "--to", &to.to_string(), "--from-files", &files];
    copy.done(&[&arguments[..], &["--rpc-url", &world.node.url]].concat()).await;
    assert_eq!(copy.digests().await, full.digests().await);
    assert_eq!(world.node.requests().get("eth_getLogs").copied(), asked_before);

    // Without one, what no event told is unknown, and all that events tell is the same.
    let alone = Oracle::new(pool, &format!("{name}_alone"), Clock::Known).await;
    alone.done(&arguments).await;
    assert_eq!(alone.count("reading").await, 0);
    let balances = |digests: &str| {
        let of =
            |line: &&str| line.contains("vvv_transfer") || line.contains("supply_totals") || line.contains(" burn ");
        digests.lines().filter(of).map(str::to_owned).collect::<Vec<_>>()
    };
    let digests = full.digests().await;
    assert_eq!(balances(&digests).len(), 3);
    assert_eq!(balances(&alone.digests().await), balances(&digests));
    for oracle in [full, copy, alone] {
        oracle.drop(pool).await;
    }
}

#[sqlx::test(migrations = false)]
async fn json_as_cryo_writes_it_is_read(pool: PgPool) {
    imported(&pool, "cryo_json", "json", write_json).await;
}

#[sqlx::test(migrations = false)]
async fn what_does_not_fit_together_is_refused(pool: PgPool) {
    let world = World::new(62, 80).await;
    let (to, oracle) = (world.finalized(), Oracle::new(&pool, "cryo_wrong", Clock::Known).await);
    let files = oracle.folder("cryo");
    let backfill = ["backfill", "--from", "0", "--to", &to.to_string(), "--from-files", &files];
    let (first, second) = (
        format!("{files}/base__logs__00000000_to_00000024.json"),
        format!("{files}/base__logs__00000025_to_00000049.json"),
    );
    let change = |path: &str, change: &dyn Fn(&mut Vec<Value>)| {
        let mut rows: Vec<Value> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        change(&mut rows);
        write_json(path, &rows);
    };
    let cases: [(&str, &dyn Fn(), i32); 7] = [
        ("no file has the logs of blocks 25 to 49", &|| std::fs::remove_file(&second).unwrap(), 2),
        ("no file tells the block's hash", &|| std::fs::remove_file(first.replace("logs", "blocks")).unwrap(), 2),
        ("is out of order or there twice", &|| change(&first, &|rows| rows.push(rows[0].clone())), 2),
        ("though it is of blocks 0 to 24", &|| change(&first, &|rows| rows[0]["block_number"] = 99.into()), 2),
        (
            "is of chain 1, not 8453",
            &|| change(&first, &|rows| rows.iter_mut().for_each(|row| row["chain_id"] = 1.into())),
            2,
        ),
        (
            "missing field `data`",
            &|| {
                change(&first, &|rows| {
                    rows[0].as_object_mut().unwrap().remove("data");
                })
            },
            2,
        ),
        (
            "the files have two blocks 0",
            &|| {
                let mut blocks: Vec<Value> =
                    serde_json::from_slice(&std::fs::read(first.replace("logs", "blocks")).unwrap()).unwrap();
                let mut other = blocks[0].clone();
                other["block_hash"] = format!("0x{}", "ab".repeat(32)).into();
                blocks.push(other);
                write_json(&first.replace("logs", "blocks"), &blocks);
            },
            2,
        ),
    ];
    for (reason, damage, code) in cases {
        write(&world.node, &files, to, "json", write_json);
        damage();
        let said = oracle.ask(&backfill).await;
        assert_eq!(said.code, Some(code), "{reason}: {said:?}");
        assert!(said.err.contains(reason), "{reason:?} in {said:?}");
        assert_eq!(oracle.count("block").await, 0, "{reason}");
    }
    oracle.drop(&pool).await;
}
