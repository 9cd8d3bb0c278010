//! The Postgres the stack writes to, and what is already in it.

use std::path::Path;

use anyhow::{Context, Result};
use sqlx::{Connection, PgConnection};
use url::Url;

use super::{Up, say};
use crate::failure::Failure;
use crate::guarded;
use crate::postgres::{self, API_ROLE, Cluster};

const DATABASE: &str = "capacity";

/// A database the stack may use, with the addresses for its two programs.
#[derive(Clone, Debug)]
pub(super) struct Storage {
    url: String,
    reader_url: String,
    /// Present in a private cluster, which is ours to drop databases in.
    admin_url: Option<String>,
    /// Needed where anybody can reach the server's port.
    password: Option<String>,
}

/// A block the indexer has stored: number and hash.
pub(super) type StoredBlock = (u64, String);

/// Finds or starts Postgres, and says which it chose.
pub(super) async fn open(options: &Up, directory: &Path, cluster: &mut Option<Cluster>) -> Result<Storage> {
    if let Some(url) = &options.database_url {
        let storage = Storage::of_server(url, directory)?;
        say("postgres", "the server in DATABASE_URL");
        return Ok(storage);
    }
    let started = cluster.insert(Cluster::kept(&directory.join("postgres")).await?);
    for line in started.describe() {
        say("postgres", &line);
    }
    postgres::create_database(&started.url("postgres"), DATABASE).await?;
    say("postgres", &format!("psql '{}'", started.url(DATABASE)));
    Ok(Storage {
        url: started.url(DATABASE),
        reader_url: started.url_as(API_ROLE, DATABASE),
        admin_url: Some(started.url("postgres")),
        password: None,
    })
}

impl Storage {
    fn of_server(url: &str, directory: &Path) -> Result<Self> {
        let wrong =
            || Failure::usage("DATABASE_URL is not an address like postgres://user:password@host:5432/database");
        let mut reader = Url::parse(url).map_err(|_| wrong())?;
        let password = kept_password(&directory.join("api-password"))?;
        reader.set_username(API_ROLE).map_err(|()| wrong())?;
        reader.set_password(Some(&password)).map_err(|()| wrong())?;
        let kept: Vec<(String, String)> =
            reader.query_pairs().into_owned().filter(|(key, _)| key != "user" && key != "password").collect();
        if kept.is_empty() {
            reader.set_query(None);
        } else {
            reader.query_pairs_mut().clear().extend_pairs(kept);
        }
        Ok(Self { url: url.to_owned(), reader_url: reader.into(), admin_url: None, password: Some(password) })
    }

    /// The address for the indexer, which may do everything.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The address for the API, which may only read.
    pub(super) fn reader_url(&self) -> &str {
        &self.reader_url
    }

    /// Makes sure the roles are there.
    pub(super) async fn prepare(&self) -> Result<()> {
        postgres::prepare_roles(&self.url, self.password.as_deref()).await
    }

    /// The newest block the indexer has stored; nothing in an empty database.
    pub(super) async fn newest_block(&self) -> Result<Option<StoredBlock>> {
        let mut connection = PgConnection::connect(&self.url).await.context("cannot connect to Postgres")?;
        let migrated: bool =
            sqlx::query_scalar("select to_regclass('block') is not null").fetch_one(&mut connection).await?;
        let mut newest: Option<(i64, String)> = None;
        if migrated {
            let query = "select number, '0x' || encode(hash, 'hex') from block order by number desc limit 1";
            newest = sqlx::query_as(query).fetch_optional(&mut connection).await?;
        }
        connection.close().await?;
        newest.map(|(number, hash)| Ok((u64::try_from(number)?, hash))).transpose()
    }

    /// Throws away what is stored. Only in a private cluster: what is in somebody's own server is not ours.
    pub(super) async fn renew(&self) -> Result<()> {
        let Some(admin_url) = &self.admin_url else {
            let message =
                "the database in DATABASE_URL holds another chain than the local one; empty it or choose another";
            return Err(Failure::usage(message).into());
        };
        postgres::drop_database(admin_url, DATABASE).await?;
        postgres::create_database(admin_url, DATABASE).await
    }
}

/// The password of the API's role, made once.
fn kept_password(file: &Path) -> Result<String> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    if let Ok(password) = std::fs::read_to_string(file) {
        return Ok(password.trim().to_owned());
    }
    let password: String = (0..2).map(|_| format!("{:016x}", guarded::random())).collect();
    let mut open = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    writeln!(open, "{password}")?;
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reader_gets_the_same_address_with_its_own_name_and_password() {
        let directory = guarded::scratch_directory("test").unwrap();
        let storage =
            Storage::of_server("postgres://me:secret@db:5433/oracle?user=me&sslmode=disable", &directory).unwrap();
        let again = Storage::of_server("postgres://me:secret@db:5433/oracle", &directory).unwrap();
        let password = storage.password.clone().unwrap();
        assert_eq!(password.len(), 32);
        assert_eq!(again.password, storage.password);
        assert_eq!(storage.reader_url, format!("postgres://capacity_api:{password}@db:5433/oracle?sslmode=disable"));
        std::fs::remove_dir_all(directory).unwrap();
    }
}
