//! What the database holds, read with plain SQL into the naive fold's own shape.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, U256};
use sqlx::{PgPool, Row};
use store::cursor::Lane;

type Held = BTreeMap<(&'static str, Address), U256>;

const POSITIONS: &str = "
    select distinct on (address) address, svvv::text, locked::text, outstanding::text, claimed::text,
        diem_liquid::text as diem, diem_staked::text as staked, svvv_cooling::text, diem_cooling::text,
        coalesce(svvv_cooling_ends_at, 0)::text as svvv_ends, coalesce(diem_cooling_ends_at, 0)::text as diem_ends
    from position order by address, block_number desc";
const VVV: &str = "
    select distinct on (address) address, balance::text as vvv from (
        select sender as address, sender_balance as balance, block_number, log_index, 0 as side from vvv_transfer
        where sender_balance is not null
        union all
        select recipient, recipient_balance, block_number, log_index, 1 from vvv_transfer
    ) moves order by address, block_number desc, log_index desc, side desc";
const BURNS: &str = "select distinct on (sender) sender as address, amount::text as burned_by from burn order by sender, block_number desc";
const CAPACITY: &str = "
    select '\\x0000000000000000000000000000000000000000'::bytea as address,
        coalesce((select sum(amount) from event where kind = 'mint'), 0)::text as supply,
        coalesce((select svvv_supply from capacity_totals order by block_number desc limit 1), 0)::text as svvv_supply,
        coalesce((select diem_supply from capacity_totals order by block_number desc limit 1), 0)::text as diem_supply";
const SUPPLY: &str = "
    select '\\x0000000000000000000000000000000000000000'::bytea as address,
        coalesce((select supply from supply_totals order by block_number desc limit 1), 0)::text as supply";

/// Quantities of the fold that each lane tells of. Of VVV's supply both do: one by its mints, the other by its totals.
pub(crate) fn tells(lane: Lane, name: &str) -> bool {
    match lane {
        Lane::Capacity => !["vvv", "burned_by"].contains(&name),
        Lane::Supply => ["vvv", "burned_by", "supply"].contains(&name),
    }
}

/// Everything the fold knows that a lane tells of, as the database has it. What is zero is absent.
pub(crate) async fn held(pool: &PgPool, lane: Lane) -> Held {
    let mut held = Held::new();
    match lane {
        Lane::Capacity => {
            let positions = [
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
            ];
            read(pool, POSITIONS, &positions, &mut held).await;
            read(pool, CAPACITY, &["supply", "svvv_supply", "diem_supply"], &mut held).await;
        }
        Lane::Supply => {
            read(pool, VVV, &["vvv"], &mut held).await;
            read(pool, BURNS, &["burned_by"], &mut held).await;
            read(pool, SUPPLY, &["supply"], &mut held).await;
        }
    }
    held
}

async fn read(pool: &PgPool, sql: &'static str, names: &[&'static str], held: &mut Held) {
    for row in sqlx::query(sql).fetch_all(pool).await.unwrap() {
        let address = Address::from_slice(row.get::<&[u8], _>("address"));
        for name in names {
            let value: U256 = row.get::<&str, _>(*name).parse().unwrap();
            if !value.is_zero() {
                held.insert((name, address), value);
            }
        }
    }
}

/// The last block stored of a lane, and its hash.
pub(crate) async fn cursor(pool: &PgPool, lane: Lane) -> Option<(u64, B256)> {
    let row: Option<(i64, Vec<u8>)> = sqlx::query_as("select block_number, block_hash from cursor where name = $1")
        .bind(lane.name())
        .fetch_optional(pool)
        .await
        .unwrap();
    row.map(|(number, hash)| (number.try_into().unwrap(), B256::from_slice(&hash)))
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
