//! `bench/run backfill`: from an empty database to the head of a made-up chain.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use devnet::postgres::{Cluster, create_database, drop_database};

use crate::chain::{CLOCK, Chain, deployment};
use crate::economy::Shape;
use crate::indexer::Start;
use crate::report::{Report, medians};
use crate::{check, node, raw, storage, subject};

const DATABASE: &str = "bench";

#[derive(Debug, Args)]
pub(crate) struct Backfill {
    /// VVV transfers in the chain, five a block
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1_000..=20_000_000))]
    logs: u64,
    /// So many times, each on an empty database
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=50))]
    repeat: u8,
    /// Measure this program instead of the one built along with this
    #[arg(long)]
    indexer: Option<PathBuf>,
}

impl Backfill {
    /// Prints what was measured.
    pub(crate) async fn run(&self, cluster: &Cluster, directory: &Path) -> Result<()> {
        eprintln!("rendering {} logs", self.logs);
        let chain = Arc::new(Chain::new(self.logs, &Shape::TRANSFERS, CLOCK));
        let rpc_url = node::start(Arc::clone(&chain)).await?;
        let mut reports = Vec::new();
        for number in 1..=self.repeat {
            eprintln!("run {number} of {}", self.repeat);
            let report = self.once(&chain, &rpc_url, cluster, directory).await?;
            println!("{}", report.markdown());
            reports.push(report);
        }
        if self.repeat > 1 {
            println!("{}", medians(&reports));
        }
        Ok(())
    }

    async fn once(&self, chain: &Chain, rpc_url: &str, cluster: &Cluster, directory: &Path) -> Result<Report> {
        let (admin, url) = (cluster.url("postgres"), cluster.url(DATABASE));
        drop_database(&admin, DATABASE).await?;
        create_database(&admin, DATABASE).await?;
        let raw = raw::copy(&url, &chain.transfers, &chain.addresses).await?;
        let beside = std::env::current_exe()?.with_file_name("indexer");
        let start = Start {
            program: self.indexer.as_ref().unwrap_or(&beside),
            deployment: &deployment(),
            rpc_urls: rpc_url,
            database_url: &url,
            arguments: &[],
            directory,
        };
        let wal_before = storage::wal_bytes(&url).await?;
        let run = subject::run(&start, cluster.pid(), chain.head()).await?;
        let wal_bytes = storage::wal_bytes(&url).await? - wal_before;
        let checked = check::balances(&url, chain).await?;
        let tables = storage::largest(&url).await?;
        Ok(Report { logs: self.logs, blocks: chain.head(), raw, run, wal_bytes, tables, checked })
    }
}
