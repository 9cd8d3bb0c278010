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
        let digits = digits_of(self.0);
        let significant = digits.len() - digits.iter().rev().take_while(|digit| **digit == 0).count();
        let weight = i16::try_from(digits.len().saturating_sub(1))?;
        buffer.extend_from_slice(&u16::try_from(significant)?.to_be_bytes());
        buffer.extend_from_slice(&weight.to_be_bytes());
        buffer.extend_from_slice(&POSITIVE.to_be_bytes());
        buffer.extend_from_slice(&0_u16.to_be_bytes());
        for digit in &digits[..significant] {
            buffer.extend_from_slice(&digit.to_be_bytes());
        }
        Ok(IsNull::No)
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

/// Base-10,000 digits, most significant first, none for zero.
fn digits_of(mut value: U256) -> Vec<u16> {
    let mut digits = Vec::with_capacity(DIGITS_MAX);
    let base = U256::from(BASE);
    while !value.is_zero() {
        let (rest, digit) = value.div_rem(base);
        digits.push(digit.to::<u16>());
        value = rest;
    }
    digits.reverse();
    digits
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
