//! The service over a real Postgres, driven through its router.
//!
//! Bodies are held whole against `snapshots/`; `UPDATE_SNAPSHOTS=1 cargo test -p api` writes them anew.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod allocations;
mod answers;
mod bad_input;
mod caching;
mod degraded;
mod document;
mod entitlements;
mod epochs;
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
mod tables;
mod target;
