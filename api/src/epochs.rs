//! Epochs as seen from a block: which there are, where each opened and closed, and what was staked then.

use std::collections::BTreeMap;

use ledger::epoch::Epoch;
use ledger::totals::CapacityTotals;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Kind, Problem};
use crate::snapshot::Snapshot;
use crate::wire::{Amount, Time, Units, day};

/// Why there is no root.
const NO_ROOT: &str = "capacity tables are not hashed into Merkle roots yet";

/// An epoch, and what was staked at its ends.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EpochSummary {
    /// The UTC day; null after the year 9999.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-11-20")]
    id: Option<String>,
    /// Days since 1970-01-01.
    #[schema(minimum = 0, example = 20_777)]
    number: u64,
    /// First second.
    opens_at: Option<Time>,
    /// First second after it.
    closes_at: Option<Time>,
    /// Whether a block after it is there, so that nothing of it can change but by a reorg.
    complete: bool,
    /// The last block before the epoch; null where it lies before the first block held, when nothing was staked.
    #[schema(minimum = 0, example = 51_529_999)]
    opening_block: Option<u64>,
    /// The last block of the epoch, or the one before if it has none: the next one's opening block. Null until the epoch
    /// is complete.
    #[schema(minimum = 0, example = 51_573_199)]
    closing_block: Option<u64>,
    /// At the opening block.
    opening: Option<EpochTotals>,
    /// At the closing block.
    closing: Option<EpochTotals>,
    /// Merkle root of the capacity table at the opening block; null where there is none.
    #[schema(example = json!(null))]
    root: Option<String>,
    /// Why there is no root.
    #[schema(example = "capacity tables are not hashed into Merkle roots yet")]
    root_reason: Option<&'static str>,
}

/// What everybody held together.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EpochTotals {
    /// sVVV.totalSupply().
    total_svvv: Amount,
    /// Of it locked against minted DIEM.
    locked: Amount,
    /// DIEM.totalSupply().
    diem_supply: Amount,
    /// Staked DIEM, cooling left out.
    diem_staked: Amount,
    /// Addresses with sVVV, the three contracts left out.
    #[schema(minimum = 0, example = 12_345)]
    stakers: u64,
    /// Addresses with staked DIEM.
    #[schema(minimum = 0, example = 2_345)]
    diem_stakers: u64,
}

/// The epochs from the first block held to the block of a snapshot.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    first: Epoch,
    last: Epoch,
}

impl Span {
    /// Up to the snapshot's block.
    ///
    /// # Errors
    /// If the database fails or the block's time is not known.
    pub async fn of(snapshot: &mut Snapshot) -> Result<Self, Problem> {
        let last = snapshot.epoch().await?.epoch;
        let began = snapshot.began_at().await?;
        Ok(Self { first: began.map_or(last, Epoch::at).min(last), last })
    }

    /// Whether the epoch is one of them.
    ///
    /// # Errors
    /// [`Kind::NotFound`], with both ends.
    pub fn hold(&self, epoch: Epoch) -> Result<(), Problem> {
        if (self.first..=self.last).contains(&epoch) {
            return Ok(());
        }
        let name = |epoch: Epoch| day(epoch).unwrap_or_else(|| epoch.number.to_string());
        let (first, last) = (name(self.first), name(self.last));
        let detail = format!("{} lies outside what is held: epochs {first} to {last}", name(epoch));
        Err(Problem::new(Kind::NotFound, detail).with("first_epoch", first).with("last_epoch", last))
    }

    /// The newest first, from the one before this number on.
    pub fn descending(&self, before: Option<u64>) -> impl Iterator<Item = Epoch> + use<> {
        let end = before.map_or(self.last.number + 1, |before| before.min(self.last.number + 1));
        (self.first.number..end).rev().map(|number| Epoch { number })
    }

    /// What is to be said of some of them.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn summaries(
        &self,
        snapshot: &mut Snapshot,
        epochs: &[Epoch],
        units: Units,
    ) -> Result<Vec<EpochSummary>, Problem> {
        let ends: Vec<Epoch> = epochs.iter().copied().chain(epochs.iter().map(|epoch| epoch.next())).collect();
        let held: Vec<Epoch> = ends.into_iter().filter(|epoch| *epoch <= self.last).collect();
        let opened = snapshot.opening_blocks(&held).await?;
        let blocks: Vec<u64> = opened.values().copied().collect();
        let totals = snapshot.capacity_totals_at(&blocks).await?;
        Ok(epochs.iter().map(|epoch| self.summary(*epoch, &opened, &totals, units)).collect())
    }

    fn summary(
        &self,
        epoch: Epoch,
        opened: &BTreeMap<Epoch, u64>,
        totals: &BTreeMap<u64, CapacityTotals>,
        units: Units,
    ) -> EpochSummary {
        let (opening_block, closing_block) = (opened.get(&epoch).copied(), opened.get(&epoch.next()).copied());
        let at = |block: Option<u64>| Some(EpochTotals::new(totals.get(&block?)?, units));
        EpochSummary {
            id: day(epoch),
            number: epoch.number,
            opens_at: Time::new(epoch.opens_at()),
            closes_at: Time::new(epoch.closes_at()),
            complete: epoch < self.last,
            opening_block,
            closing_block,
            opening: at(opening_block),
            closing: at(closing_block),
            root: None,
            root_reason: Some(NO_ROOT),
        }
    }
}

impl EpochTotals {
    fn new(totals: &CapacityTotals, units: Units) -> Self {
        Self {
            total_svvv: units.amount(totals.svvv_supply),
            locked: units.amount(totals.svvv_locked),
            diem_supply: units.amount(totals.diem_supply),
            diem_staked: units.amount(totals.diem_staked),
            stakers: totals.stakers,
            diem_stakers: totals.diem_stakers,
        }
    }
}
