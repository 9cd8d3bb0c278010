//! Every event that a contract of ours is known to emit: what it says, and what becomes of it in another layout.

use abi::{Diem as D, StakingV1 as S1, StakingV2 as S2, Vvv as V};
use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use alloy_sol_types::SolEvent;
use ledger::event::{
    Contract, Diem, DiemSwap, Event, OwnershipTransfer, RoleChange, Staking, Transfer, UserAmount, Vvv,
};
use ledger::parameter::{Parameter, Setting};

use crate::{UNNAMED, V1, V2, base, decoder, log};

const USER: Address = Address::repeat_byte(1);
const OTHER: Address = Address::repeat_byte(2);
const VALUE: U256 = U256::from_limbs([7, 0, 0, 1]);
const ROLE: B256 = B256::repeat_byte(3);

/// How sure the layout is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Grade {
    /// A and A-: another layout stops.
    Seen,
    /// B and C: another layout is kept as unknown.
    Inferred,
}
use Grade::{Inferred, Seen};

struct Row {
    contract: Contract,
    implementation: Option<Address>,
    data: LogData,
    event: Event,
    grade: Grade,
}

fn user() -> UserAmount {
    UserAmount { user: USER, amount: VALUE }
}

fn moved() -> Transfer {
    Transfer { from: USER, to: OTHER, amount: VALUE }
}

fn word(parameter: Parameter) -> Staking {
    Staking::Set(vec![Setting::word(parameter, VALUE)])
}

fn address_of(address: Address) -> U256 {
    U256::from_be_slice(address.as_slice())
}

fn owned(parameter: Parameter) -> OwnershipTransfer {
    OwnershipTransfer { previous: USER, owner: Setting::word(parameter, address_of(OTHER)) }
}

fn curves() -> ([U256; 256], [U256; 256]) {
    (std::array::from_fn(U256::from), std::array::from_fn(|cell| U256::from(2 * cell)))
}

fn vvv() -> Vec<Row> {
    let row = |data, event| Row {
        contract: Contract::Vvv,
        implementation: None,
        data,
        event: Event::Vvv(event),
        grade: Seen,
    };
    vec![
        row(V::Transfer { from: USER, to: OTHER, amount: VALUE }.encode_log_data(), Vvv::Transfer(moved())),
        row(
            V::OwnershipTransferred { user: USER, newOwner: OTHER }.encode_log_data(),
            Vvv::OwnershipTransferred(owned(Parameter::VvvOwner)),
        ),
    ]
}

fn diem() -> Vec<Row> {
    let row = |grade, data, event| Row {
        contract: Contract::Diem,
        implementation: None,
        data,
        event: Event::Diem(event),
        grade,
    };
    let (account, sender) = (USER, OTHER);
    vec![
        row(Seen, D::Transfer { from: USER, to: OTHER, value: VALUE }.encode_log_data(), Diem::Transfer(moved())),
        row(Seen, D::Staked { user: USER, amount: VALUE }.encode_log_data(), Diem::Staked(user())),
        row(Seen, D::UnstakeInitiated { user: USER, amount: VALUE }.encode_log_data(), Diem::UnstakeInitiated(user())),
        row(Seen, D::Unstaked { user: USER, amount: VALUE }.encode_log_data(), Diem::Unstaked(user())),
        row(Inferred, D::Approval { owner: USER, spender: OTHER, value: VALUE }.encode_log_data(), Diem::Other),
        row(
            Inferred,
            D::CooldownDurationUpdated { cooldownDuration: VALUE }.encode_log_data(),
            Diem::Set(vec![Setting::word(Parameter::DiemCooldown, VALUE)]),
        ),
        row(
            Inferred,
            D::RoleGranted { role: ROLE, account, sender }.encode_log_data(),
            Diem::RoleGranted(RoleChange { account, sender }),
        ),
        row(
            Inferred,
            D::RoleRevoked { role: ROLE, account, sender }.encode_log_data(),
            Diem::RoleRevoked(RoleChange { account, sender }),
        ),
        row(
            Inferred,
            D::RoleAdminChanged { role: ROLE, previousAdminRole: ROLE, newAdminRole: B256::ZERO }.encode_log_data(),
            Diem::RoleAdminChanged,
        ),
    ]
}

/// What both implementations emit: the transfer is sure under either, the rest under the second at the most.
fn staking_of_both() -> Vec<(Grade, LogData, Staking)> {
    vec![
        (Seen, S2::Staked { user: USER, amount: VALUE }.encode_log_data(), Staking::Staked(user())),
        (Seen, S2::UnstakeInitiated { user: USER, amount: VALUE }.encode_log_data(), Staking::UnstakeInitiated(user())),
        (Seen, S2::Claimed { user: USER, amount: VALUE }.encode_log_data(), Staking::Claimed(user())),
        (Seen, S2::Upgraded { implementation: UNNAMED }.encode_log_data(), Staking::Upgraded(UNNAMED)),
        (
            Inferred,
            S2::UnstakeFinalized { user: USER, amount: VALUE }.encode_log_data(),
            Staking::UnstakeFinalized(user()),
        ),
        (Inferred, S2::EmissionRateUpdated { newEmissionRate: VALUE }.encode_log_data(), word(Parameter::EmissionRate)),
        (
            Inferred,
            S2::CooldownDurationUpdated { newCooldownDuration: VALUE }.encode_log_data(),
            word(Parameter::SvvvCooldown),
        ),
        (
            Inferred,
            S2::TreasuryUpdated { newTreasury: USER }.encode_log_data(),
            Staking::Set(vec![Setting::word(Parameter::Treasury, address_of(USER))]),
        ),
        (Inferred, S2::Initialized { version: 2 }.encode_log_data(), Staking::Initialized),
        (
            Inferred,
            S2::OwnershipTransferred { previousOwner: USER, newOwner: OTHER }.encode_log_data(),
            Staking::OwnershipTransferred(owned(Parameter::StakingOwner)),
        ),
        (Inferred, S2::Approval { owner: USER, spender: OTHER, value: VALUE }.encode_log_data(), Staking::Other),
    ]
}

