//! The role that readers have suffices, and can do no harm.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, PgPool};

use crate::service::Service;

#[sqlx::test(migrations = "../migrations")]
async fn a_reader_can_only_read(pool: PgPool) {
    Service::of_chain(pool.clone()).await;
    let options: PgConnectOptions = (*pool.connect_options()).clone().options([("role", "capacity_reader")]);
    let mut connection = PgConnection::connect_with(&options).await.unwrap();
    for statement in [
        "insert into block values (1, decode(repeat('31', 32), 'hex'), null, 1)",
        "update cursor set block_number = 1",
        "delete from position",
        "truncate burn",
        "drop table log",
        "create table public.mine (n int)",
    ] {
        let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut connection).await.unwrap_err();
        let code = refused.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
        assert_eq!(code, "42501", "{statement}");
    }
    let reader = PgPool::connect_lazy_with(options);
    let service = Service::over(reader);
    service.get("/readyz").await.ok();
    for path in [
        "/v1/capacity",
        "/v1/supply",
        "/v1/burns",
        "/v1/staking",
        "/v1/diem",
        "/v1/status",
        "/v1/diem/curve",
        "/v1/diem/quote?svvv=1",
        "/v1/emissions",
        "/v1/parameters",
        "/v1/parameters/history",
        "/v1/cooldowns",
        "/v1/epochs",
        "/v1/events",
        "/v1/burns/events",
        "/v1/stakers",
        "/v1/accounts/0x00000000000000000000000000000000000000a1",
    ] {
        service.get(path).await.ok();
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_role_without_the_grant_is_told_so(pool: PgPool) {
    let options = (*pool.connect_options()).clone().options([("role", "pg_monitor")]);
    let service = Service::over(PgPool::connect_lazy_with(options));
    let body = service.get("/readyz").await.problem(503, "not-ready");
    assert_eq!(body["reasons"][0]["name"], "database_forbids");
}

#[sqlx::test(migrations = "../migrations")]
async fn even_the_owner_reads_only(pool: PgPool) {
    let database = store::read::Database::lazy_with((*pool.connect_options()).clone(), &store::read::Limits::default());
    let mut reading = database.begin().await.unwrap();
    let (read_only, isolation, timeout): (String, String, String) = sqlx::query_as(
        "select current_setting('transaction_read_only'), current_setting('transaction_isolation'),
                current_setting('statement_timeout')",
    )
    .fetch_one(&mut *reading)
    .await
    .unwrap();
    assert_eq!((read_only.as_str(), isolation.as_str(), timeout.as_str()), ("on", "repeatable read", "5s"));
}
