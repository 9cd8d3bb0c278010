//! What holds after a block, by address or by name, each with the block since which it holds.

use alloy_primitives::{Address, U256};
use ledger::mint::Minted;
use ledger::position::Position;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use sqlx::{FromRow, PgConnection};

use super::PAGE_ROWS;
use crate::amount::Amount;
use crate::columns::{address, at_most, count, count_if, rows_at_most};
use crate::read::account::{self, PositionRow};
use crate::read::{ReadError, mint, totals};

/// Something that holds since a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Since<T> {
    /// The block after which it holds.
    pub block_number: u64,
    /// What.
    pub value: T,
}

#[derive(FromRow)]
struct PositionAt {
    block_number: i64,
    #[sqlx(flatten)]
    row: PositionRow,
}

/// Positions after a block of addresses above one, by address; `None`: from the first.
///
/// # Errors
/// [`ReadError`].
pub async fn positions(
    connection: &mut PgConnection,
    after: Option<Address>,
    block_number: u64,
) -> Result<Vec<(Address, Since<Position>)>, ReadError> {
    let rows: Vec<PositionAt> = sqlx::query_as(
        "select distinct on (address) * from position
          where ($1::bytea is null or address > $1) and block_number <= $2
          order by address, block_number desc limit $3",
    )
    .bind(after.as_ref().map(|address| address.as_slice()))
    .bind(at_most(block_number))
    .bind(rows_at_most(PAGE_ROWS))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|PositionAt { block_number, row }| {
            let whose = address(&row.address)?;
            Ok((whose, Since { block_number: count(block_number)?, value: Position::try_from(row)? }))
        })
        .collect()
}

/// VVV after a block of the addresses given, in their order; those that have none are left out.
///
/// # Errors
/// [`ReadError`].
pub async fn vvv_balances(
    connection: &mut PgConnection,
    addresses: &[Address],
    block_number: u64,
) -> Result<Vec<(Address, U256)>, ReadError> {
    let balances = account::vvv_balances(connection, addresses, block_number).await?;
    let held = |address: &Address| Some((*address, balances.get(address).copied().filter(|vvv| !vvv.is_zero())?));
    Ok(addresses.iter().filter_map(held).collect())
}

/// What each sender has burned up to a block, by sender.
///
/// # Errors
/// [`ReadError`].
pub async fn burns(
    connection: &mut PgConnection,
    block_number: u64,
) -> Result<Vec<(Address, Since<Tally>)>, ReadError> {
    let rows: Vec<(Vec<u8>, i64, Amount, i64)> = sqlx::query_as(
        "select distinct on (sender) sender, block_number, amount, count
           from burn where block_number <= $1 order by sender, block_number desc",
    )
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|(sender, block_number, amount, burns)| {
            let value = Tally { amount: amount.0, count: count(burns)? };
            Ok((address(&sender)?, Since { block_number: count(block_number)?, value }))
        })
        .collect()
}

/// What everybody was minted of VVV up to a block, by recipient.
///
/// # Errors
/// [`ReadError`].
pub async fn mints(
    connection: &mut PgConnection,
    block_number: u64,
) -> Result<Vec<(Address, Since<Minted>)>, ReadError> {
    let rows = mint::newest(connection, block_number).await?;
    rows.into_iter()
        .map(|row| {
            let (whose, block_number) = (address(&row.recipient)?, count(row.block_number)?);
            Ok((whose, Since { block_number, value: Minted::try_from(row)? }))
        })
        .collect()
}

/// Totals that the light events move, as after a block; `None` before the first.
///
/// # Errors
/// [`ReadError`].
pub async fn capacity_totals(
    connection: &mut PgConnection,
    block_number: u64,
) -> Result<Option<Since<CapacityTotals>>, ReadError> {
    let changed: Option<i64> =
        sqlx::query_scalar("select max(block_number) from capacity_totals where block_number <= $1")
            .bind(at_most(block_number))
            .fetch_one(&mut *connection)
            .await?;
    let Some(block_number) = count_if(changed)? else { return Ok(None) };
    Ok(Some(Since { block_number, value: totals::capacity(connection, block_number).await? }))
}

/// Totals that VVV transfers move, as after a block; `None` before the first.
///
/// # Errors
/// [`ReadError`].
pub async fn supply_totals(
    connection: &mut PgConnection,
    block_number: u64,
) -> Result<Option<Since<SupplyTotals>>, ReadError> {
    let changed: Option<i64> =
        sqlx::query_scalar("select max(block_number) from supply_totals where block_number <= $1")
            .bind(at_most(block_number))
            .fetch_one(&mut *connection)
            .await?;
    let Some(block_number) = count_if(changed)? else { return Ok(None) };
    Ok(Some(Since { block_number, value: totals::supply(connection, block_number).await? }))
}
