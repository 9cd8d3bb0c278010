//! Postgres. The only crate with SQL.
//!
//! - [`append`], [`rewind`]: the writer's two transactions
//! - [`load`]: the state the writer goes on from
//! - [`progress`]: what the writer says of itself
//! - [`read`]: the state at one block, for readers
//! - [`deployment`]: the chain, contracts and policy a database is about

pub mod amount;
pub mod deployment;
pub mod read;

/// The schema, embedded.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");
