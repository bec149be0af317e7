//! Settling a tournament again, with what came late: a person's act.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::amount::Points;
use accolade_domain::tournament::prizes::PrizeState;
use accolade_engine::rules::tournaments::{FROM_BEHAVIOUR, SETTLED_AGAIN_MAX, Tournament};
use accolade_engine::tables::prizes::PLACE_MAX;
use accolade_engine::tables::remarks::RemarksKey;
use accolade_wire::control::Control;
use accolade_wire::timestamp;
use accolade_wire::tournament::results::{ResultLine, Results};
use accolade_wire::tournament::{AgainTerms, Stage, TournamentTerms};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::missing;
use super::results::not_settled;
use crate::asked::Asked;
use crate::call::Call;
use crate::dry_run::respond_to_change;
use crate::fields::fields_of;
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::now;
use crate::settlement::remarks::{self, Late};
use crate::settlement::rows::PlaceRow;
use crate::shapes::{Exact, ExactPoints};

/// So many changes are told one by one.
const TOLD_MAX: usize = 100;

/// That a tournament shall be settled again, and why.
#[derive(Debug, Clone, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TournamentResettling, example = json!({ "why": "wagers of a cheat were voided" }))]
pub(crate) struct Resettling {
    #[schema(min_length = 1, max_length = 1024)]
    why: String,
    /// What players were paid and do not win any more is taken back, as far as they still have it; without, it stays paid.
    take_back: Option<bool>,
}

/// What settling a tournament again makes of its results.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentResettlement)]
pub(crate) struct ResettlementShape {
    tournament_id: String,
    operator_id: String,
    /// Which version of the results it makes.
    version: u32,
    take_back: bool,
    /// How many wagers, voids and game events came late.
    late_wagers: u64,
    late_voids: u64,
    late_game_events: u64,
    /// How many players have a position then.
    players: u64,
    /// How many players' places or prizes are others, of those who have a prize or a public place, before or then.
    changed: u32,
    /// The points that are paid then beyond those that were.
    #[schema(value_type = f64)]
    more: ExactPoints,
    /// The points that were paid and are not won any more.
    #[schema(value_type = f64)]
    less: ExactPoints,
    /// The first hundred of those players, by the place that they have then.
    items: Vec<MovedShape>,
}

/// A player whose place or prize is another.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentMove)]
struct MovedShape {
    player_id: String,
    /// Nothing for one who had none of those that results name.
    #[schema(required)]
    place_before: Option<u32>,
    /// Nothing for one who has none of them any more.
    #[schema(required)]
    place: Option<u32>,
    /// The points that the player was paid.
    #[schema(value_type = f64)]
    paid: ExactPoints,
    /// The points that the player wins then.
    #[schema(value_type = f64)]
    points: ExactPoints,
}

impl Resettling {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [why, take_back] = fields_of(body, &["why", "takeBack"])?;
        Ok(Self { why: why.why()?, take_back: take_back.flag()? })
    }

    fn takes_back(&self) -> bool {
        self.take_back.unwrap_or_default()
    }

    /// The tournament once it is settled again.
    fn terms(&self, asked: &Asked, tournament: &Tournament, request: String) -> TournamentTerms {
        let (times, takes_back) = (tournament.settlement() + 1, self.takes_back());
        TournamentTerms {
            stage: Stage::Resettling,
            again: Some(Box::new(AgainTerms { times, takes_back, request })),
            edited_from: tournament.edited_from(),
            why: self.why.clone(),
            who: asked.subject.to_string(),
            ..(**tournament.terms()).clone()
        }
    }
}

/// What there is to settle again.
struct Found {
    late: Late,
    /// The places of the last settlement.
    before: Vec<PlaceRow>,
}

