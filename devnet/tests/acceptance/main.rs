//! The whole way on a real EVM: what the API serves equals what the contracts answer, for every address that ever
//! appeared, to the wei, at the head and at earlier blocks, through reorgs and kill -9.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bootstrap;
mod figures;
mod implementation;
mod lanes;
mod midnight;
mod mints;
mod oracle;
mod readings;
mod rewards;
mod served;
mod stage;
mod status;
mod thirty;
mod transfers;
mod undecoded;
mod unstaking;
mod untold;
mod verify;

use alloy_primitives::Address;
use devnet::anvil::{Anvil, AnvilConfig};
use devnet::contracts;
use devnet::mining;
use devnet::rpc::Rpc;
use devnet::traffic::{Traffic, TrafficConfig};
use devnet::truth;
use oracle::Oracle;
use serde_json::{Value, json};
use sqlx::PgPool;

/// A Monday, 00:10 UTC: the run crosses several epochs.
const GENESIS: u64 = 1_763_338_200;
const BLOCKS: u64 = 2_200;
const EARLIER_BLOCKS: u64 = 20;

/// A chain with the contracts on it, and the oracle following it.
struct World {
    node: Anvil,
    rpc: Rpc,
    traffic: Traffic,
    oracle: Oracle,
}

impl World {
    async fn new(pool: &PgPool, seed: u64) -> Self {
        // Calls at any block of the run need its state; in memory that is quick.
        Self::with(pool, seed, AnvilConfig::new().arg("--prune-history=5000")).await
    }

    async fn with(pool: &PgPool, seed: u64, node: AnvilConfig) -> Self {
        let node = mining::node(node).genesis_timestamp(GENESIS).start().await.unwrap();
        let rpc = node.rpc();
        let config = TrafficConfig::fast(seed);
        contracts::deploy(&rpc, &config.deploy).await.unwrap();
        let traffic = Traffic::new(rpc.clone(), config).await.unwrap();
        let oracle = Oracle::start(pool, &node.url()).await;
        Self { node, rpc, traffic, oracle }
    }

    /// A world that has come to its head and stays there.
    async fn at_rest(pool: &PgPool, seed: u64, blocks: u64) -> Self {
        let mut world = Self::new(pool, seed).await;
        world.mine(blocks).await;
        let head = world.traffic.head();
        world.oracle.reach(head.number, head.hash).await;
        world.oracle.kill_indexer().await;
        world
    }

    async fn mine(&mut self, blocks: u64) {
        self.traffic.run(Some(blocks), std::future::pending()).await.unwrap();
    }

    /// Everything there is to compare, at one block.
    async fn check(&self, block: u64) {
        let addresses: Vec<_> =
            truth::addresses_seen(&self.rpc, 0, self.traffic.head().number).await.unwrap().into_iter().collect();
        self.check_at(&addresses, block).await;
    }

    /// The same, of these addresses. Returns what they hold.
    async fn check_at(&self, addresses: &[Address], block: u64) -> Vec<truth::Position> {
        let expected = truth::positions(&self.rpc, block, addresses).await.unwrap();
        let served = self.oracle.positions(addresses, block).await;
        assert!(addresses.len() > 100, "only {} addresses", addresses.len());
        for (expected, served) in expected.iter().zip(&served) {
            served.check(expected, block);
        }
        let network = truth::network(&self.rpc, block).await.unwrap();
        let served = self.oracle.network(block).await;
        assert_eq!(served.vvv_supply, network.vvv_supply, "VVV.totalSupply() at block {block}");
        assert_eq!(served.vvv_burned, network.vvv_burned, "VVV.balanceOf(0x0) at block {block}");
        assert_eq!(served.svvv_supply, network.svvv_supply, "sVVV.totalSupply() at block {block}");
        assert_eq!(served.svvv_locked, network.svvv_locked, "totalLockedStakedVVV() at block {block}");
        assert_eq!(served.diem_supply, network.diem_supply, "DIEM.totalSupply() at block {block}");
        assert_eq!(
            served.diem_staked + served.diem_cooling,
            network.diem_staked,
            "DIEM.totalStaked() at block {block}"
        );
        expected
    }

    /// The oracle comes to the chain's head, and equals the contracts there.
    async fn check_head(&self) {
        let head = self.traffic.head();
        self.oracle.reach(head.number, head.hash).await;
        self.check(head.number).await;
    }

    /// The head and blocks spread evenly below it.
    async fn check_all(&self) {
        self.check_head().await;
        let head = self.traffic.head().number;
        for step in 0..EARLIER_BLOCKS {
            self.check(step * head / EARLIER_BLOCKS).await;
        }
    }

    /// The last blocks are replaced by as many others, at once.
    async fn reorg(&mut self, depth: u64) {
        self.rpc.call::<Value>("anvil_reorg", json!([depth, []])).await.unwrap();
        self.traffic.resync().await.unwrap();
    }

    /// The last blocks are gone; a shorter chain grows from there.
    async fn roll_back(&mut self, depth: u64) {
        self.rpc.call::<Value>("anvil_rollback", [depth]).await.unwrap();
        self.traffic.resync().await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn every_address_equals_the_contracts_through_reorgs_and_crashes(pool: PgPool) {
    let mut world = World::new(&pool, 7).await;
    world.mine(300).await;
    world.check_head().await;

    for depth in [1, 10] {
        world.reorg(depth).await;
        world.mine(3).await;
        world.check_head().await;
        world.mine(150).await;
        world.check_head().await;
        world.roll_back(depth).await;
        world.mine(1).await;
        world.check_head().await;
        world.mine(depth + 20).await;
        world.check_head().await;
    }

    for _ in 0..3 {
        world.mine(100).await;
        world.oracle.kill_indexer().await;
        world.mine(100).await;
        world.oracle.start_indexer().await;
    }
    let left = BLOCKS.saturating_sub(world.traffic.head().number);
    world.mine(left).await;
    world.check_all().await;

    assert!(world.traffic.head().number >= BLOCKS);
    let status = world.oracle.get("/v1/status").await;
    let unexpected: Vec<String> =
        sqlx::query_scalar("select block_number || ': ' || detail from anomaly").fetch_all(&pool).await.unwrap();
    assert_eq!(status["anomalies"], json!([]), "{unexpected:#?}");
    assert_eq!(status["unknown_topics"], json!([]));
    assert!(status["reorgs"]["count"].as_u64().unwrap() >= 4, "{}", status["reorgs"]);
    assert_eq!(world.oracle.get("/readyz?needs=both").await["ready"], true);
    let drift = world.oracle.drift(BLOCKS / 2).await;
    assert_eq!(drift["differences"], 0, "{drift}");
    world.node.stop().await.unwrap();
}

/// An oracle that meets a chain with history backfills it, and gets the same.
#[sqlx::test(migrations = false)]
async fn a_late_start_backfills_to_the_same_state(pool: PgPool) {
    let mut world = World::new(&pool, 8).await;
    world.oracle.kill_indexer().await;
    world.mine(400).await;
    sqlx::query("drop schema public cascade").execute(&pool).await.unwrap();
    sqlx::query("create schema public").execute(&pool).await.unwrap();
    world.oracle.start_indexer().await;
    world.check_all().await;
    let status = world.oracle.get("/v1/status").await;
    assert_eq!(status["anomalies"], json!([]));
    assert!(status["finalized"].as_u64().unwrap() >= 300);
    world.node.stop().await.unwrap();
}
