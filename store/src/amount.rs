//! uint256 as Postgres `numeric(78, 0)`, in the binary format, without a decimal library between.
//!
//! The format: count of base-10,000 digits, weight of the first, sign, display scale, digits.

use alloy_primitives::U256;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef, Postgres};
use sqlx::{Decode, Encode, Type};

const BASE: u64 = 10_000;
const POSITIVE: u16 = 0;
/// The types' fixed numbers in every Postgres (pg_type.dat), which saves asking for them by name.
const NUMERIC: Oid = Oid(1700);
const NUMERIC_ARRAY: Oid = Oid(1231);
/// 10,000^20 > 2^256.
const DIGITS_MAX: usize = 20;

/// A uint256 on its way to or from Postgres.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount(pub U256);

impl From<U256> for Amount {
    fn from(value: U256) -> Self {
        Self(value)
    }
}

impl Type<Postgres> for Amount {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC)
    }
}

impl PgHasArrayType for Amount {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(NUMERIC_ARRAY)
    }
}

impl Encode<'_, Postgres> for Amount {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        self.write(buffer);
        Ok(IsNull::No)
    }
}

impl Amount {
    /// Appends the value in the binary format.
    pub(crate) fn write(self, buffer: &mut Vec<u8>) {
        let (digits, first) = digits_of(self.0);
        let digits = &digits[first..];
        let significant = digits.len() - digits.iter().rev().take_while(|digit| **digit == 0).count();
        // At most 20 of both: they fit.
        let count = |digits: usize| u16::try_from(digits).unwrap_or(u16::MAX);
        for word in [count(significant), count(digits.len().saturating_sub(1)), POSITIVE, 0] {
            buffer.extend_from_slice(&word.to_be_bytes());
        }
        for digit in &digits[..significant] {
            buffer.extend_from_slice(&digit.to_be_bytes());
        }
    }
}

impl Decode<'_, Postgres> for Amount {
    fn decode(value: PgValueRef<'_>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => decode_binary(value.as_bytes()?),
            PgValueFormat::Text => Ok(Self(value.as_str()?.parse()?)),
        }
    }
}

/// Base-10,000 digits, most significant first, and where they begin: at the end for zero.
///
/// Amounts are encoded by the million, so the long division goes by 10,000^4, which fits in a word, and is left as soon
/// as the rest does.
fn digits_of(mut value: U256) -> ([u16; DIGITS_MAX], usize) {
    const WORD: u64 = BASE * BASE * BASE * BASE;
    let (mut digits, mut first) = ([0; DIGITS_MAX], DIGITS_MAX);
    let mut put = |mut word: u64, least: usize| {
        let end = first - least;
        while word > 0 || first > end {
            first -= 1;
            // Below 10,000: it fits.
            digits[first] = u16::try_from(word % BASE).unwrap_or_default();
            word /= BASE;
        }
    };
    while value > U256::from(u128::MAX) {
        let (rest, word) = value.div_rem(U256::from(WORD));
        put(word.to::<u64>(), 4);
        value = rest;
    }
    let mut value = value.to::<u128>();
    while value > u128::from(u64::MAX) {
        put(u64::try_from(value % u128::from(WORD)).unwrap_or_default(), 4);
        value /= u128::from(WORD);
    }
    put(u64::try_from(value).unwrap_or_default(), 0);
    (digits, first)
}

fn decode_binary(bytes: &[u8]) -> Result<Amount, BoxDynError> {
    let mut words = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    let mut next = || words.next().ok_or("a numeric is cut short");
    let (count, weight, sign, _scale) = (usize::from(next()?), next()?.cast_signed(), next()?, next()?);
    if sign != POSITIVE {
        return Err("a numeric that holds an amount is negative or not a number".into());
    }
    let integral = usize::try_from(i32::from(weight) + 1).unwrap_or(0);
    if count > integral {
        return Err("a numeric that holds an amount has a fraction".into());
    }
    let mut value = U256::ZERO;
    for position in 0..integral {
        let digit = if position < count { next()? } else { 0 };
        value = value
            .checked_mul(U256::from(BASE))
            .and_then(|value| value.checked_add(U256::from(digit)))
            .ok_or("a numeric that holds an amount exceeds 256 bits")?;
    }
    Ok(Amount(value))
}
