//! The contracts' own answers, where events are silent.
//!
//! Cooldowns, percentages, treasury, emission rate and curve may be set in initialisers without an event, and inferred
//! events may not be what we think. So the contracts are asked: where an initialiser ran or code changed, where a setter
//! was seen, at the first log of each contract, at the first block of an epoch, and at the end of a backfill.

use abi::{Diem as DiemAbi, StakingV1 as V1, StakingV2 as V2, Vvv as VvvAbi};
use alloy_primitives::{Address, Bytes, U256, uint};
use alloy_sol_types::{SolCall, sol};
use ledger::block::Block;
use ledger::curve::CELLS;
use ledger::epoch::Epoch;
use ledger::event::{Contract, Event, Staking};
use ledger::parameter::{Parameter, Parameters, Setting};
use store::deployment::ContractAddresses;

use crate::chain::{At, Chain, ChainError};

/// keccak256("eip1967.proxy.implementation") - 1, where ERC-1967 proxies keep their implementation.
const IMPLEMENTATION_SLOT: U256 = uint!(0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc_U256);

sol! {
    /// Multicall3, of which one function is used.
    interface Multicall3 {
        /// One call among many.
        struct Call3 { address target; bool allowFailure; bytes callData; }
        /// Its outcome.
        struct Result { bool success; bytes returnData; }
        /// Many calls at one block.
        function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory returnData);
    }
}

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
}

/// Whether a block is an occasion to ask. `previous` is the timestamp of the block stored before it.
pub fn occasion(block: &Block, known: &Parameters, previous: Option<u64>) -> Option<Occasion> {
    let changes = |event: &Event| {
        matches!(event, Event::Staking(Staking::Upgraded(_) | Staking::Initialized)) || !event.settings().is_empty()
    };
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
    let questions = questions(contracts);
    let calls = questions
        .iter()
        .map(|(_, target, data)| Multicall3::Call3 { target: *target, allowFailure: true, callData: data.clone() })
        .collect();
    let data = Multicall3::aggregate3Call { calls }.abi_encode();
    let (answer, slot) = futures::try_join!(
        chain.call(at, contracts.multicall3, data.into()),
        chain.storage(at, contracts.staking, IMPLEMENTATION_SLOT),
    )?;
    let mut settings = settings(&questions, &answer)?;
    if !slot.is_zero() {
        settings.push(Setting::word(Parameter::Implementation, U256::from_be_bytes(slot.0)));
    }
    Ok(settings)
}

type Question = (Parameter, Address, Bytes);

/// One question a parameter, 256 for each table of the curve, in order.
fn questions(contracts: &ContractAddresses) -> Vec<Question> {
    let ContractAddresses { vvv, staking, diem, .. } = *contracts;
    let mut questions: Vec<Question> = vec![
        (Parameter::EmissionRate, staking, V2::emissionRatePerSecondCall {}.abi_encode().into()),
        (Parameter::SvvvCooldown, staking, V2::cooldownDurationCall {}.abi_encode().into()),
        (Parameter::DiemCooldown, diem, DiemAbi::cooldownDurationCall {}.abi_encode().into()),
        (Parameter::VenicePercentage, staking, V2::veniceEmissionsPercentageCall {}.abi_encode().into()),
        (
            Parameter::VenicePercentageLocked,
            staking,
            V2::veniceEmissionsPercentageWhenLockedCall {}.abi_encode().into(),
        ),
        (Parameter::Treasury, staking, V1::treasuryCall {}.abi_encode().into()),
        (Parameter::LastRewardTimestamp, staking, V1::lastRewardTimestampCall {}.abi_encode().into()),
        (Parameter::AccRewardPerShare, staking, V1::accRewardPerShareCall {}.abi_encode().into()),
        (Parameter::AccRewardPerShareLocked, staking, V2::accRewardPerShareLockedCall {}.abi_encode().into()),
        (Parameter::VvvOwner, vvv, VvvAbi::ownerCall {}.abi_encode().into()),
    ];
    let cells = || (0..CELLS).map(U256::from);
    questions
        .extend(cells().map(|cell| (Parameter::CurveBounds, staking, V2::diemSupplyCall(cell).abi_encode().into())));
    questions
        .extend(cells().map(|cell| (Parameter::CurveRates, staking, V2::diemMintRatesCall(cell).abi_encode().into())));
    questions
}

/// An answer without data comes from an address without code: there is nothing to ask yet.
fn settings(questions: &[Question], answer: &Bytes) -> Result<Vec<Setting>, ChainError> {
    if answer.is_empty() {
        return Ok(Vec::new());
    }
    let results = Multicall3::aggregate3Call::abi_decode_returns(answer)
        .map_err(|error| ChainError::Contradiction(format!("what Multicall3 answers does not decode: {error}")))?;
    if results.len() != questions.len() {
        let (got, asked) = (results.len(), questions.len());
        return Err(ChainError::Contradiction(format!("{got} answers to {asked} calls")));
    }
    let mut settings: Vec<Setting> = Vec::new();
    for ((parameter, ..), result) in questions.iter().zip(&results) {
        let Some(word) = word_of(result) else { continue };
        match settings.last_mut() {
            Some(last) if last.parameter == *parameter => last.value.push(word),
            _ => settings.push(Setting::word(*parameter, word)),
        }
    }
    settings.retain(|setting| setting.value.len() == expected_words(setting.parameter));
    Ok(settings)
}

fn word_of(result: &Multicall3::Result) -> Option<U256> {
    (result.success && result.returnData.len() == 32).then(|| U256::from_be_slice(&result.returnData))
}

fn expected_words(parameter: Parameter) -> usize {
    match parameter {
        Parameter::CurveBounds | Parameter::CurveRates => CELLS,
        _ => 1,
    }
}
