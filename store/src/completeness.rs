//! How sure it is that no log is missing.

use sqlx::PgConnection;

use crate::StoreError;
use crate::columns::{Corrupt, bigint};

/// How many independent words there are for a block's logs being all of them. The higher the surer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    /// One node's word, after the bloom test, and asked twice where it said "none".
    Single,
    /// Two different nodes gave the same logs.
    Agreed,
    /// The logs are of receipts that the header's receiptsRoot commits to.
    Receipts,
}

impl Grade {
    /// Every grade, the surest first.
    pub const ALL: [Self; 3] = [Self::Receipts, Self::Agreed, Self::Single];

    /// The word it is stored and published as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Agreed => "agreed",
            Self::Receipts => "receipts",
        }
    }

    pub(crate) fn from_name(name: &str) -> Result<Self, Corrupt> {
        let known = Self::ALL.into_iter().find(|grade| grade.name() == name);
        known.ok_or_else(|| Corrupt(format!("a grade called {name}")))
    }
}

/// Notes the grade of the blocks `from..=to` for these cursors, in the transaction that stores them. One statement: the
/// newest stretch is extended where it ends just below and has the same grade.
pub(crate) async fn note(
    connection: &mut PgConnection,
    cursors: &[&str],
    (from, to): (u64, u64),
    grade: Grade,
) -> Result<(), StoreError> {
    sqlx::query(
        "with given as (select unnest($1::text[]) as cursor),
              extended as (
                  update completeness c set to_block = $3 from given
                  where c.cursor = given.cursor and c.grade = $4 and c.to_block = $2 - 1
                  returning c.cursor
              )
         insert into completeness (cursor, from_block, to_block, grade)
         select cursor, $2, $3, $4 from given where cursor not in (select cursor from extended)",
    )
    .bind(cursors)
    .bind(bigint(from)?)
    .bind(bigint(to)?)
    .bind(grade.name())
    .execute(connection)
    .await?;
    Ok(())
}

/// Undoes what lies above the ancestor, in the transaction that undoes the blocks.
pub(crate) async fn cut(connection: &mut PgConnection, ancestor: u64) -> Result<(), StoreError> {
    let ancestor = bigint(ancestor)?;
    sqlx::query("delete from completeness where from_block > $1").bind(ancestor).execute(&mut *connection).await?;
    sqlx::query("update completeness set to_block = $1 where to_block > $1").bind(ancestor).execute(connection).await?;
    Ok(())
}
