//! A seeded economy on the twins: the same seed on the same chain gives the same logs.
//!
//! - [`actors`]: who takes part
//! - `book`: what the chain says of them, read again wherever a block touched it
//! - `scene`: one block being planned on it
//! - `economy`: what can happen and how often; `staking`, `diem`, `market`, `special`, `admin`, `refusals` plan it
//! - `outcome`: the receipts held against the plan
//! - [`action`]: kinds of things, and how they become transactions
//!
//! The chain is the only truth. A block is planned on what the contracts answered, and nothing but the seed, the block's
//! number and the count of reorgs decides what is tried: traffic can stop, start again, and be reorged away.

pub mod action;
pub mod actors;
mod admin;
mod book;
mod diem;
mod economy;
mod market;
mod outcome;
mod refusals;
mod scene;
mod setup;
mod special;
mod staking;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{MissedTickBehavior, interval};

use self::action::{Action, Kind};
use self::actors::Cast;
use self::book::Book;
pub use self::economy::kinds;
use self::scene::Scene;
use crate::contracts::{self, DeployConfig};
use crate::mining::{self, Head};
use crate::rpc::Rpc;

/// How traffic is.
#[derive(Clone, Copy, Debug)]
pub struct TrafficConfig {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// What the contracts were deployed with; also the pace.
    pub deploy: DeployConfig,
    /// How many users there are.
    pub users: u64,
    /// The block that brings DIEM; the upgrade is the one after. A chain already beyond it has them at once.
    pub upgrade_at_block: u64,
    /// How many things happen in a block on average, empty blocks included.
    pub actions_per_block: u64,
    /// Set pieces and admin changes come by turns, one in so many blocks.
    pub turn_every_blocks: u64,
}

impl TrafficConfig {
    /// Blocks as fast as the node makes them, four minutes apart as far as the chain knows: 360 are a day.
    pub fn fast(seed: u64) -> Self {
        Self {
            seed,
            deploy: DeployConfig::fast(240),
            users: 100,
            upgrade_at_block: 100,
            actions_per_block: 3,
            turn_every_blocks: 4,
        }
    }

    /// A block every so often by the wall clock.
    pub fn real_time(seed: u64, interval: Duration) -> Self {
        Self {
            deploy: DeployConfig::real_time(interval),
            upgrade_at_block: 60,
            turn_every_blocks: 20,
            ..Self::fast(seed)
        }
    }
}

/// Deploys what is missing, then mines as [`Traffic::run`] does: traffic as a program.
pub async fn drive(
    rpc: Rpc,
    config: TrafficConfig,
    blocks: Option<u64>,
    stop: impl Future<Output = ()>,
) -> Result<u64> {
    contracts::deploy(&rpc, &config.deploy).await?;
    Traffic::new(rpc, config).await?.run(blocks, stop).await
}

/// What [`Traffic::mine_block`] did.
#[derive(Clone, Debug)]
pub struct MinedBlock {
    /// The block.
    pub head: Head,
    /// What happened in it, in this order.
    pub actions: Vec<Kind>,
    /// How many transactions that took.
    pub transactions: usize,
    /// How many of them were refused, as planned.
    pub refused: usize,
}

/// The economy, between two blocks.
#[derive(Debug)]
pub struct Traffic {
    rpc: Rpc,
    config: TrafficConfig,
    cast: Cast,
    book: Book,
    head: Head,
    /// Counts reorgs: a block planned again is another one.
    branch: u64,
}

impl Traffic {
    /// Looks at the chain, which must have the contracts ([`contracts::deploy`]).
    pub async fn new(rpc: Rpc, config: TrafficConfig) -> Result<Self> {
        ensure!(contracts::is_deployed(&rpc).await?, "the contracts are not on this chain yet");
        let cast = Cast::new(config.seed, config.users);
        let head = mining::head(&rpc).await?;
        let book = Book::read(&rpc, head.number, &cast).await?;
        Ok(Self { rpc, config, cast, book, head, branch: 0 })
    }

    /// Who takes part.
    pub fn cast(&self) -> &Cast {
        &self.cast
    }

    /// The newest block, as traffic knows it.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Mines blocks until so many are mined, or `stop` comes true; the block in hand is finished. Returns their number.
    pub async fn run(&mut self, blocks: Option<u64>, stop: impl Future<Output = ()>) -> Result<u64> {
        let mut stop = pin!(stop);
        let mut beat = interval(self.config.deploy.pace.interval());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut mined = 0;
        while blocks.is_none_or(|blocks| mined < blocks) {
            tokio::select! {
                biased;
                () = &mut stop => break,
                _ = beat.tick() => {}
            }
            let MinedBlock { head, transactions, refused, .. } = self.mine_block().await?;
            tracing::debug!(block_number = head.number, transactions, refused, "block mined");
            mined += 1;
        }
        Ok(mined)
    }

