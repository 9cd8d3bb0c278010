//! The capacity table in the orders it is listed in; [`crate::tables`] reads and keeps it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use alloy_primitives::{Address, U256};
use ledger::entitlement::Policy;
use ledger::table::{Holding, Row, rows};
use serde::{Deserialize, Serialize};

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
    /// The most DIEM staked now first, ties by address.
    Staked,
    /// The most locked sVVV first, ties by address.
    Locked,
}

/// All rows at one block: one for each address whose sVVV, staked DIEM or allocation is not zero.
#[derive(Debug, Default)]
pub struct Table {
    now: Vec<Holding>,
    opening: Arc<Vec<Holding>>,
    rows: Vec<Row>,
    by_allocation: OnceLock<Vec<usize>>,
    by_share: OnceLock<Vec<usize>>,
    by_staked: OnceLock<Vec<usize>>,
    by_locked: OnceLock<Vec<usize>>,
}

impl Table {
    /// The table of what is held now and what was held when the epoch opened, both ordered by address.
    pub fn new(now: Vec<Holding>, opening: Arc<Vec<Holding>>, policy: &Policy) -> Self {
        let rows = rows(&now, &opening, policy);
        Self { now, opening, rows, ..Self::default() }
    }

    /// What was held at its block, ordered by address.
    pub fn now(&self) -> &[Holding] {
        &self.now
    }

    /// What was held when the epoch opened, ordered by address.
    pub fn opening(&self) -> &Arc<Vec<Holding>> {
        &self.opening
    }

    /// The memory it takes, all orders included. An opening that tables share counts for each of them.
    pub fn bytes(&self) -> usize {
        let holdings = self.now.len() + self.opening.len();
        holdings * size_of::<Holding>() + self.rows.len() * (size_of::<Row>() + 4 * size_of::<usize>())
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
            Order::Staked => Some(self.by_staked.get_or_init(|| self.descending(|row| row.staked.now))),
            Order::Locked => Some(self.by_locked.get_or_init(|| self.descending(|row| row.locked))),
        }
    }

    fn descending(&self, key: impl Fn(&Row) -> U256) -> Vec<usize> {
        let mut sorted: Vec<usize> = (0..self.rows.len()).collect();
        sorted.sort_by_key(|index| std::cmp::Reverse(key(&self.rows[*index])));
        sorted
    }
}

/// What is held when these addresses hold something else than before. Both ordered by address, as is what comes of it.
pub fn overlaid(before: &[Holding], changes: Vec<Holding>) -> Vec<Holding> {
    let mut now: BTreeMap<Address, Holding> = before.iter().map(|holding| (holding.address, *holding)).collect();
    now.extend(changes.into_iter().map(|holding| (holding.address, holding)));
    now.into_values().filter(|holding| !(holding.svvv.is_zero() && holding.diem_staked.is_zero())).collect()
}
