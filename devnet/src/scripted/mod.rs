//! A node that serves a chain given as data, and misbehaves on command.
//!
//! - [`ScriptedChain`]: the chain as data. Pure: blocks with logs, contract state for `eth_call`, reorgs. Its headers hash
//!   to their names, link to their parents, and carry blooms as full as Base's.
//! - [`ScriptedNode`]: serves a chain over JSON-RPC on a port of its own, by HTTP and WebSocket. Several nodes may serve one chain.
//! - [`Faults`]: what a node does wrong: when (always, for the next requests, by chance), and on which methods.
//!
//! Everything random comes from seeds. What a node does with a request is drawn from its seed, the request and how often
//! it was asked before, so the order in which concurrent requests arrive changes nothing.
//!
//! ```no_run
//! # use devnet::scripted::*;
//! # async fn example() -> anyhow::Result<()> {
//! let mut chain = ScriptedChain::new(ChainOptions { seed: 7, ..ChainOptions::default() });
//! chain.mine_empty(100);
//! let node = ScriptedNode::start(chain).await?;
//! node.faults().next(2, TransportFault::Throttle { retry_after_seconds: Some(1) });
//! node.faults().chance(0.1, LogFault::DropOne);
//! node.chain(|chain| chain.reorg(3));
//! # Ok(())
//! # }
//! ```

mod block;
mod bloom;
mod chain;
mod faults;
mod logs;
mod methods;
mod node;
mod options;
mod receipt;
mod rpc;
mod socket;
mod state;
mod transaction;
mod view;

pub use block::{Block, BlockRef, ScriptedLog};
pub use chain::{ScriptedChain, SharedChain};
pub use faults::{
    ArchiveWording, Fault, Faults, HeaderFault, LogFault, RangeWording, Refusal, ResultWording, Rule, Scope,
    TransportFault, ViewFault,
};
pub use node::{Asked, ScriptedNode};
pub use options::{ChainOptions, Finality};
pub use state::CallAnswer;
