//! `indexer status`

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indexer::status::status;
use serde_json::json;
use store::deployment::Deployment;
use store::read::progress::{Needs, Progress};
use store::read::{Database, Limits, Reading, block, digest, progress, table};

use super::{DatabaseArgs, ExpectedArgs, Failure, LogArgs};

/// Digesting every row of a long history takes Postgres a while.
const LIMITS: Limits = Limits {
    application_name: "venice-indexer-status",
    connections_max: 1,
    statement_timeout: Duration::from_secs(86_400),
    acquire_timeout: Duration::from_secs(5),
};

/// Say how things stand: cursors with lag, rate and time left, head, reorgs, what was not expected, and what is ready.
///
/// From the database alone: no node is asked, a running indexer is not disturbed, and a role that may only SELECT
/// suffices.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indexer status --database-url postgres://capacity_api@db/capacity
  indexer status --check --max-lag-seconds 30
  indexer status --digest --at-block 51530033
  indexer status --digest --all

Exit codes: 0 done, 1 not ready (with --check), 2 usage or configuration, 3 the database is not to be had or holds no
block to digest.")]
pub(super) struct StatusArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    expected: ExpectedArgs,
    #[command(flatten)]
    log: LogArgs,
    /// Not asked: accepted so that all commands take the same settings.
    #[arg(long, env = "RPC_URL", hide_env_values = true, value_name = "URL")]
    rpc_url: Option<String>,
    /// Print JSON instead of lines.
    #[arg(long)]
    json: bool,
    /// Exit with 1 where capacity is not ready: never synced, too far behind, halted, failing, or a fork suspected.
    #[arg(long, conflicts_with = "digest")]
    check: bool,
    /// Beyond this lag nothing is ready.
    #[arg(long, env = "MAX_LAG_SECONDS", value_name = "SECONDS", default_value_t = 60)]
    max_lag_seconds: u64,
    /// Print the digest of the capacity table instead: keccak256 over address, allocation and sVVV of each row.
    #[arg(long)]
    digest: bool,
    /// The capacity table at this block; left out: at the newest.
    #[arg(long, value_name = "N", requires = "digest")]
    at_block: Option<u64>,
    /// And one digest over all rows of each derived table.
    #[arg(long, requires = "digest")]
    all: bool,
}

/// One line of `--digest`.
struct Line {
    digest: String,
    table: &'static str,
    rows: u64,
}

impl StatusArgs {
    pub(super) async fn status(self) -> Result<ExitCode, Failure> {
        self.log.start()?;
        let database = self.database.reader(&LIMITS)?;
        self.expected.check(&database).await?;
        if self.digest {
            return self.print_digest(&database).await;
        }
        let status = status(&database, self.max_lag_seconds).await?;
        match self.json {
            true => println!("{}", serde_json::to_string(&status).map_err(Failure::missing)?),
            false => println!("{status}"),
        }
        Ok(if self.check && !status.ready { ExitCode::from(1) } else { ExitCode::SUCCESS })
    }

    async fn print_digest(&self, database: &Database) -> Result<ExitCode, Failure> {
        let mut reading = database.begin().await?;
        let (block_number, capacity) = self.capacity(&mut reading).await?;
        let mut lines = vec![capacity];
        if self.all {
            let tables = digest::derived(&mut reading).await?;
            lines.extend(tables.into_iter().map(|of| Line {
                digest: of.digest.to_string(),
                table: of.table,
                rows: of.rows,
            }));
        }
        if self.json {
            let tables: Vec<_> = lines
                .iter()
                .map(|line| json!({"table": line.table, "digest": line.digest, "rows": line.rows}))
                .collect();
            println!("{}", json!({"block_number": block_number, "digests": tables}));
        } else {
            for Line { digest, table, rows } in lines {
                println!("{digest} {table} at block {block_number}, {rows} rows");
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    /// The block, and the capacity table's line.
    async fn capacity(&self, reading: &mut Reading) -> Result<(u64, Line), Failure> {
        let (deployment, progress, newest) = held(reading).await?;
        let number = self.at_block.unwrap_or(newest);
        let first = progress.first_block(&deployment);
        if !(first..=newest).contains(&number) {
            let held = format!("blocks {first} to {newest}");
            return Err(Failure::usage(format!("--at-block {number} lies outside what the database holds: {held}")));
        }
        let stored = block::facts(reading, number).await?.timestamp;
        let timestamp = stored.or_else(|| deployment.clock?.timestamp(number)).ok_or_else(|| {
            Failure::missing(format!(
                "the time of block {number} is not known, and so not its epoch: name another block"
            ))
        })?;
        let rows = table::capacity(reading, &deployment, &progress, number, timestamp).await?;
        let digest = ledger::table::digest(&rows).to_string();
        Ok((number, Line { digest, table: "capacity_table", rows: rows.len().try_into().unwrap_or(u64::MAX) }))
    }
}

/// The deployment, how far the writer is, and the newest block held.
async fn held(reading: &mut Reading) -> Result<(Deployment, Progress, u64), Failure> {
    let progress = progress::progress(reading).await?;
    let deployment = progress::deployment(reading).await?;
    let newest = Needs::Capacity.newest(&progress).map(|cursor| cursor.number);
    let held = deployment.zip(newest).map(|(deployment, newest)| (deployment, progress, newest));
    held.ok_or_else(|| Failure::missing("the database holds no block yet: let `indexer run` store some"))
}
