//! VVV minted at the ends of periods, by origin.
//!
//! Who counts as a treasury is the same for a whole series: whoever has been one by the block of the answer. Else what was
//! minted to somebody who became the treasury later would leave one origin and come to another, and a flow be less than zero.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use ledger::mint::{Minted, Origins, Treasuries};
use ledger::totals::Tally;

use crate::problem::Problem;
use crate::routes::supply::Parts;
use crate::snapshot::Snapshot;

/// What everybody was minted, by block.
pub(crate) struct Minting {
    parts: Parts,
    treasuries: Treasuries,
    minted: BTreeMap<u64, BTreeMap<Address, Minted>>,
    nothing: BTreeMap<Address, Minted>,
}

impl Minting {
    pub(crate) async fn read(snapshot: &mut Snapshot, blocks: &[u64]) -> Result<Self, Problem> {
        let totals = snapshot.capacity_totals().await?;
        let recipients: Vec<Address> = snapshot.minted().await?.into_keys().collect();
        Ok(Self {
            parts: Parts::of(&snapshot.deployment()),
            treasuries: snapshot.treasuries(&totals).await?,
            minted: snapshot.minted_at(&recipients, blocks).await?,
            nothing: BTreeMap::new(),
        })
    }

    /// By recipient, after a block.
    pub(crate) fn minted(&self, block: Option<u64>) -> &BTreeMap<Address, Minted> {
        block.and_then(|block| self.minted.get(&block)).unwrap_or(&self.nothing)
    }

    /// By origin, after a block.
    pub(crate) fn origins(&self, block: Option<u64>) -> Result<Origins, Problem> {
        self.parts.origins(self.minted(block), &self.treasuries)
    }
}

/// What was minted since an earlier block. Of an origin that cannot be known at either, it cannot.
pub(crate) fn since(now: &Origins, earlier: &Origins) -> Result<Origins, Problem> {
    let since = |now: Option<Tally>, earlier: Option<Tally>| match now.zip(earlier) {
        Some((now, earlier)) => now.since(earlier).map(Some).ok_or_else(|| Problem::internal("mints became fewer")),
        None => Ok(None),
    };
    Ok(Origins {
        genesis: since(now.genesis, earlier.genesis)?,
        stakers: since(now.stakers, earlier.stakers)?,
        treasury: since(now.treasury, earlier.treasury)?,
        other: since(now.other, earlier.other)?,
    })
}
