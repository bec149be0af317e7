//! Bodies that scanners of their own read, as they are described. Examples of them are sent by the tests.

#![expect(dead_code, reason = "these shapes are described here, and read elsewhere")]

use serde::Serialize;
use utoipa::ToSchema;

use super::schemas::one_of;
use crate::shapes::Time;
use crate::tournaments::Wanted;

/// A text of 1 to 128 bytes without control characters.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 128)]
pub(crate) struct Id(String);

/// A number of at most 18 decimals.
#[derive(ToSchema)]
#[schema(minimum = 0, maximum = 1_000_000_000_000_i64)]
pub(crate) struct Amount(f64);

/// A wager, as the operator's system has it. Unknown fields are kept and ignored.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "wagerId": "w-1", "playerId": "player-456", "operatorId": "operator-789", "gameId": "slots-ultimate",
    "gameCategory": "slots", "wagerAmount": 100.00, "currency": "EUR", "jurisdiction": "Malta",
    "timestamp": "2026-11-20T10:30:00Z"
}))]
#[expect(clippy::struct_field_names, reason = "the fields of a wager are what they are")]
pub(crate) struct Wager {
    #[schema(schema_with = placed, required = false)]
    r#type: Option<&'static str>,
    wager_id: Id,
    player_id: Id,
    /// The credential's own.
    operator_id: Id,
    game_id: Id,
    game_category: Id,
    wager_amount: Amount,
    win_amount: Option<Amount>,
    #[schema(pattern = "^[A-Z0-9]{1,16}$")]
    currency: String,
    player_segment: Option<Id>,
    jurisdiction: Id,
    timestamp: Time,
    gaming_system_id: Option<Id>,
    #[schema(minimum = 0)]
    sequence: Option<i64>,
}

fn placed() -> utoipa::openapi::Schema {
    one_of(["wager.placed"])
}

/// Takes back exactly what the wager gave; it may arrive before it.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "type": "wager.voided", "wagerId": "w-1", "playerId": "player-456", "operatorId": "operator-789",
    "reason": "game fault", "timestamp": "2026-11-20T10:31:00Z"
}))]
pub(crate) struct Void {
    #[schema(schema_with = voided)]
    r#type: &'static str,
    wager_id: Id,
    player_id: Id,
    operator_id: Id,
    #[schema(max_length = 1024)]
    reason: String,
    timestamp: Time,
}

fn voided() -> utoipa::openapi::Schema {
    one_of(["wager.voided"])
}

/// A game event. Without an id it gets one, and sending it again makes a new event.
#[derive(ToSchema)]
#[schema(example = json!({
    "event_id": "e-1", "event_type": "player_score", "player_id": "player-456", "game_id": "game-001",
    "timestamp": "2026-11-20T10:30:00Z", "data": { "score": 1500 }
}))]
pub(crate) struct GameEvent {
    event_id: Option<Id>,
    event_type: Id,
    player_id: Id,
    game_id: Id,
    timestamp: Time,
    #[schema(value_type = Option<Object>)]
    data: Option<()>,
}

/// Whether a player takes part.
#[derive(ToSchema)]
#[schema(example = json!({ "consent": "in" }))]
#[serde(deny_unknown_fields)]
pub(crate) struct Consent {
    #[schema(schema_with = in_or_out)]
    consent: &'static str,
}

pub(crate) fn in_or_out() -> utoipa::openapi::Schema {
    one_of(["in", "out"])
}

/// A version to be published.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "why": "the first one", "program": { "currency": "EUR", "earning": { "multipliers": { "slots": 0.1 } } }
}))]
#[serde(deny_unknown_fields)]
pub(crate) struct Publication {
    /// Now, or later; a first version may begin in the past.
    effective_from: Option<Time>,
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
    program: Document,
}

/// The document as an object, or as YAML or JSON in a text; `/api/v1/program/schema` describes it.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Document {
    Text(String),
    #[schema(value_type = Object)]
    Object(serde_json::Value),
}

/// An earlier version to be published again.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({ "why": "the new caps were wrong" }))]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollback {
    /// Now, or later.
    effective_from: Option<Time>,
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
}

/// A draft to be tried on a past period.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "program": { "currency": "EUR", "earning": { "multipliers": { "slots": 0.2 } } },
    "from": "2026-11-20T00:00:00Z", "to": null
}))]
pub(crate) struct Simulate {
    program: Document,
    from: Time,
    /// Until now where it is left out.
    to: Option<Time>,
}

