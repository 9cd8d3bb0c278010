use super::Drawn;
use crate::scripted::logs::Range;
use alloy_primitives::{Address, B256};
use alloy_rpc_types_eth::Log;
use rand::{RngExt, seq::SliceRandom};

/// What is wrong with the logs the node gives, none of which it mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFault {
    /// There are none.
    Empty,
    /// One is left out.
    DropOne,
    /// The list ends early.
    Cut,
    /// One comes twice.
    DuplicateOne,
    /// They are in another order.
    Shuffle,
    /// One more comes, of a block above the range asked for.
    OutOfRange,
    /// One more comes, of a contract not asked for.
    OtherAddress,
    /// One names a block hash that is not its block's, as if it came from a fork.
    FalseBlockHash,
    /// They lack their block's timestamp, as those of older nodes do.
    NoTimestamp,
}

impl Drawn {
    /// The logs as the faults leave them.
    pub(in crate::scripted) fn distort_logs(&mut self, range: Range, mut logs: Vec<Log>) -> Vec<Log> {
        for fault in self.logs() {
            self.apply_to_logs(fault, range, &mut logs);
        }
        logs
    }

    fn apply_to_logs(&mut self, fault: LogFault, range: Range, logs: &mut Vec<Log>) {
        match fault {
            LogFault::Empty => logs.clear(),
            LogFault::Shuffle => self.shuffle(logs),
            LogFault::OutOfRange => logs.push(self.stranger(range.to.saturating_add(1), logs.last())),
            LogFault::OtherAddress => logs.push(self.other_address(range.to, logs.last())),
            LogFault::NoTimestamp => logs.iter_mut().for_each(|log| log.block_timestamp = None),
            LogFault::DropOne | LogFault::Cut | LogFault::DuplicateOne | LogFault::FalseBlockHash => {
                self.apply_to_one(fault, logs);
            }
        }
    }

    /// Faults that pick one of the logs, and do nothing where there is none.
    fn apply_to_one(&mut self, fault: LogFault, logs: &mut Vec<Log>) {
        if logs.is_empty() {
            return;
        }
        let index = self.rng.random_range(0..logs.len());
        match fault {
            LogFault::DropOne => drop(logs.remove(index)),
            LogFault::Cut => logs.truncate(index),
            LogFault::DuplicateOne => logs.insert(index, logs[index].clone()),
            LogFault::FalseBlockHash => logs[index].block_hash = Some(self.random_hash()),
            _ => {}
        }
    }

    /// Another order than theirs, wherever there is one.
    fn shuffle(&mut self, logs: &mut [Log]) {
        let before = logs.to_vec();
        logs.shuffle(&mut self.rng);
        if logs == before {
            logs.reverse();
        }
    }

    /// A log of a block that does not exist under number `block`, else like `model`.
    fn stranger(&mut self, block: u64, model: Option<&Log>) -> Log {
        let mut log = model.cloned().unwrap_or_default();
        log.block_number = Some(block);
        log.block_hash = Some(self.random_hash());
        log.transaction_hash = Some(self.random_hash());
        log.transaction_index.get_or_insert(1);
        log.log_index.get_or_insert(0);
        log
    }

    /// A log of an unknown contract behind `model`.
    fn other_address(&mut self, block: u64, model: Option<&Log>) -> Log {
        let mut log = match model {
            Some(log) => log.clone(),
            None => self.stranger(block, None),
        };
        log.inner.address = Address::from_word(self.random_hash());
        log.log_index = log.log_index.map(|index| index + 1);
        log
    }

    fn random_hash(&mut self) -> B256 {
        B256::from(self.rng.random::<[u8; 32]>())
    }
}
