//! VVV balances and burns, from all VVV transfers.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::map::AddressHashMap;
use alloy_primitives::{Address, U256};

use crate::block::Block;
use crate::checked::{add, recount, sub};
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
    accounts: AddressHashMap<Account>,
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
        Self { contracts, accounts: AddressHashMap::default(), totals }
    }

    /// The totals after the last block applied.
    pub fn totals(&self) -> &SupplyTotals {
        &self.totals
    }

    /// How many accounts are loaded.
    pub fn accounts(&self) -> usize {
        self.accounts.len()
    }

    /// The accounts these blocks touch that are not loaded.
    pub fn unloaded<'a>(&self, blocks: impl IntoIterator<Item = &'a Block>) -> Vec<Address> {
        let unloaded: BTreeSet<Address> = blocks
            .into_iter()
            .flat_map(|block| transfers(&block.entries))
            .flat_map(|(_, transfer)| [transfer.from, transfer.to])
            .filter(|address| !self.accounts.contains_key(address))
            .collect();
        unloaded.into_iter().collect()
    }

    /// Gives an account as it is after the last block applied; zeros for one never seen.
    pub fn load(&mut self, address: Address, account: Account) {
        self.accounts.insert(address, account);
    }

    /// Applies the next block.
    ///
    /// # Errors
    /// [`Halt`], with the log that contradicts what is known.
    pub fn apply(&mut self, block: &Block) -> Result<SupplyChanges, Halt> {
        let totals_before = self.totals;
        let mut changes = SupplyChanges::default();
        let mut burners = BTreeMap::new();
        for transaction in block.transactions() {
            for (entry, transfer) in transfers(transaction) {
                let applied = self.apply_transfer(entry, transfer, &mut burners).map_err(|cause| Halt {
                    block_number: block.number,
                    tx_hash: entry.tx_hash,
                    log_index: entry.log_index,
                    cause: Box::new(cause),
                })?;
                changes.transfers.push(applied);
            }
            changes.anomalies.extend(witness::unwitnessed(transaction, &self.contracts, Scope::Vvv));
        }
        changes.totals = (self.totals != totals_before).then_some(self.totals);
        changes.burns = burners.into_iter().collect();
        Ok(changes)
    }

    fn apply_transfer(
        &mut self,
        entry: &Entry,
        transfer: &Transfer,
        burners: &mut BTreeMap<Address, Tally>,
    ) -> Result<AppliedTransfer, Cause> {
        let Transfer { from, to, amount } = *transfer;
        if amount > U256::ZERO {
            self.debit(from, amount)?;
            self.credit(to, amount)?;
        }
        if amount > U256::ZERO && to.is_zero() {
            burners.insert(from, self.burn(from, amount)?);
        }
        Ok(AppliedTransfer {
            log_index: entry.log_index,
            transfer: *transfer,
            sender_balance: if from.is_zero() { None } else { Some(self.account(from)?.balance) },
            recipient_balance: self.account(to)?.balance,
        })
    }

    /// A transfer from 0x0 is a mint: it adds to the supply and leaves what was burned where it is.
    fn debit(&mut self, from: Address, amount: U256) -> Result<(), Cause> {
        if from.is_zero() {
            return add(&mut self.totals.supply, amount, "VVV supply");
        }
        let account = self.account(from)?;
        sub(&mut account.balance, amount, "VVV balance", from)?;
        let holds = account.balance > U256::ZERO;
        recount(&mut self.totals.holders, true, holds);
        Ok(())
    }

    fn credit(&mut self, to: Address, amount: U256) -> Result<(), Cause> {
        let account = self.account(to)?;
        let held = account.balance > U256::ZERO;
        add(&mut account.balance, amount, "VVV balance")?;
        let balance = account.balance;
        if to.is_zero() {
            self.totals.burned = balance;
        } else {
            recount(&mut self.totals.holders, held, true);
        }
        Ok(())
    }

    fn burn(&mut self, from: Address, amount: U256) -> Result<Tally, Cause> {
        self.totals.burn_count += 1;
        let burned = &mut self.account(from)?.burned;
        add(&mut burned.amount, amount, "VVV burned")?;
        burned.count += 1;
        Ok(*burned)
    }

    fn account(&mut self, address: Address) -> Result<&mut Account, Cause> {
        self.accounts.get_mut(&address).ok_or(Cause::NotLoaded(address))
    }
}

fn transfers(entries: &[Entry]) -> impl Iterator<Item = (&Entry, &Transfer)> {
    entries.iter().filter_map(|entry| match &entry.event {
        Event::Vvv(Vvv::Transfer(transfer)) => Some((entry, transfer)),
        _ => None,
    })
}
