//! The form of a tournament: what most operators want to say about which events count and how, without a query.
//!
//! A form is one way to write a statement, and nothing else: what is stored is the statement. A statement that a form
//! writes is read back into that form, to the last field; any other is none of a form, and is edited as it is.

mod reading;
mod writing;

use std::collections::{BTreeMap, BTreeSet};

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::query::scoring::Query;
use serde::{Deserialize, Serialize};

use super::exact::Exact;
use crate::problem::Problem;
use crate::query::compile_query;

/// Names, each once; none of them restricts nothing.
pub type Names = BTreeSet<String>;
/// What an event in a game counts, as a multiple of what it counts in others.
pub type Multipliers = BTreeMap<String, Exact<Rate>>;

/// Which events count, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "camelCase")]
pub enum Form {
    /// Wagers do.
    Wagers(WagerForm),
    /// Other events in games do.
    GameEvents(GameEventForm),
}

/// Which wagers count, and how. A wager counts that is of all that is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WagerForm {
    /// Games.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub games: Names,
    /// Categories of games.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: Names,
    /// The least stake, in the program's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub least_stake: Option<Exact<Amount>>,
    /// The greatest stake, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greatest_stake: Option<Exact<Amount>>,
    /// Segments of players.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub segments: Names,
    /// Jurisdictions.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub jurisdictions: Names,
    /// Jurisdictions of which no wager counts.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub except_jurisdictions: Names,
    /// Players.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub players: Names,
    /// Only wagers that returned something.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub only_winning: bool,
    /// What is counted.
    pub score: WagerScore,
    /// How many points one of it is.
    #[serde(skip_serializing_if = "is_one")]
    pub points: Exact<Rate>,
    /// Multiplies that by game.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub multipliers: Multipliers,
}

/// What is counted of wagers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum WagerScore {
    /// All stakes.
    Stakes,
    /// All returns.
    Returns,
    /// The greatest return of one wager.
    BestWin,
    /// The greatest return of one wager as a multiple of its stake; a wager without a stake has none.
    BestRatio,
    /// How many wagers there are.
    Wagers,
}

/// Which other events in games count, and how. An event counts that is of all that is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct GameEventForm {
    /// Types of events.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub event_types: Names,
    /// Games.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub games: Names,
    /// Players.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub players: Names,
    /// What is counted.
    pub score: GameEventScore,
    /// How many points one of it is.
    #[serde(skip_serializing_if = "is_one")]
    pub points: Exact<Rate>,
    /// Multiplies that by game.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub multipliers: Multipliers,
}

/// What is counted of game events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GameEventScore {
    /// All scores (`data.score`).
    Scores,
    /// The greatest score.
    BestScore,
    /// How many events there are.
    Events,
}

impl Default for WagerForm {
    fn default() -> Self {
        Self {
            games: Names::new(),
            categories: Names::new(),
            least_stake: None,
            greatest_stake: None,
            segments: Names::new(),
            jurisdictions: Names::new(),
            except_jurisdictions: Names::new(),
            players: Names::new(),
            only_winning: false,
            score: WagerScore::Stakes,
            points: Exact(Rate::ONE),
            multipliers: Multipliers::new(),
        }
    }
}

impl Default for GameEventForm {
    fn default() -> Self {
        Self {
            event_types: Names::new(),
            games: Names::new(),
            players: Names::new(),
            score: GameEventScore::Scores,
            points: Exact(Rate::ONE),
            multipliers: Multipliers::new(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this")]
fn is_one(points: &Exact<Rate>) -> bool {
    points.0 == Rate::ONE
}

impl Form {
    /// What the form says, as it is stored; or what is wrong with it, field by field.
    pub fn query(&self) -> Result<Query, Vec<Problem>> {
        let problems = writing::problems(self);
        if !problems.is_empty() {
            return Err(problems);
        }
        compile_query(&writing::statement(self)).map_err(|problem| {
            let detail =
                format!("expected less in it, since it makes a query that is refused: {problem}");
            vec![Problem::new("", detail)]
        })
    }

    /// The form that a query is of: the one whose query it is. None where no form says just that.
    pub fn of(query: &Query) -> Option<Self> {
        let form = reading::form(query)?;
        (form.query().as_ref() == Ok(query)).then_some(form)
    }
}
