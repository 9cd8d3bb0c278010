//! What is compared: which figures, and which views of the contracts tell them. Pure.

use abi::{Diem as D, StakingV2 as S, Vvv as V};
use alloy_primitives::{Address, U256};
use ledger::parameter::{Parameter, Parameters};
use ledger::position::{Cooling, Position};
use ledger::rewards::Rewards;
use ledger::totals::{CapacityTotals, SupplyTotals};
use store::deployment::{AbiVersion, ContractAddresses, Deployment};

use crate::chain::multicall::Call;
use crate::decode::word_address;

/// What a figure is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Its name, for a human and for scripts alike.
    pub what: &'static str,
    /// Which cell of a table; `None` for a single value.
    pub cell: Option<usize>,
    /// Whose; `None`: the network's.
    pub address: Option<Address>,
}

/// What a figure counts for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Compared.
    Full,
    /// Compared where the contract answers: it may not have the view yet.
    IfAnswered,
    /// A cross-check: where it differs, that is remarked and nothing more.
    Note,
}

/// A derived figure, and where among the answers the contract's own is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// What it is.
    pub subject: Subject,
    /// `None`: not known.
    pub derived: Option<U256>,
    /// What it counts for.
    pub weight: Weight,
    /// Which of the calls tells it.
    pub call: usize,
    /// Which word of that call's answer.
    pub word: usize,
    /// How many words that answer has.
    pub words: usize,
}

/// Figures, and the calls that tell them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// To be asked at one block.
    pub calls: Vec<Call>,
    /// To be compared with the answers.
    pub figures: Vec<Figure>,
}

/// Whether the staking proxy can lock sVVV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locks {
    /// Its first implementation cannot, and has no views for it.
    Absent,
    /// It can.
    Present,
    /// Its implementation is not known, or the deployment does not name it.
    Unsure,
}

/// The figures that are ends of cooldowns.
const ENDS: [&str; 2] = ["svvv_cooling_ends_at", "diem_cooling_ends_at"];

impl Figure {
    /// What the contract tells, as the ledger keeps it: an end later than can be kept is the last second that can.
    pub fn as_kept(&self, told: U256) -> U256 {
        let last = U256::from(Cooling::ENDS_AT_MAX);
        if ENDS.contains(&self.subject.what) && self.derived == Some(last) { told.min(last) } else { told }
    }
}

impl Locks {
    /// Under the implementation in force.
    pub fn of(deployment: &Deployment, parameters: &Parameters) -> Self {
        let implementation = parameters.word(Parameter::Implementation).map(word_address);
        let named = deployment.implementations.iter().find(|named| Some(named.address) == implementation);
        match named.map(|named| named.abi) {
            Some(AbiVersion::V1) => Self::Absent,
            Some(AbiVersion::V2) => Self::Present,
            None => Self::Unsure,
        }
    }

    fn weight(self) -> Option<Weight> {
        match self {
            Self::Absent => None,
            Self::Present => Some(Weight::Full),
            Self::Unsure => Some(Weight::IfAnswered),
        }
    }
}

/// What one address holds, as derived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    /// Whose.
    pub address: Address,
    /// sVVV and DIEM.
    pub position: Position,
    /// VVV.
    pub vvv: U256,
    /// Rewards to be claimed at the block's time; `None`: not known.
    pub pending: Option<U256>,
}

impl Questions {
    /// The network's totals.
    pub fn network(
        contracts: &ContractAddresses,
        locks: Locks,
        capacity: &CapacityTotals,
        supply: &SupplyTotals,
    ) -> Self {
        let ContractAddresses { vvv, staking, diem, .. } = *contracts;
        let mut questions = Self::default();
        let mut ask = |call, weight, what, derived| questions.ask(call, weight, None, &[(what, 0, Some(derived))], 1);
        ask(Call::new(vvv, &V::totalSupplyCall {}), Weight::Full, "vvv_total_supply", supply.supply);
        ask(Call::new(vvv, &V::balanceOfCall { account: Address::ZERO }), Weight::Full, "vvv_burned", supply.burned);
        ask(Call::new(staking, &S::totalSupplyCall {}), Weight::Full, "svvv_total_supply", capacity.svvv_supply);
        if let Some(weight) = locks.weight() {
            ask(Call::new(staking, &S::totalLockedStakedVVVCall {}), weight, "svvv_total_locked", capacity.svvv_locked);
        }
        ask(Call::new(diem, &D::totalSupplyCall {}), Weight::Full, "diem_total_supply", capacity.diem_supply);
        // Whether totalStaked() includes what cools is not sure; that it does is very probable.
        let staked = capacity.diem_staked.saturating_add(capacity.diem_cooling);
        ask(Call::new(diem, &D::totalStakedCall {}), Weight::Note, "diem_total_staked", staked);
        if let Some(weight) = locks.weight() {
            questions.rewards(staking, weight, capacity.rewards);
        }
        questions
    }

