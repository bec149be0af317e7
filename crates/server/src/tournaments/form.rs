//! The form of a tournament, as it is said and answered: which events count, and how, without a query.

use std::collections::BTreeMap;

use accolade_domain::amount::{Amount, DecimalError, Rate};
use accolade_domain::query::scoring::Query;
use accolade_wire::json::{self, Value};
use accolade_wire::query::compile_query;
use accolade_wire::tournament::exact::Exact as ExactText;
use accolade_wire::tournament::form::{
    Form, GameEventForm, GameEventScore, Multipliers, Names, WagerForm, WagerScore,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::description::schemas::one_of;
use crate::fields::Field;
use crate::problem::{Problem, Refusal};
use crate::shapes::Exact;

/// Most names of one list: a statement has no room for more.
const NAMES_MAX: usize = 1_000;

const WAGERS: &str = "wagers";
const GAME_EVENTS: &str = "gameEvents";

const WAGER_SCORES: [(&str, WagerScore); 5] = [
    ("stakes", WagerScore::Stakes),
    ("returns", WagerScore::Returns),
    ("bestWin", WagerScore::BestWin),
    ("bestRatio", WagerScore::BestRatio),
    ("wagers", WagerScore::Wagers),
];
const GAME_EVENT_SCORES: [(&str, GameEventScore); 3] = [
    ("scores", GameEventScore::Scores),
    ("bestScore", GameEventScore::BestScore),
    ("events", GameEventScore::Events),
];

fn sources() -> Schema {
    one_of([WAGERS, GAME_EVENTS])
}

fn scores() -> Schema {
    let (wagers, events) = (WAGER_SCORES.map(|it| it.0), GAME_EVENT_SCORES.map(|it| it.0));
    one_of(wagers.into_iter().chain(events))
}

/// Which events count, and how: those that are of all that is given. It writes a query, and is shown where a query is
/// just what a form writes.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TournamentForm, example = json!({
    "source": "wagers", "categories": ["slots"], "leastStake": 1, "score": "stakes", "multipliers": { "mega-slots": 2 }
}))]
pub(crate) struct FormShape {
    /// Which events: `wagers` without, or `gameEvents`.
    #[schema(required = false, schema_with = sources)]
    source: &'static str,
    /// Of `gameEvents`: their types; all without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1_000)]
    event_types: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1_000)]
    games: Vec<String>,
    /// Of `wagers`, as all of the next ones: categories of games.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1_000)]
    categories: Vec<String>,
    /// In the program's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0)]
    least_stake: Option<Exact<Amount>>,
    /// Likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, minimum = 0)]
    greatest_stake: Option<Exact<Amount>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1_000)]
    segments: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1_000)]
    jurisdictions: Vec<String>,
    /// Of these no wager counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1_000)]
    except_jurisdictions: Vec<String>,
    /// Only wagers that returned something.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    only_winning: bool,
    /// Of either: these players alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, max_items = 1_000)]
    players: Vec<String>,
    /// What is counted. Of `wagers` their `stakes` (without), their `returns`, the greatest return of one (`bestWin`), also as
    /// a multiple of its stake (`bestRatio`), or how many `wagers` there are; of `gameEvents` their `scores` (without), the
    /// greatest of them (`bestScore`), or how many `events` there are.
    #[schema(required = false, schema_with = scores)]
    score: &'static str,
    /// How many points one of it is; 1 without.
    #[schema(value_type = f64, required = false, exclusive_minimum = 0)]
    points: Exact<Rate>,
    /// Multiplies that by game.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, f64>, required = false)]
    multipliers: BTreeMap<String, Exact<Rate>>,
}

impl From<&Form> for FormShape {
    fn from(form: &Form) -> Self {
        let names = |names: &Names| names.iter().cloned().collect();
        let shape = |source, score, games, players, points: &ExactText<Rate>, by: &Multipliers| {
            let multipliers = by.iter().map(|(game, rate)| (game.clone(), Exact(rate.0)));
            Self {
                source,
                event_types: Vec::new(),
                games: names(games),
                categories: Vec::new(),
                least_stake: None,
                greatest_stake: None,
                segments: Vec::new(),
                jurisdictions: Vec::new(),
                except_jurisdictions: Vec::new(),
                only_winning: false,
                players: names(players),
                score,
                points: Exact(points.0),
                multipliers: multipliers.collect(),
            }
        };
        match form {
            Form::Wagers(it) => {
                let score = name_of(&WAGER_SCORES, it.score);
                Self {
                    categories: names(&it.categories),
                    least_stake: it.least_stake.map(|stake| Exact(stake.0)),
                    greatest_stake: it.greatest_stake.map(|stake| Exact(stake.0)),
                    segments: names(&it.segments),
                    jurisdictions: names(&it.jurisdictions),
                    except_jurisdictions: names(&it.except_jurisdictions),
                    only_winning: it.only_winning,
                    ..shape(WAGERS, score, &it.games, &it.players, &it.points, &it.multipliers)
                }
            }
            Form::GameEvents(it) => {
                let score = name_of(&GAME_EVENT_SCORES, it.score);
                Self {
                    event_types: names(&it.event_types),
                    ..shape(GAME_EVENTS, score, &it.games, &it.players, &it.points, &it.multipliers)
                }
            }
        }
    }
}

impl FormShape {
    /// The form that a query is of; nothing for a query that no form writes.
    pub(super) fn of(query: &Query) -> Option<Self> {
        Form::of(query).as_ref().map(Self::from)
    }

