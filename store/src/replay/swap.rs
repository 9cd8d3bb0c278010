//! The one transaction in which readers come to see what a replay derived.
//!
//! Rows are compared and those that differ replaced; tables are not renamed. A reader whose transaction began before
//! would find a renamed table under the old name and in it only the rows that were there when it began: a mix. So
//! nobody waits for anybody, and grants, indexes and constraints are what they were.

use sqlx::Connection;

use super::{Replay, Shadow};
use crate::StoreError;
use crate::columns::bigint;
use crate::completeness;
use crate::derivation::{begin_another_history, own_revision};
use crate::writer::patient;

/// Blocks whose rows are compared at once.
const STRIDE_BLOCKS: u64 = 100_000;

/// How one table's rows are replaced between blocks $1 and $2.
struct Exchange {
    /// Deletes served rows that the replay does not have.
    delete: &'static str,
    /// Inserts those of the replay that are not served.
    insert: &'static str,
}

/// Of a table with a key.
macro_rules! keyed {
    ($table:literal, $number:literal, $key:literal) => {
        Exchange {
            delete: concat!(
                "delete from public.",
                $table,
                " where ",
                $number,
                " between $1 and $2 and (",
                $key,
                ") in (select ",
                $key,
                " from (select * from public.",
                $table,
                " where ",
                $number,
                " between $1 and $2 except select *
                from replay.",
                $table,
                " where ",
                $number,
                " between $1 and $2) false_rows)"
            ),
            insert: concat!(
                "insert into public.",
                $table,
                " select * from replay.",
                $table,
                " where ",
                $number,
                " between $1 and
                $2 except select * from public.",
                $table,
                " where ",
                $number,
                " between $1 and $2"
            ),
        }
    };
}

/// `anomaly` has no key, and few rows.
const DERIVED: [Exchange; 9] = [
    keyed!("event", "block_number", "block_number, log_index"),
    keyed!("position", "block_number", "address, block_number"),
    keyed!("capacity_totals", "block_number", "block_number"),
    keyed!("supply_totals", "block_number", "block_number"),
    keyed!("burn", "block_number", "sender, block_number"),
    keyed!("mint", "block_number", "recipient, block_number"),
    keyed!("parameter", "block_number", "name, block_number"),
    Exchange {
        delete: "delete from public.anomaly where block_number between $1 and $2",
        insert: "insert into public.anomaly select * from replay.anomaly where block_number between $1 and $2",
    },
    keyed!("vvv_transfer", "block_number", "block_number, log_index"),
];

const INPUTS: [Exchange; 4] = [
    keyed!("block", "number", "number"),
    keyed!("log", "block_number", "block_number, log_index"),
    keyed!("reading", "block_number", "name, block_number"),
    keyed!("inferred", "block_number", "block_number, name"),
];

impl Shadow {
    /// Makes the served rows equal to those of the replay, from its first block on and whatever lies above the last,
    /// and drops the replay. `each` hears of every block up to which all is compared.
    ///
    /// # Errors
    /// [`StoreError::CursorMoved`] where the replay's cursors are not those of the database; [`StoreError::Database`].
    pub async fn swap(&self, mut each: impl FnMut(u64)) -> Result<(), StoreError> {
        let Replay { from_block, refetch, .. } = self.replay;
        let mut connection = patient(&self.served).await?;
        let mut transaction = connection.begin().await?;
        let newest: Option<i64> = sqlx::query_scalar(
            "select max(block_number) from public.cursor
              having not exists (select name, block_number from public.cursor
                                 except select name, block_number from replay.cursor)",
        )
        .fetch_optional(&mut *transaction)
        .await?
        .flatten();
        let newest = newest.ok_or_else(|| StoreError::CursorMoved { expected: "the end of the replay".into() })?;
        for (first, last) in strides(from_block, crate::columns::count(newest)?) {
            let last_row = last.map_or(Ok(i64::MAX), bigint)?;
            for exchange in DERIVED.iter().chain(INPUTS.iter().filter(|_| refetch)) {
                for statement in [exchange.delete, exchange.insert] {
                    sqlx::query(statement).bind(bigint(first)?).bind(last_row).execute(&mut *transaction).await?;
                }
            }
            last.map(&mut each);
        }
        if refetch {
            completeness::swap(&mut transaction, from_block).await?;
        }
        // They speak of the rows before.
        sqlx::query("delete from public.reconciliation where block_number >= $1")
            .bind(bigint(from_block)?)
            .execute(&mut *transaction)
            .await?;
        begin_another_history(&mut transaction).await?;
        sqlx::query("update public.derivation set revision = $1")
            .bind(own_revision()?)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("delete from public.replay").execute(&mut *transaction).await?;
        sqlx::query("drop schema replay cascade").execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// From the first block to the newest, and then whatever lies above.
fn strides(first: u64, newest: u64) -> impl Iterator<Item = (u64, Option<u64>)> {
    let mut next = Some(first);
    std::iter::from_fn(move || {
        let from = next?;
        let end = from.saturating_add(STRIDE_BLOCKS - 1);
        next = (end < newest).then_some(end.saturating_add(1));
        Some((from, next.map(|_| end)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_leave_nothing_out() {
        let all: Vec<_> = strides(5, 250_000).collect();
        assert_eq!(all, [(5, Some(100_004)), (100_005, Some(200_004)), (200_005, None)]);
        assert_eq!(strides(9, 9).collect::<Vec<_>>(), [(9, None)]);
    }
}
