//! Figures at many blocks: the same as one by one, and for the price of their points.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use alloy_primitives::Address;
use ledger::parameter::Parameter;
use sqlx::{PgConnection, PgPool};
use store::deployment::{ContractAddresses, Deployment};
use store::read::{Database, Limits, account, mint, series, totals};

const BLOCKS: u64 = 20_000;
/// Each has something in every table, the first two often and the last at the beginning only.
const BUSY: [Address; 3] = [Address::repeat_byte(1), Address::repeat_byte(2), Address::repeat_byte(3)];

/// A long history in little time: rows as the writer would leave them, of figures that mean nothing.
const FILL: &str = "
    insert into block (number, hash, timestamp)
    select n, decode(lpad(to_hex(n), 64, '0'), 'hex'), 1700000000 + n * 100 from generate_series(1, 20000) n;
    insert into vvv_transfer
    select n, 0, 0, decode(repeat('00', 32), 'hex'),
           case when n % 3 = 0 then decode(repeat('01', 20), 'hex') else decode(lpad(to_hex(n % 500), 40, '0'), 'hex') end,
           case when n = 1 then decode(repeat('03', 20), 'hex')
                when n % 5 = 0 then decode(repeat('02', 20), 'hex')
                else decode(lpad(to_hex(n % 700), 40, '0'), 'hex') end, 1, n, n + 7
      from generate_series(1, 20000) n;
    insert into supply_totals (block_number, supply, burned, burn_count, holders, holders_joined, holders_left)
    select n, n * 2, n, n, n, n, 0 from generate_series(1, 20000) n;
    insert into capacity_totals (block_number, svvv_supply, svvv_locked, svvv_cooling, diem_supply, diem_outstanding,
        diem_staked, diem_cooling, diem_minted, diem_minted_count, diem_minted_direct, diem_burned, diem_burned_count,
        diem_burned_direct, stakers, diem_stakers, minters, unknown_logs, svvv_minted, stakes)
    select n, n, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n, 0, 0, 0, n, n from generate_series(1, 20000, 3) n;
    insert into burn select decode(repeat('01', 20), 'hex'), n, n, n from generate_series(1, 20000) n;
    insert into burn values (decode(repeat('03', 20), 'hex'), 1, 5, 1);
    insert into mint select decode(repeat('02', 20), 'hex'), n, 0, 0, n, n, 0, 0 from generate_series(1, 20000) n;
    insert into mint values (decode(repeat('03', 20), 'hex'), 1, 5, 1, 0, 0, 0, 0);
    insert into parameter
    select 'emission_rate_per_second', n, array[case when n < 10000 then 1 else 2 end], 'call', n in (1, 10001)
      from generate_series(1, 20000, 1000) n;
    analyze";

fn deployment() -> Deployment {
    let [vvv, staking, diem] = BUSY;
    Deployment {
        chain_id: 8453,
        start_block: 1,
        contracts: ContractAddresses { vvv, staking, diem, multicall3: Address::ZERO },
        clock: None,
        policy: Default::default(),
        implementations: Vec::new(),
        labels: Vec::new(),
        diem_targets: Vec::new(),
        finality: None,
    }
}

async fn filled(pool: &PgPool) -> Database {
    sqlx::raw_sql(FILL).execute(pool).await.unwrap();
    Database::lazy_with((*pool.connect_options()).clone(), &Limits::default())
}

/// Ends of periods from before the first block to after the last.
fn times() -> Vec<u64> {
    (0..80).map(|period| 1_700_000_000 + period * 30_000 + 100).collect()
}

async fn marks(connection: &mut PgConnection) -> Vec<u64> {
    let marks = series::last_before(connection, &deployment(), &times(), BLOCKS - 1).await.unwrap();
    marks.into_iter().flatten().collect()
}

