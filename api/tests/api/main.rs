//! The service over a real Postgres, driven through its router.
//!
//! Bodies are held whole against `snapshots/` and `api/examples`; `UPDATE_SNAPSHOTS=1 cargo test -p api` writes them anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account_history;
mod allocations;
mod answers;
mod bad_input;
mod caching;
mod connections;
mod degraded;
mod document;
mod entitlements;
mod epochs;
mod examples;
mod figures;
mod finality;
mod guarded;
mod history;
mod lanes;
mod lists;
mod metrics;
mod page;
mod pages;
mod role;
mod service;
mod stakers;
mod tables;
mod target;
