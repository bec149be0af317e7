//! What of tournaments is public, and the page and the widget that show it.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, Form, Header, Parameter, Route, Takes};
use crate::description::schemas::of;
use crate::leaderboards::live::{self, TOP_MAX};
use crate::leaderboards::public::{self, PublicLeaderboardShape, PublicTournamentShape};
use crate::play;
use crate::problem::Refusal;
use crate::roles::Scope;

const OPERATOR: Parameter = Parameter {
    name: "operatorId",
    form: Form::Text,
    what: "The operator whose tournament it is: has to be there, as no credential says it.",
};
const TOP: Parameter = Parameter {
    name: "top",
    form: Form::Number { min: 1, max: TOP_MAX },
    what: "So many positions, as far as they are public; 10 without.",
};

pub(super) static ROUTES: [Route; 6] = [
    Route {
        id: "getPublicTournament",
        method: Method::GET,
        path: "/api/v1/public/tournaments/{tournamentId}",
        scope: Scope::Public,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "A public tournament",
        description: "Without a credential, for pages of any origin. Whatever is not `public`, a draft, or was never there \
                      is the same 404.",
        query: &[OPERATOR],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The tournament", of::<PublicTournamentShape>)],
        refusals: &[Refusal::BadQuery, Refusal::Elsewhere],
        handler: |way| way.to(public::tournament),
    },
    Route {
        id: "getPublicLeaderboard",
        method: Method::GET,
        path: "/api/v1/public/tournaments/{tournamentId}/leaderboard",
        scope: Scope::Public,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "Who is at which position of a public tournament",
        description: "The public positions, with all names masked, as they were a quarter of a second ago at most. Without a \
                      credential, for pages of any origin.",
        query: &[OPERATOR, TOP],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The positions", of::<PublicLeaderboardShape>)],
        refusals: &[Refusal::BadQuery, Refusal::Busy, Refusal::Elsewhere, Refusal::Stopping],
        handler: |way| way.to(public::leaderboard),
    },
    Route {
        id: "watchPublicLeaderboard",
        method: Method::GET,
        path: "/api/v1/public/tournaments/{tournamentId}/leaderboard/stream",
        scope: Scope::Public,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Tournaments,
        summary: "The positions of a public tournament as they change",
        description: "The events of `watchLeaderboard`, as whoever asks may see them; no `own`. Ends once the tournament is \
                      not `public` any more. Without a credential, for pages of any origin.",
        query: &[OPERATOR, TOP],
        headers: &[Header {
            name: "Last-Event-ID",
            what: "The id of the last event that was seen: goes on from there, or with a `snapshot`.",
        }],
        takes: Takes::Nothing,
        answers: &[Answer::text("The events, for as long as they are read", "text/event-stream")],
        refusals: &[Refusal::BadQuery, Refusal::Busy, Refusal::Elsewhere, Refusal::Stopping],
        handler: |way| way.to(live::stream_to_anybody),
    },
    Route {
        id: "showLeaderboard",
        method: Method::GET,
        path: "/play/{tournamentId}",
        scope: Scope::Public,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Play,
        summary: "A page with a leaderboard as it moves",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::text("The page, the same for all", "text/html")],
        refusals: &[],
        handler: |way| way.to(play::page),
    },
    Route {
        id: "getWidget",
        method: Method::GET,
        path: "/play/widget.js",
        scope: Scope::Public,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Play,
        summary: "What shows a leaderboard in a page",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::text("A script", "text/javascript")],
        refusals: &[],
        handler: |way| way.to(play::widget),
    },
    Route {
        id: "getPlayPart",
        method: Method::GET,
        path: "/play/page/{file}",
        scope: Scope::Public,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Play,
        summary: "A file that the page needs",
        description: "",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::text("A file of it", "application/octet-stream")],
        refusals: &[],
        handler: |way| way.to(play::part),
    },
];
