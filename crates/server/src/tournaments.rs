//! An operator's tournaments: what they are, and how far they have come.

mod form;
pub(crate) mod opt_ins;
mod prizes;
pub(crate) mod resettling;
pub(crate) mod results;
mod series;
pub(crate) mod templates;
mod wanted;

use std::sync::Arc;

use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::tournaments::{FROM_BEHAVIOUR, Tournament, Tournaments};
use accolade_wire::control::Control;
use accolade_wire::timestamp;
use accolade_wire::tournament::{Cadence, Fill, Mode, Stage, TiesBy, TournamentTerms};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use self::form::FormShape;
use self::prizes::PrizeShape;
pub(crate) use self::prizes::ThingShape;
use self::series::{NextShape, RecursShape};
pub(crate) use self::wanted::{Ending, Scheduling, Wanted, over, takes_place_once};
use crate::asked::Asked;
use crate::call::Call;
use crate::cursor::Cursors;
use crate::description::schemas::one_of;
use crate::dry_run::respond_to_change;
use crate::fields::{check_id, malformed, read_why};
use crate::filling::Progress;
use crate::principal::{Known, Principal};
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::{Service, now};
use crate::shapes::{Exact, Page, Time, respond};

/// How often a change is tried while others change the same tournament.
const TRIES: usize = 5;
/// What stands where an id would: routes of their own.
const ROUTES: &[&str] = &["validate", "dry-run", "widget.js"];
/// Without a time, a tournament that is ended early goes on for so long: every partition hears of it before.
const ENDS_IN_MICROS: i64 = 5_000_000;

/// A tournament.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Tournament)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub(crate) struct TournamentShape {
    tournament_id: String,
    operator_id: String,
    /// A `shadow` is computed beside another system's tournament: staff alone see it, and nothing of it is paid.
    #[schema(schema_with = modes)]
    mode: &'static str,
    name: String,
    description: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// How far it is with what was played before it was scheduled; nothing unless its state is `filling`, in lists, and for
    /// players.
    #[schema(required)]
    filling: Option<FillingShape>,
    /// Which events count, and how, written out in full.
    query: String,
    /// The form that writes just this query; nothing where none does, and for players.
    #[schema(required)]
    form: Option<FormShape>,
    /// Nothing for a series.
    #[schema(required)]
    starts: Option<Time>,
    /// Likewise.
    #[schema(required)]
    ends: Option<Time>,
    timezone: String,
    /// When it takes place again, which makes it a series: nothing counts in it, and each occurrence is a tournament.
    #[schema(required)]
    recurs: Option<RecursShape>,
    /// The next occurrences of a series.
    next: Vec<NextShape>,
    /// The series of which it is an occurrence.
    #[schema(required)]
    series: Option<String>,
    grace_seconds: u32,
    /// The most that one event counts.
    #[schema(required, value_type = Option<f64>)]
    cap: Option<Exact<Score>>,
    /// The most that a player's events of one hour count together, as clocks of the zone show it.
    #[schema(required, value_type = Option<f64>)]
    cap_per_hour: Option<Exact<Score>>,
    /// The most that a player's events of one day of the zone count together.
    #[schema(required, value_type = Option<f64>)]
    cap_per_day: Option<Exact<Score>>,
    #[schema(schema_with = ties)]
    ties: &'static str,
    events_min: u32,
    public_positions: u32,
    masked: bool,
    #[schema(schema_with = cadences)]
    cadence: &'static str,
    /// What there is to win; of several that are for a place it is the first.
    prizes: Vec<PrizeShape>,
    /// A person has to approve of the results before anything is paid.
    approval: bool,
    public: bool,
    /// Only events of players count who have opted in before.
    opt_in: bool,
    /// So many players can take part; as many as want to where this is nothing.
    #[schema(required)]
    participants_max: Option<u32>,
    /// Who changed it last; nothing for players.
    #[schema(required)]
    changed_by: Option<String>,
    /// Why; nothing where nobody said so, and for players.
    #[schema(required)]
    why: Option<String>,
    changed_at: Time,
}

/// How far a tournament is with what was played before it was scheduled.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TournamentFilling)]
pub(crate) struct FillingShape {
    /// Batches of the log that were read; each is read twice.
    batches: u64,
    /// Of so many, as far as that is known.
    batches_expected: u64,
    /// Why it does not go on, as long as it is tried again, or cannot go on any more.
    #[schema(required)]
    why: Option<String>,
}

