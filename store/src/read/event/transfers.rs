//! Transfers of VVV, as events.

use alloy_primitives::Address;
use sqlx::{Postgres, QueryBuilder};

use super::EventFilter;

/// Where addresses are.
const SIDES: [&str; 2] = [" and sender = ", " and recipient = "];

/// A transfer under the names of the columns of an event, to follow a list of some of them named `t`.
pub(super) const AS_EVENT: &str =
    "select t.block_number, t.log_index, b.timestamp, t.tx_hash, 'vvv' as contract, 'transfer' as kind,
            t.sender as account, t.recipient as counterparty, t.amount, null::numeric as svvv_amount, false as direct";

/// The newest of the transfers wanted. Contract and kind are not asked about: there is but one of each.
pub(super) fn query(filter: &EventFilter, up_to: u64) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new(AS_EVENT);
    query.push(" from (select * from (");
    match filter.address {
        None => push(&mut query, filter, up_to, None),
        // A branch for each side, so that each has its index; `union` takes once what names the address twice.
        Some(address) => {
            push(&mut query, filter, up_to, Some((SIDES[0], address)));
            query.push(" union ");
            push(&mut query, filter, up_to, Some((SIDES[1], address)));
        }
    }
    query.push(") found order by block_number desc, log_index desc limit ");
    query.push_bind(super::rows_at_most(filter.limit));
    query.push(") t left join block b on b.number = t.block_number");
    query
}

fn push(query: &mut QueryBuilder<Postgres>, filter: &EventFilter, up_to: u64, named: Option<(&'static str, Address)>) {
    query.push("(select block_number, log_index, tx_hash, sender, recipient, amount from vvv_transfer where true");
    if let Some((condition, address)) = named {
        query.push(condition).push_bind(address.to_vec());
    }
    filter.push_place(query, up_to);
    query.push(")");
}
