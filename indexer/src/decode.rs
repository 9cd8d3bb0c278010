//! Logs into events, keyed on (address, implementation, topic0): topic0 alone collides across the contracts.

use abi::Diem::DiemEvents;
use abi::StakingV1::StakingV1Events;
use abi::StakingV2::StakingV2Events;
use abi::Vvv::{OwnershipTransferred, Transfer as VvvTransfer, VvvEvents};
use alloy_primitives::{Address, B256, LogData, U256};
use alloy_sol_types::private::IntoLogData;
use alloy_sol_types::{SolEvent, SolEventInterface};
use ledger::event::{
    Contract, Contracts, Diem, DiemSwap, Entry, Event, OwnershipTransfer, RoleChange, Staking, Transfer, UserAmount,
    Vvv,
};
use ledger::halt::{Anomaly, AnomalyKind};
use ledger::parameter::{Parameter, Setting};
use store::deployment::{AbiVersion, Implementation};
use thiserror::Error;

use crate::chain::Log;

/// VVV moved.
pub const VVV_TRANSFER: B256 = VvvTransfer::SIGNATURE_HASH;
/// VVV has another owner.
pub const OWNERSHIP_TRANSFERRED: B256 = OwnershipTransferred::SIGNATURE_HASH;
/// VVV's topics that are ingested; its approvals are not.
pub const VVV_TOPICS: [B256; 2] = [VVV_TRANSFER, OWNERSHIP_TRANSFERRED];

/// A log of grade A that does not say what it must.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("block {block_number}, transaction {tx_hash}, log {log_index}: topic {topic0} of {contract:?} does not decode")]
pub struct Undecodable {
    /// The block.
    pub block_number: u64,
    /// The transaction.
    pub tx_hash: B256,
    /// The log.
    pub log_index: u32,
    /// The contract.
    pub contract: Contract,
    /// The event's signature.
    pub topic0: B256,
}

/// Decodes logs in the order of the chain; follows the staking proxy's implementation as it changes.
#[derive(Clone, Debug)]
pub struct Decoder {
    contracts: Contracts,
    implementations: Vec<Implementation>,
    implementation: Option<Address>,
}

/// How sure an event's layout is.
#[derive(Clone, Copy, PartialEq)]
enum Grade {
    /// Seen on real transactions: must decode.
    Seen,
    /// Inferred: in another layout it counts as unknown.
    Inferred,
}

impl Decoder {
    /// A decoder that goes on from a block after which the staking proxy has this implementation.
    pub fn new(contracts: Contracts, implementations: Vec<Implementation>, implementation: Option<Address>) -> Self {
        Self { contracts, implementations, implementation }
    }

    /// The contract that emitted a log; `None` if it is none of ours or an event of VVV that is not ingested.
    pub fn contract(&self, log: &Log) -> Option<Contract> {
        let Contracts { vvv, staking, diem } = self.contracts;
        match log.address {
            address if address == staking => Some(Contract::Staking),
            address if address == diem => Some(Contract::Diem),
            address if address == vvv => {
                log.topics.first().is_some_and(|topic| VVV_TOPICS.contains(topic)).then_some(Contract::Vvv)
            }
            _ => None,
        }
    }

    /// What a log of one of the contracts says.
    ///
    /// # Errors
    /// [`Undecodable`], for an event of grade A in another layout than it has.
    pub fn decode(&mut self, contract: Contract, log: &Log) -> Result<Entry, Undecodable> {
        if let (Contract::Vvv, Some(transfer)) = (contract, vvv_transfer(log)) {
            let event = Event::Vvv(Vvv::Transfer(transfer));
            return Ok(Entry { log_index: log.log_index, tx_index: log.tx_index, tx_hash: log.tx_hash, event });
        }
        let data = LogData::new_unchecked(log.topics.clone(), log.data.clone());
        let (event, grade) = match contract {
            Contract::Vvv => (exact(&data).map(vvv_event), Grade::Seen),
            Contract::Diem => (exact(&data).map(diem_event), diem_grade(&data)),
            Contract::Staking => self.decode_staking(&data),
        };
        let topic0 = log.topics.first().copied().unwrap_or_default();
        let event = match event {
            Some(event) => event,
            None if grade == Grade::Inferred => Event::Unknown(contract),
            None => {
                let Log { block_number, tx_hash, log_index, .. } = *log;
                return Err(Undecodable { block_number, tx_hash, log_index, contract, topic0 });
            }
        };
        if let Event::Staking(Staking::Upgraded(implementation)) = &event {
            self.implementation = Some(*implementation);
        }
        Ok(Entry { log_index: log.log_index, tx_index: log.tx_index, tx_hash: log.tx_hash, event })
    }

    /// From the next block on the staking proxy has this implementation, though no event says so.
    pub fn follow(&mut self, implementation: Address) {
        self.implementation = Some(implementation);
    }

