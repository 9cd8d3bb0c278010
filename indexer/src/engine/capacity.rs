//! What follows from the light logs: sVVV, DIEM and parameters.

mod known;

use alloy_primitives::Address;
use ledger::block::Block;
use ledger::capacity::Capacity;
use ledger::event::{Entry, Event, Staking, Vvv};
use ledger::halt::Halt;
use ledger::parameter::{Parameter, Setting, Untold};
use store::StoreError;
use store::append::{StoredBlock, StoredHeader};
use store::deployment::Deployment;
use store::load::NetworkState;
use store::writer::Writer;

use super::{ACCOUNTS_MAX, LaneState, Scene, Stretch, at, raw, whole};
use crate::chain::{At, ChainError, Log};
use crate::decode::{Decoder, Undecodable, word_address};
use crate::follower::StepError;
use crate::readings::{self, Occasion};
use crate::source::{BlockRef, FetchedBlock, FetchedHeader, Lane, Source};

/// Blocks of a backfill after which a node that had no state of what a contract first showed is asked again.
const ASK_AGAIN_BLOCKS: u64 = 10_000;
use known::Known;

/// The ledger's state of capacity as of the last block applied.
#[derive(Debug)]
pub struct CapacityState {
    capacity: Capacity,
    decoder: Decoder,
    cursor: Option<BlockRef>,
    /// Of the last block, or of the last one before it whose time is known.
    timestamp: Option<u64>,
    /// The source keeps no state of this block and those before it.
    no_state_until: Option<u64>,
    /// Nobody could yet be asked for the accumulators that rewards go on from.
    lacks_rewards: bool,
    untold: Known,
}

impl LaneState for CapacityState {
    const LANE: Lane = Lane::Capacity;

    /// Totals and parameters; positions follow as they are touched.
    async fn load(writer: &Writer, deployment: &Deployment) -> Result<Self, StoreError> {
        let contracts = deployment.ledger_contracts();
        let NetworkState { capacity, parameters, minted, .. } = writer.network_state().await?;
        let lacks_rewards = capacity.rewards.is_none() && parameters.word(Parameter::AccRewardPerShareLocked).is_none();
        let capacity = Capacity::new(contracts, capacity, parameters, minted);
        Ok(Self {
            decoder: Decoder::new(contracts, deployment.implementations.clone(), implementation(&capacity)),
            capacity,
            cursor: writer.cursors().await?.capacity,
            timestamp: writer.last_timestamp().await?,
            no_state_until: None,
            lacks_rewards,
            untold: Known::load(writer).await?,
        })
    }

    fn wants(&self, from: u64) -> Option<u64> {
        self.untold.next(from)
    }

    fn cursor(&self) -> Option<BlockRef> {
        self.cursor
    }

    fn set_cursor(&mut self, cursor: BlockRef) {
        self.cursor = Some(cursor);
    }

    fn is_too_large(&self) -> bool {
        self.capacity.accounts() >= ACCOUNTS_MAX
    }

    async fn decode<S: Source>(
        &mut self,
        _scene: &Scene<S>,
        blocks: Vec<FetchedBlock>,
        _stretch: Stretch,
    ) -> Result<Vec<StoredBlock>, StepError> {
        let headers = blocks.iter().map(|block| stored(&block.header)).collect::<Result<Vec<_>, _>>()?;
        headers.into_iter().zip(blocks).map(|(header, block)| self.decode_block(header, block.logs)).collect()
    }

    async fn apply<S: Source>(
        &mut self,
        scene: &Scene<S>,
        blocks: &mut [StoredBlock],
        stretch: Stretch,
    ) -> Result<(), StepError> {
        self.load_positions(&scene.writer, blocks.iter().map(|stored| &stored.block)).await?;
        for position in 0..blocks.len() {
            let (before, after) = blocks.split_at_mut(position + 1);
            let Some(stored) = before.last_mut() else { continue };
            let ends_backfill = stretch.ends_backfill && after.is_empty();
            let at = at(&stored.header, stretch);
            let occasion = self.occasion(&stored.block, ends_backfill, stretch.at_head);
            stored.block.readings = self.read(scene, &stored.block, at, occasion).await?;
            stored.block.untold = self.explain(scene, &stored.block, at).await?;
            self.read_debts(scene, &mut stored.block, at).await?;
            let implementation_before = implementation(&self.capacity);
            self.apply_block(stored).map_err(|halt| StepError::refused(&halt, &scene.deployment))?;
            let implementation = implementation(&self.capacity).filter(|now| Some(*now) != implementation_before);
            if let Some(implementation) = implementation.filter(|now| announced(&stored.block) != Some(*now)) {
                self.decoder.follow(implementation);
                after.iter_mut().try_for_each(|stored| self.decode_again(stored))?;
            }
        }
        Ok(())
    }
}

