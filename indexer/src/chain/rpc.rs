//! A node over HTTP or WebSocket, through alloy; logs alone are read without it.
//!
//! Blocks are asked for without their transactions and through a network type that takes any, because Base's first
//! transaction of each block is a deposit of type 0x7e. No retry layer lies between: errors are classified here.

mod failure;
mod header;
mod http;
mod logs;

use std::future::{Future, IntoFuture};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use alloy_eips::{BlockId, BlockNumberOrTag, RpcBlockHash};
use alloy_network::{AnyNetwork, AnyTransactionReceipt};
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};
use alloy_provider::{Provider, RootProvider};
use alloy_rpc_client::RpcClient;
use alloy_rpc_types_eth::{Filter, TransactionInput, TransactionRequest};
use alloy_transport::TransportError;
use anyhow::Context;
use serde_json::value::RawValue;
use url::Url;

use self::header::verified;
pub(super) use self::header::verified_header;
use self::http::Http;
use super::backoff::jittered;
use super::error::classify;
use super::gate::Gate;
use super::heads::Heads;
use super::socket::Socket;
use super::{At, Chain, ChainError, Finality, Grade, Graded, Header, Log, LogQuery};
use crate::measure;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A node that asks for more than this is not waited for here.
const THROTTLED_PATIENCE: Duration = Duration::from_secs(5);

/// The most that the logs of a range may take as text, and those of one block, which no smaller range can replace.
/// Logs take less in memory than as text.
const RANGE_BYTES_MAX: usize = 16 << 20;
const BLOCK_BYTES_MAX: usize = 64 << 20;

/// How long a node is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For the whole of an answer.
    pub request: Duration,
    /// Between attempts of one request that the node throttles; then the step fails and its own backoff begins.
    pub throttled: [Duration; 4],
}

impl Default for Patience {
    fn default() -> Self {
        Self { request: Duration::from_secs(30), throttled: [50, 150, 450, 1_350].map(Duration::from_millis) }
    }
}

/// How a node is reached.
#[derive(Clone, Debug)]
enum Link {
    Http(Http),
    Socket(Socket),
}

/// One node.
#[derive(Clone, Debug)]
pub struct RpcChain {
    provider: RootProvider<AnyNetwork>,
    link: Link,
    gate: Arc<Gate>,
    /// What must not be repeated: the URL may hold a key, anywhere but in its host.
    secrets: Arc<[String]>,
    patience: Patience,
}

impl RpcChain {
    /// A node at an `http`, `https`, `ws` or `wss` URL. Nothing is asked yet.
    ///
    /// # Errors
    /// If the URL has another scheme, or the TLS library does not start.
    pub fn new(url: Url) -> anyhow::Result<Self> {
        Self::limited(url, None, Patience::default())
    }

    /// The same, asked no more often than so many times a second and waited for as long as this.
    ///
    /// # Errors
    /// As [`RpcChain::new`].
    pub fn limited(url: Url, requests_per_second: Option<NonZeroU32>, patience: Patience) -> anyhow::Result<Self> {
        let secrets = secrets(&url);
        let (client, link) = match url.scheme() {
            "http" | "https" => {
                let http = Http::new(http_client(patience.request)?, url);
                (RpcClient::new(http.clone(), false), Link::Http(http))
            }
            "ws" | "wss" => {
                let socket = Socket::new(&url);
                (RpcClient::new(socket.clone(), false), Link::Socket(socket))
            }
            other => anyhow::bail!("an RPC URL starts with http://, https://, ws:// or wss://, not {other}://"),
        };
        let gate = Arc::new(Gate::new(requests_per_second));
        Ok(Self { provider: RootProvider::new(client), link, gate, secrets, patience })
    }

    /// Requests that went out so far.
    pub fn requests(&self) -> u64 {
        self.gate.requests()
    }

    /// Whether new heads can be pushed.
    pub fn pushes(&self) -> bool {
        matches!(self.link, Link::Socket(_))
    }

