//! Base's own figures, as far as pure functions give them: `fixtures/readings.json`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chain;
mod economy;
mod rows;

use alloy_primitives::{Address, U256};
use chain::CONTRACTS;
use ledger::curve::{CELLS, Curve};
use ledger::emission::{Stakes, per_year};
use ledger::entitlement::{AllocationPolicy, Policy, StakedDiem, usd_micros};
use ledger::event::{Diem, Event, Staking, Transfer, UserAmount, Vvv};
use ledger::ratio::{ONE, ratio};
use ledger::totals::Tally;
use rows::State;
use serde_json::Value;

fn readings() -> Value {
    serde_json::from_str(include_str!("fixtures/readings.json")).unwrap()
}

fn amount(value: &Value) -> U256 {
    U256::from_str_radix(value.as_str().unwrap(), 10).unwrap()
}

fn address(value: &Value) -> Address {
    value.as_str().unwrap().parse().unwrap()
}

/// 29.487...% of what `totalSupply()` says, 41.819...% of what is left: the second is what Venice shows.
#[test]
fn both_burned_shares() {
    let readings = readings();
    let vvv = &readings["reads_at_block_51530033"]["vvv"];
    let (supply, burned) = (amount(&vvv["totalSupply"]), amount(&vvv["balanceOf_zero_address"]));
    assert_eq!(ratio(burned, supply).unwrap().to_string(), "294876021241661647");
    assert_eq!(ratio(burned, supply - burned).unwrap().to_string(), "418190318475500617");

    let venice = &readings["venice_api_2026_09_19"];
    let share = ratio(amount(&venice["total_burned"]), amount(&venice["total_supply"])).unwrap();
    let unit = U256::from(10_000_000_000_u64);
    let millionths_of_a_percent = (share + unit / U256::from(2)) / unit;
    let percent = venice["percent_burned"].as_str().unwrap().replace('.', "");
    assert_eq!(millionths_of_a_percent.to_string(), percent);
}

#[test]
fn staker_share() {
    let staking = &readings()["reads_at_block_51530033"]["staking"];
    let stakes = Stakes { staked: amount(&staking["totalSupply"]), locked: amount(&staking["totalLockedStakedVVV"]) };
    let [all, locked] =
        ["veniceEmissionsPercentage", "veniceEmissionsPercentageWhenLocked"].map(|it| amount(&staking[it]));
    assert_eq!(stakes.staker_share(all, locked).unwrap().to_string(), "947235291836210637");
}

/// A yearly rate as announced, by the second as the contract takes it, is short of a year's by less than a wei a second.
#[test]
fn emission_rates_by_date() {
    let readings = readings();
    let read = amount(&readings["reads_at_block_51530033"]["staking"]["emissionRatePerSecond"]);
    let mut met = false;
    for dated in readings["emissions_per_year"]["rates"].as_array().unwrap() {
        let yearly = ONE * U256::from(dated[1].as_u64().unwrap());
        let rate = yearly / U256::from(31_536_000);
        let short = yearly - per_year(rate).unwrap();
        assert!(short < U256::from(31_536_000), "{dated}");
        met |= rate == read;
    }
    assert!(met, "2,500,000 a year is what was read");
}

#[test]
fn launch_rate_and_the_first_cells() {
    let readings = readings();
    let (mut bounds, mut rates) = (vec![U256::ZERO; CELLS], vec![U256::ZERO; CELLS]);
    for cell in readings["curve_cells_at_block_51530033"].as_array().unwrap() {
        let index = usize::try_from(cell["index"].as_u64().unwrap()).unwrap();
        (bounds[index], rates[index]) = (amount(&cell["bound"]), amount(&cell["rate"]));
    }
    let curve = Curve::new(bounds.clone(), rates.clone()).unwrap();
    for (supply, cell) in [(U256::ZERO, 0), (bounds[0] - U256::ONE, 0), (bounds[0], 1), (bounds[1] - U256::ONE, 1)] {
        assert_eq!(curve.mint_rate(supply), Some(rates[cell]), "{supply}");
    }
    assert_eq!(curve.mint_rate(bounds[1]), None);
    assert_eq!(curve.diem_per_svvv(U256::ZERO).unwrap().to_string(), "11111067708418105");
    assert_eq!(curve.diem_for(rates[0], U256::ZERO), Ok(ONE));
}

