//! A player's balance, as it is and as it was.

use std::borrow::Cow;
use std::io;

use accolade_domain::amount::Points;
use accolade_domain::event::Consent;
use accolade_domain::ledger::Place;
use accolade_domain::lots::Lots;
use accolade_domain::text::PackedId;
use accolade_domain::tier::TierState;
use accolade_domain::time::Timestamp;
use accolade_engine::apply::past::{Past, Present};
use accolade_engine::players::Ordinal;
use accolade_engine::rules::{Operator, Version};
use accolade_storage::backing::NodeStore;
use accolade_wire::identity::partition_of;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use crate::call::Call;
use crate::ledger::{Line, balance_after};
use crate::principal::Known;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{Exact, ExactPoints, Time, respond};
use crate::submit::blocking;

/// Where other nodes are asked.
const BALANCES: &str = "/cluster/v1/players/balances";
/// Most players whose balances are asked for together.
pub(crate) const PLAYERS_MAX: usize = 100;

/// A player's balance.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Balance, example = json!({
    "playerId": "player-456", "operatorId": "operator-789", "pointsBalance": 12.00, "reserved": 0.00,
    "available": 10.00, "pending": 2.00, "held": 0.00, "owed": 0.00,
    "expiring": { "at": "2027-12-01T00:00:00Z", "points": 12.00 },
    "tier": "silver", "tierPoints": 1012.00, "nextTier": { "name": "gold", "missingPoints": 8988.00 },
    "lastWagerId": "w-1", "lastUpdated": "2026-11-20T10:30:00Z", "version": 3
}))]
pub(crate) struct BalanceShape<'a> {
    player_id: &'a str,
    operator_id: &'a str,
    points_balance: ExactPoints,
    /// Points of redemptions that are open. This and what follows is nothing where it is not known of a time in the
    /// past.
    #[schema(required)]
    reserved: Option<ExactPoints>,
    /// Points that can be spent; below zero, as far as voids have taken the balance there.
    #[schema(required)]
    available: Option<ExactPoints>,
    /// Points that were earned and cannot be spent yet.
    #[schema(required)]
    pending: Option<ExactPoints>,
    /// Points that are held for signals, until a person decides.
    #[schema(required)]
    held: Option<ExactPoints>,
    /// Points that voids were to take back, in all, and could not.
    #[schema(required)]
    owed: Option<ExactPoints>,
    /// Which points expire next, if they are not spent before; nothing where none do.
    #[schema(required)]
    expiring: Option<ExpiringShape>,
    /// The level that the player has; nothing where the program has no tiers.
    #[schema(required)]
    tier: Option<&'a str>,
    /// The points earned in the window that decides.
    #[schema(required)]
    tier_points: Option<ExactPoints>,
    /// The level above; nothing at the highest.
    #[schema(required)]
    next_tier: Option<NextTierShape<'a>>,
    #[schema(required)]
    #[schema(value_type = Option<&str>)]
    last_wager_id: Option<Cow<'a, str>>,
    last_updated: Time,
    /// Counts the changes of the account; nothing for a time in the past.
    #[schema(required)]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    as_of: Option<Time>,
}

/// Points that will expire.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[schema(as = Expiring)]
pub(crate) struct ExpiringShape {
    at: Time,
    points: ExactPoints,
}

/// What is missing to the next level.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NextTier)]
pub(crate) struct NextTierShape<'a> {
    name: &'a str,
    missing_points: ExactPoints,
}

impl<'a> BalanceShape<'a> {
    /// As it is.
    pub(crate) fn now(found: &'a Found, player_id: &'a str, operator_id: &'a str) -> Self {
        Self::without_standing(found, player_id, operator_id).with(&found.standing)
    }

    /// As it was at a time, after an entry.
    fn then(was: &'a Was, time: Timestamp, player_id: &'a str, operator_id: &'a str) -> Self {
        let entry = was.line.as_ref().map(|line| &line.entry);
        let wager = entry.filter(|entry| entry.kind.is_by_wager());
        let shape = Self {
            points_balance: Exact(balance_after(was.line.as_ref())),
            last_wager_id: wager.map(|entry| Cow::Borrowed(&*entry.cause)),
            last_updated: Time(entry.map_or(time, |entry| entry.record_time)),
            version: None,
            as_of: Some(Time(time)),
            ..Self::without_standing(&was.found, player_id, operator_id)
        };
        match &was.standing {
            Some(standing) => shape.with(standing),
            None => shape,
        }
    }

