//! Traffic on a real node: what it causes, and that it comes again.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use alloy_primitives::{Address, B256, Bytes, U256};
use anyhow::{Context, Result};
use devnet::anvil::{Anvil, AnvilConfig};
use devnet::contracts::addresses::{DIEM, STAKING, STAKING_V1, STAKING_V2, VVV};
use devnet::contracts::{self, DEPLOYMENT_TOML, addresses};
use devnet::mining;
use devnet::rpc::Rpc;
use devnet::traffic::action::Kind;
use devnet::traffic::{Traffic, TrafficConfig, kinds};
use devnet::truth::{self, Position};
use serde_json::{Value, json};

/// Midnight UTC, some months before the real launch.
const GENESIS: u64 = 1_700_006_400;

async fn start(config: TrafficConfig) -> Result<(Anvil, Traffic)> {
    let anvil = mining::node(AnvilConfig::new()).genesis_timestamp(GENESIS).start().await?;
    contracts::deploy(&anvil.rpc(), &config.deploy).await?;
    let traffic = Traffic::new(anvil.rpc(), config).await?;
    Ok((anvil, traffic))
}

/// Mines so many blocks and counts what happened in them.
async fn mine(traffic: &mut Traffic, blocks: u64) -> Result<BTreeMap<Kind, u64>> {
    let mut tally = BTreeMap::new();
    for _ in 0..blocks {
        for kind in traffic.mine_block().await?.actions {
            *tally.entry(kind).or_default() += 1;
        }
    }
    Ok(tally)
}

#[tokio::test]
async fn everything_happens_in_three_hundred_blocks() -> Result<()> {
    let (anvil, mut traffic) = start(TrafficConfig::fast(1)).await?;
    let begun = Instant::now();
    let tally = mine(&mut traffic, 300).await?;
    println!("{:.0} blocks/s", 300.0 / begun.elapsed().as_secs_f64());
    println!("{tally:?}");
    let missing: Vec<_> = kinds().filter(|kind| !tally.contains_key(kind)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");
    let _ = anvil.stop().await?;
    Ok(())
}
