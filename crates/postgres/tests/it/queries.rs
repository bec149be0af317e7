//! Conditions and statements of the query language, asked of `PostgreSQL` in the same words: the answers are the same, for
//! random ones over random events, where something is unknown or fails too.
//!
//! `PostgreSQL` gets operators of its own where it is free to answer otherwise: a quotient to 18 decimals
//! (`docs/decisions/029`), and comparisons that it cannot make beforehand, so that what fails does so in both.

use std::collections::BTreeMap;

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::event::{GameEvent, Wager};
use accolade_domain::query::decimal::{Decimal, Failure};
use accolade_domain::query::expression::Expression;
use accolade_domain::query::row::{Row, Source};
use accolade_domain::query::scoring::{Aggregate, Query};
use accolade_domain::query::value::Value;
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_wire::query::{compile_condition, compile_query};
use accolade_wire::{json, timestamp};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::samples::{PIECES, STATEMENT_PIECES, Samples, Statement};
use crate::tables::server;

const ROWS: usize = 200;
const CONDITIONS: usize = 1_000;
const STATEMENTS: usize = 600;

/// In a transaction that is never committed, so that nothing stays.
const OPERATORS: &str = r#"
    BEGIN;
    CREATE SCHEMA conditions;
    SET LOCAL search_path = conditions, pg_catalog;
    SET LOCAL TIME ZONE 'Europe/Malta';

    CREATE FUNCTION quotient(a numeric, b numeric) RETURNS numeric STRICT LANGUAGE plpgsql AS $$
        BEGIN RETURN round((a + 0.0::numeric(90, 60)) OPERATOR(pg_catalog./) b, 18); END $$;
    CREATE FUNCTION remainder(a numeric, b numeric) RETURNS numeric STRICT LANGUAGE plpgsql AS $$
        BEGIN RETURN a OPERATOR(pg_catalog.%) b; END $$;
    CREATE OPERATOR / (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = quotient);
    CREATE OPERATOR % (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = remainder);

    DO $$ DECLARE sign text; BEGIN
        FOREACH sign IN ARRAY ARRAY['=', '<>', '<', '<=', '>', '>='] LOOP
            EXECUTE format(
                'CREATE FUNCTION %1$I(a numeric, b numeric) RETURNS boolean STRICT LANGUAGE plpgsql
                    AS ''BEGIN RETURN a OPERATOR(pg_catalog.%1$s) b; END''', sign);
            EXECUTE format(
                'CREATE OPERATOR %1$s (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = %1$I)', sign);
        END LOOP;
    END $$;

    -- One letter for each wager: true, false, null or error. One by one only where one of them fails.
    CREATE FUNCTION answers(condition text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE
        answer text := '';
        one text;
    BEGIN
        BEGIN
            EXECUTE format(
                'SELECT string_agg(coalesce(left(answer::text, 1), ''n''), '''' ORDER BY number)
                 FROM (SELECT number, (%s) AS answer FROM wagers OFFSET 0) _', condition) INTO answer;
            RETURN answer;
        EXCEPTION WHEN division_by_zero THEN
        END;
        answer := '';
        FOR row IN 0 .. (SELECT max(number) FROM wagers) LOOP
            BEGIN
                EXECUTE format(
                    'SELECT coalesce(left((%s)::text, 1), ''n'') FROM wagers WHERE number OPERATOR(pg_catalog.=) $1',
                    condition) INTO one USING row;
            EXCEPTION WHEN division_by_zero THEN
                one := 'e';
            END;
            answer := answer || one;
        END LOOP;
        RETURN answer;
    END $$;

    -- What the events that count are worth, one by one only where one of them fails: that one counts nothing.
    CREATE TABLE counted (player text, value numeric);
    CREATE FUNCTION scores(aggregate text, of text, source text, condition text) RETURNS text
    LANGUAGE plpgsql AS $$
    DECLARE
        selected text := format(
            'INSERT INTO counted SELECT playerid, %s FROM %I AS data WHERE (%s)',
            CASE WHEN of = '*' THEN '1'
                WHEN aggregate = 'COUNT' THEN format('CASE WHEN (%s) IS NOT NULL THEN 1 END', of)
                ELSE format('round(%s, 18)', of) END,
            source, condition);
        answer text;
    BEGIN
        TRUNCATE counted;
        BEGIN
            EXECUTE selected;
        EXCEPTION WHEN division_by_zero THEN
            FOR row IN 0 .. (SELECT max(number) FROM wagers) LOOP
                BEGIN
                    EXECUTE replace(selected, ' AS data WHERE ',
                        ' AS data WHERE number OPERATOR(pg_catalog.=) $1 AND ') USING row;
                EXCEPTION WHEN division_by_zero THEN
                END;
            END LOOP;
        END;
        EXECUTE format(
            'SELECT string_agg(player || ''='' || trim_scale(score), '' '' ORDER BY player COLLATE "C")
             FROM (SELECT player, %s AS score FROM counted GROUP BY player) _',
            CASE aggregate WHEN 'AVG' THEN 'sum(value) / count(value)::numeric'
                WHEN 'COUNT' THEN 'count(value)::numeric'
                ELSE aggregate || '(value)' END) INTO answer;
        RETURN coalesce(answer, '');
    END $$;

    CREATE TABLE game_events (
        number integer PRIMARY KEY, eventid text, event_id text, eventtype text, event_type text,
        playerid text, player_id text, gameid text, game_id text, timestamp timestamptz,
        score numeric, level numeric, name text, won boolean
    );
    CREATE TABLE wagers (
        number integer PRIMARY KEY, wagerid text, wager_id text, playerid text, player_id text,
        operatorid text, operator_id text, gameid text, game_id text, gamecategory text,
        game_category text, wageramount numeric, wager_amount numeric, winamount numeric,
        win_amount numeric, currency text, playersegment text, player_segment text, jurisdiction text,
        timestamp timestamptz, gamingsystemid text, gaming_system_id text, sequence numeric
    );
"#;

/// A wager and the rate of its currency.
type Placed = (Wager<'static>, Rate);

fn malta() -> ZoneOffsets {
    let at = |text| timestamp::read(text).unwrap();
    let (spring, autumn) = (at("2024-03-31T01:00:00Z"), at("2024-10-27T01:00:00Z"));
    ZoneOffsets(vec![(Timestamp::default(), 3_600), (spring, 7_200), (autumn, 3_600)])
}

fn wagers(samples: &mut Samples) -> Vec<Placed> {
    (0..ROWS).map(|number| wager(number, samples)).collect()
}

fn wager(number: usize, samples: &mut Samples) -> Placed {
    let amounts =
        ["0", "1", "10", "10.00", "12.5", "100.25", "0.000000000000000001", "999999.123456789"];
    let amount = |samples: &mut Samples| Amount::parse(samples.one(&amounts)).unwrap();
    let (stake, win) = (amount(samples), amount(samples));
    let rate = samples.one(&["1", "0.92345678", "1.17"]);
    let text = |samples: &mut Samples, of: &[&'static str]| samples.one(of).into();
    let letters =
        ["slots", "Slots", "table", "é", "É", "50%", "a_b", "a\\b", "it's", "straße", "ΣΑΣ"];
    let at = time(samples);
    let wager = Wager {
        wager_id: format!("w-{number}").into(),
        player_id: text(samples, &letters),
        operator_id: text(samples, &["house", "HOUSE", "rival"]),
        game_id: text(samples, &letters),
        game_category: text(samples, &letters),
        stake,
        win: (samples.below(3) > 0).then_some(win),
        currency: text(samples, &["EUR", "USD", "GBP"]),
        segment: (samples.below(3) > 0).then(|| text(samples, &["VIP", "vip", "Gold", "É"])),
        jurisdiction: text(samples, &["Malta", "Ontario", "VIP"]),
        gaming_system: (samples.below(3) > 0).then(|| text(samples, &["gs-1", "GS-1", "VIP"])),
        sequence: (samples.below(3) > 0).then(|| samples.one(&[0, 1, 7, 10, 8_812_345])),
        at,
    };
    (wager, Rate::parse(rate).unwrap())
}

fn time(samples: &mut Samples) -> Timestamp {
    let near = [
        "2024-03-31T01:00:00Z",
        "2024-10-27T01:00:00Z",
        "2024-07-01T00:00:00Z",
        "2024-12-31T23:00:00Z",
    ];
    let near = timestamp::read(samples.one(&near)).unwrap();
    let span = samples.one(&[1, 3_600_000_000, 40 * 86_400_000_000]);
    near.plus_micros(i64::try_from(samples.below(2 * span)).unwrap() - i64::try_from(span).unwrap())
}

/// The same as a row of the table.
fn values(number: usize, (wager, rate): &Placed) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let twice = |value: String| format!("{value}, {value}");
    let amount = |amount: Amount| Decimal::converted(amount, *rate).to_string();
    let or_null = |value: Option<String>| value.unwrap_or_else(|| "NULL".into());
    [
        number.to_string(),
        twice(quoted(&wager.wager_id)),
        twice(quoted(&wager.player_id)),
        twice(quoted(&wager.operator_id)),
        twice(quoted(&wager.game_id)),
        twice(quoted(&wager.game_category)),
        twice(amount(wager.stake)),
        twice(or_null(wager.win.map(amount))),
        quoted(&wager.currency),
        twice(or_null(wager.segment.as_deref().map(quoted))),
        quoted(&wager.jurisdiction),
        quoted(&timestamp::write(wager.at).to_string()),
        twice(or_null(wager.gaming_system.as_deref().map(quoted))),
        or_null(wager.sequence.map(|sequence| sequence.to_string())),
    ]
    .join(", ")
}

/// One letter, or none where the number is too long for us and not for `PostgreSQL`.
fn answer(condition: &Expression, (wager, rate): &Placed, zone: &ZoneOffsets) -> Option<char> {
    let row = Row::of_wager(wager, *rate, zone);
    match condition.value(&row) {
        Ok(Value::Boolean(true)) => Some('t'),
        Ok(Value::Boolean(false)) => Some('f'),
        Ok(Value::Null) => Some('n'),
        Err(Failure::DivisionByZero) => Some('e'),
        Err(Failure::OutOfRange) => None,
        Ok(other) => panic!("no condition: {other:?}"),
    }
}

/// Those that are not beyond what a condition may cost.
fn conditions(samples: &mut Samples) -> Vec<(String, Expression)> {
    let mut conditions = Vec::new();
    while conditions.len() < CONDITIONS {
        let text = samples.condition(conditions.len() % 2 == 0);
        match compile_condition(&text) {
            Ok(condition) => conditions.push((text, condition)),
            Err(problem) => assert!(problem.expected.contains("costs"), "{text}: {problem}"),
        }
    }
    conditions
}

async fn connect() -> Client {
    let (client, connection) = tokio_postgres::connect(&server(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(OPERATORS).await.unwrap();
    client
}

async fn insert<T>(client: &Client, table: &str, rows: &[T], values: fn(usize, &T) -> String) {
    let rows: Vec<String> =
        rows.iter().enumerate().map(|(number, row)| values(number, row)).collect();
    let insert = format!("INSERT INTO {table} VALUES ({})", rows.join("), ("));
    client.batch_execute(&insert).await.unwrap();
}

async fn ask(client: &Client, rows: &[Placed], texts: Vec<String>) -> Vec<String> {
    insert(client, "wagers", rows, values).await;
    let asked =
        "SELECT answers(condition) FROM unnest($1::text[]) WITH ORDINALITY _(condition, number)
        ORDER BY number";
    let answers = client.query(asked, &[&texts]).await.unwrap();
    answers.iter().map(|row| row.get(0)).collect()
}

#[test]
fn conditions_are_answered_as_postgresql_answers_them() {
    let mut samples = Samples::new(20_241_111);
    let (rows, conditions, zone) = (wagers(&mut samples), conditions(&mut samples), malta());
    let texts: Vec<String> = conditions.iter().map(|(text, _)| text.clone()).collect();
    let theirs =
        Runtime::new().unwrap().block_on(async { ask(&connect().await, &rows, texts).await });
    let mut counts: BTreeMap<char, u64> = BTreeMap::new();
    for ((text, condition), theirs) in conditions.iter().zip(&theirs) {
        assert_eq!(theirs.chars().count(), ROWS, "{text}");
        for (placed, theirs) in rows.iter().zip(theirs.chars()) {
            let ours = answer(condition, placed, &zone);
            *counts.entry(ours.unwrap_or('-')).or_default() += 1;
            assert!(
                ours.is_none_or(|ours| ours == theirs),
                "{ours:?}, not {theirs}: {text}\n{placed:?}"
            );
        }
    }
    assert_eq!(counts.values().sum::<u64>(), (ROWS * CONDITIONS) as u64);
    for (answer, at_least) in [('t', 10_000), ('f', 10_000), ('n', 5_000), ('e', 1_000)] {
        assert!(counts.get(&answer).is_some_and(|count| *count >= at_least), "{counts:?}");
    }
    assert!(counts.get(&'-').is_none_or(|count| *count < 1_000), "{counts:?}");
    for piece in PIECES {
        assert!(
            samples.met.get(piece).is_some_and(|count| *count > 0),
            "{piece}: {:?}",
            samples.met
        );
    }
}

/// A game event with data that is random, as JSON has it.
fn game_event(number: usize, samples: &mut Samples) -> (GameEvent<'static>, [Option<String>; 4]) {
    let some = |samples: &mut Samples, of: &[&'static str]| {
        (samples.below(4) > 0).then(|| samples.one(of).to_owned())
    };
    let numbers = ["0", "1", "10.00", "-2.5", "12.50", "1500", "0.000000000000000001"];
    let (score, level) = (some(samples, &numbers), some(samples, &["1", "2", "1e1"]));
    let name = some(samples, &["slots", "VIP", "é", "it's", "a\"b\\c", "50%", "\u{1f600}\u{7}"]);
    let won = some(samples, &["true", "false"]);
    let quoted = name.as_ref().map(|name| serde_json::to_string(name).unwrap());
    let fields = [("score", &score), ("level", &level), ("name", &quoted), ("won", &won)];
    let fields = fields.iter().map(|(key, value)| match value {
        Some(value) => format!(r#""{key}": {value}"#),
        None => format!(r#""{key}" :null,"no {key}":[1,{{"{key}": 2}}]"#),
    });
    let data = format!("{{ {} }}", fields.collect::<Vec<_>>().join(" , "));
    let event = GameEvent {
        event_id: format!("e-{number}").into(),
        event_type: samples.one(&["player_score", "boss_defeated", "VIP"]).into(),
        player_id: samples.one(&["anna", "ben", "é", "it's"]).into(),
        game_id: samples.one(&["slots", "table", "a_b"]).into(),
        at: time(samples),
        data: Some(data.leak()),
    };
    (event, [score, level, name, won])
}

fn game_values(number: usize, (event, data): &(GameEvent<'static>, [Option<String>; 4])) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let twice = |value: &str| format!("{0}, {0}", quoted(value));
    let [score, level, name, won] = data;
    let or_null = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".into());
    [
        number.to_string(),
        twice(&event.event_id),
        twice(&event.event_type),
        twice(&event.player_id),
        twice(&event.game_id),
        quoted(&timestamp::write(event.at).to_string()),
        or_null(score),
        or_null(level),
        name.as_deref().map_or_else(|| "NULL".into(), quoted),
        or_null(won),
    ]
    .join(", ")
}

/// The score of each player, as `scores` writes them; `None` where a number is too long for us.
fn scores(query: &Query, rows: &[(&str, Row<'_>)]) -> Option<String> {
    let score = query.scoring.as_ref().unwrap();
    let mut counted: BTreeMap<&str, Vec<Decimal>> = BTreeMap::new();
    for (player, row) in rows {
        let condition = query.condition.as_ref().unwrap().value(row);
        if matches!(condition, Err(Failure::OutOfRange)) {
            return None;
        }
        if !query.counts(row) {
            continue;
        }
        if score.of.as_ref().is_some_and(|of| matches!(of.value(row), Err(Failure::OutOfRange))) {
            return None;
        }
        counted.entry(player).or_default().extend(score.value(row));
    }
    let sum = |values: &[Decimal]| {
        values.iter().try_fold(Decimal::ZERO, |sum, value| sum.plus(*value)).unwrap()
    };
    let count = |values: &[Decimal]| Decimal::from(values.len() as u64);
    let told = counted.iter().filter_map(|(player, values)| {
        let answer = match score.aggregate {
            Aggregate::Count => count(values),
            _ if values.is_empty() => return None,
            Aggregate::Sum => sum(values),
            Aggregate::Greatest => *values.iter().max()?,
            Aggregate::Least => *values.iter().min()?,
            Aggregate::Average => sum(values).divided_half_away(count(values)).unwrap(),
        };
        Some(format!("{player}={answer}"))
    });
    Some(told.collect::<Vec<_>>().join(" "))
}

#[test]
fn statements_are_answered_as_postgresql_answers_them() {
    let (mut samples, zone) = (Samples::new(20_241_117), malta());
    let players = ["anna", "ben", "é", "it's"];
    let mut wagers = wagers(&mut samples);
    for (wager, _) in &mut wagers {
        wager.player_id = samples.one(&players).into();
    }
    let games: Vec<_> = (0..ROWS).map(|number| game_event(number, &mut samples)).collect();
    let mut statements: Vec<(Statement, Query)> = Vec::new();
    while statements.len() < STATEMENTS {
        let statement = samples.statement(statements.len().is_multiple_of(2));
        match compile_query(&statement.text()) {
            Ok(query) => statements.push((statement, query)),
            Err(problem) => {
                let is_known =
                    ["costs", "has a type"].iter().any(|why| problem.expected.contains(why));
                assert!(is_known, "{}: {problem}", statement.text());
            }
        }
    }
    let theirs: Vec<String> = Runtime::new().unwrap().block_on(async {
        let client = connect().await;
        insert(&client, "wagers", &wagers, values).await;
        insert(&client, "game_events", &games, game_values).await;
        let mut answers = Vec::new();
        for (Statement { aggregate, of, source, condition }, _) in &statements {
            let asked = "SELECT scores($1, $2, $3, $4)";
            let answer = client.query_one(asked, &[aggregate, of, source, condition]).await;
            answers.push(answer.unwrap_or_else(|error| panic!("{condition}: {error:?}")).get(0));
        }
        answers
    });
    let wagers: Vec<_> = wagers
        .iter()
        .map(|(wager, rate)| (&*wager.player_id, Row::of_wager(wager, *rate, &zone)))
        .collect();
    let games: Vec<_> = games
        .iter()
        .map(|(event, _)| (&*event.player_id, Row::of_game(event, json::find, &zone)))
        .collect();
    let (mut too_long, mut empty) = (0, 0);
    for ((statement, query), theirs) in statements.iter().zip(&theirs) {
        let rows = if query.source == Source::Wagers { &wagers } else { &games };
        let Some(ours) = scores(query, rows) else {
            too_long += 1;
            continue;
        };
        empty += u64::from(ours.is_empty());
        assert_eq!(&ours, theirs, "{}", statement.text());
    }
    assert!(too_long < 30 && empty < 300, "{too_long} too long, {empty} empty");
    for piece in PIECES.iter().chain(&STATEMENT_PIECES) {
        assert!(
            samples.met.get(piece).is_some_and(|count| *count > 0),
            "{piece}: {:?}",
            samples.met
        );
    }
}
