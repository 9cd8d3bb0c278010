//! The machine's own limit: rows a second of binary COPY into the transfers' table, and nothing else.

use std::time::{Duration, Instant};

use alloy_primitives::{Address, keccak256};
use anyhow::Result;
use sqlx::{Connection, Executor, PgConnection};

use crate::economy::{TRANSFERS_PER_BLOCK, Transfer};

const ROWS_AT_ONCE: usize = 20_000;
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();

/// How long the rows take: one connection, 20,000 rows a transaction, numeric(78,0), primary key. Encoded beforehand.
pub(crate) async fn copy(url: &str, transfers: &[Transfer], addresses: &[Address]) -> Result<Duration> {
    let mut connection = PgConnection::connect(url).await?;
    connection
        .execute(
            "create table raw (block_number bigint, log_index integer, tx_index integer, tx_hash bytea, sender bytea,
                 recipient bytea, amount numeric(78, 0), sender_balance numeric(78, 0),
                 recipient_balance numeric(78, 0), primary key (block_number, log_index))",
        )
        .await?;
    let chunks: Vec<Vec<u8>> = (0_u64..)
        .step_by(ROWS_AT_ONCE)
        .zip(transfers.chunks(ROWS_AT_ONCE))
        .map(|(first, chunk)| encode(first, chunk, addresses))
        .collect();
    let started = Instant::now();
    for chunk in chunks {
        let mut transaction = connection.begin().await?;
        let mut copy = transaction.copy_in_raw("copy raw from stdin (format binary)").await?;
        copy.send(chunk).await?;
        copy.finish().await?;
        transaction.commit().await?;
    }
    let took = started.elapsed();
    connection.execute("drop table raw").await?;
    Ok(took)
}

fn encode(first: u64, transfers: &[Transfer], addresses: &[Address]) -> Vec<u8> {
    let mut rows = HEADER.to_vec();
    for (position, transfer) in (first..).zip(transfers) {
        let log_index = u32::try_from(position % TRANSFERS_PER_BLOCK).unwrap_or_default();
        rows.extend_from_slice(&9_i16.to_be_bytes());
        field(&mut rows, &transfer.block.to_be_bytes());
        field(&mut rows, &log_index.to_be_bytes());
        field(&mut rows, &log_index.to_be_bytes());
        field(&mut rows, keccak256(position.to_be_bytes()).as_slice());
        field(&mut rows, addresses[transfer.from as usize].as_slice());
        field(&mut rows, addresses[transfer.to as usize].as_slice());
        // The amount stands in for the balances: as many digits.
        for _ in 0..3 {
            field(&mut rows, &numeric(transfer.amount));
        }
    }
    rows.extend_from_slice(&TRAILER);
    rows
}

fn field(rows: &mut Vec<u8>, bytes: &[u8]) {
    let length = u32::try_from(bytes.len()).unwrap_or_default();
    rows.extend_from_slice(&length.to_be_bytes());
    rows.extend_from_slice(bytes);
}

/// Digits of base 10,000, the most significant first, after their count, the weight of the first, sign and scale.
fn numeric(mut value: u128) -> Vec<u8> {
    let mut digits = Vec::new();
    while value > 0 {
        digits.push(u16::try_from(value % 10_000).unwrap_or_default());
        value /= 10_000;
    }
    let count = u16::try_from(digits.len()).unwrap_or_default();
    let head = [count, count.saturating_sub(1), 0, 0];
    head.into_iter().chain(digits.into_iter().rev()).flat_map(u16::to_be_bytes).collect()
}
