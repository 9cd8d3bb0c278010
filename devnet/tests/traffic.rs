//! Traffic on a real node: what it causes, that it comes again, and that it goes on after a reorg.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use abi::{Diem, StakingV1, StakingV2, Vvv};
use alloy_primitives::{Address, B256, U256};
use alloy_rpc_types_eth::Log;
use alloy_sol_types::SolEvent;
use anyhow::{Context, Result};
use devnet::anvil::{Anvil, AnvilConfig};
use devnet::contracts::{self, DEPLOYMENT_TOML, addresses};
use devnet::guarded::scratch_directory;
use devnet::mining;
use devnet::rpc::Rpc;
use devnet::traffic::action::Kind;
use devnet::traffic::{Traffic, TrafficConfig, drive, kinds};
use devnet::truth::{self, Network, Position};
use serde_json::{Value, json};
use store::deployment::{Deployment, LabelKind};

/// Midnight UTC.
const GENESIS: u64 = 1_700_006_400;

async fn node() -> Result<Anvil> {
    mining::node(AnvilConfig::new()).genesis_timestamp(GENESIS).start().await
}

async fn start(config: TrafficConfig) -> Result<(Anvil, Traffic)> {
    let anvil = node().await?;
    contracts::deploy(&anvil.rpc(), &config.deploy).await?;
    let traffic = Traffic::new(anvil.rpc(), config).await?;
    Ok((anvil, traffic))
}

/// A run that reaches the second logic early.
fn short(seed: u64) -> TrafficConfig {
    TrafficConfig { users: 60, upgrade_at_block: 30, ..TrafficConfig::fast(seed) }
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
    println!("{:.0} blocks/s: {tally:?}", 300.0 / begun.elapsed().as_secs_f64());
    let missing: Vec<_> = kinds().filter(|kind| !tally.contains_key(kind)).collect();
    assert!(missing.is_empty(), "never happened: {missing:?}");

    let rpc = anvil.rpc();
    let head = traffic.head().number;
    let logs = truth::logs(&rpc, 0, head).await?;
    every_event_occurs(&logs);
    mints_are_ambiguous_as_on_mainnet(&logs);
    for block in [head, head - 1, 250, 150, 101, 100, 50, 4] {
        figures_add_up(&rpc, block).await?;
    }
    Ok(())
}

fn every_event_occurs(logs: &[Log]) {
    let seen: BTreeSet<(Address, B256)> = logs.iter().filter_map(|log| Some((log.address(), *log.topic0()?))).collect();
    let events = |contract: Address, selectors: &'static [[u8; 32]]| {
        selectors.iter().map(move |selector| (contract, B256::from(*selector)))
    };
    let missing: Vec<_> = events(addresses::VVV, Vvv::VvvEvents::SELECTORS)
        .chain(events(addresses::STAKING, StakingV1::StakingV1Events::SELECTORS))
        .chain(events(addresses::STAKING, StakingV2::StakingV2Events::SELECTORS))
        .chain(events(addresses::DIEM, Diem::DiemEvents::SELECTORS))
        .filter(|event| !seen.contains(event))
        .collect();
    assert!(missing.is_empty(), "never emitted: {missing:?}");
}

/// Two equal mints in one transaction, and a mint beside a direct mint of the same amount.
fn mints_are_ambiguous_as_on_mainnet(logs: &[Log]) {
    let mut by_transaction: BTreeMap<B256, (Vec<U256>, Vec<U256>)> = BTreeMap::new();
    for log in logs {
        let (minted, transferred) = by_transaction.entry(log.transaction_hash.unwrap_or_default()).or_default();
        if let Ok(event) = StakingV2::DiemMinted::decode_log(&log.inner) {
            minted.push(event.diemMinted);
        }
        let transfer = Diem::Transfer::decode_log(&log.inner).ok().filter(|log| log.address == addresses::DIEM);
        if let Some(transfer) = transfer.filter(|transfer| transfer.from == Address::ZERO) {
            transferred.push(transfer.value);
        }
    }
    let equal = |amounts: &[U256]| amounts.len() == 2 && amounts[0] == amounts[1];
    assert!(by_transaction.values().any(|(minted, _)| equal(minted)), "no two equal mints");
    let beside = |(minted, transferred): &(Vec<U256>, Vec<U256>)| minted.len() == 1 && equal(transferred);
    assert!(by_transaction.values().any(beside), "no mint beside a direct mint");
}

