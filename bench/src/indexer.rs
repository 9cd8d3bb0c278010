//! The indexer under measurement, as a process of its own.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result};
use devnet::guarded::{Guarded, StopSignal};
use store::deployment::Deployment;
use tokio::process::Command;

/// What to start, and on what.
#[derive(Clone, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) program: &'a Path,
    pub(crate) deployment: &'a Deployment,
    /// One or more, with commas between.
    pub(crate) rpc_urls: &'a str,
    pub(crate) database_url: &'a str,
    /// Beyond the usual.
    pub(crate) arguments: &'a [&'a str],
    /// For its deployment and its log.
    pub(crate) directory: &'a Path,
}

impl Start<'_> {
    /// Starts it as operators do.
    pub(crate) fn spawn(&self) -> Result<Guarded> {
        let deployment_file = self.directory.join("deployment.toml");
        std::fs::write(&deployment_file, toml_of(self.deployment))?;
        let mut command = Command::new(self.program);
        command
            .args(["run", "--deployment"])
            .arg(&deployment_file)
            .args(self.arguments)
            .envs([("RPC_URL", self.rpc_urls), ("DATABASE_URL", self.database_url)])
            // The contracts of the made-up chain answer 1 to everything.
            .env("RECONCILE_EVERY", "0")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(self.log())?);
        Guarded::spawn(&mut command, StopSignal::Term, None)
    }

    /// What it said, to be told where it failed.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(self.log()).unwrap_or_default()
    }

    fn log(&self) -> PathBuf {
        self.directory.join("indexer.log")
    }
}

/// The most memory a process ever held, in kB.
pub(crate) fn peak_kb(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/status")))?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).context("no VmHWM")?;
    Ok(line.split_whitespace().nth(1).context("VmHWM without a number")?.parse()?)
}

fn toml_of(deployment: &Deployment) -> String {
    let contracts = deployment.contracts;
    let mut toml = format!(
        "chain_id = {}\nstart_block = {}\n\
         [contracts]\nvvv = \"{}\"\nstaking = \"{}\"\ndiem = \"{}\"\nmulticall3 = \"{}\"\n",
        deployment.chain_id,
        deployment.start_block,
        contracts.vvv,
        contracts.staking,
        contracts.diem,
        contracts.multicall3,
    );
    if let Some(clock) = deployment.clock {
        let (genesis, seconds) = (clock.genesis_timestamp, clock.seconds_per_block);
        toml.push_str(&format!("[clock]\ngenesis_timestamp = {genesis}\nseconds_per_block = {seconds}\n"));
    }
    for implementation in &deployment.implementations {
        toml.push_str(&format!("[[implementations]]\naddress = \"{}\"\nabi = \"v2\"\n", implementation.address));
    }
    toml
}
