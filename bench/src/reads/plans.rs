//! What a question makes Postgres do, by its own account of each statement: `auto_explain`, in the server's log.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use hyper::StatusCode;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use super::questions::{Asked, Draw, Question};
use super::server::Server;
use crate::client::Client;

const SEED: u64 = 31;
const REQUESTS: usize = 9;
/// The last statement of a request is told of when its transaction ends, which nobody waits for.
const QUIET: Duration = Duration::from_millis(40);

/// Statements of this database are explained for as long as this is open.
pub(super) struct Plans {
    connection: PgConnection,
    log: PathBuf,
}

/// What one request took, all its statements together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Work {
    /// Read by scans, those included that were looked at for nothing.
    rows: u64,
    /// Of 8 kB, each as often as it was touched.
    pages: u64,
    /// Read from end to end, by name.
    whole: Vec<String>,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} / {}", self.rows, self.pages)
    }
}

impl Work {
    pub(super) fn whole_tables(&self) -> String {
        self.whole.join(", ")
    }

    fn add(&mut self, plan: &Value) {
        let number = |name: &str| plan[name].as_f64().unwrap_or_default();
        let table = plan["Relation Name"].as_str();
        if table.is_some() {
            let looked_at =
                number("Actual Rows") + number("Rows Removed by Filter") + number("Rows Removed by Index Recheck");
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "rows of a plan, never below zero"
            )]
            let rows = (looked_at * number("Actual Loops")) as u64;
            self.rows += rows;
        }
        if let (Some(table), Some("Seq Scan")) = (table, plan["Node Type"].as_str())
            && !self.whole.iter().any(|known| known == table)
        {
            self.whole.push(table.to_owned());
        }
        plan["Plans"].as_array().into_iter().flatten().for_each(|below| self.add(below));
    }
}

impl Plans {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(
            "do $$ begin
                 execute format('alter database %I set session_preload_libraries = auto_explain', current_database());
                 execute format('alter database %I set auto_explain.log_min_duration = 0', current_database());
                 execute format('alter database %I set auto_explain.log_analyze = on', current_database());
                 execute format('alter database %I set auto_explain.log_buffers = on', current_database());
                 execute format('alter database %I set auto_explain.log_timing = off', current_database());
                 execute format('alter database %I set auto_explain.log_format = json', current_database());
             end $$",
        )
        .execute(&mut connection)
        .await?;
        let data: String = sqlx::query_scalar("show data_directory").fetch_one(&mut connection).await?;
        Ok(Self { connection, log: PathBuf::from(format!("{data}.log")) })
    }

    /// How many pages lie between an index's root and its rows: what a descent costs.
    pub(super) async fn heights(&mut self) -> Result<String> {
        sqlx::raw_sql("create extension if not exists pageinspect").execute(&mut self.connection).await?;
        let rows: Vec<(String, i64, i64)> = sqlx::query_as(
            "select c.relname::text, c.reltuples::bigint, (bt_metap(c.relname::text)).level::bigint + 1
               from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
               join pg_am a on a.oid = c.relam and a.amname = 'btree'
              where t.relnamespace = 'public'::regnamespace and c.reltuples > 10000
              order by c.reltuples desc, c.relname",
        )
        .fetch_all(&mut self.connection)
        .await?;
        let index = |(name, rows, height): &(String, i64, i64)| format!("{name} {height} ({rows} rows)");
        Ok(format!("Height of indexes, pages a descent: {}.", rows.iter().map(index).collect::<Vec<_>>().join(", ")))
    }

    /// The median of some requests, by rows.
    pub(super) async fn of(&mut self, server: &Server, question: &Question, draw: &Draw) -> Result<Work> {
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut client = Client::connect(&server.address).await?;
        let mut all = Vec::new();
        for _ in 0..REQUESTS {
            let before = std::fs::metadata(&self.log)?.len();
            let Asked { target, body } = (question.ask)(draw, &mut rng);
            let (status, _) = client.ask(&target, body).await?;
            anyhow::ensure!(status == StatusCode::OK, "{}: {status}", question.name);
            all.push(self.work_since(before).await?);
        }
        all.sort_unstable();
        Ok(all.swap_remove(REQUESTS / 2))
    }

    async fn work_since(&self, before: u64) -> Result<Work> {
        let mut length = 0;
        loop {
            tokio::time::sleep(QUIET).await;
            let now = std::fs::metadata(&self.log)?.len();
            if now == length {
                break;
            }
            length = now;
        }
        let text = std::fs::read(&self.log)?;
        let said = text.get(usize::try_from(before)?..).context("the log was cut")?;
        let mut work = Work::default();
        for plan in documents(&String::from_utf8_lossy(said)) {
            let plan: Value = serde_json::from_str(&plan).context("a plan that is no JSON")?;
            let root = &plan["Plan"];
            work.pages +=
                ["Shared Hit Blocks", "Shared Read Blocks"].iter().filter_map(|name| root[name].as_u64()).sum::<u64>();
            work.add(root);
        }
        Ok(work)
    }

    pub(super) async fn close(mut self) -> Result<()> {
        sqlx::raw_sql("do $$ begin execute format('alter database %I reset all', current_database()); end $$")
            .execute(&mut self.connection)
            .await?;
        Ok(())
    }
}

/// Each begins behind a line that ends with `plan:`, and its lines are indented by a tab.
fn documents(said: &str) -> Vec<String> {
    let mut documents: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in said.lines() {
        match (line.strip_prefix('\t'), documents.last_mut()) {
            (Some(inside), Some(document)) if is_inside => document.push_str(inside),
            _ => is_inside = false,
        }
        if line.ends_with("plan:") {
            documents.push(String::new());
            is_inside = true;
        }
    }
    documents
}
