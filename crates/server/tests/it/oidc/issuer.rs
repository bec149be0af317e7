//! An issuer of the test's own: it signs whatever it is told to, and answers as it is told to.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use accolade_server::{Grant, Oidc, PortalClient, Settings, Trusted};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::harness::{OPERATOR, now_micros};

pub(crate) const AUDIENCE: &str = "https://accolade.example";
/// The client that the portal is.
pub(crate) const CLIENT: &str = "the portal";
/// Where browsers come back to.
pub(crate) const REDIRECT: &str = "https://points.example/portal/";

/// A pair of keys with an id.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) id: String,
    kind: Arc<Kind>,
}

enum Kind {
    Es256(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static str),
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Pair {
    fn of(id: &str, kind: Kind) -> Self {
        Self { id: id.to_owned(), kind: Arc::new(kind) }
    }

    pub(crate) fn es256(id: &str) -> Self {
        let (way, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let bytes = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        Self::of(id, Kind::Es256(EcdsaKeyPair::from_pkcs8(way, bytes.as_ref(), &random).unwrap()))
    }

    pub(crate) fn ed(id: &str) -> Self {
        let bytes = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self::of(id, Kind::Ed(Ed25519KeyPair::from_pkcs8(bytes.as_ref()).unwrap()))
    }

    /// Always the same numbers: ring makes none.
    pub(crate) fn rsa(id: &str, algorithm: &'static str) -> Self {
        let key = PrivatePkcs8KeyDer::from_pem_slice(include_bytes!("test-only-rsa.pem")).unwrap();
        let pair = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).unwrap();
        Self::of(id, Kind::Rsa(pair, algorithm))
    }

    pub(crate) fn algorithm(&self) -> &'static str {
        match &*self.kind {
            Kind::Es256(_) => "ES256",
            Kind::Ed(_) => "EdDSA",
            Kind::Rsa(_, algorithm) => algorithm,
        }
    }

    pub(crate) fn jwk(&self) -> Value {
        let mut key = match &*self.kind {
            Kind::Es256(pair) => {
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
            Kind::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key()) })
            }
            Kind::Rsa(pair, _) => {
                let parts = PublicKeyComponents::<Vec<u8>>::from(pair.public());
                json!({ "kty": "RSA", "n": encode(parts.n), "e": encode(parts.e) })
            }
        };
        key["kid"] = self.id.as_str().into();
        key["use"] = "sig".into();
        key
    }

    /// Whatever text this is, signed.
    pub(crate) fn sign(&self, header: &str, claims: &str) -> String {
        let text = format!("{}.{}", encode(header), encode(claims));
        let (bytes, random) = (text.as_bytes(), SystemRandom::new());
        let signature = match &*self.kind {
            Kind::Es256(pair) => encode(pair.sign(&random, bytes).unwrap()),
            Kind::Ed(pair) => encode(pair.sign(bytes)),
            Kind::Rsa(pair, algorithm) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                if *algorithm == "RS256" {
                    pair.sign(&RSA_PKCS1_SHA256, &random, bytes, &mut signature).unwrap();
                } else {
                    pair.sign(&RSA_PSS_SHA256, &random, bytes, &mut signature).unwrap();
                }
                encode(signature)
            }
        };
        format!("{text}.{signature}")
    }
}

/// What it answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    Well,
    Fails,
    Redirects,
    Floods,
    SaysItIsAnother,
    LeadsElsewhere,
    NoJson,
}

struct Told {
    url: String,
    mood: Mood,
    published: Vec<Value>,
    /// The secret of [`CLIENT`], where it has one.
    secret: Option<String>,
    /// What was given for codes that nobody has shown yet.
    codes: HashMap<String, Given>,
    given: usize,
    /// How often a token was asked for.
    shown: usize,
}

/// What a code is for.
struct Given {
    challenge: String,
    token: String,
}

