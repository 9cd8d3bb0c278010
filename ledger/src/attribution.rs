//! Who minted or burned DIEM.
//!
//! `DiemMinted` and `DiemBurned` name no user. The DIEM transfer from (to) 0x0 of equal amount in the same transaction
//! does: the nearest earlier unused one, else the nearest later. Never `tx.from`, which is wrong for Safes, vaults and
//! smart accounts.

use std::collections::{HashMap, HashSet};

use alloy_primitives::{Address, U256};

use crate::event::{Diem, DiemSwap, Entry, Event, Staking, Transfer};
use crate::halt::Cause;

/// The users of one transaction's mints and burns of DIEM, and which transfers are spoken for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Attribution {
    users: HashMap<u32, Address>,
    partnered: HashSet<u32>,
}

impl Attribution {
    /// For whom the `DiemMinted` or `DiemBurned` at this log index was.
    pub fn user(&self, log_index: u32) -> Option<Address> {
        self.users.get(&log_index).copied()
    }

    /// For whom each of them was, by the log index of its event.
    pub fn users(&self) -> impl Iterator<Item = (u32, Address)> {
        self.users.iter().map(|(log_index, user)| (*log_index, *user))
    }

    /// Whether the DIEM transfer at this log index belongs to such an event; if not, it is a direct mint or burn.
    pub fn is_partnered(&self, log_index: u32) -> bool {
        self.partnered.contains(&log_index)
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Minted,
    Burned,
}

/// Finds the users of one transaction's mints and burns.
///
/// # Errors
/// The log index of an event without a partner, and why.
pub fn attribute(transaction: &[Entry]) -> Result<Attribution, (u32, Cause)> {
    let mut attribution = Attribution::default();
    for (at, entry) in transaction.iter().enumerate() {
        let Some((direction, amount)) = swap_of(&entry.event) else { continue };
        let candidate = |other: &&Entry| {
            !attribution.partnered.contains(&other.log_index)
                && counterpart_of(&other.event).is_some_and(|(d, _, a)| d == direction && a == amount)
        };
        let partner = transaction[..at].iter().rev().find(candidate);
        let partner = partner.or_else(|| transaction[at + 1..].iter().find(candidate));
        let (log_index, user) = partner
            .and_then(|partner| Some((partner.log_index, counterpart_of(&partner.event)?.1)))
            .ok_or_else(|| (entry.log_index, Cause::NoPartner { action: direction.verb(), amount }))?;
        attribution.partnered.insert(log_index);
        attribution.users.insert(entry.log_index, user);
    }
    Ok(attribution)
}

impl Direction {
    fn verb(self) -> &'static str {
        match self {
            Self::Minted => "minted",
            Self::Burned => "burned",
        }
    }
}

fn swap_of(event: &Event) -> Option<(Direction, U256)> {
    match event {
        Event::Staking(Staking::DiemMinted(DiemSwap { diem, .. })) => Some((Direction::Minted, *diem)),
        Event::Staking(Staking::DiemBurned(DiemSwap { diem, .. })) => Some((Direction::Burned, *diem)),
        _ => None,
    }
}

fn counterpart_of(event: &Event) -> Option<(Direction, Address, U256)> {
    match event {
        Event::Diem(Diem::Transfer(Transfer { from, to, amount })) if from.is_zero() => {
            Some((Direction::Minted, *to, *amount))
        }
        Event::Diem(Diem::Transfer(Transfer { from, to, amount })) if to.is_zero() => {
            Some((Direction::Burned, *from, *amount))
        }
        _ => None,
    }
}
