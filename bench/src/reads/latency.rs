//! How long answers take, from the request's first byte to the answer's last.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hyper::StatusCode;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::questions::{Asked, Draw, Question};
use super::server::Server;
use crate::client::Client;

const SEED: u64 = 23;

/// What was measured of one question.
#[derive(Debug, Default)]
pub(super) struct Latencies {
    /// Of the answers, ascending.
    sorted: Vec<Duration>,
    /// Refused because too many whole tables were being made.
    pub(super) refused: usize,
}

impl Latencies {
    /// So many of a hundred took no longer, milliseconds.
    pub(super) fn ms(&self, percent: usize) -> f64 {
        let rank = (self.sorted.len() * percent).div_ceil(100).max(1);
        self.sorted.get(rank - 1).map_or(f64::NAN, |took| 1_000.0 * took.as_secs_f64())
    }
}

/// Asks so many times in all, over so many connections at once.
pub(super) async fn ask(
    server: &Server,
    question: &Question,
    draw: &Draw,
    connections: usize,
    requests: usize,
) -> Result<Latencies> {
    let asking = (0..connections).map(|number| one(server, question, draw, number, requests.div_ceil(connections)));
    let mut all = Latencies::default();
    for one in futures::future::try_join_all(asking).await? {
        all.sorted.extend(one.sorted);
        all.refused += one.refused;
    }
    all.sorted.sort_unstable();
    Ok(all)
}

async fn one(server: &Server, question: &Question, draw: &Draw, number: usize, requests: usize) -> Result<Latencies> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED ^ ((requests as u64) << 16) ^ (number as u64));
    let mut client = Client::connect(&server.address).await?;
    let mut latencies = Latencies::default();
    for _ in 0..requests {
        let Asked { target, body } = (question.ask)(draw, &mut rng);
        let began = Instant::now();
        let (status, answer) = client.ask(&target, body).await?;
        match status {
            StatusCode::OK => latencies.sorted.push(began.elapsed()),
            StatusCode::SERVICE_UNAVAILABLE if is_refusal(&answer) => latencies.refused += 1,
            _ => bail!("{}: {status}: {}", target, String::from_utf8_lossy(&answer)),
        }
    }
    Ok(latencies)
}

/// Of a client among too many, and not because something is amiss.
fn is_refusal(answer: &[u8]) -> bool {
    let said = String::from_utf8_lossy(answer);
    ["problem:tables-busy", "problem:overloaded"].iter().any(|kind| said.contains(kind))
}
