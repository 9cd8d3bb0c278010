//! From what columns hold to what the ledger means by it.

use alloy_primitives::{Address, B256};

use super::ReadError;

/// A bigint that counts something.
pub(super) fn count(value: i64) -> Result<u64, ReadError> {
    u64::try_from(value).map_err(|_| ReadError::Corrupt(format!("{value} where a count belongs")))
}

/// A bigint that counts something, or null.
pub(super) fn count_if(value: Option<i64>) -> Result<Option<u64>, ReadError> {
    value.map(count).transpose()
}

/// 20 bytes.
pub(super) fn address(bytes: &[u8]) -> Result<Address, ReadError> {
    Address::try_from(bytes).map_err(|_| ReadError::Corrupt("an address that is not 20 bytes".into()))
}

/// 32 bytes.
pub(super) fn hash(bytes: &[u8]) -> Result<B256, ReadError> {
    B256::try_from(bytes).map_err(|_| ReadError::Corrupt("a hash that is not 32 bytes".into()))
}

/// 32 bytes, or null.
pub(super) fn hash_if(bytes: Option<&[u8]>) -> Result<Option<B256>, ReadError> {
    bytes.map(hash).transpose()
}

/// A block number as a bigint; one that does not fit lies above every block there can be.
pub(super) fn bigint(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Addresses as an array of bytea.
pub(super) fn bytes_of(addresses: &[Address]) -> Vec<&[u8]> {
    addresses.iter().map(|address| address.as_slice()).collect()
}
