//! Which derivation the stored rows are of.

use ledger::DERIVATION_REVISION;

use crate::StoreError;
use crate::columns::{Corrupt, revision};
use crate::writer::Writer;

impl Writer {
    /// The revision that the derived rows are of. A database without blocks is of this program's.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn derivation_revision(&self) -> Result<u32, StoreError> {
        sqlx::query("update derivation set revision = $1 where not exists (select from cursor)")
            .bind(own_revision()?)
            .execute(&self.pool)
            .await?;
        let stored: i32 = sqlx::query_scalar("select revision from derivation").fetch_one(&self.pool).await?;
        Ok(revision(stored)?)
    }
}

/// This program's, for its column.
pub(crate) fn own_revision() -> Result<i32, Corrupt> {
    crate::columns::integer(DERIVATION_REVISION)
}
