//! A real EVM node as a child process.