    /// What is to be said of an upgrade to an implementation that the deployment does not name.
    pub fn remark(&self, entry: &Entry) -> Option<Anomaly> {
        let Event::Staking(Staking::Upgraded(implementation)) = &entry.event else { return None };
        self.version(*implementation).is_none().then(|| Anomaly {
            log_index: Some(entry.log_index),
            kind: AnomalyKind::UnknownImplementation,
            detail: format!("the staking proxy was upgraded to {implementation}, which the deployment does not name"),
        })
    }

    /// Whether the implementation in force can lock sVVV, and so adds rewards up as StakingV2 does: any but the first.
    pub fn has_locks(&self) -> bool {
        self.implementation.is_some_and(|implementation| self.version(implementation) != Some(AbiVersion::V1))
    }

    /// Under an implementation nobody knows the newest ABI is tried, but nothing of it is sure.
    fn decode_staking(&self, data: &LogData) -> (Option<Event>, Grade) {
        let version = self.implementation.and_then(|implementation| self.version(implementation));
        let event = match version {
            Some(AbiVersion::V1) => exact(data).map(staking_v1_event),
            Some(AbiVersion::V2) | None => exact(data).map(staking_v2_event),
        };
        let topic0 = data.topics().first();
        let sure = topic0.is_some_and(|topic0| match version {
            Some(AbiVersion::V2) => STAKING_SEEN.contains(topic0),
            Some(AbiVersion::V1) | None => *topic0 == abi::StakingV2::Transfer::SIGNATURE_HASH,
        });
        (event.or_else(|| treasury_indexed(data)), if sure { Grade::Seen } else { Grade::Inferred })
    }

    fn version(&self, implementation: Address) -> Option<AbiVersion> {
        self.implementations.iter().find(|known| known.address == implementation).map(|known| known.abi)
    }
}

/// Events of the staking proxy under V2 whose layout real transactions show (grades A and A-).
const STAKING_SEEN: [B256; 7] = [
    abi::StakingV2::Transfer::SIGNATURE_HASH,
    abi::StakingV2::Staked::SIGNATURE_HASH,
    abi::StakingV2::UnstakeInitiated::SIGNATURE_HASH,
    abi::StakingV2::Claimed::SIGNATURE_HASH,
    abi::StakingV2::DiemMinted::SIGNATURE_HASH,
    abi::StakingV2::DiemBurned::SIGNATURE_HASH,
    abi::StakingV2::Upgraded::SIGNATURE_HASH,
];

/// The same of DIEM.
const DIEM_SEEN: [B256; 4] = [
    abi::Diem::Transfer::SIGNATURE_HASH,
    abi::Diem::Staked::SIGNATURE_HASH,
    abi::Diem::UnstakeInitiated::SIGNATURE_HASH,
    abi::Diem::Unstaked::SIGNATURE_HASH,
];

fn diem_grade(data: &LogData) -> Grade {
    let seen = data.topics().first().is_some_and(|topic0| DIEM_SEEN.contains(topic0));
    if seen { Grade::Seen } else { Grade::Inferred }
}

/// A VVV transfer that says exactly this and nothing more. Fifty million of them are read without the detour below.
fn vvv_transfer(log: &Log) -> Option<Transfer> {
    let [VvvTransfer::SIGNATURE_HASH, from, to] = log.topics.as_slice() else { return None };
    let amount: [u8; 32] = log.data.as_ref().try_into().ok()?;
    let party = |word: &B256| (word[..12] == [0; 12]).then(|| Address::from_word(*word));
    Some(Transfer { from: party(from)?, to: party(to)?, amount: U256::from_be_bytes(amount) })
}

/// Decodes, and encodes again: only a log that says exactly this and nothing more counts.
fn exact<E: SolEventInterface + IntoLogData>(data: &LogData) -> Option<E> {
    let event = E::decode_raw_log(data.topics(), &data.data).ok()?;
    (event.to_log_data() == *data).then_some(event)
}

/// Whether the treasury is indexed is not sure: both layouts are taken.
fn treasury_indexed(data: &LogData) -> Option<Event> {
    let [topic0, treasury] = data.topics() else { return None };
    let is_address = treasury[..12] == [0; 12];
    (*topic0 == abi::StakingV2::TreasuryUpdated::SIGNATURE_HASH && data.data.is_empty() && is_address)
        .then(|| staking_set(Parameter::Treasury, U256::from_be_bytes(treasury.0)))
}

fn vvv_event(event: VvvEvents) -> Event {
    match event {
        VvvEvents::Transfer(e) => Event::Vvv(Vvv::Transfer(Transfer { from: e.from, to: e.to, amount: e.amount })),
        VvvEvents::OwnershipTransferred(e) => {
            Event::Vvv(Vvv::OwnershipTransferred(owned(Parameter::VvvOwner, e.user, e.newOwner)))
        }
        VvvEvents::Approval(_) => Event::Unknown(Contract::Vvv),
    }
}

