//! kill -9 in the middle, and then again.

use sqlx::PgPool;

use crate::damage;
use crate::gates::Gates;
use crate::program::Indexer;
use crate::world::{World, digests, furniture};

/// Where a replay can be made to wait, by the key of an advisory lock: in the lane of capacity, in that of supply, and in
/// the swap.
const GATES: [i64; 3] = [41, 42, 43];

/// Whoever writes rows of blocks above 50 into these tables waits.
const HANG_GATES: &str = "
    create function hang_gates() returns event_trigger language plpgsql as $$
    declare
        made record;
    begin
        for made in select * from pg_event_trigger_ddl_commands() loop
            if made.object_identity = 'replay.capacity_totals' and made.command_tag = 'CREATE TABLE' then
                create trigger gate before insert on replay.capacity_totals for each row when (new.block_number > 50) execute function gate(41);
            elsif made.object_identity = 'replay.vvv_transfer' and made.command_tag = 'CREATE TABLE' then
                create trigger gate before insert on replay.vvv_transfer for each row when (new.block_number > 50) execute function gate(42);
            end if;
        end loop;
    end $$;
    create event trigger hang_gates on ddl_command_end when tag in ('CREATE TABLE') execute function hang_gates();
    create trigger gate before insert on public.event for each row when (new.block_number > 50) execute function gate(43);";

const REPLAY: [&str; 3] = ["replay", "--from-block", "0"];

/// A damaged database, and the gates.
struct Stage {
    pool: PgPool,
    gates: Gates,
}

impl Stage {
    async fn new(pool: PgPool) -> Self {
        Self { gates: Gates::shut(pool.clone(), &GATES, HANG_GATES).await, pool }
    }

    async fn open(&mut self, gate: i64) {
        self.gates.open(gate).await;
    }

    /// A replay that has come as far as this gate.
    async fn replay_to(&self, gate: i64) -> Indexer {
        let indexer = Indexer::start(&self.pool, &REPLAY);
        self.gates.wait_at(gate).await;
        indexer
    }

    async fn kill_at(&self, gate: i64) {
        self.gates.kill_at(gate, Indexer::start(&self.pool, &REPLAY)).await;
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
        stage.gates.clear().await;
        stage.open(gate).await;
    }
    stage.open(43).await;
    let ended = Indexer::start(&pool, &REPLAY).ended().await;
    assert_eq!(ended.code, Some(0), "{}", ended.log);
    assert_eq!(digests(&pool).await, whole);
}
