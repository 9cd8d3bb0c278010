//! Listens until told to stop.

use std::future::Future;
use std::io;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::app::App;
use crate::router::router;

/// Requests in hand have so long to end once the process is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` resolves, then finishes what is in hand.
///
/// # Errors
/// If the listener breaks.
pub async fn serve(listener: TcpListener, app: App, stop: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
    let (stopping, mut stopped) = tokio::sync::watch::channel(());
    let told = async move {
        stop.await;
        tracing::info!("stopping");
        stopping.send_replace(());
    };
    let serving = axum::serve(listener, router(app.clone())).with_graceful_shutdown(told);
    let grace = async move {
        // An error means that the sender is gone, which it is only once it has sent.
        let _ = stopped.changed().await;
        tokio::time::sleep(GRACE).await;
    };
    let ended = tokio::select! {
        ended = async { serving.await } => ended,
        () = grace => {
            tracing::warn!(grace_seconds = GRACE.as_secs(), "requests in hand were cut off");
            Ok(())
        }
    };
    app.database().close().await;
    ended
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
