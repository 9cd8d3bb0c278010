//! Blocks of the same chain undone and stored again, and what tells readers of it.

use alloy_primitives::{B128, U256};
use ledger::halt::{Anomaly, AnomalyKind};
use ledger::parameter::{Parameter, Untold};
use sqlx::PgPool;
use store::append::StoredBlock;
use store::cursor::Lane;
use store::inferred::UntoldByBlock;
use store::read::{Database, Limits, digest, progress};
use store::reconciliation::Repair;
use store::rewind::Rewind;
use store::writer::Writer;

use crate::world::{append, append_lane, blocks, deployment, dump, hash, of_lane, options, writer};

const FIRST: u64 = 4;
const LAST: u64 = 6;

async fn repair(writer: &Writer, lane: Lane, first_block: u64) {
    let (derived, contract) = (U256::ZERO, U256::ONE);
    let repair = Repair { lane, first_block, differs_at: first_block, figure: "supply", derived, contract };
    writer.repair(&repair).await.unwrap();
}

async fn append_supply(writer: &Writer, blocks: &[StoredBlock]) {
    append_lane(writer, Lane::Supply, &of_lane(Lane::Supply, blocks, true), Some(FIRST - 1)).await.unwrap();
}

async fn anomalies(pool: &PgPool, lane: Lane) -> Vec<String> {
    let rows = sqlx::query_scalar("select anomaly::text from anomaly where lane = $1 order by block_number, log_index");
    rows.bind(lane.name()).fetch_all(pool).await.unwrap()
}

/// What the lane of supply noted comes back with its blocks once, or not at all; of the other lane's nothing is touched.
#[sqlx::test(migrations = false)]
async fn a_repair_of_supply_takes_back_what_supply_noted(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, FIRST - 1).await.unwrap();
    let again = blocks(&writer, FIRST, LAST).await;
    let mut noted = again.clone();
    for stored in &mut noted[1..] {
        let (kind, detail) = (AnomalyKind::UnwitnessedEvent, "no transfer goes with it".to_owned());
        stored.supply.anomalies.push(Anomaly { log_index: Some(3), kind, detail });
    }
    let light = of_lane(Lane::Capacity, &noted, false);
    append_lane(&writer, Lane::Capacity, &light, Some(FIRST - 1)).await.unwrap();
    append_supply(&writer, &noted).await;
    let (before, of_capacity) = (dump(&pool).await, anomalies(&pool, Lane::Capacity).await);
    assert_eq!(anomalies(&pool, Lane::Supply).await.len(), 2);
    assert!(!of_capacity.is_empty());

    repair(&writer, Lane::Supply, FIRST).await;
    assert!(anomalies(&pool, Lane::Supply).await.is_empty());
    assert_eq!(anomalies(&pool, Lane::Capacity).await, of_capacity);
    append_supply(&writer, &noted).await;
    assert_eq!(dump(&pool).await, before, "not twice");

    repair(&writer, Lane::Supply, LAST).await;
    assert_eq!(anomalies(&pool, Lane::Supply).await.len(), 1, "that of the block below stays");

    repair(&writer, Lane::Supply, FIRST).await;
    append_supply(&writer, &again).await;
    assert!(anomalies(&pool, Lane::Supply).await.is_empty());
    assert_eq!(anomalies(&pool, Lane::Capacity).await, of_capacity);
}

async fn history(pool: &PgPool) -> B128 {
    let database = Database::lazy_with(options(pool), &Limits::default());
    progress::progress(&mut database.begin().await.unwrap()).await.unwrap().derivation.history
}

/// Ends the session that holds the writer lock, and waits until it has ended.
async fn end_lock(pool: &PgPool) {
    let ended: Vec<bool> = sqlx::query_scalar(
        "select pg_terminate_backend(pid, 10000) from pg_locks
          where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(ended, [true]);
}

/// Same blocks, other rows: whoever keeps what was read is told by another name.
#[sqlx::test(migrations = false)]
async fn a_history_ends_with_its_rows(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, LAST).await.unwrap();
    let first = history(&pool).await;
    writer.adopt(&deployment()).await.unwrap();
    let rewind = Rewind { from_number: LAST, from_hash: hash(LAST), ancestor_number: 5, ancestor_hash: hash(5) };
    writer.rewind_to(&rewind).await.unwrap();
    append(&writer, LAST, LAST).await.unwrap();
    assert_eq!(history(&pool).await, first, "other blocks have other hashes");

    let mut names = vec![first];
    repair(&writer, Lane::Supply, 5).await;
    names.push(history(&pool).await);
    let untold = Untold { parameter: Parameter::SvvvCooldown, after_block: 3 };
    writer.infer(&UntoldByBlock::from([(FIRST, vec![untold])])).await.unwrap();
    names.push(history(&pool).await);
    // As in a backup that was made before, and is mended in its turn.
    sqlx::query("update derivation set history = $1::text::uuid, replays = 0")
        .bind(first.to_string().trim_start_matches("0x"))
        .execute(&pool)
        .await
        .unwrap();
    assert_eq!(history(&pool).await, first);
    repair(&writer, Lane::Capacity, 3).await;
    names.push(history(&pool).await);
    repair(&writer, Lane::Capacity, 1).await;
    names.push(history(&pool).await);
    // A writer that comes back, or another that comes, finds what may have been put back meanwhile.
    writer.hold_lock().await.unwrap();
    assert_eq!(history(&pool).await, names[names.len() - 1], "it never went away");
    end_lock(&pool).await;
    writer.hold_lock().await.unwrap();
    names.push(history(&pool).await);
    end_lock(&pool).await;
    let _other = crate::world::writer(&pool).await;
    names.push(history(&pool).await);
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}

/// What is derived from the same inputs is the same in every database.
#[sqlx::test(migrations = false)]
async fn a_history_is_in_no_digest(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, LAST).await.unwrap();
    let database = Database::lazy_with(options(&pool), &Limits::default());
    let digests = async || digest::derived(&mut database.begin().await.unwrap()).await.unwrap();
    let before = (history(&pool).await, digests().await);
    repair(&writer, Lane::Capacity, 1).await;
    append(&writer, 1, LAST).await.unwrap();
    assert_eq!(digests().await, before.1);
    assert_ne!(history(&pool).await, before.0);
}
