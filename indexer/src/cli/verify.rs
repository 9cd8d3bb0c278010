//! `indexer verify`

use std::process::ExitCode;

use alloy_primitives::Address;
use clap::Args;
use indexer::verify::report::{Report, Verdict};
use indexer::verify::{LIMITS, VerifyError, Which, verify};

use super::{DatabaseArgs, ExpectedArgs, Failure, LogArgs, NodeArgs};

/// Compare the derived state with the contracts' own answers at a block.
///
/// The network's totals and parameters, then what addresses hold: VVV, sVVV, locks, cooldowns, DIEM. Every difference
/// is a line of its own, the last line says how much was compared. Reads alone: a running indexer is not disturbed, and
/// a role that may only SELECT suffices. The node must have state of the block: for old ones, an archive node.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indexer verify --rpc-url https://base.example/v2/KEY --database-url postgres://capacity_api@db/capacity
  indexer verify --at-block 51530033 --all --json
  indexer verify --address 0x22Cd6592B8b43288B6e4e6fBB782649b88eC438c

Exit codes: 0 no difference, 1 differences, 2 usage or configuration (a node of another chain, a block that is not
held), 3 node or database not to be had, not all answered, or nothing compared.")]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    nodes: NodeArgs,
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    expected: ExpectedArgs,
    #[command(flatten)]
    log: LogArgs,
    /// At which block; left out: the newest one that is finalized and stored.
    #[arg(long, value_name = "N")]
    at_block: Option<u64>,
    /// Every address that ever held anything.
    #[arg(long, conflicts_with_all = ["sample", "address"])]
    all: bool,
    /// So many addresses, drawn at random.
    #[arg(long, value_name = "K", default_value_t = 1_000, conflicts_with = "address")]
    sample: u32,
    /// These addresses.
    #[arg(long, value_name = "A", num_args = 1..)]
    address: Vec<Address>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
}

impl VerifyArgs {
    pub(super) async fn verify(self) -> Result<ExitCode, Failure> {
        self.log.start()?;
        let chain = self.nodes.nodes()?;
        let database = self.database.reader(&LIMITS)?;
        self.expected.check(&database).await?;
        let report = verify(&chain, &database, self.at_block, &self.which()).await.map_err(|error| match error {
            VerifyError::Usage(message) => Failure::usage(message),
            VerifyError::Missing(message) => Failure::missing(message),
        })?;
        self.print(&report)?;
        Ok(match report.verdict() {
            Verdict::Equal => ExitCode::SUCCESS,
            Verdict::Different => ExitCode::from(1),
            Verdict::Unsure => ExitCode::from(3),
        })
    }

    fn which(&self) -> Which {
        match (self.all, self.address.is_empty()) {
            (true, _) => Which::All,
            (false, true) => Which::Sample(self.sample),
            (false, false) => Which::Named(self.address.clone()),
        }
    }

    fn print(&self, report: &Report) -> Result<(), Failure> {
        match self.json {
            true => println!("{}", serde_json::to_string(report).map_err(Failure::missing)?),
            false => println!("{report}"),
        }
        Ok(())
    }
}
