//! What the database answers, held against a fold that shares no code with the indexer.

use std::collections::HashMap;

use alloy_primitives::U256;
use anyhow::{Result, ensure};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sqlx::{Connection, PgConnection};
use store::read::account::vvv_balances;

use crate::chain::Chain;
use crate::economy::{NOBODY, Transfer};

const SAMPLES: usize = 1_000;
const SEED: u64 = 7;

/// Asks for random addresses at random blocks, the way readers do. How many were asked.
pub(crate) async fn balances(url: &str, chain: &Chain) -> Result<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let parties = u32::try_from(chain.addresses.len())?;
    let mut samples: Vec<(u64, u32)> =
        (0..SAMPLES).map(|_| (rng.random_range(1..=chain.head()), rng.random_range(0..parties))).collect();
    samples.sort_unstable();
    let mut connection = PgConnection::connect(url).await?;
    for ((block, party), expected) in samples.iter().zip(fold(&chain.transfers, &samples)) {
        let address = chain.addresses[*party as usize];
        let answer = vvv_balances(&mut connection, &[address], *block).await?;
        let answer = answer.get(&address).copied().unwrap_or_default();
        ensure!(answer == U256::from(expected), "{address} at block {block}: {answer}, should be {expected}");
    }
    Ok(samples.len())
}

/// The balance of each sample's party after its block. Samples ascend by block.
fn fold(transfers: &[Transfer], samples: &[(u64, u32)]) -> Vec<u128> {
    let mut balances: HashMap<u32, u128> = HashMap::new();
    let mut transfers = transfers.iter().peekable();
    let mut expected = Vec::with_capacity(samples.len());
    for (block, party) in samples {
        while let Some(transfer) = transfers.next_if(|transfer| transfer.block <= *block) {
            if transfer.from != NOBODY {
                *balances.entry(transfer.from).or_default() -= transfer.amount;
            }
            *balances.entry(transfer.to).or_default() += transfer.amount;
        }
        expected.push(balances.get(party).copied().unwrap_or_default());
    }
    expected
}
