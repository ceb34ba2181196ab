//! Connections in: how many, how slow they may be, and how they end.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::App;
use crate::app::router;
use crate::limits::{CONNECTIONS_MAX, DRAIN_TIME_MAX, REQUEST_HEAD_TIME_MAX};

/// Serves until [`App::shutdown`] is cancelled, and then until the open tasks have ended, at most
/// [`DRAIN_TIME_MAX`].
///
/// Beyond [`CONNECTIONS_MAX`] connections, clients wait in the operating system's queue.
pub async fn serve(listener: TcpListener, app: Arc<App>) -> std::io::Result<()> {
    let router = router(app.clone());
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let connections = app.connections.clone();
    loop {
        let place = tokio::select! {
            () = app.shutdown.cancelled() => break,
            Ok(place) = places.clone().acquire_owned() => place,
        };
        let stream = tokio::select! {
            () = app.shutdown.cancelled() => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                // Running out of descriptors must not end the server, nor spin.
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(router.clone());
        let app = app.clone();
        connections.spawn(async move {
            serve_connection(stream, service, &app).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    if timeout(DRAIN_TIME_MAX, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "connections are cut off");
    }
    Ok(())
}

async fn serve_connection(
    stream: TcpStream,
    service: TowerToHyperService<axum::Router>,
    app: &App,
) {
    // Results are small and wanted at once.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_HEAD_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        () = app.shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}
