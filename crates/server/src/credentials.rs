//! Which credential is whose. [`Credentials::principal`] is the one place where what a request shows becomes a
//! [`Principal`]; more kinds of credentials are more entries of its table, or more arms beside it.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use accolade_domain::time::Timestamp;
use accolade_engine::rules::Rules;
use accolade_engine::rules::keys::Key;
use accolade_storage::host::Host;
use accolade_wire::hex::from_hex;
use accolade_wire::identity::HashKey;

use crate::first_key;
use crate::keys::{self, Bounds, Origins};
use crate::principal::{Credential, Known, Operators, Principal, ShownKey};
use crate::rate::Limit;
use crate::roles::{Role, Scope, Scopes};
use crate::secret::{self, Hash};
use crate::uses::Uses;

/// A secret that is known, by its hash.
#[derive(Debug)]
struct Shown {
    hash: Hash,
    /// Until when it is valid; `None` for always.
    until: Option<Timestamp>,
    principal: Arc<Principal>,
}

/// Everybody who is known, by what they show.
#[derive(Debug)]
pub(crate) struct Credentials {
    table: RwLock<Arc<Table>>,
    /// When keys were used.
    pub(crate) uses: Uses,
    /// Whoever shows nothing.
    pub(crate) nobody: Arc<Principal>,
    /// Whoever asks by the local socket.
    pub(crate) socket: Arc<Principal>,
    /// Another node of the cluster.
    pub(crate) node: Arc<Principal>,
}

#[derive(Debug)]
struct Table {
    applied: u64,
    /// Key of the hashes.
    hash_key: HashKey,
    /// By the front of the secret's hash; the whole of it is compared in constant time.
    by_secret: HashMap<u64, Shown>,
    by_id: HashMap<Box<str>, Arc<Known>>,
    /// The keys that were not revoked, until when each is valid, and the pages that may use its tokens.
    open: HashMap<(u32, Box<str>), (Option<Timestamp>, Origins)>,
    /// The origins of all of these.
    origins: BTreeSet<Box<str>>,
    lent: Vec<(String, Lent)>,
    /// Requests a second of an operator beside intake; 0 for no limit.
    asks_per_second: u32,
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

fn of_the_node(
    subject: &str,
    roles: &[Role],
    scopes: Scopes,
    credential: Credential,
) -> Arc<Principal> {
    let (subject, operators, roles) = (subject.into(), Operators::All, roles.into());
    let (player, bounds, key, until) = (None, Bounds::default(), None, None);
    Arc::new(Principal {
        subject,
        operators,
        roles,
        scopes,
        player,
        bounds,
        key,
        credential,
        until,
    })
}

impl Default for Credentials {
    fn default() -> Self {
        let (socket, node) = ([Role::Administrator], Scopes::of(&[Scope::Nodes]));
        let may = Scopes::of_roles(&socket);
        Self {
            table: RwLock::default(),
            uses: Uses::default(),
            nobody: of_the_node("nobody", &[], Scopes::default(), Credential::Nothing),
            socket: of_the_node("the local socket", &socket, may, Credential::Socket),
            node: of_the_node("a node of the cluster", &[], node, Credential::ClusterSecret),
        }
    }
}

impl Credentials {
    /// Nobody yet, for operators that may ask so often in a second beside intake; 0 for no limit.
    pub(crate) fn new(asks_per_second: u32) -> Self {
        let table = Table { asks_per_second, ..Table::default() };
        Self { table: RwLock::new(Arc::new(table)), ..Self::default() }
    }

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
            find(&self.take_over(&rules))
        })
    }

    /// Whose credential this is.
    pub(crate) fn principal(
        &self,
        host: &dyn Host,
        secret: &str,
        now: Timestamp,
    ) -> Option<Arc<Principal>> {
        self.find(host, |table| {
            let hash = secret::hash(&table.hash_key, secret);
            let shown = table.by_secret.get(&front(&hash))?;
            let is_valid =
                is_same(&shown.hash, &hash) && shown.until.is_none_or(|until| now < until);
            is_valid.then(|| Arc::clone(&shown.principal))
        })
    }

    /// The pages that may use the tokens of a key of an operator; nothing where it is revoked or over.
    pub(crate) fn open(&self, operator: u32, key: &str, now: Timestamp) -> Option<Origins> {
        let (until, origins) = self.table().open.get(&(operator, key.into()))?.clone();
        until.is_none_or(|until| now < until).then_some(origins)
    }

    /// Whether some operator's key has this origin.
    pub(crate) fn is_origin_of_some(&self, origin: &str) -> bool {
        self.table().origins.contains(origin)
    }

    /// Takes over what has become of keys and operators.
    pub(crate) fn refresh(&self, host: &dyn Host) {
        let rules = host.rules();
        if rules.applied > self.table().applied {
            self.take_over(&rules);
        }
    }

    /// The table after `rules`, or after newer ones that another thread has seen.
    fn take_over(&self, rules: &Rules) -> Arc<Table> {
        let mut newest = self.table.write().unwrap_or_else(PoisonError::into_inner);
        if rules.applied > newest.applied {
            *newest = Arc::new(Table::after(&newest, rules, &self.uses));
        }
        Arc::clone(&newest)
    }

    /// The operators that have a limit.
    pub(crate) fn limits(&self) -> Vec<Arc<Known>> {
        let table = self.table();
        let has_one = |known: &&Arc<Known>| known.limits().iter().any(Option::is_some);
        let limited = table.by_id.values().filter(has_one);
        limited.cloned().collect()
    }

    /// The operator of this id.
    pub(crate) fn operator(&self, host: &dyn Host, id: &str) -> Option<Arc<Known>> {
        self.find(host, |table| table.by_id.get(id).cloned())
    }

    /// Lets whoever shows `key` do what is lent.
    pub(crate) fn lend(&self, host: &dyn Host, key: &str, lent: Lent) {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = Table::after(&table, &host.rules(), &self.uses);
        next.add_lent(key.to_owned(), lent);
        *table = Arc::new(next);
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            applied: 0,
            hash_key: HashKey([0; 16]),
            by_secret: HashMap::new(),
            by_id: HashMap::new(),
            open: HashMap::new(),
            origins: BTreeSet::new(),
            lent: Vec::new(),
            asks_per_second: 0,
        }
    }
}

