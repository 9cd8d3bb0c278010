//! Postgres. The only crate with SQL.
//!
//! - [`writer`]: the one connection that may write, and its lock
//! - [`append`], [`rewind`]: its two transactions
//! - [`cursor`]: the two lanes, and how far each is
//! - [`account_indexes`]: what a first backfill goes without
//! - [`load`]: the state it goes on from
//! - [`derivation`], [`replay`]: which derivation the rows are of, and deriving them anew
//! - [`progress`]: what it says of itself
//! - [`reconciliation`]: checkpoints, and what is undone where totals differ from the contracts'
//! - [`inferred`]: parameters that changed without an event
//! - [`node`]: what it says of the nodes
//! - [`completeness`]: how sure it is that no log is missing
//! - [`verification`]: what came of comparing with the contracts
//! - [`read`]: the state at one block, for readers
//! - [`deployment`]: the chain, contracts and policy a database is about

pub mod account_indexes;
pub mod amount;
pub mod append;
pub mod columns;
pub mod completeness;
pub mod cursor;
pub mod deployment;
pub mod derivation;
pub mod error;
pub mod inferred;
pub mod load;
pub mod node;
pub mod progress;
pub mod read;
pub mod reconciliation;
pub mod replay;
pub mod rewind;
pub mod verification;
pub mod writer;

pub use error::StoreError;

/// The schema, embedded.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");
