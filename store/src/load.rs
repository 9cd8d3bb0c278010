//! The state the writer goes on from.

use alloy_primitives::{Address, B256};
use ledger::parameter::{Parameter, Parameters, Setting};
use ledger::position::{Cooling, Position};
use ledger::supply::Account;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use sqlx::FromRow;

use crate::StoreError;
use crate::amount::Amount;
use crate::rows::{address, address_bytes, bigint, hash, unsigned};
use crate::writer::{Writer, number};

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

#[derive(FromRow)]
struct PositionRow {
    address: Vec<u8>,
    svvv: Amount,
    locked: Amount,
    outstanding: Amount,
    svvv_cooling: Amount,
    svvv_cooling_ends_at: Option<i64>,
    diem_liquid: Amount,
    diem_staked: Amount,
    diem_cooling: Amount,
    diem_cooling_ends_at: Option<i64>,
    claimed: Amount,
}

#[derive(FromRow)]
struct CapacityTotalsRow {
    svvv_supply: Amount,
    svvv_locked: Amount,
    svvv_cooling: Amount,
    diem_supply: Amount,
    diem_outstanding: Amount,
    diem_staked: Amount,
    diem_cooling: Amount,
    diem_minted: Amount,
    diem_minted_count: i64,
    diem_minted_direct: Amount,
    diem_burned: Amount,
    diem_burned_count: i64,
    diem_burned_direct: Amount,
    stakers: i64,
    diem_stakers: i64,
    minters: i64,
    unknown_logs: i64,
}

#[derive(FromRow)]
struct SupplyTotalsRow {
    supply: Amount,
    burned: Amount,
    burn_count: i64,
    holders: i64,
}

#[derive(FromRow)]
struct AccountRow {
    address: Vec<u8>,
    balance: Amount,
    burned: Amount,
    burn_count: i64,
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
        let hash = bytes.as_deref().map(hash).transpose()?;
        Ok(Some(BlockRef { number: unsigned(number)?, hash }))
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
        bytes.as_deref().map(hash).transpose()
    }

    /// The highest stored block below a height, and its hash.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn block_below(&self, block_number: u64) -> Result<Option<BlockRef>, StoreError> {
        let row: Option<(i64, Vec<u8>)> =
            sqlx::query_as("select number, hash from block where number < $1 order by number desc limit 1")
                .bind(bigint(block_number)?)
                .fetch_optional(&self.pool)
                .await?;
        row.map(|(number, bytes)| Ok(BlockRef { number: unsigned(number)?, hash: Some(hash(&bytes)?) })).transpose()
    }

    /// The timestamp of the last block stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_timestamp(&self) -> Result<Option<u64>, StoreError> {
        let newest = sqlx::query_scalar("select timestamp from block order by number desc limit 1");
        number(newest.fetch_optional(&self.pool).await?)
    }

    /// The finalized block last noted.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn finalized(&self) -> Result<Option<u64>, StoreError> {
        let row: Option<Option<i64>> =
            sqlx::query_scalar("select finalized_number from follower").fetch_optional(&self.pool).await?;
        number(row.flatten())
    }

    /// Totals and parameters after the last block stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn network_state(&self) -> Result<NetworkState, StoreError> {
        let capacity: Option<CapacityTotalsRow> =
            sqlx::query_as("select * from capacity_totals order by block_number desc limit 1")
                .fetch_optional(&self.pool)
                .await?;
        let supply: Option<SupplyTotalsRow> =
            sqlx::query_as("select * from supply_totals order by block_number desc limit 1")
                .fetch_optional(&self.pool)
                .await?;
        Ok(NetworkState {
            capacity: capacity.map(CapacityTotals::try_from).transpose()?.unwrap_or_default(),
            supply: supply.map(SupplyTotals::try_from).transpose()?.unwrap_or_default(),
            parameters: self.parameters().await?,
        })
    }

    async fn parameters(&self) -> Result<Parameters, StoreError> {
        let rows: Vec<(String, Option<Vec<Amount>>)> =
            sqlx::query_as("select distinct on (name) name, value from parameter order by name, block_number desc")
                .fetch_all(&self.pool)
                .await?;
        let known = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
        known
            .map(|(name, value)| {
                let parameter = Parameter::from_name(&name)
                    .ok_or_else(|| StoreError::Corrupt(format!("a parameter named {name:?}")))?;
                Ok(Setting { parameter, value: value.into_iter().map(|amount| amount.0).collect() })
            })
            .collect()
    }

    /// Positions after the last block stored, of those of the addresses that have one.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn positions(&self, addresses: &[Address]) -> Result<Vec<(Address, Position)>, StoreError> {
        let rows: Vec<PositionRow> = sqlx::query_as(
            "select newest.* from unnest($1::bytea[]) wanted (address)
             join lateral (
                 select * from position where position.address = wanted.address order by block_number desc limit 1
             ) newest on true",
        )
        .bind(address_bytes(addresses))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(|row| Ok((address(&row.address)?, Position::try_from(row)?))).collect()
    }

    /// VVV balances and burns after the last block stored, for each of the addresses.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn accounts(&self, addresses: &[Address]) -> Result<Vec<(Address, Account)>, StoreError> {
        // 0x0 sends only in mints, which do not debit it, so its balance is told by what it received.
        let rows: Vec<AccountRow> = sqlx::query_as(
            "select wanted.address,
                    coalesce(moved.balance, 0)::numeric(78, 0) as balance,
                    coalesce(burned.amount, 0)::numeric(78, 0) as burned,
                    coalesce(burned.count, 0) as burn_count
             from unnest($1::bytea[]) wanted (address)
             left join lateral (
                 select balance from (
                     (select block_number, log_index, sender_balance as balance from vvv_transfer
                      where sender = wanted.address and wanted.address <> $2
                      order by block_number desc, log_index desc limit 1)
                     union all
                     (select block_number, log_index, recipient_balance from vvv_transfer
                      where recipient = wanted.address
                      order by block_number desc, log_index desc limit 1)
                 ) sides order by block_number desc, log_index desc limit 1
             ) moved on true
             left join lateral (
                 select amount, count from burn where sender = wanted.address order by block_number desc limit 1
             ) burned on true",
        )
        .bind(address_bytes(addresses))
        .bind(Address::ZERO.as_slice())
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter()
            .map(|row| {
                let burned = Tally { amount: row.burned.0, count: unsigned(row.burn_count)? };
                Ok((address(&row.address)?, Account { balance: row.balance.0, burned }))
            })
            .collect()
    }
}

