//! What is asked of an issuer, by its discovery document: over TLS, within a time and a size, and nowhere else than
//! where the document says.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jsonwebtoken::jwk::Jwk;
use rustls::{ClientConfig, RootCertStore};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::terms::{BadTrust, Trusted};
use crate::connection::{self, BadTls};

/// For both documents together, and for a token.
const TIME: Duration = Duration::from_secs(10);
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// Greatest length of each document.
const BYTES_MAX: usize = 512 << 10;
/// More keys than any issuer has.
const KEYS_MAX: usize = 128;
/// Below an issuer's URL (`OpenID` Connect Discovery 1.0, section 4).
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// The way to an issuer. It follows no redirects, and knows no proxies.
#[derive(Debug)]
pub(super) struct Way {
    issuer: String,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_endpoint: Value,
    #[serde(default)]
    token_endpoint: Value,
}

/// What an issuer says of itself.
#[derive(Debug)]
pub(super) struct Fetched {
    pub(super) keys: Vec<Jwk>,
    pub(super) endpoints: Endpoints,
}

/// Where an issuer signs people in, as far as it says so and what is sent there is nobody else's to hear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// Where browsers go.
    pub(super) authorization: Option<String>,
    /// Where a code becomes a token.
    pub(super) token: Option<String>,
}

/// Why there is no token.
#[derive(Debug)]
pub(super) enum NoToken {
    /// The issuer says no, in this word.
    Refused(String),
    /// It does not answer, or not as it should.
    Away(String),
}

#[derive(Deserialize)]
struct Published {
    keys: Vec<Value>,
}

/// Whether what is fetched there is nobody else's words: TLS, or this machine.
pub(super) fn is_safe(url: &Uri) -> bool {
    let Some(host) = url.host() else { return false };
    match url.scheme_str() {
        Some("https") => true,
        Some("http") => {
            let address = host.trim_start_matches('[').trim_end_matches(']').parse();
            host == "localhost" || address.is_ok_and(|address: IpAddr| address.is_loopback())
        }
        _ => false,
    }
}

fn roots(terms: &Trusted) -> Result<RootCertStore, BadTrust> {
    if let Some(file) = &terms.ca_file {
        let bad = |bad: BadTls| BadTrust::new("oidc.ca_file", format!("is {bad}"));
        return connection::roots(file).map_err(bad);
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() && terms.issuer.starts_with("https:") {
        let why = "is not set, and this machine has no certificates of authorities";
        return Err(BadTrust::new("oidc.ca_file", why));
    }
    Ok(roots)
}

impl Way {
    pub(super) fn new(terms: &Trusted) -> Result<Self, BadTrust> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has what these versions need")
            .with_root_certificates(roots(terms)?)
            .with_no_client_auth();
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT_TIME));
        connector.enforce_http(false);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(connector);
        // Minutes lie between two fetches.
        let client =
            Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build(connector);
        Ok(Self { issuer: terms.issuer.clone(), client })
    }

    /// The keys as they are now. Those of a kind that nobody here knows are left out.
    pub(super) async fn fetch(&self) -> Result<Fetched, String> {
        tokio::time::timeout(TIME, self.fetch_both()).await.map_err(|_| late())?
    }

    async fn fetch_both(&self) -> Result<Fetched, String> {
        let base = self.issuer.trim_end_matches('/');
        let found: Discovered = self.get(&format!("{base}{DISCOVERY}")).await?;
        if found.issuer != self.issuer {
            return Err(format!("its discovery document is that of `{:.120}`", found.issuer));
        }
        let published: Published = self.get(&found.jwks_uri).await?;
        if published.keys.len() > KEYS_MAX {
            return Err(format!("`{}` has more than {KEYS_MAX} keys", found.jwks_uri));
        }
        let keys = published.keys.into_iter();
        let keys = keys.filter_map(|key| serde_json::from_value(key).ok()).collect();
        let endpoints = Endpoints {
            authorization: safe(&found.authorization_endpoint),
            token: safe(&found.token_endpoint),
        };
        Ok(Fetched { keys, endpoints })
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let bad = |why: &dyn Display| format!("`{url:.200}`: {why}");
        let (status, body) = self.ask(url, Request::new(Full::default())).await?;
        if status != StatusCode::OK {
            return Err(bad(&format!("answered {status}")));
        }
        serde_json::from_slice(&body).map_err(|error| bad(&error))
    }

    /// The access token that a form earns at `url`, a token endpoint (RFC 6749, section 5).
    pub(super) async fn token(
        &self,
        url: &str,
        form: String,
        client: Option<HeaderValue>,
    ) -> Result<String, NoToken> {
        let mut request = Request::new(Full::from(form));
        *request.method_mut() = Method::POST;
        let headers = request.headers_mut();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        if let Some(client) = client {
            headers.insert(AUTHORIZATION, client);
        }
        let asked = tokio::time::timeout(TIME, self.ask(url, request)).await;
        let (status, body) = asked.unwrap_or_else(|_| Err(late())).map_err(NoToken::Away)?;
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        if status == StatusCode::OK {
            let token = said["access_token"].as_str().map(str::to_owned);
            return token.ok_or_else(|| NoToken::Away("its answer has no `access_token`".into()));
        }
        match said["error"].as_str() {
            Some(word) if status.is_client_error() && is_a_word(word) => {
                Err(NoToken::Refused(word.to_owned()))
            }
            _ => Err(NoToken::Away(format!("`{url:.200}`: answered {status}"))),
        }
    }

    /// The status and the whole body of an answer.
    async fn ask(
        &self,
        url: &str,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(StatusCode, Bytes), String> {
        let bad = |why: &dyn Display| format!("`{url:.200}`: {why}");
        let uri: Uri = url.parse().map_err(|error| bad(&error))?;
        if !is_safe(&uri) {
            return Err(bad(&"expected https, or http on this machine"));
        }
        *request.uri_mut() = uri;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.client.request(request).await.map_err(|error| bad(&causes(&error)))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BYTES_MAX).collect().await;
        Ok((status, body.map_err(|error| bad(&error))?.to_bytes()))
    }
}

fn late() -> String {
    format!("no answer within {} s", TIME.as_secs())
}

/// An address of the discovery document that may be asked.
fn safe(found: &Value) -> Option<String> {
    let found = found.as_str()?;
    found.parse().is_ok_and(|url: Uri| is_safe(&url)).then(|| found.to_owned())
}

/// Whether it is as the codes of RFC 6749 are, and not as long as a story.
fn is_a_word(code: &str) -> bool {
    let is_of_words = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=64).contains(&code.len()) && code.bytes().all(is_of_words)
}

/// An error with what is behind it.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
