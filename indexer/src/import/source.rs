//! Ranges of what files hold, held against themselves as a node's answers are.

use std::collections::BTreeMap;
use std::sync::Arc;

use abi::Vvv;
use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::SolEvent;
use ledger::event::Contracts;
use ledger::parameter::{Parameter, Setting, Untold};
use store::completeness::Grade;
use store::deployment::{Clock, Deployment};

use super::directory::Directory;
use super::rows::Rows;
use crate::chain::{At, ChainError, Log};
use crate::files::error::FileError;
use crate::files::record::{BlockRecord, LogRecord, ReadingRecord};
use crate::readings::Occasion;
use crate::source::{BlockRef, Fetched, FetchedBlock, FetchedHeader, Lane, Source};

/// Files, and a source to be asked for readings where they have none; without one those are unknown.
#[derive(Debug)]
pub struct Files<S> {
    directory: Arc<Directory>,
    asked: Option<Arc<S>>,
    /// The last block's header, where something else tells it than the files.
    last: Option<BlockRecord>,
    chain_id: u64,
    contracts: Contracts,
    clock: Option<Clock>,
}

impl<S> Clone for Files<S> {
    fn clone(&self) -> Self {
        Self { directory: Arc::clone(&self.directory), asked: self.asked.clone(), ..*self }
    }
}

impl<S> Files<S> {
    /// A source of what the directory's files hold of this deployment.
    pub fn new(directory: Directory, asked: Option<S>, last: Option<BlockRecord>, deployment: &Deployment) -> Self {
        Self {
            directory: Arc::new(directory),
            asked: asked.map(Arc::new),
            last,
            chain_id: deployment.chain_id,
            contracts: deployment.ledger_contracts(),
            clock: deployment.clock,
        }
    }

