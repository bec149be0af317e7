//! Conditions of the query language, asked of `PostgreSQL` in the same words: the answers are the same, for random
//! conditions over random wagers, where something is unknown or fails too.
//!
//! `PostgreSQL` gets operators of its own where it is free to answer otherwise: a quotient to 18 decimals
//! (`docs/decisions/029`), and comparisons that it cannot make beforehand, so that what fails does so in both.

use std::collections::BTreeMap;

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::event::Wager;
use accolade_domain::query::decimal::{Decimal, Failure};
use accolade_domain::query::expression::Expression;
use accolade_domain::query::row::Row;
use accolade_domain::query::value::Value;
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_wire::query::compile_condition;
use accolade_wire::timestamp;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::samples::{PIECES, Samples};
use crate::tables::server;

const ROWS: usize = 200;
const CONDITIONS: usize = 1_000;

/// In a transaction that is never committed, so that nothing stays.
const OPERATORS: &str = r"
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

    CREATE TABLE wagers (
        number integer PRIMARY KEY, wagerid text, wager_id text, playerid text, player_id text,
        operatorid text, operator_id text, gameid text, game_id text, gamecategory text,
        game_category text, wageramount numeric, wager_amount numeric, winamount numeric,
        win_amount numeric, currency text, playersegment text, player_segment text, jurisdiction text,
        timestamp timestamptz, gamingsystemid text, gaming_system_id text, sequence numeric
    );
";

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
    let near = [
        "2024-03-31T01:00:00Z",
        "2024-10-27T01:00:00Z",
        "2024-07-01T00:00:00Z",
        "2024-12-31T23:00:00Z",
    ];
    let near = timestamp::read(samples.one(&near)).unwrap();
    let span = samples.one(&[1, 3_600_000_000, 40 * 86_400_000_000]);
    let micros = i64::try_from(samples.below(2 * span)).unwrap() - i64::try_from(span).unwrap();
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
        at: near.plus_micros(micros),
    };
    (wager, Rate::parse(rate).unwrap())
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
    let row = Row { wager, rate: *rate, zone };
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

async fn ask(client: &Client, rows: &[Placed], texts: Vec<String>) -> Vec<String> {
    client.batch_execute(OPERATORS).await.unwrap();
    let rows: Vec<String> =
        rows.iter().enumerate().map(|(number, row)| values(number, row)).collect();
    let insert = format!("INSERT INTO wagers VALUES ({})", rows.join("), ("));
    client.batch_execute(&insert).await.unwrap();
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
    let theirs = Runtime::new().unwrap().block_on(async {
        let (client, connection) = tokio_postgres::connect(&server(), NoTls).await.unwrap();
        tokio::spawn(connection);
        ask(&client, &rows, texts).await
    });
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
