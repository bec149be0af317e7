//! What whoever runs the node writes down of an issuer.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;

use accolade_engine::rules::keys::ROLES;
use axum::http::Uri;
use jsonwebtoken::Algorithm;
use serde::Deserialize;

use super::crypto;
use super::fetch::is_safe;
use crate::roles::Role;

/// Greatest length of an issuer's URL in bytes: it is part of a subject's name.
pub(super) const ISSUER_BYTES_MAX: usize = 120;

/// An issuer whose access tokens are taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// Its URL, as its tokens and its discovery document say it.
    pub issuer: String,
    /// The algorithms by which it signs.
    pub algorithms: Vec<String>,
    /// Takes tokens too whose `typ` is `JWT` or missing; else only those that say that they are access tokens
    /// (`at+jwt`, RFC 9068).
    #[serde(default)]
    pub any_type: bool,
    /// Authorities of its certificate, as PEM, instead of the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// How often its keys are fetched.
    #[serde(default = "refresh_seconds")]
    pub refresh_seconds: u64,
    /// How old its keys may become while it does not answer.
    #[serde(default = "stale_seconds")]
    pub stale_seconds: u64,
    /// What its tokens may.
    pub grants: Vec<Grant>,
    /// The client that the portal is there, for staff who sign in.
    #[serde(default)]
    pub portal: Option<PortalClient>,
}

const fn refresh_seconds() -> u64 {
    300
}

const fn stale_seconds() -> u64 {
    3_600
}

/// A client of an issuer's, as which staff sign in to the portal: by the authorization code flow with PKCE.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortalClient {
    /// What the issuer calls it.
    pub client_id: String,
    /// A file with its secret, where it has one.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// What the page calls the issuer; without it, its URL.
    #[serde(default)]
    pub name: Option<String>,
    /// What is asked for, with spaces between.
    #[serde(default = "scope")]
    pub scope: String,
    /// Where browsers reach the portal, as the issuer knows it; without them, wherever a request finds it.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// What the issuer wants to be told beside, such as `audience` or `resource`.
    #[serde(default)]
    pub parameters: BTreeMap<String, String>,
}

fn scope() -> String {
    "openid".to_owned()
}

/// What tokens for one audience may, at some operators.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Ids of operators.
    pub operators: Vec<String>,
    /// What `aud` has to name.
    pub audience: String,
    /// The claim that says for which of the operators a token is; else it is for all of them.
    #[serde(default)]
    pub operators_claim: Option<String>,
    /// The claim that names who it is.
    #[serde(default = "subject_claim")]
    pub subject_claim: String,
    /// The claim that names the one player that it is.
    #[serde(default)]
    pub player_claim: Option<String>,
    /// The claim whose values are looked up in `roles`.
    #[serde(default)]
    pub roles_claim: Option<String>,
    /// Roles by values of that claim.
    #[serde(default)]
    pub roles: BTreeMap<String, String>,
    /// The role that every token has.
    #[serde(default)]
    pub role: Option<String>,
}

fn subject_claim() -> String {
    "sub".to_owned()
}

/// Something of an issuer that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadTrust(String);

impl BadTrust {
    pub(super) fn new(field: &str, why: impl fmt::Display) -> Self {
        Self(format!("`{field}` {why}"))
    }
}

impl fmt::Display for BadTrust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadTrust {}

impl Trusted {
    /// The algorithms, which are known once this was checked.
    pub(super) fn algorithms(&self) -> Vec<Algorithm> {
        self.algorithms.iter().filter_map(|name| crypto::named(name)).collect()
    }
}

impl Grant {
    /// The roles that it may give.
    pub(super) fn every_role(&self) -> impl Iterator<Item = Option<Role>> {
        self.roles.values().chain(&self.role).map(|name| Role::named(name))
    }
}

