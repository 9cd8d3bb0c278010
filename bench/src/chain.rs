//! The history as a node's answers, rendered beforehand so that the node costs next to nothing while it is measured.

use abi::{Diem as D, StakingV2 as S, Vvv as V};
use alloy_consensus::Header;
use alloy_primitives::{Address, B256, Bloom, Bytes, LogData, U256, keccak256};
use alloy_sol_types::SolEvent;
use axum::body::Bytes as Body;
use store::deployment::{AbiVersion, Clock, ContractAddresses, Deployment, Implementation};

use crate::economy::{self, Beside, NOBODY, Shape, TRANSFERS_PER_BLOCK, Transfer};

const IMPLEMENTATION: Address = Address::repeat_byte(0xb2);
/// Base's.
pub(crate) const CLOCK: Clock = Clock { genesis_timestamp: 1_686_789_347, seconds_per_block: 2 };
const DIEM: u64 = 100_000_000_000_000_000;

/// What the oracle is told of this chain.
pub(crate) fn deployment() -> Deployment {
    Deployment {
        chain_id: 8453,
        start_block: 1,
        contracts: ContractAddresses {
            vvv: Address::repeat_byte(0xa1),
            staking: Address::repeat_byte(0xa2),
            diem: Address::repeat_byte(0xa3),
            multicall3: Address::repeat_byte(0xa4),
        },
        clock: Some(CLOCK),
        policy: Default::default(),
        implementations: vec![Implementation { address: IMPLEMENTATION, abi: AbiVersion::V2 }],
        labels: Vec::new(),
        diem_targets: Vec::new(),
        finality: None,
    }
}

/// All of a chain's headers and logs.
pub(crate) struct Chain {
    /// Hashes of the blocks, from block 0.
    hashes: Vec<B256>,
    clock: Clock,
    pub(crate) vvv: Rendered,
    /// Those of VVV's transfers that mint.
    pub(crate) mints: Rendered,
    pub(crate) light: Rendered,
    /// What was rendered, for an independent check.
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) addresses: Vec<Address>,
}

/// JSON of logs, one after another with commas between, and where each block's begin.
pub(crate) struct Rendered {
    json: Body,
    starts: Vec<usize>,
}

impl Rendered {
    /// The logs of a range of blocks, without copying them.
    pub(crate) fn range(&self, from: u64, to: u64) -> Body {
        let last = self.starts.len() - 1;
        let at = |block: u64| self.starts[usize::try_from(block).map_or(last, |block| block.min(last))];
        let (start, end) = (at(from), at(to.saturating_add(1)));
        // Each log is followed by a comma, which the last one of an answer must not have.
        self.json.slice(start..end.saturating_sub(1).max(start))
    }
}

impl Chain {
    pub(crate) fn new(logs: u64, shape: &Shape, clock: Clock) -> Self {
        let transfers = economy::transfers(logs, shape);
        let addresses = economy::addresses(deployment().contracts.staking);
        let hashes = hashes(logs.div_ceil(TRANSFERS_PER_BLOCK), clock);
        let mut logs = Logs::default();
        let blocks = transfers.chunk_by(|a, b| a.block == b.block);
        // Block 0 is empty, and from block 1 on none is.
        for (block, hash) in blocks.zip(&hashes[1..]) {
            let number = block[0].block;
            let timestamp = clock.timestamp(number).unwrap_or_default();
            let mut place = Place { number, timestamp, hash: *hash, tx_index: 0, log_index: 0 };
            logs.begin(number);
            if number == 1 {
                let upgraded = S::Upgraded { implementation: IMPLEMENTATION };
                logs.light.log(deployment().contracts.staking, &upgraded.encode_log_data(), &mut place);
            }
            for transfer in block {
                render(transfer, &addresses, &mut logs, &mut place);
                place.tx_index += 1;
            }
        }
        let end = hashes.len() as u64;
        let Logs { vvv, mints, light } = logs;
        Self { vvv: vvv.end(end), mints: mints.end(end), light: light.end(end), hashes, clock, transfers, addresses }
    }

    /// The newest block, which is also the finalized one.
    pub(crate) fn head(&self) -> u64 {
        self.hashes.len() as u64 - 1
    }

    /// Searched from the head downwards, near which it is asked for.
    pub(crate) fn number_of(&self, hash: B256) -> Option<u64> {
        self.hashes.iter().rposition(|other| *other == hash).map(|position| position as u64)
    }

    pub(crate) fn header(&self, number: u64) -> Option<(B256, Header)> {
        let at = usize::try_from(number).ok()?;
        let hash = *self.hashes.get(at)?;
        let parent = at.checked_sub(1).map(|parent| self.hashes[parent]).unwrap_or_default();
        Some((hash, header(number, parent, self.clock)))
    }
}

fn hashes(head: u64, clock: Clock) -> Vec<B256> {
    let mut hashes: Vec<B256> = Vec::new();
    for number in 0..=head {
        let parent = hashes.last().copied().unwrap_or_default();
        hashes.push(header(number, parent, clock).hash_slow());
    }
    hashes
}

