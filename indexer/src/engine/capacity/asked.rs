//! What the contracts are asked for at a block, and what is made of a node that does not answer.

use alloy_primitives::{Address, U256};
use ledger::block::Block;
use ledger::event::{Event, Staking};
use ledger::parameter::{Parameter, Setting};

use super::CapacityState;
use crate::chain::{At, ChainError};
use crate::engine::Scene;
use crate::follower::StepError;
use crate::readings::{self, Occasion};
use crate::source::Source;

/// Blocks of a backfill after which a node that had no state of what a contract first showed is asked again.
const ASK_AGAIN_BLOCKS: u64 = 10_000;

impl CapacityState {
    /// Why the contracts are asked at a block, if they are. At the head also where rewards are added up and only their
    /// beginning is missing: a node has state there that it no longer had of the blocks before.
    pub(super) fn occasion(&self, block: &Block, ends_backfill: bool, at_head: bool) -> Option<Occasion> {
        let occasion = readings::occasion(block, self.capacity.parameters(), self.timestamp);
        let occasion = occasion.filter(|occasion| at_head || !self.is_vain(*occasion, block.number));
        let adds_up = at_head && self.lacks_rewards && self.decoder.has_locks() && self.capacity.shows_rewards(block);
        let occasion = occasion.or(self.untold.is_at(block.number).then_some(Occasion::Untold));
        occasion.or(ends_backfill.then_some(Occasion::Edge)).or(adds_up.then_some(Occasion::Rewards))
    }

    /// Whether the node has just had no state for the same question: in a backfill every block with a log would ask it.
    fn is_vain(&self, occasion: Occasion, number: u64) -> bool {
        let is_near = |until: u64| number.saturating_sub(until) < ASK_AGAIN_BLOCKS;
        occasion == Occasion::FirstSight && self.no_state_until.is_some_and(is_near)
    }

    /// Asks the contracts where the block is an occasion to. A node without state of that block leaves values unknown.
    pub(super) async fn read<S: Source>(
        &mut self,
        scene: &Scene<S>,
        block: &Block,
        at: At,
        occasion: Option<Occasion>,
    ) -> Result<Vec<Setting>, StepError> {
        let number = block.number;
        if self.no_state_until.is_some_and(|until| number <= until) {
            return Ok(Vec::new());
        }
        match scene.source.readings(number, at, occasion).await {
            Ok(readings) => {
                hold_time(block, &readings)?;
                self.lacks_rewards &= readings.is_empty();
                Ok(readings)
            }
            Err(ChainError::NoState(message) | ChainError::Refused(message) | ChainError::Reverted(message)) => {
                let again = self.no_state_until.is_some() && occasion != Some(Occasion::Change);
                if again {
                    tracing::debug!(
                        block = number,
                        ?occasion,
                        "the node does not answer for this block either: {message}"
                    );
                } else {
                    tracing::warn!(
                        block = number,
                        ?occasion,
                        "the node does not answer for this block, so parameters that no event announced stay unknown \
                         until one does or until it answers; an archive node would ({message})"
                    );
                }
                self.no_state_until = self.no_state_until.max(Some(number));
                self.lacks_rewards = self.capacity.totals().rewards.is_none() || upgrades(block);
                Ok(Vec::new())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where the accumulators were read and rewards are not known, they go on from there: with what everybody owes.
    pub(super) async fn read_debts<S: Source>(
        &mut self,
        scene: &Scene<S>,
        block: &mut Block,
        at: At,
    ) -> Result<(), StepError> {
        // What changed without an event somewhere in the block makes its rewards doubtful.
        let is_doubtful = upgrades(block) || !block.untold.is_empty();
        let is_wanted = self.capacity.totals().rewards.is_none() || is_doubtful;
        let has_locks = block.reading(Parameter::AccRewardPerShareLocked).is_some();
        let until = block.reading(Parameter::LastRewardTimestamp).and_then(|setting| setting.value.first().copied());
        if let Some(rewarded_until) = until.filter(|_| is_wanted && has_locks)
            && block.reading(Parameter::RewardDebts).is_none()
        {
            let stored = scene.writer.stakers().await?;
            let accounts: Vec<Address> = self.capacity.stakers_after(block, stored).into_iter().collect();
            match scene.source.reward_debts(block.number, at, rewarded_until, &accounts).await {
                Ok(Some(debts)) => block.readings.push(Setting::reward_debts(accounts.into_iter().zip(debts))),
                Ok(None) => {}
                Err(ChainError::NoState(message) | ChainError::Refused(message) | ChainError::Reverted(message)) => {
                    let (block, accounts) = (block.number, accounts.len());
                    tracing::warn!(
                        block,
                        accounts,
                        "rewards stay unknown, because the node does not tell debts: {message}"
                    );
                    self.lacks_rewards = true;
                }
                Err(error) => return Err(error.into()),
            }
        }
        if block.reading(Parameter::RewardDebts).is_some() {
            self.load_positions(&scene.writer, std::iter::once(&*block)).await?;
        }
        Ok(())
    }
}

/// Rewards cannot have been added up later than the block that is asked about: where they were, the node answers with the
/// state of a later one.
fn hold_time(block: &Block, readings: &[Setting]) -> Result<(), ChainError> {
    let until = readings.iter().find(|setting| setting.parameter == Parameter::LastRewardTimestamp);
    match until.and_then(|setting| setting.value.first()) {
        Some(until) if *until > U256::from(block.timestamp) => Err(ChainError::Contradiction(format!(
            "asked for the state of block {} at {}, the node gave one with rewards until {until}",
            block.number, block.timestamp
        ))),
        _ => Ok(()),
    }
}

/// Whether new code runs from this block on.
fn upgrades(block: &Block) -> bool {
    block.entries.iter().any(|entry| matches!(entry.event, Event::Staking(Staking::Upgraded(_))))
}
