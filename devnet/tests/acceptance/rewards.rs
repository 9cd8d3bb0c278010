//! Rewards on the real contracts: what the API says is pending equals `pendingRewards` for every address, at any block since
//! the second logic; before it nobody knows, and says so.

use std::collections::BTreeSet;

use alloy_primitives::{Address, U256};
use devnet::anvil::AnvilConfig;
use devnet::truth;
use devnet::truth::rewards::{Rewards, rewards};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::World;

/// Blocks that are compared.
const BLOCKS: usize = 30;
/// The second logic takes over at block 101.
const FIRST_OF_V2: u64 = 101;

fn number(value: &Value) -> U256 {
    let text = value.as_str().unwrap_or_else(|| panic!("an amount, not {value}"));
    U256::from_str_radix(text, 10).unwrap()
}

fn seconds(value: &Value) -> U256 {
    let time: jiff::Timestamp = value.as_str().unwrap_or_else(|| panic!("a time, not {value}")).parse().unwrap();
    U256::from(time.as_second())
}

impl World {
    async fn addresses(&self) -> Vec<Address> {
        truth::addresses_seen(&self.rpc, 0, self.traffic.head().number).await.unwrap().into_iter().collect()
    }

    /// Compares accumulators and what is pending for each address; how many have some.
    async fn check_rewards(&self, block: u64, addresses: &[Address]) -> usize {
        let emissions = self.oracle.get(&format!("/v1/emissions?block={block}")).await;
        let Some(Rewards { acc_unlocked, acc_locked, rewarded_until, pending }) =
            rewards(&self.rpc, block, addresses).await.unwrap()
        else {
            assert!(emissions["rewards"].is_null(), "block {block}: {emissions}");
            self.check_unknown(block, addresses).await;
            return 0;
        };
        let served = &emissions["rewards"];
        assert_eq!(number(&served["acc_unlocked"]), acc_unlocked, "accRewardPerShare() at block {block}");
        assert_eq!(number(&served["acc_locked"]), acc_locked, "accRewardPerShareLocked() at block {block}");
        assert_eq!(seconds(&served["rewarded_until"]), rewarded_until, "lastRewardTimestamp() at block {block}");
        for (address, pending) in addresses.iter().zip(&pending) {
            let account = self.oracle.get(&format!("/v1/accounts/{address}?block={block}")).await;
            assert_eq!(number(&account["rewards"]["pending"]), *pending, "{address} at block {block}: {account}");
        }
        pending.iter().filter(|pending| !pending.is_zero()).count()
    }

    async fn check_unknown(&self, block: u64, addresses: &[Address]) {
        for address in addresses {
            let account = self.oracle.get(&format!("/v1/accounts/{address}?block={block}")).await;
            assert!(account["rewards"]["pending"].is_null(), "{address} at block {block}: {account}");
            let unknown = account["unknown"].as_array().unwrap();
            assert!(unknown.contains(&json!("rewards.pending")), "{address} at block {block}: {account}");
        }
    }

    async fn reach_head(&self) -> u64 {
        let head = self.traffic.head();
        self.oracle.reach(head.number, head.hash).await;
        head.number
    }

    async fn hold_nothing_against_it(&self) {
        let status = self.oracle.get("/v1/status").await;
        assert_eq!(status["anomalies"], json!([]), "what is not expected");
    }
}

/// A chain that crosses from the first logic to the second, with values that no event announced, and then has every setter
/// of the second; the indexer is killed on the way, and blocks are replaced.
#[sqlx::test(migrations = false)]
async fn pending_rewards_are_the_contracts_at_any_block(pool: PgPool) {
    let mut world = World::new(&pool, 31).await;
    world.mine(240).await;
    world.oracle.kill_indexer().await;
    world.mine(60).await;
    world.oracle.start_indexer().await;
    world.mine(90).await;
    world.reach_head().await;
    world.reorg(10).await;
    world.mine(40).await;
    world.roll_back(12).await;
    world.mine(60).await;
    let head = world.reach_head().await;

    let set: BTreeSet<String> = sqlx::query_scalar("select distinct name from parameter where source = 'event'")
        .fetch_all(&pool)
        .await
        .unwrap()
        .into_iter()
        .collect();
    for name in [
        "emission_rate_per_second",
        "treasury",
        "venice_emissions_percentage",
        "venice_emissions_percentage_when_locked",
    ] {
        assert!(set.contains(name), "nobody set {name} in this run: {set:?}");
    }
    let addresses = world.addresses().await;
    assert!(addresses.len() > 100);
    let mut random = ChaCha8Rng::seed_from_u64(31);
    let mut blocks: BTreeSet<u64> = [FIRST_OF_V2 - 1, FIRST_OF_V2, head].into();
    while blocks.len() < BLOCKS {
        blocks.insert(random.random_range(20..head));
    }
    let mut with_some = 0;
    for block in &blocks {
        with_some += world.check_rewards(*block, &addresses).await;
    }
    assert!(blocks.first() < Some(&FIRST_OF_V2), "both logics: {blocks:?}");
    assert!(with_some > 500, "only {with_some} rewards were compared");
    world.hold_nothing_against_it().await;

    // Derived anew from what is stored alone, debts read at the upgrade included.
    let digest = world.oracle.ask_indexer(&["status", "--digest", "--all"]).await;
    world.oracle.kill_indexer().await;
    let replayed = world.oracle.ask_indexer_as_writer(&["replay", "--from-block", "0"]).await;
    assert_eq!(replayed.code, Some(0), "{replayed:?}");
    assert_eq!(world.oracle.ask_indexer(&["status", "--digest", "--all"]).await.out, digest.out);
    world.node.stop().await.unwrap();
}

/// A node that keeps the state of the last blocks alone: what lies before stays unknown, and from the first rewards at the
/// head on everything is told.
#[sqlx::test(migrations = false)]
async fn an_oracle_that_begins_without_old_state_comes_to_know_rewards(pool: PgPool) {
    let config = AnvilConfig::new().arg("--prune-history=15");
    let mut world = World::with(&pool, 32, config).await;
    world.oracle.kill_indexer().await;
    world.mine(260).await;
    sqlx::query("drop schema public cascade").execute(&pool).await.unwrap();
    sqlx::query("create schema public").execute(&pool).await.unwrap();
    world.oracle.start_indexer().await;
    let before = world.reach_head().await;
    world.mine(10).await;
    let head = world.reach_head().await;
    let addresses = world.addresses().await;
    assert!(world.check_rewards(head, &addresses).await > 20);
    world.check_unknown(before - 30, &addresses[..5]).await;
    world.hold_nothing_against_it().await;
    world.node.stop().await.unwrap();
}
