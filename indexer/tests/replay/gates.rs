//! Places where whoever writes is made to wait, each by the key of an advisory lock: the middle of something does not come by
//! itself.

use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};

use crate::program::Indexer;

/// What triggers at gates call, with the gate's key.
const GATE: &str = "
    create function gate() returns trigger language plpgsql as $$
    begin
        perform pg_advisory_xact_lock_shared(tg_argv[0]::bigint);
        return new;
    end $$;";

/// Gates of a database; all are shut at first.
pub(crate) struct Gates {
    pool: PgPool,
    keeper: PgConnection,
    keys: Vec<i64>,
}

impl Gates {
    /// `hang` makes the triggers.
    pub(crate) async fn shut(pool: PgPool, keys: &[i64], hang: &'static str) -> Self {
        sqlx::raw_sql(GATE).execute(&pool).await.unwrap();
        sqlx::raw_sql(hang).execute(&pool).await.unwrap();
        let mut keeper = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
        for gate in keys {
            sqlx::query("select pg_advisory_lock($1)").bind(gate).execute(&mut keeper).await.unwrap();
        }
        Self { pool, keeper, keys: keys.to_vec() }
    }

    pub(crate) async fn open(&mut self, gate: i64) {
        sqlx::query("select pg_advisory_unlock($1)").bind(gate).execute(&mut self.keeper).await.unwrap();
    }

    /// Until somebody waits there.
    pub(crate) async fn wait_at(&self, gate: i64) {
        while !self.waiting().await.iter().any(|(_, at)| *at == gate) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Kills an indexer that comes to this gate.
    pub(crate) async fn kill_at(&self, gate: i64, indexer: Indexer) {
        self.wait_at(gate).await;
        indexer.signal("KILL");
        assert_eq!(indexer.ended().await.code, None);
        self.clear().await;
    }

    /// Ends sessions whose client is gone: waiting for a lock they do not notice.
    pub(crate) async fn clear(&self) {
        for (session, _) in self.waiting().await {
            sqlx::query("select pg_terminate_backend($1)").bind(session).execute(&self.pool).await.unwrap();
        }
    }

    /// Sessions that wait at a gate, and at which.
    async fn waiting(&self) -> Vec<(i32, i64)> {
        let waiting = sqlx::query_as(
            "select pid, objid::bigint from pg_locks
              where locktype = 'advisory' and not granted and objid::bigint = any($1)
                and database = (select oid from pg_database where datname = current_database())",
        );
        waiting.bind(&self.keys).fetch_all(&self.pool).await.unwrap()
    }
}
