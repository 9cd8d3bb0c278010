//! uint256 through a real Postgres and back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use alloy_primitives::U256;
use sqlx::PgPool;
use store::amount::Amount;

/// Around every place where the format changes: digits of 10,000, powers of ten, words of 64 bits, both ends.
fn amounts() -> Vec<U256> {
    let powers = (0..78).map(|exponent| U256::from(10).pow(U256::from(exponent)));
    let words = (0..256).map(|bit| U256::ONE << bit);
    let mut amounts: Vec<U256> = powers
        .chain(words)
        .flat_map(|n| [n.wrapping_sub(U256::ONE), n, n.wrapping_add(U256::ONE)])
        .chain([U256::ZERO, U256::MAX, U256::from(10_000_u64 * 9_999), U256::from(99_990_000_u64)])
        .collect();
    amounts.sort_unstable();
    amounts.dedup();
    amounts
}

#[sqlx::test(migrations = false)]
async fn postgres_reads_what_we_write_and_writes_what_we_read(pool: PgPool) {
    let amounts = amounts();
    let sent: Vec<Amount> = amounts.iter().copied().map(Amount).collect();
    let (texts, back): (Vec<String>, Vec<Amount>) =
        sqlx::query_as("select array_agg(n::text), array_agg(n) from unnest($1::numeric[]) n")
            .bind(&sent)
            .fetch_one(&pool)
            .await
            .unwrap();
    let expected: Vec<String> = amounts.iter().map(ToString::to_string).collect();
    assert_eq!(texts, expected);
    assert_eq!(back, sent);
}

#[sqlx::test(migrations = false)]
async fn sums_that_postgres_makes_are_amounts(pool: PgPool) {
    let sum: Amount = sqlx::query_scalar("select sum(n)::numeric(78, 0) from unnest($1::numeric[]) n")
        .bind(vec![Amount(U256::MAX >> 1), Amount((U256::MAX >> 1) + U256::ONE)])
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!(sum.0, U256::MAX);
}

#[sqlx::test(migrations = false)]
async fn what_is_no_amount_is_refused(pool: PgPool) {
    for text in [
        "-1",
        "0.5",
        "10000.0001",
        "NaN",
        "Infinity",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
    ] {
        let read: Result<Amount, sqlx::Error> =
            sqlx::query_scalar("select $1::text::numeric").bind(text).fetch_one(&pool).await;
        assert!(read.is_err(), "{text} was read as {read:?}");
    }
}
