//! Who is asked, and why others are not.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use devnet::scripted::{Fault, ScriptedNode, SharedChain, TransportFault, ViewFault};
use indexer::chain::nodes::{Nodes, NodesConfig};
use indexer::chain::{Chain, ChainError};

use crate::support::{World, chain, eventually};

fn bad_gateway() -> TransportFault {
    TransportFault::Status { status: 502, body: "bad gateway".into() }
}

#[tokio::test]
async fn where_one_fails_the_next_is_asked_within_the_same_request() {
    let world = World::new(2).await;
    assert_eq!(world.pool.head().await.unwrap().number, 30);
    assert_eq!(world.asked(1, "eth_getBlockByNumber"), 0);
    for fault in [bad_gateway(), TransportFault::Throttle { retry_after_seconds: Some(60) }, TransportFault::CutBody] {
        world.nodes[0].faults().clear();
        world.nodes[0].faults().always(fault.clone());
        assert_eq!(world.pool.head().await.unwrap().number, 30, "{fault:?}");
    }
    let health = world.health(0);
    assert_eq!(health.excluded, Some("failing"));
    assert!(health.error_rate > 0.0);
    assert!(world.health(1).preferred);
}

#[tokio::test]
async fn a_node_that_failed_is_left_alone_for_a_while() {
    let world = World::new(2).await;
    world.nodes[0].faults().always(TransportFault::Throttle { retry_after_seconds: Some(60) });
    world.pool.head().await.unwrap();
    let before = world.nodes[0].http_requests();
    for _ in 0..10 {
        world.pool.head().await.unwrap();
    }
    assert_eq!(world.nodes[0].http_requests(), before);
}

#[tokio::test]
async fn where_all_fail_the_error_names_the_first() {
    let world = World::new(2).await;
    for node in &world.nodes {
        node.faults().always(bad_gateway());
    }
    let error = world.pool.head().await.unwrap_err().to_string();
    assert!(error.contains(&world.name(0)) && error.contains("502"), "{error}");
}

#[tokio::test]
async fn a_node_that_lags_is_noticed_by_its_answers() {
    let mut world = World::new(2).await;
    world.nodes[0].faults().always(ViewFault::Lag { blocks: 20 });
    world.watch();
    eventually("the lag is noticed", || world.health(0).excluded == Some("lagging")).await;
    assert_eq!(world.health(0).lag_seconds, Some(40));
    assert_eq!(world.pool.head().await.unwrap().number, 30);
    world.nodes[0].faults().clear();
    eventually("it is asked again", || world.health(0).excluded.is_none()).await;
}

#[tokio::test]
async fn one_node_alone_cannot_make_two_others_late() {
    let mut world = World::new(3).await;
    let ahead = {
        let mut own = world.nodes[0].chain(|chain| chain.clone());
        own.mine_empty(100);
        SharedChain::from(own)
    };
    world.nodes[2].faults().always(ViewFault::Fork(ahead));
    world.watch();
    eventually("all are heard", || world.pool.health().iter().all(|node| node.head.is_some())).await;
    eventually("the third is ahead", || world.health(2).head.unwrap().number == 130).await;
    assert_eq!([world.health(0).excluded, world.health(1).excluded], [None, None]);
}

#[tokio::test]
async fn a_node_on_a_fork_is_outvoted() {
    let mut world = World::new(3).await;
    let fork = world.nodes[0].chain(|chain| {
        let mut fork = chain.fork(3);
        fork.mine_empty(3);
        SharedChain::from(fork)
    });
    world.nodes[0].faults().always(ViewFault::Fork(fork));
    world.watch();
    eventually("the fork is noticed", || world.health(0).excluded == Some("forked")).await;
    assert_eq!([world.health(1).excluded, world.health(2).excluded], [None, None]);
    let ours = world.nodes[1].chain(|chain| chain.head().hash);
    assert_eq!(world.pool.head().await.unwrap().hash, ours);
}

