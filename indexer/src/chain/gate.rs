//! How often a node may be asked, and how often it was.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::{DefaultDirectRateLimiter, Quota};

/// What every request to a node passes.
#[derive(Debug, Default)]
pub struct Gate {
    limiter: Option<DefaultDirectRateLimiter>,
    requests: AtomicU64,
}

impl Gate {
    /// So many requests a second, and as many at once after a quiet second; `None`: no limit.
    pub fn new(requests_per_second: Option<NonZeroU32>) -> Self {
        let limiter = requests_per_second.map(|limit| DefaultDirectRateLimiter::direct(Quota::per_second(limit)));
        Self { limiter, requests: AtomicU64::new(0) }
    }

    /// Waits until a request may go out, and counts it.
    pub async fn pass(&self) {
        if let Some(limiter) = &self.limiter {
            limiter.until_ready().await;
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests that went out, repeated ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}
