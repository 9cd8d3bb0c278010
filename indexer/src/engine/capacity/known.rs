//! Changes of parameters without an event: where they are known to lie, and the search for those that are not.

use std::collections::HashMap;

use ledger::block::Block;
use ledger::parameter::{Parameter, Parameters, Setting, Untold};
use store::StoreError;
use store::inferred::UntoldByBlock;
use store::writer::Writer;

use super::super::Scene;
use crate::chain::{At, ChainError};
use crate::follower::StepError;
use crate::source::Source;
use crate::untold::{self, Difference};

/// What is known of them above the last block applied.
#[derive(Debug)]
pub(super) struct Known {
    /// Where they lie.
    ahead: UntoldByBlock,
    /// The block of the last event or reading of each parameter.
    shown_at: HashMap<Parameter, u64>,
    /// What holds after this block was taken over from another oracle and held against the contracts: changes lie above.
    taken_over: Option<u64>,
}

impl Known {
    pub(super) async fn load(writer: &Writer) -> Result<Self, StoreError> {
        let above = writer.cursors().await?.capacity.map_or(0, |cursor| cursor.number.saturating_add(1));
        Ok(Self {
            ahead: writer.inferred(above, u64::MAX).await?,
            shown_at: writer.parameters_shown_at().await?,
            taken_over: writer.bootstrap_block().await?,
        })
    }

    /// The first block from here on at which something is known to have changed.
    pub(super) fn next(&self, from: u64) -> Option<u64> {
        self.ahead.range(from..).next().map(|(number, _)| *number)
    }

    /// Whether something is known to have changed at this block.
    pub(super) fn is_at(&self, number: u64) -> bool {
        self.ahead.contains_key(&number)
    }

    /// What else is known to have changed at a block.
    pub(super) fn add(&mut self, number: u64, told: Vec<Untold>) {
        for untold in told {
            let here = self.ahead.entry(number).or_default();
            if !here.iter().any(|known| known.parameter == untold.parameter) {
                here.push(untold);
            }
        }
    }

    /// A block whose events and readings are about to be applied.
    pub(super) fn saw(&mut self, block: &Block) {
        self.ahead = self.ahead.split_off(&block.number.saturating_add(1));
        let set = block.entries.iter().flat_map(|entry| entry.event.settings());
        for Setting { parameter, .. } in set.chain(&block.readings) {
            self.shown_at.insert(*parameter, block.number);
        }
    }

    /// What the block's readings show to have changed without an event, and since when.
    ///
    /// # Errors
    /// [`StepError::Untold`], where something turns out to have changed in another block, which must be derived with it.
    pub(super) async fn explain<S: Source>(
        &self,
        scene: &Scene<S>,
        block: &Block,
        in_force: &Parameters,
        at: At,
    ) -> Result<Vec<Untold>, StepError> {
        let differences = untold::differences(block, in_force, |parameter| self.shown_at(parameter));
        let here = self.ahead.get(&block.number).map_or(&[][..], Vec::as_slice);
        let of = |difference: &Difference| here.iter().find(|known| known.parameter == difference.parameter).copied();
        let (known, new): (Vec<_>, Vec<_>) = differences.into_iter().partition(|difference| of(difference).is_some());
        let mut explained: Vec<Untold> = known.iter().filter_map(of).collect();
        if !new.is_empty() {
            explained.extend(search(scene, block, &new, at).await?);
        }
        Ok(explained)
    }

    fn shown_at(&self, parameter: Parameter) -> Option<u64> {
        self.shown_at.get(&parameter).copied().max(self.taken_over)
    }
}

/// Traces each change to its block.
async fn search<S: Source>(
    scene: &Scene<S>,
    block: &Block,
    new: &[Difference],
    at: At,
) -> Result<Vec<Untold>, StepError> {
    let in_a_stretch = || new.iter().map(stretch).collect();
    // Before anything is undone: is it its answer still?
    let Some(again) = scene.source.probe(at).await? else { return Ok(in_a_stretch()) };
    if !new.iter().all(|difference| again.iter().any(|setting| says(setting, difference))) {
        let what = format!("asked twice for the parameters after block {} it gives two answers", block.number);
        return Err(ChainError::Contradiction(what).into());
    }
    let mut found = untold::changes(new, |number| probe(scene, number)).await?;
    let here = found.remove(&block.number).unwrap_or_default();
    leave_out_known(scene, &mut found).await?;
    if found.is_empty() {
        // What is known already to lie elsewhere, and could not be read there, holds from here on.
        let is_here = |difference: &Difference| here.iter().find(|one| one.parameter == difference.parameter).copied();
        return Ok(new.iter().map(|difference| is_here(difference).unwrap_or_else(|| stretch(difference))).collect());
    }
    if !here.is_empty() {
        found.insert(block.number, here);
    }
    Err(StepError::Untold(found))
}

/// After a block below the one in hand, by its hash where it is stored: above the finalized block a node may be on a branch
/// of its own.
async fn probe<S: Source>(scene: &Scene<S>, number: u64) -> Result<Option<Vec<Setting>>, StepError> {
    let at = At { number, hash: scene.writer.block_hash(number).await? };
    Ok(scene.source.probe(at).await?)
}

/// The same change is traced once: one that was noted and yet is not in force will not be read another time either.
async fn leave_out_known<S: Source>(scene: &Scene<S>, found: &mut UntoldByBlock) -> Result<(), StepError> {
    let Some((first, last)) = found.keys().next().zip(found.keys().next_back()) else { return Ok(()) };
    let known = scene.writer.inferred(*first, *last).await?;
    found.retain(|number, untold| {
        let noted = known.get(number);
        untold.retain(|one| !noted.is_some_and(|noted| noted.iter().any(|other| other.parameter == one.parameter)));
        !untold.is_empty()
    });
    Ok(())
}

fn says(setting: &Setting, difference: &Difference) -> bool {
    setting.parameter == difference.parameter && setting.value == difference.read.value
}

/// Somewhere between the block after which it was known and the one that shows it.
fn stretch(difference: &Difference) -> Untold {
    Untold { parameter: difference.parameter, after_block: difference.known.block_number }
}
