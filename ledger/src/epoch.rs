//! Epochs: UTC days, as the blocks' timestamps tell them.

/// Seconds of one epoch.
pub const EPOCH_SECONDS: u64 = 86_400;

/// A UTC day. A block at exactly 00:00:00 belongs to the day that begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Epoch {
    /// Days since 1970-01-01.
    pub number: u64,
}

impl Epoch {
    /// The epoch of a block with this timestamp.
    pub fn at(timestamp: u64) -> Self {
        Self { number: timestamp / EPOCH_SECONDS }
    }

    /// First second of it; the opening block is the last one before.
    pub fn opens_at(self) -> u64 {
        self.number.saturating_mul(EPOCH_SECONDS)
    }

    /// The day after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self { number: self.number.saturating_add(1) }
    }

    /// First second after it.
    pub fn closes_at(self) -> u64 {
        self.opens_at().saturating_add(EPOCH_SECONDS)
    }
}
