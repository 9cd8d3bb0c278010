//! The stack as a user runs it: the real program on free ports, a real browser on its page, signals and crashes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod page;
mod stack;
#[path = "../support/mod.rs"]
mod support;

use std::net::TcpListener;
use std::time::Duration;

use devnet::anvil::AnvilConfig;
use devnet::contracts;
use devnet::mining::{self, Pace};
use devnet::traffic::{TrafficConfig, drive};
use page::Page;
use serde_json::Value;
use stack::{Home, Stack, free_address, get, program, refused, script};
use support::{eventually, kill_hard, runs};

/// Quick blocks, so that the chain is soon past the deployment of DIEM and has holders for more than one page.
const BLOCK_TIME: &str = "0.05";
const ROWS_MIN: u64 = 55;

/// Waits until the table has several pages, and allocations in it.
async fn lively(stack: &Stack) {
    tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            let table = stack.api("/v1/capacity?order=allocation&limit=1").await;
            let first = &table["items"][0]["allocation_usd_micros"];
            if table["rows"].as_u64() > Some(ROWS_MIN) && first.as_u64() > Some(0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await
    .expect("a chain with several pages of holders within 60 s");
}

#[tokio::test]
async fn the_page_shows_what_the_api_answers_and_says_when_it_is_gone() {
    let (home, listen) = (Home::new(), free_address());
    let arguments = ["--listen", &listen, "--data-dir", home.path(), "--block-time", BLOCK_TIME];
    let stack = Stack::start(&arguments).await;
    assert_eq!(stack.page, format!("http://{listen}/"));
    assert_eq!(stack.api("/readyz?needs=both").await["ready"], true);
    lively(&stack).await;
    let mut page = Page::open(&stack.page);
    page.until("figures hold").await;

    let head = stack.api("/v1/status").await["as_of"].clone();
    let number = head["block_number"].as_u64().unwrap();
    let children = stack.children();
    assert!(children.len() >= 8, "Postgres, node, indexer, api and a guard for each: {children:?}");
    let stopped = stack.interrupt().await;
    assert_eq!(stopped.code, Some(0), "{}", stopped.output);
    let left: Vec<u32> = children.into_iter().filter(|pid| runs(*pid)).collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    page.say("it is stopped").await;
    page.until("the page says so").await;

    let stack = Stack::start(&["--listen", &listen, "--data-dir", home.path()]).await;
    assert!(stack.took < Duration::from_secs(5), "a second start took {:?}", stack.took);
    assert!(stack.api("/v1/status").await["as_of"]["block_number"].as_u64().unwrap() >= number);
    let same = stack.api(&format!("/v1/supply?block={number}")).await;
    assert_eq!(same["as_of"]["block_hash"], head["block_hash"], "the same chain");
    page.say("it is back").await;
    page.until("the page goes on").await;
    page.end().await;
    let stopped = stack.interrupt().await;
    assert_eq!(stopped.code, Some(0));
    assert!(stopped.took < Duration::from_millis(2_500), "a stop took {:?}: {}", stopped.took, stopped.output);
}

#[tokio::test]
async fn a_stack_that_is_killed_leaves_nobody_behind_and_starts_again() {
    let (home, listen) = (Home::new(), free_address());
    let stack = Stack::start(&["--listen", &listen, "--data-dir", home.path()]).await;

    let second = refused(&["--listen", &free_address(), "--data-dir", home.path()]).await;
    assert_eq!(second.code, Some(2));
    assert!(second.errors.starts_with("error: another stack runs on "), "{}", second.errors);
    assert_eq!((second.errors.lines().count(), second.output.as_str()), (1, ""));

    let before = stack.api("/v1/status").await["as_of"].clone();
    let children = stack.children();
    kill_hard(stack.into_child());
    eventually("every child has ended", || !children.iter().any(|pid| runs(*pid)));

    let stack = Stack::start(&["--listen", &listen, "--data-dir", home.path()]).await;
    let number = before["block_number"].as_u64().unwrap();
    let same = stack.api(&format!("/v1/supply?block={number}")).await;
    assert_eq!(same["as_of"]["block_hash"], before["block_hash"], "the same chain");
    assert_eq!(stack.interrupt().await.code, Some(0));
}

#[tokio::test]
async fn a_port_in_use_is_said_in_one_line_before_anything_starts() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = held.local_addr().unwrap();
    let home = Home::new();
    let outcome = refused(&["--listen", &address.to_string(), "--data-dir", home.path()]).await;
    let line = format!("error: port {} is in use; choose another with --listen\n", address.port());
    assert_eq!((outcome.code, outcome.errors, outcome.output), (Some(2), line, String::new()));
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "nothing is made");
}

#[tokio::test]
async fn a_deployment_without_its_chain_is_refused() {
    let outcome = refused(&["--deployment", "base", "--listen", &free_address()]).await;
    let line = "error: --deployment goes with --rpc-url; the local chain brings its own\n";
    assert_eq!((outcome.code, outcome.errors.as_str()), (Some(2), line));
}

/// `./up` answers these itself: the program is not built yet where a user tries them first.
#[test]
fn the_script_knows_the_options_of_the_program() {
    let script = |argument: &str| script(&[argument]);
    let told = program(&["up", "--help"]).output;
    let helped = script("--help");
    assert_eq!(helped.output, told.replacen("devnet up", "./up", 4), "devnet/up-help.txt is what the program says");
    assert_eq!((helped.code, helped.errors.as_str()), (Some(0), ""));
    for (argument, line) in [
        ("--bogus", "error: unexpected argument '--bogus'; ./up --help lists the options\n"),
        ("--bogus=1", "error: unexpected argument '--bogus=1'; ./up --help lists the options\n"),
        ("stray", "error: unexpected argument 'stray'; ./up --help lists the options\n"),
        ("--listen", "error: --listen needs a value; ./up --help lists the options\n"),
    ] {
        let refused = script(argument);
        assert_eq!((refused.code, refused.errors.as_str(), refused.output.as_str()), (Some(2), line, ""));
    }
}

#[tokio::test]
async fn it_follows_a_chain_of_ones_own() {
    let home = Home::new();
    let node = mining::node(AnvilConfig::new()).arg("--prune-history=600").start().await.unwrap();
    let mut config = TrafficConfig::fast(3);
    config.deploy.pace = Pace::AsFastAsPossible { seconds_per_block: 2 };
    drive(node.rpc(), config, Some(30), std::future::pending()).await.unwrap();
    let deployment = home.file("own.toml", contracts::DEPLOYMENT_TOML);

    let (listen, url) = (free_address(), node.url());
    let arguments = ["--rpc-url", &url, "--deployment", &deployment, "--listen", &listen, "--data-dir", home.path()];
    let stack = Stack::start(&arguments).await;
    drive(node.rpc(), config, Some(1), std::future::pending()).await.unwrap();
    let head = mining::head(&node.rpc()).await.unwrap();
    let hash = Value::from(head.hash.to_string());
    tokio::time::timeout(Duration::from_secs(20), async {
        while get(&format!("http://{listen}/v1/status")).await["as_of"]["block_hash"] != hash {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .expect("the node's head within 20 s");
    assert_eq!(stack.children().len(), 6, "Postgres, indexer, api, and no chain");
    assert_eq!(stack.interrupt().await.code, Some(0));
    node.stop().await.unwrap();
}
