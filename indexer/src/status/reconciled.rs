//! How far totals were found equal to the contracts'.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;
use store::read::reconciliation;

use super::parts::time;

/// How far network totals were found equal to the contracts' own answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// Of staking and DIEM, and of VVV what was minted.
    pub capacity: Checkpoints,
    /// Of VVV.
    pub supply: Checkpoints,
    /// Blocks that were undone and fetched again because a total differed. Not reorgs.
    pub repairs: Repairs,
}

/// Comparisons of one set of totals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checkpoints {
    /// The newest block at which all were equal; `None`: none yet.
    pub block_number: Option<u64>,
    /// When that was found.
    pub reconciled_at: Option<Timestamp>,
    /// How often the node had no state of the block to answer from.
    pub unanswered: u64,
}

/// Blocks that were undone and fetched again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Repairs {
    /// How often.
    pub count: u64,
    /// When last.
    pub last_at: Option<Timestamp>,
    /// The first block that was undone then.
    pub last_block: Option<u64>,
    /// The total that differed there.
    pub last_figure: Option<String>,
}

impl From<reconciliation::Reconciled> for Reconciled {
    fn from(stored: reconciliation::Reconciled) -> Self {
        let reconciliation::Reconciled { capacity, supply, repairs } = stored;
        Self { capacity: capacity.into(), supply: supply.into(), repairs: repairs.into() }
    }
}

impl From<reconciliation::Checkpoints> for Checkpoints {
    fn from(reconciliation::Checkpoints { equal, unanswered, .. }: reconciliation::Checkpoints) -> Self {
        Self {
            block_number: equal.map(|equal| equal.block_number),
            reconciled_at: equal.and_then(|equal| time(equal.reconciled_at)),
            unanswered,
        }
    }
}

impl From<reconciliation::Repairs> for Repairs {
    fn from(reconciliation::Repairs { count, last }: reconciliation::Repairs) -> Self {
        Self {
            count,
            last_at: last.as_ref().and_then(|last| time(last.repaired_at)),
            last_block: last.as_ref().map(|last| last.first_block),
            last_figure: last.map(|last| last.figure),
        }
    }
}

/// "totals equal to the contracts' at block 7 (capacity) and 5 (supply), repairs 0"
impl fmt::Display for Reconciled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |lane: &Checkpoints| lane.block_number.map_or_else(|| "none yet".into(), |number| number.to_string());
        let (capacity, supply) = (at(&self.capacity), at(&self.supply));
        write!(f, "totals equal to the contracts' at block {capacity} (capacity) and {supply} (supply)")?;
        let unanswered = self.capacity.unanswered + self.supply.unanswered;
        if unanswered > 0 {
            write!(f, ", no state to compare with {unanswered} times")?;
        }
        write!(f, ", repairs {}", self.repairs.count)?;
        match (self.repairs.last_block, &self.repairs.last_figure) {
            (Some(block), Some(figure)) => write!(f, ", last from block {block} on for {figure}"),
            _ => Ok(()),
        }
    }
}
