//! The node: a real one, as a child process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

#[path = "support/parent.rs"]
mod parent;
mod support;

use std::time::Duration;

use devnet::anvil::AnvilConfig;
use devnet::guarded::scratch_directory;
use devnet::rpc::RpcError;
use parent::{is_parent, parent, tell};
use serde_json::{Value, json};
use support::{eventually, kill_hard, runs};

#[tokio::test]
async fn it_is_base_as_far_as_a_client_can_tell() {
    let anvil = AnvilConfig::new().no_mining().genesis_timestamp(1_700_000_000).start().await.unwrap();
    let rpc = anvil.rpc();
    let chain_id: String = rpc.call("eth_chainId", ()).await.unwrap();
    assert_eq!(chain_id, "0x2105");
    rpc.call::<Value>("anvil_mine", ["0x19"]).await.unwrap();
    let tags = ["earliest", "finalized", "safe", "latest"].map(|tag| ("eth_getBlockByNumber", json!([tag, false])));
    let blocks: Vec<Value> = rpc.batch(&tags).await.unwrap();
    let numbers: Vec<&str> = blocks.iter().map(|block| block["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["0x0", "0x5", "0xf", "0x19"]);
    assert_eq!(blocks[0]["timestamp"], format!("{:#x}", 1_700_000_000));
    assert!(anvil.ws_url().starts_with("ws://127.0.0.1:"));
    anvil.stop().await.unwrap();
}

#[tokio::test]
async fn each_call_of_a_batch_has_its_own_outcome() {
    let anvil = AnvilConfig::new().start().await.unwrap();
    let rpc = anvil.rpc();
    let calls = [("eth_chainId", json!([])), ("eth_noSuchThing", json!([])), ("eth_blockNumber", json!([]))];
    let outcomes = rpc.try_batch(&calls).await.unwrap();
    assert_eq!(outcomes[0].as_ref().unwrap(), "0x2105");
    assert!(outcomes[1].is_err());
    assert_eq!(outcomes[2].as_ref().unwrap(), "0x0");

    let error = rpc.call::<Value>("eth_noSuchThing", ()).await.unwrap_err();
    assert_eq!(error.downcast_ref::<RpcError>().unwrap().code, -32601);
    assert!(rpc.batch::<Value>(&calls).await.is_err());
    anvil.stop().await.unwrap();
}

#[tokio::test]
async fn the_chain_goes_on_after_a_stop() {
    let home = scratch_directory("test").unwrap();
    let config = AnvilConfig::new().no_mining().state(home.join("chain.json"));
    let anvil = config.clone().start().await.unwrap();
    let account = "0x00000000000000000000000000000000000000aa";
    anvil.rpc().call::<Value>("anvil_setBalance", [account, "0x5"]).await.unwrap();
    anvil.rpc().call::<Value>("anvil_mine", ["0x7"]).await.unwrap();
    let before: Value = anvil.rpc().call("eth_getBlockByNumber", json!(["0x3", false])).await.unwrap();
    anvil.stop().await.unwrap();

    let anvil = config.start().await.unwrap();
    let rpc = anvil.rpc();
    let after: Value = rpc.call("eth_getBlockByNumber", json!(["0x3", false])).await.unwrap();
    assert_eq!(after["hash"], before["hash"]);
    assert_eq!(rpc.call::<String>("eth_blockNumber", ()).await.unwrap(), "0x7");
    assert_eq!(rpc.call::<String>("eth_getBalance", [account, "latest"]).await.unwrap(), "0x5");
    anvil.stop().await.unwrap();
    std::fs::remove_dir_all(home).unwrap();
}

#[tokio::test]
async fn with_a_block_time_it_mines_by_itself() {
    let anvil = AnvilConfig::new().block_time(Duration::from_millis(100)).start().await.unwrap();
    let rpc = anvil.rpc();
    tokio::time::timeout(Duration::from_secs(20), async {
        while rpc.call::<String>("eth_blockNumber", ()).await.unwrap() == "0x0" {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    anvil.stop().await.unwrap();
}

#[tokio::test]
async fn the_node_writes_its_state_and_stops_when_its_parent_is_killed() {
    if is_parent() {
        let home = scratch_directory("test").unwrap();
        let anvil = AnvilConfig::new().state(home.join("chain.json")).start().await.unwrap();
        return tell([anvil.pid().to_string(), home.display().to_string()]).await;
    }
    let (child, told) = parent("the_node_writes_its_state_and_stops_when_its_parent_is_killed");
    let pid: u32 = told[0].parse().unwrap();
    let home = std::path::Path::new(&told[1]);
    assert!(runs(pid));
    kill_hard(child);
    eventually("the node has stopped", || !runs(pid));
    assert!(home.join("chain.json").exists());
    std::fs::remove_dir_all(home).unwrap();
}
