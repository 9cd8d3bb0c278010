//! How the derived state last compared with the contracts.

use sqlx::PgConnection;

use super::ReadError;
use crate::columns::count;

/// How it last compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// The block it was compared at.
    pub block_number: u64,
    /// When, seconds since 1970.
    pub verified_at: u64,
    /// How many figures were compared.
    pub compared: u64,
    /// How many differ.
    pub differences: u64,
    /// The first of them, for a human.
    pub detail: Vec<String>,
}

/// The newest comparison; `None` before the first.
///
/// # Errors
/// [`ReadError`].
pub async fn last(connection: &mut PgConnection) -> Result<Option<Verification>, ReadError> {
    let row: Option<(i64, i64, i64, i64, Vec<String>)> = sqlx::query_as(
        "select block_number, floor(extract(epoch from verified_at))::bigint, compared, differences, detail
           from verification order by id desc limit 1",
    )
    .fetch_optional(connection)
    .await?;
    let Some((block_number, verified_at, compared, differences, detail)) = row else { return Ok(None) };
    Ok(Some(Verification {
        block_number: count(block_number)?,
        verified_at: count(verified_at)?,
        compared: count(compared)?,
        differences: count(differences)?,
        detail,
    }))
}
