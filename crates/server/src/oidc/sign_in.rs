//! Signing in to the portal: a browser is sent to the issuer and comes back with a code, which becomes an access token
//! here (RFC 6749, section 4.1, with PKCE, RFC 7636). Only the page that has begun it knows the verifier, so a code is
//! of no use to anybody else; and nothing of it is kept.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use accolade_wire::secret::Secret;
use axum::http::header::{CACHE_CONTROL, HOST};
use axum::http::request::Parts;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use utoipa::ToSchema;

use super::issuer::{Issuer, PATIENCE};
use super::terms::{BadTrust, ISSUER_BYTES_MAX, PortalClient};
use super::{Oidc, TOKEN_BYTES_MAX, refused};
use crate::call::Call;
use crate::fields::fields_of;
use crate::principal::Operators;
use crate::problem::Problem;
use crate::service::now;
use crate::shapes::{Time, respond};

/// Greatest length of a body: whoever sends one is unknown.
const BODY_BYTES_MAX: usize = 16 << 10;
const CODE_BYTES_MAX: usize = 4_096;
const URI_BYTES_MAX: usize = 2_048;
/// Lengths of a verifier (RFC 7636, section 4.1).
const VERIFIER_BYTES: std::ops::RangeInclusive<usize> = 43..=128;

/// What the portal is at an issuer, with its secret.
#[derive(Debug)]
pub(super) struct Client {
    terms: PortalClient,
    secret: Option<Secret>,
}

impl Client {
    pub(super) fn new(terms: &PortalClient) -> Result<Self, BadTrust> {
        let read = |file: &Path| {
            let text = fs::read_to_string(file);
            let text = text.map_err(|error| error.to_string()).and_then(|text| match text.trim() {
                "" => Err("it is empty".to_owned()),
                secret => Ok(Secret::new(secret)),
            });
            text.map_err(|why| {
                let why = format!("cannot be read: {why}");
                BadTrust::new("oidc.portal.client_secret_file", why)
            })
        };
        let secret = terms.client_secret_file.as_deref().map(read).transpose()?;
        Ok(Self { terms: terms.clone(), secret })
    }

    /// Whether browsers come back to the portal there: it is written down, or where the request itself has come to.
    fn is_ours(&self, uri: &str, asked: &Parts) -> bool {
        if !self.terms.redirect_uris.is_empty() {
            return self.terms.redirect_uris.iter().any(|ours| ours == uri);
        }
        let host = asked.headers.get(HOST).and_then(|host| host.to_str().ok());
        let host = asked.uri.authority().map(Authority::as_str).or(host);
        let is_there = |read: Uri| {
            matches!(read.scheme_str(), Some("https" | "http"))
                && read.authority().map(Authority::as_str) == host
                && read.path_and_query().is_some_and(|path| path == "/portal/")
        };
        host.is_some() && !uri.contains('#') && uri.parse().is_ok_and(is_there)
    }

    /// What the issuer is sent for a code, and what says who sends it.
    fn form(&self, wanted: &Wanted) -> (String, Option<HeaderValue>) {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", &wanted.code)
            .append_pair("redirect_uri", &wanted.redirect_uri)
            .append_pair("code_verifier", &wanted.code_verifier);
        for (name, value) in &self.terms.parameters {
            form.append_pair(name, value);
        }
        let client = self.secret.as_ref().map(|secret| basic(&self.terms.client_id, secret));
        if client.is_none() {
            form.append_pair("client_id", &self.terms.client_id);
        }
        (form.finish(), client)
    }
}

/// A client and its secret as a header (RFC 6749, section 2.3.1).
fn basic(client: &str, secret: &Secret) -> HeaderValue {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let both = STANDARD.encode(format!("{}:{}", encode(client), encode(secret.reveal())));
    let mut header =
        HeaderValue::try_from(format!("Basic {both}")).expect("letters and figures are ASCII");
    header.set_sensitive(true);
    header
}

impl Oidc {
    /// The issuers at which staff sign in.
    fn of_the_portal(&self) -> impl Iterator<Item = (&Arc<Issuer>, &Client)> {
        self.0.iter().filter_map(|issuer| Some((issuer, issuer.client.as_ref()?)))
    }
}

/// Where staff may sign in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignInOptions)]
pub(crate) struct OptionsShape<'a> {
    items: Vec<OptionShape<'a>>,
}

/// An issuer at which staff may sign in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignInOption)]
pub(crate) struct OptionShape<'a> {
    issuer: &'a str,
    /// What to call it.
    name: &'a str,
    /// Where a browser is sent; null while the issuer has not said so.
    #[schema(required)]
    authorization_endpoint: Option<String>,
    client_id: &'a str,
    /// With spaces between.
    scope: &'a str,
    /// What the request has to say beside.
    #[schema(value_type = BTreeMap<String, String>)]
    parameters: &'a BTreeMap<String, String>,
    /// Where the issuer may send the browser back to; empty where the address of the page does.
    #[schema(value_type = Vec<String>)]
    redirect_uris: &'a [String],
}

