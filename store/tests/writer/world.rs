//! A made-up chain, and what the store holds of it.

use alloy_primitives::{Address, B256, Bytes, U256};
use ledger::block::Block;
use ledger::capacity::Capacity;
use ledger::event::{Contracts, Diem, DiemSwap, Entry, Event, Staking, Transfer, UserAmount, Vvv};
use ledger::parameter::{Parameter, Setting, Untold};
use ledger::supply::Supply;
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgPool, Row};
use store::StoreError;
use store::append::{Batch, RawLog, StoredBlock, StoredHeader};
use store::completeness::Grade;
use store::cursor::{BlockRef, Lane};
use store::deployment::{ContractAddresses, Deployment};
use store::writer::Writer;

pub(crate) const CONTRACTS: Contracts = Contracts {
    vvv: Address::repeat_byte(0xa1),
    staking: Address::repeat_byte(0xa2),
    diem: Address::repeat_byte(0xa3),
};
pub(crate) const ALICE: Address = Address::repeat_byte(1);

pub(crate) fn deployment() -> Deployment {
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

pub(crate) fn hash(number: u64) -> B256 {
    B256::from(U256::from(number + 1_000))
}

pub(crate) fn block_ref(number: u64) -> BlockRef {
    BlockRef { number, hash: Some(hash(number)) }
}

/// Something of every kind: each block leaves a row in each table but `anomaly` now and then.
pub(crate) fn events(number: u64) -> Vec<Event> {
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
pub(crate) async fn blocks(writer: &Writer, from: u64, to: u64) -> Vec<StoredBlock> {
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

pub(crate) fn raw(block: &Block) -> Vec<RawLog> {
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

pub(crate) async fn writer(pool: &PgPool) -> Writer {
    let writer = Writer::open(options(pool)).await.unwrap();
    writer.adopt(&deployment()).await.unwrap();
    writer
}

pub(crate) fn options(pool: &PgPool) -> PgConnectOptions {
    (*pool.connect_options()).clone()
}

pub(crate) async fn append(writer: &Writer, from: u64, to: u64) -> Result<(), StoreError> {
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
pub(crate) async fn dump(pool: &PgPool) -> Vec<String> {
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

/// Every row but of cursors and reorgs.
pub(crate) async fn dump_of_rows(pool: &PgPool) -> Vec<String> {
    dump(pool).await.into_iter().skip(Lane::BOTH.len()).collect()
}

/// The blocks as one lane stores them: capacity with light logs, supply with headers that may be known.
pub(crate) fn of_lane(lane: Lane, blocks: &[StoredBlock], is_known: bool) -> Vec<StoredBlock> {
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

pub(crate) async fn append_lane(
    writer: &Writer,
    lane: Lane,
    blocks: &[StoredBlock],
    after: Option<u64>,
) -> Result<(), StoreError> {
    let cursor = block_ref(blocks.last().unwrap().header.number);
    let after = after.map(block_ref);
    writer.append(&Batch { lanes: &[lane], blocks, after, cursor, grade: Some(Grade::Single) }).await
}
