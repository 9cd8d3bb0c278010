//! `indexer run`

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indexer::chain::nodes::{Agree, NodesConfig};
use indexer::measure;
use indexer::run::{RunConfig, run};
use meter::{Meter, MeterError};

use super::{DatabaseArgs, Failure, LogArgs, NodeArgs};

/// The same where the deployment does not say how often there is a block.
const SILENCE: Duration = Duration::from_secs(10);

/// Beyond this lag the metrics say that nothing is ready, as /readyz does unless it is told otherwise.
const MAX_LAG_SECONDS: u64 = 60;

/// Backfill, then follow the head; goes on where it stopped.
///
/// SIGINT and SIGTERM stop it after the block in hand. Nothing else ends it once it runs: a halt keeps the process
/// up, with the reason on the API's /readyz.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indexer run --rpc-url https://base.example/v2/KEY --database-url postgres://indexer@db/capacity
  indexer run --rpc-url wss://one.example/KEY,https://two.example/KEY --requests-per-second 20
  indexer run --rpc-url http://127.0.0.1:8545 --database-url postgres:///devnet --deployment devnet/deployment.toml
  indexer run --rpc-url https://base.example/v2/KEY --database-url postgres://indexer@db/capacity --bootstrap positions.ndjson

Exit codes: 0 stopped by a signal, 1 another indexer holds the database, or what another version derived cannot be derived
anew, 2 usage or configuration (no node of this chain, a database of another deployment, a --bootstrap that differs from
the contracts), 3 node or database not to be had within the start-up time-out.")]
pub(super) struct RunArgs {
    #[command(flatten)]
    nodes: NodeArgs,
    /// How many nodes must give the same logs, 1 or 2. Default: 2 where two nodes are given. With 1 it takes half the
    /// requests, and a log that a node leaves out is noticed later.
    #[arg(long, env = "AGREE", value_name = "N", value_parser = clap::value_parser!(u8).range(1..=2))]
    agree: Option<u8>,
    /// At the head take logs from the block's receipts, which are held against its header; nodes must answer
    /// eth_getBlockReceipts.
    #[arg(long, env = "VERIFY_RECEIPTS")]
    verify_receipts: bool,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Which chain and contracts: "base", or a TOML file.
    #[arg(long, env = "DEPLOYMENT", default_value = "base", value_name = "NAME|FILE")]
    deployment: String,
    #[command(flatten)]
    log: LogArgs,
    /// How often a quiet node is asked for news.
    #[arg(long, env = "POLL_INTERVAL_MS", value_name = "MILLISECONDS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    poll_interval_ms: u64,
    /// After every so many blocks compare network totals and some addresses with the contracts' own answers; 0: never.
    #[arg(long, env = "VERIFY_EVERY", value_name = "BLOCKS", default_value_t = 1_000)]
    verify_every: u64,
    /// After every so many blocks, and at the end of a backfill, hold network totals against the contracts' own; blocks from
    /// which on they differ are fetched again, and if that is no help the indexer halts. 0: never.
    #[arg(long, env = "RECONCILE_EVERY", value_name = "BLOCKS", default_value_t = 1_000)]
    reconcile_every: u64,
    /// Begin an empty database with another oracle's `indexer export --what positions`, whose every sum must be the
    /// contracts' own at its block, and which must be finalized. What lies before is not there, and answers say so.
    #[arg(long, env = "BOOTSTRAP", value_name = "FILE")]
    bootstrap: Option<PathBuf>,
    /// Address and port to serve Prometheus metrics on, at /metrics. Left out: none are served.
    #[arg(long, env = "METRICS_LISTEN", value_name = "ADDR")]
    metrics_listen: Option<SocketAddr>,
    /// How long to try to reach node and database at start.
    #[arg(long, env = "STARTUP_TIMEOUT", value_name = "SECONDS", default_value_t = 60)]
    startup_timeout: u64,
}

impl RunArgs {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let bars = self.log.start()?;
        let measuring = self.measure().await?;
        let deployment =
            indexer::deployment::load(&self.deployment).map_err(|error| Failure::usage(format!("{error:#}")))?;
        let config = RunConfig {
            nodes: NodesConfig {
                agree: self.agree.map(|nodes| if nodes == 1 { Agree::One } else { Agree::Two }),
                verify_receipts: self.verify_receipts,
                depths: deployment.finality,
                silence: deployment.clock.map_or(SILENCE, |clock| silence(clock.seconds_per_block)),
                ..self.nodes.config()?
            },
            database_url: self.database.database_url,
            deployment,
            poll_interval: Duration::from_millis(self.poll_interval_ms),
            verify_every: self.verify_every,
            reconcile_every: self.reconcile_every,
            startup_timeout: Duration::from_secs(self.startup_timeout),
            bootstrap: self.bootstrap,
            bars,
        };
        let ran = tokio::select! {
            ran = run(config, stop_signal()) => ran,
            () = measuring => Ok(()),
        };
        match ran {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(error) => Err(Failure { code: error.exit_code(), message: error.to_string() }),
        }
    }

    /// What serves metrics, if they are wanted; never done by itself.
    async fn measure(&self) -> Result<impl Future<Output = ()> + use<>, Failure> {
        let failure = |error: MeterError| Failure::usage(format!("--metrics-listen: {error}"));
        let meter = match self.metrics_listen {
            Some(address) => Some(Meter::start(address).await.map_err(failure)?),
            None => None,
        };
        if let Some(address) = meter.as_ref().and_then(|meter| meter.address().ok()) {
            measure::describe();
            tracing::info!(%address, "serving metrics");
        }
        let database = self.database.reader(&measure::LIMITS)?;
        Ok(async {
            match meter {
                Some(meter) => tokio::join!(meter.serve(), measure::watch(database, MAX_LAG_SECONDS)).1,
                None => std::future::pending().await,
            }
        })
    }
}

/// A subscription is silent when nothing comes for the time of five blocks.
fn silence(seconds_per_block: u64) -> Duration {
    Duration::from_secs(seconds_per_block.saturating_mul(5).max(5))
}

/// Resolves at the first SIGINT or SIGTERM.
pub(super) async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Without handlers the default action ends the process, which is safe at any point.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
