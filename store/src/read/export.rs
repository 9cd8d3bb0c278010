//! What leaves the database whole: inputs, state and history up to one block, a page at a time, so that no table has to
//! fit in memory. Every page is found by an index from where the one before ended.
//!
//! - [`inputs`]: what the node told, enough to derive everything anew
//! - [`state`]: what holds after a block, enough to go on from there
//! - [`history`]: figures after every block that changed them

pub mod history;
pub mod inputs;
pub mod state;

use sqlx::PgConnection;

use super::ReadError;

/// How many rows a page has at the most.
pub const PAGE_ROWS: usize = 5_000;

/// Lets this transaction wait for whoever takes the rows: a pipe may be slow. Its snapshot ends with it.
///
/// # Errors
/// [`ReadError`].
pub async fn wait_for_the_taker(connection: &mut PgConnection) -> Result<(), ReadError> {
    sqlx::query("set local idle_in_transaction_session_timeout = 0").execute(connection).await?;
    Ok(())
}
