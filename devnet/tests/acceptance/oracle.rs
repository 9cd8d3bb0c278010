//! Indexer and API as child processes, as an operator runs them: the API as the role that can only read.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256};
use devnet::contracts::DEPLOYMENT_TOML;
use devnet::postgres::{API_ROLE, prepare_roles};
use serde_json::{Value, json};
use sqlx::{ConnectOptions, PgPool};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use crate::served::{Network, Position};

static ROLES: Mutex<()> = Mutex::const_new(());
const PATIENCE: Duration = Duration::from_secs(120);
const PAUSE: Duration = Duration::from_millis(20);
/// Blocks from one of the indexer's own comparisons with the contracts to the next.
pub(crate) const VERIFY_EVERY: u64 = 20;
/// What `POST /v1/entitlements` takes at once.
const ADDRESSES_MAX: usize = 1_000;

pub(crate) struct Oracle {
    node_url: String,
    database_url: String,
    reader_url: String,
    deployment: PathBuf,
    indexer: Option<Child>,
    _api: Child,
    base: String,
    client: reqwest::Client,
}

impl Oracle {
    /// Indexer and API.
    pub(crate) async fn start(pool: &PgPool, node_url: &str) -> Self {
        let mut oracle = Self::idle(pool, node_url).await;
        oracle.start_indexer().await;
        oracle
    }

    /// The API alone.
    pub(crate) async fn idle(pool: &PgPool, node_url: &str) -> Self {
        let options = (*pool.connect_options()).clone();
        let database_url = options.to_url_lossy().to_string();
        {
            // Roles are the cluster's: two tests that alter one at the same moment get in each other's way.
            let _one_at_a_time = ROLES.lock().await;
            prepare_roles(&database_url, Some("reader")).await.unwrap();
        }
        let reader = options.username(API_ROLE).password("reader").to_url_lossy();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let deployment = std::env::temp_dir().join(format!("deployment-{}-{port}.toml", std::process::id()));
        std::fs::write(&deployment, DEPLOYMENT_TOML).unwrap();
        let api =
            program("api").args(["serve", "--listen", &listen]).env("DATABASE_URL", reader.as_str()).spawn().unwrap();
        Self {
            node_url: node_url.to_owned(),
            database_url,
            reader_url: reader.to_string(),
            deployment,
            indexer: None,
            _api: api,
            base: format!("http://{listen}"),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
        }
    }

    pub(crate) async fn start_indexer(&mut self) {
        self.start_indexer_with(&[]).await;
    }

    pub(crate) async fn start_indexer_with(&mut self, more: &[&str]) {
        let mut command = program("indexer");
        command.args(["run", "--poll-interval-ms", "50", "--deployment"]).arg(&self.deployment);
        command.args(["--verify-every", &VERIFY_EVERY.to_string()]).args(more);
        command.env("RPC_URL", &self.node_url).env("DATABASE_URL", &self.database_url);
        self.indexer = Some(command.spawn().unwrap());
    }

    /// kill -9: it learns nothing of it.
    pub(crate) async fn kill_indexer(&mut self) {
        let mut indexer = self.indexer.take().expect("it runs");
        indexer.kill().await.unwrap();
    }

