//! A small JSON-RPC client: what tests and traffic need of a node, no retries, no caches.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A client for one node. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Rpc {
    client: reqwest::Client,
    url: Arc<str>,
    next_id: Arc<AtomicU64>,
}

/// The error a node answered with.
#[derive(Clone, Debug, Deserialize)]
pub struct RpcError {
    /// The JSON-RPC error code.
    pub code: i64,
    /// The node's words.
    pub message: String,
    /// Revert data and the like.
    #[serde(default)]
    pub data: Option<Value>,
}

impl fmt::Display for RpcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node error {}: {}", self.code, self.message)?;
        self.data.as_ref().map_or(Ok(()), |data| write!(f, " ({data})"))
    }
}

impl std::error::Error for RpcError {}

#[derive(Deserialize)]
struct Answer {
    id: Option<u64>,
    // `null` is an answer too, so absence of `error` decides.
    #[serde(default)]
    result: Value,
    error: Option<RpcError>,
}

impl Answer {
    fn into_result(self) -> Result<Value, RpcError> {
        self.error.map_or(Ok(self.result), Err)
    }
}

impl Rpc {
    /// A client for the node at `url`.
    pub fn new(url: impl AsRef<str>) -> Self {
        // The node is on this machine: a proxy from the environment would only be in the way.
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        Self { client, url: url.as_ref().into(), next_id: Arc::default() }
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// One call. An [`RpcError`] is in the error's chain when the node refused.
    pub async fn call<T: DeserializeOwned>(&self, method: &str, params: impl Serialize) -> Result<T> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let answer: Answer = self.post(&request).await.with_context(|| method.to_owned())?;
        let result = answer.into_result().with_context(|| method.to_owned())?;
        serde_json::from_value(result).with_context(|| format!("{method}: the answer has another shape"))
    }

    /// Many calls in one request; answers in the order of the calls. The first error a node answers with ends it.
    pub async fn batch<T: DeserializeOwned>(&self, calls: &[(&str, Value)]) -> Result<Vec<T>> {
        let answers = self.try_batch(calls).await?;
        let decode = |((method, _), answer): (&(&str, Value), Result<Value, RpcError>)| {
            let result = answer.with_context(|| (*method).to_owned())?;
            serde_json::from_value(result).with_context(|| format!("{method}: the answer has another shape"))
        };
        calls.iter().zip(answers).map(decode).collect()
    }

    /// Many calls in one request; each has its own outcome, in the order of the calls.
    pub async fn try_batch(&self, calls: &[(&str, Value)]) -> Result<Vec<Result<Value, RpcError>>> {
        if calls.is_empty() {
            return Ok(Vec::new());
        }
        let first = self.next_id.fetch_add(calls.len() as u64, Ordering::Relaxed);
        let ids = first..first + calls.len() as u64;
        let request: Vec<Value> = ids
            .clone()
            .zip(calls)
            .map(|(id, (method, params))| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))
            .collect();
        let mut answers: Vec<Answer> = self.post(&request).await.context("batch")?;
        answers.sort_by_key(|answer| answer.id);
        ensure!(
            answers.iter().map(|answer| answer.id).eq(ids.map(Some)),
            "batch: the node did not answer every call exactly once"
        );
        Ok(answers.into_iter().map(Answer::into_result).collect())
    }

    async fn post<T: DeserializeOwned>(&self, body: &impl Serialize) -> Result<T> {
        let response = self.client.post(&*self.url).json(body).send().await?.error_for_status()?;
        Ok(response.json().await?)
    }
}
