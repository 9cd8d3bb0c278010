//! Two cursors, together and apart.

use alloy_primitives::{Address, B256, U256, keccak256};
use ledger::event::{Entry, Event, Staking, UserAmount};
use sqlx::PgPool;
use store::StoreError;
use store::append::Batch;
use store::completeness::Grade;
use store::cursor::{Cursors, Lane};
use store::rewind::Rewind;

use crate::world::{
    ALICE, CONTRACTS, append, append_lane, block_ref, blocks, dump, dump_of_rows, hash, of_lane, writer,
};

#[sqlx::test(migrations = false)]
async fn lanes_stored_apart_are_the_same_as_together(pool: PgPool) {
    let writer = writer(&pool).await;
    let all = blocks(&writer, 1, 520).await;
    writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &all,
            after: None,
            cursor: block_ref(520),
            grade: Some(Grade::Single),
        })
        .await
        .unwrap();
    let together = dump(&pool).await;
    sqlx::raw_sql("truncate cursor, block, log, vvv_transfer, reading, inferred, event, position, capacity_totals, supply_totals, burn, mint, parameter, anomaly, completeness")
        .execute(&pool)
        .await
        .unwrap();
    let capacity = of_lane(Lane::Capacity, &all, false);
    append_lane(&writer, Lane::Capacity, &capacity[..519], None).await.unwrap();
    append_lane(&writer, Lane::Capacity, &capacity[519..], Some(519)).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(520)), supply: None });
    let supply = of_lane(Lane::Supply, &all, true);
    append_lane(&writer, Lane::Supply, &supply[..10], None).await.unwrap();
    let refused = append_lane(&writer, Lane::Supply, &supply[10..], Some(520)).await;
    assert!(matches!(refused, Err(StoreError::CursorMoved { .. })), "{refused:?}");
    append_lane(&writer, Lane::Supply, &supply[10..], Some(10)).await.unwrap();
    assert_eq!(dump(&pool).await, together);
}

#[sqlx::test(migrations = false)]
async fn a_rewind_leaves_a_cursor_below_the_ancestor_where_it_is(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let rows = dump_of_rows(&pool).await;
    let later = blocks(&writer, 4, 9).await;
    append_lane(&writer, Lane::Capacity, &of_lane(Lane::Capacity, &later, false), Some(3)).await.unwrap();
    let rewind =
        |from, to| Rewind { from_number: from, from_hash: hash(from), ancestor_number: to, ancestor_hash: hash(to) };
    let refused = writer.rewind_to(&rewind(3, 2)).await;
    assert!(matches!(refused, Err(StoreError::CursorMoved { .. })), "by the cursor of supply: {refused:?}");
    writer.rewind_to(&rewind(9, 5)).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(5)), supply: Some(block_ref(3)) });
    writer.rewind_to(&rewind(5, 3)).await.unwrap();
    assert_eq!(dump_of_rows(&pool).await, rows);
    writer.rewind_to(&rewind(3, 2)).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(2)), supply: Some(block_ref(2)) });
}

#[sqlx::test(migrations = false)]
async fn what_is_stored_already_is_known_to_the_lane_behind(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 4).await.unwrap();
    sqlx::raw_sql("update event set kind = 'unstake_finalized' where kind = 'staked' and block_number = 3")
        .execute(&pool)
        .await
        .unwrap();
    let headers = writer.headers(2, 3).await.unwrap();
    assert_eq!(headers.keys().copied().collect::<Vec<_>>(), [2, 3]);
    assert_eq!((headers[&3].hash, headers[&3].parent_hash, headers[&3].timestamp), (hash(3), Some(hash(2)), 6));
    let word = writer.light_word(2, 3).await.unwrap();
    assert_eq!(word.mints, [(2, 0), (3, 0)]);
    let paid = UserAmount { user: ALICE, amount: U256::from(1_003) };
    let event = Event::Staking(Staking::UnstakeFinalized(paid));
    assert_eq!(word.payouts, [(3, Entry { log_index: 3, tx_index: 0, tx_hash: hash(3), event })]);
}

