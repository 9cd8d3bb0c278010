//! Whether two nodes gave the same logs, and what differs if not. Pure.

use std::collections::HashSet;
use std::fmt;

use alloy_primitives::B256;

use crate::chain::Log;

/// The first place where two answers differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    block_number: u64,
    tx_hash: B256,
    log_index: u32,
    what: What,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    /// One of them has not got it: true, the second.
    Missing { second: bool },
    /// Both have one there, and not the same.
    Other,
}

impl Difference {
    /// For a human, with the two nodes' names.
    pub(super) fn between(&self, first: &str, second: &str) -> impl fmt::Display {
        let Self { block_number, tx_hash, log_index, what } = self;
        let place = format!("block {block_number}, transaction {tx_hash}, log {log_index}");
        match what {
            What::Missing { second: true } => format!("{place}: {first} gives it, {second} does not"),
            What::Missing { second: false } => format!("{place}: {second} gives it, {first} does not"),
            What::Other => format!("{place}: {first} and {second} give different logs"),
        }
    }
}

/// `None` where both are the same. A block's time may be told by one of them alone.
pub(super) fn difference(first: &[Log], second: &[Log]) -> Option<Difference> {
    let mut pairs = first.iter().zip(second);
    let at = |log: &Log, what| Difference {
        block_number: log.block_number,
        tx_hash: log.tx_hash,
        log_index: log.log_index,
        what,
    };
    if let Some((a, b)) = pairs.find(|(a, b)| !is_same(a, b)) {
        let place = |log: &Log| (log.block_number, log.log_index);
        return Some(match place(a).cmp(&place(b)) {
            std::cmp::Ordering::Less => at(a, What::Missing { second: true }),
            std::cmp::Ordering::Greater => at(b, What::Missing { second: false }),
            std::cmp::Ordering::Equal => at(a, What::Other),
        });
    }
    let common = first.len().min(second.len());
    let longer = first.get(common).map(|log| at(log, What::Missing { second: true }));
    longer.or_else(|| second.get(common).map(|log| at(log, What::Missing { second: false })))
}

/// Whether every log of `part` is in `whole` too.
pub(super) fn holds(whole: &[Log], part: &[Log]) -> bool {
    let key = |log: &Log| (log.block_hash, log.log_index, log.tx_hash);
    let known: HashSet<_> = whole.iter().map(key).collect();
    part.iter().all(|log| known.contains(&key(log)))
}

fn is_same(a: &Log, b: &Log) -> bool {
    let times_agree = a.block_timestamp.zip(b.block_timestamp).is_none_or(|(a, b)| a == b);
    let Log { block_number, block_hash, block_timestamp: _, tx_hash, tx_index, log_index, address, topics, data } = a;
    times_agree
        && (block_number, block_hash, tx_hash) == (&b.block_number, &b.block_hash, &b.tx_hash)
        && (tx_index, log_index, address) == (&b.tx_index, &b.log_index, &b.address)
        && (topics, data) == (&b.topics, &b.data)
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, Bytes};

    use super::*;

    fn log(block_number: u64, log_index: u32) -> Log {
        Log {
            block_number,
            block_hash: B256::with_last_byte(1),
            block_timestamp: Some(7),
            tx_hash: B256::with_last_byte(2),
            tx_index: 1,
            log_index,
            address: Address::ZERO,
            topics: Vec::new(),
            data: Bytes::new(),
        }
    }

    #[track_caller]
    fn check(first: &[Log], second: &[Log], expected: Option<&str>) {
        let said = difference(first, second).map(|difference| difference.between("a", "b").to_string());
        match (&said, expected) {
            (Some(said), Some(expected)) => {
                assert!(said.starts_with("block 5,") && said.ends_with(expected), "{said}");
            }
            _ => assert_eq!(said.is_some(), expected.is_some(), "{said:?}"),
        }
    }

    #[test]
    fn the_first_difference_is_named() {
        let both = [log(5, 1), log(6, 0)];
        check(&both, &both, None);
        check(&both, &both[1..], Some("log 1: a gives it, b does not"));
        check(&both[1..], &both, Some("log 1: b gives it, a does not"));
        check(&both[..1], &[], Some("log 1: a gives it, b does not"));
        let other = [Log { data: vec![1].into(), ..log(5, 1) }, log(6, 0)];
        check(&both, &other, Some("log 1: a and b give different logs"));
    }

    #[test]
    fn a_time_that_one_leaves_out_is_no_difference() {
        check(&[log(5, 1)], &[Log { block_timestamp: None, ..log(5, 1) }], None);
        check(&[log(5, 1)], &[Log { block_timestamp: Some(8), ..log(5, 1) }], Some("a and b give different logs"));
    }

    #[test]
    fn the_larger_set_holds_the_smaller() {
        let both = [log(5, 1), log(6, 0)];
        assert!(holds(&both, &both[..1]) && holds(&both, &[]) && !holds(&both[..1], &both));
    }
}
