//! Whether the state is as fresh as the request wants it.

use crate::problem::{Kind, Problem};

/// Refuses where the state is older than allowed, or nobody knows how old it is.
pub(super) fn hold(lag: Option<u64>, max_lag: Option<u64>) -> Result<(), Problem> {
    let Some(limit) = max_lag else { return Ok(()) };
    match lag {
        Some(lag) if lag <= limit => Ok(()),
        Some(lag) => {
            let detail = format!("the state was confirmed {lag} seconds ago, the request allows {limit}");
            Err(Problem::new(Kind::TooOld, detail).with("lag_seconds", lag))
        }
        None => Err(Problem::new(Kind::TooOld, "nobody knows how old the state is: the indexer has not told")),
    }
}
