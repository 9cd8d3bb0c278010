//! The indexer under measurement, as a process of its own on an empty database.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use devnet::guarded::{Guarded, StopSignal};
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use crate::chain::deployment;
use crate::processor;

const POLL: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(3_600);

/// What was seen of a run, from the start of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    /// The cursor was at the head.
    pub(crate) committed: Duration,
    /// The indexer had told readers that it is at the head, and every index was there.
    pub(crate) ready: Duration,
    /// The most memory the indexer ever held, in kB.
    pub(crate) peak_kb: u64,
    /// Processor time of the indexer until then.
    pub(crate) processor: Duration,
}

/// Runs the indexer until everything is answered.
pub(crate) async fn run(program: &Path, rpc_url: &str, database_url: &str, head: u64, directory: &Path) -> Result<Run> {
    let deployment_file = directory.join("deployment.toml");
    std::fs::write(&deployment_file, deployment_toml())?;
    let log = directory.join("indexer.log");
    let mut command = Command::new(program);
    command
        .args(["run", "--deployment"])
        .arg(&deployment_file)
        .envs([("RPC_URL", rpc_url), ("DATABASE_URL", database_url)])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log)?);
    let mut watch = PgConnection::connect(database_url).await?;
    let started = Instant::now();
    let mut indexer = Guarded::spawn(&mut command, StopSignal::Term, None)?;
    let outcome = follow(&mut indexer, &mut watch, head, started).await;
    let outcome = outcome.with_context(|| std::fs::read_to_string(&log).unwrap_or_default());
    indexer.stop().await?;
    outcome
}

async fn follow(indexer: &mut Guarded, watch: &mut PgConnection, head: u64, started: Instant) -> Result<Run> {
    let head = i64::try_from(head)?;
    let mut committed = None;
    while started.elapsed() < PATIENCE {
        ensure!(indexer.ended()?.is_none(), "the indexer ended");
        if committed.is_none() && last_cursor(watch).await? == Some(head) {
            committed = Some(started.elapsed());
        }
        if let Some(committed) = committed
            && is_ready(watch).await?
        {
            let (ready, pid) = (started.elapsed(), indexer.pid());
            return Ok(Run { committed, ready, peak_kb: peak_kb(pid)?, processor: processor::of_process(pid) });
        }
        tokio::time::sleep(POLL).await;
    }
    bail!("not done after {} s", PATIENCE.as_secs())
}

/// `None` before there are both; before the first migration there is not even a table.
async fn last_cursor(watch: &mut PgConnection) -> Result<Option<i64>> {
    let there: bool = sqlx::query_scalar("select to_regclass('cursor') is not null").fetch_one(&mut *watch).await?;
    if !there {
        return Ok(None);
    }
    Ok(sqlx::query_scalar("select min(block_number) from cursor having count(*) = 2").fetch_optional(watch).await?)
}

async fn is_ready(watch: &mut PgConnection) -> Result<bool> {
    let ready = sqlx::query_scalar(
        "select coalesce((select caught_up from follower), false)
            and (select count(*) = 2 from pg_index join pg_class on pg_class.oid = indexrelid
                  where relname in ('vvv_transfer_sender', 'vvv_transfer_recipient') and indisvalid)",
    );
    Ok(ready.fetch_one(watch).await?)
}

fn peak_kb(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status")))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).context("VmHWM without a number")?.parse()?)
}

fn deployment_toml() -> String {
    let deployment = deployment();
    let contracts = deployment.contracts;
    let implementation = deployment.implementations[0].address;
    let clock = deployment.clock.unwrap_or(store::deployment::Clock { genesis_timestamp: 0, seconds_per_block: 0 });
    format!(
        "chain_id = {}\nstart_block = {}\n\
         [contracts]\nvvv = \"{}\"\nstaking = \"{}\"\ndiem = \"{}\"\nmulticall3 = \"{}\"\n\
         [clock]\ngenesis_timestamp = {}\nseconds_per_block = {}\n\
         [[implementations]]\naddress = \"{implementation}\"\nabi = \"v2\"\n",
        deployment.chain_id,
        deployment.start_block,
        contracts.vvv,
        contracts.staking,
        contracts.diem,
        contracts.multicall3,
        clock.genesis_timestamp,
        clock.seconds_per_block,
    )
}
