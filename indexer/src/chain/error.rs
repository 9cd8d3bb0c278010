//! What a node may answer instead of an answer, classified by us: alloy calls every -32005 a rate limit.

use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChainError {
    /// The range or its answer is too large for the node.
    #[error("the node wants a smaller range: {message}")]
    TooLarge {
        /// The node's words.
        message: String,
        /// The most blocks it takes at once, where it says.
        limit_blocks: Option<u64>,
    },
    /// Asked too often.
    #[error("the node throttles: {message}")]
    Throttled {
        /// The node's words.
        message: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// No state for that block: not an archive node, or not there yet.
    #[error("the node has no state at that block: {0}")]
    NoState(String),
    /// The block asked for by hash is not known to the node, or no more.
    #[error("the node does not know that block: {0}")]
    UnknownBlock(String),
    /// The contract reverted.
    #[error("the call reverted: {0}")]
    Reverted(String),
    /// The node cannot be reached, or answers with something that is no answer.
    #[error("the node is not to be had: {0}")]
    Unavailable(String),
    /// The node refuses.
    #[error("the node refuses: {0}")]
    Refused(String),
    /// The answer contradicts itself or what was asked.
    #[error("the node's answer cannot be: {0}")]
    Contradiction(String),
    /// The node is of another chain than the deployment.
    #[error("{0}")]
    OtherChain(String),
}

impl ChainError {
    /// The most blocks that the node takes whatever is in them, where it said so. A range named because of what was found
    /// in it says nothing of the next one.
    pub fn range_rule_blocks(&self) -> Option<u64> {
        let Self::TooLarge { message, limit_blocks } = self else { return None };
        let text = message.to_lowercase();
        let is_of_the_answer = ["result", "response size", "logs"].iter().any(|word| text.contains(word));
        limit_blocks.filter(|_| !is_of_the_answer || text.contains("eth_getlogs is limited"))
    }

    /// The same, of a node that is named.
    pub fn of(self, node: &str) -> Self {
        let named = |message: String| format!("{node}: {message}");
        match self {
            Self::TooLarge { message, limit_blocks } => Self::TooLarge { message: named(message), limit_blocks },
            Self::Throttled { message, retry_after } => Self::Throttled { message: named(message), retry_after },
            Self::NoState(message) => Self::NoState(named(message)),
            Self::UnknownBlock(message) => Self::UnknownBlock(named(message)),
            Self::Reverted(message) => Self::Reverted(named(message)),
            Self::Unavailable(message) => Self::Unavailable(named(message)),
            Self::Refused(message) => Self::Refused(named(message)),
            Self::Contradiction(message) => Self::Contradiction(named(message)),
            Self::OtherChain(message) => Self::OtherChain(named(message)),
        }
    }

    /// The class, as a word for metrics.
    pub fn class(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Throttled { .. } => "throttled",
            Self::NoState(_) => "no_state",
            Self::UnknownBlock(_) => "unknown_block",
            Self::Reverted(_) => "reverted",
            Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "refused",
            Self::Contradiction(_) => "contradiction",
            Self::OtherChain(_) => "other_chain",
        }
    }
}

/// Texts of a range, or of its answer, that is too large.
const TOO_LARGE: [&str; 22] = [
    "block range",
    "range limit",
    "range too",
    "range is too",
    "ranges over",
    "max range",
    "max is 1k blocks",
    "this block range should work",
    "try with this block range",
    "query returned more than",
    "query exceeds max",
    "exceeds limit of",
    "exceed maximum block range",
    "limited to",
    "too many results",
    "too many logs",
    "response size",
    "response too large",
    "response is too big",
    "result set too large",
    "query timeout",
    "request entity too large",
];
const THROTTLED: [&str; 7] = [
    "rate limit",
    "too many requests",
    "request limit",
    "requests per second",
    "compute units",
    "throughput",
    "slow down",
];
const NO_STATE: [&str; 8] = [
    "blockoutofrange",
    "missing trie node",
    "historical state",
    "state not available",
    "state is not available",
    "archive",
    "pruned",
    "required historical",
];
const UNKNOWN_BLOCK: [&str; 5] =
    ["unknown block", "block not found", "header not found", "header for hash not found", "blocknotfound"];

/// Classifies a JSON-RPC error by what it says; codes mean different things with different providers.
pub fn classify(code: i64, message: &str) -> ChainError {
    let text = message.to_lowercase();
    let says = |texts: &[&str]| texts.iter().any(|known| text.contains(known));
    let message = short(message);
    if code == 3 || text.contains("revert") {
        ChainError::Reverted(message)
    } else if says(&THROTTLED) || code == 429 {
        ChainError::Throttled { message, retry_after: None }
    } else if says(&TOO_LARGE) || code == -32614 {
        ChainError::TooLarge { limit_blocks: limit_in(&text), message }
    } else if says(&UNKNOWN_BLOCK) {
        ChainError::UnknownBlock(message)
    } else if says(&NO_STATE) {
        ChainError::NoState(message)
    } else if code == -32005 {
        // Neither words nor number tell whether too much or too often; a smaller range mends both in the end.
        ChainError::TooLarge { message, limit_blocks: None }
    } else if text.contains("no backend") || text.contains("timeout") || code == -32603 {
        ChainError::Unavailable(message)
    } else {
        ChainError::Refused(message)
    }
}

