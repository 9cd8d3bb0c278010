//! Base's own logs and block times, through the built-in deployment's clock and decoder.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use abi::{StakingV2, Vvv as VvvAbi};
use alloy_primitives::{Address, B256, Bytes, LogData, U256, address};
use alloy_sol_types::SolEvent;
use indexer::chain::Log;
use indexer::decode::Decoder;
use ledger::event::{Contract, Diem, Event, Staking, Transfer, UserAmount, Vvv};
use serde_json::Value;
use store::deployment::{Deployment, LabelKind};

const V2: Address = address!("0xe37A7920dbc11253ac6d031C29f592f71B348DCA");

fn readings() -> Value {
    serde_json::from_str(include_str!("../../ledger/tests/fixtures/readings.json")).unwrap()
}

fn base() -> Deployment {
    indexer::deployment::load("base").unwrap()
}

fn hex<T: std::str::FromStr<Err: std::fmt::Debug>>(value: &Value) -> T {
    value.as_str().unwrap().parse().unwrap()
}

fn number(value: &Value) -> u64 {
    hex::<U256>(value).to()
}

fn log(address: Address, data: LogData) -> Log {
    let (topics, data) = data.split();
    let (block_hash, tx_hash) = (B256::ZERO, B256::repeat_byte(9));
    Log {
        block_number: 1,
        block_hash,
        block_timestamp: None,
        tx_hash,
        tx_index: 0,
        log_index: 4,
        address,
        topics,
        data,
    }
}

fn decoded(contract: Contract, log: &Log) -> Event {
    let base = base();
    let mut decoder = Decoder::new(base.ledger_contracts(), base.implementations, Some(V2));
    assert_eq!(decoder.contract(log), Some(contract));
    decoder.decode(contract, log).unwrap().event
}

#[test]
fn block_times() {
    let (readings, clock) = (readings(), base().clock.unwrap());
    let times = &readings["block_times"];
    assert_eq!(Some(clock.genesis_timestamp), times["genesis_timestamp"].as_u64());
    let transactions = ["stake", "airdrop_claim"].map(|name| &readings["transactions"][name]);
    let dated = transactions.map(|it| (it["block"].as_u64().unwrap(), it["timestamp"].as_u64().unwrap()));
    let seen = times["blocks"].as_array().unwrap().iter();
    let seen = seen.map(|block| (block[0].as_u64().unwrap(), block[1].as_u64().unwrap()));
    for (block, timestamp) in seen.chain(dated) {
        assert_eq!(clock.timestamp(block), Some(timestamp));
        assert_eq!(clock.last_block_at(timestamp), Some(block));
        assert_eq!(clock.last_block_at(timestamp + 1), Some(block));
        assert_eq!(clock.last_block_at(timestamp - 1), Some(block - 1));
    }
    let written =
        |block| clock.timestamp(block).map(|it| jiff::Timestamp::from_second(it.try_into().unwrap()).unwrap());
    let upgrade = &times["staking_v2_upgrade"];
    assert_eq!(written(upgrade[0].as_u64().unwrap()).unwrap().to_string(), upgrade[1].as_str().unwrap());
    let stake = &readings["transactions"]["diem_stake"];
    assert_eq!(written(stake["block"].as_u64().unwrap()).unwrap().to_string(), stake["time"].as_str().unwrap());
}

#[test]
fn programmatic_burns_are_transfers_of_the_pool_to_nobody() {
    let (readings, base) = (readings(), base());
    let burns = &readings["programmatic_burns"];
    let topics: Vec<B256> = burns["topics"].as_array().unwrap().iter().map(hex).collect();
    let pool = Address::from_word(topics[1]);
    assert_eq!(base.label(pool).unwrap().kind, LabelKind::ProgrammaticBurn);
    for burn in burns["logs"].as_array().unwrap() {
        let data: Bytes = hex(&burn["data"]);
        let amount = U256::from_be_slice(&data);
        let event = decoded(Contract::Vvv, &log(base.contracts.vvv, LogData::new_unchecked(topics.clone(), data)));
        assert_eq!(event, Event::Vvv(Vvv::Transfer(Transfer { from: pool, to: Address::ZERO, amount })));
        let timestamp = base.clock.unwrap().timestamp(number(&burn["blockNumber"]));
        assert_eq!(timestamp, Some(number(&burn["timeStamp"])));
    }
}

#[test]
fn an_approval_of_diem_moves_nothing() {
    let approval = &readings()["diem_approval"];
    let topics: Vec<B256> = approval["topics"].as_array().unwrap().iter().map(hex).collect();
    let data = LogData::new_unchecked(topics, hex(&approval["data"]));
    assert_eq!(decoded(Contract::Diem, &log(base().contracts.diem, data)), Event::Diem(Diem::Other));
}

/// The logs of the stake transaction in the order of the chain: what was earned is paid before what is staked is taken.
#[test]
fn the_stake_transaction() {
    let (readings, contracts) = (readings(), base().contracts);
    let stake = &readings["transactions"]["stake"];
    let user: Address = hex(&stake["user"]);
    let [claimed, staked] = ["claimed", "staked"].map(|name| stake[name].as_str().unwrap().parse::<U256>().unwrap());
    let (vvv, staking) = (contracts.vvv, contracts.staking);
    let moved = |from, to, amount| VvvAbi::Transfer { from, to, amount }.encode_log_data();
    let logs = [
        log(vvv, moved(staking, user, claimed)),
        log(staking, StakingV2::Claimed { user, amount: claimed }.encode_log_data()),
        log(vvv, moved(user, staking, staked)),
        log(staking, StakingV2::Transfer { from: Address::ZERO, to: user, value: staked }.encode_log_data()),
        log(staking, StakingV2::Staked { user, amount: staked }.encode_log_data()),
    ];
    let contract = |log: &Log| if log.address == vvv { Contract::Vvv } else { Contract::Staking };
    let events: Vec<Event> = logs.iter().map(|log| decoded(contract(log), log)).collect();
    let transfer = |from, to, amount| Transfer { from, to, amount };
    let expected = [
        Event::Vvv(Vvv::Transfer(transfer(staking, user, claimed))),
        Event::Staking(Staking::Claimed(UserAmount { user, amount: claimed })),
        Event::Vvv(Vvv::Transfer(transfer(user, staking, staked))),
        Event::Staking(Staking::Transfer(transfer(Address::ZERO, user, staked))),
        Event::Staking(Staking::Staked(UserAmount { user, amount: staked })),
    ];
    assert_eq!(events, expected);
}
