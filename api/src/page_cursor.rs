//! Where a run through a list has got to, and the block it keeps to. Opaque to clients.

use alloy_primitives::{B128, B256, hex};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::params::{BlockParams, invalid};
use crate::problem::{Kind, Problem};
use crate::snapshot::{Needs, Snapshot, pinned};

/// A run may last for so many blocks of the chain.
const BLOCKS_MAX: u64 = 1_000;
/// Or for so long.
const SECONDS_MAX: u64 = 30 * 60;

/// Where a run through a list has got to, and what it keeps to. `K` says which list it is and which row came last; cursors
/// of one list are none of another, as long as their keys are of different shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PageCursor<K> {
    /// The block of every page.
    #[serde(rename = "n")]
    pub block_number: u64,
    /// Its hash, where one was stored.
    #[serde(rename = "h")]
    pub block_hash: Option<B256>,
    /// The deployment, for labels and policy are part of the answer.
    #[serde(rename = "d")]
    pub deployment: B256,
    /// The history, for the same block has other rows in another.
    #[serde(rename = "i")]
    pub history: B128,
    /// The newest block when the run began.
    #[serde(rename = "s")]
    pub head_number: u64,
    /// When it began, seconds since 1970.
    #[serde(rename = "t")]
    pub began_at: u64,
    /// Which list, and its last row so far.
    #[serde(rename = "k")]
    pub key: K,
}

impl<K: Serialize + DeserializeOwned> PageCursor<K> {
    /// As a client gives it back.
    ///
    /// # Errors
    /// [`Kind::InvalidCursor`] for what this service never gave.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let not_ours = || Problem::new(Kind::InvalidCursor, "?cursor is not a next_cursor of this service");
        let bytes = hex::decode(text).map_err(|_| not_ours())?;
        serde_json::from_slice(&bytes).map_err(|_| not_ours())
    }

    /// For the page that begins behind the row of this key: of the same run as the cursor before, or of one that begins.
    pub fn next(before: Option<&Self>, snapshot: &Snapshot, key: K) -> Self {
        let point = snapshot.point();
        let head = snapshot.progress().capacity.map_or(point.number, |cursor| cursor.number);
        let (head_number, began_at) =
            before.map_or_else(|| (head, now_seconds()), |before| (before.head_number, before.began_at));
        Self {
            block_number: point.number,
            block_hash: point.hash,
            deployment: snapshot.known().digest,
            history: snapshot.progress().derivation.history,
            head_number,
            began_at,
            key,
        }
    }

    /// As a client is given it.
    pub fn write(&self) -> String {
        hex::encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether the block is still the same and the run not too old.
    ///
    /// # Errors
    /// [`Kind::CursorExpired`] if not.
    pub fn hold(&self, snapshot: &Snapshot) -> Result<(), Problem> {
        let is_other = self.block_hash.is_some() && snapshot.point().hash != self.block_hash;
        if is_other {
            return Err(self.reorged());
        }
        if snapshot.known().digest != self.deployment {
            return Err(expired("labels or policy changed since the first page"));
        }
        if snapshot.progress().derivation.history != self.history {
            return Err(expired("the rows were derived anew since the first page"));
        }
        let head = snapshot.progress().capacity.map_or(0, |cursor| cursor.number);
        let is_old = head.saturating_sub(self.head_number) > BLOCKS_MAX
            || now_seconds().saturating_sub(self.began_at) > SECONDS_MAX;
        if is_old { Err(expired("a cursor is good for 1,000 blocks or 30 minutes")) } else { Ok(()) }
    }

    /// The block is no longer part of the chain.
    pub fn reorged(&self) -> Problem {
        expired(&format!("block {} was reorged away", self.block_number))
    }
}

/// The database at the block that is asked for, or at the cursor's where there is a cursor, as long as that is still the
/// block it was.
///
/// # Errors
/// [`Kind::CursorExpired`]; [`Kind::InvalidParameter`] where the query names another block; what keeps a snapshot from
/// being opened.
pub async fn open<K: Serialize + DeserializeOwned>(
    app: &App,
    needs: Needs,
    query: &BlockParams,
    cursor: Option<&PageCursor<K>>,
) -> Result<Snapshot, Problem> {
    let Some(cursor) = cursor else { return Snapshot::open(app, needs, query).await };
    let asked = query.which()?;
    let names_another = query.block.is_some_and(|block| block != cursor.block_number);
    if names_another || (query.block.is_none() && asked != BlockParams::default().which()?) {
        return Err(invalid("cursor", "keeps to the block it began with: leave ?block, ?at, ?epoch and ?finality out"));
    }
    let at = BlockParams { max_lag: query.max_lag, ..pinned(cursor.block_number) };
    let snapshot = Snapshot::open(app, needs, &at).await.map_err(|problem| match problem.kind() {
        Kind::BlockOutOfRange => cursor.reorged(),
        _ => problem,
    })?;
    cursor.hold(&snapshot)?;
    Ok(snapshot)
}

/// Takes what a page holds of rows that were read one further, and the last of them if there are more.
pub fn cut<T>(rows: &mut Vec<T>, limit: usize) -> Option<&T> {
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| has_more)
}

fn expired(why: &str) -> Problem {
    Problem::new(Kind::CursorExpired, format!("{why}; begin again without ?cursor"))
}

/// Now, seconds since 1970.
fn now_seconds() -> u64 {
    u64::try_from(Timestamp::now().as_second()).unwrap_or_default()
}
