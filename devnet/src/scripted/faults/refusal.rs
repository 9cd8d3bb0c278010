use super::Drawn;
use crate::scripted::{logs::Range, rpc::RpcError};
use alloy_primitives::B256;
use alloy_rpc_types_eth::{Filter, Log};
use serde_json::json;

/// An error in place of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// Any error.
    Error {
        /// The JSON-RPC code.
        code: i64,
        /// The message.
        message: String,
    },
    /// `eth_getLogs` over more blocks than this fails.
    Range {
        /// The most blocks a query may cover.
        blocks_max: u64,
        /// In whose words.
        wording: RangeWording,
    },
    /// `eth_getLogs` over several blocks fails when there are more logs than this. A single block is always answered, as
    /// by real nodes: no narrower query could be made.
    Results {
        /// The most logs an answer may hold.
        logs_max: usize,
        /// In whose words.
        wording: ResultWording,
    },
    /// `eth_getLogs` over a range fails where it asks for all logs of this first topic, whomever they name.
    AllOf(B256),
    /// `eth_getLogs` up to a block above the head fails, as on reth, in place of being cut off.
    PastHead,
    /// State is known for the newest blocks only.
    NoArchive {
        /// How far below the head state is kept.
        blocks_kept: u64,
        /// In whose words.
        wording: ArchiveWording,
    },
}

/// How a provider says that a range is too wide.
#[derive(Debug, Clone, PartialEq)]
pub enum RangeWording {
    /// -32600 with the range that should work.
    Alchemy,
    /// -32602, "range N exceeds limit of M".
    Infura,
    /// -32614 with HTTP status 413, "eth_getLogs is limited to a 10,000 range".
    QuickNode,
    /// -32602, "query exceeds max block range N".
    Reth,
    /// -32062, "Block range is too large".
    Ankr,
    /// 35, "ranges over N blocks are not supported on freetier".
    Drpc,
}

/// How a provider says that there are too many logs.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultWording {
    /// -32602, "Log response size exceeded ..." with the range that should work.
    Alchemy,
    /// -32005, "query returned more than N results. Try with this block range ..." and the range, also as data.
    Infura,
    /// -32005, "query returned more than N results" and no hint.
    Parity,
    /// -32602, "query exceeds max results N, retry with the range A-B".
    Reth,
    /// As reth, but the hint is the very range that was refused, as Base's nodes have been seen to give it.
    RethSameRange,
    /// -32020 with HTTP status 500, "backend response too large": the public endpoint's proxy.
    Proxyd,
}

/// How a node says that it has no state of an old block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArchiveWording {
    /// -32000, "missing trie node ...".
    MissingTrieNode,
    /// -32000, "header not found".
    HeaderNotFound,
    /// 4444, "pruned history unavailable".
    Pruned,
}

impl Refusal {
    pub(super) fn concerns(&self, method: &str) -> bool {
        match self {
            Self::Error { .. } => true,
            Self::Range { .. } | Self::Results { .. } | Self::AllOf(_) | Self::PastHead => method == "eth_getLogs",
            Self::NoArchive { .. } => matches!(method, "eth_call" | "eth_getCode" | "eth_getStorageAt"),
        }
    }
}

impl Drawn {
    /// Fails where the request is refused whatever it asks.
    pub(in crate::scripted) fn refuse(&self) -> Result<(), RpcError> {
        self.refuse_where(|refusal| match refusal {
            Refusal::Error { code, message } => Some(RpcError::new(*code, message)),
            _ => None,
        })
    }

    /// Fails where too much is asked of what the node will not search for.
    pub(in crate::scripted) fn refuse_topics(&self, filter: &Filter) -> Result<(), RpcError> {
        let [first, second, ..] = &filter.topics;
        self.refuse_where(|refusal| match refusal {
            Refusal::AllOf(topic) if first.contains(topic) && second.is_empty() => {
                Some(RpcError::server("this query is not to be had"))
            }
            _ => None,
        })
    }

    /// Fails where the blocks asked for are too many, or not there yet.
    pub(in crate::scripted) fn refuse_range(&self, range: Range, head: u64) -> Result<(), RpcError> {
        self.refuse_where(|refusal| match refusal {
            Refusal::PastHead if range.to > head => {
                Some(RpcError::invalid_params("block range extends beyond current head block"))
            }
            Refusal::Range { blocks_max, wording } if range.len() > *blocks_max => {
                Some(wording.error(range, *blocks_max))
            }
            _ => None,
        })
    }

    /// Fails where the logs found are too many.
    pub(in crate::scripted) fn refuse_results(&self, range: Range, logs: &[Log]) -> Result<(), RpcError> {
        self.refuse_where(|refusal| match refusal {
            Refusal::Results { logs_max, wording } if logs.len() > *logs_max && range.len() > 1 => {
                Some(wording.error(range, fitting(range, logs, *logs_max), *logs_max))
            }
            _ => None,
        })
    }

