//! Blocks as they were stored, with what was read in them: a source that needs no node.

use std::collections::{BTreeMap, HashMap};

use alloy_primitives::{Address, Bytes, U256};
use ledger::parameter::Setting;
use store::StoreError;
use store::append::StoredHeader;
use store::deployment::Deployment;
use store::replay::inputs::{Inputs, RawTransfer};
use store::writer::Writer;

use crate::chain::{At, ChainError, Log};
use crate::decode::VVV_TRANSFER;
use crate::readings::Occasion;
use crate::source::{BlockRef, Fetched, FetchedBlock, FetchedHeader, Lane, Source};

/// What the database holds of blocks.
#[derive(Debug)]
pub struct Stored {
    inputs: Inputs,
    vvv: Address,
    readings: HashMap<u64, Vec<Setting>>,
    /// Above this block those without a log are given too: there every header is kept.
    all_above: u64,
}

impl Stored {
    /// What is stored from a block on.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn open(
        writer: &Writer,
        deployment: &Deployment,
        from_block: u64,
        all_above: Option<u64>,
    ) -> Result<Self, StoreError> {
        let inputs = writer.inputs();
        let readings = inputs.readings(from_block).await?;
        Ok(Self { inputs, vvv: deployment.contracts.vvv, readings, all_above: all_above.unwrap_or(u64::MAX) })
    }

    /// What was read at the end of a block.
    pub fn readings_at(&self, block_number: u64) -> Option<&Vec<Setting>> {
        self.readings.get(&block_number)
    }

    async fn headers(&self, from: u64, to: u64) -> Result<BTreeMap<u64, StoredHeader>, ChainError> {
        let headers = self.inputs.headers(from, to).await.map_err(unreadable)?;
        Ok(headers.into_iter().map(|header| (header.number, header)).collect())
    }

    async fn logs(&self, lane: Lane, from: u64, to: u64) -> Result<Vec<Log>, ChainError> {
        match lane {
            Lane::Capacity => {
                let logs = self.inputs.logs(from, to).await.map_err(unreadable)?;
                Ok(logs
                    .into_iter()
                    .map(|(block_number, log)| Log {
                        block_number,
                        block_hash: Default::default(),
                        block_timestamp: None,
                        tx_hash: log.tx_hash,
                        tx_index: log.tx_index,
                        log_index: log.log_index,
                        address: log.address,
                        topics: log.topics,
                        data: log.data,
                    })
                    .collect())
            }
            Lane::Supply => {
                let transfers = self.inputs.transfers(from, to).await.map_err(unreadable)?;
                Ok(transfers.into_iter().map(|transfer| self.log_of(&transfer)).collect())
            }
        }
    }

    /// A transfer's log, written back from its row.
    fn log_of(&self, transfer: &RawTransfer) -> Log {
        Log {
            block_number: transfer.block_number,
            block_hash: Default::default(),
            block_timestamp: None,
            tx_hash: transfer.tx_hash,
            tx_index: transfer.tx_index,
            log_index: transfer.log_index,
            address: self.vvv,
            topics: vec![VVV_TRANSFER, transfer.from.into_word(), transfer.to.into_word()],
            data: Bytes::copy_from_slice(&transfer.amount.to_be_bytes::<{ U256::BYTES }>()),
        }
    }

    fn is_given(&self, header: &StoredHeader, to: u64) -> bool {
        let number = header.number;
        number == to || number > self.all_above || self.readings.contains_key(&number)
    }
}

impl Source for Stored {
    async fn range(&self, lane: Lane, from: u64, to: u64) -> Result<Fetched, ChainError> {
        let (headers, logs) = futures::try_join!(self.headers(from, to), self.logs(lane, from, to))?;
        let given = headers.values().filter(|header| self.is_given(header, to));
        let mut blocks: BTreeMap<u64, FetchedBlock> =
            given.map(|header| (header.number, FetchedBlock { header: fetched(header), logs: Vec::new() })).collect();
        for log in logs {
            let header = headers.get(&log.block_number).ok_or_else(|| without_header(&log))?;
            let block = blocks
                .entry(log.block_number)
                .or_insert_with(|| FetchedBlock { header: fetched(header), logs: Vec::new() });
            block.logs.push(Log { block_hash: header.hash, block_timestamp: Some(header.timestamp), ..log });
        }
        let end = BlockRef { number: to, hash: headers.get(&to).map(|header| header.hash) };
        Ok(Fetched { blocks: blocks.into_values().collect(), end, grade: None })
    }

    async fn readings(
        &self,
        block_number: u64,
        _at: At,
        _occasion: Option<Occasion>,
    ) -> Result<Vec<Setting>, ChainError> {
        Ok(self.readings.get(&block_number).cloned().unwrap_or_default())
    }

    async fn reward_debts(&self, _: u64, _: At, _: U256, _: &[Address]) -> Result<Option<Vec<U256>>, ChainError> {
        Ok(None)
    }
}

fn fetched(header: &StoredHeader) -> FetchedHeader {
    let StoredHeader { number, hash, parent_hash, timestamp } = *header;
    FetchedHeader { number, hash, parent_hash, timestamp: Some(timestamp) }
}

fn unreadable(error: StoreError) -> ChainError {
    ChainError::Unavailable(format!("what is stored cannot be read: {error}"))
}

fn without_header(log: &Log) -> ChainError {
    ChainError::Contradiction(format!(
        "block {}, transaction {}, log {}: the log is stored and its block is not; `indexer replay --refetch` has both anew",
        log.block_number, log.tx_hash, log.log_index
    ))
}