#[sqlx::test(migrations = "../migrations")]
async fn ends_are_the_last_blocks_before_them(pool: PgPool) {
    let mut reading = filled(&pool).await.begin().await.unwrap();
    let marks = series::last_before(&mut reading, &deployment(), &times(), BLOCKS - 1).await.unwrap();
    assert_eq!(marks[..3], [None, Some(300), Some(600)], "a block at the end is of the next period");
    assert_eq!(marks.last(), Some(&Some(BLOCKS - 1)), "and none is after the block of the answer");
}

#[sqlx::test(migrations = "../migrations")]
async fn many_at_once_are_what_one_by_one_are(pool: PgPool) {
    let mut reading = filled(&pool).await.begin().await.unwrap();
    let marks = marks(&mut reading).await;
    let supply = series::supply(&mut reading, &marks).await.unwrap();
    let capacity = series::capacity(&mut reading, &marks).await.unwrap();
    let recipients: Vec<Address> = mint::minted(&mut reading, BLOCKS).await.unwrap().into_keys().collect();
    assert_eq!(recipients, BUSY[1..]);
    let minted = series::minted(&mut reading, &recipients, &marks).await.unwrap();
    let burned = series::burned_by(&mut reading, &BUSY, &marks).await.unwrap();
    let balances = series::vvv_balances(&mut reading, &BUSY, &marks).await.unwrap();
    for mark in marks {
        assert_eq!(supply[&mark], totals::supply(&mut reading, mark).await.unwrap());
        assert_eq!(capacity[&mark], totals::capacity(&mut reading, mark).await.unwrap());
        let one_minted = mint::minted(&mut reading, mark).await.unwrap();
        let one_burned = totals::burned_by(&mut reading, &BUSY, mark).await.unwrap();
        let one_balance = account::vvv_balances(&mut reading, &BUSY, mark).await.unwrap();
        for whose in BUSY {
            assert_eq!(minted.at(whose, mark), one_minted.get(&whose).copied());
            assert_eq!(burned.at(whose, mark), one_burned.get(&whose).copied());
            assert_eq!(balances.at(whose, mark), one_balance.get(&whose).copied());
        }
    }
}

/// Postgres counts what it does within the transaction.
#[sqlx::test(migrations = "../migrations")]
async fn no_history_is_read_between_the_points(pool: PgPool) {
    let mut reading = filled(&pool).await.begin().await.unwrap();
    let marks = marks(&mut reading).await;
    series::supply(&mut reading, &marks).await.unwrap();
    series::capacity(&mut reading, &marks).await.unwrap();
    mint::minted(&mut reading, BLOCKS).await.unwrap();
    series::minted(&mut reading, &BUSY, &marks).await.unwrap();
    series::burned_by(&mut reading, &BUSY, &marks).await.unwrap();
    series::vvv_balances(&mut reading, &BUSY, &marks).await.unwrap();
    let counted: Vec<(String, i64, i64)> = sqlx::query_as(
        "select relname::text, seq_tup_read, coalesce(idx_tup_fetch, 0) from pg_stat_xact_user_tables
          where relname in ('block', 'vvv_transfer', 'supply_totals', 'capacity_totals', 'burn', 'mint')",
    )
    .fetch_all(&mut *reading)
    .await
    .unwrap();
    let counted: BTreeMap<String, (i64, i64)> =
        counted.into_iter().map(|(table, scanned, found)| (table, (scanned, found))).collect();
    assert_eq!(counted.len(), 6);
    let points = i64::try_from(marks.len()).unwrap();
    for (table, (scanned, found)) in counted {
        assert_eq!(scanned, 0, "{table} is read from end to end");
        assert!((1..=points * 7).contains(&found), "{found} rows of {table} for {points} points");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_parameter_has_a_value_for_each_change_and_no_more(pool: PgPool) {
    let mut reading = filled(&pool).await.begin().await.unwrap();
    let values = series::values(&mut reading, Parameter::EmissionRate, BLOCKS).await.unwrap();
    assert_eq!(values.into_keys().collect::<Vec<_>>(), [1, 10_001]);
}
