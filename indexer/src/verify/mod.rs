//! The derived state held against the contracts' own answers, at one block.
//!
//! - [`figures`]: what is compared; pure
//! - [`compare`]: the comparison; pure
//! - [`report`]: what came of it, for humans and scripts

pub mod compare;
pub mod figures;
pub mod report;

use std::time::Duration;

use alloy_primitives::{Address, B256};
use futures::{StreamExt, TryStreamExt, stream};
use ledger::parameter::Parameters;
use ledger::rewards::{Terms, pending_at};
use ledger::totals::{CapacityTotals, SupplyTotals};
use store::deployment::Deployment;
use store::read::progress::{Needs, Progress};
use store::read::{Database, Limits, ReadError, Reading, account, block, parameter, progress, seen, totals};
use thiserror::Error;

use crate::chain::multicall::{self, Answer, Call};
use crate::chain::{At, Chain, ChainError};
use crate::readings;
use compare::Findings;
use figures::{Account, Locks, Questions};
use report::Report;

/// Addresses asked about in one call: seven views each, well below what nodes grant a call.
const ADDRESSES_PER_CALL: usize = 200;
const CALLS_AT_ONCE: usize = 4;

/// How much of the database a comparison may take. All addresses of a long history take Postgres a while to list.
pub const LIMITS: Limits = Limits {
    application_name: "venice-indexer-verify",
    connections_max: 4,
    statement_timeout: Duration::from_secs(600),
    acquire_timeout: Duration::from_secs(10),
};

/// Which addresses are compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Every one that held anything by then.
    All,
    /// So many, drawn at random.
    Sample(u32),
    /// So many that changed last.
    Recent(u32),
    /// These.
    Named(Vec<Address>),
}

/// Why nothing was compared.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
    /// Node or database did not give what is needed.
    #[error("{0}")]
    Missing(String),
}

impl From<ReadError> for VerifyError {
    fn from(error: ReadError) -> Self {
        Self::Missing(match error {
            ReadError::NotMigrated(_) => "the database has no tables of this version: start `indexer run` on it".into(),
            other => format!("--database-url: {other}"),
        })
    }
}

impl From<ChainError> for VerifyError {
    fn from(error: ChainError) -> Self {
        if matches!(error, ChainError::OtherChain(_)) {
            return Self::Usage(format!("--rpc-url: {error}"));
        }
        Self::Missing(match error {
            ChainError::NoState(_) => format!("{error}; point --rpc-url at an archive node, or name a newer block"),
            other => format!("--rpc-url: {other}"),
        })
    }
}

/// A block, and what the database has of the network at it.
struct Scene {
    deployment: Deployment,
    number: u64,
    hash: Option<B256>,
    /// Seconds since 1970; `None`: no header of it is stored and no clock tells.
    timestamp: Option<u64>,
    capacity: CapacityTotals,
    supply: SupplyTotals,
    parameters: Parameters,
    addresses: Vec<Address>,
}

/// Compares the network's totals, its parameters and these addresses at a block; `None`: at the newest one that is
/// finalized and ours.
///
/// # Errors
/// [`VerifyError`], where not all of it could be asked.
pub async fn verify(
    chain: &impl Chain,
    database: &Database,
    at_block: Option<u64>,
    which: &Which,
) -> Result<Report, VerifyError> {
    let scene = Scene::open(database, at_block, which).await?;
    chain.admit(scene.deployment.chain_id).await?;
    let network = scene.compare_network(chain).await?;
    let accounts = stream::iter(scene.addresses.chunks(ADDRESSES_PER_CALL))
        .map(|addresses| scene.compare_accounts(chain, database, addresses))
        .buffered(CALLS_AT_ONCE)
        .try_fold(Findings::default(), async |all, found| Ok(all.and(found)))
        .await?;
    Ok(Report::new(scene.number, scene.hash, scene.addresses.len(), network.and(accounts)))
}

impl Scene {
    async fn open(database: &Database, at_block: Option<u64>, which: &Which) -> Result<Self, VerifyError> {
        let mut reading = database.begin().await?;
        let progress = progress::progress(&mut reading).await?;
        let deployment = progress::deployment(&mut reading).await?.ok_or_else(never_synced)?;
        let number = resolve(&progress, progress.first_block(&deployment), at_block)?;
        let by_clock = deployment.clock.and_then(|clock| clock.timestamp(number));
        Ok(Self {
            hash: hash_of(&mut reading, &progress, number).await?,
            timestamp: block::facts(&mut reading, number).await?.timestamp.or(by_clock),
            capacity: totals::capacity(&mut reading, number).await?,
            supply: totals::supply(&mut reading, number).await?,
            parameters: parameter::all(&mut reading, number).await?,
            addresses: match which {
                Which::All => seen::all(&mut reading, number).await?,
                Which::Sample(limit) => seen::sample(&mut reading, *limit).await?,
                Which::Recent(limit) => seen::recent(&mut reading, number, *limit).await?,
                Which::Named(addresses) => addresses.clone(),
            },
            number,
            deployment,
        })
    }

