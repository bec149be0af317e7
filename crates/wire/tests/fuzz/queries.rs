//! Conditions and statements of arbitrary text: compiled or refused with a place, and what is compiled can be printed.

use accolade_wire::query::{compile_condition, compile_query, print, print_query};
use accolade_wire::tournament::cron;
use accolade_wire::tournament::form::Form;
use bolero::check;

use crate::{edited, iterations};

const FORM: &[u8] = br#"{"source":"wagers","games":["it's","b"],"categories":["slots"],
"leastStake":"10.00","greatestStake":"1e2","segments":["VIP"],"jurisdictions":["Malta"],
"exceptJurisdictions":["Ontario"],"players":["p-1"],"onlyWinning":true,"score":"bestRatio",
"points":"0.5","multipliers":{"a":"2","b":"0.00000001"}}"#;

/// Words of the language, and some that are not, of which conditions are made that come far.
const WORDS: [&str; 58] = [
    "(",
    "(",
    ")",
    ")",
    ",",
    "'a'",
    "''",
    "'2024-11-11'",
    "'2024-11-11T10:30:00Z'",
    "1",
    "0",
    "2.50",
    "wagerAmount",
    "winAmount",
    "game_id",
    "gameCategory",
    "timestamp",
    "playerSegment",
    "=",
    "<>",
    "<",
    ">=",
    "+",
    "-",
    "*",
    "/",
    "%",
    "AND",
    "AND",
    "OR",
    "OR",
    "NOT",
    "IS",
    "NULL",
    "TRUE",
    "FALSE",
    "IN",
    "IN (",
    "BETWEEN",
    "LIKE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST(timestamp AS DATE)",
    "DATE",
    "EXTRACT(hour FROM",
    "ABS(",
    "ROUND(",
    "FLOOR(",
    "COALESCE(",
    "GREATEST(",
    "LOWER(",
    "--",
    "/*",
    "\"",
    "SELECT",
];

/// The same of statements.
const CLAUSES: [&str; 26] = [
    "SELECT",
    "playerId",
    ",",
    "*",
    "SUM(",
    "MAX(",
    "COUNT(*)",
    "AS",
    "score",
    "FROM",
    "FROM wagers",
    "FROM game_events",
    "FROM position_change_events",
    "WHERE",
    "GROUP BY playerId",
    "EMIT CHANGES",
    "CREATE STREAM s",
    "WITH (a = 'b')",
    "ORDER",
    ";",
    "data",
    ".",
    "->>",
    "->",
    "::",
    "NUMERIC",
];

fn is_read_without_harm(text: &str) {
    match compile_query(text) {
        Ok(query) => {
            drop(Form::of(&query));
            assert_eq!(compile_query(&print_query(&query)), Ok(query));
        }
        Err(problem) => {
            assert!(problem.at.line > 0 && problem.at.column > 0, "{problem}");
            assert!(problem.rewrite.is_none_or(|rewrite| compile_query(&rewrite).is_ok()));
        }
    }
}

fn is_compiled_without_harm(text: &str) {
    match compile_condition(text) {
        Ok(condition) => assert_eq!(compile_condition(&print(&condition)), Ok(condition)),
        Err(problem) => {
            assert!(problem.at.line > 0 && problem.at.column > 0, "{problem}");
            assert!(problem.to_string().len() < 400, "{problem}");
        }
    }
}

#[test]
fn any_text_is_compiled_without_harm() {
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        is_compiled_without_harm(&String::from_utf8_lossy(bytes));
    });
}

#[test]
fn any_words_of_the_language_are_compiled_without_harm() {
    check!().with_iterations(iterations()).with_max_len(60).for_each(|choices: &[u8]| {
        let words = choices.iter().map(|choice| WORDS[usize::from(*choice) % WORDS.len()]);
        is_compiled_without_harm(&words.collect::<Vec<_>>().join(" "));
    });
}

#[test]
fn any_words_of_statements_are_compiled_without_harm() {
    check!().with_iterations(iterations()).with_max_len(60).for_each(|choices: &[u8]| {
        let all = CLAUSES.iter().chain(&WORDS);
        let words = choices.iter().map(|choice| {
            let index = usize::from(*choice) % (CLAUSES.len() + WORDS.len());
            *all.clone().nth(index).expect("there is one at each place")
        });
        let words = words.collect::<Vec<_>>().join(" ");
        is_read_without_harm(&words);
        is_read_without_harm(&format!("SELECT {words}"));
        is_read_without_harm(&format!("SELECT * FROM game_events WHERE {words}"));
    });
}

#[test]
fn a_form_with_small_damage_is_refused_or_read_back_from_its_query() {
    check!().with_type::<Vec<(u16, u8, u8)>>().with_iterations(iterations()).for_each(|edits| {
        let Ok(form) = serde_json::from_slice::<Form>(&edited(FORM, edits)) else { return };
        match form.query() {
            Ok(query) => assert_eq!(Form::of(&query), Some(form)),
            Err(problems) => assert!(!problems.is_empty()),
        }
    });
}

#[test]
fn five_fields_of_any_bytes_are_read_without_harm() {
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        drop(cron::read(&text));
        drop(cron::read(&format!("0 0 {text}")));
    });
}
