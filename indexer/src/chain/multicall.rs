//! Many views of contracts in one request, through Multicall3.

use alloy_primitives::{Address, Bytes};
use alloy_sol_types::{SolCall, sol};

use super::{At, Chain, ChainError};

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
/// # Errors
/// [`ChainError`], [`ChainError::NoState`] where the node keeps no state of that block.
pub async fn ask(
    chain: &impl Chain,
    multicall3: Address,
    at: At,
    calls: &[Call],
) -> Result<Option<Vec<Answer>>, ChainError> {
    let call = |call: &Call| Multicall3::Call3 { target: call.target, allowFailure: true, callData: call.data.clone() };
    let data = Multicall3::aggregate3Call { calls: calls.iter().map(call).collect() }.abi_encode();
    let answer = chain.call(at, multicall3, data.into()).await?;
    if answer.is_empty() {
        return Ok(None);
    }
    let results = Multicall3::aggregate3Call::abi_decode_returns(&answer)
        .map_err(|error| ChainError::Contradiction(format!("what Multicall3 answers does not decode: {error}")))?;
    if results.len() != calls.len() {
        let (got, asked) = (results.len(), calls.len());
        return Err(ChainError::Contradiction(format!("{got} answers to {asked} calls")));
    }
    Ok(Some(results.into_iter().map(|result| result.success.then_some(result.returnData)).collect()))
}
