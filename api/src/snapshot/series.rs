//! Figures at many blocks at once, and who was minted VVV. What is kept of finalized blocks is not read again.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::{Address, U256};
use futures::FutureExt;
use futures::future::BoxFuture;
use ledger::mint::{Minted, Treasuries};
use ledger::parameter::Parameter;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use store::read::series::Steps;
use store::read::{ReadError, Reading, mint, series};

use super::{Finality, Snapshot, behind};
use crate::finalized::{Finalized, History, Kept};
use crate::problem::Problem;

/// The values that a parameter took, by the block since which it did.
pub type Values = BTreeMap<u64, Option<Vec<U256>>>;
/// Figures being looked up.
type Read<'a, T> = BoxFuture<'a, Result<T, ReadError>>;

impl Snapshot {
    /// The last block before each of these times, in seconds since 1970, but none after the snapshot's; `None`: none is held.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn last_blocks_before(&mut self, times: &[u64]) -> Result<Vec<Option<u64>>, Problem> {
        let newest = self.point.number;
        let found = series::last_before(&mut self.reading, &self.known.deployment, times, newest).await?;
        let first = self.progress.first_block(&self.known.deployment);
        Ok(found.into_iter().map(|number| number.filter(|number| *number >= first)).collect())
    }

    /// Totals that the light events move, after each of these blocks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn capacity_totals_at(&mut self, blocks: &[u64]) -> Result<BTreeMap<u64, CapacityTotals>, Problem> {
        self.of_all(|kept| &kept.capacity, blocks, |reading: &mut Reading, at| series::capacity(reading, at).boxed())
            .await
    }

    /// Totals that VVV transfers move, after each of these blocks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn supply_totals_at(&mut self, blocks: &[u64]) -> Result<BTreeMap<u64, SupplyTotals>, Problem> {
        self.of_all(|kept| &kept.supply, blocks, |reading: &mut Reading, at| series::supply(reading, at).boxed()).await
    }

    /// What everybody was minted of VVV.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn minted(&mut self) -> Result<BTreeMap<Address, Minted>, Problem> {
        Ok(mint::minted(&mut self.reading, self.point.number).await?)
    }

    /// What these recipients were minted up to each of these blocks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn minted_at(&mut self, recipients: &[Address], blocks: &[u64]) -> Result<Steps<Minted>, Problem> {
        self.of_each(
            |kept| &kept.minted,
            recipients,
            blocks,
            |reading: &mut Reading, of, at| series::minted(reading, of, at).boxed(),
        )
        .await
    }

    /// Who has been the treasury up to the block of these totals, which is the snapshot's.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn treasuries(&mut self, totals: &CapacityTotals) -> Result<Treasuries, Problem> {
        Ok(mint::treasuries(&mut self.reading, totals.genesis_end_block, self.point.number).await?)
    }

    /// What these senders had burned after each of these blocks.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn burned_at(&mut self, senders: &[Address], blocks: &[u64]) -> Result<Steps<Tally>, Problem> {
        self.of_each(
            |kept| &kept.burned,
            senders,
            blocks,
            |reading: &mut Reading, of, at| series::burned_by(reading, of, at).boxed(),
        )
        .await
    }

    /// VVV of these addresses after each of these blocks.
    ///
    /// # Errors
    /// If single balances cannot be looked up yet, or the database fails.
    pub async fn vvv_balances_at(&mut self, addresses: &[Address], blocks: &[u64]) -> Result<Steps<U256>, Problem> {
        behind::hold_indexes(&self.progress)?;
        self.of_each(
            |kept| &kept.vvv,
            addresses,
            blocks,
            |reading: &mut Reading, of, at| series::vvv_balances(reading, of, at).boxed(),
        )
        .await
    }

    /// The values that a parameter took up to the block.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn values(&mut self, parameter: Parameter) -> Result<Values, Problem> {
        Ok(series::values(&mut self.reading, parameter, self.point.number).await?)
    }

    /// Totals after each of these blocks.
    async fn of_all<T: Copy>(
        &mut self,
        kept: impl Fn(&Finalized) -> &Kept<(), T>,
        blocks: &[u64],
        read: impl for<'a> FnOnce(&'a mut Reading, &'a [u64]) -> Read<'a, BTreeMap<u64, T>>,
    ) -> Result<BTreeMap<u64, T>, Problem> {
        let (app, history) = (self.app.clone(), self.history());
        let kept = kept(app.finalized());
        let found = |block: &u64| Some((*block, kept.get(history, (), *block)?));
        let mut totals: BTreeMap<u64, T> = blocks.iter().filter_map(found).collect();
        let missing: Vec<u64> = blocks.iter().copied().filter(|block| !totals.contains_key(block)).collect();
        if !missing.is_empty() {
            let read = read(&mut self.reading, &missing).await?;
            for (block, total) in read.iter().filter(|(block, _)| self.is_to_stay(**block)) {
                kept.keep(history, (), *block, *total);
            }
            totals.extend(read);
        }
        Ok(totals)
    }

    /// Something of each of these addresses after each of these blocks.
    async fn of_each<T: Copy>(
        &mut self,
        kept: impl Fn(&Finalized) -> &Kept<Address, Option<T>>,
        addresses: &[Address],
        blocks: &[u64],
        read: impl for<'a> FnOnce(&'a mut Reading, &'a [Address], &'a [u64]) -> Read<'a, Steps<T>>,
    ) -> Result<Steps<T>, Problem> {
        let (app, history) = (self.app.clone(), self.history());
        let kept = kept(app.finalized());
        let mut steps = Steps::default();
        let mut missing = BTreeSet::new();
        for block in blocks {
            for address in addresses {
                match kept.get(history, *address, *block) {
                    Some(Some(value)) => steps.add(*address, *block, value),
                    Some(None) => {}
                    None => drop(missing.insert(*block)),
                }
            }
        }
        if missing.is_empty() {
            return Ok(steps);
        }
        let missing: Vec<u64> = missing.into_iter().collect();
        let read = read(&mut self.reading, addresses, &missing).await?;
        for block in missing {
            for address in addresses {
                let value = read.at(*address, block);
                if self.is_to_stay(block) {
                    kept.keep(history, *address, block, value);
                }
                value.into_iter().for_each(|value| steps.add(*address, block, value));
            }
        }
        Ok(steps)
    }

    /// Which history is read.
    fn history(&self) -> History {
        History {
            deployment: self.known.digest,
            derivation: self.progress.derivation,
            first_block: self.progress.first_block(&self.known.deployment),
        }
    }

    /// Whether figures after a block are worth keeping: it is finalized, and not merely the one that a client named.
    fn is_to_stay(&self, block: u64) -> bool {
        block != self.point.number && Finality::of(&self.progress, block) == Finality::Finalized
    }
}