    fn fetched(&self, lane: Lane, from: u64, to: u64) -> Result<Fetched, ChainError> {
        let rows = self.directory.rows(from, to)?;
        let headers = self.headers(&rows, from, to)?;
        let logs = self.logs(&rows, lane, from, to, &headers)?;
        let mut blocks: BTreeMap<u64, FetchedBlock> = BTreeMap::new();
        for header in headers.values().filter(|header| lane == Lane::Capacity || header.block_number == to) {
            let header = self.header(header.block_number, header.block_hash, Some(header))?;
            blocks.insert(header.number, FetchedBlock { header, logs: Vec::new() });
        }
        for log in logs {
            let known = headers.get(&log.block_number);
            let block = match blocks.entry(log.block_number) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
                    let header = self.header(log.block_number, log.block_hash, known)?;
                    entry.insert(FetchedBlock { header, logs: Vec::new() })
                }
            };
            if block.header.hash != log.block_hash {
                return Err(contradiction(&log, "is of another block than its height's"));
            }
            block.logs.push(log);
        }
        if self.clock.is_none() && lane == Lane::Capacity {
            hold_every_header(&headers, from, to)?;
        }
        let end = BlockRef { number: to, hash: headers.get(&to).map(|header| header.block_hash) };
        // As good as one node's word: nobody else was asked for the same logs.
        Ok(Fetched { blocks: blocks.into_values().collect(), end, grade: Some(Grade::Single) })
    }

    fn headers(&self, rows: &[Arc<Rows>], from: u64, to: u64) -> Result<BTreeMap<u64, BlockRecord>, ChainError> {
        let mut headers: BTreeMap<u64, BlockRecord> = BTreeMap::new();
        let told = rows.iter().flat_map(|rows| &rows.blocks).chain(&self.last);
        for row in told.filter(|row| (from..=to).contains(&row.block_number)) {
            let number = row.block_number;
            self.check_chain(row.chain_id, || format!("the header of block {number}"))?;
            if headers.insert(number, *row).is_some_and(|other| other.block_hash != row.block_hash) {
                return Err(ChainError::Contradiction(format!("the files have two blocks {number}")));
            }
        }
        let broken = headers.values().zip(headers.values().skip(1)).find(|(lower, upper)| {
            lower.block_number + 1 == upper.block_number
                && upper.parent_hash.is_some_and(|parent| parent != lower.block_hash)
        });
        match broken {
            Some((_, upper)) => Err(ChainError::Contradiction(format!(
                "block {} does not follow from the one before",
                upper.block_number
            ))),
            None => Ok(headers),
        }
    }

    /// Those of the lane, in order. Logs of other contracts and events are nobody's here.
    fn logs(
        &self,
        rows: &[Arc<Rows>],
        lane: Lane,
        from: u64,
        to: u64,
        headers: &BTreeMap<u64, BlockRecord>,
    ) -> Result<Vec<Log>, ChainError> {
        let within = rows.iter().flat_map(|rows| &rows.logs).filter(|row| (from..=to).contains(&row.block_number));
        let mut logs = Vec::new();
        for row in within.filter(|row| self.is_of(lane, row)) {
            self.check_chain(row.chain_id, || format!("block {}, log {}", row.block_number, row.log_index))?;
            logs.push(log(row, headers.get(&row.block_number))?);
        }
        logs.sort_by_key(|log| (log.block_number, log.log_index));
        let place = |log: &Log| (log.block_number, log.log_index);
        let transaction = |log: &Log| (log.block_number, log.tx_index);
        let wrong = |pair: &&[Log]| place(&pair[1]) == place(&pair[0]) || transaction(&pair[1]) < transaction(&pair[0]);
        match logs.windows(2).find(wrong) {
            Some(pair) => Err(contradiction(&pair[1], "is out of order or there twice")),
            None => Ok(logs),
        }
    }

    fn is_of(&self, lane: Lane, row: &LogRecord) -> bool {
        let Contracts { vvv, staking, diem } = self.contracts;
        let is_transfer = row.topic0 == Some(Vvv::Transfer::SIGNATURE_HASH);
        match lane {
            Lane::Supply => row.address == vvv && is_transfer,
            Lane::Capacity if row.address == vvv => {
                let is_mint = is_transfer && row.topic1 == Some(B256::ZERO);
                is_mint || row.topic0 == Some(Vvv::OwnershipTransferred::SIGNATURE_HASH)
            }
            Lane::Capacity => row.address == staking || row.address == diem,
        }
    }

    fn header(&self, number: u64, hash: B256, known: Option<&BlockRecord>) -> Result<FetchedHeader, ChainError> {
        let by_clock = self.clock.and_then(|clock| clock.timestamp(number));
        let told = known.map(|header| header.timestamp);
        if let (Some(told), Some(by_clock)) = (told, by_clock)
            && told != by_clock
        {
            return Err(ChainError::Contradiction(format!(
                "block {number} has timestamp {told}, the deployment's clock says otherwise"
            )));
        }
        let parent_hash = known.and_then(|header| header.parent_hash);
        Ok(FetchedHeader { number, hash, parent_hash, timestamp: told.or(by_clock) })
    }

    fn check_chain(&self, chain_id: Option<u64>, what: impl Fn() -> String) -> Result<(), ChainError> {
        match chain_id.filter(|id| *id != self.chain_id) {
            Some(id) => Err(ChainError::Contradiction(format!("{} is of chain {id}, not {}", what(), self.chain_id))),
            None => Ok(()),
        }
    }

    fn rows_read(&self, block_number: u64) -> Result<Vec<ReadingRecord>, ChainError> {
        let rows = self.directory.rows(block_number, block_number)?;
        let of_block = rows.iter().flat_map(|rows| &rows.readings).filter(|row| row.block_number == block_number);
        Ok(of_block.cloned().collect())
    }

    /// What was read at the end of a block, as the files tell it.
    fn read(&self, block_number: u64) -> Result<Vec<Setting>, ChainError> {
        let mut settings: Vec<Setting> = Vec::new();
        for row in self.rows_read(block_number)? {
            let what = |what: &str| ChainError::Contradiction(format!("block {block_number}: {} {what}", row.name));
            let parameter = row.parameter()?;
            if settings.iter().any(|other| other.parameter == parameter) {
                return Err(what("was read twice"));
            }
            if !parameter.takes(row.value.0.len()) {
                return Err(what("has another number of words than it must"));
            }
            settings.push(Setting { parameter, value: row.value.0 });
        }
        Ok(settings)
    }
}

