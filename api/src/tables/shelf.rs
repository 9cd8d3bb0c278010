//! Tables in the order in which they were asked for last.

use std::collections::VecDeque;
use std::sync::Arc;

use super::build::Base;
use super::{Key, Making};
use crate::table::Table;

/// So many tables, and so many bytes of them, are kept; those asked for longest ago go first. One that is being made stays.
pub(super) struct Shelf {
    tables_max: usize,
    bytes_max: usize,
    /// The one asked for last in front.
    slots: VecDeque<Slot>,
}

struct Slot {
    key: Key,
    making: Making,
    /// Once it is made.
    table: Option<Arc<Table>>,
}

impl Shelf {
    pub(super) fn new(tables_max: usize, bytes_max: usize) -> Self {
        Self { tables_max, bytes_max, slots: VecDeque::new() }
    }

    /// The table of this key, there or being made. It has been asked for now.
    pub(super) fn take(&mut self, key: &Key) -> Option<Making> {
        let at = self.slots.iter().position(|slot| slot.key == *key)?;
        let slot = self.slots.remove(at)?;
        let making = slot.making.clone();
        self.slots.push_front(slot);
        Some(making)
    }

    pub(super) fn put(&mut self, key: Key, making: Making) {
        self.slots.push_front(Slot { key, making, table: None });
        self.shrink();
    }

    /// The table is made.
    pub(super) fn fill(&mut self, key: &Key, table: &Arc<Table>) {
        if let Some(slot) = self.slots.iter_mut().find(|slot| slot.key == *key) {
            slot.table = Some(Arc::clone(table));
        }
        self.shrink();
    }

    pub(super) fn remove(&mut self, key: &Key) {
        self.slots.retain(|slot| slot.key != *key);
    }

    /// The table of the same epoch that this one is best made of.
    pub(super) fn base(&self, key: &Key) -> Option<Base> {
        let usable = self.slots.iter().filter(|slot| slot.key.is_akin(key));
        let made = usable.filter_map(|slot| Some(Base { key: slot.key, table: Arc::clone(slot.table.as_ref()?) }));
        made.max_by_key(|base| base.nearness(key))
    }

    fn shrink(&mut self) {
        while self.slots.len() > self.tables_max || self.bytes() > self.bytes_max {
            let Some(oldest) = self.slots.iter().rposition(|slot| slot.table.is_some()) else { return };
            self.slots.remove(oldest);
        }
    }

    fn bytes(&self) -> usize {
        self.slots.iter().filter_map(|slot| slot.table.as_ref()).map(|table| table.bytes()).sum()
    }
}

impl Key {
    /// Of the same epoch, policy and derivation.
    fn is_akin(&self, other: &Self) -> bool {
        let Self { opening_block, deployment, derivation, .. } = *self;
        opening_block == other.opening_block && deployment == other.deployment && derivation == other.derivation
    }
}

impl std::fmt::Debug for Shelf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shelf").field("tables", &self.slots.len()).field("bytes", &self.bytes()).finish()
    }
}
