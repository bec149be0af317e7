//! An operator's keys: made, listed, rotated and revoked; and what a key bounds beside its scopes.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::keys::{Key, LISTED_MAX, ROLES, TEXT_BYTES_MAX};
use accolade_storage::random::random;
use accolade_wire::control::{Control, NewKey};
use accolade_wire::hex::to_hex;
use axum::http::StatusCode;
use axum::response::Response;
use ipnet::IpNet;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::asked::Asked;
use crate::call::Call;
use crate::connection::network;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{Field, fields_of};
use crate::problem::{Problem, Refusal, not_yet};
use crate::roles::Role;
use crate::secret;
use crate::service::now;
use crate::shapes::{Time, respond};

/// How long the secret before a rotation is valid where nobody says otherwise.
const OLD_VALID_MICROS: i64 = 24 * 3_600_000_000;
/// Most of that.
const OLD_VALID_MICROS_MAX: i64 = 90 * 24 * 3_600_000_000;
/// Greatest length of a name in bytes.
const NAME_BYTES_MAX: usize = 128;

/// The origins of pages: of those that may use a key, and the tokens that it signs.
pub(crate) type Origins = Arc<BTreeSet<Box<str>>>;

/// What bounds a key beside its scopes and its player.
#[derive(Debug, Default)]
pub(crate) struct Bounds {
    networks: Box<[IpNet]>,
    pub(crate) origins: Origins,
    event_types: BTreeSet<Box<str>>,
}

impl Bounds {
    pub(crate) fn of(terms: &NewKey) -> Self {
        let set = |list: &[String]| list.iter().map(|text| text.as_str().into()).collect();
        Self {
            // Each was read when the key was made.
            networks: terms.networks.iter().filter_map(|text| network(text)).collect(),
            origins: Arc::new(set(&terms.origins)),
            event_types: set(&terms.event_types),
        }
    }

    /// Refuses who comes from elsewhere. A program has no origin; only browsers say one, for whom it is.
    pub(crate) fn admit(&self, peer: Option<IpAddr>, origin: Option<&str>) -> Result<(), Problem> {
        let is_near = |peer: IpAddr| self.networks.iter().any(|net| net.contains(&peer));
        if !self.networks.is_empty() && !peer.is_some_and(|peer| is_near(peer.to_canonical())) {
            let detail = "the key may not be used from this address";
            return Err(Problem::new(Refusal::Forbidden, detail));
        }
        if !self.origins.is_empty() && !origin.is_none_or(|origin| self.allow(origin)) {
            let detail = "the key may not be used by pages of this origin";
            return Err(Problem::new(Refusal::Forbidden, detail));
        }
        Ok(())
    }

    /// Of a token that a key with these origins has signed.
    pub(crate) fn of_token(origins: Origins) -> Self {
        Self { origins, ..Self::default() }
    }

    /// Whether a page of this origin is named as one that may ask, as one that opens a socket must be.
    pub(crate) fn allow(&self, origin: &str) -> bool {
        self.origins.contains(origin)
    }

    /// Refuses events of a type that the key does not list.
    pub(crate) fn sends(&self, event_type: &str) -> Result<(), Problem> {
        if self.event_types.is_empty() || self.event_types.contains(event_type) {
            return Ok(());
        }
        let detail = format!("the key may not send events of the type `{event_type:.64}`");
        Err(Problem::field(Refusal::Forbidden, "/event_type", detail))
    }

    /// Refuses wagers to a key that lists types of game events.
    pub(crate) fn sends_wagers(&self) -> Result<(), Problem> {
        if self.event_types.is_empty() {
            return Ok(());
        }
        Err(Problem::new(Refusal::Forbidden, "the key may only send the game events that it lists"))
    }
}

/// A key as it is asked for.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewKey, example = json!({ "name": "the desk", "roles": ["support"] }))]
pub(crate) struct Wanted {
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    #[schema(schema_with = some_roles)]
    roles: Vec<String>,
    /// A time that is still to come.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    until: Option<Timestamp>,
    /// Networks such as `10.0.0.0/8`, or addresses.
    #[serde(default)]
    #[schema(schema_with = some_texts, required = false)]
    networks: Vec<String>,
    /// Types of game events; for a key of the one role `ingest`.
    #[serde(default)]
    #[schema(schema_with = some_texts, required = false)]
    event_types: Vec<String>,
    /// Origins such as `https://app.example`.
    #[serde(default)]
    #[schema(schema_with = some_texts, required = false)]
    origins: Vec<String>,
    /// For keys of the roles `ingest` and `player`; one of the latter has one.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 128)]
    player_id: Option<String>,
}

