//! One issuer: its keys, how old they are, and the check of a token.
//!
//! Keys are fetched beside all requests: by age, and where a token names one that is not known, which strangers can
//! cause no oftener than every few seconds. A request that needs such a fetch waits for it, holding nothing but itself.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_wire::json;
use axum::http::HeaderValue;
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, TokenData, Validation, decode, decode_header};
use metrics::counter;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{Notify, Semaphore, watch};

use super::fetch::{Endpoints, Fetched, NoToken, Way};
use super::grants::{Bearer, bearer, end_of};
use super::keys::KeySet;
use super::recent::{self, Checked, Recent};
use super::refused;
use super::sign_in::Client;
use super::terms::{BadTrust, Trusted};
use crate::lock::lock;
use crate::principal::{Known, Principal};
use crate::problem::{Problem, Refusal};

/// How far clocks may be apart.
const LEEWAY_S: u64 = 30;
/// How long a request waits for keys that are being fetched.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// Between two fetches that tokens with unknown keys cause; twice as long each time, for as long as there is no new key.
const WISH_PAUSE: Duration = Duration::from_secs(2);
const WISH_PAUSE_MAX: Duration = Duration::from_mins(1);
/// After a fetch that has failed; twice as long each time.
const RETRY_PAUSE: Duration = Duration::from_secs(1);
const RETRY_PAUSE_MAX: Duration = Duration::from_mins(1);
/// Codes that may become tokens at the same time.
const EXCHANGES_MAX: usize = 32;

#[derive(Debug)]
pub(super) struct Issuer {
    pub(super) terms: Trusted,
    /// What the portal is there.
    pub(super) client: Option<Client>,
    exchanges: Semaphore,
    algorithms: Vec<Algorithm>,
    validation: Validation,
    way: Way,
    held: RwLock<Held>,
    recent: Mutex<Recent>,
    wishes: Mutex<Wishes>,
    wake: Arc<Notify>,
    is_fetching: AtomicBool,
    /// How many fetches have come to an end.
    finished: watch::Sender<u64>,
}

/// The keys, and when they were those of the issuer for sure.
#[derive(Debug, Default)]
struct Held {
    keys: Arc<KeySet>,
    at: Option<Instant>,
    endpoints: Endpoints,
}

/// When somebody may cause the next fetch.
#[derive(Debug, Default)]
struct Wishes {
    next: Option<Instant>,
    pause: Duration,
}

/// What there is of the key that a token names.
enum Look {
    Found(DecodingKey, u64),
    Unknown,
    /// All keys are too old.
    Away,
}

