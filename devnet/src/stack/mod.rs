//! The whole stack on this machine.
//!
//! Order matters twice: what is started first is stopped last, and everything that can be refused is refused before
//! anything is started.

mod chain;
mod ports;
mod programs;
mod storage;

use std::fs::{File, TryLockError};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

use self::chain::LocalChain;
use self::programs::{Program, Programs};
use self::storage::Storage;
use crate::failure::Failure;
use crate::postgres::Cluster;

/// What `devnet up` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct Up {
    /// Follow the chain these nodes serve, http(s) or ws(s), instead of a local one
    #[arg(long, env = "RPC_URL", value_name = "URL[,URL]", hide_env_values = true)]
    pub rpc_url: Option<String>,
    /// The contracts to follow on that chain: `base`, or a TOML file
    #[arg(long, env = "DEPLOYMENT", value_name = "base|FILE")]
    pub deployment: Option<String>,
    /// Use this Postgres server instead of a private cluster
    #[arg(long, env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Where the page and the API are served
    #[arg(long, env = "LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where the chain's and Postgres' data are kept
    #[arg(long, env = "DATA_DIR", value_name = "DIR", default_value = ".data")]
    pub data_dir: PathBuf,
    /// Seconds between two blocks of the local chain
    #[arg(long, env = "BLOCK_TIME", value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    pub block_time: Duration,
    /// Leave the local chain to yourself: blocks, but no transactions
    #[arg(long, env = "NO_TRAFFIC", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_traffic: bool,
    /// Log filter of both programs, as in `info,indexer=debug`
    #[arg(long, env = "LOG", value_name = "FILTER")]
    pub log: Option<String>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Some(seconds)
        .filter(|seconds| (0.01..=3600.0).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "between 0.01 and 3600 seconds".to_owned())
}

impl Up {
    /// An environment variable that is set to nothing means nothing.
    fn without_blanks(mut self) -> Self {
        for option in [&mut self.rpc_url, &mut self.deployment, &mut self.database_url, &mut self.log] {
            option.take_if(|value| value.trim().is_empty());
        }
        self
    }

    fn is_local(&self) -> bool {
        self.rpc_url.is_none()
    }

    fn directory(&self) -> PathBuf {
        self.data_dir.join(if self.is_local() { "devnet" } else { "base" })
    }
}

/// What is running; each part as soon as it is, so that a stop finds it.
#[derive(Default)]
struct Stack {
    cluster: Option<Cluster>,
    chain: Option<LocalChain>,
    storage: Option<Storage>,
    programs: Programs,
}

/// Runs the stack until a signal or the end of one of its parts.
pub async fn up(options: Up) -> Result<()> {
    let options = options.without_blanks();
    if options.is_local() && options.deployment.is_some() {
        return Err(Failure::usage("--deployment goes with --rpc-url; the local chain brings its own").into());
    }
    let mut interrupted = interruption()?;
    let programs = [Program::find("indexer")?, Program::find("api")?];
    ports::require_free(options.listen)?;
    let directory = options.directory();
    let _lock = lock(&directory)?;

    let mut stack = Stack::default();
    let outcome = tokio::select! {
        outcome = stack.run(&options, &directory, &programs) => outcome,
        () = &mut interrupted => Ok(()),
    };
    if let Err(error) = &outcome {
        say("stop", &format!("because {error:#}"));
    }
    let stopped = stack.stop(&mut interruption()?).await;
    outcome.and(stopped)
}

impl Stack {
    /// Starts one part after the other, then waits: it returns when a part has ended, which none should.
    async fn run(&mut self, options: &Up, directory: &Path, programs: &[Program; 2]) -> Result<()> {
        let began = Instant::now();
        let storage = storage::open(options, directory, &mut self.cluster).await?;
        let deployment = if options.is_local() {
            chain::start(options, directory, &storage, &mut self.chain).await?
        } else {
            options.deployment.clone().unwrap_or_else(|| "base".to_owned())
        };
        storage.prepare().await?;
        let rpc_url = match (&self.chain, &options.rpc_url) {
            (Some(chain), _) => chain.url(),
            (None, Some(url)) => url.clone(),
            (None, None) => unreachable!("a stack without a local chain was given a node"),
        };
        let [indexer, api] = programs;
        self.programs.start_indexer(indexer, options, &rpc_url, &deployment, &storage)?;
        self.programs.start_api(api, options, &storage)?;
        self.storage = Some(storage);

        let ready = programs::ready(options.listen, options.is_local());
        tokio::select! {
            outcome = ready => outcome?,
            ended = self.first_to_end() => return ended,
        }
        say(
            "ready",
            &format!(
                "http://{}/ ({:.1} s); Ctrl-C stops all of it",
                page(options.listen),
                began.elapsed().as_secs_f64()
            ),
        );
        self.first_to_end().await
    }

    /// Waits for the first part that ends, and says which it was.
    async fn first_to_end(&mut self) -> Result<()> {
        let Self { cluster, chain, programs, .. } = self;
        let postgres = async {
            match cluster {
                Some(cluster) => cluster.wait().await,
                None => std::future::pending().await,
            }
        };
        let node = async {
            match chain {
                Some(chain) => chain.ended().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            (name, status) = programs.first_to_end() => Err(ended(name, &status?)),
            status = postgres => Err(ended("Postgres", &status?)),
            error = node => Err(error),
        }
    }

    /// Stops what runs, the last first. A second interruption stops waiting for the indexer to come to the head.
    async fn stop(self, impatience: &mut (impl Future<Output = ()> + Unpin)) -> Result<()> {
        let Self { cluster, mut chain, storage, mut programs } = self;
        if let (Some(chain), Some(storage), true) = (&mut chain, &storage, programs.indexer_runs()) {
            tokio::select! {
                () = chain.come_to_rest(storage) => (),
                () = impatience => (),
            }
        }
        programs.stop().await?;
        if let Some(chain) = chain {
            say("stop", "chain, and its state is written");
            chain.stop().await?;
        }
        if let Some(cluster) = cluster {
            say("stop", "Postgres");
            cluster.stop().await?;
        }
        Ok(())
    }
}

fn ended(name: &str, status: &ExitStatus) -> anyhow::Error {
    let message = format!("{name} ended by itself ({status}); its last lines above say why");
    if status.code() == Some(2) { Failure::usage(message).into() } else { Failure::missing(message).into() }
}

/// Completes at the first signal that asks to stop. Signals are caught from this call on.
pub fn interruption() -> Result<std::pin::Pin<Box<dyn Future<Output = ()> + Send>>> {
    let mut int = signal(SignalKind::interrupt())?;
    let mut term = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(Box::pin(async move {
        tokio::select! { _ = int.recv() => (), _ = term.recv() => (), _ = hangup.recv() => () }
    }))
}

/// One stack per data directory.
fn lock(directory: &Path) -> Result<File> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let file = File::create(directory.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let message =
                format!("another stack runs on {}; stop it or choose another --data-dir", directory.display());
            Err(Failure::usage(message).into())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data directory"),
    }
}

/// The address a browser on this machine can open.
fn page(listen: SocketAddr) -> String {
    if listen.ip().is_unspecified() { format!("localhost:{}", listen.port()) } else { listen.to_string() }
}

/// One line about one part, in the columns of the programs' own lines. A terminal that is gone is no reason to stop
/// in disorder.
fn say(part: &str, words: &str) {
    writeln!(std::io::stdout(), "{part:>8} | {words}").ok();
}
