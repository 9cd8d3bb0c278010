//! `bench/run head`: from a block at the node to its rows committed.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, Log};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use devnet::guarded::{Guarded, poll};
use devnet::postgres::{Cluster, create_database, drop_database};
use devnet::scripted::{ChainOptions, ScriptedChain, ScriptedLog, ScriptedNode, SharedChain};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::postgres::PgListener;
use sqlx::{Connection, PgConnection};

use crate::chain::{deployment, logs_of};
use crate::economy::{self, Shape, TRANSFERS_PER_BLOCK, Transfer};
use crate::indexer::Start;
use crate::report::machine;

const DATABASE: &str = "bench_head";
/// Mined before the indexer starts, enough for both finality tags to lie behind the head.
const BLOCKS_BEFORE: u64 = 200;
/// From a commit to the next block: between one and two of the polling's intervals, so that all of its phases are met alike.
const PAUSE_MS: std::ops::Range<u64> = 500..1_000;
const PATIENCE: Duration = Duration::from_secs(30);
const SEED: u64 = 11;

#[derive(Debug, Args)]
pub(crate) struct Head {
    /// Blocks to measure, in each way of asking: new heads pushed or polled for, two nodes, receipts
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(10..=10_000))]
    blocks: u16,
    /// Measure this program instead of the one built along with this
    #[arg(long)]
    indexer: Option<PathBuf>,
}

/// A way of asking.
struct Scenario {
    name: &'static str,
    nodes: usize,
    /// By WebSocket, so that new heads are pushed.
    is_pushed: bool,
    arguments: &'static [&'static str],
}

const SCENARIOS: [Scenario; 4] = [
    Scenario { name: "one node, new heads pushed", nodes: 1, is_pushed: true, arguments: &["--agree", "1"] },
    Scenario { name: "two nodes that must agree, pushed", nodes: 2, is_pushed: true, arguments: &["--agree", "2"] },
    Scenario {
        name: "one node, receipts verified, pushed",
        nodes: 1,
        is_pushed: true,
        arguments: &["--verify-receipts"],
    },
    Scenario { name: "one node, polled every 500 ms", nodes: 1, is_pushed: false, arguments: &["--agree", "1"] },
];

impl Head {
    /// Prints what was measured.
    pub(crate) async fn run(&self, cluster: &Cluster, directory: &Path) -> Result<()> {
        println!("From a block at the node to its rows committed, ms, {} blocks each; {}\n", self.blocks, machine());
        println!("| | p50 | p90 | p99 | longest |\n|---|---|---|---|---|");
        for scenario in &SCENARIOS {
            eprintln!("{}", scenario.name);
            let mut latencies = self.measure(scenario, cluster, directory).await?;
            latencies.sort_unstable();
            let at = |percent: usize| {
                let rank = (latencies.len() * percent).div_ceil(100).max(1);
                format!("{:.1}", 1_000.0 * latencies[rank - 1].as_secs_f64())
            };
            println!("| {} | {} | {} | {} | {} |", scenario.name, at(50), at(90), at(99), at(100));
        }
        Ok(())
    }

    async fn measure(&self, scenario: &Scenario, cluster: &Cluster, directory: &Path) -> Result<Vec<Duration>> {
        let (admin, url) = (cluster.url("postgres"), cluster.url(DATABASE));
        drop_database(&admin, DATABASE).await?;
        create_database(&admin, DATABASE).await?;
        let mut blocks = Blocks::new(BLOCKS_BEFORE + u64::from(self.blocks));
        let chain = SharedChain::from(chain());
        (0..BLOCKS_BEFORE).try_for_each(|_| blocks.mine(&chain).map(drop))?;
        let mut nodes = Vec::new();
        for _ in 0..scenario.nodes {
            nodes.push(ScriptedNode::start(chain.clone()).await?);
        }
        let url_of = |node: &ScriptedNode| if scenario.is_pushed { node.ws_url() } else { node.url.clone() };
        let urls: Vec<String> = nodes.iter().map(url_of).collect();
        let beside = std::env::current_exe()?.with_file_name("indexer");
        let start = Start {
            program: self.indexer.as_ref().unwrap_or(&beside),
            deployment: &deployment(),
            rpc_urls: &urls.join(","),
            database_url: &url,
            arguments: scenario.arguments,
            directory,
        };
        let mut indexer = start.spawn()?;
        let latencies = self.follow(&mut indexer, &url, &chain, &mut blocks).await.with_context(|| start.said());
        indexer.stop().await?;
        latencies
    }

