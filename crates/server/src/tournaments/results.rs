//! The results of a tournament: who came to which position, what was won, and what has become of that.

use accolade_domain::amount::Points;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_domain::tournament::prizes::{PLACES_MAX, PrizeState};
use accolade_engine::rules::tournaments::{SETTLED_AGAIN_MAX, Tournament};
use accolade_engine::tables::remarks::{LateKind, RemarksKey};
use accolade_wire::control::{Becomes, Command};
use accolade_wire::tournament::{ResultsTerms, Stage, TournamentTerms};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use super::prizes::{PrizeShape, ThingShape};
use super::{is_seen, missing, modes, states, ties};
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
use crate::settlement::remarks::{self, Late, LateRow};
use crate::settlement::rows::{Asked as Rows, PlaceRow};
use crate::shapes::{Exact, ExactPoints, Time, respond};

/// Greatest number of a version of results.
pub(crate) const VERSION_MAX: u64 = SETTLED_AGAIN_MAX as u64 + 1;

/// What a tournament came to.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentResults)]
pub(crate) struct ResultsShape {
    tournament_id: String,
    operator_id: String,
    /// Of a `shadow` places say what they would have won, and nothing of it is paid: each is `none`.
    #[schema(schema_with = modes)]
    mode: &'static str,
    name: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// Of which settlement these results are: 1 for the first.
    version: u32,
    /// How often the tournament was settled.
    versions: u32,
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
    /// How many players come behind those places who won something in a settlement before, or were refused by a person, and
    /// have none of them any more.
    former: u32,
    /// The points that were won; of a `shadow`, that would have been.
    #[schema(value_type = f64)]
    points: ExactPoints,
    /// How many things were; likewise.
    things: u32,
    /// When positions were fixed.
    settled_at: Time,
    /// Who asked to settle it again, and why; nothing for the first settlement, and for players.
    #[schema(required)]
    resettled_by: Option<String>,
    #[schema(required)]
    resettled_why: Option<String>,
    /// What players were paid before and do not win any more was taken back, as far as they still had it.
    take_back: bool,
    /// Whether a person has to approve before anything is paid.
    approval: bool,
    /// Who did; nothing before, and for players.
    #[schema(required)]
    approved_by: Option<String>,
    #[schema(required)]
    approved_at: Option<Time>,
    /// When every prize had come to its player's account, or to whoever hands it out; never of a `shadow`.
    #[schema(required)]
    paid_at: Option<Time>,
    /// SHA-256 of all places, in hexadecimal; from the second settlement on, of the hash before it as well.
    hash: String,
    /// The hash of the settlement before.
    #[schema(required)]
    previous_hash: Option<String>,
    /// What came late, after this settlement: it changes nothing here. Nothing for players.
    #[schema(required)]
    remarks: Option<RemarksShape>,
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
    /// From 1; the same for players who share it. Nothing for a player who has no place any more.
    #[schema(required)]
    position: Option<u64>,
    player_id: String,
    #[schema(value_type = f64)]
    score: Exact<Score>,
    events: u64,
    /// The points that are won.
    #[schema(value_type = f64)]
    points: ExactPoints,
    /// The points that the player was paid for it, those of settlements before included.
    #[schema(value_type = f64)]
    paid: ExactPoints,
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

/// What came late: after the grace, or once the tournament was settled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentRemarks)]
pub(crate) struct RemarksShape {
    /// How many wagers, of those that would have counted.
    wagers: u64,
    /// How many voids, of wagers that counted.
    voids: u64,
    /// How many game events, of those that would have counted.
    game_events: u64,
    /// Some of them: of each partition the first twenty, at most a hundred, by the time at which they came.
    items: Vec<RemarkShape>,
}

/// An event that came late.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentRemark)]
struct RemarkShape {
    #[schema(schema_with = late_kinds)]
    kind: &'static str,
    /// The id of the event; of a void, that of its wager.
    id: String,
    player_id: String,
    /// By how much the player's score would be more.
    #[schema(value_type = f64)]
    delta: Exact<Score>,
    /// What it would be then, with what came late before.
    #[schema(value_type = f64)]
    score: Exact<Score>,
    /// When it happened.
    timestamp: Time,
    /// When it came.
    came_at: Time,
    place: crate::shapes::PlaceShape,
}

/// In the order of [`LateKind::ALL`].
const LATE_KINDS: [&str; LateKind::ALL.len()] = ["wager", "void", "game_event"];

fn late_kinds() -> Schema {
    one_of(LATE_KINDS)
}

impl From<Late> for RemarksShape {
    fn from(late: Late) -> Self {
        let remark = |row: LateRow| RemarkShape {
            kind: LATE_KINDS.get(usize::from(row.kind)).copied().unwrap_or("wager"),
            delta: Exact(row.delta()),
            score: Exact(row.score()),
            timestamp: Time(row.at()),
            came_at: Time(row.came_at()),
            place: row.place().into(),
            id: row.id,
            player_id: row.player,
        };
        let Late { wagers, voids, game_events, first } = late;
        Self { wagers, voids, game_events, items: first.into_iter().map(remark).collect() }
    }
}

fn prize_states() -> Schema {
    one_of(PrizeState::ALL.map(PrizeState::code))
}

impl PlaceShape {
    fn of(row: PlaceRow, terms: &TournamentTerms, is_for_player: bool) -> Self {
        let said = |text: &str| Some(text.to_owned()).filter(|it| !it.is_empty() && !is_for_player);
        Self {
            place: row.place,
            position: Some(row.position).filter(|position| *position > 0),
            score: Exact(row.score()),
            events: row.events,
            points: Exact(row.points()),
            paid: Exact(row.paid()),
            thing: row.thing.and_then(|thing| terms.thing(thing)).map(ThingShape::from),
            state: row.state().code(),
            changed_at: Time(row.at()),
            why: said(&row.why),
            changed_by: said(&row.who),
            player_id: row.player,
        }
    }
}

/// When a settlement came so far, and who said so.
fn reached(
    tournament: &Tournament,
    settlement: u32,
    stage: Stage,
) -> Option<(Timestamp, &TournamentTerms)> {
    let said = tournament.reached(settlement, stage)?;
    Some((said.since.time, &*said.terms))
}

/// How often a tournament was settled, the last time included only once that is done.
pub(super) fn settled_times(tournament: &Tournament) -> u32 {
    match tournament.terms().stage {
        Stage::Settled | Stage::Approved | Stage::Paid => tournament.settlement() + 1,
        Stage::Resettling => tournament.settlement(),
        Stage::Draft | Stage::Scheduled | Stage::Cancelled => 0,
    }
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
    let versions = settled_times(&tournament);
    let newest = versions.checked_sub(1).ok_or_else(|| not_settled(terms))?;
    let version = call.parameters.number("version", 1, VERSION_MAX)?;
    let settlement = version.map_or(newest, |version| u32::try_from(version - 1).unwrap_or(newest));
    let settled = tournament.settled(settlement).filter(|_| settlement <= newest);
    let results = settled.and_then(|said| said.terms.results.as_ref());
    let results = results.ok_or_else(|| Problem::not_found("version of the results"))?;
    let (number, count) = (tournament.number, limit + 1);
    let asked = Rows { operator: operator.number, tournament: number, settlement, after, count };
    let mut rows = asked.ask(&call.service).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next_cursor = last.map(|row| cursors.at([row.place.into()]));
    let own = call.principal.player.as_deref();
    if let Some(own) = own {
        let public = u64::from(terms.public_positions);
        let is_public = |row: &PlaceRow| (1..=public).contains(&row.position);
        // Nobody learns from a place that another player is excluded.
        rows.retain(|row| is_public(row) && !row.is_hidden || row.player == *own);
        for row in rows.iter_mut().filter(|row| terms.masked && row.player != *own) {
            row.player = masked(&row.player);
        }
    }
    let is_for_player = own.is_some();
    let remarks = if is_for_player {
        None
    } else {
        let key = RemarksKey { operator: operator.number, tournament: number, settlement };
        Some(remarks::Asked(key).ask(&call.service).await?.into())
    };
    let items = rows.into_iter().map(|row| PlaceShape::of(row, terms, is_for_player)).collect();
    let shape = shape(&tournament, settlement, results, is_for_player, items);
    Ok(respond(StatusCode::OK, &ResultsShape { remarks, next_cursor, ..shape }))
}

fn shape(
    tournament: &Tournament,
    settlement: u32,
    results: &ResultsTerms,
    is_for_player: bool,
    items: Vec<PlaceShape>,
) -> ResultsShape {
    let terms = &**tournament.terms();
    let time = |micros| Time(Timestamp::from_micros(micros));
    let at = |stage| reached(tournament, settlement, stage);
    let approved = at(Stage::Approved);
    let settled = at(Stage::Settled).expect("what has results was settled");
    let again = at(Stage::Resettling).map(|(_, terms)| terms);
    let asked = again.filter(|_| !is_for_player);
    let last = settlement.checked_sub(1).and_then(|last| tournament.settled(last));
    let last = last.and_then(|said| said.terms.results.as_ref());
    ResultsShape {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        mode: terms.mode.name(),
        name: terms.name.clone(),
        state: super::state_of(terms, now()),
        version: settlement + 1,
        versions: settled_times(tournament),
        query: terms.query.clone(),
        starts: time(terms.starts),
        ends: time(terms.ends),
        ties: terms.ties.name(),
        prizes: terms.prizes.iter().map(PrizeShape::from).collect(),
        players: results.players,
        places: results.lines,
        former: results.former,
        points: Exact(Points::from_hundredths(results.points).unwrap_or_default()),
        things: results.things,
        settled_at: Time(settled.0),
        resettled_by: asked.map(|terms| terms.who.clone()),
        resettled_why: asked.map(|terms| terms.why.clone()),
        take_back: again.and_then(|it| it.again.as_ref()).is_some_and(|again| again.takes_back),
        approval: terms.approval,
        approved_at: approved.as_ref().map(|(at, _)| Time(*at)),
        approved_by: approved.map(|(_, terms)| terms.who.clone()).filter(|_| !is_for_player),
        paid_at: at(Stage::Paid).filter(|_| !terms.is_shadow()).map(|(at, _)| Time(at)),
        hash: results.hash.clone(),
        previous_hash: last.map(|results| results.hash.clone()),
        remarks: None,
        items,
        next_cursor: None,
    }
}

pub(super) fn not_settled(terms: &TournamentTerms) -> Problem {
    let state = super::state_of(terms, now());
    let detail =
        format!("the tournament is {state}: its results are fixed some time after its end");
    Problem::new(Refusal::TournamentNotSettled, detail)
}

/// That the prizes of a tournament may be paid, and why.
#[derive(Debug, Clone, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TournamentApproval, example = json!({ "why": "all is well" }))]
pub(crate) struct Approving {
    /// Which version of the results is approved of; the first without.
    #[schema(minimum = 1, maximum = 101)]
    version: Option<u32>,
    #[schema(min_length = 1, max_length = 1024)]
    why: Option<String>,
}

impl Approving {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [version, why] = fields_of(body, &["version", "why"])?;
        let number = version.whole(1..=i64::from(SETTLED_AGAIN_MAX) + 1)?;
        let version = number.and_then(|number| u32::try_from(number).ok());
        Ok(Self { version, why: if why.is_said() { Some(why.why()?) } else { None } })
    }

