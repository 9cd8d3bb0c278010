//! How a table is read.
//!
//! In a transaction of its own, which began after the asker's: the block is held against the one that was asked for.

use std::sync::Arc;

use ledger::entitlement::Policy;
use ledger::table::Holding;
use store::read::{Database, Reading, block, progress, table};

use super::Key;
use crate::problem::{Kind, Problem};
use crate::table::{Table, overlaid};

/// A table that another one of its epoch is made of.
pub(super) struct Base {
    pub(super) key: Key,
    pub(super) table: Arc<Table>,
}

impl Base {
    /// The newest before a table has the fewest changes to it; of one behind it the epoch's opening is taken.
    pub(super) fn nearness(&self, key: &Key) -> impl Ord + use<> {
        (self.key.number <= key.number, self.key.number)
    }
}

/// The table of a block: what was held at some earlier block of the epoch, and what changed from there on. No more than one
/// day's changes are read.
pub(super) async fn table(
    database: &Database,
    key: Key,
    base: Option<Base>,
    policy: &Policy,
) -> Result<Arc<Table>, Problem> {
    let mut reading = database.begin().await?;
    hold(&mut reading, &key).await?;
    let base = match base {
        Some(base) if is_there(&mut reading, &base.key).await? => Some(base.table).zip(Some(base.key.number)),
        _ => None,
    };
    let Some(opening_block) = key.opening_block else {
        let now = table::holdings(&mut reading, key.number).await?;
        return Ok(Arc::new(Table::new(now, Arc::default(), policy)));
    };
    let opening = match &base {
        Some((table, _)) => Arc::clone(table.opening()),
        None => Arc::new(table::holdings(&mut reading, opening_block).await?),
    };
    let (from, after): (&[Holding], u64) = match &base {
        Some((table, number)) if *number <= key.number => (table.now(), *number),
        _ => (&opening, opening_block),
    };
    let changes = table::changes(&mut reading, after, key.number).await?;
    let now = overlaid(from, changes);
    Ok(Arc::new(Table::new(now, opening, policy)))
}

/// Whether the block is still the one that is meant: rows of the same block, derived the same way, do not change.
async fn hold(reading: &mut Reading, key: &Key) -> Result<(), Problem> {
    let progress = progress::progress(reading).await?;
    let is_stored = progress.capacity.is_some_and(|cursor| key.number <= cursor.number);
    if is_stored && progress.derivation == key.derivation && is_there(reading, key).await? {
        return Ok(());
    }
    let detail = format!("block {} was replaced while its table was read; ask again", key.number);
    Err(Problem::new(Kind::Behind, detail).retry_after(1))
}

/// A block of which no header is stored any more is final.
async fn is_there(reading: &mut Reading, key: &Key) -> Result<bool, Problem> {
    let stored = block::facts(reading, key.number).await?.hash;
    Ok(stored.is_none() || stored == key.hash)
}
