//! Connections that can only read, and why a read failed.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};
use thiserror::Error;

use crate::columns::Corrupt;

/// A read-only transaction: everything read in it is of one moment.
pub type Reading = Transaction<'static, Postgres>;

/// How much of the database one process may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// What Postgres calls these connections.
    pub application_name: &'static str,
    /// Connections at the same time.
    pub connections_max: u32,
    /// After which the server ends a statement.
    pub statement_timeout: Duration,
    /// How long a request waits for a connection.
    pub acquire_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            application_name: "capacity-api",
            connections_max: 16,
            statement_timeout: Duration::from_secs(5),
            acquire_timeout: Duration::from_secs(2),
        }
    }
}

/// The database, for readers. Connects when it is first asked, so that a process can start before its database.
#[derive(Clone, Debug)]
pub struct Database {
    pool: PgPool,
}

impl Database {
    /// A database at this URL; nothing is connected yet.
    ///
    /// # Errors
    /// If the URL is none. The error does not repeat the URL, which may hold a password.
    pub fn lazy(url: &str, limits: &Limits) -> Result<Self, InvalidUrl> {
        Ok(Self::lazy_with(url.parse().map_err(|_| InvalidUrl)?, limits))
    }

    /// A database reached by these options; nothing is connected yet.
    pub fn lazy_with(options: PgConnectOptions, limits: &Limits) -> Self {
        Self { pool: pool_options(limits).connect_lazy_with(guard(options, limits)) }
    }

    /// The same database over connections of its own, so many at most.
    #[must_use]
    pub fn apart(&self, connections_max: u32) -> Self {
        let timeout = self.pool.options().get_acquire_timeout();
        let options = PgPoolOptions::new().max_connections(connections_max).acquire_timeout(timeout);
        Self { pool: options.connect_lazy_with((*self.pool.connect_options()).clone()) }
    }

    /// Begins to read. Nothing another connection commits from here on is seen.
    ///
    /// # Errors
    /// [`ReadError::Unreachable`] above all.
    pub async fn begin(&self) -> Result<Reading, ReadError> {
        Ok(self.pool.begin_with("begin isolation level repeatable read read only").await?)
    }

    /// Ends all connections once they are given back.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

fn pool_options(limits: &Limits) -> PgPoolOptions {
    PgPoolOptions::new().max_connections(limits.connections_max).acquire_timeout(limits.acquire_timeout)
}

/// What the server itself enforces, whatever role is used: no writes, no endless statements, no forgotten transactions.
fn guard(options: PgConnectOptions, limits: &Limits) -> PgConnectOptions {
    let timeout = format!("{}ms", limits.statement_timeout.as_millis());
    options.application_name(limits.application_name).options([
        ("default_transaction_read_only", "on"),
        ("statement_timeout", &timeout),
        // Rows are digested as text.
        ("bytea_output", "hex"),
        ("idle_in_transaction_session_timeout", "30s"),
    ])
}

/// A database URL that cannot be parsed.
#[derive(Clone, Copy, Debug, Error)]
#[error("the database URL is not of the form postgres://user:password@host:port/database")]
pub struct InvalidUrl;

/// Why a read failed.
#[derive(Debug, Error)]
pub enum ReadError {
    /// No connection, or none any more.
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[source] sqlx::Error),
    /// The tables are not there, or are those of an older version.
    #[error("the database is not migrated: {0}")]
    NotMigrated(#[source] sqlx::Error),
    /// The server ended a statement that took too long.
    #[error("the database took too long")]
    TimedOut,
    /// The role may not read the tables.
    #[error("the role may not read the tables: {0}")]
    Forbidden(#[source] sqlx::Error),
    /// A row that the writer cannot have written.
    #[error("the database holds what cannot be: {0}")]
    Corrupt(String),
    /// Anything else.
    #[error("the database refused: {0}")]
    Refused(#[source] sqlx::Error),
}

impl From<Corrupt> for ReadError {
    fn from(Corrupt(what): Corrupt) -> Self {
        Self::Corrupt(what)
    }
}

impl From<sqlx::Error> for ReadError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            _ if is_away(&error) => Self::Unreachable(error),
            E::Database(refusal) => {
                let code = refusal.code().unwrap_or_default().into_owned();
                Self::from_sqlstate(&code, error)
            }
            E::ColumnDecode { .. } | E::Decode(_) => Self::Corrupt(error.to_string()),
            _ => Self::Refused(error),
        }
    }
}

/// Whether there is no connection, or none any more. By SQLSTATE: classes 08, 28, 3D, 53 and 57P are about the connection, not
/// about the question.
pub(crate) fn is_away(error: &sqlx::Error) -> bool {
    use sqlx::Error as E;
    match error {
        E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed => true,
        E::Database(refusal) => {
            let code = refusal.code().unwrap_or_default();
            ["08", "28", "3D", "53", "57P"].iter().any(|class| code.starts_with(class))
        }
        _ => false,
    }
}

impl ReadError {
    fn from_sqlstate(code: &str, error: sqlx::Error) -> Self {
        match code {
            "42P01" | "42703" | "3F000" => Self::NotMigrated(error),
            "57014" => Self::TimedOut,
            "42501" => Self::Forbidden(error),
            _ => Self::Refused(error),
        }
    }
}
