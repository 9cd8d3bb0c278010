//! What follows from all VVV transfers: balances and burns.
//!
//! This lane comes second: what is stored of its blocks already, headers and light logs, must agree with it.

use std::collections::{BTreeMap, BTreeSet};

use ledger::block::Block;
use ledger::event::{Contract, Event, Vvv};
use ledger::supply::Supply;
use store::StoreError;
use store::append::{StoredBlock, StoredHeader};
use store::deployment::Deployment;
use store::load::LightWord;
use store::writer::Writer;

use super::{ACCOUNTS_MAX, LaneState, Scene, Stretch};
use crate::chain::ChainError;
use crate::decode::{Decoder, VVV_TRANSFER};
use crate::follower::StepError;
use crate::source::{BlockRef, FetchedBlock, FetchedHeader, Lane, Source};

/// The ledger's state of supply as of the last block applied.
#[derive(Debug)]
pub struct SupplyState {
    supply: Supply,
    decoder: Decoder,
    cursor: Option<BlockRef>,
}

impl LaneState for SupplyState {
    const LANE: Lane = Lane::Supply;

    /// Totals; accounts follow as they are touched. All of them at once where the indexes to look single ones up by are
    /// still to be built.
    async fn load(writer: &Writer, deployment: &Deployment) -> Result<Self, StoreError> {
        let contracts = deployment.ledger_contracts();
        let totals = writer.network_state().await?.supply;
        let supply = match writer.has_account_indexes().await? {
            true => Supply::new(contracts, totals),
            false => Supply::whole(contracts, totals, writer.all_accounts().await?),
        };
        let cursor = writer.cursors().await?.supply;
        Ok(Self { supply, decoder: Decoder::new(contracts, Vec::new(), None), cursor })
    }

    fn cursor(&self) -> Option<BlockRef> {
        self.cursor
    }

    fn set_cursor(&mut self, cursor: BlockRef) {
        self.cursor = Some(cursor);
    }

    fn is_too_large(&self) -> bool {
        !self.supply.is_whole() && self.supply.accounts() >= ACCOUNTS_MAX
    }

    async fn decode<S: Source>(
        &mut self,
        scene: &Scene<S>,
        blocks: Vec<FetchedBlock>,
        Stretch { from, to, .. }: Stretch,
    ) -> Result<Vec<StoredBlock>, StepError> {
        let (known, word) = futures::try_join!(scene.writer.headers(from, to), scene.writer.light_word(from, to))?;
        self.decode_with(blocks, &known, word)
    }

    async fn apply<S: Source>(
        &mut self,
        scene: &Scene<S>,
        blocks: &mut [StoredBlock],
        _stretch: Stretch,
    ) -> Result<(), StepError> {
        self.load_accounts(&scene.writer, blocks).await?;
        for stored in blocks {
            let applied = self.supply.apply(&stored.block);
            stored.supply = applied.map_err(|halt| StepError::refused(&halt, &scene.deployment))?;
        }
        Ok(())
    }
}

impl SupplyState {
    /// Whether accounts that are not in memory are known to be zero, because they cannot be looked up.
    pub fn holds_all(&self) -> bool {
        self.supply.is_whole()
    }

    /// From now on accounts can be looked up.
    pub fn account_indexes_built(&mut self) {
        self.supply.end_whole();
    }

    async fn load_accounts(&mut self, writer: &Writer, blocks: &[StoredBlock]) -> Result<(), StoreError> {
        let missing = self.supply.unloaded(blocks.iter().map(|stored| &stored.block));
        if !missing.is_empty() {
            let accounts = writer.accounts(&missing).await?;
            accounts.into_iter().for_each(|(address, account)| self.supply.load(address, account));
        }
        Ok(())
    }

    /// Decodes, and adds what the light logs say was paid in VVV, which the transfers are held against.
    fn decode_with(
        &mut self,
        blocks: Vec<FetchedBlock>,
        known: &BTreeMap<u64, StoredHeader>,
        word: LightWord,
    ) -> Result<Vec<StoredBlock>, StepError> {
        let mut decoded: Vec<StoredBlock> = Vec::with_capacity(blocks.len());
        for FetchedBlock { header, logs } in blocks {
            let mut stored = begin(agreed(&header, known.get(&header.number))?, known);
            stored.block.entries.reserve_exact(logs.len());
            for log in logs.iter().filter(|log| log.topics.first() == Some(&VVV_TRANSFER)) {
                if self.decoder.contract(log) == Some(Contract::Vvv) {
                    stored.block.entries.push(self.decoder.decode(Contract::Vvv, log)?);
                }
            }
            decoded.push(stored);
        }
        hold_mints(decoded.iter(), &word.mints)?;
        for (number, payout) in word.payouts {
            let at = decoded.partition_point(|stored| stored.header.number < number);
            if decoded.get(at).is_none_or(|stored| stored.header.number != number) {
                let header = known.get(&number).copied();
                let header =
                    header.ok_or_else(|| StoreError::Corrupt(format!("a log of block {number}, but no header")))?;
                decoded.insert(at, begin(header, known));
            }
            let entries = &mut decoded[at].block.entries;
            let place = entries.partition_point(|entry| entry.log_index < payout.log_index);
            entries.insert(place, payout);
        }
        Ok(decoded)
    }
}

