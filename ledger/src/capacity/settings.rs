//! Parameters within a block: what events set, and what a reading at the block's end says of the rest.
//!
//! A reading is the contract's answer after the whole block. It holds from a point within the block on only if no event
//! sets the parameter between that point and the end; otherwise the value in between is not known.

use alloy_primitives::{Address, U256};

use super::{Capacity, CapacityChanges};
use crate::block::Block;
use crate::event::Entry;
use crate::halt::{Anomaly, AnomalyKind};
use crate::parameter::{Parameter, ParameterChange, Parameters, Setting, Source};

impl Capacity {
    /// Values not known before the block hold from its start if nothing in it sets them: constructors and the first
    /// block followed.
    ///
    /// Where in its block a change lies that no event tells of nobody knows: until the block's end the value is unknown.
    pub(super) fn open_settings(&mut self, block: &Block) {
        for untold in block.untold.iter().filter(|untold| block.changes_untold(untold.parameter)) {
            self.parameters.set(untold.parameter, None);
        }
        for Setting { parameter, value } in &block.readings {
            let is_open = *parameter != Parameter::RewardDebts && !block.changes_untold(*parameter);
            if is_open && self.parameters.get(*parameter).is_none() && !block.sets_from(0, *parameter) {
                self.parameters.set(*parameter, Some(value.clone()));
            }
        }
    }

    /// An event sets parameters.
    pub(super) fn apply_settings(&mut self, settings: &[Setting]) {
        for Setting { parameter, value } in settings {
            self.parameters.set(*parameter, Some(value.clone()));
        }
    }

    /// New code may have changed anything, and says so only through readings: rewards too are not known until read again.
    pub(super) fn upgrade(&mut self, block: &Block, entry: &Entry, implementation: Address) {
        self.reread(block, entry);
        self.totals.rewards = None;
        self.parameters.set(Parameter::Implementation, Some(vec![implementation.into_word().into()]));
    }

    /// From this entry on the readings hold, and what was not read or is set again later in the block is not known.
    pub(super) fn reread(&mut self, block: &Block, entry: &Entry) {
        let after = block.entries.partition_point(|other| other.log_index <= entry.log_index);
        let announced = Parameter::ALL.into_iter().filter(|p| p.is_announced() && p.is_of_staking());
        for parameter in announced {
            let reading = block.reading(parameter).filter(|_| !block.sets_from(after, parameter));
            self.parameters.set(parameter, reading.map(|setting| setting.value.clone()));
        }
    }

    /// Ends the block: readings have the last word, and every parameter set or shown is reported.
    pub(super) fn close_settings(&mut self, block: &Block, before: &Parameters, changes: &mut CapacityChanges) {
        for parameter in Parameter::ALL {
            let set = block.sets_from(0, parameter);
            let reading = block.reading(parameter);
            if let Some(reading) = reading {
                let known = self.parameters.get(parameter).or_else(|| before.get(parameter).filter(|_| !set));
                if parameter.is_announced() && known.is_some_and(|value| value != reading.value) {
                    changes.anomalies.push(mismatch(block, parameter, known, &reading.value));
                }
                self.parameters.set(parameter, Some(reading.value.clone()));
            }
            let after = self.parameters.get(parameter);
            if set || reading.is_some() || after != before.get(parameter) {
                let source = if set && reading.is_none() || announced_by_event(block, parameter, after) {
                    Source::Event
                } else if block.changes_untold(parameter) {
                    Source::Inferred
                } else {
                    Source::Call
                };
                changes.parameters.push(ParameterChange { parameter, value: after.map(<[U256]>::to_vec), source });
            }
        }
    }
}

/// Whether the last event of the block that tells of the parameter gave it the value it has now.
fn announced_by_event(block: &Block, parameter: Parameter, value: Option<&[U256]>) -> bool {
    let told = block.entries.iter().rev().find_map(|entry| entry.event.tells(parameter));
    told.is_some_and(|told| Some(&*told) == value)
}

/// What a reading shows that events do not explain: another value than they announced, or a change that none tells of.
fn mismatch(block: &Block, parameter: Parameter, known: Option<&[U256]>, read: &[U256]) -> Anomaly {
    let words = |value: &[U256]| match value {
        [word] => word.to_string(),
        cells => format!("{} cells", cells.len()),
    };
    let (name, read, known) = (parameter.name(), words(read), known.map_or_else(|| "nothing".into(), words));
    let detail = match block.untold(parameter) {
        Some(_) if block.changes_untold(parameter) => {
            format!("{name} changed from {known} to {read}, and no event says so")
        }
        Some(untold) => format!(
            "{name} changed from {known} to {read} between blocks {} and {}, and no event says so",
            untold.after_block, block.number
        ),
        None => format!("{name} is {read}, events announced {known}"),
    };
    Anomaly { log_index: None, kind: AnomalyKind::ReadingMismatch, detail }
}
