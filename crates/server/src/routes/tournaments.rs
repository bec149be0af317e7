//! Tournaments and their leaderboards.

use axum::http::Method;

use super::{
    Answer, Area, Audience, By, CURSOR, Content, Effect, Form, Header, LIMIT, Parameter, Route,
    Takes,
};
use crate::description::bodies::{TryPeriod, TryTournament, Why};
use crate::description::schemas::of;
use crate::leaderboards::comparison::{self, Comparing, ComparisonShape};
use crate::leaderboards::live::{self, TOP_MAX};
use crate::leaderboards::{self, FROM_MAX, LeaderboardShape, RADIUS_MAX};
use crate::parameters::LIMIT_MAX;
use crate::problem::Refusal;
use crate::roles::Scope;
use crate::shapes::Page;
use crate::simulation::tournament as dry_run;
use crate::simulation::tournament::shapes::{DryRunResult, DryRunShape};
use crate::tournaments::opt_ins::{self, OptInChange, OptInShape, SeatsShape};
use crate::tournaments::resettling::{self, ResettlementShape, Resettling};
use crate::tournaments::results::{
    self, Approving, ChangedShape, PrizeChange, ResultsShape, VERSION_MAX,
};
use crate::tournaments::templates::{self, TemplatesShape};
use crate::tournaments::{self, Ending, STATES, Scheduling, TournamentShape, Validated, Wanted};

/// What changing a tournament may be refused for.
const CHANGE: &[Refusal] = &[
    Refusal::TournamentBegan,
    Refusal::TournamentOver,
    Refusal::TournamentPast,
    Refusal::OptInFixed,
    Refusal::TooManyTournaments,
    Refusal::BehaviourEarlier,
];

pub(super) const TOP: Parameter = Parameter {
    name: "top",
    form: Form::Number { min: 1, max: LIMIT_MAX as u64 },
    what: "So many positions; 10 without.",
};
pub(super) const FROM: Parameter = Parameter {
    name: "from",
    form: Form::Number { min: 1, max: FROM_MAX },
    what: "From this position on.",
};
pub(super) const AROUND: Parameter =
    Parameter { name: "around", form: Form::Text, what: "This player, and who is near." };
pub(super) const RADIUS: Parameter = Parameter {
    name: "radius",
    form: Form::Number { min: 0, max: RADIUS_MAX },
    what: "So many before and behind; 5 without.",
};
pub(super) const PLAYERS: Parameter = Parameter {
    name: "players",
    form: Form::Text,
    what: "These players, at most 100, with commas between.",
};
const AS_OF: Parameter = Parameter {
    name: "asOf",
    form: Form::Time,
    what: "As it was at this time: at the last full ten seconds before it, which the answer names.",
};

