//! Rewards: the arithmetic against one of wider integers, the ledger against a staking contract in miniature, and what
//! happens where something does not fit.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../chain/mod.rs"]
mod chain;
mod contract;
mod known;
mod wide;
