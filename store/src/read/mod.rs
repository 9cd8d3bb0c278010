//! The state at one block.
