//! The keys of an issuer, by its discovery document: over TLS, within a time and a size, and from nowhere else than
//! where the document says.

use std::fmt::Display;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::header::ACCEPT;
use axum::http::{HeaderValue, Request, StatusCode, Uri};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
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

/// For both documents together.
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
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

#[derive(Deserialize)]
struct Discovered {
    issuer: String,
    jwks_uri: String,
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
    pub(super) async fn fetch(&self) -> Result<Vec<Jwk>, String> {
        let late = |_| format!("no answer within {} s", TIME.as_secs());
        tokio::time::timeout(TIME, self.fetch_both()).await.map_err(late)?
    }

    async fn fetch_both(&self) -> Result<Vec<Jwk>, String> {
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
        Ok(keys.filter_map(|key| serde_json::from_value(key).ok()).collect())
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        let bad = |why: &dyn Display| format!("`{url:.200}`: {why}");
        let uri: Uri = url.parse().map_err(|error| bad(&error))?;
        if !is_safe(&uri) {
            return Err(bad(&"expected https, or http on this machine"));
        }
        let mut request = Request::new(Empty::new());
        *request.uri_mut() = uri;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.client.request(request).await.map_err(|error| bad(&causes(&error)))?;
        if response.status() != StatusCode::OK {
            return Err(bad(&format!("answered {}", response.status())));
        }
        let body = Limited::new(response.into_body(), BYTES_MAX).collect().await;
        let body = body.map_err(|error| bad(&error))?.to_bytes();
        serde_json::from_slice(&body).map_err(|error| bad(&error))
    }
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
