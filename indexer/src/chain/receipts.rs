//! Logs proven by the receipts they are of: the header's receiptsRoot commits to every one of them.
//!
//! OP-stack receipts: a deposit (type 0x7e) has a nonce and a version besides. Nodes tell the nonce of older ones too,
//! which their root does not commit to: it does since the version that says so.

use std::collections::HashSet;

use alloy_consensus::proofs::ordered_trie_root_encoded;
use alloy_eips::eip2718::Encodable2718;
use alloy_network::{AnyReceiptEnvelope, AnyTransactionReceipt};
use alloy_primitives::{B256, Log as PrimitiveLog, U64};
use alloy_rlp::Encodable;
use op_alloy_consensus::OpDepositReceipt;

use super::{ChainError, Header, Log, LogQuery};

const DEPOSIT_TYPE: u8 = 0x7e;

/// The logs of a block that are asked for, from all receipts of the block.
///
/// The root commits to receipts and their order, so logs are counted here; hashes of transactions are the node's word.
///
/// # Errors
/// [`ChainError::Contradiction`] if the receipts are not those of the header.
pub fn logs(header: &Header, receipts: &[AnyTransactionReceipt], query: &LogQuery) -> Result<Vec<Log>, ChainError> {
    let contradiction =
        |what: &str| ChainError::Contradiction(format!("the receipts of block {} {what}", header.number));
    let encoded = receipts.iter().map(encode).collect::<Option<Vec<_>>>();
    let encoded = encoded.ok_or_else(|| contradiction("hold a deposit whose nonce or version is no number"))?;
    let root = ordered_trie_root_encoded(&encoded);
    if root != header.receipts_root {
        let expected = header.receipts_root;
        return Err(contradiction(&format!("have the root {root}, its header says {expected}")));
    }
    let hashes: HashSet<B256> = receipts.iter().map(|receipt| receipt.transaction_hash).collect();
    if hashes.len() != receipts.len() {
        return Err(contradiction("name one transaction twice"));
    }
    let transactions = (0_u32..).zip(receipts);
    let logs = transactions.flat_map(|(tx_index, receipt)| {
        receipt.inner.inner.logs().iter().map(move |log| (tx_index, receipt.transaction_hash, &log.inner))
    });
    let ours = (0_u32..).zip(logs).filter(|(_, (_, _, log))| is_asked_for(log, query));
    Ok(ours
        .map(|(log_index, (tx_index, tx_hash, log))| Log {
            block_number: header.number,
            block_hash: header.hash,
            block_timestamp: Some(header.timestamp),
            tx_hash,
            tx_index,
            log_index,
            address: log.address,
            topics: log.topics().to_vec(),
            data: log.data.data.clone(),
        })
        .collect())
}

fn is_asked_for(log: &PrimitiveLog, query: &LogQuery) -> bool {
    let topic = log.topics().first();
    query.addresses.contains(&log.address)
        && (query.topics.is_empty() || topic.is_some_and(|topic| query.topics.contains(topic)))
        && query.topic1.is_none_or(|topic1| log.topics().get(1) == Some(&topic1))
}

/// A receipt as the trie has it; `None` where a field of a deposit cannot be.
fn encode(receipt: &AnyTransactionReceipt) -> Option<Vec<u8>> {
    let envelope = &receipt.inner.inner;
    if envelope.r#type != DEPOSIT_TYPE {
        let inner = envelope.inner.clone().map_logs(|log| log.inner);
        return Some(AnyReceiptEnvelope { inner, r#type: envelope.r#type }.encoded_2718());
    }
    let number = |name: &str| match receipt.other.get(name) {
        None => Some(None),
        Some(value) if value.is_null() => Some(None),
        Some(value) => serde_json::from_value::<U64>(value.clone()).ok().map(|number| Some(number.to::<u64>())),
    };
    let deposit_receipt_version = number("depositReceiptVersion")?;
    let deposit = OpDepositReceipt {
        inner: envelope.inner.receipt.clone().map_logs(|log| log.inner),
        deposit_nonce: number("depositNonce")?.filter(|_| deposit_receipt_version.is_some()),
        deposit_receipt_version,
    };
    let mut encoded = vec![DEPOSIT_TYPE];
    deposit.with_bloom_unchecked(envelope.inner.logs_bloom).encode(&mut encoded);
    Some(encoded)
}
