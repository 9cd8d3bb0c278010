//! `indexer`: follows the chain into Postgres.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use indexer::run::{RunConfig, run};
use tracing_subscriber::EnvFilter;
use url::Url;

/// Follows VVV, sVVV and DIEM on Base into Postgres.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Backfill, then follow the head; goes on where it stopped.
    ///
    /// SIGINT and SIGTERM stop it after the block in hand. Nothing else ends it once it runs: a halt keeps the process
    /// up, with the reason on the API's /readyz.
    #[command(after_help = "\
Examples:
  indexer run --rpc-url https://base.example/v2/KEY --database-url postgres://indexer@db/capacity
  indexer run --rpc-url http://127.0.0.1:8545 --database-url postgres:///devnet --deployment devnet/deployment.toml

Exit codes: 0 stopped by a signal, 1 another indexer holds the database, 2 usage or configuration (a node of another
chain, a database of another deployment), 3 node or database not to be had within the start-up time-out.")]
    Run(RunArgs),
}

#[derive(Debug, Args)]
struct RunArgs {
    /// The node: http:// or https:// URL of its JSON-RPC. One node for now.
    #[arg(long, env = "RPC_URL", hide_env_values = true)]
    rpc_url: String,
    /// Where to write: a Postgres URL, postgres://user:password@host/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Which chain and contracts: "base", or a TOML file.
    #[arg(long, env = "DEPLOYMENT", default_value = "base")]
    deployment: String,
    /// What to log: off, error, warn, info, debug, trace, or directives such as indexer=debug.
    #[arg(long, env = "LOG", default_value = "info,sqlx=warn")]
    log: String,
    /// How often a quiet node is asked for news.
    #[arg(long, env = "POLL_INTERVAL_MS", value_name = "MILLISECONDS", default_value_t = 500, value_parser = clap::value_parser!(u64).range(10..=60_000))]
    poll_interval_ms: u64,
    /// How long to try to reach node and database at start.
    #[arg(long, env = "STARTUP_TIMEOUT", value_name = "SECONDS", default_value_t = 60)]
    startup_timeout: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Command::Run(args) = Cli::parse().command;
    if let Err(error) = log_to_stderr(&args.log) {
        eprintln!("error: --log: {error}");
        return ExitCode::from(2);
    }
    let config = match config(args) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::from(2);
        }
    };
    match run(config, stop_signal()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

fn config(args: RunArgs) -> anyhow::Result<RunConfig> {
    anyhow::ensure!(!args.rpc_url.contains(','), "--rpc-url takes one node for now, not a list");
    Ok(RunConfig {
        // The URL may hold a key: it is not repeated.
        rpc_url: Url::parse(&args.rpc_url).map_err(|error| anyhow::anyhow!("--rpc-url is no URL: {error}"))?,
        database_url: args.database_url,
        deployment: indexer::deployment::load(&args.deployment)?,
        poll_interval: Duration::from_millis(args.poll_interval_ms),
        startup_timeout: Duration::from_secs(args.startup_timeout),
    })
}

fn log_to_stderr(directives: &str) -> Result<(), tracing_subscriber::filter::ParseError> {
    let filter = EnvFilter::builder().parse(directives)?;
    let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr).init();
    Ok(())
}

/// Resolves at the first SIGINT or SIGTERM.
async fn stop_signal() {
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
