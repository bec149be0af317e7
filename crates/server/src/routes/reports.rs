//! What players earn, spend and still have, together.

use axum::http::Method;

use super::{Answer, Area, Audience, By, Effect, Form, Parameter, Route, Takes};
use crate::description::schemas::of;
use crate::roles::Scope;
use crate::summary::totals::{self, TotalsShape};
use crate::summary::{self, SummaryShape};

const FROM: Parameter = Parameter {
    name: "from",
    form: Form::Day,
    what: "The first day; without it, 30 days up to the last.",
};
const TO: Parameter =
    Parameter { name: "to", form: Form::Day, what: "The last day; without it, today." };
const BY: Parameter = Parameter {
    name: "by",
    form: Form::OneOf(&summary::BY),
    what: "How long a line is; without it, a day. Weeks begin on Mondays.",
};

pub(super) static ROUTES: [Route; 2] = [
    Route {
        id: "getSummary",
        method: Method::GET,
        path: "/api/v1/summary",
        scope: Scope::ReportsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Reports,
        summary: "What all players earned, spent and still have, by day, week or month",
        description: "Days are those on which something was recorded, in the zone of the program in force then, in UTC without \
                  one; they are kept for ten years, and cover up to 3,700 days at once. What is under way is not in yet. \
                  Nothing is counted under behaviour 1: lines begin with behaviour 2.",
        query: &[FROM, TO, BY],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The summary", of::<SummaryShape<'_>>)],
        refusals: &[],
        handler: |way| way.to(summary::get),
    },
    Route {
        id: "getTotals",
        method: Method::GET,
        path: "/api/v1/summary/totals",
        scope: Scope::ReportsRead,
        audience: Audience::Everybody,
        by: By::Nothing,
        effect: Effect::Reads,
        area: Area::Reports,
        summary: "What was ever counted of all players, for rates",
        description: "It looks at no account, so that it may be asked for again and again: what was counted in between is \
                      the difference. Nothing is counted under behaviour 1.",
        query: &[],
        headers: &[],
        takes: Takes::Nothing,
        answers: &[Answer::json(200, "The totals", of::<TotalsShape<'_>>)],
        refusals: &[],
        handler: |way| way.to(totals::get),
    },
];
