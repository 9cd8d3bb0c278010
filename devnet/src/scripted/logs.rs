use super::{
    faults::Drawn,
    rpc::{Call, RpcError},
    view::View,
};
use alloy_eips::BlockNumberOrTag;
use alloy_rpc_types_eth::{Filter, FilterBlockOption, Log};
use serde_json::{Value, json};

/// The blocks a query for logs covers, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: u64,
    pub(super) to: u64,
}

impl Range {
    pub(super) fn len(self) -> u64 {
        (self.to - self.from).saturating_add(1)
    }
}

pub(super) fn answer(view: &View<'_>, call: &Call, drawn: &mut Drawn) -> Result<Value, RpcError> {
    let filter: Filter = call.required(0)?;
    let (range, logs) = match filter.block_option {
        FilterBlockOption::AtBlockHash(hash) => {
            let block = view.block_by_hash(hash).ok_or_else(|| RpcError::server("unknown block"))?;
            let number = block.header.number;
            (Range { from: number, to: number }, matching(&filter, &block.logs).collect())
        }
        FilterBlockOption::Range { from_block, to_block } => {
            let range = range(view, from_block, to_block, drawn)?;
            drawn.refuse_topics(&filter)?;
            (range, in_range(view, &filter, range, drawn)?)
        }
    };
    Ok(json!(drawn.distort_logs(range, logs)))
}

/// The range asked for. What lies above the head is cut off without a word, as geth does.
fn range(
    view: &View<'_>,
    from: Option<BlockNumberOrTag>,
    to: Option<BlockNumberOrTag>,
    drawn: &Drawn,
) -> Result<Range, RpcError> {
    let range = Range { from: view.number(from.unwrap_or_default())?, to: view.number(to.unwrap_or_default())? };
    if range.from > range.to {
        return Err(RpcError::invalid_params("invalid block range params"));
    }
    drawn.refuse_range(range, view.head)?;
    Ok(range)
}

fn in_range(view: &View<'_>, filter: &Filter, range: Range, drawn: &Drawn) -> Result<Vec<Log>, RpcError> {
    let first = range.from.max(view.chain.options().genesis_number);
    let blocks = (first..=range.to.min(view.head)).filter_map(|number| view.block(number));
    let logs: Vec<Log> = blocks.flat_map(|block| matching(filter, &block.logs)).collect();
    drawn.refuse_results(range, &logs)?;
    Ok(logs)
}

fn matching<'a>(filter: &'a Filter, logs: &'a [Log]) -> impl Iterator<Item = Log> + use<'a> {
    logs.iter().filter(|log| filter.matches(&log.inner)).cloned()
}
