//! Many views of contracts in one request, through Multicall3.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::{SolCall, sol};

use super::{At, Chain, ChainError};

sol! {
    /// Multicall3, of which two functions are used.
    interface Multicall3 {
        /// One call among many.
        struct Call3 { address target; bool allowFailure; bytes callData; }
        /// Its outcome.
        struct Result { bool success; bytes returnData; }
        /// Many calls at one block.
        function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory returnData);
        /// The block that answers.
        function getBlockNumber() external view returns (uint256 blockNumber);
    }
}

/// A view to be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The contract.
    pub target: Address,
    /// Selector and arguments.
    pub data: Bytes,
}

impl Call {
    /// A view of a contract.
    pub fn new(target: Address, view: &impl SolCall) -> Self {
        Self { target, data: view.abi_encode().into() }
    }
}

/// What a call gave: nothing at all where there is no code, `None` where it reverted.
pub type Answer = Option<Bytes>;

/// Calls all of them at one block; one answer for each, in order. `None`: at that block there is no Multicall3 yet.
///
/// Each answer says of which block it is. A node that gives a later block's state in its place, because it no longer has
/// that one's or mines the next at the same moment, is not believed.
///
/// # Errors
/// [`ChainError`], [`ChainError::NoState`] where the node keeps no state of that block.
pub async fn ask(
    chain: &impl Chain,
    multicall3: Address,
    at: At,
    calls: &[Call],
) -> Result<Option<Vec<Answer>>, ChainError> {
    let which = Call::new(multicall3, &Multicall3::getBlockNumberCall {});
    let call = |call: &Call| Multicall3::Call3 { target: call.target, allowFailure: true, callData: call.data.clone() };
    let asked = calls.iter().chain([&which]).map(call).collect();
    let answer = chain.call(at, multicall3, Multicall3::aggregate3Call { calls: asked }.abi_encode().into()).await?;
    if answer.is_empty() {
        return Ok(None);
    }
    let mut results = Multicall3::aggregate3Call::abi_decode_returns(&answer)
        .map_err(|error| ChainError::Contradiction(format!("what Multicall3 answers does not decode: {error}")))?;
    let block = results.pop();
    if results.len() != calls.len() {
        let (got, asked) = (results.len(), calls.len());
        return Err(ChainError::Contradiction(format!("{got} answers to {asked} calls")));
    }
    hold_block(at, block.as_ref())?;
    Ok(Some(results.into_iter().map(|result| result.success.then_some(result.returnData)).collect()))
}

fn hold_block(at: At, answered: Option<&Multicall3::Result>) -> Result<(), ChainError> {
    let told = answered.filter(|answer| answer.success && answer.returnData.len() == 32);
    let told = told.map(|answer| U256::from_be_slice(&answer.returnData));
    if told == Some(U256::from(at.number)) {
        return Ok(());
    }
    let told = told.map_or_else(|| "a block that it does not name".into(), |number| format!("block {number}"));
    Err(ChainError::Contradiction(format!("asked for the state of block {}, the node gave that of {told}", at.number)))
}
