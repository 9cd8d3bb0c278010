//! The state the writer goes on from.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256};
use ledger::event::{Entry, Event, Staking, UserAmount};
use ledger::mint::Minted;
use ledger::parameter::Parameters;
use ledger::position::Position;
use ledger::supply::Account;
use ledger::totals::{CapacityTotals, SupplyTotals};
use sqlx::FromRow;

use crate::StoreError;
use crate::amount::Amount;
use crate::append::StoredHeader;
use crate::columns::{Corrupt, address, bigint, count, count_if, hash, hash_if};
use crate::cursor::{BlockRef, Cursors, Lane};
use crate::read::{account, mint, parameter, totals};
use crate::writer::Writer;

/// The writer's state is the newest there is.
const NEWEST: u64 = u64::MAX;

/// Network totals and parameters after the last block stored of each lane.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkState {
    /// Totals that the light events move.
    pub capacity: CapacityTotals,
    /// Totals that VVV transfers move.
    pub supply: SupplyTotals,
    /// The values in force.
    pub parameters: Parameters,
    /// VVV minted to everybody who ever was.
    pub minted: BTreeMap<Address, Minted>,
}

/// What the light logs of a stretch of blocks say of VVV: its transfers must agree.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LightWord {
    /// Mints of VVV: block and log index, ascending.
    pub mints: Vec<(u64, u32)>,
    /// What the staking proxy says it paid in VVV, with its block, ascending.
    pub payouts: Vec<(u64, Entry)>,
}

#[derive(FromRow)]
struct LightRow {
    block_number: i64,
    log_index: i32,
    tx_index: i32,
    tx_hash: Vec<u8>,
    is_mint: bool,
    account: Option<Vec<u8>>,
    amount: Option<Amount>,
}

#[derive(FromRow)]
struct HeaderRow {
    number: i64,
    hash: Vec<u8>,
    parent_hash: Option<Vec<u8>>,
    timestamp: i64,
}

impl Writer {
    /// The last block stored, of each lane.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn cursors(&self) -> Result<Cursors, StoreError> {
        let rows: Vec<(String, i64, Option<Vec<u8>>)> =
            sqlx::query_as("select name, block_number, block_hash from cursor").fetch_all(&self.pool).await?;
        let of = |lane: Lane| -> Result<Option<BlockRef>, StoreError> {
            let Some((_, number, bytes)) = rows.iter().find(|(name, ..)| name == lane.name()) else { return Ok(None) };
            Ok(Some(BlockRef { number: count(*number)?, hash: hash_if(bytes.as_deref())? }))
        };
        Ok(Cursors { capacity: of(Lane::Capacity)?, supply: of(Lane::Supply)? })
    }

    /// What is stored of the headers of blocks `from..=to`.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn headers(&self, from: u64, to: u64) -> Result<BTreeMap<u64, StoredHeader>, StoreError> {
        let rows: Vec<HeaderRow> =
            sqlx::query_as("select number, hash, parent_hash, timestamp from block where number between $1 and $2")
                .bind(bigint(from)?)
                .bind(bigint(to)?)
                .fetch_all(&self.pool)
                .await?;
        rows.into_iter().map(|row| StoredHeader::try_from(row).map(|header| (header.number, header))).collect()
    }

    /// What the light logs of blocks `from..=to` say of VVV.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn light_word(&self, from: u64, to: u64) -> Result<LightWord, StoreError> {
        let rows: Vec<LightRow> = sqlx::query_as(
            "select e.block_number, e.log_index, l.tx_index, l.tx_hash, e.kind = 'mint' as is_mint, e.account, e.amount
               from event e join log l using (block_number, log_index)
              where e.block_number between $1 and $2
                and (e.contract, e.kind) in (('vvv', 'mint'), ('staking', 'unstake_finalized'))
              order by e.block_number, e.log_index",
        )
        .bind(bigint(from)?)
        .bind(bigint(to)?)
        .fetch_all(&self.pool)
        .await?;
        let mut word = LightWord::default();
        for row in rows {
            let (number, is_mint, entry) = (count(row.block_number)?, row.is_mint, Entry::try_from(row)?);
            match is_mint {
                true => word.mints.push((number, entry.log_index)),
                false => word.payouts.push((number, entry)),
            }
        }
        Ok(word)
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

    /// The timestamp of the highest block stored of the lane of capacity.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn last_timestamp(&self) -> Result<Option<u64>, StoreError> {
        let newest = sqlx::query_scalar(
            "select timestamp from block where number <= (select block_number from cursor where name = 'capacity')
              order by number desc limit 1",
        );
        Ok(count_if(newest.fetch_optional(&self.pool).await?)?)
    }

    /// The block whose state was taken over from another oracle, below which nothing can be derived; `None`: history begins
    /// at the deployment's start block.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn bootstrap_block(&self) -> Result<Option<u64>, StoreError> {
        let taken = sqlx::query_scalar("select block_number from bootstrap").fetch_optional(&self.pool).await?;
        Ok(count_if(taken)?)
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
            minted: mint::minted(&mut connection, NEWEST).await?,
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

    /// Everybody with sVVV after the last block stored.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn stakers(&self) -> Result<Vec<Address>, StoreError> {
        let newest = sqlx::query_scalar(
            "select address from (select distinct on (address) address, svvv from position
                                   order by address, block_number desc) newest
              where svvv > 0",
        );
        let rows: Vec<Vec<u8>> = newest.fetch_all(&self.pool).await?;
        Ok(rows.iter().map(|bytes| address(bytes)).collect::<Result<_, _>>()?)
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

impl TryFrom<HeaderRow> for StoredHeader {
    type Error = StoreError;

    fn try_from(row: HeaderRow) -> Result<Self, StoreError> {
        Ok(Self {
            number: count(row.number)?,
            hash: hash(&row.hash)?,
            parent_hash: hash_if(row.parent_hash.as_deref())?,
            timestamp: count(row.timestamp)?,
        })
    }
}

/// Both kinds are of an address and an amount; of a mint only the place is asked for.
impl TryFrom<LightRow> for Entry {
    type Error = StoreError;

    fn try_from(row: LightRow) -> Result<Self, StoreError> {
        let index = |value: i32| u32::try_from(value).map_err(|_| Corrupt("a log index below zero".into()));
        let (Some(user), Some(Amount(amount))) = (row.account, row.amount) else {
            return Err(Corrupt(format!("the event at block {} names nobody or nothing", row.block_number)).into());
        };
        let paid = UserAmount { user: address(&user)?, amount };
        Ok(Self {
            log_index: index(row.log_index)?,
            tx_index: index(row.tx_index)?,
            tx_hash: hash(&row.tx_hash)?,
            event: Event::Staking(Staking::UnstakeFinalized(paid)),
        })
    }
}
