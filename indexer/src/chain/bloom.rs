//! What a header's bloom says of logs. It proves absence and nothing else: Base's are 95 % full.

use alloy_primitives::{Address, B256, Bloom, BloomInput};

/// Whether a block with this bloom may hold a log of the address.
pub fn may_hold(bloom: &Bloom, address: Address) -> bool {
    bloom.contains_input(BloomInput::Raw(address.as_slice()))
}

/// Whether a block with this bloom may hold a log of the address with one of these first topics.
pub fn may_hold_topic(bloom: &Bloom, address: Address, topics: &[B256]) -> bool {
    may_hold(bloom, address) && topics.iter().any(|topic| bloom.contains_input(BloomInput::Raw(topic.as_slice())))
}
