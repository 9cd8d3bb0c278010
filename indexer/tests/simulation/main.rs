//! A seeded simulation: a scripted chain that grows, reorgs and misbehaves, and a real database that after every step
//! holds exactly what a naive fold over the same blocks gives.
//!
//! A failure names its seed; `SIMULATION_SEED=n` runs that one alone, `SIMULATION_SEEDS=n` runs that many.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod database;
mod economy;
mod naive;

use std::collections::{BTreeMap, HashMap};
use std::str::FromStr;
use std::time::Duration;

use alloy_primitives::B256;
use devnet::scripted::{
    ChainOptions, Finality, HeaderFault, LogFault, RangeWording, Refusal, ScriptedChain, ScriptedLog, ScriptedNode,
    TransportFault, ViewFault,
};
use indexer::chain::rpc::RpcChain;
use indexer::follower::{Follower, Outcome, StepError};
use naive::{DIEM, FIRST_COOLDOWNS, Fold, STAKING, VVV};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgPool};
use store::cursor::Lane;
use store::deployment::{AbiVersion, Clock, ContractAddresses, Deployment, Implementation};
use store::writer::Writer;

const FINALIZED_DEPTH: u64 = 12;
const ROUNDS: usize = 25;
const SEEDS: u64 = 12;
/// Blocks that a lagging node is behind.
const LAG: u64 = 3;
/// Enough for a dozen ranges.
const BACKFILL_BLOCKS: u64 = 60;
/// More than any round needs.
const STEPS_MAX: usize = 1_000;

fn deployment(options: &ChainOptions, with_clock: bool) -> Deployment {
    let clock = Clock { genesis_timestamp: options.genesis_timestamp, seconds_per_block: options.seconds_per_block };
    Deployment {
        chain_id: options.chain_id,
        start_block: 0,
        contracts: ContractAddresses { vvv: VVV, staking: STAKING, diem: DIEM, multicall3: options.multicall },
        clock: with_clock.then_some(clock),
        policy: Default::default(),
        implementations: vec![Implementation { address: economy::IMPLEMENTATION, abi: AbiVersion::V2 }],
        labels: Vec::new(),
        finality: None,
    }
}

/// The chain, and the fold's state after every block that ever was, orphaned or not.
struct World {
    rng: ChaCha8Rng,
    node: ScriptedNode,
    states: HashMap<B256, Fold>,
    deployment: Deployment,
    /// The highest block that ever was finalized: no reorg goes below it.
    finalized: u64,
}

impl World {
    async fn new(seed: u64) -> Self {
        let finality = Finality::Depths { safe: FINALIZED_DEPTH / 2, finalized: FINALIZED_DEPTH };
        let options = ChainOptions { seed, finality, ..ChainOptions::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deployment = deployment(&options, rng.random_bool(0.5));
        let mut chain = ScriptedChain::new(options);
        let genesis = chain.head().hash;
        economy::set_cooldowns(&mut chain, 1, FIRST_COOLDOWNS);
        let node = ScriptedNode::start(chain).await.unwrap();
        let states = HashMap::from([(genesis, Fold { cooldowns: FIRST_COOLDOWNS, ..Fold::default() })]);
        let mut world = Self { rng, node, states, deployment, finalized: 0 };
        world.mine(economy::genesis());
        world
    }

    fn mine(&mut self, logs: Vec<ScriptedLog>) {
        let (head, logs) = self.node.chain(|chain| {
            let head = chain.mine(logs);
            (head, chain.block(head.number).unwrap().logs.clone())
        });
        let mut state = self.states[&head.parent_hash].clone();
        state.block(&logs, head.timestamp);
        self.states.insert(head.hash, state);
        self.finalized = self.finalized.max(head.number.saturating_sub(FINALIZED_DEPTH));
    }

    /// A block of up to four transactions, each allowed in the state that the ones before it leave.
    fn mine_traffic(&mut self) {
        let parent = self.node.chain(|chain| chain.head().hash);
        let mut cooldowns = self.states[&parent].cooldowns;
        let mut logs = Vec::new();
        for transaction in 0..self.rng.random_range(0..=4) {
            let state = self.state_after(parent, &logs);
            let drawn = if self.rng.random_bool(0.05) {
                economy::set_cooldown(&mut self.rng, &mut cooldowns)
            } else {
                economy::transaction(&mut self.rng, &state)
            };
            logs.extend(drawn.into_iter().map(|log| log.in_transaction(transaction)));
        }
        self.mine(logs);
        let head = self.node.chain(|chain| chain.head().number);
        self.node.chain(|chain| economy::set_cooldowns(chain, head, cooldowns));
    }

    /// The state within a block under way; found by mining it on a copy of the chain.
    fn state_after(&self, parent: B256, logs: &[ScriptedLog]) -> Fold {
        let mut copy = self.node.chain(|chain| chain.clone());
        let head = copy.mine(logs.to_vec());
        let mut state = self.states[&parent].clone();
        state.block(&copy.block(head.number).unwrap().logs, head.timestamp);
        state
    }

    /// Any depth down to the finalized block; the new branch may be shorter for a while.
    fn reorg(&mut self) {
        let head = self.node.chain(|chain| chain.head().number);
        let depth = self.rng.random_range(1..=FINALIZED_DEPTH).min(head - self.finalized.max(1));
        self.node.chain(|chain| chain.reorg(depth));
        for _ in 0..self.rng.random_range(0..=depth + 2) {
            self.mine_traffic();
        }
    }

    fn mine_beyond(&mut self, number: u64) {
        while self.node.chain(|chain| chain.head().number) <= number {
            self.mine_traffic();
        }
    }

    fn small_ranges(&mut self) {
        let blocks_max = self.rng.random_range(1..=4);
        self.node.faults().always(Refusal::Range { blocks_max, wording: RangeWording::QuickNode });
    }

    /// Something that one node can do and one client can notice.
    fn misbehave(&mut self) {
        let times = self.rng.random_range(1..=3);
        let drawn = self.rng.random_range(0..11);
        let mut faults = self.node.faults();
        match drawn {
            0 => faults.next(times, TransportFault::Throttle { retry_after_seconds: Some(0) }),
            1 => faults.next(times, TransportFault::Status { status: 502, body: "bad gateway".into() }),
            2 => faults.next(times, TransportFault::CutBody),
            3 => faults.next(times, ViewFault::Lag { blocks: LAG }),
            4 => faults.next(times, HeaderFault::WrongHash),
            5 => faults.next(times, HeaderFault::FalseParent { resealed: true }),
            6 => faults.next(times, HeaderFault::FalseBloom { resealed: false }),
            7 => faults.next(times, LogFault::DuplicateOne),
            8 => faults.next(times, LogFault::Shuffle),
            9 => faults.next(times, LogFault::OutOfRange),
            _ => faults.next(times, LogFault::FalseBlockHash),
        };
    }
}

/// Follows the world's node into the database, a step at a time.
struct Subject {
    follower: Option<Follower<RpcChain>>,
    options: PgConnectOptions,
    pool: PgPool,
}

impl Subject {
    async fn follower(&mut self, world: &World) -> &mut Follower<RpcChain> {
        if self.follower.is_none() {
            let writer = Writer::open(self.options.clone()).await.unwrap();
            writer.adopt(&world.deployment).await.unwrap();
            let chain = RpcChain::new(world.node.url.parse().unwrap()).unwrap();
            self.follower = Some(Follower::new(chain, writer, world.deployment.clone()).await.unwrap());
        }
        self.follower.as_mut().unwrap()
    }

