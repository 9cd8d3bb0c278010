//! Answers to eth_getLogs, from the bytes that came straight into logs. There are fifty million of them: a value tree or
//! a second pass costs more than all that is done with them afterwards.

use std::fmt;

use alloy_primitives::{Address, B256, Bytes};
use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use crate::chain::error::short;
use crate::chain::{ChainError, Log};

/// The EVM has no more.
const TOPICS_MAX: usize = 4;

/// A request for logs, as JSON-RPC wants it.
pub(super) fn request(filter: &impl Serialize) -> Result<Vec<u8>, ChainError> {
    let request = Request { jsonrpc: "2.0", id: 1, method: "eth_getLogs", params: [filter] };
    serde_json::to_vec(&request).map_err(|error| ChainError::Unavailable(format!("a request that cannot be: {error}")))
}

#[derive(Serialize)]
struct Request<'a, F> {
    jsonrpc: &'static str,
    id: u8,
    method: &'static str,
    params: [&'a F; 1],
}

/// The logs of an answer, or why there are none; `refused` makes an error of the node's code and words.
pub(super) fn parse(body: &[u8], refused: impl FnOnce(i64, String) -> ChainError) -> Result<Vec<Log>, ChainError> {
    // Once for all of it is cheaper than for each string.
    let text =
        std::str::from_utf8(body).map_err(|error| ChainError::Unavailable(format!("an answer in no text: {error}")))?;
    let answer: Answer = serde_json::from_str(text).map_err(|error| match error.classify() {
        // What breaks off was too large for somebody on the way; nothing at all says nothing.
        Category::Eof if !body.is_empty() => {
            ChainError::TooLarge { message: format!("the answer ends after {} bytes", body.len()), limit_blocks: None }
        }
        _ => ChainError::Unavailable(format!("an answer of another shape: {}", short(&error.to_string()))),
    })?;
    match answer {
        Answer { error: Some(error), .. } => Err(refused(error.code, error.message)),
        Answer { result: Some(logs), .. } => logs.into_iter().map(|Placed(log)| log).collect(),
        Answer { result: None, error: None } => {
            Err(ChainError::Unavailable("an answer with neither result nor error".into()))
        }
    }
}

/// The logs of a result that came without its envelope.
pub(super) fn parse_result(text: &str) -> Result<Vec<Log>, ChainError> {
    let logs: Vec<Placed> = serde_json::from_str(text).map_err(|error| {
        ChainError::Unavailable(format!("an answer of another shape: {}", short(&error.to_string())))
    })?;
    logs.into_iter().map(|Placed(log)| log).collect()
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    result: Option<Vec<Placed>>,
    #[serde(default)]
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    code: i64,
    message: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnsweredLog {
    address: Address,
    topics: Vec<B256>,
    data: Bytes,
    block_number: Option<Quantity>,
    block_hash: Option<B256>,
    #[serde(default)]
    block_timestamp: Option<Quantity>,
    transaction_hash: Option<B256>,
    transaction_index: Option<Quantity>,
    log_index: Option<Quantity>,
    #[serde(default)]
    removed: bool,
}

/// A log, or why it cannot be one.
struct Placed(Result<Log, ChainError>);

impl<'de> Deserialize<'de> for Placed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let log = AnsweredLog::deserialize(deserializer)?;
        let placed = log.placed().ok_or_else(|| ChainError::Contradiction("a log of no block".into()));
        Ok(Self(placed.and_then(with_few_topics)))
    }
}

impl AnsweredLog {
    /// `None` for a log that says it was removed or lacks its place in the chain.
    fn placed(self) -> Option<Log> {
        if self.removed {
            return None;
        }
        Some(Log {
            block_number: self.block_number?.0,
            block_hash: self.block_hash?,
            block_timestamp: self.block_timestamp.map(|timestamp| timestamp.0),
            tx_hash: self.transaction_hash?,
            tx_index: u32::try_from(self.transaction_index?.0).ok()?,
            log_index: u32::try_from(self.log_index?.0).ok()?,
            address: self.address,
            topics: self.topics,
            data: self.data,
        })
    }
}

fn with_few_topics(log: Log) -> Result<Log, ChainError> {
    if log.topics.len() <= TOPICS_MAX {
        return Ok(log);
    }
    let Log { block_number, tx_hash, log_index, .. } = log;
    Err(ChainError::Contradiction(format!(
        "block {block_number}, transaction {tx_hash}, log {log_index}: the log has more than {TOPICS_MAX} topics"
    )))
}