    /// Refuses what is not for the newest results: somebody may have had the tournament settled again since.
    fn is_for(&self, terms: &TournamentTerms) -> Result<(), Problem> {
        let (version, newest) = (self.version.unwrap_or(1), terms.settlement() + 1);
        if version == newest {
            return Ok(());
        }
        let detail = format!(
            "the newest version of the results is {newest}, and not {version}: say which `version` you approve of"
        );
        Err(Problem::new(Refusal::PrizeClosed, detail))
    }
}

/// Lets what was won be paid.
pub(crate) async fn approve(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let approving = Approving::read(asked.body())?;
    asked
        .change_tournament(|terms| match terms.stage {
            Stage::Settled | Stage::Approved | Stage::Paid if terms.is_shadow() => {
                let detail = "nothing of this tournament is paid: its `mode` is `shadow`";
                Err(Problem::new(Refusal::PrizeClosed, detail))
            }
            Stage::Settled if terms.approval => {
                approving.is_for(terms)?;
                terms.stage = Stage::Approved;
                terms.why = approving.why.clone().unwrap_or_default();
                Ok(())
            }
            // Whoever repeats it finds it approved, or paid already.
            Stage::Approved | Stage::Paid if terms.approval => approving.is_for(terms),
            Stage::Settled | Stage::Approved | Stage::Paid => {
                let detail = "the prizes of this tournament are paid without anybody's approval";
                Err(Problem::new(Refusal::PrizeClosed, detail))
            }
            Stage::Resettling if terms.approval => {
                approving.is_for(terms).and_then(|()| Err(not_settled(terms)))
            }
            Stage::Draft | Stage::Scheduled | Stage::Cancelled | Stage::Resettling => {
                Err(not_settled(terms))
            }
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
        if !tournament.is_settled() || tournament.terms().stage == Stage::Resettling {
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
