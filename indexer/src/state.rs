//! The ledger as of the cursor: loaded from the store, thrown away when anything goes wrong.

use ledger::block::Block;
use ledger::capacity::Capacity;
use ledger::event::Contract;
use ledger::parameter::{Parameter, Setting};
use ledger::supply::Supply;
use store::StoreError;
use store::append::{RawLog, StoredBlock};
use store::deployment::Deployment;
use store::load::{BlockRef, NetworkState};
use store::writer::Writer;

use crate::decode::{Decoder, Undecodable, word_address};
use crate::fetch::FetchedBlock;

/// Accounts kept in memory between blocks; beyond that they are loaded again.
const ACCOUNTS_MAX: usize = 1_000_000;

/// Everything in memory that follows from the blocks up to the cursor.
#[derive(Debug)]
pub struct State {
    /// sVVV, DIEM and parameters.
    pub capacity: Capacity,
    /// VVV.
    pub supply: Supply,
    /// The last block applied.
    pub cursor: Option<BlockRef>,
    /// Its timestamp, or that of the last one before it whose time is known.
    pub timestamp: Option<u64>,
    decoder: Decoder,
}

impl State {
    /// Loads totals and parameters; accounts follow as they are touched. All of them are loaded at once where the
    /// indexes to look single ones up by are still to be built.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn load(writer: &Writer, deployment: &Deployment) -> Result<Self, StoreError> {
        let contracts = deployment.ledger_contracts();
        let NetworkState { capacity, supply, parameters } = writer.network_state().await?;
        let implementation = parameters.word(Parameter::Implementation).map(word_address);
        let supply = match writer.has_account_indexes().await? {
            true => Supply::new(contracts, supply),
            false => Supply::whole(contracts, supply, writer.all_accounts().await?),
        };
        Ok(Self {
            capacity: Capacity::new(contracts, capacity, parameters),
            supply,
            cursor: writer.cursor().await?,
            timestamp: writer.last_timestamp().await?,
            decoder: Decoder::new(contracts, deployment.implementations.clone(), implementation),
        })
    }

    /// Whether accounts that are not in memory are known to be zero, because they cannot be looked up.
    pub fn holds_all(&self) -> bool {
        self.supply.is_whole()
    }

    /// From now on accounts can be looked up.
    pub fn account_indexes_built(&mut self) {
        self.supply.end_whole();
    }

    /// Whether it is time to drop this state and load accounts anew as they are touched.
    pub fn is_too_large(&self) -> bool {
        !self.holds_all() && self.capacity.accounts() + self.supply.accounts() >= ACCOUNTS_MAX
    }

    /// Decodes blocks, in order.
    ///
    /// # Errors
    /// [`Undecodable`]
    pub fn decode(&mut self, blocks: Vec<FetchedBlock>) -> Result<Vec<StoredBlock>, Undecodable> {
        blocks.into_iter().map(|block| self.decode_block(block)).collect()
    }

    fn decode_block(&mut self, fetched: FetchedBlock) -> Result<StoredBlock, Undecodable> {
        let FetchedBlock { header, logs } = fetched;
        let mut stored = StoredBlock {
            header,
            logs: Vec::new(),
            block: Block { number: header.number, timestamp: header.timestamp, ..Block::default() },
            capacity: Default::default(),
            supply: Default::default(),
        };
        for log in logs {
            let Some(contract) = self.decoder.contract(&log) else { continue };
            let entry = self.decoder.decode(contract, &log)?;
            stored.capacity.anomalies.extend(self.decoder.remark(&entry));
            let is_transfer = contract == Contract::Vvv && entry.event.settings().is_empty();
            stored.block.entries.push(entry);
            if !is_transfer {
                stored.logs.push(RawLog {
                    log_index: log.log_index,
                    tx_index: log.tx_index,
                    tx_hash: log.tx_hash,
                    address: log.address,
                    topics: log.topics,
                    data: log.data,
                });
            }
        }
        Ok(stored)
    }

    /// Loads the accounts that these blocks touch.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn load_accounts(&mut self, writer: &Writer, blocks: &[StoredBlock]) -> Result<(), StoreError> {
        let missing = self.capacity.unloaded(blocks.iter().map(|stored| &stored.block));
        if !missing.is_empty() {
            let positions = writer.positions(&missing).await?;
            positions.into_iter().for_each(|(address, position)| self.capacity.load(address, position));
        }
        let missing = self.supply.unloaded(blocks.iter().map(|stored| &stored.block));
        if !missing.is_empty() {
            let accounts = writer.accounts(&missing).await?;
            accounts.into_iter().for_each(|(address, account)| self.supply.load(address, account));
        }
        Ok(())
    }

    /// Applies a block with what was read at its end.
    ///
    /// # Errors
    /// [`ledger::halt::Halt`]
    pub fn apply(&mut self, stored: &mut StoredBlock, readings: Vec<Setting>) -> Result<(), ledger::halt::Halt> {
        stored.block.readings = readings;
        let capacity = self.capacity.apply(&stored.block)?;
        let remarks = std::mem::replace(&mut stored.capacity, capacity).anomalies;
        stored.capacity.anomalies.extend(remarks);
        stored.supply = self.supply.apply(&stored.block)?;
        self.timestamp = Some(stored.header.timestamp);
        Ok(())
    }
}
