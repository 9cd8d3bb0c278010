//! `bench`: how fast the indexer is on this machine, beside what the machine can do at all.

mod chain;
mod check;
mod economy;
mod node;
mod processor;
mod raw;
mod report;
mod subject;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use devnet::guarded::scratch_directory;
use devnet::postgres::{Cluster, create_database};

use crate::chain::Chain;
use crate::report::Report;

const DATABASE: &str = "bench";

/// How fast the indexer is on this machine
#[derive(Debug, Parser)]
#[command(name = "bench/run", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// From an empty database to the head of a made-up chain, served by a local node
    #[command(after_help = "\
Examples:
  bench/run backfill                                        1,000,000 transfers in 200,000 blocks
  BENCH_PROFILE=bench-quick bench/run backfill --logs 5000000")]
    Backfill(Backfill),
}

#[derive(Debug, Args)]
struct Backfill {
    /// VVV transfers in the chain, five a block
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=20_000_000))]
    logs: u64,
    /// Measure this program instead of the one built along with this
    #[arg(long)]
    indexer: Option<PathBuf>,
    /// Keep the database and the indexer's log in this directory; without it they are removed
    #[arg(long)]
    keep: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Command::Backfill(options) = Cli::parse().command;
    let kept = options.keep.is_some();
    let directory = options.keep.clone().map_or_else(|| scratch_directory("bench"), Ok)?;
    std::fs::create_dir_all(&directory)?;
    // Postgres may run under another account, which has to get through to its own directory below.
    std::fs::set_permissions(&directory, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let cluster = Cluster::kept(&directory.join("data")).await?;
    let report = backfill(&options, &cluster, &directory).await;
    cluster.stop().await?;
    if !kept {
        std::fs::remove_dir_all(&directory)?;
    }
    print!("{}", report?.markdown());
    Ok(())
}

async fn backfill(options: &Backfill, cluster: &Cluster, directory: &Path) -> Result<Report> {
    eprintln!("rendering {} logs", options.logs);
    let chain = Arc::new(Chain::new(options.logs));
    let url = cluster.url(DATABASE);
    create_database(&cluster.url("postgres"), DATABASE).await?;
    eprintln!("raw COPY");
    let raw = raw::copy(&url, &chain.transfers, &chain.addresses).await?;
    let rpc_url = node::start(Arc::clone(&chain)).await?;
    eprintln!("backfill");
    let beside = std::env::current_exe()?.with_file_name("indexer");
    let program = options.indexer.as_ref().unwrap_or(&beside);
    let before = processor::of_family(cluster.pid());
    let run = subject::run(program, &rpc_url, &url, chain.head(), directory).await?;
    let postgres = processor::of_family(cluster.pid()).saturating_sub(before);
    eprintln!("checking balances");
    let checked = check::balances(&url, &chain).await?;
    Ok(Report { logs: options.logs, blocks: chain.head(), raw, run, postgres, checked })
}
