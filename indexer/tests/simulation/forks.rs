//! Blocks are appended and undone again, at random depths: the database is then, byte for byte, what it was before.

use rand::RngExt;
use store::read::digest;
use store::rewind::Rewind;
use store::writer::Writer;

use crate::coverage::Coverage;
use crate::database;
use crate::site::Site;
use crate::subject::Subject;
use crate::world::{FINALIZED_DEPTH, World};

const SEEDS: u64 = 4;
const FORKS: usize = 6;
const COMMON_BLOCKS: u64 = 12;

#[tokio::test]
async fn forks_that_are_undone_leave_no_trace() {
    let (site, coverage) = (Site::new(format!("forks_{}", std::process::id())).await, Coverage::default());
    for seed in 1_000..1_000 + SEEDS {
        let mut world = World::new(seed, false).await;
        (0..COMMON_BLOCKS).for_each(|_| world.mine_traffic());
        let mut subject = Subject::new(&site, &coverage);
        for _ in 0..FORKS {
            subject.level(&mut world).await;
            fork_and_undo(&mut world, &mut subject, &site).await;
        }
        subject.level(&mut world).await;
        database::totals_are_sums(&site.pool).await;
        drop(subject);
        site.clear().await;
    }
    site.remove().await;
}

async fn fork_and_undo(world: &mut World, subject: &mut Subject<'_>, site: &Site) {
    let ancestor = world.node.chain(|chain| chain.head());
    let before = (database::contents(&site.pool).await, digests(site).await);
    let depth = world.rng.random_range(1..FINALIZED_DEPTH);
    (1..depth).for_each(|_| world.mine_traffic());
    world.mine_of_every_kind();
    subject.settle(world).await;
    assert_ne!(digests(site).await, before.1, "the fork left rows");

    subject.crash();
    let from = world.node.chain(|chain| chain.head());
    let writer = Writer::open(site.options.clone()).await.unwrap();
    let rewind = Rewind {
        from_number: from.number,
        from_hash: from.hash,
        ancestor_number: ancestor.number,
        ancestor_hash: ancestor.hash,
    };
    writer.rewind_to(&rewind).await.unwrap();
    drop(writer);
    assert_eq!((database::contents(&site.pool).await, digests(site).await), before, "{depth} blocks undone");
    world.node.chain(|chain| chain.reorg(depth));
}

async fn digests(site: &Site) -> Vec<digest::TableDigest> {
    digest::derived(&mut site.database.begin().await.unwrap()).await.unwrap()
}
