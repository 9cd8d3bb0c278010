//! The state held against the contracts' own answers at its block: totals, parameters, and addresses that nobody could
//! know beforehand. The epoch's opening is held against them too, where the node still has state of that block.

use std::hash::{BuildHasher, RandomState};

use alloy_primitives::{Address, U256};
use ledger::rewards::{Terms, pending_at};
use store::deployment::Deployment;

use super::state::State;
use super::{BootstrapError, Taken};
use crate::chain::multicall;
use crate::chain::{At, Chain, ChainError, Header};
use crate::readings;
use crate::verify::compare::{self, Findings};
use crate::verify::figures::{Account, Locks, Questions};

/// Addresses drawn, and as many of those that hold most of each.
const SAMPLE: usize = 200;
/// Addresses asked about in one call.
const PER_CALL: usize = 100;
/// Differences that are named.
const NAMED: usize = 5;

/// Holds the state against the contracts.
///
/// # Errors
/// [`BootstrapError::Refused`] with the first differences; [`BootstrapError::Chain`] where the node cannot answer.
pub async fn hold(
    chain: &impl Chain,
    deployment: &Deployment,
    state: &State,
    header: &Header,
    opening: Option<u64>,
) -> Result<Taken, BootstrapError> {
    let addresses = sample(state);
    let locks = Locks::of(deployment, &state.in_force());
    let asking = Asking { chain, deployment, state, locks, timestamp: header.timestamp };
    let at = At { number: header.number, hash: Some(header.hash) };
    let read = readings::read(chain, &deployment.contracts, at).await?;
    let mut found = asking.network(at, header.number).await?.and(compare::parameters(&state.in_force(), &read));
    for some in addresses.chunks(PER_CALL) {
        found = found.and(asking.accounts(header.number, at, some).await?);
    }
    judge(&found, header.number)?;
    let opening_compared = match opening {
        Some(opening) => asking.opening(opening, &addresses).await?,
        None => true,
    };
    Ok(Taken { block_number: header.number, compared: found.compared, opening_compared })
}

struct Asking<'a, C> {
    chain: &'a C,
    deployment: &'a Deployment,
    state: &'a State,
    locks: Locks,
    /// Of the block, seconds since 1970.
    timestamp: u64,
}

impl<C: Chain> Asking<'_, C> {
    async fn network(&self, at: At, number: u64) -> Result<Findings, BootstrapError> {
        let (capacity, supply) = self.state.totals(number);
        self.compare(at, &Questions::network(&self.deployment.contracts, self.locks, &capacity, &supply)).await
    }

    async fn accounts(&self, number: u64, at: At, addresses: &[Address]) -> Result<Findings, BootstrapError> {
        let (capacity, _) = self.state.totals(number);
        let terms = Terms::of(&self.state.in_force(), &capacity);
        let mut questions = Questions::default();
        for address in addresses {
            let vvv = self.state.balances.get(address).copied().unwrap_or_default();
            let newest = self.state.later.get(address).or_else(|| self.state.opening.get(address));
            let position = newest.map(|(_, position)| *position).unwrap_or_default();
            let pending = pending_at(&position, capacity.rewards, terms, self.timestamp);
            let account = Account { address: *address, position, vvv, pending };
            questions.account(&self.deployment.contracts, self.locks, &account);
        }
        self.compare(at, &questions).await
    }

    /// False: the node has no state of that block any more. Locks then may have been other than now: they are asked for
    /// and compared where the contract answers.
    async fn opening(&self, opening: u64, addresses: &[Address]) -> Result<bool, BootstrapError> {
        let this = Asking { locks: Locks::Unsure, ..*self };
        let mut found = match this.network(At { number: opening, hash: None }, opening).await {
            Err(BootstrapError::Chain(ChainError::NoState(_) | ChainError::Refused(_) | ChainError::Reverted(_))) => {
                return Ok(false);
            }
            network => network?,
        };
        for some in addresses.chunks(PER_CALL) {
            let mut questions = Questions::default();
            for address in some {
                let position = self.state.opening.get(address).map(|(_, position)| *position).unwrap_or_default();
                questions.position(&self.deployment.contracts, Locks::Unsure, *address, &position);
            }
            found = found.and(this.compare(At { number: opening, hash: None }, &questions).await?);
        }
        judge(&found, opening)?;
        Ok(true)
    }

    async fn compare(&self, at: At, questions: &Questions) -> Result<Findings, BootstrapError> {
        let multicall3 = self.deployment.contracts.multicall3;
        let answers = multicall::ask(self.chain, multicall3, at, &questions.calls).await?;
        let answers = answers.ok_or_else(|| {
            BootstrapError::Refused(format!("there is no Multicall3 at {multicall3} to ask the contracts through"))
        })?;
        Ok(compare::figures(questions, &answers))
    }
}

/// Drawn anew each time, so that nobody can make a file that is right for the sample alone; and the largest, who matter
/// most.
fn sample(state: &State) -> Vec<Address> {
    let positions = state.positions();
    let mut chosen: Vec<Address> = Vec::new();
    let mut largest = |mut amounts: Vec<(U256, Address)>| {
        amounts.sort_unstable_by(|a, b| b.cmp(a));
        chosen.extend(amounts.iter().take(SAMPLE).map(|(_, address)| *address));
    };
    largest(positions.iter().map(|(address, position)| (position.svvv, *address)).collect());
    largest(positions.iter().map(|(address, position)| (position.diem_staked, *address)).collect());
    largest(state.balances.iter().map(|(address, vvv)| (*vvv, *address)).collect());
    let chance = RandomState::new();
    let mut all: Vec<(u64, Address)> =
        positions.keys().chain(state.balances.keys()).map(|address| (chance.hash_one(address), *address)).collect();
    all.sort_unstable();
    all.dedup();
    chosen.extend(all.iter().take(SAMPLE).map(|(_, address)| *address));
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}

fn judge(found: &Findings, number: u64) -> Result<(), BootstrapError> {
    if let Some(subject) = found.unanswered.first() {
        let what = format!("at block {number} the contracts do not answer for {}", subject.what);
        return Err(BootstrapError::Refused(what));
    }
    if found.differences.is_empty() && found.compared > 0 {
        return Ok(());
    }
    let named = found.differences.iter().take(NAMED).map(|difference| {
        let whose = difference.subject.address.map_or_else(|| "the network".to_owned(), |address| address.to_string());
        let (what, file, contract) = (difference.subject.what, difference.derived, difference.contract);
        format!("{what} of {whose} is {file} in the file and {contract} by the contract")
    });
    let named: Vec<String> = named.collect();
    let count = found.differences.len();
    Err(BootstrapError::Refused(format!("{count} figures differ at block {number}: {}", named.join("; "))))
}
