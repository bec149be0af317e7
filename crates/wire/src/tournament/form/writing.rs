//! From a form to its statement, and what is wrong with a form.

use accolade_domain::amount::Rate;
use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::query::row::{Column, Source};
use accolade_domain::query::scoring::Aggregate;

use super::{Form, GameEventForm, GameEventScore, Multipliers, Names, WagerForm, WagerScore};
use crate::problem::Problem;

/// What a form reads scores from.
pub(super) const SCORE: &str = "score";

pub(super) fn statement(form: &Form) -> String {
    let (source, scoring, conditions) = match form {
        Form::Wagers(form) => (Source::Wagers, of_wagers(form), which_wagers(form)),
        Form::GameEvents(form) => {
            (Source::GameEvents, of_game_events(form), which_game_events(form))
        }
    };
    let [source, _] = source.names();
    let condition = if conditions.is_empty() {
        String::new()
    } else {
        format!(" WHERE {}", conditions.join(" AND "))
    };
    format!("SELECT playerId, {scoring} AS score FROM {source}{condition} GROUP BY playerId")
}

fn of_wagers(form: &WagerForm) -> String {
    let [stake, returns] = [Column::WagerAmount, Column::WinAmount].map(Column::name);
    let ratio = format!("{returns} / {stake}");
    let (aggregate, of) = match form.score {
        WagerScore::Stakes => (Aggregate::Sum, Some(stake)),
        WagerScore::Returns => (Aggregate::Sum, Some(returns)),
        WagerScore::BestWin => (Aggregate::Greatest, Some(returns)),
        WagerScore::BestRatio => (Aggregate::Greatest, Some(&*ratio)),
        WagerScore::Wagers => (Aggregate::Sum, None),
    };
    scoring(aggregate, of, form.points.0, &form.multipliers)
}

fn of_game_events(form: &GameEventForm) -> String {
    let score = format!("data.{SCORE}");
    let (aggregate, of) = match form.score {
        GameEventScore::Scores => (Aggregate::Sum, Some(&*score)),
        GameEventScore::BestScore => (Aggregate::Greatest, Some(&*score)),
        GameEventScore::Events => (Aggregate::Sum, None),
    };
    scoring(aggregate, of, form.points.0, &form.multipliers)
}

/// An aggregate of a product; that of nothing at all counts events.
fn scoring(aggregate: Aggregate, of: Option<&str>, points: Rate, by_game: &Multipliers) -> String {
    let points = (points != Rate::ONE).then(|| points.to_string());
    let by_game = (!by_game.is_empty()).then(|| {
        let is_game = |game: &str| format!("{} = {}", Column::GameId.name(), quoted(game));
        let arms = by_game.iter().map(|(game, rate)| format!("WHEN {} THEN {rate}", is_game(game)));
        let arms: Vec<String> = arms.collect();
        format!("CASE {} ELSE 1 END", arms.join(" "))
    });
    let factors = [of.map(str::to_owned), points, by_game];
    let factors: Vec<String> = factors.into_iter().flatten().collect();
    if factors.is_empty() {
        return format!("{}(*)", Aggregate::Count.name());
    }
    format!("{}({})", aggregate.name(), factors.join(" * "))
}

fn which_wagers(form: &WagerForm) -> Vec<String> {
    let least = form.least_stake.map(|least| format!("{} >= {least}", Column::WagerAmount.name()));
    let greatest =
        form.greatest_stake.map(|most| format!("{} <= {most}", Column::WagerAmount.name()));
    let winning = form.only_winning.then(|| format!("{} > 0", Column::WinAmount.name()));
    let conditions = [
        one_of(Column::GameId, &form.games),
        one_of(Column::GameCategory, &form.categories),
        least,
        greatest,
        one_of(Column::PlayerSegment, &form.segments),
        one_of(Column::Jurisdiction, &form.jurisdictions),
        none_of(Column::Jurisdiction, &form.except_jurisdictions),
        one_of(Column::PlayerId, &form.players),
        winning,
    ];
    conditions.into_iter().flatten().collect()
}

fn which_game_events(form: &GameEventForm) -> Vec<String> {
    let conditions = [
        one_of(Column::EventType, &form.event_types),
        one_of(Column::GameId, &form.games),
        one_of(Column::PlayerId, &form.players),
    ];
    conditions.into_iter().flatten().collect()
}

fn one_of(column: Column, names: &Names) -> Option<String> {
    listed(column, ["=", "IN"], names)
}

fn none_of(column: Column, names: &Names) -> Option<String> {
    listed(column, ["<>", "NOT IN"], names)
}

fn listed(column: Column, [of_one, of_many]: [&str; 2], names: &Names) -> Option<String> {
    let quoted: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    match quoted.as_slice() {
        [] => None,
        [name] => Some(format!("{} {of_one} {name}", column.name())),
        names => Some(format!("{} {of_many} ({})", column.name(), names.join(", "))),
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

pub(super) fn problems(form: &Form) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (lists, points, multipliers) = match form {
        Form::Wagers(form) => {
            if form.least_stake.zip(form.greatest_stake).is_some_and(|(least, most)| least > most) {
                let detail =
                    "expected a stake that is not below `leastStake`: no wager would count";
                problems.push(Problem::new("/greatestStake", detail));
            }
            let lists = vec![
                ("games", &form.games),
                ("categories", &form.categories),
                ("segments", &form.segments),
                ("jurisdictions", &form.jurisdictions),
                ("exceptJurisdictions", &form.except_jurisdictions),
                ("players", &form.players),
            ];
            (lists, form.points.0, &form.multipliers)
        }
        Form::GameEvents(form) => {
            let lists = vec![
                ("eventTypes", &form.event_types),
                ("games", &form.games),
                ("players", &form.players),
            ];
            (lists, form.points.0, &form.multipliers)
        }
    };
    for (field, names) in lists {
        if !names.iter().all(|name| is_name(name)) {
            problems.push(Problem::new(format!("/{field}"), NAMES));
        }
    }
    if points == Rate::ZERO {
        problems.push(Problem::new("/points", "expected points above 0"));
    }
    if !multipliers.keys().all(|name| is_name(name)) {
        problems.push(Problem::new("/multipliers", NAMES));
    }
    if multipliers.values().any(|rate| rate.0 == Rate::ZERO) {
        let detail = "expected multipliers above 0: leave out of `games` what is not to count";
        problems.push(Problem::new("/multipliers", detail));
    }
    problems
}

const NAMES: &str = "expected names of 1 to 128 bytes without control characters";
const _: () = assert!(ID_BYTES_MAX == 128, "what is said of names is true");

fn is_name(name: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
}
