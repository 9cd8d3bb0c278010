//! What an account has, may do and may use: the object that gateways read.

use std::sync::Arc;

use alloy_primitives::{Address, U256};
use ledger::entitlement::Policy;
use serde::Serialize;
use store::deployment::Deployment;
use utoipa::ToSchema;

use crate::guarded::Spends;
use crate::holding::Holding;
use crate::params::{FromPairs, Pairs};
use crate::problem::Problem;
use crate::snapshot::{EpochAt, Finality, Snapshot};
use crate::wire::{Amount, Ratio, Time, Units, Usd, day, usd_micros};

/// What an account has, may do and may use.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Rights {
    /// Staked VVV.
    pub stake: Stake,
    /// DIEM.
    pub diem: Diem,
    /// What may be used.
    pub entitlement: Entitlement,
    /// What may be done.
    pub gates: Gates,
    /// The epoch of the block.
    pub epoch: EpochView,
    /// With `?finality=guarded` which of the two blocks all this is of: the one at which less may be spent. Else null.
    #[schema(example = json!(null))]
    pub counted_at: Option<Finality>,
    /// Fields that are null because they cannot be known.
    #[schema(example = json!([]))]
    pub unknown: Vec<String>,
}

/// Staked VVV of an account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Stake {
    /// sVVV balance: locked and unlocked together.
    pub svvv: Amount,
    /// sVVV locked against minted DIEM.
    pub locked: Amount,
    /// sVVV that is not locked.
    pub unlocked: Amount,
    /// Unstaked VVV in cooldown, or waiting to be withdrawn.
    pub cooling: Amount,
    /// When the cooldown ends; of several addresses the last end. Null where nothing cools, nobody knows, or no
    /// time can be written: after the year 9999.
    pub cooling_ends_at: Option<Time>,
    /// sVVV of everybody: sVVV.totalSupply(). Left out with `?fields=entitlement`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Amount)]
    pub total_svvv: Option<Amount>,
    /// svvv / total_svvv; null where nobody has staked. Left out with `?fields=entitlement`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Ratio>)]
    pub share: Option<Option<Ratio>>,
}

/// DIEM of an account.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Diem {
    /// Staked now: what entitles.
    pub staked: Amount,
    /// Unstaked, in cooldown or waiting to be withdrawn.
    pub cooling: Amount,
    /// When the cooldown ends; of several addresses the last end. Null where nothing cools, nobody knows, or no
    /// time can be written: after the year 9999.
    pub cooling_ends_at: Option<Time>,
    /// What of `cooling` may be withdrawn now; null where nobody knows when it ends.
    pub claimable: Option<Amount>,
    /// Balance that is not staked.
    pub liquid: Amount,
    /// Minted against locked sVVV and not yet burned.
    pub outstanding: Amount,
    /// Staked at the epoch's opening block.
    pub epoch_open: Amount,
    /// What the next epoch opens with if nothing changes.
    pub next_epoch: Amount,
}

/// Dollars of API credit: an upper bound of what Venice grants, never what is left of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Entitlement {
    /// For the epoch of the block.
    pub allocation_usd: Usd,
    /// The same in whole millionths of a dollar, rounded down.
    #[schema(minimum = 0, example = 1_250_000)]
    pub allocation_usd_micros: u64,
    /// For the next epoch, if nothing changes.
    pub next_allocation_usd: Usd,
    /// The same in whole millionths of a dollar, rounded down.
    #[schema(minimum = 0, example = 1_250_000)]
    pub next_allocation_usd_micros: u64,
    /// Whether the staked DIEM that counts reaches the minimum (0.1 unless the policy says otherwise).
    pub minimum_met: bool,
    /// Whether anything may be used at all.
    pub spendable: bool,
}

/// What an account may do.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Gates {
    /// Has sVVV, so that an API key can be made with a wallet's signature alone.
    pub web3_key: bool,
    /// Has an allocation in this epoch.
    pub diem_spendable: bool,
    /// Has the sVVV of a Pro member, locked included.
    pub pro: bool,
}

/// The epoch of the block: a UTC day by the block's own time.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EpochView {
    /// The day; null after the year 9999.
    #[schema(pattern = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", example = "2026-11-20")]
    pub id: Option<String>,
    /// Days since 1970-01-01.
    #[schema(minimum = 0, example = 20_777)]
    pub number: u64,
    /// First second.
    pub opens_at: Option<Time>,
    /// First second after it.
    pub closes_at: Option<Time>,
    /// From the block's time to the end of the epoch.
    #[schema(minimum = 0, maximum = 86_400, example = 43_200)]
    pub seconds_remaining: u64,
    /// The last block before the epoch; null where it lies before the first block held, when nothing was staked.
    #[schema(minimum = 0, example = 51_529_999)]
    pub opening_block: Option<u64>,
    /// How sure the opening block is.
    pub opening_finality: Option<Finality>,
}

/// Which fields are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fields {
    /// All.
    #[default]
    All,
    /// All but what other people's stakes move.
    Entitlement,
}

impl FromPairs for Fields {
    fn from_pairs(pairs: &mut Pairs) -> Result<Self, Problem> {
        let parse = |text: &str| (text == "entitlement").then_some(Self::Entitlement);
        Ok(pairs.take("fields", parse, "entitlement, or left out")?.unwrap_or_default())
    }
}

