//! Where a run through a list has got to, and the block it keeps to. Opaque to clients.

use alloy_primitives::{Address, B256, U256, hex};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::params::invalid;
use crate::problem::{Kind, Problem};
use crate::snapshot::Snapshot;
use crate::table::Order;

/// A run may last for so many blocks of the chain.
const BLOCKS_MAX: u64 = 1_000;
/// Or for so long.
const SECONDS_MAX: u64 = 30 * 60;

/// Where a run through a list has got to, and what it keeps to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageCursor {
    /// The block of every page.
    #[serde(rename = "n")]
    pub block_number: u64,
    /// Its hash, where one was stored.
    #[serde(rename = "h")]
    pub block_hash: Option<B256>,
    /// The deployment, for labels and policy are part of the answer.
    #[serde(rename = "d")]
    pub deployment: B256,
    /// The newest block when the run began.
    #[serde(rename = "s")]
    pub head_number: u64,
    /// When it began, seconds since 1970.
    #[serde(rename = "t")]
    pub began_at: u64,
    /// The order of the list.
    #[serde(rename = "o")]
    pub order: Order,
    /// Least allocation, units of 1e-18 dollars.
    #[serde(rename = "m")]
    pub min_allocation: U256,
    /// The last row of the page before.
    #[serde(rename = "a")]
    pub after: Address,
}

impl PageCursor {
    /// As a client gives it back.
    ///
    /// # Errors
    /// [`Kind::InvalidCursor`] for what this service never gave.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let not_ours = || Problem::new(Kind::InvalidCursor, "?cursor is not a next_cursor of this service");
        let bytes = hex::decode(text).map_err(|_| not_ours())?;
        serde_json::from_slice(&bytes).map_err(|_| not_ours())
    }

    /// As a client is given it.
    pub fn write(&self) -> String {
        hex::encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether the query asks for the same list, where it says anything of it.
    ///
    /// # Errors
    /// [`Kind::InvalidParameter`] if not.
    pub fn agree(&self, order: Option<Order>, min_allocation: Option<U256>) -> Result<(), Problem> {
        let agrees = order.is_none_or(|order| order == self.order)
            && min_allocation.is_none_or(|least| least == self.min_allocation);
        if agrees { Ok(()) } else { Err(invalid("cursor", "belongs to a list of another order or minimum")) }
    }

    /// Whether the block is still the same and the run not too old.
    ///
    /// # Errors
    /// [`Kind::CursorExpired`] if not.
    pub fn hold(&self, snapshot: &Snapshot) -> Result<(), Problem> {
        let is_other = self.block_hash.is_some() && snapshot.point().hash != self.block_hash;
        if is_other {
            return Err(self.reorged());
        }
        if snapshot.known().digest != self.deployment {
            return Err(expired("labels or policy changed since the first page"));
        }
        let head = snapshot.progress().capacity.map_or(0, |cursor| cursor.number);
        let is_old = head.saturating_sub(self.head_number) > BLOCKS_MAX
            || now_seconds().saturating_sub(self.began_at) > SECONDS_MAX;
        if is_old { Err(expired("a cursor is good for 1,000 blocks or 30 minutes")) } else { Ok(()) }
    }

    /// The block is no longer part of the chain.
    pub fn reorged(&self) -> Problem {
        expired(&format!("block {} was reorged away", self.block_number))
    }
}

fn expired(why: &str) -> Problem {
    Problem::new(Kind::CursorExpired, format!("{why}; begin again without ?cursor"))
}

/// Now, seconds since 1970.
pub fn now_seconds() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}
