//! Who may write, over what, and what readers may.

use sqlx::PgPool;
use store::StoreError;
use store::append::Batch;
use store::completeness::Grade;
use store::cursor::Lane;
use store::progress::Progress;
use store::rewind::Rewind;
use store::writer::Writer;

use crate::world::{ALICE, append, block_ref, blocks, deployment, dump, hash, options, writer};

#[sqlx::test(migrations = false)]
async fn a_cursor_that_somebody_moved_stops_the_append(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    let stale = blocks(&writer, 3, 4).await;
    let refused = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &stale,
            after: Some(block_ref(2)),
            cursor: block_ref(4),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(refused, Err(StoreError::CursorMoved { .. })), "{refused:?}");
    let again = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &stale,
            after: None,
            cursor: block_ref(4),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(again, Err(StoreError::CursorMoved { .. })), "{again:?}");
    let rewind = Rewind { from_number: 9, from_hash: hash(9), ancestor_number: 1, ancestor_hash: hash(1) };
    assert!(matches!(writer.rewind_to(&rewind).await, Err(StoreError::CursorMoved { .. })));
    assert_eq!(dump(&pool).await, before);
}

#[sqlx::test(migrations = false)]
async fn rows_of_two_derivations_do_not_go_together(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    sqlx::query("update derivation set revision = revision + 1").execute(&pool).await.unwrap();
    let refused = append(&writer, 4, 4).await;
    assert!(matches!(refused, Err(StoreError::OtherDerivation { .. })), "{refused:?}");
    assert_eq!(dump(&pool).await, before);
    sqlx::query("delete from cursor").execute(&pool).await.unwrap();
    assert!(matches!(append(&writer, 1, 1).await, Err(StoreError::OtherDerivation { .. })));
    writer.adopt(&deployment()).await.unwrap();
    assert_eq!(writer.derivation_revision().await.unwrap(), ledger::DERIVATION_REVISION, "nothing of another is left");
}

#[sqlx::test(migrations = false)]
async fn one_writer_at_a_time(pool: PgPool) {
    let first = writer(&pool).await;
    let second = Writer::open(options(&pool)).await;
    assert!(matches!(&second, Err(StoreError::Locked { holder }) if holder.contains("venice-indexer")), "{second:?}");
    drop(first);
    Writer::open(options(&pool)).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_database_keeps_to_its_deployment(pool: PgPool) {
    let writer = writer(&pool).await;
    let mut relabelled = deployment();
    relabelled.policy.allocation = store::deployment::AllocationName::EpochOpen;
    writer.adopt(&relabelled).await.unwrap();
    let stored: serde_json::Value =
        sqlx::query_scalar("select document from deployment").fetch_one(&pool).await.unwrap();
    assert_eq!(stored["policy"]["allocation"], "epoch_open");
    let mut other = deployment();
    other.contracts.diem = ALICE;
    let refused = writer.adopt(&other).await;
    assert!(matches!(refused, Err(StoreError::OtherDeployment { field: "contracts.diem", .. })), "{refused:?}");
}

#[sqlx::test(migrations = false)]
async fn finalized_never_falls_and_complaints_are_no_news(pool: PgPool) {
    let writer = writer(&pool).await;
    let progress = |finalized_number| Progress { head_number: 50, finalized_number, ..Progress::default() };
    writer.observe(&progress(Some(40))).await.unwrap();
    writer.observe(&progress(Some(30))).await.unwrap();
    assert_eq!(writer.finalized().await.unwrap(), Some(40));
    let observed = "select observed_at::text from follower";
    let before: String = sqlx::query_scalar(observed).fetch_one(&pool).await.unwrap();
    writer.complain(&Progress { halted: Some("why".into()), ..progress(None) }).await.unwrap();
    let after: String = sqlx::query_scalar(observed).fetch_one(&pool).await.unwrap();
    assert_eq!(before, after);
    let halted: Option<String> = sqlx::query_scalar("select halted from follower").fetch_one(&pool).await.unwrap();
    assert_eq!(halted.as_deref(), Some("why"));
}

#[sqlx::test(migrations = false)]
async fn readers_can_only_read(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 1).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    sqlx::query("set role capacity_reader").execute(&mut *connection).await.unwrap();
    let read: i64 = sqlx::query_scalar("select count(*) from position").fetch_one(&mut *connection).await.unwrap();
    assert_eq!(read, 1);
    for forbidden in [
        "delete from position",
        "update cursor set block_number = 0",
        "insert into anomaly values (1, 1, 'x', 'x', 'supply')",
        "truncate block",
        "drop table block",
        "create table mine (x int)",
    ] {
        let error = sqlx::query(forbidden).execute(&mut *connection).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{forbidden}");
    }
}
