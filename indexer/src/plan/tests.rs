use alloy_primitives::{B256, Bloom};

use super::*;
use crate::chain::Finality;

/// A block of branch `branch` at `number`, on top of the same branch.
fn header(number: u64, branch: u8) -> Header {
    Header {
        number,
        hash: hash(number, branch),
        parent_hash: hash(number.wrapping_sub(1), branch),
        timestamp: number * 2,
        logs_bloom: Bloom::ZERO,
        receipts_root: B256::ZERO,
    }
}

fn hash(number: u64, branch: u8) -> B256 {
    let mut bytes = [branch; 32];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

fn block(number: u64, branch: u8) -> BlockRef {
    BlockRef { number, hash: Some(hash(number, branch)) }
}

/// Cursors and nothing else that speaks.
fn local(capacity: Option<BlockRef>, supply: Option<BlockRef>) -> Local {
    Local {
        start_block: 100,
        cursors: Cursors { capacity, supply },
        at_head: None,
        at_finalized: None,
        finalized: None,
        supply: Supply { range_blocks: 50, lacks_indexes: false, rests: false },
    }
}

/// A node with this head, whose branch is finalized up to there.
fn node(head: Header, finalized: u64) -> Tags {
    let finality = Finality { safe: None, finalized: Some(header(finalized, head.hash[31])) };
    Tags { head, finality }
}

#[track_caller]
fn check(local: &Local, tags: &Tags, expected: Plan) {
    let next = (tags.head.number >= local.next()).then(|| header(local.next(), tags.head.hash[31]));
    assert_eq!(plan(local, tags, next.as_ref()), expected);
}

fn backfill(lane: Lane, from: u64, to: u64) -> Plan {
    Plan::Backfill { lane, from, to }
}

fn extend(number: u64, with_supply: bool) -> Plan {
    Plan::Extend { header: Box::new(header(number, 1)), with_supply }
}

/// Capacity at `capacity`, supply at `supply`, blocks up to 900 final and ours.
fn apart(capacity: u64, supply: Option<u64>) -> Local {
    Local { finalized: Some(900), ..local(Some(block(capacity, 1)), supply.map(|number| block(number, 1))) }
}

#[test]
fn an_empty_database_backfills_capacity_from_the_start_block() {
    check(&local(None, None), &node(header(1_000, 1), 900), backfill(Lane::Capacity, 100, 900));
}

#[test]
fn capacity_runs_to_the_finalized_block_before_supply_begins() {
    check(&apart(880, None), &node(header(1_000, 1), 900), backfill(Lane::Capacity, 881, 900));
}

#[test]
fn capacity_goes_on_to_the_head_while_supply_is_far_behind() {
    check(&apart(900, None), &node(header(1_000, 1), 900), extend(901, false));
    check(&apart(950, Some(500)), &node(header(1_000, 1), 900), extend(951, false));
}

#[test]
fn supply_goes_on_when_capacity_is_at_the_head() {
    check(&apart(1_000, None), &node(header(1_000, 1), 900), backfill(Lane::Supply, 100, 900));
    check(&apart(1_000, Some(500)), &node(header(1_000, 1), 900), backfill(Lane::Supply, 501, 900));
}

#[test]
fn supply_keeps_below_capacity() {
    check(&apart(700, Some(500)), &node(header(700, 1), 650), backfill(Lane::Supply, 501, 700));
}

#[test]
fn supply_that_is_one_range_short_comes_before_capacity_leaves_what_is_finalized() {
    check(&apart(900, Some(850)), &node(header(1_000, 1), 900), backfill(Lane::Supply, 851, 900));
    check(&apart(900, Some(849)), &node(header(1_000, 1), 900), extend(901, false));
    check(&apart(901, Some(850)), &node(header(1_000, 1), 900), extend(902, false));
}

#[test]
fn above_the_finalized_block_supply_catches_up_singly() {
    check(&apart(1_000, Some(900)), &node(header(1_000, 1), 900), Plan::CatchUp(901));
    check(&apart(1_000, Some(900)), &node(header(1_001, 1), 900), extend(1_001, false));
    check(&apart(1_000, Some(980)), &node(header(980, 1), 900), Plan::Wait);
}

#[test]
fn lanes_that_are_level_go_together() {
    check(&apart(900, Some(900)), &node(header(1_000, 1), 900), extend(901, true));
    check(&apart(950, Some(950)), &node(header(1_000, 1), 900), extend(951, true));
}

#[test]
fn a_few_finalized_blocks_are_no_reason_to_part() {
    check(&apart(884, Some(884)), &node(header(1_000, 1), 900), backfill(Lane::Capacity, 885, 900));
    check(&apart(885, Some(885)), &node(header(1_000, 1), 900), extend(886, true));
}

#[test]
fn indexes_are_built_when_no_range_of_supply_is_left() {
    let lacking = |local: Local| Local { supply: Supply { lacks_indexes: true, ..local.supply }, ..local };
    check(&lacking(apart(1_000, Some(899))), &node(header(1_000, 1), 900), backfill(Lane::Supply, 900, 900));
    check(&lacking(apart(1_000, Some(900))), &node(header(1_001, 1), 900), Plan::BuildIndexes);
    check(&lacking(apart(900, Some(900))), &node(header(900, 1), 900), Plan::BuildIndexes);
    check(&lacking(local(None, None)), &node(header(50, 1), 40), Plan::Wait);
    check(&lacking(local(None, None)), &node(header(104, 1), 102), backfill(Lane::Capacity, 100, 102));
}

#[test]
fn a_lane_of_supply_that_rests_holds_nobody_up() {
    let resting = |local: Local| Local { supply: Supply { rests: true, ..local.supply }, ..local };
    check(&resting(apart(1_000, Some(500))), &node(header(1_000, 1), 900), Plan::Wait);
    check(&resting(apart(1_000, Some(1_000))), &node(header(1_001, 1), 900), extend(1_001, false));
    check(&resting(apart(890, Some(890))), &node(header(1_001, 1), 900), backfill(Lane::Capacity, 891, 900));
}

#[test]
fn a_node_without_tags_is_followed_singly_by_both() {
    let tags = Tags { head: header(1_000, 1), finality: Finality::default() };
    check(&local(None, None), &tags, extend(100, true));
}

#[test]
fn a_next_block_with_another_parent_is_a_fork() {
    check(&apart(950, Some(950)), &node(header(1_000, 2), 900), Plan::Fork);
    check(&apart(950, Some(300)), &node(header(1_000, 2), 900), Plan::Fork);
}

#[test]
fn a_fork_is_seen_before_a_range_is_laid_over_it() {
    check(&apart(880, None), &node(header(1_000, 2), 900), Plan::Fork);
}

#[test]
fn a_finalized_block_that_is_not_ours_is_a_fork() {
    let local = Local { at_finalized: Some(block(900, 2)), ..apart(1_000, Some(1_000)) };
    check(&local, &node(header(999, 1), 900), Plan::Fork);
}

#[test]
fn at_the_head_there_is_nothing_to_do() {
    let local = Local { at_head: Some(block(1_000, 1)), ..apart(1_000, Some(1_000)) };
    check(&local, &node(header(1_000, 1), 900), Plan::Wait);
}

#[test]
fn another_block_at_our_height_is_a_fork() {
    let local = Local { at_head: Some(block(1_000, 1)), ..apart(1_000, Some(1_000)) };
    check(&local, &node(header(1_000, 2), 900), Plan::Fork);
}

#[test]
fn a_node_behind_us_on_our_chain_lags() {
    let local = Local { at_head: Some(block(990, 1)), ..apart(1_000, Some(1_000)) };
    check(&local, &node(header(990, 1), 900), Plan::Wait);
}

#[test]
fn a_node_behind_us_on_another_chain_forks() {
    let local = Local { at_head: Some(block(990, 1)), ..apart(1_000, Some(1_000)) };
    check(&local, &node(header(990, 2), 900), Plan::Fork);
}

#[test]
fn a_node_that_has_not_reached_the_start_is_waited_for() {
    check(&local(None, None), &node(header(50, 1), 40), Plan::Wait);
}

#[test]
fn forks_are_judged() {
    let (young, old) = (Duration::ZERO, FORK_PATIENCE);
    assert_eq!(judge(950, Some(900), 1_000, 1_000, young), Verdict::Rewind, "as high as ours");
    assert_eq!(judge(950, Some(900), 1_000, 999, young), Verdict::Suspect, "shorter and young");
    assert_eq!(judge(950, Some(900), 1_000, 999, old), Verdict::Rewind, "shorter and lasting");
    assert_eq!(judge(899, Some(900), 1_000, 2_000, old), Verdict::Halt, "below the finalized block");
    assert_eq!(judge(900, Some(900), 1_000, 2_000, young), Verdict::Rewind, "from the finalized block itself");
    assert_eq!(judge(1, None, 1_000, 2_000, young), Verdict::Rewind, "a node without tags");
    assert_eq!(judge(1_000, Some(900), 1_000, 1_005, old), Verdict::Contradiction, "our cursor is on it");
    assert_eq!(judge(990, Some(900), 1_000, 990, old), Verdict::Contradiction, "its head is ours");
}