    /// Begins anew under another policy, and waits until answers follow it.
    pub(crate) async fn change_policy(&mut self, policy: &str) {
        self.kill_indexer().await;
        let deployment = DEPLOYMENT_TOML.replace("allocation = \"live\"", &format!("allocation = \"{policy}\""));
        std::fs::write(&self.deployment, deployment).unwrap();
        self.start_indexer().await;
        let began = Instant::now();
        loop {
            let as_of = self.get("/v1/staking").await["as_of"].take();
            if as_of["policy"] == policy {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the policy is never {policy}: {as_of}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// A command of the indexer's to its end, as the role that can only read.
    pub(crate) async fn ask_indexer(&self, arguments: &[&str]) -> Said {
        self.ask(arguments, &self.reader_url).await
    }

    /// The same, as the role that writes.
    pub(crate) async fn ask_indexer_as_writer(&self, arguments: &[&str]) -> Said {
        self.ask(arguments, &self.database_url).await
    }

    async fn ask(&self, arguments: &[&str], database_url: &str) -> Said {
        let mut command = program("indexer");
        command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.env("RPC_URL", &self.node_url).env("DATABASE_URL", database_url);
        said(command).await
    }

    /// The same as the role that writes, without a node, and with the operator's deployment.
    pub(crate) async fn order_indexer(&self, arguments: &[&str]) -> Said {
        let mut command = program("indexer");
        command.args(arguments).arg("--deployment").arg(&self.deployment);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).env("DATABASE_URL", &self.database_url);
        said(command).await
    }

    /// The operator adds an implementation, one with DIEM, to the deployment.
    pub(crate) fn name_implementation(&self, address: Address) {
        let named = format!("\n[[implementations]]\naddress = \"{address}\"\nabi = \"v2\"\n");
        let deployment = std::fs::read_to_string(&self.deployment).unwrap();
        std::fs::write(&self.deployment, deployment + &named).unwrap();
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.client.get(format!("{}{path}", self.base)).send().await.unwrap();
        answer.json().await.unwrap()
    }

    /// Waits until the API serves this very block as its latest.
    pub(crate) async fn reach(&self, number: u64, hash: B256) {
        self.reach_at("/v1/supply", number, hash).await;
    }

    /// Waits until this answer is of this very block.
    pub(crate) async fn reach_at(&self, path: &str, number: u64, hash: B256) {
        let began = Instant::now();
        loop {
            let answer = self.client.get(format!("{}{path}", self.base)).send().await;
            let as_of = match answer {
                Ok(answer) => answer.json::<Value>().await.unwrap_or_default()["as_of"].take(),
                Err(_) => Value::Null,
            };
            if as_of["block_number"] == number && as_of["block_hash"] == hash.to_string() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "the API does not come to block {number} {hash}: {as_of}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until the indexer has said that this block is finalized.
    pub(crate) async fn reach_finalized(&self, block: u64) {
        let began = Instant::now();
        loop {
            let finalized = self.get("/v1/status").await["finalized"].take();
            if finalized.as_u64().is_some_and(|finalized| finalized >= block) {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "block {block} is never finalized: {finalized}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until the indexer has compared what it derived with the contracts at this block or later; what it found.
    pub(crate) async fn drift(&self, block: u64) -> Value {
        let began = Instant::now();
        loop {
            let drift = self.get("/v1/status").await["drift"].take();
            if drift["block_number"].as_u64().is_some_and(|compared| compared >= block) {
                return drift;
            }
            assert!(began.elapsed() < PATIENCE, "nothing is compared at block {block}: {drift}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// What the API says of each address at a block, in the order asked.
    pub(crate) async fn positions(&self, addresses: &[Address], block: u64) -> Vec<Position> {
        let mut positions = Vec::new();
        for chunk in addresses.chunks(ADDRESSES_MAX) {
            let url = format!("{}/v1/entitlements?block={block}", self.base);
            let answer = self.client.post(url).json(&json!({"addresses": chunk})).send().await.unwrap();
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["as_of"]["block_number"], block, "{answer}");
            positions.extend(answer["items"].as_array().unwrap().iter().map(Position::of));
        }
        assert_eq!(positions.len(), addresses.len());
        positions
    }

    pub(crate) async fn network(&self, block: u64) -> Network {
        let at = |path: &str| format!("/v1/{path}?block={block}");
        Network::of(&self.get(&at("supply")).await, &self.get(&at("staking")).await, &self.get(&at("diem")).await)
    }
}

async fn said(mut command: Command) -> Said {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it does not end").unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    /// The one JSON object that it printed.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("JSON, not {self:?}"))
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        std::fs::remove_file(&self.deployment).ok();
    }
}

/// A program of the workspace, as built beside this test.
fn program(name: &str) -> Command {
    let folder = std::env::current_exe().unwrap().ancestors().nth(2).unwrap().to_path_buf();
    let path = folder.join(name);
    assert!(path.exists(), "{} is missing: cargo build --workspace --all-targets", path.display());
    let mut command = Command::new(path);
    command.stdin(Stdio::null()).stdout(Stdio::null()).env("LOG", "warn").kill_on_drop(true);
    command
}
