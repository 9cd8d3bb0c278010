//! How sure it is that no log is missing, counted.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::ReadError;
use crate::columns::count;
use crate::completeness::Grade;

/// Blocks per grade, for each cursor. A grade that no block has is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Of the light events.
    pub capacity: BTreeMap<Grade, u64>,
    /// Of all VVV transfers.
    pub supply: BTreeMap<Grade, u64>,
}

/// How many blocks there are of each grade.
///
/// # Errors
/// [`ReadError`].
pub async fn counted(connection: &mut PgConnection) -> Result<Completeness, ReadError> {
    let rows: Vec<(String, String, i64)> = sqlx::query_as(
        "select cursor, grade, sum(to_block - from_block + 1)::bigint from completeness group by cursor, grade",
    )
    .fetch_all(connection)
    .await?;
    let mut completeness = Completeness::default();
    for (cursor, grade, blocks) in rows {
        let counts = if cursor == "capacity" { &mut completeness.capacity } else { &mut completeness.supply };
        counts.insert(Grade::from_name(&grade)?, count(blocks)?);
    }
    Ok(completeness)
}
