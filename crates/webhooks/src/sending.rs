//! One attempt: resolved, checked, dialled, told, and heard of no more than a status.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::addresses::Allowed;
use crate::signing::{SigningSecret, signatures};
use crate::target::{BadTarget, NotResolved, Target};

/// For all of an attempt.
pub const TIME: Duration = Duration::from_secs(15);
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Of the addresses behind a name, so many are tried.
const DIALLED_MAX: usize = 3;
/// Greatest length of what stands before an answer's body, which is never read.
const HEAD_BYTES_MAX: usize = 16 << 10;

/// Something that is told, with the bytes that are sent and signed at every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its identity, the same at every attempt.
    pub id: Box<str>,
    /// The body.
    pub body: Bytes,
}

/// How an attempt ended. Of an answer only the status is known: neither its headers nor its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// It was answered with this status.
    Answered(u16),
    /// It was not.
    Failed(Failure),
}

impl Attempt {
    /// Whether the receiver has taken the message: a redirect is followed by nobody, and says no.
    pub const fn is_taken(self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// The receiver wants nothing more (410).
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Answered(410))
    }
}

/// Why there was no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Nobody has the name.
    NotResolved,
    /// Nothing is sent to the address behind it.
    Forbidden,
    /// Nobody takes the connection.
    NotConnected,
    /// Whoever does is not proven to be the one who is named.
    NotTrusted,
    /// What comes back is no answer, or none comes.
    NoAnswer,
    /// It takes too long.
    TooSlow,
}

impl Failure {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::NotResolved,
        Self::Forbidden,
        Self::NotConnected,
        Self::NotTrusted,
        Self::NoAnswer,
        Self::TooSlow,
    ];

    /// Its stable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotResolved => "not_resolved",
            Self::Forbidden => "forbidden_address",
            Self::NotConnected => "not_connected",
            Self::NotTrusted => "not_trusted",
            Self::NoAnswer => "no_answer",
            Self::TooSlow => "too_slow",
        }
    }
}

/// What sends. Cheap to clone.
#[derive(Clone)]
pub struct Sender {
    tls: TlsConnector,
    allowed: Arc<Allowed>,
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("allowed", &self.allowed).finish_non_exhaustive()
    }
}

impl Default for Sender {
    /// One that trusts nobody, and so sends nothing to the public internet.
    fn default() -> Self {
        Self::new(RootCertStore::empty(), Allowed::default())
    }
}

impl Sender {
    /// One that trusts receivers whom `roots` vouch for, and sends to `allowed` beside the public internet.
    pub fn new(roots: RootCertStore, allowed: Allowed) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has what these versions need")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { tls: TlsConnector::from(Arc::new(config)), allowed: Arc::new(allowed) }
    }

    /// What it sends to beside the public internet.
    pub fn allowed(&self) -> &Allowed {
        &self.allowed
    }

    /// Tells a receiver, once, at `timestamp` in seconds since 1970, signed by each of `secrets`.
    ///
    /// A connection is dialled for each attempt, to an address that was checked: one that is kept might be to
    /// somebody who has the name no more.
    pub async fn send(
        &self,
        url: &str,
        secrets: &[SigningSecret],
        message: &Message,
        timestamp: i64,
    ) -> Attempt {
        let sent = self.send_in_time(url, secrets, message, timestamp);
        let sent = tokio::time::timeout(TIME, sent).await.unwrap_or(Err(Failure::TooSlow));
        sent.map_or_else(Attempt::Failed, Attempt::Answered)
    }

    async fn send_in_time(
        &self,
        url: &str,
        secrets: &[SigningSecret],
        message: &Message,
        timestamp: i64,
    ) -> Result<u16, Failure> {
        let target = Target::read(url, &self.allowed).map_err(refused)?;
        let addresses = target.resolve(&self.allowed).await.map_err(|error| match error {
            NotResolved::Unknown => Failure::NotResolved,
            NotResolved::Refused(why) => refused(why),
        })?;
        let request = request(&target, secrets, message, timestamp)?;
        let stream = dial(&addresses).await?;
        if !target.is_tls() {
            return ask(stream, request).await;
        }
        let name =
            ServerName::try_from(target.host().to_owned()).map_err(|_| Failure::NotTrusted)?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| {
            let is_of_tls = matches!(error.get_ref(), Some(inner) if inner.is::<rustls::Error>());
            if is_of_tls { Failure::NotTrusted } else { Failure::NoAnswer }
        })?;
        ask(stream, request).await
    }
}

fn refused(why: BadTarget) -> Failure {
    match why {
        BadTarget::Forbidden | BadTarget::Clear => Failure::Forbidden,
        BadTarget::Malformed | BadTarget::HasCredentials => Failure::NotResolved,
    }
}

fn request(
    target: &Target,
    secrets: &[SigningSecret],
    message: &Message,
    timestamp: i64,
) -> Result<Request<Full<Bytes>>, Failure> {
    let Message { id, body } = message;
    let request = Request::builder()
        .method(Method::POST)
        .uri(target.path())
        .header(HOST, target.authority())
        .header(USER_AGENT, concat!("accolade/", env!("CARGO_PKG_VERSION")))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .header("webhook-id", &**id)
        .header("webhook-timestamp", timestamp)
        .header("webhook-signature", signatures(secrets, id, timestamp, body));
    request.body(Full::new(body.clone())).map_err(|_| Failure::NotResolved)
}

async fn dial(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    for address in addresses.iter().take(DIALLED_MAX) {
        let dialled = tokio::time::timeout(CONNECT_TIME, TcpStream::connect(address)).await;
        if let Ok(Ok(stream)) = dialled {
            stream.set_nodelay(true).map_err(|_| Failure::NotConnected)?;
            return Ok(stream);
        }
    }
    Err(Failure::NotConnected)
}

/// Asks over a connection, and leaves it once the status is there.
async fn ask(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<u16, Failure> {
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES_MAX);
    let shaken = builder.handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = shaken.map_err(|_| Failure::NoAnswer)?;
    let mut connection = std::pin::pin!(connection);
    let mut answered = std::pin::pin!(sender.send_request(request));
    // The connection ends with this, whatever else the receiver would say.
    let answer = tokio::select! {
        biased;
        answer = &mut answered => answer,
        _ = &mut connection => answered.await,
    };
    answer.map(|answer| answer.status().as_u16()).map_err(|_| Failure::NoAnswer)
}
