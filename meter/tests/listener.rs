//! The listener as Prometheus meets it, and as one who means ill does.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;

use meter::{Meter, MeterError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// One test, because one process has one meter.
#[tokio::test]
async fn what_is_measured_is_shown_and_nothing_else() {
    let meter = Meter::start("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = meter.address().unwrap();
    let refused = Meter::start(address).await;
    assert!(matches!(refused, Err(MeterError::Listen { .. })), "{refused:?}");
    let serving = tokio::spawn(meter.serve());
    metrics::describe_counter!("met_total", "How often.");
    metrics::counter!("met_total", "by" => "a \"quote\"").increment(3);
    metrics::histogram!("took_seconds").record(0.003);
    // Connections that never end their question, one fewer than are served at a time.
    let mut silent = Vec::new();
    for _ in 0..7 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(b"GET /met").await.unwrap();
        silent.push(stream);
    }
    let answer = ask(address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("content-type: text/plain; version=0.0.4"), "{answer}");
    for line in [
        "# HELP met_total How often.",
        "# TYPE met_total counter",
        "met_total{by=\"a \\\"quote\\\"\"} 3",
        "took_seconds_bucket{le=\"0.0025\"} 0",
        "took_seconds_bucket{le=\"0.005\"} 1",
        "took_seconds_count 1",
    ] {
        assert!(answer.lines().any(|found| found == line), "{line} is not in {answer}");
    }
    for request in
        ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"]
    {
        let answer = ask(address, request).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    }
    serving.abort();
}
