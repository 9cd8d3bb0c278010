//! A chain with an economy on it, whose contracts answer for themselves at every block.

use abi::{Diem as D, StakingV2 as S, Vvv as V};
use alloy_primitives::{Address, B256, Bytes, U256, uint};
use alloy_sol_types::SolCall;
use devnet::scripted::{CallAnswer, ChainOptions, Finality, ScriptedChain, ScriptedNode};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::economy;
use crate::naive::{DIEM, FIRST_COOLDOWNS, Fold, STAKING, VVV};

/// Twelve blocks a day, so that a short chain has several epochs.
pub(crate) const SECONDS_PER_BLOCK: u64 = 7_200;
/// keccak256("eip1967.proxy.implementation") - 1.
const SLOT: U256 = uint!(0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc_U256);
const ACTORS: u8 = 6;

pub(crate) struct World {
    pub(crate) node: ScriptedNode,
    rng: ChaCha8Rng,
    state: Fold,
}

impl World {
    /// So many blocks, each with a transaction that the contracts would allow.
    pub(crate) async fn new(seed: u64, blocks: u64) -> Self {
        let finality = Finality::Depths { safe: 5, finalized: 10 };
        let options = ChainOptions { seed, finality, seconds_per_block: SECONDS_PER_BLOCK, ..ChainOptions::default() };
        let mut chain = ScriptedChain::new(options);
        economy::set_cooldowns(&mut chain, 1, FIRST_COOLDOWNS);
        chain.set_storage(1, STAKING, SLOT, economy::IMPLEMENTATION.into_word());
        let node = ScriptedNode::start(chain).await.unwrap();
        let state = Fold { cooldowns: FIRST_COOLDOWNS, ..Fold::default() };
        let mut world = Self { node, rng: ChaCha8Rng::seed_from_u64(seed), state };
        world.mine(economy::genesis());
        (1..blocks).for_each(|_| world.mine_traffic());
        world
    }

    pub(crate) fn mine_traffic(&mut self) {
        let logs = economy::transaction(&mut self.rng, &self.state);
        self.mine(logs);
    }

    fn mine(&mut self, logs: Vec<devnet::scripted::ScriptedLog>) {
        let state = &mut self.state;
        self.node.chain(|chain| {
            let head = chain.mine(logs);
            state.block(&chain.block(head.number).unwrap().logs.clone(), head.timestamp);
            set_views(chain, head.number, state);
        });
    }

    pub(crate) fn head(&self) -> u64 {
        self.node.chain(|chain| chain.head().number)
    }

    /// The newest block that the node calls finalized.
    pub(crate) fn finalized(&self) -> u64 {
        self.head() - 10
    }
}

/// What the contracts answer from a block on.
fn set_views(chain: &mut ScriptedChain, from: u64, state: &Fold) {
    let nobody = Address::ZERO;
    let everybody: Vec<Address> = (0..ACTORS).map(economy::actor).chain([nobody, VVV, STAKING, DIEM]).collect();
    let sum = |name: &'static str| everybody.iter().map(|address| state.get(name, *address)).sum::<U256>();
    set(chain, from, VVV, &V::totalSupplyCall {}, &[state.get("supply", nobody)]);
    set(chain, from, STAKING, &S::totalSupplyCall {}, &[state.get("svvv_supply", nobody)]);
    set(chain, from, STAKING, &S::totalLockedStakedVVVCall {}, &[sum("locked")]);
    set(chain, from, DIEM, &D::totalSupplyCall {}, &[state.get("diem_supply", nobody)]);
    set(chain, from, DIEM, &D::totalStakedCall {}, &[sum("staked") + sum("diem_cooling")]);
    for account in everybody {
        let of = |name| state.get(name, account);
        set(chain, from, VVV, &V::balanceOfCall { account }, &[of("vvv")]);
        set(chain, from, STAKING, &S::balanceOfCall { account }, &[of("svvv")]);
        set(chain, from, STAKING, &S::lockedStakesCall(account), &[of("locked"), of("outstanding")]);
        set(chain, from, STAKING, &S::stakesCall(account), &[U256::ZERO, of("svvv_ends"), of("svvv_cooling")]);
        set(chain, from, DIEM, &D::balanceOfCall { account }, &[of("diem")]);
        set(chain, from, DIEM, &D::stakedInfosCall(account), &[of("staked"), of("diem_ends"), of("diem_cooling")]);
    }
}

/// From a block on the contract answers this.
pub(crate) fn set(chain: &mut ScriptedChain, from: u64, contract: Address, view: &impl SolCall, words: &[U256]) {
    let data: Vec<u8> = words.iter().flat_map(|word| B256::from(*word).0).collect();
    chain.set_answer(from, contract, Bytes::from(view.abi_encode()), CallAnswer::Returned(data.into()));
}
