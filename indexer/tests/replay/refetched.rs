//! Damage to what was had from the node, mended by the node.

use indexer::bars::Bars;
use indexer::replay::{ReplayError, refetch, replay};
use sqlx::PgPool;

use crate::damage;
use crate::world::{World, digests, furniture, inputs};

#[sqlx::test(migrations = false)]
async fn what_was_had_is_had_again(pool: PgPool) {
    let world = World::new(5, false).await;
    world.follow(&pool).await;
    let (whole, had, around) = (digests(&pool).await, inputs(&pool).await, furniture(&pool).await);
    damage::derived(&pool).await;
    damage::inputs(&pool).await;
    let writer = world.writer(&pool).await;
    for from in [0, 30] {
        refetch(world.chain(), &writer, &world.deployment, from, &Bars::default()).await.unwrap();
        assert_eq!(digests(&pool).await, whole, "from block {from}");
        assert_eq!(inputs(&pool).await, had, "from block {from}");
        assert_eq!(furniture(&pool).await, around);
    }
    drop(writer);
    world.node.chain(|chain| chain.mine_empty(5));
    world.follow(&pool).await;
}

#[sqlx::test(migrations = false)]
async fn a_log_without_its_block_is_not_guessed_about(pool: PgPool) {
    let world = World::new(5, false).await;
    world.follow(&pool).await;
    let whole = digests(&pool).await;
    sqlx::query("delete from block where number = (select block_number from log where block_number > 30 limit 1)")
        .execute(&pool)
        .await
        .unwrap();
    let writer = world.writer(&pool).await;
    let failed = replay(&writer, &world.deployment, 0, &Bars::default()).await.unwrap_err();
    assert!(failed.to_string().contains("--refetch"), "{failed}");
    assert_eq!(digests(&pool).await, whole, "what is served is as it was");
    refetch(world.chain(), &writer, &world.deployment, 0, &Bars::default()).await.unwrap();
    replay(&writer, &world.deployment, 0, &Bars::default()).await.unwrap();
    assert_eq!(digests(&pool).await, whole);
}

#[sqlx::test(migrations = false)]
async fn a_node_of_another_chain_is_refused(pool: PgPool) {
    let world = World::new(5, false).await;
    world.follow(&pool).await;
    let writer = world.writer(&pool).await;
    let stranger = World::new(6, false).await;
    let refused = refetch(stranger.chain(), &writer, &world.deployment, 0, &Bars::default()).await.unwrap_err();
    assert!(matches!(&refused, ReplayError::Missing(why) if why.contains("name another node")), "{refused}");
}
