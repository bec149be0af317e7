//! Conditions as people write them: what they mean, what is refused and where, and that no text does harm.

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::event::Wager;
use accolade_domain::query::row::Row;
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_wire::query::{
    BRACKETS_MAX, BYTES_MAX, QueryProblem, TOKENS_MAX, compile_condition, print,
};
use accolade_wire::timestamp;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::allocations;
use crate::samples::{PIECES, Samples};

/// A stake of 10.00 on `slots-1`, half an hour after midnight of Sunday in Malta, and before it in UTC.
fn wager() -> Wager<'static> {
    Wager {
        wager_id: "w-1".into(),
        player_id: "p-1".into(),
        operator_id: "o-1".into(),
        game_id: "slots-1".into(),
        game_category: "Slots".into(),
        stake: Amount::parse("10.00").unwrap(),
        win: None,
        currency: "USD".into(),
        segment: Some("VIP".into()),
        jurisdiction: "Malta".into(),
        gaming_system: None,
        sequence: None,
        at: timestamp::read("2024-11-16T23:30:00Z").unwrap(),
    }
}

fn holds(text: &str, wager: &Wager<'_>) -> bool {
    let zone = ZoneOffsets(vec![(Timestamp::default(), 3_600)]);
    let row = Row::of_wager(wager, Rate::parse("0.92").unwrap(), &zone);
    compile_condition(text).unwrap_or_else(|problem| panic!("{text}: {problem}")).is_true(&row)
}

#[track_caller]
fn all_hold(conditions: &[&str]) {
    for text in conditions {
        assert!(holds(text, &wager()), "{text}");
        assert!(!holds(&format!("NOT ({text})"), &wager()), "NOT ({text})");
    }
}

#[track_caller]
fn none_is_known(conditions: &[&str]) {
    for text in conditions {
        assert!(!holds(text, &wager()), "{text}");
        assert!(!holds(&format!("NOT ({text})"), &wager()), "NOT ({text})");
    }
}

/// Writes down what is wrong with each text.
fn check(texts: &[&str], expected: Expect) {
    let told = texts.iter().map(|text| {
        let shown = format!("> {}", text.replace('\n', "\\n").replace('\0', "\\0"));
        let shown = shown.trim_end();
        match compile_condition(text) {
            Ok(condition) => format!("{shown}\n  accepted: {}\n", print(&condition)),
            Err(problem) => format!("{shown}\n  {problem}\n"),
        }
    });
    expected.assert_eq(&told.collect::<String>());
}

#[test]
fn amounts_are_in_the_programs_currency_and_exact() {
    all_hold(&[
        "wagerAmount = 9.2",
        "wager_amount = 9.20",
        "WAGERAMOUNT BETWEEN 9.2 AND 9.2",
        "wagerAmount * 0.1 + 0.2 = 1.12",
        "wagerAmount / 3 = 3.066666666666666667",
        "ROUND(wagerAmount / 3, 2) = 3.07",
        "wagerAmount % 4 = 1.2",
        "-wagerAmount < -9.199999999999999999",
        "FLOOR(-wagerAmount) = -10 AND ABS(-wagerAmount) = 9.2",
        "7 / 2 = 3.5",
        "1 + 2 * 3 = 7 AND (1 + 2) * 3 = 9 AND 10 - 4 - 3 = 3",
        "currency = 'USD'",
    ]);
}

#[test]
fn dates_and_hours_are_those_of_the_zone_and_sunday_is_0() {
    all_hold(&[
        "CAST(timestamp AS DATE) = '2024-11-17'",
        "CAST(timestamp AS DATE) = DATE '2024-11-17'",
        "EXTRACT(hour FROM timestamp) = 0 AND EXTRACT(MINUTE FROM timestamp) = 30",
        "EXTRACT(dow FROM timestamp) = 0",
        "EXTRACT(year FROM timestamp) * 100 + EXTRACT(month FROM timestamp) = 202411",
        "EXTRACT(day FROM timestamp) = 17",
        "timestamp >= '2024-11-16T23:30:00Z' AND timestamp < '2024-11-16T23:30:00.000001Z'",
    ]);
}