    /// Fails where the state of `block` is gone.
    pub(in crate::scripted) fn refuse_state(&self, block: u64, head: u64) -> Result<(), RpcError> {
        self.refuse_where(|refusal| match refusal {
            Refusal::NoArchive { blocks_kept, wording } if block.saturating_add(*blocks_kept) < head => {
                Some(wording.error())
            }
            _ => None,
        })
    }

    fn refuse_where(&self, error: impl FnMut(&Refusal) -> Option<RpcError>) -> Result<(), RpcError> {
        self.refusals().find_map(error).map_or(Ok(()), Err)
    }
}

/// The longest beginning of `range` with no more than `logs_max` of its logs, of one block at least.
fn fitting(range: Range, logs: &[Log], logs_max: usize) -> Range {
    let first_over = logs.get(logs_max).and_then(|log| log.block_number).unwrap_or(range.to);
    Range { to: first_over.saturating_sub(1).max(range.from), ..range }
}

impl RangeWording {
    fn error(&self, range: Range, blocks_max: u64) -> RpcError {
        let (from, to) = (range.from, range.from.saturating_add(blocks_max.saturating_sub(1)));
        match self {
            Self::Alchemy => RpcError::new(
                -32600,
                format!(
                    "You can make eth_getLogs requests with up to a {blocks_max} block range. Based on your parameters, \
                     this block range should work: [{from:#x}, {to:#x}]"
                ),
            ),
            Self::Infura => RpcError::new(-32602, format!("range {} exceeds limit of {blocks_max}", range.len())),
            Self::QuickNode => {
                let limit = thousands(blocks_max);
                RpcError::new(-32614, format!("eth_getLogs is limited to a {limit} range")).with_status(413)
            }
            Self::Reth => RpcError::new(-32602, format!("query exceeds max block range {blocks_max}")),
            Self::Ankr => RpcError::new(-32062, "Block range is too large"),
            Self::Drpc => RpcError::new(35, format!("ranges over {blocks_max} blocks are not supported on freetier")),
        }
    }
}

impl ResultWording {
    fn error(&self, asked: Range, Range { from, to }: Range, logs_max: usize) -> RpcError {
        match self {
            Self::Alchemy => RpcError::new(
                -32602,
                format!(
                    "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no \
                     limit on the response size, or you can request any block range with a cap of 10K logs in the \
                     response. Based on your parameters and the response size limit, this block range should work: \
                     [{from:#x}, {to:#x}]"
                ),
            ),
            Self::Infura => RpcError::new(
                -32005,
                format!("query returned more than {logs_max} results. Try with this block range [{from:#x}, {to:#x}]."),
            )
            .with_data(json!({ "from": format!("{from:#x}"), "to": format!("{to:#x}"), "limit": logs_max })),
            Self::Parity => RpcError::new(-32005, format!("query returned more than {logs_max} results")),
            Self::Reth => too_many_on_reth(logs_max, from, to),
            Self::RethSameRange => too_many_on_reth(logs_max, asked.from, asked.to),
            Self::Proxyd => RpcError::new(-32020, "backend response too large").with_status(500),
        }
    }
}

fn too_many_on_reth(logs_max: usize, from: u64, to: u64) -> RpcError {
    RpcError::invalid_params(format!("query exceeds max results {logs_max}, retry with the range {from}-{to}"))
}

impl ArchiveWording {
    fn error(self) -> RpcError {
        match self {
            Self::MissingTrieNode => RpcError::server(
                "missing trie node 5d6b0c1d4dc2ea0bbd0cd1f9ee3fb85e2fb0f3ad5a7d4d77dd1a4c0ae4e9d2b1 (path ) \
                 state 0x5d6b0c1d4dc2ea0bbd0cd1f9ee3fb85e2fb0f3ad5a7d4d77dd1a4c0ae4e9d2b1 is not available, not found",
            ),
            Self::HeaderNotFound => RpcError::server("header not found"),
            Self::Pruned => RpcError::new(4444, "pruned history unavailable"),
        }
    }
}

/// `10000` as `10,000`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log_at(block: u64) -> Log {
        Log { block_number: Some(block), ..Log::default() }
    }

    #[test]
    fn the_fitting_range_ends_before_the_block_with_one_log_too_many() {
        let range = Range { from: 10, to: 20 };
        let logs = [11, 12, 12, 15].map(log_at);
        assert_eq!(fitting(range, &logs, 3), Range { from: 10, to: 14 });
        assert_eq!(fitting(range, &logs, 2), Range { from: 10, to: 11 });
        assert_eq!(fitting(range, &logs, 0), Range { from: 10, to: 10 });
    }

    #[test]
    fn quicknode_groups_its_digits() {
        assert_eq!(thousands(500), "500");
        assert_eq!(thousands(2_000), "2,000");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
