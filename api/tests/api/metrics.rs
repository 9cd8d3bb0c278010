//! The program's metrics, on a listener of their own.

use std::process::Stdio;

use sqlx::{ConnectOptions, PgPool};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::service::Service;

/// `api serve` on free ports; ended when dropped.
struct Program {
    _child: Child,
    listen: String,
    metrics: String,
}

impl Program {
    async fn start(pool: &PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy().to_string();
        let mut child = Command::new(env!("CARGO_BIN_EXE_api"))
            .args(["serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"])
            .env("DATABASE_URL", url)
            .env("NO_COLOR", "1")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut addresses = Vec::new();
        while addresses.len() < 2 {
            let line = lines.next_line().await.unwrap().expect("it says where it listens");
            let said = line.split_once("address=").map(|(_, rest)| rest.split_whitespace().next().unwrap_or(rest));
            addresses.extend(said.map(str::to_owned));
        }
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let (listen, metrics) = (addresses.remove(0), addresses.remove(0));
        Self { _child: child, listen, metrics }
    }
}

async fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[sqlx::test(migrations = "../migrations")]
async fn requests_are_counted_by_route_and_status(pool: PgPool) {
    Service::of_chain(pool.clone()).await;
    let program = Program::start(&pool).await;
    for path in ["/v1/epochs/2026-11-19", "/v1/epochs/nonsense", "/no/such/path", "/healthz"] {
        get(&program.listen, path).await;
    }
    assert!(get(&program.listen, "/metrics").await.starts_with("HTTP/1.1 404"), "not on the public listener");
    let mut metrics = get(&program.metrics, "/metrics").await;
    while !metrics.contains("\napi_ready ") {
        // The database is asked beside what is served.
        tokio::task::yield_now().await;
        metrics = get(&program.metrics, "/metrics").await;
    }
    for line in [
        "api_requests_total{route=\"/v1/epochs/{id}\",status=\"200\"} 1",
        "api_requests_total{route=\"/v1/epochs/{id}\",status=\"400\"} 1",
        "api_requests_total{route=\"none\",status=\"404\"} 2",
        "api_requests_total{route=\"/healthz\",status=\"200\"} 1",
        "api_request_seconds_count{route=\"/v1/epochs/{id}\"} 2",
        "api_snapshot_block_number{cursor=\"supply\"} 130",
        "api_ready 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
    assert!(!metrics.contains("/no/such/path"), "clients do not make up labels");
}
