//! The capacity table: what every address may use at one block, and the digest that tells two of them apart.

use std::collections::BTreeMap;

use alloy_primitives::{Address, B256, Keccak256, U256};

use crate::entitlement::{Entitlement, Policy, StakedDiem};

/// What counts of one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Whose.
    pub address: Address,
    /// sVVV balance, locked and unlocked together.
    pub svvv: U256,
    /// sVVV locked against minted DIEM.
    pub locked: U256,
    /// Staked DIEM.
    pub diem_staked: U256,
}

/// One address of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Whose.
    pub address: Address,
    /// sVVV balance.
    pub svvv: U256,
    /// sVVV locked against minted DIEM.
    pub locked: U256,
    /// Staked DIEM at the two moments.
    pub staked: StakedDiem,
    /// What follows from it.
    pub entitlement: Entitlement,
}

/// One row for each address whose sVVV, staked DIEM or allocation is not zero, ordered by address: of what is held now,
/// and of what was held when the epoch opened.
pub fn rows(now: &[Holding], opening: &[Holding], policy: &Policy) -> Vec<Row> {
    let mut holders: BTreeMap<Address, (U256, U256, StakedDiem)> = BTreeMap::new();
    for holding in now {
        let staked = StakedDiem { now: holding.diem_staked, epoch_open: U256::ZERO };
        holders.insert(holding.address, (holding.svvv, holding.locked, staked));
    }
    for holding in opening.iter().filter(|holding| !holding.diem_staked.is_zero()) {
        holders.entry(holding.address).or_default().2.epoch_open = holding.diem_staked;
    }
    let rows = holders.into_iter().map(|(address, (svvv, locked, staked))| Row {
        address,
        svvv,
        locked,
        staked,
        entitlement: policy.entitle(&staked),
    });
    rows.filter(Row::belongs).collect()
}

/// keccak256 over 84 bytes a row, in order: address, allocation, sVVV.
pub fn digest<'a>(rows: impl IntoIterator<Item = &'a Row>) -> B256 {
    let mut hasher = Keccak256::new();
    for row in rows {
        hasher.update(row.address);
        hasher.update(row.entitlement.allocation.to_be_bytes::<32>());
        hasher.update(row.svvv.to_be_bytes::<32>());
    }
    hasher.finalize()
}

impl Row {
    fn belongs(&self) -> bool {
        let amounts = [self.svvv, self.staked.now, self.entitlement.allocation];
        amounts.iter().any(|amount| !amount.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::keccak256;

    use super::*;
    use crate::entitlement::AllocationPolicy;

    fn holding(last_byte: u8, svvv: u64, diem_staked: u64) -> Holding {
        let mut address = Address::ZERO;
        address[19] = last_byte;
        Holding { address, svvv: U256::from(svvv), locked: U256::ZERO, diem_staked: U256::from(diem_staked) }
    }

    #[test]
    fn who_only_held_at_the_opening_belongs_if_the_policy_says_so() {
        let [now, opening] = [[holding(2, 5, 0), holding(1, 0, 3)], [holding(3, 0, 7), holding(4, 9, 0)]];
        let rows_of = |allocation| {
            let policy = Policy { allocation, minimum_diem: U256::from(3), pro_minimum_svvv: U256::ZERO };
            let rows = rows(&now, &opening, &policy);
            rows.iter().map(|row| (row.address[19], row.entitlement.allocation.to::<u64>())).collect::<Vec<_>>()
        };
        assert_eq!(rows_of(AllocationPolicy::Live), [(1, 3), (2, 0)]);
        assert_eq!(rows_of(AllocationPolicy::EpochOpen), [(1, 0), (2, 0), (3, 7)]);
    }

    #[test]
    fn the_digest_is_over_84_bytes_a_row() {
        let policy =
            Policy { allocation: AllocationPolicy::Live, minimum_diem: U256::from(3), pro_minimum_svvv: U256::ZERO };
        let rows = rows(&[holding(1, 6, 3), holding(2, 5, 2)], &[], &policy);
        let mut bytes = [0_u8; 168];
        (bytes[19], bytes[51], bytes[83]) = (1, 3, 6);
        (bytes[103], bytes[135], bytes[167]) = (2, 0, 5);
        assert_eq!(digest(&rows), keccak256(bytes));
        assert_eq!(digest([]), keccak256([]));
    }
}