    /// Nothing is left of it but the database, as after kill -9.
    fn crash(&mut self) {
        self.follower = None;
    }

    /// Steps until the node has nothing new and nothing fails; holds the database against the fold after each.
    async fn settle(&mut self, world: &World) {
        let mut last = String::new();
        for _ in 0..STEPS_MAX {
            let outcome = self.follower(world).await.step(Duration::ZERO).await;
            self.check(world).await;
            match outcome {
                Ok(Outcome::UpToDate) if self.is_at_head(world).await || self.is_above_head(world).await => return,
                Ok(Outcome::ForkSuspected { .. }) => return,
                Err(StepError::Halt(reason)) => panic!("halted: {reason}"),
                Err(error) => {
                    last = error.to_string();
                    self.follower(world).await.forget();
                }
                Ok(outcome) => last = format!("{outcome:?}"),
            }
        }
        panic!("the follower never reaches the head; its last step: {last}");
    }

    async fn capacity(&self) -> Option<(u64, B256)> {
        database::cursor(&self.pool, Lane::Capacity).await
    }

    async fn is_at_head(&self, world: &World) -> bool {
        let head = world.node.chain(|chain| chain.head());
        let at_head = async |lane| database::cursor(&self.pool, lane).await.is_some_and(|(_, hash)| hash == head.hash);
        at_head(Lane::Capacity).await && at_head(Lane::Supply).await
    }

    /// A chain that was cut short and has not grown again looks like a node that lags.
    async fn is_above_head(&self, world: &World) -> bool {
        let head = world.node.chain(|chain| chain.head());
        self.capacity().await.is_some_and(|(number, _)| number > head.number)
    }

