//! VVV minted at the ends of periods, by origin.
//!
//! Who counts as a treasury is the same for a whole series: whoever has been one by the block of the answer. Else what was
//! minted to somebody who became the treasury later would leave one origin and come to another, and a flow be less than zero.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use ledger::mint::{Minted, Origins, Treasuries};
use ledger::totals::Tally;
use store::read::series::Steps;

use crate::problem::Problem;
use crate::routes::supply::Parts;
use crate::snapshot::Snapshot;

/// What everybody was minted.
pub(crate) struct Minting {
    parts: Parts,
    treasuries: Treasuries,
    recipients: Vec<Address>,
    minted: Steps<Minted>,
}

impl Minting {
    pub(crate) async fn read(snapshot: &mut Snapshot, blocks: &[u64]) -> Result<Self, Problem> {
        let totals = snapshot.capacity_totals().await?;
        let recipients: Vec<Address> = snapshot.minted().await?.into_keys().collect();
        Ok(Self {
            parts: Parts::of(&snapshot.deployment()),
            treasuries: snapshot.treasuries(&totals).await?,
            minted: snapshot.minted_at(&recipients, blocks).await?,
            recipients,
        })
    }

    /// By recipient, after a block.
    pub(crate) fn minted(&self, block: Option<u64>) -> BTreeMap<Address, Minted> {
        let by_recipient = |recipient: &Address| Some((*recipient, self.minted.at(*recipient, block?)?));
        self.recipients.iter().filter_map(by_recipient).collect()
    }

    /// By origin.
    pub(crate) fn origins(&self, minted: &BTreeMap<Address, Minted>) -> Result<Origins, Problem> {
        self.parts.origins(minted, &self.treasuries)
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
