//! Processes, as tests see them.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

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
