//! Child processes that do not outlive this one, not even when it is killed with SIGKILL.
//!
//! Each child has a guard: a shell of a dozen lines that holds the reading end of a pipe, the *lifeline*. The kernel
//! closes the other end however this process dies; the guard then asks the child to stop, and tidies up after it.
//! The same pipe serves an orderly stop, so that there is one way to end a child and it is used every day. Unlike
//! Linux's parent death signal it needs no unsafe code, does not fire when a mere thread ends, works on other systems,
//! and can remove the child's directory when nobody else is left to.

use std::ffi::OsStr;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

/// Arguments: signal, pid, directory or nothing. Signals meant for the whole terminal are not for the guard. A child
/// that has not ended 30 s after it was asked to is killed. One that has ended may stay a zombie for as long as nobody
/// waits for it, in a container whose first process does not.
const GUARD: &str = r#"
trap '' INT TERM HUP
read -r word
if [ "$word" != ended ]; then
    kill -"$1" "$2" 2>/dev/null
    tenths=0
    while kill -0 "$2" 2>/dev/null && [ $tenths -lt 310 ]; do
        ! grep -q ') Z ' "/proc/$2/stat" 2>/dev/null || break
        tenths=$((tenths + 1))
        [ $tenths -ne 300 ] || kill -KILL "$2" 2>/dev/null
        sleep 0.1
    done
fi
[ -z "$3" ] || rm -rf "$3"
"#;

/// The signal that makes a child stop cleanly.
#[derive(Clone, Copy, Debug)]
pub enum StopSignal {
    /// SIGTERM.
    Term,
    /// SIGINT; Postgres' "fast shutdown".
    Int,
}

impl StopSignal {
    fn name(self) -> &'static str {
        match self {
            Self::Term => "TERM",
            Self::Int => "INT",
        }
    }
}

/// A running child with its guard. Dropping it lets go of the lifeline: the child is asked to stop, nobody waits.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    guard: Child,
    lifeline: Option<ChildStdin>,
    pid: u32,
}

impl Guarded {
    /// Starts `command` and its guard. `scratch` is removed when the child has ended.
    pub fn spawn(command: &mut Command, signal: StopSignal, scratch: Option<&Path>) -> Result<Self> {
        let program = command.as_std().get_program().to_owned();
        let child = command.spawn().with_context(|| format!("cannot start {}", program.display()))?;
        let pid = child.id().context("the child ended before it had a pid")?;
        let mut guard = Command::new("/bin/sh")
            .args(["-c", GUARD, "guard", signal.name(), &pid.to_string()])
            .arg(scratch.map_or(OsStr::new(""), Path::as_os_str))
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start /bin/sh as a guard")?;
        let lifeline = guard.stdin.take();
        Ok(Self { child, guard, lifeline, pid })
    }

    /// The child's process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The child's output, where it was piped: to be taken once.
    pub fn child_mut(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status, if the child has ended by itself.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until the child ends by itself. May be dropped and called again.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        Ok(self.child.wait().await?)
    }

    /// Asks the child to stop, waits until it has, and until its scratch directory is gone.
    pub async fn stop(mut self) -> Result<ExitStatus> {
        // The pid of a child that was waited for may belong to somebody else by now: the guard must not touch it.
        if self.child.try_wait()?.is_some()
            && let Some(lifeline) = &mut self.lifeline
        {
            lifeline.write_all(b"ended\n").await.ok();
        }
        self.lifeline = None;
        let status = self.child.wait().await?;
        self.guard.wait().await?;
        Ok(status)
    }
}

/// A number nobody can guess: the standard library keys its hash maps with the system's randomness.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Makes a new directory that only its owner can enter, with a short name: a socket's path has 108 bytes at most.
pub fn scratch_directory(purpose: &str) -> Result<PathBuf> {
    use std::os::unix::fs::DirBuilderExt;
    let parent =
        Some(std::env::temp_dir()).filter(|path| path.as_os_str().len() <= 60).unwrap_or_else(|| "/tmp".into());
    let path = parent.join(format!("capacity-{purpose}-{:010x}", random() >> 24));
    std::fs::DirBuilder::new().mode(0o700).create(&path).with_context(|| format!("cannot make {}", path.display()))?;
    Ok(path)
}

/// Calls `probe` every 20 ms until it answers, for at most `patience`.
pub async fn poll<T>(patience: Duration, mut probe: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    tokio::time::timeout(patience, async {
        loop {
            if let Some(found) = probe().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .ok()
}
