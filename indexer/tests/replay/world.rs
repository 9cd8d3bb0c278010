//! A chain with something of everything, and a database that has followed it.

use std::time::Duration;

use abi::Vvv;
use alloy_primitives::{Address, U256};
use devnet::scripted::{ChainOptions, Finality, RangeWording, Refusal, ScriptedChain, ScriptedLog, ScriptedNode};
use indexer::chain::rpc::RpcChain;
use indexer::follower::{Follower, Outcome};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::PgPool;
use store::deployment::{AbiVersion, Clock, ContractAddresses, Deployment, Implementation};
use store::read::digest::{self, TableDigest};
use store::read::{Database, Limits};
use store::writer::Writer;

use crate::economy;
use crate::naive::{DIEM, FIRST_COOLDOWNS, Fold, STAKING, VVV};

pub(crate) const FINALIZED_DEPTH: u64 = 12;
/// Blocks of a chain with traffic.
pub(crate) const BLOCKS: u64 = 90;

/// A scripted node, and the deployment it is of.
pub(crate) struct World {
    pub(crate) node: ScriptedNode,
    pub(crate) deployment: Deployment,
}

impl World {
    /// 90 blocks of traffic; `with_clock` headers of blocks without logs are not stored.
    pub(crate) async fn new(seed: u64, with_clock: bool) -> Self {
        let finality = Finality::Depths { safe: FINALIZED_DEPTH / 2, finalized: FINALIZED_DEPTH };
        let options = ChainOptions { seed, finality, ..ChainOptions::default() };
        let clock =
            Clock { genesis_timestamp: options.genesis_timestamp, seconds_per_block: options.seconds_per_block };
        let deployment = Deployment {
            finality: None,
            chain_id: options.chain_id,
            start_block: 0,
            contracts: ContractAddresses { vvv: VVV, staking: STAKING, diem: DIEM, multicall3: options.multicall },
            clock: with_clock.then_some(clock),
            policy: Default::default(),
            implementations: vec![Implementation { address: economy::IMPLEMENTATION, abi: AbiVersion::V2 }],
            labels: Vec::new(),
            diem_targets: Vec::new(),
        };
        Self { node: ScriptedNode::start(with_traffic(options)).await.unwrap(), deployment }
    }

    pub(crate) fn chain(&self) -> RpcChain {
        RpcChain::new(self.node.url.parse().unwrap()).unwrap()
    }

    pub(crate) async fn writer(&self, pool: &PgPool) -> Writer {
        let writer = Writer::open((*pool.connect_options()).clone()).await.unwrap();
        writer.adopt(&self.deployment).await.unwrap();
        writer
    }

    /// Follows to the head.
    pub(crate) async fn follow(&self, pool: &PgPool) {
        self.follow_until(pool, |follower, outcome| {
            let cursors = follower.cursors();
            *outcome == Outcome::UpToDate && cursors.supply.is_some() && cursors.are_level()
        })
        .await;
    }

    /// Follows to where capacity is ahead of supply, in small ranges.
    pub(crate) async fn follow_capacity(&self, pool: &PgPool) {
        let ranges = Refusal::Range { blocks_max: 7, wording: RangeWording::QuickNode };
        self.node.faults().always(ranges);
        self.follow_until(pool, |follower, _| {
            let cursors = follower.cursors();
            cursors.supply.is_some_and(|supply| supply.number > 20) && !cursors.are_level()
        })
        .await;
        self.node.faults().clear();
    }

    async fn follow_until(&self, pool: &PgPool, is_there: impl Fn(&Follower<RpcChain>, &Outcome) -> bool) {
        let writer = self.writer(pool).await;
        let mut follower = Follower::new(self.chain(), writer, self.deployment.clone()).await.unwrap();
        for _ in 0..1_000 {
            match follower.step(Duration::ZERO).await {
                Ok(outcome) if is_there(&follower, &outcome) => return,
                Ok(_) => {}
                Err(error) => follower.forget_after(&error),
            }
        }
        panic!("the follower never gets there");
    }
}

