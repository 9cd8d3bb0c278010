//! What tells two derivations apart: a digest over all rows of each derived table.

use alloy_primitives::{B256, Keccak256};
use futures::TryStreamExt;
use sqlx::PgConnection;

use super::ReadError;

/// The digest of one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableDigest {
    /// Its name.
    pub table: &'static str,
    /// How many rows it has.
    pub rows: u64,
    /// keccak256 over the rows as Postgres writes them, in the order of their keys, a line feed after each.
    pub digest: B256,
}

/// Every table with something derived in it: VVV transfers carry the balances after them. Texts are ordered by their
/// bytes, because a locale's order is not the same everywhere.
const DERIVED: [(&str, &str); 9] = [
    (
        "anomaly",
        r#"select t::text from anomaly t order by block_number, log_index, kind collate "C", detail collate "C", lane"#,
    ),
    ("burn", "select t::text from burn t order by sender, block_number"),
    ("capacity_totals", "select t::text from capacity_totals t order by block_number"),
    ("event", "select t::text from event t order by block_number, log_index"),
    ("mint", "select t::text from mint t order by recipient, block_number"),
    ("parameter", r#"select t::text from parameter t order by name collate "C", block_number"#),
    ("position", "select t::text from position t order by address, block_number"),
    ("supply_totals", "select t::text from supply_totals t order by block_number"),
    ("vvv_transfer", "select t::text from vvv_transfer t order by block_number, log_index"),
];

/// The digests of all derived tables, by name.
///
/// # Errors
/// [`ReadError`].
pub async fn derived(connection: &mut PgConnection) -> Result<Vec<TableDigest>, ReadError> {
    let mut digests = Vec::with_capacity(DERIVED.len());
    for (table, statement) in DERIVED {
        let (mut hasher, mut rows) = (Keccak256::new(), 0);
        let mut found = sqlx::query_scalar::<_, String>(statement).fetch(&mut *connection);
        while let Some(row) = found.try_next().await? {
            hasher.update(row);
            hasher.update("\n");
            rows += 1;
        }
        digests.push(TableDigest { table, rows, digest: hasher.finalize() });
    }
    Ok(digests)
}