/// Its bloom says "maybe" to everything, as those of Base nearly do.
fn header(number: u64, parent_hash: B256, clock: Clock) -> Header {
    Header {
        number,
        parent_hash,
        timestamp: clock.timestamp(number).unwrap_or_default(),
        logs_bloom: Bloom::repeat_byte(0xff),
        gas_limit: 400_000_000,
        base_fee_per_gas: Some(5_000_000),
        ..Header::default()
    }
}

/// What is rendered.
#[derive(Default)]
struct Logs {
    vvv: Rendering,
    mints: Rendering,
    light: Rendering,
}

impl Logs {
    fn begin(&mut self, block: u64) {
        [&mut self.vvv, &mut self.mints, &mut self.light].into_iter().for_each(|rendering| rendering.begin(block));
    }
}

/// Where in its block the next log is.
#[derive(Clone, Copy)]
struct Place {
    number: u64,
    timestamp: u64,
    hash: B256,
    tx_index: u32,
    log_index: u32,
}

fn render(transfer: &Transfer, addresses: &[Address], logs: &mut Logs, place: &mut Place) {
    let Logs { vvv, mints, light } = logs;
    for (address, log) in logs_of(transfer, addresses) {
        if address != deployment().contracts.vvv {
            light.log(address, &log, place);
            continue;
        }
        if transfer.from == NOBODY {
            let mut same = *place;
            mints.log(address, &log, &mut same);
        }
        vvv.log(address, &log, place);
    }
}

/// What the contracts say in a transfer's transaction: VVV first, then what is beside it.
pub(crate) fn logs_of(transfer: &Transfer, addresses: &[Address]) -> Vec<(Address, LogData)> {
    let ContractAddresses { vvv, staking, diem, .. } = deployment().contracts;
    let (from, to) = (addresses[transfer.from as usize], addresses[transfer.to as usize]);
    let amount = U256::from(transfer.amount);
    let mut logs = vec![(vvv, V::Transfer { from, to, amount }.encode_log_data())];
    match transfer.beside {
        Beside::Nothing => {}
        Beside::Stake => {
            let minted = S::Transfer { from: Address::ZERO, to: from, value: amount };
            logs.push((staking, minted.encode_log_data()));
            logs.push((staking, S::Staked { user: from, amount }.encode_log_data()));
        }
        Beside::Unstake(amount) => {
            let amount = U256::from(amount);
            let burned = S::Transfer { from, to: Address::ZERO, value: amount };
            logs.push((staking, burned.encode_log_data()));
            logs.push((staking, S::UnstakeInitiated { user: from, amount }.encode_log_data()));
        }
        Beside::Unstaked => logs.push((staking, S::UnstakeFinalized { user: to, amount }.encode_log_data())),
        Beside::Diem => {
            let amount = U256::from(DIEM);
            logs.push((diem, D::Transfer { from: Address::ZERO, to: from, value: amount }.encode_log_data()));
            logs.push((diem, D::Transfer { from, to: diem, value: amount }.encode_log_data()));
            logs.push((diem, D::Staked { user: from, amount }.encode_log_data()));
        }
    }
    logs
}

/// Of a transaction nobody has sent.
pub(crate) fn tx_hash(number: u64, tx_index: u32) -> B256 {
    keccak256([number.to_be_bytes(), u64::from(tx_index).to_be_bytes()].concat())
}

#[derive(Default)]
struct Rendering {
    json: Vec<u8>,
    starts: Vec<usize>,
}

impl Rendering {
    /// Blocks up to and including this one begin here, as far as none of them has begun.
    fn begin(&mut self, block: u64) {
        while self.starts.len() as u64 <= block {
            self.starts.push(self.json.len());
        }
    }

    fn end(mut self, blocks: u64) -> Rendered {
        self.begin(blocks);
        Rendered { json: self.json.into(), starts: self.starts }
    }

    /// As nodes of today write them, block timestamp included.
    fn log(&mut self, address: Address, log: &LogData, place: &mut Place) {
        let timestamp = place.timestamp;
        let tx_hash = tx_hash(place.number, place.tx_index);
        self.field("{\"address\":\"", address.as_slice());
        for (topic, before) in log.topics().iter().zip(["\",\"topics\":[\"", "\",\"", "\",\"", "\",\""]) {
            self.field(before, topic.as_slice());
        }
        let data: &Bytes = &log.data;
        self.field("\"],\"data\":\"", data);
        self.field("\",\"blockHash\":\"", place.hash.as_slice());
        self.field("\",\"transactionHash\":\"", tx_hash.as_slice());
        let Place { number, tx_index, log_index, .. } = place;
        self.json.extend_from_slice(
            format!(
                "\",\"blockNumber\":\"{number:#x}\",\"blockTimestamp\":\"{timestamp:#x}\",\
                 \"transactionIndex\":\"{tx_index:#x}\",\"logIndex\":\"{log_index:#x}\",\"removed\":false}},"
            )
            .as_bytes(),
        );
        place.log_index += 1;
    }

    fn field(&mut self, before: &str, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.json.extend_from_slice(before.as_bytes());
        self.json.extend_from_slice(b"0x");
        for byte in bytes {
            self.json.push(DIGITS[usize::from(byte >> 4)]);
            self.json.push(DIGITS[usize::from(byte & 15)]);
        }
    }
}