    async fn compare_network(&self, chain: &impl Chain) -> Result<Findings, VerifyError> {
        let contracts = &self.deployment.contracts;
        let questions = Questions::network(contracts, self.locks(), &self.capacity, &self.supply);
        let (answers, read) = futures::try_join!(self.ask(chain, &questions.calls), async {
            Ok(readings::read(chain, contracts, self.at()).await?)
        })?;
        Ok(compare::figures(&questions, &answers).and(compare::parameters(&self.parameters, &read)))
    }

    /// In a transaction of its own: one that stays open while a node is asked about a hundred thousand addresses would
    /// keep Postgres from cleaning up.
    async fn compare_accounts(
        &self,
        chain: &impl Chain,
        database: &Database,
        addresses: &[Address],
    ) -> Result<Findings, VerifyError> {
        let mut questions = Questions::default();
        for account in self.accounts(database, addresses).await? {
            questions.account(&self.deployment.contracts, self.locks(), &account);
        }
        let answers = self.ask(chain, &questions.calls).await?;
        Ok(compare::figures(&questions, &answers))
    }

    async fn accounts(&self, database: &Database, addresses: &[Address]) -> Result<Vec<Account>, VerifyError> {
        let mut reading = database.begin().await?;
        let progress = progress::progress(&mut reading).await?;
        let is_held = Needs::Both.newest(&progress).is_some_and(|newest| newest.number >= self.number);
        if !is_held || hash_of(&mut reading, &progress, self.number).await? != self.hash {
            let number = self.number;
            let what = format!("block {number} was reorged away meanwhile: ask again, or name a finalized block");
            return Err(VerifyError::Missing(what));
        }
        let positions = account::positions(&mut reading, addresses, self.number).await?;
        let balances = account::vvv_balances(&mut reading, addresses, self.number).await?;
        let terms = Terms::of(&self.parameters, &self.capacity);
        let account = |address: &Address| {
            let position = positions.get(address).copied().unwrap_or_default();
            let pending = self.timestamp.and_then(|at| pending_at(&position, self.capacity.rewards, terms, at));
            Account { address: *address, position, vvv: balances.get(address).copied().unwrap_or_default(), pending }
        };
        Ok(addresses.iter().map(account).collect())
    }

    async fn ask(&self, chain: &impl Chain, calls: &[Call]) -> Result<Vec<Answer>, VerifyError> {
        let multicall3 = self.deployment.contracts.multicall3;
        multicall::ask(chain, multicall3, self.at(), calls).await?.ok_or_else(|| {
            VerifyError::Missing(format!(
                "at block {} there is no Multicall3 at {multicall3} to ask through",
                self.number
            ))
        })
    }

    /// By hash where the header is stored, so that no other block can be answered for.
    fn at(&self) -> At {
        At { number: self.number, hash: self.hash }
    }

    fn locks(&self) -> Locks {
        Locks::of(&self.deployment, &self.parameters)
    }
}

/// The block meant, which must be held.
fn resolve(progress: &Progress, first: u64, at_block: Option<u64>) -> Result<u64, VerifyError> {
    let newest = Needs::Both.newest(progress).ok_or_else(never_synced)?.number;
    let finalized = progress.follower.as_ref().and_then(|follower| follower.finalized_number);
    match at_block {
        Some(number) if (first..=newest).contains(&number) => Ok(number),
        Some(number) => Err(VerifyError::Usage(format!(
            "--at-block {number} lies outside what the database holds: blocks {first} to {newest}"
        ))),
        None => finalized.map(|number| number.min(newest)).ok_or_else(|| {
            VerifyError::Missing("no block is known to be finalized yet: name one with --at-block".into())
        }),
    }
}

async fn hash_of(reading: &mut Reading, progress: &Progress, number: u64) -> Result<Option<B256>, ReadError> {
    let cursors = [progress.capacity, progress.supply];
    let of_cursor = cursors.into_iter().flatten().find(|cursor| cursor.number == number).and_then(|at| at.hash);
    Ok(block::facts(reading, number).await?.hash.or(of_cursor))
}

fn never_synced() -> VerifyError {
    VerifyError::Missing("the database holds no block yet: let `indexer run` store some".into())
}
