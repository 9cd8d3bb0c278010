//! The indexer's commands as child processes, each over a database of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use devnet::scripted::{ChainOptions, ScriptedNode};
use sqlx::{ConnectOptions, Executor, PgPool};
use tokio::process::{Child, Command};

use crate::economy::IMPLEMENTATION;
use crate::naive::{DIEM, STAKING, VVV};
use crate::world::SECONDS_PER_BLOCK;

const PATIENCE: Duration = Duration::from_secs(60);

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A database beside the test's own, with a directory for files. Dropped with what is in it by [`Oracle::drop`].
pub(crate) struct Oracle {
    pub(crate) pool: PgPool,
    pub(crate) directory: PathBuf,
    url: String,
    name: String,
    deployment: PathBuf,
}

/// Whether the deployment has a clock, which tells the time of blocks whose header is not stored.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Clock {
    Known,
    Unknown,
}

impl Oracle {
    pub(crate) async fn new(test: &PgPool, name: &str, clock: Clock) -> Self {
        let name = format!("files_{name}_{}", std::process::id());
        let make = sqlx::AssertSqlSafe(format!("create database {name}"));
        test.execute(make).await.unwrap();
        let options = (*test.connect_options()).clone().database(&name).disable_statement_logging();
        let url = options.to_url_lossy().to_string();
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
        std::fs::remove_dir_all(&directory).ok();
        std::fs::create_dir_all(&directory).unwrap();
        let deployment = directory.join("deployment.toml");
        std::fs::write(&deployment, deployment_text(clock)).unwrap();
        Self { pool: PgPool::connect_with(options).await.unwrap(), directory, url, name, deployment }
    }

    /// A command to its end.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Said {
        let output = tokio::time::timeout(PATIENCE, self.command(arguments).output()).await;
        let output = output.expect("it does not end").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// A command that must do what it is asked.
    pub(crate) async fn done(&self, arguments: &[&str]) -> Said {
        let said = self.ask(arguments).await;
        assert_eq!(said.code, Some(0), "{arguments:?}: {said:?}");
        said
    }

    /// A command that is told to stop once this holds.
    pub(crate) async fn interrupted(&self, arguments: &[&str], is_time: impl Fn() -> bool) -> Said {
        let child = self.command(arguments).spawn().unwrap();
        let started = Instant::now();
        while !is_time() {
            assert!(started.elapsed() < PATIENCE, "it is never time to stop it");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        terminate(&child);
        let output = tokio::time::timeout(PATIENCE, child.wait_with_output()).await.expect("it does not end").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// `indexer run` until the node's head is stored with both lanes.
    pub(crate) async fn follow(&self, node: &ScriptedNode, more: &[&str]) {
        let run = ["run", "--rpc-url", &node.url, "--poll-interval-ms", "20"];
        // The chain here answers for its contracts at few blocks.
        let alone = ["--verify-every", "0", "--reconcile-every", "0"];
        let mut command = self.command(&[&run[..], &alone, more].concat());
        let mut indexer = command.stdout(Stdio::null()).stderr(Stdio::inherit()).spawn().unwrap();
        let head = node.chain(|chain| chain.head().hash);
        let started = Instant::now();
        while !self.is_at(head.as_slice()).await {
            assert!(started.elapsed() < PATIENCE, "the indexer does not reach the head");
            assert!(indexer.try_wait().unwrap().is_none(), "the indexer ended");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        stop(indexer).await;
    }

    async fn is_at(&self, hash: &[u8]) -> bool {
        let at = "select count(*) from cursor where block_hash = $1";
        let lanes: i64 = sqlx::query_scalar(at).bind(hash).fetch_one(&self.pool).await.unwrap_or(0);
        lanes == 2
    }

    /// Every derived row, as a digest a table.
    pub(crate) async fn digests(&self) -> String {
        self.done(&["status", "--digest", "--all"]).await.out
    }

    /// How many rows a table has; none where there is no such table yet.
    pub(crate) async fn count(&self, table: &str) -> i64 {
        let count = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(count).fetch_one(&self.pool).await.unwrap_or(0)
    }

    /// A place for a file of this oracle's.
    pub(crate) fn file(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// A directory for files of this oracle's.
    pub(crate) fn folder(&self, name: &str) -> String {
        std::fs::create_dir_all(self.directory.join(name)).unwrap();
        self.file(name)
    }

    pub(crate) async fn drop(self, test: &PgPool) {
        self.pool.close().await;
        let drop = sqlx::AssertSqlSafe(format!("drop database {} with (force)", self.name));
        test.execute(drop).await.unwrap();
        std::fs::remove_dir_all(&self.directory).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indexer"));
        command.args(arguments).env("NO_COLOR", "1").env("LOG", "warn").env_remove("RPC_URL");
        command.env("DATABASE_URL", &self.url).env("DEPLOYMENT", &self.deployment);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }
}

fn terminate(child: &Child) {
    let pid = child.id().expect("it runs").to_string();
    let sent = std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(sent.success());
}

async fn stop(mut indexer: Child) {
    terminate(&indexer);
    assert_eq!(indexer.wait().await.unwrap().code(), Some(0));
}

fn deployment_text(clock: Clock) -> String {
    let genesis = ChainOptions::default().genesis_timestamp;
    let clock = match clock {
        Clock::Known => format!("[clock]\ngenesis_timestamp = {genesis}\nseconds_per_block = {SECONDS_PER_BLOCK}\n"),
        Clock::Unknown => String::new(),
    };
    format!(
        "chain_id = 8453\nstart_block = 0\n[contracts]\nvvv = \"{VVV}\"\nstaking = \"{STAKING}\"\ndiem = \"{DIEM}\"\n\
         multicall3 = \"0xcA11bde05977b3631167028862bE2a173976CA11\"\n{clock}\
         [[implementations]]\naddress = \"{IMPLEMENTATION}\"\nabi = \"v2\"\n"
    )
}
