//! Connections of a benchmark's clients: HTTP/1.1 in clear and over TLS, and HTTP/2 over TLS.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use accolade_server::TlsFiles;
use anyhow::Context;
use axum::Router;
use axum::body::Body;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::ServiceExt;

use super::http::{Asked, KEY};

const NAME: &str = "localhost";
/// Clients that share a connection of HTTP/2.
const STREAMS: usize = 16;

/// A certificate that the benchmark has made for itself.
pub(super) struct Certified {
    folder: TempDir,
    certificate: CertificateDer<'static>,
}

impl Certified {
    pub(super) fn new() -> anyhow::Result<Self> {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([NAME.to_owned()])?;
        let folder = tempfile::tempdir()?;
        std::fs::write(folder.path().join("certificate.pem"), cert.pem())?;
        std::fs::write(folder.path().join("key.pem"), signing_key.serialize_pem())?;
        Ok(Self { folder, certificate: cert.der().clone() })
    }

    /// What the server needs of it.
    pub(super) fn files(&self) -> TlsFiles {
        let file = |name: &str| -> PathBuf { self.folder.path().join(name) };
        TlsFiles { certificate: file("certificate.pem"), key: file("key.pem"), client_ca: None }
    }

    /// The way to a server that shows it.
    pub(super) fn over(&self, address: SocketAddr, is_http2: bool) -> anyhow::Result<Way> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions()?;
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![if is_http2 { b"h2".to_vec() } else { b"http/1.1".to_vec() }];
        let connector = TlsConnector::from(Arc::new(config));
        Ok(if is_http2 { Way::Http2(address, connector) } else { Way::OverTls(address, connector) })
    }
}

/// How clients reach the server.
pub(super) enum Way {
    InClear(SocketAddr),
    OverTls(SocketAddr, TlsConnector),
    /// Over TLS; some clients share a connection.
    Http2(SocketAddr, TlsConnector),
    /// Without a connection: the routes themselves.
    InProcess(Router),
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A client's connection.
pub(super) enum Connection {
    Http1 {
        stream: Box<dyn Stream>,
        request: Vec<u8>,
        answer: Vec<u8>,
    },
    Http2 {
        sender: SendRequest<Full<Bytes>>,
        /// The client's number among those that share it.
        number: usize,
    },
    InProcess(Router),
}

async fn tcp(address: SocketAddr) -> anyhow::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Way {
    /// One more connection, or a share of `last`.
    pub(super) async fn connect(&self, last: Option<&Connection>) -> anyhow::Result<Connection> {
        let http1 = |stream: Box<dyn Stream>| Connection::Http1 {
            stream,
            request: Vec::with_capacity(1024),
            answer: Vec::with_capacity(4096),
        };
        let name = ServerName::try_from(NAME)?;
        match self {
            Self::InClear(address) => Ok(http1(Box::new(tcp(*address).await?))),
            Self::OverTls(address, tls) => {
                Ok(http1(Box::new(tls.connect(name, tcp(*address).await?).await?)))
            }
            Self::Http2(address, tls) => {
                if let Some(Connection::Http2 { sender, number }) = last
                    && number + 1 < STREAMS
                {
                    return Ok(Connection::Http2 { sender: sender.clone(), number: number + 1 });
                }
                let stream = tls.connect(name, tcp(*address).await?).await?;
                let both = handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
                let (sender, connection) = both;
                // It ends with its last client; what went wrong, each of them hears.
                drop(tokio::spawn(connection));
                Ok(Connection::Http2 { sender, number: 0 })
            }
            Self::InProcess(routes) => Ok(Connection::InProcess(routes.clone())),
        }
    }
}

impl Connection {
    /// Asks, and returns the answer's status once all of it is there.
    pub(super) async fn ask(&mut self, asked: &Asked) -> anyhow::Result<u16> {
        match self {
            Self::Http1 { stream, request, answer } => {
                put(request, asked);
                stream.write_all(request).await?;
                read_answer(stream, answer).await
            }
            Self::Http2 { sender, .. } => {
                let request = request(asked, Full::new(Bytes::copy_from_slice(&asked.body)))?;
                let answer = sender.send_request(request).await?;
                let status = answer.status().as_u16();
                answer.into_body().collect().await?;
                Ok(status)
            }
            Self::InProcess(routes) => {
                let request = request(asked, Body::from(asked.body.clone()))?;
                let answer = routes.clone().oneshot(request).await?;
                let status = answer.status().as_u16();
                answer.into_body().collect().await?;
                Ok(status)
            }
        }
    }

    /// The body of the last answer over HTTP/1.1.
    pub(super) fn body(&self) -> anyhow::Result<String> {
        let Self::Http1 { answer, .. } = self else { anyhow::bail!("no body is kept") };
        let text = std::str::from_utf8(answer)?;
        let (_, body) = text.split_once("\r\n\r\n").context("no body")?;
        Ok(body.to_owned())
    }
}

const fn method(asked: &Asked) -> &'static str {
    if asked.body.is_empty() { "GET" } else { "POST" }
}

fn request<B>(asked: &Asked, body: B) -> anyhow::Result<Request<B>> {
    let request = Request::builder()
        .method(method(asked))
        .uri(format!("https://{NAME}{}", asked.path))
        .header("authorization", format!("Bearer {KEY}"))
        .header("content-type", asked.content_type);
    Ok(request.body(body)?)
}

fn put(request: &mut Vec<u8>, asked: &Asked) {
    let Asked { path, content_type, body } = asked;
    request.clear();
    let of_body = if body.is_empty() {
        String::new()
    } else {
        format!("content-type: {content_type}\r\ncontent-length: {}\r\n", body.len())
    };
    let head = format!(
        "{} {path} HTTP/1.1\r\nhost: {NAME}\r\nauthorization: Bearer {KEY}\r\n{of_body}\r\n",
        method(asked)
    );
    request.extend_from_slice(head.as_bytes());
    request.extend_from_slice(body);
}

async fn read_answer(stream: &mut dyn Stream, answer: &mut Vec<u8>) -> anyhow::Result<u16> {
    answer.clear();
    loop {
        anyhow::ensure!(stream.read_buf(answer).await? > 0, "the server closed the connection");
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let words = std::str::from_utf8(&answer[..head])?;
        let status = words.get(9..12).context("no status")?.parse()?;
        let length: usize = words
            .lines()
            .find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
            })
            .unwrap_or(0);
        while answer.len() < head + 4 + length {
            anyhow::ensure!(stream.read_buf(answer).await? > 0, "the server closed the connection");
        }
        return Ok(status);
    }
}
