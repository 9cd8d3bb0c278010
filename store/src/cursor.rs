//! The two cursors: which events are stored up to where.

use alloy_primitives::B256;

/// A set of events with a cursor of its own. The two share no derived state; blocks are shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lane {
    /// The light events: all of the staking proxy and DIEM, and of VVV the mints and changes of owner.
    Capacity,
    /// All transfers of VVV. Never ahead of the other.
    Supply,
}

impl Lane {
    /// Both, where one transaction moves both.
    pub const BOTH: [Self; 2] = [Self::Capacity, Self::Supply];

    /// The lanes that lose blocks when this one does: none is ahead of capacity.
    pub fn undone_with(self) -> &'static [Self] {
        match self {
            Self::Capacity => &Self::BOTH,
            Self::Supply => &[Self::Supply],
        }
    }

    /// The word it is stored and published as.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capacity => "capacity",
            Self::Supply => "supply",
        }
    }
}

/// A block, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Height.
    pub number: u64,
    /// Its hash; `None` where no header of it was stored.
    pub hash: Option<B256>,
}

/// The last block stored, of each lane; `None` before its first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cursors {
    /// Of the light events.
    pub capacity: Option<BlockRef>,
    /// Of all VVV transfers: at most as high.
    pub supply: Option<BlockRef>,
}

impl Cursors {
    /// The cursor of a lane.
    pub fn of(&self, lane: Lane) -> Option<BlockRef> {
        match lane {
            Lane::Capacity => self.capacity,
            Lane::Supply => self.supply,
        }
    }

    /// Whether both are at the same block, so that one transaction may move both.
    pub fn are_level(&self) -> bool {
        self.capacity.map(|cursor| cursor.number) == self.supply.map(|cursor| cursor.number)
    }
}