impl TryFrom<PositionRow> for Position {
    type Error = StoreError;

    fn try_from(row: PositionRow) -> Result<Self, StoreError> {
        Ok(Self {
            svvv: row.svvv.0,
            locked: row.locked.0,
            outstanding: row.outstanding.0,
            svvv_cooling: Cooling { amount: row.svvv_cooling.0, ends_at: number(row.svvv_cooling_ends_at)? },
            diem_liquid: row.diem_liquid.0,
            diem_staked: row.diem_staked.0,
            diem_cooling: Cooling { amount: row.diem_cooling.0, ends_at: number(row.diem_cooling_ends_at)? },
            claimed: row.claimed.0,
        })
    }
}

impl TryFrom<CapacityTotalsRow> for CapacityTotals {
    type Error = StoreError;

    fn try_from(row: CapacityTotalsRow) -> Result<Self, StoreError> {
        Ok(Self {
            svvv_supply: row.svvv_supply.0,
            svvv_locked: row.svvv_locked.0,
            svvv_cooling: row.svvv_cooling.0,
            diem_supply: row.diem_supply.0,
            diem_outstanding: row.diem_outstanding.0,
            diem_staked: row.diem_staked.0,
            diem_cooling: row.diem_cooling.0,
            diem_minted: Tally { amount: row.diem_minted.0, count: unsigned(row.diem_minted_count)? },
            diem_minted_direct: row.diem_minted_direct.0,
            diem_burned: Tally { amount: row.diem_burned.0, count: unsigned(row.diem_burned_count)? },
            diem_burned_direct: row.diem_burned_direct.0,
            stakers: unsigned(row.stakers)?,
            diem_stakers: unsigned(row.diem_stakers)?,
            minters: unsigned(row.minters)?,
            unknown_logs: unsigned(row.unknown_logs)?,
        })
    }
}

impl TryFrom<SupplyTotalsRow> for SupplyTotals {
    type Error = StoreError;

    fn try_from(row: SupplyTotalsRow) -> Result<Self, StoreError> {
        Ok(Self {
            supply: row.supply.0,
            burned: row.burned.0,
            burn_count: unsigned(row.burn_count)?,
            holders: unsigned(row.holders)?,
        })
    }
}
