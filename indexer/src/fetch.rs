//! A range or a block from the node, held against itself before anybody believes it.

use std::sync::Arc;

use alloy_primitives::{Address, B256, U256};
use futures::{StreamExt, TryStreamExt, future, stream};
use ledger::parameter::Setting;
use store::deployment::{Clock, ContractAddresses, Deployment};

use crate::chain::bloom::{may_hold, may_hold_topic};
use crate::chain::{At, Chain, ChainError, Grade, Graded, Header, Log, LogQuery};
use crate::decode::{OWNERSHIP_TRANSFERRED, VVV_TOPICS, VVV_TRANSFER};
use crate::readings::{self, Occasion};
use crate::source::{BlockRef, Fetched, FetchedBlock, FetchedHeader, Lane, Source};

/// Headers asked for at the same time where every header of a range is needed.
const HEADERS_AT_ONCE: usize = 16;

/// The node as a source: what to fetch, and what it is held against.
#[derive(Debug)]
pub struct Fetch<C> {
    /// The node.
    pub chain: Arc<C>,
    /// Whose logs.
    pub contracts: ContractAddresses,
    /// Time of blocks whose header is not fetched; without it every header is, for the lane of capacity.
    pub clock: Option<Clock>,
    /// Every header is fetched for the lane of capacity, clock or not.
    pub all_headers: bool,
}

impl<C: Chain> Source for Fetch<C> {
    async fn range(&self, lane: Lane, from: u64, to: u64) -> Result<Fetched, ChainError> {
        let queries = self.queries(lane);
        let logs = future::try_join_all(queries.iter().map(async |query| {
            let graded = self.chain.logs_in_range(from, to, query).await?;
            check_order(&graded.logs, from, to)?;
            check_asked(&graded.logs, query)?;
            Ok::<_, ChainError>(graded)
        }));
        let (graded, headers) = futures::try_join!(logs, self.headers(lane, from, to))?;
        let grade = graded.iter().map(|graded| graded.grade).min();
        let answers = graded.into_iter().map(|graded| graded.logs).collect();
        self.assemble(to, &headers, in_order(answers, from, to)?, grade)
    }

    async fn readings(
        &self,
        _block_number: u64,
        at: At,
        occasion: Option<Occasion>,
    ) -> Result<Vec<Setting>, ChainError> {
        match occasion {
            Some(_) => readings::read(self.chain.as_ref(), &self.contracts, at).await,
            None => Ok(Vec::new()),
        }
    }

    async fn reward_debts(
        &self,
        _block_number: u64,
        at: At,
        rewarded_until: U256,
        accounts: &[Address],
    ) -> Result<Option<Vec<U256>>, ChainError> {
        readings::reward_debts(self.chain.as_ref(), &self.contracts, at, rewarded_until, accounts).await
    }

