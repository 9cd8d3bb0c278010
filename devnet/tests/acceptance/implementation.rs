//! Code of the staking proxy that the deployment does not name, until the operator names it.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::SolCall;
use devnet::contracts::addresses::{OPERATOR, STAKING, STAKING_V2, TREASURY};
use devnet::contracts::twins;
use devnet::mining::{self, Transaction};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::World;

/// Where the other code stands.
const UNNAMED: Address = Address::repeat_byte(0xc3);

impl World {
    /// The second logic once more, at another address, which it carries inside; the proxy's owner upgrades to it.
    async fn upgrade_to_unnamed(&mut self) -> u64 {
        let code: Bytes = self.rpc.call("eth_getCode", json!([STAKING_V2, "latest"])).await.unwrap();
        let mut code = code.to_vec();
        for at in 0..code.len() - 20 {
            if code[at..at + 20] == STAKING_V2[..] {
                code[at..at + 20].copy_from_slice(UNNAMED.as_slice());
            }
        }
        self.rpc.call::<Value>("anvil_setCode", json!([UNNAMED, Bytes::from(code)])).await.unwrap();
        let upgrade = twins::StakingV1::upgradeToAndCallCall { newImplementation: UNNAMED, data: Bytes::new() };
        let exec = twins::Safe::execCall { target: STAKING, data: upgrade.abi_encode().into() };
        mining::send(&self.rpc, &[&Transaction::new(OPERATOR, TREASURY, &exec)]).await.unwrap();
        let (head, receipts) = mining::mine(&self.rpc, self.traffic.head().timestamp + 240).await.unwrap();
        assert!(receipts.iter().all(|receipt| receipt.status == 1), "{receipts:?}");
        self.traffic.resync().await.unwrap();
        head.number
    }

    async fn warnings(&self, path: &str) -> Vec<String> {
        serde_json::from_value(self.oracle.get(path).await["as_of"]["warnings"].take()).unwrap()
    }
}

#[sqlx::test(migrations = false)]
async fn unnamed_code_is_read_compared_and_warned_of_until_it_is_named(pool: PgPool) {
    let mut world = World::new(&pool, 22).await;
    world.mine(150).await;
    let upgraded = world.upgrade_to_unnamed().await;
    world.mine(60).await;
    world.check_head().await;
    let warning = format!("the staking proxy runs {UNNAMED}, which the deployment does not name");
    for path in ["/v1/supply", "/v1/capacity", "/v1/diem", "/v1/parameters", "/v1/stakers", "/v1/events"] {
        assert!(world.warnings(path).await.contains(&warning), "{path}");
    }
    assert_eq!(world.warnings(&format!("/v1/supply?block={}", upgraded - 1)).await, [warning], "of the past too");
    let read: i64 = sqlx::query_scalar("select count(*) from reading where block_number = $1")
        .bind(i64::try_from(upgraded).unwrap())
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(read, 15, "every parameter, and what everybody owes of rewards");
    let drift = world.oracle.drift(upgraded).await;
    assert_eq!(drift["differences"], 0, "{drift}");
    assert!(drift["compared"].as_u64().unwrap() > 600, "every address, not those that changed last: {drift}");
    let anomalies = world.oracle.get("/v1/status").await["anomalies"].take();
    assert_eq!(anomalies[0]["kind"], "unknown_implementation", "{anomalies}");

    // Named, and derived anew without the node.
    world.oracle.kill_indexer().await;
    world.oracle.name_implementation(UNNAMED);
    let said = world.oracle.order_indexer(&["replay", "--from-block", "0"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(world.warnings("/v1/supply").await, Vec::<String>::new());
    assert_eq!(world.oracle.get("/v1/status").await["anomalies"], json!([]));
    world.oracle.start_indexer().await;
    world.mine(5).await;
    world.check_head().await;
    world.node.stop().await.unwrap();
}
