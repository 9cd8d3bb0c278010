use super::{
    chain::{ScriptedChain, SharedChain},
    faults::{self, Drawn, Faults, Stage, ViewFault},
    methods,
    rpc::{Call, Request, RpcError},
    socket,
};
use anyhow::Result;
use axum::{
    Router,
    body::Bytes,
    extract::{State, ws::WebSocketUpgrade},
    response::Response,
    routing::post,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

/// A node that serves a chain over JSON-RPC on a port of its own, until it is dropped.
#[derive(Debug)]
pub struct ScriptedNode {
    /// Where the node listens.
    pub url: String,
    inner: Arc<Inner>,
    /// Dropping it ends the server.
    alive: watch::Sender<()>,
    server: JoinHandle<()>,
}

/// A call the node was asked, answered or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The parameters as they came.
    pub params: Value,
}

#[derive(Debug)]
pub(super) struct Inner {
    chain: SharedChain,
    pub(super) faults: Mutex<Faults>,
    asked: Mutex<Vec<Asked>>,
    http_requests: AtomicU64,
    is_silent: AtomicBool,
    pub(super) ended: watch::Receiver<()>,
    /// Whatever is sent ends every WebSocket.
    pub(super) cut: watch::Sender<()>,
}

impl ScriptedNode {
    /// Starts a node. Several may serve the same [`SharedChain`], each with its own faults.
    pub async fn start(chain: impl Into<SharedChain>) -> Result<Self> {
        let chain = chain.into();
        let seed = chain.with(|chain| chain.options().seed);
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (alive, ended) = watch::channel(());
        let inner = Arc::new(Inner {
            chain,
            faults: Mutex::new(Faults::none(seed)),
            asked: Mutex::default(),
            http_requests: AtomicU64::default(),
            is_silent: AtomicBool::default(),
            cut: watch::Sender::default(),
            ended: ended.clone(),
        });
        let server = tokio::spawn(serve(listener, inner.clone(), ended));
        Ok(Self { url, inner, alive, server })
    }

    /// Where its WebSocket is.
    pub fn ws_url(&self) -> String {
        self.url.replacen("http", "ws", 1)
    }

    /// Whether new heads are kept from subscribers, who are not told so.
    pub fn keep_silent(&self, is_silent: bool) {
        self.inner.is_silent.store(is_silent, Ordering::Relaxed);
    }

    /// Ends every WebSocket; new ones may be opened.
    pub fn cut_sockets(&self) {
        self.inner.cut.send_replace(());
    }

    /// Ends the node and waits until its port is free. Requests that hang are cut off.
    pub async fn shutdown(self) {
        drop(self.alive);
        // A server that panicked has ended as well.
        let _ = self.server.await;
    }

    /// Reads the chain, mines on it or reorganizes it.
    pub fn chain<T>(&self, action: impl FnOnce(&mut ScriptedChain) -> T) -> T {
        self.inner.chain.with(action)
    }

    /// The same chain for another node.
    pub fn shared_chain(&self) -> SharedChain {
        self.inner.chain.clone()
    }

    /// What the node does wrong, to change it. Not to be held across an await.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.inner.faults)
    }

    /// How often each method was asked, calls in batches and refused ones included.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for asked in lock(&self.inner.asked).iter() {
            *counts.entry(asked.method.clone()).or_default() += 1;
        }
        counts
    }

    /// How many HTTP requests came, a batch being one.
    pub fn http_requests(&self) -> u64 {
        self.inner.http_requests.load(Ordering::Relaxed)
    }

    /// Every call in the order in which they came.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.inner.asked).clone()
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until the node's handle is gone.
async fn serve(listener: TcpListener, inner: Arc<Inner>, mut ended: watch::Receiver<()>) {
    let router = Router::new().route("/", post(handle).get(upgrade)).with_state(inner);
    let end = async move { while ended.changed().await.is_ok() {} };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(end).await {
        tracing::error!(%error, "the scripted node ended");
    }
}

async fn handle(State(inner): State<Arc<Inner>>, body: Bytes) -> Response {
    let mut ended = inner.ended.clone();
    tokio::select! {
        response = inner.respond(&body) => response,
        // What hangs must not outlive the node.
        _ = ended.changed() => faults::ended(),
    }
}

async fn upgrade(State(inner): State<Arc<Inner>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| socket::serve(inner, socket))
}

impl Inner {
    async fn respond(&self, body: &[u8]) -> Response {
        self.http_requests.fetch_add(1, Ordering::Relaxed);
        let request = match Request::parse(body) {
            Ok(request) => request,
            Err(error) => return faults::malformed(&error),
        };
        self.record(request.calls());
        let drawn = lock(&self.faults).draw(Stage::Transport, request.calls());
        if let Some(response) = faults::intercept(&drawn, &request).await {
            return response;
        }
        let (status, reply) = self.reply(&request);
        faults::deliver(&drawn, status, reply)
    }

    pub(super) fn is_silent(&self) -> bool {
        self.is_silent.load(Ordering::Relaxed)
    }

    pub(super) fn record(&self, calls: &[Call]) {
        let calls = calls.iter().cloned();
        lock(&self.asked).extend(calls.map(|Call { method, params, .. }| Asked { method, params }));
    }

    /// The HTTP status and the body of the answer.
    pub(super) fn reply(&self, request: &Request) -> (u16, Value) {
        match request {
            Request::Single(call) => {
                let answer = self.answer(call);
                let status = answer.as_ref().err().map_or(200, |error| error.http_status);
                (status, call.reply(&answer))
            }
            Request::Batch(calls) => (200, calls.iter().map(|call| call.reply(&self.answer(call))).collect()),
        }
    }

    fn answer(&self, call: &Call) -> Result<Value, RpcError> {
        let mut drawn = lock(&self.faults).draw(Stage::Call, std::slice::from_ref(call));
        self.chain_served(&drawn).with(|chain| methods::answer(chain, call, &mut drawn))
    }

    pub(super) fn chain_served(&self, drawn: &Drawn) -> SharedChain {
        let forks = drawn.view().filter_map(|fault| match fault {
            ViewFault::Fork(chain) => Some(chain.clone()),
            _ => None,
        });
        forks.last().unwrap_or_else(|| self.chain.clone())
    }
}
