//! The writer's two transactions on a real Postgres: all or nothing, and back again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use ledger::block::Block;
use ledger::capacity::Capacity;
use ledger::event::{Contracts, Diem, DiemSwap, Entry, Event, Staking, Transfer, UserAmount, Vvv};
use ledger::parameter::{Parameter, Parameters, Setting, Untold};
use ledger::supply::Supply;
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgPool, Row};
use store::StoreError;
use store::append::{Batch, RawLog, StoredBlock, StoredHeader};
use store::completeness::Grade;
use store::cursor::{BlockRef, Cursors, Lane};
use store::deployment::{ContractAddresses, Deployment};
use store::progress::Progress;
use store::rewind::Rewind;
use store::writer::Writer;

const CONTRACTS: Contracts = Contracts {
    vvv: Address::repeat_byte(0xa1),
    staking: Address::repeat_byte(0xa2),
    diem: Address::repeat_byte(0xa3),
};
const ALICE: Address = Address::repeat_byte(1);

fn deployment() -> Deployment {
    let Contracts { vvv, staking, diem } = CONTRACTS;
    Deployment {
        chain_id: 8453,
        start_block: 1,
        contracts: ContractAddresses { vvv, staking, diem, multicall3: Address::ZERO },
        clock: None,
        policy: Default::default(),
        implementations: Vec::new(),
        labels: Vec::new(),
        diem_targets: Vec::new(),
        finality: None,
    }
}

fn hash(number: u64) -> B256 {
    B256::from(U256::from(number + 1_000))
}

fn block_ref(number: u64) -> BlockRef {
    BlockRef { number, hash: Some(hash(number)) }
}

/// Something of every kind: each block leaves a row in each table but `anomaly` now and then.
fn events(number: u64) -> Vec<Event> {
    let amount = U256::from(1_000 + number);
    let user = |amount| UserAmount { user: ALICE, amount };
    vec![
        Event::Vvv(Vvv::Transfer(Transfer { from: Address::ZERO, to: ALICE, amount })),
        Event::Vvv(Vvv::Transfer(Transfer { from: ALICE, to: Address::ZERO, amount: U256::from(3) })),
        Event::Staking(Staking::Transfer(Transfer { from: Address::ZERO, to: ALICE, amount })),
        Event::Staking(Staking::Staked(user(amount))),
        Event::Diem(Diem::Transfer(Transfer { from: Address::ZERO, to: ALICE, amount: U256::from(7) })),
        Event::Staking(Staking::DiemMinted(DiemSwap { svvv: U256::from(70), diem: U256::from(7) })),
        Event::Diem(Diem::Staked(user(U256::from(number % 2)))),
        Event::Staking(Staking::Set(vec![Setting::word(Parameter::SvvvCooldown, amount)])),
    ]
}

/// Blocks `from..=to`, with what the ledger makes of them.
async fn blocks(writer: &Writer, from: u64, to: u64) -> Vec<StoredBlock> {
    let state = writer.network_state().await.unwrap();
    let mut capacity = Capacity::new(CONTRACTS, state.capacity, state.parameters, state.minted);
    let mut supply = Supply::new(CONTRACTS, state.supply);
    for (address, position) in writer.positions(&[ALICE, CONTRACTS.diem]).await.unwrap() {
        capacity.load(address, position);
    }
    for (address, account) in writer.accounts(&[ALICE, Address::ZERO]).await.unwrap() {
        supply.load(address, account);
    }
    (from..=to)
        .map(|number| {
            let entries = events(number).into_iter().zip(0..);
            let entry = |(event, log_index)| Entry { log_index, tx_index: 0, tx_hash: hash(number), event };
            let readings = vec![Setting { parameter: Parameter::CurveRates, value: vec![U256::MAX; 256] }];
            let untold = vec![Untold { parameter: Parameter::CurveRates, after_block: number - 1 }];
            let entries = entries.map(entry).collect();
            let block = Block { number, timestamp: number * 2, entries, readings, untold };
            let (capacity, supply) = (capacity.apply(&block).unwrap(), supply.apply(&block).unwrap());
            let header =
                StoredHeader { number, hash: hash(number), parent_hash: Some(hash(number - 1)), timestamp: number * 2 };
            StoredBlock { header, is_known: false, logs: raw(&block), block, capacity, supply }
        })
        .collect()
}

