//! Listening: HTTP/1.1 and HTTP/2 on a TCP port, in clear or over TLS, or on a Unix socket, until told to stop.

use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::header::UPGRADE;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use metrics::counter;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::watch;
use tower_service::Service as _;

use crate::connection::{Bounds, Closed, Front, Gate, Line, Place, Taken, Watched, announced};

/// Connections that may wait to be accepted; beyond, a peer's attempt is lost and takes a second. The system may
/// allow less.
const WAITING_MAX: i32 = 4096;
/// How long answers that are under way may take once told to stop.
const LAST_TIME: Duration = Duration::from_secs(10);
/// How long accepting pauses when the process has no descriptors left.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a peer that has been idle may take to hear that its connection ends.
const FAREWELL_TIME: Duration = Duration::from_secs(1);
/// How often a peer of HTTP/2 that says nothing is asked whether it is there, and how long it may take to say.
const PING_TIME: Duration = Duration::from_secs(20);
/// Bytes of answers that wait for a peer of HTTP/2, for each of its requests.
const SEND_BYTES_MAX: usize = 64 << 10;
/// Bytes that the system keeps for a peer beyond what is on its way: with more, one that takes nothing would be known by it
/// much later, and one that is slow would get what is old.
const UNSENT_BYTES_MAX: u32 = 64 << 10;
/// hyper keeps so many headers without asking for memory.
const HEADERS_USUAL: usize = 100;
/// How often the connections are counted for whoever looks.
const COUNT_EVERY: Duration = Duration::from_secs(1);

/// Serves TCP until `shutdown`; then answers what was asked, and returns.
pub async fn serve_tcp(
    listener: TcpListener,
    router: Router,
    front: Front,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    rustix::net::listen(&listener, WAITING_MAX)?;
    let gate = Gate::new(front.bounds.clone());
    let front = Arc::new(front);
    let (stop, stopped) = watch::channel(false);
    let mut count = tokio::time::interval(COUNT_EVERY);
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = count.tick() => {
                gate.set_gauges(front.listener);
                continue;
            }
            () = &mut shutdown => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                not_accepted(&error).await;
                continue;
            }
        };
        let from = from.ip().to_canonical();
        // A proxy has many peers: theirs are the addresses that count.
        let counted = (!front.proxies.have(from)).then_some(from);
        match gate.admit(counted).await {
            Ok(place) => {
                let newcomer = Newcomer { stream, from, place };
                let (front, router) = (Arc::clone(&front), router.clone());
                tokio::spawn(welcome(newcomer, front, router, stopped.clone()));
            }
            Err(why) => why.count(),
        }
    }
    drop(listener);
    finish(stop, stopped).await;
    Ok(())
}

/// Serves a Unix socket that only this user may open, until `shutdown`; removes it at the end.
///
/// Whoever calls this has the data directory to itself: a socket that is there is left from a process
/// that has ended. No stranger gets here, so a peer may take its time.
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
    let gate = Gate::new(of_this_user());
    let (stop, stopped) = watch::channel(false);
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let Ok(place) = gate.admit(None).await else { continue };
                let told = stopped.clone();
                let talk =
                    Talk { bounds: gate.bounds().clone(), from: None, router: router.clone() };
                tokio::spawn(async move {
                    talk.hold(Watched::new(stream, place), told).await;
                });
            }
            Err(error) => not_accepted(&error).await,
        }
    }
    finish(stop, stopped).await;
    std::fs::remove_file(path)
}

/// What a user of this machine may have, who can end the node anyway.
fn of_this_user() -> Bounds {
    const WEEK_MS: u64 = 604_800_000;
    let usual = Bounds::of_connections(1 << 16);
    Bounds { head_ms: 120_000, stalled_ms: WEEK_MS, unasked_max: 1 << 16, ..usual }
}

async fn not_accepted(error: &io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    counter!("accolade_http_accept_errors_total").increment(1);
    tokio::time::sleep(PAUSE).await;
}

/// Every connection holds a receiver: once all are gone, the last answer is written.
async fn finish(stop: watch::Sender<bool>, stopped: watch::Receiver<bool>) {
    drop(stopped);
    stop.send_replace(true);
    if tokio::time::timeout(LAST_TIME, stop.closed()).await.is_err() {
        tracing::warn!("some answers were not finished in time");
    }
}

/// A connection that was just accepted.
struct Newcomer {
    stream: TcpStream,
    from: IpAddr,
    place: Place,
}

/// Learns who it is, agrees on TLS, and answers until the connection ends.
async fn welcome(
    newcomer: Newcomer,
    front: Arc<Front>,
    router: Router,
    mut stopped: watch::Receiver<bool>,
) {
    let conn = Arc::clone(newcomer.place.conn());
    let time = front.bounds.handshake_time();
    let prepared = tokio::select! {
        prepared = tokio::time::timeout(time, prepare(newcomer, &front)) => {
            prepared.unwrap_or(Err(Closed::Handshake))
        }
        told = conn.told() => Err(told),
        _ = stopped.changed() => Err(Closed::Stopping),
    };
    let (stream, from) = match prepared {
        Ok(prepared) => prepared,
        Err(why) => return why.count(),
    };
    conn.is_open();
    let talk = Talk { bounds: front.bounds.clone(), from: Some((from, front)), router };
    let why = match stream {
        Stream::Clear(stream) => talk.hold(stream, stopped).await,
        Stream::Tls(stream) => talk.hold(*stream, stopped).await,
    };
    // What goes on as something else is counted at its end.
    if !conn.has_gone_on() {
        why.count();
    }
}

