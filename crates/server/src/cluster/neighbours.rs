//! Requests to other nodes: HTTP/1.1 over kept connections, each with a time limit and bounded answers.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use sha2::{Digest, Sha256};

use crate::credentials::is_same;

/// How long a node may take to accept a connection.
const CONNECT_TIME: Duration = Duration::from_secs(1);
/// A connection that is not used for so long is closed, well before the other side would.
const IDLE_TIME: Duration = Duration::from_secs(30);
/// How long a node may take to begin an answer that comes line by line.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// Greatest length of another node's answer.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Least length of the secret.
const SECRET_BYTES_MIN: usize = 16;

/// The header by which a request is forwarded.
pub(crate) const FORWARDED_HEADER: &str = "x-accolade-forwarded";

/// The way to the other nodes of a cluster. Cheap to clone.
#[derive(Clone)]
pub struct Neighbours(Arc<Inner>);

struct Inner {
    /// SHA-256 of the secret.
    digest: [u8; 32],
    secret: HeaderValue,
    bearer: HeaderValue,
    client: Client<HttpConnector, Body>,
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours").finish_non_exhaustive()
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

impl Neighbours {
    /// The way to nodes that share `secret`.
    pub fn new(secret: &str) -> Result<Self, BadSecret> {
        let is_good =
            secret.len() >= SECRET_BYTES_MIN && secret.bytes().all(|byte| byte.is_ascii_graphic());
        if !is_good {
            return Err(BadSecret);
        }
        let header = |text: &str| {
            let mut value = HeaderValue::try_from(text).map_err(|_| BadSecret)?;
            value.set_sensitive(true);
            Ok(value)
        };
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIME));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIME)
            .build(connector);
        Ok(Self(Arc::new(Inner {
            digest: Sha256::digest(secret.as_bytes()).into(),
            secret: header(secret)?,
            bearer: header(&format!("Bearer {secret}"))?,
            client,
        })))
    }

    /// Whether this is the secret. How long that takes tells nothing about it.
    pub(crate) fn is_secret(&self, shown: &[u8]) -> bool {
        let shown: [u8; 32] = Sha256::digest(shown).into();
        is_same(&self.0.digest, &shown)
    }

    /// The secret, to make other keys of it.
    pub(crate) fn secret(&self) -> &[u8] {
        self.0.secret.as_bytes()
    }

    /// Forwards a request: its method, path, query, and those of its headers that are in `headers`.
    pub(crate) async fn forward(
        &self,
        address: &str,
        request: Request<()>,
        body: Bytes,
        patience: Duration,
    ) -> io::Result<Response<Bytes>> {
        let (mut parts, ()) = request.into_parts();
        parts.headers.insert(FORWARDED_HEADER, self.0.secret.clone());
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = format!("{address}{path}").parse().map_err(io::Error::other)?;
        let work = self.send(Request::from_parts(parts, Body::from(body)), ANSWER_BYTES_MAX);
        timed(patience, work).await
    }

    /// Asks another node something that only nodes ask, and returns the body of its answer.
    pub(crate) async fn ask(
        &self,
        address: &str,
        path: &str,
        body: Option<Bytes>,
        patience: Duration,
    ) -> io::Result<Bytes> {
        let request = self.question(address, path, body)?;
        let response = timed(patience, self.send(request, ANSWER_BYTES_MAX)).await?;
        let status = response.status();
        if status == StatusCode::OK { Ok(response.into_body()) } else { Err(refused(status)) }
    }

    /// As [`Neighbours::ask`], for an answer that comes line by line.
    pub(crate) async fn ask_for_lines(&self, address: &str, path: &str) -> io::Result<Lines> {
        let request = self.question(address, path, None)?;
        let work = async { self.0.client.request(request).await.map_err(io::Error::other) };
        let response = timed(HEAD_TIME, work).await?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(refused(status));
        }
        Ok(Lines { body: response.into_body(), read: BytesMut::new() })
    }

    fn question(
        &self,
        address: &str,
        path: &str,
        body: Option<Bytes>,
    ) -> io::Result<Request<Body>> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::new(body.map_or_else(Body::empty, Body::from));
        *request.method_mut() = method;
        *request.uri_mut() = format!("{address}{path}").parse().map_err(io::Error::other)?;
        let headers: &mut HeaderMap = request.headers_mut();
        headers.insert(AUTHORIZATION, self.0.bearer.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(request)
    }

    async fn send(&self, request: Request<Body>, bytes_max: usize) -> io::Result<Response<Bytes>> {
        let response = self.0.client.request(request).await.map_err(io::Error::other)?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, bytes_max).collect().await.map_err(io::Error::other)?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }
}

/// The lines of an answer.
#[derive(Debug)]
pub(crate) struct Lines {
    body: Incoming,
    read: BytesMut,
}

impl Lines {
    /// The next line, which may take as long as `patience` to begin and to go on; nothing at the end.
    pub(crate) async fn next(&mut self, patience: Duration) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(at) = self.read.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.read.split_to(at + 1).freeze()));
            }
            if self.read.len() > ANSWER_BYTES_MAX {
                return Err(io::Error::other("the other node's line has no end"));
            }
            let frame = timed(patience, async {
                self.body.frame().await.transpose().map_err(io::Error::other)
            });
            let Some(frame) = frame.await? else { return Ok(None) };
            self.read.extend_from_slice(&frame.into_data().unwrap_or_default());
        }
    }
}

fn refused(status: StatusCode) -> io::Error {
    io::Error::other(format!("the other node answered {status}"))
}

async fn timed<T>(patience: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, "the other node did not answer in time");
    tokio::time::timeout(patience, work).await.map_err(late)?
}
