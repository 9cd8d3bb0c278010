//! VVV balances and burns, from all VVV transfers.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::map::AddressHashMap;
use alloy_primitives::{Address, U256};

use crate::block::Block;
use crate::checked::{add, sub};
use crate::event::{Contracts, Entry, Event, Transfer, Vvv};
use crate::halt::{Anomaly, Cause, Halt};
use crate::totals::{SupplyTotals, Tally};
use crate::witness::{self, Scope};

/// The state after the last block applied, for the accounts that were loaded.
///
/// After an error the state is of no block: drop it and load anew.
#[derive(Clone, Debug)]
pub struct Supply {
    contracts: Contracts,
    /// Apart from what was burned, which few ever did: every transfer looks two of these up.
    balances: AddressHashMap<U256>,
    burned: AddressHashMap<Tally>,
    /// Whoever is not loaded never had any.
    is_whole: bool,
    totals: SupplyTotals,
}

/// What one address holds and has burned of VVV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// VVV balance.
    pub balance: U256,
    /// VVV it sent to 0x0.
    pub burned: Tally,
}

/// What a block changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupplyChanges {
    /// Every VVV transfer with the balances after it, in log order.
    pub transfers: Vec<AppliedTransfer>,
    /// The totals, where one differs.
    pub totals: Option<SupplyTotals>,
    /// Running totals of those who burned in this block.
    pub burns: Vec<(Address, Tally)>,
    /// What was not expected.
    pub anomalies: Vec<Anomaly>,
}

/// Both parties' balance after a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedTransfer {
    /// Its log.
    pub log_index: u32,
    /// What the log says.
    pub transfer: Transfer,
    /// `None` for 0x0, which a mint does not debit.
    pub sender_balance: Option<U256>,
    /// The recipient's; 0x0 has a balance of VVV, which is what was burned.
    pub recipient_balance: U256,
}

impl Supply {
    /// The state after a block, without accounts.
    pub fn new(contracts: Contracts, totals: SupplyTotals) -> Self {
        let (balances, burned) = (AddressHashMap::default(), AddressHashMap::default());
        Self { contracts, balances, burned, is_whole: false, totals }
    }

    /// The state after a block with every account that ever had VVV: any other is zero, and need not be loaded.
    pub fn whole(
        contracts: Contracts,
        totals: SupplyTotals,
        accounts: impl IntoIterator<Item = (Address, Account)>,
    ) -> Self {
        let mut supply = Self { is_whole: true, ..Self::new(contracts, totals) };
        accounts.into_iter().for_each(|(address, account)| supply.load(address, account));
        supply
    }

    /// Whether accounts that are not loaded are known to be zero.
    pub fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// From now on accounts have to be loaded, and may be dropped with the state.
    pub fn end_whole(&mut self) {
        self.is_whole = false;
    }

    /// The totals after the last block applied.
    pub fn totals(&self) -> &SupplyTotals {
        &self.totals
    }

    /// How many accounts are loaded.
    pub fn accounts(&self) -> usize {
        self.balances.len()
    }

