//! A chain to develop and test on, and the stack around it.
//!
//! - [`anvil`]: a real EVM node as a child process
//! - [`contracts`]: the twins of VVV, staking and DIEM, put at their real addresses
//! - [`traffic`]: a seeded economy on them
//! - [`truth`]: the contracts' own answers at a block, which tests compare with
//! - [`mining`]: transactions into blocks, at times of our choosing
//! - [`scripted`]: a node that serves a chain given as data and misbehaves on command
//! - [`postgres`]: a private Postgres cluster
//! - [`stack`]: all of it together with `indexer` and `api`
//! - [`rpc`]: a small JSON-RPC client
//! - [`guarded`]: child processes that do not outlive this one
//! - [`failure`]: errors that know their exit code

pub mod anvil;
pub mod contracts;
pub mod failure;
pub mod guarded;
pub mod mining;
pub mod postgres;
pub mod rpc;
pub mod scripted;
pub mod stack;
pub mod traffic;
pub mod truth;