impl From<Progress> for FillingShape {
    fn from(Progress { batches, expected: batches_expected, why, .. }: Progress) -> Self {
        Self { batches, batches_expected, why }
    }
}

pub(crate) const STATES: [&str; 8] =
    ["draft", "recurring", "scheduled", "filling", "live", "settling", "final", "cancelled"];

pub(crate) fn states() -> Schema {
    one_of(STATES)
}

pub(crate) fn ties() -> Schema {
    one_of(TiesBy::NAMES)
}

pub(crate) fn modes() -> Schema {
    one_of(Mode::NAMES)
}

fn cadences() -> Schema {
    one_of(Cadence::NAMES)
}

/// How far a tournament has come.
pub(crate) fn state_of(terms: &TournamentTerms, now: Timestamp) -> &'static str {
    match terms.stage {
        Stage::Draft => "draft",
        Stage::Cancelled => "cancelled",
        Stage::Scheduled if terms.recurs.is_some() => "recurring",
        Stage::Scheduled if terms.is_filling() => "filling",
        Stage::Scheduled if now.micros() < terms.starts => "scheduled",
        Stage::Scheduled if now.micros() < terms.ends => "live",
        Stage::Scheduled | Stage::Resettling => "settling",
        Stage::Settled | Stage::Approved | Stage::Paid => "final",
    }
}

/// The same for whoever sees its leaderboard: one on which no position changes any more is final, though its results may yet have
/// to be fixed.
pub(crate) fn state_of_board(
    terms: &TournamentTerms,
    now: Timestamp,
    is_final: bool,
) -> &'static str {
    match state_of(terms, now) {
        "settling" if is_final => "final",
        state => state,
    }
}

impl TournamentShape {
    fn of(tournaments: &Tournaments, tournament: &Tournament, is_for_player: bool) -> Self {
        let (terms, now) = (tournament.terms(), now());
        let TournamentTerms { operator, id, name, description, query, .. } = (**terms).clone();
        let TournamentTerms { timezone, why, who, .. } = (**terms).clone();
        let time =
            |micros| Some(Time(Timestamp::from_micros(micros))).filter(|_| terms.recurs.is_none());
        let form = (!is_for_player).then(|| FormShape::of(&tournament.decides().query));
        let series = terms.series.and_then(|of| tournaments.numbered(of.number));
        let score = |units: Option<i128>| units.map(|units| Exact(Score(units)));
        Self {
            tournament_id: id,
            operator_id: operator,
            mode: terms.mode.name(),
            name,
            description,
            state: state_of(terms, now),
            filling: None,
            query,
            form: form.flatten(),
            starts: time(terms.starts),
            ends: time(terms.ends),
            timezone,
            recurs: terms.recurs.as_ref().map(RecursShape::from),
            next: series::next(tournaments, tournament.number, terms, now),
            series: series.map(|series| series.terms().id.clone()),
            grace_seconds: terms.grace_seconds,
            cap: score(terms.cap),
            cap_per_hour: score(terms.cap_per_hour),
            cap_per_day: score(terms.cap_per_day),
            ties: terms.ties.name(),
            events_min: terms.events_min,
            public_positions: terms.public_positions,
            masked: terms.masked,
            cadence: terms.cadence.name(),
            prizes: terms.prizes.iter().map(PrizeShape::from).collect(),
            approval: terms.approval,
            public: terms.public,
            opt_in: terms.opt_in,
            participants_max: terms.participants_max,
            changed_by: Some(who).filter(|_| !is_for_player),
            why: Some(why).filter(|why| !is_for_player && !why.is_empty()),
            changed_at: Time(tournament.changed().time),
        }
    }
}

/// Whether somebody is told that a tournament is there: players hear of what was announced.
pub(crate) fn is_seen(tournament: &Tournament, principal: &Principal) -> bool {
    principal.player.is_none() || is_announced(tournament)
}

/// Whether players are told that it is there.
pub(crate) fn is_announced(tournament: &Tournament) -> bool {
    tournament.is_scheduled() && !tournament.is_series() && !tournament.is_shadow()
}

