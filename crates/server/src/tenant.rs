//! Who asks: the operator of an API key or, on the local socket, of a header.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use accolade_engine::rules::Rules;
use accolade_storage::host::Host;
use accolade_wire::hex::{from_hex, to_hex};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

use crate::cluster::Forwarded;
use crate::problem::{Problem, Refusal};
use crate::rate::Limit;
use crate::service::Service;

/// The header that names the operator on the local socket.
pub(crate) const OPERATOR_HEADER: &str = "x-accolade-operator";

/// The service as requests reach it.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) service: Service,
    pub(crate) is_local: bool,
}

/// The operator of a request.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    known: Arc<Known>,
    pub(crate) is_local: bool,
}

/// What requests need to know of an operator. All of it holds for ever: operators are only added.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: Box<str>,
    pub(crate) number: u32,
    pub(crate) limit: Option<Limit>,
}

impl std::ops::Deref for Tenant {
    type Target = Known;

    fn deref(&self) -> &Known {
        &self.known
    }
}

impl Tenant {
    /// Who it is, for the record.
    pub(crate) fn who(&self) -> String {
        if self.is_local {
            "the local socket".into()
        } else {
            format!("the API key of {}", self.id)
        }
    }
}

/// SHA-256 of a key as text.
pub(crate) fn key_hash(key: &str) -> String {
    to_hex(&Sha256::digest(key.as_bytes()))
}

/// The operators, by what they show.
#[derive(Debug, Default)]
pub(crate) struct Tenants(RwLock<Arc<Table>>);

#[derive(Debug, Default)]
struct Table {
    applied: u64,
    /// By the front of the key's hash; the whole of it is compared in constant time.
    by_key: HashMap<u64, ([u8; 32], Arc<Known>)>,
    by_id: HashMap<Box<str>, Arc<Known>>,
}

impl Tenants {
    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Finds an operator; asks the rules only for one that was not known before.
    fn find(
        &self,
        host: &dyn Host,
        find: impl Fn(&Table) -> Option<Arc<Known>>,
    ) -> Option<Arc<Known>> {
        let table = self.table();
        find(&table).or_else(|| {
            let rules = host.rules();
            if rules.applied == table.applied {
                return None;
            }
            let next = Arc::new(Table::after(&table, &rules));
            *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&next);
            find(&next)
        })
    }

    pub(crate) fn by_key(&self, host: &dyn Host, key: &str) -> Option<Arc<Known>> {
        let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        self.find(host, |table| {
            let (expected, known) = table.by_key.get(&front(&hash))?;
            is_same(expected, &hash).then(|| Arc::clone(known))
        })
    }

    pub(crate) fn by_id(&self, host: &dyn Host, id: &str) -> Option<Arc<Known>> {
        self.find(host, |table| table.by_id.get(id).cloned())
    }
}

impl Table {
    /// The operators of `rules`; those that were known keep the state of their limits.
    fn after(before: &Self, rules: &Rules) -> Self {
        let mut table = Self { applied: rules.applied, ..Self::default() };
        for operator in rules.operators() {
            let known = before.by_id.get(&operator.id).cloned().unwrap_or_else(|| {
                let per_second = operator.events_per_second;
                Arc::new(Known {
                    id: operator.id.clone(),
                    number: operator.number,
                    limit: (per_second > 0).then(|| Limit::new(per_second)),
                })
            });
            if let Some(hash) = from_hex(&operator.key_hash) {
                table.by_key.insert(front(&hash), (hash, Arc::clone(&known)));
            }
            table.by_id.insert(operator.id.clone(), known);
        }
        table
    }
}

fn front(hash: &[u8; 32]) -> u64 {
    let (front, _) = hash.split_first_chunk().expect("32 bytes hold 8");
    u64::from_le_bytes(*front)
}

pub(crate) fn is_same(a: &[u8; 32], b: &[u8; 32]) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b))) == 0
}

impl Door {
    /// Whether the request came by the local socket, here or at the node that has forwarded it.
    fn speaks_for_the_socket(&self, parts: &Parts) -> bool {
        let is_forwarded = parts.extensions.get::<Forwarded>().is_some();
        self.is_local || is_forwarded && parts.headers.contains_key(OPERATOR_HEADER)
    }

    /// The operator that the request's credential names.
    pub(crate) fn tenant(&self, parts: &Parts) -> Result<Arc<Known>, Problem> {
        let (tenants, host) = (&self.service.tenants, &*self.service.host);
        let headers = &parts.headers;
        if self.speaks_for_the_socket(parts) {
            let named = headers.get(OPERATOR_HEADER);
            let missing = || {
                let detail = format!("expected the header `{OPERATOR_HEADER}` with an operator");
                Problem::new(Refusal::BadHeader, detail)
            };
            let named = named.and_then(|name| std::str::from_utf8(name.as_bytes()).ok());
            let found = tenants.by_id(host, named.ok_or_else(missing)?);
            return found
                .ok_or_else(|| self.service.unless_unknown(Problem::not_found("operator")));
        }
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let key = header.and_then(|value| {
            let (scheme, key) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
        });
        let Some(key) = key else {
            let detail = "expected `Authorization: Bearer` with an operator's API key";
            return Err(Problem::new(Refusal::Unauthorized, detail));
        };
        tenants.by_key(host, key).ok_or_else(|| {
            let problem = Problem::new(Refusal::Unauthorized, "the API key is not known here");
            self.service.unless_unknown(problem)
        })
    }
}

/// Whoever runs the node: by the local socket, here or at the node that has forwarded the request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Administrator;

impl Administrator {
    /// Refuses everybody else.
    pub(crate) fn of(door: &Door, parts: &Parts) -> Result<Self, Problem> {
        let is_forwarded = parts.extensions.get::<Forwarded>().is_some();
        if door.is_local || is_forwarded {
            return Ok(Self);
        }
        Err(Problem::new(Refusal::Unauthorized, "only nodes ask this, with the cluster's secret"))
    }
}

impl FromRequestParts<Door> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        Self::of(door, parts)
    }
}

impl FromRequestParts<Door> for Tenant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, Problem> {
        let known = door.tenant(parts)?;
        if let Some(query) = parts.uri.query() {
            let mut named = form_urlencoded::parse(query.as_bytes());
            if named.any(|(name, value)| name == "operatorId" && *value != *known.id) {
                return Err(Problem::not_found("operator"));
            }
        }
        Ok(Self { known, is_local: door.speaks_for_the_socket(parts) })
    }
}
