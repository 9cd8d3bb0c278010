//! Blocks and VVV transfers by binary COPY: twice as fast as arrays of values, where there are thousands of rows.

use ledger::event::{Event, Vvv};
use sqlx::PgConnection;

use super::StoredBlock;
use crate::StoreError;
use crate::amount::Amount;
use crate::columns::{Corrupt, bigint, integer};

/// Signature, flags, length of the header's extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// Sent at once, so that Postgres works on rows while the next are encoded.
const CHUNK_BYTES: usize = 256 << 10;

pub(super) async fn copy_blocks(connection: &mut PgConnection, blocks: &[StoredBlock]) -> Result<(), StoreError> {
    let into = "copy block (number, hash, parent_hash, timestamp) from stdin (format binary)";
    copy(connection, into, blocks, |rows, StoredBlock { header, is_known, .. }| {
        if *is_known {
            return Ok(());
        }
        rows.begin(4);
        rows.bigint(header.number)?;
        rows.bytes(header.hash.as_slice())?;
        match &header.parent_hash {
            Some(hash) => rows.bytes(hash.as_slice())?,
            None => rows.null(),
        }
        rows.bigint(header.timestamp)
    })
    .await
}

pub(super) async fn copy_vvv_transfers(
    connection: &mut PgConnection,
    blocks: &[StoredBlock],
) -> Result<(), StoreError> {
    let into = "copy vvv_transfer (block_number, log_index, tx_index, tx_hash, sender, recipient, amount,
                    sender_balance, recipient_balance) from stdin (format binary)";
    copy(connection, into, blocks, |rows, StoredBlock { block, supply, .. }| {
        let entries = block.entries.iter().filter(|entry| matches!(entry.event, Event::Vvv(Vvv::Transfer(_))));
        for (entry, applied) in entries.zip(&supply.transfers) {
            rows.begin(9);
            rows.bigint(block.number)?;
            rows.integer(applied.log_index)?;
            rows.integer(entry.tx_index)?;
            rows.bytes(entry.tx_hash.as_slice())?;
            rows.bytes(applied.transfer.from.as_slice())?;
            rows.bytes(applied.transfer.to.as_slice())?;
            rows.amount(Amount(applied.transfer.amount))?;
            match applied.sender_balance {
                Some(balance) => rows.amount(Amount(balance))?,
                None => rows.null(),
            }
            rows.amount(Amount(applied.recipient_balance))?;
        }
        Ok(())
    })
    .await
}

async fn copy(
    connection: &mut PgConnection,
    into: &'static str,
    blocks: &[StoredBlock],
    encode: impl Fn(&mut Rows, &StoredBlock) -> Result<(), Corrupt>,
) -> Result<(), StoreError> {
    let mut copy = connection.copy_in_raw(into).await?;
    let mut rows = Rows(HEADER.to_vec());
    for block in blocks {
        if let Err(Corrupt(why)) = encode(&mut rows, block) {
            copy.abort(why.as_str()).await?;
            return Err(StoreError::Corrupt(why));
        }
        if rows.0.len() >= CHUNK_BYTES {
            copy.send(rows.0.as_slice()).await?;
            rows.0.clear();
        }
    }
    rows.0.extend_from_slice(&TRAILER);
    copy.send(rows.0.as_slice()).await?;
    copy.finish().await?;
    Ok(())
}

/// Rows in COPY's binary format: the number of fields, then each field's length and bytes.
struct Rows(Vec<u8>);

impl Rows {
    fn begin(&mut self, fields: i16) {
        self.0.extend_from_slice(&fields.to_be_bytes());
    }

    fn bigint(&mut self, value: u64) -> Result<(), Corrupt> {
        self.bytes(&bigint(value)?.to_be_bytes())
    }

    fn integer(&mut self, value: u32) -> Result<(), Corrupt> {
        self.bytes(&integer(value)?.to_be_bytes())
    }

    fn amount(&mut self, value: Amount) -> Result<(), Corrupt> {
        let start = self.0.len();
        self.0.extend_from_slice(&[0; 4]);
        value.write(&mut self.0);
        let length = i32::try_from(self.0.len() - start - 4).map_err(|_| Corrupt("an amount too long".into()))?;
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Corrupt> {
        let length = i32::try_from(bytes.len()).map_err(|_| Corrupt("a field too long".into()))?;
        self.0.extend_from_slice(&length.to_be_bytes());
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn null(&mut self) {
        self.0.extend_from_slice(&(-1_i32).to_be_bytes());
    }
}
