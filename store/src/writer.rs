//! The one writer: its pool, its lock, its schema, its deployment.

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool};
use tokio::sync::Mutex;

use crate::StoreError;
use crate::columns::bigint;
use crate::deployment::Deployment;
use crate::derivation;

/// Any number serves, if all writers agree; advisory locks belong to one database.
const WRITER_LOCK: i64 = 0x0056_656e_6963_6531;
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
const LOCK_PAUSE: Duration = Duration::from_millis(50);
/// Appending, observing, and one to spare.
pub(crate) const CONNECTIONS: u32 = 3;

/// A connection to write with. Holds the writer lock as long as it lives.
#[derive(Debug)]
pub struct Writer {
    pub(crate) pool: PgPool,
    /// Whether COPY pays. Over TCP the driver leaves Nagle's algorithm on, and every COPY waits 40 ms for nothing.
    pub(crate) copies: bool,
    /// Whether inputs are stored with what is derived from them: not where they are there already.
    pub(crate) keeps_inputs: bool,
    /// Postgres frees an advisory lock when the session that took it ends, however it ends.
    lock: Arc<Mutex<PgConnection>>,
}

impl Writer {
    /// Connects, takes the writer lock and brings the schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Locked`] with its holder; [`StoreError::Migration`]; [`StoreError::Database`].
    pub async fn open(options: PgConnectOptions) -> Result<Self, StoreError> {
        let options = options.application_name("venice-indexer");
        let mut lock = PgConnection::connect_with(&options).await?;
        take_lock(&mut lock).await?;
        let copies = options.get_socket().is_some() || options.get_host().starts_with('/');
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await?;
        crate::MIGRATIONS.run(&pool).await?;
        derivation::name_history(&mut lock).await?;
        Ok(Self { pool, copies, keeps_inputs: true, lock: Arc::new(Mutex::new(lock)) })
    }

    /// A writer under the same lock, over connections that find other tables under the same names.
    pub(crate) fn over(&self, pool: PgPool, keeps_inputs: bool) -> Self {
        Self { pool, copies: self.copies, keeps_inputs, lock: Arc::clone(&self.lock) }
    }

    /// Makes sure that this is still the only writer: takes the lock again if the session that held it is gone.
    ///
    /// # Errors
    /// [`StoreError::Locked`] if another writer came in between; [`StoreError::Database`].
    pub async fn hold_lock(&self) -> Result<(), StoreError> {
        let mut held = self.lock.lock().await;
        if held.ping().await.is_ok() {
            return Ok(());
        }
        let mut lock = PgConnection::connect_with(&self.pool.connect_options()).await?;
        take_lock(&mut lock).await?;
        derivation::name_history(&mut lock).await?;
        *held = lock;
        Ok(())
    }

    /// Writes the deployment at the first start, and its policy and labels at later ones.
    ///
    /// # Errors
    /// [`StoreError::OtherDeployment`] if chain, contracts or start block differ.
    pub async fn adopt(&self, given: &Deployment) -> Result<(), StoreError> {
        if let Some(stored) = self.deployment().await? {
            stored.agree(given)?;
        }
        let corrupt = |error: serde_json::Error| StoreError::Corrupt(error.to_string());
        let digest = given.digest().map_err(corrupt)?;
        sqlx::query(
            "insert into deployment (chain_id, start_block, digest, document) values ($1, $2, $3, $4)
             on conflict (only_row) do update set digest = excluded.digest, document = excluded.document",
        )
        .bind(bigint(given.chain_id)?)
        .bind(bigint(given.start_block)?)
        .bind(digest.as_slice())
        .bind(serde_json::to_value(given).map_err(corrupt)?)
        .execute(&self.pool)
        .await?;
        derivation::adopt(&self.pool).await
    }

    /// The deployment that the database is of; `None` before the first start.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn deployment(&self) -> Result<Option<Deployment>, StoreError> {
        let document: Option<serde_json::Value> =
            sqlx::query_scalar("select document from deployment").fetch_optional(&self.pool).await?;
        document.map(|d| serde_json::from_value(d).map_err(|e| StoreError::Corrupt(e.to_string()))).transpose()
    }
}

/// A connection of its own for what takes long: that a statement is slow is no news there.
pub(crate) async fn patient(pool: &PgPool) -> Result<PgConnection, StoreError> {
    let options = (*pool.connect_options()).clone().disable_statement_logging();
    Ok(options.connect().await?)
}

/// A writer that was killed a moment ago may still be there for Postgres: its lock is waited for a little.
async fn take_lock(connection: &mut PgConnection) -> Result<(), StoreError> {
    let deadline = Instant::now() + LOCK_PATIENCE;
    loop {
        let taken: bool =
            sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(WRITER_LOCK).fetch_one(&mut *connection).await?;
        if taken {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(StoreError::Locked { holder: lock_holder(connection).await? });
        }
        tokio::time::sleep(LOCK_PAUSE).await;
    }
}

async fn lock_holder(connection: &mut PgConnection) -> Result<String, StoreError> {
    let holder: Option<String> = sqlx::query_scalar(
        "select format('%s, Postgres process %s, connected since %s',
                       application_name, a.pid, to_char(backend_start, 'YYYY-MM-DD HH24:MI:SS TZ'))
         from pg_locks l join pg_stat_activity a on a.pid = l.pid
         where l.locktype = 'advisory' and l.granted
           and l.database = (select oid from pg_database where datname = current_database())
           and ((l.classid::bigint << 32) | l.objid::bigint) = $1",
    )
    .bind(WRITER_LOCK)
    .fetch_optional(connection)
    .await?;
    Ok(holder.unwrap_or_else(|| "gone by now; start again".into()))
}
