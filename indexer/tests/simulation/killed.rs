//! The real program over a real Postgres, both killed again and again during one backfill: what comes of it is, row for
//! row, what an undisturbed run gives.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::str::FromStr;
use std::time::{Duration, Instant};

use devnet::guarded::scratch_directory;
use devnet::postgres::{Cluster, create_database};
use devnet::scripted::{RangeWording, Refusal};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Executor, PgConnection, PgPool};
use store::cursor::Lane;
use tokio::process::{Child, Command};

use crate::world::World;
use crate::{database, economy};

/// In each lane's backfill.
const KILLS: usize = 25;
/// Every so many kills Postgres is cut off as well, under a running indexer.
const KILLS_PER_CRASH: usize = 9;
/// So many that the kills fit into the backfill.
const BLOCKS: u64 = 1_000;
/// In words that name no limit: one that is named, a pool of nodes keeps to by itself, and hands over larger ranges.
const RANGE_BLOCKS: u64 = 4;
/// A block among so many has enough transfers to be written another way.
const BUSY_EVERY: u64 = 100;
const BUSY_TRANSFERS: usize = 1_100;
const PATIENCE: Duration = Duration::from_secs(40);

/// What the writer's transaction is about to write when it is killed; it waits there for a lock.
const CAPACITY: [&str; 9] =
    ["cursor", "block", "log", "reading", "event", "position", "capacity_totals", "parameter", "anomaly"];
const SUPPLY: [&str; 4] = ["cursor", "vvv_transfer", "supply_totals", "burn"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_fifty_times_in_one_backfill_it_loses_nothing_and_writes_nothing_twice() {
    let world = long_world().await;
    let directory = scratch_directory("killed").unwrap();
    let mut cluster = Some(Cluster::kept(&directory.join("data")).await.unwrap());
    let [admin, undisturbed, killed] =
        ["postgres", "undisturbed", "killed"].map(|name| cluster.as_ref().unwrap().url(name));
    for name in ["undisturbed", "killed"] {
        create_database(&admin, name).await.unwrap();
    }

    let program = Program::new(&world, &directory);
    let one = program.start(&undisturbed);
    reach(&undisturbed, &world).await;
    end(one).await;

    for (lane, tables) in [(Lane::Capacity, CAPACITY.as_slice()), (Lane::Supply, &SUPPLY)] {
        for kill in 0..KILLS {
            let mut indexer = program.start(&killed);
            if kill % KILLS_PER_CRASH == KILLS_PER_CRASH - 1 {
                let lock = wait_within(&killed, tables[kill % tables.len()]).await;
                cluster = Some(cluster.take().unwrap().crash().await.unwrap().revive().await.unwrap());
                drop(lock);
                moved(&killed).await;
                assert_eq!(indexer.try_wait().unwrap(), None, "an indexer outlives its database");
            }
            match tables.get(kill % (tables.len() + 1)) {
                Some(table) => {
                    let lock = wait_within(&killed, table).await;
                    end(indexer).await;
                    drop(lock);
                }
                None => {
                    moved(&killed).await;
                    end(indexer).await;
                }
            }
        }
        assert!(cursor(&killed, lane).await < world.finalized, "{lane:?} was done before the last kill");
    }
    let last = program.start(&killed);
    reach(&killed, &world).await;
    end(last).await;

    holds_the_fold(&killed, &world).await;
    for table in tables(&killed).await {
        assert_eq!(content(&killed, &table).await, content(&undisturbed, &table).await, "{table}");
    }
    cluster.unwrap().stop().await.unwrap();
    std::fs::remove_dir_all(directory).unwrap();
}

/// A chain whose every header is stored, so that it makes no difference which ranges it was asked in.
async fn long_world() -> World {
    let mut world = World::new(50, false).await;
    world.deployment.clock = None;
    for number in 0..BLOCKS {
        if number % BUSY_EVERY == 0 {
            let logs = (0..BUSY_TRANSFERS).map(|_| economy::no_transfer()).collect();
            world.mine(logs);
        } else {
            world.mine_traffic();
        }
    }
    let limit = Refusal::Range { blocks_max: RANGE_BLOCKS, wording: RangeWording::Ankr };
    world.node.faults().always(limit);
    world
}

/// `indexer run` over the world's node.
struct Program {
    rpc_url: String,
    deployment: PathBuf,
}

impl Program {
    fn new(world: &World, directory: &Path) -> Self {
        let deployment = directory.join("deployment.toml");
        std::fs::write(&deployment, toml::to_string(&world.deployment).unwrap()).unwrap();
        Self { rpc_url: world.node.url.clone(), deployment }
    }

    fn start(&self, database_url: &str) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_indexer"));
        command.args(["run", "--rpc-url", &self.rpc_url, "--poll-interval-ms", "20", "--verify-every", "0"]);
        command.args(["--reconcile-every", "0"]);
        command.arg("--deployment").arg(&self.deployment).env("DATABASE_URL", database_url);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        command.spawn().unwrap()
    }
}

