//! What was counted of a player's game events.

use std::collections::BTreeMap;

use accolade_domain::statistics::{LastEvent, Statistics};
use accolade_engine::tables::player_statistics::PackedStatistics;
use accolade_storage::backing::NodeStore;
use accolade_wire::identity::partition_of;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::principal::Known;
use crate::problem::Problem;
use crate::service::Service;
use crate::shapes::{Time, respond};
use crate::submit::blocking;

/// A player's game events, counted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlayerStatistics, example = json!({
    "playerId": "player-456", "operatorId": "operator-789", "totalEvents": 12,
    "eventBreakdown": { "player_score": 10, "quest_completed": 2 }, "otherTypes": 0,
    "games": [ { "gameId": "game-001", "totalEvents": 12,
                 "eventBreakdown": { "player_score": 10, "quest_completed": 2 } } ], "otherGames": 0,
    "lastEvent": { "eventId": "e-12", "eventType": "player_score", "gameId": "game-001",
                   "timestamp": "2026-11-20T10:30:00Z" }
}))]
pub(crate) struct StatisticsShape {
    player_id: String,
    operator_id: String,
    total_events: u64,
    /// By type, for the first 64 types of the player.
    event_breakdown: BTreeMap<String, u64>,
    /// Events of other types.
    other_types: u64,
    /// In the order in which the player came to them, for the first 256 pairs of a game and a type.
    games: Vec<GameShape>,
    /// Events that stand in none of `games`.
    other_games: u64,
    /// The newest by its own time; nothing for a player without any.
    #[schema(required)]
    last_event: Option<LastEventShape>,
}

/// Events of a player in a game.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GameStatistics)]
struct GameShape {
    game_id: String,
    total_events: u64,
    event_breakdown: BTreeMap<String, u64>,
}

/// A player's last event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LastEvent)]
struct LastEventShape {
    event_id: String,
    event_type: String,
    game_id: String,
    timestamp: Time,
}

impl From<LastEvent<'_>> for LastEventShape {
    fn from(last: LastEvent<'_>) -> Self {
        Self {
            event_id: last.event_id.to_owned(),
            event_type: last.event_type.to_owned(),
            game_id: last.game_id.to_owned(),
            timestamp: Time(last.at),
        }
    }
}

impl StatisticsShape {
    fn of(statistics: &Statistics<'_>, player: &str, operator: &Known) -> Self {
        let types = statistics.types.iter();
        Self {
            player_id: player.to_owned(),
            operator_id: operator.id.to_string(),
            total_events: statistics.total,
            event_breakdown: types.map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            other_types: statistics.other_types(),
            games: games_of(statistics),
            other_games: statistics.other_games(),
            last_event: statistics.last.map(LastEventShape::from),
        }
    }
}

fn games_of(statistics: &Statistics<'_>) -> Vec<GameShape> {
    let empty = |game: &&str| {
        let (game_id, event_breakdown) = ((*game).to_owned(), BTreeMap::new());
        GameShape { game_id, total_events: 0, event_breakdown }
    };
    let mut games: Vec<_> = statistics.games.iter().map(empty).collect();
    for pair in &statistics.pairs {
        let (game, (name, _)) = (&mut games[pair.game], statistics.types[pair.of_type]);
        game.total_events += pair.count;
        game.event_breakdown.insert(name.to_owned(), pair.count);
    }
    games
}

impl Service {
    pub(crate) fn statistics(
        &self,
        operator: &Known,
        player: &str,
    ) -> Result<StatisticsShape, Problem> {
        let partition = partition_of(player, self.partitions());
        let mut store = NodeStore::new(self.host.backing(partition)?);
        let found = self.read(partition, |state| {
            let key = &state.rules().settings.hash_key;
            let ordinal = state.players().find_by_name(key, operator.number, player)?;
            Some(state.tables().player_statistics.load(&ordinal, partition, &mut store))
        })?;
        let packed = found.ok_or_else(|| Problem::not_found("player"))??;
        let statistics = packed.as_ref().map(PackedStatistics::unpack).unwrap_or_default();
        Ok(StatisticsShape::of(&statistics, player, operator))
    }
}

/// What was counted.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let shape = blocking(move || call.service.statistics(&call.operator(), &call.name())).await??;
    Ok(respond(StatusCode::OK, &shape))
}
