//! `bench/run peers`: the same backfill by us and by Ponder, one after the other, from one node into one Postgres.
//!
//! Ponder (`bench/peers/ponder`) keeps each transfer and both parties' newest balances, as its ERC-20 example does; we keep
//! balances of every block, stakes, entitlements and totals besides.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, U256};
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use devnet::guarded::{Guarded, StopSignal};
use devnet::postgres::{Cluster, create_database, drop_database};
use hyper::StatusCode;
use sqlx::{Connection, PgConnection};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::chain::{CLOCK, Chain, deployment};
use crate::client::Client;
use crate::economy::{NOBODY, Shape, TRANSFERS_PER_BLOCK};
use crate::indexer::{Start, peak_kb};
use crate::processor::Meter;
use crate::report::{machine, rate};
use crate::{check, node, subject};

const OURS: &str = "bench_ours";
const PEERS: &str = "bench_ponder";
/// Ponder takes a block for final when so many are above it; with none to follow, all it does is a backfill.
const ABOVE: u64 = 100;
const POLL: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(3_600);

#[derive(Debug, Args)]
pub(crate) struct Peers {
    /// VVV transfers in the chain, five a block
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1_000..=20_000_000))]
    logs: u64,
}

/// What one of them took.
struct Taken {
    name: String,
    logs: u64,
    elapsed: Duration,
    processor: Duration,
    postgres: Duration,
    peak_kb: u64,
}

impl Peers {
    /// Prints what was measured.
    pub(crate) async fn run(&self, cluster: &Cluster, directory: &Path) -> Result<()> {
        eprintln!("rendering {} logs", self.logs);
        let chain = Arc::new(Chain::new(self.logs, &Shape::TRANSFERS, CLOCK));
        let rpc_url = node::start(Arc::clone(&chain)).await?;
        println!("{} VVV transfers in {} blocks; {}\n", self.logs, chain.head(), machine());
        println!("| | logs | seconds | logs a second | processor time: itself + Postgres | peak memory |");
        println!("|---|---|---|---|---|---|");
        eprintln!("the indexer");
        println!("{}", ours(&chain, &rpc_url, cluster, directory).await?.row());
        eprintln!("Ponder");
        println!("{}", ponder(&chain, &rpc_url, cluster, directory).await?.row());
        Ok(())
    }
}

impl Taken {
    fn row(&self) -> String {
        let Self { name, logs, elapsed, processor, postgres, peak_kb } = self;
        let (seconds, rate, peak_mb) = (elapsed.as_secs_f64(), rate(*logs, *elapsed), peak_kb / 1_024);
        let (processor, postgres) = (processor.as_secs_f64(), postgres.as_secs_f64());
        format!("| {name} | {logs} | {seconds:.2} | {rate:.0} | {processor:.1} s + {postgres:.1} s | {peak_mb} MB |")
    }
}

/// Until every read is answered, indexes included.
async fn ours(chain: &Chain, rpc_url: &str, cluster: &Cluster, directory: &Path) -> Result<Taken> {
    let url = empty(cluster, OURS).await?;
    let start = Start {
        program: &std::env::current_exe()?.with_file_name("indexer"),
        deployment: &deployment(),
        rpc_urls: rpc_url,
        database_url: &url,
        arguments: &[],
        directory,
    };
    let run = subject::run(&start, cluster.pid(), chain.head()).await?;
    check::balances(&url, chain).await?;
    Ok(Taken {
        name: "indexer, all reads answered".into(),
        logs: chain.transfers.len() as u64,
        elapsed: run.ready.elapsed,
        processor: run.ready.usage.indexer,
        postgres: run.ready.usage.postgres,
        peak_kb: run.peak_kb,
    })
}

