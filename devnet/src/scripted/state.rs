use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::{Revert, SolCall, SolError, SolValue, sol};
use std::{collections::BTreeMap, collections::HashMap, hash::Hash};

sol! {
    /// One call of a multicall.
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    /// One answer of a multicall.
    struct Result3 {
        bool success;
        bytes returnData;
    }

    /// Multicall3's call of several contracts at one block.
    function aggregate3(Call3[] calls) external payable returns (Result3[] returnData);

    /// Multicall3's word on which block answers.
    function getBlockNumber() external view returns (uint256 blockNumber);
}

/// What a contract answers to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallAnswer {
    /// The call succeeds with this return data.
    Returned(Bytes),
    /// The call reverts with this data.
    Reverted(Bytes),
}

/// The contracts' state, as far as the script gives it: each value holds from its block on.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) answers: Timeline<(Address, Bytes), CallAnswer>,
    pub(super) code: Timeline<Address, Bytes>,
    pub(super) storage: Timeline<(Address, U256), B256>,
}

impl State {
    /// Forgets what holds from a block above `ancestor`.
    pub(super) fn rewind_to(&mut self, ancestor: u64) {
        self.answers.rewind_to(ancestor);
        self.code.rewind_to(ancestor);
        self.storage.rewind_to(ancestor);
    }

    /// What `to` answers to `input` at `block`. Whatever the script does not name succeeds with nothing, like an account
    /// without code.
    pub(super) fn call(&self, block: u64, multicall: Address, to: Address, input: &Bytes) -> CallAnswer {
        if let Some(answer) = self.answers.at(&(to, input.clone()), block) {
            return answer.clone();
        }
        if to == multicall {
            if let Ok(call) = aggregate3Call::abi_decode(input) {
                return self.aggregate(block, multicall, call);
            }
            if getBlockNumberCall::abi_decode(input).is_ok() {
                return CallAnswer::Returned(U256::from(block).abi_encode().into());
            }
        }
        CallAnswer::Returned(Bytes::new())
    }

    fn aggregate(&self, block: u64, multicall: Address, call: aggregate3Call) -> CallAnswer {
        let mut results = Vec::with_capacity(call.calls.len());
        for inner in call.calls {
            let (success, data) = match self.call(block, multicall, inner.target, &inner.callData) {
                CallAnswer::Returned(data) => (true, data),
                CallAnswer::Reverted(data) => (false, data),
            };
            if !success && !inner.allowFailure {
                return call_failed();
            }
            results.push(Result3 { success, returnData: data });
        }
        CallAnswer::Returned(aggregate3Call::abi_encode_returns(&results).into())
    }
}

/// Multicall3's own words when a call fails that must not.
fn call_failed() -> CallAnswer {
    CallAnswer::Reverted(Revert::from("Multicall3: call failed").abi_encode().into())
}

/// Values that change over the blocks.
#[derive(Debug, Clone)]
pub(super) struct Timeline<K, V>(HashMap<K, BTreeMap<u64, V>>);

impl<K: Hash + Eq, V> Timeline<K, V> {
    /// From block `from` on, `key` has this value.
    pub(super) fn set(&mut self, from: u64, key: K, value: V) {
        self.0.entry(key).or_default().insert(from, value);
    }

    /// The value of `key` at `block`.
    pub(super) fn at(&self, key: &K, block: u64) -> Option<&V> {
        self.0.get(key)?.range(..=block).next_back().map(|(_, value)| value)
    }

    fn rewind_to(&mut self, ancestor: u64) {
        for values in self.0.values_mut() {
            values.retain(|from, _| *from <= ancestor);
        }
    }
}

impl<K, V> Default for Timeline<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MULTICALL: Address = Address::repeat_byte(0xca);
    const CONTRACT: Address = Address::repeat_byte(1);

    fn state() -> State {
        let mut state = State::default();
        state.answers.set(5, (CONTRACT, Bytes::from("rate")), CallAnswer::Returned(Bytes::from("old")));
        state.answers.set(9, (CONTRACT, Bytes::from("rate")), CallAnswer::Returned(Bytes::from("new")));
        state.answers.set(0, (CONTRACT, Bytes::from("bad")), CallAnswer::Reverted(Bytes::from("no")));
        state
    }

    fn rate_at(state: &State, block: u64) -> CallAnswer {
        state.call(block, MULTICALL, CONTRACT, &Bytes::from("rate"))
    }

    #[test]
    fn an_answer_holds_from_its_block_until_the_next() {
        let state = state();
        assert_eq!(rate_at(&state, 4), CallAnswer::Returned(Bytes::new()));
        assert_eq!(rate_at(&state, 8), CallAnswer::Returned(Bytes::from("old")));
        assert_eq!(rate_at(&state, 9), CallAnswer::Returned(Bytes::from("new")));
    }

    #[test]
    fn a_rewind_brings_the_older_answer_back() {
        let mut state = state();
        state.rewind_to(8);
        assert_eq!(rate_at(&state, 9), CallAnswer::Returned(Bytes::from("old")));
    }

    fn aggregate(allow_failure: bool) -> CallAnswer {
        let call = |data| Call3 { target: CONTRACT, allowFailure: allow_failure, callData: Bytes::from(data) };
        let input = aggregate3Call { calls: vec![call("rate"), call("bad")] }.abi_encode();
        state().call(9, MULTICALL, MULTICALL, &input.into())
    }

    #[test]
    fn a_multicall_answers_each_call() {
        let CallAnswer::Returned(data) = aggregate(true) else { panic!("reverted") };
        let results = aggregate3Call::abi_decode_returns(&data).unwrap();
        assert_eq!((results[0].success, &results[0].returnData), (true, &Bytes::from("new")));
        assert_eq!((results[1].success, &results[1].returnData), (false, &Bytes::from("no")));
    }

    #[test]
    fn a_multicall_reverts_when_a_call_fails_that_must_not() {
        assert_eq!(aggregate(false), call_failed());
    }
}
