//! The contract twins, put at their real addresses.

pub mod addresses;
pub mod curves;
mod place;
pub mod twins;

use std::time::Duration;

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, SolConstructor};
use anyhow::{Context, Result, ensure};
use serde_json::json;

use self::addresses::{
    AIRDROP, BATCHER, DEPLOYER, DIEM, DIEM_POOL, MULTICALL3, OPERATOR, ORACLE, SAFES, STAKING, STAKING_V1, STAKING_V2,
    TREASURY, VVV, WETH, WETH_POOL,
};
use self::place::{Placement, place};
use crate::mining::{self, Head, Pace, Transaction};
use crate::rpc::Rpc;

/// The deployment file for an indexer that follows this chain.
pub const DEPLOYMENT_TOML: &str = include_str!("../../deployment.toml");

/// 1, for all three tokens and for percentages.
pub const TOKEN: U256 = U256::from_limbs([1_000_000_000_000_000_000, 0, 0, 0]);

/// The upgrade writes 512 cells.
const UPGRADE_GAS: u64 = 16_000_000;

/// What the contracts start with.
#[derive(Clone, Copy, Debug)]
pub struct DeployConfig {
    /// When the deployment's blocks are.
    pub pace: Pace,
    /// How long unstaked sVVV cools.
    pub svvv_cooldown_seconds: u64,
    /// How long unstaked DIEM cools.
    pub diem_cooldown_seconds: u64,
}

impl DeployConfig {
    /// For a chain that runs ahead of the clock: hours, of which a few hundred blocks hold many.
    pub fn fast(seconds_per_block: u64) -> Self {
        Self {
            pace: Pace::AsFastAsPossible { seconds_per_block },
            svvv_cooldown_seconds: 4 * 3600,
            diem_cooldown_seconds: 3 * 3600,
        }
    }

    /// For a chain that keeps the wall clock's time: minutes, so that somebody who looks on sees them end.
    pub fn real_time(interval: Duration) -> Self {
        Self { pace: Pace::RealTime { interval }, svvv_cooldown_seconds: 300, diem_cooldown_seconds: 120 }
    }
}

/// What [`deploy`] found or did.
#[derive(Clone, Copy, Debug)]
pub struct Deployed {
    /// Whether the contracts stood there already.
    pub already: bool,
    /// The newest block afterwards.
    pub head: Head,
}

/// The emission rate per second of so many VVV a year.
pub fn yearly(vvv: u64) -> U256 {
    U256::from(vvv) * TOKEN / U256::from(31_536_000)
}

/// Puts everything but DIEM and the second logic on a chain whose node is set up by [`mining::node`], in three blocks.
/// Does nothing on a chain that has it.
pub async fn deploy(rpc: &Rpc, config: &DeployConfig) -> Result<Deployed> {
    if is_deployed(rpc).await? {
        return Ok(Deployed { already: true, head: mining::head(rpc).await? });
    }
    ensure!(!answers(rpc, VVV).await?, "the chain holds half a deployment: start it anew");
    let mut head = mining::head(rpc).await?;
    head = place(rpc, config.pace.after(head.timestamp), &foundations()).await?;
    head = place(rpc, config.pace.after(head.timestamp), &[proxy(config)]).await?;
    // Before the first stake: an update mints.
    let handover = Transaction::new(DEPLOYER, VVV, &twins::VVV::transferOwnershipCall { newOwner: STAKING });
    mining::send(rpc, &[&handover]).await?;
    head = mining::mine(rpc, config.pace.after(head.timestamp)).await?.0;
    ensure!(is_deployed(rpc).await?, "the deployment did not work");
    Ok(Deployed { already: false, head })
}

/// Whether VVV, owned by the staking proxy, is there.
pub async fn is_deployed(rpc: &Rpc) -> Result<bool> {
    let data = Bytes::from(twins::VVV::ownerCall {}.abi_encode());
    let answer: Bytes = rpc.call("eth_call", json!([{"to": VVV, "data": data}, "latest"])).await?;
    Ok(answer.len() == 32 && Address::from_slice(&answer[12..]) == STAKING)
}

/// Whether DIEM, and with it the second logic, is there.
pub async fn is_diem_deployed(rpc: &Rpc) -> Result<bool> {
    answers(rpc, DIEM).await
}

