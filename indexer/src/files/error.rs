//! What can be wrong with a file.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a file is not taken, or could not be written.
#[derive(Debug, Error)]
pub enum FileError {
    /// The system refuses.
    #[error("{}: {source}", path.display())]
    System {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It holds what it must not, or not what it must.
    #[error("{}: {what}", path.display())]
    Content {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
}

impl FileError {
    /// The system refuses.
    pub fn system(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::System { path: path.to_owned(), source }
    }

    /// It holds what it must not, or not what it must.
    pub fn content(path: &Path, what: impl ToString) -> Self {
        Self::Content { path: path.to_owned(), what: what.to_string() }
    }
}
