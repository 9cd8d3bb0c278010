//! Which derivation the stored rows are of.

use ledger::DERIVATION_REVISION;
use sqlx::{PgConnection, PgPool};

use crate::StoreError;
use crate::columns::{Corrupt, revision};
use crate::writer::Writer;

impl Writer {
    /// The revision that the derived rows are of.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn derivation_revision(&self) -> Result<u32, StoreError> {
        let stored: i32 = sqlx::query_scalar("select revision from derivation").fetch_one(&self.pool).await?;
        Ok(revision(stored)?)
    }
}

/// A database without blocks is of this program's.
pub(crate) async fn adopt(pool: &PgPool) -> Result<(), StoreError> {
    sqlx::query("update derivation set revision = $1 where not exists (select from cursor)")
        .bind(own_revision()?)
        .execute(pool)
        .await?;
    Ok(())
}

/// What a writer comes to, or comes back to, may have been put back from a backup meanwhile, or be a copy: under its old name
/// readers may keep what is not in it.
pub(crate) async fn name_history(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("update public.derivation set history = gen_random_uuid()").execute(connection).await?;
    Ok(())
}

/// Blocks that readers may have seen come to have other rows under the same hashes: what is stored is another history.
pub(crate) async fn begin_another_history(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("update public.derivation set replays = replays + 1, history = gen_random_uuid()")
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes sure that rows may be added to those there are.
pub(crate) async fn hold_revision(connection: &mut PgConnection) -> Result<(), StoreError> {
    let stored = revision(sqlx::query_scalar("select revision from derivation").fetch_one(connection).await?)?;
    match stored == DERIVATION_REVISION {
        true => Ok(()),
        false => Err(StoreError::OtherDerivation { stored, own: DERIVATION_REVISION }),
    }
}

/// This program's, for its column.
pub(crate) fn own_revision() -> Result<i32, Corrupt> {
    crate::columns::integer(DERIVATION_REVISION)
}
