//! The account Postgres runs under: Postgres refuses to run as root.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command;

use crate::failure::Failure;

/// Whom Postgres' programs run as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// Whoever runs this program.
    Own,
    /// Somebody with fewer rights, since this program runs as root.
    Other {
        /// The account's name.
        name: String,
        /// Its user id.
        uid: u32,
        /// Its group id.
        gid: u32,
    },
}

impl Account {
    /// The account to use: as root `postgres`, else `nobody`.
    pub async fn choose() -> Result<Self> {
        let id = Command::new("id").arg("-u").output().await.context("cannot run `id -u`")?;
        if id.stdout.trim_ascii() != b"0" {
            return Ok(Self::Own);
        }
        let users = std::fs::read_to_string("/etc/passwd").context("/etc/passwd")?;
        ["postgres", "nobody"].into_iter().find_map(|name| find(&users, name)).ok_or_else(|| {
            Failure::missing(
                "Postgres refuses to run as root, and there is no user `postgres` or `nobody`; run as another user",
            )
            .into()
        })
    }

    /// Makes a command run under this account, in a directory that every account can enter.
    pub fn apply(&self, command: &mut Command) {
        command.current_dir("/").stdin(Stdio::null());
        if let Self::Other { uid, gid, .. } = self {
            // The standard library drops the supplementary groups along with root's user id.
            command.uid(*uid).gid(*gid).env("HOME", "/");
        }
    }

    /// Gives a directory to this account.
    pub fn own(&self, directory: &Path) -> Result<()> {
        if let Self::Other { uid, gid, .. } = self {
            std::os::unix::fs::chown(directory, Some(*uid), Some(*gid))
                .with_context(|| format!("cannot give {} to uid {uid}", directory.display()))?;
        }
        Ok(())
    }

    /// Whether this account can work in a directory: one below another account's private home it cannot even reach.
    pub async fn can_use(&self, directory: &Path) -> bool {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", r#"cd "$1" && test -w ."#, "sh"]).arg(directory).stderr(Stdio::null());
        self.apply(&mut command);
        command.status().await.is_ok_and(|status| status.success())
    }
}

fn find(users: &str, name: &str) -> Option<Account> {
    let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2).map(str::parse);
    Some(Account::Other { name: name.to_owned(), uid: ids.next()?.ok()?, gid: ids.next()?.ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_found_by_its_whole_name() {
        let users = "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:104:106::/:/bin/sh\n";
        assert_eq!(find(users, "postgres"), Some(Account::Other { name: "postgres".into(), uid: 104, gid: 106 }));
        assert_eq!(find(users, "nobody"), None);
        assert_eq!(find("nobody:*:-2:-2::/:/bin/sh\n", "nobody"), None);
    }
}
