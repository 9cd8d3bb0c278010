//! The follower under test, and what is held against it after each of its steps.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use alloy_primitives::{Address, B256, U256};
use indexer::chain::Chain;
use indexer::chain::nodes::{Nodes, NodesConfig};
use indexer::chain::rpc::Patience;
use indexer::follower::{Follower, Outcome, StepError};
use indexer::reconcile::Reconciler;
use indexer::reconcile::remedy::Remedy;
use indexer::reconcile::watch::Order;
use store::cursor::Lane;
use store::writer::Writer;
use tokio::sync::mpsc;

use crate::coverage::Coverage;
use crate::database;
use crate::proxy::Cut;
use crate::site::Site;
use crate::world::World;

/// More than any round needs.
const STEPS_MAX: usize = 300;
/// Where it may be that nothing but an operator helps.
const STEPS_BEFORE_GIVING_UP: usize = 40;
/// A node on the same machine, which answers at once or hangs.
const PATIENCE: Patience = Patience { request: Duration::from_millis(600), throttled: [Duration::from_millis(1); 4] };

/// A process, as it were.
pub(crate) struct Running {
    pub(crate) follower: Follower<Nodes>,
    pub(crate) reconciler: Reconciler<Nodes>,
    pub(crate) orders: mpsc::Sender<Order>,
    remedy: Remedy<Nodes>,
}

impl Running {
    async fn start(site: &Site, world: &World) -> Result<Self, StepError> {
        let (database, deployment) = (site.database.clone(), world.deployment.clone());
        let writer = Writer::open(site.options.clone()).await?;
        writer.adopt(&deployment).await?;
        let urls = world.nodes().map(|node| node.url.parse().unwrap()).collect();
        let chain = Nodes::new(NodesConfig { patience: PATIENCE, ..NodesConfig::new(urls) }).unwrap();
        chain.admit(deployment.chain_id).await?;
        let notes = writer.notes();
        let follower = Follower::new(chain.clone(), writer, deployment.clone()).await?;
        let reconciler = Reconciler { chain, database, notes, deployment };
        let (orders, ordered) = mpsc::channel(1);
        Ok(Self { follower, remedy: Remedy::new(Some(reconciler.clone()), ordered), reconciler, orders })
    }
}

type Cursors = HashMap<Lane, (u64, B256)>;
type Key = (&'static str, Address);

/// Follows the world's node into the site's database, a step at a time.
pub(crate) struct Subject<'a> {
    running: Option<Running>,
    /// The node left logs out and nobody has looked yet: what is stored need not be the fold's.
    is_doubtful: bool,
    site: &'a Site,
    coverage: &'a Coverage,
}

impl<'a> Subject<'a> {
    pub(crate) fn new(site: &'a Site, coverage: &'a Coverage) -> Self {
        Self { running: None, is_doubtful: false, site, coverage }
    }

    pub(crate) async fn running(&mut self, world: &World) -> Result<&mut Running, StepError> {
        match &mut self.running {
            Some(running) => Ok(running),
            stopped => Ok(stopped.insert(Running::start(self.site, world).await?)),
        }
    }

    /// Nothing is left of it but the database, as after kill -9.
    pub(crate) fn crash(&mut self) {
        self.running = None;
        self.coverage.met("crash");
    }

    /// One step, as `run` does it. The database equals the fold afterwards, and without a cause nothing fails.
    pub(crate) async fn step(&mut self, world: &World) -> Result<Outcome, StepError> {
        let before = database::cursors(&self.site.pool).await;
        let stepped = self.try_step(world).await;
        let cuts = self.site.proxy.take_done();
        cuts.iter().for_each(|cut| self.coverage.met(format!("cut {cut}")));
        self.coverage.met(name(&stepped));
        let after = self.check(world).await;
        if let Err(error) = &stepped {
            // On a busy machine an honest node may be late.
            let is_own = matches!(error, StepError::Halt(_)) || error.to_string().contains("timed out");
            let has_cause = world.misbehaves() || self.is_doubtful || !cuts.is_empty();
            assert!(is_own || has_cause, "failed without a cause: {error}");
            // Where the answer to a commit was lost, it is a commit all the same.
            assert!(before == after || cuts.iter().any(|cut| cut == "after commit"), "failed, yet moved: {error}");
            if let Some(running) = &mut self.running {
                running.follower.forget_after(error);
            }
        }
        stepped
    }

    pub(crate) fn met(&self, what: impl Into<String>) {
        self.coverage.met(what);
    }

    pub(crate) fn site(&self) -> &Site {
        self.site
    }

    pub(crate) fn doubt(&mut self, is_doubtful: bool) {
        self.is_doubtful = is_doubtful;
    }

