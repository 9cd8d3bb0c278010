//! The state at one block.
//!
//! Every function reads over one connection. The API's is inside the transaction that [`Database::begin`] opens:
//! repeatable read and read only, so that all of an answer is of one moment. The writer loads what it goes on from with
//! the same functions. State at block N is the newest row at or below N.
//!
//! - [`database`]: connections that can only read, and why a read failed
//! - [`progress`]: deployment, cursors, and what the writer says of itself
//! - [`block`]: headers, times and what is remarkable at a block
//! - [`account`]: positions and VVV balances of addresses
//! - [`cooldown`]: what may not be withdrawn yet
//! - [`event`]: decoded logs and transfers
//! - [`series`]: figures at many blocks at once
//! - [`table`]: every address with sVVV or staked DIEM
//! - [`totals`]: totals of the network, burns per sender
//! - [`mint`]: VVV minted, per recipient
//! - [`parameter`]: values in force
//! - [`anomaly`]: what was not expected
//! - [`seen`]: addresses that events name
//! - [`digest`]: what tells two derivations apart
//! - [`reconciliation`]: how far totals were found equal to the contracts'
//! - [`completeness`]: how sure it is that no log is missing
//! - [`node`]: the nodes, as the writer sees them
//! - [`verification`]: how it last compared with the contracts
//! - [`export`]: all of it, a page at a time
//! - [`readiness`]: whether what is stored is of the head

pub mod account;
pub mod anomaly;
pub mod block;
pub mod completeness;
pub mod cooldown;
pub mod database;
pub mod digest;
pub mod event;
pub mod export;
pub mod mint;
pub mod node;
pub mod parameter;
pub mod progress;
pub mod readiness;
pub mod reconciliation;
pub mod seen;
pub mod series;
pub mod table;
pub mod totals;
pub mod verification;

pub use database::{Database, Limits, ReadError, Reading};
