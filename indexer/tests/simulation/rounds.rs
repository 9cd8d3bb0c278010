//! One seed: a first backfill that is cut short again and again, then whatever can happen at the head.

use devnet::scripted::{Fault, HeaderFault, ViewFault};
use indexer::follower::{Outcome, StepError};
use rand::RngExt;

use crate::coverage::Coverage;
use crate::database;
use crate::faults::{self, LAG};
use crate::site::Site;
use crate::subject::Subject;
use crate::world::{FINALIZED_DEPTH, World};

const ROUNDS: usize = 8;
/// Enough for a dozen ranges.
const BACKFILL_BLOCKS: u64 = 40;
const BACKFILL_STEPS_MAX: usize = 300;

pub(crate) async fn simulate(seed: u64, site: &Site, coverage: &Coverage) {
    let mut world = World::new(seed).await;
    (0..BACKFILL_BLOCKS).for_each(|_| world.mine_traffic());
    let mut subject = Subject::new(&world, site, coverage);
    backfill(&mut world, &mut subject).await;
    for _ in 0..ROUNDS {
        world.forgive();
        round(&mut world, &mut subject, site).await;
        subject.settle(&world).await;
    }
    // Whatever fork was left hanging is decided by a longer branch.
    world.forgive();
    (0..=FINALIZED_DEPTH).for_each(|_| world.mine_traffic());
    subject.settle(&world).await;
    assert!(subject.is_at_head(&world).await);
    database::totals_are_sums(&site.pool).await;
    coverage.struck(world.node.faults().struck());
    coverage.statements(site.proxy.statements());
}

/// In small ranges, with faults of the node and cuts of the database, and from the start again and again.
async fn backfill(world: &mut World, subject: &mut Subject<'_>) {
    let limit = faults::limit(&mut world.rng);
    let (mut cut_short, mut seems_done) = (0, false);
    for _ in 0..BACKFILL_STEPS_MAX {
        world.node.faults().clear();
        world.node.faults().always(limit.clone());
        match world.rng.random_range(0..10) {
            0..3 => {
                let fault = faults::noticed(&mut world.rng);
                seems_done |= matches!(fault, Fault::Header(HeaderFault::Missing));
                world.node.faults().next(2, fault);
            }
            3 => subject.cut_next(faults::cut(&mut world.rng)),
            _ => {}
        }
        let stepped = subject.step(world).await;
        let has_indexes = subject.has_account_indexes(world).await;
        match stepped {
            Err(StepError::Halt(reason)) => panic!("halted: {reason}"),
            // A node that lags has a finalized block further down, above which blocks are taken singly; one that
            // keeps it back has none.
            Ok(Outcome::Appended { to, .. }) if to + LAG <= world.finalized => {
                assert!(seems_done || !has_indexes, "built at {to}");
            }
            Ok(_) if subject.is_at_head(world).await => {
                assert!(has_indexes && (cut_short > 0 || seems_done));
                return;
            }
            _ => {}
        }
        if !has_indexes && (cut_short == 0 || world.rng.random_bool(0.3)) {
            subject.crash();
            cut_short += 1;
        }
    }
    panic!("the follower never reaches the head");
}

/// Something happens.
async fn round(world: &mut World, subject: &mut Subject<'_>, site: &Site) {
    match world.rng.random_range(0..20) {
        0..4 => grow(world),
        4 => (0..world.rng.random_range(5..=30)).for_each(|_| world.mine(Vec::new())),
        5..9 => world.reorg(),
        9..12 => {
            let (times, fault) = (world.rng.random_range(1..=3), faults::noticed(&mut world.rng));
            world.node.faults().next(times, fault);
            grow(world);
        }
        12 => {
            let fork = world.fork();
            let times = world.rng.random_range(1..=8);
            world.node.faults().next(times, ViewFault::Fork(fork));
            grow(world);
        }
        13 => finalized_too_high(world, subject).await,
        14..17 => {
            subject.cut_next(faults::cut(&mut world.rng));
            if world.rng.random_bool(0.5) { world.reorg() } else { grow(world) }
        }
        17 => {
            site.proxy.refuse(world.rng.random_range(1..=4));
            grow(world);
        }
        _ => subject.crash(),
    }
}

fn grow(world: &mut World) {
    (0..world.rng.random_range(1..=3)).for_each(|_| world.mine_traffic());
}

/// The node calls blocks finalized that are not, and then they are replaced: whoever believed it must not go on.
async fn finalized_too_high(world: &mut World, subject: &mut Subject<'_>) {
    let blocks = world.rng.random_range(1..=FINALIZED_DEPTH);
    world.node.faults().always(ViewFault::FinalizedAhead { blocks });
    grow(world);
    subject.settle(world).await;
    world.forgive();
    world.reorg();
    subject.settle_or_halt(world, "was finalized").await;
}
