//! Parameters that change without an event: found, derived with from where they changed, and the same without a node.

use abi::{Diem as D, StakingV2 as S, Vvv as V};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use devnet::scripted::{
    ArchiveWording, CallAnswer, ChainOptions, Finality, Refusal, ScriptedChain, ScriptedLog, ScriptedNode,
};
use indexer::bars::Bars;
use indexer::replay::replay;
use sqlx::PgPool;

use crate::economy;
use crate::gates::Gates;
use crate::naive::{DIEM, STAKING, VVV};
use crate::program::Indexer;
use crate::world::{World, digests};

/// A second of this chain is the last of its day.
const MIDNIGHT: u64 = 1_700_006_400;
/// The first block of the next day, where the contracts are asked again.
const DAILY: u64 = 100;
const BLOCKS: u64 = 130;
const ALICE: Address = Address::repeat_byte(1);
const BOB: Address = Address::repeat_byte(2);
const CAROL: Address = Address::repeat_byte(3);

/// Cooldown of sVVV: from block 40 on another. Emission rate: from 41 on, and again from 70 on. A cell of the curve: from
/// 75 on. Of none of it an event tells.
fn chain(mined: u64) -> ScriptedChain {
    let finality = Finality::Depths { safe: 6, finalized: 12 };
    let genesis_timestamp = MIDNIGHT - 2 * DAILY;
    let mut chain = ScriptedChain::new(ChainOptions { genesis_timestamp, finality, ..ChainOptions::default() });
    for (from, rate) in [(1, 5), (41, 7), (70, 9)] {
        answer(&mut chain, from, STAKING, &S::emissionRatePerSecondCall {}, rate);
    }
    for (from, cooldown) in [(1, 100), (40, 300)] {
        answer(&mut chain, from, STAKING, &S::cooldownDurationCall {}, cooldown);
    }
    answer(&mut chain, 1, DIEM, &D::cooldownDurationCall {}, 200);
    for cell in 0..256 {
        answer(&mut chain, 1, STAKING, &S::diemSupplyCall(U256::from(cell)), cell);
        answer(&mut chain, 1, STAKING, &S::diemMintRatesCall(U256::from(cell)), 1_000 + cell);
    }
    answer(&mut chain, 75, STAKING, &S::diemMintRatesCall(U256::from(200)), 7);
    mine(&mut chain, mined);
    chain
}

fn mine(chain: &mut ScriptedChain, to: u64) {
    while chain.head().number < to {
        let next = chain.head().number + 1;
        chain.mine(match next {
            1 => economy::genesis(),
            2 => [ALICE, BOB, CAROL].into_iter().flat_map(stake).collect(),
            30 => unstake(ALICE),
            40 => unstake(BOB),
            60 => unstake(CAROL),
            _ => Vec::new(),
        });
    }
}

fn answer(chain: &mut ScriptedChain, from: u64, contract: Address, view: &impl SolCall, word: u64) {
    let word = CallAnswer::Returned(B256::from(U256::from(word)).0.into());
    chain.set_answer(from, contract, Bytes::from(view.abi_encode()), word);
}

fn stake(user: Address) -> Vec<ScriptedLog> {
    let amount = U256::from(10);
    vec![
        ScriptedLog::event(VVV, &V::Transfer { from: economy::actor(0), to: STAKING, amount }),
        ScriptedLog::event(STAKING, &S::Transfer { from: Address::ZERO, to: user, value: amount }),
        ScriptedLog::event(STAKING, &S::Staked { user, amount }),
    ]
}

fn unstake(user: Address) -> Vec<ScriptedLog> {
    let amount = U256::from(4);
    vec![
        ScriptedLog::event(STAKING, &S::Transfer { from: user, to: Address::ZERO, value: amount }),
        ScriptedLog::event(STAKING, &S::UnstakeInitiated { user, amount }),
    ]
}