#[test]
fn texts_are_compared_letter_by_letter() {
    all_hold(&[
        "gameCategory = 'Slots' AND gameCategory <> 'slots'",
        "LOWER(gameCategory) = 'slots' AND UPPER(gameCategory) = 'SLOTS'",
        "LOWER(UPPER('é')) = 'é' AND UPPER('straße') = 'STRAßE'",
        "gameId LIKE 'slots-%' AND gameId LIKE '_lots__' AND gameId NOT LIKE '%2'",
        "gameId LIKE '%s%s%' AND gameId NOT LIKE 'slots' AND gameId LIKE '%'",
        "'50% off_' LIKE '50\\% off\\_' AND '50x off_' NOT LIKE '50\\%%'",
        "'it''s' = 'it''s' AND 'a' < 'b' AND 'Z' < 'a' AND 'é' > 'z'",
        "gameId IN ('a', 'slots-1', 'b') AND gameId NOT IN ('slots-2')",
        "UPPER(playerSegment) IN (jurisdiction, 'VIP')",
        "GREATEST('a', gameId) = 'slots-1' AND LEAST('a', gameId) = 'a'",
    ]);
}

#[test]
fn the_system_and_its_number_are_asked_where_they_are_known() {
    let unknown = ["gamingSystemId = 'gs-1'", "gaming_system_id <> 'gs-1'", "sequence >= 0"];
    none_is_known(&unknown);
    all_hold(&["gamingSystemId IS NULL AND Sequence IS NULL", "COALESCE(sequence, 5) = 5"]);
    let known = Wager { gaming_system: Some("gs-1".into()), sequence: Some(u64::MAX), ..wager() };
    for text in [
        "gamingSystemId = 'gs-1' AND GAMING_SYSTEM_ID LIKE 'gs-%'",
        "sequence = 18446744073709551615 AND sequence + 1 = 18446744073709551616",
        "sequence % 2 = 1",
    ] {
        assert!(holds(text, &known), "{text}");
    }
}

#[test]
fn null_is_as_in_sql() {
    all_hold(&[
        "winAmount IS NULL AND winAmount + 1 IS NULL AND playerSegment IS NOT NULL",
        "(winAmount > 1) IS NULL AND (winAmount > 1 OR TRUE)",
        "NOT (winAmount > 1 AND FALSE)",
        "wagerAmount IN (1, 9.2, NULL) AND (wagerAmount IN (1, NULL)) IS NULL",
        "COALESCE(winAmount, wagerAmount) = 9.2 AND GREATEST(winAmount, 1) = 1",
        "CASE WHEN winAmount > 1 THEN 1 ELSE 2 END = 2",
        "CASE WHEN winAmount > 1 THEN 1 END IS NULL",
        "CASE winAmount WHEN NULL THEN 1 WHEN 2 THEN 3 ELSE 4 END = 4",
        "CASE gameId WHEN 'slots-1' THEN wagerAmount * 2 ELSE wagerAmount END = 18.4",
    ]);
    none_is_known(&[
        "NULL",
        "winAmount = winAmount",
        "winAmount = NULL",
        "winAmount NOT IN (1, 2)",
        "wagerAmount NOT IN (1, NULL)",
        "winAmount BETWEEN 1 AND 2",
        "LOWER(NULL) LIKE '%'",
        "winAmount / 0 > 1",
    ]);
}

#[test]
fn what_cannot_be_computed_is_not_true_and_is_computed_only_where_it_matters() {
    none_is_known(&["wagerAmount / (wagerAmount - 9.2) > 1", "wagerAmount % 0 = 0"]);
    all_hold(&["wagerAmount > 1 OR wagerAmount / 0 > 1"]);
    assert!(holds("CASE WHEN wagerAmount > 1 THEN TRUE ELSE wagerAmount / 0 > 1 END", &wager()));
    let power = |times: usize| format!("{} > 0", vec!["99999999999999999999"; times].join(" * "));
    none_is_known(&[&power(20)]);
}