impl Call {
    /// The tournament that the request names, where whoever asks may see it and events count in it.
    pub(crate) fn tournament_with_scores(&self) -> Result<Arc<Tournament>, Problem> {
        let tournament = self.service.tournament(&self.operator(), &self.name())?;
        if !is_seen(&tournament, &self.principal) {
            return Err(missing());
        }
        if tournament.is_series() {
            let detail = "a series has no leaderboard: each of its occurrences has one";
            return Err(Problem::new(Refusal::NotFound, detail));
        }
        if tournament.is_filling() {
            let detail = "what was played before the tournament was scheduled is not counted yet: \
                          ask again once it is live";
            return Err(Problem::new(Refusal::TournamentFilling, detail));
        }
        Ok(tournament)
    }
}

/// All tournaments, the newest first.
pub(crate) async fn list(call: Call) -> Result<Response, Problem> {
    let (limit, cursors) = (call.parameters.limit()?, Cursors::of(&call));
    let state = call.parameters.choice("state", None, &STATES.map(|state| (state, Some(state))))?;
    let before = cursors.after()?.map(|[number]| number);
    let operator = call.service.operator(&call.operator())?;
    let (now, is_for_player) = (now(), call.principal.player.is_some());
    let tournaments = &operator.tournaments;
    let series = call.parameters.text("series");
    let of_series = series.map(|id| tournaments.get(id).filter(|it| it.is_series()));
    let all: Box<dyn Iterator<Item = &Arc<Tournament>>> = match of_series {
        None => Box::new(tournaments.all().rev()),
        Some(None) => Box::new(std::iter::empty()),
        Some(Some(series)) => Box::new(tournaments.occurrences(series.number).rev()),
    };
    let mut older = all.filter(|tournament| {
        before.is_none_or(|before| u64::from(tournament.number) < before)
            && is_seen(tournament, &call.principal)
            && state.is_none_or(|state| state == state_of(tournament.terms(), now))
    });
    let page: Vec<_> = older.by_ref().take(limit).collect();
    let last = page.last().filter(|_| older.next().is_some());
    let next_cursor = last.map(|tournament| cursors.at([tournament.number.into()]));
    let items = page.into_iter();
    let items = items.map(|it| TournamentShape::of(tournaments, it, is_for_player));
    Ok(respond(StatusCode::OK, &Page { items: items.collect(), next_cursor }))
}

/// One tournament.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let operator = call.service.operator(&call.operator())?;
    let tournament = operator.tournaments.get(&call.name()).ok_or_else(missing)?;
    if !is_seen(tournament, &call.principal) {
        return Err(missing());
    }
    let is_for_player = call.principal.player.is_some();
    let mut shape = TournamentShape::of(&operator.tournaments, tournament, is_for_player);
    if !is_for_player {
        shape.filling = call.service.filling_of(operator.number, tournament).await.map(Into::into);
    }
    Ok(respond(StatusCode::OK, &shape))
}

