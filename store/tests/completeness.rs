//! Grades are stored as stretches, and nodes as they are seen, over a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::{Address, B256};
use sqlx::PgPool;
use store::append::Batch;
use store::completeness::Grade;
use store::cursor::{BlockRef, Lane};
use store::deployment::{ContractAddresses, Deployment};
use store::node::{NodeHead, NodeHealth, Stalls};
use store::read::{completeness, node};
use store::replay::Replay;
use store::rewind::Rewind;
use store::writer::Writer;

const START: u64 = 100;

async fn writer(pool: &PgPool) -> Writer {
    let writer = Writer::open((*pool.connect_options()).clone()).await.unwrap();
    let [vvv, staking, diem, multicall3] = [1, 2, 3, 4].map(Address::repeat_byte);
    let deployment = Deployment {
        chain_id: 8453,
        start_block: START,
        contracts: ContractAddresses { vvv, staking, diem, multicall3 },
        clock: None,
        finality: None,
        policy: Default::default(),
        implementations: Vec::new(),
        labels: Vec::new(),
        diem_targets: Vec::new(),
    };
    writer.adopt(&deployment).await.unwrap();
    writer
}

fn block(number: u64) -> BlockRef {
    BlockRef { number, hash: Some(B256::with_last_byte(1)) }
}

async fn append(writer: &Writer, lanes: &[Lane], after: Option<u64>, to: u64, grade: Option<Grade>) {
    let batch = Batch { lanes, blocks: &[], after: after.map(block), cursor: block(to), grade };
    writer.append(&batch).await.unwrap();
}

async fn stretches(pool: &PgPool, lane: Lane) -> Vec<(i64, i64, String)> {
    sqlx::query_as("select from_block, to_block, grade from completeness where cursor = $1 order by from_block")
        .bind(lane.name())
        .fetch_all(pool)
        .await
        .unwrap()
}

fn stretch(from: i64, to: i64, grade: Grade) -> (i64, i64, String) {
    (from, to, grade.name().to_owned())
}

#[sqlx::test(migrations = false)]
async fn stretches_grow_while_the_grade_is_the_same_and_are_cut_by_a_rewind(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, &[Lane::Capacity], None, 150, Some(Grade::Agreed)).await;
    append(&writer, &[Lane::Capacity], Some(150), 160, Some(Grade::Agreed)).await;
    append(&writer, &[Lane::Supply], None, 160, Some(Grade::Single)).await;
    append(&writer, &Lane::BOTH, Some(160), 161, Some(Grade::Single)).await;
    append(&writer, &Lane::BOTH, Some(161), 162, Some(Grade::Receipts)).await;
    append(&writer, &Lane::BOTH, Some(162), 163, Some(Grade::Receipts)).await;
    let [single, agreed, receipts] = [Grade::Single, Grade::Agreed, Grade::Receipts];
    let of_capacity = [stretch(100, 160, agreed), stretch(161, 161, single), stretch(162, 163, receipts)];
    assert_eq!(stretches(&pool, Lane::Capacity).await, of_capacity);
    assert_eq!(stretches(&pool, Lane::Supply).await, [stretch(100, 161, single), stretch(162, 163, receipts)]);
    let counted = completeness::counted(&mut pool.acquire().await.unwrap()).await.unwrap();
    let counts = |of: &std::collections::BTreeMap<Grade, u64>| Grade::ALL.map(|grade| of.get(&grade).copied());
    assert_eq!(counts(&counted.capacity), [Some(2), Some(61), Some(1)]);
    assert_eq!(counts(&counted.supply), [Some(2), None, Some(62)]);

    let hash = B256::with_last_byte(1);
    let rewind = Rewind { from_number: 163, from_hash: hash, ancestor_number: 160, ancestor_hash: hash };
    writer.rewind_to(&rewind).await.unwrap();
    assert_eq!(stretches(&pool, Lane::Capacity).await, [stretch(100, 160, agreed)]);
    assert_eq!(stretches(&pool, Lane::Supply).await, [stretch(100, 160, single)]);
    append(&writer, &Lane::BOTH, Some(160), 161, Some(agreed)).await;
    assert_eq!(stretches(&pool, Lane::Capacity).await, [stretch(100, 161, agreed)]);
    append(&writer, &Lane::BOTH, Some(161), 162, None).await;
    assert_eq!(stretches(&pool, Lane::Capacity).await, [stretch(100, 161, agreed)]);
}

#[sqlx::test(migrations = false)]
async fn inputs_had_anew_have_the_grade_they_were_had_at(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, &Lane::BOTH, None, 200, Some(Grade::Single)).await;
    let deployment = B256::with_last_byte(9);
    let replay = Replay { from_block: 150, deployment, refetch: true };
    let shadow = writer.begin_replay(replay).await.unwrap();
    for lane in Lane::BOTH {
        append(shadow.writer(), &[lane], Some(149), 160, Some(Grade::Agreed)).await;
        append(shadow.writer(), &[lane], Some(160), 180, Some(Grade::Agreed)).await;
        // As it was stored: above what is finalized.
        append(shadow.writer(), &[lane], Some(180), 200, None).await;
    }
    shadow.swap(|_| ()).await.unwrap();
    let [single, agreed] = [Grade::Single, Grade::Agreed];
    let expected = [stretch(100, 149, single), stretch(150, 180, agreed), stretch(181, 200, single)];
    for lane in Lane::BOTH {
        assert_eq!(stretches(&pool, lane).await, expected);
    }
}

#[sqlx::test(migrations = false)]
async fn nodes_are_told_anew_each_time(pool: PgPool) {
    let notes = writer(&pool).await.notes();
    let healthy = NodeHealth {
        host: "one.example".into(),
        answered_seconds_ago: Some(3.0),
        head: Some(NodeHead { number: 30, timestamp: 60, seen_seconds_ago: 1.5 }),
        lag_seconds: Some(0),
        latency_ms: Some(12.5),
        error_rate: 0.25,
        requests: 7,
        preferred: true,
        pushes: true,
        excluded: None,
        detail: None,
    };
    let unknown = NodeHealth {
        host: "two.example".into(),
        answered_seconds_ago: None,
        head: None,
        lag_seconds: None,
        latency_ms: None,
        excluded: Some("unchecked"),
        detail: Some("its chain id is not known yet".into()),
        preferred: false,
        ..healthy.clone()
    };
    notes.observe_nodes(&[healthy.clone(), unknown], &Stalls::default()).await.unwrap();
    let nodes = node::all(&mut pool.acquire().await.unwrap()).await.unwrap();
    assert_eq!([&nodes[0].host, &nodes[1].host], ["one.example", "two.example"]);
    assert_eq!((nodes[0].head_number, nodes[0].answered_seconds_ago.unwrap() >= 3), (Some(30), true));
    assert_eq!((nodes[1].excluded.as_deref(), nodes[1].answered_seconds_ago), (Some("unchecked"), None));
    notes.observe_nodes(&[healthy], &Stalls::default()).await.unwrap();
    assert_eq!(node::all(&mut pool.acquire().await.unwrap()).await.unwrap().len(), 1);
}