/// Until it says that it is ready.
async fn ponder(chain: &Chain, rpc_url: &str, cluster: &Cluster, directory: &Path) -> Result<Taken> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/ponder");
    let program = root.join("node_modules/ponder/dist/esm/bin/ponder.js");
    ensure!(program.is_file(), "{} is missing: `npm install` in {}", program.display(), root.display());
    let url = empty(cluster, PEERS).await?;
    let end = chain.head().checked_sub(ABOVE).context("too few blocks")?;
    let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
    let log = directory.join("ponder.log");
    let mut command = Command::new("node");
    command
        .current_dir(&root)
        .arg(&program)
        .args(["start", "--schema", "ponder", "--hostname", "127.0.0.1", "--port", &port.to_string()])
        .envs([("RPC_URL", rpc_url), ("DATABASE_URL", &url)])
        .env("VVV", deployment().contracts.vvv.to_string())
        .env("END_BLOCK", end.to_string())
        .env("PONDER_TELEMETRY_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&log)?)
        .stderr(Stdio::null());
    let started = Instant::now();
    let mut peer = Guarded::spawn(&mut command, StopSignal::Term, None)?;
    let meter = Meter::new(peer.pid(), cluster.pid());
    ready(&mut peer, port).await.with_context(|| tail(&log))?;
    let (elapsed, usage, peak_kb) = (started.elapsed(), meter.read(), peak_kb(peer.pid())?);
    peer.stop().await?;
    let logs = end * TRANSFERS_PER_BLOCK;
    hold(&url, chain, end).await?;
    let name = format!("Ponder {}, ready", version(&root)?);
    Ok(Taken { name, logs, elapsed, processor: usage.indexer, postgres: usage.postgres, peak_kb })
}

async fn empty(cluster: &Cluster, database: &str) -> Result<String> {
    let admin = cluster.url("postgres");
    drop_database(&admin, database).await?;
    create_database(&admin, database).await?;
    Ok(cluster.url(database))
}

async fn ready(peer: &mut Guarded, port: u16) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < PATIENCE {
        ensure!(peer.ended()?.is_none(), "it ended");
        if is_ready(port).await.unwrap_or(false) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
    bail!("not done after {} s", PATIENCE.as_secs())
}

async fn is_ready(port: u16) -> Result<bool> {
    let mut client = Client::connect(&format!("127.0.0.1:{port}")).await?;
    let (status, _) = client.ask("/ready", None).await?;
    Ok(status == StatusCode::OK)
}

/// Every balance it has is what the transfers add up to.
async fn hold(url: &str, chain: &Chain, end: u64) -> Result<()> {
    let mut expected: HashMap<Address, U256> = HashMap::new();
    let mut count = 0_i64;
    for transfer in chain.transfers.iter().take_while(|transfer| transfer.block <= end) {
        let [from, to] = [transfer.from, transfer.to].map(|party| chain.addresses[party as usize]);
        let amount = U256::from(transfer.amount);
        if transfer.from != NOBODY {
            *expected.entry(from).or_default() -= amount;
        }
        *expected.entry(to).or_default() += amount;
        count += 1;
    }
    let mut connection = PgConnection::connect(url).await?;
    let transfers: i64 = sqlx::query_scalar("select count(*) from ponder.transfer").fetch_one(&mut connection).await?;
    ensure!(transfers == count, "{transfers} transfers, should be {count}");
    let rows: Vec<(String, String)> =
        sqlx::query_as("select address, balance::text from ponder.account").fetch_all(&mut connection).await?;
    ensure!(rows.len() == expected.len(), "{} accounts, should be {}", rows.len(), expected.len());
    for (address, balance) in rows {
        let (address, balance): (Address, U256) = (address.parse()?, balance.parse()?);
        ensure!(expected.get(&address) == Some(&balance), "{address} has {balance}");
    }
    Ok(())
}

fn version(root: &Path) -> Result<String> {
    let package: PathBuf = root.join("node_modules/ponder/package.json");
    let package: serde_json::Value = serde_json::from_slice(&std::fs::read(package)?)?;
    Ok(package["version"].as_str().unwrap_or("of an unknown version").to_owned())
}

/// The last of what it said.
fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
