//! Tests about a parent's death: the test plays the parent too, in a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

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
