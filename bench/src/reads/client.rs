//! One connection that is kept alive.

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::questions::Asked;

pub(super) struct Client {
    sender: SendRequest<Full<Bytes>>,
}

impl Client {
    pub(super) async fn connect(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// The whole answer.
    pub(super) async fn ask(&mut self, asked: &Asked) -> Result<(StatusCode, Bytes)> {
        let (method, body) = match &asked.body {
            Some(body) => ("POST", body.clone()),
            None => ("GET", String::new()),
        };
        let request = Request::builder()
            .method(method)
            .uri(&asked.target)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let answer = self.sender.send_request(request).await.with_context(|| asked.target.clone())?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }
}