impl CapacityState {
    fn decode_block(&mut self, header: StoredHeader, logs: Vec<Log>) -> Result<StoredBlock, StepError> {
        let mut stored = StoredBlock {
            header,
            is_known: false,
            logs: Vec::new(),
            block: Block { number: header.number, timestamp: header.timestamp, ..Block::default() },
            capacity: Default::default(),
            supply: Default::default(),
        };
        for log in logs {
            let Some(contract) = self.decoder.contract(&log) else { continue };
            let entry = self.decoder.decode(contract, &log)?;
            stored.capacity.anomalies.extend(self.decoder.remark(&entry));
            if is_light(&entry) {
                stored.logs.push(raw(log));
            }
            stored.block.entries.push(entry);
        }
        Ok(stored)
    }

    /// A block of a range in which a reading showed another implementation, after it was decoded. All its logs
    /// are light: a range of this lane has no others.
    fn decode_again(&mut self, stored: &mut StoredBlock) -> Result<(), StepError> {
        let header = stored.header;
        let logs = std::mem::take(&mut stored.logs).into_iter();
        *stored = self.decode_block(header, logs.map(|log| whole(&header, log)).collect())?;
        Ok(())
    }

    /// What its readings show that no event of the block explains: known already, or found now. A change that lies in
    /// another block is for the caller, who derives anew from there on.
    async fn explain<S: Source>(&mut self, scene: &Scene<S>, block: &Block, at: At) -> Result<Vec<Untold>, StepError> {
        self.untold.add(block.number, scene.source.untold(block.number)?);
        let found = self.untold.explain(scene, block, self.capacity.parameters(), at).await?;
        self.untold.saw(block);
        Ok(found)
    }

    async fn load_positions<'a>(
        &mut self,
        writer: &Writer,
        blocks: impl Iterator<Item = &'a Block>,
    ) -> Result<(), StoreError> {
        let missing = self.capacity.unloaded(blocks);
        if !missing.is_empty() {
            let positions = writer.positions(&missing).await?;
            positions.into_iter().for_each(|(address, position)| self.capacity.load(address, position));
        }
        Ok(())
    }

    fn apply_block(&mut self, stored: &mut StoredBlock) -> Result<(), Halt> {
        let capacity = self.capacity.apply(&stored.block)?;
        let remarks = std::mem::replace(&mut stored.capacity, capacity).anomalies;
        stored.capacity.anomalies.extend(remarks);
        self.timestamp = Some(stored.header.timestamp);
        Ok(())
    }

    /// Why the contracts are asked at a block, if they are. At the head also where rewards are added up and only their
    /// beginning is missing: a node has state there that it no longer had of the blocks before.
    fn occasion(&self, block: &Block, ends_backfill: bool, at_head: bool) -> Option<Occasion> {
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
    async fn read<S: Source>(
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
    async fn read_debts<S: Source>(&mut self, scene: &Scene<S>, block: &mut Block, at: At) -> Result<(), StepError> {
        // What changed without an event somewhere in the block makes its rewards doubtful.
        let is_doubtful = upgrades(block) || !block.untold.is_empty();
        let is_wanted = self.capacity.totals().rewards.is_none() || is_doubtful;
        let has_locks = block.reading(Parameter::AccRewardPerShareLocked).is_some();
        if is_wanted && has_locks && block.reading(Parameter::RewardDebts).is_none() {
            let stored = scene.writer.stakers().await?;
            let accounts: Vec<Address> = self.capacity.stakers_after(block, stored).into_iter().collect();
            match scene.source.reward_debts(block.number, at, &accounts).await {
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

/// Whether new code runs from this block on.
fn upgrades(block: &Block) -> bool {
    block.entries.iter().any(|entry| matches!(entry.event, Event::Staking(Staking::Upgraded(_))))
}

/// This lane is the first to store a block: somebody must tell its time.
fn stored(fetched: &FetchedHeader) -> Result<StoredHeader, ChainError> {
    let FetchedHeader { number, hash, parent_hash, timestamp } = *fetched;
    let untold = || ChainError::Contradiction(format!("neither header nor clock tells the time of block {number}"));
    Ok(StoredHeader { number, hash, parent_hash, timestamp: timestamp.ok_or_else(untold)? })
}

/// As the last event or reading says.
fn implementation(capacity: &Capacity) -> Option<Address> {
    capacity.parameters().word(Parameter::Implementation).map(word_address)
}

/// As the last event of a block says, which whoever decodes the next has followed already.
fn announced(block: &Block) -> Option<Address> {
    block.entries.iter().rev().find_map(|entry| match &entry.event {
        Event::Staking(Staking::Upgraded(implementation)) => Some(*implementation),
        _ => None,
    })
}

/// Whether a log is kept as it came: all but VVV's transfers, of which only mints are.
fn is_light(entry: &Entry) -> bool {
    !matches!(&entry.event, Event::Vvv(Vvv::Transfer(transfer)) if !transfer.from.is_zero())
}

impl From<Undecodable> for StepError {
    fn from(undecodable: Undecodable) -> Self {
        Self::Refused(undecodable.to_string())
    }
}
