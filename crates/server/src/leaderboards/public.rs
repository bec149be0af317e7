//! What whoever asks sees of a tournament whose operator wants that: what a player sees who has no position, and no name
//! as it is. `docs/decisions/050` says why.
//!
//! Nobody learns of any other tournament that it is there: what is not public, a draft and what there never was are
//! answered alike.

use std::sync::Arc;

use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::tournaments::Tournament;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::live::seen_by_anybody;
use super::states;
use crate::call::Call;
use crate::parameters::OPERATOR_ID;
use crate::principal::Known;
use crate::problem::{Problem, Refusal};
use crate::service::now;
use crate::shapes::{Exact, Time, respond};
use crate::tournaments::{is_announced, missing, state_of};

/// Whoever stands between may give the same answer to all for so long.
static SHARED: HeaderValue = HeaderValue::from_static("public, max-age=1");

/// A tournament, as whoever asks is told of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PublicTournament)]
pub(crate) struct PublicTournamentShape {
    tournament_id: String,
    operator_id: String,
    name: String,
    description: String,
    #[schema(schema_with = states)]
    state: &'static str,
    starts: Time,
    ends: Time,
    timezone: String,
    public_positions: u32,
}

/// A leaderboard, as whoever asks sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PublicLeaderboard)]
pub(crate) struct PublicLeaderboardShape {
    tournament_id: String,
    operator_id: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// No position changes any more.
    is_final: bool,
    /// How many players have a position.
    players: u64,
    /// In the order of positions.
    items: Vec<PublicLineShape>,
}

/// A line of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PublicLeaderboardLine)]
pub(crate) struct PublicLineShape {
    /// From 1; nobody shares it.
    row: u64,
    /// From 1; the same for players who share it.
    position: u64,
    /// The player, masked.
    player_id: String,
    #[schema(value_type = f64)]
    score: Exact<Score>,
    /// How many events it is made of.
    events: u64,
    /// When the score was reached.
    reached_at: Time,
}

impl Call {
    /// The tournament that the request names, where whoever asks may see it.
    pub(super) fn public_tournament(&self) -> Result<(Arc<Known>, Arc<Tournament>), Problem> {
        let service = &self.service;
        let operator = self.parameters.text(OPERATOR_ID).ok_or_else(|| {
            let detail = "`operatorId`: expected the operator whose tournament it is";
            Problem::new(Refusal::BadQuery, detail)
        })?;
        let known = service.credentials.operator(&*service.host, operator);
        let known = known.ok_or_else(|| service.unless_unknown(missing()))?;
        let tournament = service.tournament(&known, &self.name())?;
        let is_shown = is_announced(&tournament) && tournament.terms().public;
        if is_shown { Ok((known, tournament)) } else { Err(missing()) }
    }
}

/// What is said of a tournament.
pub(crate) async fn tournament(call: Call) -> Result<Response, Problem> {
    let (_, tournament) = call.public_tournament()?;
    let terms = tournament.terms();
    let time = |micros| Time(Timestamp::from_micros(micros));
    let shape = PublicTournamentShape {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        name: terms.name.clone(),
        description: terms.description.clone(),
        state: state_of(terms, now()),
        starts: time(terms.starts),
        ends: time(terms.ends),
        timezone: terms.timezone.clone(),
        public_positions: terms.public_positions,
    };
    Ok(shared(&shape))
}

/// Its leaderboard.
pub(crate) async fn leaderboard(call: Call) -> Result<Response, Problem> {
    let (known, tournament) = call.public_tournament()?;
    Ok(shared(&seen_by_anybody(call, &known, &tournament).await?))
}

fn shared(shape: &impl Serialize) -> Response {
    let mut response = respond(StatusCode::OK, shape);
    response.headers_mut().insert(CACHE_CONTROL, SHARED.clone());
    response
}
