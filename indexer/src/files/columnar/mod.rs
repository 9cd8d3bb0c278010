//! Parquet and CSV: a file per table, and for the inputs per stretch of blocks, named as cryo names them.
//!
//! - [`manifest`]: what tells that a directory is whole
//! - [`table`]: one file being written
//! - [`directory`]: all of them
//! - [`parse`]: files read, of ours and of cryo

pub mod directory;
pub mod manifest;
pub mod parse;
pub mod table;

use std::path::Path;

use crate::files::record::{
    BalanceRecord, BlockRecord, BurnRecord, CapacityRecord, CapacityTotalsRecord, LogRecord, MintRecord,
    ParameterRecord, PositionRecord, ReadingRecord, Record, SupplyRecord,
};

/// A format of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Apache Parquet, compressed with LZ4; bytes are bytes.
    Parquet,
    /// A header and a line a row; bytes are hex with 0x.
    Csv,
}

impl Format {
    /// What file names end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }

    /// The format of a file of this name.
    pub fn of(path: &Path) -> Option<Self> {
        let extension = path.extension()?;
        [Self::Parquet, Self::Csv].into_iter().find(|format| extension == format.extension())
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number of 64 bits.
    Number,
    /// Bytes: hashes, addresses, data.
    Bytes,
    /// Text, and amounts in decimal.
    Text,
}

/// A column of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name, that of the record's field.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

/// A table of records: its columns, in order.
pub trait Table: Record {
    /// The fields that are written.
    const COLUMNS: &'static [Column];
}

macro_rules! columns {
    ($($record:ty: $($kind:ident { $($name:ident),+ $(,)? })+;)+) => {
        $(impl Table for $record {
            const COLUMNS: &'static [Column] =
                &[$($(Column { name: stringify!($name), kind: Kind::$kind }),+),+];
        })+
    };
}

columns! {
    BlockRecord: Number { block_number } Bytes { block_hash, parent_hash } Number { timestamp, chain_id };
    LogRecord:
        Number { block_number, transaction_index, log_index }
        Bytes { transaction_hash, address, topic0, topic1, topic2, topic3, data }
        Number { chain_id };
    ReadingRecord: Number { block_number } Text { name, value } Number { changed_after };
    CapacityRecord: Bytes { address } Text { svvv, locked, diem_staked, diem_epoch_open, allocation_usd };
    SupplyRecord: Number { block_number, timestamp } Text { supply, burned } Number { burn_count, holders, holders_joined, holders_left };
    BurnRecord: Bytes { sender } Number { block_number } Text { amount } Number { count };
    PositionRecord:
        Bytes { address }
        Number { block_number }
        Text { svvv, locked, outstanding, svvv_cooling }
        Number { svvv_cooling_ends_at }
        Text { diem_liquid, diem_staked, diem_cooling }
        Number { diem_cooling_ends_at }
        Text { claimed, reward_debt };
    BalanceRecord: Bytes { address } Text { vvv };
    ParameterRecord: Text { name } Number { block_number } Text { value, source };
    CapacityTotalsRecord:
        Number { block_number }
        Text {
            svvv_supply, svvv_locked, svvv_cooling, diem_supply, diem_outstanding, diem_staked, diem_cooling, diem_minted
        }
        Number { diem_minted_count }
        Text { diem_minted_direct, diem_burned }
        Number { diem_burned_count }
        Text { diem_burned_direct }
        Number { stakers, diem_stakers, minters, unknown_logs }
        Text { svvv_minted, svvv_burned }
        Number { svvv_cooling_accounts, stakes, unstakes }
        Text { claimed }
        Number {
            claimed_count, diem_cooling_accounts, stakers_joined, stakers_left, diem_stakers_joined, diem_stakers_left,
            genesis_end_block
        }
        Text { acc_unlocked, acc_locked }
        Number { rewarded_until };
    MintRecord:
        Bytes { recipient }
        Number { block_number }
        Text { genesis_amount }
        Number { genesis_count }
        Text { amount }
        Number { count }
        Text { undated_amount }
        Number { undated_count };
}
