//! Inputs from files, so that nobody has to be asked twice for blocks that can no longer change.
//!
//! - [`directory`]: which files there are, and which blocks they cover
//! - [`name`]: what a file's name says
//! - [`rows`]: a file, or a part of one, in memory
//! - [`source`]: ranges of them, held against themselves as a node's are

pub mod directory;
pub mod name;
pub mod rows;
pub mod source;
