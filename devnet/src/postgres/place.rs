//! Where a cluster lives, and how its server is started there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

use super::SUPERUSER;
use super::account::Account;
use super::binaries::Binaries;
use crate::failure::Failure;
use crate::guarded::{Guarded, StopSignal, poll};

/// Where a cluster lives and how it is to be run.
#[derive(Debug)]
pub(super) struct Place {
    /// Postgres' data directory.
    pub(super) data: PathBuf,
    /// Holds the socket; removed when Postgres has ended.
    pub(super) scratch: PathBuf,
    pub(super) log: PathBuf,
    pub(super) settings: Vec<&'static str>,
    pub(super) notes: Vec<String>,
}

impl Place {
    /// A server that answers.
    pub(super) async fn launch_and_wait(&mut self, binaries: &Binaries, account: &Account) -> Result<Guarded> {
        if !self.data.join("PG_VERSION").exists() {
            init(self, binaries, account).await?;
        }
        self.notes.extend(release(&self.data, binaries, account).await?);
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut server = launch(self, binaries, account)?;
            let Err(error) = answering(&mut server, self).await else { return Ok(server) };
            server.stop().await?;
            // After a crash the dead server's children may hold on to its shared memory for a moment.
            if attempts == 5 || !error.to_string().contains("still in use") {
                return Err(error);
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
            make(&self.scratch, account)?;
        }
    }
}

/// The directory to keep data in: as wished, or, if the account cannot get there, one outside.
pub(super) async fn data_directory(wished: &Path, account: &Account) -> Result<(PathBuf, Vec<String>)> {
    let wished = make(wished, account)?;
    if account.can_use(&wished).await {
        return Ok((wished, Vec::new()));
    }
    let slug = wished.to_string_lossy().trim_matches('/').replace('/', "-");
    let outside = make(&Path::new("/var/lib/capacity-oracle").join(slug), account)?;
    if !account.can_use(&outside).await {
        return Err(Failure::missing(format!(
            "the account Postgres runs under can use neither {} nor {}; choose another directory with --data-dir",
            wished.display(),
            outside.display()
        ))
        .into());
    }
    let note =
        format!("{} lies where Postgres' account cannot go; the data is in {}", wished.display(), outside.display());
    Ok((outside, vec![note]))
}

/// A directory of the account's alone.
pub(super) fn make(directory: &Path, account: &Account) -> Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))?;
    account.own(directory)?;
    Ok(directory.canonicalize()?)
}

async fn init(place: &Place, binaries: &Binaries, account: &Account) -> Result<()> {
    let mut command = Command::new(binaries.program("initdb"));
    command
        .args([
            "--username",
            SUPERUSER,
            "--auth",
            "trust",
            "--encoding",
            "UTF8",
            "--locale",
            "C",
            "--no-sync",
            "--pgdata",
        ])
        .arg(&place.data);
    account.apply(&mut command);
    let output = command.output().await?;
    ensure!(output.status.success(), "initdb failed: {}", last_lines(&String::from_utf8_lossy(&output.stderr)));
    Ok(())
}

/// Clears the data directory of a server that was left behind, or of the trace of one that crashed.
async fn release(data: &Path, binaries: &Binaries, account: &Account) -> Result<Option<String>> {
    let file = data.join("postmaster.pid");
    let Some(pid) = std::fs::read_to_string(&file).ok().and_then(|text| text.lines().next().map(str::to_owned)) else {
        return Ok(None);
    };
    if !serves(&pid, data) {
        // Postgres compares the number alone: another program that has it by now would keep us out for ever.
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        return Ok(Some("the last run ended in a crash; Postgres recovers by itself".to_owned()));
    }
    let mut command = Command::new(binaries.program("pg_ctl"));
    command.args(["stop", "--silent", "--mode=fast", "--pgdata"]).arg(data);
    account.apply(&mut command);
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().await?;
    ensure!(!file.exists(), "Postgres {pid} runs on {} and does not stop; stop it first", data.display());
    Ok(Some(format!("a server from an earlier run, process {pid}, was still there and was stopped")))
}

/// Whether the process is a server of this data directory, which is where a server works. Where the system does not
/// tell, it has to be taken for one.
fn serves(pid: &str, data: &Path) -> bool {
    match std::fs::read_link(format!("/proc/{pid}/cwd")) {
        Ok(directory) => directory == data,
        Err(_) => !Path::new("/proc/self/cwd").exists(),
    }
}

fn launch(place: &Place, binaries: &Binaries, account: &Account) -> Result<Guarded> {
    let log = File::create(&place.log).with_context(|| format!("cannot write {}", place.log.display()))?;
    let mut command = Command::new(binaries.program("postgres"));
    command.arg("-D").arg(&place.data).arg("-k").arg(&place.scratch);
    for setting in &place.settings {
        command.args(["-c", setting]);
    }
    account.apply(&mut command);
    command.process_group(0).stdout(log.try_clone()?).stderr(log);
    Guarded::spawn(&mut command, StopSignal::Int, Some(&place.scratch))
}

/// Waits until the server takes connections; recovery after a crash may take a while.
async fn answering(server: &mut Guarded, place: &Place) -> Result<()> {
    let url = format!("postgres://{SUPERUSER}@localhost/{SUPERUSER}?host={}", place.scratch.display());
    let log = || last_lines(&std::fs::read_to_string(&place.log).unwrap_or_default());
    let outcome = poll(Duration::from_secs(120), async || {
        if let Ok(connection) = PgConnection::connect(&url).await {
            connection.close().await.ok();
            return Some(Ok(()));
        }
        let status = server.ended().ok().flatten()?;
        Some(Err(format!("Postgres ended at once ({status}): {}", log())))
    })
    .await;
    match outcome {
        Some(Ok(())) => Ok(()),
        Some(Err(words)) => bail!(words),
        None => bail!("Postgres does not answer after 120 s: {}", log()),
    }
}

fn last_lines(log: &str) -> String {
    let lines: Vec<&str> = log.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(4)..].join(" / ")
}
