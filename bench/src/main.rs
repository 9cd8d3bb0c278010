//! `bench`: how fast indexer and API are on this machine, beside what the machine can do at all.

mod backfill;
mod chain;
mod check;
mod client;
mod economy;
mod head;
mod indexer;
mod node;
mod peers;
mod processor;
mod raw;
mod reads;
mod report;
mod storage;
mod subject;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use devnet::guarded::scratch_directory;
use devnet::postgres::Cluster;

/// How fast indexer and API are on this machine
#[derive(Debug, Parser)]
#[command(name = "bench/run", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Keep the database and the indexer's log in this directory; without it they are removed
    #[arg(long, global = true)]
    keep: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// From an empty database to the head of a made-up chain, served by a local node
    #[command(after_help = "\
Examples:
  bench/run backfill                                        1,000,000 transfers in 200,000 blocks
  bench/run backfill --repeat 5
  BENCH_PROFILE=bench-quick bench/run backfill --logs 5000000")]
    Backfill(backfill::Backfill),
    /// From a block at a local node to its rows committed
    #[command(after_help = "\
Examples:
  bench/run head                                            100 blocks in each way of asking
  bench/run head --blocks 1000")]
    Head(head::Head),
    /// The same chain, from the same node, by us and by Ponder
    #[command(after_help = "\
Examples:
  bench/run peers                                           100,000 transfers in 20,000 blocks")]
    Peers(peers::Peers),
    /// What readers ask of a long history, at random blocks of it, over HTTP
    #[command(after_help = "\
Examples:
  bench/run reads                                           5,000,000 transfers over 22 months
  bench/run --keep /var/tmp/reads reads                     the same, and asked again without filling the next time")]
    Reads(reads::Reads),
}

#[tokio::main]
async fn main() -> Result<()> {
    let Cli { command, keep } = Cli::parse();
    let directory = keep.clone().map_or_else(|| scratch_directory("bench"), Ok)?;
    std::fs::create_dir_all(&directory)?;
    // Postgres may run under another account, which has to get through to its own directory below.
    std::fs::set_permissions(&directory, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let cluster = Cluster::kept(&directory.join("data")).await?;
    let outcome = match &command {
        Command::Backfill(backfill) => backfill.run(&cluster, &directory).await,
        Command::Head(head) => head.run(&cluster, &directory).await,
        Command::Peers(peers) => peers.run(&cluster, &directory).await,
        Command::Reads(reads) => reads.run(&cluster, &directory).await,
    };
    cluster.stop().await?;
    if keep.is_none() {
        std::fs::remove_dir_all(&directory)?;
    }
    outcome
}
