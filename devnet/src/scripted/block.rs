use super::{bloom, options::ChainOptions, receipt, transaction::Transaction};
use alloy_consensus::{EMPTY_OMMER_ROOT_HASH, Header, proofs::ordered_trie_root_encoded};
use alloy_eips::eip7685::EMPTY_REQUESTS_HASH;
use alloy_primitives::{Address, B64, B256, Bytes, Log, U256, address, b256, bytes};
use alloy_rpc_types_eth::Log as RpcLog;
use alloy_sol_types::SolEvent;
use rand::{Rng, RngExt};

const BASE_FEE: u64 = 5_000_000;
const GAS_LIMIT: u64 = 400_000_000;
/// Where OP-stack chains credit the sequencer's fees.
const FEE_VAULT: Address = address!("0x4200000000000000000000000000000000000011");
/// On an OP-stack chain the withdrawals root is the storage root of the message passer, not of a list.
const MESSAGE_PASSER_ROOT: B256 = b256!("0x8ed4baae3a927be3dea54996b4d5899f8c01e7594bf50b17dc1e741388ce3d12");
/// Version 1: denominator, elasticity and minimum base fee.
const FEE_PARAMETERS: Bytes = bytes!("0x010000007d0000000600000000004c4b40");

/// A log to be mined, and the transaction of its block that emits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptedLog {
    /// Who says what.
    pub log: Log,
    /// Which of the block's transactions it belongs to, counted from 0 without the deposit every block opens with.
    pub transaction: usize,
}

impl ScriptedLog {
    /// `event`, emitted by `address` in the block's first transaction.
    pub fn event(address: Address, event: &impl SolEvent) -> Self {
        Log { address, data: event.encode_log_data() }.into()
    }

    /// The same log in another transaction of the block.
    pub fn in_transaction(self, transaction: usize) -> Self {
        Self { transaction, ..self }
    }
}

impl From<Log> for ScriptedLog {
    fn from(log: Log) -> Self {
        Self { log, transaction: 0 }
    }
}

/// A block's name and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlockRef {
    /// The block's number.
    pub number: u64,
    /// The block's hash.
    pub hash: B256,
    /// The hash of the block below.
    pub parent_hash: B256,
    /// The block's timestamp.
    pub timestamp: u64,
}

/// A mined block.
#[derive(Debug)]
pub struct Block {
    /// What the header hashes to.
    pub hash: B256,
    /// The header.
    pub header: Header,
    /// The logs, as `eth_getLogs` gives them.
    pub logs: Vec<RpcLog>,
    pub(super) transactions: Vec<Transaction>,
}

impl Block {
    /// The block's name and place.
    pub fn reference(&self) -> BlockRef {
        let Header { number, parent_hash, timestamp, .. } = self.header;
        BlockRef { number, hash: self.hash, parent_hash, timestamp }
    }

    /// The logs of one transaction, the deposit being number 0.
    pub(super) fn logs_of(&self, transaction: usize) -> impl Iterator<Item = &RpcLog> {
        let index = u64::try_from(transaction).ok();
        self.logs.iter().filter(move |log| log.transaction_index == index)
    }

    /// Mines `logs` on top of `parent`.
    pub(super) fn mine(parent: Place, mut logs: Vec<ScriptedLog>, options: &ChainOptions, rng: &mut impl Rng) -> Self {
        logs.sort_by_key(|log| log.transaction);
        let transactions = transactions(parent.number, &logs, options.chain_id);
        let mut block = Self { hash: B256::ZERO, header: header(&parent, rng), logs: Vec::new(), transactions };
        block.logs = logs.into_iter().zip(0..).map(|(log, index)| block.place(log, index)).collect();
        block.seal(options.bloom_noise_bits, rng);
        block
    }

    /// A log in this block, whose hash is not known yet.
    fn place(&self, ScriptedLog { log, transaction }: ScriptedLog, index: u64) -> RpcLog {
        RpcLog {
            inner: log,
            block_hash: None,
            block_number: Some(self.header.number),
            block_timestamp: Some(self.header.timestamp),
            transaction_hash: self.transactions.get(transaction + 1).map(|transaction| transaction.hash),
            transaction_index: u64::try_from(transaction + 1).ok(),
            log_index: Some(index),
            removed: false,
        }
    }

    /// Fills in what the header says about the content, and the hash.
    fn seal(&mut self, bloom_noise_bits: usize, rng: &mut impl Rng) {
        let encoded: Vec<_> = self.transactions.iter().map(|transaction| &transaction.encoded).collect();
        self.header.transactions_root = ordered_trie_root_encoded(&encoded);
        self.header.receipts_root = ordered_trie_root_encoded(&receipt::encode_all(self));
        self.header.gas_used = receipt::gas_used(self.transactions.len());
        self.header.logs_bloom =
            bloom::exact(self.logs.iter().map(|log| &log.inner)) | bloom::noise(bloom_noise_bits, rng);
        self.hash = self.header.hash_slow();
        for log in &mut self.logs {
            log.block_hash = Some(self.hash);
        }
    }
}

/// Where a block is to be mined.
pub(super) struct Place {
    pub(super) number: u64,
    pub(super) parent_hash: B256,
    pub(super) timestamp: u64,
}

/// The deposit every block opens with, and one transaction for each number up to the highest a log names.
fn transactions(number: u64, logs: &[ScriptedLog], chain_id: u64) -> Vec<Transaction> {
    let count = logs.last().map_or(0, |log| log.transaction + 1);
    let calls = (0..count).map(|index| {
        let own: Vec<_> = logs.iter().filter(|log| log.transaction == index).map(|log| &log.log).collect();
        Transaction::call(chain_id, number, index, &own)
    });
    std::iter::once(Transaction::deposit(number)).chain(calls).collect()
}

/// A header as Base's are since it has blobs, beacon roots and requests, without what depends on the content. The random
/// fields make it differ from any other header, so that a reorg with the same content has other hashes.
fn header(place: &Place, rng: &mut impl Rng) -> Header {
    Header {
        parent_hash: place.parent_hash,
        ommers_hash: EMPTY_OMMER_ROOT_HASH,
        beneficiary: FEE_VAULT,
        state_root: B256::from(rng.random::<[u8; 32]>()),
        difficulty: U256::ZERO,
        number: place.number,
        gas_limit: GAS_LIMIT,
        timestamp: place.timestamp,
        extra_data: FEE_PARAMETERS,
        mix_hash: B256::from(rng.random::<[u8; 32]>()),
        nonce: B64::ZERO,
        base_fee_per_gas: Some(BASE_FEE),
        withdrawals_root: Some(MESSAGE_PASSER_ROOT),
        blob_gas_used: Some(34_928),
        excess_blob_gas: Some(0),
        parent_beacon_block_root: Some(B256::from(rng.random::<[u8; 32]>())),
        requests_hash: Some(EMPTY_REQUESTS_HASH),
        ..Header::default()
    }
}
