//! Start, loop, stop.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sqlx::postgres::PgConnectOptions;
use store::StoreError;
use store::deployment::Deployment;
use store::progress::Progress;
use store::read::Database;
use store::reconciliation::Repair;
use store::verification::Notes;
use store::writer::Writer;
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::bars::{Bars, LaneBars};
use crate::bootstrap::{Taken, bootstrap};
use crate::chain::nodes::{Nodes, NodesConfig};
use crate::chain::{Chain, ChainError};
use crate::drift;
use crate::follower::{Changes, Follower, Outcome, StepError};
use crate::pace::Pace;
use crate::reconcile::remedy::Remedy;
use crate::reconcile::{Reconciler, watch};
use crate::replay::{self, ReplayError};
use crate::source::BlockRef;
use crate::trouble::{BACKOFF_LAST, Trouble};
use crate::verify;

/// How often readers are told how things stand, at the least.
const OBSERVE_EVERY: Duration = Duration::from_secs(1);
/// Tags may be this old while the cursor is still below the head they name.
const TAGS_MAX_AGE: Duration = Duration::from_secs(2);
/// A step under way when the stop is asked for has this long to end.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// Whether totals are to be compared is looked at more seldom than whether there is a new block.
const POLLS_PER_LOOK: u32 = 10;
/// Between attempts to reach what is needed at start.
const STARTUP_PAUSE: Duration = Duration::from_secs(1);

/// What `run` needs to know.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// The nodes.
    pub nodes: NodesConfig,
    /// The database.
    pub database_url: String,
    /// Which chain and contracts.
    pub deployment: Deployment,
    /// How often a quiet node is asked for news.
    pub poll_interval: Duration,
    /// Blocks from one comparison with the contracts to the next; 0: none.
    pub verify_every: u64,
    /// Blocks from one checkpoint of totals to the next; 0: none.
    pub reconcile_every: u64,
    /// How long to try to reach node and database at start.
    pub startup_timeout: Duration,
    /// Another oracle's export of positions, that an empty database begins with.
    pub bootstrap: Option<PathBuf>,
    /// Where progress is shown.
    pub bars: Bars,
}

/// Why `run` did not start. Once it runs, nothing but a signal ends it.
#[derive(Debug, Error)]
pub enum StartError {
    /// Configuration: nothing will mend it but the operator.
    #[error("{0}")]
    Usage(String),
    /// Another writer.
    #[error("{0}")]
    Locked(String),
    /// What another revision derived cannot be derived anew.
    #[error("{0}")]
    Halt(String),
    /// Node, database or disk are not to be had.
    #[error("{0}")]
    Missing(String),
}

impl From<ReplayError> for StartError {
    fn from(error: ReplayError) -> Self {
        match error {
            ReplayError::Usage(message) => Self::Usage(message),
            ReplayError::Halt(_) => Self::Halt(error.to_string()),
            ReplayError::Missing(message) => Self::Missing(message),
        }
    }
}

impl StartError {
    /// The program's exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Locked(_) | Self::Halt(_) => 1,
            Self::Usage(_) => 2,
            Self::Missing(_) => 3,
        }
    }
}

/// Follows the chain until `stop` resolves.
///
/// # Errors
/// [`StartError`], at start only.
pub async fn run(config: RunConfig, stop: impl Future<Output = ()>) -> Result<(), StartError> {
    tokio::pin!(stop);
    let Started { follower, remedy, nodes, notes, drift, reconciliation } = tokio::select! {
        () = &mut stop => return Ok(()),
        started = start(&config) => started?,
    };
    info!(
        version = env!("CARGO_PKG_VERSION"),
        chain_id = config.deployment.chain_id,
        start_block = config.deployment.start_block,
        "following the chain"
    );
    let bars = LaneBars::new(config.bars, config.deployment.start_block);
    // In a task of its own: nodes are watched, and readers told of them, while a step is busy. Ends with this function.
    let mut beside = JoinSet::new();
    beside.spawn(async move { nodes.watch(notes).await });
    tokio::select! {
        () = Loop::new(follower, remedy, config.poll_interval, bars).until(stop) => {}
        () = drift.watch() => {}
        () = reconciliation.watch() => {}
    }
    info!("stopped");
    Ok(())
}

