//! A seeded simulation: a scripted chain that grows, reorgs and misbehaves, a database that comes and goes, and a
//! follower that after every step has in it exactly what a naive fold over the same blocks gives.
//!
//! A failure names its seed; `SIMULATION_SEED=n` runs that one alone, `SIMULATION_SEEDS=n` runs that many.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod coverage;
mod database;
mod economy;
mod faults;
mod forks;
mod killed;
mod naive;
mod proxy;
mod rounds;
mod silence;
mod site;
mod subject;
mod world;

use std::str::FromStr;
use std::sync::{Arc, Mutex};

use coverage::Coverage;
use site::Site;

const SEEDS: u64 = 200;
/// Seeds at the same time: many more than processors, because most of a seed is waiting, for nodes that hang above all.
const AT_ONCE: usize = 16;
const THREADS: usize = 2;

fn seeds() -> Vec<u64> {
    let variable = |name| std::env::var(name).ok().and_then(|value| u64::from_str(&value).ok());
    match variable("SIMULATION_SEED") {
        Some(seed) => vec![seed],
        None => (0..variable("SIMULATION_SEEDS").unwrap_or(SEEDS)).collect(),
    }
}

#[test]
fn the_database_equals_a_naive_fold_after_every_step() {
    let seeds = seeds();
    let (count, queue) = (seeds.len(), Arc::new(Mutex::new(seeds.into_iter())));
    let coverage = Arc::new(Coverage::default());
    let threads = (0..THREADS).map(|thread| {
        let (queue, coverage) = (Arc::clone(&queue), Arc::clone(&coverage));
        std::thread::spawn(move || work_through(thread, count, &queue, &coverage))
    });
    let threads: Vec<_> = threads.collect();
    let failures: Vec<String> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let missing = coverage.missing();
    println!("never met: {missing:?}");
    assert!(u64::try_from(count).unwrap() < SEEDS || missing.is_empty(), "never met: {missing:?}");
}

/// Many seeds side by side, each with its node and its way to Postgres on this thread: nothing is handed to another.
fn work_through(
    thread: usize,
    count: usize,
    queue: &Mutex<std::vec::IntoIter<u64>>,
    coverage: &Arc<Coverage>,
) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let workers = (thread..AT_ONCE.min(count)).step_by(THREADS).map(|worker| work(worker, queue, coverage));
    runtime.block_on(futures::future::join_all(workers)).into_iter().flatten().collect()
}

/// Takes one seed after the other until one fails; which and how to see it again.
async fn work(worker: usize, queue: &Mutex<std::vec::IntoIter<u64>>, coverage: &Arc<Coverage>) -> Option<String> {
    let site = Arc::new(Site::new(format!("simulation_{}_{worker}", std::process::id())).await);
    loop {
        let Some(seed) = queue.lock().unwrap().next() else { break };
        let (at, met) = (Arc::clone(&site), Arc::clone(coverage));
        let run = tokio::spawn(async move { rounds::simulate(seed, &at, &met).await });
        if run.await.is_err() {
            return Some(format!("seed {seed} failed; SIMULATION_SEED={seed} runs it again"));
        }
        site.clear().await;
    }
    site.remove().await;
    None
}
