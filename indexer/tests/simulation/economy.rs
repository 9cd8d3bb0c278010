//! Draws transactions that the contracts would allow in a given state.

use abi::{Diem as D, StakingV2 as S, Vvv as V};
use alloy_primitives::{Address, B256, Bytes, LogData, U256};
use alloy_sol_types::{SolCall, SolEvent};
use devnet::scripted::{CallAnswer, ScriptedChain, ScriptedLog};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::naive::{DIEM, Fold, STAKING, VVV};

const NOBODY: Address = Address::ZERO;
/// An implementation that the deployment of the simulation names.
pub(crate) const IMPLEMENTATION: Address = Address::repeat_byte(0xb2);

fn log(address: Address, event: &impl SolEvent) -> ScriptedLog {
    ScriptedLog::event(address, event)
}

fn vvv(from: Address, to: Address, amount: U256) -> ScriptedLog {
    log(VVV, &V::Transfer { from, to, amount })
}

fn svvv(from: Address, to: Address, value: U256) -> ScriptedLog {
    log(STAKING, &S::Transfer { from, to, value })
}

fn diem(from: Address, to: Address, value: U256) -> ScriptedLog {
    log(DIEM, &D::Transfer { from, to, value })
}

/// The first block: initialisers that set cooldowns without an event, and the first mint.
pub(crate) fn genesis() -> Vec<ScriptedLog> {
    let treasury = actor(0);
    vec![
        log(STAKING, &S::Upgraded { implementation: IMPLEMENTATION }),
        log(STAKING, &S::Initialized { version: 1 }),
        svvv(NOBODY, STAKING, U256::ONE),
        log(DIEM, &D::RoleGranted { role: B256::ZERO, account: treasury, sender: treasury }),
        vvv(NOBODY, treasury, U256::from(1_000_000)),
    ]
}

/// One of a handful of addresses.
pub(crate) fn actor(number: u8) -> Address {
    Address::repeat_byte(number + 1)
}

/// What the staking proxy answers from a block on: once it is known, nobody has to ask at every block.
pub(crate) fn set_emission_rate(chain: &mut ScriptedChain, from: u64, rate: u64) {
    answer(chain, from, STAKING, &S::emissionRatePerSecondCall {}, U256::from(rate));
}

/// The contracts' answers to what is read of them, from a block on.
pub(crate) fn set_cooldowns(chain: &mut ScriptedChain, from: u64, cooldowns: (u64, u64)) {
    answer(chain, from, STAKING, &S::cooldownDurationCall {}, U256::from(cooldowns.0));
    answer(chain, from, DIEM, &D::cooldownDurationCall {}, U256::from(cooldowns.1));
}

/// What the contracts answer for totals at the head, whose state this is.
pub(crate) fn set_totals(chain: &mut ScriptedChain, state: &Fold) {
    let head = chain.head().number;
    let network = |name| state.get(name, Address::ZERO);
    let burned = V::balanceOfCall { account: Address::ZERO };
    answer(chain, head, VVV, &V::totalSupplyCall {}, network("supply"));
    answer(chain, head, VVV, &burned, network("vvv"));
    answer(chain, head, STAKING, &S::totalSupplyCall {}, network("svvv_supply"));
    answer(chain, head, STAKING, &S::totalLockedStakedVVVCall {}, state.sum("locked"));
    answer(chain, head, DIEM, &D::totalSupplyCall {}, network("diem_supply"));
    answer(chain, head, DIEM, &D::totalStakedCall {}, state.sum("staked") + state.sum("diem_cooling"));
}

fn answer(chain: &mut ScriptedChain, from: u64, contract: Address, view: &impl SolCall, word: U256) {
    chain.set_answer(from, contract, Bytes::from(view.abi_encode()), CallAnswer::Returned(B256::from(word).0.into()));
}

