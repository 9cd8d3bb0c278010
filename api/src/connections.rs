//! Connections: how many, and how long one may keep others from theirs.
//!
//! A client that sends nothing, or takes nothing of what it asked for, is hung up on; so is one that lets too long pass
//! between two requests. HTTP/1.1 alone: a proxy speaks it behind whatever it offers its clients, and a client of HTTP/2 that
//! takes nothing of one stream cannot be told from one that is slow.

use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;

/// Without descriptors left, accepting fails at once and again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

/// What a client may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at the same time; more wait until one ends.
    pub connections_max: usize,
    /// For the head of a request, from when the connection is there or the answer before has been sent.
    pub head_timeout: Duration,
    /// Without a byte taken of an answer.
    pub write_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections_max: 1_024, head_timeout: Duration::from_secs(90), write_timeout: Duration::from_secs(30) }
    }
}

/// Connections of one listener.
pub(crate) struct Connections {
    listener: TcpListener,
    service: TowerToHyperService<Router>,
    http: http1::Builder,
    slots: Arc<Semaphore>,
    limits: Limits,
    open: GracefulShutdown,
}

impl Connections {
    pub(crate) fn new(listener: TcpListener, router: Router, limits: Limits) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(limits.head_timeout);
        Self {
            listener,
            service: TowerToHyperService::new(router),
            http,
            slots: Arc::new(Semaphore::new(limits.connections_max)),
            limits,
            open: GracefulShutdown::new(),
        }
    }

    /// Takes connections, until dropped.
    pub(crate) async fn accept(&self) -> Infallible {
        loop {
            let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await else { return pending().await };
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    let talk = self.converse(stream);
                    tokio::spawn(async move {
                        let _slot = slot;
                        talk.await;
                    });
                }
                Err(error) if is_of_the_client(&error) => {}
                Err(error) => {
                    tracing::warn!("a connection could not be accepted: {error}");
                    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
                }
            }
        }
    }

    fn converse(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + use<> {
        let write_timeout = self.limits.write_timeout;
        let (http, service, watcher) = (self.http.clone(), self.service.clone(), self.open.watcher());
        async move {
            // Answers are whole when they are written: waiting for more to send with them only delays them.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!("a connection keeps its delay: {error}");
            }
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(write_timeout));
            let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
            if let Err(error) = watcher.watch(connection).await {
                tracing::debug!("a connection broke: {error}");
            }
        }
    }

    /// Takes no more, and waits until each that is there has had its answer.
    pub(crate) async fn end(self) {
        drop(self.listener);
        self.open.shutdown().await;
    }
}

/// The client was gone before it was let in.
fn is_of_the_client(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
