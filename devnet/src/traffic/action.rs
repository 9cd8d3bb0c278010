//! What happens, and how it becomes transactions.

use alloy_primitives::Address;
use alloy_sol_types::SolCall;

use crate::contracts::addresses::{BATCHER, OPERATOR, SAFES};
use crate::contracts::twins::{Batcher, BatcherCall, Safe, SafeCall};
use crate::mining::Transaction;

/// Enough for some tens of calls.
const BATCH_GAS: u64 = 8_000_000;

/// What kind of thing happens. Each comes up many times in a run of some hundred blocks, but for the first four and the
/// airdrop's burn, which come once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The treasury hands out the supply; everybody lets the staking contract take VVV.
    Distribute,
    /// DIEM and the second logic appear.
    DeployDiem,
    /// The second logic takes over, and the first DIEM is minted directly.
    Upgrade,
    /// The airdrop burns what nobody claimed.
    BurnAirdrop,

    /// A user stakes for itself.
    Stake,
    /// A user stakes for somebody else.
    StakeForOther,
    /// A user claims its rewards.
    Claim,
    /// A user stakes its rewards.
    ClaimAndStake,
    /// A user's sVVV begins to cool.
    InitiateUnstake,
    /// A user takes what has cooled.
    FinalizeUnstake,
    /// A user lets somebody move its sVVV, which nobody can.
    ApproveSvvv,
    /// A user locks sVVV for DIEM.
    MintDiem,
    /// A user burns some of the DIEM it minted.
    BurnDiemInPart,
    /// A user burns all the DIEM it minted.
    BurnDiemInFull,
    /// A user stakes DIEM.
    StakeDiem,
    /// A user's DIEM begins to cool.
    InitiateDiemUnstake,
    /// A user adds to DIEM that cools already: its clock starts anew.
    InitiateDiemUnstakeAgain,
    /// A user takes its cooled DIEM.
    UnstakeDiem,
    /// A user stakes and mints in one block, by two transactions.
    StakeAndMint,

    /// VVV changes hands.
    TransferVvv,
    /// DIEM changes hands.
    TransferDiem,
    /// A transfer of nothing.
    TransferNothing,
    /// A transfer to oneself.
    TransferToSelf,
    /// VVV for WETH.
    SellVvv,
    /// WETH for VVV.
    BuyVvv,
    /// VVV for DIEM.
    SellVvvForDiem,
    /// DIEM for VVV.
    SellDiemForVvv,
    /// A swap pays the zero address.
    BurnBySwap,
    /// A user claims its airdrop.
    ClaimAirdrop,
    /// Something that the contracts refuse.
    Refused,

    /// The burn Safe burns.
    BurnBySafe,
    /// Somebody without a label burns.
    BurnByUser,
    /// VVV is sent to the staking contract, and is no stake.
    DonateVvv,
    /// DIEM is sent to its own contract, and is no stake.
    DonateDiem,
    /// A vault stakes.
    VaultStake,
    /// A vault's sVVV begins to cool.
    VaultInitiateUnstake,
    /// A vault takes what has cooled.
    VaultFinalizeUnstake,
    /// A vault mints DIEM.
    VaultMintDiem,
    /// A vault burns DIEM.
    VaultBurnDiem,
    /// A vault stakes DIEM.
    VaultStakeDiem,
    /// A vault stakes, mints and unstakes in one transaction.
    VaultBatch,
    /// Two vaults mint the same amount in one transaction.
    EqualMints,
    /// A mint of DIEM and a direct mint of the same amount in one transaction.
    MintBesideDirectMint,
    /// DIEM minted by role.
    DirectMint,
    /// DIEM burned by role.
    DirectBurn,

    /// The owner sets the emission rate.
    SetEmissionRate,
    /// The owner sets the cooldown of sVVV.
    SetSvvvCooldown,
    /// The owner sets the treasury.
    SetTreasury,
    /// Somebody moves the first logic's treasury share, of which no event tells.
    SetOracle,
    /// The owner sets the treasury's share of all emissions.
    SetVenicePercentage,
    /// The owner sets the treasury's share of what locked sVVV earns.
    SetVenicePercentageWhenLocked,
    /// The owner sets a new mint curve.
    SetMintCurve,
    /// The admin sets the cooldown of DIEM.
    SetDiemCooldown,
    /// The admin grants, revokes and reassigns roles.
    ChangeRoles,
}

/// One thing that happens: its transactions follow one another in the same block.
#[derive(Clone, Debug)]
pub(super) struct Action {
    pub(super) kind: Kind,
    pub(super) steps: Vec<Step>,
}

/// A transaction, and whether it is meant to succeed.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) transaction: Transaction,
    pub(super) refused: bool,
}

impl Step {
    /// `actor` calls `target`; a Safe does so by its owner's transaction.
    pub(super) fn new(actor: Address, target: Address, call: &impl SolCall) -> Self {
        let transaction = if SAFES.contains(&actor) {
            Transaction::new(OPERATOR, actor, &Safe::execCall { target, data: call.abi_encode().into() })
        } else {
            Transaction::new(actor, target, call)
        };
        Self { transaction, refused: false }
    }

    /// One Safe's calls in one transaction.
    pub(super) fn as_safe(safe: Address, calls: &[(Address, Vec<u8>)]) -> Self {
        let calls =
            calls.iter().map(|(target, data)| SafeCall { target: *target, data: data.clone().into() }).collect();
        let call = Safe::execBatchCall { calls };
        Self { transaction: Transaction::new(OPERATOR, safe, &call).gas(BATCH_GAS), refused: false }
    }

    /// Several Safes' calls in one transaction, sent by somebody who is none of them.
    pub(super) fn as_safes(sender: Address, calls: &[(Address, Address, Vec<u8>)]) -> Self {
        let exec = |(safe, target, data): &(Address, Address, Vec<u8>)| {
            let exec = Safe::execCall { target: *target, data: data.clone().into() };
            BatcherCall { target: *safe, data: exec.abi_encode().into() }
        };
        let call = Batcher::runCall { calls: calls.iter().map(exec).collect() };
        Self { transaction: Transaction::new(sender, BATCHER, &call).gas(BATCH_GAS), refused: false }
    }

    pub(super) fn gas(mut self, gas: u64) -> Self {
        self.transaction.gas = gas;
        self
    }

    /// Meant to revert.
    pub(super) fn refused(mut self) -> Self {
        self.refused = true;
        self
    }
}