/// What runs side by side.
struct Started {
    follower: Follower<Nodes>,
    remedy: Remedy<Nodes>,
    nodes: Nodes,
    notes: Notes,
    drift: drift::Watch<Nodes>,
    reconciliation: watch::Watch<Nodes>,
}

async fn start(config: &RunConfig) -> Result<Started, StartError> {
    let options = PgConnectOptions::from_str(&config.database_url)
        .map_err(|error| StartError::Usage(format!("--database-url is no Postgres URL: {error}")))?;
    let database = Database::lazy_with(options.clone(), &drift::LIMITS);
    let chain = Nodes::new(config.nodes.clone()).map_err(|error| StartError::Usage(format!("--rpc-url: {error:#}")))?;
    let deadline = Instant::now() + config.startup_timeout;
    let writer = patiently(deadline, "the database", || open(options.clone())).await?;
    writer.adopt(&config.deployment).await.map_err(start_error)?;
    let deadline = match replay::renew(&writer, &config.deployment, &config.bars).await? {
        true => Instant::now() + config.startup_timeout,
        false => deadline,
    };
    patiently(deadline, "a node", || check_chain_id(&chain, config.deployment.chain_id)).await?;
    if let Some(path) = &config.bootstrap {
        begin_with(path, &chain, &writer, &config.deployment).await?;
    }
    let (notes, deployment) = (writer.notes(), config.deployment.clone());
    let drift = drift::Watch {
        chain: chain.clone(),
        database: database.clone(),
        whole_database: Database::lazy_with(options, &verify::LIMITS),
        notes: notes.clone(),
        every_blocks: config.verify_every,
    };
    let reconciler =
        Reconciler { chain: chain.clone(), database, notes: notes.clone(), deployment: deployment.clone() };
    let (orders, ordered) = mpsc::channel(1);
    let remedy = Remedy::new((config.reconcile_every > 0).then(|| reconciler.clone()), ordered);
    let look_every = config.poll_interval * POLLS_PER_LOOK;
    let reconciliation = watch::Watch { reconciler, every_blocks: config.reconcile_every, look_every, orders };
    let follower = Follower::new(chain.clone(), writer, deployment).await.map_err(start_error)?;
    Ok(Started { follower, remedy, nodes: chain, notes, drift, reconciliation })
}

/// Fills an empty database from another oracle's export; one that is not empty goes on where it stands.
async fn begin_with(path: &Path, chain: &Nodes, writer: &Writer, deployment: &Deployment) -> Result<(), StartError> {
    match bootstrap(chain, writer, deployment, path).await {
        Ok(Some(Taken { block_number, compared, opening_compared })) => {
            info!(block_number, compared, "began with another oracle's state, which is the contracts' own");
            if !opening_compared {
                warn!("the node has no state of the epoch's opening block: what was staked then is the file's word");
            }
            Ok(())
        }
        Ok(None) => {
            info!("--bootstrap is left aside: the database is not empty");
            Ok(())
        }
        Err(error) if error.may_pass() => Err(StartError::Missing(error.to_string())),
        Err(error) => Err(StartError::Usage(error.to_string())),
    }
}

/// Tries again until the deadline what may come by itself.
pub(crate) async fn patiently<T, F: Future<Output = Result<T, StartError>>>(
    deadline: Instant,
    what: &str,
    attempt: impl Fn() -> F,
) -> Result<T, StartError> {
    let mut said = false;
    loop {
        match attempt().await {
            Err(StartError::Missing(reason)) if Instant::now() < deadline => {
                if !std::mem::replace(&mut said, true) {
                    warn!("waiting for {what}: {reason}");
                }
                tokio::time::sleep(STARTUP_PAUSE).await;
            }
            outcome => return outcome,
        }
    }
}

pub(crate) async fn open(options: PgConnectOptions) -> Result<Writer, StartError> {
    Writer::open(options).await.map_err(start_error)
}

pub(crate) fn start_error(error: StoreError) -> StartError {
    match error {
        StoreError::Locked { .. } => StartError::Locked(error.to_string()),
        StoreError::OtherDeployment { .. } | StoreError::Corrupt(_) => StartError::Usage(error.to_string()),
        _ => StartError::Missing(error.to_string()),
    }
}

