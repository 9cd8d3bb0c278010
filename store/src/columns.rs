//! Between what columns hold and what we mean by it.

use alloy_primitives::{Address, B128, B256, U256};
use thiserror::Error;

use crate::amount::Amount;

/// A value that its column cannot hold, or that nobody of ours wrote.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Corrupt(pub(crate) String);

/// A block number, timestamp or count on its way to a `bigint`.
pub(crate) fn bigint(value: u64) -> Result<i64, Corrupt> {
    i64::try_from(value).map_err(|_| Corrupt(format!("{value} does not fit in a bigint")))
}

/// A block number to compare with; one that does not fit lies above every block there can be.
pub(crate) fn at_most(block_number: u64) -> i64 {
    i64::try_from(block_number).unwrap_or(i64::MAX)
}

/// How many rows to read; more than fit are more than there can be.
pub(crate) fn rows_at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// A log or transaction index on its way to an `integer`.
pub(crate) fn integer(value: u32) -> Result<i32, Corrupt> {
    i32::try_from(value).map_err(|_| Corrupt(format!("{value} does not fit in an integer")))
}

/// An `integer` that is a position among logs or transactions.
pub(crate) fn index(value: i32) -> Result<u32, Corrupt> {
    u32::try_from(value).map_err(|_| Corrupt(format!("{value} where an index belongs")))
}

/// An `integer` that numbers a derivation.
pub(crate) fn revision(value: i32) -> Result<u32, Corrupt> {
    u32::try_from(value).map_err(|_| Corrupt(format!("{value} where a revision belongs")))
}

/// A `bigint` that counts something.
pub(crate) fn count(value: i64) -> Result<u64, Corrupt> {
    u64::try_from(value).map_err(|_| Corrupt(format!("{value} where a count belongs")))
}

/// A `bigint` that counts something, or null.
pub(crate) fn count_if(value: Option<i64>) -> Result<Option<u64>, Corrupt> {
    value.map(count).transpose()
}

/// The 16 bytes of a `uuid`.
pub(crate) fn history(bytes: &[u8]) -> Result<B128, Corrupt> {
    B128::try_from(bytes).map_err(|_| Corrupt("a history that is not 16 bytes".into()))
}

/// 20 bytes.
pub(crate) fn address(bytes: &[u8]) -> Result<Address, Corrupt> {
    Address::try_from(bytes).map_err(|_| Corrupt("an address that is not 20 bytes".into()))
}

/// 32 bytes.
pub(crate) fn hash(bytes: &[u8]) -> Result<B256, Corrupt> {
    B256::try_from(bytes).map_err(|_| Corrupt("a hash that is not 32 bytes".into()))
}

/// 32 bytes, or null.
pub(crate) fn hash_if(bytes: Option<&[u8]>) -> Result<Option<B256>, Corrupt> {
    bytes.map(hash).transpose()
}

/// Addresses for a `bytea[]`.
pub(crate) fn bytes_of(addresses: &[Address]) -> Vec<&[u8]> {
    addresses.iter().map(|address| address.as_slice()).collect()
}

/// The words of a parameter for a `numeric[]`.
pub(crate) fn amounts(words: &[U256]) -> Vec<Amount> {
    words.iter().copied().map(Amount).collect()
}
