//! A range or a block from the node, held against itself before anybody believes it.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::{Address, B256};
use futures::{StreamExt, TryStreamExt, stream};
use ledger::event::Contracts;
use store::append::StoredHeader;
use store::deployment::Clock;
use store::load::BlockRef;

use crate::chain::bloom::{may_hold, may_hold_topic};
use crate::chain::{Chain, ChainError, Header, Log, LogQuery};
use crate::decode::VVV_TOPICS;

/// Headers asked for at the same time where every header of a range is needed.
const HEADERS_AT_ONCE: usize = 16;

/// Consecutive blocks; those without a log of ours may be left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Ascending.
    pub blocks: Vec<FetchedBlock>,
    /// The last block of what was asked for.
    pub end: BlockRef,
}

/// A block and the logs of it that may be ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FetchedBlock {
    /// What is known of its header.
    pub header: StoredHeader,
    /// Ascending by log index.
    pub logs: Vec<Log>,
}

impl Fetched {
    /// How many logs there are in all blocks together.
    pub fn logs(&self) -> usize {
        self.blocks.iter().map(|block| block.logs.len()).sum()
    }
}

/// What to fetch, and what it is held against.
#[derive(Debug)]
pub struct Fetch<C> {
    /// The node.
    pub chain: Arc<C>,
    /// Whose logs.
    pub contracts: Contracts,
    /// Time of blocks whose header is not fetched; without it every header is.
    pub clock: Option<Clock>,
}

impl<C> Clone for Fetch<C> {
    fn clone(&self) -> Self {
        Self { chain: Arc::clone(&self.chain), ..*self }
    }
}

impl<C: Chain> Fetch<C> {
    /// One block at the head. Its logs are asked by its hash, so that no other block's can be given.
    ///
    /// # Errors
    /// [`ChainError`]
    pub async fn block(&self, header: &Header) -> Result<Fetched, ChainError> {
        self.check_clock(header.number, header.timestamp)?;
        let mut logs = Vec::new();
        if self.may_hold_ours(header) {
            logs = self.ours_of_block(header).await?;
        }
        if logs.is_empty() && self.may_hold_ours(header) {
            // The bloom says maybe. A backend that lags may have answered with nothing: once more.
            logs = self.ours_of_block(header).await?;
        }
        check_order(&logs, header.number, header.number)?;
        check_header(header, &logs)?;
        let end = BlockRef { number: header.number, hash: Some(header.hash) };
        Ok(Fetched { blocks: vec![FetchedBlock { header: stored(header), logs }], end })
    }

    /// A range that can no longer change.
    ///
    /// # Errors
    /// [`ChainError`]
    pub async fn range(&self, from: u64, to: u64) -> Result<Fetched, ChainError> {
        let [light, vvv] = self.queries();
        let (light, vvv, headers) = futures::try_join!(
            self.chain.logs_in_range(from, to, &light),
            self.chain.logs_in_range(from, to, &vvv),
            self.headers(from, to),
        )?;
        let (light, vvv) = (light.logs, vvv.logs);
        for logs in [&light, &vvv] {
            check_order(logs, from, to)?;
            self.check_senders(logs)?;
        }
        let mut blocks: BTreeMap<u64, FetchedBlock> = BTreeMap::new();
        for header in &headers {
            self.check_clock(header.number, header.timestamp)?;
            blocks.insert(header.number, FetchedBlock { header: stored(header), logs: Vec::new() });
        }
        for log in light.into_iter().chain(vvv) {
            self.place(&mut blocks, log)?;
        }
        for block in blocks.values_mut() {
            block.logs.sort_by_key(|log| log.log_index);
        }
        for header in &headers {
            check_header(header, &blocks[&header.number].logs)?;
        }
        let end = headers.last().map(|header| BlockRef { number: to, hash: Some(header.hash) });
        let end = end.ok_or_else(|| ChainError::Contradiction(format!("no header of block {to}")))?;
        Ok(Fetched { blocks: blocks.into_values().collect(), end })
    }

    /// Light contracts by address alone, so that an event nobody knows is kept; VVV by the two topics that matter.
    fn queries(&self) -> [LogQuery; 2] {
        let Contracts { vvv, staking, diem } = self.contracts;
        [
            LogQuery { addresses: vec![staking, diem], topics: Vec::new() },
            LogQuery { addresses: vec![vvv], topics: VVV_TOPICS.to_vec() },
        ]
    }

    fn may_hold_ours(&self, header: &Header) -> bool {
        let Contracts { vvv, staking, diem } = self.contracts;
        may_hold(&header.logs_bloom, staking)
            || may_hold(&header.logs_bloom, diem)
            || may_hold_topic(&header.logs_bloom, vvv, &VVV_TOPICS)
    }

