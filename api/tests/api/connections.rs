//! What clients do with connections: over real ones.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use api::app::{App, Settings};
use api::connections;
use api::serve::serve;
use store::read::{Database, Limits};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(20);
const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: here\r\n\r\n";
const DOCUMENT: &[u8] = b"GET /openapi.json HTTP/1.1\r\nhost: here\r\n\r\n";

/// A server over a database that is not there, which these need not.
struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(connections: connections::Limits) -> Self {
        Self::start_with(Settings { connections, ..Settings::default() }).await
    }

    async fn start_with(settings: Settings) -> Self {
        let limits = Limits { acquire_timeout: Duration::from_millis(300), ..Limits::default() };
        let database = Database::lazy("postgres://nobody@127.0.0.1:1/nothing", &limits).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let app = App::new(database, settings);
        let serving = tokio::spawn(serve(listener, app, async move { stopped.await.unwrap() }));
        Self { address, stop, serving }
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn end(self) {
        self.stop.send(()).unwrap();
        within(self.serving).await.unwrap();
    }
}

async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

/// The next answer's first bytes; nothing where the connection has ended.
async fn next(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 4096];
    let read = within(stream.read(&mut bytes)).await.unwrap_or_default();
    String::from_utf8_lossy(&bytes[..read]).into_owned()
}

#[tokio::test]
async fn who_sends_no_request_is_hung_up_on() {
    let head_timeout = Duration::from_millis(300);
    let server = Server::start(connections::Limits { head_timeout, ..Default::default() }).await;
    let (mut silent, mut slow, mut idle) = (server.connect().await, server.connect().await, server.connect().await);
    slow.write_all(b"GET /healthz HT").await.unwrap();
    idle.write_all(HEALTH).await.unwrap();
    assert!(next(&mut idle).await.starts_with("HTTP/1.1 200"));
    let began = Instant::now();
    assert_eq!(next(&mut silent).await, "");
    assert_eq!(next(&mut slow).await, "");
    assert_eq!(next(&mut idle).await, "");
    assert!(began.elapsed() < PATIENCE / 2, "{:?}", began.elapsed());
    server.end().await;
}

#[tokio::test]
async fn who_takes_no_answer_is_hung_up_on() {
    let write_timeout = Duration::from_millis(300);
    let limits = connections::Limits { write_timeout, connections_max: 1, ..Default::default() };
    let server = Server::start(limits).await;
    let mut deaf = server.connect().await;
    // More than lies in the buffers between.
    let asked = tokio::spawn(async move {
        for _ in 0..200 {
            if deaf.write_all(DOCUMENT).await.is_err() {
                break;
            }
        }
        deaf
    });
    let mut other = server.connect().await;
    other.write_all(HEALTH).await.unwrap();
    assert!(next(&mut other).await.starts_with("HTTP/1.1 200"), "its place is free again");
    drop(other);
    asked.abort();
    server.end().await;
}

#[tokio::test]
async fn more_connections_than_there_may_be_wait_for_one_to_end() {
    let server = Server::start(connections::Limits { connections_max: 1, ..Default::default() }).await;
    let mut first = server.connect().await;
    first.write_all(HEALTH).await.unwrap();
    assert!(next(&mut first).await.starts_with("HTTP/1.1 200"));
    let mut second = server.connect().await;
    second.write_all(HEALTH).await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(300), second.read_u8()).await;
    assert!(early.is_err(), "it is not answered beside the first");
    drop(first);
    assert!(next(&mut second).await.starts_with("HTTP/1.1 200"));
    drop(second);
    server.end().await;
}

/// A body that never comes keeps nobody else from an answer.
#[tokio::test]
async fn who_sends_no_body_takes_no_slot() {
    let server = Server::start_with(Settings { concurrency_max: 1, ..Settings::default() }).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let mut stream = server.connect().await;
        let head =
            "POST /v1/allocations HTTP/1.1\r\nhost: here\r\ncontent-type: application/json\r\ncontent-length: 100";
        stream.write_all(format!("{head}\r\n\r\n").as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let mut other = server.connect().await;
    other.write_all(b"GET /v1/diem HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    let answer = next(&mut other).await;
    assert!(answer.contains("problem:database-gone"), "it got as far as the database: {answer}");
    for stream in &mut waiting {
        let answer = next(stream).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    drop((waiting, other));
    server.end().await;
}

/// One that says nothing does not hold up a stop either.
#[tokio::test]
async fn a_silent_connection_does_not_hold_up_a_stop() {
    let server = Server::start(connections::Limits::default()).await;
    let silent = server.connect().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    server.end().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    drop(silent);
}

/// One that sits between two requests does not hold up a stop, and one in hand is answered.
#[tokio::test]
async fn a_stop_answers_what_is_in_hand_and_waits_for_nobody_idle() {
    let server = Server::start(connections::Limits::default()).await;
    let (mut idle, mut asking) = (server.connect().await, server.connect().await);
    idle.write_all(HEALTH).await.unwrap();
    assert!(next(&mut idle).await.starts_with("HTTP/1.1 200"));
    // Answered after the database was waited for.
    asking.write_all(b"GET /v1/supply HTTP/1.1\r\nhost: here\r\n\r\n").await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let began = Instant::now();
    let (answer, ()) = tokio::join!(next(&mut asking), server.end());
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
