//! What the database holds, read with plain SQL into the naive fold's own shape.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, B256, U256};
use sqlx::{PgPool, Row};
use store::cursor::Lane;

type Held = BTreeMap<(&'static str, Address), U256>;

/// What the fold knows, by name; under 0x0 for the network. VVV's supply is told twice: by the lane of capacity as the
/// sum of what it saw `minted`.
const CAPACITY: [&str; 13] = [
    "svvv",
    "locked",
    "outstanding",
    "claimed",
    "diem",
    "staked",
    "svvv_cooling",
    "diem_cooling",
    "svvv_ends",
    "diem_ends",
    "svvv_supply",
    "diem_supply",
    "minted",
];
const SUPPLY: [&str; 3] = ["vvv", "burned_by", "supply"];
/// One statement, so that everything is of one moment.
const HELD: &str = "
    with positions as (select distinct on (address) * from position order by address, block_number desc),
    moves as (
        select sender as address, sender_balance as balance, block_number, log_index, 0 as side from vvv_transfer
        where sender_balance is not null
        union all
        select recipient, recipient_balance, block_number, log_index, 1 from vvv_transfer),
    vvv as (select distinct on (address) address, balance from moves order by address, block_number desc, log_index desc, side desc),
    burns as (select distinct on (sender) sender, amount from burn order by sender, block_number desc)
    select name, address, value::text from positions, lateral (values
        ('svvv', svvv), ('locked', locked), ('outstanding', outstanding), ('claimed', claimed), ('diem', diem_liquid),
        ('staked', diem_staked), ('svvv_cooling', svvv_cooling), ('diem_cooling', diem_cooling),
        ('svvv_ends', svvv_cooling_ends_at), ('diem_ends', diem_cooling_ends_at)) as figure (name, value) where value > 0
    union all select 'vvv', address, balance::text from vvv where balance > 0
    union all select 'burned_by', sender, amount::text from burns where amount > 0
    union all select name, '\\x0000000000000000000000000000000000000000', value::text from
        (select svvv_supply, diem_supply from capacity_totals order by block_number desc limit 1) totals,
        lateral (values ('svvv_supply', svvv_supply), ('diem_supply', diem_supply)) as figure (name, value) where value > 0
    union all select 'minted', '\\x0000000000000000000000000000000000000000', minted::text from
        (select sum(amount) as minted from event where kind = 'mint') mints where minted > 0
    union all select 'supply', '\\x0000000000000000000000000000000000000000', supply::text from
        (select supply from supply_totals order by block_number desc limit 1) totals where supply > 0";

/// Names of what a lane tells.
pub(crate) fn told_by(lane: Lane) -> &'static [&'static str] {
    match lane {
        Lane::Capacity => &CAPACITY,
        Lane::Supply => &SUPPLY,
    }
}

/// Everything the fold knows, as the database has it. What is zero is absent.
pub(crate) async fn held(pool: &PgPool) -> Held {
    let rows = sqlx::query(HELD).fetch_all(pool).await.unwrap();
    let figure = |row: &sqlx::postgres::PgRow| {
        let name = CAPACITY.into_iter().chain(SUPPLY).find(|name| *name == row.get::<&str, _>(0)).unwrap();
        ((name, Address::from_slice(row.get(1))), row.get::<&str, _>(2).parse().unwrap())
    };
    rows.iter().map(figure).collect()
}

/// The last block stored of each lane, and its hash.
pub(crate) async fn cursors(pool: &PgPool) -> HashMap<Lane, (u64, B256)> {
    let rows: Vec<(String, i64, Vec<u8>)> =
        sqlx::query_as("select name, block_number, block_hash from cursor").fetch_all(pool).await.unwrap();
    let cursor = |(name, number, hash): (String, i64, Vec<u8>)| {
        let lane = Lane::BOTH.into_iter().find(|lane| lane.name() == name).unwrap();
        (lane, (number.try_into().unwrap(), B256::from_slice(&hash)))
    };
    rows.into_iter().map(cursor).collect()
}

pub(crate) async fn has_account_indexes(pool: &PgPool) -> bool {
    let names =
        "select to_regclass('vvv_transfer_sender') is not null and to_regclass('vvv_transfer_recipient') is not null";
    sqlx::query_scalar(names).fetch_one(pool).await.unwrap()
}

/// Of each table how many rows it has and a digest of all of them; but for what is said of writer, node and reorgs.
pub(crate) async fn contents(pool: &PgPool) -> BTreeMap<String, (i64, Option<String>)> {
    let names = "select tablename::text from pg_tables where schemaname = 'public'
                 and tablename not in ('_sqlx_migrations', 'follower', 'node', 'reorg')";
    let names: Vec<String> = sqlx::query_scalar(names).fetch_all(pool).await.unwrap();
    let mut contents = BTreeMap::new();
    for name in names {
        // But for the name of the history, which is another whenever a writer comes.
        let digest = format!(
            "select count(*), md5(string_agg(row, ',' order by row))
               from (select (to_jsonb(t) - 'history')::text as row from {name} t) t"
        );
        let content = sqlx::query_as(sqlx::AssertSqlSafe(digest)).fetch_one(pool).await.unwrap();
        contents.insert(name, content);
    }
    contents
}

/// What sums tell that single rows do not: totals that only the ledger keeps.
pub(crate) async fn totals_are_sums(pool: &PgPool) {
    let wrong: Vec<String> = sqlx::query_scalar(
        "with newest as (select distinct on (address) * from position order by address, block_number desc),
              sums as (select sum(svvv) svvv, sum(locked) locked, sum(svvv_cooling) svvv_cooling, sum(diem_liquid) diem,
                              sum(outstanding) outstanding, sum(diem_staked) staked, sum(diem_cooling) diem_cooling,
                              count(*) filter (where diem_staked > 0) diem_stakers,
                              count(*) filter (where outstanding > 0) minters from newest),
              totals as (select * from capacity_totals order by block_number desc limit 1)
         select name from sums, totals, lateral (values
             ('svvv', sums.svvv = svvv_supply), ('locked', locked = svvv_locked),
             ('svvv_cooling', sums.svvv_cooling = totals.svvv_cooling), ('diem', diem = diem_supply),
             ('outstanding', outstanding = diem_outstanding), ('staked', staked = diem_staked),
             ('diem_cooling', sums.diem_cooling = totals.diem_cooling),
             ('diem_stakers', sums.diem_stakers = totals.diem_stakers), ('minters', sums.minters = totals.minters)
         ) as checks (name, holds) where not holds",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    assert_eq!(wrong, Vec::<String>::new());
}

/// A parameter changed in this block, and the database knows that no event said so.
pub(crate) async fn is_inferred(pool: &PgPool, block: u64) {
    let found: Vec<String> =
        sqlx::query_scalar("select name from parameter where source = 'inferred' and block_number = $1")
            .bind(i64::try_from(block).unwrap())
            .fetch_all(pool)
            .await
            .unwrap();
    assert_eq!(found, ["emission_rate_per_second"], "at block {block}");
}
