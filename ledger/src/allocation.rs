//! Splits an amount by weights, so that the parts add up to it exactly.

use alloy_primitives::{U256, U512};
use thiserror::Error;

/// Weights whose sum does not fit in 256 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the weights add up to more than 256 bits hold")]
pub struct TooHeavy;

/// The parts of an amount, one for each key and weight, in their order.
///
/// Each is its exact share rounded down; the units left over go one each to the largest remainders, and of equal ones to
/// the smaller key. So the parts do not depend on the order, as long as no key comes twice. Where all weights are 0
/// nobody can be given anything, and all parts are 0.
///
/// # Errors
/// [`TooHeavy`].
pub fn split<K: Ord>(amount: U256, weights: &[(K, U256)]) -> Result<Vec<U256>, TooHeavy> {
    let total = weights.iter().try_fold(U256::ZERO, |sum, (_, weight)| sum.checked_add(*weight)).ok_or(TooHeavy)?;
    if total.is_zero() {
        return Ok(vec![U256::ZERO; weights.len()]);
    }
    let (mut parts, remainders): (Vec<U256>, Vec<U256>) =
        weights.iter().map(|(_, weight)| part(amount, *weight, total)).unzip();
    let mut left = amount - parts.iter().sum::<U256>();
    let mut first: Vec<usize> = (0..weights.len()).collect();
    first.sort_by(|a, b| remainders[*b].cmp(&remainders[*a]).then_with(|| weights[*a].0.cmp(&weights[*b].0)));
    for index in first {
        if left.is_zero() {
            break;
        }
        parts[index] += U256::ONE;
        left -= U256::ONE;
    }
    Ok(parts)
}

/// Quotient and remainder of `amount * weight / total`; both fit, since the weight is at most the total.
fn part(amount: U256, weight: U256, total: U256) -> (U256, U256) {
    let product: U512 = amount.widening_mul(weight);
    let (quotient, remainder) = product.div_rem(U512::from(total));
    (quotient.to(), remainder.to())
}