    async fn follow(
        &self,
        indexer: &mut Guarded,
        url: &str,
        chain: &SharedChain,
        blocks: &mut Blocks,
    ) -> Result<Vec<Duration>> {
        caught_up(indexer, url).await?;
        let mut commits = commits(url).await?;
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut latencies = Vec::new();
        for _ in 0..self.blocks {
            tokio::time::sleep(Duration::from_millis(rng.random_range(PAUSE_MS))).await;
            let number = blocks.mine(chain)?;
            let mined = Instant::now();
            committed(&mut commits, number).await?;
            latencies.push(mined.elapsed());
        }
        ensure!(indexer.ended()?.is_none(), "the indexer ended");
        Ok(latencies)
    }
}

/// What is still to be mined.
struct Blocks {
    transfers: std::vec::IntoIter<Transfer>,
    addresses: Vec<Address>,
}

impl Blocks {
    fn new(count: u64) -> Self {
        let transfers = economy::transfers(count * TRANSFERS_PER_BLOCK, &Shape::TRANSFERS).into_iter();
        Self { transfers, addresses: economy::addresses(deployment().contracts.staking) }
    }

    /// One more block with as many transfers as all have, each in a transaction of its own.
    fn mine(&mut self, chain: &SharedChain) -> Result<u64> {
        let count = usize::try_from(TRANSFERS_PER_BLOCK)?;
        let mut logs: Vec<ScriptedLog> = Vec::new();
        for (transaction, transfer) in self.transfers.by_ref().take(count).enumerate() {
            let of_transfer = logs_of(&transfer, &self.addresses);
            let scripted = of_transfer.into_iter().map(|(address, data)| ScriptedLog::from(Log { address, data }));
            logs.extend(scripted.map(|log| log.in_transaction(transaction)));
        }
        Ok(chain.with(|chain| chain.mine(logs)).number)
    }
}

fn chain() -> ScriptedChain {
    ScriptedChain::new(ChainOptions { seed: SEED, multicall: deployment().contracts.multicall3, ..Default::default() })
}

async fn caught_up(indexer: &mut Guarded, url: &str) -> Result<()> {
    let mut watch = PgConnection::connect(url).await?;
    let is_there = async || {
        let caught_up = sqlx::query_scalar("select caught_up from follower").fetch_optional(&mut watch).await;
        match indexer.ended() {
            Ok(None) => caught_up.ok().flatten().filter(|caught_up| *caught_up).map(|_| Ok(())),
            _ => Some(Err(anyhow::anyhow!("the indexer ended"))),
        }
    };
    match poll(PATIENCE, is_there).await {
        Some(outcome) => outcome,
        None => bail!("the indexer did not reach the head"),
    }
}

/// Postgres itself tells of each commit that moves the cursor of supply, which at the head moves with the other.
async fn commits(url: &str) -> Result<PgListener> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql(
        "create function tell_commit() returns trigger language plpgsql as $$
         begin
             perform pg_notify('commits', new.block_number::text);
             return null;
         end $$;
         create trigger tell_commit after update on cursor
             for each row when (new.name = 'supply') execute function tell_commit();",
    )
    .execute(&mut connection)
    .await?;
    let mut listener = PgListener::connect(url).await?;
    listener.listen("commits").await?;
    Ok(listener)
}

async fn committed(commits: &mut PgListener, number: u64) -> Result<()> {
    loop {
        let told = tokio::time::timeout(PATIENCE, commits.recv()).await.context("no commit in time")??;
        if told.payload().parse::<u64>()? >= number {
            return Ok(());
        }
    }
}
