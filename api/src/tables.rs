//! Capacity tables read of late.
//!
//! A table never changes once its block is named, so it is read once, however many ask. The next block's is made of it
//! and of what changed since.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use alloy_primitives::B256;
use ledger::entitlement::Policy;
use store::read::progress::Derivation;
use store::read::{Reading, block, table};
use tokio::sync::OnceCell;

use crate::problem::Problem;
use crate::table::Table;

/// Tables kept.
const KEPT_MAX: usize = 4;

/// What a table is the table of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The block.
    pub number: u64,
    /// Its hash, where one is stored; a block without one is final.
    pub hash: Option<B256>,
    /// The block that opened the epoch.
    pub opening_block: Option<u64>,
    /// Digest of the deployment, for the policy is part of it.
    pub deployment: B256,
    /// What is derived anew under the same block is another table.
    pub derivation: Derivation,
}

/// Capacity tables read of late.
#[derive(Debug, Default)]
pub struct Tables(Mutex<VecDeque<Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    key: Key,
    table: Arc<OnceCell<Arc<Table>>>,
}

impl Tables {
    /// The table at a block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn get(&self, key: Key, reading: &mut Reading, policy: &Policy) -> Result<Arc<Table>, Problem> {
        let (wanted, earlier) = self.slot(key);
        let table = wanted.get_or_try_init(|| make(key, earlier, reading, policy)).await?;
        Ok(Arc::clone(table))
    }

    /// The place of a table, and the newest earlier one that it can be made of.
    fn slot(&self, key: Key) -> (Arc<OnceCell<Arc<Table>>>, Option<Kept>) {
        let Ok(mut kept) = self.0.lock() else { return Default::default() };
        if let Some(kept) = kept.iter().find(|kept| kept.key == key) {
            return (Arc::clone(&kept.table), None);
        }
        let usable = kept.iter().filter(|kept| kept.precedes(&key));
        let earlier = usable.max_by_key(|kept| kept.key.number).cloned();
        let table = Arc::default();
        kept.truncate(KEPT_MAX - 1);
        kept.push_front(Kept { key, table: Arc::clone(&table) });
        (table, earlier)
    }
}

impl Kept {
    fn precedes(&self, key: &Key) -> bool {
        let Key { opening_block, deployment, derivation, .. } = self.key;
        let is_same_epoch = opening_block == key.opening_block && deployment == key.deployment;
        is_same_epoch
            && derivation == key.derivation
            && self.key.number < key.number
            && self.key.hash.is_some()
            && self.table.initialized()
    }
}

async fn make(key: Key, earlier: Option<Kept>, reading: &mut Reading, policy: &Policy) -> Result<Arc<Table>, Problem> {
    if let Some(earlier) = earlier
        && let Some(base) = earlier.table.get()
        && block::facts(reading, earlier.key.number).await?.hash == earlier.key.hash
    {
        let changes = table::changes(reading, earlier.key.number, key.number).await?;
        return Ok(Arc::new(base.after(changes, policy)));
    }
    let now = table::holdings(reading, key.number).await?;
    let opening = match key.opening_block {
        Some(opening) => table::holdings(reading, opening).await?,
        None => Vec::new(),
    };
    Ok(Arc::new(Table::new(now, Arc::new(opening), policy)))
}