fn begin(header: StoredHeader, known: &BTreeMap<u64, StoredHeader>) -> StoredBlock {
    StoredBlock {
        header,
        is_known: known.contains_key(&header.number),
        logs: Vec::new(),
        block: Block { number: header.number, timestamp: header.timestamp, ..Block::default() },
        capacity: Default::default(),
        supply: Default::default(),
    }
}

/// The header as it is stored, which what was fetched must not contradict, or else as it was fetched.
fn agreed(fetched: &FetchedHeader, known: Option<&StoredHeader>) -> Result<StoredHeader, ChainError> {
    let FetchedHeader { number, hash, parent_hash, timestamp } = *fetched;
    match known {
        Some(known) if known.hash != hash => Err(ChainError::Contradiction(format!(
            "block {number} was {}, and is {hash} where VVV's transfers are asked for",
            known.hash
        ))),
        Some(known) if timestamp.is_some_and(|timestamp| timestamp != known.timestamp) => {
            Err(ChainError::Contradiction(format!("block {number} has another time than it had")))
        }
        Some(known) => Ok(*known),
        None => {
            let timestamp = timestamp.ok_or_else(|| {
                ChainError::Contradiction(format!("VVV moved in block {number}, of which no header is stored"))
            })?;
            Ok(StoredHeader { number, hash, parent_hash, timestamp })
        }
    }
}

/// Mints were asked for twice, and are either among both answers or among none.
fn hold_mints<'a>(blocks: impl Iterator<Item = &'a StoredBlock>, light: &[(u64, u32)]) -> Result<(), ChainError> {
    let mints = blocks.flat_map(|stored| {
        let mints = stored
            .block
            .entries
            .iter()
            .filter(|entry| matches!(&entry.event, Event::Vvv(Vvv::Transfer(transfer)) if transfer.from.is_zero()));
        mints.map(|entry| (stored.header.number, entry.log_index))
    });
    let (fetched, light): (BTreeSet<(u64, u32)>, BTreeSet<_>) = (mints.collect(), light.iter().copied().collect());
    match fetched.symmetric_difference(&light).next() {
        Some((number, log_index)) => Err(ChainError::Contradiction(format!(
            "block {number}, log {log_index}: a mint of VVV is in one of the node's answers and not in the other"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, U256};
    use ledger::event::{Entry, Transfer};

    use super::*;

    const STORED: StoredHeader =
        StoredHeader { number: 7, hash: B256::repeat_byte(1), parent_hash: None, timestamp: 14 };

    fn fetched(hash: u8, timestamp: Option<u64>) -> FetchedHeader {
        FetchedHeader { number: 7, hash: B256::repeat_byte(hash), parent_hash: None, timestamp }
    }

    #[test]
    fn a_block_is_the_one_that_is_stored() {
        assert_eq!(agreed(&fetched(1, None), Some(&STORED)).unwrap(), STORED);
        assert_eq!(agreed(&fetched(1, Some(14)), Some(&STORED)).unwrap(), STORED);
        assert_eq!(agreed(&fetched(1, Some(14)), None).unwrap(), STORED);
        for (header, known) in
            [(fetched(2, Some(14)), Some(&STORED)), (fetched(1, Some(15)), Some(&STORED)), (fetched(1, None), None)]
        {
            let error = agreed(&header, known).unwrap_err();
            assert!(matches!(&error, ChainError::Contradiction(why) if why.contains("block 7")), "{error}");
        }
    }

    #[test]
    fn mints_are_in_both_answers_or_in_none() {
        let moved = |log_index, from| Entry {
            log_index,
            tx_index: 0,
            tx_hash: B256::ZERO,
            event: Event::Vvv(Vvv::Transfer(Transfer { from, to: Address::repeat_byte(9), amount: U256::ONE })),
        };
        let mut block = begin(STORED, &BTreeMap::new());
        block.block.entries = vec![moved(3, Address::ZERO), moved(4, Address::repeat_byte(8))];
        let held = |light: &[(u64, u32)]| hold_mints(std::iter::once(&block), light);
        assert!(held(&[(7, 3)]).is_ok());
        for (light, missing) in [(vec![], "block 7, log 3:"), (vec![(7, 3), (8, 0)], "block 8, log 0:")] {
            let error = held(&light).unwrap_err();
            assert!(matches!(&error, ChainError::Contradiction(why) if why.starts_with(missing)), "{error}");
        }
    }
}