    /// How far rewards are added up. Under V1, which has only one accumulator, nobody knows.
    fn rewards(&mut self, staking: Address, weight: Weight, rewards: Option<Rewards>) {
        let mut ask = |call, what, derived| self.ask(call, weight, None, &[(what, 0, derived)], 1);
        let unlocked = rewards.map(|rewards| rewards.acc_unlocked);
        let locked = rewards.map(|rewards| rewards.acc_locked);
        let until = rewards.map(|rewards| U256::from(rewards.rewarded_until));
        ask(Call::new(staking, &S::accRewardPerShareCall {}), "acc_reward_per_share", unlocked);
        ask(Call::new(staking, &S::accRewardPerShareLockedCall {}), "acc_reward_per_share_locked", locked);
        ask(Call::new(staking, &S::lastRewardTimestampCall {}), "last_reward_timestamp", until);
    }

    /// Those of these names alone, and what they need to be asked.
    #[must_use]
    pub fn only(self, names: &[&str]) -> Self {
        let mut questions = Self::default();
        for figure in self.figures.into_iter().filter(|figure| names.contains(&figure.subject.what)) {
            questions.calls.push(self.calls[figure.call].clone());
            questions.figures.push(Figure { call: questions.calls.len() - 1, ..figure });
        }
        questions
    }

    /// What one address holds.
    pub fn account(&mut self, contracts: &ContractAddresses, locks: Locks, account: &Account) {
        let Account { address, ref position, vvv, pending } = *account;
        let balance = [("vvv", 0, Some(vvv))];
        let view = V::balanceOfCall { account: address };
        self.ask(Call::new(contracts.vvv, &view), Weight::Full, Some(address), &balance, 1);
        self.position(contracts, locks, address, position);
        if let Some(weight) = locks.weight() {
            let view = S::pendingRewardsCall { _user: address };
            let pending = [("pending_rewards", 0, pending)];
            self.ask(Call::new(contracts.staking, &view), weight, Some(address), &pending, 1);
        }
    }

    /// What one address holds of sVVV and DIEM.
    pub fn position(&mut self, contracts: &ContractAddresses, locks: Locks, account: Address, position: &Position) {
        let ContractAddresses { staking, diem, .. } = *contracts;
        let full = Weight::Full;
        let mut ask = |call, weight, figures: &[_], words| self.ask(call, weight, Some(account), figures, words);
        ask(Call::new(staking, &S::balanceOfCall { account }), full, &[("svvv", 0, Some(position.svvv))], 1);
        if let Some(weight) = locks.weight() {
            let figures = [("locked", 0, Some(position.locked)), ("outstanding", 1, Some(position.outstanding))];
            ask(Call::new(staking, &S::lockedStakesCall(account)), weight, &figures, 2);
        }
        let mut figures = cooling(["svvv_cooling", ENDS[0]], position.svvv_cooling);
        if locks != Locks::Absent {
            figures.push(("reward_debt", 0, position.reward_debt));
        }
        ask(Call::new(staking, &S::stakesCall(account)), full, &figures, 3);
        let liquid = ("diem_liquid", 0, Some(position.diem_liquid));
        ask(Call::new(diem, &D::balanceOfCall { account }), full, &[liquid], 1);
        let mut figures = cooling(["diem_cooling", ENDS[1]], position.diem_cooling);
        figures.insert(0, ("diem_staked", 0, Some(position.diem_staked)));
        ask(Call::new(diem, &D::stakedInfosCall(account)), full, &figures, 3);
    }

    /// A call whose answer has so many words, and the figures among them: name, word, derived value.
    fn ask(
        &mut self,
        call: Call,
        weight: Weight,
        address: Option<Address>,
        figures: &[(&'static str, usize, Option<U256>)],
        words: usize,
    ) {
        let position = self.calls.len();
        self.calls.push(call);
        self.figures.extend(figures.iter().map(|(what, word, derived)| Figure {
            subject: Subject { what, cell: None, address },
            derived: *derived,
            weight,
            call: position,
            word: *word,
            words,
        }));
    }
}

/// Both contracts keep (something, end, amount). Where nothing cools the end means nothing, and contracts may leave any.
fn cooling(names: [&'static str; 2], cooling: Cooling) -> Vec<(&'static str, usize, Option<U256>)> {
    let mut figures = vec![(names[0], 2, Some(cooling.amount))];
    if !cooling.amount.is_zero() {
        figures.push((names[1], 1, cooling.ends_at.map(U256::from)));
    }
    figures
}
