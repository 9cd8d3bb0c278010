//! What came of a comparison, for humans and scripts.

use std::fmt;

use alloy_primitives::{Address, B256};
use serde::Serialize;

use super::compare::{Difference, Findings};
use super::figures::Subject;

/// What came of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The block it was made at.
    pub block_number: u64,
    /// Its hash; `None` where no header of it is stored.
    pub block_hash: Option<B256>,
    /// How many addresses were looked at.
    pub addresses: usize,
    /// How many figures were compared.
    pub compared: u64,
    /// How many were not, for want of a derived value.
    pub not_known: u64,
    /// Those the contracts did not answer for.
    pub unanswered: Vec<Item>,
    /// Those that differ.
    pub differences: Vec<Item>,
    /// Cross-checks that differ; no differences.
    pub notes: Vec<Item>,
}

/// One figure of a report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its name; of a table's cell with the cell's number.
    pub what: String,
    /// Whose; `None`: the network's.
    pub address: Option<Address>,
    /// At which block.
    pub block_number: u64,
    /// By the database, in base units or seconds.
    pub derived: Option<String>,
    /// By the contract.
    pub contract: Option<String>,
}

/// What is to be done about it: a comparison's exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// All is equal.
    Equal,
    /// Something differs.
    Different,
    /// Nothing differs, but not all was answered or nothing was compared.
    Unsure,
}

impl Report {
    pub(super) fn new(block_number: u64, block_hash: Option<B256>, addresses: usize, findings: Findings) -> Self {
        let unanswered = |subject: &Subject| Item::new(block_number, subject, None);
        let differing = |difference: &Difference| Item::new(block_number, &difference.subject, Some(difference));
        Self {
            block_number,
            block_hash,
            addresses,
            compared: findings.compared,
            not_known: findings.not_known,
            unanswered: findings.unanswered.iter().map(unanswered).collect(),
            differences: findings.differences.iter().map(differing).collect(),
            notes: findings.notes.iter().map(differing).collect(),
        }
    }

    /// What it comes to.
    pub fn verdict(&self) -> Verdict {
        if !self.differences.is_empty() {
            Verdict::Different
        } else if self.compared == 0 || !self.unanswered.is_empty() {
            Verdict::Unsure
        } else {
            Verdict::Equal
        }
    }
}

impl Item {
    /// Of a difference, or of a figure that nothing was answered for.
    pub fn new(block_number: u64, subject: &Subject, difference: Option<&Difference>) -> Self {
        Self {
            what: match subject.cell {
                Some(cell) => format!("{}[{cell}]", subject.what),
                None => subject.what.to_owned(),
            },
            address: subject.address,
            block_number,
            derived: difference.map(|difference| difference.derived.to_string()),
            contract: difference.map(|difference| difference.contract.to_string()),
        }
    }
}

/// "svvv of 0x… at block 7: derived 1, contract 2"
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if let Some(address) = self.address {
            write!(f, " of {address}")?;
        }
        write!(f, " at block {}", self.block_number)?;
        match (&self.derived, &self.contract) {
            (Some(derived), Some(contract)) => write!(f, ": derived {derived}, contract {contract}"),
            _ => write!(f, ": the contract does not answer"),
        }
    }
}

/// A line for each finding, and one that sums up.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, items) in
            [("difference", &self.differences), ("unanswered", &self.unanswered), ("note", &self.notes)]
        {
            for item in items {
                writeln!(f, "{kind}: {item}")?;
            }
        }
        write!(
            f,
            "block {}: {} figures compared (network and {} addresses), {} differences, {} not known, {} unanswered",
            self.block_number,
            self.compared,
            self.addresses,
            self.differences.len(),
            self.not_known,
            self.unanswered.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::U256;

    use super::*;

    #[test]
    fn only_what_was_compared_and_answered_is_equal() {
        let subject = Subject { what: "svvv", cell: None, address: Some(Address::ZERO) };
        let verdict = |findings| Report::new(7, None, 1, findings).verdict();
        let equal = Findings { compared: 1, not_known: 1, ..Findings::default() };
        assert_eq!(verdict(equal.clone()), Verdict::Equal);
        assert_eq!(verdict(Findings { not_known: 1, ..Findings::default() }), Verdict::Unsure);
        assert_eq!(verdict(Findings { unanswered: vec![subject], ..equal.clone() }), Verdict::Unsure);
        let difference = Difference { subject, derived: U256::from(1), contract: U256::from(2) };
        assert_eq!(verdict(Findings { notes: vec![difference], ..equal.clone() }), Verdict::Equal);
        let different = Findings { unanswered: vec![subject], differences: vec![difference], ..equal };
        assert_eq!(verdict(different.clone()), Verdict::Different);
        assert_eq!(
            Report::new(7, None, 1, different).to_string(),
            "difference: svvv of 0x0000000000000000000000000000000000000000 at block 7: derived 1, contract 2\n\
             unanswered: svvv of 0x0000000000000000000000000000000000000000 at block 7: the contract does not answer\n\
             block 7: 1 figures compared (network and 1 addresses), 1 differences, 1 not known, 1 unanswered"
        );
    }
}
