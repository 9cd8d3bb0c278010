//! The parts of the status, as they are written.

use serde::Serialize;
use store::cursor::Lane;
use store::deployment::Clock;
use store::read::progress::{Derivation, Follower, Progress, Reorgs, ReplayUnderWay};
use store::read::readiness::{lag_seconds, seconds_left};
use store::read::verification::Verification;
use utoipa::ToSchema;

use crate::app::Known;
use crate::wire::{AddressText, Amount, Time, Units};

/// The chain and contracts.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DeploymentView {
    /// EIP-155 id of the chain.
    #[schema(minimum = 0, example = 8453)]
    pub(super) chain_id: u64,
    /// First block held: the deployment's, or the one whose state was taken over from another oracle.
    #[schema(minimum = 0, example = 25_500_000)]
    pub(super) start_block: u64,
    /// keccak256 of the deployment: contracts, labels and policy.
    pub(super) digest: String,
    /// Which staked DIEM counts.
    #[schema(example = "live")]
    pub(super) policy: &'static str,
    /// Staked DIEM below which nothing is spendable, base units.
    pub(super) minimum_diem: Amount,
    /// sVVV from which an account is a Pro member, base units.
    pub(super) pro_minimum_svvv: Amount,
    /// Where the contracts are.
    pub(super) contracts: ContractsView,
}

/// Where the contracts are.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ContractsView {
    /// The VVV token.
    pub(super) vvv: AddressText,
    /// The staking proxy, which is also sVVV.
    pub(super) staking: AddressText,
    /// The DIEM token.
    pub(super) diem: AddressText,
    /// Multicall3.
    pub(super) multicall3: AddressText,
}

/// The last blocks stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Cursors {
    /// Of the light events: staking, DIEM, parameters.
    pub(super) capacity: Option<CursorView>,
    /// Of all VVV transfers.
    pub(super) supply: Option<CursorView>,
}

/// The last block stored.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CursorView {
    /// Its height.
    #[schema(minimum = 0, example = 51_530_033)]
    pub(super) block_number: u64,
    /// Its hash; null where no header of it is stored.
    pub(super) block_hash: Option<String>,
    /// Its time; null where no header is stored and no clock tells.
    pub(super) block_timestamp: Option<Time>,
    /// Seconds since what is told by it was last confirmed to be the chain's head; null where nobody knows.
    #[schema(minimum = 0, example = 1)]
    pub(super) lag_seconds: Option<u64>,
    /// Blocks stored per second of late.
    #[schema(minimum = 0.0, example = 0.5)]
    pub(super) blocks_per_second: Option<f64>,
    /// Until it reaches the head at that rate; null where it is there or the rate is zero.
    #[schema(minimum = 0, example = 120)]
    pub(super) seconds_left: Option<u64>,
}

/// The node's newest block.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Head {
    /// Its height.
    #[schema(minimum = 0, example = 51_530_034)]
    pub(super) block_number: u64,
    /// Its time.
    pub(super) block_timestamp: Option<Time>,
}

/// Newest blocks replaced by others.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReorgView {
    /// How often.
    #[schema(minimum = 0, example = 2)]
    pub(super) count: u64,
    /// How many blocks the deepest undid.
    #[schema(minimum = 0, example = 3)]
    pub(super) depth_max: Option<u64>,
    /// When last.
    pub(super) last_seen_at: Option<Time>,
}

/// Which derivation the stored rows are of. Rows of another one than this program's are not served.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DerivationView {
    /// Of the stored rows.
    #[schema(minimum = 0, example = 1)]
    pub(super) revision: u32,
    /// Of this program.
    #[schema(minimum = 0, example = 1)]
    pub(super) expected_revision: u32,
    /// How often rows were replaced by ones derived anew.
    #[schema(minimum = 0, example = 0)]
    pub(super) replays: u64,
    /// A replay under way; null where there is none.
    pub(super) replay: Option<ReplayView>,
}

/// How far a replay is; until it is done, the old rows are served.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReplayView {
    /// First block derived anew.
    #[schema(minimum = 0, example = 25_500_000)]
    pub(super) from_block: u64,
    /// Blocks derived, of both cursors together.
    #[schema(minimum = 0, example = 1_000_000)]
    pub(super) done_blocks: u64,
    /// Blocks to be derived.
    #[schema(minimum = 0, example = 52_060_068)]
    pub(super) all_blocks: u64,
}