/// The positions of everybody ever seen are all there is.
async fn figures_add_up(rpc: &Rpc, block: u64) -> Result<()> {
    let seen: Vec<_> = truth::addresses_seen(rpc, 0, block).await?.into_iter().collect();
    let positions = truth::positions(rpc, block, &seen).await?;
    let network = truth::network(rpc, block).await?;
    let sum = |figure: fn(&Position) -> U256| positions.iter().map(figure).sum::<U256>();
    assert_eq!(sum(|it| it.vvv), network.vvv_supply, "VVV at {block}");
    assert_eq!(sum(|it| it.svvv), network.svvv_supply, "sVVV at {block}");
    assert_eq!(sum(|it| it.locked), network.svvv_locked, "locked at {block}");
    assert_eq!(sum(|it| it.diem), network.diem_supply, "DIEM at {block}");
    assert_eq!(sum(|it| it.diem_staked + it.diem_cooling), network.diem_staked, "staked at {block}");
    let burned = positions.iter().find(|it| it.address == Address::ZERO).map(|it| it.vvv);
    assert_eq!(burned, Some(network.vvv_burned), "burned at {block}");
    assert!(!network.vvv_supply.is_zero());
    assert!(!network.has_locks() || !network.diem_cooldown_seconds.is_zero());
    Ok(())
}

#[tokio::test]
async fn before_the_contracts_everything_is_zero() -> Result<()> {
    let (anvil, _) = start(short(1)).await?;
    let rpc = anvil.rpc();
    assert_eq!(truth::network(&rpc, 0).await?, Network::default());
    let nobody = Position { address: addresses::TREASURY, ..Position::default() };
    assert_eq!(truth::positions(&rpc, 0, &[addresses::TREASURY]).await?, [nobody]);
    let first = truth::network(&rpc, 1).await?;
    assert_eq!((first.vvv_supply, first.svvv_supply), (U256::from(100_000_000) * contracts::TOKEN, U256::ZERO));
    Ok(())
}

/// Also where one who comes in halfway reads from the chain what the other kept in mind: what traffic keeps is true.
#[tokio::test]
async fn the_same_seed_gives_the_same_blocks() -> Result<()> {
    let run = async |seed, restart| {
        let (anvil, mut traffic) = start(short(seed)).await?;
        mine(&mut traffic, 100).await?;
        if restart {
            traffic = Traffic::new(anvil.rpc(), short(seed)).await?;
        }
        mine(&mut traffic, 20).await?;
        anyhow::Ok((truth::logs(&anvil.rpc(), 0, traffic.head().number).await?, traffic.head()))
    };
    let (first, again, other) = (run(7, false).await?, run(7, true).await?, run(8, false).await?);
    assert_eq!(first, again);
    assert_ne!(first.1, other.1);
    Ok(())
}

#[tokio::test]
async fn traffic_goes_on_after_a_reorg() -> Result<()> {
    let (anvil, mut traffic) = start(short(3)).await?;
    let rpc = anvil.rpc();
    mine(&mut traffic, 60).await?;
    for depth in [1, 10, 2] {
        let (height, orphan) = (traffic.head().number, traffic.head().hash);
        rpc.call::<Value>("anvil_rollback", [depth]).await?;
        traffic.resync().await?;
        assert_eq!(traffic.head().number, height - depth);
        mine(&mut traffic, depth + 5).await?;
        assert_ne!(block_hash(&rpc, height).await?, orphan, "the new branch is another one");
    }
    rpc.call::<Value>("anvil_reorg", json!([5, []])).await?;
    mine(&mut traffic, 20).await?;
    figures_add_up(&rpc, traffic.head().number).await
}

