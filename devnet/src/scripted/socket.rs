//! The node's WebSocket: the same calls, and new heads pushed to whoever subscribes.

use super::{
    faults::{self, Stage},
    node::Inner,
    rpc::{Call, Request},
    view::View,
};
use alloy_primitives::B256;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use futures::{SinkExt, StreamExt, stream::FuturesUnordered};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, interval};

/// How soon a new head is pushed.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Serves one connection until either side ends it.
pub(super) async fn serve(inner: Arc<Inner>, socket: WebSocket) {
    let (mut out, mut incoming) = socket.split();
    let mut answers = FuturesUnordered::new();
    let mut subscription = Subscription::default();
    let (mut ended, mut cut) = (inner.ended.clone(), inner.cut.subscribe());
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let text = tokio::select! {
            message = incoming.next() => match message {
                Some(Ok(Message::Text(text))) => {
                    match subscription.take(&inner, &text) {
                        Some(reply) => Some(reply),
                        None => {
                            answers.push(inner.clone().answer_text(text));
                            None
                        }
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => None,
            },
            Some(answer) = answers.next() => Some(answer),
            _ = look.tick() => subscription.push(&inner),
            // What hangs must not outlive the node.
            _ = ended.changed() => return,
            _ = cut.changed() => return,
        };
        if let Some(text) = text
            && out.send(Message::Text(text.into())).await.is_err()
        {
            return;
        }
    }
}

/// Whether the client is told of new heads, and which it was told last.
#[derive(Default)]
struct Subscription {
    is_on: bool,
    told: Option<B256>,
}

const ID: &str = "0x1";

impl Subscription {
    /// The answer to a call that is about subscriptions, if it is.
    fn take(&mut self, inner: &Inner, text: &str) -> Option<String> {
        let call: Call = serde_json::from_str(text).ok()?;
        match (call.method.as_str(), call.params.get(0).and_then(Value::as_str)) {
            ("eth_subscribe", Some("newHeads")) => {
                inner.record(std::slice::from_ref(&call));
                self.is_on = true;
                self.told = inner.head_seen().map(|(hash, _)| hash);
                Some(call.reply(&Ok(json!(ID))).to_string())
            }
            ("eth_unsubscribe", _) => {
                self.is_on = false;
                Some(call.reply(&Ok(json!(true))).to_string())
            }
            _ => None,
        }
    }

    fn push(&mut self, inner: &Inner) -> Option<String> {
        if !self.is_on || inner.is_silent() {
            return None;
        }
        let (hash, header) = inner.head_seen().filter(|(hash, _)| self.told != Some(*hash))?;
        self.told = Some(hash);
        let params = json!({ "subscription": ID, "result": header });
        Some(json!({ "jsonrpc": "2.0", "method": "eth_subscription", "params": params }).to_string())
    }
}

impl Inner {
    /// The newest block as the node sees it, with the faults that always strike.
    fn head_seen(&self) -> Option<(B256, Value)> {
        let call = Call::new("eth_subscription");
        let drawn = super::node::lock(&self.faults).standing(Stage::Call, &call);
        self.chain_served(&drawn).with(|chain| {
            let view = View::new(chain, &drawn);
            let block = view.block(view.head)?;
            Some((block.hash, super::methods::header_json(block)))
        })
    }

    async fn answer_text(self: Arc<Self>, text: Utf8Bytes) -> String {
        let request = match Request::parse(text.as_bytes()) {
            Ok(request) => request,
            Err(error) => return error.envelope(&Value::Null).to_string(),
        };
        self.record(request.calls());
        let drawn = super::node::lock(&self.faults).draw(Stage::Transport, request.calls());
        match faults::intercept(&drawn, &request).await {
            Some(_) => super::rpc::RpcError::server("no backend is currently healthy").envelopes(&request).to_string(),
            None => self.reply(&request).1.to_string(),
        }
    }
}
