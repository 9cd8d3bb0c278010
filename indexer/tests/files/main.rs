//! What leaves one database as files and comes into another: the same state to the byte, or nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(feature = "columnar")]
mod columnar;
mod cryo;
#[allow(dead_code, reason = "shared with the simulation, which sets cooldowns by events too")]
#[path = "../simulation/economy.rs"]
mod economy;
mod exports;
mod imports;
#[allow(dead_code, reason = "the simulation asks more of it")]
#[path = "../simulation/naive.rs"]
mod naive;
mod programs;
mod state;
mod world;
