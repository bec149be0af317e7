//! The results of a tournament: who came to which position, what was won, and what has become of that.

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::prizes::{PLACES_MAX, PrizeState};
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::control::{Becomes, Command};
use accolade_wire::tournament::{ResultsTerms, Stage, TournamentTerms};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::prizes::{PrizeShape, ThingShape};
use super::{is_seen, missing, states, ties};
use crate::asked::Asked;
use crate::call::Call;
use crate::cursor::Cursors;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{fields_of, malformed};
use crate::leaderboards::masked;
use crate::problem::{Problem, Refusal};
use crate::requests::change;
use crate::service::now;
use crate::settlement::rows::{Asked as Rows, PlaceRow};
use crate::shapes::{Exact, ExactPoints, Time, respond};

/// What a tournament came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentResults)]
pub(crate) struct ResultsShape {
    tournament_id: String,
    operator_id: String,
    name: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// Which events counted, and how.
    query: String,
    starts: Time,
    ends: Time,
    #[schema(schema_with = ties)]
    ties: &'static str,
    prizes: Vec<PrizeShape>,
    /// How many players had a position.
    players: u64,
    /// How many places the results name, from the first on.
    places: u32,
    /// The points that were won.
    #[schema(value_type = f64)]
    points: ExactPoints,
    /// How many things were.
    things: u32,
    /// When positions were fixed.
    settled_at: Time,
    /// Whether a person has to approve before anything is paid.
    approval: bool,
    /// Who did; nothing before, and for players.
    #[schema(required)]
    approved_by: Option<String>,
    #[schema(required)]
    approved_at: Option<Time>,
    /// When every prize had come to its player's account, or to whoever hands it out.
    #[schema(required)]
    paid_at: Option<Time>,
    /// SHA-256 of all places, in hexadecimal.
    hash: String,
    /// By place, as far as each has come to its player's partition.
    items: Vec<PlaceShape>,
    #[schema(required)]
    next_cursor: Option<String>,
}

/// A place, and what was won there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentPlace)]
pub(crate) struct PlaceShape {
    /// From 1; no two players have the same.
    place: u32,
    /// From 1; the same for players who share it.
    position: u64,
    player_id: String,
    #[schema(value_type = f64)]
    score: Exact<Score>,
    events: u64,
    #[schema(value_type = f64)]
    points: ExactPoints,
    #[schema(required)]
    thing: Option<ThingShape>,
    #[schema(schema_with = prize_states)]
    state: &'static str,
    changed_at: Time,
    /// Why it is in this state; nothing where nobody said so, and for players.
    #[schema(required)]
    why: Option<String>,
    /// Who said so; likewise.
    #[schema(required)]
    changed_by: Option<String>,
}

fn prize_states() -> Schema {
    one_of(PrizeState::ALL.map(PrizeState::code))
}

impl PlaceShape {
    fn of(row: PlaceRow, terms: &TournamentTerms, is_for_player: bool) -> Self {
        let said = |text: &str| Some(text.to_owned()).filter(|it| !it.is_empty() && !is_for_player);
        Self {
            place: row.place,
            position: row.position,
            score: Exact(row.score()),
            events: row.events,
            points: Exact(row.points()),
            thing: row.thing.and_then(|thing| terms.thing(thing)).map(ThingShape::from),
            state: row.state().code(),
            changed_at: Time(row.at()),
            why: said(&row.why),
            changed_by: said(&row.who),
            player_id: row.player,
        }
    }
}

/// When a tournament came so far, and who said so.
fn reached(tournament: &Tournament, stage: Stage) -> Option<(Timestamp, String)> {
    let said = tournament.said().iter().find(|said| said.terms.stage == stage)?;
    Some((said.since.time, said.terms.who.clone()))
}

/// What a tournament came to, as far as whoever asks may see it.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let (limit, cursors) = (call.parameters.limit()?, Cursors::of(&call));
    let after = cursors.after()?.map_or(0, |[place]| place);
    let after = u32::try_from(after).expect("a cursor of this list has a place");
    let (operator, name) = (call.operator(), call.name());
    let tournament = call.service.tournament(&operator, &name)?;
    if !is_seen(&tournament, &call.principal) {
        return Err(missing());
    }
    let terms = &**tournament.terms();
    let results = terms.results.as_ref().filter(|_| tournament.is_settled());
    let results = results.ok_or_else(|| not_settled(terms))?;
    let (number, count) = (tournament.number, limit + 1);
    let asked = Rows { operator: operator.number, tournament: number, after, count };
    let mut rows = asked.ask(&call.service).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next_cursor = last.map(|row| cursors.at([row.place.into()]));
    let own = call.principal.player.as_deref();
    if let Some(own) = own {
        let public = u64::from(terms.public_positions);
        rows.retain(|row| row.position <= public || row.player == *own);
        for row in rows.iter_mut().filter(|row| terms.masked && row.player != *own) {
            row.player = masked(&row.player);
        }
    }
    let is_for_player = own.is_some();
    let items = rows.into_iter().map(|row| PlaceShape::of(row, terms, is_for_player));
    let shape = shape(&tournament, results, is_for_player, items.collect(), next_cursor);
    Ok(respond(StatusCode::OK, &shape))
}

