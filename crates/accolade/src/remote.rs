//! A node elsewhere, by its HTTP API, with a key.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use accolade_wire::secret::Secret;
use anyhow::{Context, anyhow, bail};
use axum::body::Body;
use http_body_util::{BodyExt, Limited};
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::client::{OPERATOR, escaped};
use crate::failure::unasked;

/// How long a connection may take, with its handshake.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How long an answer may take, to its last byte.
const ANSWER_TIME: Duration = Duration::from_mins(2);
/// Greatest length of an answer.
const BYTES_MAX: usize = 256 << 20;

/// Where a node is, and what opens it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct There {
    /// As it was given.
    pub(crate) url: String,
    pub(crate) key: Option<Secret>,
    /// Its authorities; the machine's where there is none.
    pub(crate) ca: Option<PathBuf>,
}

/// A node elsewhere.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    url: String,
    host: String,
    port: u16,
    authority: HeaderValue,
    /// What stands before every path.
    prefix: String,
    key: Option<HeaderValue>,
    tls: Option<(Arc<ClientConfig>, ServerName<'static>)>,
}

/// The parts of a node's URL.
struct Address {
    is_https: bool,
    host: String,
    port: u16,
    authority: String,
    prefix: String,
}

impl Address {
    fn read(url: &str) -> anyhow::Result<Self> {
        let bad = || anyhow!("`{url}`: expected a URL such as https://points.example:8080");
        let uri: Uri = url.parse().map_err(|_| bad())?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(bad()),
        };
        let authority = uri.authority().ok_or_else(bad)?;
        // Whoever is named there would be asked with a password that nobody looks at.
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(bad());
        }
        let port = authority.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        Ok(Self {
            is_https,
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port,
            authority: authority.to_string(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    fn is_this_machine(&self) -> bool {
        let address = self.host.parse();
        self.host == "localhost"
            || address.is_ok_and(|address: std::net::IpAddr| address.is_loopback())
    }
}

/// Refuses what is no address of a node.
pub(crate) fn check_url(url: &str) -> anyhow::Result<()> {
    Address::read(url).map(drop)
}

impl Remote {
    pub(crate) fn new(there: &There) -> anyhow::Result<Self> {
        let address = Address::read(&there.url)?;
        let key = there.key.as_ref().map(|key| bearer(key.reveal())).transpose()?;
        let tls = if address.is_https {
            let name = ServerName::try_from(address.host.clone());
            let name = name.with_context(|| format!("`{}` is no name of a host", address.host))?;
            Some((Arc::new(tls(there.ca.as_deref())?), name))
        } else {
            if key.is_some() && !address.is_this_machine() {
                crate::terminal::note(format_args!(
                    "the key travels in clear to {}: https hides it",
                    address.authority
                ));
            }
            None
        };
        Ok(Self {
            url: there.url.clone(),
            authority: HeaderValue::try_from(address.authority)?,
            host: address.host,
            port: address.port,
            prefix: address.prefix,
            key,
            tls,
        })
    }

    /// As it was given.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Sends a request and waits for the whole answer.
    pub(crate) async fn send(&self, request: Request<Body>) -> anyhow::Result<Response<Body>> {
        let request = self.addressed(request)?;
        self.in_time(async { whole(self.exchange(request).await?).await }).await
    }

    /// Sends a request and waits for the head of the answer, whose body may be of any length.
    pub(crate) async fn begin(&self, request: Request<Body>) -> anyhow::Result<Response<Body>> {
        let request = self.addressed(request)?;
        self.in_time(self.exchange(request)).await
    }

    async fn in_time(
        &self,
        asking: impl Future<Output = anyhow::Result<Response<Body>>>,
    ) -> anyhow::Result<Response<Body>> {
        let answer = timeout(ANSWER_TIME, asking).await;
        let answer =
            answer.unwrap_or_else(|_| Err(anyhow!("no answer within {} s", ANSWER_TIME.as_secs())));
        answer.with_context(|| format!("`{}` cannot be asked", self.url)).map_err(unasked)
    }

    /// What is asked of the socket, as the network is asked.
    fn addressed(&self, mut request: Request<Body>) -> anyhow::Result<Request<Body>> {
        let asked = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let mut path = format!("{}{}", self.prefix, by_network(asked, &self.url)?);
        let headers = request.headers_mut();
        if let Some(operator) = headers.remove(OPERATOR) {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str("operatorId=");
            path.push_str(&escaped(operator.to_str()?));
        }
        headers.insert(HOST, self.authority.clone());
        if let Some(key) = &self.key {
            headers.insert(AUTHORIZATION, key.clone());
        }
        *request.uri_mut() = path.parse()?;
        Ok(request)
    }

    async fn exchange(&self, request: Request<Body>) -> anyhow::Result<Response<Body>> {
        let late = || anyhow!("no connection within {} s", CONNECT_TIME.as_secs());
        let connected = timeout(CONNECT_TIME, TcpStream::connect((&*self.host, self.port))).await;
        let stream = connected.map_err(|_| late())??;
        stream.set_nodelay(true)?;
        let Some((config, name)) = &self.tls else {
            return exchange_over(stream, request).await;
        };
        let connector = TlsConnector::from(Arc::clone(config));
        let secured = timeout(CONNECT_TIME, connector.connect(name.clone(), stream)).await;
        exchange_over(secured.map_err(|_| late())?.context("no TLS")?, request).await
    }
}

async fn exchange_over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Body>,
) -> anyhow::Result<Response<Body>> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?.map(Body::new))
}

