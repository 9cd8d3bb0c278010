//! `indexer replay`

use std::process::ExitCode;
use std::str::FromStr;

use clap::Args;
use indexer::bars::Bars;
use indexer::replay::{self, ReplayError};
use sqlx::postgres::PgConnectOptions;
use store::StoreError;
use store::deployment::Deployment;
use store::writer::Writer;

use super::run::stop_signal;
use super::{DatabaseArgs, ExpectedArgs, Failure, LogArgs, nodes};

/// Derive everything from a block on anew, from what is stored, or with --refetch from the node.
///
/// For when the ledger has learnt something, an implementation was named, or rows were damaged. What is derived lies beside
/// what is served, and takes its place in one transaction once it is whole: readers see the old state until then.
/// Takes the writer lock, so `indexer run` must not be running; `run` replays by itself where another version derived.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indexer replay --from-block 25500000 --database-url postgres://indexer@db/capacity
  indexer replay --from-block 51530033 --refetch --rpc-url https://base.example/v2/KEY

The role needs CREATE on the database, for a schema `replay` that goes when it is done. SIGINT and SIGTERM stop it; the same command goes on where it was stopped or killed. `indexer run` drops what is half made.

Exit codes: 0 done, 1 not done (another indexer holds the database, the ledger halts, stopped by a signal), 2 usage or
configuration, 3 node, database or disk not to be had.")]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    expected: ExpectedArgs,
    #[command(flatten)]
    log: LogArgs,
    /// The first block to derive anew.
    #[arg(long, value_name = "N")]
    from_block: u64,
    /// Have logs, headers and readings of finalized blocks from the node again, too.
    #[arg(long, requires = "rpc_url")]
    refetch: bool,
    /// The nodes, for --refetch: http(s) or ws(s) URLs of their JSON-RPC, with commas between.
    #[arg(long, env = "RPC_URL", hide_env_values = true, value_name = "URL[,URL...]")]
    rpc_url: Option<String>,
}

impl ReplayArgs {
    pub(super) async fn replay(self) -> Result<ExitCode, Failure> {
        let bars = self.log.start()?;
        tokio::select! {
            done = self.derive(&bars) => done.map(|()| ExitCode::SUCCESS),
            () = stop_signal() => Err(Failure::no("stopped; the same command goes on from here")),
        }
    }

    async fn derive(&self, bars: &Bars) -> Result<(), Failure> {
        let options = PgConnectOptions::from_str(&self.database.database_url)
            .map_err(|error| Failure::usage(format!("--database-url is no Postgres URL: {error}")))?;
        let writer = Writer::open(options).await.map_err(failure)?;
        let deployment = self.deployment(&writer).await?;
        let done = match &self.rpc_url {
            Some(url) if self.refetch => {
                replay::refetch(nodes(url, None)?, &writer, &deployment, self.from_block, bars).await
            }
            _ => replay::replay(&writer, &deployment, self.from_block, bars).await,
        };
        done.map_err(|error| match error {
            ReplayError::Usage(message) => Failure::usage(message),
            ReplayError::Halt(_) => Failure::no(error),
            ReplayError::Missing(message) => Failure::missing(message),
        })
    }

    /// The one given, which the database takes over as `run` does, or the database's own.
    async fn deployment(&self, writer: &Writer) -> Result<Deployment, Failure> {
        if let Some(name) = &self.expected.deployment {
            let given = indexer::deployment::load(name).map_err(|error| Failure::usage(format!("{error:#}")))?;
            writer.adopt(&given).await.map_err(failure)?;
            return Ok(given);
        }
        let stored = writer.deployment().await.map_err(failure)?;
        stored.ok_or_else(|| Failure::usage("the database holds no block yet: let `indexer run` store some"))
    }
}

fn failure(error: StoreError) -> Failure {
    match error {
        StoreError::Locked { .. } => Failure::no(error),
        StoreError::OtherDeployment { .. } | StoreError::Corrupt(_) => Failure::usage(error),
        _ => Failure::missing(format!("--database-url: {error}")),
    }
}
