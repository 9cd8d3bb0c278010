//! The contracts' own answers, where events are silent.
//!
//! Cooldowns, percentages, treasury, emission rate and curve may be set in initialisers without an event, and inferred
//! events may not be what we think. So the contracts are asked: where an initialiser ran or code changed, where a setter
//! was seen, at the first log of each contract, at the first block of an epoch, and at the end of a backfill. Where rewards
//! are not known then, everybody's debts are asked for with the accumulators.

use abi::{Diem as DiemAbi, StakingV1 as V1, StakingV2 as V2, Vvv as VvvAbi};
use alloy_primitives::{Address, U256, uint};
use futures::{StreamExt, TryStreamExt, stream};
use ledger::block::Block;
use ledger::curve::CELLS;
use ledger::epoch::Epoch;
use ledger::event::{Contract, Event};
use ledger::parameter::{Parameter, Parameters, Setting};
use store::deployment::ContractAddresses;

use crate::chain::multicall::{self, Answer, Call};
use crate::chain::{At, Chain, ChainError};

/// keccak256("eip1967.proxy.implementation") - 1, where ERC-1967 proxies keep their implementation.
const IMPLEMENTATION_SLOT: U256 = uint!(0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc_U256);

/// Accounts asked about in one call: a view of three words each, well below what nodes grant a call.
const ACCOUNTS_PER_CALL: usize = 500;
const CALLS_AT_ONCE: usize = 4;

/// Why the contracts are asked at a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Something in the block may have changed a parameter without an event, or by an inferred one.
    Change,
    /// A contract was seen of which nothing is known yet.
    FirstSight,
    /// The first block of an epoch.
    Daily,
    /// The first or last block of a stretch of history.
    Edge,
    /// A parameter changed there without an event.
    Untold,
    /// Rewards are added up, and nobody could yet be asked from where.
    Rewards,
}

/// Whether a block is an occasion to ask. `previous` is the timestamp of the block stored before it.
pub fn occasion(block: &Block, known: &Parameters, previous: Option<u64>) -> Option<Occasion> {
    let changes = |event: &Event| event.may_set_anything() || !event.settings().is_empty();
    let emits = |contract| block.entries.iter().any(|entry| contract_of(&entry.event) == contract);
    if block.entries.iter().any(|entry| changes(&entry.event)) {
        Some(Occasion::Change)
    } else if emits(Contract::Staking) && known.word(Parameter::EmissionRate).is_none()
        || emits(Contract::Diem) && known.word(Parameter::DiemCooldown).is_none()
    {
        Some(Occasion::FirstSight)
    } else {
        match previous {
            None => Some(Occasion::Edge),
            Some(previous) if Epoch::at(previous) < Epoch::at(block.timestamp) => Some(Occasion::Daily),
            Some(_) => None,
        }
    }
}

fn contract_of(event: &Event) -> Contract {
    match event {
        Event::Vvv(_) => Contract::Vvv,
        Event::Staking(_) => Contract::Staking,
        Event::Diem(_) => Contract::Diem,
        Event::Unknown(contract) => *contract,
    }
}

/// Asks every parameter at a block. What a contract does not answer (no code yet, a function of a later version) is left
/// out: it is not known, not zero.
///
/// # Errors
/// [`ChainError`], [`ChainError::NoState`] where the node keeps no state of that block.
pub async fn read(chain: &impl Chain, contracts: &ContractAddresses, at: At) -> Result<Vec<Setting>, ChainError> {
    let (parameters, calls): (Vec<Parameter>, Vec<Call>) = questions(contracts).into_iter().unzip();
    let (answers, slot) = futures::try_join!(
        multicall::ask(chain, contracts.multicall3, at, &calls),
        chain.storage(at, contracts.staking, IMPLEMENTATION_SLOT),
    )?;
    let mut settings = settings(&parameters, &answers.unwrap_or_default());
    if !slot.is_zero() {
        settings.push(Setting::word(Parameter::Implementation, U256::from_be_bytes(slot.0)));
    }
    Ok(settings)
}

