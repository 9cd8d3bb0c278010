//! How sure it is that no log is missing.

use sqlx::PgConnection;

use crate::StoreError;
use crate::append::Batch;
use crate::columns::{Corrupt, bigint};
use crate::cursor::Lane;

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

/// Notes the grade of what is being appended, in its transaction. One statement: the newest stretch is extended where it
/// ends just below and has the same grade.
pub(crate) async fn note(connection: &mut PgConnection, batch: &Batch<'_>, grade: Grade) -> Result<(), StoreError> {
    let names: Vec<&str> = batch.lanes.iter().map(|lane| lane.name()).collect();
    let after = batch.after.map(|after| bigint(after.number)).transpose()?;
    sqlx::query(
        "with given as (
                  select cursor, coalesce($2 + 1, (select start_block from deployment)) as from_block
                  from unnest($1::text[]) as cursor
              ),
              extended as (
                  update completeness c set to_block = $3 from given
                  where c.cursor = given.cursor and c.grade = $4 and c.to_block = given.from_block - 1
                  returning c.cursor
              )
         insert into completeness (cursor, from_block, to_block, grade)
         select cursor, from_block, $3, $4 from given where cursor not in (select cursor from extended)",
    )
    .bind(names)
    .bind(after)
    .bind(bigint(batch.cursor.number)?)
    .bind(grade.name())
    .execute(connection)
    .await?;
    Ok(())
}

/// Undoes what lies above the ancestor of these lanes, in the transaction that undoes the blocks.
pub(crate) async fn cut(connection: &mut PgConnection, lanes: &[Lane], ancestor: i64) -> Result<(), StoreError> {
    let names: Vec<&str> = lanes.iter().map(|lane| lane.name()).collect();
    let statements = [
        "delete from completeness where from_block > $1 and cursor = any($2)",
        "update completeness set to_block = $1 where to_block > $1 and cursor = any($2)",
    ];
    for statement in statements {
        sqlx::query(statement).bind(ancestor).bind(&names).execute(&mut *connection).await?;
    }
    Ok(())
}

/// In place of the grades from a block on, those of a replay that had its inputs anew, as far as it had them.
const SWAP: [&str; 4] = [
    "insert into public.completeness (cursor, from_block, to_block, grade)
     select s.cursor, r.last + 1, s.to_block, s.grade
       from public.completeness s
       join (select cursor, max(to_block) as last from replay.completeness group by cursor) r using (cursor)
      where s.from_block <= r.last and s.to_block > r.last and r.last >= $1",
    "delete from public.completeness s
      using (select cursor, max(to_block) as last from replay.completeness group by cursor) r
      where s.cursor = r.cursor and s.from_block between $1 and r.last",
    "update public.completeness s set to_block = $1 - 1
       from (select distinct cursor from replay.completeness) r
      where s.cursor = r.cursor and s.from_block < $1 and s.to_block >= $1",
    "insert into public.completeness select * from replay.completeness where from_block >= $1",
];

/// Within the transaction that swaps the rest.
pub(crate) async fn swap(connection: &mut PgConnection, from_block: u64) -> Result<(), StoreError> {
    let from = bigint(from_block)?;
    for statement in SWAP {
        sqlx::query(statement).bind(from).execute(&mut *connection).await?;
    }
    Ok(())
}
