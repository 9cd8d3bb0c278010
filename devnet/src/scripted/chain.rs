use super::{
    block::{Block, BlockRef, Place, ScriptedLog},
    options::{ChainOptions, Finality},
    state::{CallAnswer, State},
};
use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_rpc_types_eth::Log;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// A chain as data: blocks with logs, and what contracts answer. No I/O; the same seed and script give the same chain.
#[derive(Clone)]
pub struct ScriptedChain {
    options: ChainOptions,
    rng: ChaCha8Rng,
    /// Canonical, the first being the genesis. Never empty.
    blocks: Vec<Arc<Block>>,
    numbers: HashMap<B256, u64>,
    orphans: HashMap<B256, Arc<Block>>,
    state: State,
}

impl ScriptedChain {
    /// A chain that has its first block and nothing more.
    pub fn new(options: ChainOptions) -> Self {
        let mut chain = Self {
            rng: ChaCha8Rng::seed_from_u64(options.seed),
            blocks: Vec::new(),
            numbers: HashMap::new(),
            orphans: HashMap::new(),
            state: State::default(),
            options,
        };
        let genesis = Place {
            number: chain.options.genesis_number,
            parent_hash: B256::ZERO,
            timestamp: chain.options.genesis_timestamp,
        };
        chain.push(genesis, Vec::new());
        chain.set_code(chain.options.genesis_number, chain.options.multicall, Bytes::from_static(&[0xfe]));
        chain
    }

    /// Mines a block with these logs one block time after the head. Logs are ordered by transaction, within one as given.
    pub fn mine(&mut self, logs: impl IntoIterator<Item = ScriptedLog>) -> BlockRef {
        let timestamp = self.head().timestamp + self.options.seconds_per_block;
        self.mine_at(timestamp, logs)
    }

    /// Mines a block with these logs and this timestamp.
    pub fn mine_at(&mut self, timestamp: u64, logs: impl IntoIterator<Item = ScriptedLog>) -> BlockRef {
        let head = self.head();
        let place = Place { number: head.number + 1, parent_hash: head.hash, timestamp };
        self.push(place, logs.into_iter().collect())
    }

    /// Mines `count` blocks without logs.
    pub fn mine_empty(&mut self, count: u64) -> BlockRef {
        for _ in 0..count {
            self.mine([]);
        }
        self.head()
    }

    fn push(&mut self, place: Place, logs: Vec<ScriptedLog>) -> BlockRef {
        let block = Arc::new(Block::mine(place, logs, &self.options, &mut self.rng));
        self.numbers.insert(block.hash, block.header.number);
        self.blocks.push(block);
        self.head()
    }

    /// Drops `depth` blocks, never the first one, with what the script says from them on, and returns the new head. What
    /// is mined next has other hashes, whatever its content.
    pub fn reorg(&mut self, depth: u64) -> BlockRef {
        for _ in 0..depth.min(self.head().number - self.options.genesis_number) {
            let Some(block) = self.blocks.pop() else { break };
            self.numbers.remove(&block.hash);
            self.orphans.insert(block.hash, block);
        }
        self.state.rewind_to(self.head().number);
        self.head()
    }

    /// A second chain that shares all but the last `depth` blocks with this one and goes its own way from there.
    pub fn fork(&mut self, depth: u64) -> Self {
        let mut fork = Self { rng: ChaCha8Rng::seed_from_u64(self.rng.next_u64()), ..self.clone() };
        fork.reorg(depth);
        fork
    }

    /// The newest block.
    pub fn head(&self) -> BlockRef {
        self.blocks[self.blocks.len() - 1].reference()
    }

    /// The canonical block with this number.
    pub fn block(&self, number: u64) -> Option<&Block> {
        let index = number.checked_sub(self.options.genesis_number)?;
        self.blocks.get(usize::try_from(index).ok()?).map(Arc::as_ref)
    }

    /// The canonical block with this hash.
    pub fn block_by_hash(&self, hash: B256) -> Option<&Block> {
        self.block(*self.numbers.get(&hash)?)
    }

    /// The block with this hash that a reorg dropped.
    pub fn orphan(&self, hash: B256) -> Option<&Block> {
        self.orphans.get(&hash).map(Arc::as_ref)
    }

    /// The canonical blocks, oldest first.
    pub fn blocks(&self) -> impl DoubleEndedIterator<Item = &Block> {
        self.blocks.iter().map(Arc::as_ref)
    }

    /// The canonical logs, oldest first.
    pub fn logs(&self) -> impl DoubleEndedIterator<Item = &Log> {
        self.blocks().flat_map(|block| &block.logs)
    }

    /// What the chain is like.
    pub fn options(&self) -> &ChainOptions {
        &self.options
    }

    /// From now on nodes call this safe and finalized.
    pub fn set_finality(&mut self, finality: Finality) {
        self.options.finality = finality;
    }

    /// From block `from` on, `address` answers `input` like this. A reorg below `from` undoes it.
    pub fn set_answer(&mut self, from: u64, address: Address, input: impl Into<Bytes>, answer: CallAnswer) {
        self.state.answers.set(from, (address, input.into()), answer);
    }

    /// From block `from` on, `address` has this code. A reorg below `from` undoes it.
    pub fn set_code(&mut self, from: u64, address: Address, code: Bytes) {
        self.state.code.set(from, address, code);
    }

    /// From block `from` on, `address` has this value in `slot`. A reorg below `from` undoes it.
    pub fn set_storage(&mut self, from: u64, address: Address, slot: U256, value: B256) {
        self.state.storage.set(from, (address, slot), value);
    }

    /// What `to` answers to `input` at `block`. What no script names succeeds with nothing, like an account without code.
    pub fn call(&self, block: u64, to: Address, input: &Bytes) -> CallAnswer {
        self.state.call(block, self.options.multicall, to, input)
    }

    /// The code of `address` at `block`.
    pub fn code(&self, block: u64, address: Address) -> Bytes {
        self.state.code.at(&address, block).cloned().unwrap_or_default()
    }

    /// The value in `slot` of `address` at `block`.
    pub fn storage(&self, block: u64, address: Address, slot: U256) -> B256 {
        self.state.storage.at(&(address, slot), block).copied().unwrap_or_default()
    }
}

impl fmt::Debug for ScriptedChain {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ScriptedChain").field("head", &self.head()).finish_non_exhaustive()
    }
}

/// A chain that several nodes and a test hold together.
#[derive(Debug, Clone)]
pub struct SharedChain(Arc<Mutex<ScriptedChain>>);

impl SharedChain {
    /// Reads the chain or writes on it. There is no guard to hold: held across an await, even as a temporary of the
    /// awaited expression, it would keep the nodes from answering for ever.
    pub fn with<T>(&self, action: impl FnOnce(&mut ScriptedChain) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<ScriptedChain> for SharedChain {
    fn from(chain: ScriptedChain) -> Self {
        Self(Arc::new(Mutex::new(chain)))
    }
}