enum Stream {
    Clear(Watched<TcpStream>),
    Tls(Box<Watched<tokio_rustls::server::TlsStream<TcpStream>>>),
}

async fn prepare(newcomer: Newcomer, front: &Front) -> Result<(Stream, IpAddr), Closed> {
    let Newcomer { mut stream, mut from, place } = newcomer;
    stream.set_nodelay(true).map_err(|_| Closed::Broken)?;
    SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT_BYTES_MAX).map_err(|_| Closed::Broken)?;
    if front.proxies.announce(from) {
        let told = announced(&mut stream).await.map_err(|error| {
            tracing::debug!(%error, %from, "a proxy does not say for whom it connects");
            Closed::ProxyHeader
        })?;
        if let Some(address) = told {
            place.comes_from(address).await?;
            from = address;
        }
    }
    let Some(tls) = &front.tls else {
        return Ok((Stream::Clear(Watched::new(stream, place)), from));
    };
    let stream = tls.acceptor().accept(stream).await.map_err(|error| {
        tracing::debug!(%error, %from, "no TLS with a peer");
        Closed::Handshake
    })?;
    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
        place.conn().is_of_http2();
    }
    Ok((Stream::Tls(Box::new(Watched::new(stream, place))), from))
}

/// What it takes to answer a peer.
struct Talk {
    bounds: Bounds,
    /// The peer's address, and whose word on it is taken.
    from: Option<(IpAddr, Arc<Front>)>,
    router: Router,
}

impl Talk {
    /// Answers until the connection ends, and says why it did.
    async fn hold<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        self,
        stream: Watched<S>,
        mut stopped: watch::Receiver<bool>,
    ) -> Closed {
        let conn = Arc::clone(stream.conn());
        let builder = builder(&self.bounds);
        let line = Line::new(Arc::clone(&conn), stopped.clone());
        let answer = service_fn(move |request: Request<Incoming>| self.answer(&line, request));
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), answer);
        let mut connection = std::pin::pin!(connection);
        let why = tokio::select! {
            ended = &mut connection => {
                return match ended {
                    Ok(()) => Closed::Ended,
                    Err(error) => {
                        tracing::debug!(%error, "a connection ended early");
                        Closed::Broken
                    }
                };
            }
            // Either way the listener has ended.
            _ = stopped.changed() => Closed::Stopping,
            why = conn.told() => why,
            why = conn.overdue() => why,
        };
        let patience = match why {
            Closed::Stopping => LAST_TIME,
            Closed::Idle | Closed::Refused => FAREWELL_TIME,
            _ => return why,
        };
        connection.as_mut().graceful_shutdown();
        // Whoever stays beyond it loses the connection.
        tokio::time::timeout(patience, connection).await.ok();
        why
    }

    fn answer(
        &self,
        line: &Line,
        request: Request<Incoming>,
    ) -> impl Future<Output = Result<Response<Taken>, std::convert::Infallible>> + Send + use<>
    {
        let asked = line.conn().begin();
        let mut request = request.map(Body::new);
        if request.headers().contains_key(UPGRADE) {
            request.extensions_mut().insert(line.clone());
        }
        if let Some((from, front)) = &self.from {
            let peer = front.proxies.peer(*from, request.headers());
            request.extensions_mut().insert(peer);
        }
        let answer = asked.map(|asked| (self.router.clone().call(request), asked));
        async move {
            match answer {
                Some((answer, asked)) => {
                    let answer = answer.await?;
                    asked.was_answered(answer.status() == StatusCode::UNAUTHORIZED);
                    Ok(answer.map(|body| Taken::new(body, asked)))
                }
                // The connection was told to end before this came, and ends.
                None => std::future::pending().await,
            }
        }
    }
}

fn builder(bounds: &Bounds) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let head_bytes_max = u32::try_from(bounds.head_bytes_max).unwrap_or(u32::MAX);
    let mut http1 = builder.http1();
    http1
        .timer(TokioTimer::new())
        // Heads are timed together with everything else that may take too long.
        .header_read_timeout(None)
        .max_buf_size(bounds.head_bytes_max);
    if bounds.headers_max != HEADERS_USUAL {
        http1.max_headers(bounds.headers_max);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(bounds.streams_max)
        .max_header_list_size(head_bytes_max)
        .max_pending_accept_reset_streams(bounds.resets_max)
        .max_local_error_reset_streams(bounds.resets_max)
        .max_send_buf_size(SEND_BYTES_MAX)
        .keep_alive_interval(PING_TIME)
        .keep_alive_timeout(PING_TIME);
    builder
}
