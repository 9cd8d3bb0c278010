//! What follows from the light logs: sVVV, DIEM and parameters.

mod asked;
mod known;

use alloy_primitives::Address;
use ledger::block::Block;
use ledger::capacity::Capacity;
use ledger::event::{Entry, Event, Staking, Vvv};
use ledger::halt::Halt;
use ledger::parameter::{Parameter, Untold};
use store::StoreError;
use store::append::{StoredBlock, StoredHeader};
use store::deployment::Deployment;
use store::load::NetworkState;
use store::writer::Writer;

use super::{ACCOUNTS_MAX, LaneState, Scene, Stretch, at, raw, whole};
use crate::chain::{At, ChainError, Log};
use crate::decode::{Decoder, Undecodable, word_address};
use crate::follower::StepError;
use crate::source::{BlockRef, FetchedBlock, FetchedHeader, Lane, Source};
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
