//! Whether answers can be trusted to be of the chain's head, and if not, why.

use serde::Serialize;
use store::read::progress::Needs;
use store::read::{ReadError, node, progress, readiness};
use utoipa::ToSchema;

use crate::app::App;

/// Why the service is not ready, or not for everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reason {
    /// A name to compare: `database_gone`, `database_forbids`, `not_migrated`, `never_synced`, `lag_above_limit`,
    /// `other_derivation`, `replaying`, `fork_suspected`, `halted`, `failing` or `writer_stalled`; and of what needs all
    /// VVV transfers alone, `supply_behind` and `indexes_missing`. Of a notice: `chain_stalled` or `node_excluded`.
    #[schema(example = "supply_behind")]
    pub name: &'static str,
    /// For a human.
    #[schema(example = "the state was confirmed 75 seconds ago, the limit is 60")]
    pub detail: String,
}

impl From<readiness::Reason> for Reason {
    fn from(readiness::Reason { name, detail, .. }: readiness::Reason) -> Self {
        Self { name, detail }
    }
}

/// How ready the service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readiness {
    /// Whether answers of the need that was asked about are of the head.
    pub is_ready: bool,
    /// All reasons there are, those included that only keep other answers.
    pub reasons: Vec<Reason>,
    /// What is no reason: a chain that stands still, a node of several that is not asked.
    pub notices: Vec<Reason>,
}

/// Whether answers of that need are of the head. A database that does not answer keeps all.
pub async fn readiness(app: &App, needs: Needs) -> Readiness {
    let (reasons, notices) = look(app).await.unwrap_or_else(|error| {
        tracing::debug!(%error, "not ready");
        (vec![readiness::Reason::of_error(&error)], Vec::new())
    });
    let is_ready = !reasons.iter().any(|reason| reason.concerns(needs));
    let written = |reasons: Vec<readiness::Reason>| reasons.into_iter().map(Reason::from).collect();
    Readiness { is_ready, reasons: written(reasons), notices: written(notices) }
}

/// Reasons and notices.
async fn look(app: &App) -> Result<(Vec<readiness::Reason>, Vec<readiness::Reason>), ReadError> {
    let mut reading = app.database().begin().await?;
    let progress = progress::progress(&mut reading).await?;
    let nodes = node::all(&mut reading).await?;
    let known = app.deployment(&mut reading, progress.deployment_digest).await.ok();
    let clock = known.and_then(|known| known.deployment.clock);
    let reasons = readiness::reasons(&progress, clock, app.settings().max_lag_seconds);
    Ok((reasons, readiness::notices(&progress, &nodes)))
}