/// Makes [`Rights`] of holdings, all at one block.
#[derive(Clone, Debug)]
pub struct Desk {
    deployment: Arc<Deployment>,
    policy: Policy,
    epoch: EpochAt,
    units: Units,
    total_svvv: Option<U256>,
    unknown: Vec<String>,
}

impl Desk {
    /// For a block.
    ///
    /// # Errors
    /// If the database fails or the block's time is not known.
    pub async fn open(snapshot: &mut Snapshot, units: Units, fields: Fields) -> Result<Self, Problem> {
        let epoch = snapshot.epoch().await?;
        let total_svvv = match fields {
            Fields::All => Some(snapshot.capacity_totals().await?.svvv_supply),
            Fields::Entitlement => None,
        };
        let deployment = snapshot.deployment();
        let policy = deployment.ledger_policy();
        Ok(Self { deployment, policy, epoch, units, total_svvv, unknown: snapshot.as_of().unknown() })
    }

    /// The epoch of the block.
    pub fn epoch(&self) -> &EpochAt {
        &self.epoch
    }

    /// An amount in the unit asked for.
    pub fn amount(&self, amount: U256) -> Amount {
        self.units.amount(amount)
    }

    /// Name and kind that the deployment gives to an address.
    pub fn label(&self, address: Address) -> (Option<String>, Option<&'static str>) {
        let label = self.deployment.label(address);
        (label.map(|label| label.name.clone()), label.map(|label| label.kind.name()))
    }

    /// What a guarded answer compares.
    pub fn spends(&self, holding: &Holding) -> Spends {
        let entitled = self.policy.entitle(&holding.staked());
        let (allocation, next_allocation) = (entitled.allocation, entitled.next_allocation);
        Spends { allocation, next_allocation, svvv: holding.position.svvv }
    }

    /// What follows from what an account holds.
    pub fn rights(&self, holding: &Holding) -> Rights {
        let entitled = self.policy.entitle(&holding.staked());
        let (stake, diem) = (self.stake(holding), self.diem(holding));
        let missing = [
            (
                "stake.cooling_ends_at",
                !holding.position.svvv_cooling.amount.is_zero() && stake.cooling_ends_at.is_none(),
            ),
            ("diem.cooling_ends_at", !holding.position.diem_cooling.amount.is_zero() && diem.cooling_ends_at.is_none()),
            ("diem.claimable", diem.claimable.is_none()),
        ];
        let missing = missing.into_iter().filter(|(_, is_missing)| *is_missing).map(|(name, _)| name.to_owned());
        Rights {
            gates: Gates {
                web3_key: !holding.position.svvv.is_zero(),
                diem_spendable: entitled.spendable(),
                pro: self.policy.is_pro(holding.position.svvv),
            },
            entitlement: Entitlement::new(&entitled),
            epoch: EpochView::new(&self.epoch),
            counted_at: None,
            unknown: self.unknown.iter().cloned().chain(missing).collect(),
            stake,
            diem,
        }
    }

    fn stake(&self, holding: &Holding) -> Stake {
        let position = &holding.position;
        Stake {
            svvv: self.amount(position.svvv),
            locked: self.amount(position.locked),
            unlocked: self.amount(position.unlocked()),
            cooling: self.amount(position.svvv_cooling.amount),
            cooling_ends_at: position.svvv_cooling.ends_at.and_then(Time::new),
            total_svvv: self.total_svvv.map(|total| self.amount(total)),
            share: self.total_svvv.map(|total| Ratio::of(position.svvv, total)),
        }
    }

    fn diem(&self, holding: &Holding) -> Diem {
        let position = &holding.position;
        Diem {
            staked: self.amount(position.diem_staked),
            cooling: self.amount(position.diem_cooling.amount),
            cooling_ends_at: position.diem_cooling.ends_at.and_then(Time::new),
            claimable: holding.diem_claimable.map(|claimable| self.amount(claimable)),
            liquid: self.amount(position.diem_liquid),
            outstanding: self.amount(position.outstanding),
            epoch_open: self.amount(holding.epoch_open),
            next_epoch: self.amount(position.diem_staked),
        }
    }
}

impl Entitlement {
    fn new(entitled: &ledger::entitlement::Entitlement) -> Self {
        Self {
            allocation_usd: Usd::new(entitled.allocation),
            allocation_usd_micros: usd_micros(entitled.allocation),
            next_allocation_usd: Usd::new(entitled.next_allocation),
            next_allocation_usd_micros: usd_micros(entitled.next_allocation),
            minimum_met: entitled.minimum_met,
            spendable: entitled.spendable(),
        }
    }
}

impl EpochView {
    /// An epoch as it is written.
    pub fn new(at: &EpochAt) -> Self {
        Self {
            id: day(at.epoch),
            number: at.epoch.number,
            opens_at: Time::new(at.epoch.opens_at()),
            closes_at: Time::new(at.epoch.closes_at()),
            seconds_remaining: at.seconds_remaining(),
            opening_block: at.opening_block,
            opening_finality: at.opening_finality,
        }
    }
}
