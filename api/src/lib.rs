//! The reader: answers over HTTP what the indexer derived. It has no way to a node and never writes.
//!
//! A request's way: [`router`] -> [`extract`] and [`params`] (typed, or a [`problem`]) -> a handler in [`routes`] ->
//! [`snapshot`] (the database at one block) -> [`rights`] or a route's own view -> [`respond`] (JSON, block, tag).
//!
//! - [`aim`]: the DIEM supply aimed at
//! - [`app`], [`serve`], [`connections`], [`cli`]: the process
//! - [`table`], [`tables`], [`page_cursor`]: the capacity table and runs through it
//! - [`epochs`], [`events`]: epochs as seen from a block, events as they are listed
//! - [`guarded`]: the smaller of two blocks' answers
//! - [`holding`]: what an account of one or more addresses holds
//! - [`measure`]: figures for Prometheus
//! - [`readiness`]: whether answers are of the head
//! - [`wire`], [`address`]: how amounts, times and addresses are written
//! - [`openapi`], [`examples`]: the document

pub mod address;
pub mod aim;
pub mod app;
pub mod cli;
pub mod connections;
pub mod epochs;
pub mod events;
pub mod examples;
pub mod extract;
mod finalized;
pub mod guarded;
pub mod holding;
pub mod measure;
pub mod openapi;
pub mod page_cursor;
pub mod params;
pub mod problem;
pub mod readiness;
pub mod respond;
pub mod rights;
pub mod router;
pub mod routes;
pub mod serve;
pub mod snapshot;
pub mod table;
pub mod tables;
pub mod wire;
