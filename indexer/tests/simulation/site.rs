//! A database of the simulation's own, used for one seed after the other.

use indexer::drift::LIMITS;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Executor, PgPool};
use std::str::FromStr;
use store::read::Database;
use store::writer::Writer;

use crate::proxy::Proxy;

pub(crate) struct Site {
    /// To look with. One connection, so that what it asks is planned once.
    pub(crate) pool: PgPool,
    /// For readers.
    pub(crate) database: Database,
    /// For the writer: through the proxy.
    pub(crate) options: PgConnectOptions,
    pub(crate) proxy: Proxy,
    name: String,
    admin: String,
}

impl Site {
    pub(crate) async fn new(name: String) -> Self {
        let admin = std::env::var("DATABASE_URL").expect("run by `devnet postgres -- cargo test`");
        devnet::postgres::create_database(&admin, &name).await.unwrap();
        let direct = PgConnectOptions::from_str(&admin).unwrap().database(&name).disable_statement_logging();
        drop(Writer::open(direct.clone()).await.unwrap());
        let proxy = Proxy::start(direct.clone());
        let options = proxy.options(direct.clone());
        let database = Database::lazy_with(direct.clone(), &LIMITS);
        let pool = PgPoolOptions::new().max_connections(1).connect_with(direct).await.unwrap();
        Self { pool, database, options, proxy, name, admin }
    }

    /// As it was before the first seed; what the migrations filled stays. Rows are deleted one by one: to truncate a few
    /// dozen files takes far longer than their few rows.
    pub(crate) async fn clear(&self) {
        let delete = "do $$ declare name text; begin
            for name in select tablename from pg_tables where schemaname = 'public'
                and tablename not like '\\_sqlx%' and tablename <> 'derivation' loop
                execute format('delete from %I', name);
            end loop; end $$";
        self.pool.execute(delete).await.unwrap();
    }

    pub(crate) async fn remove(&self) {
        self.pool.close().await;
        self.database.close().await;
        devnet::postgres::drop_database(&self.admin, &self.name).await.unwrap();
    }
}
