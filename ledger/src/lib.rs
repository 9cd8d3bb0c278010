//! Events and readings in, positions, totals and entitlements out.
//!
//! Pure: no I/O, no async, no clock, no environment, no floating point. Whoever calls says what happened; this crate
//! says what it means, or why it cannot.
//!
//! - [`event`], [`block`]: what comes in
//! - [`capacity`]: sVVV, locks, cooldowns, DIEM and parameters, from the light logs
//! - [`supply`]: VVV balances and burns, from all VVV transfers
//! - [`position`], [`totals`], [`mint`], [`parameter`]: what comes out
//! - [`attribution`], [`witness`]: the two questions answered per transaction
//! - [`rewards`], [`emission`], [`utilisation`]: what sVVV earns, an account and the network
//! - [`entitlement`], [`table`], [`epoch`], [`period`], [`curve`], [`allocation`], [`calendar`], [`ratio`]: what it means

pub mod allocation;
pub mod attribution;
pub mod block;
pub mod calendar;
pub mod capacity;
mod checked;
pub mod curve;
pub mod emission;
pub mod entitlement;
pub mod epoch;
pub mod event;
pub mod halt;
pub mod mint;
pub mod parameter;
pub mod period;
pub mod position;
pub mod ratio;
pub mod rewards;
pub mod supply;
pub mod table;
pub mod totals;
pub mod utilisation;
pub mod witness;

/// Counts the derivations there have been: raised whenever the same logs and readings come to give other rows, be it
/// here, in what decodes them or in what writes them. Rows of another one are derived anew before anybody is served.
pub const DERIVATION_REVISION: u32 = 3;