/// An answer with all of its body.
async fn whole(answer: Response<Body>) -> anyhow::Result<Response<Body>> {
    let (head, body) = answer.into_parts();
    let body = Limited::new(body, BYTES_MAX).collect().await;
    let body = body.map_err(|error| anyhow!("the answer broke off: {error}"))?;
    Ok(Response::from_parts(head, Body::from(body.to_bytes())))
}

fn bearer(key: &str) -> anyhow::Result<HeaderValue> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", key.trim()))
        .map_err(|_| anyhow!("the key has characters that no key has"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn tls(ca: Option<&Path>) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    if let Some(file) = ca {
        let context = || format!("the authorities in `{}`", file.display());
        for certificate in CertificateDer::pem_file_iter(file).with_context(context)? {
            roots.add(certificate.with_context(context)?).with_context(context)?;
        }
        if roots.is_empty() {
            bail!("`{}`: expected certificates as PEM, found none", file.display());
        }
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            bail!("this machine has no certificates of authorities: name some with `--ca FILE`");
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has what these versions need")
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The path of the API that does what one of the socket does, for one operator.
fn by_network(path: &str, url: &str) -> anyhow::Result<String> {
    for (local, outside) in [
        ("/local/dead-letters", "/api/v1/dead-letters"),
        ("/local/audit?", "/api/v1/audit?"),
        ("/local/ingest?kind=wagers", "/api/v1/wagers"),
        ("/local/ingest?kind=events", "/api/v1/events"),
    ] {
        if let Some(rest) = path.strip_prefix(local) {
            let rest =
                rest.strip_prefix('&').map_or_else(|| rest.into(), |rest| format!("?{rest}"));
            return Ok(format!("{outside}{rest}"));
        }
    }
    let what = match path {
        _ if !path.starts_with("/local/") => return Ok(path.to_owned()),
        _ if path.starts_with("/local/operators") => "operators are managed",
        _ if path.starts_with("/local/topics") => {
            "topics, which hold what is of all operators, are read"
        }
        _ if path.starts_with("/local/audit/verify") => "the whole ledger is verified",
        _ if path.starts_with("/local/behaviour") => "the behaviour is shown and switched",
        _ if path.starts_with("/local/skip") => "a partition is told to skip",
        _ => "this is done",
    };
    bail!(
        "{what} only beside a node, through the socket in its data directory, and no key opens that: run \
         this on its machine, with `--data-dir` or `--context local` (asked was `{url}`)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart_and_others_are_refused() {
        let read = |url| {
            let Address { is_https, host, port, authority, prefix } = Address::read(url).unwrap();
            (is_https, host, port, authority, prefix)
        };
        let text = |text: &str| text.to_owned();
        assert_eq!(
            read("https://points.example"),
            (true, text("points.example"), 443, text("points.example"), text(""))
        );
        assert_eq!(
            read("http://[::1]:8080/a/"),
            (false, text("::1"), 8080, text("[::1]:8080"), text("/a"))
        );
        for url in ["points.example", "ftp://a", "https://u:p@a", "http://a?b=c", "", "https://"] {
            assert!(Address::read(url).is_err(), "{url}");
        }
    }

    #[test]
    fn what_the_socket_is_asked_is_asked_of_the_api_or_refused() {
        let by = |path| by_network(path, "http://a");
        for (path, expected) in [
            ("/api/v1/keys?dryRun=true", "/api/v1/keys?dryRun=true"),
            ("/local/dead-letters/1-2-3/retry", "/api/v1/dead-letters/1-2-3/retry"),
            ("/local/audit?limit=5&kind=read", "/api/v1/audit?limit=5&kind=read"),
            ("/local/ingest?kind=wagers&wait=applied", "/api/v1/wagers?wait=applied"),
            ("/local/ingest?kind=events", "/api/v1/events"),
        ] {
            assert_eq!(by(path).unwrap(), expected);
        }
        for path in ["/local/audit/verify", "/local/operators", "/local/anything"] {
            assert!(by(path).unwrap_err().to_string().contains("only beside a node"), "{path}");
        }
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Some(Secret::new("marker-of-a-key"));
        let there = There { url: "http://127.0.0.1:1".to_owned(), key, ca: None };
        let remote = Remote::new(&there).unwrap();
        let shown = format!("{there:?} {remote:?}");
        assert!(shown.contains("127.0.0.1") && !shown.contains("marker"), "{shown}");
    }
}
