//! What the seeds met, counted over all of them: a simulation that never meets what it is for proves nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

/// Counts by name.
#[derive(Default)]
pub(crate) struct Coverage(Mutex<BTreeMap<String, u64>>);

impl Coverage {
    pub(crate) fn met(&self, what: impl Into<String>) {
        self.add(what, 1);
    }

    pub(crate) fn add(&self, what: impl Into<String>, times: u64) {
        *self.0.lock().unwrap().entry(what.into()).or_default() += times;
    }

    /// The faults of a node that struck.
    pub(crate) fn struck(&self, faults: &BTreeMap<String, u64>) {
        faults.iter().for_each(|(name, times)| self.add(format!("fault {name}"), *times));
    }

    /// The messages that the writer's transactions consist of.
    pub(crate) fn statements(&self, statements: BTreeSet<String>) {
        statements.iter().for_each(|statement| self.met(format!("sent {statement}")));
    }

    /// What was never met; prints what was.
    pub(crate) fn missing(&self) -> Vec<String> {
        let counts = self.0.lock().unwrap();
        println!("{counts:#?}");
        let sent = counts.keys().filter_map(|name| name.strip_prefix("sent "));
        let cuts = sent.flat_map(|message| [format!("cut before {message}"), format!("cut after {message}")]);
        let expected = EXPECTED.into_iter().map(str::to_owned).chain(cuts.filter(|cut| !cut.ends_with("rollback")));
        expected.filter(|name| !counts.contains_key(name)).collect()
    }
}

/// Faults, outcomes and crashes; the cuts follow from the messages that were sent. What few seeds come to, because it hangs on who
/// is quicker, is brought about by tests of its own: throttled steps, repairs of supply, untraced ones and halts after one.
const EXPECTED: [&str; 51] = [
    "crash",
    "crashed and reorged while supply was behind",
    "cut refused",
    "fault BreakBody",
    "fault ChainId",
    "fault Cut",
    "fault CutBody",
    "fault DropOne",
    "fault DuplicateOne",
    "fault Empty",
    "fault Error",
    "fault FalseBlockHash",
    "fault FalseBloom",
    "fault FalseParent",
    "fault FalseTimestamp",
    "fault FinalizedAhead",
    "fault Fork",
    "fault Hang",
    "fault KeepsOrphans",
    "fault Lag",
    "fault Missing",
    "fault NoArchive",
    "fault NoTimestamp",
    "fault OtherAddress",
    "fault OutOfRange",
    "fault Range",
    "fault Results",
    "fault Shuffle",
    "fault Slow",
    "fault Status",
    "fault Throttle",
    "fault WrongHash",
    "not told by totals",
    "repair: capacity",
    "repair: traced",
    "step Appended",
    "step Contradiction",
    "step Extended",
    "step ForkSuspected",
    "step Halt",
    "step Inferred",
    "step OtherChain",
    "step Refused",
    "step Repaired",
    "step Rewound",
    "step Store",
    "step Unavailable",
    "step UnknownBlock",
    "step UpToDate",
    "step Waiting",
    "stopped: finalized",
];