/// Block, log and transaction index, transaction, address, topics, data.
type LogRow = (i64, i32, i32, Vec<u8>, Vec<u8>, Vec<Vec<u8>>, Vec<u8>);

/// A database from before mints were light logs gets them back from their transfers, to the bit.
#[sqlx::test(migrations = false)]
async fn mints_of_an_older_database_become_light_logs(pool: PgPool) {
    let old: Vec<_> = store::MIGRATIONS.iter().filter(|migration| migration.version < 6).cloned().collect();
    sqlx::migrate::Migrator::with_migrations(old).run(&pool).await.unwrap();
    sqlx::raw_sql(
        "insert into deployment values (true, 1, 1, decode(repeat('00', 32), 'hex'),
             '{\"contracts\": {\"vvv\": \"0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"}}');
         insert into vvv_transfer values
             (7, 2, 1, decode(repeat('77', 32), 'hex'), decode(repeat('00', 20), 'hex'), decode(repeat('01', 20), 'hex'),
              115792089237316195423570985008687907853269984665640564039457584007913129639935, null, 0),
             (8, 0, 0, decode(repeat('88', 32), 'hex'), decode(repeat('01', 20), 'hex'), decode(repeat('00', 20), 'hex'), 1, 0, 0),
             (9, 0, 0, decode(repeat('99', 32), 'hex'), decode(repeat('00', 20), 'hex'), decode(repeat('01', 20), 'hex'), 258, null, 0);",
    )
    .execute(&pool)
    .await
    .unwrap();
    store::MIGRATIONS.run(&pool).await.unwrap();
    let logs: Vec<LogRow> =
        sqlx::query_as("select block_number, log_index, tx_index, tx_hash, address, topics, data from log order by 1")
            .fetch_all(&pool)
            .await
            .unwrap();
    let topics =
        vec![keccak256("Transfer(address,address,uint256)").to_vec(), B256::ZERO.to_vec(), ALICE.into_word().to_vec()];
    let log = |number, log_index, tx_index, tx: u8, amount: U256| {
        let (tx, data) = (vec![tx; 32], amount.to_be_bytes_vec());
        (number, log_index, tx_index, tx, CONTRACTS.vvv.to_vec(), topics.clone(), data)
    };
    assert_eq!(logs, [log(7, 2, 1, 0x77, U256::MAX), log(9, 0, 0, 0x99, U256::from(258))]);
    let events: Vec<(i64, String, String)> =
        sqlx::query_as("select block_number, kind, amount::text from event order by 1").fetch_all(&pool).await.unwrap();
    assert_eq!(events[0], (7, "mint".into(), U256::MAX.to_string()));
    assert_eq!(events[1], (9, "mint".into(), "258".into()));
}

#[sqlx::test(migrations = false)]
async fn balances_without_their_indexes(pool: PgPool) {
    let writer = writer(&pool).await;
    assert!(writer.has_account_indexes().await.unwrap());
    writer.drop_account_indexes().await.unwrap();
    writer.drop_account_indexes().await.unwrap();
    assert!(!writer.has_account_indexes().await.unwrap());
    append(&writer, 1, 4).await.unwrap();
    let mut all = writer.all_accounts().await.unwrap();
    all.sort_unstable_by_key(|(address, _)| *address);
    writer.build_account_indexes().await.unwrap();
    assert!(writer.has_account_indexes().await.unwrap());
    assert_eq!(all, writer.accounts(&[Address::ZERO, ALICE]).await.unwrap());
}

#[sqlx::test(migrations = false)]
async fn a_transfer_that_is_there_twice_is_found_out_when_the_indexes_are_built(pool: PgPool) {
    let writer = writer(&pool).await;
    writer.drop_account_indexes().await.unwrap();
    append(&writer, 1, 4).await.unwrap();
    let again = sqlx::query("insert into vvv_transfer select * from vvv_transfer order by block_number limit 1");
    again.execute(&pool).await.unwrap();
    let error = writer.build_account_indexes().await.unwrap_err();
    assert!(error.to_string().contains("vvv_transfer_place"), "{error}");
    assert!(!writer.has_account_indexes().await.unwrap());
}