    async fn probe(&self, at: At) -> Result<Option<Vec<Setting>>, ChainError> {
        match readings::read(self.chain.as_ref(), &self.contracts, at).await {
            Ok(answers) => Ok(Some(answers)),
            Err(ChainError::NoState(_) | ChainError::Refused(_) | ChainError::Reverted(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<C: Chain> Fetch<C> {
    /// The node, for a deployment.
    pub fn new(chain: Arc<C>, deployment: &Deployment) -> Self {
        Self { chain, contracts: deployment.contracts, clock: deployment.clock, all_headers: false }
    }

    /// One block at the head. Its logs are asked by its hash, so that no other block's can be given.
    ///
    /// # Errors
    /// [`ChainError`]
    pub async fn block(&self, header: &Header) -> Result<Fetched, ChainError> {
        self.check_clock(header.number, header.timestamp)?;
        // A bloom that proves that there is nothing is as good as any grade there is.
        let mut graded = Graded { logs: Vec::new(), grade: self.chain.grade_sought() };
        if self.may_hold_ours(header) {
            graded = self.ours_of_block(header).await?;
            if graded.logs.is_empty() && graded.grade == Grade::Single {
                // The bloom says maybe. A backend that lags may have answered with nothing: once more.
                graded = self.ours_of_block(header).await?;
            }
        }
        let Graded { logs, grade } = graded;
        check_order(&logs, header.number, header.number)?;
        check_header(header, &logs)?;
        let end = BlockRef { number: header.number, hash: Some(header.hash) };
        Ok(Fetched { blocks: vec![FetchedBlock { header: fetched(header), logs }], end, grade: Some(grade) })
    }

    /// Light contracts by address alone, so that an event nobody knows is kept; VVV by the topics that matter.
    fn queries(&self, lane: Lane) -> Vec<LogQuery> {
        let ContractAddresses { vvv, staking, diem, .. } = self.contracts;
        let of_vvv = |topic0, topic1| LogQuery { addresses: vec![vvv], topics: vec![topic0], topic1 };
        match lane {
            Lane::Capacity => vec![
                LogQuery { addresses: vec![staking, diem], topics: Vec::new(), topic1: None },
                of_vvv(VVV_TRANSFER, Some(B256::ZERO)),
                of_vvv(OWNERSHIP_TRANSFERRED, None),
            ],
            Lane::Supply => vec![of_vvv(VVV_TRANSFER, None)],
        }
    }

    /// Headers and logs into blocks, each log held against its block. Both ascend.
    fn assemble(
        &self,
        to: u64,
        headers: &[Header],
        logs: Vec<Log>,
        grade: Option<Grade>,
    ) -> Result<Fetched, ChainError> {
        headers.iter().try_for_each(|header| self.check_clock(header.number, header.timestamp))?;
        let lengths: Vec<usize> = logs.chunk_by(|a, b| a.block_number == b.block_number).map(<[Log]>::len).collect();
        let (mut headers_left, mut logs) = (headers.iter().peekable(), logs.into_iter());
        let mut blocks = Vec::with_capacity(headers.len() + lengths.len());
        let empty = |header| FetchedBlock { header: fetched(header), logs: Vec::new() };
        for length in lengths {
            let logs: Vec<Log> = logs.by_ref().take(length).collect();
            let number = logs[0].block_number;
            while let Some(header) = headers_left.next_if(|header| header.number < number) {
                blocks.push(empty(header));
            }
            let header = match headers_left.next_if(|header| header.number == number) {
                Some(header) => {
                    check_header(header, &logs)?;
                    fetched(header)
                }
                None => self.header_from(&logs[0]),
            };
            logs.iter().try_for_each(|log| check_block(&header, log))?;
            blocks.push(FetchedBlock { header, logs });
        }
        blocks.extend(headers_left.map(empty));
        let end = headers.last().map(|header| BlockRef { number: to, hash: Some(header.hash) });
        let end = end.ok_or_else(|| ChainError::Contradiction(format!("no header of block {to}")))?;
        Ok(Fetched { blocks, end, grade })
    }

    fn may_hold_ours(&self, header: &Header) -> bool {
        let ContractAddresses { vvv, staking, diem, .. } = self.contracts;
        may_hold(&header.logs_bloom, staking)
            || may_hold(&header.logs_bloom, diem)
            || may_hold_topic(&header.logs_bloom, vvv, &VVV_TOPICS)
    }

    /// All three in one request; VVV's other topics are dropped on the way in.
    async fn ours_of_block(&self, header: &Header) -> Result<Graded, ChainError> {
        let ContractAddresses { vvv, staking, diem, .. } = self.contracts;
        let query = LogQuery { addresses: vec![vvv, staking, diem], topics: Vec::new(), topic1: None };
        let Graded { mut logs, grade } = self.chain.logs_of_block(header, &query).await?;
        check_asked(&logs, &query)?;
        logs.retain(|log| log.address != vvv || log.topics.first().is_some_and(|topic| VVV_TOPICS.contains(topic)));
        Ok(Graded { logs, grade })
    }

    /// Every header of the range where it is wanted, or where no clock gives time to blocks and none is stored yet; else the
    /// last one alone.
    async fn headers(&self, lane: Lane, from: u64, to: u64) -> Result<Vec<Header>, ChainError> {
        let wants_all = lane == Lane::Capacity && (self.all_headers || self.clock.is_none());
        let first = if wants_all { from } else { to };
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

    /// What a log tells of its block, where the header was not fetched.
    fn header_from(&self, log: &Log) -> FetchedHeader {
        let by_clock = self.clock.and_then(|clock| clock.timestamp(log.block_number));
        FetchedHeader {
            number: log.block_number,
            hash: log.block_hash,
            parent_hash: None,
            timestamp: by_clock.or(log.block_timestamp),
        }
    }

    fn check_clock(&self, number: u64, timestamp: u64) -> Result<(), ChainError> {
        match self.clock.map(|clock| clock.timestamp(number)) {
            Some(expected) if expected != Some(timestamp) => Err(ChainError::Contradiction(format!(
                "block {number} has timestamp {timestamp}, the deployment's clock says otherwise"
            ))),
            _ => Ok(()),
        }
    }
}

fn fetched(header: &Header) -> FetchedHeader {
    let Header { number, hash, parent_hash, timestamp, .. } = *header;
    FetchedHeader { number, hash, parent_hash: Some(parent_hash), timestamp: Some(timestamp) }
}

fn contradiction(log: &Log, what: &str) -> ChainError {
    ChainError::Contradiction(format!(
        "block {}, transaction {}, log {}: the log {what}",
        log.block_number, log.tx_hash, log.log_index
    ))
}

/// Nothing but what was asked for.
fn check_asked(logs: &[Log], query: &LogQuery) -> Result<(), ChainError> {
    let is_asked = |log: &Log| {
        query.addresses.contains(&log.address)
            && (query.topics.is_empty() || log.topics.first().is_some_and(|topic| query.topics.contains(topic)))
            && query.topic1.is_none_or(|topic| log.topics.get(1) == Some(&topic))
    };
    match logs.iter().find(|log| !is_asked(log)) {
        Some(log) => Err(contradiction(log, "was not asked for")),
        None => Ok(()),
    }
}

/// The answers to several queries, each in order, as one.
fn in_order(answers: Vec<Vec<Log>>, from: u64, to: u64) -> Result<Vec<Log>, ChainError> {
    let together = |mut all: Vec<Log>, more| {
        all.extend(more);
        all.sort_by_key(|log| (log.block_number, log.log_index));
        all
    };
    let logs = answers.into_iter().reduce(together).unwrap_or_default();
    check_order(&logs, from, to)?;
    Ok(logs)
}

/// Of this block, as far as its header is known.
fn check_block(header: &FetchedHeader, log: &Log) -> Result<(), ChainError> {
    if log.block_hash != header.hash {
        return Err(contradiction(log, "is of another block than its height's"));
    }
    if log.block_timestamp.zip(header.timestamp).is_some_and(|(of_log, of_block)| of_log != of_block) {
        return Err(contradiction(log, "has another time than its block"));
    }
    Ok(())
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
