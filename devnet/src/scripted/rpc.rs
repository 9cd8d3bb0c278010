use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
/// What nodes use for whatever the chain, not the request, is at fault for.
const SERVER_ERROR: i64 = -32000;
const REVERTED: i64 = 3;

/// One JSON-RPC call.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Call {
    #[serde(default)]
    id: Value,
    pub(super) method: String,
    #[serde(default)]
    pub(super) params: Value,
}

impl Call {
    /// A call of nobody's, with no parameters.
    pub(super) fn new(method: &str) -> Self {
        Self { id: Value::Null, method: method.into(), params: Value::Null }
    }

    /// Parameter number `index`; `None` where it is absent or null.
    pub(super) fn optional<T: DeserializeOwned>(&self, index: usize) -> Result<Option<T>, RpcError> {
        match self.params.get(index) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::deserialize(value)
                .map(Some)
                .map_err(|error| RpcError::new(INVALID_PARAMS, format!("invalid argument {index}: {error}"))),
        }
    }

    /// Parameter number `index`.
    pub(super) fn required<T: DeserializeOwned>(&self, index: usize) -> Result<T, RpcError> {
        self.optional(index)?
            .ok_or_else(|| RpcError::new(INVALID_PARAMS, format!("missing value for required argument {index}")))
    }

    /// The envelope of this call's answer.
    pub(super) fn reply(&self, answer: &Result<Value, RpcError>) -> Value {
        match answer {
            Ok(result) => json!({ "jsonrpc": "2.0", "id": self.id, "result": result }),
            Err(error) => error.envelope(&self.id),
        }
    }
}

/// What one HTTP request asks.
#[derive(Debug)]
pub(super) enum Request {
    Single(Call),
    Batch(Vec<Call>),
}

impl Request {
    pub(super) fn parse(body: &[u8]) -> Result<Self, RpcError> {
        let value: Value =
            serde_json::from_slice(body).map_err(|error| RpcError::new(PARSE_ERROR, error.to_string()))?;
        let request = match value {
            Value::Array(calls) if calls.is_empty() => return Err(RpcError::new(INVALID_REQUEST, "empty batch")),
            Value::Array(_) => serde_json::from_value(value).map(Self::Batch),
            _ => serde_json::from_value(value).map(Self::Single),
        };
        request.map_err(|error| RpcError::new(INVALID_REQUEST, format!("invalid request: {error}")))
    }

    pub(super) fn calls(&self) -> &[Call] {
        match self {
            Self::Single(call) => std::slice::from_ref(call),
            Self::Batch(calls) => calls,
        }
    }
}

/// A JSON-RPC error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RpcError {
    pub(super) code: i64,
    pub(super) message: String,
    pub(super) data: Option<Value>,
    /// The HTTP status of a single call that fails so; some providers send another than 200.
    pub(super) http_status: u16,
}

impl RpcError {
    pub(super) fn new(code: i64, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None, http_status: 200 }
    }

    pub(super) fn with_data(self, data: Value) -> Self {
        Self { data: Some(data), ..self }
    }

    pub(super) fn with_status(self, http_status: u16) -> Self {
        Self { http_status, ..self }
    }

    pub(super) fn server(message: impl Into<String>) -> Self {
        Self::new(SERVER_ERROR, message)
    }

    pub(super) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(INVALID_PARAMS, message)
    }

    pub(super) fn no_method(method: &str) -> Self {
        Self::new(METHOD_NOT_FOUND, format!("the method {method} does not exist/is not available"))
    }

    pub(super) fn reverted(data: Value) -> Self {
        Self::new(REVERTED, "execution reverted").with_data(data)
    }

    /// In place of the answer to each call.
    pub(super) fn envelopes(&self, request: &Request) -> Value {
        match request {
            Request::Single(call) => self.envelope(&call.id),
            Request::Batch(calls) => calls.iter().map(|call| self.envelope(&call.id)).collect(),
        }
    }

    pub(super) fn envelope(&self, id: &Value) -> Value {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(data) = &self.data {
            error["data"] = data.clone();
        }
        json!({ "jsonrpc": "2.0", "id": id, "error": error })
    }
}