/// A tournament to be tried on a past period, or on some events.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "tournament": {
        "name": "Weekend slots race", "prizes": [{ "from": 1, "to": 3, "points": 500 }],
        "query": "SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId"
    },
    "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T12:00:00Z"
}))]
#[serde(deny_unknown_fields)]
pub(crate) struct TryTournament {
    /// As `POST /tournaments` takes it; its window is the period.
    tournament: Wanted,
    /// Within what the log has.
    from: Option<Time>,
    /// Until now where it is left out.
    to: Option<Time>,
    /// In the place of a period: wagers and voids, or game events, as they are taken in, in the order in which they come.
    #[schema(value_type = Option<Vec<Object>>, min_items = 1, max_items = 1_000)]
    events: Option<Vec<serde_json::Value>>,
}

/// A past period, or some events.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "from": "2026-11-20T00:00:00Z", "to": "2026-11-20T12:00:00Z"
}))]
#[serde(deny_unknown_fields)]
pub(crate) struct TryPeriod {
    /// Within what the log has.
    from: Option<Time>,
    /// Until now where it is left out.
    to: Option<Time>,
    /// In the place of a period: wagers and voids, or game events, as they are taken in, in the order in which they come.
    #[schema(value_type = Option<Vec<Object>>, min_items = 1, max_items = 1_000)]
    events: Option<Vec<serde_json::Value>>,
}

/// Why something is done.
#[derive(ToSchema)]
#[schema(example = json!({ "why": "sent by mistake" }))]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
}

/// What a dead letter is to be.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "original": "{\"wagerId\":\"w-1\",\"playerId\":\"player-456\",\"operatorId\":\"operator-789\"}"
}))]
#[serde(deny_unknown_fields)]
pub(crate) struct Repair {
    /// The repaired event, as JSON in a text.
    original: String,
}

/// Points to be redeemed.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase", example = json!({ "points": 500, "item": "ten free spins" }))]
#[serde(deny_unknown_fields)]
pub(crate) struct Reserve {
    /// With at most two decimals. Either this or `rewardId`.
    #[schema(minimum = 0.01, maximum = 1_000_000_000_000_000_i64)]
    points: Option<f64>,
    /// What they are to be spent on, in your own words or ids; a reward has its name.
    #[schema(max_length = 128)]
    item: Option<String>,
    /// A reward of the catalogue, which has the price.
    #[schema(max_length = 64)]
    reward_id: Option<String>,
    /// The player's segment, where the reward is for some alone. A player's own token does not say it.
    #[schema(max_length = 128)]
    player_segment: Option<String>,
    /// The player's jurisdiction, likewise.
    #[schema(max_length = 128)]
    jurisdiction: Option<String>,
}

/// What a balance is to be changed by.
#[derive(ToSchema)]
#[schema(example = json!({ "points": -12.5, "why": "counted twice by the old system" }))]
#[serde(deny_unknown_fields)]
pub(crate) struct Adjust {
    /// With at most two decimals; not 0.
    #[schema(minimum = -1_000_000_000_000_000_i64, maximum = 1_000_000_000_000_000_i64)]
    points: f64,
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
}

/// What somebody outside has found of a player.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "name": "ring", "wagerId": "w-1", "hold": true, "why": "score 0.97 of our own model" }))]
pub(crate) struct RaiseSignal {
    #[schema(min_length = 1, max_length = 128)]
    name: String,
    /// The wager that it is about.
    #[schema(max_length = 128)]
    wager_id: Option<String>,
    /// Whether its points are held until somebody decides.
    hold: Option<bool>,
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
}

/// Until when a player is excluded.
#[derive(ToSchema)]
#[schema(example = json!({ "until": "2030-01-01T00:00:00Z", "why": "asked for by the player" }))]
#[serde(deny_unknown_fields)]
pub(crate) struct Exclude {
    /// For ever without.
    until: Option<Time>,
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
}

/// A balance of the system before.
#[derive(ToSchema)]
#[schema(example = json!({ "points": 1200.50 }))]
#[serde(deny_unknown_fields)]
pub(crate) struct Opening {
    /// With at most two decimals.
    #[schema(minimum = 0.01, maximum = 1_000_000_000_000_000_i64)]
    points: f64,
}