fn some_roles() -> Schema {
    let roles = ArrayBuilder::new().items(RefOr::T(one_of(ROLES))).unique_items(true);
    roles.min_items(Some(1)).build().into()
}

fn some_texts() -> Schema {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    let text = text.max_length(Some(TEXT_BYTES_MAX));
    ArrayBuilder::new().items(text).max_items(Some(LISTED_MAX)).build().into()
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [name, roles, until, networks, event_types, origins, player] = fields_of(
            body,
            &["name", "roles", "until", "networks", "eventTypes", "origins", "playerId"],
        )?;
        let listed = |field: &Field<'_>| field.texts(LISTED_MAX).map(Option::unwrap_or_default);
        Ok(Self {
            name: name.text()?.unwrap_or_default(),
            roles: listed(&roles)?,
            until: until.time()?,
            networks: listed(&networks)?,
            event_types: listed(&event_types)?,
            origins: listed(&origins)?,
            player_id: player.text()?,
        })
    }

    fn check(&self, now: Timestamp) -> Result<Option<i64>, Problem> {
        let bad = |pointer: &str, detail: String| {
            Err(Problem::field(Refusal::Malformed, pointer, detail))
        };
        let is_text = |text: &str, max: usize| {
            (1..=max).contains(&text.len()) && !text.chars().any(char::is_control)
        };
        if !is_text(&self.name, NAME_BYTES_MAX) {
            let detail = format!("expected a text of 1 to {NAME_BYTES_MAX} bytes");
            return bad("/name", detail);
        }
        let mut roles = BTreeSet::new();
        for (at, role) in self.roles.iter().enumerate() {
            if !ROLES.contains(&&**role) || !roles.insert(&**role) {
                let detail = format!("expected each of {} at most once", ROLES.join(", "));
                return bad(&format!("/roles/{at}"), detail);
            }
        }
        if roles.is_empty() {
            return bad("/roles", format!("expected some of {}", ROLES.join(", ")));
        }
        if self.until.is_some_and(|until| until <= now) {
            return bad("/until", "expected a time that is still to come".into());
        }
        let until = self.until.map(Timestamp::micros);
        let lists = [
            ("networks", &self.networks, "a network such as 10.0.0.0/8, or an address"),
            ("eventTypes", &self.event_types, "a type of game events"),
            ("origins", &self.origins, "an origin such as https://app.example"),
        ];
        for (name, list, what) in lists {
            let is_it = |text: &str| match name {
                "networks" => network(text).is_some(),
                "origins" => is_origin(text),
                _ => is_text(text, TEXT_BYTES_MAX),
            };
            if let Some(at) = list.iter().position(|text| !is_it(text)) {
                return bad(&format!("/{name}/{at}"), format!("expected {what}"));
            }
        }
        let is_only = |of: &[&str]| roles.iter().all(|role| of.contains(role));
        if !self.event_types.is_empty() && !is_only(&["ingest"]) {
            return bad("/eventTypes", "only a key of the one role ingest lists them".into());
        }
        match &self.player_id {
            Some(_) if !is_only(&["ingest", "player"]) => bad(
                "/playerId",
                "only keys of the roles ingest and player are of one player".into(),
            ),
            Some(player) if !is_text(player, ID_BYTES_MAX) => {
                bad("/playerId", format!("expected a text of 1 to {ID_BYTES_MAX} bytes"))
            }
            None if roles.contains("player") => {
                bad("/playerId", "a key of the role player is of one player".into())
            }
            Some(_) | None => Ok(until),
        }
    }

    fn terms(
        self,
        operator: &str,
        id: String,
        secret_hash: String,
        until: Option<i64>,
        who: &str,
    ) -> NewKey {
        let Self { name, roles, until: _, networks, event_types, origins, player_id: player } =
            self;
        let (operator, who) = (operator.to_owned(), who.to_owned());
        NewKey {
            operator,
            id,
            name,
            roles,
            secret_hash,
            until,
            networks,
            event_types,
            origins,
            player,
            who,
        }
    }
}

/// Scheme and host, as browsers say them.
fn is_origin(text: &str) -> bool {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_of_host =
        |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b':' | b'[' | b']');
    host.is_some_and(|host| (1..=200).contains(&host.len()) && host.bytes().all(is_of_host))
}

