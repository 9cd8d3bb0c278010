//! Query parameters, typed. What is not known is refused: a misspelt `?blok=` must not be answered at the head.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::epoch::Epoch;
use utoipa::IntoParams;

use crate::problem::{Kind, Problem};
use crate::snapshot::Finality;
use crate::wire::Units;

/// The parameters of a query that nobody has asked for yet.
#[derive(Debug, Default)]
pub struct Pairs(BTreeMap<String, String>);

impl Pairs {
    /// The parameters of a query; each may be given once.
    ///
    /// # Errors
    /// [`Kind::InvalidParameter`].
    pub fn new(pairs: Vec<(String, String)>) -> Result<Self, Problem> {
        let mut unique = BTreeMap::new();
        for (name, value) in pairs {
            if unique.contains_key(&name) {
                return Err(invalid(&name, "may be given only once"));
            }
            unique.insert(name, value);
        }
        Ok(Self(unique))
    }

    /// Takes one parameter out, parsed.
    ///
    /// # Errors
    /// [`Kind::InvalidParameter`], with what was expected.
    pub fn take<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        expected: &str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.0.remove(name) else { return Ok(None) };
        parse(&text).map(Some).ok_or_else(|| invalid(name, &format!("must be {expected}")))
    }

    /// Whether a parameter is given and not taken out yet.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// Takes one parameter out as it came.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        self.0.remove(name)
    }

    /// Ends the parsing.
    ///
    /// # Errors
    /// [`Kind::InvalidParameter`] if a parameter is left over.
    pub fn finish(self) -> Result<(), Problem> {
        match self.0.into_keys().next() {
            Some(name) => {
                Err(invalid(&name.chars().take(64).collect::<String>(), "is not a parameter of this resource"))
            }
            None => Ok(()),
        }
    }
}

/// Parameters that a handler takes.
pub trait FromPairs: Sized {
    /// Takes what it knows.
    ///
    /// # Errors
    /// [`Kind::InvalidParameter`].
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem>;

    /// Whether a parameter that is not known may be passed over.
    const TOLERATES_UNKNOWN: bool = false;
}

/// A parameter that is wrong, and why.
pub fn invalid(name: &str, why: &str) -> Problem {
    Problem::new(Kind::InvalidParameter, format!("?{name} {why}")).with("parameter", name)
}

/// Only digits: no sign, no blank.
pub fn integer(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// A number of seconds; no more than JSON's numbers can tell apart.
pub fn seconds(text: &str) -> Option<u64> {
    integer(text).filter(|seconds| *seconds < 1 << 53)
}

/// Which block to answer as of. Give at most one of `block`, `at`, `epoch` and `finality`.
#[derive(Clone, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BlockParams {
    /// As of this block.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub block: Option<u64>,
    /// As of the last block with a timestamp at or before this time, RFC 3339, such as 2026-11-20T12:00:00Z.
    #[param(value_type = Option<String>, format = DateTime)]
    pub at: Option<Timestamp>,
    /// As of the opening block of this epoch: the last one before its first second. Such as 2026-11-20.
    #[param(value_type = Option<String>, format = Date)]
    pub epoch: Option<Epoch>,
    /// As of the newest block of this finality. Default: `latest`.
    #[param(inline)]
    pub finality: Option<Finality>,
    /// Refuse with 503 if it is longer ago, in seconds, that the state was confirmed to be the chain's head.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub max_lag: Option<u64>,
}

/// Which block is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// The newest of a finality.
    Newest(Finality),
    /// By height.
    Number(u64),
    /// The last with a timestamp at or before this one, which may lie before 1970.
    At(i64),
}