/// One transaction's logs; none where the actor drawn has not what it takes.
pub(crate) fn transaction(rng: &mut ChaCha8Rng, state: &Fold) -> Vec<ScriptedLog> {
    let (who, other) = (actor(rng.random_range(0..6)), actor(rng.random_range(0..6)));
    let part = |rng: &mut ChaCha8Rng, of: U256| U256::from(rng.random_range(0..=of.saturating_to::<u64>()));
    let of = |name| state.get(name, who);
    let unlocked = of("svvv") - of("locked");
    match rng.random_range(0..16) {
        0 => vec![vvv(NOBODY, STAKING, part(rng, U256::from(50)))],
        1 => vec![vvv(who, other, part(rng, of("vvv")))],
        2 => vec![vvv(who, NOBODY, part(rng, of("vvv")))],
        3 | 4 => {
            let amount = part(rng, of("vvv"));
            let staked = S::Staked { user: other, amount };
            vec![vvv(who, STAKING, amount), svvv(NOBODY, other, amount), log(STAKING, &staked)]
        }
        5 | 6 => {
            let locked = part(rng, unlocked);
            let minted = part(rng, U256::from(100));
            let event = S::DiemMinted { sVVVLocked: locked, diemMinted: minted };
            vec![diem(NOBODY, who, minted), log(STAKING, &event)]
        }
        7 => {
            let burned = part(rng, of("outstanding").min(of("diem")));
            let unlocked = (burned * of("locked")).checked_div(of("outstanding")).unwrap_or_default();
            let event = S::DiemBurned { sVVVUnlocked: unlocked, diemBurned: burned };
            vec![diem(who, NOBODY, burned), log(STAKING, &event)]
        }
        8 => {
            let amount = part(rng, of("diem"));
            vec![diem(who, DIEM, amount), log(DIEM, &D::Staked { user: who, amount })]
        }
        9 => vec![log(DIEM, &D::UnstakeInitiated { user: who, amount: part(rng, of("staked")) })]
            .into_iter()
            .filter(|_| !of("staked").is_zero())
            .filter(|log| log.log.data.data.iter().any(|byte| *byte > 0))
            .collect(),
        10 if !of("diem_cooling").is_zero() => {
            let amount = of("diem_cooling");
            vec![diem(DIEM, who, amount), log(DIEM, &D::Unstaked { user: who, amount })]
        }
        11 if of("svvv_cooling").is_zero() && !unlocked.is_zero() => {
            let amount = part(rng, unlocked - U256::ONE) + U256::ONE;
            vec![svvv(who, NOBODY, amount), log(STAKING, &S::UnstakeInitiated { user: who, amount })]
        }
        12 if !of("svvv_cooling").is_zero() && state.get("vvv", STAKING) >= of("svvv_cooling") => {
            let amount = of("svvv_cooling");
            vec![log(STAKING, &S::UnstakeFinalized { user: who, amount }), vvv(STAKING, who, amount)]
        }
        13 => vec![log(STAKING, &S::Claimed { user: who, amount: part(rng, U256::from(9)) })],
        14 => vec![diem(NOBODY, who, part(rng, U256::from(9))), diem(who, other, part(rng, of("diem")))],
        _ => vec![
            // Approvals of VVV are not ingested; a topic nobody knows is kept, and changes nothing.
            log(VVV, &V::Approval { owner: who, spender: other, amount: U256::MAX }),
            ScriptedLog::from(alloy_primitives::Log {
                address: STAKING,
                data: LogData::new_unchecked(vec![B256::repeat_byte(0xee)], Bytes::new()),
            }),
        ],
    }
}

/// A mint, a burn, a stake and a topic that nobody knows.
pub(crate) fn of_every_kind() -> Vec<ScriptedLog> {
    let (who, amount) = (actor(1), U256::from(10));
    let unknown = LogData::new_unchecked(vec![B256::repeat_byte(0xee)], Bytes::new());
    vec![
        vvv(NOBODY, who, U256::from(20)),
        vvv(who, NOBODY, amount),
        vvv(who, STAKING, amount),
        svvv(NOBODY, who, amount),
        log(STAKING, &S::Staked { user: who, amount }),
        ScriptedLog::from(alloy_primitives::Log { address: STAKING, data: unknown }),
    ]
}

/// Two blocks: somebody who never had any is given DIEM, and passes it on.
pub(crate) fn gift_to_a_newcomer() -> (Vec<ScriptedLog>, Vec<ScriptedLog>) {
    let (newcomer, amount) = (Address::repeat_byte(0xcc), U256::from(7));
    (vec![diem(NOBODY, newcomer, amount)], vec![diem(newcomer, actor(1), amount)])
}

/// A transfer of nothing, which anyone can send at any time.
pub(crate) fn no_transfer() -> ScriptedLog {
    vvv(actor(1), actor(2), U256::ZERO)
}

/// A setter's transaction: from its log on another duration is in force.
pub(crate) fn set_cooldown(rng: &mut ChaCha8Rng, cooldowns: &mut (u64, u64)) -> Vec<ScriptedLog> {
    let seconds = rng.random_range(1..1_000);
    if rng.random_bool(0.5) {
        cooldowns.0 = seconds;
        vec![log(STAKING, &S::CooldownDurationUpdated { newCooldownDuration: U256::from(seconds) })]
    } else {
        cooldowns.1 = seconds;
        vec![log(DIEM, &D::CooldownDurationUpdated { cooldownDuration: U256::from(seconds) })]
    }
}
