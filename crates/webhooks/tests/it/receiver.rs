//! Somebody who takes connections, and does what a test wants to them.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// A receiver, and the requests that it got, whole.
pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    requests: mpsc::UnboundedReceiver<String>,
}

impl Receiver {
    /// One that answers each connection with these bytes.
    pub(crate) async fn answering(answer: &'static str) -> Self {
        Self::start(answer.as_bytes().to_vec(), false, None).await
    }

    /// One that begins so and goes on for ever.
    pub(crate) async fn endless(answer: &'static str) -> Self {
        Self::start(answer.as_bytes().to_vec(), true, None).await
    }

    /// One that proves to be `name`, and whoever vouches for it.
    pub(crate) async fn of_tls(name: &str, answer: &'static str) -> (Self, RootCertStore) {
        let issued = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let certificate = issued.cert.der().clone();
        let key = PrivatePkcs8KeyDer::from(issued.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.clone()], key.into())
            .unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let tls = TlsAcceptor::from(Arc::new(config));
        (Self::start(answer.as_bytes().to_vec(), false, Some(tls)).await, roots)
    }

    async fn start(answer: Vec<u8>, is_endless: bool, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (got, requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, got, tls) = (answer.clone(), got.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => answer_one(stream, &answer, is_endless, &got).await,
                        Some(tls) => {
                            let Ok(stream) = tls.accept(stream).await else { return };
                            answer_one(stream, &answer, is_endless, &got).await;
                        }
                    }
                });
            }
        });
        Self { address, requests }
    }

    /// The next request.
    pub(crate) async fn request(&mut self) -> String {
        self.requests.recv().await.unwrap()
    }

    /// Whether nobody has asked anything that was not looked at.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.requests.try_recv().is_err()
    }
}

async fn answer_one(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    answer: &[u8],
    is_endless: bool,
    got: &mpsc::UnboundedSender<String>,
) {
    let request = read_request(&mut stream).await;
    got.send(request).ok();
    let mut more = stream.write_all(answer).await;
    while is_endless && more.is_ok() {
        more = stream.write_all(&[b'x'; 4_096]).await;
    }
    // Whoever has the status does not wait for the end.
    stream.flush().await.ok();
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut text = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        text.extend_from_slice(&buffer[..count]);
        let whole = String::from_utf8(text.clone()).unwrap();
        if let Some((head, body)) = whole.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.is_some_and(|length| length.parse::<usize>().unwrap() == body.len()) {
                break;
            }
        }
    }
    String::from_utf8(text).unwrap()
}
