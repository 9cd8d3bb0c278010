//! Events of the three contracts, decoded.

use alloy_primitives::{Address, B256, U256};

use crate::parameter::Setting;

/// Where the three contracts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contracts {
    /// The VVV token.
    pub vvv: Address,
    /// The staking proxy, which is also the sVVV token.
    pub staking: Address,
    /// The DIEM token, which also holds staked DIEM.
    pub diem: Address,
}

impl Contracts {
    /// Whether the address is one of the three.
    pub fn contains(&self, address: Address) -> bool {
        [self.vvv, self.staking, self.diem].contains(&address)
    }
}

/// One of the three contracts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Contract {
    /// The VVV token.
    Vvv,
    /// The staking proxy.
    Staking,
    /// The DIEM token.
    Diem,
}

/// A log with what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Position among all logs of the block.
    pub log_index: u32,
    /// Position of its transaction in the block.
    pub tx_index: u32,
    /// Its transaction.
    pub tx_hash: B256,
    /// What it says.
    pub event: Event,
}

/// What a log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// An event of the VVV token.
    Vvv(Vvv),
    /// An event of the staking proxy.
    Staking(Staking),
    /// An event of the DIEM token.
    Diem(Diem),
    /// A topic that nobody knows, or an inferred event in a layout other than the inferred one.
    Unknown(Contract),
}

/// An ERC-20 transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transfer {
    /// Who pays; 0x0 for a mint.
    pub from: Address,
    /// Who receives; 0x0 for a burn.
    pub to: Address,
    /// In base units.
    pub amount: U256,
}

/// An address and an amount: the shape of most events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserAmount {
    /// Whose position moves.
    pub user: Address,
    /// In base units.
    pub amount: U256,
}

/// Events of the VVV token. `Approval` is not ingested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vvv {
    /// VVV moved.
    Transfer(Transfer),
    /// The token has another owner.
    OwnershipTransferred(OwnershipTransfer),
}

/// A contract has another owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipTransfer {
    /// The owner before, as the event says.
    pub previous: Address,
    /// The owner after.
    pub owner: Setting,
}

/// Who may call what of DIEM changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoleChange {
    /// Who was given the role, or lost it.
    pub account: Address,
    /// Who did it.
    pub sender: Address,
}

/// Events of the staking proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Staking {
    /// sVVV was minted, burned, or (unexpectedly) moved between users.
    Transfer(Transfer),
    /// VVV was staked; the user is the recipient of the sVVV, not the payer.
    Staked(UserAmount),
    /// sVVV was burned and its cooldown began.
    UnstakeInitiated(UserAmount),
    /// A cooldown was over and its VVV paid.
    UnstakeFinalized(UserAmount),
    /// Rewards were paid.
    Claimed(UserAmount),
    /// DIEM was minted against locked sVVV, for somebody the event does not name.
    DiemMinted(DiemSwap),
    /// DIEM was burned and sVVV unlocked, for somebody the event does not name.
    DiemBurned(DiemSwap),
    /// One or more parameters were set.
    Set(Vec<Setting>),
    /// The proxy has a new implementation, which may have changed any parameter.
    Upgraded(Address),
    /// An initialiser ran, which may have set any parameter.
    Initialized,
    /// The proxy has another owner.
    OwnershipTransferred(OwnershipTransfer),
    /// Moves nothing that is derived here: allowances.
    Other,
}

/// sVVV locked or unlocked, and the DIEM minted or burned with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiemSwap {
    /// sVVV locked or unlocked, base units.
    pub svvv: U256,
    /// DIEM minted or burned, base units.
    pub diem: U256,
}

/// Events of the DIEM token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diem {
    /// DIEM was minted, burned or moved.
    Transfer(Transfer),
    /// DIEM was staked; comes with a transfer to the DIEM contract.
    Staked(UserAmount),
    /// Staked DIEM began to cool; no transfer.
    UnstakeInitiated(UserAmount),
    /// Cooled DIEM was paid; comes with a transfer from the DIEM contract.
    Unstaked(UserAmount),
    /// One or more parameters were set.
    Set(Vec<Setting>),
    /// Somebody was given a role, such as that of minting.
    RoleGranted(RoleChange),
    /// Somebody lost a role.
    RoleRevoked(RoleChange),
    /// Another role decides now who has a role.
    RoleAdminChanged,
    /// Moves nothing that is derived here: allowances.
    Other,
}
