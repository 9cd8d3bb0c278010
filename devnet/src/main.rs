//! `devnet`: the whole stack on one machine.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use devnet::failure::Failure;
use devnet::postgres::Cluster;
use devnet::stack::{self, Up};
use tokio::process::Command;

/// The Venice Capacity Oracle on one machine: Postgres, a chain, indexer and api
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Run the whole stack until Ctrl-C; a second run goes on with the same data
    #[command(after_help = "\
Examples:
  devnet up                                        a local chain with the contracts and traffic
  devnet up --listen 127.0.0.1:9000 --no-traffic   on another port, and a chain of your own
  devnet up --rpc-url https://mainnet.base.org     the real chain, from the contracts' first block")]
    Up(Up),
    /// Run a command with DATABASE_URL set to a Postgres of its own, and exit with its code
    #[command(after_help = "\
Examples:
  devnet postgres -- cargo test --workspace
  devnet postgres -- sh -c 'echo $DATABASE_URL'

A DATABASE_URL that is set already is used as it is.")]
    Postgres {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true, value_name = "CMD")]
        command: Vec<OsString>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let outcome = tokio::runtime::Runtime::new().context("cannot start").and_then(|runtime| runtime.block_on(run(cli)));
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(Failure::code_of(&error))
    })
}

async fn run(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        Subcommands::Up(options) => stack::up(options).await.map(|()| ExitCode::SUCCESS),
        Subcommands::Postgres { command } => with_postgres(&command).await,
    }
}

/// Runs a command beside a temporary cluster, which is stopped whatever becomes of the command.
async fn with_postgres(command: &[OsString]) -> Result<ExitCode> {
    if std::env::var_os("DATABASE_URL").is_some_and(|url| !url.is_empty()) {
        return run_command(command, None).await;
    }
    let cluster = Cluster::temporary().await?;
    let outcome = run_command(command, Some(cluster.url("postgres"))).await;
    cluster.stop().await?;
    outcome
}

/// A signal is passed on, and the command waited for: it may have something to tidy up.
async fn run_command(command: &[OsString], database_url: Option<String>) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("no command")?;
    let mut interrupted = stack::interruption()?;
    let mut child = Command::new(program)
        .args(arguments)
        .envs(database_url.map(|url| ("DATABASE_URL", url)))
        .spawn()
        .map_err(|error| Failure::usage(format!("cannot run {}: {error}", program.display())))?;
    let status = tokio::select! {
        status = child.wait() => status?,
        () = &mut interrupted => {
            let pid = child.id().unwrap_or_default().to_string();
            Command::new("kill").args(["-TERM", &pid]).status().await.ok();
            child.wait().await?
        }
    };
    // Killed by a signal: the shell's convention.
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    Ok(ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(1)))
}