/// Refuses what makes no sense, and says of which field and what was expected.
pub(super) fn check(all: &[Trusted]) -> Result<(), BadTrust> {
    let mut issuers = BTreeSet::new();
    for (at, trusted) in all.iter().enumerate() {
        let Trusted { issuer, algorithms, refresh_seconds, stale_seconds, grants, .. } = trusted;
        let bad =
            |field: &str, why: String| Err(BadTrust::new(&format!("oidc[{at}].{field}"), why));
        let is_url = issuer.parse().is_ok_and(|url: Uri| is_safe(&url) && url.query().is_none());
        if !is_url || issuer.contains('#') || issuer.len() > ISSUER_BYTES_MAX {
            let expected = format!(
                "is `{issuer}`: expected a URL with https (http on this machine alone) of \
                 {ISSUER_BYTES_MAX} bytes at most, without a query"
            );
            return bad("issuer", expected);
        }
        if !issuers.insert(issuer) {
            return bad("issuer", format!("is `{issuer}` again: expected each issuer once"));
        }
        if let Some(name) = algorithms.iter().find(|name| crypto::named(name).is_none()) {
            let known = crypto::NAMES.join(", ");
            return bad("algorithms", format!("has `{name}`: expected some of {known}"));
        }
        let counts = [
            ("algorithms", algorithms.len() as u64),
            ("refresh_seconds", *refresh_seconds),
            ("stale_seconds", *stale_seconds),
            ("grants", grants.len() as u64),
        ];
        if let Some((field, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return bad(field, "is nothing: expected at least 1".to_owned());
        }
        for (number, grant) in grants.iter().enumerate() {
            check_grant(grant)
                .or_else(|(field, why)| bad(&format!("grants[{number}].{field}"), why))?;
        }
        if let Some(client) = &trusted.portal {
            check_client(client).or_else(|(field, why)| bad(&format!("portal.{field}"), why))?;
        }
    }
    Ok(())
}

/// What the flow itself says.
const OF_THE_FLOW: [&str; 11] = [
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
];

fn check_client(client: &PortalClient) -> Result<(), (&'static str, String)> {
    let PortalClient { client_id, scope, redirect_uris, parameters, .. } = client;
    if client_id.is_empty() || client_id.chars().any(char::is_control) {
        return Err(("client_id", "is none: expected what the issuer calls the client".to_owned()));
    }
    if scope.is_empty() {
        return Err(("scope", "is empty: expected `openid`, or more".to_owned()));
    }
    if let Some(uri) = redirect_uris.iter().find(|uri| !is_of_the_portal(uri)) {
        let why = format!(
            "has `{uri}`: expected a URL with https (http on this machine alone) that ends with `/portal/`"
        );
        return Err(("redirect_uris", why));
    }
    if let Some(name) = parameters.keys().find(|name| OF_THE_FLOW.contains(&&***name)) {
        return Err(("parameters", format!("has `{name}`: expected what is not said already")));
    }
    Ok(())
}

fn is_of_the_portal(uri: &str) -> bool {
    let is_url = uri.parse().is_ok_and(|uri: Uri| is_safe(&uri));
    is_url && uri.ends_with("/portal/") && !uri.contains(['?', '#'])
}

fn check_grant(grant: &Grant) -> Result<(), (&'static str, String)> {
    let bad = |field: &'static str, why: &str| Err((field, why.to_owned()));
    if grant.operators.is_empty() {
        return bad("operators", "is empty: expected ids of operators");
    }
    if grant.audience.is_empty() {
        return bad("audience", "is empty: expected what `aud` names");
    }
    if grant.subject_claim.is_empty() {
        return bad("subject_claim", "is empty: expected the name of a claim");
    }
    for name in grant.roles.values().chain(&grant.role) {
        if !ROLES.contains(&&**name) {
            return Err(("roles", format!("has `{name}`: expected some of {}", ROLES.join(", "))));
        }
    }
    if grant.roles.is_empty() != grant.roles_claim.is_none() {
        return bad("roles", "and `roles_claim` belong together");
    }
    if grant.roles.is_empty() && grant.role.is_none() {
        return bad("roles", "is missing: expected it with `roles_claim`, or `role`");
    }
    let of_one_player = grant.every_role().flatten().filter(|role| role.is_of_one_player()).count();
    if of_one_player != 0 && of_one_player != grant.every_role().count() {
        return bad(
            "roles",
            "mixes ingest or player with roles of staff: expected a grant for each",
        );
    }
    if (of_one_player != 0) != grant.player_claim.is_some() {
        return bad("player_claim", "belongs to the roles ingest and player, and they need it");
    }
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::oidc) fn trusted() -> Trusted {
        Trusted {
            issuer: "https://login.example".into(),
            algorithms: vec!["ES256".into()],
            any_type: false,
            ca_file: None,
            refresh_seconds: 300,
            stale_seconds: 3_600,
            grants: vec![Grant {
                operators: vec!["a".into(), "b".into()],
                audience: "accolade".into(),
                operators_claim: None,
                subject_claim: "sub".into(),
                player_claim: None,
                roles_claim: Some("groups".into()),
                roles: [("desk", "support"), ("heads", "admin")]
                    .map(|(group, role)| (group.to_owned(), role.to_owned()))
                    .into(),
                role: None,
            }],
            portal: None,
        }
    }

    fn client() -> PortalClient {
        PortalClient {
            client_id: "the portal".into(),
            client_secret_file: None,
            name: None,
            scope: scope(),
            redirect_uris: vec!["https://points.example/portal/".into()],
            parameters: [("audience".to_owned(), "accolade".to_owned())].into(),
        }
    }

    #[test]
    fn a_client_that_makes_no_sense_is_refused_by_its_name() {
        let with = |client| Trusted { portal: Some(client), ..trusted() };
        assert_eq!(check(&[with(client())]), Ok(()));
        let redirected = |uri: &str| PortalClient { redirect_uris: vec![uri.into()], ..client() };
        let parameters = [("state".to_owned(), "a".to_owned())].into();
        for (client, expected) in [
            (PortalClient { client_id: String::new(), ..client() }, "client_id` is none"),
            (PortalClient { scope: String::new(), ..client() }, "scope` is empty"),
            (PortalClient { parameters, ..client() }, "parameters` has `state`"),
            (redirected("https://points.example/portal"), "redirect_uris` has `https://points"),
            (redirected("http://points.example/portal/"), "redirect_uris` has `http://points"),
            (redirected("https://points.example/?/portal/"), "redirect_uris` has `https://points"),
            (redirected("/portal/"), "redirect_uris` has `/portal/`"),
        ] {
            let refused = check(&[with(client)]).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("`oidc[0].portal.{expected}")), "{refused}");
        }
    }

    type Bend = fn(&mut Trusted);

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        assert_eq!(check(&[trusted()]), Ok(()));
        let bent: [(Bend, &str); 17] = [
            (
                |it| it.issuer = "http://login.example".into(),
                "`oidc[0].issuer` is `http://login.ex",
            ),
            (|it| it.issuer = "https://login.example?a".into(), "`oidc[0].issuer` is `https"),
            (|it| it.issuer = "https://login.example/#a".into(), "`oidc[0].issuer` is `https"),
            (|it| it.issuer = String::new(), "`oidc[0].issuer` is ``: expected a URL"),
            (|it| it.algorithms.clear(), "`oidc[0].algorithms` is nothing"),
            (|it| it.algorithms.push("HS256".into()), "`oidc[0].algorithms` has `HS256`: expected"),
            (|it| it.algorithms.push("none".into()), "`oidc[0].algorithms` has `none`: expected"),
            (|it| it.refresh_seconds = 0, "`oidc[0].refresh_seconds` is nothing"),
            (|it| it.stale_seconds = 0, "`oidc[0].stale_seconds` is nothing"),
            (|it| it.grants.clear(), "`oidc[0].grants` is nothing"),
            (|it| it.grants[0].operators.clear(), "`oidc[0].grants[0].operators` is empty"),
            (|it| it.grants[0].audience.clear(), "`oidc[0].grants[0].audience` is empty"),
            (
                |it| it.grants[0].role = Some("administrator".into()),
                "`oidc[0].grants[0].roles` has `administrator`: expected some of admin, ",
            ),
            (
                |it| it.grants[0].roles_claim = None,
                "`oidc[0].grants[0].roles` and `roles_claim` belong",
            ),
            (
                |it| {
                    it.grants[0].roles.clear();
                    it.grants[0].roles_claim = None;
                },
                "`oidc[0].grants[0].roles` is missing",
            ),
            (
                |it| it.grants[0].role = Some("player".into()),
                "`oidc[0].grants[0].roles` mixes ingest or player",
            ),
            (
                |it| it.grants[0].player_claim = Some("player".into()),
                "`oidc[0].grants[0].player_claim` belongs to",
            ),
        ];
        for (bend, expected) in bent {
            let mut terms = trusted();
            bend(&mut terms);
            let refused = check(&[terms]).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
        let twice = check(&[trusted(), trusted()]).unwrap_err().to_string();
        assert!(twice.starts_with("`oidc[1].issuer` is `https://login.example` again"), "{twice}");
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        for (issuer, is_taken) in [
            ("http://127.0.0.1:1234/realm", true),
            ("http://localhost:1234", true),
            ("http://[::1]:1234", true),
            ("http://127.0.0.1.example", false),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
            ("ftp://127.0.0.1", false),
        ] {
            let terms = Trusted { issuer: issuer.into(), ..trusted() };
            assert_eq!(check(&[terms]).is_ok(), is_taken, "{issuer}");
        }
    }
}
