//! The writer on a real Postgres.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod lanes;
mod repairs;
mod rights;
mod rows;
mod world;
