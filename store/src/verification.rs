//! What the writer found when it compared the derived state with the contracts.

use sqlx::PgPool;

use crate::StoreError;
use crate::columns::bigint;
use crate::writer::Writer;

/// Where outcomes are noted, apart from the writer's own work and beside it.
#[derive(Clone, Debug)]
pub struct Notes {
    pub(crate) pool: PgPool,
}

/// What came of one comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The block it was made at.
    pub block_number: u64,
    /// How many figures were compared.
    pub compared: u64,
    /// How many differ.
    pub differences: u64,
    /// The first of them, for a human.
    pub detail: Vec<String>,
}

impl Writer {
    /// Where outcomes of comparisons are noted.
    pub fn notes(&self) -> Notes {
        Notes { pool: self.pool.clone() }
    }
}

impl Notes {
    /// Notes an outcome.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn verified(&self, outcome: &Outcome) -> Result<(), StoreError> {
        sqlx::query("insert into verification (block_number, compared, differences, detail) values ($1, $2, $3, $4)")
            .bind(bigint(outcome.block_number)?)
            .bind(bigint(outcome.compared)?)
            .bind(bigint(outcome.differences)?)
            .bind(&outcome.detail)
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}