fn raw(block: &Block) -> Vec<RawLog> {
    let is_mint = |entry: &Entry| matches!(&entry.event, Event::Vvv(Vvv::Transfer(moved)) if moved.from.is_zero());
    let light = block.entries.iter().filter(|entry| !matches!(entry.event, Event::Vvv(_)) || is_mint(entry));
    let log = |entry: &Entry| RawLog {
        log_index: entry.log_index,
        tx_index: 0,
        tx_hash: entry.tx_hash,
        address: CONTRACTS.staking,
        topics: vec![B256::repeat_byte(1); usize::try_from(entry.log_index % 5).unwrap()],
        data: Bytes::from_static(b"data"),
    };
    light.map(log).collect()
}

async fn writer(pool: &PgPool) -> Writer {
    let writer = Writer::open(options(pool)).await.unwrap();
    writer.adopt(&deployment()).await.unwrap();
    writer
}

fn options(pool: &PgPool) -> PgConnectOptions {
    (*pool.connect_options()).clone()
}

async fn append(writer: &Writer, from: u64, to: u64) -> Result<(), StoreError> {
    let blocks = blocks(writer, from, to).await;
    let after = (from > 1).then(|| block_ref(from - 1));
    writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &blocks,
            after,
            cursor: block_ref(to),
            grade: Some(Grade::Single),
        })
        .await
}

/// Every row of every table that holds state, as text.
async fn dump(pool: &PgPool) -> Vec<String> {
    let mut rows = Vec::new();
    for statement in [
        "select cursor::text from cursor order by name",
        "select block::text from block order by number",
        "select log::text from log order by block_number, log_index",
        "select vvv_transfer::text from vvv_transfer order by block_number, log_index",
        "select reading::text from reading order by block_number, name",
        "select inferred::text from inferred order by block_number, name",
        "select event::text from event order by block_number, log_index",
        "select position::text from position order by block_number, address",
        "select capacity_totals::text from capacity_totals order by block_number",
        "select supply_totals::text from supply_totals order by block_number",
        "select burn::text from burn order by block_number, sender",
        "select mint::text from mint order by block_number, recipient",
        "select parameter::text from parameter order by block_number, name",
        "select anomaly::text from anomaly order by block_number, log_index, kind",
        "select completeness::text from completeness order by cursor, from_block",
    ] {
        let found = sqlx::query(statement).fetch_all(pool).await.unwrap();
        assert!(!found.is_empty(), "nothing to compare: {statement}");
        rows.extend(found.iter().map(|row| row.get::<String, _>(0)));
    }
    rows
}

#[sqlx::test(migrations = false)]
async fn a_rewind_leaves_no_trace_of_what_it_undoes(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 5).await.unwrap();
    let before = dump(&pool).await;
    append(&writer, 6, 9).await.unwrap();
    assert_ne!(dump(&pool).await, before);
    let rewind = Rewind { from_number: 9, from_hash: hash(9), ancestor_number: 5, ancestor_hash: hash(5) };
    writer.rewind_to(&rewind).await.unwrap();
    assert_eq!(dump(&pool).await, before);
    let reorgs: i64 = sqlx::query_scalar("select count(*) from reorg").fetch_one(&pool).await.unwrap();
    assert_eq!(reorgs, 1);
}

#[sqlx::test(migrations = false)]
async fn blocks_at_once_and_one_by_one_are_the_same(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 6).await.unwrap();
    let at_once = dump(&pool).await;
    let rewind = Rewind { from_number: 6, from_hash: hash(6), ancestor_number: 1, ancestor_hash: hash(1) };
    writer.rewind_to(&rewind).await.unwrap();
    for number in 2..=6 {
        append(&writer, number, number).await.unwrap();
    }
    assert_eq!(dump(&pool).await, at_once);
}

/// So many transfers at once that they go by COPY, where Postgres is reached by a socket.
#[sqlx::test(migrations = false)]
async fn rows_that_are_copied_and_rows_that_are_inserted_are_the_same(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 1).await.unwrap();
    append(&writer, 2, 520).await.unwrap();
    let at_once = dump(&pool).await;
    let rewind = Rewind { from_number: 520, from_hash: hash(520), ancestor_number: 1, ancestor_hash: hash(1) };
    writer.rewind_to(&rewind).await.unwrap();
    append(&writer, 2, 260).await.unwrap();
    append(&writer, 261, 520).await.unwrap();
    assert_eq!(dump(&pool).await, at_once);
}

