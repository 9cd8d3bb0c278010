use alloy_primitives::{Bloom, Log};
use rand::{Rng, seq::index};

const BITS: usize = 2_048;

/// The bloom of `logs` and of nothing else.
pub(super) fn exact<'a>(logs: impl IntoIterator<Item = &'a Log>) -> Bloom {
    let mut bloom = Bloom::ZERO;
    logs.into_iter().for_each(|log| bloom.accrue_log(log));
    bloom
}

/// A bloom with exactly `bits` random bits set.
pub(super) fn noise(bits: usize, rng: &mut impl Rng) -> Bloom {
    if bits == 0 {
        return Bloom::ZERO;
    }
    let mut bloom = Bloom::repeat_byte(0xff);
    // Blooms are nearly full, so drawing the bits to clear takes a twentieth of the draws.
    for bit in index::sample(rng, BITS, BITS.saturating_sub(bits)) {
        bloom[bit / 8] &= !(1 << (bit % 8));
    }
    bloom
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn noise_sets_as_many_bits_as_asked() {
        for bits in [0, 1, 1_024, 1_946, 2_048] {
            let bloom = noise(bits, &mut ChaCha8Rng::seed_from_u64(1));
            let set: u32 = bloom.iter().map(|byte| byte.count_ones()).sum();
            assert_eq!(set, u32::try_from(bits).unwrap());
        }
    }
}