    /// The writer's next transaction is cut there.
    pub(crate) fn cut_next(&self, cut: Cut) {
        self.site.proxy.cut_next(cut);
    }

    async fn try_step(&mut self, world: &World) -> Result<Outcome, StepError> {
        let running = self.running(world).await?;
        running.follower.hold_lock().await?;
        running.remedy.step(&mut running.follower, Duration::ZERO).await
    }

    /// Steps until the node has nothing new and nothing fails.
    pub(crate) async fn settle(&mut self, world: &World) {
        if let Err(reason) = self.try_to_settle(world, STEPS_MAX).await {
            panic!("the follower does not reach the head: {reason}");
        }
    }

    /// The same, or it comes to nothing for this reason and is started anew. Whether it did come to nothing.
    pub(crate) async fn settle_or_stop(&mut self, world: &World, reason: &str) -> bool {
        let stopped = self.try_to_settle(world, STEPS_BEFORE_GIVING_UP).await.err();
        if let Some(stopped) = &stopped {
            assert!(stopped.contains(reason), "stopped: {stopped}");
            self.coverage.met(format!("stopped: {reason}"));
        }
        self.crash();
        stopped.is_some()
    }

    /// Why it halts, or what it last did or said when there were no steps left.
    async fn try_to_settle(&mut self, world: &World, steps: usize) -> Result<(), String> {
        let mut last = String::new();
        for _ in 0..steps {
            match self.step(world).await {
                Ok(Outcome::UpToDate) if self.is_at_head(world).await || self.is_above_head(world).await => {
                    return Ok(());
                }
                Ok(Outcome::ForkSuspected { .. }) => return Ok(()),
                Err(StepError::Halt(reason)) => return Err(reason),
                stepped => last = format!("{stepped:?}"),
            }
        }
        Err(last)
    }

    pub(crate) async fn cursors(&self) -> Cursors {
        database::cursors(&self.site.pool).await
    }

    pub(crate) async fn is_at_head(&self, world: &World) -> bool {
        let head = world.node.chain(|chain| chain.head().hash);
        let cursors = self.cursors().await;
        Lane::BOTH.iter().all(|lane| cursors.get(lane).is_some_and(|(_, hash)| *hash == head))
    }

    /// A chain that was cut short and has not grown again looks like a node that lags.
    async fn is_above_head(&self, world: &World) -> bool {
        let head = world.node.chain(|chain| chain.head().number);
        self.cursors().await.get(&Lane::Capacity).is_some_and(|(number, _)| *number > head)
    }

    /// Each lane against the fold at its own cursor; that of supply is never ahead.
    async fn check(&self, world: &World) -> Cursors {
        let cursors = self.cursors().await;
        let number = |lane| cursors.get(&lane).map(|(number, _)| *number);
        assert!(number(Lane::Supply) <= number(Lane::Capacity), "supply is ahead: {cursors:?}");
        if !self.is_doubtful {
            let wrong = self.wrong(world, &cursors).await;
            assert!(wrong.is_empty(), "after {cursors:?}: {wrong:?}");
        }
        cursors
    }

    pub(crate) async fn equals_the_fold(&self, world: &World) -> bool {
        self.wrong(world, &self.cursors().await).await.is_empty()
    }

    /// What differs from the fold at each lane's own cursor: what is stored and what should be.
    async fn wrong(&self, world: &World, cursors: &Cursors) -> BTreeMap<Key, [Option<U256>; 2]> {
        let stored = database::held(&self.site.pool).await;
        let mut wrong = BTreeMap::new();
        for lane in Lane::BOTH {
            let names = database::told_by(lane);
            let expected = cursors.get(&lane).map(|(_, hash)| world.states[hash].told(names)).unwrap_or_default();
            let keys = stored.keys().filter(|(name, _)| names.contains(name)).chain(expected.keys());
            let both = keys.map(|key| (*key, [stored.get(key).copied(), expected.get(key).copied()]));
            wrong.extend(both.filter(|(_, [stored, expected])| stored != expected));
        }
        wrong
    }
}

/// What a step came to, by the name under which it is counted.
fn name(stepped: &Result<Outcome, StepError>) -> String {
    let words = match stepped {
        Ok(Outcome::Appended { from, to, .. }) if from == to => "Extended".into(),
        Ok(outcome) => format!("{outcome:?}"),
        Err(StepError::Chain(error) | StepError::Supply(error)) => format!("{error:?}"),
        Err(StepError::Store(_)) => "Store".into(),
        Err(StepError::Refused(_)) => "Refused".into(),
        Err(StepError::Untold(_)) => "Untold".into(),
        Err(StepError::Halt(_)) => "Halt".into(),
    };
    let first: String = words.chars().take_while(char::is_ascii_alphanumeric).collect();
    format!("step {first}")
}
