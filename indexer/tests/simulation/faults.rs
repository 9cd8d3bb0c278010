//! What goes wrong, drawn.

use std::time::Duration;

use devnet::scripted::{Fault, HeaderFault, LogFault, RangeWording, Refusal, ResultWording, TransportFault, ViewFault};
use rand::{Rng, RngExt};

use crate::proxy::Cut;

/// Blocks that a lagging node is behind.
pub(crate) const LAG: u64 = 3;
/// As many messages as the writer's longest transactions have.
const MESSAGES_MAX: usize = 26;

/// Something that one node can do and one client can notice, or take for what it is.
pub(crate) fn noticed(rng: &mut impl Rng) -> Fault {
    let resealed = rng.random_bool(0.5);
    match rng.random_range(0..20) {
        0 => TransportFault::Throttle { retry_after_seconds: None }.into(),
        1 => TransportFault::Status { status: 502, body: "bad gateway".into() }.into(),
        2 => TransportFault::CutBody.into(),
        3 => TransportFault::BreakBody.into(),
        4 => TransportFault::Hang.into(),
        5 => TransportFault::Slow { delay: Duration::from_millis(2) }.into(),
        6 => ViewFault::Lag { blocks: LAG }.into(),
        7 => ViewFault::KeepsOrphans.into(),
        8 => HeaderFault::WrongHash.into(),
        9 => HeaderFault::FalseParent { resealed }.into(),
        10 => HeaderFault::FalseBloom { resealed: false }.into(),
        11 => HeaderFault::FalseTimestamp { resealed: false }.into(),
        12 => HeaderFault::Missing.into(),
        13 => LogFault::DuplicateOne.into(),
        14 => LogFault::Shuffle.into(),
        15 => LogFault::OutOfRange.into(),
        16 => LogFault::OtherAddress.into(),
        17 => LogFault::FalseBlockHash.into(),
        18 => LogFault::NoTimestamp.into(),
        _ => Refusal::Error { code: -32_603, message: "internal error".into() }.into(),
    }
}

/// Something that nobody can notice in an answer whose bloom is full, and whose other half may be told by another node.
pub(crate) fn silent(rng: &mut impl Rng) -> LogFault {
    [LogFault::DropOne, LogFault::Cut, LogFault::Empty][rng.random_range(0..3)]
}

/// How narrow the ranges are that the node bears.
pub(crate) fn limit(rng: &mut impl Rng) -> Fault {
    match rng.random_bool(0.5) {
        true => Refusal::Range { blocks_max: rng.random_range(2..=6), wording: RangeWording::Ankr }.into(),
        false => Refusal::Results { logs_max: rng.random_range(12..=30), wording: ResultWording::Parity }.into(),
    }
}

/// Each message of a transaction, before and after it, in as many seeds one after the other.
pub(crate) fn cut_of(seed: u64) -> Cut {
    Cut { message: usize::try_from(seed / 2).unwrap() % MESSAGES_MAX, is_executed: seed % 2 == 1 }
}

/// How often every message's turn came before this seed.
pub(crate) fn turn_of(seed: u64) -> usize {
    usize::try_from(seed / 2).unwrap() / MESSAGES_MAX
}

/// Where the writer's next transaction is cut.
pub(crate) fn cut(rng: &mut impl Rng) -> Cut {
    Cut { message: rng.random_range(0..MESSAGES_MAX), is_executed: rng.random_bool(0.5) }
}
