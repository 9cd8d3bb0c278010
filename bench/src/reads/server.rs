//! `api serve`, as operators run it.

use std::path::PathBuf;
use std::process::Stdio;

use anyhow::{Context, Result};
use devnet::guarded::{Guarded, StopSignal};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

pub(super) struct Server {
    program: Guarded,
    pub(super) address: String,
}

impl Server {
    pub(super) async fn start(database_url: &str) -> Result<Self> {
        let beside: PathBuf = std::env::current_exe()?.with_file_name("api");
        let mut command = Command::new(beside);
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .env("DATABASE_URL", database_url)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut program = Guarded::spawn(&mut command, StopSignal::Term, None)?;
        let stderr = program.child_mut().stderr.take().context("no output")?;
        let mut lines = BufReader::new(stderr).lines();
        let address = loop {
            let line = lines.next_line().await?.context("the API ended")?;
            if let Some((_, rest)) = line.split_once("address=") {
                break rest.split_whitespace().next().unwrap_or(rest).to_owned();
            }
        };
        // What it says is read to its end, or it would wait for room.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok(Self { program, address })
    }

    pub(super) async fn stop(self) -> Result<()> {
        self.program.stop().await?;
        Ok(())
    }
}
