//! Logs left out without a word, and what the contracts' totals tell of it afterwards.

use devnet::scripted::{ArchiveWording, LogFault, Refusal};
use indexer::follower::{Outcome, StepError};
use indexer::reconcile::Verdict;
use indexer::reconcile::watch::Order;
use rand::RngExt;
use store::cursor::Lane;
use store::reconciliation::Repair;
use tokio::sync::oneshot;

use crate::database;
use crate::economy;
use crate::faults;
use crate::proxy::Cut;
use crate::subject::Subject;
use crate::world::World;

const STEPS_MAX: usize = 300;
/// A node that keeps this much answers for the head and little more.
const BLOCKS_KEPT: u64 = 2;

impl Subject<'_> {
    /// The node leaves logs out of blocks to come; then it is honest, and what is stored is mended.
    pub(crate) async fn be_lied_to(&mut self, world: &mut World) {
        self.level(world).await;
        let honest = world.node.chain(|chain| chain.head().number);
        let (times, fault) = (world.rng.random_range(1..=4), faults::silent(&mut world.rng));
        world.nodes().for_each(|node| {
            node.faults().next(times, fault);
        });
        (0..world.rng.random_range(1..=4)).for_each(|_| world.mine_traffic());
        self.doubt(true);
        self.settle_in_doubt(world).await;
        world.forgive();
        self.reconcile(world).await;
        self.mend_what_totals_do_not_tell(world, honest + 1).await;
        self.doubt(false);
        self.settle(world).await;
    }

    /// A block's logs are left out and the next one spends what they gave: the ledger refuses it, as often as it is
    /// fetched, until the totals tell what is missing.
    pub(crate) async fn be_refused(&mut self, world: &mut World) {
        self.level(world).await;
        let honest = world.node.chain(|chain| chain.head().number);
        let (given, spent) = economy::gift_to_a_newcomer();
        world.nodes().for_each(|node| {
            node.faults().always(LogFault::Empty);
        });
        world.mine(given);
        self.doubt(true);
        self.settle_in_doubt(world).await;
        world.nodes().for_each(|node| node.faults().clear());
        world.mine(spent);
        let refused = self.step(world).await;
        assert!(matches!(refused, Err(StepError::Refused(_))), "spent without having been given: {refused:?}");
        self.settle_in_doubt(world).await;
        world.forgive();
        self.reconcile(world).await;
        self.mend_what_totals_do_not_tell(world, honest + 1).await;
        self.doubt(false);
        self.settle(world).await;
    }

    /// The node's head is ours.
    pub(crate) async fn level(&mut self, world: &mut World) {
        let reached = self.cursors().await.get(&Lane::Capacity).map_or(0, |(number, _)| *number);
        world.mine_beyond(reached);
        self.settle(world).await;
    }

    /// A few of the newest blocks are undone and fetched again, although nothing is wrong with them; the first attempt is
    /// cut.
    pub(crate) async fn repair_for_nothing(&mut self, world: &mut World, lane: Lane, cut: Cut) {
        let differs_at = self.cursors().await[&lane].0;
        let (derived, contract) = Default::default();
        let repair = Repair { lane, first_block: differs_at - 3, differs_at, figure: "none", derived, contract };
        self.cut_next(cut);
        let (done, _) = oneshot::channel();
        let verdict = Verdict::Repair(repair.clone());
        self.running(world).await.unwrap().orders.try_send(Order { verdict, done }).unwrap();
        let cut_short = self.step(world).await;
        assert!(matches!(cut_short, Err(StepError::Store(_))), "{cut_short:?}");
        self.order(world, Verdict::Repair(repair)).await;
    }

    /// Steps until the node has nothing new. The ledger may refuse what does not fit, and halt.
    async fn settle_in_doubt(&mut self, world: &World) {
        for _ in 0..STEPS_MAX {
            match self.step(world).await {
                Ok(Outcome::UpToDate | Outcome::ForkSuspected { .. }) => return,
                Err(StepError::Halt(reason)) => {
                    assert!(reason.contains("block"), "it names no block: {reason}");
                    self.met("halt: logs left out");
                    return self.crash();
                }
                _ => {}
            }
        }
        panic!("the follower never comes to rest");
    }

    /// Compares and repairs until all totals are equal.
    async fn reconcile(&mut self, world: &mut World) {
        let mut equal = 0;
        for turn in 0.. {
            assert!(turn < STEPS_MAX, "the totals are never equal");
            let lane = Lane::BOTH[turn % 2];
            match self.inspect(world, lane).await {
                Some(Verdict::Equal(_)) => equal += 1,
                Some(Verdict::Repair(repair)) => {
                    self.met(if repair.first_block < repair.differs_at {
                        "repair: untraced"
                    } else {
                        "repair: traced"
                    });
                    self.met(format!("repair: {}", lane.name()));
                    equal = 0;
                    self.order(world, Verdict::Repair(repair)).await;
                    self.settle_in_doubt(world).await;
                }
                // Of an old block the node has no state; nothing is stored of a lane yet.
                Some(Verdict::Unanswered { .. }) => self.met("unanswered"),
                None => equal += 1,
                Some(Verdict::Halt(reason)) => panic!("halted: {reason}"),
            }
            if equal == Lane::BOTH.len() {
                return;
            }
        }
    }

    /// What one look comes to; at times of a node without old state.
    async fn inspect(&mut self, world: &mut World, lane: Lane) -> Option<Verdict> {
        if world.rng.random_bool(0.3) {
            let pruned = Refusal::NoArchive { blocks_kept: BLOCKS_KEPT, wording: ArchiveWording::MissingTrieNode };
            world.nodes().for_each(|node| {
                node.faults().always(pruned.clone());
            });
        }
        let running = self.running(world).await.unwrap();
        let verdict = running.reconciler.inspect(lane).await.unwrap();
        world.nodes().for_each(|node| node.faults().clear());
        verdict
    }

    async fn order(&mut self, world: &World, verdict: Verdict) {
        let (done, is_done) = oneshot::channel();
        self.running(world).await.unwrap().orders.try_send(Order { verdict, done }).unwrap();
        let outcome = self.step(world).await.unwrap();
        // Undone already, where the answer to a commit was lost.
        assert!(matches!(outcome, Outcome::Repaired(_) | Outcome::Waiting), "{outcome:?}");
        is_done.await.unwrap();
    }

    /// A transfer between two users moves no total, and a setter none until it is used: only who compares addresses and
    /// parameters finds them. All that was fetched of a node that lied is fetched again.
    async fn mend_what_totals_do_not_tell(&mut self, world: &World, first_block: u64) {
        if !self.equals_the_fold(world).await {
            self.met("not told by totals");
        }
        let cursors = database::cursors(&self.site().pool).await;
        let differs_at = cursors[&Lane::Capacity].0.max(first_block);
        let (derived, contract) = Default::default();
        let repair = Repair { lane: Lane::Capacity, first_block, differs_at, figure: "none", derived, contract };
        self.order(world, Verdict::Repair(repair)).await;
    }
}
