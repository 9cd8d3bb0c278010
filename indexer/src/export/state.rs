//! The capacity table, what is needed to go on from a block, and the supply of VVV.

use ledger::mint::Minted;
use ledger::position::Position;
use ledger::table::Row;
use ledger::totals::{CapacityTotals, SupplyTotals, Tally};
use store::read::export::{history, inputs, state};
use store::read::{parameter, seen, table};

use super::sink::Sink;
use super::{Cut, ExportError};
use crate::files::record::{
    Amount, BalanceRecord, BlockRecord, BurnRecord, CapacityRecord, CapacityTotalsRecord, MintRecord, ParameterRecord,
    PositionRecord, SupplyRecord, Words,
};

/// Addresses looked up at once.
const ADDRESSES: usize = 1_000;

pub(super) async fn capacity(cut: &mut Cut, sink: &mut Sink) -> Result<(), ExportError> {
    let number = cut.heading.block_number;
    let timestamp = cut.heading.block_timestamp.ok_or_else(|| {
        ExportError::Usage(format!("the time of block {number} is not known, and so not its epoch: name another block"))
    })?;
    for row in table::capacity(&mut cut.reading, &cut.deployment, &cut.progress, number, timestamp).await? {
        sink.put(&capacity_record(&row))?;
    }
    Ok(())
}

/// Totals after every block that changed them, then burns by sender.
pub(super) async fn supply(cut: &mut Cut, sink: &mut Sink) -> Result<(), ExportError> {
    let number = cut.heading.block_number;
    let mut from = cut.heading.from_block;
    loop {
        let page = history::supply(&mut cut.reading, from, number).await?;
        let Some(last) = page.last() else { break };
        from = last.block_number + 1;
        for at in &page {
            let timestamp = at.timestamp.or_else(|| cut.deployment.clock?.timestamp(at.block_number));
            sink.put(&supply_record(at.block_number, timestamp, &at.totals))?;
        }
    }
    burns(cut, sink).await
}

async fn burns(cut: &mut Cut, sink: &mut Sink) -> Result<(), ExportError> {
    for (sender, state::Since { block_number, value }) in
        state::burns(&mut cut.reading, cut.heading.block_number).await?
    {
        let Tally { amount, count } = value;
        sink.put(&BurnRecord { sender, block_number, amount: Amount(amount), count })?;
    }
    Ok(())
}

async fn mints(cut: &mut Cut, sink: &mut Sink) -> Result<(), ExportError> {
    for (recipient, state::Since { block_number, value }) in
        state::mints(&mut cut.reading, cut.heading.block_number).await?
    {
        let Minted { genesis, emitted, undated } = value;
        sink.put(&MintRecord {
            recipient,
            block_number,
            genesis_amount: Amount(genesis.amount),
            genesis_count: genesis.count,
            amount: Amount(emitted.amount),
            count: emitted.count,
            undated_amount: Amount(undated.amount),
            undated_count: undated.count,
        })?;
    }
    Ok(())
}

/// State after the epoch's opening block, and after the block itself where it differs: the table of the running epoch
/// needs both.
pub(super) async fn positions(cut: &mut Cut, sink: &mut Sink) -> Result<(), ExportError> {
    let (opening, number) = (cut.heading.opening_block, cut.heading.block_number);
    for at in [opening, Some(number)].into_iter().flatten() {
        for header in inputs::headers(&mut cut.reading, at, at).await? {
            let (block_number, block_hash, parent_hash) = (header.number, header.hash, header.parent_hash);
            let timestamp = header.timestamp;
            sink.put(&BlockRecord { block_number, block_hash, parent_hash, timestamp, chain_id: None })?;
        }
    }
    for (after, at) in [(None, opening), (opening, Some(number))] {
        let Some(at) = at else { continue };
        totals(cut, sink, after, at).await?;
        positions_at(cut, sink, after, at).await?;
    }
    balances(cut, sink, number).await?;
    burns(cut, sink).await?;
    mints(cut, sink).await?;
    for since in parameter::in_force(&mut cut.reading, number).await? {
        let parameter::Since { parameter, value, block_number, source } = since;
        let name = parameter.name().to_owned();
        sink.put(&ParameterRecord { name, block_number, value: value.map(Words), source })?;
    }
    Ok(())
}

/// Totals in force after a block, unless they changed last at or below another.
async fn totals(cut: &mut Cut, sink: &mut Sink, after: Option<u64>, at: u64) -> Result<(), ExportError> {
    let is_new = |number: u64| after.is_none_or(|after| number > after);
    if let Some(since) = state::capacity_totals(&mut cut.reading, at).await?.filter(|since| is_new(since.block_number))
    {
        sink.put(&capacity_totals_record(since.block_number, &since.value))?;
    }
    if let Some(since) = state::supply_totals(&mut cut.reading, at).await?.filter(|since| is_new(since.block_number)) {
        sink.put(&supply_record(since.block_number, None, &since.value))?;
    }
    Ok(())
}

