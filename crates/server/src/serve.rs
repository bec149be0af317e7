//! Listening: HTTP/1.1 on a TCP port or a Unix socket, until told to stop.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::watch;
use tower_service::Service as _;

/// How long a client may take to send the head of a request, and a connection may be idle.
const HEAD_TIME: Duration = Duration::from_mins(2);
/// How long answers that are under way may take once told to stop.
const LAST_TIME: Duration = Duration::from_secs(10);
/// How long accepting pauses when the process has no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);

/// Serves TCP until `shutdown`; then answers what was asked, and returns.
pub async fn serve_tcp(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    serve(listener, router, shutdown).await;
    Ok(())
}

/// Serves a Unix socket that only this user may open, until `shutdown`; removes it at the end.
///
/// Whoever calls this has the data directory to itself: a socket that is there is left from a process
/// that has ended.
pub async fn serve_unix(
    path: &Path,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let unready = path.with_extension("new");
    if unready.exists() {
        std::fs::remove_file(&unready)?;
    }
    let listener = UnixListener::bind(&unready)?;
    std::fs::set_permissions(&unready, std::fs::Permissions::from_mode(0o600))?;
    std::fs::rename(&unready, path)?;
    serve(listener, router, shutdown).await;
    std::fs::remove_file(path)
}

/// Where connections come from.
trait Listener: Sync {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    fn connection(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn connection(&self) -> io::Result<TcpStream> {
        let (stream, _) = self.accept().await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    async fn connection(&self) -> io::Result<UnixStream> {
        self.accept().await.map(|(stream, _)| stream)
    }
}

async fn serve(listener: impl Listener, router: Router, shutdown: impl Future<Output = ()>) {
    // Every connection holds a receiver: once all are gone, the last answer is written.
    let (stop, stopped) = watch::channel(false);
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.connection() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok(stream) => {
                tokio::spawn(serve_connection(stream, router.clone(), stopped.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(stopped);
    stop.send_replace(true);
    if tokio::time::timeout(LAST_TIME, stop.closed()).await.is_err() {
        tracing::warn!("some answers were not finished in time");
    }
}

async fn serve_connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let answer =
        service_fn(move |request: Request<Incoming>| router.clone().call(request.map(Body::new)));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .pipeline_flush(true)
        .serve_connection(TokioIo::new(stream), answer);
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = &mut connection => ended,
        // Either way the listener has ended.
        _ = stopped.changed() => {
            connection.as_mut().graceful_shutdown();
            tokio::time::timeout(LAST_TIME, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