#[sqlx::test(migrations = false)]
async fn a_copy_that_fails_half_way_leaves_nothing(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    let mut blocks = blocks(&writer, 4, 520).await;
    blocks[500].header.number = 1;
    let failed = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &blocks,
            after: Some(block_ref(3)),
            cursor: block_ref(520),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
    blocks[500].header.number = 504;
    blocks[400].header.timestamp = u64::MAX;
    let failed = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &blocks,
            after: Some(block_ref(3)),
            cursor: block_ref(520),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Corrupt(_))), "{failed:?}");
    assert_eq!(dump(&pool).await, before);
    append(&writer, 4, 5).await.unwrap();
}

/// Every row but of cursors and reorgs.
async fn dump_of_rows(pool: &PgPool) -> Vec<String> {
    dump(pool).await.into_iter().skip(Lane::BOTH.len()).collect()
}

/// The blocks as one lane stores them: capacity with light logs, supply with headers that may be known.
fn of_lane(lane: Lane, blocks: &[StoredBlock], is_known: bool) -> Vec<StoredBlock> {
    let mut blocks = blocks.to_vec();
    for stored in &mut blocks {
        stored.is_known = is_known;
        match lane {
            Lane::Capacity => stored.supply = Default::default(),
            Lane::Supply => stored.capacity = Default::default(),
        }
    }
    blocks
}

async fn append_lane(
    writer: &Writer,
    lane: Lane,
    blocks: &[StoredBlock],
    after: Option<u64>,
) -> Result<(), StoreError> {
    let cursor = block_ref(blocks.last().unwrap().header.number);
    let after = after.map(block_ref);
    writer.append(&Batch { lanes: &[lane], blocks, after, cursor, grade: Some(Grade::Single) }).await
}

#[sqlx::test(migrations = false)]
async fn lanes_stored_apart_are_the_same_as_together(pool: PgPool) {
    let writer = writer(&pool).await;
    let all = blocks(&writer, 1, 520).await;
    writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &all,
            after: None,
            cursor: block_ref(520),
            grade: Some(Grade::Single),
        })
        .await
        .unwrap();
    let together = dump(&pool).await;
    sqlx::raw_sql("truncate cursor, block, log, vvv_transfer, reading, inferred, event, position, capacity_totals, supply_totals, burn, mint, parameter, anomaly, completeness")
        .execute(&pool)
        .await
        .unwrap();
    let capacity = of_lane(Lane::Capacity, &all, false);
    append_lane(&writer, Lane::Capacity, &capacity[..519], None).await.unwrap();
    append_lane(&writer, Lane::Capacity, &capacity[519..], Some(519)).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(520)), supply: None });
    let supply = of_lane(Lane::Supply, &all, true);
    append_lane(&writer, Lane::Supply, &supply[..10], None).await.unwrap();
    let refused = append_lane(&writer, Lane::Supply, &supply[10..], Some(520)).await;
    assert!(matches!(refused, Err(StoreError::CursorMoved { .. })), "{refused:?}");
    append_lane(&writer, Lane::Supply, &supply[10..], Some(10)).await.unwrap();
    assert_eq!(dump(&pool).await, together);
}

#[sqlx::test(migrations = false)]
async fn a_rewind_leaves_a_cursor_below_the_ancestor_where_it_is(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let rows = dump_of_rows(&pool).await;
    let later = blocks(&writer, 4, 9).await;
    append_lane(&writer, Lane::Capacity, &of_lane(Lane::Capacity, &later, false), Some(3)).await.unwrap();
    let rewind =
        |from, to| Rewind { from_number: from, from_hash: hash(from), ancestor_number: to, ancestor_hash: hash(to) };
    let refused = writer.rewind_to(&rewind(3, 2)).await;
    assert!(matches!(refused, Err(StoreError::CursorMoved { .. })), "by the cursor of supply: {refused:?}");
    writer.rewind_to(&rewind(9, 5)).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(5)), supply: Some(block_ref(3)) });
    writer.rewind_to(&rewind(5, 3)).await.unwrap();
    assert_eq!(dump_of_rows(&pool).await, rows);
    writer.rewind_to(&rewind(3, 2)).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(2)), supply: Some(block_ref(2)) });
}