/// Tells where staff may sign in.
pub(crate) async fn options(call: Call) -> Result<Response, Problem> {
    let until = tokio::time::Instant::now() + PATIENCE;
    let mut items = Vec::new();
    for (issuer, client) in call.service.settings.oidc.of_the_portal() {
        let PortalClient { client_id, name, scope, parameters, redirect_uris, .. } = &client.terms;
        items.push(OptionShape {
            issuer: &issuer.terms.issuer,
            name: name.as_deref().unwrap_or(&issuer.terms.issuer),
            authorization_endpoint: issuer.endpoints(until).await.authorization,
            client_id,
            scope,
            parameters,
            redirect_uris,
        });
    }
    Ok(unkept(respond(StatusCode::OK, &OptionsShape { items })))
}

/// A code, with what shows that whoever sends it has begun it.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SignIn)]
pub(crate) struct Wanted {
    /// One of the options.
    #[schema(min_length = 1, max_length = 120)]
    issuer: String,
    #[schema(min_length = 1, max_length = 4096)]
    code: String,
    /// What the challenge was made of (RFC 7636).
    #[schema(min_length = 43, max_length = 128)]
    code_verifier: String,
    /// The same as the issuer was asked with: the portal's own address.
    #[schema(min_length = 1, max_length = 2048)]
    redirect_uri: String,
}

impl Wanted {
    /// Reads a code for one of the issuers of the portal.
    fn read<'a>(
        body: &[u8],
        asked: &Parts,
        oidc: &'a Oidc,
    ) -> Result<(Self, &'a Issuer, &'a Client), Problem> {
        let [issuer, code, verifier, redirect] =
            fields_of(body, &["issuer", "code", "codeVerifier", "redirectUri"])?;
        let named = issuer.short_text(ISSUER_BYTES_MAX)?.unwrap_or_default();
        let found = oidc.of_the_portal().find(|(one, _)| one.is(&named));
        let (found, client) = found.ok_or_else(|| {
            let known: Vec<_> = oidc.of_the_portal().map(|(one, _)| &*one.terms.issuer).collect();
            issuer.expected(&match &*known {
                [] => "none, for staff sign in at no issuer here".to_owned(),
                known => format!("one of `{}`", known.join("`, `")),
            })
        })?;
        let code = code
            .short_text(CODE_BYTES_MAX)?
            .ok_or_else(|| code.wrong("expected the code that the issuer gave"))?;
        let said = verifier.text()?.unwrap_or_default();
        let is_of_verifiers = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if !VERIFIER_BYTES.contains(&said.len()) || !said.bytes().all(is_of_verifiers) {
            return Err(verifier.wrong("expected 43 to 128 letters, figures, `-`, `.`, `_` or `~`"));
        }
        let uri = redirect.short_text(URI_BYTES_MAX)?.unwrap_or_default();
        if !client.is_ours(&uri, asked) {
            let expected = match &*client.terms.redirect_uris {
                [] => "this node's own address with `/portal/` behind it".to_owned(),
                ours => format!("`{}`", ours.join("` or `")),
            };
            return Err(redirect.expected(&expected));
        }
        let wanted = Self { issuer: named, code, code_verifier: said, redirect_uri: uri };
        Ok((wanted, &**found, client))
    }
}

/// A token of an issuer's, which opens this API.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedIn)]
pub(crate) struct SignedInShape<'a> {
    /// For `Authorization: Bearer`.
    token: &'a str,
    /// When it ends.
    #[schema(required)]
    until: Option<Time>,
    /// The operators that it is for; of several, each request names one.
    operators: Vec<&'a str>,
}

/// Makes a token of a code.
pub(crate) async fn exchange(call: Call) -> Result<Response, Problem> {
    let Call { service, parts, body, .. } = call;
    let (body, held) = service.read_body_within(BODY_BYTES_MAX, &parts.headers, body).await?;
    drop(held);
    let (wanted, issuer, client) = Wanted::read(&body, &parts, &service.settings.oidc)?;
    let (form, client) = client.form(&wanted);
    let token = issuer.exchange(form, client).await?;
    if token.len() > TOKEN_BYTES_MAX {
        return Err(refused(format!("expected a token of {TOKEN_BYTES_MAX} bytes at most")));
    }
    let find = |id: &str| service.credentials.operator(&*service.host, id);
    let found = issuer.principals(&token, now(), find).await?;
    let found = found.ok_or_else(|| {
        service.unless_unknown(refused("the token is for no operator that is known here"))
    })?;
    let mut operators = Vec::new();
    for principal in &*found {
        if let Operators::These(these) = &principal.operators {
            operators.extend(these.iter().map(|operator| &*operator.id));
        }
    }
    tracing::info!(issuer = wanted.issuer, "somebody has signed in to the portal");
    let until = found.first().and_then(|principal| principal.until).map(Time);
    Ok(unkept(respond(StatusCode::OK, &SignedInShape { token: &token, until, operators })))
}

/// What nobody may keep.
fn unkept(mut response: Response) -> Response {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
