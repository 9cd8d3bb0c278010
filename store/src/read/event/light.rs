//! Logs of the light contracts.

use alloy_primitives::Address;
use sqlx::{Postgres, QueryBuilder};

use super::EventFilter;

/// The kinds there are, each found by one descent. With them a list that is narrowed down is put together of lists that
/// an index has as they are: however rare a kind is, nothing that is not wanted is read.
const PAIRS: &str = "with recursive pair (contract, kind) as (
    (select contract, kind from event order by contract, kind limit 1)
    union all
    select next.contract, next.kind
      from pair cross join lateral (
            select contract, kind from event where (contract, kind) > (pair.contract, pair.kind)
             order by contract, kind limit 1) next)";

/// Where addresses are.
const SIDES: [&str; 2] = [" and account = ", " and counterparty = "];

/// The newest of the logs wanted. Mints of VVV are left out: they are among the transfers.
pub(super) fn query(filter: &EventFilter, up_to: u64) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("");
    match (filter.address, filter.contract.or(filter.kind)) {
        (None, None) => push_all(&mut query, filter, up_to),
        (None, Some(_)) => {
            query.push(PAIRS).push(", found as (");
            push_pairs(&mut query, filter, up_to, None);
            query.push(")");
        }
        // A branch for each side, so that each has its index; `union` takes once what names the address twice.
        (Some(address), _) => {
            query.push(PAIRS).push(", found as (");
            push_pairs(&mut query, filter, up_to, Some((SIDES[0], address)));
            query.push(" union ");
            push_pairs(&mut query, filter, up_to, Some((SIDES[1], address)));
            query.push(")");
        }
    }
    query.push(
        " select e.block_number, e.log_index, b.timestamp, l.tx_hash, e.contract, e.kind, e.account, e.counterparty,
                 e.amount, e.svvv_amount, e.direct
            from (select * from found order by block_number desc, log_index desc limit ",
    );
    query.push_bind(super::rows_at_most(filter.limit));
    query.push(
        ") newest
            join event e using (block_number, log_index)
            left join log l using (block_number, log_index)
            left join block b on b.number = e.block_number",
    );
    query
}

fn push_all(query: &mut QueryBuilder<Postgres>, filter: &EventFilter, up_to: u64) {
    query.push("with found as (select block_number, log_index from event where (contract, kind) <> ('vvv', 'mint')");
    filter.push_place(query, up_to);
    query.push(")");
}

fn push_pairs(
    query: &mut QueryBuilder<Postgres>,
    filter: &EventFilter,
    up_to: u64,
    named: Option<(&'static str, Address)>,
) {
    query.push(
        "select place.*
           from pair cross join lateral (
                select block_number, log_index from event where contract = pair.contract and kind = pair.kind",
    );
    if let Some((condition, address)) = named {
        query.push(condition).push_bind(address.to_vec());
    }
    filter.push_place(query, up_to);
    query.push(") place where (pair.contract, pair.kind) <> ('vvv', 'mint')");
    for (column, wanted) in [(" and pair.contract = ", filter.contract), (" and pair.kind = ", filter.kind)] {
        if let Some(wanted) = wanted {
            query.push(column).push_bind(wanted);
        }
    }
}
