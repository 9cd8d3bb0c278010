//! A private Postgres cluster: its own data directory, its own socket, no port, nobody else's.
//!
//! It listens on a unix socket in a directory that only its owner can enter, so that it needs no password and meets
//! no other server on the machine.

mod account;
mod binaries;
mod database;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use sqlx::{Connection, PgConnection};
use tokio::process::Command;

pub use self::account::Account;
pub use self::binaries::Binaries;
pub use self::database::{API_ROLE, READER_ROLE, create_database, drop_database, prepare_roles};
use crate::failure::Failure;
use crate::guarded::{Guarded, StopSignal, poll, scratch_directory};

const SUPERUSER: &str = "postgres";

/// Common to all: no network, room for a test suite's many small pools, and a log for when a start fails.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "max_connections=300",
    "shared_buffers=256MB",
    "max_wal_size=4GB",
];

/// Nothing in a temporary cluster outlives its process, so nothing has to reach the disk.
const TEMPORARY_SETTINGS: &[&str] = &["fsync=off", "synchronous_commit=off", "full_page_writes=off"];

/// A running cluster. Dropping it asks Postgres to stop; [`Cluster::stop`] also waits.
#[derive(Debug)]
pub struct Cluster {
    server: Guarded,
    place: Place,
    binaries: Binaries,
    account: Account,
}

/// A kept cluster whose server was cut off, with its data as they were at that moment.
#[derive(Debug)]
pub struct Crashed {
    place: Place,
    binaries: Binaries,
    account: Account,
}

/// Where a cluster lives and how it is to be run.
#[derive(Debug)]
struct Place {
    /// Postgres' data directory.
    data: PathBuf,
    /// Holds the socket; removed when Postgres has ended.
    scratch: PathBuf,
    log: PathBuf,
    settings: Vec<&'static str>,
    notes: Vec<String>,
}

impl Cluster {
    /// A cluster for one run: quick, and gone without a trace when it stops or this process dies.
    pub async fn temporary() -> Result<Self> {
        let account = Account::choose().await?;
        let binaries = Binaries::find(&account, None).await?;
        let scratch = scratch_directory("pg")?;
        account.own(&scratch)?;
        let place = Place {
            data: scratch.join("data"),
            log: scratch.join("log"),
            scratch,
            settings: [SETTINGS, TEMPORARY_SETTINGS].concat(),
            notes: Vec::new(),
        };
        Self::start(place, binaries, account).await
    }

    /// A cluster whose data stays in `directory`, made there if there is none yet.
    pub async fn kept(directory: &Path) -> Result<Self> {
        let account = Account::choose().await?;
        let (data, notes) = data_directory(directory, &account).await?;
        let major = std::fs::read_to_string(data.join("PG_VERSION")).ok();
        let binaries = Binaries::find(&account, major.as_deref().map(str::trim)).await?;
        let scratch = scratch_directory("pg")?;
        account.own(&scratch)?;
        let log = PathBuf::from(format!("{}.log", data.display()));
        let place = Place { data, scratch, log, settings: SETTINGS.to_vec(), notes };
        Self::start(place, binaries, account).await
    }

    /// The address of a database for the superuser.
    pub fn url(&self, database: &str) -> String {
        self.url_as(SUPERUSER, database)
    }

    /// The address of a database for a role.
    pub fn url_as(&self, role: &str, database: &str) -> String {
        format!("postgres://{role}@localhost/{database}?host={}", self.socket_directory().display())
    }

    /// The process id of the postmaster.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The directory of the socket; that of a temporary cluster holds the data too.
    pub fn socket_directory(&self) -> &Path {
        &self.place.scratch
    }

    /// What was chosen, in words, and what a user might not expect.
    pub fn describe(&self) -> Vec<String> {
        let account = match &self.account {
            Account::Own => String::new(),
            Account::Other { name, .. } => format!(", run as {name}"),
        };
        let Binaries { directory, version } = &self.binaries;
        let chosen = format!(
            "found {version} in {}, private cluster in {}{account}",
            directory.display(),
            self.place.data.display()
        );
        std::iter::once(chosen).chain(self.place.notes.iter().cloned()).collect()
    }

    /// Waits until Postgres ends by itself.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        self.server.wait().await
    }

    /// Stops Postgres cleanly and waits until it has ended and its socket is gone.
    pub async fn stop(self) -> Result<ExitStatus> {
        self.server.stop().await
    }

    /// Ends Postgres at once, as `pg_ctl stop -m immediate` does, and waits until it has ended. Of a kept cluster only: a
    /// temporary one's data go with it.
    pub async fn crash(mut self) -> Result<Crashed> {
        let pid = self.server.pid().to_string();
        let sent = Command::new("kill").args(["-QUIT", &pid]).status().await?;
        ensure!(sent.success(), "cannot send SIGQUIT to Postgres {pid}");
        self.server.wait().await?;
        self.server.stop().await?;
        Ok(Crashed { place: self.place, binaries: self.binaries, account: self.account })
    }

    async fn start(mut place: Place, binaries: Binaries, account: Account) -> Result<Self> {
        match place.launch_and_wait(&binaries, &account).await {
            Ok(server) => Ok(Self { server, place, binaries, account }),
            Err(error) => {
                std::fs::remove_dir_all(&place.scratch).ok();
                Err(error)
            }
        }
    }
}

impl Crashed {
    /// Starts Postgres again, reached as before.
    pub async fn revive(self) -> Result<Cluster> {
        make(&self.place.scratch, &self.account)?;
        Cluster::start(self.place, self.binaries, self.account).await
    }
}

impl Place {
    async fn launch_and_wait(&mut self, binaries: &Binaries, account: &Account) -> Result<Guarded> {
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
async fn data_directory(wished: &Path, account: &Account) -> Result<(PathBuf, Vec<String>)> {
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

fn make(directory: &Path, account: &Account) -> Result<PathBuf> {
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
