//! The indexer as a child process.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use sqlx::{ConnectOptions, PgPool};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::world::World;

/// A running indexer; ended, by process id, when dropped.
pub(crate) struct Indexer(Child);

/// How a process ended, and what it said.
pub(crate) struct Ended {
    /// `None`: a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) log: String,
}

impl Indexer {
    /// A command over a database, with these arguments.
    pub(crate) fn start(pool: &PgPool, arguments: &[&str]) -> Self {
        let url = pool.connect_options().to_url_lossy().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_indexer"));
        command.args(arguments).env("NO_COLOR", "1").env("DATABASE_URL", url).env_remove("RPC_URL");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true);
        Self(command.spawn().unwrap())
    }

    /// `indexer run` on this world.
    pub(crate) fn run(pool: &PgPool, world: &World) -> Self {
        Self::run_with(pool, world, &[])
    }

    pub(crate) fn run_with(pool: &PgPool, world: &World, arguments: &[&str]) -> Self {
        let file = deployment_file(world);
        let node = ["run", "--rpc-url", &world.node.url, "--poll-interval-ms", "20"];
        // The chain here has no contracts to ask.
        let alone = ["--verify-every", "0", "--reconcile-every", "0"];
        Self::start(pool, &[&node[..], &alone, &["--deployment", file.to_str().unwrap()], arguments].concat())
    }

    /// The first address that the log names; what follows is read and forgotten.
    pub(crate) async fn said_address(&mut self) -> String {
        let mut lines = BufReader::new(self.0.stderr.take().unwrap()).lines();
        loop {
            let line = lines.next_line().await.unwrap().expect("it says where it listens");
            if let Some((_, address)) = line.split_once("address=") {
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return address.split_whitespace().next().unwrap().to_owned();
            }
        }
    }

    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.0.id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill").args([&format!("-{signal}"), &pid]).status().unwrap();
        assert!(sent.success());
    }

    pub(crate) async fn ended(mut self) -> Ended {
        let mut log = String::new();
        self.0.stderr.take().unwrap().read_to_string(&mut log).await.unwrap();
        Ended { code: self.0.wait().await.unwrap().code(), log }
    }
}

pub(crate) fn deployment_file(world: &World) -> PathBuf {
    let name = format!("replay-{}-{:?}.toml", std::process::id(), std::thread::current().id());
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&file, toml::to_string(&world.deployment).unwrap()).unwrap();
    file
}
