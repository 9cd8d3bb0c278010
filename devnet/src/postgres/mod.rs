//! A private Postgres cluster: its own data directory, its own socket, no port, nobody else's.
//!
//! It listens on a unix socket in a directory that only its owner can enter, so that it needs no password and meets
//! no other server on the machine.

mod account;
mod binaries;
mod database;
mod place;

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use anyhow::{Result, ensure};
use tokio::process::Command;

pub use self::account::Account;
pub use self::binaries::Binaries;
pub use self::database::{API_ROLE, READER_ROLE, create_database, drop_database, prepare_roles};
use self::place::{Place, data_directory, make};
use crate::guarded::{Guarded, scratch_directory};

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