#[test]
fn a_name_that_is_none_says_which_was_meant() {
    check(
        &[
            "gameCategry = 'slots'",
            "gameId = 'a' AND\n  game_categori = 'b'",
            "gameId LIK 'a'",
            "LOWR(gameId) = 'a'",
            "colour = 'red'",
            "SUBSTR(gameId, 1, 2) = 'a'",
            "gameId(1) = 'a'",
            "hour = 3",
            "lower = 'a'",
            "data.score > 1",
            "gameId = (SELECT gameId)",
            "gameId ILIKE 'a'",
            "wagerAmount > ANY (1)",
            "é = 1",
        ],
        expect![[r#"
            > gameCategry = 'slots'
              line 1, column 1: expected a column, found `gameCategry`; did you mean `gameCategory`?
            > gameId = 'a' AND\n  game_categori = 'b'
              line 2, column 3: expected a column, found `game_categori`; did you mean `gameCategory`?
            > gameId LIK 'a'
              line 1, column 8: expected a column, found `LIK`; did you mean `LIKE`?
            > LOWR(gameId) = 'a'
              line 1, column 1: expected a function, found `LOWR`; did you mean `LOWER`?
            > colour = 'red'
              line 1, column 1: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `colour`
            > SUBSTR(gameId, 1, 2) = 'a'
              line 1, column 1: expected a function, one of `COALESCE`, `GREATEST`, `LEAST`, `ABS`, `ROUND`, `FLOOR`, `LOWER`, `UPPER`, found `SUBSTR`
            > gameId(1) = 'a'
              line 1, column 1: expected a function, one of `COALESCE`, `GREATEST`, `LEAST`, `ABS`, `ROUND`, `FLOOR`, `LOWER`, `UPPER`, found `gameId`
            > hour = 3
              line 1, column 1: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `hour`
            > lower = 'a'
              line 1, column 1: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `lower`
            > data.score > 1
              line 1, column 1: expected a column of a wager: `data` is what `game_events` have, found `data`
            > gameId = (SELECT gameId)
              line 1, column 11: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `SELECT`
            > gameId ILIKE 'a'
              line 1, column 8: expected a column, found `ILIKE`; did you mean `LIKE`?
            > wagerAmount > ANY (1)
              line 1, column 15: expected a function, found `ANY`; did you mean `AND`?
            > é = 1
              line 1, column 1: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `é`
        "#]],
    );
}

#[test]
fn a_type_that_does_not_fit_says_which_would() {
    check(
        &[
            "wagerAmount = 'ten'",
            "gameId > 5",
            "5 = gameId",
            "gameId + 1 > 2",
            "gameId",
            "wagerAmount AND TRUE",
            "NOT wagerAmount",
            "(wagerAmount > 1) = TRUE",
            "1 < wagerAmount < 3",
            "wagerAmount LIKE '1%'",
            "gameId LIKE jurisdiction",
            "gameId LIKE 'a\\'",
            "wagerAmount IN (1, 'a')",
            "wagerAmount BETWEEN 1 AND 'a'",
            "timestamp > 5",
            "timestamp > 'yesterday'",
            "timestamp > '2024-11-17'",
            "timestamp > DATE '2024-11-17'",
            "CAST(timestamp AS DATE) = '2024-02-30'",
            "DATE '17.11.2024' = CAST(timestamp AS DATE)",
            "CAST(gameId AS DATE) = '2024-11-17'",
            "CAST(wagerAmount AS DATE) IS NULL",
            "EXTRACT(hour FROM gameId) = 1",
            "CASE WHEN wagerAmount THEN 1 END = 1",
            "CASE WHEN TRUE THEN 1 ELSE 'a' END = 1",
            "COALESCE(winAmount, gameId) = 1",
            "GREATEST(TRUE, FALSE)",
            "ABS(gameId) = 1",
            "LOWER(1) = 'a'",
            "ROUND(wagerAmount, 1.5) = 1",
            "ROUND(wagerAmount, 27) = 1",
            "ROUND(wagerAmount, wagerAmount) = 1",
        ],
        expect![[r#"
            > wagerAmount = 'ten'
              line 1, column 15: expected a number, found a text
            > gameId > 5
              line 1, column 10: expected a text, found a number
            > 5 = gameId
              line 1, column 5: expected a number, found a text
            > gameId + 1 > 2
              line 1, column 1: expected a number, found a text
            > gameId
              line 1, column 1: expected a condition, found a text
            > wagerAmount AND TRUE
              line 1, column 1: expected a condition, found a number
            > NOT wagerAmount
              line 1, column 5: expected a condition, found a number
            > (wagerAmount > 1) = TRUE
              line 1, column 2: expected values that can be compared, found a condition
            > 1 < wagerAmount < 3
              line 1, column 1: expected values that can be compared, found a condition
            > wagerAmount LIKE '1%'
              line 1, column 1: expected a text, found a number
            > gameId LIKE jurisdiction
              line 1, column 13: expected a pattern in single quotes, found `jurisdiction`
            > gameId LIKE 'a\'
              line 1, column 13: expected a pattern in which something follows each `\`, found `a\`
            > wagerAmount IN (1, 'a')
              line 1, column 20: expected a number, found a text
            > wagerAmount BETWEEN 1 AND 'a'
              line 1, column 27: expected a number, found a text
            > timestamp > 5
              line 1, column 13: expected a time, found a number
            > timestamp > 'yesterday'
              line 1, column 13: expected a time such as `'2024-11-11T10:30:00Z'`, found `yesterday`
            > timestamp > '2024-11-17'
              line 1, column 13: expected a time such as `'2024-11-11T10:30:00Z'`, found `2024-11-17`
            > timestamp > DATE '2024-11-17'
              line 1, column 18: expected a time, found a date
            > CAST(timestamp AS DATE) = '2024-02-30'
              line 1, column 27: expected a date such as `'2024-11-11'`, found `2024-02-30`
            > DATE '17.11.2024' = CAST(timestamp AS DATE)
              line 1, column 6: expected a date such as `'2024-11-11'`, found `'17.11.2024'`
            > CAST(gameId AS DATE) = '2024-11-17'
              line 1, column 6: expected a time, found a text
            > CAST(wagerAmount AS DATE) IS NULL
              line 1, column 6: expected a time, found a number
            > EXTRACT(hour FROM gameId) = 1
              line 1, column 19: expected a time, found a text
            > CASE WHEN wagerAmount THEN 1 END = 1
              line 1, column 11: expected a condition, found a number
            > CASE WHEN TRUE THEN 1 ELSE 'a' END = 1
              line 1, column 28: expected a number, found a text
            > COALESCE(winAmount, gameId) = 1
              line 1, column 21: expected a number, found a text
            > GREATEST(TRUE, FALSE)
              line 1, column 10: expected values that can be compared, found a condition
            > ABS(gameId) = 1
              line 1, column 5: expected a number, found a text
            > LOWER(1) = 'a'
              line 1, column 7: expected a text, found a number
            > ROUND(wagerAmount, 1.5) = 1
              line 1, column 20: expected a whole number of decimals up to 26, found `1.5`
            > ROUND(wagerAmount, 27) = 1
              line 1, column 20: expected a whole number of decimals up to 26, found `27`
            > ROUND(wagerAmount, wagerAmount) = 1
              line 1, column 20: expected a whole number of decimals up to 26, found `wagerAmount`
        "#]],
    );
}

#[test]
fn what_is_not_of_the_language_is_refused_where_it_stands() {
    check(
        &[
            "",
            "   ",
            "-- nothing",
            "wagerAmount >",
            "wagerAmount > 1 AND",
            "wagerAmount > 1)",
            "(wagerAmount > 1",
            "wagerAmount > 1 gameId",
            "wagerAmount > 1; DROP",
            "wagerAmount == 1",
            "gameId = \"slots\"",
            "gameId || 'a' = 'b'",
            "gameId::date = 'b'",
            "gameId = 'open",
            "gameId = 'a' /* open",
            "gameId = E'a'",
            "gameId = N'a'",
            "gameId = $1",
            "gameId = ?",
            "wagerAmount IN ()",
            "wagerAmount IN 1",
            "wagerAmount BETWEEN 1",
            "wagerAmount IS 1",
            "CASE wagerAmount > 1 END",
            "CASE WHEN TRUE THEN 1",
            "CAST(timestamp AS TIMESTAMP) IS NULL",
            "CAST(timestamp) IS NULL",
            "EXTRACT(timestamp) = 1",
            "EXTRACT(hour, timestamp) = 1",
            "ABS() = 1",
            "ABS(1, 2) = 1",
            "ROUND(1, 2, 3) = 1",
            "COALESCE() = 1",
            "FLOOR(1, 2) = 1",
            "(1 > 2) IS TRUE",
            "gameId LIKE 'a' || 'b'",
            "gameId LIKE LOWER('a')",
            "wagerAmount > 1e3",
            "wagerAmount > 0x10",
            "wagerAmount > 123456789012345678901234567890123456789",
            "wagerAmount > 0.123456789012345678901234567",
            "(1, 2) = (1, 2)",
            "gameId = 'a\u{0}b'",
            "gameId = 'a\nb'",
            "\u{0}",
            "gameId = \u{1f3b0}",
            "gameId = 'a' \u{201c}",
        ],
        expect![[r#"
            >
              line 1, column 1: expected an expression, found the end
            >
              line 1, column 1: expected an expression, found the end
            > -- nothing
              line 1, column 1: expected an expression, found the end
            > wagerAmount >
              line 1, column 14: expected an expression, found the end
            > wagerAmount > 1 AND
              line 1, column 20: expected an expression, found the end
            > wagerAmount > 1)
              line 1, column 16: expected an operator or the end, found `)`
            > (wagerAmount > 1
              line 1, column 17: expected `)`, found the end
            > wagerAmount > 1 gameId
              line 1, column 17: expected an operator or the end, found `gameId`
            > wagerAmount > 1; DROP
              line 1, column 16: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `;`
            > wagerAmount == 1
              line 1, column 13: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `==`
            > gameId = "slots"
              line 1, column 10: expected a name without quotes, or a text in single quotes, found `"slots"`
            > gameId || 'a' = 'b'
              line 1, column 8: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `||`
            > gameId::date = 'b'
              line 1, column 7: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `::`
            > gameId = 'open
              line 1, column 10: expected a text or a comment that ends, found one that does not
            > gameId = 'a' /* open
              line 1, column 21: expected a text or a comment that ends, found one that does not
            > gameId = E'a'
              line 1, column 10: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `E`
            > gameId = N'a'
              line 1, column 10: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `N'a'`
            > gameId = $1
              line 1, column 10: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `$1`
            > gameId = ?
              line 1, column 10: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `?`
            > wagerAmount IN ()
              line 1, column 17: expected an expression, found `)`
            > wagerAmount IN 1
              line 1, column 16: expected `(`, found `1`
            > wagerAmount BETWEEN 1
              line 1, column 22: expected `AND`, found the end
            > wagerAmount IS 1
              line 1, column 16: expected `NULL` or `NOT NULL`, found `1`
            > CASE wagerAmount > 1 END
              line 1, column 22: expected `WHEN`, found `END`
            > CASE WHEN TRUE THEN 1
              line 1, column 22: expected `END`, found the end
            > CAST(timestamp AS TIMESTAMP) IS NULL
              line 1, column 6: expected `CAST(… AS DATE)`, or to `NUMERIC`, `TEXT` or `BOOLEAN`, found `TIMESTAMP`
            > CAST(timestamp) IS NULL
              line 1, column 15: expected `AS`, found `)`
            > EXTRACT(timestamp) = 1
              line 1, column 9: expected date/time field, found `timestamp`
            > EXTRACT(hour, timestamp) = 1
              line 1, column 8: expected `EXTRACT(… FROM …)`, found `(`
            > ABS() = 1
              line 1, column 1: expected one operand of `ABS`, found 0
            > ABS(1, 2) = 1
              line 1, column 1: expected one operand of `ABS`, found 2
            > ROUND(1, 2, 3) = 1
              line 1, column 1: expected one or two operands of `ROUND`, found 3
            > COALESCE() = 1
              line 1, column 1: expected at least one operand of `COALESCE`, found 0
            > FLOOR(1, 2) = 1
              line 1, column 7: expected an expression of this language, found `FLOOR` with decimals
            > (1 > 2) IS TRUE
              line 1, column 2: expected an expression of this language, found `IS` with a truth
            > gameId LIKE 'a' || 'b'
              line 1, column 17: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `||`
            > gameId LIKE LOWER('a')
              line 1, column 13: expected a pattern in single quotes, found an operation
            > wagerAmount > 1e3
              line 1, column 15: expected a number of at most 38 figures, 26 of them decimals, found `1e3`
            > wagerAmount > 0x10
              line 1, column 15: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `X'10'`
            > wagerAmount > 123456789012345678901234567890123456789
              line 1, column 15: expected a number of at most 38 figures, 26 of them decimals, found `123456789012345678901234567890123456789`
            > wagerAmount > 0.123456789012345678901234567
              line 1, column 15: expected a number of at most 38 figures, 26 of them decimals, found `0.123456789012345678901234567`
            > (1, 2) = (1, 2)
              line 1, column 2: expected an expression of this language, found a list
            > gameId = 'a\0b'
              line 1, column 10: expected a text without control characters, found `'a\u{0}b'`
            > gameId = 'a\nb'
              line 1, column 10: expected a text without control characters, found `'a\nb'`
            > \0
              line 1, column 1: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `\u{0}`
            > gameId = 🎰
              line 1, column 10: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `🎰`
            > gameId = 'a' “
              line 1, column 14: expected a name, a number, a text in single quotes, brackets, or one of = <> < <= > >= + - * / %, found `“`
        "#]],
    );
}

fn problem(text: &str) -> QueryProblem {
    match compile_condition(text) {
        Err(problem) => {
            assert!(problem.at.line > 0 && problem.at.column > 0, "{problem}");
            assert!(problem.to_string().len() < 400, "{problem}");
            problem
        }
        Ok(_) => panic!("accepted: {}", text.chars().take(60).collect::<String>()),
    }
}

/// Texts that are made to be too much, each with its place where that is known.
#[test]
fn no_text_is_too_much() {
    let many = |piece: &str, count: usize| piece.repeat(count);
    let column = |text: &str| {
        let problem = problem(text);
        assert_eq!(problem.at.line, 1, "{problem}");
        problem.at.column
    };
    assert_eq!(column(&many("(", 1_000)), BRACKETS_MAX + 1);
    assert_eq!(column(&many("(\t", 1_000)), 2 * BRACKETS_MAX + 1);
    let ors = format!("TRUE{}", many(" OR TRUE", 5_000));
    assert_eq!(column(&ors), BYTES_MAX + 1);
    let short = format!("1>0{}", many(" OR 1>0", 1_500));
    assert_eq!(problem(&short).expected, format!("at most {TOKENS_MAX} words and signs"));
    let items = format!("wagerAmount IN (1{})", many(",1", 100_000));
    assert_eq!(column(&items), BYTES_MAX + 1);
    assert_eq!(column(&many("é", 1 << 19)), BYTES_MAX / 2 + 1);
    let grows = format!("TRUE{}", many(" OR wagerAmount=1", 900));
    assert_eq!(problem(&grows).expected, "a shorter condition");
    assert_eq!(problem(&many("\n", 1 << 20)).at.line, BYTES_MAX + 1);
    for text in [
        many("NOT ", 4_000),
        many("- ", 4_000),
        many("-", 4_000),
        many("CASE WHEN ", 1_000),
        many("CASE ", 2_000),
        many("CASE WHEN TRUE THEN ", 500),
        many("ABS(", 1_000),
        many("COALESCE(CASE WHEN NOT (", 500),
        many("wagerAmount IN (", 500),
        many("wagerAmount IN ((", 500),
        many("gameId LIKE ", 1_000),
        many("wagerAmount BETWEEN ", 800),
        many("CAST(", 1_000),
        many("EXTRACT(hour FROM ", 500),
        many("1=NOT ", 1_000),
        many("TRUE OR TRUE AND NOT 1=-1+1*-", 300),
        many("1 IS NULL = ", 1_000),
        format!("0{}", many("+1", 2_000)),
        format!("0{} > 0", many("+1", 2_000)),
        format!("0{} > 0", many("*1", 2_000)),
        format!("1{}", many("=1", 2_000)),
        format!("1{} IS NULL", many(" IS NULL", 2_000)),
        format!("{}TRUE{}", many("(", 40), many(")", 41)),
        format!("{}1{} = 1", many("ABS(", 30), many(")", 30)),
        format!("{}'a'{} = 'a'", many("LOWER(", 30), many(")", 30)),
        format!("gameId LIKE 0{}", many("+1", 2_000)),
        format!("ABS(0{}) > 0", many("+1", 2_000)),
        format!("ROUND(1, 0{}) > 0", many("+1", 2_000)),
        format!("FLOOR(0{}, 1) > 0", many("+1", 2_000)),
        format!("GREATEST(0{}) > 0", many("+1", 2_000)),
        format!("(0{}, 1) > 0", many("+1", 2_000)),
        format!("0{} IS TRUE", many("+1", 2_000)),
        format!("EXTRACT(hour FROM 0{}) > 0", many("+1", 2_000)),
        format!("CAST(0{} AS DATE) > 0", many("+1", 2_000)),
        format!("CASE 0{} WHEN 1 THEN 1 END", many("+1", 2_000)),
        format!("1 IN (0{})", many("+1", 2_000)),
        format!("- 0{}", many("+1", 2_000)),
        format!("gameId = '{}'", many("a", 257)),
        format!("gameId LIKE '{}'", many("%a", 300)),
        format!("FALSE{}", many(" OR 1/wagerAmount>0", 400)),
        format!("FALSE{}", many(" OR gameId LIKE '%a%b%c%d%'", 400)),
        many("'", 1_001),
        many("/*", 5_000),
        many("\"", 5_000),
        many("[", 5_000),
        many("{", 5_000),
        many(";", 5_000),
        many("a.", 5_000),
        many("\u{0}", 5_000),
    ] {
        problem(&text);
    }
}

/// Compiling takes little stack in a build for tests too, whatever the text.
#[test]
fn the_deepest_texts_need_less_than_a_threads_stack() {
    let deep = || {
        for text in [
            format!("{}TRUE{}", "(".repeat(BRACKETS_MAX), ")".repeat(BRACKETS_MAX)),
            format!("{}TRUE{}", "NOT (".repeat(22), ")".repeat(22)),
            format!("{}TRUE{}", "(TRUE OR (TRUE AND ".repeat(11), "))".repeat(11)),
            format!("{}1{} > 0", "CASE WHEN 1 = ".repeat(10), " THEN 1 END".repeat(10)),
            format!("FALSE{}", " OR TRUE".repeat(1_900)),
        ] {
            let condition = compile_condition(&text).unwrap_or_else(|problem| panic!("{problem}"));
            assert_eq!(compile_condition(&print(&condition)), Ok(condition));
        }
        for text in [
            format!("0{}", "+1".repeat(2_000)),
            "1=NOT ".repeat(1_000),
            "CASE WHEN 1 + 1 = ".repeat(40),
            "TRUE OR TRUE AND NOT 1=-1+1*".repeat(200),
        ] {
            assert!(compile_condition(&text).is_err());
        }
    };
    let small = std::thread::Builder::new().stack_size(1 << 20).spawn(deep).unwrap();
    assert!(small.join().is_ok());
}

#[test]
fn a_long_list_costs_little_and_is_accepted() {
    let games: Vec<String> = (0..1_000).map(|game| format!("'game-{game}'")).collect();
    assert!(!holds(&format!("gameId IN ({})", games.join(",")), &wager()));
}

#[test]
fn comments_and_lines_are_where_they_are_written() {
    check(
        &["gameId = 'a' -- of theirs\n  AND /* and\n */ wagerAmount > gameId"],
        expect![[r#"
            > gameId = 'a' -- of theirs\n  AND /* and\n */ wagerAmount > gameId
              line 3, column 19: expected a number, found a text
        "#]],
    );
}

#[test]
fn evaluating_allocates_nothing() {
    let (wager, mut samples) = (wager(), Samples::new(2));
    let zone = ZoneOffsets(vec![(Timestamp::default(), 3_600)]);
    let row = Row::of_wager(&wager, Rate::parse("0.92").unwrap(), &zone);
    for number in 0..2_000 {
        let text = samples.condition(number % 2 == 0);
        let Ok(condition) = compile_condition(&text) else { continue };
        assert_eq!(allocations::count(|| condition.is_true(&row)), 0, "{text}");
    }
    assert!(allocations::count(|| vec![1]) > 0);
}

#[test]
fn what_is_accepted_can_be_printed_and_compiles_to_the_same() {
    let mut samples = Samples::new(1);
    let mut refused = 0;
    for number in 0..5_000 {
        let text = samples.condition(number % 2 == 0);
        match compile_condition(&text) {
            Ok(condition) => {
                let printed = print(&condition);
                assert_eq!(compile_condition(&printed).as_ref(), Ok(&condition), "{text}");
                assert_eq!(print(&compile_condition(&printed).unwrap()), printed);
            }
            Err(problem) => {
                assert!(problem.expected.contains("costs"), "{text}: {problem}");
                refused += 1;
            }
        }
    }
    assert!(refused < 50, "{refused} cost too much");
    assert_eq!(samples.met.len(), PIECES.len(), "{:?}", samples.met);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_compiled_or_refused_with_a_place(text in any::<String>()) {
        if let Err(problem) = compile_condition(&text) {
            prop_assert!(problem.at.line > 0 && problem.at.column > 0);
        }
    }
}
