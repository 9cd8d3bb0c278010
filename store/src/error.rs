//! What can go wrong between us and Postgres.

use thiserror::Error;

use crate::columns::Corrupt;
use crate::read::ReadError;
use crate::read::database::is_away;

/// An error of the store.
#[derive(Debug, Error)]
pub enum StoreError {
    /// Postgres refused, or is not there.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The state to go on from could not be read.
    #[error("database: {0}")]
    Read(#[from] ReadError),
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
    /// Rows of two derivations do not go together.
    #[error(
        "what is stored was derived by revision {stored}, this program is of revision {own}: `indexer run` derives it anew"
    )]
    OtherDerivation {
        /// Of the stored rows.
        stored: u32,
        /// Of this program.
        own: u32,
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
    /// Whether readers are to be told: the database is there and refused, or holds what cannot be. Where it is away nobody can be
    /// told, and where another writer holds the lock what is told is that one's to say.
    pub fn is_for_readers(&self) -> bool {
        match self {
            Self::Database(error) => !is_away(error),
            Self::Read(error) => !matches!(error, ReadError::Unreachable(_)),
            Self::Locked { .. } => false,
            Self::Migration(_)
            | Self::CursorMoved { .. }
            | Self::OtherDerivation { .. }
            | Self::OtherDeployment { .. }
            | Self::Corrupt(_) => true,
        }
    }
}

impl From<Corrupt> for StoreError {
    fn from(Corrupt(what): Corrupt) -> Self {
        Self::Corrupt(what)
    }
}
