use super::block::Block;
use alloy_consensus::{SignableTransaction, TxEip1559, TxEnvelope, transaction::Recovered};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, Log, Signature, TxKind, U256, address, keccak256};
use alloy_rlp::{Encodable, encode_list};
use alloy_rpc_types_eth::Transaction as RpcTransaction;
use serde_json::{Value, json};

/// The type of the transaction an OP-stack block opens with.
pub(super) const DEPOSIT_TYPE: u8 = 0x7e;
const DEPOSITOR: Address = address!("0xdeaddeaddeaddeaddeaddeaddeaddeaddead0001");
const L1_BLOCK: Address = address!("0x4200000000000000000000000000000000000015");
const DEPOSIT_GAS: u64 = 1_000_000;

/// A transaction of a block.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) hash: B256,
    /// Type and content: what the transactions root is made of.
    pub(super) encoded: Vec<u8>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The attributes deposit, of a type only OP-stack clients know.
    Deposit { source_hash: B256 },
    /// What a user sent. The sender is made up: the signature is no key's.
    Call { envelope: Box<TxEnvelope>, from: Address, to: Address },
}

impl Transaction {
    /// The deposit that opens block `number`.
    pub(super) fn deposit(number: u64) -> Self {
        let source_hash = keccak256(number.to_be_bytes());
        let mut encoded = vec![DEPOSIT_TYPE];
        let fields: [&dyn Encodable; 8] =
            [&source_hash, &DEPOSITOR, &L1_BLOCK, &0_u8, &0_u8, &DEPOSIT_GAS, &false, &Bytes::new()];
        encode_list::<_, dyn Encodable>(&fields, &mut encoded);
        Self { hash: keccak256(&encoded), encoded, kind: Kind::Deposit { source_hash } }
    }

    /// The transaction that emits `logs`. Its hash depends on place and content alone, so a reorg that mines the same
    /// content at the same height keeps it, as a transaction included twice does.
    pub(super) fn call(chain_id: u64, number: u64, index: usize, logs: &[&Log]) -> Self {
        let mut input = Vec::new();
        for log in logs {
            log.encode(&mut input);
        }
        let digest = keccak256(input);
        let from = Address::from_word(keccak256(format!("{number}/{index}")));
        let to = logs.first().map_or(Address::ZERO, |log| log.address);
        let transaction = TxEip1559 {
            chain_id,
            nonce: number,
            gas_limit: 500_000,
            max_fee_per_gas: 10_000_000,
            max_priority_fee_per_gas: 1_000_000,
            to: TxKind::Call(to),
            input: digest.into(),
            ..TxEip1559::default()
        };
        let signature = Signature::new(U256::from_be_bytes(from.into_word().0), U256::from(1), false);
        let envelope = TxEnvelope::from(transaction.into_signed(signature));
        Self {
            hash: *envelope.tx_hash(),
            encoded: envelope.encoded_2718(),
            kind: Kind::Call { envelope: Box::new(envelope), from, to },
        }
    }

    /// The transaction's type.
    pub(super) fn kind_byte(&self) -> u8 {
        self.encoded[0]
    }

    /// Who sends to whom.
    pub(super) fn parties(&self) -> (Address, Address) {
        match &self.kind {
            Kind::Deposit { .. } => (DEPOSITOR, L1_BLOCK),
            Kind::Call { from, to, .. } => (*from, *to),
        }
    }

    /// The transaction as number `index` of `block`.
    pub(super) fn json(&self, index: usize, block: &Block) -> Value {
        match &self.kind {
            Kind::Deposit { source_hash } => self.deposit_json(*source_hash, block),
            Kind::Call { envelope, from, .. } => {
                let transaction = RpcTransaction {
                    inner: Recovered::new_unchecked(envelope.as_ref().clone(), *from),
                    block_hash: Some(block.hash),
                    block_number: Some(block.header.number),
                    transaction_index: u64::try_from(index).ok(),
                    effective_gas_price: Some(6_000_000),
                    block_timestamp: Some(block.header.timestamp),
                };
                json!(transaction)
            }
        }
    }

    fn deposit_json(&self, source_hash: B256, block: &Block) -> Value {
        json!({
            "type": format!("{DEPOSIT_TYPE:#x}"),
            "hash": self.hash,
            "sourceHash": source_hash,
            "from": DEPOSITOR,
            "to": L1_BLOCK,
            "mint": "0x0",
            "value": "0x0",
            "gas": format!("{DEPOSIT_GAS:#x}"),
            "gasPrice": "0x0",
            "isSystemTx": false,
            "input": "0x",
            "nonce": format!("{:#x}", block.header.number),
            "depositReceiptVersion": "0x1",
            "r": "0x0", "s": "0x0", "v": "0x0", "yParity": "0x0",
            "blockHash": block.hash,
            "blockNumber": format!("{:#x}", block.header.number),
            "transactionIndex": "0x0",
        })
    }
}
