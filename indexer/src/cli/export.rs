//! `indexer export`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indexer::export::sink::Target;
use indexer::export::{ExportError, LIMITS, Request, export};
#[cfg(feature = "columnar")]
use indexer::files::columnar::Format;
use indexer::files::envelope::What;

use super::{DatabaseArgs, ExpectedArgs, Failure, LogArgs};

/// Write what the database holds to a file: the capacity table, all that is needed to go on from a block, the inputs
/// from which everything can be derived anew, or the supply's history.
///
/// One snapshot of the database, of a size that memory does not limit; a running indexer is not disturbed, and a role
/// that may only SELECT suffices. A file appears when it is whole. Its last line has the number of records and a digest
/// over all before it, so that one that was cut off or changed on its way is told from one that was not.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indexer export --what capacity > capacity.ndjson
  indexer export --what positions --out positions.ndjson      # for `indexer run --bootstrap` elsewhere
  indexer export --what events --out inputs/events.ndjson     # for `indexer backfill --from-files` elsewhere
  indexer export --what events --from-block 51530034 --out inputs/events-2.ndjson

Exit codes: 0 done, 2 usage or configuration (a block that is not held), 3 the database is not to be had, or the file
cannot be written.")]
pub(super) struct ExportArgs {
    #[command(flatten)]
    database: DatabaseArgs,
    #[command(flatten)]
    expected: ExpectedArgs,
    #[command(flatten)]
    log: LogArgs,
    /// Not asked: accepted so that all commands take the same settings.
    #[arg(long, env = "RPC_URL", hide_env_values = true, value_name = "URL")]
    rpc_url: Option<String>,
    /// Which records.
    #[arg(long)]
    what: WhatName,
    /// As of this block, or up to it; left out: the newest one that is finalized and stored.
    #[arg(long, value_name = "N")]
    at_block: Option<u64>,
    /// From this block on, of events and supply; left out: the first there is.
    #[arg(long, value_name = "N")]
    from_block: Option<u64>,
    /// The format. Csv and parquet, which a program built with `--features columnar` writes, want a directory for --out.
    #[arg(long, default_value = "ndjson")]
    format: FormatName,
    /// The file, or of csv and parquet the directory. Left out: standard output.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum WhatName {
    /// The capacity table after the block.
    Capacity,
    /// Positions, balances, burns, totals and parameters after the block: all that is needed to go on from it.
    Positions,
    /// Headers, logs and readings up to the block: everything can be derived from them.
    Events,
    /// VVV's totals after every block that changed them, and burns by sender.
    Supply,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum FormatName {
    /// A JSON object a line.
    Ndjson,
    /// A file per table, with a header line.
    #[cfg(feature = "columnar")]
    Csv,
    /// A file per table, compressed.
    #[cfg(feature = "columnar")]
    Parquet,
}

impl ExportArgs {
    pub(super) async fn export(self) -> Result<ExitCode, Failure> {
        self.log.start()?;
        let what = self.what();
        if self.from_block.is_some() && !matches!(what, What::Events | What::Supply) {
            return Err(Failure::usage("--from-block is of events and supply alone: the others are of one block"));
        }
        let database = self.database.reader(&LIMITS)?;
        self.expected.check(&database).await?;
        let request = Request { what, at_block: self.at_block, from_block: self.from_block };
        let exported = export(&database, &request, &self.target()?).await?;
        let (from, to) = (exported.heading.from_block, exported.heading.block_number);
        tracing::info!(what = what.name(), from_block = from, block = to, rows = exported.rows, "exported");
        Ok(ExitCode::SUCCESS)
    }

    fn what(&self) -> What {
        match self.what {
            WhatName::Capacity => What::Capacity,
            WhatName::Positions => What::Positions,
            WhatName::Events => What::Events,
            WhatName::Supply => What::Supply,
        }
    }

    fn target(&self) -> Result<Target, Failure> {
        let out = self.out.clone();
        match self.format {
            FormatName::Ndjson => Ok(out.map_or(Target::Standard, Target::Lines)),
            #[cfg(feature = "columnar")]
            FormatName::Csv => directory(out).map(|path| Target::Columns(path, Format::Csv)),
            #[cfg(feature = "columnar")]
            FormatName::Parquet => directory(out).map(|path| Target::Columns(path, Format::Parquet)),
        }
    }
}

#[cfg(feature = "columnar")]
fn directory(out: Option<PathBuf>) -> Result<PathBuf, Failure> {
    out.ok_or_else(|| Failure::usage("--out: a directory is needed for this format, which has a file per table"))
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        match error {
            ExportError::Usage(message) => Self::usage(message),
            ExportError::Read(error) => error.into(),
            ExportError::File(error) => Self::missing(error),
        }
    }
}