/// An issuer that answers on this machine.
pub(crate) struct Issuer {
    pub(crate) url: String,
    told: Arc<Mutex<Told>>,
    asked: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

type Shared = (Arc<Mutex<Told>>, Arc<AtomicUsize>);

async fn discovery(State((told, asked)): State<Shared>) -> Response {
    asked.fetch_add(1, Ordering::SeqCst);
    let told = told.lock().unwrap();
    let (issuer, keys) = (&told.url, format!("{}/keys", told.url));
    let document = match told.mood {
        Mood::Well => json!({
            "issuer": issuer, "jwks_uri": keys,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
        }),
        Mood::SaysItIsAnother => json!({ "issuer": format!("{issuer}/"), "jwks_uri": keys }),
        Mood::LeadsElsewhere => json!({ "issuer": issuer, "jwks_uri": "http://10.0.0.1/keys" }),
        Mood::Fails => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Redirects => return Redirect::temporary("/elsewhere").into_response(),
        Mood::NoJson => return "<html>".into_response(),
        Mood::Floods => return " ".repeat(1 << 20).into_response(),
    };
    axum::Json(document).into_response()
}

async fn keys(State((told, _)): State<Shared>) -> Response {
    axum::Json(json!({ "keys": told.lock().unwrap().published })).into_response()
}

/// Gives the token of a code once, to whoever shows the verifier of its challenge (RFC 7636, S256).
async fn token(State((told, _)): State<Shared>, headers: HeaderMap, form: String) -> Response {
    let mut told = told.lock().unwrap();
    told.shown += 1;
    match told.mood {
        Mood::Well | Mood::SaysItIsAnother | Mood::LeadsElsewhere => {}
        Mood::Fails => return StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Mood::Redirects => return Redirect::temporary("/elsewhere").into_response(),
        Mood::NoJson => return "<html>".into_response(),
        Mood::Floods => return " ".repeat(1 << 20).into_response(),
    }
    let refused = |word: &str| {
        (StatusCode::BAD_REQUEST, axum::Json(json!({ "error": word }))).into_response()
    };
    let said: HashMap<_, _> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    let says = |name: &str| said.get(name).map_or("", String::as_str);
    let shown = headers.get("authorization").map(|shown| shown.to_str().unwrap());
    let is_the_client = match &told.secret {
        None => shown.is_none() && says("client_id") == CLIENT,
        Some(secret) => {
            let both = format!("{}:{secret}", CLIENT.replace(' ', "+"));
            shown == Some(&*format!("Basic {}", STANDARD.encode(both)))
        }
    };
    if !is_the_client || headers["content-type"] != "application/x-www-form-urlencoded" {
        return refused("invalid_client");
    }
    if says("grant_type") != "authorization_code" || says("resource") != AUDIENCE {
        return refused("invalid_request");
    }
    let Some(given) = told.codes.remove(says("code")) else { return refused("invalid_grant") };
    let challenge = encode(Sha256::digest(says("code_verifier").as_bytes()));
    if challenge != given.challenge || says("redirect_uri") != REDIRECT {
        return refused("invalid_grant");
    }
    let answer = json!({
        "access_token": given.token, "token_type": "Bearer", "expires_in": 600, "id_token": "a.b.c",
    });
    axum::Json(answer).into_response()
}

async fn elsewhere(State((told, _)): State<Shared>) -> Response {
    let told = told.lock().unwrap();
    let keys = format!("{}/keys", told.url);
    axum::Json(json!({ "issuer": told.url, "jwks_uri": keys })).into_response()
}

impl Issuer {
    pub(crate) async fn start(published: &[&Pair]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let published = published.iter().map(|pair| pair.jwk()).collect();
        let told = Told {
            url: url.clone(),
            mood: Mood::Well,
            published,
            secret: None,
            codes: HashMap::new(),
            given: 0,
            shown: 0,
        };
        let told = Arc::new(Mutex::new(told));
        let asked = Arc::new(AtomicUsize::new(0));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/elsewhere", get(elsewhere))
            .with_state((Arc::clone(&told), Arc::clone(&asked)));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, told, asked, serving }
    }

