//! The leaderboards: order, ties, who is left out, and names.

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::service::Service;

/// 250 addresses with amounts that often tie, one of them labelled, and each of the contracts with more than anybody.
const CROWD: &str = "
    insert into position (address, block_number, svvv, locked, outstanding, svvv_cooling, diem_liquid, diem_staked,
                          diem_cooling, claimed)
    select decode(md5(n::text) || '00000000', 'hex'), 114, (n % 7) * 1e18::numeric, (case n % 7 when 0 then 0 else n % 3 end) * 1e16::numeric, 0, 0, 0,
           (n % 5) * 1e17::numeric, 0, 0
      from generate_series(1, 250) n
    union all
    select decode(address, 'hex'), 115, 1e30::numeric, 1e29::numeric, 0, 0, 0, 1e30::numeric, 0, 0
      from unnest(array['acfe6019ed1a7dc6f7b508c02d1b04ec88cc21bf', '321b7ff75154472b18edb199033ff4d116f340ff',
                        'f4d97f2da56e8c3098f3a8d538db630a2606a024', '8888888888888888888888888888888888888888']) address";

async fn run(service: &Service, order: &str, limit: usize) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = service.get(&format!("/v1/stakers?order={order}&limit={limit}{cursor}")).await.ok();
        rows.extend(page["items"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn the_most_first_and_ties_by_address(pool: PgPool) {
    let service = Service::of_chain(pool).await;
    service.execute(CROWD).await;
    // Of 250 numbers every 7th has no sVVV, every 5th no DIEM, and of those with sVVV every 3rd no lock; beside the crowd stand the labelled one and the fixture's.
    for (order, member, count) in
        [("svvv", "svvv", 215 + 1 + 3), ("diem_staked", "diem_staked", 200 + 1 + 3), ("locked", "locked", 143 + 1 + 1)]
    {
        let rows = run(&service, order, 17).await;
        assert_eq!(rows.len(), count, "{order}");
        assert_eq!(service.get(&format!("/v1/stakers?order={order}")).await.ok()["count"], count);
        let keys: Vec<(u128, String)> = rows
            .iter()
            .map(|row| {
                (row[member].as_str().unwrap().parse().unwrap(), row["address"].as_str().unwrap().to_lowercase())
            })
            .collect();
        assert!(keys.iter().all(|(amount, _)| *amount > 0), "{order}");
        let is_in_order = |a: &(u128, String), b: &(u128, String)| a.0 > b.0 || (a.0 == b.0 && a.1 < b.1);
        assert!(keys.windows(2).all(|pair| is_in_order(&pair[0], &pair[1])), "{order}");
        let first = &rows[0];
        assert_eq!(first["address"], "0x8888888888888888888888888888888888888888", "{order}: not a contract");
        assert_eq!((&first["label"], &first["kind"]), (&json!("Vesting"), &json!("custody")));
        assert_eq!(rows[1]["label"], json!(null));
    }
}