impl BlockParams {
    /// Which block is meant.
    ///
    /// # Errors
    /// [`Kind::InvalidParameter`] if more than one is.
    pub fn which(&self) -> Result<Which, Problem> {
        let choices = [
            self.block.map(Which::Number),
            self.at.map(|time| Which::At(time.as_second() - i64::from(time.subsec_nanosecond() < 0))),
            self.epoch.map(|epoch| Which::At(epoch.opens_at().cast_signed() - 1)),
            self.finality.map(Which::Newest),
        ];
        let mut given = choices.into_iter().flatten();
        match (given.next(), given.next()) {
            (None, _) => Ok(Which::Newest(Finality::Latest)),
            (Some(which), None) => Ok(which),
            (Some(_), Some(_)) => Err(Problem::new(
                Kind::InvalidParameter,
                "give at most one of ?block, ?at, ?epoch and ?finality: each names a block",
            )),
        }
    }
}

impl FromPairs for BlockParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self {
            block: pairs.take("block", integer, "a block number")?,
            at: pairs.take("at", |text| text.parse().ok(), "a time such as 2026-11-20T12:00:00Z")?,
            epoch: pairs.take("epoch", parse_epoch, "a day since 1970 such as 2026-11-20")?,
            finality: pairs.take("finality", Finality::from_name, "latest, safe or finalized")?,
            max_lag: pairs.take("max_lag", seconds, "a number of seconds")?,
        })
    }
}

/// A day such as 2026-11-20.
pub fn parse_epoch(text: &str) -> Option<Epoch> {
    let day: Date = (text.len() == 10).then(|| text.parse().ok())??;
    let opens_at = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some(Epoch::at(u64::try_from(opens_at).ok()?))
}

/// How amounts are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UnitParams {
    /// `base` (default): whole numbers of 1e-18 tokens. `token`: tokens with 18 digits after the point.
    #[param(value_type = Option<String>, pattern = "^(base|token)$", example = "base")]
    pub units: Units,
}

impl FromPairs for UnitParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let parse = |text: &str| match text {
            "base" => Some(Units::Base),
            "token" => Some(Units::Token),
            _ => None,
        };
        Ok(Self { units: pairs.take("units", parse, "base or token")?.unwrap_or_default() })
    }
}

const LIMIT_DEFAULT: usize = 100;
const LIMIT_MAX: usize = 1_000;

/// Rows in one page. A number that is none is a 400; one outside the limits, however large, a 422.
///
/// # Errors
/// [`Kind::InvalidParameter`] or [`Kind::LimitExceeded`].
pub fn limit(pairs: &mut Pairs) -> Result<usize, Problem> {
    let Some(text) = pairs.take_text("limit") else { return Ok(LIMIT_DEFAULT) };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid("limit", &format!("must be a number from 1 to {LIMIT_MAX}")));
    }
    text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
        Problem::new(Kind::LimitExceeded, format!("?limit must be from 1 to {LIMIT_MAX}")).with("limit", LIMIT_MAX)
    })
}

/// Which part of a list.
#[derive(Clone, Debug, Default, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Rows in one page.
    #[param(value_type = Option<i32>, minimum = 1, maximum = 1000, example = 100)]
    pub limit: usize,
    /// `next_cursor` of the page before. Keeps to its block for 1,000 blocks or 30 minutes.
    #[param(value_type = Option<String>)]
    pub cursor: Option<String>,
}

impl FromPairs for ListParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self { limit: limit(pairs)?, cursor: pairs.take_text("cursor") })
    }
}

/// A block and a unit: what the network's figures take.
#[derive(Clone, Debug, Default)]
pub struct FigureParams {
    /// Which block.
    pub block: BlockParams,
    /// Which unit.
    pub units: Units,
}

impl FromPairs for FigureParams {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self { block: BlockParams::from_pairs(pairs)?, units: UnitParams::from_pairs(pairs)?.units })
    }
}

/// No parameters at all.
#[derive(Clone, Copy, Debug)]
pub struct NoParams;

impl FromPairs for NoParams {
    fn from_pairs(_: &mut Pairs) -> Result<Self, Problem> {
        Ok(Self)
    }
}
