//! What the node told us.

use ledger::event::{Event, Vvv};
use sqlx::PgConnection;

use super::StoredBlock;
use crate::StoreError;
use crate::amount::Amount;
use crate::columns::{amounts, bigint, integer};

pub(super) async fn insert_blocks(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    let headers: Vec<_> = blocks.iter().filter(|block| !block.is_known).map(|block| &block.header).collect();
    if headers.is_empty() {
        return Ok(());
    }
    let mut number = Vec::with_capacity(headers.len());
    let mut timestamp = Vec::with_capacity(headers.len());
    for header in &headers {
        number.push(bigint(header.number)?);
        timestamp.push(bigint(header.timestamp)?);
    }
    let hash: Vec<&[u8]> = headers.iter().map(|header| header.hash.as_slice()).collect();
    let parent: Vec<Option<&[u8]>> =
        headers.iter().map(|header| header.parent_hash.as_ref().map(|hash| hash.as_slice())).collect();
    sqlx::query(
        "insert into block (number, hash, parent_hash, timestamp)
         select * from unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[])",
    )
    .bind(number)
    .bind(hash)
    .bind(parent)
    .bind(timestamp)
    .execute(connection)
    .await?;
    Ok(())
}

/// Topics go as four columns, because unnest flattens arrays of arrays.
pub(super) async fn insert_logs(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    let logs: Vec<_> = blocks.iter().flat_map(|block| block.logs.iter().map(move |log| (block, log))).collect();
    if logs.is_empty() {
        return Ok(());
    }
    let mut number = Vec::with_capacity(logs.len());
    let mut log_index = Vec::with_capacity(logs.len());
    let mut tx_index = Vec::with_capacity(logs.len());
    for (block, log) in &logs {
        number.push(bigint(block.header.number)?);
        log_index.push(integer(log.log_index)?);
        tx_index.push(integer(log.tx_index)?);
    }
    let topic = |position: usize| -> Vec<Option<&[u8]>> {
        logs.iter().map(|(_, log)| log.topics.get(position).map(|topic| topic.as_slice())).collect()
    };
    sqlx::query(
        "insert into log (block_number, log_index, tx_index, tx_hash, address, topics, data)
         select n, i, t, h, a, array_remove(array[t0, t1, t2, t3], null), d
         from unnest($1::bigint[], $2::integer[], $3::integer[], $4::bytea[], $5::bytea[],
                     $6::bytea[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bytea[])
              as log (n, i, t, h, a, t0, t1, t2, t3, d)",
    )
    .bind(number)
    .bind(log_index)
    .bind(tx_index)
    .bind(logs.iter().map(|(_, log)| log.tx_hash.as_slice()).collect::<Vec<_>>())
    .bind(logs.iter().map(|(_, log)| log.address.as_slice()).collect::<Vec<_>>())
    .bind(topic(0))
    .bind(topic(1))
    .bind(topic(2))
    .bind(topic(3))
    .bind(logs.iter().map(|(_, log)| log.data.as_ref()).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_vvv_transfers(
    connection: &mut PgConnection,
    blocks: &[StoredBlock],
) -> Result<(), StoreError> {
    let (mut number, mut log_index, mut tx_index, mut tx_hash) = (vec![], vec![], vec![], vec![]);
    let (mut sender, mut recipient, mut amount) = (vec![], vec![], vec![]);
    let (mut sender_balance, mut recipient_balance) = (vec![], vec![]);
    for StoredBlock { block, supply, .. } in blocks {
        let entries = block.entries.iter().filter(|entry| matches!(entry.event, Event::Vvv(Vvv::Transfer(_))));
        for (entry, applied) in entries.zip(&supply.transfers) {
            number.push(bigint(block.number)?);
            log_index.push(integer(applied.log_index)?);
            tx_index.push(integer(entry.tx_index)?);
            tx_hash.push(entry.tx_hash.as_slice());
            sender.push(applied.transfer.from.as_slice());
            recipient.push(applied.transfer.to.as_slice());
            amount.push(Amount(applied.transfer.amount));
            sender_balance.push(applied.sender_balance.map(Amount));
            recipient_balance.push(Amount(applied.recipient_balance));
        }
    }
    if number.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "insert into vvv_transfer (block_number, log_index, tx_index, tx_hash, sender, recipient, amount,
             sender_balance, recipient_balance)
         select * from unnest($1::bigint[], $2::integer[], $3::integer[], $4::bytea[], $5::bytea[], $6::bytea[],
             $7::numeric[], $8::numeric[], $9::numeric[])",
    )
    .bind(number)
    .bind(log_index)
    .bind(tx_index)
    .bind(tx_hash)
    .bind(sender)
    .bind(recipient)
    .bind(amount)
    .bind(sender_balance)
    .bind(recipient_balance)
    .execute(connection)
    .await?;
    Ok(())
}

/// Few, and each an array of its own: a row at a time.
pub(super) async fn insert_readings(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    for StoredBlock { block, .. } in blocks {
        for reading in &block.readings {
            sqlx::query("insert into reading (name, block_number, value) values ($1, $2, $3)")
                .bind(reading.parameter.name())
                .bind(bigint(block.number)?)
                .bind(amounts(&reading.value))
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}