#[sqlx::test(migrations = false)]
async fn what_is_stored_already_is_known_to_the_lane_behind(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 4).await.unwrap();
    sqlx::raw_sql("update event set kind = 'unstake_finalized' where kind = 'staked' and block_number = 3")
        .execute(&pool)
        .await
        .unwrap();
    let headers = writer.headers(2, 3).await.unwrap();
    assert_eq!(headers.keys().copied().collect::<Vec<_>>(), [2, 3]);
    assert_eq!((headers[&3].hash, headers[&3].parent_hash, headers[&3].timestamp), (hash(3), Some(hash(2)), 6));
    let word = writer.light_word(2, 3).await.unwrap();
    assert_eq!(word.mints, [(2, 0), (3, 0)]);
    let paid = UserAmount { user: ALICE, amount: U256::from(1_003) };
    let event = Event::Staking(Staking::UnstakeFinalized(paid));
    assert_eq!(word.payouts, [(3, Entry { log_index: 3, tx_index: 0, tx_hash: hash(3), event })]);
}

/// Block, log and transaction index, transaction, address, topics, data.
type LogRow = (i64, i32, i32, Vec<u8>, Vec<u8>, Vec<Vec<u8>>, Vec<u8>);

/// A database from before mints were light logs gets them back from their transfers, to the bit.
#[sqlx::test(migrations = false)]
async fn mints_of_an_older_database_become_light_logs(pool: PgPool) {
    let old: Vec<_> = store::MIGRATIONS.iter().filter(|migration| migration.version < 6).cloned().collect();
    sqlx::migrate::Migrator::with_migrations(old).run(&pool).await.unwrap();
    sqlx::raw_sql(
        "insert into deployment values (true, 1, 1, decode(repeat('00', 32), 'hex'),
             '{\"contracts\": {\"vvv\": \"0xa1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\"}}');
         insert into vvv_transfer values
             (7, 2, 1, decode(repeat('77', 32), 'hex'), decode(repeat('00', 20), 'hex'), decode(repeat('01', 20), 'hex'),
              115792089237316195423570985008687907853269984665640564039457584007913129639935, null, 0),
             (8, 0, 0, decode(repeat('88', 32), 'hex'), decode(repeat('01', 20), 'hex'), decode(repeat('00', 20), 'hex'), 1, 0, 0),
             (9, 0, 0, decode(repeat('99', 32), 'hex'), decode(repeat('00', 20), 'hex'), decode(repeat('01', 20), 'hex'), 258, null, 0);",
    )
    .execute(&pool)
    .await
    .unwrap();
    store::MIGRATIONS.run(&pool).await.unwrap();
    let logs: Vec<LogRow> =
        sqlx::query_as("select block_number, log_index, tx_index, tx_hash, address, topics, data from log order by 1")
            .fetch_all(&pool)
            .await
            .unwrap();
    let topics =
        vec![keccak256("Transfer(address,address,uint256)").to_vec(), B256::ZERO.to_vec(), ALICE.into_word().to_vec()];
    let log = |number, log_index, tx_index, tx: u8, amount: U256| {
        let (tx, data) = (vec![tx; 32], amount.to_be_bytes_vec());
        (number, log_index, tx_index, tx, CONTRACTS.vvv.to_vec(), topics.clone(), data)
    };
    assert_eq!(logs, [log(7, 2, 1, 0x77, U256::MAX), log(9, 0, 0, 0x99, U256::from(258))]);
    let events: Vec<(i64, String, String)> =
        sqlx::query_as("select block_number, kind, amount::text from event order by 1").fetch_all(&pool).await.unwrap();
    assert_eq!(events[0], (7, "mint".into(), U256::MAX.to_string()));
    assert_eq!(events[1], (9, "mint".into(), "258".into()));
}

#[sqlx::test(migrations = false)]
async fn balances_without_their_indexes(pool: PgPool) {
    let writer = writer(&pool).await;
    assert!(writer.has_account_indexes().await.unwrap());
    writer.drop_account_indexes().await.unwrap();
    writer.drop_account_indexes().await.unwrap();
    assert!(!writer.has_account_indexes().await.unwrap());
    append(&writer, 1, 4).await.unwrap();
    let mut all = writer.all_accounts().await.unwrap();
    all.sort_unstable_by_key(|(address, _)| *address);
    writer.build_account_indexes().await.unwrap();
    assert!(writer.has_account_indexes().await.unwrap());
    assert_eq!(all, writer.accounts(&[Address::ZERO, ALICE]).await.unwrap());
}

