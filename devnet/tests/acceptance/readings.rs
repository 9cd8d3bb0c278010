//! Base's own figures on the twins: the curve and the rate that mainnet has, asked of the contracts and of the API.

use alloy_primitives::{U256, uint};
use devnet::contracts::addresses::{DIEM, FOUNDATION, STAKING, TREASURY};
use devnet::contracts::curves::{Curve, curves};
use devnet::contracts::twins::DIEM as Diem;
use devnet::contracts::twins::StakingV2::{
    setDiemMintCurveCall, setEmissionRateCall, setVeniceEmissionsPercentageCall,
    setVeniceEmissionsPercentageWhenLockedCall,
};
use devnet::mining::Transaction;
use devnet::truth::mint;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::served::amount;
use crate::stage::{BOB, Stage, act, tokens};

const GENESIS: u64 = 1_763_338_200;
/// DIEM.totalSupply() at block 51,530,033.
const SUPPLY: U256 = uint!(37713657734473535977725_U256);

fn curve_for(target: u64) -> Curve {
    curves().unwrap().into_iter().find(|curve| curve.target == target).unwrap()
}

fn set_curve(target: u64) -> Transaction {
    let (supply, rates) = curve_for(target).cells().unwrap();
    act(TREASURY, STAKING, &setDiemMintCurveCall { newDiemSupply: supply, newDiemMintRates: rates })
}

fn mint_directly(diem: U256) -> Transaction {
    act(FOUNDATION, DIEM, &Diem::mintCall { to: BOB, amount: diem })
}

async fn mint_rate(stage: &Stage) -> Value {
    stage.equals_the_contracts().await;
    stage.oracle.get("/v1/diem").await["mint_rate"].take()
}

/// (cell, bound in DIEM, sVVV per DIEM as it was published, in doubles of 16 digits) of block 51,530,033.
const PUBLISHED: [(usize, u64, &str); 3] =
    [(78, 39_500, "617.5396420419053"), (79, 40_000, "665.0150489037585"), (80, 40_500, "717.4843076907099")];

#[test]
fn the_twin_has_every_cell_known_of_base() {
    let curve = curve_for(40_000);
    let exact = [uint!(90000351563186634752_U256), uint!(90002812543945768960_U256)];
    assert_eq!(curve.diem_mint_rates[..2], exact);
    assert_eq!(curve.diem_supply[..2], [tokens(500), tokens(1_000)]);
    let near = uint!(100000_U256);
    for (cell, bound, rate) in PUBLISHED {
        let (whole, digits) = rate.split_once('.').unwrap();
        let published: U256 = format!("{whole}{digits:0<18}").parse().unwrap();
        assert_eq!(curve.diem_supply[cell], tokens(bound));
        assert!(curve.diem_mint_rates[cell].abs_diff(published) <= near, "cell {cell}");
    }
    // 2.6071479398659465e30 sVVV.
    let digits = U256::from(10).pow(U256::from(32));
    assert_eq!(curve.diem_supply[255], tokens(128_000));
    assert!(curve.diem_mint_rates[255].abs_diff(uint!(26071479398659465_U256) * digits) <= digits, "cell 255");
}

#[sqlx::test(migrations = false)]
async fn rates_and_quotes_of_base(pool: PgPool) {
    let mut stage = Stage::new(&pool, GENESIS).await;
    stage.fund(&[BOB], 0, 0).await;
    // At launch the curve aimed at 38,000; where the supply came to 10,000 Venice's article says 93.34.
    stage.block(2, &[mint_directly(tokens(9_999))]).await;
    assert_eq!(mint_rate(&stage).await, "93340876623854780416");

    let burn = act(FOUNDATION, DIEM, &Diem::burnCall { from: BOB, amount: tokens(9_999) });
    stage.block(2, &[burn, set_curve(40_000)]).await;
    assert_eq!(mint_rate(&stage).await, "90000351563186634752");
    let quote = stage.oracle.get("/v1/diem/quote?svvv=90000351563186634752").await;
    assert_eq!(quote["diem"], "1000000000000000000");

    let rate = uint!(79274479959411466_U256);
    let locked = setVeniceEmissionsPercentageWhenLockedCall { newPercentage: uint!(200000000000000000_U256) };
    let settings = [
        mint_directly(SUPPLY),
        act(TREASURY, STAKING, &setEmissionRateCall { newEmissionRate: rate }),
        act(TREASURY, STAKING, &setVeniceEmissionsPercentageCall { newPercentage: U256::ZERO }),
        act(TREASURY, STAKING, &locked),
    ];
    stage.block(2, &settings).await;
    assert_eq!(mint_rate(&stage).await, "499975786540347162624");
    let diem = stage.oracle.get("/v1/diem").await;
    // What Venice's own API said in those days: mintRateDiemPerStakedVvv.
    assert_eq!(diem["diem_per_svvv"], "0.002000096858529171");
    assert_eq!(diem["target"]["amount"], tokens(40_000).to_string());
    assert_eq!(diem["remaining"], "2286342265526464022275");
    let emissions = stage.oracle.get("/v1/emissions").await;
    assert_eq!(emissions["rate_per_second"], rate.to_string());
    assert_eq!(emissions["per_year"], "2499999999999999991776000");

    let number = stage.head.number;
    let edge = uint!(286342265526464022275_U256);
    for svvv in [U256::ONE, tokens(1), uint!(499975786540347162624_U256), tokens(1_000), tokens(1_000_000)] {
        let served = stage.oracle.get(&format!("/v1/diem/quote?svvv={svvv}")).await;
        let told = mint::quotes(&stage.rpc, number, &[svvv]).await.unwrap();
        assert_eq!(Some(amount(&served["diem"])), told[0], "{svvv}");
    }
    for diem in [edge, edge + U256::ONE] {
        let least = amount(&stage.oracle.get(&format!("/v1/diem/quote?diem={diem}")).await["svvv"]);
        let told = mint::quotes(&stage.rpc, number, &[least - U256::ONE, least]).await.unwrap();
        assert!(told[0].unwrap() < diem && told[1].unwrap() >= diem, "{diem}");
    }
    assert_eq!(stage.oracle.get("/v1/status").await["unknown_topics"], json!([]));
    stage.node.stop().await.unwrap();
}
