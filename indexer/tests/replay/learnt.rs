//! Logs that nobody could read when they came: kept, counted, warned of, and read without a node once they are known.

use abi::{Diem as D, StakingV2 as S, Vvv as V};
use alloy_primitives::{Address, B256, LogData, U256};
use devnet::scripted::{ChainOptions, Finality, ScriptedChain, ScriptedLog, ScriptedNode};
use sqlx::PgPool;
use store::deployment::{AbiVersion, Implementation};
use store::read::{Database, Limits, anomaly, block};

use crate::economy;
use crate::naive::{DIEM, STAKING, VVV};
use crate::program::{Indexer, deployment_file};
use crate::world::{World, digests};

const MINTER: Address = Address::repeat_byte(9);
const SVVV: u64 = 100;
const MINTED: u64 = 3;
/// A topic of no version.
const NOBODYS: B256 = B256::repeat_byte(0xee);

/// DIEM is minted under an implementation whose name says that it cannot be.
fn chain() -> ScriptedChain {
    let finality = Finality::Depths { safe: 3, finalized: 6 };
    let mut chain = ScriptedChain::new(ChainOptions { finality, ..ChainOptions::default() });
    chain.mine(economy::genesis());
    let amount = U256::from(SVVV);
    chain.mine([
        ScriptedLog::event(VVV, &V::Transfer { from: economy::actor(0), to: STAKING, amount }),
        ScriptedLog::event(STAKING, &S::Transfer { from: Address::ZERO, to: MINTER, value: amount }),
        ScriptedLog::event(STAKING, &S::Staked { user: MINTER, amount }),
    ]);
    let value = U256::from(MINTED);
    chain.mine([
        ScriptedLog::event(DIEM, &D::Transfer { from: Address::ZERO, to: MINTER, value }),
        ScriptedLog::event(STAKING, &S::DiemMinted { sVVVLocked: amount, diemMinted: value }),
    ]);
    let data = LogData::new_unchecked(vec![NOBODYS], vec![1, 2, 3].into());
    chain.mine([ScriptedLog::from(alloy_primitives::Log { address: STAKING, data })]);
    chain.mine_empty(10);
    chain
}

fn named(version: AbiVersion) -> Vec<Implementation> {
    vec![Implementation { address: economy::IMPLEMENTATION, abi: version }]
}

/// What readers are told: logs kept undecoded, and how many of each topic.
async fn unknown(pool: &PgPool) -> (u64, Vec<(Option<B256>, u64)>) {
    let database = Database::lazy_with((*pool.connect_options()).clone(), &Limits::default());
    let mut reading = database.begin().await.unwrap();
    let count = block::facts(&mut reading, 14).await.unwrap().unknown_logs;
    let topics = anomaly::unknown_topics(&mut reading, 14).await.unwrap();
    drop(reading);
    database.close().await;
    (count, topics.into_iter().map(|topic| (topic.topic0, topic.count)).collect())
}

async fn locked(pool: &PgPool) -> Option<(String, String)> {
    let newest = "select locked::text, outstanding::text from position where address = $1 order by block_number desc";
    sqlx::query_as(newest).bind(MINTER.as_slice()).fetch_optional(pool).await.unwrap()
}

async fn kinds(pool: &PgPool) -> Vec<String> {
    let kinds = "select kind from event where contract = 'staking' and block_number in (3, 4) order by block_number";
    sqlx::query_scalar(kinds).fetch_all(pool).await.unwrap()
}

#[sqlx::test(migrations = false)]
async fn what_was_unknown_is_read_once_the_deployment_knows_it(pool: PgPool) {
    let World { mut deployment, .. } = World::new(1, false).await;
    deployment.implementations = named(AbiVersion::V1);
    let mut world = World { node: ScriptedNode::start(chain()).await.unwrap(), deployment };
    world.follow(&pool).await;
    let minted = <S::DiemMinted as alloy_sol_types::SolEvent>::SIGNATURE_HASH;
    let (count, topics) = unknown(&pool).await;
    assert_eq!((count, topics), (2, vec![(Some(minted), 1), (Some(NOBODYS), 1)]));
    assert_eq!(kinds(&pool).await, ["unknown", "unknown"]);
    assert_eq!(locked(&pool).await, Some(("0".into(), "0".into())));

    world.deployment.implementations = named(AbiVersion::V2);
    let file = deployment_file(&world);
    let replay = ["replay", "--from-block", "0", "--deployment", file.to_str().unwrap()];
    let ended = Indexer::start(&pool, &replay).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(unknown(&pool).await, (1, vec![(Some(NOBODYS), 1)]), "that one nobody has learnt");
    assert_eq!(kinds(&pool).await, ["diem_minted", "unknown"]);
    assert_eq!(locked(&pool).await, Some((SVVV.to_string(), MINTED.to_string())));

    // The same as whoever knew from the start.
    let replayed = digests(&pool).await;
    sqlx::raw_sql("drop schema public cascade; create schema public").execute(&pool).await.unwrap();
    world.follow(&pool).await;
    assert_eq!(digests(&pool).await, replayed);
}
