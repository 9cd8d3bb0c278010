//! The state the writer goes on from.

use alloy_primitives::{Address, B256};
use ledger::parameter::Parameters;
use ledger::position::Position;
use ledger::supply::Account;
use ledger::totals::{CapacityTotals, SupplyTotals};

use crate::StoreError;
use crate::columns::{bigint, count, count_if, hash, hash_if};
use crate::read::{account, parameter, totals};
use crate::writer::Writer;

/// The writer's state is the newest there is.
const NEWEST: u64 = u64::MAX;

/// A block, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Height.
    pub number: u64,
    /// Its hash; `None` where no header of it was stored.
    pub hash: Option<B256>,
}

/// Network totals and parameters after the last block stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkState {
    /// Totals that the light events move.
    pub capacity: CapacityTotals,
    /// Totals that VVV transfers move.
    pub supply: SupplyTotals,
    /// The values in force.
    pub parameters: Parameters,
}

impl Writer {
    /// The last block stored; `None` on an empty database.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn cursor(&self) -> Result<Option<BlockRef>, StoreError> {
        let row: Option<(i64, Option<Vec<u8>>)> =
            sqlx::query_as("select block_number, block_hash from cursor order by block_number limit 1")
                .fetch_optional(&self.pool)
                .await?;
        let Some((number, bytes)) = row else { return Ok(None) };
        Ok(Some(BlockRef { number: count(number)?, hash: hash_if(bytes.as_deref())? }))
    }

    /// The hash of a block, if its header or a log of it was stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn block_hash(&self, block_number: u64) -> Result<Option<B256>, StoreError> {
        let bytes: Option<Vec<u8>> = sqlx::query_scalar("select hash from block where number = $1")
            .bind(bigint(block_number)?)
            .fetch_optional(&self.pool)
            .await?;
        Ok(bytes.as_deref().map(hash).transpose()?)
    }

    /// The timestamp of the last block stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_timestamp(&self) -> Result<Option<u64>, StoreError> {
        let newest = sqlx::query_scalar("select timestamp from block order by number desc limit 1");
        Ok(count_if(newest.fetch_optional(&self.pool).await?)?)
    }

    /// The finalized block last noted; only finalized state is taken over from another oracle.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn finalized(&self) -> Result<Option<u64>, StoreError> {
        let noted = sqlx::query_scalar(
            "select greatest((select finalized_number from follower), (select block_number from bootstrap))",
        );
        Ok(count_if(noted.fetch_one(&self.pool).await?)?)
    }

    /// Totals and parameters after the last block stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn network_state(&self) -> Result<NetworkState, StoreError> {
        let mut connection = self.pool.acquire().await?;
        Ok(NetworkState {
            capacity: totals::capacity(&mut connection, NEWEST).await?,
            supply: totals::supply(&mut connection, NEWEST).await?,
            parameters: parameter::all(&mut connection, NEWEST).await?,
        })
    }

    /// Positions after the last block stored, for each of the addresses: zeros for one never seen.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn positions(&self, addresses: &[Address]) -> Result<Vec<(Address, Position)>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let known = account::positions(&mut connection, addresses, NEWEST).await?;
        let position = |address: &Address| known.get(address).copied().unwrap_or_default();
        Ok(addresses.iter().map(|address| (*address, position(address))).collect())
    }

    /// VVV balances and burns after the last block stored, for each of the addresses: zeros for one never seen.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn accounts(&self, addresses: &[Address]) -> Result<Vec<(Address, Account)>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let balances = account::vvv_balances(&mut connection, addresses, NEWEST).await?;
        let burned = totals::burned_by(&mut connection, addresses, NEWEST).await?;
        let account = |address: &Address| Account {
            balance: balances.get(address).copied().unwrap_or_default(),
            burned: burned.get(address).copied().unwrap_or_default(),
        };
        Ok(addresses.iter().map(|address| (*address, account(address))).collect())
    }
}