/// What these accounts owe of rewards at the end of a block, in their order; `None` where the contract does not answer for
/// one of them. Each request asks also when rewards were last added up, which must be what was read before: else the debts
/// are of another state than the accumulators.
///
/// # Errors
/// As [`read`].
pub async fn reward_debts(
    chain: &impl Chain,
    contracts: &ContractAddresses,
    at: At,
    rewarded_until: U256,
    accounts: &[Address],
) -> Result<Option<Vec<U256>>, ChainError> {
    let ContractAddresses { staking, multicall3, .. } = *contracts;
    let until = Call::new(staking, &V2::lastRewardTimestampCall {});
    let call = |account: &Address| Call::new(staking, &V2::stakesCall(*account));
    let calls = accounts.chunks(ACCOUNTS_PER_CALL);
    let calls: Vec<Vec<Call>> =
        calls.map(|accounts| accounts.iter().map(call).chain([until.clone()]).collect()).collect();
    let answers: Vec<Option<Vec<Answer>>> = stream::iter(calls)
        .map(|calls| async move { multicall::ask(chain, multicall3, at, &calls).await })
        .buffered(CALLS_AT_ONCE)
        .try_collect()
        .await?;
    let debt = |answer: Answer| answer.filter(|data| data.len() == 3 * 32).map(|data| U256::from_be_slice(&data[..32]));
    let mut debts = Vec::with_capacity(accounts.len());
    for answers in answers {
        let Some(mut answers) = answers else { return Ok(None) };
        let until = answers.pop().flatten().filter(|data| data.len() == 32).map(|data| U256::from_be_slice(&data));
        if until != Some(rewarded_until) {
            let message =
                format!("at block {} rewards are added up to {rewarded_until}, and then to {until:?}", at.number);
            return Err(ChainError::Contradiction(message));
        }
        debts.extend(answers.into_iter().map(debt));
    }
    Ok(debts.into_iter().collect())
}

/// One question a parameter, 256 for each table of the curve, in order.
fn questions(contracts: &ContractAddresses) -> Vec<(Parameter, Call)> {
    use Parameter as P;
    let ContractAddresses { vvv, staking, diem, .. } = *contracts;
    let mut questions = vec![
        (P::EmissionRate, Call::new(staking, &V2::emissionRatePerSecondCall {})),
        (P::SvvvCooldown, Call::new(staking, &V2::cooldownDurationCall {})),
        (P::DiemCooldown, Call::new(diem, &DiemAbi::cooldownDurationCall {})),
        (P::VenicePercentage, Call::new(staking, &V2::veniceEmissionsPercentageCall {})),
        (P::VenicePercentageLocked, Call::new(staking, &V2::veniceEmissionsPercentageWhenLockedCall {})),
        (P::Treasury, Call::new(staking, &V1::treasuryCall {})),
        (P::LastRewardTimestamp, Call::new(staking, &V1::lastRewardTimestampCall {})),
        (P::AccRewardPerShare, Call::new(staking, &V1::accRewardPerShareCall {})),
        (P::AccRewardPerShareLocked, Call::new(staking, &V2::accRewardPerShareLockedCall {})),
        (P::VvvOwner, Call::new(vvv, &VvvAbi::ownerCall {})),
        (P::StakingOwner, Call::new(staking, &V1::ownerCall {})),
    ];
    let cells = || (0..CELLS).map(U256::from);
    questions.extend(cells().map(|cell| (P::CurveBounds, Call::new(staking, &V2::diemSupplyCall(cell)))));
    questions.extend(cells().map(|cell| (P::CurveRates, Call::new(staking, &V2::diemMintRatesCall(cell)))));
    questions
}

/// An answer without data comes from an address without code: there is nothing to ask yet.
fn settings(parameters: &[Parameter], answers: &[Answer]) -> Vec<Setting> {
    let mut settings: Vec<Setting> = Vec::new();
    for (parameter, answer) in parameters.iter().zip(answers) {
        let Some(word) = answer.as_ref().filter(|data| data.len() == 32) else { continue };
        let word = U256::from_be_slice(word);
        match settings.last_mut() {
            Some(last) if last.parameter == *parameter => last.value.push(word),
            _ => settings.push(Setting::word(*parameter, word)),
        }
    }
    settings.retain(|setting| setting.parameter.takes(setting.value.len()));
    settings
}
