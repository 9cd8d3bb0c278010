//! How far totals were found equal to the contracts', as it is written.

use serde::Serialize;
use store::read::reconciliation::{Checkpoints, Reconciled, Repairs};
use utoipa::ToSchema;

use crate::wire::Time;

/// How far network totals were found equal to the contracts' own answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct ReconciledView {
    /// Of staking and DIEM, and of VVV what was minted.
    pub(super) capacity: CheckpointsView,
    /// Of VVV.
    pub(super) supply: CheckpointsView,
    /// Blocks that were undone and fetched again because a total differed. Not reorgs.
    pub(super) repairs: RepairsView,
}

/// Comparisons of one set of totals.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct CheckpointsView {
    /// The newest block at which all were equal; null: none yet.
    #[schema(minimum = 0, example = 51_530_033)]
    pub(super) block_number: Option<u64>,
    /// When that was found.
    pub(super) reconciled_at: Option<Time>,
    /// How often the node had no state of the block to answer from.
    #[schema(minimum = 0, example = 0)]
    pub(super) unanswered: u64,
}

/// Blocks that were undone and fetched again.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct RepairsView {
    /// How often.
    #[schema(minimum = 0, example = 0)]
    pub(super) count: u64,
    /// When last.
    pub(super) last_at: Option<Time>,
    /// The first block that was undone then.
    #[schema(minimum = 0)]
    pub(super) last_block: Option<u64>,
    /// The total that differed there.
    #[schema(example = json!(null))]
    pub(super) last_figure: Option<String>,
}

impl ReconciledView {
    pub(super) fn new(reconciled: Reconciled) -> Self {
        let Reconciled { capacity, supply, repairs } = reconciled;
        let Repairs { count, last } = repairs;
        Self {
            capacity: CheckpointsView::new(capacity),
            supply: CheckpointsView::new(supply),
            repairs: RepairsView {
                count,
                last_at: last.as_ref().and_then(|last| Time::new(last.repaired_at)),
                last_block: last.as_ref().map(|last| last.first_block),
                last_figure: last.map(|last| last.figure),
            },
        }
    }
}

impl CheckpointsView {
    fn new(checkpoints: Checkpoints) -> Self {
        let Checkpoints { equal, unanswered, .. } = checkpoints;
        Self {
            block_number: equal.map(|equal| equal.block_number),
            reconciled_at: equal.and_then(|equal| Time::new(equal.reconciled_at)),
            unanswered,
        }
    }
}
