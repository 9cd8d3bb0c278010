//! Cooldowns on the real contracts, in seconds and figures.

use alloy_primitives::U256;
use devnet::contracts::addresses::{DIEM, STAKING, TREASURY};
use devnet::contracts::twins::DIEM as Diem;
use devnet::contracts::twins::StakingV2::{
    claimCall, finalizeUnstakeCall, initiateUnstakeCall, mintDiemCall, setCooldownDurationCall, stakeCall,
};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::stage::{ALICE, BOB, CAROL, DIEM_COOLDOWN, SVVV_COOLDOWN, Stage, act, tokens};

const GENESIS: u64 = 1_763_338_200;

fn time(seconds: u64) -> String {
    jiff::Timestamp::from_second(i64::try_from(seconds).unwrap()).unwrap().to_string()
}

#[sqlx::test(migrations = false)]
async fn a_second_initiate_of_diem_restarts_the_clock_of_all(pool: PgPool) {
    let mut stage = Stage::new(&pool, GENESIS).await;
    stage.fund(&[ALICE], 0, 10).await;
    let initiate = |amount| act(ALICE, DIEM, &Diem::initiateUnstakeCall { amount: tokens(amount) });
    let diem = async |stage: &Stage| {
        stage.equals_the_contracts().await;
        let diem = stage.entitlement(ALICE).await["diem"].take();
        ["staked", "cooling", "cooling_ends_at", "claimable", "liquid"].map(|name| diem[name].clone())
    };
    stage.block(2, &[act(ALICE, DIEM, &Diem::stakeCall { amount: tokens(10) })]).await;
    stage.block(100, &[initiate(4)]).await;
    let (first_end, none) = (stage.head.timestamp + DIEM_COOLDOWN, json!("0"));
    let (six, four) = (json!("6000000000000000000"), json!("4000000000000000000"));
    assert_eq!(diem(&stage).await, [six, four, json!(time(first_end)), none.clone(), none.clone()]);

    // The setter moves no clock that runs, and is in force for the next.
    let longer = Diem::setCooldownDurationCall { newCooldownDuration: U256::from(DIEM_COOLDOWN * 2) };
    stage.block(300, &[act(TREASURY, DIEM, &longer), initiate(3)]).await;
    let end = stage.head.timestamp + DIEM_COOLDOWN * 2;
    let (three, seven) = (json!("3000000000000000000"), json!("7000000000000000000"));
    let cooling = [three.clone(), seven.clone(), json!(time(end)), none.clone(), none.clone()];
    assert_eq!(diem(&stage).await, cooling);
    stage.block_at(first_end, &[]).await;
    assert_eq!(diem(&stage).await, cooling, "the first four wait with the rest");
    stage.block_at(end - 1, &[]).await;
    assert_eq!(diem(&stage).await, cooling);
    stage.block_at(end, &[]).await;
    assert_eq!(diem(&stage).await, [three.clone(), seven.clone(), json!(time(end)), seven.clone(), none.clone()]);
    stage.block(50, &[act(ALICE, DIEM, &Diem::unstakeCall {})]).await;
    assert_eq!(diem(&stage).await, [three, none.clone(), Value::Null, none, seven]);
    stage.node.stop().await.unwrap();
}

#[sqlx::test(migrations = false)]
async fn all_that_is_not_locked_can_be_unstaked(pool: PgPool) {
    let mut stage = Stage::new(&pool, GENESIS).await;
    stage.fund(&[ALICE], 1_000, 0).await;
    let stake = stakeCall { recipient: ALICE, amount: tokens(100) };
    let lock = mintDiemCall { sVVVAmountToLock: tokens(9), minDiemAmountOut: U256::ZERO };
    stage.block(2, &[act(ALICE, STAKING, &stake), act(ALICE, STAKING, &lock)]).await;
    stage.block(60, &[act(ALICE, STAKING, &initiateUnstakeCall { amount: tokens(91) })]).await;
    let end = stage.head.timestamp + SVVV_COOLDOWN;
    let stake = async |stage: &Stage| {
        stage.equals_the_contracts().await;
        let stake = stage.entitlement(ALICE).await["stake"].take();
        ["svvv", "locked", "unlocked", "cooling", "cooling_ends_at"].map(|name| stake[name].clone())
    };
    let (nine, none) = (json!("9000000000000000000"), json!("0"));
    let cooling = [nine.clone(), nine.clone(), none.clone(), json!("91000000000000000000"), json!(time(end))];
    assert_eq!(stake(&stage).await, cooling);
    let claimable = async |stage: &Stage| stage.oracle.get("/v1/cooldowns").await["svvv"]["claimable"].take();
    stage.block_at(end - 1, &[]).await;
    assert_eq!(stake(&stage).await, cooling);
    assert_eq!(claimable(&stage).await, json!({"amount": "0", "accounts": 0}));
    stage.block_at(end, &[]).await;
    assert_eq!(stake(&stage).await, cooling, "until it is paid out");
    assert_eq!(claimable(&stage).await, json!({"amount": "91000000000000000000", "accounts": 1}));
    stage.block(2, &[act(ALICE, STAKING, &finalizeUnstakeCall {})]).await;
    assert_eq!(stake(&stage).await, [nine.clone(), nine, none.clone(), none, Value::Null]);
    stage.node.stop().await.unwrap();
}

