//! Statements as operators write them: what counts and how, what is refused and where.

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::event::{GameEvent, Wager};
use accolade_domain::query::row::Row;
use accolade_domain::time::ZoneOffsets;
use accolade_wire::query::{compile_query, print_query};
use accolade_wire::{json, timestamp};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::allocations;
use crate::samples::{STATEMENT_PIECES, Samples};

/// Writes down how each text is printed, or what is wrong with it.
#[expect(clippy::needless_pass_by_value, reason = "it stands in the test")]
fn check(texts: &[&str], expected: Expect) {
    let told = texts.iter().map(|text| match compile_query(text) {
        Ok(query) => format!("> {text}\n  {}\n", print_query(&query)),
        Err(problem) => format!("> {text}\n  {problem}\n"),
    });
    expected.assert_eq(&told.collect::<String>());
}

fn event(data: Option<&str>) -> GameEvent<'_> {
    GameEvent {
        event_id: "e-1".into(),
        event_type: "player_score".into(),
        player_id: "p-1".into(),
        game_id: "game-001".into(),
        at: timestamp::read("2024-11-16T23:30:00Z").unwrap(),
        data,
    }
}

/// What an event with `data` counts by a query over game events.
fn counted(of: &str, data: &str) -> Option<String> {
    let text = format!("SELECT playerId, {of} AS score FROM game_events GROUP BY playerId");
    let query = compile_query(&text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    let (event, zone) = (event(Some(data)), ZoneOffsets::default());
    let row = Row::of_game(&event, json::find, &zone);
    query.scoring.unwrap().value(&row).map(|value| value.to_string())
}

/// Whether an event with `data` counts by a condition.
fn counts(condition: &str, data: Option<&str>) -> bool {
    let text = format!("SELECT * FROM game_events WHERE {condition}");
    let query = compile_query(&text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
    let (event, zone) = (event(data), ZoneOffsets::default());
    query.counts(&Row::of_game(&event, json::find, &zone))
}

#[test]
fn statements_of_operators_are_read_as_they_are() {
    check(
        &[
            "SELECT playerId, SUM(wagerAmount * CASE WHEN gameId = 'mega-slots' THEN 2 ELSE 1 END) AS score FROM wagers WHERE gameCategory = 'slots' AND wagerAmount >= 10.00 AND playerSegment IN ('VIP', 'Gold') AND jurisdiction <> 'Ontario' GROUP BY playerId",
            "CREATE STREAM eligible_wagers AS SELECT * FROM wager_events WHERE game_id IN ('slot-1', 'slot-2') AND wager_amount >= 10.00 AND player_segment = 'VIP';",
            "CREATE STREAM tournament_123 AS SELECT playerId, wagerAmount, timestamp FROM wager_events WHERE gameCategory = 'slots' AND wagerAmount >= 10.00 AND playerSegment = 'VIP' AND timestamp BETWEEN '2024-11-15T00:00:00Z' AND '2024-11-17T23:59:59Z';",
            "CREATE STREAM weekend_slots_tournament AS SELECT playerId, positionChangeId, score, newPosition, timestamp FROM position_change_events WHERE tournamentId = 'weekend-slots-2024' AND gameCategory = 'slots' AND playerSegment IN ('VIP', 'Gold') AND CAST(timestamp AS DATE) BETWEEN '2024-11-15' AND '2024-11-17';",
        ],
        expect![[r#"
            > SELECT playerId, SUM(wagerAmount * CASE WHEN gameId = 'mega-slots' THEN 2 ELSE 1 END) AS score FROM wagers WHERE gameCategory = 'slots' AND wagerAmount >= 10.00 AND playerSegment IN ('VIP', 'Gold') AND jurisdiction <> 'Ontario' GROUP BY playerId
              SELECT playerId, SUM(wagerAmount * CASE WHEN gameId = 'mega-slots' THEN 2 ELSE 1 END) AS score FROM wagers WHERE (gameCategory = 'slots') AND (wagerAmount >= 10) AND (playerSegment IN ('Gold', 'VIP')) AND (jurisdiction <> 'Ontario') GROUP BY playerId
            > CREATE STREAM eligible_wagers AS SELECT * FROM wager_events WHERE game_id IN ('slot-1', 'slot-2') AND wager_amount >= 10.00 AND player_segment = 'VIP';
              SELECT * FROM wagers WHERE (gameId IN ('slot-1', 'slot-2')) AND (wagerAmount >= 10) AND (playerSegment = 'VIP')
            > CREATE STREAM tournament_123 AS SELECT playerId, wagerAmount, timestamp FROM wager_events WHERE gameCategory = 'slots' AND wagerAmount >= 10.00 AND playerSegment = 'VIP' AND timestamp BETWEEN '2024-11-15T00:00:00Z' AND '2024-11-17T23:59:59Z';
              SELECT * FROM wagers WHERE (gameCategory = 'slots') AND (wagerAmount >= 10) AND (playerSegment = 'VIP') AND ((timestamp >= '2024-11-15T00:00:00Z') AND (timestamp <= '2024-11-17T23:59:59Z'))
            > CREATE STREAM weekend_slots_tournament AS SELECT playerId, positionChangeId, score, newPosition, timestamp FROM position_change_events WHERE tournamentId = 'weekend-slots-2024' AND gameCategory = 'slots' AND playerSegment IN ('VIP', 'Gold') AND CAST(timestamp AS DATE) BETWEEN '2024-11-15' AND '2024-11-17';
              line 1, column 113: expected `wagers` or `game_events`: positions come of what scored, which is what a tournament is over, found `position_change_events`; did you mean this? SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE (gameCategory = 'slots') AND (playerSegment IN ('Gold', 'VIP')) AND ((CAST(timestamp AS DATE) >= DATE '2024-11-15') AND (CAST(timestamp AS DATE) <= DATE '2024-11-17')) GROUP BY playerId
        "#]],
    );
}

#[test]
fn what_ksqldb_has_around_a_query_is_left_out() {
    check(
        &[
            "create or replace table best if not exists with (kafka_topic = 'best', partitions = 6) as select player_id, max(win_amount) from wager_events group by player_id emit changes;",
            "CREATE TABLE IF NOT EXISTS best WITH (KAFKA_TOPIC='best', VALUE_FORMAT='JSON') AS SELECT PLAYER_ID, MAX(WIN_AMOUNT) FROM WAGER_EVENTS GROUP BY PLAYER_ID EMIT CHANGES;",
            "CREATE STREAM s AS SELECT * FROM player_events WHERE event_type = 'player_score' PARTITION BY player_id EMIT CHANGES",
            "SELECT COUNT(*), playerId FROM wagers GROUP BY player_id",
            "SELECT playerId AS who, MIN(GREATEST(wagerAmount, 1)) AS least FROM wagers GROUP BY playerId",
            "SELECT AVG(CASE WHEN winAmount > 0 THEN winAmount / wagerAmount END) FROM wagers GROUP BY playerId",
            "SELECT COUNT(winAmount) FROM wagers WHERE EXTRACT(hour FROM timestamp) < 6 GROUP BY playerId",
        ],
        expect![[r#"
            > create or replace table best if not exists with (kafka_topic = 'best', partitions = 6) as select player_id, max(win_amount) from wager_events group by player_id emit changes;
              line 1, column 30: expected `AS`, found `if`
            > CREATE TABLE IF NOT EXISTS best WITH (KAFKA_TOPIC='best', VALUE_FORMAT='JSON') AS SELECT PLAYER_ID, MAX(WIN_AMOUNT) FROM WAGER_EVENTS GROUP BY PLAYER_ID EMIT CHANGES;
              SELECT playerId, MAX(winAmount) AS score FROM wagers GROUP BY playerId
            > CREATE STREAM s AS SELECT * FROM player_events WHERE event_type = 'player_score' PARTITION BY player_id EMIT CHANGES
              SELECT * FROM game_events WHERE eventType = 'player_score'
            > SELECT COUNT(*), playerId FROM wagers GROUP BY player_id
              SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId
            > SELECT playerId AS who, MIN(GREATEST(wagerAmount, 1)) AS least FROM wagers GROUP BY playerId
              SELECT playerId, MIN(GREATEST(wagerAmount, 1)) AS score FROM wagers GROUP BY playerId
            > SELECT AVG(CASE WHEN winAmount > 0 THEN winAmount / wagerAmount END) FROM wagers GROUP BY playerId
              SELECT playerId, AVG(CASE WHEN winAmount > 0 THEN winAmount / wagerAmount ELSE NULL END) AS score FROM wagers GROUP BY playerId
            > SELECT COUNT(winAmount) FROM wagers WHERE EXTRACT(hour FROM timestamp) < 6 GROUP BY playerId
              SELECT playerId, COUNT(winAmount) AS score FROM wagers WHERE EXTRACT(HOUR FROM timestamp) < 6 GROUP BY playerId
        "#]],
    );
}

#[test]
fn fields_of_game_events_are_taken_for_what_is_done_with_them() {
    check(
        &[
            "SELECT playerId, SUM(data.score) FROM game_events WHERE eventType = 'player_score' GROUP BY playerId",
            "SELECT playerId, SUM(data->>'score') FROM game_events WHERE data->'boss'->>'name' LIKE 'The %' AND data.is_final GROUP BY playerId",
            "SELECT playerId, MAX(COALESCE(data.score, data.level * 10)) FROM game_events GROUP BY playerId",
            "SELECT * FROM game_events WHERE data->>'the score' = data.end",
            "SELECT * FROM game_events WHERE data.score BETWEEN 1 AND data.most OR data.from = data.group",
            "SELECT MAX((data->>'score')::numeric) FROM game_events WHERE CAST(data.a AS NUMERIC) < data.b GROUP BY playerId",
            "SELECT * FROM game_events WHERE CAST(gameId AS NUMERIC) = 1",
            "SELECT * FROM game_events WHERE CAST(data.a AS INTEGER) = 1",
            "SELECT * FROM game_events WHERE timestamp > data.since",
            "SELECT * FROM game_events WHERE data IS NOT NULL",
            "SELECT * FROM game_events WHERE game->>'score' > 1",
            "SELECT * FROM game_events WHERE data->>score > 1",
            "SELECT * FROM game_events WHERE gameCategory = 'slots'",
            "SELECT * FROM wagers WHERE data.score > 1",
        ],
        expect![[r#"
            > SELECT playerId, SUM(data.score) FROM game_events WHERE eventType = 'player_score' GROUP BY playerId
              SELECT playerId, SUM(data.score) AS score FROM game_events WHERE eventType = 'player_score' GROUP BY playerId
            > SELECT playerId, SUM(data->>'score') FROM game_events WHERE data->'boss'->>'name' LIKE 'The %' AND data.is_final GROUP BY playerId
              SELECT playerId, SUM(data.score) AS score FROM game_events WHERE ((data->'boss'->>'name') LIKE 'The %') AND data.is_final GROUP BY playerId
            > SELECT playerId, MAX(COALESCE(data.score, data.level * 10)) FROM game_events GROUP BY playerId
              SELECT playerId, MAX(COALESCE(data.score, (data->>'level') * 10)) AS score FROM game_events GROUP BY playerId
            > SELECT * FROM game_events WHERE data->>'the score' = data.end
              line 1, column 33: expected something that has a type, such as `CAST(data.score AS NUMERIC)`, found fields of `data`
            > SELECT * FROM game_events WHERE data.score BETWEEN 1 AND data.most OR data.from = data.group
              line 1, column 71: expected something that has a type, such as `CAST(data.score AS NUMERIC)`, found fields of `data`
            > SELECT MAX((data->>'score')::numeric) FROM game_events WHERE CAST(data.a AS NUMERIC) < data.b GROUP BY playerId
              SELECT playerId, MAX(data.score) AS score FROM game_events WHERE CAST(data.a AS NUMERIC) < data.b GROUP BY playerId
            > SELECT * FROM game_events WHERE CAST(gameId AS NUMERIC) = 1
              line 1, column 38: expected a number, found a text
            > SELECT * FROM game_events WHERE CAST(data.a AS INTEGER) = 1
              line 1, column 48: expected a column, one of `eventId`, `eventType`, `playerId`, `gameId`, `timestamp`, found `INTEGER`
            > SELECT * FROM game_events WHERE timestamp > data.since
              line 1, column 45: expected a time, found a field of `data`
            > SELECT * FROM game_events WHERE data IS NOT NULL
              line 1, column 33: expected a field of it, such as `data.score`, found `data`
            > SELECT * FROM game_events WHERE game->>'score' > 1
              line 1, column 33: expected a column, one of `eventId`, `eventType`, `playerId`, `gameId`, `timestamp`, found `game`
            > SELECT * FROM game_events WHERE data->>score > 1
              line 1, column 40: expected a column, one of `eventId`, `eventType`, `playerId`, `gameId`, `timestamp`, found `score`
            > SELECT * FROM game_events WHERE gameCategory = 'slots'
              line 1, column 33: expected a column, one of `eventId`, `eventType`, `playerId`, `gameId`, `timestamp`, found `gameCategory`
            > SELECT * FROM wagers WHERE data.score > 1
              line 1, column 28: expected a column of a wager: `data` is what `game_events` have, found `data`
        "#]],
    );
    assert_eq!(counted("SUM(data.score)", r#"{"score": 1500}"#).as_deref(), Some("1500"));
    assert_eq!(counted("SUM(data.score)", r#"{"a":{"score":1},"score":"-2.5e1"}"#).unwrap(), "-25");
    assert_eq!(counted("SUM(data.score / 3)", r#"{"score":1}"#).unwrap(), "0.333333333333333333");
    assert_eq!(counted("SUM(data.a.b)", r#"{"b":1,"a":{"c":[{"b":2}],"b":3}}"#).unwrap(), "3");
    assert_eq!(counted("COUNT(data.a)", r#"{"a":false}"#).unwrap(), "1");
    for data in
        ["{}", r#"{"score":null}"#, r#"{"score":[1]}"#, r#"{"score":{}}"#, r#"{"score":"x"}"#]
    {
        assert_eq!(counted("SUM(data.score)", data), None, "{data}");
        assert_eq!(counted("COUNT(*)", data).unwrap(), "1");
    }
    let data =
        Some(r#"{ "na\u006de" : "\u0054he \"\ud83d\ude00\"\n" , "won" : true, "n" : 1.50 }"#);
    assert!(counts("data.name LIKE 'The \"😀\"_' AND LOWER(data.name) LIKE 'the%'", data));
    assert!(counts("data.won AND data.n = 1.5 AND data.n = '1.50'", data));
    assert!(!counts("data.won OR data.n = 1.5", None));
    assert!(counts("data.won IS NULL AND data.n IS NULL", None));
}

#[test]
fn what_is_no_statement_is_refused_with_its_place() {
    check(
        &[
            "",
            "wagerAmount > 10",
            "SELECT",
            "SELECT FROM wagers",
            "SELECT * FROM",
            "SELECT * FROM wager",
            "SELECT * FROM payouts",
            "SELECT * FROM wagers w",
            "SELECT * FROM wagers WHERE",
            "SELECT * FROM wagers WHERE wagerAmount",
            "SELECT * FROM wagers WHERE gameId = (SELECT 'a')",
            "SELECT * FROM wagers WHERE SUM(wagerAmount) > 10",
            "SELECT * FROM wagers, game_events",
            "SELECT * FROM wagers GROUP BY playerId",
            "SELECT stake FROM wagers",
            "SELECT playerId, SUM(wagerAmount) FROM wagers",
            "SELECT playerId, SUM(wagerAmount) FROM wagers WHERE gameId = 'a'",
            "SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY gameId",
            "SELECT gameId, SUM(wagerAmount) FROM wagers GROUP BY playerId",
            "SELECT SUM(wagerAmount), COUNT(*) FROM wagers GROUP BY playerId",
            "SELECT SUM(wagerAmount) * 2 FROM wagers GROUP BY playerId",
            "SELECT SUM(SUM(wagerAmount)) FROM wagers GROUP BY playerId",
            "SELECT SUM(gameId) FROM wagers GROUP BY playerId",
            "SELECT SUM(*) FROM wagers GROUP BY playerId",
            "SELECT SUM() FROM wagers GROUP BY playerId",
            "SELECT COUNT(DISTINCT gameId) FROM wagers GROUP BY playerId",
            "SELECT SUM(wagerAmount) FROM wagers GROUP BY playerId ORDER BY score DESC",
            "SELECT SUM(wagerAmount) FROM wagers GROUP BY playerId LIMIT 10",
            "SELECT SUM(wagerAmount) FROM wagers GROUP BY playerId; DROP TABLE wagers",
            "CREATE VIEW v AS SELECT * FROM wagers",
            "CREATE STREAM s WITH (a = 'b' SELECT * FROM wagers",
            "SELECT playerId FROM position_change_events",
        ],
        expect![[r#"
            > 
              line 1, column 1: expected `SELECT`, found the end
            > wagerAmount > 10
              line 1, column 1: expected `SELECT`, found `wagerAmount`
            > SELECT
              line 1, column 7: expected `FROM`, found the end
            > SELECT FROM wagers
              line 1, column 8: expected a column or an aggregate, found `FROM`
            > SELECT * FROM
              line 1, column 14: expected the name of a source, found the end
            > SELECT * FROM wager
              line 1, column 15: expected a source, found `wager`; did you mean `wagers`?
            > SELECT * FROM payouts
              line 1, column 15: expected `wagers` or `game_events`, found `payouts`
            > SELECT * FROM wagers w
              line 1, column 22: expected `WHERE`, `GROUP BY` or the end, found `w`
            > SELECT * FROM wagers WHERE
              line 1, column 27: expected an expression, found the end
            > SELECT * FROM wagers WHERE wagerAmount
              line 1, column 28: expected a condition, found a number
            > SELECT * FROM wagers WHERE gameId = (SELECT 'a')
              line 1, column 38: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `SELECT`
            > SELECT * FROM wagers WHERE SUM(wagerAmount) > 10
              line 1, column 28: expected an aggregate that stands alone, such as `SUM(wagerAmount)`, found `SUM`
            > SELECT * FROM wagers, game_events
              line 1, column 21: expected `WHERE`, `GROUP BY` or the end, found `,`
            > SELECT * FROM wagers GROUP BY playerId
              line 1, column 8: expected an aggregate such as `SUM(wagerAmount) AS score`, found `*`
            > SELECT stake FROM wagers
              line 1, column 8: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `stake`
            > SELECT playerId, SUM(wagerAmount) FROM wagers
              line 1, column 35: expected `GROUP BY playerId`, found `FROM`
            > SELECT playerId, SUM(wagerAmount) FROM wagers WHERE gameId = 'a'
              line 1, column 65: expected `GROUP BY playerId`, found the end
            > SELECT playerId, SUM(wagerAmount) FROM wagers GROUP BY gameId
              line 1, column 56: expected `playerId` alone, whose score it is, found `gameId`
            > SELECT gameId, SUM(wagerAmount) FROM wagers GROUP BY playerId
              line 1, column 8: expected `playerId` alone, whose score it is, found `gameId`
            > SELECT SUM(wagerAmount), COUNT(*) FROM wagers GROUP BY playerId
              line 1, column 26: expected one aggregate, since a player has one score, found `COUNT`
            > SELECT SUM(wagerAmount) * 2 FROM wagers GROUP BY playerId
              line 1, column 8: expected an aggregate such as `SUM(wagerAmount) AS score`, found `SUM`
            > SELECT SUM(SUM(wagerAmount)) FROM wagers GROUP BY playerId
              line 1, column 12: expected an aggregate that stands alone, such as `SUM(wagerAmount)`, found `SUM`
            > SELECT SUM(gameId) FROM wagers GROUP BY playerId
              line 1, column 12: expected a number, found a text
            > SELECT SUM(*) FROM wagers GROUP BY playerId
              line 1, column 12: expected what `SUM` is of, found `*`
            > SELECT SUM() FROM wagers GROUP BY playerId
              line 1, column 12: expected what it is of, found `)`
            > SELECT COUNT(DISTINCT gameId) FROM wagers GROUP BY playerId
              line 1, column 14: expected a column, one of `wagerId`, `playerId`, `operatorId`, `gameId`, `gameCategory`, `wagerAmount`, `winAmount`, `currency`, `playerSegment`, `jurisdiction`, `timestamp`, `gamingSystemId`, `sequence`, found `DISTINCT`
            > SELECT SUM(wagerAmount) FROM wagers GROUP BY playerId ORDER BY score DESC
              line 1, column 55: expected the end: who is ahead, and who is shown, is said by the leaderboard, found `ORDER`
            > SELECT SUM(wagerAmount) FROM wagers GROUP BY playerId LIMIT 10
              line 1, column 55: expected the end: who is ahead, and who is shown, is said by the leaderboard, found `LIMIT`
            > SELECT SUM(wagerAmount) FROM wagers GROUP BY playerId; DROP TABLE wagers
              line 1, column 56: expected `WHERE`, `GROUP BY` or the end, found `DROP`
            > CREATE VIEW v AS SELECT * FROM wagers
              line 1, column 8: expected `STREAM`, found `VIEW`
            > CREATE STREAM s WITH (a = 'b' SELECT * FROM wagers
              line 1, column 51: expected `AS`, found the end
            > SELECT playerId FROM position_change_events
              line 1, column 22: expected `wagers` or `game_events`: positions come of what scored, which is what a tournament is over, found `position_change_events`; did you mean this? SELECT playerId, SUM(wagerAmount) AS score FROM wagers GROUP BY playerId
        "#]],
    );
}

#[test]
fn a_player_s_score_is_of_the_wagers_that_count() {
    let text = "SELECT playerId, SUM(wagerAmount * 2) AS score FROM wagers \
                WHERE gameCategory = 'slots' GROUP BY playerId";
    let (query, zone) = (compile_query(text).unwrap(), ZoneOffsets::default());
    let wager = |category: &'static str| Wager {
        wager_id: "w-1".into(),
        player_id: "p-1".into(),
        operator_id: "o-1".into(),
        game_id: "slots-1".into(),
        game_category: category.into(),
        stake: Amount::parse("10.01").unwrap(),
        win: None,
        currency: "USD".into(),
        segment: None,
        jurisdiction: "Malta".into(),
        gaming_system: None,
        sequence: None,
        at: timestamp::read("2024-11-16T23:30:00Z").unwrap(),
    };
    let rate = Rate::parse("0.92").unwrap();
    let (slots, table) = (wager("slots"), wager("table"));
    let row = Row::of_wager(&slots, rate, &zone);
    assert!(query.counts(&row) && !query.counts(&Row::of_wager(&table, rate, &zone)));
    assert_eq!(query.scoring.unwrap().value(&row).unwrap().to_string(), "18.4184");
}

#[test]
fn what_is_accepted_can_be_printed_and_compiles_to_the_same() {
    let mut samples = Samples::new(3);
    let mut refused = 0;
    for number in 0..5_000 {
        let text = samples.statement(number % 2 == 0).text();
        match compile_query(&text) {
            Ok(query) => {
                let printed = print_query(&query);
                assert_eq!(compile_query(&printed).as_ref(), Ok(&query), "{text}");
            }
            Err(problem) => {
                let is_known =
                    ["costs", "has a type"].iter().any(|why| problem.expected.contains(why));
                assert!(is_known, "{text}: {problem}");
                refused += 1;
            }
        }
    }
    assert!(refused < 1_000, "{refused} are refused");
    for piece in STATEMENT_PIECES {
        assert!(samples.met.contains_key(piece), "{piece}: {:?}", samples.met);
    }
}

#[test]
fn evaluating_allocates_nothing() {
    let text = r"SELECT MAX(data.score * 2) FROM game_events
        WHERE LOWER(data.boss.name) LIKE 'the%' AND data.won GROUP BY playerId";
    let (query, zone) = (compile_query(text).unwrap(), ZoneOffsets::default());
    let event = event(Some(r#"{"boss":{"name":"\u0054he one"},"score":12.5,"won":true}"#));
    let row = Row::of_game(&event, json::find, &zone);
    let score = query.scoring.as_ref().unwrap();
    assert!(query.counts(&row) && score.value(&row).is_some());
    assert_eq!(allocations::count(|| (query.counts(&row), score.value(&row))), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_text_is_compiled_or_refused_with_a_place(text in any::<String>()) {
        for text in [format!("SELECT {text}"), format!("SELECT SUM(data.score) FROM game_events {text}")] {
            if let Err(problem) = compile_query(&text) {
                prop_assert!(problem.at.line > 0 && problem.at.column > 0);
            }
        }
    }

    #[test]
    fn a_field_is_found_as_a_full_reader_finds_it(text in r#"\PC{0,4}"#, number in any::<i32>(), truth in any::<bool>()) {
        let value = serde_json::json!({ "a": { &text: [text, { "b": 1 }] }, "t": text, "n": number, "b": truth,
            "in": { "t": number, "n": text } });
        for written in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let event = event(Some(&written));
            let zone = ZoneOffsets::default();
            let row = Row::of_game(&event, json::find, &zone);
            let is = |condition: &str| {
                let query = compile_query(&format!("SELECT * FROM game_events WHERE {condition}")).unwrap();
                query.counts(&row)
            };
            let quoted = text.replace('\'', "''");
            let is_text = format!("data.t = '{quoted}' AND data.in.n = '{quoted}'");
            let is_number = format!("data.n = {number} AND data.in.t = {number}");
            let is_truth = format!("data.b = '{truth}' AND data.a IS NULL AND data.c IS NULL");
            prop_assert!(is(&is_text) && is(&is_number) && is(&is_truth), "{written}");
        }
    }
}
