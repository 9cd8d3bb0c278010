//! Replays: whatever was damaged is as it was, readers never see half of one, and no crash can hurt it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod damage;
#[allow(dead_code, reason = "the simulation draws more from it")]
#[path = "../simulation/economy.rs"]
mod economy;
mod gates;
mod killed;
mod learnt;
mod mended;
mod metrics;
#[allow(dead_code, reason = "the simulation asks more of it")]
#[path = "../simulation/naive.rs"]
mod naive;
mod program;
mod refetched;
mod revision;
mod untold;
mod world;