    /// The balance, and nothing of what it is made of.
    fn without_standing(found: &'a Found, player_id: &'a str, operator_id: &'a str) -> Self {
        let account = &found.present.account;
        Self {
            player_id,
            operator_id,
            points_balance: Exact(account.balance),
            reserved: None,
            available: None,
            pending: None,
            held: None,
            owed: None,
            expiring: None,
            tier: None,
            tier_points: None,
            next_tier: None,
            last_wager_id: account.last_wager.as_ref().map(PackedId::text),
            last_updated: Time(account.last_updated),
            version: Some(u64::from(account.version)),
            as_of: None,
        }
    }

    fn with(self, standing: &'a Standing) -> Self {
        let Standing { balance, reserved, lots, expiring, tier } = standing;
        let (waiting, held) = (lots.pending_points(), lots.held_points());
        let pending = waiting.minus(held).expect("what is held is a part of what waits");
        let ready = balance.minus(waiting);
        let tier = tier.as_ref();
        Self {
            points_balance: Exact(*balance),
            reserved: Some(Exact(*reserved)),
            available: ready.and_then(|points| points.minus(*reserved)).map(Exact),
            pending: Some(Exact(pending)),
            held: Some(Exact(held)),
            owed: Some(Exact(lots.owed())),
            expiring: expiring
                .map(|(at, points)| ExpiringShape { at: Time(at), points: Exact(points) }),
            tier: tier.map(|tier| &*tier.name),
            tier_points: tier.map(|tier| Exact(tier.points)),
            next_tier: tier
                .and_then(|tier| tier.next.as_ref())
                .map(|(name, missing)| NextTierShape { name, missing_points: Exact(*missing) }),
            ..self
        }
    }
}

/// An account where it is, as time has made it.
pub(crate) struct Found {
    pub(crate) partition: u16,
    pub(crate) player: Ordinal,
    pub(crate) present: Present,
    pub(crate) standing: Standing,
}

/// How an account stands at a time.
#[derive(Clone)]
pub(crate) struct Standing {
    balance: Points,
    reserved: Points,
    lots: Lots,
    expiring: Option<(Timestamp, Points)>,
    tier: Option<Tier>,
}

/// A player's tier, by the names of levels.
#[derive(Clone)]
struct Tier {
    name: Box<str>,
    points: Points,
    next: Option<(Box<str>, Points)>,
}

impl Tier {
    fn of(state: TierState, version: &Version) -> Option<Self> {
        let tiers = version.program.program.tiers.as_ref()?;
        let name = |level| tiers.levels.get(level).name.clone();
        let next = tiers.next_level(state).map(|(level, missing)| (name(level), missing));
        Some(Self { name: name(state.level()), points: state.points(), next })
    }
}

impl Standing {
    /// Of an account as it was at a time; its operator's versions are those of now.
    pub(crate) fn of(
        Past { account, reserved }: &Past,
        operator: &Operator,
        at: Timestamp,
    ) -> Self {
        let version = operator.versions.get(account.timed.settled_by);
        let tier = account.timed.tier.zip(version);
        let tier = tier.and_then(|(state, version)| Tier::of(state, version));
        let mut lots = account.lots.unpack();
        let program = version.map(|version| &version.program.program);
        let expiring = program.and_then(|it| lots.expiring(it.expiry, &it.zone));
        lots.mature(at);
        Self { balance: account.balance, reserved: *reserved, lots, expiring, tier }
    }
}

impl Found {
    fn of(partition: u16, player: Ordinal, present: Present) -> Self {
        let Present { time, operator, account, reserved, .. } = &present;
        let now = Past { account: account.clone(), reserved: *reserved };
        let standing = Standing::of(&now, operator, *time);
        Self { partition, player, present, standing }
    }