impl Asked {
    /// Refuses what cannot be settled again, or not yet.
    async fn check(&self, tournament: &Tournament) -> Result<Found, Problem> {
        let terms = &**tournament.terms();
        match terms.stage {
            Stage::Paid => {}
            Stage::Settled | Stage::Approved | Stage::Resettling => {
                let detail = "the last settlement is not over: its prizes have yet to be paid";
                return Err(Problem::new(Refusal::PrizesUnderWay, detail));
            }
            Stage::Draft | Stage::Scheduled | Stage::Cancelled => return Err(not_settled(terms)),
        }
        let until = tournament.resettles_until();
        if now() >= until {
            let until = timestamp::write(until);
            let detail = format!(
                "the scores of the tournament are not kept any more: it could be settled again until {until}"
            );
            return Err(Problem::new(Refusal::TournamentOver, detail));
        }
        let (operator, settlement) = (self.operator.number, tournament.settlement());
        if settlement >= SETTLED_AGAIN_MAX {
            let detail = format!("a tournament is settled again {SETTLED_AGAIN_MAX} times at most");
            return Err(Problem::new(Refusal::TournamentOver, detail));
        }
        let key = RemarksKey { operator, tournament: tournament.number, settlement };
        let late = remarks::Asked(key).ask(&self.service).await?;
        if late.count() == 0 {
            let detail = "nothing has come late since the tournament was settled: its results would be the same";
            return Err(Problem::new(Refusal::NothingLate, detail));
        }
        let before = self.service.rows_before(operator, tournament, settlement + 1).await?;
        let is_under_way = |row: &&PlaceRow| match row.state() {
            PrizeState::AwaitingApproval | PrizeState::Processing | PrizeState::Retrying => true,
            PrizeState::Nothing
            | PrizeState::Paid
            | PrizeState::NotEligible
            | PrizeState::Failed => false,
        };
        if let Some(row) = before.iter().find(is_under_way) {
            let detail = format!(
                "the prize of place {} is `{}`: say first what has become of it",
                row.place,
                row.state().code()
            );
            return Err(Problem::new(Refusal::PrizesUnderWay, detail));
        }
        Ok(Found { late, before })
    }
}

/// Settles a tournament again, with all that has come late by now.
pub(crate) async fn resettle(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let wanted = Resettling::read(asked.body())?;
    asked.find_tournament(&asked.name)?.ok_or_else(missing)?;
    asked.service.needs_behaviour(FROM_BEHAVIOUR, "tournaments")?;
    let request = asked.claim().await?;
    let request = request.unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let tournament = asked.find_tournament(&asked.name)?.ok_or_else(missing)?;
    if let Some(times) = asked_before(&tournament, &request) {
        return again(&asked, &tournament, times).await;
    }
    let found = asked.check(&tournament).await?;
    let terms = wanted.terms(&asked, &tournament, request.clone());
    let results = results(&asked, &tournament, &terms, &found.before).await?;
    if results.lines.len() > PLACE_MAX as usize {
        let detail = "the results have more places than there may be";
        return Err(Problem::new(Refusal::TournamentOver, detail));
    }
    let shape = shape(&terms, &found.late, &found.before, &results);
    if asked.is_dry {
        return Ok(respond_to_change(StatusCode::OK, &shape, true));
    }
    let is_it = |it: &Tournament| asked_before(it, &request).is_some();
    match asked.service.control(&Control::Tournament(terms)).await {
        Ok(made) => {
            made.ok_or_else(not_yet)?;
            asked.tournament_once(&asked.name, is_it).await?;
            Ok(respond_to_change(StatusCode::OK, &shape, false))
        }
        // The same request at the same time, or another one was first.
        Err(problem) if problem.refusal == Refusal::Stale => {
            let is_later = |it: &Tournament| it.edited_from() > tournament.edited_from();
            let later = asked.tournament_once(&asked.name, is_later).await?;
            if is_it(&later) {
                return Ok(respond_to_change(StatusCode::OK, &shape, false));
            }
            let detail = "somebody else has settled the tournament again at the same time";
            Err(Problem::new(Refusal::PrizesUnderWay, detail))
        }
        Err(problem) => Err(problem),
    }
}