/// As kill -9 does it.
async fn end(mut indexer: Child) {
    indexer.kill().await.unwrap();
}

async fn connect(url: &str) -> PgConnection {
    PgConnectOptions::from_str(url).unwrap().disable_statement_logging().connect().await.unwrap()
}

async fn cursor(url: &str, lane: Lane) -> u64 {
    database::cursors(&pool(url).await).await.get(&lane).map_or(0, |(number, _)| *number)
}

async fn pool(url: &str) -> PgPool {
    let options = PgConnectOptions::from_str(url).unwrap().disable_statement_logging();
    PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap()
}

/// Waits until the writer, within a transaction, is about to write to this table. It can go on when the connection is
/// dropped.
async fn wait_within(url: &str, table: &str) -> PgConnection {
    let mut connection = connect(url).await;
    let is_there = "select to_regclass('anomaly') is not null";
    until("the tables", &mut connection, is_there).await;
    connection.execute("begin").await.unwrap();
    connection.execute(sqlx::AssertSqlSafe(format!("lock table {table} in exclusive mode"))).await.unwrap();
    let waits = "select exists (select from pg_locks where not granted and locktype = 'relation'
                 and database = (select oid from pg_database where datname = current_database()))";
    until(table, &mut connection, waits).await;
    connection
}

/// Waits until more is stored than is now.
async fn moved(url: &str) {
    let mut connection = connect(url).await;
    let number = "select coalesce(sum(block_number), -1)::bigint from cursor";
    let before: i64 = sqlx::query_scalar(number).fetch_one(&mut connection).await.unwrap_or(-1);
    let began = Instant::now();
    loop {
        let now: i64 = sqlx::query_scalar(number).fetch_one(&mut connection).await.unwrap_or(-1);
        if now > before {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "the cursor stays at {before}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn until(what: &str, connection: &mut PgConnection, question: &'static str) {
    let began = Instant::now();
    while !sqlx::query_scalar::<_, bool>(question).fetch_one(&mut *connection).await.unwrap() {
        assert!(began.elapsed() < PATIENCE, "it never comes: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn reach(url: &str, world: &World) {
    let head = world.node.chain(|chain| chain.head().hash);
    let (pool, began) = (pool(url).await, Instant::now());
    while sqlx::query_scalar("select block_hash from cursor where name = 'supply'")
        .fetch_optional(&pool)
        .await
        .ok()
        .flatten()
        != Some(head.to_vec())
    {
        assert!(began.elapsed() < PATIENCE, "the indexer does not reach the head");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn holds_the_fold(url: &str, world: &World) {
    let pool = pool(url).await;
    let (cursors, held) = (database::cursors(&pool).await, database::held(&pool).await);
    for lane in Lane::BOTH {
        let names = database::told_by(lane);
        let held = held.iter().filter(|((name, _), _)| names.contains(name)).map(|(key, value)| (*key, *value));
        assert_eq!(held.collect::<BTreeMap<_, _>>(), world.states[&cursors[&lane].1].told(names));
    }
    database::totals_are_sums(&pool).await;
}

/// All tables but what the writer says of itself and of the node.
async fn tables(url: &str) -> Vec<String> {
    let names = "select tablename from pg_tables where schemaname = 'public'
                 and tablename not in ('_sqlx_migrations', 'follower', 'node') order by 1";
    sqlx::query_scalar(names).fetch_all(&mut connect(url).await).await.unwrap()
}

/// How many rows, and a digest of all of them, but for the name of the history, which no two databases share.
async fn content(url: &str, table: &str) -> (i64, Option<String>) {
    let digest = format!(
        "select count(*), md5(string_agg(row, ',' order by row))
           from (select (to_jsonb(t) - 'history')::text as row from {table} t) t"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(digest)).fetch_one(&mut connect(url).await).await.unwrap()
}