fn diem_event(event: DiemEvents) -> Event {
    Event::Diem(match event {
        DiemEvents::Transfer(e) => Diem::Transfer(Transfer { from: e.from, to: e.to, amount: e.value }),
        DiemEvents::Staked(e) => Diem::Staked(user(e.user, e.amount)),
        DiemEvents::UnstakeInitiated(e) => Diem::UnstakeInitiated(user(e.user, e.amount)),
        DiemEvents::Unstaked(e) => Diem::Unstaked(user(e.user, e.amount)),
        DiemEvents::CooldownDurationUpdated(e) => {
            Diem::Set(vec![Setting::word(Parameter::DiemCooldown, e.cooldownDuration)])
        }
        DiemEvents::RoleGranted(e) => Diem::RoleGranted(RoleChange { account: e.account, sender: e.sender }),
        DiemEvents::RoleRevoked(e) => Diem::RoleRevoked(RoleChange { account: e.account, sender: e.sender }),
        DiemEvents::RoleAdminChanged(_) => Diem::RoleAdminChanged,
        DiemEvents::Approval(_) => Diem::Other,
    })
}

fn staking_v1_event(event: StakingV1Events) -> Event {
    use StakingV1Events as E;
    Event::Staking(match event {
        E::Transfer(e) => Staking::Transfer(Transfer { from: e.from, to: e.to, amount: e.value }),
        E::Staked(e) => Staking::Staked(user(e.user, e.amount)),
        E::UnstakeInitiated(e) => Staking::UnstakeInitiated(user(e.user, e.amount)),
        E::UnstakeFinalized(e) => Staking::UnstakeFinalized(user(e.user, e.amount)),
        E::Claimed(e) => Staking::Claimed(user(e.user, e.amount)),
        E::EmissionRateUpdated(e) => return staking_set(Parameter::EmissionRate, e.newEmissionRate),
        E::CooldownDurationUpdated(e) => return staking_set(Parameter::SvvvCooldown, e.newCooldownDuration),
        E::TreasuryUpdated(e) => return staking_set(Parameter::Treasury, address_word(e.newTreasury)),
        E::Upgraded(e) => Staking::Upgraded(e.implementation),
        E::Initialized(_) => Staking::Initialized,
        E::OwnershipTransferred(e) => {
            Staking::OwnershipTransferred(owned(Parameter::StakingOwner, e.previousOwner, e.newOwner))
        }
        E::Approval(_) => Staking::Other,
    })
}

fn staking_v2_event(event: StakingV2Events) -> Event {
    use StakingV2Events as E;
    Event::Staking(match event {
        E::Transfer(e) => Staking::Transfer(Transfer { from: e.from, to: e.to, amount: e.value }),
        E::Staked(e) => Staking::Staked(user(e.user, e.amount)),
        E::UnstakeInitiated(e) => Staking::UnstakeInitiated(user(e.user, e.amount)),
        E::UnstakeFinalized(e) => Staking::UnstakeFinalized(user(e.user, e.amount)),
        E::Claimed(e) => Staking::Claimed(user(e.user, e.amount)),
        E::DiemMinted(e) => Staking::DiemMinted(DiemSwap { svvv: e.sVVVLocked, diem: e.diemMinted }),
        E::DiemBurned(e) => Staking::DiemBurned(DiemSwap { svvv: e.sVVVUnlocked, diem: e.diemBurned }),
        E::EmissionRateUpdated(e) => return staking_set(Parameter::EmissionRate, e.newEmissionRate),
        E::CooldownDurationUpdated(e) => return staking_set(Parameter::SvvvCooldown, e.newCooldownDuration),
        E::TreasuryUpdated(e) => return staking_set(Parameter::Treasury, address_word(e.newTreasury)),
        E::VeniceEmissionsPercentageUpdated(e) => return staking_set(Parameter::VenicePercentage, e.newPercentage),
        E::VeniceEmissionsPercentageWhenLockedUpdated(e) => {
            return staking_set(Parameter::VenicePercentageLocked, e.newPercentage);
        }
        E::DiemMintRatesUpdated(e) => Staking::Set(vec![
            Setting { parameter: Parameter::CurveBounds, value: e.diemSupply.to_vec() },
            Setting { parameter: Parameter::CurveRates, value: e.diemMintRates.to_vec() },
        ]),
        E::Upgraded(e) => Staking::Upgraded(e.implementation),
        E::Initialized(_) => Staking::Initialized,
        E::OwnershipTransferred(e) => {
            Staking::OwnershipTransferred(owned(Parameter::StakingOwner, e.previousOwner, e.newOwner))
        }
        E::Approval(_) => Staking::Other,
    })
}

fn user(user: Address, amount: U256) -> UserAmount {
    UserAmount { user, amount }
}

fn owned(parameter: Parameter, previous: Address, owner: Address) -> OwnershipTransfer {
    OwnershipTransfer { previous, owner: Setting::word(parameter, address_word(owner)) }
}

fn staking_set(parameter: Parameter, value: U256) -> Event {
    Event::Staking(Staking::Set(vec![Setting::word(parameter, value)]))
}

/// An address as the word that a parameter holds.
pub fn address_word(address: Address) -> U256 {
    U256::from_be_slice(address.as_slice())
}

/// The address that a parameter's word holds.
pub fn word_address(word: U256) -> Address {
    Address::from_word(B256::from(word))
}
