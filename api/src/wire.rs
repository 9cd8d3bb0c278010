//! How amounts, shares, addresses and times are written.

use alloy_primitives::{Address, U256};
use jiff::civil::date;
use jiff::{Span, Timestamp};
use ledger::epoch::Epoch;
use ledger::ratio::ONE;
use serde::Serialize;
use utoipa::ToSchema;

/// In which unit amounts of tokens are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Units {
    /// Whole numbers of 1e-18 tokens.
    #[default]
    Base,
    /// Tokens, with 18 digits after the point.
    Token,
}

/// An amount of VVV, sVVV or DIEM: a decimal string of base units (1e-18), or of tokens with `?units=token`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, pattern = r"^[0-9]+(\.[0-9]{18})?$", example = "1250000000000000000")]
pub struct Amount(String);

/// Rewards per share: a decimal string of units of 1e-36 VVV per sVVV, whatever `?units` says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, pattern = "^[0-9]+$", example = "412500000000000000000000000000000000")]
pub struct PerShare(String);

/// A share or ratio: a decimal string with exactly 18 digits after the point, rounded down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, pattern = r"^[0-9]+\.[0-9]{18}$", example = "0.012500000000000000")]
pub struct Ratio(String);

/// What an amount changed by: as an amount, with a minus sign where it became less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, pattern = r"^-?[0-9]+(\.[0-9]{18})?$", example = "-1250000000000000000")]
pub struct AmountChange(String);

/// What something changed by as a share of what it was, or the difference of two ratios: a decimal string with exactly 18
/// digits after the point, rounded towards zero, with a minus sign where it became less.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, pattern = r"^-?[0-9]+\.[0-9]{18}$", example = "-0.012500000000000000")]
pub struct RatioChange(String);

/// US dollars: a decimal string with 18 digits after the point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, pattern = r"^[0-9]+\.[0-9]{18}$", example = "1.250000000000000000")]
pub struct Usd(String);

/// An address in EIP-55 form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, pattern = "^0x[0-9a-fA-F]{40}$", example = "0x321b7ff75154472B18EDb199033fF4D116F340Ff")]
pub struct AddressText(String);

/// A time, RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(value_type = String, format = DateTime, example = "2026-11-20T00:00:00Z")]
pub struct Time(String);

impl Units {
    /// An amount in this unit.
    pub fn amount(self, amount: U256) -> Amount {
        Amount(self.write(amount))
    }

    /// What an amount changed by, in this unit.
    pub fn change(self, before: U256, now: U256) -> AmountChange {
        AmountChange(format!("{}{}", sign(before, now), self.write(before.abs_diff(now))))
    }

    /// The text of an amount in this unit.
    pub fn write(self, amount: U256) -> String {
        match self {
            Self::Base => amount.to_string(),
            Self::Token => eighteen_digits(amount),
        }
    }

    /// Parses an amount in this unit.
    pub fn parse(self, text: &str) -> Option<U256> {
        match self {
            Self::Base => {
                let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                is_number.then(|| text.parse().ok())?
            }
            Self::Token => parse_decimal(text),
        }
    }
}

impl PerShare {
    /// From units of 1e-36.
    pub fn new(accumulated: U256) -> Self {
        Self(accumulated.to_string())
    }
}

impl Ratio {
    /// From units of 1e-18.
    pub fn new(ratio: U256) -> Self {
        Self(eighteen_digits(ratio))
    }

    /// As written.
    pub fn into_text(self) -> String {
        self.0
    }

    /// `part / whole`; `None` where the whole is 0.
    pub fn of(part: U256, whole: U256) -> Option<Self> {
        ledger::ratio::ratio(part, whole).map(Self::new)
    }
}

impl RatioChange {
    /// `(now - before) / before`; `None` where there was nothing before.
    pub fn of(before: U256, now: U256) -> Option<Self> {
        let size = ledger::ratio::ratio(before.abs_diff(now), before)?;
        Some(Self(format!("{}{}", if size.is_zero() { "" } else { sign(before, now) }, eighteen_digits(size))))
    }

    /// `now - before`, both ratios in units of 1e-18.
    pub fn between(before: U256, now: U256) -> Self {
        Self(format!("{}{}", sign(before, now), eighteen_digits(before.abs_diff(now))))
    }
}

fn sign(before: U256, now: U256) -> &'static str {
    if now < before { "-" } else { "" }
}

impl Usd {
    /// From units of 1e-18.
    pub fn new(usd: U256) -> Self {
        Self(eighteen_digits(usd))
    }
}

/// Whole millionths of a dollar. What does not fit is far beyond all dollars there are, and the most that fits is still
/// not too much.
pub fn usd_micros(usd: U256) -> u64 {
    u64::try_from(ledger::entitlement::usd_micros(usd)).unwrap_or(u64::MAX)
}

impl From<Address> for AddressText {
    fn from(address: Address) -> Self {
        Self(address.to_checksum(None))
    }
}

impl Time {
    /// Of seconds since 1970; `None` past the year 9999.
    pub fn new(timestamp: u64) -> Option<Self> {
        let time = Timestamp::from_second(i64::try_from(timestamp).ok()?).ok()?;
        Some(Self(time.to_string()))
    }

    /// As written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A UTC day, YYYY-MM-DD; `None` past the year 9999.
pub fn day(epoch: Epoch) -> Option<String> {
    let days = Span::new().try_days(i64::try_from(epoch.number).ok()?).ok()?;
    Some(date(1970, 1, 1).checked_add(days).ok()?.to_string())
}

/// Units of 1e-18 as a decimal with 18 digits after the point.
pub fn eighteen_digits(value: U256) -> String {
    let (whole, fraction) = value.div_rem(ONE);
    format!("{whole}.{:018}", fraction.to::<u64>())
}

/// Parses a decimal such as "0.1" or "25" into units of 1e-18.
pub fn parse_decimal(text: &str) -> Option<U256> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || fraction.len() > 18 || text.ends_with('.') {
        return None;
    }
    let fraction: U256 = format!("{fraction:0<18}").parse().ok()?;
    whole.parse::<U256>().ok()?.checked_mul(ONE)?.checked_add(fraction)
}
