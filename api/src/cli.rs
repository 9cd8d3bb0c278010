//! The command line.

use std::future::Future;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use meter::Meter;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use store::read::{Database, Limits};
use tokio::net::TcpListener;

use crate::app::{App, Settings};
use crate::connections;
use crate::measure;
use crate::router::document;
use crate::serve::{serve, stop_signal};
use crate::tables;

/// Open files beside connections of clients: the database's connections, and what the process itself has.
const DESCRIPTORS: u64 = 100;
/// Exit code of a usage or configuration error.
const USAGE: u8 = 2;

const EXAMPLES: &str = "Examples:
  api serve --database-url postgres://capacity_api@localhost/capacity
  DATABASE_URL=postgres://... LISTEN=0.0.0.0:8080 api serve --log info,api=debug
  api openapi > openapi.json";

/// Serves what the indexer derived: who may use how much of Venice's capacity.
///
/// Reads one Postgres and never writes it. Starts before its database does.
#[derive(Debug, Parser)]
#[command(name = "api", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve HTTP until SIGINT or SIGTERM.
    #[command(after_help = EXAMPLES)]
    Serve(Box<ServeArgs>),
    /// Print the OpenAPI 3.1 document.
    Openapi,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// The indexer's database. A role that can only SELECT suffices.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    database_url: String,
    /// Address and port to listen on.
    #[arg(long, env = "LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    listen: SocketAddr,
    /// Address and port to serve Prometheus metrics on, at /metrics. Left out: none are served.
    #[arg(long, env = "METRICS_LISTEN", value_name = "ADDR")]
    metrics_listen: Option<SocketAddr>,
    /// What to log: a level, or levels per module.
    #[arg(long, env = "LOG", default_value = "info", value_name = "FILTER")]
    log: String,
    /// From this lag on /readyz is 503 and answers say `behind`.
    #[arg(long, env = "MAX_LAG_SECONDS", default_value_t = 60, value_name = "SECONDS")]
    max_lag_seconds: u64,

    #[command(flatten, next_help_heading = "Limits")]
    limits: LimitArgs,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Connections to the database at the same time.
    #[arg(long, env = "DATABASE_CONNECTIONS", default_value_t = 16, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    database_connections: u32,
    /// After which the database ends a statement.
    #[arg(long, env = "STATEMENT_TIMEOUT_MS", default_value_t = 5_000, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(1..=600_000))]
    statement_timeout_ms: u64,
    /// After which a request is given up with 503.
    #[arg(long, env = "REQUEST_TIMEOUT_MS", default_value_t = 15_000, value_name = "MS",
          value_parser = clap::value_parser!(u64).range(1..=600_000))]
    request_timeout_ms: u64,
    /// Connections of clients at the same time; more wait until one ends. One that sends no request for 90 s, or takes
    /// nothing of its answer for 30 s, is hung up on.
    #[arg(long, env = "CONNECTIONS", default_value_t = 1_024, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    connections: u32,
    /// Requests about the chain that are worked on at the same time; more get 503.
    #[arg(long, env = "CONCURRENCY", default_value_t = 512, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    concurrency: u32,
    /// Memory for answers that are being sent; where there is none left, long answers get 503.
    #[arg(long, env = "ANSWERS_MB", default_value_t = 256, value_name = "MB",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    answers_mb: u32,
    /// Capacity tables of past blocks that are made at the same time; more get 503. Each takes one connection to the
    /// database beside those above, the head three.
    #[arg(long, env = "PAST_TABLE_BUILDS", default_value_t = 2, value_name = "N",
          value_parser = clap::value_parser!(u32).range(1..=1_000))]
    past_table_builds: u32,
    /// Memory for capacity tables of past blocks; those asked for longest ago go first.
    #[arg(long, env = "PAST_TABLES_MB", default_value_t = 256, value_name = "MB",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    past_tables_mb: u32,
}

/// Runs the program.
pub fn run() -> ExitCode {
    match Cli::parse().command {
        Command::Openapi => print_document(),
        Command::Serve(args) => run_serve(&args),
    }
}

fn print_document() -> ExitCode {
    match document().to_pretty_json() {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => fail(&format!("the document cannot be written: {error}")),
    }
}

fn run_serve(args: &ServeArgs) -> ExitCode {
    if let Err(error) = start_log(&args.log) {
        return fail(&format!("--log {:?}: {error:#}", args.log));
    }
    let served =
        tokio::runtime::Runtime::new().context("no runtime").and_then(|runtime| runtime.block_on(args.serve()));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}")),
    }
}

fn start_log(filter: &str) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_new(filter)?;
    let ansi = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(ansi).with_writer(std::io::stderr).init();
    Ok(())
}

/// As many open files as the system lets this process have: each connection is one.
fn raise_descriptors(connections_max: usize) {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        tracing::warn!("the limit of open files stays as it is: {error}");
    }
    let enough = getrlimit(Resource::Nofile).current.is_none_or(|files| files > connections_max as u64 + DESCRIPTORS);
    if !enough {
        tracing::warn!(connections_max, "the system allows fewer open files than connections: lower --connections");
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("api: {message}");
    ExitCode::from(USAGE)
}

impl ServeArgs {
    async fn serve(&self) -> anyhow::Result<()> {
        let limits = &self.limits;
        let database = Database::lazy(
            &self.database_url,
            &Limits {
                connections_max: limits.database_connections,
                statement_timeout: Duration::from_millis(limits.statement_timeout_ms),
                ..Limits::default()
            },
        )
        .context("--database-url")?;
        let settings = Settings {
            max_lag_seconds: self.max_lag_seconds,
            concurrency_max: usize::try_from(limits.concurrency)?,
            answers_bytes_max: usize::try_from(limits.answers_mb)?.saturating_mul(1024 * 1024),
            request_timeout: Duration::from_millis(limits.request_timeout_ms),
            tables: tables::Limits {
                past_builds_max: limits.past_table_builds,
                past_bytes_max: usize::try_from(limits.past_tables_mb)?.saturating_mul(1024 * 1024),
            },
            connections: connections::Limits {
                connections_max: usize::try_from(limits.connections)?,
                ..connections::Limits::default()
            },
        };
        raise_descriptors(settings.connections.connections_max);
        let stop = stop_signal().context("signals")?;
        let listener = TcpListener::bind(self.listen).await.with_context(|| {
            format!("cannot listen on {}: is something else there? choose another with --listen", self.listen)
        })?;
        tracing::info!(address = %listener.local_addr()?, version = env!("CARGO_PKG_VERSION"), "listening");
        let app = App::new(database, settings);
        let measuring = self.measure(app.clone()).await?;
        tokio::select! {
            () = serve(listener, app, stop) => Ok(()),
            () = measuring => Ok(()),
        }
    }

    /// What serves metrics, if they are wanted; never done by itself.
    async fn measure(&self, app: App) -> anyhow::Result<impl Future<Output = ()> + use<>> {
        let meter = match self.metrics_listen {
            Some(address) => Some(Meter::start(address).await.context("--metrics-listen")?),
            None => None,
        };
        if let Some(meter) = &meter {
            measure::describe();
            tracing::info!(address = %meter.address()?, "serving metrics");
        }
        Ok(async {
            match meter {
                Some(meter) => tokio::join!(meter.serve(), measure::watch(app)).1,
                None => std::future::pending().await,
            }
        })
    }
}
