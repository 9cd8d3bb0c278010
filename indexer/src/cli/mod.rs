//! The command line: one file per command.
//!
//! Exit codes: 0 done, 1 the answer is "no", 2 usage or configuration, 3 something needed is not to be had.

mod backfill;
mod export;
mod replay;
mod run;
mod status;
mod verify;

use std::io::IsTerminal;
use std::num::NonZeroU32;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use store::read::{Database, Limits, ReadError, progress};
use tracing_subscriber::EnvFilter;
use url::Url;

use indexer::bars::Bars;
use indexer::chain::nodes::{Nodes, NodesConfig};

/// Follows VVV, sVVV and DIEM on Base into Postgres.
#[derive(Debug, Parser)]
#[command(name = "indexer", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::RunArgs),
    Backfill(backfill::BackfillArgs),
    Replay(replay::ReplayArgs),
    Verify(verify::VerifyArgs),
    Status(status::StatusArgs),
    Export(export::ExportArgs),
}

/// What keeps a command from its answer, with the exit code that says so.
#[derive(Debug)]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn no(message: impl ToString) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    fn usage(message: impl ToString) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    fn missing(message: impl ToString) -> Self {
        Self { code: 3, message: message.to_string() }
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        Self::missing(match error {
            ReadError::NotMigrated(_) => "the database has no tables of this version: start `indexer run` on it".into(),
            other => format!("--database-url: {other}"),
        })
    }
}

/// Runs the command given.
pub(crate) async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => args.run().await,
        Command::Backfill(args) => args.backfill().await,
        Command::Replay(args) => args.replay().await,
        Command::Verify(args) => args.verify().await,
        Command::Status(args) => args.status().await,
        Command::Export(args) => args.export().await,
    };
    done.unwrap_or_else(|failure| {
        eprintln!("error: {}", failure.message);
        ExitCode::from(failure.code)
    })
}

/// Which database, as every command takes it.
#[derive(Debug, Args)]
struct DatabaseArgs {
    /// The database: a Postgres URL, postgres://user:password@host/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
}

/// What to log, as every command takes it.
#[derive(Debug, Args)]
struct LogArgs {
    /// What to log: off, error, warn, info, debug, trace, or directives such as indexer=debug.
    #[arg(
        long,
        env = "LOG",
        default_value = "info,sqlx=warn,alloy_pubsub=off,alloy_transport_ws=off",
        value_name = "FILTER"
    )]
    log: String,
}

/// Which deployment is expected, of commands that read a database.
#[derive(Debug, Args)]
struct ExpectedArgs {
    /// The deployment that the database must be of: "base", or a TOML file. Left out: whichever it is of.
    #[arg(long, env = "DEPLOYMENT", value_name = "NAME|FILE")]
    deployment: Option<String>,
}

impl LogArgs {
    /// To stderr: stdout is for answers. Lines go out between the bars that may be drawn there.
    fn start(&self) -> Result<Bars, Failure> {
        let filter =
            EnvFilter::builder().parse(&self.log).map_err(|error| Failure::usage(format!("--log: {error}")))?;
        let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let bars = Bars::on_terminal();
        tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(bars.clone()).init();
        Ok(bars)
    }
}

impl DatabaseArgs {
    /// For reading alone; nothing is connected yet.
    fn reader(&self, limits: &Limits) -> Result<Database, Failure> {
        Database::lazy(&self.database_url, limits).map_err(|error| Failure::usage(format!("--database-url: {error}")))
    }
}

impl ExpectedArgs {
    /// Makes sure that the database is of the deployment given, if one is given and the database of any yet.
    async fn check(&self, database: &Database) -> Result<(), Failure> {
        let Some(name) = &self.deployment else { return Ok(()) };
        let given = indexer::deployment::load(name).map_err(|error| Failure::usage(format!("{error:#}")))?;
        let read = async { progress::deployment(&mut *database.begin().await?).await };
        match read.await {
            Ok(Some(stored)) => stored.agree(&given).map_err(Failure::usage),
            // Of none yet: the command itself says what that means for it.
            Ok(None) | Err(ReadError::NotMigrated(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Which nodes, as every command takes them that asks any.
#[derive(Debug, Args)]
struct NodeArgs {
    /// The nodes: http://, https://, ws:// or wss:// URLs of their JSON-RPC, with commas between. Where one fails, lags or
    /// forks, the next is asked; new heads are pushed over a WebSocket.
    #[arg(long, env = "RPC_URL", hide_env_values = true, value_name = "URL[,URL...]")]
    rpc_url: String,
    /// The most requests a second to each node; left out: as many as it bears.
    #[arg(long, env = "REQUESTS_PER_SECOND", value_name = "N")]
    requests_per_second: Option<NonZeroU32>,
}

impl NodeArgs {
    /// URLs may hold keys: they are not repeated.
    fn config(&self) -> Result<NodesConfig, Failure> {
        config(&self.rpc_url, self.requests_per_second)
    }

    fn nodes(&self) -> Result<Nodes, Failure> {
        nodes(&self.rpc_url, self.requests_per_second)
    }
}

fn config(rpc_urls: &str, requests_per_second: Option<NonZeroU32>) -> Result<NodesConfig, Failure> {
    let urls = rpc_urls.split(',').map(|text| Url::parse(text.trim()));
    let urls = urls.collect::<Result<_, _>>().map_err(|error| rpc_failure(format!("no URL: {error}")))?;
    Ok(NodesConfig { requests_per_second, ..NodesConfig::new(urls) })
}

fn nodes(rpc_urls: &str, requests_per_second: Option<NonZeroU32>) -> Result<Nodes, Failure> {
    Nodes::new(config(rpc_urls, requests_per_second)?).map_err(|error| rpc_failure(format!("{error:#}")))
}

fn rpc_failure(what: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("--rpc-url: {what}"))
}
