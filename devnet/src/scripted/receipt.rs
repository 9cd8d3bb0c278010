use super::{
    block::Block,
    bloom,
    transaction::{DEPOSIT_TYPE, Transaction},
};
use alloy_primitives::{Bloom, Log};
use alloy_rlp::{Encodable, encode_list};
use serde_json::{Value, json};

const GAS_PER_TRANSACTION: u64 = 60_000;
const DEPOSIT_RECEIPT_VERSION: u64 = 1;

/// The gas used up to and including transaction number `count - 1`.
pub(super) fn gas_used(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(GAS_PER_TRANSACTION)
}

/// The block's receipts, as its receipts root is made of them.
pub(super) fn encode_all(block: &Block) -> Vec<Vec<u8>> {
    (0..).zip(&block.transactions).map(|(index, transaction)| encode(block, index, transaction)).collect()
}

/// Every receipt of the block as `eth_getBlockReceipts` gives them.
pub(super) fn json_all(block: &Block) -> Value {
    (0..).zip(&block.transactions).map(|(index, transaction)| json_one(block, index, transaction)).collect()
}

fn encode(block: &Block, index: usize, transaction: &Transaction) -> Vec<u8> {
    let logs: Vec<Log> = block.logs_of(index).map(|log| log.inner.clone()).collect();
    let (gas, bloom) = (gas_used(index + 1), bloom_of(block, index));
    let mut fields: Vec<&dyn Encodable> = vec![&true, &gas, &bloom, &logs];
    if transaction.kind_byte() == DEPOSIT_TYPE {
        fields.extend([&block.header.number as &dyn Encodable, &DEPOSIT_RECEIPT_VERSION]);
    }
    let mut encoded = vec![transaction.kind_byte()];
    encode_list::<_, dyn Encodable>(&fields, &mut encoded);
    encoded
}

fn json_one(block: &Block, index: usize, transaction: &Transaction) -> Value {
    let (from, to) = transaction.parties();
    let mut receipt = json!({
        "type": format!("{:#x}", transaction.kind_byte()),
        "status": "0x1",
        "transactionHash": transaction.hash,
        "transactionIndex": format!("{index:#x}"),
        "blockHash": block.hash,
        "blockNumber": format!("{:#x}", block.header.number),
        "from": from,
        "to": to,
        "contractAddress": null,
        "cumulativeGasUsed": format!("{:#x}", gas_used(index + 1)),
        "gasUsed": format!("{GAS_PER_TRANSACTION:#x}"),
        "effectiveGasPrice": "0x5e73b0",
        "logs": block.logs_of(index).collect::<Vec<_>>(),
        "logsBloom": bloom_of(block, index),
        "l1Fee": "0x166f0341a",
        "l1GasPrice": "0x105a14c9",
        "l1GasUsed": "0xecc",
    });
    if transaction.kind_byte() == DEPOSIT_TYPE {
        receipt["depositNonce"] = json!(format!("{:#x}", block.header.number));
        receipt["depositReceiptVersion"] = json!(format!("{DEPOSIT_RECEIPT_VERSION:#x}"));
    }
    receipt
}

fn bloom_of(block: &Block, index: usize) -> Bloom {
    bloom::exact(block.logs_of(index).map(|log| &log.inner))
}
