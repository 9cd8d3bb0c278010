//! Errors that know the exit code they end the program with.

use std::fmt;

/// Why `devnet` cannot go on, in one line that names the thing and the mend.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The command line or the configuration is wrong: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { code: 2, message: message.into() }
    }

    /// Something the stack needs is not to be had: exit code 3.
    pub fn missing(message: impl Into<String>) -> Self {
        Self { code: 3, message: message.into() }
    }

    /// The exit code an error calls for. What was not foreseen counts as a dependency that failed.
    pub fn code_of(error: &anyhow::Error) -> u8 {
        error.chain().find_map(|cause| cause.downcast_ref::<Self>()).map_or(3, |failure| failure.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
