//! `bench/run reads`: what readers ask of a long history, at random blocks of it.

mod latency;
mod plans;
mod questions;
mod server;

use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, ensure};
use clap::Args;
use devnet::postgres::{Cluster, create_database, drop_database};
use sqlx::{Connection, PgConnection};
use store::deployment::{Clock, Deployment};

use self::latency::Latencies;
use self::plans::Plans;
use self::questions::{Draw, Question};
use self::server::Server;
use crate::chain::{CLOCK, Chain, deployment};
use crate::economy::{self, Shape, TRANSFERS_PER_BLOCK};
use crate::indexer::Start;
use crate::node::{self, COOLDOWN_SECONDS};
use crate::report::machine;
use crate::subject;

const DATABASE: &str = "bench_reads";
/// The time the chain's blocks are spread over: 22 months.
const HISTORY_SECONDS: u64 = 22 * 30 * 86_400;
/// Asked before anything is measured, so that connections, plans and pages are warm.
const WARM_UP: usize = 100;
const CONNECTIONS: usize = 16;

#[derive(Debug, Args)]
pub(crate) struct Reads {
    /// VVV transfers in the chain, five a block, over 22 months
    #[arg(long, default_value_t = 5_000_000, value_parser = clap::value_parser!(u64).range(10_000..=20_000_000))]
    transfers: u64,
    /// So often each question is asked on one connection, and as often on 16
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(10..=50_000))]
    requests: u16,
    /// Only questions whose name has this in it
    #[arg(long, default_value = "")]
    only: String,
}

impl Reads {
    /// Prints what was measured.
    pub(crate) async fn run(&self, cluster: &Cluster, directory: &Path) -> Result<()> {
        let clock = Clock { seconds_per_block: HISTORY_SECONDS * TRANSFERS_PER_BLOCK / self.transfers, ..CLOCK };
        let url = cluster.url(DATABASE);
        if !is_filled(&url, self.transfers.div_ceil(TRANSFERS_PER_BLOCK)).await {
            self.fill(cluster, directory, clock).await?;
        }
        settle(&url).await?;
        let draw =
            Draw::new(economy::addresses(deployment().contracts.staking), self.transfers / TRANSFERS_PER_BLOCK, clock);
        let questions: Vec<Question> =
            questions::all().into_iter().filter(|question| question.name.contains(&self.only)).collect();
        ensure!(!questions.is_empty(), "no question has {:?} in its name", self.only);
        println!("{} transfers; {}; load {}\n", self.transfers, machine(), load());
        self.measure(&url, &questions, &draw).await?;
        plans(&url, &questions, &draw).await
    }

    async fn fill(&self, cluster: &Cluster, directory: &Path, clock: Clock) -> Result<()> {
        eprintln!("rendering {} transfers", self.transfers);
        // As many stakes as there are on the real chain for all of its transfers, not for a tenth of them.
        let shape = Shape {
            stakes_every: 50,
            burns_every: 27,
            diem_every: 251,
            unstakes_every: 101,
            cooldown_blocks: COOLDOWN_SECONDS.div_ceil(clock.seconds_per_block) + 1,
            burners: 20_000,
            mints_every: 60,
        };
        let chain = Arc::new(Chain::new(self.transfers, &shape, clock));
        let rpc_url = node::start(Arc::clone(&chain)).await?;
        let admin = cluster.url("postgres");
        drop_database(&admin, DATABASE).await?;
        create_database(&admin, DATABASE).await?;
        eprintln!("filling the database");
        let deployment = Deployment { clock: Some(clock), ..deployment() };
        let start = Start {
            program: &std::env::current_exe()?.with_file_name("indexer"),
            deployment: &deployment,
            rpc_urls: &rpc_url,
            database_url: &cluster.url(DATABASE),
            arguments: &[],
            directory,
        };
        subject::run(&start, cluster.pid(), chain.head()).await?;
        Ok(())
    }

    async fn measure(&self, url: &str, questions: &[Question], draw: &Draw) -> Result<()> {
        let server = Server::start(url).await?;
        println!("| milliseconds | p50 | p99 | floor of p99 | | {CONNECTIONS} connections: p50 | p99 | refused |");
        println!("|---|---|---|---|---|---|---|---|");
        for question in questions {
            latency::ask(&server, question, draw, 1, WARM_UP).await?;
            let one = latency::ask(&server, question, draw, 1, usize::from(self.requests)).await?;
            let many = latency::ask(&server, question, draw, CONNECTIONS, usize::from(self.requests)).await?;
            println!("{}", row(question, &one, &many));
        }
        server.stop().await
    }
}

fn row(question: &Question, one: &Latencies, many: &Latencies) -> String {
    let Question { name, floor_ms, .. } = question;
    let floor = floor_ms.map_or(String::new(), |floor| floor.to_string());
    let held = floor_ms.map_or("", |floor| if one.ms(99) < f64::from(floor) { "held" } else { "**not held**" });
    let figures = |latencies: &Latencies| format!("{:.2} | {:.2}", latencies.ms(50), latencies.ms(99));
    format!("| {name} | {} | {floor} | {held} | {} | {} |", figures(one), figures(many), many.refused)
}

/// What each question makes the database do, early in history and late in it.
async fn plans(url: &str, questions: &[Question], draw: &Draw) -> Result<()> {
    let mut plans = Plans::open(url).await?;
    let server = Server::start(url).await?;
    println!("\n{}\n", plans.heights().await?);
    println!("| rows visited / pages touched, medians | at a tenth of history | at its end | whole tables read |");
    println!("|---|---|---|---|");
    for question in questions {
        let early = plans.of(&server, question, &draw.within(0.08, 0.12)).await?;
        let late = plans.of(&server, question, &draw.within(0.95, 0.99)).await?;
        println!("| {} | {early} | {late} | {} |", question.name, late.whole_tables());
    }
    server.stop().await?;
    plans.close().await
}

/// Whether an earlier run has left this history.
async fn is_filled(url: &str, head: u64) -> bool {
    let Ok(mut connection) = PgConnection::connect(url).await else { return false };
    let cursors = sqlx::query_scalar::<_, i64>("select min(block_number) from cursor");
    cursors.fetch_one(&mut connection).await.ok().and_then(|number| u64::try_from(number).ok()) == Some(head)
}

/// As a database is that has been up for a day: statistics are there, and which pages all can see is known. Migrations of
/// a newer program are not made here.
async fn settle(url: &str) -> Result<()> {
    let mut connection = PgConnection::connect(url).await?;
    sqlx::raw_sql("vacuum (analyze)").execute(&mut connection).await?;
    Ok(())
}

/// Of the last minute: what else the machine does.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().next().unwrap_or("unknown").to_owned()
}
