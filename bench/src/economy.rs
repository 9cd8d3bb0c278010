//! A made-up history of VVV: who sends what to whom, in which block. Drawn from a seed, and never overdrawn.

use alloy_primitives::{Address, keccak256};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Who may hold VVV, the contracts left out.
pub(crate) const HOLDERS: u32 = 50_000;
/// Blocks hold this many transfers each.
pub(crate) const TRANSFERS_PER_BLOCK: u64 = 5;

const SEED: u64 = 42;
/// 0x0, to burn to and mint from.
pub(crate) const NOBODY: u32 = 0;
/// The staking proxy.
pub(crate) const STAKING: u32 = 1;
/// The first holder, who gets the first mint.
const TREASURY: u32 = 2;
const MINTED: u128 = 100_000_000 * TOKEN;
const TOKEN: u128 = 1_000_000_000_000_000_000;
/// One transfer in so many is a stake, a burn, or has a mint of DIEM beside it.
const STAKES_EVERY: u64 = 500;
const BURNS_EVERY: u64 = 997;
const DIEM_EVERY: u64 = 4_999;

/// A VVV transfer. Parties are numbers; [`addresses`] has their addresses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub(crate) block: u64,
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) amount: u128,
    pub(crate) beside: Beside,
}

/// What the light contracts say in the same transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    Nothing,
    /// The sender staked the VVV.
    Stake,
    /// The sender was given DIEM, and staked it.
    Diem,
}

/// The addresses of all parties, by number.
pub(crate) fn addresses(staking: Address) -> Vec<Address> {
    let holder = |number: u32| Address::from_slice(&keccak256(number.to_be_bytes())[12..]);
    [Address::ZERO, staking].into_iter().chain((0..HOLDERS).map(holder)).collect()
}

/// So many transfers, the first of which mints all there is.
pub(crate) fn transfers(count: u64) -> Vec<Transfer> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let parties = TREASURY + HOLDERS;
    let mut balances = vec![0_u128; parties as usize];
    (0..count)
        .map(|position| {
            let mut transfer = draw(position, &mut rng, &balances, parties);
            transfer.block = 1 + position / TRANSFERS_PER_BLOCK;
            if transfer.from != NOBODY {
                balances[transfer.from as usize] -= transfer.amount;
            }
            balances[transfer.to as usize] += transfer.amount;
            transfer
        })
        .collect()
}

fn draw(position: u64, rng: &mut ChaCha8Rng, balances: &[u128], parties: u32) -> Transfer {
    let first = Transfer { block: 0, from: NOBODY, to: TREASURY, amount: MINTED, beside: Beside::Nothing };
    if position == 0 {
        return first;
    }
    let drawn = rng.random_range(TREASURY..parties);
    let from = if balances[drawn as usize] >= TOKEN { drawn } else { TREASURY };
    // The treasury never runs dry: it gives little at a time.
    let most = if from == TREASURY { balances[from as usize] / 10_000 } else { balances[from as usize] / 2 };
    let amount = rng.random_range(1..=most.max(1));
    let (to, beside) = if position.is_multiple_of(STAKES_EVERY) {
        (STAKING, Beside::Stake)
    } else if position.is_multiple_of(BURNS_EVERY) {
        (NOBODY, Beside::Nothing)
    } else {
        let beside = if position.is_multiple_of(DIEM_EVERY) { Beside::Diem } else { Beside::Nothing };
        (rng.random_range(TREASURY..parties), beside)
    };
    Transfer { from, to, amount, beside, ..first }
}
