//! What each table is: forgotten in one list, a table would not be undone, replayed or compared.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use sqlx::PgPool;
use store::read::{Database, Limits, digest};

/// What the node told us. A VVV transfer is an input, and its balances are derived.
const INPUTS: [&str; 7] = ["block", "completeness", "inferred", "log", "reading", "vvv_opening", "vvv_transfer"];
/// What the programs say of themselves.
const OPERATION: [&str; 12] = [
    "_sqlx_migrations",
    "bootstrap",
    "cursor",
    "deployment",
    "derivation",
    "follower",
    "node",
    "reconciliation",
    "reorg",
    "repair",
    "replay",
    "verification",
];

#[sqlx::test(migrations = "../migrations")]
async fn every_table_is_of_a_kind(pool: PgPool) {
    let tables = sqlx::query_scalar(
        "select relname::text from pg_class where relnamespace = 'public'::regnamespace
                                        and relkind in ('r', 'p') order by relname",
    );
    let tables: Vec<String> = tables.fetch_all(&pool).await.unwrap();
    let database = Database::lazy_with((*pool.connect_options()).clone(), &Limits::default());
    let derived = digest::derived(&mut database.begin().await.unwrap()).await.unwrap();
    let mut kinds: Vec<&str> = derived.iter().map(|digest| digest.table).chain(INPUTS).chain(OPERATION).collect();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(tables, kinds, "a new table belongs into a list, and a derived one into the digests and the replay");
}