impl Issuer {
    pub(super) fn new(terms: &Trusted) -> Result<Self, BadTrust> {
        let algorithms = terms.algorithms();
        let mut validation = Validation::new(algorithms[0]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&terms.issuer]);
        let audiences: Vec<_> = terms.grants.iter().map(|grant| &grant.audience).collect();
        validation.set_audience(&audiences);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_S;
        Ok(Self {
            terms: terms.clone(),
            client: terms.portal.as_ref().map(Client::new).transpose()?,
            exchanges: Semaphore::new(EXCHANGES_MAX),
            algorithms,
            validation,
            way: Way::new(terms)?,
            held: RwLock::default(),
            recent: Mutex::default(),
            wishes: Mutex::default(),
            wake: Arc::default(),
            // The first fetch is as good as under way.
            is_fetching: AtomicBool::new(true),
            finished: watch::Sender::new(0),
        })
    }

    pub(super) fn is(&self, issuer: &str) -> bool {
        self.terms.issuer == issuer
    }

    /// Whose a token is; nobody's where none of its operators is known here.
    pub(super) async fn principals(
        &self,
        token: &str,
        now: Timestamp,
        find: impl Fn(&str) -> Option<Arc<Known>>,
    ) -> Result<Option<Arc<[Arc<Principal>]>>, Problem> {
        let hash = recent::hash(token);
        if let Some(number) = self.fresh().map(|keys| keys.number)
            && let Some(checked) = self.recent().get(&hash, number, now)
        {
            return Ok(Some(checked.principals));
        }
        let (claims, keys) = self.check(token).await?;
        let Bearer { principals, is_whole } =
            bearer(&self.terms.issuer, &self.terms.grants, &claims, find)?;
        if principals.is_empty() {
            return Ok(None);
        }
        let principals: Arc<[_]> = principals.into();
        if is_whole && let Some(until) = end_of(&claims) {
            let principals = Arc::clone(&principals);
            self.recent().put(hash, Checked { until, keys, principals });
        }
        Ok(Some(principals))
    }

    /// Where it signs people in; waits until then for a fetch, where there was none yet.
    pub(super) async fn endpoints(&self, until: tokio::time::Instant) -> Endpoints {
        let mut finished = self.finished.subscribe();
        let held = || self.held.read().unwrap_or_else(PoisonError::into_inner);
        if held().at.is_none() && self.will_fetch() {
            // Late, or gone with the service: what is known then decides.
            tokio::time::timeout_at(until, finished.changed()).await.ok();
        }
        held().endpoints.clone()
    }

    /// The token that a form earns, which its client sends.
    pub(super) async fn exchange(
        &self,
        form: String,
        client: Option<HeaderValue>,
    ) -> Result<String, Problem> {
        let Ok(_turn) = self.exchanges.try_acquire() else {
            let detail = "more people sign in at this issuer than are let through at once";
            return Err(Problem::new(Refusal::Busy, detail));
        };
        let away = |why: &str| {
            tracing::warn!(issuer = self.terms.issuer, why, "the issuer gave no token for a code");
            let detail = "the issuer does not give the token: ask again, or see the node's log";
            Problem::new(Refusal::IdentityProviderAway, detail)
        };
        let until = tokio::time::Instant::now() + PATIENCE;
        let Some(url) = self.endpoints(until).await.token else {
            return Err(away("its discovery document names no `token_endpoint`, or was not read"));
        };
        self.way.token(&url, form, client).await.map_err(|why| match why {
            NoToken::Away(why) => away(&why),
            NoToken::Refused(word) => {
                let detail = format!(
                    "the issuer refuses (`{word}`): expected a code that it has just given for this client,                      `redirectUri` and `codeVerifier`, once"
                );
                Problem::new(Refusal::Invalid, detail)
            }
        })
    }

    /// The claims of a token that this issuer has signed for here and now, and the number of the keys that say so.
    async fn check(&self, token: &str) -> Result<(Value, u64), Problem> {
        let header = decode_header(token)
            .map_err(|_| refused("the token's header is none, or names an unknown algorithm"))?;
        if !self.algorithms.contains(&header.alg) {
            let detail = "the token's algorithm is not one that its issuer is trusted with";
            return Err(refused(detail));
        }
        if !self.is_access_token(header.typ.as_deref()) {
            return Err(refused("the token's `typ` does not say that it is an access token"));
        }
        let (key, number) = self.key(header.kid.as_deref(), header.alg).await?;
        // All of its algorithms would have to be of one family.
        let validation = Validation { algorithms: vec![header.alg], ..self.validation.clone() };
        let read: TokenData<Box<RawValue>> = decode(token, &key, &validation).map_err(words)?;
        let claims = read.claims.get();
        json::fields(claims.as_bytes(), &[])
            .map_err(|_| refused("the token's claims are not clear"))?;
        let claims =
            serde_json::from_str(claims).map_err(|_| refused("the token has no claims"))?;
        Ok((claims, number))
    }

    fn is_access_token(&self, kind: Option<&str>) -> bool {
        let Some(kind) = kind else { return self.terms.any_type };
        let kind = kind.to_ascii_lowercase();
        match kind.strip_prefix("application/").unwrap_or(&kind) {
            "at+jwt" => true,
            "jwt" => self.terms.any_type,
            _ => false,
        }
    }

    /// The key that a token names, after a fetch if need be.
    async fn key(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<(DecodingKey, u64), Problem> {
        let mut finished = self.finished.subscribe();
        let mut look = self.look(id, algorithm);
        if !matches!(look, Look::Found(..)) && self.will_fetch() {
            // Late, or gone with the service: what is known then decides.
            tokio::time::timeout(PATIENCE, finished.changed()).await.ok();
            look = self.look(id, algorithm);
        }
        match look {
            Look::Found(key, number) => Ok((key, number)),
            Look::Unknown => {
                Err(refused("the token is signed by a key that its issuer does not have"))
            }
            Look::Away => {
                let detail = "the issuer of the token does not answer, and its keys are not known well enough";
                Err(Problem::new(Refusal::IdentityProviderAway, detail))
            }
        }
    }

    fn look(&self, id: Option<&str>, algorithm: Algorithm) -> Look {
        let Some(keys) = self.fresh() else { return Look::Away };
        let found = keys.find(id, algorithm);
        found.map_or(Look::Unknown, |key| Look::Found(key, keys.number))
    }

    /// The keys, where they are not too old.
    fn fresh(&self) -> Option<Arc<KeySet>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let is_fresh = held.at?.elapsed() <= Duration::from_secs(self.terms.stale_seconds);
        is_fresh.then(|| Arc::clone(&held.keys))
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        lock(&self.recent)
    }

    /// Whether a fetch is under way, or now begins, for it was long enough since somebody has caused one.
    fn will_fetch(&self) -> bool {
        if self.is_fetching.load(Ordering::Acquire) {
            return true;
        }
        let mut wishes = lock(&self.wishes);
        if wishes.next.is_some_and(|next| Instant::now() < next) {
            return false;
        }
        wishes.pause = (wishes.pause * 2).clamp(WISH_PAUSE, WISH_PAUSE_MAX);
        wishes.next = Some(Instant::now() + wishes.pause);
        self.is_fetching.store(true, Ordering::Release);
        self.wake.notify_one();
        true
    }

    /// Takes over what was fetched, if anything was.
    fn take(&self, fetched: Result<Fetched, String>) -> bool {
        let is_fetched = fetched.is_ok();
        match fetched {
            Ok(Fetched { keys: published, endpoints }) => {
                let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
                held.at = Some(Instant::now());
                held.endpoints = endpoints;
                if let Some(keys) = held.keys.then(published) {
                    held.keys = Arc::new(keys);
                    drop(held);
                    *lock(&self.wishes) = Wishes::default();
                    tracing::info!(issuer = self.terms.issuer, "the issuer's keys are new");
                }
            }
            Err(why) => {
                tracing::warn!(
                    issuer = self.terms.issuer,
                    why,
                    "the issuer's keys were not fetched"
                );
            }
        }
        let outcome = if is_fetched { "fetched" } else { "failed" };
        let issuer = self.terms.issuer.clone();
        counter!("accolade_oidc_fetches_total", "issuer" => issuer, "outcome" => outcome)
            .increment(1);
        self.is_fetching.store(false, Ordering::Release);
        self.finished.send_modify(|count| *count += 1);
        is_fetched
    }
}