fn with_traffic(options: ChainOptions) -> ScriptedChain {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let mut chain = ScriptedChain::new(options);
    economy::set_cooldowns(&mut chain, 1, FIRST_COOLDOWNS);
    let mut state = Fold { cooldowns: FIRST_COOLDOWNS, ..Fold::default() };
    let mut next = economy::genesis();
    for _ in 0..BLOCKS {
        let head = chain.mine(next);
        let block = chain.block(head.number).unwrap();
        state.block(&block.logs, head.timestamp);
        let mut cooldowns = state.cooldowns;
        next = match rng.random_bool(0.08) {
            true => economy::set_cooldown(&mut rng, &mut cooldowns),
            false => economy::transaction(&mut rng, &state),
        };
        next.extend(mint_and_burn().map(|log| log.in_transaction(1)));
        economy::set_cooldowns(&mut chain, head.number + 1, cooldowns);
    }
    chain
}

/// Burns are few in the economy drawn: here is one for every block.
fn mint_and_burn() -> [ScriptedLog; 2] {
    let (nobody, burner) = (Address::ZERO, Address::repeat_byte(0x77));
    [(nobody, burner, 2), (burner, nobody, 1)]
        .map(|(from, to, amount)| ScriptedLog::event(VVV, &Vvv::Transfer { from, to, amount: U256::from(amount) }))
}

/// The digests of all derived tables, as any reader may take them.
pub(crate) async fn digests(pool: &PgPool) -> Vec<TableDigest> {
    let database = Database::lazy_with((*pool.connect_options()).clone(), &Limits::default());
    let digests = digest::derived(&mut database.begin().await.unwrap()).await.unwrap();
    database.close().await;
    digests
}

const BLOCKS_STORED: &str = "select t::text from block t order by number";
const LOGS: &str = "select t::text from log t order by block_number, log_index";
const READINGS: &str = "select t::text from reading t order by name, block_number";
const TRANSFERS: &str = "select t::text from vvv_transfer t order by block_number, log_index";
/// Without the balances, which are derived.
const RAW_TRANSFERS: &str = "select row(block_number, log_index, tx_index, tx_hash, sender, recipient, amount)::text
                               from vvv_transfer order by block_number, log_index";

/// Every row of the inputs with what is derived of them, as text.
pub(crate) async fn inputs(pool: &PgPool) -> Vec<String> {
    rows(pool, [BLOCKS_STORED, LOGS, READINGS, TRANSFERS]).await
}

/// Every row of the inputs.
pub(crate) async fn inputs_alone(pool: &PgPool) -> Vec<String> {
    rows(pool, [BLOCKS_STORED, LOGS, READINGS, RAW_TRANSFERS]).await
}

async fn rows(pool: &PgPool, statements: [&'static str; 4]) -> Vec<String> {
    let mut rows = Vec::new();
    for statement in statements {
        let found: Vec<String> = sqlx::query_scalar(statement).fetch_all(pool).await.unwrap();
        assert!(!found.is_empty(), "nothing to compare: {statement}");
        rows.extend(found);
    }
    rows
}

/// What is there beside rows: tables, indexes, constraints, grants.
pub(crate) async fn furniture(pool: &PgPool) -> Vec<String> {
    let things = sqlx::query_scalar(
        "select 'index ' || schemaname || ' ' || indexdef as thing from pg_indexes where schemaname !~ '^pg_'
          union all select 'constraint ' || conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
          union all select 'grants ' || n.nspname || '.' || c.relname || ' ' || coalesce(c.relacl::text, '')
                      from pg_class c join pg_namespace n on n.oid = c.relnamespace
                     where n.nspname !~ '^(pg_|information_schema)'
          order by thing",
    );
    things.fetch_all(pool).await.unwrap()
}
