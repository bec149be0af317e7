//! Access tokens of issuers that are trusted: JWTs that name an audience, signed by keys that `OpenID` Connect's discovery
//! leads to.
//!
//! What a token may is decided here, by what whoever runs the node has written down of its issuer ([`Trusted`]); an
//! issuer itself says who somebody is and which of its own groups they are in.

mod crypto;
mod examination;
mod fetch;
mod grants;
mod issuer;
mod keys;
mod recent;
pub(crate) mod sign_in;
mod terms;

use std::sync::Arc;

use axum::http::Uri;
use jsonwebtoken::dangerous::insecure_decode_claims;
use serde::Deserialize;

pub use self::examination::Published;
pub use self::terms::{BadTrust, Grant, PortalClient, Trusted};

use self::issuer::Issuer;
use crate::parameters::OPERATOR_ID;
use crate::principal::Principal;
use crate::problem::{Problem, Refusal};
use crate::service::{Service, now};

/// Longer tokens are not looked at.
const TOKEN_BYTES_MAX: usize = 16 << 10;

/// The issuers whose tokens are taken. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Oidc(Arc<[Arc<Issuer>]>);

impl Oidc {
    /// Checks what is written down of issuers, and reads the certificates of their authorities.
    pub fn new(trusted: &[Trusted]) -> Result<Self, BadTrust> {
        terms::check(trusted)?;
        crypto::install();
        let issuers = trusted.iter().map(|terms| Issuer::new(terms).map(Arc::new));
        issuers.collect::<Result<Vec<_>, _>>().map(|issuers| Self(issuers.into()))
    }

    /// Fetches keys from here on, for as long as there is a handle.
    pub(crate) fn begin(&self, runtime: &tokio::runtime::Handle) {
        for issuer in &*self.0 {
            runtime.spawn(issuer::follow(Arc::downgrade(issuer)));
        }
    }

    /// Whether a credential looks like a token, where any are taken.
    pub(crate) fn is_one(&self, shown: &str) -> bool {
        !self.0.is_empty() && shown.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// The issuer that a token names, which nothing proves so far.
    fn issuer_of(&self, token: &str) -> Result<&Issuer, Problem> {
        #[derive(Deserialize)]
        struct Named {
            iss: String,
        }
        if token.len() > TOKEN_BYTES_MAX {
            return Err(refused(format!("expected a token of {TOKEN_BYTES_MAX} bytes at most")));
        }
        let named: Named = insecure_decode_claims(token)
            .map_err(|_| refused("the token is no JWT that names its issuer"))?;
        let found = self.0.iter().find(|issuer| issuer.is(&named.iss));
        found.map(|issuer| &**issuer).ok_or_else(|| refused("the token's issuer is not trusted"))
    }
}

/// A token that is not taken.
fn refused(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(Refusal::Unauthorized, detail)
}

impl Service {
    /// Who shows a token. Of one that stands for different things at several operators, the query says for which.
    pub(crate) async fn bearer_of_token(
        &self,
        token: &str,
        uri: &Uri,
    ) -> Result<Arc<Principal>, Problem> {
        let issuer = self.settings.oidc.issuer_of(token)?;
        let find = |id: &str| self.credentials.operator(&*self.host, id);
        let found = issuer.principals(token, now(), find).await?;
        let Some(found) = found else {
            let unknown = refused("the token is for no operator that is known here");
            return Err(self.unless_unknown(unknown));
        };
        let mut query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let named = query.find(|(name, _)| name == OPERATOR_ID).map(|(_, value)| value);
        match (&*found, named) {
            ([only], _) => Ok(Arc::clone(only)),
            (several, Some(named)) => {
                let of_it = several.iter().find(|one| one.operator(Some(&*named)).is_ok());
                of_it.cloned().ok_or_else(|| Problem::not_found("operator"))
            }
            (_, None) => Err(Problem::operator_not_named()),
        }
    }
}
