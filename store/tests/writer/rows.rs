//! What one transaction writes: all of it or nothing, and back again.

use alloy_primitives::{Address, U256};
use ledger::parameter::{Parameter, Parameters};
use ledger::position::{Cooling, Position};
use sqlx::PgPool;
use store::StoreError;
use store::append::Batch;
use store::completeness::Grade;
use store::cursor::{Cursors, Lane};
use store::read::cooldown;
use store::rewind::Rewind;

use crate::world::{ALICE, CONTRACTS, append, block_ref, blocks, dump, hash, writer};

#[sqlx::test(migrations = false)]
async fn a_rewind_leaves_no_trace_of_what_it_undoes(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 5).await.unwrap();
    let before = dump(&pool).await;
    append(&writer, 6, 9).await.unwrap();
    assert_ne!(dump(&pool).await, before);
    let rewind = Rewind { from_number: 9, from_hash: hash(9), ancestor_number: 5, ancestor_hash: hash(5) };
    writer.rewind_to(&rewind).await.unwrap();
    assert_eq!(dump(&pool).await, before);
    let reorgs: i64 = sqlx::query_scalar("select count(*) from reorg").fetch_one(&pool).await.unwrap();
    assert_eq!(reorgs, 1);
}

#[sqlx::test(migrations = false)]
async fn blocks_at_once_and_one_by_one_are_the_same(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 6).await.unwrap();
    let at_once = dump(&pool).await;
    let rewind = Rewind { from_number: 6, from_hash: hash(6), ancestor_number: 1, ancestor_hash: hash(1) };
    writer.rewind_to(&rewind).await.unwrap();
    for number in 2..=6 {
        append(&writer, number, number).await.unwrap();
    }
    assert_eq!(dump(&pool).await, at_once);
}

/// So many transfers at once that they go by COPY, where Postgres is reached by a socket.
#[sqlx::test(migrations = false)]
async fn rows_that_are_copied_and_rows_that_are_inserted_are_the_same(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 1).await.unwrap();
    append(&writer, 2, 520).await.unwrap();
    let at_once = dump(&pool).await;
    let rewind = Rewind { from_number: 520, from_hash: hash(520), ancestor_number: 1, ancestor_hash: hash(1) };
    writer.rewind_to(&rewind).await.unwrap();
    append(&writer, 2, 260).await.unwrap();
    append(&writer, 261, 520).await.unwrap();
    assert_eq!(dump(&pool).await, at_once);
}

#[sqlx::test(migrations = false)]
async fn a_copy_that_fails_half_way_leaves_nothing(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    let mut blocks = blocks(&writer, 4, 520).await;
    blocks[500].header.number = 1;
    let failed = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &blocks,
            after: Some(block_ref(3)),
            cursor: block_ref(520),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
    blocks[500].header.number = 504;
    blocks[400].header.timestamp = u64::MAX;
    let failed = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &blocks,
            after: Some(block_ref(3)),
            cursor: block_ref(520),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Corrupt(_))), "{failed:?}");
    assert_eq!(dump(&pool).await, before);
    append(&writer, 4, 5).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_batch_that_fails_half_way_leaves_nothing(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    let mut blocks = blocks(&writer, 4, 6).await;
    blocks[2].header.number = 1;
    let failed = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &blocks,
            after: Some(block_ref(3)),
            cursor: block_ref(6),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
    assert_eq!(dump(&pool).await, before);
}

#[sqlx::test(migrations = false)]
async fn what_is_loaded_is_what_was_written(pool: PgPool) {
    let writer = writer(&pool).await;
    let applied = blocks(&writer, 1, 4).await.pop().unwrap();
    append(&writer, 1, 4).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(4)), supply: Some(block_ref(4)) });
    assert_eq!(writer.block_hash(3).await.unwrap(), Some(hash(3)));
    assert_eq!(writer.last_timestamp().await.unwrap(), Some(8));
    let state = writer.network_state().await.unwrap();
    assert_eq!((Some(state.capacity), Some(state.supply)), (applied.capacity.totals, applied.supply.totals));
    assert_eq!(state.minted.into_iter().collect::<Vec<_>>(), applied.capacity.minted);
    let minted: u64 = (1..=4).map(|number| 1_000 + number).sum();
    assert_eq!(state.supply.supply, U256::from(minted));
    assert_eq!((state.supply.burned, state.supply.burn_count, state.supply.holders), (U256::from(12), 4, 1));
    assert_eq!(state.parameters.word(Parameter::SvvvCooldown), Some(U256::from(1_004)));
    assert_eq!(state.parameters.get(Parameter::CurveRates), Some([U256::MAX; 256].as_slice()));
    let accounts = writer.accounts(&[Address::ZERO, ALICE, CONTRACTS.vvv]).await.unwrap();
    let balances: Vec<U256> = accounts.iter().map(|(_, account)| account.balance).collect();
    assert_eq!(balances, [U256::from(12), U256::from(minted - 12), U256::ZERO]);
    assert_eq!(accounts[1].1.burned.count, 4);
    let [(_, alice), (_, nobody)] = writer.positions(&[ALICE, CONTRACTS.vvv]).await.unwrap()[..] else { panic!() };
    assert_eq!((alice.svvv, alice.locked, alice.diem_staked), (U256::from(minted), U256::from(280), U256::from(2)));
    assert_eq!(nobody, Default::default());
}

/// In the columns and in the index over them, both of a block and of a time.
#[sqlx::test(migrations = false)]
async fn the_last_end_that_can_be_kept_is_read_back(pool: PgPool) {
    let writer = writer(&pool).await;
    let last = Cooling { amount: U256::from(3), ends_at: Some(Cooling::ENDS_AT_MAX) };
    let mut stored = blocks(&writer, 1, 1).await;
    for (_, position) in &mut stored[0].capacity.positions {
        *position = Position { svvv_cooling: last, diem_cooling: last, ..*position };
    }
    let batch =
        Batch { lanes: &Lane::BOTH, blocks: &stored, after: None, cursor: block_ref(1), grade: Some(Grade::Single) };
    writer.append(&batch).await.unwrap();
    let (_, held) = writer.positions(&[ALICE]).await.unwrap()[0];
    assert_eq!((held.svvv_cooling, held.diem_cooling), (last, last));
    let mut connection = pool.acquire().await.unwrap();
    for timestamp in [2, Cooling::ENDS_AT_MAX - 1] {
        assert!(cooldown::svvv(&mut connection, 1, timestamp).await.unwrap().contains(&last), "{timestamp}");
        assert!(cooldown::diem(&mut connection, 1, timestamp).await.unwrap().contains(&last), "{timestamp}");
    }
}

#[test]
fn parameters_have_names_of_their_own() {
    for parameter in Parameter::ALL {
        assert_eq!(Parameter::from_name(parameter.name()), Some(parameter));
    }
    assert_eq!(Parameters::default().word(Parameter::Treasury), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_reading_that_shows_what_was_known_is_no_change(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 2).await.unwrap();
    append(&writer, 3, 3).await.unwrap();
    let rows: Vec<(String, i64, bool)> =
        sqlx::query_as("select name, block_number, is_change from parameter order by name, block_number")
            .fetch_all(&pool)
            .await
            .unwrap();
    let of = |name: &str, block, is_change| (name.to_owned(), block, is_change);
    assert_eq!(
        rows,
        [
            of("curve_rates", 1, true),
            of("curve_rates", 2, false),
            of("curve_rates", 3, false),
            of("svvv_cooldown_seconds", 1, true),
            of("svvv_cooldown_seconds", 2, true),
            of("svvv_cooldown_seconds", 3, true),
        ]
    );
}
