//! Processes, as tests see them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Set for the process that plays the parent in a test about a parent's death.
const PARENT: &str = "DEVNET_TEST_PARENT";

/// Whether this process plays the parent: the test is then to start its child, tell of it, and wait to be killed.
pub(crate) fn is_parent() -> bool {
    std::env::var_os(PARENT).is_some()
}

/// Runs the same test of this very executable over again as the parent, and returns what it tells.
pub(crate) fn parent(test: &str) -> (Child, [String; 2]) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(PARENT, "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told = lines.filter_map(|line| line.split_once("> ").map(|(_, rest)| rest.to_owned()));
    let mut next = || told.next().expect("the parent ended before it told everything");
    let words = [next(), next()];
    (child, words)
}

/// What the parent says to the test, each on a line of its own; then it waits to be killed.
pub(crate) async fn tell(words: [String; 2]) {
    for word in words {
        println!("> {word}");
    }
    std::future::pending().await
}

/// Kills a process as the kernel does when memory runs out: it learns nothing of it.
pub(crate) fn kill_hard(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Whether a process runs. One that has ended and that nobody has waited for does not.
pub(crate) fn runs(pid: u32) -> bool {
    let alive = Command::new("kill").args(["-0", &pid.to_string()]).stderr(Stdio::null()).status().unwrap().success();
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = status.rsplit(')').next().and_then(|rest| rest.split_whitespace().next());
    alive && state != Some("Z")
}

/// Waits until something holds; panics with `what` after 20 s.
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