pub(super) static ROUTES: [Route; 24] = [
    Route {
        id: "listTournaments",
        method: Method::GET,
        path: "/api/v1/tournaments",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "Tournaments, the newest first",
        description: "A player's token sees those that are scheduled, live or over.",
        query: &[
            Parameter { name: "state", form: Form::OneOf(&STATES), what: "In this state alone." },
            Parameter { name: "series", form: Form::Text, what: "What was made of this series." },
            LIMIT,
            CURSOR,
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The tournaments", of::<Page<TournamentShape>>)],
        refusals: &[],
        handler: |way| way.to(tournaments::list),
    },
    Route {
        id: "addTournament",
        method: Method::POST,
        path: "/api/v1/tournaments",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Make a tournament, as a draft",
        description: "With a name, a query or a form, and a window or when it recurs; or with a template that fills these \
                      in. Nothing counts before it is scheduled. The id of a tournament that was cancelled can be used \
                      again.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Wanted>),
        answers: &[
            Answer::json(201, "The tournament", of::<TournamentShape>),
            Answer::json(200, "Of a dry run: the tournament", of::<TournamentShape>),
        ],
        refusals: &[
            Refusal::TournamentExists,
            Refusal::TooManyTournaments,
            Refusal::BehaviourEarlier,
        ],
        handler: |way| way.to(tournaments::add),
    },
    Route {
        id: "validateTournament",
        method: Method::POST,
        path: "/api/v1/tournaments/validate",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "Check a definition",
        description: "Says what is wrong with it, of a query with line and column; or the statement written out in full, its \
                      form, and when it takes place first where it recurs.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Wanted>),
        answers: &[Answer::json(200, "It could be made", of::<Validated>)],
        refusals: &[],
        handler: |way| way.to(tournaments::validate),
    },
    Route {
        id: "beginDryRun",
        method: Method::POST,
        path: "/api/v1/tournaments/dry-run",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Works,
        area: Area::Tournaments,
        summary: "Try a draft on a past period",
        description: "Says what a tournament over that period would have come to: the leaderboard, what its prizes would have cost, \
                      and the first events that count and that narrowly do not. Its own window does not matter. The log is \
                      read where it lies, nothing is changed, and it goes on when whoever asked is gone; a node tries one \
                      draft at a time. With `events` in the place of a period the answer comes at once.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<TryTournament>),
        answers: &[
            Answer::json(202, "It has begun", of::<DryRunShape>),
            Answer::json(200, "Of `events`: what it has found", of::<DryRunResult>),
        ],
        refusals: &[Refusal::SimulationRuns],
        handler: |way| way.to(dry_run::begin),
    },
    Route {
        id: "getDryRun",
        method: Method::GET,
        path: "/api/v1/tournament-dry-runs/{id}",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Simulation,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "A dry run, and what it has found",
        description: "The node that began it remembers its last ones until it stops; others ask it. Not for players.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The dry run", of::<DryRunShape>)],
        refusals: &[],
        handler: |way| way.to(dry_run::get),
    },
    Route {
        id: "cancelDryRun",
        method: Method::DELETE,
        path: "/api/v1/tournament-dry-runs/{id}",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Simulation,
        effect: Effect::Works,
        area: Area::Tournaments,
        summary: "Cancel a dry run",
        description: "One that has ended stays as it is.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The dry run", of::<DryRunShape>)],
        refusals: &[],
        handler: |way| way.to(dry_run::cancel),
    },
    Route {
        id: "beginDryRunOf",
        method: Method::POST,
        path: "/api/v1/tournaments/{tournamentId}/dry-run",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Works,
        area: Area::Tournaments,
        summary: "Try a tournament on a past period",
        description: "The same of a tournament that is there, whatever has become of it.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<TryPeriod>),
        answers: &[
            Answer::json(202, "It has begun", of::<DryRunShape>),
            Answer::json(200, "Of `events`: what it has found", of::<DryRunResult>),
        ],
        refusals: &[Refusal::SimulationRuns],
        handler: |way| way.to(dry_run::begin_of),
    },
    Route {
        id: "listTournamentTemplates",
        method: Method::GET,
        path: "/api/v1/tournament-templates",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "Tournaments of the usual kinds",
        description: "What each fills in of a new tournament that names it as its `template` and does not say it itself.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The templates", of::<TemplatesShape>)],
        refusals: &[],
        handler: |way| way.to(templates::list),
    },
    Route {
        id: "getTournament",
        method: Method::GET,
        path: "/api/v1/tournaments/{tournamentId}",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "One tournament",
        description: "The newest of its id. A player's token sees one that is scheduled, live or over.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The tournament", of::<TournamentShape>)],
        refusals: &[],
        handler: |way| way.to(tournaments::get),
    },
    Route {
        id: "changeTournament",
        method: Method::PATCH,
        path: "/api/v1/tournaments/{tournamentId}",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Change a tournament",
        description: "What is not named stays as it is. From five minutes before its start it goes on as it is: its name, its \
                      description and how it is shown can be changed, and it may end earlier. A change of a series is one of the occurrences \
                      that are yet to be made.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Wanted>),
        answers: &[Answer::json(200, "The tournament", of::<TournamentShape>)],
        refusals: CHANGE,
        handler: |way| way.to(tournaments::change),
    },
    Route {
        id: "scheduleTournament",
        method: Method::POST,
        path: "/api/v1/tournaments/{tournamentId}/schedule",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Let a draft begin when it is time",
        description: "One that has begun already is filled of what was played since its start, as far back as the log has it, \
                      before it is live. Of what recurs each occurrence is made and scheduled two days before it begins.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Scheduling>),
        answers: &[Answer::json(200, "The tournament", of::<TournamentShape>)],
        refusals: CHANGE,
        handler: |way| way.to(tournaments::schedule),
    },
    Route {
        id: "endTournament",
        method: Method::POST,
        path: "/api/v1/tournaments/{tournamentId}/end",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "End a live tournament before its time",
        description: "Events from before its new end count for as long as its grace lasts.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Ending>),
        answers: &[Answer::json(200, "The tournament", of::<TournamentShape>)],
        refusals: &[
            Refusal::TournamentNotLive,
            Refusal::TournamentBegan,
            Refusal::TournamentOver,
            Refusal::TournamentPast,
            Refusal::TooManyTournaments,
            Refusal::BehaviourEarlier,
        ],
        handler: |way| way.to(tournaments::end),
    },
    Route {
        id: "cancelTournament",
        method: Method::POST,
        path: "/api/v1/tournaments/{tournamentId}/cancel",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Cancel a tournament for good",
        description: "Nothing counts in it any more, and its id can be used again. Of a series no occurrence is made any \
                      more; those that were made stay as they are.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Why>),
        answers: &[Answer::json(200, "The tournament", of::<TournamentShape>)],
        refusals: &[Refusal::TournamentOver, Refusal::BehaviourEarlier],
        handler: |way| way.to(tournaments::cancel),
    },
    Route {
        id: "getTournamentResults",
        method: Method::GET,
        path: "/api/v1/tournaments/{tournamentId}/results",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "What a tournament came to",
        description: "Positions, what was won, and what has become of it, by place: of all places at which something is won, \
                      and of the public ones. Fixed once every partition is beyond the end and its grace. A player's token \
                      sees the public positions and its own. `remarks` says what came late, which changes nothing here; \
                      where the tournament was settled again, each `version` stays as it was.",
        query: &[
            LIMIT,
            CURSOR,
            Parameter {
                name: "version",
                form: Form::Number { min: 1, max: VERSION_MAX },
                what: "Of this settlement, 1 for the first; the newest without.",
            },
        ],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The results", of::<ResultsShape>)],
        refusals: &[Refusal::TournamentNotSettled],
        handler: |way| way.to(results::get),
    },
    Route {
        id: "changePrize",
        method: Method::POST,
        path: "/api/v1/players/{playerId}/prizes",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Say what has become of a player's prize",
        description: "Whoever hands out what is no points says that it was `paid`, or has `failed`, and what has failed may be \
                      `retrying`; who is told by webhook hears of it. As long as the results wait for approval, a player \
                      may be found `not_eligible`.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<PrizeChange>),
        answers: &[
            Answer::json(200, "What the prize is now", of::<ChangedShape>),
            Answer::json(202, "It is durable, and will be done", of::<ChangedShape>),
        ],
        refusals: &[
            Refusal::TournamentNotSettled,
            Refusal::NoSuchPrize,
            Refusal::PrizeClosed,
            Refusal::BehaviourTooOld,
        ],
        handler: |way| way.to(results::change_prize),
    },
    Route {
        id: "getSeats",
        method: Method::GET,
        path: "/api/v1/tournaments/{tournamentId}/seats",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Tournament,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "How many seats of a tournament are taken",
        description: "Of one with `participantsMax`. While a player leaves, more may look taken than are, and never fewer.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The seats", of::<SeatsShape>)],
        refusals: &[Refusal::NoSeats],
        handler: |way| way.to(opt_ins::seats),
    },
    Route {
        id: "listOptIns",
        method: Method::GET,
        path: "/api/v1/players/{playerId}/tournaments",
        scope: Scope::PlayersRead,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "The tournaments that a player has opted in to",
        description: "The newest first; until 30 days after a tournament's end.",
        query: &[LIMIT, CURSOR],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "A page of opt-ins", of::<Page<OptInShape>>)],
        refusals: &[],
        handler: |way| way.to(opt_ins::list),
    },
    Route {
        id: "putOptIn",
        method: Method::PUT,
        path: "/api/v1/players/{playerId}/tournaments",
        scope: Scope::TournamentsJoin,
        audience: Audience::Everybody,
        by: By::Player,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Let a player take part in a tournament",
        description: "Of one with `optIn`, from when it is scheduled until it ends: events count that are decided after it. \
                      A player may be `out` again until the tournament begins. Creates the account where there is none. \
                      With `participantsMax` it is `requested` until it is known whether there is a seat, which is waited \
                      for. Whoever repeats it is answered the same.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<OptInChange>),
        answers: &[
            Answer::json(200, "What has become of it", of::<OptInShape>),
            Answer::json(202, "It is durable and will be decided", of::<OptInShape>),
        ],
        refusals: &[
            Refusal::NoOptIn,
            Refusal::TournamentFull,
            Refusal::TournamentNotScheduled,
            Refusal::TournamentBegan,
            Refusal::TournamentOver,
            Refusal::SelfExcluded,
            Refusal::BehaviourTooOld,
        ],
        handler: |way| way.to(opt_ins::put),
    },
    Route {
        id: "approveTournament",
        method: Method::POST,
        path: "/api/v1/tournaments/{tournamentId}/approve",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Let the prizes of a tournament be paid",
        description: "Of one whose results are fixed and wait for it. Whoever repeats it is answered the same, until the tournament \
                      is settled again: `version` says which results it is for.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Approving>),
        answers: &[Answer::json(200, "The tournament", of::<TournamentShape>)],
        refusals: &[Refusal::TournamentNotSettled, Refusal::PrizeClosed, Refusal::BehaviourEarlier],
        handler: |way| way.to(results::approve),
    },
    Route {
        id: "resettleTournament",
        method: Method::POST,
        path: "/api/v1/tournaments/{tournamentId}/resettle",
        scope: Scope::TournamentsWrite,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Changes,
        area: Area::Tournaments,
        summary: "Settle a tournament again, with what came late",
        description: "Of one whose prizes are all paid, until 29 days after its end and grace. The results of now stay as a \
                      version. Who was paid gets what is won beyond that, once; who wins less keeps it, but with `takeBack`, which \
                      takes it from the balance as far as there is any. Answers what has come late, and who gains and loses by it; \
                      `dryRun=true` says that and changes nothing.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Resettling>),
        answers: &[Answer::json(200, "What becomes of the results", of::<ResettlementShape>)],
        refusals: &[
            Refusal::TournamentNotSettled,
            Refusal::TournamentOver,
            Refusal::PrizesUnderWay,
            Refusal::NothingLate,
            Refusal::BehaviourEarlier,
        ],
        handler: |way| way.to(resettling::resettle),
    },
    Route {
        id: "getLeaderboard",
        method: Method::GET,
        path: "/api/v1/tournaments/{tournamentId}/leaderboard",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "Who is at which position",
        description: "`top` positions, from the first or from `from` on; or a player with so many `around`; or these \
                      `players`, as far as they have a position. As it is now, of all partitions; or with `asOf` as it was \
                      within the last 30 days, without players who are excluded now. A player's token sees \
                      the public positions and its own, and other names masked where the tournament says so.",
        query: &[TOP, FROM, AROUND, RADIUS, PLAYERS, AS_OF],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The positions", of::<LeaderboardShape>)],
        refusals: &[Refusal::Gone, Refusal::TournamentFilling],
        handler: |way| way.to(leaderboards::leaderboard),
    },
    Route {
        id: "compareTournament",
        method: Method::POST,
        path: "/api/v1/tournaments/{tournamentId}/comparison",
        scope: Scope::ReportsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "How a leaderboard differs from another system's",
        description: "Of the leaderboard as it is now, or is for good, and a list of at most 10,000 positions: how many players \
                      stand at the same one, have moved, are here alone or there alone, and have the same score or another; \
                      and the first hundred lines that differ. A question that changes nothing, of a `shadow` as of any other.",
        query: &[],
        headers: &[],
        takes: Takes::Json(of::<Comparing>),
        answers: &[Answer::json(200, "How they differ", of::<ComparisonShape>)],
        refusals: &[Refusal::TournamentFilling],
        handler: |way| way.to(comparison::compare),
    },
    Route {
        id: "watchLeaderboard",
        method: Method::GET,
        path: "/api/v1/tournaments/{tournamentId}/leaderboard/stream",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "The first positions as they change",
        description: "Server-sent events: `snapshot` with all rows, then `change` with those that are others now, four times \
                      a second at most and only if something is; `own` with a player's own line; `final`, and the end, \
                      once no position changes any more. Who is slow gets the newest. Ends with the credential.",
        query: &[
            Parameter {
                name: "top",
                form: Form::Number { min: 1, max: TOP_MAX },
                what: "So many positions; 10 without.",
            },
            Parameter {
                name: "player",
                form: Form::Text,
                what: "This player's own line besides; without, that of the player whose token it is.",
            },
        ],
        headers: &[Header {
            name: "Last-Event-ID",
            what: "The id of the last event that was seen: goes on from there, or with a `snapshot`.",
        }],
        takes: Takes::Nothing,
        answers: &[Answer::text("The events, for as long as they are read", "text/event-stream")],
        refusals: &[Refusal::TournamentFilling, Refusal::Stopping],
        handler: |way| way.to(live::stream),
    },
    Route {
        id: "watchLive",
        method: Method::GET,
        path: "/api/v1/live",
        scope: Scope::TournamentsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "Leaderboards, positions and balances as they change, over one connection",
        description: "A WebSocket. The client says as JSON what it wants to watch, under names of its own: \
                      `{\"type\": \"subscribe\", \"id\": \"1\", \"to\": \"leaderboard\", \"tournamentId\": \"race\", \"top\": 10}` (or \
                      `around` a player with a `radius`, or `players`), `\"to\": \"position\"` with a `tournamentId` and \
                      `\"to\": \"balance\"`, of a `playerId` or the player whose token it is; `unsubscribe` ends that. It \
                      hears `subscribed`, a `snapshot`, then each numbered `change`, at the tournament's cadence and \
                      only the newest; `final` once nothing changes any more; and `error` with a `problem`, after which \
                      the rest goes on. `resume` of a message, given with `subscribe`, goes on from there or begins with \
                      a `snapshot`. Pages of browsers offer the protocols `accolade` and `bearer.` with a token. Balances \
                      want `players:read`. Closed with 1001 when the node stops, and 1008 when the credential is over.",
        query: &[],
        headers: &[
            Header { name: "Upgrade", what: "`websocket`." },
            Header { name: "Connection", what: "`Upgrade`." },
            Header { name: "Sec-WebSocket-Version", what: "`13`." },
            Header { name: "Sec-WebSocket-Key", what: "As RFC 6455 says." },
            Header {
                name: "Sec-WebSocket-Protocol",
                what: "Where it is there: `accolade`, and, without `Authorization`, `bearer.` with a token behind it.",
            },
        ],
        takes: Takes::Nothing,
        answers: &[Answer {
            status: 101,
            what: "The connection goes on as a WebSocket",
            content: Content::Nothing,
            headers: &[],
        }],
        refusals: &[Refusal::BadHeader, Refusal::Stopping],
        handler: |way| way.to(crate::live::open),
    },
];
