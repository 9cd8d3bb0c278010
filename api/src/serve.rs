//! Listens until told to stop.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::connections::Connections;
use crate::router::router;

/// Requests in hand have so long to end once the process is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` resolves, then finishes what is in hand.
pub async fn serve(listener: TcpListener, app: App, stop: impl Future<Output = ()> + Send + 'static) {
    let connections = Connections::new(listener, router(app.clone()), app.settings().connections);
    tokio::select! {
        never = connections.accept() => match never {},
        () = stop => tracing::info!("stopping"),
    }
    if tokio::time::timeout(GRACE, connections.end()).await.is_err() {
        tracing::warn!(grace_seconds = GRACE.as_secs(), "requests in hand were cut off");
    }
    app.database().close().await;
}

/// Resolves on SIGINT or SIGTERM.
///
/// # Errors
/// If signals cannot be listened for.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
