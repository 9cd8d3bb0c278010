//! The writer: chain -> plan -> decode -> ledger -> store.
//!
//! - [`chain`]: what is asked of a node, and what it may answer
//! - [`plan`]: what to do next, from what is known; pure
//! - [`fetch`]: a range or a block from the node, held against itself
//! - [`source`]: where blocks come from that can no longer change
//! - [`backfill`]: ranges fetched ahead, handed over in order
//! - [`decode`]: logs into events, keyed on (address, implementation, topic0)
//! - [`readings`]: the contracts' own answers, where events are silent
//! - [`untold`]: where parameters changed without an event
//! - [`engine`]: one lane's way from a source into the database
//! - [`follower`]: the step that puts them together
//! - [`range`], [`pace`]: how much at once, and how fast it goes
//! - [`run`], [`trouble`]: start, loop, stop; what to do about steps that fail
//! - [`reconcile`]: totals held against the contracts', and what becomes of a difference
//! - [`verify`]: the derived state held against the contracts' own answers
//! - [`drift`]: the same while the follower runs, at a low rate
//! - [`status`]: how things stand, from the database alone
//! - [`measure`], [`bars`]: the same as metrics; how far long work is
//! - [`files`]: records and formats that travel between oracles
//! - [`export`]: what leaves the database as files
//! - [`import`]: inputs from files
//! - [`bounded`]: both lanes up to a block and no further
//! - [`bootstrap`]: beginning with another oracle's state
//! - [`deployment`]: which chain and contracts

pub mod backfill;
pub mod bars;
pub mod bootstrap;
pub mod bounded;
pub mod chain;
pub mod decode;
pub mod deployment;
pub mod drift;
pub mod engine;
pub mod export;
pub mod fetch;
pub mod files;
pub mod follower;
pub mod import;
pub mod measure;
pub mod pace;
pub mod plan;
pub mod range;
pub mod readings;
pub mod reconcile;
pub mod replay;
pub mod run;
pub mod source;
pub mod status;
pub mod trouble;
pub mod untold;
pub mod verify;