/// Puts DIEM and the second logic on the chain, in one block. Nothing points to either until the upgrade.
pub async fn deploy_diem(rpc: &Rpc, config: &DeployConfig) -> Result<Head> {
    let diem = twins::DIEM::constructorCall {
        admin: TREASURY,
        stakingProxy: STAKING,
        initialCooldownDuration: U256::from(config.diem_cooldown_seconds),
    };
    let placements = [
        Placement::new(DIEM, &twins::DIEM::BYTECODE, &diem.abi_encode()),
        Placement::new(STAKING_V2, &twins::StakingV2::BYTECODE, &[]),
    ];
    let timestamp = config.pace.after(mining::head(rpc).await?.timestamp);
    place(rpc, timestamp, &placements).await
}

/// The owner's transaction that replaces the proxy's first logic by the second.
pub fn upgrade() -> Result<Transaction> {
    let curves = curves::curves()?;
    let (diem_supply, diem_mint_rates) = curves.first().context("curves.json is empty")?.cells()?;
    let initialize = twins::StakingV2::initializeV2Call {
        diem_: DIEM,
        veniceEmissionsPercentage_: TOKEN / U256::from(5),
        veniceEmissionsPercentageWhenLocked_: TOKEN / U256::from(10),
        diemSupply_: diem_supply,
        diemMintRates_: diem_mint_rates,
    };
    let upgrade =
        twins::StakingV1::upgradeToAndCallCall { newImplementation: STAKING_V2, data: initialize.abi_encode().into() };
    let exec = twins::Safe::execCall { target: STAKING, data: upgrade.abi_encode().into() };
    Ok(Transaction::new(OPERATOR, TREASURY, &exec).gas(UPGRADE_GAS))
}

/// Whether a token stands at an address. Code alone proves nothing: after a rollback a constructor's stub may be there.
async fn answers(rpc: &Rpc, token: Address) -> Result<bool> {
    let data = Bytes::from(twins::VVV::totalSupplyCall {}.abi_encode());
    let answer: Bytes = rpc.call("eth_call", json!([{"to": token, "data": data}, "latest"])).await?;
    Ok(answer.len() == 32)
}

/// Everything whose constructor needs nobody else's code.
fn foundations() -> Vec<Placement> {
    let vvv = twins::VVV::constructorCall { initialOwner: DEPLOYER, treasury: TREASURY };
    let airdrop = twins::Airdrop::constructorCall { venice_: VVV, owner_: OPERATOR };
    let oracle = twins::Oracle::constructorCall { venicePercentage_: TOKEN / U256::from(4) };
    let mut placements = vec![
        Placement::new(VVV, &twins::VVV::BYTECODE, &vvv.abi_encode()),
        Placement::new(STAKING_V1, &twins::StakingV1::BYTECODE, &[]),
        Placement::new(MULTICALL3, &twins::Multicall3::BYTECODE, &[]),
        Placement::new(BATCHER, &twins::Batcher::BYTECODE, &[]),
        Placement::new(AIRDROP, &twins::Airdrop::BYTECODE, &airdrop.abi_encode()),
        Placement::new(ORACLE, &twins::Oracle::BYTECODE, &oracle.abi_encode()),
        pool(WETH_POOL, WETH),
        pool(DIEM_POOL, DIEM),
    ];
    placements.extend(SAFES.map(safe));
    placements
}

fn pool(address: Address, other: Address) -> Placement {
    let tokens = twins::Pool::constructorCall { token0_: VVV, token1_: other };
    Placement::new(address, &twins::Pool::BYTECODE, &tokens.abi_encode())
}

/// The batcher is an owner too, so that several Safes can act in one transaction.
fn safe(address: Address) -> Placement {
    let owners = twins::Safe::constructorCall { owners: vec![OPERATOR, BATCHER] };
    Placement::new(address, &twins::Safe::BYTECODE, &owners.abi_encode())
}

fn proxy(config: &DeployConfig) -> Placement {
    let initialize = twins::StakingV1::initializeCall {
        venice_: VVV,
        treasury_: TREASURY,
        oracle_: ORACLE,
        owner_: TREASURY,
        emissionRatePerSecond_: yearly(14_000_000),
        cooldownDuration_: U256::from(config.svvv_cooldown_seconds),
    };
    let logic =
        twins::ERC1967Proxy::constructorCall { implementation: STAKING_V1, data: initialize.abi_encode().into() };
    Placement::new(STAKING, &twins::ERC1967Proxy::BYTECODE, &logic.abi_encode())
}