    /// All three in one request; VVV's other topics are dropped on the way in.
    async fn ours_of_block(&self, header: &Header) -> Result<Vec<Log>, ChainError> {
        let Contracts { vvv, staking, diem } = self.contracts;
        let query = LogQuery { addresses: vec![vvv, staking, diem], topics: Vec::new() };
        let mut logs = self.chain.logs_of_block(header, &query).await?.logs;
        self.check_senders(&logs)?;
        logs.retain(|log| log.address != vvv || log.topics.first().is_some_and(|topic| VVV_TOPICS.contains(topic)));
        Ok(logs)
    }

    /// Every header of the range where no clock gives time to blocks; else the last one alone.
    async fn headers(&self, from: u64, to: u64) -> Result<Vec<Header>, ChainError> {
        let first = if self.clock.is_some() { to } else { from };
        let headers: Vec<Header> = stream::iter(first..=to)
            .map(|number| async move {
                let header = self.chain.header(number).await?;
                header.ok_or_else(|| ChainError::UnknownBlock(format!("no header of block {number}")))
            })
            .buffered(HEADERS_AT_ONCE)
            .try_collect()
            .await?;
        match headers.windows(2).find(|pair| pair[1].parent_hash != pair[0].hash) {
            Some(pair) => {
                Err(ChainError::Contradiction(format!("block {} does not follow from the one before", pair[1].number)))
            }
            None => Ok(headers),
        }
    }

    fn place(&self, blocks: &mut BTreeMap<u64, FetchedBlock>, log: Log) -> Result<(), ChainError> {
        let block = match blocks.entry(log.block_number) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(FetchedBlock { header: self.header_from(&log)?, logs: Vec::new() })
            }
        };
        if log.block_hash != block.header.hash {
            return Err(contradiction(&log, "is of another block than its height's"));
        }
        if log.block_timestamp.is_some_and(|timestamp| timestamp != block.header.timestamp) {
            return Err(contradiction(&log, "has another time than its block"));
        }
        block.logs.push(log);
        Ok(())
    }

    /// What a log tells of its block, where the header was not fetched.
    fn header_from(&self, log: &Log) -> Result<StoredHeader, ChainError> {
        let by_clock = self.clock.and_then(|clock| clock.timestamp(log.block_number));
        let timestamp = by_clock.ok_or_else(|| contradiction(log, "is of a block without header"))?;
        Ok(StoredHeader { number: log.block_number, hash: log.block_hash, parent_hash: None, timestamp })
    }

    fn check_clock(&self, number: u64, timestamp: u64) -> Result<(), ChainError> {
        match self.clock.map(|clock| clock.timestamp(number)) {
            Some(expected) if expected != Some(timestamp) => Err(ChainError::Contradiction(format!(
                "block {number} has timestamp {timestamp}, the deployment's clock says otherwise"
            ))),
            _ => Ok(()),
        }
    }

    fn check_senders(&self, logs: &[Log]) -> Result<(), ChainError> {
        let is_ours = |address: Address| self.contracts.contains(address);
        match logs.iter().find(|log| !is_ours(log.address)) {
            Some(log) => Err(contradiction(log, "is of a contract that was not asked for")),
            None => Ok(()),
        }
    }
}

fn stored(header: &Header) -> StoredHeader {
    let Header { number, hash, parent_hash, timestamp, .. } = *header;
    StoredHeader { number, hash, parent_hash: Some(parent_hash), timestamp }
}

fn contradiction(log: &Log, what: &str) -> ChainError {
    ChainError::Contradiction(format!(
        "block {}, transaction {}, log {}: the log {what}",
        log.block_number, log.tx_hash, log.log_index
    ))
}

/// Inside what was asked for, ascending, none twice, transactions in order.
fn check_order(logs: &[Log], from: u64, to: u64) -> Result<(), ChainError> {
    if let Some(log) = logs.iter().find(|log| !(from..=to).contains(&log.block_number)) {
        return Err(contradiction(log, "lies outside of what was asked for"));
    }
    let place = |log: &Log| (log.block_number, log.log_index);
    let transaction = |log: &Log| (log.block_number, log.tx_index);
    match logs
        .windows(2)
        .find(|pair| place(&pair[1]) <= place(&pair[0]) || transaction(&pair[1]) < transaction(&pair[0]))
    {
        Some(pair) => Err(contradiction(&pair[1], "is out of order or there twice")),
        None => Ok(()),
    }
}

/// Of this block, and in its bloom.
fn check_header(header: &Header, logs: &[Log]) -> Result<(), ChainError> {
    let hash: B256 = header.hash;
    for log in logs {
        if log.block_hash != hash {
            return Err(contradiction(log, "is of another block than its height's"));
        }
        if log.block_timestamp.is_some_and(|timestamp| timestamp != header.timestamp) {
            return Err(contradiction(log, "has another time than its block"));
        }
        let in_bloom = may_hold(&header.logs_bloom, log.address)
            && log.topics.iter().all(|topic| may_hold_topic(&header.logs_bloom, log.address, &[*topic]));
        if !in_bloom {
            return Err(contradiction(log, "is not in its block's bloom"));
        }
    }
    Ok(())
}
