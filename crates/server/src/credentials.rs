//! Which credential is whose. [`Credentials::principal`] is the one place where what a request shows becomes a
//! [`Principal`]; more kinds of credentials are more entries of its table, or more arms beside it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use accolade_engine::rules::Rules;
use accolade_storage::host::Host;
use accolade_wire::hex::{from_hex, to_hex};
use sha2::{Digest, Sha256};

use crate::principal::{Credential, Known, Operators, Principal};
use crate::rate::Limit;
use crate::roles::{Role, Scope, Scopes};

type Hash = [u8; 32];

/// Everybody who is known, by what they show.
#[derive(Debug)]
pub(crate) struct Credentials {
    table: RwLock<Arc<Table>>,
    /// Whoever shows nothing.
    pub(crate) nobody: Arc<Principal>,
    /// Whoever asks by the local socket.
    pub(crate) socket: Arc<Principal>,
    /// Another node of the cluster.
    pub(crate) node: Arc<Principal>,
}

#[derive(Debug, Default)]
struct Table {
    applied: u64,
    /// By the front of the key's hash; the whole of it is compared in constant time.
    by_key: HashMap<u64, (Hash, Arc<Principal>)>,
    by_id: HashMap<Box<str>, Arc<Known>>,
    lent: Vec<(Hash, Lent)>,
}

/// A credential that holds for as long as the process runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// What it may do.
    pub role: Role,
    /// For which operators, by their ids; those that are not known are left out.
    pub operators: Vec<String>,
    /// The only player that it may name; roles of one player have one.
    pub player: Option<String>,
}

fn of_the_node(subject: &str, scopes: Scopes, credential: Credential) -> Arc<Principal> {
    let (subject, operators) = (subject.into(), Operators::All);
    Arc::new(Principal { subject, operators, scopes, player: None, credential })
}

impl Default for Credentials {
    fn default() -> Self {
        let (socket, node) = (Role::Administrator.scopes(), Scopes::of(&[Scope::Nodes]));
        Self {
            table: RwLock::default(),
            nobody: of_the_node("nobody", Scopes::default(), Credential::Nothing),
            socket: of_the_node("the local socket", socket, Credential::Socket),
            node: of_the_node("a node of the cluster", node, Credential::ClusterSecret),
        }
    }
}

impl Credentials {
    fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Finds somebody; asks the rules only for one who was not known before.
    fn find<T>(&self, host: &dyn Host, find: impl Fn(&Table) -> Option<Arc<T>>) -> Option<Arc<T>> {
        let table = self.table();
        find(&table).or_else(|| {
            let rules = host.rules();
            if rules.applied == table.applied {
                return None;
            }
            let mut newest = self.table.write().unwrap_or_else(PoisonError::into_inner);
            *newest = Arc::new(Table::after(&newest, &rules));
            find(&newest)
        })
    }

    /// Whose credential this is.
    pub(crate) fn principal(&self, host: &dyn Host, shown: &str) -> Option<Arc<Principal>> {
        let hash = hash_of(shown);
        self.find(host, |table| {
            let (expected, principal) = table.by_key.get(&front(&hash))?;
            is_same(expected, &hash).then(|| Arc::clone(principal))
        })
    }

    /// The operator of this id.
    pub(crate) fn operator(&self, host: &dyn Host, id: &str) -> Option<Arc<Known>> {
        self.find(host, |table| table.by_id.get(id).cloned())
    }

    /// Lets whoever shows `key` do what is lent.
    pub(crate) fn lend(&self, host: &dyn Host, key: &str, lent: Lent) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Table::after(&table, &host.rules());
        next.add_lent(hash_of(key), lent);
        *table = Arc::new(next);
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
            table.by_id.insert(operator.id.clone(), Arc::clone(&known));
            if let Some(hash) = from_hex(&operator.key_hash) {
                let principal = Principal {
                    subject: format!("the API key of {}", operator.id).into(),
                    operators: Operators::These(Box::new([known])),
                    scopes: Role::Admin.scopes(),
                    player: None,
                    credential: Credential::ApiKey,
                };
                table.add(hash, principal);
            }
        }
        for (hash, lent) in before.lent.iter().cloned() {
            table.add_lent(hash, lent);
        }
        table
    }

    fn add(&mut self, hash: Hash, principal: Principal) {
        self.by_key.insert(front(&hash), (hash, Arc::new(principal)));
    }

    fn add_lent(&mut self, hash: Hash, lent: Lent) {
        let operators = lent.operators.iter().filter_map(|id| self.by_id.get(&**id).cloned());
        let principal = Principal {
            subject: format!("a lent key of the role {}", lent.role.code()).into(),
            operators: Operators::These(operators.collect()),
            scopes: lent.role.scopes(),
            player: lent.player.as_deref().map(Into::into),
            credential: Credential::ApiKey,
        };
        self.add(hash, principal);
        self.lent.push((hash, lent));
    }
}

fn hash_of(key: &str) -> Hash {
    Sha256::digest(key.as_bytes()).into()
}

/// SHA-256 of a key as text.
pub(crate) fn key_hash(key: &str) -> String {
    to_hex(&hash_of(key))
}

fn front(hash: &Hash) -> u64 {
    let (front, _) = hash.split_first_chunk().expect("32 bytes hold 8");
    u64::from_le_bytes(*front)
}

pub(crate) fn is_same(a: &Hash, b: &Hash) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b))) == 0
}
