//! `devnet up` as a child process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

use devnet::guarded::scratch_directory;
use serde_json::Value;
use tokio::sync::Mutex;

const PATIENCE: Duration = Duration::from_secs(60);

/// One start at a time: two stacks that look for a free port at the same moment find the same one.
static STARTS: Mutex<()> = Mutex::const_new(());

/// A directory of its own, which Postgres' account can reach.
pub(crate) struct Home(PathBuf);

impl Home {
    pub(crate) fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let home = scratch_directory("test").unwrap();
        std::fs::set_permissions(&home, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self(home)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> String {
        let file = self.0.join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// An address nobody listens at.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// What a URL answers, whatever its status.
pub(crate) async fn get(url: &str) -> Value {
    let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
    client.get(url).send().await.unwrap().json().await.unwrap()
}

/// With settings from its arguments alone.
fn bare(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for setting in ["RPC_URL", "DEPLOYMENT", "DATABASE_URL", "LISTEN", "DATA_DIR", "BLOCK_TIME", "NO_TRAFFIC", "LOG"] {
        command.env_remove(setting);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `devnet up`
fn command(arguments: &[&str]) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_devnet"));
    for name in ["indexer", "api"] {
        let path = program.with_file_name(name);
        assert!(path.is_file(), "{} is missing: `cargo build --workspace --bins` makes it", path.display());
    }
    let mut command = bare(program);
    command.arg("up").args(arguments);
    command
}

/// How something that does not stay ends.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl From<Output> for Ended {
    fn from(Output { status, stdout, stderr }: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: status.code(), output: text(stdout), errors: text(stderr) }
    }
}

/// Starts a stack that is to be refused.
pub(crate) async fn refused(arguments: &[&str]) -> Ended {
    let mut command = tokio::process::Command::from(command(arguments));
    let ended = tokio::time::timeout(PATIENCE, command.kill_on_drop(true).output()).await;
    ended.expect("it runs instead of being refused").unwrap().into()
}

/// The program, which is to end at once.
pub(crate) fn program(arguments: &[&str]) -> Ended {
    bare(env!("CARGO_BIN_EXE_devnet")).args(arguments).output().unwrap().into()
}

/// `./up`, which is to end before it sets up or builds anything.
pub(crate) fn script(arguments: &[&str]) -> Ended {
    let up = Path::new(env!("CARGO_MANIFEST_DIR")).join("../up");
    bare(up).args(arguments).output().unwrap().into()
}

/// A stack that is ready.
pub(crate) struct Stack {
    child: Option<Child>,
    output: std::thread::JoinHandle<String>,
    /// The address it tells its user.
    pub(crate) page: String,
    /// From the command to the line that says so.
    pub(crate) took: Duration,
}

/// How a stack ended.
pub(crate) struct Stopped {
    pub(crate) code: Option<i32>,
    pub(crate) took: Duration,
    pub(crate) output: String,
}

impl Stack {
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        let _alone = STARTS.lock().await;
        let began = Instant::now();
        let mut child = command(arguments).stderr(Stdio::inherit()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (tell, told) = tokio::sync::oneshot::channel();
        let output = std::thread::spawn(move || read(stdout, tell));
        // Made before it is waited for: what does not get ready is stopped all the same.
        let mut stack = Self { child: Some(child), output, page: String::new(), took: Duration::ZERO };
        match tokio::time::timeout(PATIENCE, told).await {
            Ok(Ok(page)) => (stack.page, stack.took) = (page, began.elapsed()),
            _ => panic!("not ready: {}", stack.interrupt().await.output),
        }
        stack
    }

    /// What the API answers.
    pub(crate) async fn api(&self, path: &str) -> Value {
        get(&format!("{}{path}", self.page.trim_end_matches('/'))).await
    }

    /// Whom it has started.
    pub(crate) fn children(&self) -> Vec<u32> {
        let own = self.child.as_ref().unwrap().id();
        let listed = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().unwrap();
        let listed = String::from_utf8(listed.stdout).unwrap();
        let pairs = listed.lines().filter_map(|line| line.trim().split_once(char::is_whitespace));
        let numbers = pairs.map(|(pid, parent)| (pid.parse::<u32>().unwrap(), parent.trim().parse::<u32>().unwrap()));
        numbers.filter(|(_, parent)| *parent == own).map(|(pid, _)| pid).collect()
    }

    /// Ctrl-C.
    pub(crate) async fn interrupt(mut self) -> Stopped {
        let mut child = self.child.take().unwrap();
        let began = Instant::now();
        interrupt(&child);
        let ended = tokio::task::spawn_blocking(move || child.wait().unwrap());
        let status = tokio::time::timeout(PATIENCE, ended).await.expect("it does not stop").unwrap();
        let took = began.elapsed();
        let output = std::mem::replace(&mut self.output, std::thread::spawn(String::new)).join().unwrap();
        Stopped { code: status.code(), took, output }
    }

    /// The process itself, to be dealt with otherwise.
    pub(crate) fn into_child(mut self) -> Child {
        self.child.take().unwrap()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            interrupt(child);
            child.wait().ok();
        }
    }
}

fn interrupt(child: &Child) {
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().ok();
}

/// Reads to the end; tells the address on the way.
fn read(stdout: ChildStdout, tell: tokio::sync::oneshot::Sender<String>) -> String {
    use std::io::{BufRead, BufReader};
    let (mut tell, mut text) = (Some(tell), String::new());
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let page = line.trim_start().strip_prefix("ready | ").and_then(|rest| rest.split(' ').next());
        if let (Some(page), Some(tell)) = (page, tell.take_if(|_| page.is_some())) {
            tell.send(page.to_owned()).ok();
        }
        text.push_str(&line);
        text.push('\n');
    }
    text
}