/// Of two claims in one block the second finds nothing, and says nothing.
#[sqlx::test(migrations = false)]
async fn a_claim_with_nothing_pending_is_no_event(pool: PgPool) {
    let mut stage = Stage::new(&pool, GENESIS).await;
    stage.fund(&[ALICE], 1_000, 0).await;
    stage.block(2, &[act(ALICE, STAKING, &stakeCall { recipient: ALICE, amount: tokens(100) })]).await;
    stage.block(600, &[act(ALICE, STAKING, &claimCall {}), act(ALICE, STAKING, &claimCall {})]).await;
    stage.equals_the_contracts().await;
    let number = stage.head.number;
    let path = format!("/v1/events?kind=claimed&address={ALICE}&from_block={number}&to_block={number}");
    let events = stage.oracle.get(&path).await;
    let [claimed] = <&[Value; 1]>::try_from(events["items"].as_array().unwrap().as_slice()).unwrap();
    let account = stage.oracle.get(&format!("/v1/accounts/{ALICE}")).await;
    assert_eq!(account["rewards"]["claimed"], claimed["amount"]);
    // 600 s of 14,000,000 VVV a year, less the treasury's fifth, by 100 of 101 sVVV.
    assert_eq!(claimed["amount"], CLAIMED);
    stage.node.stop().await.unwrap();
}

const CLAIMED: &str = "210980002109800021069";

/// The contracts take any duration to which the time can be added. Nothing that began so ever ends, and nobody is held up.
#[sqlx::test(migrations = false)]
async fn cooldowns_that_never_end_stop_nobody(pool: PgPool) {
    let mut stage = Stage::new(&pool, GENESIS).await;
    let (last, users) = (U256::MAX - U256::from(GENESIS + 1_000_000), [ALICE, BOB, CAROL]);
    stage.fund(&users, 1_000, 10).await;
    for user in users {
        let svvv = act(user, STAKING, &stakeCall { recipient: user, amount: tokens(100) });
        stage.block(2, &[svvv, act(user, DIEM, &Diem::stakeCall { amount: tokens(10) })]).await;
    }
    for (user, seconds) in users.into_iter().zip([U256::ONE << 63, U256::ONE << 64, last]) {
        let longer = [
            act(TREASURY, STAKING, &setCooldownDurationCall { newCooldownDuration: seconds }),
            act(TREASURY, DIEM, &Diem::setCooldownDurationCall { newCooldownDuration: seconds }),
            act(user, STAKING, &initiateUnstakeCall { amount: tokens(7) }),
            act(user, DIEM, &Diem::initiateUnstakeCall { amount: tokens(4) }),
        ];
        stage.block(60, &longer).await;
        stage.equals_the_contracts().await;
        let head = stage.head.number.to_string();
        let verified = stage.oracle.ask_indexer(&["verify", "--json", "--all", "--at-block", &head]).await;
        assert_eq!((verified.code, &verified.json()["differences"]), (Some(0), &json!([])), "{verified:?}");
    }
    let cooldowns = stage.oracle.get("/v1/cooldowns").await;
    for (token, all) in [("svvv", "21000000000000000000"), ("diem", "12000000000000000000")] {
        let calendar = &cooldowns[token];
        assert_eq!((&calendar["cooling"]["amount"], &calendar["cooling"]["accounts"]), (&json!(all), &json!(3)));
        assert_eq!((&calendar["later"], &calendar["days"]), (&calendar["cooling"], &json!([])), "{cooldowns}");
    }
    // Blocks go on, and what is unstaked under a duration of this world is withdrawn.
    let shorter =
        act(TREASURY, DIEM, &Diem::setCooldownDurationCall { newCooldownDuration: U256::from(DIEM_COOLDOWN) });
    stage.block(60, &[shorter, act(ALICE, DIEM, &Diem::initiateUnstakeCall { amount: tokens(1) })]).await;
    stage.block(DIEM_COOLDOWN, &[act(ALICE, DIEM, &Diem::unstakeCall {})]).await;
    stage.equals_the_contracts().await;
    assert_eq!(stage.entitlement(ALICE).await["diem"]["liquid"], "5000000000000000000");
    stage.node.stop().await.unwrap();
}
