//! Damage done to rows by hand.

use sqlx::PgPool;

/// To each derived table: a row changed, one deleted and a false one inserted, all at or above block 30.
const DERIVED: [(&str, &str); 8] = [
    (
        "anomaly",
        "update anomaly set detail = 'x' where ctid = (select max(ctid) from anomaly where block_number >= 30);
         delete from anomaly where ctid = (select min(ctid) from anomaly where block_number >= 30);
         insert into anomaly values (40, 1, 'false', 'false', 'supply')",
    ),
    (
        "burn",
        "update burn set amount = amount + 1 where (sender, block_number) = (select sender, block_number from burn where block_number >= 30 order by 2 desc, 1 limit 1);
         delete from burn where (sender, block_number) = (select sender, block_number from burn where block_number >= 30 order by 2, 1 limit 1);
         insert into burn values (decode(repeat('fe', 20), 'hex'), 1000000, 1, 1)",
    ),
    (
        "capacity_totals",
        "update capacity_totals set stakers = stakers + 1 where block_number = (select max(block_number) from capacity_totals);
         delete from capacity_totals where block_number = (select min(block_number) from capacity_totals where block_number >= 30);
         insert into capacity_totals select 1000000, svvv_supply, svvv_locked, svvv_cooling, diem_supply, diem_outstanding, diem_staked,
             diem_cooling, diem_minted, diem_minted_count, diem_minted_direct, diem_burned, diem_burned_count, diem_burned_direct, stakers,
             diem_stakers, minters, unknown_logs from capacity_totals limit 1",
    ),
    (
        "event",
        "update event set account = decode(repeat('fe', 20), 'hex') where (block_number, log_index) = (select block_number, log_index from event where block_number >= 30 order by 1 desc, 2 limit 1);
         delete from event where (block_number, log_index) = (select block_number, log_index from event where block_number >= 30 order by 1, 2 limit 1);
         insert into event (block_number, log_index, contract, kind) values (40, 9999, 'diem', 'false')",
    ),
    (
        "parameter",
        "update parameter set value = array[7] where (name, block_number) = (select name, block_number from parameter where block_number >= 30 order by 2 desc, 1 limit 1);
         delete from parameter where (name, block_number) = (select name, block_number from parameter where block_number >= 30 order by 2, 1 limit 1);
         insert into parameter values ('treasury', 41, array[7], 'event')",
    ),
    (
        "position",
        "update position set diem_staked = diem_staked + 1 where (address, block_number) = (select address, block_number from position where block_number >= 30 order by 2 desc, 1 limit 1);
         delete from position where (address, block_number) = (select address, block_number from position where block_number >= 30 order by 2, 1 limit 1);
         insert into position values (decode(repeat('fe', 20), 'hex'), 45, 1, 0, 0, 0, null, 0, 0, 0, null, 0)",
    ),
    (
        "supply_totals",
        "update supply_totals set holders = holders + 1 where block_number = (select max(block_number) from supply_totals);
         delete from supply_totals where block_number = (select min(block_number) from supply_totals where block_number >= 30);
         insert into supply_totals select 1000000, supply, burned, burn_count, holders from supply_totals limit 1",
    ),
    (
        // Its rows are inputs; what is derived of them is the balances.
        "vvv_transfer",
        "update vvv_transfer set sender_balance = 7, recipient_balance = recipient_balance + 1 where block_number >= 30",
    ),
];

/// Damages every derived table; their names, in order.
pub(crate) async fn derived(pool: &PgPool) -> Vec<&'static str> {
    for (_, statements) in DERIVED {
        for statement in statements.split(";\n") {
            let done = sqlx::query(statement).execute(pool).await.unwrap();
            assert!(done.rows_affected() > 0, "there is nothing to damage: {statement}");
        }
    }
    DERIVED.map(|(table, _)| table).to_vec()
}

/// Damages what was had from the node, at or above block 30 and at or below block 70.
pub(crate) async fn inputs(pool: &PgPool) {
    for statement in [
        "update log set data = data || '\\x00'::bytea where (block_number, log_index) = (select block_number, log_index from log where block_number >= 40 order by 1, 2 limit 1)",
        "delete from log where (block_number, log_index) = (select block_number, log_index from log where block_number between 30 and 39 order by 1, 2 limit 1)",
        "insert into log select 50, 9999, 0, tx_hash, address, topics, data from log where block_number >= 30 limit 1",
        "update vvv_transfer set amount = amount + 1, recipient_balance = recipient_balance + 1 where (block_number, log_index) = (select block_number, log_index from vvv_transfer where block_number >= 40 order by 1, 2 limit 1)",
        "delete from vvv_transfer where (block_number, log_index) = (select block_number, log_index from vvv_transfer where block_number between 30 and 39 order by 1, 2 limit 1)",
        "update reading set value = array[7] where (name, block_number) = (select name, block_number from reading where block_number between 30 and 70 order by 2, 1 limit 1)",
        "update block set timestamp = timestamp + 1 where number = (select min(number) from block where number >= 30)",
    ] {
        let done = sqlx::query(statement).execute(pool).await.unwrap();
        assert_eq!(done.rows_affected(), 1, "there is nothing to damage: {statement}");
    }
}