fn shape(
    tournament: &Tournament,
    results: &ResultsTerms,
    is_for_player: bool,
    items: Vec<PlaceShape>,
    next_cursor: Option<String>,
) -> ResultsShape {
    let terms = &**tournament.terms();
    let time = |micros| Time(Timestamp::from_micros(micros));
    let approved = reached(tournament, Stage::Approved);
    let settled = reached(tournament, Stage::Settled).expect("what has results was settled");
    ResultsShape {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        name: terms.name.clone(),
        state: super::state_of(terms, now()),
        query: terms.query.clone(),
        starts: time(terms.starts),
        ends: time(terms.ends),
        ties: terms.ties.name(),
        prizes: terms.prizes.iter().map(PrizeShape::from).collect(),
        players: results.players,
        places: results.lines,
        points: Exact(Points::from_hundredths(results.points).unwrap_or_default()),
        things: results.things,
        settled_at: Time(settled.0),
        approval: terms.approval,
        approved_at: approved.as_ref().map(|(at, _)| Time(*at)),
        approved_by: approved.map(|(_, who)| who).filter(|_| !is_for_player),
        paid_at: reached(tournament, Stage::Paid).map(|(at, _)| Time(at)),
        hash: results.hash.clone(),
        items,
        next_cursor,
    }
}

fn not_settled(terms: &TournamentTerms) -> Problem {
    let state = super::state_of(terms, now());
    let detail =
        format!("the tournament is {state}: its results are fixed some time after its end");
    Problem::new(Refusal::TournamentNotSettled, detail)
}

/// Lets what was won be paid.
pub(crate) async fn approve(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let why = super::Scheduling::read(asked.body())?.why.unwrap_or_default();
    asked
        .change_tournament(|terms| match terms.stage {
            Stage::Settled if terms.approval => {
                (terms.stage, terms.why) = (Stage::Approved, why.clone());
                Ok(())
            }
            // Whoever repeats it finds it approved, or paid already.
            Stage::Approved | Stage::Paid if terms.approval => Ok(()),
            Stage::Settled | Stage::Approved | Stage::Paid => {
                let detail = "the prizes of this tournament are paid without anybody's approval";
                Err(Problem::new(Refusal::PrizeClosed, detail))
            }
            Stage::Draft | Stage::Scheduled | Stage::Cancelled => Err(not_settled(terms)),
        })
        .await
}

/// What has become of a prize.
#[derive(Debug, Clone, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = PrizeChange, example = json!({
    "tournamentId": "weekend-slots", "place": 3, "state": "paid", "why": "sent on Monday"
}))]
pub(crate) struct PrizeChange {
    #[schema(min_length = 1, max_length = 64)]
    tournament_id: String,
    /// The place at which it was won.
    #[schema(minimum = 1, maximum = 1_000_000)]
    place: u32,
    #[schema(schema_with = changes)]
    state: Becomes,
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
}

const CHANGES: [(&str, Becomes); 4] = [
    ("paid", Becomes::Paid),
    ("failed", Becomes::Failed),
    ("retrying", Becomes::Retrying),
    ("not_eligible", Becomes::NotEligible),
];

fn changes() -> Schema {
    one_of(CHANGES.map(|(name, _)| name))
}

impl PrizeChange {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let names = ["tournamentId", "place", "state", "why"];
        let [tournament, place, state, why] = fields_of(body, &names)?;
        let number = place.whole(1..=i64::from(PLACES_MAX))?;
        let number = number.and_then(|place| u32::try_from(place).ok());
        let said = state.text()?;
        let named = CHANGES.iter().find(|(name, _)| said.as_deref() == Some(name));
        let of = || state.expected(&format!("one of `{}`", CHANGES.map(|(it, _)| it).join("`, `")));
        Ok(Self {
            tournament_id: tournament.text()?.ok_or_else(|| tournament.expected("a text"))?,
            place: number.ok_or_else(|| place.expected("a place, from 1"))?,
            state: named.ok_or_else(of)?.1,
            why: why.why()?,
        })
    }
}

/// What a prize is once that has become of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ChangedPrize)]
pub(crate) struct ChangedShape {
    tournament_id: String,
    place: u32,
    player_id: String,
    #[schema(schema_with = prize_states)]
    state: &'static str,
}

/// Says what has become of a prize of a player's that others hand out, or that the player shall not have it.
pub(crate) async fn change_prize(call: Call) -> Result<Response, Problem> {
    let (service, operator) = (call.service.clone(), call.operator());
    let mut said = None;
    let read = |body: &[u8]| {
        let change = PrizeChange::read(body)?;
        let tournament = service
            .tournament(&operator, &change.tournament_id)
            .map_err(|_| malformed("/tournamentId", "the operator has no such tournament"))?;
        if !tournament.is_settled() {
            return Err(not_settled(tournament.terms()));
        }
        said = Some(change.clone());
        Ok((change, tournament.number))
    };
    let changed = change(call, read, |(change, tournament), asks| {
        let PrizeChange { place, state: becomes, why, .. } = change;
        let (id, player_id, who) = (asks.id, asks.player, asks.who);
        Command::Fulfil { id, player_id, tournament, place, becomes, why, who }
    })
    .await?;
    let PrizeChange { tournament_id, place, state, .. } = said.expect("the body was read");
    let named = CHANGES.iter().find(|(_, it)| *it == state).expect("every change has a name");
    let player_id = changed.name.clone();
    let shape = ChangedShape { tournament_id, place, player_id, state: named.0 };
    Ok(respond_to_change(changed.carried.status(), &shape, changed.is_dry))
}
