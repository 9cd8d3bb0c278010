//! What Postgres has written and keeps.

use anyhow::Result;
use sqlx::{Connection, PgConnection};

/// Where the write-ahead log stands, bytes since its beginning.
pub(crate) async fn wal_bytes(url: &str) -> Result<i64> {
    let mut connection = PgConnection::connect(url).await?;
    let position = sqlx::query_scalar("select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint");
    Ok(position.fetch_one(&mut connection).await?)
}

/// A table and all its indexes.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) table_bytes: i64,
    pub(crate) indexes_bytes: i64,
}

/// The tables that take most, the largest first.
pub(crate) async fn largest(url: &str) -> Result<Vec<Table>> {
    let mut connection = PgConnection::connect(url).await?;
    let tables = sqlx::query_as(
        "select relname::text as name, pg_table_size(oid) as table_bytes, pg_indexes_size(oid) as indexes_bytes
           from pg_class
          where relkind = 'r' and relnamespace = 'public'::regnamespace
          order by pg_total_relation_size(oid) desc limit 3",
    );
    Ok(tables.fetch_all(&mut connection).await?)
}
