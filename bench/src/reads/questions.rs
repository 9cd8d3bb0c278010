//! What is asked, and how long an answer may take.

use alloy_primitives::Address;
use jiff::Timestamp;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use store::deployment::Clock;

use crate::chain::deployment;

/// What questions are floored at as a rule, p99 in milliseconds.
const FLOOR_MS: u32 = 10;
/// A series of all the days there are.
const SERIES_FLOOR_MS: u32 = 20;

/// One request.
pub(super) struct Asked {
    pub(super) target: String,
    /// `None`: a GET.
    pub(super) body: Option<String>,
}

/// A question, drawn anew each time it is asked.
pub(super) struct Question {
    pub(super) name: &'static str,
    /// p99 on one connection. `None`: only told.
    pub(super) floor_ms: Option<u32>,
    pub(super) ask: fn(&Draw, &mut ChaCha8Rng) -> Asked,
}

/// What questions are drawn from.
pub(super) struct Draw {
    addresses: Vec<Address>,
    clock: Clock,
    first: u64,
    last: u64,
    head: u64,
}

impl Draw {
    /// From the whole history.
    pub(super) fn new(addresses: Vec<Address>, head: u64, clock: Clock) -> Self {
        Self { addresses, clock, first: 1, last: head, head }
    }

    /// From a part of it, by its ends as shares of the whole.
    pub(super) fn within(&self, from: f64, to: f64) -> Self {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a block number")]
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let part = |share: f64| 1 + (self.head as f64 * share) as u64;
        Self {
            addresses: self.addresses.clone(),
            clock: self.clock,
            first: part(from),
            last: part(to),
            head: self.head,
        }
    }

    fn block(&self, rng: &mut ChaCha8Rng) -> u64 {
        rng.random_range(self.first..=self.last)
    }

    /// The holders are drawn from; 0x0 and the staking proxy come first.
    fn address(&self, rng: &mut ChaCha8Rng) -> Address {
        self.addresses[rng.random_range(2..self.addresses.len())]
    }

    /// Day by day from the first block to one near the head.
    fn days(&self, topic: &str, rng: &mut ChaCha8Rng) -> Asked {
        let from = self.time(1);
        let block = self.head - rng.random_range(0..1_000);
        Asked { target: format!("/v1/{topic}/history?interval=day&from={from}&block={block}"), body: None }
    }

    fn time(&self, block: u64) -> Timestamp {
        let seconds = self.clock.timestamp(block).and_then(|seconds| i64::try_from(seconds).ok());
        seconds.and_then(|seconds| Timestamp::from_second(seconds).ok()).unwrap_or_default()
    }

    fn at(&self, path: &str, rng: &mut ChaCha8Rng) -> Asked {
        let sign = if path.contains('?') { '&' } else { '?' };
        Asked { target: format!("{path}{sign}block={}", self.block(rng)), body: None }
    }
}

macro_rules! at {
    ($name:literal) => {
        Question { name: $name, floor_ms: Some(FLOOR_MS), ask: |draw, rng| draw.at($name, rng) }
    };
    ($name:literal, $floor:expr, $ask:expr) => {
        Question { name: $name, floor_ms: $floor, ask: $ask }
    };
}

/// Everything that is asked.
pub(super) fn all() -> Vec<Question> {
    [accounts(), figures(), lists(), tables(), series()].into_iter().flatten().collect()
}

fn accounts() -> Vec<Question> {
    let floor = Some(FLOOR_MS);
    vec![
        at!("/v1/entitlements/{a}", floor, |draw, rng| {
            draw.at(&format!("/v1/entitlements/{}", draw.address(rng)), rng)
        }),
        at!("/v1/accounts/{a}", floor, |draw, rng| draw.at(&format!("/v1/accounts/{}", draw.address(rng)), rng)),
        at!("/v1/accounts/{a}/history", floor, |draw, rng| {
            draw.at(&format!("/v1/accounts/{}/history", draw.address(rng)), rng)
        }),
        at!("/v1/accounts/0x0", floor, |draw, rng| draw.at(&format!("/v1/accounts/{}", Address::ZERO), rng)),
        at!("POST /v1/entitlements of 100", floor, |draw, rng| {
            let addresses: Vec<String> = (0..100).map(|_| draw.address(rng).to_string()).collect();
            let body = Some(json!({ "addresses": addresses }).to_string());
            Asked { body, ..draw.at("/v1/entitlements", rng) }
        }),
    ]
}

