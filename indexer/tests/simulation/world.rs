//! The chain, and the fold's state after every block that ever was, orphaned or not.

use std::collections::HashMap;

use alloy_primitives::B256;
use alloy_rpc_types_eth::Log;
use devnet::scripted::{ChainOptions, Finality, ScriptedChain, ScriptedLog, ScriptedNode, SharedChain};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use store::deployment::{AbiVersion, Clock, ContractAddresses, Deployment, Implementation};

use crate::economy;
use crate::naive::{DIEM, FIRST_COOLDOWNS, Fold, STAKING, VVV};

pub(crate) const FINALIZED_DEPTH: u64 = 8;

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
        diem_targets: Vec::new(),
        finality: None,
    }
}

pub(crate) struct World {
    pub(crate) rng: ChaCha8Rng,
    pub(crate) node: ScriptedNode,
    /// One more that serves the same chain, in some worlds.
    other: Option<ScriptedNode>,
    pub(crate) states: HashMap<B256, Fold>,
    pub(crate) deployment: Deployment,
    /// The highest block that ever was finalized: no reorg goes below it.
    pub(crate) finalized: u64,
    /// What the node had done wrong when it was last told to stop.
    forgiven: u64,
}

impl World {
    /// With one node, or two that must agree.
    pub(crate) async fn new(seed: u64, with_another: bool) -> Self {
        let finality = Finality::Depths { safe: FINALIZED_DEPTH / 2, finalized: FINALIZED_DEPTH };
        let options = ChainOptions { seed, finality, ..ChainOptions::default() };
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let deployment = deployment(&options, rng.random_bool(0.5));
        let mut chain = ScriptedChain::new(options);
        let genesis = chain.head().hash;
        economy::set_emission_rate(&mut chain, 1, 5);
        economy::set_cooldowns(&mut chain, 1, FIRST_COOLDOWNS);
        let node = ScriptedNode::start(chain).await.unwrap();
        let mut other = None;
        if with_another {
            let another = ScriptedNode::start(node.shared_chain()).await.unwrap();
            another.faults().reseed(seed + 1_000_000);
            other = Some(another);
        }
        let states = HashMap::from([(genesis, Fold { cooldowns: FIRST_COOLDOWNS, ..Fold::default() })]);
        let mut world = Self { rng, node, other, states, deployment, finalized: 0, forgiven: 0 };
        world.mine(economy::genesis());
        world
    }

    pub(crate) fn mine(&mut self, logs: Vec<ScriptedLog>) {
        self.mine_on(&self.node.shared_chain(), logs);
        let head = self.node.chain(|chain| chain.head().number);
        self.finalized = self.finalized.max(head.saturating_sub(FINALIZED_DEPTH));
    }

    fn mine_on(&mut self, chain: &SharedChain, logs: Vec<ScriptedLog>) {
        let (head, logs) = chain.with(|chain| {
            let head = chain.mine(logs);
            (head, chain.block(head.number).unwrap().logs.clone())
        });
        let mut state = self.states[&head.parent_hash].clone();
        state.block(&logs, head.timestamp);
        chain.with(|chain| economy::set_totals(chain, &state));
        self.states.insert(head.hash, state);
    }

    /// A block of up to four transactions, each allowed in the state that the ones before it leave.
    pub(crate) fn mine_traffic(&mut self) {
        let (logs, cooldowns) = self.traffic(&self.node.shared_chain());
        self.mine(logs);
        self.node.chain(|chain| set_cooldowns(chain, cooldowns));
    }

    fn traffic(&mut self, chain: &SharedChain) -> (Vec<ScriptedLog>, (u64, u64)) {
        let parent = chain.with(|chain| chain.head());
        let mut state = self.states[&parent.hash].clone();
        let mut cooldowns = state.cooldowns;
        let mut logs = Vec::new();
        for transaction in 0..self.rng.random_range(0..=4) {
            let drawn = if self.rng.random_bool(0.02) {
                economy::set_cooldown(&mut self.rng, &mut cooldowns)
            } else {
                economy::transaction(&mut self.rng, &state)
            };
            state.block(&in_one_transaction(&drawn), parent.timestamp);
            logs.extend(drawn.into_iter().map(|log| log.in_transaction(transaction)));
        }
        (logs, cooldowns)
    }

