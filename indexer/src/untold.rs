//! Where parameters changed without an event: by halving, on the contracts' own answers. Pure but for what is asked.
//!
//! Two readings of a parameter differ and no event lies between them. The blocks in between are halved until two of them
//! touch, on both sides wherever the answer in the middle is a third value. A node that has no state of old blocks has one
//! of newer ones, so where it does not know the search goes on above, and what changed below it lies in a stretch.

use std::collections::BTreeMap;
use std::future::Future;

use alloy_primitives::U256;
use ledger::block::Block;
use ledger::parameter::{Parameter, Parameters, Setting, Untold};
use store::inferred::UntoldByBlock;

/// Blocks asked about in one search. Two thousand million blocks take 31 for a change; who has more to say has a value that
/// moves all the time, or no respect for the truth. What is not found by then lies in a stretch.
const QUESTIONS_MAX: usize = 256;

/// A value that a parameter has after a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The block.
    pub block_number: u64,
    /// One word, or 256.
    pub value: Vec<U256>,
}

/// A parameter that a reading shows with another value than is in force, without an event to explain it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which.
    pub parameter: Parameter,
    /// What is in force, since the last event or reading that said so.
    pub known: Shown,
    /// What the reading says.
    pub read: Shown,
}

/// What the readings of a block say that its events do not explain. `shown_at` is the block of the last event or reading.
pub fn differences(block: &Block, known: &Parameters, shown_at: impl Fn(Parameter) -> Option<u64>) -> Vec<Difference> {
    let rereads = block.entries.iter().any(|entry| entry.event.may_set_anything());
    let is_reread = |parameter: Parameter| parameter.is_of_staking() || parameter == Parameter::Implementation;
    let explained = |parameter: Parameter| block.sets_from(0, parameter) || rereads && is_reread(parameter);
    let watched = block.readings.iter().filter(|reading| reading.parameter.is_announced());
    watched
        .filter(|Setting { parameter, .. }| !explained(*parameter))
        .filter_map(|Setting { parameter, value }| {
            let in_force = known.get(*parameter).filter(|in_force| in_force != value)?;
            let after = shown_at(*parameter).filter(|after| *after < block.number)?;
            Some(Difference {
                parameter: *parameter,
                known: Shown { block_number: after, value: in_force.to_vec() },
                read: Shown { block_number: block.number, value: value.clone() },
            })
        })
        .collect()
}

/// The blocks at which each of them changed. `probe` tells what the contracts answer after a block, `None` where nobody
/// knows; each block is asked about once.
///
/// # Errors
/// Those of `probe`.
pub async fn changes<E, F>(differences: &[Difference], probe: impl FnMut(u64) -> F) -> Result<UntoldByBlock, E>
where
    F: Future<Output = Result<Option<Vec<Setting>>, E>>,
{
    let mut search = Search { probe, answers: BTreeMap::new() };
    let mut found = UntoldByBlock::new();
    for difference in differences {
        for (block_number, after_block) in search.trace(difference).await? {
            found.entry(block_number).or_default().push(Untold { parameter: difference.parameter, after_block });
        }
    }
    Ok(found)
}

/// What was asked so far.
struct Search<P> {
    probe: P,
    answers: BTreeMap<u64, Option<Vec<Setting>>>,
}

/// Two blocks with different values, and the last one between them of which nobody knows: the lower one, where none.
struct Stretch {
    lower: Shown,
    unknown_to: u64,
    upper: Shown,
}

impl<P, E, F> Search<P>
where
    P: FnMut(u64) -> F,
    F: Future<Output = Result<Option<Vec<Setting>>, E>>,
{
    /// Each change of one parameter: the first block known to have the new value, and the last known to have the old one.
    async fn trace(&mut self, difference: &Difference) -> Result<Vec<(u64, u64)>, E> {
        let Difference { parameter, known, read } = difference.clone();
        let mut changes = Vec::new();
        let mut left = vec![Stretch { unknown_to: known.block_number, lower: known, upper: read }];
        while let Some(Stretch { lower, unknown_to, upper }) = left.pop() {
            if lower.value == upper.value {
                continue;
            }
            let Some(middle) = self.middle(unknown_to, upper.block_number) else {
                changes.push((upper.block_number, lower.block_number));
                continue;
            };
            match self.ask(middle, parameter).await? {
                None => left.push(Stretch { lower, unknown_to: middle, upper }),
                Some(value) => {
                    let shown = Shown { block_number: middle, value };
                    left.push(Stretch { lower, unknown_to, upper: shown.clone() });
                    left.push(Stretch { lower: shown, unknown_to: middle, upper });
                }
            }
        }
        Ok(changes)
    }

    /// The next block to ask about between two: one that was asked about for another parameter, or else that in the middle.
    fn middle(&self, above: u64, below: u64) -> Option<u64> {
        let middle = above + (below - above) / 2;
        if middle == above {
            return None;
        }
        let asked = self.answers.range(above + 1..below).map(|(number, _)| *number);
        let nearest = asked.min_by_key(|number| number.abs_diff(middle));
        nearest.or((self.answers.len() < QUESTIONS_MAX).then_some(middle))
    }

    async fn ask(&mut self, number: u64, parameter: Parameter) -> Result<Option<Vec<U256>>, E> {
        if !self.answers.contains_key(&number) {
            let answer = (self.probe)(number).await?;
            self.answers.insert(number, answer);
        }
        let settings = self.answers.get(&number).and_then(Option::as_ref);
        let setting = settings.and_then(|all| all.iter().find(|setting| setting.parameter == parameter));
        Ok(setting.map(|setting| setting.value.clone()))
    }
}

#[cfg(test)]
mod tests;
