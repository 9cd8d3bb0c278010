//! Exact fractions of amounts, in units of 1e-18, rounded down.

use alloy_primitives::{U256, U512, uint};

/// 1e18: the base units of one token, and the unit of a ratio.
pub const ONE: U256 = uint!(1_000_000_000_000_000_000_U256);

/// `floor(a * b / divisor)` through 512 bits. `None` where the divisor is 0 or the result does not fit.
pub fn mul_div_floor(a: U256, b: U256, divisor: U256) -> Option<U256> {
    if divisor.is_zero() {
        return None;
    }
    let product: U512 = a.widening_mul(b);
    U256::checked_from_limbs_slice((product / U512::from(divisor)).as_limbs())
}

/// `ceil(a * b / divisor)` through 512 bits. `None` where the divisor is 0 or the result does not fit.
pub fn mul_div_ceil(a: U256, b: U256, divisor: U256) -> Option<U256> {
    if divisor.is_zero() {
        return None;
    }
    let product: U512 = a.widening_mul(b);
    U256::checked_from_limbs_slice(product.div_ceil(U512::from(divisor)).as_limbs())
}

/// `part / whole` in units of 1e-18, rounded down. `None` where the whole is 0.
pub fn ratio(part: U256, whole: U256) -> Option<U256> {
    mul_div_floor(part, ONE, whole)
}
