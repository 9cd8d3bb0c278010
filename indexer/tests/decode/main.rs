//! Logs into events: real ones, and ones that contracts should not have emitted.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod table;

use abi::{Diem as DiemAbi, StakingV2, Vvv as VvvAbi};
use alloy_primitives::{Address, B256, Bloom, Bytes, LogData, U256, address};
use alloy_sol_types::SolEvent;
use indexer::chain::Log;
use indexer::chain::bloom::{may_hold, may_hold_topic};
use indexer::decode::{Decoder, VVV_TOPICS};
use ledger::event::{Contract, Diem, Event, Staking, Transfer, Vvv};
use ledger::parameter::Parameter;
use store::deployment::Deployment;

fn base() -> Deployment {
    indexer::deployment::load("base").unwrap()
}

const V1: Address = address!("0x417E7e8045aab25dcd703003dd8d7b5f2f11ead8");
const V2: Address = address!("0xe37A7920dbc11253ac6d031C29f592f71B348DCA");
const UNNAMED: Address = Address::repeat_byte(0x77);

fn decoder(implementation: Option<Address>) -> Decoder {
    let base = base();
    Decoder::new(base.ledger_contracts(), base.implementations, implementation)
}

fn log(address: Address, data: LogData) -> Log {
    let (topics, data) = data.split();
    Log {
        block_number: 1,
        block_hash: B256::ZERO,
        block_timestamp: None,
        tx_hash: B256::repeat_byte(9),
        tx_index: 0,
        log_index: 4,
        address,
        topics,
        data,
    }
}

fn staked() -> LogData {
    StakingV2::Staked { user: UNNAMED, amount: U256::from(5) }.encode_log_data()
}

/// What a log of the staking proxy under an implementation says, or why not.
fn staking(implementation: Option<Address>, data: LogData) -> Result<Event, String> {
    let log = log(base().contracts.staking, data);
    let decoded = decoder(implementation).decode(Contract::Staking, &log);
    decoded.map(|entry| entry.event).map_err(|error| error.to_string())
}

/// A burn that a Safe decided and somebody else sent: the payer is the Safe.
#[test]
fn the_real_receipt_of_a_discretionary_burn() {
    let text = include_str!("../fixtures/receipt_discretionary_burn.json");
    let document: serde_json::Value = serde_json::from_str(text).unwrap();
    let receipt = &document["result"];
    let logs: Vec<alloy_rpc_types_eth::Log> = serde_json::from_value(receipt["logs"].clone()).unwrap();
    let mut decoder = decoder(Some(V2));
    let mut bloom = Bloom::ZERO;
    let mut events = Vec::new();
    for rpc in logs {
        bloom.accrue_log(&rpc.inner);
        let log = Log {
            block_number: rpc.block_number.unwrap(),
            block_timestamp: rpc.block_timestamp,
            log_index: rpc.log_index.unwrap().try_into().unwrap(),
            ..log(rpc.inner.address, rpc.inner.data)
        };
        if let Some(contract) = decoder.contract(&log) {
            events.push((log.log_index, decoder.decode(contract, &log).unwrap().event));
        }
    }
    let safe = address!("0x35Fb3b67C57849Bf57EB24b061EEF0B5e560dc57");
    let amount = "16563000000000000000000".parse().unwrap();
    let burn = Event::Vvv(Vvv::Transfer(Transfer { from: safe, to: Address::ZERO, amount }));
    assert_eq!(events, [(0x2f4, burn)]);
    assert_ne!(receipt["from"].as_str().unwrap().parse::<Address>().unwrap(), safe, "the sender is somebody else");
    let given: Bloom = receipt["logsBloom"].as_str().unwrap().parse().unwrap();
    assert_eq!(bloom, given);
    assert!(may_hold_topic(&given, base().contracts.vvv, &VVV_TOPICS) && !may_hold(&given, base().contracts.diem));
}

#[test]
fn one_topic_means_another_thing_in_each_contract() {
    let contracts = base().contracts;
    let mut decoder = decoder(Some(V2));
    let of_diem = decoder.decode(Contract::Diem, &log(contracts.diem, staked())).unwrap().event;
    assert!(matches!(of_diem, Event::Diem(Diem::Staked(_))));
    assert!(matches!(staking(Some(V2), staked()), Ok(Event::Staking(Staking::Staked(_)))));
}