impl Table {
    /// The operators of `rules`; those that were known keep the state of their limits.
    fn after(before: &Self, rules: &Rules, uses: &Uses) -> Self {
        let (applied, hash_key) = (rules.applied, rules.settings.hash_key);
        let asks_per_second = before.asks_per_second;
        let mut table = Self { applied, hash_key, asks_per_second, ..Self::default() };
        for operator in rules.operators() {
            let known = before.by_id.get(&operator.id).cloned().unwrap_or_else(|| {
                let per_second = operator.events_per_second;
                Arc::new(Known {
                    id: operator.id.clone(),
                    number: operator.number,
                    limit: (per_second > 0).then(|| Limit::new(per_second)),
                    asking: (asks_per_second > 0).then(|| Limit::new(asks_per_second)),
                    is_paused: AtomicBool::new(false),
                })
            });
            known.is_paused.store(operator.pauses.is_paused(), Ordering::Relaxed);
            table.by_id.insert(operator.id.clone(), Arc::clone(&known));
            for key in operator.keys.all() {
                table.add_key(key, &known, uses);
            }
        }
        table.add_first_key(rules);
        for (key, lent) in before.lent.iter().cloned() {
            table.add_lent(key, lent);
        }
        table
    }

    /// Adds the secrets of a key, none where it was revoked.
    fn add_key(&mut self, key: &Key, known: &Arc<Known>, uses: &Uses) {
        let id: Box<str> = key.terms.id.as_str().into();
        if key.revoked.is_none() {
            let pages = Bounds::of(&key.terms).origins;
            self.origins.extend(pages.iter().cloned());
            self.open.insert((known.number, id.clone()), (key.until(), pages));
        }
        let used = uses.of(known.number, key.number);
        for (hash, until) in key.secrets() {
            let Some(hash) = from_hex(hash) else { continue };
            let roles = keys::roles(&key.terms);
            let principal = Arc::new(Principal {
                subject: format!("the key {} of {}", key.terms.id, known.id).into(),
                operators: Operators::These(Box::new([Arc::clone(known)])),
                scopes: Scopes::of_roles(&roles),
                roles,
                player: key.terms.player.as_deref().map(Into::into),
                bounds: Bounds::of(&key.terms),
                key: Some(ShownKey { id: id.clone(), used: Some(Arc::clone(&used)) }),
                credential: Credential::ApiKey,
                until,
            });
            self.by_secret.insert(front(&hash), Shown { hash, until, principal });
        }
    }

    /// Adds the key that the first start has printed, for as long as there is no operator.
    fn add_first_key(&mut self, rules: &Rules) {
        let Some(key) = rules.first_key() else { return };
        let Some(hash) = from_hex(&key.secret_hash) else { return };
        let principal = Arc::new(Principal {
            subject: "the key of the first start".into(),
            operators: Operators::These(Box::default()),
            roles: Box::default(),
            scopes: Scopes::of(&[Scope::NodeWrite]),
            player: None,
            bounds: Bounds::default(),
            key: Some(ShownKey { id: first_key::ID.into(), used: None }),
            credential: Credential::ApiKey,
            until: Some(key.until),
        });
        self.by_secret.insert(front(&hash), Shown { hash, until: Some(key.until), principal });
    }

    fn add_lent(&mut self, key: String, lent: Lent) {
        let operators = lent.operators.iter().filter_map(|id| self.by_id.get(&**id).cloned());
        let principal = Principal {
            subject: format!("a lent key of the role {}", lent.role.code()).into(),
            operators: Operators::These(operators.collect()),
            roles: [lent.role].into(),
            scopes: lent.role.scopes(),
            player: lent.player.as_deref().map(Into::into),
            bounds: Bounds::default(),
            key: None,
            credential: Credential::ApiKey,
            until: None,
        };
        let hash = secret::hash(&self.hash_key, &key);
        let shown = Shown { hash, until: None, principal: Arc::new(principal) };
        self.by_secret.insert(front(&hash), shown);
        self.lent.push((key, lent));
    }
}

fn front(hash: &Hash) -> u64 {
    let (front, _) = hash.split_first_chunk().expect("32 bytes hold 8");
    u64::from_le_bytes(*front)
}

pub(crate) fn is_same(a: &Hash, b: &Hash) -> bool {
    std::hint::black_box(a.iter().zip(b).fold(0, |differs, (a, b)| differs | (a ^ b))) == 0
}
