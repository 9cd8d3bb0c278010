//! What the ledger made of it.

use alloy_primitives::U256;
use ledger::halt::Anomaly;
use ledger::mint::Minted;
use ledger::position::Position;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use sqlx::PgConnection;

use super::StoredBlock;
use super::event_row::event_row;
use crate::StoreError;
use crate::amount::Amount;
use crate::columns::{Corrupt, amounts, bigint, integer};
use crate::cursor::Lane;

pub(super) async fn insert_events(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    let (mut number, mut log_index, mut rows) = (vec![], vec![], vec![]);
    for StoredBlock { block, capacity, .. } in blocks {
        for entry in &block.entries {
            let Some(row) = event_row(entry, capacity) else { continue };
            number.push(bigint(block.number)?);
            log_index.push(integer(entry.log_index)?);
            rows.push(row);
        }
    }
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into event (block_number, log_index, contract, kind, account, counterparty, amount, svvv_amount, direct)
         select * from unnest($1::bigint[], $2::integer[], $3::text[], $4::text[], $5::bytea[], $6::bytea[],
             $7::numeric[], $8::numeric[], $9::boolean[])",
    )
    .bind(number)
    .bind(log_index)
    .bind(rows.iter().map(|row| row.contract).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.account.as_ref().map(|a| a.as_slice())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.counterparty.as_ref().map(|a| a.as_slice())).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.amount.map(Amount)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.svvv_amount.map(Amount)).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.direct).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_positions(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    let (mut number, mut address, mut positions) = (vec![], vec![], vec![]);
    for StoredBlock { block, capacity, .. } in blocks {
        for (whose, position) in &capacity.positions {
            number.push(bigint(block.number)?);
            address.push(whose.as_slice());
            positions.push(position);
        }
    }
    if positions.is_empty() {
        return Ok(());
    }
    let amounts = |of: fn(&Position) -> U256| -> Vec<Amount> { positions.iter().map(|p| Amount(of(p))).collect() };
    let times = |of: fn(&Position) -> Option<u64>| -> Result<Vec<Option<i64>>, Corrupt> {
        positions.iter().map(|p| of(p).map(bigint).transpose()).collect()
    };
    sqlx::query(
        "insert into position (address, block_number, svvv, locked, outstanding, svvv_cooling, svvv_cooling_ends_at,
             diem_liquid, diem_staked, diem_cooling, diem_cooling_ends_at, claimed, reward_debt)
         select * from unnest($1::bytea[], $2::bigint[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[],
             $7::bigint[], $8::numeric[], $9::numeric[], $10::numeric[], $11::bigint[], $12::numeric[], $13::numeric[])",
    )
    .bind(address)
    .bind(number)
    .bind(amounts(|p| p.svvv))
    .bind(amounts(|p| p.locked))
    .bind(amounts(|p| p.outstanding))
    .bind(amounts(|p| p.svvv_cooling.amount))
    .bind(times(|p| p.svvv_cooling.ends_at)?)
    .bind(amounts(|p| p.diem_liquid))
    .bind(amounts(|p| p.diem_staked))
    .bind(amounts(|p| p.diem_cooling.amount))
    .bind(times(|p| p.diem_cooling.ends_at)?)
    .bind(amounts(|p| p.claimed))
    .bind(positions.iter().map(|p| p.reward_debt.map(Amount)).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_capacity_totals(
    connection: &mut PgConnection,
    blocks: &[StoredBlock],
) -> Result<(), StoreError> {
    let mut number = vec![];
    let mut totals = vec![];
    for StoredBlock { block, capacity, .. } in blocks {
        if let Some(changed) = &capacity.totals {
            number.push(bigint(block.number)?);
            totals.push(changed);
        }
    }
    if totals.is_empty() {
        return Ok(());
    }
    let amounts = |of: fn(&CapacityTotals) -> U256| -> Vec<Amount> { totals.iter().map(|t| Amount(of(t))).collect() };
    let counts = |of: fn(&CapacityTotals) -> u64| -> Result<Vec<i64>, Corrupt> {
        totals.iter().map(|t| bigint(of(t))).collect()
    };
    let rewarded_until = totals.iter().map(|t| t.rewards.map(|rewards| bigint(rewards.rewarded_until)).transpose());
    let rewarded_until = rewarded_until.collect::<Result<Vec<_>, _>>()?;
    sqlx::query(
        "insert into capacity_totals (block_number, svvv_supply, svvv_locked, svvv_cooling, diem_supply,
             diem_outstanding, diem_staked, diem_cooling, diem_minted, diem_minted_count, diem_minted_direct,
             diem_burned, diem_burned_count, diem_burned_direct, stakers, diem_stakers, minters, unknown_logs,
             svvv_minted, svvv_burned, svvv_cooling_accounts, stakes, unstakes, claimed, claimed_count,
             diem_cooling_accounts, stakers_joined, stakers_left, diem_stakers_joined, diem_stakers_left,
             genesis_end_block, acc_unlocked, acc_locked, rewarded_until)
         select * from unnest($1::bigint[], $2::numeric[], $3::numeric[], $4::numeric[], $5::numeric[], $6::numeric[],
             $7::numeric[], $8::numeric[], $9::numeric[], $10::bigint[], $11::numeric[], $12::numeric[], $13::bigint[],
             $14::numeric[], $15::bigint[], $16::bigint[], $17::bigint[], $18::bigint[], $19::numeric[], $20::numeric[],
             $21::bigint[], $22::bigint[], $23::bigint[], $24::numeric[], $25::bigint[], $26::bigint[], $27::bigint[],
             $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[], $32::numeric[], $33::numeric[],
             $34::bigint[])",
    )
    .bind(number)
    .bind(amounts(|t| t.svvv_supply))
    .bind(amounts(|t| t.svvv_locked))
    .bind(amounts(|t| t.svvv_cooling))
    .bind(amounts(|t| t.diem_supply))
    .bind(amounts(|t| t.diem_outstanding))
    .bind(amounts(|t| t.diem_staked))
    .bind(amounts(|t| t.diem_cooling))
    .bind(amounts(|t| t.diem_minted.amount))
    .bind(counts(|t| t.diem_minted.count)?)
    .bind(amounts(|t| t.diem_minted_direct))
    .bind(amounts(|t| t.diem_burned.amount))
    .bind(counts(|t| t.diem_burned.count)?)
    .bind(amounts(|t| t.diem_burned_direct))
    .bind(counts(|t| t.stakers)?)
    .bind(counts(|t| t.diem_stakers)?)
    .bind(counts(|t| t.minters)?)
    .bind(counts(|t| t.unknown_logs)?)
    .bind(amounts(|t| t.svvv_minted))
    .bind(amounts(|t| t.svvv_burned))
    .bind(counts(|t| t.svvv_cooling_accounts)?)
    .bind(counts(|t| t.stakes)?)
    .bind(counts(|t| t.unstakes)?)
    .bind(amounts(|t| t.claimed.amount))
    .bind(counts(|t| t.claimed.count)?)
    .bind(counts(|t| t.diem_cooling_accounts)?)
    .bind(counts(|t| t.stakers_joined)?)
    .bind(counts(|t| t.stakers_left)?)
    .bind(counts(|t| t.diem_stakers_joined)?)
    .bind(counts(|t| t.diem_stakers_left)?)
    .bind(totals.iter().map(|t| t.genesis_end_block.map(bigint).transpose()).collect::<Result<Vec<_>, _>>()?)
    .bind(totals.iter().map(|t| t.rewards.map(|rewards| Amount(rewards.acc_unlocked))).collect::<Vec<_>>())
    .bind(totals.iter().map(|t| t.rewards.map(|rewards| Amount(rewards.acc_locked))).collect::<Vec<_>>())
    .bind(rewarded_until)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_supply_totals(
    connection: &mut PgConnection,
    blocks: &[StoredBlock],
) -> Result<(), StoreError> {
    let (mut number, mut totals) = (vec![], vec![]);
    for StoredBlock { block, supply, .. } in blocks {
        if let Some(changed) = &supply.totals {
            number.push(bigint(block.number)?);
            totals.push(changed);
        }
    }
    if totals.is_empty() {
        return Ok(());
    }
    let counts =
        |of: fn(&SupplyTotals) -> u64| -> Result<Vec<i64>, Corrupt> { totals.iter().map(|t| bigint(of(t))).collect() };
    sqlx::query(
        "insert into supply_totals (block_number, supply, burned, burn_count, holders, holders_joined, holders_left)
         select * from unnest($1::bigint[], $2::numeric[], $3::numeric[], $4::bigint[], $5::bigint[], $6::bigint[],
             $7::bigint[])",
    )
    .bind(number)
    .bind(totals.iter().map(|t| Amount(t.supply)).collect::<Vec<_>>())
    .bind(totals.iter().map(|t| Amount(t.burned)).collect::<Vec<_>>())
    .bind(counts(|t| t.burn_count)?)
    .bind(counts(|t| t.holders)?)
    .bind(counts(|t| t.holders_joined)?)
    .bind(counts(|t| t.holders_left)?)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_burns(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    let (mut sender, mut number, mut amount, mut count) = (vec![], vec![], vec![], vec![]);
    for StoredBlock { block, supply, .. } in blocks {
        for (whose, burned) in &supply.burns {
            sender.push(whose.as_slice());
            number.push(bigint(block.number)?);
            amount.push(Amount(burned.amount));
            count.push(bigint(burned.count)?);
        }
    }
    if number.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into burn (sender, block_number, amount, count)
         select * from unnest($1::bytea[], $2::bigint[], $3::numeric[], $4::bigint[])",
    )
    .bind(sender)
    .bind(number)
    .bind(amount)
    .bind(count)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_mints(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    let (mut recipient, mut number, mut minted) = (vec![], vec![], vec![]);
    for StoredBlock { block, capacity, .. } in blocks {
        for (whose, totals) in &capacity.minted {
            recipient.push(whose.as_slice());
            number.push(bigint(block.number)?);
            minted.push(totals);
        }
    }
    if minted.is_empty() {
        return Ok(());
    }
    let amounts = |of: fn(&Minted) -> Tally| -> Vec<Amount> { minted.iter().map(|m| Amount(of(m).amount)).collect() };
    let counts = |of: fn(&Minted) -> Tally| -> Result<Vec<i64>, Corrupt> {
        minted.iter().map(|m| bigint(of(m).count)).collect()
    };
    sqlx::query(
        "insert into mint (recipient, block_number, genesis_amount, genesis_count, amount, count, undated_amount,
             undated_count)
         select * from unnest($1::bytea[], $2::bigint[], $3::numeric[], $4::bigint[], $5::numeric[], $6::bigint[],
             $7::numeric[], $8::bigint[])",
    )
    .bind(recipient)
    .bind(number)
    .bind(amounts(|m| m.genesis))
    .bind(counts(|m| m.genesis)?)
    .bind(amounts(|m| m.emitted))
    .bind(counts(|m| m.emitted)?)
    .bind(amounts(|m| m.undated))
    .bind(counts(|m| m.undated)?)
    .execute(connection)
    .await?;
    Ok(())
}

/// Few, and each an array of its own: a row at a time.
pub(super) async fn insert_parameters(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    for StoredBlock { block, capacity, .. } in blocks {
        for change in &capacity.parameters {
            sqlx::query(
                "insert into parameter (name, block_number, value, source, is_change)
                 select $1, $2, $3::numeric[], $4, coalesce((
                     select value is distinct from $3::numeric[] from parameter
                      where name = $1 and block_number < $2 order by block_number desc limit 1), true)",
            )
            .bind(change.parameter.name())
            .bind(bigint(block.number)?)
            .bind(change.value.as_deref().map(amounts))
            .bind(change.source.name())
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

/// Rare: a row at a time.
pub(super) async fn insert_anomalies(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    for StoredBlock { block, capacity, supply, .. } in blocks {
        for (lane, anomalies) in [(Lane::Capacity, &capacity.anomalies), (Lane::Supply, &supply.anomalies)] {
            for anomaly in anomalies {
                insert_anomaly(connection, block.number, lane, anomaly).await?;
            }
        }
    }
    Ok(())
}

async fn insert_anomaly(
    connection: &mut PgConnection,
    block_number: u64,
    lane: Lane,
    anomaly: &Anomaly,
) -> Result<(), StoreError> {
    sqlx::query("insert into anomaly (block_number, log_index, kind, detail, lane) values ($1, $2, $3, $4, $5)")
        .bind(bigint(block_number)?)
        .bind(anomaly.log_index.map(integer).transpose()?)
        .bind(anomaly.kind.name())
        .bind(&anomaly.detail)
        .bind(lane.name())
        .execute(connection)
        .await?;
    Ok(())
}
