//! The indexer as a child process over a database of its own.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use alloy_primitives::Address;
use devnet::scripted::ScriptedNode;
use sqlx::{ConnectOptions, PgPool};
use store::cursor::Lane;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

pub(crate) const VVV: Address = Address::repeat_byte(0xa1);
pub(crate) const STAKING: Address = Address::repeat_byte(0xa2);
pub(crate) const DIEM: Address = Address::repeat_byte(0xa3);
const PATIENCE: Duration = Duration::from_secs(40);

/// How a process ended, and what it said.
pub(crate) struct Ended {
    /// `None`: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) log: String,
}

/// A running indexer; ended, by process id, when dropped.
pub(crate) struct Indexer(Child);

impl Indexer {
    pub(crate) async fn start(pool: &PgPool, node: &ScriptedNode, start_block: &str) -> Self {
        Self::spawn(pool, &node.url, start_block, &["--poll-interval-ms", "20"])
    }

    /// From block 0, with these nodes and arguments.
    pub(crate) async fn start_with(pool: &PgPool, rpc_urls: &str, arguments: &[&str]) -> Self {
        let polls = arguments.contains(&"--poll-interval-ms");
        let quick: &[&str] = if polls { &[] } else { &["--poll-interval-ms", "20"] };
        Self::spawn(pool, rpc_urls, "0", &[arguments, quick].concat())
    }

    fn spawn(pool: &PgPool, rpc_urls: &str, start_block: &str, arguments: &[&str]) -> Self {
        let file = deployment_file(start_block);
        let url = pool.connect_options().to_url_lossy().to_string();
        // What a node is told to do wrong is meant for the follower.
        let common = ["--rpc-url", rpc_urls, "--deployment", path(&file)];
        let compares = arguments.contains(&"--reconcile-every");
        let totals: &[&str] = if compares { &[] } else { &["--reconcile-every", "0"] };
        let arguments = [&common[..], &["--verify-every", "0"], totals, arguments].concat();
        Self(command(&arguments).env("DATABASE_URL", url).spawn().unwrap())
    }

    /// Waits until the node's head is in the database, with all that belongs to it.
    pub(crate) async fn reach(&self, pool: &PgPool, node: &ScriptedNode) {
        self.reach_with(pool, node, Lane::Supply).await;
    }

    /// Waits until a lane's cursor is at the node's head.
    pub(crate) async fn reach_with(&self, pool: &PgPool, node: &ScriptedNode, lane: Lane) {
        let started = Instant::now();
        loop {
            let head = node.chain(|chain| chain.head().hash);
            let cursor = sqlx::query_scalar("select block_hash from cursor where name = $1").bind(lane.name());
            let hash: Option<Vec<u8>> = cursor.fetch_optional(pool).await.ok().flatten();
            if hash.as_deref() == Some(head.as_slice()) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "the indexer does not reach the head");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) fn signal(&mut self, signal: &str) {
        let pid = self.0.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) fn is_running(&self) -> bool {
        self.0.id().is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists())
    }

    pub(crate) async fn ended(self) -> Ended {
        ended(self.0).await
    }
}

/// `indexer run` with these arguments, to its end.
pub(crate) async fn run_with(arguments: &[&str]) -> Ended {
    ended(command(arguments).spawn().unwrap()).await
}

async fn ended(mut child: Child) -> Ended {
    let mut stderr = child.stderr.take().unwrap();
    let mut log = String::new();
    let read = stderr.read_to_string(&mut log);
    tokio::time::timeout(PATIENCE, read).await.expect("the indexer does not end").unwrap();
    Ended { code: child.wait().await.unwrap().code(), log }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_indexer"));
    command.arg("run").args(arguments).env("NO_COLOR", "1").env_remove("DATABASE_URL");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Waits for the writer to halt; why it did.
pub(crate) async fn halted(pool: &PgPool) -> String {
    eventually(|| sqlx::query_scalar("select halted from follower where halted is not null").fetch_optional(pool)).await
}

/// Asks until there is something.
pub(crate) async fn eventually<T, F>(ask: impl Fn() -> F) -> T
where
    F: Future<Output = Result<Option<T>, sqlx::Error>>,
{
    let started = Instant::now();
    loop {
        if let Ok(Some(found)) = ask().await {
            return found;
        }
        assert!(started.elapsed() < PATIENCE, "it never comes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A deployment of the scripted chain that starts at this block.
fn deployment_file(start_block: &str) -> PathBuf {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("deployment-{start_block}.toml"));
    let text = format!(
        "chain_id = 8453\nstart_block = {start_block}\n[contracts]\nvvv = \"{VVV}\"\nstaking = \"{STAKING}\"\n\
         diem = \"{DIEM}\"\nmulticall3 = \"0xcA11bde05977b3631167028862bE2a173976CA11\"\n"
    );
    let own = file.with_extension(format!("{}-{:?}", std::process::id(), std::thread::current().id()));
    std::fs::write(&own, text).unwrap();
    std::fs::rename(&own, &file).unwrap();
    file
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}
