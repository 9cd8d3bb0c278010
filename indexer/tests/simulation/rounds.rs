//! One seed: a first backfill that is cut short again and again, then whatever can happen at the head.

use devnet::scripted::{Fault, HeaderFault, TransportFault, ViewFault};
use indexer::follower::StepError;
use rand::RngExt;
use store::cursor::Lane;

use crate::coverage::Coverage;
use crate::database;
use crate::faults::{self, LAG};
use crate::proxy::Cut;
use crate::site::Site;
use crate::subject::Subject;
use crate::world::{FINALIZED_DEPTH, World};

const ROUNDS: usize = 4;
/// What chance hardly ever comes to is brought about in one seed of so many.
const FORCED_EVERY: u64 = 10;
/// Enough for a dozen ranges.
const BACKFILL_BLOCKS: u64 = 20;
const BACKFILL_STEPS_MAX: usize = 1_000;

pub(crate) async fn simulate(seed: u64, site: &Site, coverage: &Coverage) {
    let mut world = World::new(seed, seed.is_multiple_of(3)).await;
    (0..BACKFILL_BLOCKS).for_each(|_| world.mine_traffic());
    let mut subject = Subject::new(site, coverage);
    backfill(&mut world, &mut subject, site, coverage).await;
    for nth in 0..ROUNDS {
        world.forgive();
        match nth {
            0 if seed % FORCED_EVERY == 4 => halt(&mut world, &mut subject, site).await,
            0 if seed % FORCED_EVERY == 9 => subject.be_refused(&mut world).await,
            _ => round(&mut world, &mut subject, site).await,
        }
        subject.settle(&world).await;
    }
    world.forgive();
    crash_points(seed, &mut world, &mut subject).await;
    // Whatever fork was left hanging is decided by a longer branch.
    world.forgive();
    subject.level(&mut world).await;
    assert!(subject.is_at_head(&world).await);
    database::totals_are_sums(&site.pool).await;
    world.nodes().for_each(|node| coverage.struck(node.faults().struck()));
    coverage.statements(site.proxy.statements());
}

/// In small ranges, with faults of the node and cuts of the database, and from the start again and again; the head moves
/// and forks meanwhile.
async fn backfill(world: &mut World, subject: &mut Subject<'_>, site: &Site, coverage: &Coverage) {
    let (limit, first_finalized) = (faults::limit(&mut world.rng), world.finalized);
    let (mut crashed_apart, mut reorged_apart, mut seems_done) = (false, false, false);
    for step in 0..BACKFILL_STEPS_MAX {
        let is_first = step == 0;
        for node in world.nodes() {
            node.faults().clear();
            node.faults().always(limit.clone());
        }
        match world.rng.random_range(0..10) {
            _ if is_first => subject.cut_next(Cut { message: 1, is_executed: world.rng.random_bool(0.5) }),
            0..2 => {
                let fault = faults::noticed(&mut world.rng);
                seems_done |= matches!(fault, Fault::Header(HeaderFault::Missing));
                world.one_node().faults().next(2, fault);
            }
            2 => subject.cut_next(faults::cut(&mut world.rng)),
            3 => world.mine_traffic(),
            _ => {}
        }
        if let Err(StepError::Halt(reason)) = subject.step(world).await {
            panic!("halted: {reason}");
        }
        let (head, cursors) = (world.node.chain(|chain| chain.head()), subject.cursors().await);
        let is_begun = cursors.contains_key(&Lane::Supply);
        let has_indexes = is_begun && database::has_account_indexes(&site.pool).await;
        let supply = cursors.get(&Lane::Supply).map_or(0, |(number, _)| *number);
        // A node that lags has a finalized block further down, above which blocks are taken singly; one that keeps it
        // back has none.
        assert!(seems_done || !has_indexes || supply + LAG >= first_finalized, "indexes at {supply}");
        if has_indexes && subject.is_at_head(world).await {
            return;
        }
        let is_apart = supply < first_finalized && cursors.get(&Lane::Capacity).is_some_and(|at| at.1 == head.hash);
        if is_apart && !crashed_apart || world.rng.random_bool(0.1) {
            subject.crash();
            crashed_apart |= is_apart;
        } else if is_apart && !reorged_apart {
            world.reorg();
            world.mine_beyond(head.number);
            reorged_apart = true;
            coverage.met("crashed and reorged while supply was behind");
        }
    }
    panic!("the follower never reaches the head");
}

/// Something happens.
async fn round(world: &mut World, subject: &mut Subject<'_>, site: &Site) {
    match world.rng.random_range(0..22) {
        0..4 => grow(world),
        4 => (0..world.rng.random_range(5..=12)).for_each(|_| world.mine(Vec::new())),
        5..9 => world.reorg(),
        9..12 => {
            let fault = faults::noticed(&mut world.rng);
            // A request that is throttled a few times is patient.
            let is_patient = matches!(fault, Fault::Transport(TransportFault::Throttle { .. }));
            let times = if is_patient { 12 } else { world.rng.random_range(1..=3) };
            world.one_node().faults().next(times, fault);
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
        17 | 18 => subject.be_lied_to(world).await,
        19 => {
            site.proxy.refuse(world.rng.random_range(1..=4));
            grow(world);
        }
        20 => subject.crash(),
        _ => {
            subject.crash();
            world.one_node().faults().next(1, ViewFault::ChainId(1));
        }
    }
}

/// One message of each kind of transaction is the last before the connection is gone: of an append, a rewind, a repair and
/// a change that no event tells of.
async fn crash_points(seed: u64, world: &mut World, subject: &mut Subject<'_>) {
    let cut = faults::cut_of(seed);
    subject.level(world).await;
    world.mine_of_every_kind();
    subject.cut_next(cut);
    subject.settle(world).await;

    let head = world.node.chain(|chain| chain.head().number);
    world.reorg();
    world.mine_beyond(head);
    subject.cut_next(cut);
    subject.settle(world).await;

    let lane = Lane::BOTH[faults::turn_of(seed) % 2];
    subject.repair_for_nothing(world, lane, cut).await;
    subject.settle(world).await;

    let changed = world.mine_silent_change();
    world.mine(Vec::new());
    subject.settle(world).await;
    world.mine_of_every_kind();
    subject.cut_next(cut);
    subject.settle(world).await;
    database::is_inferred(&subject.site().pool, changed).await;
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
    world.nodes().for_each(|node| node.faults().clear());
    world.reorg();
    subject.settle_or_stop(world, "finalized").await;
}

/// All nodes call their head finalized, and then it is replaced: the follower halts, and nothing helps but to begin anew.
async fn halt(world: &mut World, subject: &mut Subject<'_>, site: &Site) {
    world.nodes().for_each(|node| {
        node.faults().always(ViewFault::FinalizedAhead { blocks: FINALIZED_DEPTH });
    });
    subject.level(world).await;
    world.nodes().for_each(|node| node.faults().clear());
    let head = world.node.chain(|chain| chain.head().number);
    world.reorg();
    world.mine_beyond(head);
    assert!(subject.settle_or_stop(world, "finalized").await, "it goes on below what was finalized");
    site.clear().await;
}