    /// Each lane against the fold at its own cursor; that of supply is never ahead.
    async fn check(&self, world: &World) {
        let mut below = None;
        for lane in [Lane::Supply, Lane::Capacity] {
            let cursor = database::cursor(&self.pool, lane).await;
            assert!(below <= cursor.map(|(number, _)| number), "supply is at {below:?}, capacity at {cursor:?}");
            let Some((number, hash)) = cursor else { continue };
            below = Some(number);
            let expected = world.states[&hash].held.iter().filter(|((name, _), _)| database::tells(lane, name));
            let expected: BTreeMap<_, _> = expected.map(|(key, value)| (*key, *value)).collect();
            let held = database::held(&self.pool, lane).await;
            for (key, value) in &expected {
                assert_eq!(held.get(key), Some(value), "{key:?} of {lane:?} after block {number}");
            }
            let unknown: Vec<_> = held.iter().filter(|(key, _)| !expected.contains_key(key)).collect();
            assert!(unknown.is_empty(), "held by {lane:?} in the database alone after block {number}: {unknown:?}");
        }
    }
}

async fn simulate(seed: u64, options: PgConnectOptions, pool: PgPool) {
    let mut world = World::new(seed).await;
    // Where ranges are small the lanes are apart for long.
    if world.rng.random_bool(0.5) {
        world.small_ranges();
    }
    let mut subject = Subject { follower: None, options, pool };
    for _ in 0..ROUNDS {
        match world.rng.random_range(0..10) {
            0..=4 => (0..world.rng.random_range(1..=3)).for_each(|_| world.mine_traffic()),
            5 => (0..world.rng.random_range(5..=30)).for_each(|_| world.mine(Vec::new())),
            6 | 7 => world.reorg(),
            8 => world.misbehave(),
            _ => subject.crash(),
        }
        subject.settle(&world).await;
    }
    // Whatever fork was left hanging is decided by a longer branch.
    world.node.faults().clear();
    (0..=FINALIZED_DEPTH).for_each(|_| world.mine_traffic());
    subject.settle(&world).await;
    assert!(subject.is_at_head(&world).await);
    database::totals_are_sums(&subject.pool).await;
}

/// The first backfill, in small ranges, cut short again and again; the head moves and forks meanwhile.
async fn backfill(seed: u64, options: PgConnectOptions, pool: PgPool) {
    let mut world = World::new(seed).await;
    (0..BACKFILL_BLOCKS).for_each(|_| world.mine_traffic());
    let first_finalized = world.finalized;
    world.small_ranges();
    let mut subject = Subject { follower: None, options, pool };
    let mut met = Met::default();
    for _ in 0..STEPS_MAX {
        if world.rng.random_bool(0.2) {
            world.misbehave();
        }
        let outcome = subject.follower(&world).await.step(Duration::ZERO).await;
        subject.check(&world).await;
        let has_indexes = subject.follower(&world).await.writer().has_account_indexes().await.unwrap();
        let supply = database::cursor(&subject.pool, Lane::Supply).await.map_or(0, |(number, _)| number);
        // A node that lags has a finalized block further down, above which blocks are taken singly.
        assert!(!has_indexes || supply + LAG >= first_finalized, "indexes at {supply}");
        match outcome {
            Err(StepError::Halt(reason)) => panic!("halted: {reason}"),
            Err(error) => subject.follower(&world).await.forget_after(&error),
            Ok(Outcome::Rewound(_)) => met.reorged_apart |= supply < first_finalized,
            Ok(_) if subject.is_at_head(&world).await && has_indexes => {
                assert_eq!(met, Met { apart: true, crashed_apart: true, reorged_apart: true });
                return;
            }
            Ok(_) => {}
        }
        let capacity = subject.capacity().await;
        let head = world.node.chain(|chain| chain.head());
        let is_apart = supply < first_finalized && capacity.is_some_and(|(_, hash)| hash == head.hash);
        met.apart |= is_apart;
        if !has_indexes && (is_apart && !met.crashed_apart || world.rng.random_bool(0.3)) {
            subject.crash();
            met.crashed_apart |= is_apart;
        }
        if is_apart && (!met.reorged_apart || world.rng.random_bool(0.1)) {
            world.reorg();
            world.mine_beyond(head.number);
        } else if world.rng.random_bool(0.1) {
            world.mine_traffic();
        }
    }
    panic!("the follower never reaches the head");
}

/// What a backfill in two lanes came across while capacity was at the head and supply far behind.
#[derive(Debug, Default, PartialEq)]
struct Met {
    apart: bool,
    crashed_apart: bool,
    reorged_apart: bool,
}

fn seeds() -> Vec<u64> {
    let variable = |name| std::env::var(name).ok().and_then(|value| u64::from_str(&value).ok());
    match variable("SIMULATION_SEED") {
        Some(seed) => vec![seed],
        None => (0..variable("SIMULATION_SEEDS").unwrap_or(SEEDS)).collect(),
    }
}

#[sqlx::test(migrations = false)]
async fn the_database_equals_a_naive_fold_after_every_step(pool: PgPool) {
    each_seed("simulation", &pool, simulate).await;
}

#[sqlx::test(migrations = false)]
async fn a_backfill_that_is_cut_short_goes_on_where_it_was(pool: PgPool) {
    each_seed("backfill", &pool, backfill).await;
}

/// A database of its own for each seed, made beside the test's.
async fn each_seed<F: Future<Output = ()>>(
    what: &str,
    pool: &PgPool,
    run: impl Fn(u64, PgConnectOptions, PgPool) -> F,
) {
    for seed in seeds() {
        println!("seed {seed}");
        let name = format!("{what}_{}_{seed}", std::process::id());
        pool.execute(sqlx::AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        let options = (*pool.connect_options()).clone().database(&name).disable_statement_logging();
        let own = PgPool::connect_with(options.clone()).await.unwrap();
        run(seed, options, own.clone()).await;
        own.close().await;
        pool.execute(sqlx::AssertSqlSafe(format!("drop database {name} with (force)"))).await.unwrap();
    }
}