#[test]
fn a_seen_event_in_another_layout_stops_and_an_inferred_one_is_unknown() {
    let mut broken = staked();
    broken.data = Bytes::from(vec![0; 64]);
    let error = staking(Some(V2), broken.clone()).unwrap_err();
    assert!(error.contains("block 1") && error.contains("log 4") && error.contains("does not decode"), "{error}");
    assert_eq!(staking(Some(V1), broken.clone()), Ok(Event::Unknown(Contract::Staking)), "V1 is inferred throughout");
    assert_eq!(staking(Some(UNNAMED), broken), Ok(Event::Unknown(Contract::Staking)), "so is what nobody named");
    let mut finalized = StakingV2::UnstakeFinalized { user: UNNAMED, amount: U256::from(5) }.encode_log_data();
    finalized.data = Bytes::new();
    assert_eq!(staking(Some(V2), finalized), Ok(Event::Unknown(Contract::Staking)));
}

#[test]
fn dirty_bytes_above_an_address_are_another_layout() {
    let mut topics = staked().topics().to_vec();
    topics[1].0[0] = 1;
    assert!(staking(Some(V2), LogData::new_unchecked(topics, staked().data)).is_err());
}

#[test]
fn a_topic_nobody_knows_is_kept() {
    let data = LogData::new_unchecked(vec![B256::repeat_byte(0xee)], Bytes::from_static(b"x"));
    assert_eq!(staking(Some(V2), data.clone()), Ok(Event::Unknown(Contract::Staking)));
    let anonymous = LogData::new_unchecked(vec![], Bytes::new());
    assert_eq!(staking(Some(V2), anonymous), Ok(Event::Unknown(Contract::Staking)));
    let of_diem = decoder(None).decode(Contract::Diem, &log(base().contracts.diem, data)).unwrap();
    assert_eq!(of_diem.event, Event::Unknown(Contract::Diem));
}

#[test]
fn v1_knows_no_diem() {
    let minted = StakingV2::DiemMinted { sVVVLocked: U256::from(1), diemMinted: U256::from(1) }.encode_log_data();
    assert_eq!(staking(Some(V1), minted.clone()), Ok(Event::Unknown(Contract::Staking)));
    assert!(matches!(staking(Some(V2), minted), Ok(Event::Staking(Staking::DiemMinted(_)))));
}

#[test]
fn an_upgrade_changes_how_the_next_log_is_read() {
    let mut decoder = decoder(Some(V1));
    let at = base().contracts.staking;
    let minted = StakingV2::DiemMinted { sVVVLocked: U256::from(1), diemMinted: U256::from(1) }.encode_log_data();
    let upgraded = StakingV2::Upgraded { implementation: V2 }.encode_log_data();
    let upgrade = decoder.decode(Contract::Staking, &log(at, upgraded)).unwrap();
    assert_eq!(decoder.remark(&upgrade), None);
    let next = decoder.decode(Contract::Staking, &log(at, minted)).unwrap();
    assert!(matches!(next.event, Event::Staking(Staking::DiemMinted(_))));
    let upgraded = StakingV2::Upgraded { implementation: UNNAMED }.encode_log_data();
    let upgrade = decoder.decode(Contract::Staking, &log(at, upgraded)).unwrap();
    assert!(decoder.remark(&upgrade).unwrap().detail.contains(&UNNAMED.to_string()));
}

#[test]
fn the_treasury_is_read_indexed_or_not() {
    let plain = StakingV2::TreasuryUpdated { newTreasury: UNNAMED }.encode_log_data();
    let indexed = LogData::new_unchecked(vec![plain.topics()[0], UNNAMED.into_word()], Bytes::new());
    for data in [plain, indexed] {
        let event = staking(Some(V2), data).unwrap();
        assert_eq!(event.settings()[0].parameter, Parameter::Treasury);
        assert_eq!(event.settings()[0].value, [U256::from_be_slice(UNNAMED.as_slice())]);
    }
}

#[test]
fn vvv_approvals_are_not_ingested() {
    let approval = VvvAbi::Approval { owner: V1, spender: V2, amount: U256::from(1) }.encode_log_data();
    assert_eq!(decoder(None).contract(&log(base().contracts.vvv, approval)), None);
    let stranger = DiemAbi::Staked { user: V1, amount: U256::from(1) }.encode_log_data();
    assert_eq!(decoder(None).contract(&log(UNNAMED, stranger)), None);
}
