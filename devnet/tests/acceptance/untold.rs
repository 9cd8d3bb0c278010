//! Parameters that change in the contracts' storage, without an event: whatever follows from them equals the contracts' own
//! answers at every block.

use abi::{Diem as D, StakingV2 as S};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use devnet::anvil::AnvilConfig;
use devnet::contracts::addresses::{DIEM, STAKING};
use devnet::contracts::{self, yearly};
use devnet::mining;
use devnet::traffic::{Traffic, TrafficConfig};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::oracle::Oracle;
use crate::{GENESIS, World};

/// More than the contracts keep outside of mappings.
const SLOTS: u64 = 700;
/// The first block of the second day: 240 seconds a block from 00:10 on.
const DAILY: u64 = 358;

/// A chain whose owners stay as they are: nothing but the day's first reading shows what changed.
async fn quiet_world(pool: &PgPool) -> World {
    let node = mining::node(AnvilConfig::new()).genesis_timestamp(GENESIS).arg("--prune-history=5000");
    let node = node.start().await.unwrap();
    let rpc = node.rpc();
    let config = TrafficConfig { turn_every_blocks: 1_000_000, ..TrafficConfig::fast(21) };
    contracts::deploy(&rpc, &config.deploy).await.unwrap();
    let traffic = Traffic::new(rpc.clone(), config).await.unwrap();
    let oracle = Oracle::start(pool, &node.url()).await;
    World { node, rpc, traffic, oracle }
}

impl World {
    async fn word(&self, contract: Address, view: &impl SolCall, at: &str) -> U256 {
        let data = Bytes::from(view.abi_encode());
        let answer: Bytes = self.rpc.call("eth_call", json!([{"to": contract, "data": data}, at])).await.unwrap();
        U256::from_be_slice(&answer)
    }

    /// Behind the contract's back, what this view tells.
    async fn overwrite(&self, contract: Address, view: &impl SolCall, value: U256) {
        let now = B256::from(self.word(contract, view, "latest").await);
        for slot in 0..SLOTS {
            let slot = format!("{slot:#x}");
            let held: B256 = self.rpc.call("eth_getStorageAt", json!([contract, slot, "latest"])).await.unwrap();
            if held != now {
                continue;
            }
            let set = async |value: B256| {
                let slot = B256::from(slot.parse::<U256>().unwrap());
                self.rpc.call::<Value>("anvil_setStorageAt", json!([contract, slot, value])).await.unwrap();
            };
            set(value.into()).await;
            if self.word(contract, view, "latest").await == value {
                return;
            }
            set(held).await;
        }
        panic!("no slot of {contract} holds {now}");
    }

    /// What the API says of these parameters at a block is what the contracts do.
    async fn check_parameters(&self, block: u64) {
        let answer = self.oracle.get(&format!("/v1/parameters?block={block}")).await;
        let items = answer["items"].as_array().unwrap();
        let served = |name: &str| items.iter().find(|item| item["name"] == name).unwrap()["value"].clone();
        let at = format!("{block:#x}");
        let rate = self.word(STAKING, &S::emissionRatePerSecondCall {}, &at).await;
        let svvv_cooldown = self.word(STAKING, &S::cooldownDurationCall {}, &at).await;
        let diem_cooldown = self.word(DIEM, &D::cooldownDurationCall {}, &at).await;
        for (name, word) in [
            ("emission_rate_per_second", rate),
            ("svvv_cooldown_seconds", svvv_cooldown),
            ("diem_cooldown_seconds", diem_cooldown),
        ] {
            assert_eq!(served(name), word.to_string(), "{name} at block {block}");
        }
        let curve = self.oracle.get(&format!("/v1/diem/curve?block={block}")).await;
        let cell = self.word(STAKING, &S::diemMintRatesCall(U256::from(200)), &at).await;
        assert!(curve.to_string().contains(&format!("\"{cell}\"")), "the curve's cell {cell} at block {block}");
    }
}

#[sqlx::test(migrations = false)]
async fn what_changes_without_an_event_is_found_where_it_changed(pool: PgPool) {
    let mut world = quiet_world(&pool).await;
    world.mine(180).await;
    let first = world.traffic.head().number;
    world.overwrite(STAKING, &S::cooldownDurationCall {}, U256::from(9 * 3600)).await;
    world.mine(20).await;
    world.overwrite(STAKING, &S::emissionRatePerSecondCall {}, yearly(5_000_000)).await;
    world.overwrite(DIEM, &D::cooldownDurationCall {}, U256::from(11 * 3600)).await;
    world.mine(40).await;
    let cell = S::diemMintRatesCall(U256::from(200));
    let rate = world.word(STAKING, &cell, "latest").await;
    world.overwrite(STAKING, &cell, rate + U256::ONE).await;
    world.mine(20).await;
    world.overwrite(STAKING, &S::emissionRatePerSecondCall {}, yearly(4_000_000)).await;
    world.mine(DAILY + 30 - world.traffic.head().number).await;
    let head = world.traffic.head();
    assert!(head.timestamp / 86_400 > GENESIS / 86_400, "it is tomorrow");
    world.oracle.reach(head.number, head.hash).await;

    for block in first - 10..=head.number {
        world.check_parameters(block).await;
        if block % 3 == 0 {
            world.check(block).await;
        }
    }
    let history = world.oracle.get("/v1/parameters/history?limit=1000").await;
    let inferred: Vec<(&str, u64)> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["source"] == "inferred")
        .map(|item| (item["name"].as_str().unwrap(), item["block_number"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        inferred,
        [
            ("svvv_cooldown_seconds", first),
            ("diem_cooldown_seconds", first + 20),
            ("emission_rate_per_second", first + 20),
            ("curve_rates", first + 60),
            ("emission_rate_per_second", first + 80),
        ]
    );
    world.node.stop().await.unwrap();
}
