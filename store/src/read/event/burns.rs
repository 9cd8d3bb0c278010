//! Burns of VVV, one by one.

use sqlx::{PgConnection, QueryBuilder};

use super::transfers::AS_EVENT;
use super::{EventRecord, fetch};
use crate::columns::{at_most, rows_at_most};
use crate::read::ReadError;

/// Burns of VVV up to a block, the newest first: transfers of more than zero to 0x0.
///
/// Anybody may send nothing to 0x0, as often as they like, so blocks are taken from the burns' own table: each of them has
/// one, but perhaps that of `before`.
///
/// # Errors
/// [`ReadError`].
pub async fn burns(
    connection: &mut PgConnection,
    before: Option<(u64, u32)>,
    limit: usize,
    block_number: u64,
) -> Result<Vec<EventRecord>, ReadError> {
    let up_to = before.map_or(block_number, |(number, _)| number.min(block_number));
    let mut query = QueryBuilder::new(AS_EVENT);
    query.push(
        " from (select place.*
                  from (select distinct block_number from burn where block_number <= ",
    );
    query.push_bind(at_most(up_to)).push(" order by block_number desc limit ");
    query.push_bind(rows_at_most(limit.saturating_add(1)));
    query.push(
        ") burned
                 cross join lateral (
                       select * from vvv_transfer
                        where recipient = decode(repeat('00', 20), 'hex') and amount > 0
                          and vvv_transfer.block_number = burned.block_number",
    );
    if let Some((number, log_index)) = before {
        query.push(" and (block_number, log_index) < (").push_bind(at_most(number));
        query.push(", ").push_bind(i64::from(log_index)).push(")");
    }
    query.push(") place order by block_number desc, log_index desc limit ").push_bind(rows_at_most(limit));
    query.push(") t left join block b on b.number = t.block_number order by t.block_number desc, t.log_index desc");
    fetch(connection, query).await
}
