//! A real EVM node as a child process.

use std::ffi::OsString;
use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use crate::failure::Failure;
use crate::guarded::{Guarded, StopSignal, poll, scratch_directory};
use crate::rpc::Rpc;

/// Base.
pub const CHAIN_ID: u64 = 8453;

const NPM_BINARY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil");

/// How to start a node.
#[derive(Clone, Debug, Default)]
pub struct AnvilConfig {
    port: u16,
    state: Option<PathBuf>,
    state_interval: Option<Duration>,
    historical_states: bool,
    block_time: Option<Duration>,
    no_mining: bool,
    genesis_timestamp: Option<u64>,
    extra: Vec<OsString>,
}

impl AnvilConfig {
    /// A node that mines a block for each transaction, on a free port, and forgets everything when it stops.
    pub fn new() -> Self {
        Self::default()
    }

    /// Listens on this port of the loopback interface; 0, the default, takes a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Goes on from the chain in this file, if it exists, and writes it there on a clean stop.
    pub fn state(mut self, file: impl Into<PathBuf>) -> Self {
        self.state = Some(file.into());
        self
    }

    /// Writes the state file every so often too.
    pub fn state_interval(mut self, interval: Duration) -> Self {
        self.state_interval = Some(interval);
        self
    }

    /// Keeps the state after every block in the state file, so that calls at past blocks work after a restart. That is
    /// the whole state once per block: for short chains.
    pub fn historical_states(mut self) -> Self {
        self.historical_states = true;
        self
    }

    /// Mines a block every so often, with or without transactions.
    pub fn block_time(mut self, interval: Duration) -> Self {
        self.block_time = Some(interval);
        self
    }

    /// Mines only when told to (`evm_mine`, `anvil_mine`).
    pub fn no_mining(mut self) -> Self {
        self.no_mining = true;
        self
    }

    /// The timestamp of block 0, in seconds; now, if not given.
    pub fn genesis_timestamp(mut self, seconds: u64) -> Self {
        self.genesis_timestamp = Some(seconds);
        self
    }

    /// One more argument for anvil itself.
    pub fn arg(mut self, argument: impl Into<OsString>) -> Self {
        self.extra.push(argument.into());
        self
    }

    /// Starts the node and waits until it answers.
    pub async fn start(self) -> Result<Anvil> {
        let binary = find_binary()?;
        let scratch = scratch_directory("anvil")?;
        let log = scratch.join("log");
        let output = File::create(&log)?;
        let mut command = Command::new(&binary);
        command
            .args(self.arguments(&scratch))
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output);
        let mut child = Guarded::spawn(&mut command, StopSignal::Term, Some(&scratch))?;
        let address = listening(&mut child, &log).await?;
        let anvil = Anvil { child, address };
        // From here on it would write a line per call, for days.
        anvil.rpc().call::<()>("anvil_setLoggingEnabled", [false]).await?;
        Ok(anvil)
    }

    fn arguments(&self, scratch: &Path) -> Vec<OsString> {
        // The optimism network knows deposit transactions (type 0x7e). Ten slots put safe at head - 10 and finalized
        // at head - 20. Past states beyond a few hundred go to disk, by default into a directory nobody tidies.
        let mut arguments: Vec<OsString> = vec!["--network".into(), "optimism".into()];
        let mut add = |name: &str, value: OsString| arguments.extend([name.into(), value]);
        add("--chain-id", CHAIN_ID.to_string().into());
        add("--slots-in-an-epoch", "10".into());
        add("--cache-path", scratch.join("states").into());
        add("--port", self.port.to_string().into());
        if let Some(state) = &self.state {
            add("--state", state.into());
        }
        if let Some(interval) = self.state_interval {
            add("--state-interval", interval.as_secs().max(1).to_string().into());
        }
        if let Some(interval) = self.block_time {
            add("--block-time", interval.as_secs_f64().to_string().into());
        }
        if let Some(seconds) = self.genesis_timestamp {
            add("--timestamp", seconds.to_string().into());
        }
        if self.no_mining {
            arguments.push("--no-mining".into());
        }
        if self.historical_states {
            arguments.push("--preserve-historical-states".into());
        }
        arguments.extend(self.extra.iter().cloned());
        arguments
    }
}

/// A running node. Dropping it asks the node to stop; [`Anvil::stop`] also waits.
#[derive(Debug)]
pub struct Anvil {
    child: Guarded,
    address: SocketAddr,
}

impl Anvil {
    /// The HTTP address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The websocket address.
    pub fn ws_url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// A client for this node.
    pub fn rpc(&self) -> Rpc {
        Rpc::new(self.url())
    }

    /// Waits until the node ends by itself.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        self.child.wait().await
    }

    /// Stops the node cleanly, which writes the state file.
    pub async fn stop(self) -> Result<ExitStatus> {
        self.child.stop().await
    }
}

/// Where anvil is: `ANVIL_BIN`, the npm package beside this crate, `PATH`.
pub fn find_binary() -> Result<PathBuf> {
    if let Some(given) = std::env::var_os("ANVIL_BIN") {
        let path = PathBuf::from(given);
        return if path.is_file() {
            Ok(path)
        } else {
            Err(Failure::usage(format!("ANVIL_BIN: there is no file {}", path.display())).into())
        };
    }
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(PathBuf::from(NPM_BINARY))
        .chain(std::env::split_paths(&on_path).map(|directory| directory.join("anvil")))
        .find(|path| path.is_file())
        .ok_or_else(|| Failure::missing("anvil is missing; run `npm ci` in devnet/, or set ANVIL_BIN to it").into())
}

/// Waits for the line that names the address: only then does the node answer.
async fn listening(child: &mut Guarded, log: &Path) -> Result<SocketAddr> {
    let found = poll(Duration::from_secs(60), async || {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        if let Some(address) = text.lines().find_map(|line| line.strip_prefix("Listening on ")?.trim().parse().ok()) {
            return Some(Ok(address));
        }
        let status = child.ended().ok().flatten()?;
        let words = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        Some(Err(format!("anvil ended at once ({status}): {words}")))
    })
    .await
    .context("anvil does not answer after 60 s")?;
    match found {
        Ok(address) => Ok(address),
        Err(words) => bail!(words),
    }
}
