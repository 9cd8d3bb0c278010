//! The oracle's database and the roles its programs log in with.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

/// May select everything the oracle publishes and nothing else; cannot log in. The migrations grant it its rights.
pub const READER_ROLE: &str = "capacity_reader";

/// The role `api` logs in with: a member of [`READER_ROLE`].
pub const API_ROLE: &str = "capacity_api";

/// Makes the database if it is not there yet. `admin_url` leads to another database of the same server.
pub async fn create_database(admin_url: &str, name: &str) -> Result<()> {
    let mut connection = connect(admin_url).await?;
    let exists: bool = sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(&mut connection)
        .await?;
    if !exists {
        connection.execute(AssertSqlSafe(format!("create database {}", identifier(name)))).await?;
    }
    Ok(connection.close().await?)
}

/// Drops the database, if it is there, with whoever is connected to it.
pub async fn drop_database(admin_url: &str, name: &str) -> Result<()> {
    let mut connection = connect(admin_url).await?;
    let drop = format!("drop database if exists {} with (force)", identifier(name));
    connection.execute(AssertSqlSafe(drop)).await?;
    Ok(connection.close().await?)
}

/// Makes the two roles if they are not there yet and lets the API's one into this database. With a password where the
/// server is reached by TCP; a private cluster's socket needs none.
pub async fn prepare_roles(url: &str, password: Option<&str>) -> Result<()> {
    let mut connection = connect(url).await?;
    make_role(&mut connection, READER_ROLE, "nologin").await?;
    make_role(&mut connection, API_ROLE, "login").await?;
    let member: bool = sqlx::query_scalar("select pg_has_role($1, $2, 'member')")
        .bind(API_ROLE)
        .bind(READER_ROLE)
        .fetch_one(&mut connection)
        .await?;
    if !member {
        let grant = format!(
            "do $$ begin grant {READER_ROLE} to {API_ROLE};
             exception when unique_violation then null; end $$"
        );
        connection.execute(AssertSqlSafe(grant)).await?;
    }
    if let Some(password) = password {
        let alter = format!("alter role {API_ROLE} password {}", literal(password));
        connection.execute(AssertSqlSafe(alter)).await.context("the user in DATABASE_URL may not set passwords")?;
    }
    Ok(connection.close().await?)
}

/// Roles belong to the cluster: somebody else may make the same one at the same moment, which is as good.
async fn make_role(connection: &mut PgConnection, name: &str, attribute: &str) -> Result<()> {
    let create = format!(
        "do $$ begin
             if not exists (select from pg_roles where rolname = {}) then create role {name} {attribute}; end if;
         exception when duplicate_object or unique_violation then null;
         end $$",
        literal(name)
    );
    let made = connection.execute(AssertSqlSafe(create)).await;
    made.map(drop).with_context(|| format!("cannot create the role {name}"))
}

async fn connect(url: &str) -> Result<PgConnection> {
    PgConnection::connect(url).await.context("cannot connect to Postgres")
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