impl<S: Source> Source for Files<S> {
    async fn range(&self, lane: Lane, from: u64, to: u64) -> Result<Fetched, ChainError> {
        let this = self.clone();
        // Files are read and parsed where nobody waits for a turn.
        let read = tokio::task::spawn_blocking(move || this.fetched(lane, from, to));
        read.await.unwrap_or_else(|error| Err(ChainError::Unavailable(format!("a file was not read: {error}"))))
    }

    async fn readings(
        &self,
        block_number: u64,
        at: At,
        occasion: Option<Occasion>,
    ) -> Result<Vec<Setting>, ChainError> {
        if self.directory.is_read(block_number) {
            return self.read(block_number);
        }
        match (&self.asked, occasion) {
            (Some(asked), Some(_)) if !self.directory.tells_readings(block_number) => {
                asked.readings(block_number, at, occasion).await
            }
            _ => Ok(Vec::new()),
        }
    }

    async fn reward_debts(
        &self,
        block_number: u64,
        at: At,
        rewarded_until: U256,
        accounts: &[Address],
    ) -> Result<Option<Vec<U256>>, ChainError> {
        match &self.asked {
            Some(asked) if !self.directory.tells_readings(block_number) => {
                asked.reward_debts(block_number, at, rewarded_until, accounts).await
            }
            _ => Ok(None),
        }
    }

    async fn probe(&self, at: At) -> Result<Option<Vec<Setting>>, ChainError> {
        match &self.asked {
            Some(asked) => asked.probe(at).await,
            None => Ok(None),
        }
    }

    fn untold(&self, block_number: u64) -> Result<Vec<Untold>, ChainError> {
        if !self.directory.is_read(block_number) {
            return Ok(Vec::new());
        }
        self.rows_read(block_number)?.into_iter().filter_map(|row| row.untold().transpose()).collect()
    }
}

impl ReadingRecord {
    fn parameter(&self) -> Result<Parameter, ChainError> {
        let unknown =
            || ChainError::Contradiction(format!("block {}: {} is no parameter", self.block_number, self.name));
        Parameter::read_as(&self.name).ok_or_else(unknown)
    }

    /// The change without an event that it shows.
    fn untold(&self) -> Result<Option<Untold>, ChainError> {
        let Some(after_block) = self.changed_after else { return Ok(None) };
        let Self { block_number, name, .. } = self;
        if after_block >= *block_number {
            let what = format!("block {block_number}: {name} is said to have changed after block {after_block}");
            return Err(ChainError::Contradiction(what));
        }
        Ok(Some(Untold { parameter: self.parameter()?, after_block }))
    }
}

impl From<FileError> for ChainError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::System { .. } => Self::Unavailable(error.to_string()),
            FileError::Content { .. } => Self::Contradiction(error.to_string()),
        }
    }
}

fn log(row: &LogRecord, header: Option<&BlockRecord>) -> Result<Log, ChainError> {
    let (number, log_index) = (row.block_number, row.log_index);
    let hash = row.block_hash.or(header.map(|header| header.block_hash)).ok_or_else(|| {
        ChainError::Contradiction(format!(
            "block {number}, log {log_index}: no file tells the block's hash; add its headers (cryo: blocks), or the \
             logs' block_hash"
        ))
    })?;
    let topics: Vec<B256> =
        [row.topic0, row.topic1, row.topic2, row.topic3].into_iter().map_while(|topic| topic).collect();
    Ok(Log {
        block_number: number,
        block_hash: hash,
        block_timestamp: None,
        tx_hash: row.transaction_hash,
        tx_index: row.transaction_index,
        log_index,
        address: row.address,
        topics,
        data: row.data.clone(),
    })
}

fn hold_every_header(headers: &BTreeMap<u64, BlockRecord>, from: u64, to: u64) -> Result<(), ChainError> {
    match (from..=to).find(|number| !headers.contains_key(number)) {
        Some(number) => Err(ChainError::Contradiction(format!(
            "no file has the header of block {number}, whose time no clock of the deployment tells"
        ))),
        None => Ok(()),
    }
}

fn contradiction(log: &Log, what: &str) -> ChainError {
    ChainError::Contradiction(format!(
        "block {}, transaction {}, log {}: the log {what}",
        log.block_number, log.tx_hash, log.log_index
    ))
}