#[sqlx::test(migrations = false)]
async fn a_transfer_that_is_there_twice_is_found_out_when_the_indexes_are_built(pool: PgPool) {
    let writer = writer(&pool).await;
    writer.drop_account_indexes().await.unwrap();
    append(&writer, 1, 4).await.unwrap();
    let again = sqlx::query("insert into vvv_transfer select * from vvv_transfer order by block_number limit 1");
    again.execute(&pool).await.unwrap();
    let error = writer.build_account_indexes().await.unwrap_err();
    assert!(error.to_string().contains("vvv_transfer_place"), "{error}");
    assert!(!writer.has_account_indexes().await.unwrap());
}

#[sqlx::test(migrations = false)]
async fn a_cursor_that_somebody_moved_stops_the_append(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    let stale = blocks(&writer, 3, 4).await;
    let refused = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &stale,
            after: Some(block_ref(2)),
            cursor: block_ref(4),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(refused, Err(StoreError::CursorMoved { .. })), "{refused:?}");
    let again = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &stale,
            after: None,
            cursor: block_ref(4),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(again, Err(StoreError::CursorMoved { .. })), "{again:?}");
    let rewind = Rewind { from_number: 9, from_hash: hash(9), ancestor_number: 1, ancestor_hash: hash(1) };
    assert!(matches!(writer.rewind_to(&rewind).await, Err(StoreError::CursorMoved { .. })));
    assert_eq!(dump(&pool).await, before);
}

#[sqlx::test(migrations = false)]
async fn rows_of_two_derivations_do_not_go_together(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    sqlx::query("update derivation set revision = revision + 1").execute(&pool).await.unwrap();
    let refused = append(&writer, 4, 4).await;
    assert!(matches!(refused, Err(StoreError::OtherDerivation { .. })), "{refused:?}");
    assert_eq!(dump(&pool).await, before);
    sqlx::query("delete from cursor").execute(&pool).await.unwrap();
    assert!(matches!(append(&writer, 1, 1).await, Err(StoreError::OtherDerivation { .. })));
    writer.adopt(&deployment()).await.unwrap();
    assert_eq!(writer.derivation_revision().await.unwrap(), ledger::DERIVATION_REVISION, "nothing of another is left");
}

#[sqlx::test(migrations = false)]
async fn a_batch_that_fails_half_way_leaves_nothing(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 3).await.unwrap();
    let before = dump(&pool).await;
    let mut blocks = blocks(&writer, 4, 6).await;
    blocks[2].header.number = 1;
    let failed = writer
        .append(&Batch {
            lanes: &Lane::BOTH,
            blocks: &blocks,
            after: Some(block_ref(3)),
            cursor: block_ref(6),
            grade: Some(Grade::Single),
        })
        .await;
    assert!(matches!(failed, Err(StoreError::Database(_))), "{failed:?}");
    assert_eq!(dump(&pool).await, before);
}

#[sqlx::test(migrations = false)]
async fn what_is_loaded_is_what_was_written(pool: PgPool) {
    let writer = writer(&pool).await;
    let applied = blocks(&writer, 1, 4).await.pop().unwrap();
    append(&writer, 1, 4).await.unwrap();
    assert_eq!(writer.cursors().await.unwrap(), Cursors { capacity: Some(block_ref(4)), supply: Some(block_ref(4)) });
    assert_eq!(writer.block_hash(3).await.unwrap(), Some(hash(3)));
    assert_eq!(writer.last_timestamp().await.unwrap(), Some(8));
    let state = writer.network_state().await.unwrap();
    assert_eq!((Some(state.capacity), Some(state.supply)), (applied.capacity.totals, applied.supply.totals));
    assert_eq!(state.minted.into_iter().collect::<Vec<_>>(), applied.capacity.minted);
    let minted: u64 = (1..=4).map(|number| 1_000 + number).sum();
    assert_eq!(state.supply.supply, U256::from(minted));
    assert_eq!((state.supply.burned, state.supply.burn_count, state.supply.holders), (U256::from(12), 4, 1));
    assert_eq!(state.parameters.word(Parameter::SvvvCooldown), Some(U256::from(1_004)));
    assert_eq!(state.parameters.get(Parameter::CurveRates), Some([U256::MAX; 256].as_slice()));
    let accounts = writer.accounts(&[Address::ZERO, ALICE, CONTRACTS.vvv]).await.unwrap();
    let balances: Vec<U256> = accounts.iter().map(|(_, account)| account.balance).collect();
    assert_eq!(balances, [U256::from(12), U256::from(minted - 12), U256::ZERO]);
    assert_eq!(accounts[1].1.burned.count, 4);
    let [(_, alice), (_, nobody)] = writer.positions(&[ALICE, CONTRACTS.vvv]).await.unwrap()[..] else { panic!() };
    assert_eq!((alice.svvv, alice.locked, alice.diem_staked), (U256::from(minted), U256::from(280), U256::from(2)));
    assert_eq!(nobody, Default::default());
}