/// Which settlement a request has asked for before.
fn asked_before(tournament: &Tournament, request: &str) -> Option<u32> {
    let mut said = tournament.said().iter().filter_map(|said| said.terms.again.as_ref());
    said.find(|again| again.request == request).map(|again| again.times)
}

/// Answers a request that has been carried out as it was answered then.
async fn again(
    asked: &Asked,
    tournament: &Arc<Tournament>,
    times: u32,
) -> Result<Response, Problem> {
    let last = times.saturating_sub(1);
    let said = tournament.reached(times, Stage::Resettling).ok_or_else(missing)?;
    let before = asked.service.rows_before(asked.operator.number, tournament, times).await?;
    let (operator, number) = (asked.operator.number, tournament.number);
    let key = RemarksKey { operator, tournament: number, settlement: last };
    let late = remarks::Asked(key).ask(&asked.service).await?;
    let results = results(asked, tournament, &said.terms, &before).await?;
    let shape = shape(&said.terms, &late, &before, &results);
    Ok(respond_to_change(StatusCode::OK, &shape, asked.is_dry))
}

async fn results(
    asked: &Asked,
    tournament: &Arc<Tournament>,
    terms: &TournamentTerms,
    before: &[PlaceRow],
) -> Result<Results, Problem> {
    let operator = asked.operator.number;
    let service = &asked.service;
    let results = service.results_by_now(operator, tournament, terms, before).await?;
    results.ok_or_else(not_yet)
}

fn shape(
    terms: &TournamentTerms,
    late: &Late,
    before: &[PlaceRow],
    results: &Results,
) -> ResettlementShape {
    let mut gone: BTreeMap<u32, &PlaceRow> = before.iter().map(|row| (row.place, row)).collect();
    let (mut more, mut less, mut changed) = (Points::ZERO, Points::ZERO, 0_u32);
    let mut items = Vec::new();
    let mut put = |moved: MovedShape| {
        changed += 1;
        if items.len() < TOLD_MAX {
            items.push(moved);
        }
    };
    // Nobody was paid by a shadow: it is held against what would have been.
    let had = |row: &PlaceRow| if terms.is_shadow() { row.points() } else { row.paid() };
    for line in &results.lines {
        let row = gone.remove(&line.before);
        let paid = row.map_or(Points::ZERO, had);
        let is_refused = row.is_some_and(PlaceRow::is_refused);
        let wins = if is_refused { Points::ZERO } else { line.points };
        let difference = wins.minus(paid).unwrap_or_default();
        let side = if difference > Points::ZERO { &mut more } else { &mut less };
        let by = difference.max(difference.negated());
        *side = side.plus(by).unwrap_or(Points::MAX);
        let ResultLine { place, position, points, thing, .. } = *line;
        let place = Some(place).filter(|_| position > 0);
        let was = |row: &PlaceRow| (place_of(row), row.position, row.points(), row.thing);
        if row.map(was) != Some((place, position, points, thing)) {
            put(moved(&line.player, row, place, points));
        }
    }
    // Who was paid is not among these.
    for row in gone.into_values() {
        less = less.plus(had(row)).unwrap_or(Points::MAX);
        put(moved(&row.player, Some(row), None, Points::ZERO));
    }
    ResettlementShape {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        version: terms.settlement() + 1,
        take_back: terms.again.as_ref().is_some_and(|again| again.takes_back),
        late_wagers: late.wagers,
        late_voids: late.voids,
        late_game_events: late.game_events,
        players: results.terms.players,
        changed,
        more: Exact(more),
        less: Exact(less),
        items,
    }
}

/// The place of one who has any.
fn place_of(row: &PlaceRow) -> Option<u32> {
    Some(row.place).filter(|_| row.position > 0)
}

fn moved(
    player: &str,
    before: Option<&PlaceRow>,
    place: Option<u32>,
    points: Points,
) -> MovedShape {
    MovedShape {
        player_id: player.to_owned(),
        place_before: before.and_then(place_of),
        place,
        paid: Exact(before.map_or(Points::ZERO, PlaceRow::paid)),
        points: Exact(points),
    }
}
