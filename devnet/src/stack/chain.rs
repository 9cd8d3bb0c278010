//! The local chain: a node, the twins on it, and traffic.
//!
//! Chain and database live and die together. A node that starts from a state file knows its blocks and the newest
//! state, but not the states before it, so a database can go on from where it stopped, and only from there.

use std::path::Path;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Context, Error, Result};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::storage::Storage;
use super::{Up, ports, say};
use crate::anvil::{Anvil, AnvilConfig};
use crate::contracts;
use crate::failure::Failure;
use crate::guarded::poll;
use crate::mining::{self, Pace};
use crate::rpc::Rpc;
use crate::traffic::{Traffic, TrafficConfig};

/// The economy is the same on every machine.
const TRAFFIC_SEED: u64 = 1;

/// Seconds since 1970, well before any block. A node that starts from a state file makes a block 0 all the same and
/// keeps it beside the one in the file: they have to be the same block.
const GENESIS_TIMESTAMP: u64 = 1_686_789_347;

/// How long to wait for the indexer to come to the head.
const REST_PATIENCE: Duration = Duration::from_secs(3);

/// A running local chain.
pub(super) struct LocalChain {
    node: Anvil,
    miner: Option<Miner>,
}

/// The task that makes blocks, and the line whose end tells it to finish the block in hand and stop.
struct Miner {
    task: JoinHandle<Result<()>>,
    line: oneshot::Sender<()>,
}

impl Miner {
    async fn stop(self) {
        drop(self.line);
        if !self.task.is_finished() {
            self.task.await.ok();
        }
    }
}

impl LocalChain {
    /// The node's HTTP address.
    pub(super) fn url(&self) -> String {
        self.node.url()
    }

    /// Waits for the node or the traffic to end, which neither should.
    pub(super) async fn ended(&mut self) -> Error {
        let miner = async {
            match &mut self.miner {
                Some(miner) => (&mut miner.task).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            status = self.node.wait() => match status {
                Ok(status) => super::ended("the local chain", &status),
                Err(error) => error,
            },
            outcome = miner => match outcome {
                Ok(Ok(())) => Failure::missing("the traffic ended by itself").into(),
                Ok(Err(error)) => error.context("the traffic ended"),
                Err(panic) => Error::from(panic).context("the traffic ended"),
            },
        }
    }

    /// Mines no more and gives the indexer a moment to come to the head: a node that starts again does not know the
    /// states between.
    pub(super) async fn come_to_rest(&mut self, storage: &Storage) {
        let rest = async {
            self.stop_mining().await;
            poll(REST_PATIENCE, async || is_at_head(storage, &self.node.rpc()).await.unwrap_or(true).then_some(()))
                .await
        };
        timeout(REST_PATIENCE, rest).await.ok();
    }

    /// Stops the traffic, then the node, which writes its state.
    pub(super) async fn stop(mut self) -> Result<()> {
        timeout(REST_PATIENCE, self.stop_mining()).await.ok();
        self.node.stop().await.map(drop)
    }

    async fn stop_mining(&mut self) {
        if let Some(miner) = self.miner.take() {
            miner.stop().await;
        }
    }
}

/// Whether the database stands at the node's head. Fails where either is gone.
async fn is_at_head(storage: &Storage, rpc: &Rpc) -> Result<bool> {
    let head = mining::head(rpc).await?;
    let newest = storage.newest_block().await?;
    Ok(newest.is_some_and(|(number, hash)| number == head.number && hash == head.hash.to_string()))
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
    let chain = chain.insert(LocalChain { node, miner: None });
    let deployment = directory.join("deployment.toml");
    std::fs::write(&deployment, contracts::DEPLOYMENT_TOML).context("the deployment cannot be written")?;
    chain.miner = Some(start_mining(options, &chain.node.rpc()).await?);
    Ok(deployment.display().to_string())
}

async fn launch(state: &Path) -> Result<Anvil> {
    // The indexer asks for state within seconds of a block, so a few minutes of it are kept, in memory.
    let node = mining::node(AnvilConfig::new()).arg("--prune-history=600");
    node.genesis_timestamp(GENESIS_TIMESTAMP).port(ports::for_node()).state(state).start().await
}

async fn has_block(rpc: &Rpc, number: u64, hash: &str) -> Result<bool> {
    let block: Value = rpc.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await?;
    Ok(block["hash"].as_str() == Some(hash))
}

/// Puts the contracts on the chain unless they are there already, and sets the traffic going, or just the blocks.
async fn start_mining(options: &Up, rpc: &Rpc) -> Result<Miner> {
    let config = TrafficConfig::real_time(TRAFFIC_SEED, options.block_time);
    let deployed = contracts::deploy(rpc, &config.deploy).await?;
    let found = if deployed.already { "are on it" } else { "were put on it" };
    say("chain", &format!("VVV, staking and DIEM {found}, head is block {}", deployed.head.number));
    let pace = format!("a block every {:?}", options.block_time);
    let (line, stop) = oneshot::channel::<()>();
    let stop = async move { drop(stop.await) };
    let task = if options.no_traffic {
        say("traffic", &format!("none, {pace}"));
        tokio::spawn(mine_for_others(rpc.clone(), config.deploy.pace, stop))
    } else {
        say("traffic", &pace);
        let mut traffic = Traffic::new(rpc.clone(), config).await?;
        tokio::spawn(async move { traffic.run(None, stop).await.map(drop) })
    };
    Ok(Miner { task, line })
}

/// Blocks with whatever others have sent. The node's own interval mining would not do: it knows whole seconds only, and
/// goes by a clock that a chain with several blocks a second has run ahead of.
async fn mine_for_others(rpc: Rpc, pace: Pace, stop: impl Future<Output = ()>) -> Result<()> {
    let mut stop = pin!(stop);
    let mut beat = interval(pace.interval());
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            () = &mut stop => return Ok(()),
            _ = beat.tick() => {}
        }
        let head = mining::head(&rpc).await?;
        mining::mine(&rpc, pace.after(head.timestamp)).await?;
    }
}