/// Classifies an HTTP status. A JSON-RPC error that came with it says more than the number, but for 429.
pub fn classify_http(status: u16, body: &str, retry_after: Option<Duration>) -> ChainError {
    let message = format!("HTTP {status}: {}", short(body));
    let said = serde_json::from_str::<Refusal>(body).ok().map(|body| classify(body.error.code, &body.error.message));
    match (status, said) {
        (429, _) => ChainError::Throttled { message, retry_after },
        (_, Some(said)) => said,
        (413, None) => ChainError::TooLarge { message, limit_blocks: None },
        (401 | 403 | 404, None) => ChainError::Refused(message),
        (_, None) => ChainError::Unavailable(message),
    }
}

#[derive(Deserialize)]
struct Refusal {
    error: RefusalError,
}

#[derive(Deserialize)]
struct RefusalError {
    code: i64,
    message: String,
}

/// A node's words, short enough for a log line.
pub fn short(text: &str) -> String {
    const CHARS_MAX: usize = 240;
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// A range that the error names, as a number of blocks: "[0x10, 0x20]", "limited to a 2000 range", "max 10,000 blocks".
fn limit_in(text: &str) -> Option<u64> {
    hinted_range(text).or_else(|| hinted_limit(text))
}

fn hinted_range(text: &str) -> Option<u64> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter_map(|word| word.strip_prefix("0x"));
    let mut hex = || u64::from_str_radix(words.next()?, 16).ok();
    let (from, to) = (hex()?, hex()?);
    to.checked_sub(from)?.checked_add(1)
}

fn hinted_limit(text: &str) -> Option<u64> {
    const MARKS: [&str; 8] = [
        "limited to a ",
        "limited to ",
        "max block range ",
        "maximum block range: ",
        "limit of ",
        "ranges over ",
        "max is ",
        "up to a ",
    ];
    let rest = MARKS.iter().find_map(|mark| text.split_once(mark)).map(|(_, rest)| rest)?;
    let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == ',').filter(|c| *c != ',').collect();
    let number: u64 = digits.parse().ok()?;
    let is_thousands = rest.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('k');
    if is_thousands { number.checked_mul(1_000) } else { Some(number) }.filter(|limit| *limit > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_too_large(code: i64, message: &str, limit: Option<u64>) {
        match classify(code, message) {
            ChainError::TooLarge { limit_blocks, .. } => assert_eq!(limit_blocks, limit, "{message}"),
            other => panic!("{message}: {other:?}"),
        }
    }

    #[test]
    fn providers_words_for_too_much() {
        check_too_large(-32005, "query returned more than 10000 results", None);
        check_too_large(-32602, "Log response size exceeded. this block range should work: [0x10, 0x1f]", Some(16));
        check_too_large(-32000, "Try with this block range [0x0, 0x7cf].", Some(2_000));
        check_too_large(-32614, "eth_getLogs is limited to a 2000 range", Some(2_000));
        check_too_large(-32600, "maximum block range: 10000", Some(10_000));
        check_too_large(-32000, "block range too large, max is 1k blocks", Some(1_000));
        check_too_large(-32000, "ranges over 10000 blocks are not supported on freetier", Some(10_000));
        check_too_large(-32000, "query exceeds max block range 500", Some(500));
        check_too_large(-32000, "backend response too large", None);
        check_too_large(-32000, "range 5000 exceeds limit of 1000", Some(1_000));
        check_too_large(-32000, "query timeout exceeded", None);
    }

    #[test]
    fn a_rule_is_told_from_a_range_named_for_what_is_in_it() {
        let rule = |message| classify(-32000, message).range_rule_blocks();
        assert_eq!(rule("eth_getLogs is limited to a 2000 range"), Some(2_000));
        assert_eq!(rule("query exceeds max block range 500"), Some(500));
        assert_eq!(rule("query returned more than 10000 results. Try with this block range [0x0, 0x7cf]."), None);
        assert_eq!(rule("Log response size exceeded. this block range should work: [0x10, 0x1f]"), None);
        assert_eq!(rule("no words"), None);
    }

    #[test]
    fn a_code_alone_does_not_make_a_rate_limit() {
        assert!(matches!(
            classify(-32005, "daily request count exceeded, request limit"),
            ChainError::Throttled { .. }
        ));
        assert!(matches!(classify(-32005, "no words"), ChainError::TooLarge { .. }));
    }

    #[test]
    fn state_and_blocks_that_are_not_there() {
        assert!(matches!(classify(-32000, "missing trie node 0xabc (path )"), ChainError::NoState(_)));
        assert!(matches!(classify(-32000, "unknown block"), ChainError::UnknownBlock(_)));
        assert!(matches!(classify(3, "execution reverted"), ChainError::Reverted(_)));
    }

    #[test]
    fn words_beside_an_http_status_count() {
        let body =
            r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32614,"message":"eth_getLogs is limited to a 5 range"}}"#;
        assert!(matches!(classify_http(413, body, None), ChainError::TooLarge { limit_blocks: Some(5), .. }));
        assert!(matches!(classify_http(500, body, None), ChainError::TooLarge { limit_blocks: Some(5), .. }));
        assert!(matches!(classify_http(429, body, None), ChainError::Throttled { .. }));
        assert!(matches!(classify_http(413, "<html>", None), ChainError::TooLarge { limit_blocks: None, .. }));
        assert!(matches!(classify_http(502, "<html>", None), ChainError::Unavailable(_)));
    }

    #[test]
    fn long_words_are_cut() {
        assert!(short(&"é ".repeat(10_000)).chars().count() <= 241);
    }
}
