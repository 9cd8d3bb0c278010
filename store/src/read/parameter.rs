//! Values of the contracts' parameters in force.

use alloy_primitives::U256;
use ledger::curve::Curve;
use ledger::parameter::{Parameter, Parameters, Setting};
use sqlx::{FromRow, PgConnection};

use super::ReadError;
use crate::amount::Amount;
use crate::columns::{at_most, count, rows_at_most};

/// A value, the block since which it is in force, and where it was known from then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Since {
    /// Which parameter.
    pub parameter: Parameter,
    /// `None`: it changed to something that is not known.
    pub value: Option<Vec<U256>>,
    /// The block that set or first showed it. Readings of the same value after it do not count.
    pub block_number: u64,
    /// `event`, `call` or `inferred`.
    pub source: String,
}

#[derive(FromRow)]
struct SinceRow {
    name: String,
    value: Option<Vec<Amount>>,
    block_number: i64,
    source: String,
}

/// The value in force after a block; `None` where it is not known.
///
/// # Errors
/// [`ReadError`].
pub async fn value(
    connection: &mut PgConnection,
    parameter: Parameter,
    block_number: u64,
) -> Result<Option<Vec<U256>>, ReadError> {
    let value: Option<Option<Vec<Amount>>> = sqlx::query_scalar(
        "select value from parameter
          where name = $1 and block_number <= $2 order by block_number desc limit 1",
    )
    .bind(parameter.name())
    .bind(at_most(block_number))
    .fetch_optional(connection)
    .await?;
    Ok(value.flatten().map(|words| words.into_iter().map(|word| word.0).collect()))
}

/// The DIEM mint curve in force after a block; `None` where it is not known.
///
/// # Errors
/// [`ReadError`].
pub async fn curve(connection: &mut PgConnection, block_number: u64) -> Result<Option<Curve>, ReadError> {
    let bounds = value(connection, Parameter::CurveBounds, block_number).await?;
    let rates = value(connection, Parameter::CurveRates, block_number).await?;
    Ok(bounds.zip(rates).and_then(|(bounds, rates)| Curve::new(bounds, rates)))
}

/// Every value in force after a block; what is not known is absent.
///
/// # Errors
/// [`ReadError`].
pub async fn all(connection: &mut PgConnection, block_number: u64) -> Result<Parameters, ReadError> {
    let rows: Vec<(String, Option<Vec<Amount>>)> = sqlx::query_as(
        "select distinct on (name) name, value
           from parameter where block_number <= $1
          order by name, block_number desc",
    )
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    let known = rows.into_iter().filter_map(|(name, value)| Some((name, value?)));
    known
        .map(|(name, words)| {
            let parameter =
                Parameter::from_name(&name).ok_or_else(|| ReadError::Corrupt(format!("a parameter named {name:?}")))?;
            Ok(Setting { parameter, value: words.into_iter().map(|word| word.0).collect() })
        })
        .collect()
}

/// Every parameter that was ever set or read up to a block, with the value in force after it, by name.
///
/// # Errors
/// [`ReadError`].
pub async fn in_force(connection: &mut PgConnection, block_number: u64) -> Result<Vec<Since>, ReadError> {
    let names: Vec<&str> = Parameter::ALL.iter().map(|parameter| parameter.name()).collect();
    let rows: Vec<SinceRow> = sqlx::query_as(
        "select wanted.name, newest.value, newest.block_number, newest.source
           from unnest($1::text[]) as wanted (name)
          cross join lateral (
                select value, block_number, source from parameter
                 where name = wanted.name and block_number <= $2 and is_change
                 order by block_number desc limit 1) newest
          order by wanted.name",
    )
    .bind(names)
    .bind(at_most(block_number))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Since::try_from).collect()
}

/// Which changes are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Only of this parameter.
    pub parameter: Option<Parameter>,
    /// Only behind this one, by block and name.
    pub after: Option<(u64, Parameter)>,
    /// At most so many.
    pub limit: usize,
}

/// Changes of values up to a block, by block and name. A reading that shows what was known is none, and what moves with every
/// block of rewards is left out: it is only read now and then.
///
/// # Errors
/// [`ReadError`].
pub async fn changes(
    connection: &mut PgConnection,
    wanted: &Changes,
    block_number: u64,
) -> Result<Vec<Since>, ReadError> {
    let listed = Parameter::ALL.into_iter().filter(|parameter| match wanted.parameter {
        Some(only) => *parameter == only,
        None => parameter.is_announced(),
    });
    let names: Vec<&str> = listed.map(Parameter::name).collect();
    let rows: Vec<SinceRow> = sqlx::query_as(
        "select name, value, block_number, source from parameter
          where is_change and block_number <= $1 and name = any($2)
            and ($3::bigint is null or (block_number, name collate \"C\") > ($3, $4))
          order by block_number, name collate \"C\" limit $5",
    )
    .bind(at_most(block_number))
    .bind(names)
    .bind(wanted.after.map(|(number, _)| at_most(number)))
    .bind(wanted.after.map(|(_, parameter)| parameter.name()))
    .bind(rows_at_most(wanted.limit))
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Since::try_from).collect()
}

impl TryFrom<SinceRow> for Since {
    type Error = ReadError;

    fn try_from(row: SinceRow) -> Result<Self, ReadError> {
        let parameter = Parameter::from_name(&row.name)
            .ok_or_else(|| ReadError::Corrupt(format!("a parameter named {:?}", row.name)))?;
        Ok(Self {
            parameter,
            value: row.value.map(|words| words.into_iter().map(|word| word.0).collect()),
            block_number: count(row.block_number)?,
            source: row.source,
        })
    }
}
