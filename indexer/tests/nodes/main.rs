//! Several nodes behaving as one: scripted nodes over one chain, each with faults of its own, and a real one.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod agreement;
mod health;
mod pushes;
mod receipts;
mod states;
mod support;
mod tags;
