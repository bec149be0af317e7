//! Requests to other nodes: HTTP/1.1 over kept connections, each signed, with a time limit and bounded answers.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use accolade_storage::random::random;
use accolade_wire::hex::from_hex;
use accolade_wire::secret::{Secret, Signature};
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connector::Connector;
use super::signed::{Asked, LINES, SIGNATURE, Signing, Untrusted, hash_of};
use crate::connection::Tls;
use crate::service::now;

/// A connection that is not used for so long is closed, well before the other side would.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// How long a node may take to begin an answer that comes line by line.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// Greatest length of another node's answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Least length of the secret.
const SECRET_BYTES_MIN: usize = 16;

/// The way to the other nodes of a cluster. Cheap to clone.
#[derive(Clone)]
pub struct Neighbours(Arc<Inner>);

struct Inner {
    secret: Secret,
    /// Where others reach this node.
    address: String,
    signing: Signing,
    client: Client<Connector, Body>,
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours").field("address", &self.0.address).finish_non_exhaustive()
    }
}

/// A secret that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadSecret;

impl fmt::Display for BadSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected a secret of at least {SECRET_BYTES_MIN} visible ASCII characters")
    }
}

impl std::error::Error for BadSecret {}

fn now_ms() -> i64 {
    now().micros() / 1_000
}

impl Neighbours {
    /// The way to nodes that share `secret`, as the one that others reach at `address`; to those that have TLS, with
    /// the certificate and the authorities of `tls`.
    pub fn new(secret: &Secret, address: &str, tls: Option<Tls>) -> Result<Self, BadSecret> {
        let text = secret.reveal();
        let is_good =
            text.len() >= SECRET_BYTES_MIN && text.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_good {
            return Err(BadSecret);
        }
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .build(Connector::new(tls));
        let sender = u64::from_le_bytes(random().expect("the system gives random bytes"));
        Ok(Self(Arc::new(Inner {
            secret: secret.clone(),
            address: address.to_owned(),
            signing: Signing::new(secret, sender, now_ms()),
            client,
        })))
    }

    /// The secret, to make other keys of it.
    pub(crate) fn secret(&self) -> &Secret {
        &self.0.secret
    }

    /// Where others reach this node.
    pub(crate) fn address(&self) -> &str {
        &self.0.address
    }

    /// Whether others ask this node over TLS.
    pub(crate) fn is_over_tls(&self) -> bool {
        self.0.address.starts_with("https://")
    }

    pub(crate) fn signing(&self) -> &Signing {
        &self.0.signing
    }

    /// Whether a request is another node's, for this one, and comes for the first time.
    pub(crate) fn check(&self, parts: &Parts) -> Result<Asked, Untrusted> {
        self.0.signing.check(&self.0.address, parts, now_ms())
    }

    /// Forwards a request: its method, path, query and headers.
    pub(crate) async fn forward(
        &self,
        address: &str,
        request: Request<Bytes>,
        patience: Duration,
    ) -> io::Result<Response<Bytes>> {
        timed(patience, self.send(address, request)).await
    }

    /// Asks another node something that only nodes ask, and returns the body of its answer.
    pub(crate) async fn ask(
        &self,
        address: &str,
        path: &str,
        body: Option<Bytes>,
        patience: Duration,
    ) -> io::Result<Bytes> {
        let response = timed(patience, self.send(address, question(path, body)?)).await?;
        let status = response.status();
        if status == StatusCode::OK { Ok(response.into_body()) } else { Err(refused(status)) }
    }

