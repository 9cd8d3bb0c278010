//! The inputs in the order of the chain: each block's header, then its logs, then what was read at its end.
//!
//! Three tables and a fourth are merged by block, each a page at a time: a page is the most that is in memory of one.

use std::collections::VecDeque;

use abi::Vvv;
use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolEvent;
use store::append::{RawLog, StoredHeader};
use store::read::export::inputs::{self, Place, StoredReading, TransferLog};
use store::read::{ReadError, Reading};

use super::sink::Sink;
use super::{Cut, ExportError};
use crate::files::record::{BlockRecord, LogRecord, ReadingRecord, Words};

pub(super) async fn write(cut: &mut Cut, sink: &mut Sink) -> Result<(), ExportError> {
    let (from, up_to) = (cut.heading.from_block, cut.heading.block_number);
    let mut inputs = Inputs::new(cut.deployment.contracts.vvv, from, up_to);
    loop {
        inputs.fill(&mut cut.reading).await?;
        let Some(number) = inputs.next_block() else { return Ok(()) };
        #[cfg(feature = "columnar")]
        sink.begin_block(number)?;
        for header in take_while(&mut inputs.headers.rows, |header| header.number == number) {
            sink.put(&block_record(&header))?;
        }
        // The page may end within the block: what follows of it comes with the next.
        while let Some(log) = inputs.next_log(number) {
            sink.put(&log)?;
            inputs.fill(&mut cut.reading).await?;
        }
        for reading in take_while(&mut inputs.readings.rows, |reading| reading.block_number == number) {
            let StoredReading { block_number, name, value, changed_after } = reading;
            sink.put(&ReadingRecord { block_number, name, value: Words(value), changed_after })?;
            inputs.fill(&mut cut.reading).await?;
        }
    }
}

/// A table's next rows.
struct Pages<T> {
    rows: VecDeque<T>,
    is_at_end: bool,
}

impl<T> Default for Pages<T> {
    fn default() -> Self {
        Self { rows: VecDeque::new(), is_at_end: false }
    }
}

impl<T> Pages<T> {
    fn is_due(&self) -> bool {
        self.rows.is_empty() && !self.is_at_end
    }

    fn add(&mut self, page: Vec<T>) {
        self.is_at_end = page.is_empty();
        self.rows.extend(page);
    }
}

/// The four tables, and from where on each is to be read.
struct Inputs {
    vvv: Address,
    up_to: u64,
    headers: Pages<StoredHeader>,
    logs: Pages<(Place, RawLog)>,
    transfers: Pages<TransferLog>,
    readings: Pages<StoredReading>,
    next_header: u64,
    next_log: Place,
    next_transfer: Place,
    next_reading: (u64, String),
}

impl Inputs {
    fn new(vvv: Address, from: u64, up_to: u64) -> Self {
        Self {
            vvv,
            up_to,
            headers: Pages::default(),
            logs: Pages::default(),
            transfers: Pages::default(),
            readings: Pages::default(),
            next_header: from,
            next_log: (from, 0),
            next_transfer: (from, 0),
            next_reading: (from, String::new()),
        }
    }

    async fn fill(&mut self, reading: &mut Reading) -> Result<(), ReadError> {
        if self.headers.is_due() {
            let page = inputs::headers(reading, self.next_header, self.up_to).await?;
            self.next_header = page.last().map_or(self.next_header, |last| last.number + 1);
            self.headers.add(page);
        }
        if self.logs.is_due() {
            let page = inputs::logs(reading, self.next_log, self.up_to).await?;
            self.next_log = page.last().map_or(self.next_log, |(place, _)| after(*place));
            self.logs.add(page);
        }
        if self.transfers.is_due() {
            let page = inputs::transfers(reading, self.next_transfer, self.up_to).await?;
            self.next_transfer = page.last().map_or(self.next_transfer, |last| after(last.place));
            self.transfers.add(page);
        }
        if self.readings.is_due() {
            let (number, name) = &self.next_reading;
            let page = inputs::readings(reading, (*number, name), self.up_to).await?;
            if let Some(last) = page.last() {
                // No name sorts between one and itself with a zero byte behind it, and none ends so.
                self.next_reading = (last.block_number, format!("{}\u{1}", last.name));
            }
            self.readings.add(page);
        }
        Ok(())
    }

    fn next_block(&self) -> Option<u64> {
        let heads = [
            self.headers.rows.front().map(|header| header.number),
            self.logs.rows.front().map(|(place, _)| place.0),
            self.transfers.rows.front().map(|transfer| transfer.place.0),
            self.readings.rows.front().map(|reading| reading.block_number),
        ];
        heads.into_iter().flatten().min()
    }

    /// The next log of a block, of whichever table. A transfer that is kept as a log as well is one log.
    fn next_log(&mut self, number: u64) -> Option<LogRecord> {
        let log = self.logs.rows.front().map(|(place, _)| *place).filter(|place| place.0 == number);
        let transfer = self.transfers.rows.front().map(|transfer| transfer.place).filter(|place| place.0 == number);
        if transfer.is_some() && transfer == log {
            self.transfers.rows.pop_front();
        } else if log.is_none() || transfer.is_some_and(|transfer| log.is_some_and(|log| transfer < log)) {
            return self
                .transfers
                .rows
                .pop_front_if(|transfer| transfer.place.0 == number)
                .map(|row| self.transfer_record(&row));
        }
        self.logs.rows.pop_front().map(|(place, log)| log_record(place, log))
    }

    /// The log as the contract emitted it, written back from the row.
    fn transfer_record(&self, row: &TransferLog) -> LogRecord {
        LogRecord {
            block_number: row.place.0,
            block_hash: None,
            transaction_index: row.tx_index,
            log_index: row.place.1,
            transaction_hash: row.tx_hash,
            address: self.vvv,
            topic0: Some(Vvv::Transfer::SIGNATURE_HASH),
            topic1: Some(row.transfer.from.into_word()),
            topic2: Some(row.transfer.to.into_word()),
            topic3: None,
            data: word(row.transfer.amount),
            chain_id: None,
        }
    }
}

fn after((block_number, log_index): Place) -> Place {
    (block_number, log_index.saturating_add(1))
}

fn word(amount: U256) -> Bytes {
    amount.to_be_bytes::<32>().into()
}

fn take_while<T>(rows: &mut VecDeque<T>, is_wanted: impl Fn(&T) -> bool) -> Vec<T> {
    let wanted = rows.iter().take_while(|row| is_wanted(row)).count();
    rows.drain(..wanted).collect()
}

fn block_record(header: &StoredHeader) -> BlockRecord {
    BlockRecord {
        block_number: header.number,
        block_hash: header.hash,
        parent_hash: header.parent_hash,
        timestamp: header.timestamp,
        chain_id: None,
    }
}

fn log_record((block_number, log_index): Place, log: RawLog) -> LogRecord {
    let topic = |at: usize| log.topics.get(at).copied();
    LogRecord {
        block_number,
        block_hash: None,
        transaction_index: log.tx_index,
        log_index,
        transaction_hash: log.tx_hash,
        address: log.address,
        topic0: topic(0),
        topic1: topic(1),
        topic2: topic(2),
        topic3: topic(3),
        data: log.data,
        chain_id: None,
    }
}
