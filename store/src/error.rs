//! What can go wrong between us and Postgres.

use thiserror::Error;

/// An error of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Postgres refused, or is not there.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("migration: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// Another writer holds the lock.
    #[error("another writer holds the lock: {holder}")]
    Locked {
        /// Who, as far as Postgres tells.
        holder: String,
    },
    /// The cursor is not where this writer left it.
    #[error("the cursor is not at {expected}: another writer moved it")]
    CursorMoved {
        /// Where it was expected.
        expected: String,
    },
    /// The database is about something else.
    #[error(
        "the database holds another deployment: {field} is {stored}, not {given}; use another database or that deployment"
    )]
    OtherDeployment {
        /// What differs.
        field: &'static str,
        /// In the database.
        stored: String,
        /// In the deployment given.
        given: String,
    },
    /// A row that no writer of ours wrote.
    #[error("the database holds a row that cannot be: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether it may go away by itself: the connection, not what was asked of it.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Database(error) => match error {
                sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => true,
                sqlx::Error::Protocol(_) => true,
                // Classes of SQLSTATE: 08 connection, 53 resources (disk full, too many connections), 57 shutdown,
                // 40 a transaction that lost against another.
                sqlx::Error::Database(error) => error
                    .code()
                    .is_some_and(|code| ["08", "53", "57", "40"].iter().any(|class| code.starts_with(class))),
                _ => false,
            },
            _ => false,
        }
    }
}
