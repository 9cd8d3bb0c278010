//! `indexer backfill`, from a node and from what `indexer export --what events` wrote.

use abi::StakingV2 as S;
use alloy_primitives::U256;
use devnet::scripted::TransportFault;
use sqlx::PgPool;

use crate::naive::STAKING;
use crate::programs::{Clock, Oracle, Said};
use crate::world::{World, set};

const BLOCKS: u64 = 90;

/// An oracle at the head of a chain.
async fn full(test: &PgPool, name: &str, seed: u64, clock: Clock) -> (World, Oracle) {
    let world = World::new(seed, BLOCKS).await;
    // A change that no event tells of is found once, and travels.
    for (from, rate) in [(1, 5), (BLOCKS / 2 + 3, 7)] {
        let view = S::emissionRatePerSecondCall {};
        world.node.chain(|chain| set(chain, from, STAKING, &view, &[U256::from(rate)]));
    }
    let oracle = Oracle::new(test, name, clock).await;
    oracle.follow(&world.node, &[]).await;
    (world, oracle)
}

/// `backfill` from block 0 on.
async fn backfill(oracle: &Oracle, to: u64, more: &[&str]) -> Said {
    oracle.ask(&[&["backfill", "--from", "0", "--to", &to.to_string()], more].concat()).await
}

/// Exit 2, for this reason, and nothing is stored.
async fn refused(oracle: &Oracle, said: &Said, reason: &str) {
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains(reason), "{reason:?} in {said:?}");
    assert_eq!((oracle.count("cursor").await, oracle.count("block").await), (0, 0));
}

async fn there_and_back(test: &PgPool, name: &str, clock: Clock) {
    let (world, full) = full(test, name, 31, clock).await;
    let (head, files) = (world.head(), full.folder("inputs"));
    full.done(&["export", "--what", "events", "--at-block", &head.to_string(), "--out", &format!("{files}/e.ndjson")])
        .await;
    let copy = Oracle::new(test, &format!("{name}_copy"), clock).await;
    let said = backfill(&copy, head, &["--from-files", &files]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.err.contains("the files are believed"), "{said:?}");
    let digests = full.digests().await;
    assert_eq!(copy.digests().await, digests);
    assert!(full.count("reading").await > 3 && full.count("vvv_transfer").await > 9, "{digests}");
    assert_eq!(copy.count("reading").await, full.count("reading").await);
    assert_eq!((copy.count("inferred").await, full.count("inferred").await), (1, 1));
    full.drop(test).await;
    copy.drop(test).await;
}

#[sqlx::test(migrations = false)]
async fn an_export_of_events_gives_the_same_state_to_the_byte(pool: PgPool) {
    there_and_back(&pool, "back", Clock::Known).await;
}

#[sqlx::test(migrations = false)]
async fn without_a_clock_too(pool: PgPool) {
    there_and_back(&pool, "back_no_clock", Clock::Unknown).await;
}

#[sqlx::test(migrations = false)]
async fn held_against_a_node_and_followed_on(pool: PgPool) {
    let (world, full) = full(&pool, "node", 32, Clock::Known).await;
    let files = full.folder("inputs");
    let (finalized, half) = (world.finalized(), world.finalized() / 2);
    // Two files that meet, the second as of what is finalized.
    let first = ["--at-block", &half.to_string(), "--out", &format!("{files}/1.ndjson")];
    full.done(&[&["export", "--what", "events"], &first[..]].concat()).await;
    let second = ["--from-block", &(half + 1).to_string(), "--out", &format!("{files}/2.ndjson")];
    full.done(&[&["export", "--what", "events"], &second[..]].concat()).await;
    let node = ["--from-files", &files, "--rpc-url", &world.node.url];
    let copy = Oracle::new(&pool, "node_copy", Clock::Known).await;
    for _ in 0..2 {
        let said = backfill(&copy, finalized, &node).await;
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "what is stored is what the contracts say");
    }
    copy.follow(&world.node, &[]).await;
    assert_eq!(copy.digests().await, full.digests().await);

    // A gap is named, and so is a block that may still change.
    std::fs::remove_file(format!("{files}/1.ndjson")).unwrap();
    let other = Oracle::new(&pool, "node_other", Clock::Known).await;
    refused(&other, &backfill(&other, finalized, &node).await, "no file has the logs of block 0").await;
    let said = backfill(&other, finalized + 1, &node).await;
    refused(&other, &said, &format!("the newest finalized block is --to {finalized}")).await;
    for oracle in [full, copy, other] {
        oracle.drop(&pool).await;
    }
}