    pub(crate) fn set(&self, mood: Mood) {
        self.told.lock().unwrap().mood = mood;
    }

    pub(crate) fn publish(&self, published: &[&Pair]) {
        self.publish_raw(published.iter().map(|pair| pair.jwk()).collect());
    }

    pub(crate) fn publish_raw(&self, published: Vec<Value>) {
        self.told.lock().unwrap().published = published;
    }

    /// Wants this secret of [`CLIENT`].
    pub(crate) fn wants(&self, secret: &str) {
        self.told.lock().unwrap().secret = Some(secret.to_owned());
    }

    /// Signs somebody in by this token: what their page then sends to the node.
    pub(crate) fn give_code(&self, token: String) -> Value {
        let mut told = self.told.lock().unwrap();
        told.given += 1;
        let code = format!("code {}", told.given);
        let verifier = format!("{:-<43}", "a~verifier");
        let challenge = encode(Sha256::digest(verifier.as_bytes()));
        told.codes.insert(code.clone(), Given { challenge, token });
        json!({
            "issuer": self.url, "code": code, "codeVerifier": verifier, "redirectUri": REDIRECT,
        })
    }

    /// How often codes were shown to it.
    pub(crate) fn shown(&self) -> usize {
        self.told.lock().unwrap().shown
    }

    /// How often its discovery document was asked for.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What is written down of it.
    pub(crate) fn trusted(&self) -> Trusted {
        trusted(&self.url)
    }

    /// Settings of a node that trusts it.
    pub(crate) fn settings(&self) -> Settings {
        Settings { oidc: Oidc::new(&[self.trusted()]).unwrap(), ..Settings::default() }
    }

    /// What it says of somebody in a group, who is a player where one is named.
    pub(crate) fn claims(&self, group: &str, player: Option<&str>) -> Value {
        let now = now_micros() / 1_000_000;
        json!({
            "iss": self.url, "aud": AUDIENCE, "sub": "somebody", "iat": now, "exp": now + 600,
            "client_id": "an app", "jti": "1", "groups": [group], "player_id": player,
        })
    }
}

/// What is written down of an issuer: staff by their groups, and players, at [`OPERATOR`].
pub(crate) fn trusted(url: &str) -> Trusted {
    let roles = |names: &[&str]| {
        names.iter().map(|name| (format!("the {name}s"), (*name).to_owned())).collect()
    };
    let staff = Grant {
        operators: vec![OPERATOR.into()],
        audience: AUDIENCE.into(),
        operators_claim: None,
        subject_claim: "sub".into(),
        player_claim: None,
        roles_claim: Some("groups".into()),
        roles: roles(&["admin", "product", "support", "auditor"]),
        role: None,
    };
    let players = Grant {
        player_claim: Some("player_id".into()),
        roles: roles(&["ingest", "player"]),
        ..staff.clone()
    };
    Trusted {
        issuer: url.to_owned(),
        algorithms: ["ES256", "EdDSA", "RS256", "PS256"].map(Into::into).into(),
        any_type: false,
        ca_file: None,
        refresh_seconds: 300,
        stale_seconds: 3_600,
        grants: vec![staff, players],
        portal: Some(PortalClient {
            client_id: CLIENT.into(),
            client_secret_file: None,
            name: Some("the house".into()),
            scope: "openid".into(),
            redirect_uris: vec![REDIRECT.into()],
            parameters: [("resource".to_owned(), AUDIENCE.to_owned())].into(),
        }),
    }
}

/// The header of an access token that `pair` signs.
pub(crate) fn header(pair: &Pair) -> Value {
    json!({ "typ": "at+jwt", "alg": pair.algorithm(), "kid": pair.id })
}