    /// New heads as the node pushes them.
    ///
    /// # Errors
    /// [`ChainError`], where it does not push or cannot be reached.
    pub async fn heads(&self) -> Result<Heads, ChainError> {
        let Link::Socket(socket) = &self.link else { return Err(ChainError::Refused("no WebSocket URL".into())) };
        self.gate.pass().await;
        Heads::subscribe(socket).await.map_err(|error| self.error(error))
    }

    async fn ask<T, F>(&self, request: impl Fn() -> F) -> Result<T, ChainError>
    where
        F: IntoFuture<Output = Result<T, TransportError>>,
    {
        let request = &request;
        let attempt = || async move {
            self.gate.pass().await;
            request().await.map_err(|error| self.error(error))
        };
        patiently(&self.patience, attempt).await
    }

    async fn ask_logs(&self, filter: &Filter, bytes_max: usize) -> Result<Graded, ChainError> {
        let attempt = || async {
            self.gate.pass().await;
            match &self.link {
                Link::Http(http) => self.logs_over_http(http, filter, bytes_max).await,
                Link::Socket(_) => self.logs_over_socket(filter).await,
            }
        };
        Ok(Graded { logs: patiently(&self.patience, attempt).await?, grade: Grade::Single })
    }

    async fn logs_over_http(&self, http: &Http, filter: &Filter, bytes_max: usize) -> Result<Vec<Log>, ChainError> {
        let body = http.post(logs::request(filter)?, bytes_max).await.map_err(|error| self.error_of_logs(error))?;
        let answer = logs::parse(&body, |code, words| classify(code, &self.hide(words)));
        http.recycle(body);
        answer
    }

    async fn logs_over_socket(&self, filter: &Filter) -> Result<Vec<Log>, ChainError> {
        let request = self.provider.client().request::<_, Box<RawValue>>("eth_getLogs", (filter,));
        let answer = request.await.map_err(|error| self.error_of_logs(error))?;
        logs::parse_result(answer.get())
    }

    /// EIP-155 id.
    ///
    /// # Errors
    /// [`ChainError`]
    pub async fn chain_id(&self) -> Result<u64, ChainError> {
        self.ask(|| self.provider.get_chain_id()).await
    }

    /// All receipts of a block; `None` if the node does not know it.
    ///
    /// # Errors
    /// [`ChainError`]
    pub async fn receipts(&self, hash: B256) -> Result<Option<Vec<AnyTransactionReceipt>>, ChainError> {
        let id = BlockId::Hash(RpcBlockHash::from_hash(hash, None));
        match self.ask(|| self.provider.get_block_receipts(id)).await {
            Err(ChainError::UnknownBlock(_)) => Ok(None),
            answer => answer,
        }
    }

