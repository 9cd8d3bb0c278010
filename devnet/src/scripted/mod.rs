//! A node that serves a chain given as data, and misbehaves on command.
//!
//! - [`ScriptedChain`]: the chain as data. Pure: blocks with logs, contract state for `eth_call`, reorgs. Its headers hash
//!   to their names, link to their parents, and carry blooms as full as Base's.

mod block;
mod bloom;
mod chain;
mod options;
mod receipt;
mod state;
mod transaction;

pub use block::{Block, BlockRef, ScriptedLog};
pub use chain::{ScriptedChain, SharedChain};
pub use options::{ChainOptions, Finality};
pub use state::CallAnswer;
