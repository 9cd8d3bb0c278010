//! Between the database's integers and ours.

use alloy_primitives::{Address, B256, U256};

use crate::StoreError;
use crate::amount::Amount;

/// A block number, timestamp or count on its way to a `bigint`.
pub(crate) fn bigint(value: u64) -> Result<i64, StoreError> {
    i64::try_from(value).map_err(|_| StoreError::Corrupt(format!("{value} does not fit in a bigint")))
}

/// A log or transaction index on its way to an `integer`.
pub(crate) fn integer(value: u32) -> Result<i32, StoreError> {
    i32::try_from(value).map_err(|_| StoreError::Corrupt(format!("{value} does not fit in an integer")))
}

/// A block number, timestamp or count on its way back.
pub(crate) fn unsigned(value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt(format!("{value} where no negative number can be")))
}

/// 20 bytes on their way back.
pub(crate) fn address(bytes: &[u8]) -> Result<Address, StoreError> {
    Address::try_from(bytes).map_err(|_| StoreError::Corrupt(format!("{} bytes where an address is", bytes.len())))
}

/// 32 bytes on their way back.
pub(crate) fn hash(bytes: &[u8]) -> Result<B256, StoreError> {
    B256::try_from(bytes).map_err(|_| StoreError::Corrupt(format!("{} bytes where a hash is", bytes.len())))
}

/// The 256 cells of a table, or the one word of a parameter.
pub(crate) fn words(value: &[U256]) -> Vec<Amount> {
    value.iter().copied().map(Amount).collect()
}

/// Addresses for `bytea[]`.
pub(crate) fn address_bytes(addresses: &[Address]) -> Vec<&[u8]> {
    addresses.iter().map(|address| address.as_slice()).collect()
}
