//! Leaderboards of games.

use axum::http::Method;

use super::tournaments::{AROUND, FROM, PLAYERS, RADIUS, TOP};
use super::{Answer, Area, Audience, By, Effect, Form, Parameter, Route, Takes};
use crate::description::schemas::of;
use crate::leaderboards::game::{self, GameLeaderboardShape, PERIODS};
use crate::roles::Scope;

pub(super) static ROUTES: [Route; 1] = [Route {
    id: "getGameLeaderboard",
    method: Method::GET,
    path: "/api/v1/games/{gameId}/leaderboard",
    scope: Scope::TournamentsRead,
    audience: Audience::Everybody,
    by: By::Nothing,
    effect: Effect::Reads,
    area: Area::Tournaments,
    summary: "Who is at which position in a game",
    description: "By the sum of `data.score` of the game's events of the types `player_score`, `quest_completed`, \
                  `achievement_unlocked` and `boss_defeated`, or the greatest or the last, where `gameLeaderboards` of the \
                  program says so: of a day, of a week from Monday on, or of all time, in the \
                  operator's zone. An event counts in the day of its own time. What has ended is there for two days more, of \
                  weeks for two weeks. Nobody has a position in a game that is not known. What is asked for, and what a \
                  player's token sees, is as with a tournament's leaderboard.",
    query: &[
        Parameter {
            name: "period",
            form: Form::OneOf(&PERIODS),
            what: "How long it goes on; `daily` without.",
        },
        Parameter {
            name: "date",
            form: Form::Day,
            what: "A day in the operator's zone: that day, or the week that it is in; without, today.",
        },
        TOP,
        FROM,
        AROUND,
        RADIUS,
        PLAYERS,
    ],
    headers: &[],
    takes: Takes::Nothing,
    answers: &[Answer::json(200, "The positions", of::<GameLeaderboardShape>)],
    refusals: &[],
    handler: |way| way.to(game::leaderboard),
}];
