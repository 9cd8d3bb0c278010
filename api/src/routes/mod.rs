//! One file per route; its first line is the route.

pub mod account;
pub mod account_events;
pub mod allocations;
pub mod burns;
pub mod burns_events;
pub mod capacity;
pub mod check;
pub mod cooldowns;
pub mod diem;
pub mod diem_curve;
pub mod diem_quote;
pub mod emissions;
pub mod entitlements;
pub mod entitlements_batch;
pub mod epoch;
pub mod epochs;
pub mod events;
pub mod healthz;
pub mod page;
pub mod parameters;
pub mod parameters_history;
pub mod readyz;
pub mod stakers;
pub mod staking;
pub mod status;
pub mod supply;
