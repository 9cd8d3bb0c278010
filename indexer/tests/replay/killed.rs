//! kill -9 in the middle, and then again.

use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};

use crate::damage;
use crate::program::Indexer;
use crate::world::{World, digests, furniture};

/// Where a replay can be made to wait, by the key of an advisory lock: in the lane of capacity, in that of supply, and in
/// the swap.
const GATES: [i64; 3] = [41, 42, 43];

/// Whoever writes rows of blocks above 50 into these tables waits. The middle of a replay does not come by itself.
const HANG_GATES: &str = "
    create function gate() returns trigger language plpgsql as $$
    begin
        if new.block_number > 50 then
            perform pg_advisory_xact_lock_shared(tg_argv[0]::bigint);
        end if;
        return new;
    end $$;
    create function hang_gates() returns event_trigger language plpgsql as $$
    declare
        made record;
    begin
        for made in select * from pg_event_trigger_ddl_commands() loop
            if made.object_identity = 'replay.capacity_totals' and made.command_tag = 'CREATE TABLE' then
                create trigger gate before insert on replay.capacity_totals for each row execute function gate(41);
            elsif made.object_identity = 'replay.vvv_transfer' and made.command_tag = 'CREATE TABLE' then
                create trigger gate before insert on replay.vvv_transfer for each row execute function gate(42);
            end if;
        end loop;
    end $$;
    create event trigger hang_gates on ddl_command_end when tag in ('CREATE TABLE') execute function hang_gates();
    create trigger gate before insert on public.event for each row execute function gate(43);";

const REPLAY: [&str; 3] = ["replay", "--from-block", "0"];

/// A damaged database, and the gates.
struct Stage {
    pool: PgPool,
    keeper: PgConnection,
}

impl Stage {
    async fn new(pool: PgPool) -> Self {
        sqlx::raw_sql(HANG_GATES).execute(&pool).await.unwrap();
        let mut keeper = PgConnection::connect_with(&pool.connect_options()).await.unwrap();
        for gate in GATES {
            sqlx::query("select pg_advisory_lock($1)").bind(gate).execute(&mut keeper).await.unwrap();
        }
        Self { pool, keeper }
    }

    async fn open(&mut self, gate: i64) {
        sqlx::query("select pg_advisory_unlock($1)").bind(gate).execute(&mut self.keeper).await.unwrap();
    }

    /// A replay that has come as far as this gate.
    async fn replay_to(&self, gate: i64) -> Indexer {
        let indexer = Indexer::start(&self.pool, &REPLAY);
        while !self.waiting().await.iter().any(|(_, at)| *at == gate) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        indexer
    }

    /// Ends sessions whose client is gone: waiting for a lock they do not notice.
    async fn clear(&self) {
        for (session, _) in self.waiting().await {
            sqlx::query("select pg_terminate_backend($1)").bind(session).execute(&self.pool).await.unwrap();
        }
    }

    /// Sessions that wait at a gate, and at which.
    async fn waiting(&self) -> Vec<(i32, i64)> {
        let waiting = sqlx::query_as(
            "select pid, objid::bigint from pg_locks
              where locktype = 'advisory' and not granted and objid::bigint between 41 and 43
                and database = (select oid from pg_database where datname = current_database())",
        );
        waiting.fetch_all(&self.pool).await.unwrap()
    }

    async fn kill_at(&self, gate: i64) {
        let indexer = self.replay_to(gate).await;
        indexer.signal("KILL");
        assert_eq!(indexer.ended().await.code, None);
        self.clear().await;
    }

    /// Which transaction last moved the replay's cursor of capacity.
    async fn moved_by(&self) -> String {
        let moved = sqlx::query_scalar("select xmin::text from replay.cursor where name = 'capacity'");
        moved.fetch_one(&self.pool).await.unwrap()
    }
}

#[sqlx::test(migrations = false)]
async fn goes_on_wherever_it_was_killed(pool: PgPool) {
    let world = World::new(7, false).await;
    world.follow(&pool).await;
    let (whole, around) = (digests(&pool).await, furniture(&pool).await);
    damage::derived(&pool).await;
    let damaged = digests(&pool).await;
    let mut stage = Stage::new(pool.clone()).await;

    stage.kill_at(41).await;
    assert_eq!(digests(&pool).await, damaged, "half a replay shows nothing");
    stage.open(41).await;
    stage.kill_at(42).await;
    let moved = stage.moved_by().await;
    stage.kill_at(42).await;
    assert_eq!(stage.moved_by().await, moved, "the lane of capacity was not derived again");
    stage.open(42).await;
    stage.kill_at(43).await;
    assert_eq!(digests(&pool).await, damaged, "half a swap shows nothing");
    assert_eq!(stage.moved_by().await, moved);
    stage.open(43).await;
    let ended = Indexer::start(&pool, &REPLAY).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(digests(&pool).await, whole);
    sqlx::raw_sql("drop event trigger hang_gates; drop trigger gate on event").execute(&pool).await.unwrap();
    assert_eq!(furniture(&pool).await, around);
}

#[sqlx::test(migrations = false)]
async fn another_replay_begins_from_nothing(pool: PgPool) {
    let world = World::new(7, false).await;
    world.follow(&pool).await;
    let whole = digests(&pool).await;
    damage::derived(&pool).await;
    let mut stage = Stage::new(pool.clone()).await;
    stage.open(41).await;
    stage.kill_at(42).await;
    for gate in [42, 43] {
        stage.open(gate).await;
    }
    let ended = Indexer::start(&pool, &["replay", "--from-block", "20"]).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(digests(&pool).await, whole);
}

#[sqlx::test(migrations = false)]
async fn stops_when_told_to_and_goes_on(pool: PgPool) {
    let world = World::new(7, false).await;
    world.follow(&pool).await;
    let whole = digests(&pool).await;
    damage::derived(&pool).await;
    let mut stage = Stage::new(pool.clone()).await;
    for (gate, signal) in [(41, "TERM"), (42, "INT")] {
        let indexer = stage.replay_to(gate).await;
        indexer.signal(signal);
        let ended = indexer.ended().await;
        assert_eq!(ended.code, Some(1), "{}", ended.log);
        assert!(ended.log.contains("error: stopped; the same command goes on from here"), "{}", ended.log);
        stage.clear().await;
        stage.open(gate).await;
    }
    stage.open(43).await;
    let ended = Indexer::start(&pool, &REPLAY).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(digests(&pool).await, whole);
}