pub(crate) async fn check_chain_id(chain: &Nodes, expected: u64) -> Result<(), StartError> {
    chain.admit(expected).await.map_err(|error| match error {
        ChainError::OtherChain(_) => StartError::Usage(format!("--rpc-url: {error}")),
        error => StartError::Missing(error.to_string()),
    })
}

/// What comes before the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pause {
    /// So long.
    For(Duration),
    /// At the most so long: a head that a node pushes ends it.
    UntilNews(Duration),
}

/// The follower with what is said of it.
struct Loop<C> {
    follower: Follower<C>,
    remedy: Remedy<C>,
    poll_interval: Duration,
    started_at: u64,
    capacity_pace: Pace,
    supply_pace: Pace,
    observed: Option<Instant>,
    bars: LaneBars,
    was_caught_up: bool,
    trouble: Trouble,
    /// Of the lane of supply alone, which holds up nobody else.
    supply_trouble: Trouble,
    supply_was: Option<BlockRef>,
}

impl<C: Chain> Loop<C> {
    fn new(follower: Follower<C>, remedy: Remedy<C>, poll_interval: Duration, bars: LaneBars) -> Self {
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            follower,
            remedy,
            poll_interval,
            started_at,
            capacity_pace: Pace::default(),
            supply_pace: Pace::default(),
            observed: None,
            bars,
            was_caught_up: false,
            trouble: Trouble::default(),
            supply_trouble: Trouble::default(),
            supply_was: None,
        }
    }

    async fn until(mut self, mut stop: std::pin::Pin<&mut impl Future<Output = ()>>) {
        loop {
            let pause = {
                let turn = self.turn();
                tokio::pin!(turn);
                tokio::select! {
                    pause = &mut turn => pause,
                    () = &mut stop => {
                        // The block in hand may end; one that hangs is dropped, and its transaction with it.
                        let _ = tokio::time::timeout(STOP_PATIENCE, turn).await;
                        return;
                    }
                }
            };
            let (pause, ends_with_news) = match pause {
                Some(Pause::For(pause)) => (pause, false),
                Some(Pause::UntilNews(pause)) => (pause, true),
                None => return stop.await,
            };
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.follower.pushed(), if ends_with_news => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// One step and what is to be said of it. How long to pause, or `None` after a halt.
    async fn turn(&mut self) -> Option<Pause> {
        let outcome = match self.follower.hold_lock().await {
            Ok(()) => self.remedy.step(&mut self.follower, TAGS_MAX_AGE).await,
            Err(error) => Err(error.into()),
        };
        match outcome {
            Ok(outcome) => {
                self.trouble.over();
                let fork = self.tell(&outcome);
                let observed = self.observe(&outcome, fork).await;
                let met = observed.err().map(|error| Pause::For(self.trouble.met(&error.into())));
                Some(met.unwrap_or_else(|| self.pause_after(&outcome)))
            }
            Err(StepError::Halt(reason)) => {
                self.halt(&reason).await;
                None
            }
            Err(error @ StepError::Supply(_)) => {
                let pause = self.supply_trouble.met(&error);
                self.follower.let_supply_rest(pause);
                Some(Pause::UntilNews(self.poll_interval))
            }
            Err(error) => {
                self.follower.forget_after(&error);
                let pause = self.trouble.met(&error);
                if let StepError::Chain(_) | StepError::Refused(_) = &error
                    && let Err(error) = self.complain(None, Some(&error.to_string())).await
                {
                    warn!("readers cannot be told: {error}");
                }
                Some(Pause::For(pause))
            }
        }
    }

    fn pause_after(&self, outcome: &Outcome) -> Pause {
        match outcome {
            Outcome::UpToDate | Outcome::ForkSuspected { .. } => Pause::UntilNews(self.poll_interval),
            Outcome::Appended { .. }
            | Outcome::Waiting
            | Outcome::Rewound(_)
            | Outcome::Repaired(_)
            | Outcome::Inferred(_) => Pause::For(Duration::ZERO),
        }
    }

    /// Says in the log what is worth it; why a fork is suspected, if it is.
    fn tell(&mut self, outcome: &Outcome) -> Option<String> {
        match outcome {
            Outcome::UpToDate | Outcome::Waiting => None,
            Outcome::Appended { .. } => {
                self.mark();
                self.report();
                None
            }
            Outcome::Rewound(rewind) => {
                self.capacity_pace.forget();
                self.supply_pace.forget();
                let depth = rewind.from_number - rewind.ancestor_number;
                warn!(from = rewind.from_number, ancestor = rewind.ancestor_number, depth, "reorg: rewound");
                None
            }
            Outcome::Repaired(Repair { first_block, figure, derived, contract, .. }) => {
                self.capacity_pace.forget();
                self.supply_pace.forget();
                warn!(first_block, figure, %derived, %contract, "totals differ from the contracts': blocks are fetched again");
                None
            }
            Outcome::Inferred(found) => {
                self.capacity_pace.forget();
                self.supply_pace.forget();
                warn!("parameters changed without an event: {}; blocks are derived anew", Changes(found));
                None
            }
            Outcome::ForkSuspected { ancestor } => {
                Some(format!("the node's head is on a shorter branch that leaves ours after block {ancestor}"))
            }
        }
    }

    fn mark(&mut self) {
        let (now, cursors) = (Instant::now(), self.follower.cursors());
        if cursors.supply != self.supply_was {
            self.supply_was = cursors.supply;
            self.supply_trouble.over();
        }
        for (pace, cursor) in [(&mut self.capacity_pace, cursors.capacity), (&mut self.supply_pace, cursors.supply)] {
            if let Some(cursor) = cursor {
                pace.mark(now, cursor.number);
            }
        }
    }

    /// Progress and time left of each lane, as long as there is much to do.
    fn report(&mut self) {
        let Some(head) = self.follower.tags().map(|tags| tags.head.number) else { return };
        let cursors = self.follower.cursors();
        if cursors.capacity.is_some_and(|cursor| cursor.number >= head) && !self.was_caught_up {
            info!(block = head, "caught up with the head");
        }
        self.bars.show(&cursors, head);
    }

    /// Tells readers how things stand: when it changed, and every second.
    async fn observe(&mut self, outcome: &Outcome, fork_suspected: Option<String>) -> Result<(), StoreError> {
        let Some(head) = self.follower.tags().map(|tags| tags.head.number) else { return Ok(()) };
        let cursors = self.follower.cursors();
        let reached = cursors.capacity.is_some_and(|cursor| cursor.number >= head);
        let is_back = matches!(
            outcome,
            Outcome::Rewound(_) | Outcome::Repaired(_) | Outcome::Inferred(_) | Outcome::ForkSuspected { .. }
        );
        let caught_up = reached && !is_back;
        let due = self.observed.is_none_or(|observed| observed.elapsed() >= OBSERVE_EVERY);
        // While supply catches up steps are many and the head is asked for now and then.
        let is_news = caught_up && cursors.are_level();
        let changed = is_news || caught_up != self.was_caught_up || fork_suspected.is_some();
        self.was_caught_up = caught_up;
        if !due && !changed {
            return Ok(());
        }
        self.observed = Some(Instant::now());
        let Some(progress) = self.progress().await? else { return Ok(()) };
        self.follower.writer().observe(&Progress { fork_suspected, ..progress }).await
    }

    /// How things stand, as far as the node has answered at all.
    async fn progress(&self) -> Result<Option<Progress>, StoreError> {
        let Some(head) = self.follower.tags().map(|tags| tags.head.clone()) else { return Ok(None) };
        Ok(Some(Progress {
            head_number: head.number,
            head_timestamp: head.timestamp,
            safe_number: self.follower.safe().await?,
            finalized_number: self.follower.finalized(),
            capacity_blocks_per_second: self.capacity_pace.blocks_per_second(),
            supply_blocks_per_second: self.supply_pace.blocks_per_second(),
            caught_up: self.was_caught_up,
            started_at: self.started_at,
            ..Progress::default()
        }))
    }

    async fn halt(&mut self, reason: &str) {
        error!("halted: {reason}");
        while let Err(error) = self.complain(Some(reason), None).await {
            warn!("readers cannot be told: {error}");
            tokio::time::sleep(BACKOFF_LAST).await;
        }
    }

    async fn complain(&self, halted: Option<&str>, failing: Option<&str>) -> Result<(), StoreError> {
        let Some(progress) = self.progress().await? else { return Ok(()) };
        let complaint = Progress { halted: halted.map(str::to_owned), failing: failing.map(str::to_owned), ..progress };
        self.follower.writer().complain(&complaint).await
    }
}