async fn world(mined: u64, with_clock: bool) -> World {
    let World { mut deployment, .. } = World::new(1, with_clock).await;
    let chain = chain(mined);
    if let Some(clock) = &mut deployment.clock {
        clock.genesis_timestamp = chain.options().genesis_timestamp;
    }
    World { node: ScriptedNode::start(chain).await.unwrap(), deployment }
}

/// (name, block, first word of the value, source) of changes of these values.
async fn changes(pool: &PgPool) -> Vec<(String, i64, String, String)> {
    let changes = sqlx::query_as(
        "select name, block_number, coalesce(value[1]::text, 'null'), source
           from (select *, lag(value) over (partition by name order by block_number) as before from parameter) p
          where value is distinct from before and name in ('emission_rate_per_second', 'svvv_cooldown_seconds')
          order by name, block_number",
    );
    changes.fetch_all(pool).await.unwrap()
}

async fn cooling_seconds(pool: &PgPool, user: Address) -> Option<i64> {
    let seconds = sqlx::query_scalar(
        "select svvv_cooling_ends_at - timestamp from position p join block b on b.number = p.block_number
          where address = $1 and svvv_cooling > 0",
    );
    seconds.bind(user.as_slice()).fetch_one(pool).await.unwrap()
}

async fn details(pool: &PgPool) -> Vec<(i64, String)> {
    let details = sqlx::query_as("select block_number, detail from anomaly order by block_number, detail");
    details.fetch_all(pool).await.unwrap()
}

fn row(name: &str, block: u64, value: &str, source: &str) -> (String, i64, String, String) {
    (name.into(), block.try_into().unwrap(), value.into(), source.into())
}

fn traced() -> Vec<(String, i64, String, String)> {
    let (rate, cooldown) = ("emission_rate_per_second", "svvv_cooldown_seconds");
    vec![
        row(rate, 1, "5", "call"),
        row(rate, 41, "7", "inferred"),
        row(rate, 70, "9", "inferred"),
        row(cooldown, 1, "100", "call"),
        row(cooldown, 40, "300", "inferred"),
    ]
}

/// All that is derived is as if events had told of it; Bob, who began in the very block of the change, has no end.
async fn hold_traced(world: &World, pool: &PgPool) {
    assert_eq!(changes(pool).await, traced());
    assert_eq!(cooling_seconds(pool, ALICE).await, Some(100));
    assert_eq!(cooling_seconds(pool, BOB).await, None, "before the change or after it: nobody knows");
    assert_eq!(cooling_seconds(pool, CAROL).await, Some(300));
    let expected = [
        (40, "svvv_cooldown_seconds changed from 100 to 300, and no event says so"),
        (41, "emission_rate_per_second changed from 5 to 7, and no event says so"),
        (70, "emission_rate_per_second changed from 7 to 9, and no event says so"),
        (75, "curve_rates changed from 256 cells to 256 cells, and no event says so"),
    ];
    assert_eq!(details(pool).await, expected.map(|(block, detail)| (block, detail.to_owned())));
    let whole = digests(pool).await;
    for from in [0, 41, 90] {
        sqlx::query("delete from position where block_number >= $1").bind(from).execute(pool).await.unwrap();
        sqlx::query("delete from parameter where block_number >= $1").bind(from).execute(pool).await.unwrap();
        let writer = world.writer(pool).await;
        replay(&writer, &world.deployment, from.try_into().unwrap(), &Bars::default()).await.unwrap();
        drop(writer);
        assert_eq!(digests(pool).await, whole, "from block {from}");
    }
}

#[sqlx::test(migrations = false)]
async fn a_backfill_traces_every_change_to_its_block(pool: PgPool) {
    for with_clock in [true, false] {
        let world = world(BLOCKS, with_clock).await;
        world.follow(&pool).await;
        let asked = world.node.requests()["eth_call"];
        // 4 changes in 98 blocks share 19 questions; the first pass and the second ask at 8 blocks besides.
        assert!(asked <= 32, "{asked} questions");
        hold_traced(&world, &pool).await;
        sqlx::raw_sql("drop schema public cascade; create schema public").execute(&pool).await.unwrap();
    }
}