/// A key as it is listed: never with its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub(crate) struct KeyShape<'a> {
    id: &'a str,
    name: &'a str,
    #[schema(value_type = Vec<String>)]
    roles: &'a [String],
    until: Option<Time>,
    #[schema(value_type = Vec<String>)]
    networks: &'a [String],
    #[schema(value_type = Vec<String>)]
    event_types: &'a [String],
    #[schema(value_type = Vec<String>)]
    origins: &'a [String],
    player_id: Option<&'a str>,
    created_at: Time,
    created_by: &'a str,
    /// How many secrets it has had.
    secrets: usize,
    /// Until when the secrets before the last rotation are valid.
    old_until: Option<Time>,
    revoked_at: Option<Time>,
    revoked_by: Option<&'a str>,
    /// The hour in which this node saw it last.
    last_used: Option<Time>,
}

impl<'a> KeyShape<'a> {
    fn of(key: &'a Key, last_used: Option<Timestamp>) -> Self {
        let NewKey { id, name, roles, networks, event_types, origins, player, who, .. } =
            &*key.terms;
        Self {
            id,
            name,
            roles,
            until: key.until().map(Time),
            networks,
            event_types,
            origins,
            player_id: player.as_deref(),
            created_at: Time(key.since.time),
            created_by: who,
            secrets: key.rotations.len() + 1,
            old_until: key.rotations.last().map(|rotation| Time(rotation.old_until)),
            revoked_at: key.revoked.as_ref().map(|revoked| Time(revoked.since.time)),
            revoked_by: key.revoked.as_ref().map(|revoked| &*revoked.who),
            last_used: last_used.map(Time),
        }
    }
}

/// A key that was made or rotated.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MadeKey)]
pub(crate) struct MadeShape<'a> {
    #[serde(flatten)]
    key: KeyShape<'a>,
    /// Shown this once: neither in a dry run nor where the same request comes again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// All keys, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Keys)]
pub(crate) struct KeysShape<'a> {
    items: Vec<KeyShape<'a>>,
}

/// All keys of the operator, oldest first.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let known = call.operator();
    let operator = call.service.operator(&known)?;
    let uses = &call.service.credentials.uses;
    let last = |key: &Key| uses.last(known.number, key.number);
    let items = operator.keys.all().map(|key| KeyShape::of(key, last(key))).collect();
    Ok(respond(StatusCode::OK, &KeysShape { items }))
}

/// Makes a key, and shows its secret once.
pub(crate) async fn make(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let wanted = Wanted::read(asked.body())?;
    let until = wanted.check(now())?;
    let claimed = asked.claim().await?;
    let id = match &claimed {
        Some(claimed) => format!("key-{claimed}"),
        None => format!("key-{}", uuid::Uuid::now_v7().simple()),
    };
    let secret = secret::of(random()?);
    let hash = to_hex(&secret::hash(&asked.service.hash_key(), &secret));
    let terms = wanted.terms(&asked.operator.id, id.clone(), hash, until, &asked.subject);
    if claimed.is_some()
        && let Some(key) = asked.key(&id)?
    {
        return asked.key_made_before(&key, &terms);
    }
    let control = Control::Key(terms.clone());
    if asked.is_dry {
        let (rules, _) = asked.service.rules_would(&control).await?;
        let key = rules.operator(&asked.operator.id).and_then(|operator| operator.keys.get(&id));
        return Ok(asked.answer_key(StatusCode::OK, key.ok_or_else(not_yet)?, None));
    }
    match asked.service.control(&control).await {
        Ok(made) => made.ok_or_else(not_yet).map(drop)?,
        // The same request at the same time, or at a node that is ahead of this one.
        Err(problem) if claimed.is_some() && problem.refusal == Refusal::KeyExists => {
            let key = asked.key_once(&id, |_| true).await?;
            return asked.key_made_before(&key, &terms);
        }
        Err(problem) => return Err(problem),
    }
    let key = asked.key_once(&id, |_| true).await?;
    Ok(asked.answer_key(StatusCode::CREATED, &key, Some(&secret)))
}

/// A rotation as it is asked for.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Rotation, example = json!({ "oldUntil": "2026-11-29T00:00:00Z" }))]
#[expect(dead_code, reason = "it is described here, and read by `read_old_until`")]
pub(crate) struct Rotate {
    /// At most 90 days ahead.
    #[serde(default)]
    old_until: Option<Time>,
}

/// Until when the secret before a rotation is valid, as a body says it.
pub(crate) fn read_old_until(body: &[u8]) -> Result<Timestamp, Problem> {
    let [old_until] = fields_of(body, &["oldUntil"])?;
    let now = now();
    let until = old_until.time()?.unwrap_or(now.plus_micros(OLD_VALID_MICROS));
    if until > now.plus_micros(OLD_VALID_MICROS_MAX) {
        return Err(old_until.expected("a time that is at most 90 days ahead"));
    }
    Ok(until)
}

