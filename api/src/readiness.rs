//! Whether answers can be trusted to be of the chain's head, and if not, why.

use serde::Serialize;
use store::read::{ReadError, node, progress, readiness};
use utoipa::ToSchema;

use crate::app::App;

/// Why the service is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// A name to compare: `database_gone`, `database_forbids`, `not_migrated`, `never_synced`, `lag_above_limit`,
    /// `indexes_missing`, `fork_suspected`, `halted`, `failing` or `writer_stalled`. Of a notice: `chain_stalled` or
    /// `node_excluded`.
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

/// Whether answers can be trusted, and what else is remarkable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    /// All reasons why not; none means ready.
    pub reasons: Vec<Reason>,
    /// What is no reason: a chain that stands still, a node of several that is not asked.
    pub notices: Vec<Reason>,
}

/// How it stands now.
pub async fn readiness(app: &App) -> Readiness {
    look(app).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "not ready");
        Readiness { reasons: vec![readiness::Reason::of_error(&error).into()], ..Readiness::default() }
    })
}

async fn look(app: &App) -> Result<Readiness, ReadError> {
    let mut reading = app.database().begin().await?;
    let progress = progress::progress(&mut reading).await?;
    let nodes = node::all(&mut reading).await?;
    let known = app.deployment(&mut reading, progress.deployment_digest).await.ok();
    let clock = known.and_then(|known| known.deployment.clock);
    let reasons = readiness::reasons(&progress, clock, app.settings().max_lag_seconds);
    let notices = readiness::notices(&progress, &nodes);
    let written = |reasons: Vec<readiness::Reason>| reasons.into_iter().map(Reason::from).collect();
    Ok(Readiness { reasons: written(reasons), notices: written(notices) })
}