    async fn block(&self, id: BlockId) -> Result<Option<Header>, ChainError> {
        let block = match id {
            BlockId::Hash(hash) => self.ask(|| self.provider.get_block_by_hash(hash.block_hash)).await,
            BlockId::Number(number) => self.ask(|| self.provider.get_block_by_number(number)).await,
        };
        match block {
            Ok(block) => block.map(verified).transpose(),
            Err(ChainError::UnknownBlock(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A tag that the node may not know: pre-merge nodes and simple ones refuse it, some answer null.
    async fn tagged(&self, tag: BlockNumberOrTag) -> Result<Option<Header>, ChainError> {
        match self.block(tag.into()).await {
            Err(ChainError::Refused(_) | ChainError::NoState(_)) => Ok(None),
            other => other,
        }
    }
}

fn http_client(request_timeout: Duration) -> anyhow::Result<reqwest::Client> {
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(request_timeout)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .context("the HTTP client does not start")
}

/// The whole URL, and its parts where a key may be, as a node or a library might repeat them.
fn secrets(url: &Url) -> Arc<[String]> {
    let parts = [Some(url.as_str()), Some(url.path()), url.query(), url.password(), Some(url.username())];
    let long_enough = |part: &&str| part.trim_matches('/').len() > 3;
    parts.into_iter().flatten().filter(long_enough).map(str::to_owned).collect()
}

impl Chain for RpcChain {
    async fn admit(&self, chain_id: u64) -> Result<(), ChainError> {
        match self.chain_id().await? {
            id if id == chain_id => Ok(()),
            id => Err(ChainError::OtherChain(format!("the node is of chain {id}, the deployment of {chain_id}"))),
        }
    }

    async fn head(&self) -> Result<Header, ChainError> {
        let head = self.block(BlockNumberOrTag::Latest.into()).await?;
        head.ok_or_else(|| ChainError::Unavailable("the node has no block yet".into()))
    }

    async fn finality(&self) -> Result<Finality, ChainError> {
        let (safe, finalized) =
            futures::try_join!(self.tagged(BlockNumberOrTag::Safe), self.tagged(BlockNumberOrTag::Finalized))?;
        Ok(Finality { safe, finalized })
    }

    async fn header(&self, number: u64) -> Result<Option<Header>, ChainError> {
        let header = self.block(number.into()).await?;
        match header {
            Some(header) if header.number != number => {
                Err(ChainError::Contradiction(format!("asked for block {number}, got {}", header.number)))
            }
            header => Ok(header),
        }
    }

    async fn header_by_hash(&self, hash: B256) -> Result<Option<Header>, ChainError> {
        let header = self.block(hash.into()).await?;
        match header {
            Some(header) if header.hash != hash => {
                Err(ChainError::Contradiction(format!("asked for block {hash}, got {}", header.hash)))
            }
            header => Ok(header),
        }
    }

    async fn logs_of_block(&self, header: &Header, query: &LogQuery) -> Result<Graded, ChainError> {
        let filter = filter(query).at_block_hash(header.hash);
        match self.ask_logs(&filter, BLOCK_BYTES_MAX).await {
            Err(ChainError::TooLarge { message, .. }) => Err(ChainError::Unavailable(message)),
            answer => answer,
        }
    }

    async fn logs_in_range(&self, from: u64, to: u64, query: &LogQuery) -> Result<Graded, ChainError> {
        let filter = filter(query).from_block(from).to_block(to);
        let bytes_max = if from == to { BLOCK_BYTES_MAX } else { RANGE_BYTES_MAX };
        self.ask_logs(&filter, bytes_max).await
    }

    async fn call(&self, at: At, to: Address, data: Bytes) -> Result<Bytes, ChainError> {
        let request = TransactionRequest {
            to: Some(TxKind::Call(to)),
            input: TransactionInput::new(data),
            ..TransactionRequest::default()
        };
        self.ask(|| self.provider.call(request.clone().into()).block(id(at))).await
    }

    async fn storage(&self, at: At, address: Address, slot: U256) -> Result<B256, ChainError> {
        let word = self.ask(|| self.provider.get_storage_at(address, slot).block_id(id(at))).await?;
        Ok(B256::from(word))
    }
}

/// Asks; where the node throttles, a few times more, so that one refusal among many requests does not cost all of them.
async fn patiently<T, F>(patience: &Patience, request: impl Fn() -> F) -> Result<T, ChainError>
where
    F: Future<Output = Result<T, ChainError>>,
{
    let mut pauses = patience.throttled.into_iter();
    loop {
        let error = match measure::timed(request()).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let ChainError::Throttled { retry_after, .. } = &error else { return Err(error) };
        let Some(pause) = pauses.next() else { return Err(error) };
        match retry_after {
            Some(wait) if *wait > THROTTLED_PATIENCE => return Err(error),
            wait => tokio::time::sleep(wait.unwrap_or_default().max(jittered(pause))).await,
        }
    }
}

fn id(at: At) -> BlockId {
    match at.hash {
        Some(hash) => BlockId::Hash(RpcBlockHash::from_hash(hash, None)),
        None => at.number.into(),
    }
}

fn filter(query: &LogQuery) -> Filter {
    let mut filter = Filter::new().address(query.addresses.clone());
    if !query.topics.is_empty() {
        filter = filter.event_signature(query.topics.clone());
    }
    match query.topic1 {
        Some(topic) => filter.topic1(topic),
        None => filter,
    }
}
