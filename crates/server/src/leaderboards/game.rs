//! The leaderboard of a game: of a day, of a week, or of all time.

use std::sync::Arc;

use accolade_domain::civil::begin_of_day;
use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::games::{Measure, Occurrence, Period};
use accolade_domain::time::{Day, Timestamp, ZoneOffsets};
use accolade_engine::rules::tournaments::standing::standing;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::asked::Game;
use super::past::Moment;
use super::{LineShape, Looking, shape, view};
use crate::call::Call;
use crate::description::schemas::one_of;
use crate::problem::{Problem, Refusal};
use crate::service::now;
use crate::shapes::{Time, respond};

/// What may be asked for.
pub(crate) const PERIODS: [&str; 3] =
    [Period::Daily.code(), Period::Weekly.code(), Period::AllTime.code()];

/// A leaderboard of a game, or a part of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GameLeaderboard)]
pub(crate) struct GameLeaderboardShape {
    game_id: String,
    operator_id: String,
    #[schema(schema_with = periods)]
    period: &'static str,
    /// What it makes of scores that come now.
    #[schema(schema_with = measures)]
    measure: &'static str,
    /// The first moment of the day, or of the week; nothing for all time.
    #[schema(required)]
    starts: Option<Time>,
    /// The first moment after it; nothing for all time.
    #[schema(required)]
    ends: Option<Time>,
    /// How many players have a position.
    players: u64,
    /// In the order of positions.
    items: Vec<LineShape>,
}

fn periods() -> Schema {
    one_of(PERIODS)
}

fn measures() -> Schema {
    one_of(Measure::ALL.map(Measure::code))
}

/// A leaderboard of a game.
pub(crate) async fn leaderboard(call: Call) -> Result<Response, Problem> {
    let game = call.name();
    if game.len() > ID_BYTES_MAX {
        return Err(Problem::not_found("game"));
    }
    let known = call.operator();
    let operator = call.service.operator(&known)?;
    let (moment, utc) = (now(), ZoneOffsets::default());
    let in_force = operator.versions.at(moment);
    let zone = in_force.map_or(&utc, |version| &version.program.program.zone);
    let measure =
        in_force.map_or_else(Measure::default, |version| version.program.program.measure_of(&game));
    let occurrence = occurrence(&call, moment, zone.day(moment))?;
    let view = view(&call)?;
    let bounds = occurrence.days().map(|days| days.map(|day| Time(begin_of_day(day, zone))));
    let [starts, ends] = bounds.map_or([None; 2], |bounds| bounds.map(Some));
    let looking = Looking {
        service: call.service,
        tournament: Arc::clone(standing()),
        game: Some(Game { id: game.as_str().into(), occurrence }),
        operator: known.number,
        own: call.principal.player.clone(),
        moment: Moment::Now,
    };
    let (players, _, mut items) = looking.see(view).await?;
    looking.show(&mut items);
    let shape = GameLeaderboardShape {
        game_id: game,
        operator_id: operator.id.to_string(),
        period: occurrence.period().code(),
        measure: measure.code(),
        starts,
        ends,
        players,
        items: items.into_iter().map(|(position, line)| shape(position, line, players)).collect(),
    };
    Ok(respond(StatusCode::OK, &shape))
}

/// Which day or week is asked for.
fn occurrence(call: &Call, now: Timestamp, today: Day) -> Result<Occurrence, Problem> {
    let parameters = &call.parameters;
    let periods = Period::ALL.map(|period| (period.code(), period));
    let period = parameters.choice("period", Period::Daily, &periods)?;
    let bad = |detail: &str| Err(Problem::new(Refusal::BadQuery, detail.to_owned()));
    let date = parameters.day("date")?;
    if date.is_some() && period == Period::AllTime {
        return bad("`date` goes with a `period` of `daily` or `weekly`");
    }
    if date.is_some_and(|date| date > today) {
        return bad("`date`: expected today or a day before");
    }
    match period.of(date.unwrap_or(today)) {
        Some(occurrence) if now < occurrence.kept_until() => Ok(occurrence),
        Some(_) | None => {
            bad("`date`: a day is kept for two days after its end, and a week for two weeks")
        }
    }
}
