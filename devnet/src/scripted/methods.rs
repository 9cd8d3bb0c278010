use super::{
    block::Block,
    chain::ScriptedChain,
    faults::Drawn,
    logs, receipt,
    rpc::{Call, RpcError},
    state::CallAnswer,
    view::View,
};
use alloy_eips::{BlockId, BlockNumberOrTag};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::{Block as RpcBlock, BlockTransactions, Header as RpcHeader};
use serde::Deserialize;
use serde_json::{Value, json};

/// What the node answers to `call` when it serves `chain` with the faults drawn for it.
pub(super) fn answer(chain: &ScriptedChain, call: &Call, drawn: &mut Drawn) -> Result<Value, RpcError> {
    let view = View::new(chain, drawn);
    drawn.refuse()?;
    match call.method.as_str() {
        "eth_chainId" => Ok(quantity(view.chain_id)),
        "net_version" => Ok(json!(view.chain_id.to_string())),
        "eth_blockNumber" => Ok(quantity(view.head)),
        "eth_getBlockByNumber" => {
            let number = view.number(call.required(0)?)?;
            block(view.block(number), call, drawn)
        }
        "eth_getBlockByHash" => block(view.block_by_hash(call.required(0)?), call, drawn),
        "eth_getBlockReceipts" => Ok(view.block_by_id(call.required(0)?)?.map_or(Value::Null, receipt::json_all)),
        "eth_getLogs" => logs::answer(&view, call, drawn),
        "eth_call" => contract_call(&view, call, drawn),
        "eth_getCode" => code(&view, call, drawn),
        "eth_getStorageAt" => storage(&view, call, drawn),
        method => Err(RpcError::no_method(method)),
    }
}

fn quantity(number: u64) -> Value {
    json!(format!("{number:#x}"))
}

fn block(block: Option<&Block>, call: &Call, drawn: &mut Drawn) -> Result<Value, RpcError> {
    let full = call.optional(1)?.unwrap_or(false);
    let Some(block) = block else { return Ok(Value::Null) };
    let Some(header) = drawn.distort_header(RpcHeader {
        hash: block.hash,
        inner: block.header.clone(),
        total_difficulty: None,
        size: Some(size(block)),
    }) else {
        return Ok(Value::Null);
    };
    let transactions = if full { full_transactions(block) } else { hashes(block) };
    Ok(json!(RpcBlock { header, uncles: Vec::new(), transactions, withdrawals: Some(Vec::new().into()) }))
}

/// A header as a subscriber gets it.
pub(super) fn header_json(block: &Block) -> Value {
    json!(RpcHeader { hash: block.hash, inner: block.header.clone(), total_difficulty: None, size: None })
}

fn size(block: &Block) -> U256 {
    let transactions: usize = block.transactions.iter().map(|transaction| transaction.encoded.len()).sum();
    U256::from(block.header.size() + transactions)
}

fn hashes(block: &Block) -> BlockTransactions<Value> {
    BlockTransactions::Hashes(block.transactions.iter().map(|transaction| transaction.hash).collect())
}

fn full_transactions(block: &Block) -> BlockTransactions<Value> {
    let numbered = (0..).zip(&block.transactions);
    BlockTransactions::Full(numbered.map(|(index, transaction)| transaction.json(index, block)).collect())
}

/// The part of a call's transaction that the script looks at.
#[derive(Deserialize)]
struct CallRequest {
    to: Option<Address>,
    /// Older clients call the input `data`.
    #[serde(alias = "data")]
    input: Option<Bytes>,
}

fn contract_call(view: &View<'_>, call: &Call, drawn: &Drawn) -> Result<Value, RpcError> {
    let request: CallRequest = call.required(0)?;
    let block = state_block(view, call.optional(1)?, drawn)?;
    let answer = view.chain.call(block, request.to.unwrap_or_default(), &request.input.unwrap_or_default());
    match answer {
        CallAnswer::Returned(data) => Ok(json!(data)),
        CallAnswer::Reverted(data) => Err(RpcError::reverted(json!(data))),
    }
}

fn code(view: &View<'_>, call: &Call, drawn: &Drawn) -> Result<Value, RpcError> {
    let address: Address = call.required(0)?;
    let block = state_block(view, call.optional(1)?, drawn)?;
    Ok(json!(view.chain.code(block, address)))
}

fn storage(view: &View<'_>, call: &Call, drawn: &Drawn) -> Result<Value, RpcError> {
    let (address, slot): (Address, U256) = (call.required(0)?, call.required(1)?);
    let block = state_block(view, call.optional(2)?, drawn)?;
    let value: B256 = view.chain.storage(block, address, slot);
    Ok(json!(value))
}

/// The block whose state is asked for, if the node has its state. A block that a reorg dropped has none.
fn state_block(view: &View<'_>, id: Option<BlockId>, drawn: &Drawn) -> Result<u64, RpcError> {
    let block = view.block_by_id(id.unwrap_or(BlockId::Number(BlockNumberOrTag::Latest)))?;
    let canonical = block.filter(|block| view.block(block.header.number).is_some_and(|own| own.hash == block.hash));
    let number = canonical.ok_or_else(|| RpcError::server("header not found"))?.header.number;
    drawn.refuse_state(number, view.head)?;
    Ok(number)
}