    /// The accounts these blocks touch that are not loaded.
    pub fn unloaded<'a>(&self, blocks: impl IntoIterator<Item = &'a Block>) -> Vec<Address> {
        if self.is_whole {
            return Vec::new();
        }
        let unloaded: BTreeSet<Address> = blocks
            .into_iter()
            .flat_map(|block| transfers(&block.entries))
            .flat_map(|(_, transfer)| [transfer.from, transfer.to])
            .filter(|address| !self.balances.contains_key(address))
            .collect();
        unloaded.into_iter().collect()
    }

    /// Gives an account as it is after the last block applied; zeros for one never seen.
    pub fn load(&mut self, address: Address, account: Account) {
        self.balances.insert(address, account.balance);
        if account.burned != Tally::default() {
            self.burned.insert(address, account.burned);
        }
    }

    /// Applies the next block.
    ///
    /// # Errors
    /// [`Halt`], with the log that contradicts what is known.
    pub fn apply(&mut self, block: &Block) -> Result<SupplyChanges, Halt> {
        let totals_before = self.totals;
        let mut changes =
            SupplyChanges { transfers: Vec::with_capacity(block.entries.len()), ..SupplyChanges::default() };
        let mut step = Step::default();
        for transaction in block.transactions() {
            for (entry, transfer) in transfers(transaction) {
                let applied = self.apply_transfer(entry, transfer, &mut step).map_err(|cause| Halt {
                    block_number: block.number,
                    tx_hash: entry.tx_hash,
                    log_index: entry.log_index,
                    cause: Box::new(cause),
                })?;
                changes.transfers.push(applied);
            }
            changes.anomalies.extend(witness::unwitnessed(transaction, &self.contracts, Scope::Vvv));
        }
        self.recount_holders(step.crossings);
        changes.totals = (self.totals != totals_before).then_some(self.totals);
        changes.burns = step.burners.into_iter().collect();
        Ok(changes)
    }

    fn apply_transfer(
        &mut self,
        entry: &Entry,
        transfer: &Transfer,
        step: &mut Step,
    ) -> Result<AppliedTransfer, Cause> {
        let Transfer { from, to, amount } = *transfer;
        let after_debit = self.debit(from, amount, step)?;
        let recipient_balance = self.credit(to, amount, step)?;
        if amount > U256::ZERO && to.is_zero() {
            step.burners.insert(from, self.burn(from, amount)?);
        }
        let sender_balance = if from == to { after_debit.and(Some(recipient_balance)) } else { after_debit };
        Ok(AppliedTransfer { log_index: entry.log_index, transfer: *transfer, sender_balance, recipient_balance })
    }

    /// What is left. A transfer from 0x0 is a mint: it adds to the supply and leaves what was burned where it is.
    fn debit(&mut self, from: Address, amount: U256, step: &mut Step) -> Result<Option<U256>, Cause> {
        if from.is_zero() {
            add(&mut self.totals.supply, amount, "VVV supply")?;
            return Ok(None);
        }
        let balance = self.balance(from)?;
        sub(balance, amount, "VVV balance", from)?;
        let left = *balance;
        if left.is_zero() && !amount.is_zero() {
            step.crossings.push((from, Crossing::Left));
        }
        Ok(Some(left))
    }

    fn credit(&mut self, to: Address, amount: U256, step: &mut Step) -> Result<U256, Cause> {
        let balance = self.balance(to)?;
        let had_none = balance.is_zero();
        add(balance, amount, "VVV balance")?;
        let holds = *balance;
        if to.is_zero() {
            self.totals.burned = holds;
        } else if had_none && !amount.is_zero() {
            step.crossings.push((to, Crossing::Joined));
        }
        Ok(holds)
    }

    /// By the end of a block: an address that crossed and came back is where it was, and its crossings alternate.
    fn recount_holders(&mut self, mut crossings: Vec<(Address, Crossing)>) {
        crossings.sort_by_key(|(address, _)| *address);
        let totals = &mut self.totals;
        for of_one in crossings.chunk_by(|(a, _), (b, _)| a == b).filter(|of_one| of_one.len() % 2 == 1) {
            match of_one[0].1 {
                Crossing::Joined => {
                    totals.holders += 1;
                    totals.holders_joined += 1;
                }
                Crossing::Left => {
                    totals.holders -= 1;
                    totals.holders_left += 1;
                }
            }
        }
    }

    fn burn(&mut self, from: Address, amount: U256) -> Result<Tally, Cause> {
        self.totals.burn_count += 1;
        let burned = self.burned.entry(from).or_default();
        burned.count(amount, "VVV burned")?;
        Ok(*burned)
    }

    fn balance(&mut self, address: Address) -> Result<&mut U256, Cause> {
        if self.is_whole {
            return Ok(self.balances.entry(address).or_default());
        }
        self.balances.get_mut(&address).ok_or(Cause::NotLoaded(address))
    }
}

/// The block in hand.
#[derive(Default)]
struct Step {
    burners: BTreeMap<Address, Tally>,
    /// In the order they came. Most transfers are none, and leave no trace here.
    crossings: Vec<(Address, Crossing)>,
}

/// A balance that was zero or came to be.
#[derive(Clone, Copy)]
enum Crossing {
    Joined,
    Left,
}

fn transfers(entries: &[Entry]) -> impl Iterator<Item = (&Entry, &Transfer)> {
    entries.iter().filter_map(|entry| match &entry.event {
        Event::Vvv(Vvv::Transfer(transfer)) => Some((entry, transfer)),
        _ => None,
    })
}
