//! Whether answers can be trusted to be of the chain's head, and if not, why.

use serde::Serialize;
use store::read::{ReadError, progress, readiness};
use utoipa::ToSchema;

use crate::app::App;

/// Why the service is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// A name to compare: `database_gone`, `database_forbids`, `not_migrated`, `never_synced`, `lag_above_limit`,
    /// `indexes_missing`, `other_derivation`, `replaying`, `fork_suspected`, `halted` or `failing`.
    #[schema(example = "lag_above_limit")]
    pub name: &'static str,
    /// For a human.
    #[schema(example = "the state was confirmed 75 seconds ago, the limit is 60")]
    pub detail: String,
}

impl From<readiness::Reason> for Reason {
    fn from(readiness::Reason { name, detail }: readiness::Reason) -> Self {
        Self { name, detail }
    }
}

/// All reasons there are; none means ready.
pub async fn reasons(app: &App) -> Vec<Reason> {
    let reasons = look(app).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "not ready");
        vec![readiness::Reason::of_error(&error)]
    });
    reasons.into_iter().map(Reason::from).collect()
}

async fn look(app: &App) -> Result<Vec<readiness::Reason>, ReadError> {
    let mut reading = app.database().begin().await?;
    let progress = progress::progress(&mut reading).await?;
    let known = app.deployment(&mut reading, progress.deployment_digest).await.ok();
    let clock = known.and_then(|known| known.deployment.clock);
    Ok(readiness::reasons(&progress, clock, app.settings().max_lag_seconds))
}
