//! Values of the contracts' parameters in force.

use alloy_primitives::U256;
use ledger::curve::Curve;
use ledger::parameter::{Parameter, Parameters, Setting};
use sqlx::PgConnection;

use super::ReadError;
use crate::amount::Amount;
use crate::columns::at_most;

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