async fn positions_at(cut: &mut Cut, sink: &mut Sink, after: Option<u64>, at: u64) -> Result<(), ExportError> {
    let mut address = None;
    loop {
        let page = state::positions(&mut cut.reading, address, at).await?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        address = Some(*last);
        for (address, since) in page.iter().filter(|(_, since)| after.is_none_or(|after| since.block_number > after)) {
            sink.put(&position_record(*address, since.block_number, &since.value))?;
        }
    }
}

async fn balances(cut: &mut Cut, sink: &mut Sink, number: u64) -> Result<(), ExportError> {
    let addresses = seen::all(&mut cut.reading, number).await?;
    for some in addresses.chunks(ADDRESSES) {
        for (address, vvv) in state::vvv_balances(&mut cut.reading, some, number).await? {
            sink.put(&BalanceRecord { address, vvv: Amount(vvv) })?;
        }
    }
    Ok(())
}

fn capacity_record(row: &Row) -> CapacityRecord {
    CapacityRecord {
        address: row.address,
        svvv: Amount(row.svvv),
        locked: Amount(row.locked),
        diem_staked: Amount(row.staked.now),
        diem_epoch_open: Amount(row.staked.epoch_open),
        allocation_usd: Amount(row.entitlement.allocation),
    }
}

fn supply_record(block_number: u64, timestamp: Option<u64>, totals: &SupplyTotals) -> SupplyRecord {
    SupplyRecord {
        block_number,
        timestamp,
        supply: Amount(totals.supply),
        burned: Amount(totals.burned),
        burn_count: totals.burn_count,
        holders: totals.holders,
        holders_joined: totals.holders_joined,
        holders_left: totals.holders_left,
    }
}

fn position_record(address: alloy_primitives::Address, block_number: u64, position: &Position) -> PositionRecord {
    PositionRecord {
        address,
        block_number,
        svvv: Amount(position.svvv),
        locked: Amount(position.locked),
        outstanding: Amount(position.outstanding),
        svvv_cooling: Amount(position.svvv_cooling.amount),
        svvv_cooling_ends_at: position.svvv_cooling.ends_at,
        diem_liquid: Amount(position.diem_liquid),
        diem_staked: Amount(position.diem_staked),
        diem_cooling: Amount(position.diem_cooling.amount),
        diem_cooling_ends_at: position.diem_cooling.ends_at,
        claimed: Amount(position.claimed),
        reward_debt: position.reward_debt.map(Amount),
    }
}

fn capacity_totals_record(block_number: u64, totals: &CapacityTotals) -> CapacityTotalsRecord {
    CapacityTotalsRecord {
        block_number,
        svvv_supply: Amount(totals.svvv_supply),
        svvv_locked: Amount(totals.svvv_locked),
        svvv_cooling: Amount(totals.svvv_cooling),
        diem_supply: Amount(totals.diem_supply),
        diem_outstanding: Amount(totals.diem_outstanding),
        diem_staked: Amount(totals.diem_staked),
        diem_cooling: Amount(totals.diem_cooling),
        diem_minted: Amount(totals.diem_minted.amount),
        diem_minted_count: totals.diem_minted.count,
        diem_minted_direct: Amount(totals.diem_minted_direct),
        diem_burned: Amount(totals.diem_burned.amount),
        diem_burned_count: totals.diem_burned.count,
        diem_burned_direct: Amount(totals.diem_burned_direct),
        stakers: totals.stakers,
        diem_stakers: totals.diem_stakers,
        minters: totals.minters,
        unknown_logs: totals.unknown_logs,
        svvv_minted: Amount(totals.svvv_minted),
        svvv_burned: Amount(totals.svvv_burned),
        svvv_cooling_accounts: totals.svvv_cooling_accounts,
        stakes: totals.stakes,
        unstakes: totals.unstakes,
        claimed: Amount(totals.claimed.amount),
        claimed_count: totals.claimed.count,
        diem_cooling_accounts: totals.diem_cooling_accounts,
        stakers_joined: totals.stakers_joined,
        stakers_left: totals.stakers_left,
        diem_stakers_joined: totals.diem_stakers_joined,
        diem_stakers_left: totals.diem_stakers_left,
        genesis_end_block: totals.genesis_end_block,
        acc_unlocked: totals.rewards.map(|rewards| Amount(rewards.acc_unlocked)),
        acc_locked: totals.rewards.map(|rewards| Amount(rewards.acc_locked)),
        rewarded_until: totals.rewards.map(|rewards| rewards.rewarded_until),
    }
}
