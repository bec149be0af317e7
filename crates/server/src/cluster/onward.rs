//! Who asks, as one node tells another: what the credential that was shown has made of them, never the credential;
//! and back, which player it was about, for the trail of the node that was asked first.
//!
//! The first node judges it, and where it was used; the one that carries the request out takes that over, but for
//! what it knows better: a key that was revoked opens nothing here either.

use std::net::IpAddr;
use std::sync::Arc;

use accolade_wire::hex::to_hex;
use axum::http::response::Parts;
use axum::http::{HeaderName, HeaderValue, Response};
use serde::{Deserialize, Serialize};

use crate::keys::Bounds;
use crate::player_tokens::bytes_of;
use crate::principal::{Credential, Operators, Principal, ShownKey};
use crate::problem::{Problem, Refusal, rules_unknown};
use crate::roles::{Scope, Scopes};
use crate::service::{Service, now};
use crate::trail::About;

/// The header by which a principal travels: JSON in hexadecimal figures.
pub(crate) const PRINCIPAL: HeaderName = HeaderName::from_static("x-accolade-principal");

/// The header by which the player of an answer travels back, in hexadecimal figures.
const ABOUT: HeaderName = HeaderName::from_static("x-accolade-about");

/// Tells the node that was asked first whom an answer is about.
pub(super) fn put_about(parts: &mut Parts) {
    if let Some(About(player)) = parts.extensions.get() {
        let player = to_hex(player.as_bytes());
        parts.headers.insert(ABOUT, HeaderValue::try_from(player).expect("figures are ASCII"));
    }
}

/// Takes over whom another node's answer is about; no client hears of the header.
pub(super) fn take_about<B>(answer: &mut Response<B>) {
    let told = answer.headers_mut().remove(ABOUT);
    let player = told.and_then(|told| String::from_utf8(bytes_of(told.to_str().ok()?)?).ok());
    if let Some(player) = player {
        answer.extensions_mut().insert(About(player));
    }
}

/// A principal on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Onward {
    subject: String,
    /// Nothing for all.
    operators: Option<Vec<String>>,
    /// By their names: numbers may change with a release.
    scopes: Vec<String>,
    player: Option<String>,
    key: Option<String>,
    credential: Credential,
    /// Where the request comes from, where it came over the network.
    pub(crate) peer: Option<IpAddr>,
}

impl Onward {
    pub(crate) fn of(principal: &Principal, peer: Option<IpAddr>) -> Self {
        let scopes = Scope::ALL.into_iter().filter(|scope| principal.scopes.has(*scope));
        Self {
            subject: principal.subject.to_string(),
            operators: match &principal.operators {
                Operators::All => None,
                Operators::These(these) => {
                    Some(these.iter().map(|operator| operator.id.to_string()).collect())
                }
            },
            scopes: scopes.map(|scope| scope.code().to_owned()).collect(),
            player: principal.player.as_deref().map(str::to_owned),
            key: principal.key.as_ref().map(|key| key.id.to_string()),
            credential: principal.credential,
            peer,
        }
    }

    pub(crate) fn write(&self) -> HeaderValue {
        let json = serde_json::to_vec(self).expect("a principal is plain data");
        HeaderValue::try_from(to_hex(&json)).expect("figures are ASCII")
    }

    pub(crate) fn read(value: &HeaderValue) -> Option<Self> {
        serde_json::from_slice(&bytes_of(value.to_str().ok()?)?).ok()
    }
}

impl Service {
    /// Who asks, as another node has told.
    pub(crate) fn principal_of(&self, told: &Onward) -> Result<Arc<Principal>, Problem> {
        if told.credential == Credential::Socket {
            return Ok(Arc::clone(&self.credentials.socket));
        }
        // All is only for those who run a node.
        let ids = told.operators.iter().flatten();
        // What the first node knows, and this one not yet, is on its way here.
        let operators = ids
            .map(|id| self.credentials.operator(&*self.host, id).ok_or_else(rules_unknown))
            .collect::<Result<Box<[_]>, _>>()?;
        if let (Some(key), [operator]) = (&told.key, &*operators) {
            let rules = self.host.rules();
            let key = rules.operator(&operator.id).and_then(|operator| operator.keys.get(key));
            if key.is_some_and(|key| !key.is_live(now())) {
                let detail = "the API key is not known here, or is over";
                return Err(Problem::new(Refusal::Unauthorized, detail));
            }
        }
        let has = |scope: &Scope| told.scopes.iter().any(|code| code == scope.code());
        let scopes: Vec<Scope> = Scope::ALL.into_iter().filter(has).collect();
        let key = |id: &String| ShownKey { id: id.as_str().into(), used: None };
        Ok(Arc::new(Principal {
            subject: told.subject.as_str().into(),
            operators: Operators::These(operators),
            roles: Box::default(),
            scopes: Scopes::of(&scopes),
            player: told.player.as_deref().map(Into::into),
            bounds: Bounds::default(),
            key: told.key.as_ref().map(key),
            credential: told.credential,
            until: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::principal::Known;
    use crate::roles::Role;

    #[test]
    fn a_principal_is_told_as_it_is() {
        let known = |id: &str| {
            let is_paused = AtomicBool::new(false);
            Arc::new(Known { id: id.into(), number: 1, limit: None, asking: None, is_paused })
        };
        let principal = Principal {
            subject: "a subject with \u{e9} and \u{7f}".into(),
            operators: Operators::These(Box::new([known("a"), known("\u{4e2d}")])),
            roles: [Role::Support].into(),
            scopes: Role::Support.scopes(),
            player: Some("p".into()),
            bounds: Bounds::default(),
            key: Some(ShownKey { id: "k".into(), used: None }),
            credential: Credential::PlayerToken,
            until: None,
        };
        let told = Onward::of(&principal, Some("2001:db8::7".parse().unwrap()));
        assert_eq!(told.operators.as_deref().unwrap(), ["a", "\u{4e2d}"]);
        assert_eq!(
            told.scopes.len(),
            Scope::ALL.into_iter().filter(|it| principal.scopes.has(*it)).count()
        );
        assert_eq!(Onward::read(&told.write()).as_ref(), Some(&told));
        assert_eq!(Onward::read(&HeaderValue::from_static("7b")), None);
    }
}