    pub(crate) fn newest(&self) -> Option<Place> {
        self.present.account.trail.last(self.partition)
    }

    /// What the player has said last about taking part.
    pub(crate) const fn consent(&self) -> Option<Consent> {
        self.present.account.consent
    }
}

/// An account as it was at a time.
pub(crate) struct Was {
    /// As it is.
    pub(crate) found: Found,
    /// The last entry that was recorded until then.
    pub(crate) line: Option<Line>,
    /// How it stood, where that is known.
    pub(crate) standing: Option<Standing>,
}

impl Service {
    pub(crate) fn account(&self, operator: &Known, player: &str) -> Result<Found, Problem> {
        self.account_of(operator.number, player)?.ok_or_else(|| Problem::not_found("player"))
    }

    /// The account of a player of the operator with this number; nothing of one who is not known.
    fn account_of(&self, operator: u32, player: &str) -> Result<Option<Found>, Problem> {
        let partition = partition_of(player, self.partitions());
        let mut store = NodeStore::new(self.host.backing(partition)?);
        let found = self.read(partition, |state| {
            let key = &state.rules().settings.hash_key;
            let ordinal = state.players().find_by_name(key, operator, player)?;
            Some((ordinal, state.present(ordinal, &mut store)))
        })?;
        let Some((ordinal, present)) = found else { return Ok(None) };
        Ok(Some(Found::of(partition, ordinal, present?)))
    }

    /// The balances of those of these players who are of these partitions, which are here.
    fn balances_of_players(
        &self,
        operator: u32,
        players: &[String],
        partitions: &[u16],
    ) -> Result<Vec<Told>, Problem> {
        let is_here = |name: &&String| partitions.contains(&partition_of(name, self.partitions()));
        let told = |name: &String| {
            let found = self.account_of(operator, name)?;
            let shape =
                found.as_ref().map(|it| BalanceShape::now(it, name, &it.present.operator.id));
            Ok((name.clone(), to_raw_value(&shape).expect("a shape is plain data")))
        };
        players.iter().filter(is_here).map(told).collect()
    }
}

/// The balance now, or as of a time.
pub(crate) async fn balance(call: Call) -> Result<Response, Problem> {
    let time = call.parameters.time("asOf")?;
    let (operator, player) = (call.operator(), call.name());
    let Some(time) = time else {
        let found =
            blocking(move || call.service.account(&call.operator(), &call.name())).await??;
        return Ok(respond(StatusCode::OK, &BalanceShape::now(&found, &player, &operator.id)));
    };
    let was = blocking(move || call.service.was(&call.operator(), &call.name(), time)).await??;
    Ok(respond(StatusCode::OK, &BalanceShape::then(&was, time, &player, &operator.id)))
}

/// A player's balance as it is written; `null` of one who is not known.
type Told = (String, Box<RawValue>);

/// The balances of players of an operator, [`PLAYERS_MAX`] at most, wherever their partitions are.
pub(crate) async fn balances(
    service: &Service,
    operator: u32,
    players: &[String],
) -> Result<Vec<Told>, Problem> {
    let path = {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("operator", &operator.to_string());
        // Identifiers have no control characters.
        query.append_pair("players", &players.join("\n"));
        format!("{BALANCES}?{}", query.finish())
    };
    let players = players.to_vec();
    let here = move |service: &Service, partitions: &[u16]| {
        service.balances_of_players(operator, &players, partitions)
    };
    let parts = service.gather(0..service.partitions(), here, &path, read).await?;
    Ok(parts.into_iter().flatten().collect())
}

fn read(bytes: &[u8]) -> io::Result<Vec<Told>> {
    Ok(serde_json::from_slice(bytes)?)
}

/// The balances of players whose partitions are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let operator = parameters.small("operator")?;
    let names = parameters.text("players").unwrap_or_default().split('\n');
    let names = names.filter(|name| !name.is_empty()).take(PLAYERS_MAX);
    let players: Vec<String> = names.map(str::to_owned).collect();
    let found = blocking(move || {
        let here = || service.balances_of_players(operator, &players, &partitions);
        service.with_all_here(&partitions, here)
    });
    Ok(respond(StatusCode::OK, &found.await??))
}