#[sqlx::test(migrations = false)]
async fn one_writer_at_a_time(pool: PgPool) {
    let first = writer(&pool).await;
    let second = Writer::open(options(&pool)).await;
    assert!(matches!(&second, Err(StoreError::Locked { holder }) if holder.contains("venice-indexer")), "{second:?}");
    drop(first);
    Writer::open(options(&pool)).await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn a_database_keeps_to_its_deployment(pool: PgPool) {
    let writer = writer(&pool).await;
    let mut relabelled = deployment();
    relabelled.policy.allocation = store::deployment::AllocationName::EpochOpen;
    writer.adopt(&relabelled).await.unwrap();
    let stored: serde_json::Value =
        sqlx::query_scalar("select document from deployment").fetch_one(&pool).await.unwrap();
    assert_eq!(stored["policy"]["allocation"], "epoch_open");
    let mut other = deployment();
    other.contracts.diem = ALICE;
    let refused = writer.adopt(&other).await;
    assert!(matches!(refused, Err(StoreError::OtherDeployment { field: "contracts.diem", .. })), "{refused:?}");
}

#[sqlx::test(migrations = false)]
async fn finalized_never_falls_and_complaints_are_no_news(pool: PgPool) {
    let writer = writer(&pool).await;
    let progress = |finalized_number| Progress { head_number: 50, finalized_number, ..Progress::default() };
    writer.observe(&progress(Some(40))).await.unwrap();
    writer.observe(&progress(Some(30))).await.unwrap();
    assert_eq!(writer.finalized().await.unwrap(), Some(40));
    let observed = "select observed_at::text from follower";
    let before: String = sqlx::query_scalar(observed).fetch_one(&pool).await.unwrap();
    writer.complain(&Progress { halted: Some("why".into()), ..progress(None) }).await.unwrap();
    let after: String = sqlx::query_scalar(observed).fetch_one(&pool).await.unwrap();
    assert_eq!(before, after);
    let halted: Option<String> = sqlx::query_scalar("select halted from follower").fetch_one(&pool).await.unwrap();
    assert_eq!(halted.as_deref(), Some("why"));
}

#[sqlx::test(migrations = false)]
async fn readers_can_only_read(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 1).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    sqlx::query("set role capacity_reader").execute(&mut *connection).await.unwrap();
    let read: i64 = sqlx::query_scalar("select count(*) from position").fetch_one(&mut *connection).await.unwrap();
    assert_eq!(read, 1);
    for forbidden in [
        "delete from position",
        "update cursor set block_number = 0",
        "insert into anomaly values (1, 1, 'x', 'x')",
        "truncate block",
        "drop table block",
        "create table mine (x int)",
    ] {
        let error = sqlx::query(forbidden).execute(&mut *connection).await.unwrap_err();
        assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501", "{forbidden}");
    }
}

#[test]
fn parameters_have_names_of_their_own() {
    for parameter in Parameter::ALL {
        assert_eq!(Parameter::from_name(parameter.name()), Some(parameter));
    }
    assert_eq!(Parameters::default().word(Parameter::Treasury), None);
}

#[sqlx::test(migrations = "../migrations")]
async fn a_reading_that_shows_what_was_known_is_no_change(pool: PgPool) {
    let writer = writer(&pool).await;
    append(&writer, 1, 2).await.unwrap();
    append(&writer, 3, 3).await.unwrap();
    let rows: Vec<(String, i64, bool)> =
        sqlx::query_as("select name, block_number, is_change from parameter order by name, block_number")
            .fetch_all(&pool)
            .await
            .unwrap();
    let of = |name: &str, block, is_change| (name.to_owned(), block, is_change);
    assert_eq!(
        rows,
        [
            of("curve_rates", 1, true),
            of("curve_rates", 2, false),
            of("curve_rates", 3, false),
            of("svvv_cooldown_seconds", 1, true),
            of("svvv_cooldown_seconds", 2, true),
            of("svvv_cooldown_seconds", 3, true),
        ]
    );
}
