//! What travels between oracles in files: records, and the formats that hold them.
//!
//! - [`record`]: the rows, the same in every format
//! - [`envelope`]: what a file says of itself, first and last
//! - [`lines`]: NDJSON with an envelope, written and read
//! - `columnar`: Parquet and CSV, where the program is built with them
//! - [`place`]: files and directories that are there whole or not at all
//! - [`error`]: what can be wrong with a file

#[cfg(feature = "columnar")]
pub mod columnar;
pub mod envelope;
pub mod error;
pub mod lines;
pub mod place;
pub mod record;
