//! The capacity table: what every address may use at one block.
//!
//! A table never changes once its block is named, so it is read once and kept for as long as it is asked for.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, U256};
use ledger::entitlement::{Entitlement, Policy, StakedDiem};
use serde::{Deserialize, Serialize};
use store::read::{Reading, table};
use tokio::sync::OnceCell;

use crate::problem::Problem;

/// Tables kept.
const KEPT_MAX: usize = 4;
/// For how long one is kept, so that what is derived anew under the same block shows.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// One address of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub address: Address,
    /// sVVV balance.
    pub svvv: U256,
    /// sVVV locked against minted DIEM.
    pub locked: U256,
    /// Staked DIEM at the two moments.
    pub staked: StakedDiem,
    /// What follows from it.
    pub entitlement: Entitlement,
}

/// In which order rows are listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// By address, as 20 bytes.
    #[default]
    Address,
    /// The largest allocation first, ties by address.
    Allocation,
    /// The most sVVV first, ties by address.
    Share,
}

/// All rows at one block: one for each address whose sVVV, staked DIEM or allocation is not zero.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    by_allocation: OnceLock<Vec<usize>>,
    by_share: OnceLock<Vec<usize>>,
}

impl Table {
    /// The table of what is held now and what was held when the epoch opened.
    pub fn new(now: Vec<table::Holding>, opening: Vec<table::Holding>, policy: &Policy) -> Self {
        let mut holders: BTreeMap<Address, (U256, U256, StakedDiem)> = BTreeMap::new();
        for holding in now {
            let staked = StakedDiem { now: holding.diem_staked, epoch_open: U256::ZERO };
            holders.insert(holding.address, (holding.svvv, holding.locked, staked));
        }
        for holding in opening.into_iter().filter(|holding| !holding.diem_staked.is_zero()) {
            holders.entry(holding.address).or_default().2.epoch_open = holding.diem_staked;
        }
        let rows = holders.into_iter().map(|(address, (svvv, locked, staked))| Row {
            address,
            svvv,
            locked,
            staked,
            entitlement: policy.entitle(&staked),
        });
        Self { rows: rows.filter(Row::belongs).collect(), ..Self::default() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows in this order, from the one behind `after` on.
    pub fn rows(&self, order: Order, after: Option<Address>) -> impl Iterator<Item = &Row> {
        let start = after.map_or(0, |after| self.position_behind(order, after));
        let sorted = self.sorted(order);
        (start..self.rows.len()).map(move |position| &self.rows[sorted.map_or(position, |sorted| sorted[position])])
    }

    fn position_behind(&self, order: Order, after: Address) -> usize {
        let Ok(index) = self.rows.binary_search_by_key(&after, |row| row.address) else { return self.rows.len() };
        match self.sorted(order) {
            None => index + 1,
            Some(sorted) => sorted.iter().position(|other| *other == index).map_or(self.rows.len(), |at| at + 1),
        }
    }

    /// Rows by position in this order; `None` where that is how they lie.
    fn sorted(&self, order: Order) -> Option<&[usize]> {
        match order {
            Order::Address => None,
            Order::Allocation => {
                Some(self.by_allocation.get_or_init(|| self.descending(|row| row.entitlement.allocation)))
            }
            Order::Share => Some(self.by_share.get_or_init(|| self.descending(|row| row.svvv))),
        }
    }

    fn descending(&self, key: impl Fn(&Row) -> U256) -> Vec<usize> {
        let mut sorted: Vec<usize> = (0..self.rows.len()).collect();
        sorted.sort_by_key(|index| std::cmp::Reverse(key(&self.rows[*index])));
        sorted
    }
}

impl Row {
    fn belongs(&self) -> bool {
        let amounts = [self.svvv, self.staked.now, self.entitlement.allocation];
        amounts.iter().any(|amount| !amount.is_zero())
    }
}

/// What a table is the table of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The block.
    pub number: u64,
    /// Its hash, where one is stored; a block without one is final.
    pub hash: Option<B256>,
    /// Digest of the deployment, for the policy is part of it.
    pub deployment: B256,
}

/// Tables read of late. Requests for the same one read it once.
#[derive(Debug, Default)]
pub struct Tables(Mutex<VecDeque<Kept>>);

#[derive(Clone, Debug)]
struct Kept {
    key: Key,
    since: Instant,
    table: Arc<OnceCell<Arc<Table>>>,
}

impl Tables {
    /// The table at a block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn get(
        &self,
        key: Key,
        reading: &mut Reading,
        policy: &Policy,
        opening_block: Option<u64>,
    ) -> Result<Arc<Table>, Problem> {
        let cell = self.cell(key);
        let table = cell.get_or_try_init(|| read(key.number, reading, policy, opening_block)).await?;
        Ok(Arc::clone(table))
    }

    fn cell(&self, key: Key) -> Arc<OnceCell<Arc<Table>>> {
        let Ok(mut kept) = self.0.lock() else { return Arc::default() };
        kept.retain(|kept| kept.since.elapsed() < KEPT_FOR);
        if let Some(kept) = kept.iter().find(|kept| kept.key == key) {
            return Arc::clone(&kept.table);
        }
        kept.truncate(KEPT_MAX - 1);
        let table = Arc::default();
        kept.push_front(Kept { key, since: Instant::now(), table: Arc::clone(&table) });
        table
    }
}

async fn read(
    number: u64,
    reading: &mut Reading,
    policy: &Policy,
    opening_block: Option<u64>,
) -> Result<Arc<Table>, Problem> {
    let now = table::holdings(reading, number).await?;
    let opening = match opening_block {
        Some(opening) => table::holdings(reading, opening).await?,
        None => Vec::new(),
    };
    Ok(Arc::new(Table::new(now, opening, policy)))
}
