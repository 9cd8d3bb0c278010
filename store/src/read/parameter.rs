//! Values of the contracts' parameters in force.

use alloy_primitives::U256;
use ledger::curve::Curve;
use ledger::parameter::Parameter;
use sqlx::PgConnection;

use super::ReadError;
use super::convert::bigint;
use crate::amount::Amount;

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
    .bind(bigint(block_number))
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