/// Gives a key another secret, and shows it once; the one before is valid for a while.
pub(crate) async fn rotate(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let old_until = read_old_until(asked.body())?;
    asked.key(&asked.name)?.ok_or_else(|| Problem::not_found("key"))?;
    let claimed = asked.claim().await?;
    let rotation = claimed.clone().unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let has_it = |key: &Key| key.rotations.iter().any(|earlier| *earlier.id == *rotation);
    if let Some(key) = asked.key(&asked.name)?.filter(|key| has_it(key)) {
        return Ok(asked.answer_key(StatusCode::OK, &key, None));
    }
    let secret = secret::of(random()?);
    let control = Control::RotateKey {
        operator: asked.operator.id.to_string(),
        id: asked.name.clone(),
        rotation: rotation.clone(),
        secret_hash: to_hex(&secret::hash(&asked.service.hash_key(), &secret)),
        old_until: old_until.micros(),
        who: asked.subject.to_string(),
    };
    if asked.is_dry {
        return asked.key_would(&control).await;
    }
    match asked.service.control(&control).await {
        Ok(made) => made.ok_or_else(not_yet).map(drop)?,
        Err(problem) if problem.refusal == Refusal::KeyExists => {
            let key = asked.key_once(&asked.name, has_it).await?;
            return Ok(asked.answer_key(StatusCode::OK, &key, None));
        }
        Err(problem) => return Err(problem),
    }
    let key = asked.key_once(&asked.name, has_it).await?;
    Ok(asked.answer_key(StatusCode::OK, &key, Some(&secret)))
}

/// Ends a key; one that was revoked before stays so.
pub(crate) async fn revoke(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    asked.key(&asked.name)?.ok_or_else(|| Problem::not_found("key"))?;
    asked.claim().await?;
    let key = asked.key(&asked.name)?.ok_or_else(|| Problem::not_found("key"))?;
    if key.revoked.is_some() {
        return Ok(asked.answer_key(StatusCode::OK, &key, None));
    }
    let (operator, id) = (asked.operator.id.to_string(), asked.name.clone());
    let control = Control::RevokeKey { operator, id, who: asked.subject.to_string() };
    if asked.is_dry {
        return asked.key_would(&control).await;
    }
    match asked.service.control(&control).await {
        Ok(made) => made.ok_or_else(not_yet).map(drop)?,
        // Somebody else has revoked it meanwhile: it was there.
        Err(problem) if problem.refusal == Refusal::NotFound => {}
        Err(problem) => return Err(problem),
    }
    let key = asked.key_once(&asked.name, |key| key.revoked.is_some()).await?;
    Ok(asked.answer_key(StatusCode::OK, &key, None))
}

impl Asked {
    /// A key of the operator.
    fn key(&self, id: &str) -> Result<Option<Arc<Key>>, Problem> {
        Ok(self.service.operator(&self.operator)?.keys.get(id).cloned())
    }

    /// The key, once this node knows what is asked of it; then it holds here.
    async fn key_once(&self, id: &str, is_it: impl Fn(&Key) -> bool) -> Result<Arc<Key>, Problem> {
        let look = || self.key(id).ok().flatten().filter(|key| is_it(key));
        let key = self.service.once(look).await?;
        self.service.credentials.refresh(&*self.service.host);
        Ok(key)
    }

    /// The key that the same request has made; its secret is gone.
    fn key_made_before(&self, key: &Key, terms: &NewKey) -> Result<Response, Problem> {
        let same = NewKey { secret_hash: key.terms.secret_hash.clone(), ..terms.clone() };
        if *key.terms != same {
            return Err(accolade_domain::outcome::Declined::IdConflict.into());
        }
        Ok(self.answer_key(self.made_status(), key, None))
    }

    async fn key_would(&self, control: &Control) -> Result<Response, Problem> {
        let (rules, _) = self.service.rules_would(control).await?;
        let operator = rules.operator(&self.operator.id);
        let key = operator.and_then(|operator| operator.keys.get(&self.name));
        Ok(self.answer_key(StatusCode::OK, key.ok_or_else(not_yet)?, None))
    }

    fn answer_key(&self, status: StatusCode, key: &Key, secret: Option<&str>) -> Response {
        let last_used = self.service.credentials.uses.last(self.operator.number, key.number);
        let made = MadeShape { key: KeyShape::of(key, last_used), secret };
        respond_to_change(status, &made, self.is_dry)
    }
}

/// A key's roles.
pub(crate) fn roles(terms: &NewKey) -> Box<[Role]> {
    terms.roles.iter().filter_map(|name| Role::named(name)).collect()
}