/// Fetches an issuer's keys for as long as somebody has it.
pub(super) async fn follow(issuer: Weak<Issuer>) {
    let mut retry = RETRY_PAUSE;
    while let Some(issuer) = issuer.upgrade() {
        issuer.is_fetching.store(true, Ordering::Release);
        let fetched = issuer.way.fetch().await;
        let pause = if issuer.take(fetched) {
            retry = RETRY_PAUSE;
            Duration::from_secs(issuer.terms.refresh_seconds)
        } else {
            let pause = retry;
            retry = (retry * 2).min(RETRY_PAUSE_MAX);
            pause
        };
        let wake = Arc::clone(&issuer.wake);
        drop(issuer);
        tokio::time::timeout(pause, wake.notified()).await.ok();
    }
}

/// Why a token is not taken, for who shows it.
fn words(error: Error) -> Problem {
    match error.kind() {
        ErrorKind::InvalidSignature => refused("the token's signature is not its issuer's"),
        ErrorKind::ExpiredSignature => refused("the token is over"),
        ErrorKind::ImmatureSignature => refused("the token is not valid yet"),
        ErrorKind::InvalidAudience => refused("the token is not for this API"),
        ErrorKind::InvalidIssuer => refused("the token's issuer is not trusted"),
        ErrorKind::MissingRequiredClaim(claim) | ErrorKind::InvalidClaimFormat(claim) => {
            refused(format!("expected a claim `{claim}` in the token"))
        }
        _ => refused("the token is not well-formed"),
    }
}
