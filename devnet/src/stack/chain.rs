//! The local chain: a node, the twins on it, and traffic.
//!
//! Chain and database live and die together. A node that starts from a state file knows its blocks and the newest
//! state, but not the states before it, so a database can go on from where it stopped, and only from there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Error, Result};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::storage::Storage;
use super::{Up, ports, say};
use crate::anvil::{Anvil, AnvilConfig};
use crate::contracts;
use crate::failure::Failure;
use crate::guarded::poll;
use crate::mining;
use crate::rpc::Rpc;
use crate::traffic::{Traffic, TrafficConfig};

/// The economy is the same on every machine.
const TRAFFIC_SEED: u64 = 1;

/// A running local chain.
pub(super) struct LocalChain {
    node: Anvil,
    traffic: Option<JoinHandle<Result<()>>>,
}

impl LocalChain {
    /// The node's HTTP address.
    pub(super) fn url(&self) -> String {
        self.node.url()
    }

    /// Waits for the node or the traffic to end, which neither should.
    pub(super) async fn ended(&mut self) -> Error {
        let traffic = async {
            match &mut self.traffic {
                Some(traffic) => traffic.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = self.node.wait() => match status {
                Ok(status) => super::ended("the local chain", &status),
                Err(error) => error,
            },
            outcome = traffic => match outcome {
                Ok(Ok(())) => Failure::missing("the traffic ended by itself").into(),
                Ok(Err(error)) => error.context("the traffic ended"),
                Err(panic) => Error::from(panic).context("the traffic ended"),
            },
        }
    }

    /// Mines no more and gives the indexer a moment to come to the head: a node that starts again does not know the
    /// states between.
    pub(super) async fn come_to_rest(&mut self, storage: &Storage) {
        if let Some(traffic) = self.traffic.take() {
            traffic.abort();
        }
        let rpc = self.node.rpc();
        rpc.call::<Value>("evm_setIntervalMining", [0]).await.ok();
        poll(Duration::from_secs(3), async || {
            let (number, hash) = storage.newest_block().await.ok()??;
            let head = rpc.call::<Value>("eth_getBlockByNumber", json!(["latest", false])).await.ok()?;
            (head["hash"].as_str() == Some(&hash) && head["number"] == format!("{number:#x}")).then_some(())
        })
        .await;
    }

    /// Stops the traffic, then the node, which writes its state.
    pub(super) async fn stop(mut self) -> Result<()> {
        if let Some(traffic) = self.traffic.take() {
            traffic.abort();
        }
        self.node.stop().await.map(drop)
    }
}

/// Starts the chain where it stopped, if the database stopped there too; else both are made anew. Returns the
/// deployment the indexer is to follow.
pub(super) async fn start(
    options: &Up,
    directory: &Path,
    storage: &Storage,
    chain: &mut Option<LocalChain>,
) -> Result<String> {
    let state = directory.join("chain.json");
    let is_new = !state.exists();
    let stored = storage.newest_block().await?;
    let mut node = launch(&state).await?;
    let fits = match &stored {
        Some((number, hash)) => has_block(&node.rpc(), *number, hash).await?,
        None => is_new,
    };
    if !fits {
        if stored.is_some() {
            storage.renew().await?;
        }
        say("chain", "chain and database do not go together; both are dropped and made anew");
        node.stop().await?;
        std::fs::remove_file(&state).ok();
        node = launch(&state).await?;
    }
    let begin = if fits && !is_new { "goes on" } else { "begins" };
    say("chain", &format!("anvil at {} {begin}, state in {}", node.url(), state.display()));
    let chain = chain.insert(LocalChain { node, traffic: None });
    let (deployment, traffic) = start_chain(options, directory, &chain.node).await?;
    chain.traffic = traffic;
    Ok(deployment.display().to_string())
}

async fn launch(state: &Path) -> Result<Anvil> {
    // The indexer asks for state within seconds of a block, so a few minutes of it are kept, in memory.
    let node = mining::node(AnvilConfig::new()).arg("--prune-history=600");
    node.port(ports::for_node()).state(state).start().await
}

async fn has_block(rpc: &Rpc, number: u64, hash: &str) -> Result<bool> {
    let block: Value = rpc.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await?;
    Ok(block["hash"].as_str() == Some(hash))
}

/// Puts the contracts on the chain unless they are there already, writes the deployment the indexer is to follow, and
/// sets the traffic going, or just the blocks.
async fn start_chain(
    options: &Up,
    directory: &Path,
    node: &Anvil,
) -> Result<(PathBuf, Option<JoinHandle<Result<()>>>)> {
    let deployment = directory.join("deployment.toml");
    std::fs::write(&deployment, contracts::DEPLOYMENT_TOML).context("the deployment cannot be written")?;
    let config = TrafficConfig::real_time(TRAFFIC_SEED, options.block_time);
    let deployed = contracts::deploy(&node.rpc(), &config.deploy).await?;
    let found = if deployed.already { "are on it" } else { "were put on it" };
    say("chain", &format!("VVV, staking and DIEM {found}, head is block {}", deployed.head.number));
    if options.no_traffic {
        say("traffic", "none");
        let interval_seconds = options.block_time.as_secs().max(1);
        node.rpc().call::<Value>("evm_setIntervalMining", [interval_seconds]).await?;
        return Ok((deployment, None));
    }
    say("traffic", &format!("a block every {:?}", options.block_time));
    let mut traffic = Traffic::new(node.rpc(), config).await?;
    let run = async move { traffic.run(None, std::future::pending()).await.map(drop) };
    Ok((deployment, Some(tokio::spawn(run))))
}