    /// Plans a block, mines it, and holds what came of it against the plan. A transaction that reverts against the plan
    /// is an error that names the reason; so is one that was to be refused and was not.
    pub async fn mine_block(&mut self) -> Result<MinedBlock> {
        if mining::head(&self.rpc).await? != self.head {
            self.resync().await?;
        }
        if self.is_time_for_diem() {
            return self.deploy_diem().await;
        }
        let timestamp = self.config.deploy.pace.after(self.head.timestamp);
        let actions = self.plan(timestamp).await?;
        self.execute(timestamp, &actions).await
    }

    /// Reads everything from the chain again: after a reorg, a rollback, or somebody else's block. Called by itself
    /// where the head is not the block that traffic mined last.
    pub async fn resync(&mut self) -> Result<()> {
        self.branch += 1;
        self.head = mining::head(&self.rpc).await?;
        self.book = Book::read(&self.rpc, self.head.number, &self.cast).await?;
        Ok(())
    }

    fn next_number(&self) -> u64 {
        self.head.number + 1
    }

    fn is_time_for_diem(&self) -> bool {
        !self.book.has_diem && self.book.is_distributed() && self.next_number() >= self.config.upgrade_at_block
    }

    async fn deploy_diem(&mut self) -> Result<MinedBlock> {
        self.head = contracts::deploy_diem(&self.rpc, &self.config.deploy).await?;
        self.book.has_diem = true;
        Ok(MinedBlock { head: self.head, actions: vec![Kind::DeployDiem], transactions: 2, refused: 0 })
    }

    async fn plan(&self, timestamp: u64) -> Result<Vec<Action>> {
        let words = [self.config.seed, self.branch, self.next_number()];
        let mut scene = Scene::new(&self.cast, &self.book, &self.config.deploy, timestamp, words);
        if !self.book.is_distributed() {
            let steps = setup::distribute(&mut scene, &self.cast);
            return Ok(vec![Action { kind: Kind::Distribute, steps }]);
        }
        if self.book.has_diem && !self.book.has_locks {
            return Ok(vec![special::upgrade()?]);
        }
        if self.is_turn() && self.book.has_locks {
            scene.quote = Some(book::quote(&self.rpc, special::BESIDE_LOCK).await?);
        }
        Ok(self.usual_block(&mut scene))
    }

    /// A set piece where it is time for one, then everyday life: the set piece may count on the state before the block.
    fn usual_block(&self, scene: &mut Scene) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.next_number() >= self.airdrop_ends_at() {
            actions.extend(special::burn_airdrop(scene));
        }
        if self.is_turn() {
            actions.extend(economy::turn(scene, self.next_number() / self.config.turn_every_blocks));
        }
        let count = actions_in_block(scene, self.config.actions_per_block);
        actions.extend((0..count).filter_map(|_| economy::daily(scene)));
        actions
    }

    fn is_turn(&self) -> bool {
        self.next_number().is_multiple_of(self.config.turn_every_blocks)
    }

    /// Late under the first logic, so that there is time to claim.
    fn airdrop_ends_at(&self) -> u64 {
        self.config.upgrade_at_block * 3 / 4
    }

    async fn execute(&mut self, timestamp: u64, actions: &[Action]) -> Result<MinedBlock> {
        let steps: Vec<_> = actions.iter().flat_map(|action| &action.steps).collect();
        let transactions: Vec<_> = steps.iter().map(|step| &step.transaction).collect();
        let hashes = mining::send(&self.rpc, &transactions).await?;
        let (head, receipts) = mining::mine(&self.rpc, timestamp).await?;
        outcome::hold_against_plan(&self.rpc, self.head.number, actions, &hashes, &receipts).await?;
        self.head = head;
        let kinds: Vec<_> = actions.iter().map(|action| action.kind).collect();
        match kinds[..] {
            // More changes in these than balances.
            [Kind::Distribute | Kind::Upgrade] => self.book = Book::read(&self.rpc, head.number, &self.cast).await?,
            _ => self.book.read_again(&self.rpc, head.number, &steps, &receipts).await?,
        }
        Ok(MinedBlock {
            head,
            actions: kinds,
            transactions: steps.len(),
            refused: steps.iter().filter(|step| step.refused).count(),
        })
    }
}

/// Life has its pauses: one block in six is empty. The others make up for it.
fn actions_in_block(scene: &mut Scene, average: u64) -> u64 {
    if scene.chance(6) { 0 } else { 1 + scene.below(2 * average + 1) }
}
