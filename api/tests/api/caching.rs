//! Tags: equal as long as the answer is.

use sqlx::PgPool;

use crate::service::{ALICE, Service};

#[sqlx::test(migrations = "../migrations")]
async fn an_unchanged_answer_is_not_sent_again(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    for target in [
        "/v1/supply",
        "/v1/capacity?limit=2",
        "/v1/burns",
        "/v1/staking",
        "/v1/diem",
        "/v1/stakers?limit=2",
        "/v1/events?limit=2",
        "/v1/burns/events",
        &format!("/v1/accounts/{ALICE}"),
        &format!("/v1/accounts/{ALICE}/events"),
        "/v1/epochs",
        "/v1/epochs/2026-11-19",
        "/v1/cooldowns",
        "/v1/parameters",
        "/v1/parameters/history?limit=3",
        "/v1/emissions",
        "/v1/diem/curve",
        "/v1/diem/quote?svvv=1",
        &format!("/v1/entitlements/{ALICE}"),
    ] {
        let first = service.get(target).await;
        first.ok();
        let tag = first.header("etag").to_owned();
        assert!(tag.starts_with("W/\""), "{tag}");
        for held in [tag.clone(), tag.trim_start_matches("W/").to_owned(), format!("\"other\", {tag}"), "*".into()] {
            let again = service.get_with(target, "if-none-match", &held).await;
            assert_eq!((again.status.as_u16(), again.text.as_str()), (304, ""), "{target} {held}");
            assert_eq!(again.header("etag"), tag);
            assert_eq!(again.header("x-capacity-block"), "130");
        }
        assert_eq!(service.get_with(target, "if-none-match", "W/\"other\"").await.status, 200);
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_tag_names_block_query_finality_deployment_and_derivation(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let mut tags = Vec::new();
    for target in
        ["/v1/supply", "/v1/supply?units=token", "/v1/supply?block=130", "/v1/supply?block=129", "/v1/staking"]
    {
        tags.push(service.get(target).await.header("etag").to_owned());
    }
    for change in [
        "update follower set safe_number = 130",
        "update follower set halted = 'why'",
        "update deployment set digest = decode(repeat('aa', 32), 'hex')",
        "update derivation set history = gen_random_uuid()",
        "update block set hash = decode(repeat('31', 32), 'hex') where number = 130; update cursor set block_hash = null",
    ] {
        service.execute(change).await;
        tags.push(service.get("/v1/supply").await.header("etag").to_owned());
    }
    let count = tags.len();
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags.len(), count, "each is another answer");
}

#[sqlx::test(migrations = "../migrations")]
async fn an_entitlement_alone_changes_only_with_its_owner(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let target = format!("/v1/entitlements/{ALICE}?fields=entitlement");
    let first = service.get(&target).await;
    assert!(first.ok()["stake"].get("total_svvv").is_none());
    let tag = first.header("etag").to_owned();
    service
        .execute(
            "insert into block values (131, decode(repeat('31', 32), 'hex'), null, 1795132822);
             update cursor set block_number = 131, block_hash = decode(repeat('31', 32), 'hex');
             insert into position values (decode(repeat('ff', 20), 'hex'), 131, 1, 0, 0, 0, null, 0, 0, 0, null, 0)",
        )
        .await;
    let again = service.get_with(&target, "if-none-match", &tag).await;
    assert_eq!(again.status, 304, "somebody else staked");
    assert_eq!(again.header("x-capacity-block"), "131");
    service
        .execute(
            "insert into position values (decode(lpad('a1', 40, '0'), 'hex'), 131, 1, 0, 0, 0, null, 0, 0, 0, null, 0)",
        )
        .await;
    assert_eq!(service.get_with(&target, "if-none-match", &tag).await.status, 200);
}

#[sqlx::test(migrations = "../migrations")]
async fn answers_are_compressed_for_who_asks(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    let reply = service.get_with("/v1/capacity", "accept-encoding", "gzip").await;
    assert_eq!(reply.header("content-encoding"), "gzip");
    assert!(reply.header("vary").contains("accept-encoding"));
}