impl DerivationView {
    pub(super) fn new(progress: &Progress) -> Self {
        let Derivation { revision, replays, history: _ } = progress.derivation;
        let replay = progress.replay.map(|ReplayUnderWay { from_block, done_blocks, all_blocks }| ReplayView {
            from_block,
            done_blocks,
            all_blocks,
        });
        Self { revision, expected_revision: ledger::DERIVATION_REVISION, replays, replay }
    }
}

/// Logs kept undecoded, of one topic of one contract.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct TopicView {
    /// Null: logs without topics.
    pub(super) topic0: Option<String>,
    /// `vvv`, `staking` or `diem`.
    #[schema(example = "staking")]
    pub(super) contract: &'static str,
    /// The contract's address.
    pub(super) address: AddressText,
    /// How many.
    #[schema(minimum = 0, example = 7)]
    pub(super) count: u64,
}

/// What was not expected, of one kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AnomalyView {
    /// The kind.
    #[schema(example = "unexpected_transfer")]
    pub(super) kind: String,
    /// How many.
    #[schema(minimum = 0, example = 1)]
    pub(super) count: u64,
    /// Block of the newest.
    #[schema(minimum = 0, example = 51_000_000)]
    pub(super) last_block: u64,
}

/// How the derived state last compared with the contracts' own answers, at a finalized block.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct DriftView {
    /// The block.
    #[schema(minimum = 0, example = 51_529_000)]
    pub(super) block_number: u64,
    /// When.
    pub(super) verified_at: Option<Time>,
    /// How many figures were compared: totals, parameters, and what some addresses hold.
    #[schema(minimum = 0, example = 420)]
    pub(super) compared: u64,
    /// How many differ.
    #[schema(minimum = 0, example = 0)]
    pub(super) differences: u64,
    /// The first of them, for a human.
    #[schema(example = json!([]))]
    pub(super) detail: Vec<String>,
}

impl DriftView {
    pub(super) fn new(last: Verification) -> Self {
        let Verification { block_number, verified_at, compared, differences, detail } = last;
        Self { block_number, verified_at: Time::new(verified_at), compared, differences, detail }
    }
}

impl DeploymentView {
    pub(super) fn new(known: &Known, progress: &Progress) -> Self {
        let deployment = &known.deployment;
        let contracts = &deployment.contracts;
        Self {
            chain_id: deployment.chain_id,
            start_block: progress.first_block(deployment),
            digest: known.digest.to_string(),
            policy: deployment.policy.allocation.name(),
            minimum_diem: Units::Base.amount(deployment.policy.minimum_diem.0),
            pro_minimum_svvv: Units::Base.amount(deployment.policy.pro_minimum_svvv.0),
            contracts: ContractsView {
                vvv: contracts.vvv.into(),
                staking: contracts.staking.into(),
                diem: contracts.diem.into(),
                multicall3: contracts.multicall3.into(),
            },
        }
    }
}

impl Cursors {
    pub(super) fn new(progress: &Progress, clock: Option<Clock>) -> Self {
        let view = |lane| CursorView::new(progress, lane, clock);
        Self { capacity: view(Lane::Capacity), supply: view(Lane::Supply) }
    }
}

impl CursorView {
    fn new(progress: &Progress, lane: Lane, clock: Option<Clock>) -> Option<Self> {
        let cursor = progress.cursor(lane)?;
        let timestamp = cursor.timestamp.or_else(|| clock?.timestamp(cursor.number));
        Some(Self {
            block_number: cursor.number,
            block_hash: cursor.hash.map(|hash| hash.to_string()),
            block_timestamp: timestamp.and_then(Time::new),
            lag_seconds: lag_seconds(progress, cursor, clock),
            blocks_per_second: progress.follower.as_ref().and_then(|follower| follower.blocks_per_second(lane)),
            seconds_left: seconds_left(progress, lane),
        })
    }
}

impl Head {
    pub(super) fn new(follower: &Follower) -> Self {
        Self { block_number: follower.head_number, block_timestamp: Time::new(follower.head_timestamp) }
    }
}

impl ReorgView {
    pub(super) fn new(reorgs: Reorgs) -> Self {
        let Reorgs { count, depth_max, last_seen_at } = reorgs;
        Self { count, depth_max, last_seen_at: last_seen_at.and_then(Time::new) }
    }
}