#[tokio::test]
async fn of_two_that_differ_neither_is_outvoted_but_it_is_told() {
    let mut world = World::new(2).await;
    let fork = world.nodes[0].chain(|chain| {
        let mut fork = chain.fork(3);
        fork.mine_empty(3);
        SharedChain::from(fork)
    });
    world.nodes[1].faults().always(ViewFault::Fork(fork));
    world.watch();
    let told = |world: &World| world.health(1).detail.is_some_and(|detail| detail.contains("has another block"));
    eventually("it is told", || told(&world)).await;
    assert_eq!([world.health(0).excluded, world.health(1).excluded], [None, None]);
}

#[tokio::test]
async fn a_node_of_another_chain_is_left_out_and_named_by_its_host_alone() {
    let shared = SharedChain::from(chain());
    let (ours, other) =
        (ScriptedNode::start(shared.clone()).await.unwrap(), ScriptedNode::start(shared).await.unwrap());
    other.faults().always(ViewFault::ChainId(1));
    let urls = [format!("{}/?key=SECRET", other.url), ours.url.clone()];
    let nodes =
        |urls: &[String]| Nodes::new(NodesConfig::new(urls.iter().map(|url| url.parse().unwrap()).collect())).unwrap();
    let pool = nodes(&urls);
    pool.admit(8453).await.unwrap();
    assert_eq!(pool.health()[0].excluded, Some("other_chain"));
    assert!(!format!("{:?}", pool.health()).contains("SECRET"));
    let before = other.http_requests();
    assert_eq!(pool.head().await.unwrap().number, 30);
    ours.faults().always(Fault::from(bad_gateway()));
    assert!(matches!(pool.head().await, Err(ChainError::Unavailable(_))));
    assert_eq!(other.http_requests(), before, "not even where nobody else is left");
    let error = nodes(&urls[..1]).admit(8453).await.unwrap_err();
    assert!(matches!(error, ChainError::OtherChain(_)), "{error:?}");
    assert!(error.to_string().contains("the node is of chain 1, the deployment of 8453"), "{error}");
    assert!(!error.to_string().contains("SECRET"), "{error}");
}

#[tokio::test]
async fn a_node_that_changes_its_chain_is_left_out() {
    let world = World::new(2).await;
    world.nodes[0].faults().always(ViewFault::ChainId(1));
    world.pool.admit(8453).await.unwrap();
    assert_eq!(world.health(0).excluded, Some("other_chain"));
    world.pool.head().await.unwrap();
    assert!(world.health(1).preferred);
}

#[tokio::test]
async fn requests_are_no_more_often_than_allowed() {
    let limit = NonZeroU32::new(5);
    let world = World::with(1, |config| NodesConfig { requests_per_second: limit, ..config }).await;
    let started = Instant::now();
    for _ in 0..9 {
        world.pool.head().await.unwrap();
    }
    // With the one for the chain id: five at once, the other five 200 ms apart.
    assert!(started.elapsed() >= Duration::from_millis(900), "{:?}", started.elapsed());
    assert_eq!(world.health(0).requests, 10);
}

#[tokio::test]
async fn keys_stay_out_of_errors() {
    for scheme in ["http", "ws"] {
        let url = format!("{scheme}://user:SECRETWORD@127.0.0.1:9/v2/SECRETKEY?key=SECRETTOO");
        let pool = Nodes::new(NodesConfig::new(vec![url.parse().unwrap()])).unwrap();
        let error = pool.head().await.unwrap_err().to_string();
        assert!(error.contains("not to be had") && !error.contains("SECRET"), "{error}");
    }
}

#[tokio::test]
async fn a_node_that_hangs_is_not_waited_for_long() {
    let world = World::new(2).await;
    world.nodes[0].faults().always(TransportFault::Hang);
    assert_eq!(world.pool.head().await.unwrap().number, 30);
    assert!(world.health(0).error_rate > 0.0);
    assert!(world.nodes[0].requests()["eth_getBlockByNumber"] > 0, "it was asked, and another answered");
}
