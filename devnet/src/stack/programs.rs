//! `indexer` and `api` as child processes.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::task::JoinHandle;

use super::storage::Storage;
use super::{Up, say};
use crate::failure::Failure;
use crate::guarded::{Guarded, StopSignal};

/// A program that was built along with this one.
#[derive(Clone, Debug)]
pub(super) struct Program {
    name: &'static str,
    path: PathBuf,
}

impl Program {
    /// Looks beside the running executable.
    pub(super) fn find(name: &'static str) -> Result<Self> {
        let own = std::env::current_exe().context("cannot find the running executable")?;
        let path = own.with_file_name(name);
        if !path.is_file() {
            let message = format!("{} is missing; build it with `cargo build --workspace --bins`", path.display());
            return Err(Failure::missing(message).into());
        }
        Ok(Self { name, path })
    }

    /// A command that gets its settings from here alone. Addresses may hold passwords and keys: they go by environment,
    /// which other users cannot list.
    fn command(&self, subcommand: &str, options: &Up) -> Command {
        let mut command = Command::new(&self.path);
        command.arg(subcommand);
        for inherited in ["RPC_URL", "DATABASE_URL", "DEPLOYMENT", "LISTEN"] {
            command.env_remove(inherited);
        }
        if let Some(filter) = &options.log {
            command.args(["--log", filter]);
        }
        command
    }

    fn spawn(&self, command: &mut Command) -> Result<Running> {
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = Guarded::spawn(command, StopSignal::Term, None)?;
        let streams = child.child_mut();
        let output = streams.stdout.take().map(|stream| prefixed(self.name, stream));
        let errors = streams.stderr.take().map(|stream| prefixed(self.name, stream));
        say(self.name, &format!("started, process {}", child.pid()));
        Ok(Running { name: self.name, child, lines: output.into_iter().chain(errors).collect() })
    }
}

/// Passes lines on, each with the name of who wrote it.
fn prefixed(name: &'static str, stream: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut lines = BufReader::new(stream).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            say(name, &String::from_utf8_lossy(&line));
        }
    })
}

struct Running {
    name: &'static str,
    child: Guarded,
    lines: Vec<JoinHandle<()>>,
}

impl Running {
    async fn ended(&mut self) -> (&'static str, Result<ExitStatus>) {
        let status = self.child.wait().await;
        self.last_lines().await;
        (self.name, status)
    }

    /// Waits until what the program wrote at its end is on the terminal.
    async fn last_lines(&mut self) {
        for lines in self.lines.drain(..) {
            tokio::time::timeout(Duration::from_secs(1), lines).await.ok();
        }
    }

    async fn stop(self) -> Result<()> {
        let Self { name, mut child, lines } = self;
        if child.ended()?.is_none() {
            say("stop", name);
        }
        child.stop().await?;
        for lines in lines {
            tokio::time::timeout(Duration::from_secs(1), lines).await.ok();
        }
        Ok(())
    }
}

/// The two programs, as far as they have been started.
#[derive(Default)]
pub(super) struct Programs {
    indexer: Option<Running>,
    api: Option<Running>,
}

impl Programs {
    pub(super) fn start_indexer(
        &mut self,
        program: &Program,
        options: &Up,
        rpc_url: &str,
        deployment: &str,
        storage: &Storage,
    ) -> Result<()> {
        let mut command = program.command("run", options);
        command.args(["--deployment", deployment]).env("RPC_URL", rpc_url).env("DATABASE_URL", storage.url());
        self.indexer = Some(program.spawn(&mut command)?);
        Ok(())
    }

    pub(super) fn start_api(&mut self, program: &Program, options: &Up, storage: &Storage) -> Result<()> {
        let mut command = program.command("serve", options);
        command.args(["--listen", &options.listen.to_string()]).env("DATABASE_URL", storage.reader_url());
        self.api = Some(program.spawn(&mut command)?);
        Ok(())
    }

    /// Whether there is an indexer that can still come to the head.
    pub(super) fn indexer_runs(&mut self) -> bool {
        self.indexer.as_mut().is_some_and(|indexer| indexer.child.ended().is_ok_and(|status| status.is_none()))
    }

    /// The first program that ends by itself; waits for ever where none was started.
    pub(super) async fn first_to_end(&mut self) -> (&'static str, Result<ExitStatus>) {
        tokio::select! {
            ended = of(&mut self.indexer) => ended,
            ended = of(&mut self.api) => ended,
        }
    }

    /// Stops both, readers first.
    pub(super) async fn stop(self) -> Result<()> {
        for running in [self.api, self.indexer].into_iter().flatten() {
            running.stop().await?;
        }
        Ok(())
    }
}

async fn of(running: &mut Option<Running>) -> (&'static str, Result<ExitStatus>) {
    match running {
        Some(running) => running.ended().await,
        None => std::future::pending().await,
    }
}

/// Waits until the API answers; on the local chain, until the indexer is at its head, which takes seconds. The history
/// of a real chain takes longer, and the page shows how far it is.
pub(super) async fn ready(listen: SocketAddr, at_the_head: bool) -> Result<()> {
    let path = if at_the_head { "readyz?needs=both" } else { "healthz" };
    let url = format!("http://{}/{path}", super::page(listen));
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
    let mut told = Instant::now();
    loop {
        let answer = client.get(&url).send().await;
        if answer.as_ref().is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            let reason = match answer {
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(_) => "no answer".to_owned(),
            };
            say("wait", &format!("for {url}: {reason}"));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