    /// A block that leaves a row in every table.
    pub(crate) fn mine_of_every_kind(&mut self) {
        let parent = self.node.chain(|chain| chain.head().hash);
        let mut cooldowns = self.states[&parent].cooldowns;
        let setter = economy::set_cooldown(&mut self.rng, &mut cooldowns);
        self.mine(economy::of_every_kind().into_iter().chain(setter).collect());
        self.node.chain(|chain| set_cooldowns(chain, cooldowns));
    }

    /// A block at whose end a parameter is another, which no event tells; it is seen at the next block of every kind.
    pub(crate) fn mine_silent_change(&mut self) -> u64 {
        self.mine(Vec::new());
        let rate = self.rng.random_range(6..1_000);
        self.node.chain(|chain| {
            let number = chain.head().number;
            economy::set_emission_rate(chain, number, rate);
            number
        })
    }

    /// Another chain that leaves this one above the finalized block and is about as long.
    pub(crate) fn fork(&mut self) -> SharedChain {
        let head = self.node.chain(|chain| chain.head().number);
        let depth = self.rng.random_range(1..FINALIZED_DEPTH - 2).min(head - self.finalized.max(1));
        let fork = SharedChain::from(self.node.chain(|chain| chain.fork(depth)));
        for _ in 0..self.rng.random_range(1..=depth + 2) {
            let (logs, cooldowns) = self.traffic(&fork);
            self.mine_on(&fork, logs);
            fork.with(|chain| set_cooldowns(chain, cooldowns));
        }
        fork
    }

    /// Any depth down to the finalized block; the new branch may be shorter for a while.
    pub(crate) fn reorg(&mut self) {
        let head = self.node.chain(|chain| chain.head().number);
        let depth = self.rng.random_range(1..=FINALIZED_DEPTH).min(head - self.finalized.max(1));
        self.node.chain(|chain| chain.reorg(depth));
        for _ in 0..self.rng.random_range(0..=depth + 2) {
            self.mine_traffic();
        }
    }

    pub(crate) fn mine_beyond(&mut self, number: u64) {
        while self.node.chain(|chain| chain.head().number) <= number {
            self.mine_traffic();
        }
    }

    /// Whether a node has done anything wrong since it was last told to stop.
    pub(crate) fn misbehaves(&self) -> bool {
        self.faults_struck() > self.forgiven
    }

    /// No node does anything wrong any more.
    pub(crate) fn forgive(&mut self) {
        self.nodes().for_each(|node| node.faults().clear());
        self.forgiven = self.faults_struck();
    }

    pub(crate) fn nodes(&self) -> impl Iterator<Item = &ScriptedNode> {
        std::iter::once(&self.node).chain(&self.other)
    }

    /// One of the nodes, to be told to do something wrong.
    pub(crate) fn one_node(&mut self) -> &ScriptedNode {
        match &self.other {
            Some(other) if self.rng.random_bool(0.5) => other,
            _ => &self.node,
        }
    }

    fn faults_struck(&self) -> u64 {
        self.nodes().map(|node| node.faults().struck().values().sum::<u64>()).sum()
    }
}

fn set_cooldowns(chain: &mut ScriptedChain, cooldowns: (u64, u64)) {
    let head = chain.head().number;
    economy::set_cooldowns(chain, head, cooldowns);
}

/// Logs of a block under way, as far as the fold looks at them.
fn in_one_transaction(logs: &[ScriptedLog]) -> Vec<Log> {
    let log = |log: &ScriptedLog| Log { inner: log.log.clone(), transaction_hash: Some(B256::ZERO), ..Log::default() };
    logs.iter().map(log).collect()
}