#[tokio::test]
async fn a_reorg_may_undo_the_upgrade_and_more() -> Result<()> {
    let (anvil, mut traffic) = start(short(4)).await?;
    let rpc = anvil.rpc();
    mine(&mut traffic, 1).await?;
    let snapshot: String = rpc.call("evm_snapshot", json!([])).await?;
    mine(&mut traffic, 30).await?;
    for depth in [traffic.head().number - 30, 2] {
        rpc.call::<Value>("anvil_rollback", [depth]).await?;
        mine(&mut traffic, depth + 3).await?;
    }
    assert!(truth::network(&rpc, traffic.head().number).await?.has_locks());
    assert!(rpc.call::<bool>("evm_revert", [snapshot]).await?);
    let tally = mine(&mut traffic, 40).await?;
    assert_eq!((tally.get(&Kind::DeployDiem), tally.get(&Kind::Upgrade)), (Some(&1), Some(&1)));
    figures_add_up(&rpc, traffic.head().number).await
}

async fn block_hash(rpc: &Rpc, number: u64) -> Result<B256> {
    let block: Value = rpc.call("eth_getBlockByNumber", json!([format!("{number:#x}"), false])).await?;
    Ok(serde_json::from_value(block["hash"].clone())?)
}

#[tokio::test]
async fn a_second_start_finds_everything_in_place() -> Result<()> {
    let directory = scratch_directory("traffic")?;
    let node = || mining::node(AnvilConfig::new()).genesis_timestamp(GENESIS).state(directory.join("state.json"));
    let anvil = node().start().await?;
    assert_eq!(drive(anvil.rpc(), short(5), Some(50), std::future::pending()).await?, 50);
    let head = mining::head(&anvil.rpc()).await?;
    anvil.stop().await?;

    let anvil = node().start().await?;
    let deployed = contracts::deploy(&anvil.rpc(), &short(5).deploy).await?;
    assert!(deployed.already);
    assert_eq!(deployed.head, head);
    let mut traffic = Traffic::new(anvil.rpc(), short(5)).await?;
    let tally = mine(&mut traffic, 20).await?;
    assert!(!tally.contains_key(&Kind::Distribute) && !tally.contains_key(&Kind::Upgrade));
    assert_eq!(traffic.run(None, std::future::ready(())).await?, 0, "stops when it is told to");
    figures_add_up(&anvil.rpc(), head.number + 20).await?;
    anvil.stop().await?;
    Ok(std::fs::remove_dir_all(directory)?)
}

#[tokio::test]
async fn in_real_time_the_chain_keeps_the_wall_clock() -> Result<()> {
    let config = TrafficConfig { users: 10, ..TrafficConfig::real_time(6) };
    let anvil = mining::node(AnvilConfig::new()).start().await?;
    contracts::deploy(&anvil.rpc(), &config.deploy).await?;
    let mut traffic = Traffic::new(anvil.rpc(), config).await?;
    let begun = Instant::now();
    traffic.run(Some(3), std::future::pending()).await?;
    assert!((2..4).contains(&begun.elapsed().as_secs()), "three blocks, two pauses");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?.as_secs();
    assert!(traffic.head().timestamp.abs_diff(now) <= 5);
    Ok(())
}

#[test]
fn the_deployment_file_names_what_is_deployed() -> Result<()> {
    let deployment: Deployment = toml::from_str(DEPLOYMENT_TOML)?;
    let contracts = deployment.contracts;
    assert_eq!(
        [contracts.vvv, contracts.staking, contracts.diem, contracts.multicall3],
        [addresses::VVV, addresses::STAKING, addresses::DIEM, addresses::MULTICALL3]
    );
    let implementations: Vec<_> = deployment.implementations.iter().map(|it| it.address).collect();
    assert_eq!(implementations, [addresses::STAKING_V1, addresses::STAKING_V2]);
    let expected = [
        (addresses::TREASURY, LabelKind::Treasury),
        (addresses::BURN_SAFE, LabelKind::DiscretionaryBurn),
        (addresses::WETH_POOL, LabelKind::ProgrammaticBurn),
        (addresses::DIEM_POOL, LabelKind::Pool),
        (addresses::AIRDROP, LabelKind::Airdrop),
        (addresses::VESTING, LabelKind::Custody),
    ];
    for (address, kind) in expected.into_iter().chain(addresses::VAULTS.map(|it| (it, LabelKind::StakingVault))) {
        let label = deployment.label(address).with_context(|| format!("{address} has no label"))?;
        assert_eq!(label.kind, kind);
    }
    Ok(())
}