    /// As [`Neighbours::ask`], for an answer that comes line by line.
    pub(crate) async fn ask_for_lines(
        &self,
        address: &str,
        path: &str,
        body: Option<Bytes>,
    ) -> io::Result<Lines> {
        let asking = async {
            let (asked, response) = self.begin(address, question(path, body)?).await?;
            let (parts, body) = response.into_parts();
            if !self.0.signing.is_answer(&asked, parts.status, &parts.headers, &LINES) {
                return Err(unsigned(parts.status));
            }
            let (neighbours, read) = (self.clone(), BytesMut::new());
            match parts.status {
                StatusCode::OK => Ok(Lines { neighbours, asked, number: 0, body, read }),
                status => Err(refused(status)),
            }
        };
        timed(HEAD_TIME, asking).await
    }

    /// Sends a request that has its path alone; returns its signature with what answers it, whoever does.
    async fn begin(
        &self,
        address: &str,
        request: Request<Bytes>,
    ) -> io::Result<(Signature, Response<Incoming>)> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let uri: Uri = format!("{address}{path}").parse().map_err(io::Error::other)?;
        let asked = self.0.signing.sign(address, &mut parts, &body, now_ms());
        parts.uri = uri;
        let request = Request::from_parts(parts, Body::from(body));
        let response = self.0.client.request(request).await.map_err(io::Error::other)?;
        Ok((asked, response))
    }

    /// Sends a request, and returns the other node's answer, without its signature.
    async fn send(&self, address: &str, request: Request<Bytes>) -> io::Result<Response<Bytes>> {
        let (asked, response) = self.begin(address, request).await?;
        let (mut parts, body) = response.into_parts();
        let body = Limited::new(body, ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(io::Error::other)?.to_bytes();
        let (status, hash) = (parts.status, hash_of(&body));
        if !self.0.signing.is_answer(&asked, status, &parts.headers, &hash) {
            return Err(unsigned(status));
        }
        parts.headers.remove(SIGNATURE);
        Ok(Response::from_parts(parts, body))
    }
}

fn question(path: &str, body: Option<Bytes>) -> io::Result<Request<Bytes>> {
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::new(body.unwrap_or_default());
    *request.method_mut() = method;
    *request.uri_mut() = path.parse().map_err(io::Error::other)?;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    Ok(request)
}

/// The lines of an answer.
#[derive(Debug)]
pub(crate) struct Lines {
    neighbours: Neighbours,
    asked: Signature,
    /// Of the next one.
    number: u64,
    body: Incoming,
    read: BytesMut,
}

impl Lines {
    /// The next line, which may take as long as `patience` to begin and to go on; nothing at the end.
    pub(crate) async fn next(&mut self, patience: Duration) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(at) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(at + 1).freeze();
                return self.signed(&line.slice(..at));
            }
            if self.read.len() > ANSWER_BYTES_MAX {
                return Err(io::Error::other("the other node's line has no end"));
            }
            let frame = timed(patience, async {
                self.body.frame().await.transpose().map_err(io::Error::other)
            });
            let Some(frame) = frame.await? else {
                return Err(io::Error::other("the other node's answer broke off"));
            };
            self.read.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
    }

    /// What the other node has signed as the next line; nothing where it says that there is none.
    fn signed(&mut self, shown: &Bytes) -> io::Result<Option<Bytes>> {
        let signing = self.neighbours.signing();
        let line = shown.split_at_checked(2 * size_of::<Signature>()).and_then(|(shown, line)| {
            let signature = from_hex(str::from_utf8(shown).ok()?)?;
            signing.is_line(&self.asked, self.number, line, &signature).then_some(line)
        });
        let line = line.ok_or_else(|| io::Error::other("the other node did not sign this line"))?;
        self.number += 1;
        Ok((!line.is_empty()).then(|| shown.slice_ref(line)))
    }
}

fn unsigned(status: StatusCode) -> io::Error {
    let why = "is its secret another, or its clock, or is it no node?";
    io::Error::other(format!("its answer, {status}, has not the cluster's signature: {why}"))
}

fn refused(status: StatusCode) -> io::Error {
    io::Error::other(format!("the other node answered {status}"))
}

async fn timed<T>(patience: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the other node did not answer in time");
    tokio::time::timeout(patience, work).await.map_err(late)?
}