/// A number as JSON-RPC writes it: `0x` and up to sixteen digits.
#[derive(Clone, Copy)]
struct Quantity(u64);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InHex;

        impl Visitor<'_> for InHex {
            type Value = Quantity;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a number of up to 64 bits in hexadecimal digits after 0x")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
                let digits = text.strip_prefix("0x").filter(|digits| digits.bytes().all(|d| d.is_ascii_hexdigit()));
                let number = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
                number.map(Quantity).ok_or_else(|| E::custom("no quantity"))
            }
        }

        deserializer.deserialize_str(InHex)
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{address, b256, bytes};

    use super::*;
    use crate::chain::error::classify;

    const LOG: &str = r#"{"address":"0xacfE6019Ed1A7Dc6f7B508C02d1b04ec88cC21bf",
        "topics":["0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"],"data":"0x0102",
        "blockHash":"0x1111111111111111111111111111111111111111111111111111111111111111",
        "transactionHash":"0x2222222222222222222222222222222222222222222222222222222222222222",
        "blockNumber":"0x10","blockTimestamp":"0x64","transactionIndex":"0x3","logIndex":"0xff","removed":false}"#;

    fn parsed(body: &str) -> Result<Vec<Log>, ChainError> {
        parse(body.as_bytes(), classified)
    }

    fn classified(code: i64, words: String) -> ChainError {
        classify(code, &words)
    }

    fn answer(logs: &str) -> Result<Vec<Log>, ChainError> {
        parsed(&format!(r#"{{"jsonrpc":"2.0","id":1,"result":[{logs}]}}"#))
    }

    #[track_caller]
    fn check_refused(before: &str, after: &str, expected: fn(&ChainError) -> bool) {
        assert!(LOG.contains(before), "{before} is not in the log");
        let error = answer(&LOG.replace(before, after)).expect_err(after);
        assert!(expected(&error), "{after}: {error:?}");
    }

    #[test]
    fn a_log_as_nodes_write_it() {
        let expected = Log {
            block_number: 16,
            block_hash: B256::repeat_byte(0x11),
            block_timestamp: Some(100),
            tx_hash: B256::repeat_byte(0x22),
            tx_index: 3,
            log_index: 255,
            address: address!("0xacfE6019Ed1A7Dc6f7B508C02d1b04ec88cC21bf"),
            topics: vec![b256!("0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef")],
            data: bytes!("0x0102"),
        };
        assert_eq!(answer(LOG), Ok(vec![expected.clone()]));
        let without_time = LOG.replace(r#""blockTimestamp":"0x64","#, "");
        assert_eq!(answer(&without_time), Ok(vec![Log { block_timestamp: None, ..expected }]));
        assert_eq!(answer(""), Ok(Vec::new()));
    }

    #[test]
    fn a_log_without_its_place_is_of_no_block() {
        let is_contradiction = |error: &ChainError| matches!(error, ChainError::Contradiction(_));
        check_refused(r#""removed":false"#, r#""removed":true"#, is_contradiction);
        check_refused(r#""blockNumber":"0x10""#, r#""blockNumber":null"#, is_contradiction);
        check_refused(r#""logIndex":"0xff","#, "", is_contradiction);
        check_refused(r#""0x3""#, r#""0x100000000""#, is_contradiction);
    }

    #[test]
    fn five_topics_cannot_be() {
        let four = format!("[{}", format!("\"{}\",", B256::ZERO).repeat(4));
        check_refused("[", &four, |error| matches!(error, ChainError::Contradiction(_)));
    }

    #[test]
    fn what_is_no_hex_is_no_answer() {
        let is_unavailable = |error: &ChainError| matches!(error, ChainError::Unavailable(_));
        check_refused("0x10", "0xg0", is_unavailable);
        check_refused("0x10", "0x+1", is_unavailable);
        check_refused("0x10", "10", is_unavailable);
        check_refused(r#""0x10""#, "16", is_unavailable);
        check_refused("0x10", "0x10000000000000000", is_unavailable);
        check_refused("0x0102", "0x010", is_unavailable);
        check_refused("0x1111", "0x11", is_unavailable);
        assert!(matches!(parse(b"{\"\xff\"", classified), Err(ChainError::Unavailable(_))));
        for body in ["", "{}", r#"{"result":null}"#, r#"{"result":{}}"#, "<html>"] {
            assert!(matches!(parsed(body), Err(ChainError::Unavailable(_))), "{body}");
        }
    }

    #[test]
    fn a_cut_answer_was_too_large() {
        let whole = format!(r#"{{"result":[{LOG}]}}"#);
        for end in 1..whole.len() {
            let error = parsed(&whole[..end]).expect_err("half an answer");
            assert!(matches!(error, ChainError::TooLarge { limit_blocks: None, .. }), "{end}: {error:?}");
        }
    }

    #[test]
    fn errors_are_classified() {
        let error = parsed(r#"{"id":1,"error":{"code":-32614,"message":"eth_getLogs is limited to a 2000 range"}}"#);
        assert!(matches!(error, Err(ChainError::TooLarge { limit_blocks: Some(2_000), .. })), "{error:?}");
    }
}
