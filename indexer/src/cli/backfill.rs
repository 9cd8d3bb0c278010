//! `indexer backfill`

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use indexer::bounded::bounds::Bounds;
use indexer::bounded::{BackfillConfig, Ended, backfill};

use super::run::stop_signal;
use super::{DatabaseArgs, Failure, LogArgs, config};

/// Store blocks up to one and no further: from a node, or from files, so that nobody is asked for them twice.
///
/// The files are those of `indexer export --what events`, or cryo's `logs` and `blocks` under the names it gives them.
/// They are held against themselves as a node's answers are: order, duplicates, gaps, hashes. With a node named as well,
/// the last block must be the node's, and in the end the totals and some addresses must be what the contracts say; it is
/// also asked for readings of parameters where the files have none. Without one the files are believed, and parameters
/// that neither event nor file tells stay unknown.
///
/// Goes on where it stopped; blocks that are stored already are left as they are.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  indexer backfill --from 25500000 --to 51530033 --rpc-url https://base.example/v2/KEY --database-url postgres://…
  indexer backfill --from 25500000 --to 51530033 --from-files inputs/ --rpc-url https://base.example/v2/KEY
  indexer backfill --from 25500000 --to 51530033 --from-files inputs/

Exit codes: 0 done, 1 stopped by a signal, another indexer holds the database, or what is stored is not what the contracts
say, 2 usage or configuration (blocks that would leave a gap or may still change, files that are refused), 3 node, files
or database not to be had.")]
pub(super) struct BackfillArgs {
    /// The nodes: http(s) or ws(s) URLs of their JSON-RPC, with commas between. With --from-files they may be left out.
    #[arg(
        long,
        env = "RPC_URL",
        hide_env_values = true,
        value_name = "URL[,URL...]",
        required_unless_present = "from_files"
    )]
    rpc_url: Option<String>,
    /// The most requests a second to each node; left out: as many as it bears.
    #[arg(long, env = "REQUESTS_PER_SECOND", value_name = "N")]
    requests_per_second: Option<NonZeroU32>,
    #[command(flatten)]
    database: DatabaseArgs,
    /// Which chain and contracts: "base", or a TOML file.
    #[arg(long, env = "DEPLOYMENT", default_value = "base", value_name = "NAME|FILE")]
    deployment: String,
    #[command(flatten)]
    log: LogArgs,
    /// The first block: the deployment's start block on an empty database, at most the one after the last stored.
    #[arg(long, value_name = "N")]
    from: u64,
    /// The last block. The node must call it finalized.
    #[arg(long, value_name = "N")]
    to: u64,
    /// A directory with the inputs: NDJSON, or with a program built with `--features columnar` Parquet and CSV.
    #[arg(long, value_name = "DIR")]
    from_files: Option<PathBuf>,
    /// Store every header, also where the deployment's clock tells the time of blocks.
    #[arg(long)]
    headers: bool,
    /// How long to try to reach node and database at start.
    #[arg(long, env = "STARTUP_TIMEOUT", value_name = "SECONDS", default_value_t = 60)]
    startup_timeout: u64,
}

impl BackfillArgs {
    pub(super) async fn backfill(self) -> Result<ExitCode, Failure> {
        let bars = self.log.start()?;
        let nodes = self.rpc_url.as_deref().map(|urls| config(urls, self.requests_per_second)).transpose()?;
        let config = BackfillConfig {
            nodes,
            database_url: self.database.database_url,
            deployment: indexer::deployment::load(&self.deployment)
                .map_err(|error| Failure::usage(format!("{error:#}")))?,
            bounds: Bounds { from: self.from, to: self.to },
            files: self.from_files,
            all_headers: self.headers,
            startup_timeout: Duration::from_secs(self.startup_timeout),
            bars,
        };
        match backfill(config, stop_signal()).await {
            Ok(Ended::Done) => Ok(ExitCode::SUCCESS),
            Ok(Ended::Stopped) => Err(Failure::no("stopped: the same command goes on")),
            Err(error) => Err(Failure { code: error.exit_code(), message: error.to_string() }),
        }
    }
}