fn figures() -> Vec<Question> {
    vec![
        at!("/v1/supply"),
        at!("/v1/burns"),
        at!("/v1/burns/senders", None, |draw, rng| draw.at("/v1/burns/senders", rng)),
        at!("/v1/staking"),
        at!("/v1/emissions"),
        at!("/v1/diem"),
        at!("/v1/diem/curve"),
        at!("/v1/cooldowns"),
        at!("/v1/parameters"),
        at!("/v1/epochs"),
        at!("/v1/metrics"),
        at!("/v1/staking?at=", Some(FLOOR_MS), |draw, rng| {
            Asked { target: format!("/v1/staking?at={}", draw.time(draw.block(rng))), body: None }
        }),
    ]
}

fn lists() -> Vec<Question> {
    let floor = Some(FLOOR_MS);
    vec![
        at!("/v1/events"),
        at!("/v1/events?contract=vvv"),
        at!("/v1/events?contract=staking"),
        at!("/v1/events?contract=diem"),
        at!("/v1/events?kind=transfer"),
        at!("/v1/events?kind=upgraded"),
        at!("/v1/events?kind=diem_minted"),
        at!("/v1/events?contract=staking&kind=unstake_finalized"),
        at!("/v1/events?address={a}", floor, |draw, rng| {
            draw.at(&format!("/v1/events?address={}", draw.address(rng)), rng)
        }),
        at!("/v1/events?address={a}&kind=staked", floor, |draw, rng| {
            draw.at(&format!("/v1/events?address={}&kind=staked", draw.address(rng)), rng)
        }),
        at!("/v1/events?address=0x0", floor, |draw, rng| draw
            .at(&format!("/v1/events?address={}", Address::ZERO), rng)),
        at!("/v1/events?address=0x0&kind=upgraded", floor, |draw, rng| {
            draw.at(&format!("/v1/events?address={}&kind=upgraded", Address::ZERO), rng)
        }),
        at!("/v1/events?address={staking}&contract=vvv", floor, |draw, rng| {
            draw.at(&format!("/v1/events?address={}&contract=vvv", deployment().contracts.staking), rng)
        }),
        at!("/v1/accounts/{a}/events", floor, |draw, rng| {
            draw.at(&format!("/v1/accounts/{}/events", draw.address(rng)), rng)
        }),
        at!("/v1/burns/events"),
        at!("/v1/parameters/history"),
    ]
}

fn tables() -> Vec<Question> {
    vec![
        at!("/v1/capacity, head, warm", Some(FLOOR_MS), |_, _| Asked { target: "/v1/capacity".into(), body: None }),
        at!("/v1/stakers, head, warm", Some(FLOOR_MS), |_, _| Asked { target: "/v1/stakers".into(), body: None }),
        at!("/v1/capacity, one past block, warm", Some(FLOOR_MS), |draw, _| Asked {
            target: format!("/v1/capacity?block={}", draw.last - 7),
            body: None
        }),
        at!("/v1/capacity, cold", None, |draw, rng| draw.at("/v1/capacity", rng)),
    ]
}

fn series() -> Vec<Question> {
    let floor = Some(SERIES_FLOOR_MS);
    vec![
        at!("/v1/supply/history, 22 months of days", floor, |draw, rng| draw.days("supply", rng)),
        at!("/v1/burns/history, 22 months of days", floor, |draw, rng| draw.days("burns", rng)),
        at!("/v1/staking/history, 22 months of days", floor, |draw, rng| draw.days("staking", rng)),
        at!("/v1/emissions/history, 22 months of days", floor, |draw, rng| draw.days("emissions", rng)),
        at!("/v1/diem/history, 22 months of days", floor, |draw, rng| draw.days("diem", rng)),
    ]
}