#[sqlx::test(migrations = false)]
async fn so_does_who_follows_the_head(pool: PgPool) {
    let world = world(20, true).await;
    world.follow(&pool).await;
    for to in 21..=BLOCKS {
        world.node.chain(|chain| mine(chain, to));
        world.follow(&pool).await;
    }
    hold_traced(&world, &pool).await;
    let noted: i64 = sqlx::query_scalar("select count(*) from inferred").fetch_one(&pool).await.unwrap();
    assert_eq!(noted, 4, "each once");
}

/// Of what lies below block 90 nobody knows: what was found there holds from there on.
#[sqlx::test(migrations = false)]
async fn a_node_that_forgets_gives_a_stretch(pool: PgPool) {
    let world = world(20, true).await;
    world.follow(&pool).await;
    world.node.chain(|chain| mine(chain, BLOCKS));
    let forgets = Refusal::NoArchive { blocks_kept: BLOCKS - 90, wording: ArchiveWording::MissingTrieNode };
    world.node.faults().always(forgets);
    world.follow(&pool).await;
    assert_eq!(
        changes(&pool).await,
        [
            row("emission_rate_per_second", 1, "5", "call"),
            row("emission_rate_per_second", 90, "9", "call"),
            row("svvv_cooldown_seconds", 1, "100", "call"),
            row("svvv_cooldown_seconds", 90, "300", "call"),
        ]
    );
    let details = details(&pool).await;
    let expected = "emission_rate_per_second changed from 5 to 9 between blocks 8 and 90, and no event says so";
    assert_eq!(details[1], (90, expected.to_owned()), "{details:?}");
    assert_eq!(cooling_seconds(&pool, CAROL).await, Some(100), "as far as anybody knows");
    let whole = digests(&pool).await;
    let writer = world.writer(&pool).await;
    replay(&writer, &world.deployment, 0, &Bars::default()).await.unwrap();
    assert_eq!(digests(&pool).await, whole);
}

/// No state but of the block in hand: the value holds from there on.
#[sqlx::test(migrations = false)]
async fn a_node_without_past_gives_the_whole_stretch(pool: PgPool) {
    let world = world(20, true).await;
    world.follow(&pool).await;
    let forgets = Refusal::NoArchive { blocks_kept: 0, wording: ArchiveWording::Pruned };
    world.node.faults().always(forgets);
    for to in 21..=BLOCKS {
        world.node.chain(|chain| mine(chain, to));
        world.follow(&pool).await;
    }
    let rate = row("emission_rate_per_second", DAILY, "9", "call");
    assert_eq!(changes(&pool).await[1], rate);
    let details = details(&pool).await;
    let expected = "emission_rate_per_second changed from 5 to 9 between blocks 8 and 100, and no event says so";
    assert_eq!(details[1], (100, expected.to_owned()), "{details:?}");
}

/// Where a trace can be made to wait: about to note what it found, and about to read at the first block of it.
const HANG_GATES: &str = "
    create trigger gate before insert on inferred for each row execute function gate(51);
    create trigger gate before insert on reading for each row when (new.block_number = 40) execute function gate(52);";

#[sqlx::test(migrations = false)]
async fn whoever_kills_it_in_the_middle_changes_nothing(pool: PgPool) {
    let world = world(20, true).await;
    world.follow(&pool).await;
    let mut gates = Gates::shut(pool.clone(), &[51, 52], HANG_GATES).await;
    world.node.chain(|chain| mine(chain, BLOCKS));
    for gate in [51, 52] {
        gates.kill_at(gate, Indexer::run(&pool, &world)).await;
        gates.open(gate).await;
    }
    world.follow(&pool).await;
    hold_traced(&world, &pool).await;
}