#[sqlx::test(migrations = false)]
async fn a_bounded_backfill_from_a_node_ends_where_it_is_told(pool: PgPool) {
    let (world, full) = full(&pool, "bounded", 33, Clock::Known).await;
    let node = ["--rpc-url", &world.node.url];
    let (half, finalized) = (world.finalized() / 2, world.finalized());
    let copy = Oracle::new(&pool, "bounded_copy", Clock::Known).await;
    let said = copy.ask(&[&["backfill", "--from", "1", "--to", "9"], &node[..]].concat()).await;
    refused(&copy, &said, "blocks 0 to 0 would be missing: --from 0").await;
    assert_eq!(backfill(&copy, half, &[&node[..], &["--headers"]].concat()).await.code, Some(0));
    let reached: Vec<i64> = sqlx::query_scalar("select block_number from cursor").fetch_all(&copy.pool).await.unwrap();
    assert_eq!(reached, [half.cast_signed(); 2]);
    assert_eq!(copy.count("block").await, half.cast_signed() + 1, "every header");
    let next = (half + 2).to_string();
    let said = copy.ask(&[&["backfill", "--to", "70", "--from", &next], &node[..]].concat()).await;
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.contains(&format!("--from {}", half + 1)), "{said:?}");
    assert_eq!(backfill(&copy, finalized, &node).await.code, Some(0));
    copy.follow(&world.node, &[]).await;
    let capacity = |digests: String| digests.lines().next().unwrap().to_owned();
    assert_eq!(capacity(copy.digests().await), capacity(full.digests().await));
    full.drop(&pool).await;
    copy.drop(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn files_that_were_cut_off_or_changed_are_refused(pool: PgPool) {
    let (world, full) = full(&pool, "damaged", 34, Clock::Known).await;
    let (files, to) = (full.folder("inputs"), world.finalized());
    let file = format!("{files}/e.ndjson");
    full.done(&["export", "--what", "events", "--out", &file]).await;
    let whole = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let (body, end) = lines.split_at(lines.len() - 1);
    let transfer = body.iter().position(|line| line.contains(r#""record":"logs""#)).unwrap();
    let changed: String = lines
        .iter()
        .enumerate()
        .map(|(at, line)| if at == transfer { line.replace("0x", "0X") } else { (*line).to_owned() })
        .collect();
    let without: String = lines.iter().enumerate().filter(|(at, _)| *at != transfer).map(|(_, line)| *line).collect();
    let swapped: String = [&body[..1], &body[2..3], &body[1..2], &body[3..], end].concat().concat();
    let copy = Oracle::new(&pool, "damaged_copy", Clock::Known).await;
    for (text, reason) in [
        (whole[..whole.len() / 2].to_owned(), "is cut off"),
        (body.concat(), "is cut off: it has no end"),
        (without, "its digest is another"),
        (swapped, "is not as it was written"),
        (changed, "0X"),
        (format!("{whole}{}", body[1]), "goes on behind its end"),
        (whole.replacen("\"format\":1", "\"format\":9", 1), "has format 9"),
        (whole.replacen("\"chain_id\":8453", "\"chain_id\":1", 1), "is of chain 1"),
        ("{}\n".to_owned(), "does not begin as an export"),
        (String::new(), "does not begin as an export"),
    ] {
        std::fs::write(&file, text).unwrap();
        let said = backfill(&copy, to, &["--from-files", &files]).await;
        assert_eq!(said.code, Some(2), "{reason}: {said:?}");
        if reason != "0X" {
            assert!(said.err.contains(reason), "{reason:?} in {said:?}");
        }
        assert_eq!(copy.count("block").await, 0, "{reason}");
    }
    let said = backfill(&copy, to, &["--from-files", &full.folder("nothing")]).await;
    refused(&copy, &said, "has no file with logs in it").await;
    let odd = full.folder("odd");
    std::fs::write(format!("{odd}/logs.parquet"), "").unwrap();
    refused(&copy, &backfill(&copy, to, &["--from-files", &odd]).await, "a name that does not say what it is of").await;
    full.drop(&pool).await;
    copy.drop(&pool).await;
}

/// A program without the feature says so rather than that nothing is there.
#[cfg(not(feature = "columnar"))]
#[sqlx::test(migrations = false)]
async fn parquet_needs_the_feature(pool: PgPool) {
    let oracle = Oracle::new(&pool, "no_feature", Clock::Known).await;
    let files = oracle.folder("inputs");
    std::fs::write(format!("{files}/base__logs__00000000_to_00000009.parquet"), "PAR1").unwrap();
    let said = backfill(&oracle, 9, &["--from-files", &files]).await;
    refused(&oracle, &said, "built without the feature `columnar`").await;
    oracle.drop(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn a_signal_stops_it_and_the_same_command_goes_on(pool: PgPool) {
    let world = World::new(35, 60).await;
    let oracle = Oracle::new(&pool, "stopped", Clock::Known).await;
    let to = world.finalized().to_string();
    let arguments = ["backfill", "--from", "0", "--to", &to, "--rpc-url", &world.node.url];
    // Logs are refused for as long as it runs.
    let throttle = TransportFault::Throttle { retry_after_seconds: Some(3_600) };
    world.node.faults().always(throttle).on("eth_getLogs");
    let said = oracle.interrupted(&arguments, || world.node.requests().contains_key("eth_getLogs")).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.contains("stopped: the same command goes on"), "{said:?}");
    world.node.faults().clear();
    oracle.done(&arguments).await;
    assert_eq!(oracle.count("cursor").await, 2);
    oracle.drop(&pool).await;
}