fn staking_of_the_second() -> Vec<(Grade, LogData, Staking)> {
    let swap = DiemSwap { svvv: VALUE, diem: U256::from(5) };
    let (bounds, rates) = curves();
    let curve = vec![
        Setting { parameter: Parameter::CurveBounds, value: bounds.to_vec() },
        Setting { parameter: Parameter::CurveRates, value: rates.to_vec() },
    ];
    vec![
        (
            Seen,
            S2::DiemMinted { sVVVLocked: swap.svvv, diemMinted: swap.diem }.encode_log_data(),
            Staking::DiemMinted(swap),
        ),
        (
            Seen,
            S2::DiemBurned { sVVVUnlocked: swap.svvv, diemBurned: swap.diem }.encode_log_data(),
            Staking::DiemBurned(swap),
        ),
        (
            Inferred,
            S2::VeniceEmissionsPercentageUpdated { newPercentage: VALUE }.encode_log_data(),
            word(Parameter::VenicePercentage),
        ),
        (
            Inferred,
            S2::VeniceEmissionsPercentageWhenLockedUpdated { newPercentage: VALUE }.encode_log_data(),
            word(Parameter::VenicePercentageLocked),
        ),
        (
            Inferred,
            S2::DiemMintRatesUpdated { diemSupply: bounds, diemMintRates: rates }.encode_log_data(),
            Staking::Set(curve),
        ),
    ]
}

fn rows() -> Vec<Row> {
    let transfer = S1::Transfer { from: USER, to: OTHER, value: VALUE }.encode_log_data();
    let transfer = || (Seen, transfer.clone(), Staking::Transfer(moved()));
    let under = |implementation: Option<Address>, (grade, data, event): (Grade, LogData, Staking)| Row {
        contract: Contract::Staking,
        implementation,
        data,
        event: Event::Staking(event),
        grade,
    };
    let mut rows = vvv();
    rows.extend(diem());
    let second = staking_of_both().into_iter().chain(staking_of_the_second());
    rows.extend(second.map(|row| under(Some(V2), row)));
    let unsure = |(_, data, event)| (Inferred, data, event);
    rows.extend(staking_of_both().into_iter().map(|row| under(Some(V1), unsure(row))));
    // Code that nobody named, and none that anybody knows: the newest layouts are tried, and nothing is sure.
    for implementation in [Some(UNNAMED), None] {
        let all = staking_of_both().into_iter().chain(staking_of_the_second());
        rows.extend(all.map(|row| under(implementation, unsure(row))));
        rows.push(under(implementation, transfer()));
    }
    rows.extend([V1, V2].map(|named| under(Some(named), transfer())));
    rows
}

fn decode(row: &Row, data: LogData) -> Result<Event, String> {
    let contracts = base().contracts;
    let address = match row.contract {
        Contract::Vvv => contracts.vvv,
        Contract::Staking => contracts.staking,
        Contract::Diem => contracts.diem,
    };
    let decoded = decoder(row.implementation).decode(row.contract, &log(address, data));
    decoded.map(|entry| entry.event).map_err(|error| error.to_string())
}

/// A word more, all data gone or one that comes from nowhere, a topic less, a topic more.
fn other_layouts(data: &LogData) -> Vec<LogData> {
    let (topics, bytes) = (data.topics().to_vec(), data.data.clone());
    let longer = [bytes.as_ref(), &[0; 32]].concat();
    let gone = if bytes.is_empty() { vec![1] } else { Vec::new() };
    let fewer = topics.split_last().map(|(_, fewer)| fewer.to_vec()).filter(|fewer| !fewer.is_empty());
    let more = [topics.as_slice(), &[B256::ZERO]].concat();
    let mut layouts = vec![(topics.clone(), longer.into()), (topics, Bytes::from(gone))];
    layouts.extend(fewer.map(|fewer| (fewer, bytes.clone())));
    if more.len() <= 4 {
        layouts.push((more, bytes));
    }
    layouts.into_iter().map(|(topics, data)| LogData::new_unchecked(topics, data)).collect()
}

#[test]
fn every_event_says_what_the_table_says() {
    for row in rows() {
        assert_eq!(decode(&row, row.data.clone()), Ok(row.event.clone()), "{:?}", row.implementation);
    }
}

#[test]
fn in_another_layout_it_stops_or_is_unknown_by_its_grade() {
    for row in rows() {
        for data in other_layouts(&row.data) {
            let what = format!("{:?} under {:?}: {data:?}", row.event, row.implementation);
            match (row.grade, decode(&row, data)) {
                (Seen, Err(error)) => assert!(error.contains("does not decode"), "{what}: {error}"),
                (Inferred, Ok(event)) => assert_eq!(event, Event::Unknown(row.contract), "{what}"),
                (grade, decoded) => panic!("{what} is {grade:?} and gives {decoded:?}"),
            }
        }
    }
}

#[test]
fn what_an_implementation_does_not_emit_is_unknown_under_it() {
    for (_, data, event) in staking_of_the_second() {
        let row = Row {
            contract: Contract::Staking,
            implementation: Some(V1),
            data,
            event: Event::Staking(event),
            grade: Inferred,
        };
        assert_eq!(decode(&row, row.data.clone()), Ok(Event::Unknown(Contract::Staking)));
    }
}
