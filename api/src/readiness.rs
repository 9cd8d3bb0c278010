//! Whether answers can be trusted to be of the chain's head, and if not, why.

use serde::Serialize;
use store::read::progress::Progress;
use store::read::{ReadError, progress};
use utoipa::ToSchema;

use crate::app::App;
use crate::snapshot::{Needs, lag_seconds};

/// Why the service is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// A name to compare: `database_gone`, `database_forbids`, `not_migrated`, `never_synced`, `lag_above_limit`,
    /// `indexes_missing`, `fork_suspected`, `halted` or `failing`.
    #[schema(example = "lag_above_limit")]
    pub name: &'static str,
    /// For a human.
    #[schema(example = "the state was confirmed 75 seconds ago, the limit is 60")]
    pub detail: String,
}

impl Reason {
    fn new(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, detail: detail.into() }
    }
}

/// All reasons there are; none means ready.
pub async fn reasons(app: &App) -> Vec<Reason> {
    match look(app).await {
        Ok(reasons) => reasons,
        Err(ReadError::NotMigrated(_)) => {
            vec![Reason::new("not_migrated", "the database has no tables of this version; the indexer makes them")]
        }
        Err(ReadError::Forbidden(_)) => {
            vec![Reason::new(
                "database_forbids",
                "the role may not read the tables; make it a member of capacity_reader",
            )]
        }
        Err(error) => {
            tracing::debug!(%error, "not ready");
            vec![Reason::new("database_gone", "the database cannot be reached or does not answer")]
        }
    }
}

async fn look(app: &App) -> Result<Vec<Reason>, ReadError> {
    let mut reading = app.database().begin().await?;
    let progress = progress::progress(&mut reading).await?;
    let known = app.deployment(&mut reading, progress.deployment_digest).await.ok();
    let clock = known.and_then(|known| known.deployment.clock);
    let Some(cursor) = Needs::Both.newest(&progress) else {
        let mut reasons = vec![Reason::new("never_synced", "the indexer has not stored a block yet")];
        reasons.extend(complaints(&progress));
        return Ok(reasons);
    };
    let lag = lag_seconds(&progress, cursor, clock);
    let mut reasons: Vec<Reason> = too_old(lag, app.settings().max_lag_seconds).into_iter().collect();
    if !progress.account_indexes {
        let detail = "the first backfill is not done: the indexes that VVV balances are found by are still to be built";
        reasons.push(Reason::new("indexes_missing", detail));
    }
    reasons.extend(complaints(&progress));
    Ok(reasons)
}

fn too_old(lag: Option<u64>, limit: u64) -> Option<Reason> {
    let detail = match lag {
        Some(lag) if lag <= limit => return None,
        Some(lag) => format!("the state was confirmed {lag} seconds ago, the limit is {limit}"),
        None => "nobody knows how old the state is: the indexer has not told".into(),
    };
    Some(Reason::new("lag_above_limit", detail))
}

/// What the writer says is wrong.
fn complaints(progress: &Progress) -> Vec<Reason> {
    let Some(follower) = &progress.follower else { return Vec::new() };
    let complaints =
        [("halted", &follower.halted), ("fork_suspected", &follower.fork_suspected), ("failing", &follower.failing)];
    complaints.into_iter().filter_map(|(name, why)| Some(Reason::new(name, why.clone()?))).collect()
}