fn vvv(from: Address, to: Address, amount: U256) -> Event {
    Event::Vvv(Vvv::Transfer(Transfer { from, to, amount }))
}

/// A stake pays the rewards first: Claimed and its transfer come before those of the stake.
#[test]
fn the_stake_transaction() {
    let stake = &readings()["transactions"]["stake"];
    let user = address(&stake["user"]);
    let [claimed, staked, minted] = ["claimed", "staked", "svvv_minted"].map(|name| amount(&stake[name]));
    let mut state = State::new();
    state.mine(&[vec![vvv(Address::ZERO, user, staked), vvv(Address::ZERO, CONTRACTS.staking, claimed)]]).unwrap();
    let transaction = vec![
        vvv(CONTRACTS.staking, user, claimed),
        Event::Staking(Staking::Claimed(UserAmount { user, amount: claimed })),
        vvv(user, CONTRACTS.staking, staked),
        Event::Staking(Staking::Transfer(Transfer { from: Address::ZERO, to: user, amount: minted })),
        Event::Staking(Staking::Staked(UserAmount { user, amount: staked })),
    ];
    state.mine(&[transaction]).unwrap();
    assert_eq!(state.anomalies, []);
    let position = state.position(user);
    assert_eq!((position.svvv, position.claimed), (staked, claimed));
    assert_eq!((state.balance(user), state.balance(CONTRACTS.staking)), (claimed, staked));
}

/// Staked comes before its transfer there.
#[test]
fn the_stake_of_diem() {
    let stake = &readings()["transactions"]["diem_stake"];
    let (user, staked) = (address(&stake["user"]), amount(&stake["amount"]));
    assert_eq!(stake["emits"], serde_json::json!(["Staked", "Transfer"]));
    let diem = |from, to| Event::Diem(Diem::Transfer(Transfer { from, to, amount: staked }));
    let mut state = State::new();
    state.mine(&[vec![diem(Address::ZERO, user)]]).unwrap();
    let event = Event::Diem(Diem::Staked(UserAmount { user, amount: staked }));
    state.mine(&[vec![event, diem(user, CONTRACTS.diem)]]).unwrap();
    assert_eq!(state.anomalies, []);
    let position = state.position(user);
    assert_eq!((position.diem_staked, position.diem_liquid), (staked, U256::ZERO));
    let policy =
        Policy { allocation: AllocationPolicy::Live, minimum_diem: ONE / U256::from(10), pro_minimum_svvv: ONE };
    let entitlement = policy.entitle(&StakedDiem { now: position.diem_staked, epoch_open: U256::ZERO });
    assert!(entitlement.spendable());
    assert_eq!(usd_micros(entitlement.allocation), U256::from(234_454));
}

#[test]
fn programmatic_burns() {
    let burns = &readings()["programmatic_burns"];
    let pool = Address::from_word(burns["topics"][1].as_str().unwrap().parse().unwrap());
    let amounts = burns["logs"].as_array().unwrap().iter();
    let amounts: Vec<U256> = amounts.map(|log| log["data"].as_str().unwrap().parse().unwrap()).collect();
    let mut state = State::new();
    let held = amounts.iter().sum::<U256>();
    state.mine(&[vec![vvv(Address::ZERO, pool, held)]]).unwrap();
    for amount in &amounts {
        state.mine(&[vec![vvv(pool, Address::ZERO, *amount)]]).unwrap();
    }
    let expected = Tally { amount: U256::from(339_656_550_847_828_277_u64), count: 3 };
    assert_eq!(state.burns().remove(&pool), Some(expected));
    assert_eq!((state.supply.totals().supply, state.supply.totals().burned), (held, held));
}