    /// The same of a statement as it is printed.
    pub(super) fn of_statement(statement: &str) -> Option<Self> {
        compile_query(statement).ok().as_ref().and_then(Self::of)
    }
}

fn name_of<T: PartialEq>(all: &[(&'static str, T)], wanted: T) -> &'static str {
    let found = all.iter().find(|(_, score)| *score == wanted);
    found.map(|(name, _)| *name).expect("each score has its name")
}

/// The query that a form writes; what is wrong with the form is said of its fields.
pub(super) fn query_of(form: &Form) -> Result<Query, Problem> {
    form.query().map_err(|mut problems| {
        for problem in &mut problems {
            problem.pointer.insert_str(0, "/form");
        }
        Problem::fields(Refusal::Malformed, problems)
    })
}

const FIELDS: [&str; 14] = [
    "source",
    "games",
    "players",
    "score",
    "points",
    "multipliers",
    "eventTypes",
    "categories",
    "leastStake",
    "greatestStake",
    "segments",
    "jurisdictions",
    "exceptJurisdictions",
    "onlyWinning",
];

/// Reads a form.
pub(super) fn read_form(field: &Field<'_>) -> Result<Form, Problem> {
    let [source, games, players, score, points, multipliers, rest @ ..] = field.object(&FIELDS)?;
    let [event_types, of_wagers @ ..] = rest;
    let of_source = || source.expected(&format!("`{WAGERS}` or `{GAME_EVENTS}`"));
    let is_of_wagers = match source.text()?.as_deref() {
        None | Some(WAGERS) => true,
        Some(GAME_EVENTS) => false,
        Some(_) => return Err(of_source()),
    };
    let (games, players) = (names(&games)?, names(&players)?);
    let (points, multipliers) = (factor(&points)?, read_multipliers(&multipliers)?);
    let points = ExactText(points.unwrap_or(Rate::ONE));
    if is_of_wagers {
        refuse([event_types], GAME_EVENTS)?;
        let [categories, least, greatest, segments, jurisdictions, except, winning] = of_wagers;
        return Ok(Form::Wagers(WagerForm {
            games,
            categories: names(&categories)?,
            least_stake: stake(&least)?,
            greatest_stake: stake(&greatest)?,
            segments: names(&segments)?,
            jurisdictions: names(&jurisdictions)?,
            except_jurisdictions: names(&except)?,
            players,
            only_winning: winning.flag()?.unwrap_or_default(),
            score: named(&score, &WAGER_SCORES)?.unwrap_or(WagerScore::Stakes),
            points,
            multipliers,
        }));
    }
    refuse(of_wagers, WAGERS)?;
    Ok(Form::GameEvents(GameEventForm {
        event_types: names(&event_types)?,
        games,
        players,
        score: named(&score, &GAME_EVENT_SCORES)?.unwrap_or(GameEventScore::Scores),
        points,
        multipliers,
    }))
}

/// Refuses what only a form over other events has.
fn refuse<const N: usize>(fields: [Field<'_>; N], source: &str) -> Result<(), Problem> {
    match fields.iter().find(|field| field.is_said()) {
        Some(field) => Err(field.wrong(format!("only a form over `{source}` has it"))),
        None => Ok(()),
    }
}

fn names(field: &Field<'_>) -> Result<Names, Problem> {
    Ok(field.texts(NAMES_MAX)?.unwrap_or_default().into_iter().collect())
}

fn named<T: Copy, const N: usize>(
    field: &Field<'_>,
    all: &[(&str, T); N],
) -> Result<Option<T>, Problem> {
    let Some(said) = field.text()? else { return Ok(None) };
    let found = all.iter().find(|(name, _)| *name == said).map(|(_, score)| *score);
    let wrong =
        || field.expected(&format!("one of `{}`", all.each_ref().map(|it| it.0).join("`, `")));
    found.map(Some).ok_or_else(wrong)
}

fn stake(field: &Field<'_>) -> Result<Option<ExactText<Amount>>, Problem> {
    let read = decimal(field, "an amount with at most 18 decimals", Amount::parse)?;
    Ok(read.map(ExactText))
}

fn factor(field: &Field<'_>) -> Result<Option<Rate>, Problem> {
    decimal(field, "a number above 0, with at most 8 decimals", Rate::parse)
}

fn decimal<T>(
    field: &Field<'_>,
    what: &str,
    read: impl Fn(&str) -> Result<T, DecimalError>,
) -> Result<Option<T>, Problem> {
    match field.value() {
        None => Ok(None),
        Some(Value::Number(text)) => read(text).map(Some).map_err(|_| field.expected(what)),
        Some(_) => Err(field.expected(what)),
    }
}

fn read_multipliers(field: &Field<'_>) -> Result<Multipliers, Problem> {
    let object = match field.value() {
        None => return Ok(Multipliers::new()),
        Some(Value::Object(object)) => *object,
        Some(_) => return Err(field.expected("an object of games and what each multiplies by")),
    };
    let entries = json::entries(object, NAMES_MAX);
    let entries = entries.ok_or_else(|| field.wrong(format!("expected {NAMES_MAX} at most")))?;
    let factors = entries.into_iter().map(|(game, value)| {
        let at = field.inner(&game, value);
        let rate = factor(&at)?.ok_or_else(|| at.expected("a number above 0"))?;
        Ok::<_, Problem>((game.into_owned(), ExactText(rate)))
    });
    factors.collect()
}