/// What would be of a definition: it is checked, and nothing is kept.
pub(crate) async fn validate(call: Call) -> Result<Response, Problem> {
    let operator = call.operator();
    let Call { service, parts, body, principal, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    drop(held);
    let wanted = Wanted::read(&body)?.filled()?;
    let id = wanted.id.clone().unwrap_or_default();
    let terms = wanted.terms(&operator.id, id, &principal.subject)?;
    let known = service.operator(&operator)?;
    let shape = Validated {
        state: "valid",
        form: FormShape::of_statement(&terms.query),
        next: series::next(&known.tournaments, 0, &terms, now()),
        query: terms.query,
    };
    Ok(respond(StatusCode::OK, &shape))
}

/// A definition that could be published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ValidatedTournament)]
pub(crate) struct Validated {
    #[schema(schema_with = valid)]
    state: &'static str,
    /// The statement, written out in full.
    query: String,
    /// The form that writes just this query; nothing where none does.
    #[schema(required)]
    form: Option<FormShape>,
    /// The first occurrences of what recurs.
    next: Vec<NextShape>,
}

fn valid() -> Schema {
    one_of(["valid"])
}

/// Makes a tournament, as a draft.
pub(crate) async fn add(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let wanted = Wanted::read(asked.body())?.filled()?;
    wanted.id.as_deref().map_or(Ok(()), |id| check_id(id, wanted.id_bytes_max(), ROUTES))?;
    let (operator, who) = (asked.operator.id.to_string(), asked.subject.to_string());
    // Whatever is wrong with it is said before its idempotency key stands for it.
    wanted.clone().terms(&operator, String::new(), &who)?;
    asked.service.needs_behaviour(FROM_BEHAVIOUR, "tournaments")?;
    let claimed = asked.claim().await?;
    let fresh = || claimed.clone().unwrap_or_else(|| uuid::Uuid::now_v7().simple().to_string());
    let id = wanted.id.clone().unwrap_or_else(|| format!("tournament-{}", fresh()));
    let terms = wanted.terms(&operator, id.clone(), &who)?;
    let known = asked.find_tournament(&id)?;
    if let Some(tournament) = known.as_ref().filter(|known| !known.is_cancelled()) {
        return asked.tournament_made_before(tournament, &terms, claimed.is_some());
    }
    let before = known.map_or(0, |known| known.number);
    let control = Control::Tournament(terms.clone());
    if asked.is_dry {
        let tournament = asked.tournament_would(&control, &id).await?;
        return asked.answer_tournament(StatusCode::OK, &tournament);
    }
    let is_it = |tournament: &Tournament| tournament.number > before;
    match asked.service.control(&control).await {
        Ok(made) => made.ok_or_else(not_yet).map(drop)?,
        // The same request at the same time, or at a node that is ahead of this one.
        Err(problem) if problem.refusal == Refusal::Stale => {
            let tournament = asked.tournament_once(&id, is_it).await?;
            return asked.tournament_made_before(&tournament, &terms, claimed.is_some());
        }
        Err(problem) => return Err(problem),
    }
    let tournament = asked.tournament_once(&id, is_it).await?;
    asked.answer_tournament(StatusCode::CREATED, &tournament)
}

/// Changes what a request names of a tournament.
pub(crate) async fn change(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let wanted = Wanted::read(asked.body())?;
    if wanted.id.as_ref().is_some_and(|id| *id != asked.name) {
        return Err(malformed("/id", "an id is never changed"));
    }
    asked.change_tournament(|terms| wanted.clone().change(terms)).await
}

/// Lets a draft begin when it is time, or has it filled where that was before.
pub(crate) async fn schedule(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let why = Scheduling::read(asked.body())?.why.unwrap_or_default();
    let window_micros = asked.service.host.rules().settings.window_micros();
    asked
        .change_tournament(|terms| {
            let has_begun = terms.recurs.is_none() && terms.starts <= now().micros();
            if terms.stage == Stage::Draft && has_begun {
                may_be_filled(terms, window_micros)?;
                terms.fill = Some(Fill::Reading);
            }
            (terms.stage, terms.why) = (Stage::Scheduled, why.clone());
            Ok(())
        })
        .await
}

/// Refuses what has begun and cannot be filled any more.
fn may_be_filled(terms: &TournamentTerms, window_micros: i64) -> Result<(), Problem> {
    let now = now();
    if terms.ends <= now.micros() {
        let detail = "expected a time that is yet to come: `POST /tournaments/{tournamentId}/dry-run` says what a tournament of the past would have come to";
        return Err(malformed("/ends", detail));
    }
    if terms.opt_in {
        let detail = "expected a time that is yet to come: nobody could have opted in before";
        return Err(malformed("/starts", detail));
    }
    let since = now.plus_micros(-window_micros);
    if terms.starts < since.micros() {
        let since = timestamp::write(since);
        return Err(malformed(
            "/starts",
            format!("expected {since} or later: the log has what was played since then"),
        ));
    }
    Ok(())
}

/// Ends a tournament before its time.
pub(crate) async fn end(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let Ending { at, why } = Ending::read(asked.body())?;
    let at = at.unwrap_or_else(|| now().plus_micros(ENDS_IN_MICROS));
    asked
        .change_tournament(|terms| {
            if state_of(terms, now()) != "live" {
                let detail = "only a tournament that is live can be ended";
                return Err(Problem::new(Refusal::TournamentNotLive, detail));
            }
            // Whoever repeats it finds it ended already, or about to.
            terms.ends = terms.ends.min(at.micros());
            terms.why.clone_from(&why);
            Ok(())
        })
        .await
}

/// Ends a tournament for good, whatever it has come to.
pub(crate) async fn cancel(call: Call) -> Result<Response, Problem> {
    let asked = Asked::read(call).await?;
    let why = read_why(asked.body())?;
    asked
        .change_tournament(|terms| {
            (terms.stage, terms.why) = (Stage::Cancelled, why.clone());
            Ok(())
        })
        .await
}

pub(crate) fn missing() -> Problem {
    Problem::not_found("tournament")
}

impl Service {
    /// The newest tournament of an id.
    pub(crate) fn tournament(
        &self,
        operator: &Known,
        id: &str,
    ) -> Result<Arc<Tournament>, Problem> {
        self.operator(operator)?.tournaments.get(id).cloned().ok_or_else(missing)
    }
}

impl Asked {
    pub(crate) fn find_tournament(&self, id: &str) -> Result<Option<Arc<Tournament>>, Problem> {
        Ok(self.service.operator(&self.operator)?.tournaments.get(id).cloned())
    }

    /// The tournament, once this node knows what is asked of it.
    pub(crate) async fn tournament_once(
        &self,
        id: &str,
        is_it: impl Fn(&Tournament) -> bool,
    ) -> Result<Arc<Tournament>, Problem> {
        let look = || self.find_tournament(id).ok().flatten().filter(|found| is_it(found));
        self.service.once(look).await
    }

    async fn tournament_would(
        &self,
        control: &Control,
        id: &str,
    ) -> Result<Arc<Tournament>, Problem> {
        let (rules, _) = self.service.rules_would(control).await?;
        let operator = rules.operator(&self.operator.id);
        let tournament = operator.and_then(|operator| operator.tournaments.get(id)).cloned();
        tournament.ok_or_else(not_yet)
    }

    /// Says the tournament again with a change.
    pub(crate) async fn change_tournament(
        self,
        change: impl Fn(&mut TournamentTerms) -> Result<(), Problem>,
    ) -> Result<Response, Problem> {
        let tournament = self.find_tournament(&self.name)?.ok_or_else(missing)?;
        change(&mut (**tournament.terms()).clone())?;
        self.service.needs_behaviour(FROM_BEHAVIOUR, "tournaments")?;
        self.claim().await?;
        for _ in 0..TRIES {
            let tournament = self.find_tournament(&self.name)?.ok_or_else(missing)?;
            let mut terms = (**tournament.terms()).clone();
            change(&mut terms)?;
            if is_same(&terms, tournament.terms()) {
                return self.answer_tournament(StatusCode::OK, &tournament);
            }
            terms.edited_from = tournament.edited_from();
            terms.who = self.subject.to_string();
            let control = Control::Tournament(terms);
            if self.is_dry {
                let tournament = self.tournament_would(&control, &self.name).await?;
                return self.answer_tournament(StatusCode::OK, &tournament);
            }
            let is_later = |later: &Tournament| {
                later.number > tournament.number || later.edited_from() > tournament.edited_from()
            };
            match self.service.control(&control).await {
                Ok(made) => {
                    made.ok_or_else(not_yet)?;
                    let tournament = self.tournament_once(&self.name, is_later).await?;
                    return self.answer_tournament(StatusCode::OK, &tournament);
                }
                Err(problem) if problem.refusal == Refusal::Stale => {
                    self.tournament_once(&self.name, is_later).await?;
                }
                Err(problem) => return Err(problem),
            }
        }
        Err(Problem::new(
            Refusal::Busy,
            "others change the same tournament all the time: ask again",
        ))
    }

    /// The tournament that the same request has made, if it was that.
    fn tournament_made_before(
        &self,
        tournament: &Tournament,
        terms: &TournamentTerms,
        is_claimed: bool,
    ) -> Result<Response, Problem> {
        if !is_claimed || *tournament.said()[0].terms != *terms {
            let detail = "the operator has a tournament of this id already";
            return Err(Problem::new(Refusal::TournamentExists, detail));
        }
        self.answer_tournament(self.made_status(), tournament)
    }

    fn answer_tournament(
        &self,
        status: StatusCode,
        tournament: &Tournament,
    ) -> Result<Response, Problem> {
        let operator = self.service.operator(&self.operator)?;
        let shape = TournamentShape::of(&operator.tournaments, tournament, false);
        Ok(respond_to_change(status, &shape, self.is_dry))
    }
}

/// Whether nothing but who says it, and why, is another.
fn is_same(a: &TournamentTerms, b: &TournamentTerms) -> bool {
    let (who, why, edited_from) = (b.who.clone(), b.why.clone(), b.edited_from);
    TournamentTerms { who, why, edited_from, ..a.clone() } == *b
}
