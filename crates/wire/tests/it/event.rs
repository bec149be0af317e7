//! Events as producers write them, good and bad.

use std::borrow::Cow;

use accolade_domain::amount::Amount;
use accolade_domain::event::{Event, GameEvent, Void, Wager};
use accolade_domain::time::Timestamp;
use accolade_wire::event::{prepare_game_event, read_game_event, read_wager};
use accolade_wire::problem::Problem;
use expect_test::{Expect, expect};

/// A wager without its last field and its end, so that a test can add its own.
const WAGER_START: &str = r#"{"wagerId": "w1", "playerId": "p1", "operatorId": "o1",
    "gameId": "g1", "gameCategory": "slots", "wagerAmount": 100.00, "currency": "USD",
    "jurisdiction": "Malta", "timestamp": "2024-11-11T10:30:00Z""#;

fn wager_with(fields: &str) -> String {
    format!("{WAGER_START}, {fields}}}")
}

/// The wager with its field `name` written as `value`.
fn wager_where(name: &str, value: &str) -> String {
    let whole = format!("{WAGER_START}}}");
    let key = format!("\"{name}\": ");
    let Some(start) = whole.find(&key).map(|at| at + key.len()) else {
        return wager_with(&format!("\"{name}\": {value}"));
    };
    let end = start + whole[start..].find([',', '}']).unwrap();
    format!("{}{value}{}", &whole[..start], &whole[end..])
}

fn told(problems: &[Problem]) -> String {
    let lines: Vec<_> = problems.iter().map(|problem| format!("{problem}\n")).collect();
    lines.concat()
}

fn check_wager(raw: impl AsRef<[u8]>, expected: Expect) {
    let told = match read_wager(raw.as_ref()) {
        Ok(event) => format!("{event:#?}\n"),
        Err(problems) => told(&problems),
    };
    expected.assert_eq(&told);
}

fn check_game_event(raw: &str, expected: Expect) {
    let told = match read_game_event(raw.as_bytes()) {
        Ok(event) => format!("{event:#?}\n"),
        Err(problems) => told(&problems),
    };
    expected.assert_eq(&told);
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

const AT: Timestamp = Timestamp::from_micros(1_731_321_000_000_000);

fn wager() -> Wager<'static> {
    Wager {
        wager_id: "w1".into(),
        player_id: "p1".into(),
        operator_id: "o1".into(),
        game_id: "g1".into(),
        game_category: "slots".into(),
        stake: amount("100"),
        win: None,
        currency: "USD".into(),
        segment: None,
        jurisdiction: "Malta".into(),
        gaming_system: None,
        sequence: None,
        at: AT,
    }
}

#[test]
fn a_wager_is_read_whole() {
    let raw = wager_with(
        r#""type": "wager.placed", "winAmount": 35.50, "playerSegment": "VIP",
           "gamingSystemId": "gs-malta-03", "sequence": 18446744073709551615"#,
    );
    let (win, segment) = (Some(amount("35.5")), Some("VIP".into()));
    let gaming_system = Some("gs-malta-03".into());
    let sequence = Some(u64::MAX);
    let expected = Wager { win, segment, gaming_system, sequence, ..wager() };
    assert_eq!(read_wager(raw.as_bytes()), Ok(Event::Wager(expected)));
}

#[test]
fn what_is_optional_may_be_missing_or_null() {
    let nulls = wager_with(
        r#""type": null, "winAmount": null, "playerSegment": null, "gamingSystemId": null,
           "sequence": null, "reason": null"#,
    );
    assert_eq!(read_wager(nulls.as_bytes()), Ok(Event::Wager(wager())));
    let missing = format!("{WAGER_START}}}");
    assert_eq!(read_wager(missing.as_bytes()), Ok(Event::Wager(wager())));
}

#[test]
fn texts_without_escapes_are_borrowed_and_others_are_unescaped() {
    let raw = wager_where("gameId", r#""caf\u00e9 \ud83c\udfb0 \"\\\/""#);
    let Ok(Event::Wager(wager)) = read_wager(raw.as_bytes()) else { panic!("a wager") };
    assert_eq!(wager.game_id, "café 🎰 \"\\/");
    assert!(matches!(wager.game_id, Cow::Owned(_)));
    assert!(matches!(wager.wager_id, Cow::Borrowed("w1")));
}

#[test]
fn fields_stand_in_any_order_and_keys_may_be_escaped() {
    let raw = r#" {"timestamp":"2024-11-11T10:30:00+00:00","jurisdiction":"Malta",
        "currency":"USD","wagerAmount":1e2,"gameCategory":"slots","gameId":"g1",
        "operatorId":"o1","player\u0049d":"p1","wagerId":"w1"} "#;
    assert_eq!(read_wager(raw.as_bytes()), Ok(Event::Wager(wager())));
}

#[test]
fn unknown_fields_are_allowed_but_must_be_json() {
    let good = wager_with(r#""bonus": {"codes": [1, -0.5e-3, true, false, null, "x", {}, []]}"#);
    assert_eq!(read_wager(good.as_bytes()), Ok(Event::Wager(wager())));
    check_wager(
        wager_with(r#""bonus": {"codes": [1, 2, tru]}"#),
        expect![[r#"
            `/bonus/codes/2`: expected a value at byte 235, found `tru]}}`
        "#]],
    );
}

#[test]
fn a_void_is_told_by_its_type_wherever_that_stands() {
    let raw = r#"{"wagerId": "w1", "playerId": "p1", "operatorId": "o1",
        "reason": "game crashed", "timestamp": "2024-11-11T10:30:00Z", "type": "wager.voided"}"#;
    let expected = Void {
        wager_id: "w1".into(),
        player_id: "p1".into(),
        operator_id: "o1".into(),
        reason: "game crashed".into(),
        at: AT,
    };
    assert_eq!(read_wager(raw.as_bytes()), Ok(Event::Void(expected)));
}

#[test]
fn a_void_names_its_own_fields_only() {
    check_wager(
        r#"{"type": "wager.voided", "wagerAmount": "free", "sequence": 1.5}"#,
        expect![[r#"
            `/sequence`: expected an integer from 0 to 18446744073709551615, found `1.5`
            `/wagerId`: expected a text of 1 to 128 bytes without control characters, found nothing
            `/playerId`: expected a text of 1 to 128 bytes without control characters, found nothing
            `/operatorId`: expected a text of 1 to 128 bytes without control characters, found nothing
            `/reason`: expected a text of at most 1024 bytes, found nothing
            `/timestamp`: expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from 1970 on, found nothing
        "#]],
    );
    let long = "é".repeat(513);
    let raw = format!(
        r#"{{"type": "wager.voided", "wagerId": "w", "playerId": "p",
        "operatorId": "o", "reason": "{long}", "timestamp": "2024-11-11T10:30:00Z"}}"#
    );
    check_wager(
        raw,
        expect![[r#"
        `/reason`: expected a text of at most 1024 bytes, found `"éééééééééééééééééé…`
    "#]],
    );
}

#[test]
fn a_type_that_is_neither_is_refused() {
    for value in [r#""wager.settled""#, "1", "{}"] {
        let problems = read_wager(wager_where("type", value).as_bytes()).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].pointer, "/type");
    }
}

#[test]
fn every_missing_field_is_named() {
    check_wager(
        "{}",
        expect![[r#"
        `/wagerId`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/playerId`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/operatorId`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/gameId`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/gameCategory`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/wagerAmount`: expected a number, found nothing
        `/currency`: expected a code of 1 to 16 letters A to Z and digits, found nothing
        `/jurisdiction`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/timestamp`: expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from 1970 on, found nothing
    "#]],
    );
}

#[test]
fn every_bad_field_is_named_with_what_was_found() {
    check_wager(
        r#"{"wagerId": "", "playerId": 456, "operatorId": ["o"], "gameId": {"id": 1},
            "gameCategory": true, "wagerAmount": "100.00", "winAmount": false, "currency": "usd",
            "playerSegment": "a\u0000b", "jurisdiction": null, "timestamp": 1731321000,
            "gamingSystemId": "\n", "sequence": -1}"#,
        expect![[r#"
            `/gamingSystemId`: expected a text of 1 to 128 bytes without control characters, found `"\n"`
            `/sequence`: expected an integer from 0 to 18446744073709551615, found `-1`
            `/wagerId`: expected a text of 1 to 128 bytes without control characters, found `""`
            `/playerId`: expected a text of 1 to 128 bytes without control characters, found `456`
            `/operatorId`: expected a text of 1 to 128 bytes without control characters, found `["o"]`
            `/gameId`: expected a text of 1 to 128 bytes without control characters, found `{"id": 1}`
            `/gameCategory`: expected a text of 1 to 128 bytes without control characters, found `true`
            `/wagerAmount`: expected a number, found `"100.00"`
            `/winAmount`: expected a number, found `false`
            `/currency`: expected a code of 1 to 16 letters A to Z and digits, found `"usd"`
            `/playerSegment`: expected a text of 1 to 128 bytes without control characters, found `"a\0b"`
            `/jurisdiction`: expected a text of 1 to 128 bytes without control characters, found `null`
            `/timestamp`: expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from 1970 on, found `1731321000`
        "#]],
    );
}

#[test]
fn amounts_are_numbers_that_are_kept_exactly_or_refused() {
    for (value, expected) in [
        ("0", "0.00"),
        ("-0", "0.00"),
        ("1e2", "100.00"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("999999999999.999999999999999999", "999999999999.999999999999999999"),
        ("0.0e99999999999999999999", "0.00"),
    ] {
        let raw = wager_where("wagerAmount", value);
        let Ok(Event::Wager(wager)) = read_wager(raw.as_bytes()) else { panic!("{value}") };
        assert_eq!(wager.stake.to_string(), expected);
    }
    let mut all = String::new();
    for value in [
        "1234567890123456789012345678901234567890",
        "0.1234567890123456789012345678901234567890",
        "-1",
        "-0.01",
        "1e999999999999999999999",
        "1e-999999999999999999999",
        "NaN",
        "Infinity",
        "-Infinity",
        "\"100\"",
        "01",
        "1.",
        ".5",
        "+1",
        "0x10",
        "1_000",
        "1e",
        "[1]",
        "null",
    ] {
        let problems = read_wager(wager_where("wagerAmount", value).as_bytes()).unwrap_err();
        all += &told(&problems);
    }
    expect![[r#"
        `/wagerAmount`: expected at most 1000000000000, found `1234567890123456789012345678901234567890`
        `/wagerAmount`: expected at most 18 decimals, found `0.12345678901234567890123456789012345…`
        `/wagerAmount`: expected a number that is not negative, found `-1`
        `/wagerAmount`: expected a number that is not negative, found `-0.01`
        `/wagerAmount`: expected at most 1000000000000, found `1e999999999999999999999`
        `/wagerAmount`: expected at most 18 decimals, found `1e-999999999999999999999`
        `/wagerAmount`: expected a value at byte 116, found `NaN, "currency": "USD",\n    "jurisdi…`
        `/wagerAmount`: expected a value at byte 116, found `Infinity, "currency": "USD",\n    "ju…`
        `/wagerAmount`: expected a digit at byte 117, found `Infinity, "currency": "USD",\n    "ju…`
        `/wagerAmount`: expected a number, found `"100"`
        expected `,` or `}` at byte 117, found `1, "currency": "USD",\n    "jurisdict…`
        `/wagerAmount`: expected a digit at byte 118, found `, "currency": "USD",\n    "jurisdicti…`
        `/wagerAmount`: expected a value at byte 116, found `.5, "currency": "USD",\n    "jurisdic…`
        `/wagerAmount`: expected a value at byte 116, found `+1, "currency": "USD",\n    "jurisdic…`
        expected `,` or `}` at byte 117, found `x10, "currency": "USD",\n    "jurisdi…`
        expected `,` or `}` at byte 117, found `_000, "currency": "USD",\n    "jurisd…`
        `/wagerAmount`: expected a digit at byte 118, found `, "currency": "USD",\n    "jurisdicti…`
        `/wagerAmount`: expected a number, found `[1]`
        `/wagerAmount`: expected a number, found `null`
    "#]].assert_eq(&all);
}

#[test]
fn currencies_are_upper_case_codes_crypto_included() {
    for value in ["USD", "USDT", "1INCH", "A", "ABCDEFGHIJKLMNOP"] {
        assert!(read_wager(wager_where("currency", &format!("\"{value}\"")).as_bytes()).is_ok());
    }
    for value in ["", "usd", "US D", "US-D", "€", "ABCDEFGHIJKLMNOPQ"] {
        let raw = wager_where("currency", &format!("\"{value}\""));
        assert_eq!(read_wager(raw.as_bytes()).unwrap_err()[0].pointer, "/currency");
    }
}

#[test]
fn ids_have_1_to_128_bytes_and_no_control_characters() {
    let longest = "é".repeat(64);
    for value in ["x", " ", "player-456", "日本", "\u{a0}", "~", &longest] {
        let raw = wager_where("playerId", &format!("\"{value}\""));
        assert!(read_wager(raw.as_bytes()).is_ok(), "{value}");
    }
    let too_long = format!("{longest}x");
    for value in [
        "",
        r"\u0000",
        r"\u001f",
        r"\u007f",
        "\u{7f}",
        "\u{80}",
        "\u{9f}",
        r"\u0085",
        "a-long-id-with-a\u{7f}",
        &too_long,
    ] {
        let raw = wager_where("playerId", &format!("\"{value}\""));
        assert_eq!(read_wager(raw.as_bytes()).unwrap_err()[0].pointer, "/playerId", "{value:?}");
    }
}

#[test]
fn times_of_1970_and_2099_are_read_and_others_than_utc_refused() {
    for value in ["1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "2016-12-31T23:59:60Z"] {
        assert!(read_wager(wager_where("timestamp", &format!("\"{value}\"")).as_bytes()).is_ok());
    }
    check_wager(
        wager_where("timestamp", r#""2024-11-11T10:30:00+01:00""#),
        expect![[r#"
        `/timestamp`: expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from 1970 on, found `"2024-11-11T10:30:00+01:00"`
    "#]],
    );
    check_wager(
        wager_where("timestamp", r#""1969-12-31T23:59:59Z""#),
        expect![[r#"
        `/timestamp`: expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from 1970 on, found `"1969-12-31T23:59:59Z"`
    "#]],
    );
}

#[test]
fn what_is_found_is_shown_on_one_line_and_cut() {
    let long = "é".repeat(400);
    check_wager(
        wager_where("gameId", &format!("\"{long}\"")),
        expect![[r#"
        `/gameId`: expected a text of 1 to 128 bytes without control characters, found `"éééééééééééééééééé…`
    "#]],
    );
    check_wager(
        wager_where("gameId", r#""\n\u001b[31mred\u0000""#),
        expect![[r#"
            `/gameId`: expected a text of 1 to 128 bytes without control characters, found `"\n\u{1b}[31mred\0"`
        "#]],
    );
}

#[test]
fn repeated_keys_are_refused_at_every_level() {
    check_wager(
        wager_with(r#""wagerAmount": 1"#),
        expect![[r#"
        `/wagerAmount`: expected each key once at byte 209, found `"wagerAmount": 1}`
    "#]],
    );
    check_wager(
        wager_with(r#""w\u0061gerId": "w2""#),
        expect![[r#"
        `/wagerId`: expected each key once at byte 209, found `"w\u0061gerId": "w2"}`
    "#]],
    );
    check_wager(
        wager_with(r#""type": null, "type": null"#),
        expect![[r#"
        `/type`: expected each key once at byte 223, found `"type": null}`
    "#]],
    );
    check_wager(
        wager_with(r#""x": 1, "y": 2, "x": 3"#),
        expect![[r#"
        `/x`: expected each key once at byte 225, found `"x": 3}`
    "#]],
    );
    check_wager(
        wager_with(r#""a/b": [{"x": {"~": 1, "\u007e": 2}}]"#),
        expect![[r#"
        `/a~1b/0/x/~0`: expected each key once at byte 232, found `"\u007e": 2}}]}`
    "#]],
    );
    assert!(read_wager(wager_with(r#""x": {"x": {"x": 1}}, "y": {"x": 1}"#).as_bytes()).is_ok());
}

#[test]
fn among_many_keys_a_repeated_one_is_found_too() {
    let keys =
        |count: usize| -> Vec<_> { (0..count).map(|key| format!("\"k{key}\": 0")).collect() };
    let object = |keys: &[String]| format!("\"data\": {{{}}}", keys.join(","));
    assert!(read_wager(wager_with(&object(&keys(1_024))).as_bytes()).is_ok());
    for (count, repeated) in [(2, 0), (16, 15), (17, 3), (1_000, 500)] {
        let mut keys = keys(count);
        keys.push(format!("\"k{repeated}\": 1"));
        let problems = read_wager(wager_with(&object(&keys)).as_bytes()).unwrap_err();
        assert_eq!(problems[0].pointer, format!("/data/k{repeated}"));
    }
}

#[test]
fn an_object_with_a_hundred_thousand_keys_is_refused() {
    let keys: Vec<_> = (0..100_000).map(|key| format!("\"k{key}\":0")).collect();
    check_wager(
        format!("{{{}}}", keys.join(",")),
        expect![[r#"
        expected at most 1024 keys in one object at byte 9131, found `"k1024":0,"k1025":0,"k1026":0,"k1027":0,`
    "#]],
    );
}

#[test]
fn deep_nesting_is_refused_before_it_hurts() {
    let nested =
        |depth: usize| wager_with(&format!("\"x\": {}{}", "[".repeat(depth), "]".repeat(depth)));
    assert!(read_wager(nested(31).as_bytes()).is_ok());
    let problems = read_wager(nested(32).as_bytes()).unwrap_err();
    assert!(problems[0].detail.starts_with("expected at most 32 levels"), "{problems:?}");
    for bomb in ["[".repeat(1_000_000), "{\"a\":".repeat(1_000_000)] {
        assert_eq!(read_wager(bomb.as_bytes()).unwrap_err().len(), 1);
    }
}

#[test]
fn what_is_not_json_is_refused_with_its_position() {
    let mut all = String::new();
    let broken: [&[u8]; 24] = [
        b"",
        b"   ",
        b"null",
        b"[]",
        b"\xef\xbb\xbf{}",
        b"\0{}",
        b"{\0}",
        b"{\"a\":1,}",
        b"{,}",
        b"{\"a\"}",
        b"{\"a\" 1}",
        b"{a:1}",
        b"{'a':1}",
        b"{\"a\":1 \"b\":2}",
        b"{\"a\":[1,]}",
        b"{\"a\":[1 2]}",
        b"{\"a\":1}}",
        b"{\"a\":\"tab\there\"}",
        b"{\"a\":\"\\x41\"}",
        b"{\"a\":\"\\u12g4\"}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\",
        b"{\"a\":// comment\n1}",
        b"{\"a\":\"open",
    ];
    for raw in broken {
        all += &told(&read_wager(raw).unwrap_err());
    }
    expect![[r#"
        expected an object at byte 0, found nothing
        expected an object at byte 3, found nothing
        expected an object at byte 0, found `null`
        expected an object at byte 0, found `[]`
        expected an object at byte 0, found `\u{feff}{}`
        expected an object at byte 0, found `\0{}`
        expected a key in quotes at byte 1, found `\0}`
        expected a key in quotes at byte 7, found `}`
        expected a key in quotes at byte 1, found `,}`
        expected `:` at byte 4, found `}`
        expected `:` at byte 5, found `1}`
        expected a key in quotes at byte 1, found `a:1}`
        expected a key in quotes at byte 1, found `'a':1}`
        expected `,` or `}` at byte 7, found `"b":2}`
        `/a/1`: expected a value at byte 8, found `]}`
        `/a`: expected `,` or `]` at byte 8, found `2]}`
        expected nothing more at byte 7, found `}`
        `/a`: expected control characters to be escaped at byte 9, found `\there"}`
        `/a`: expected an escape of JSON at byte 6, found `\x41"}`
        `/a`: expected an escape of JSON at byte 6, found `\u12g4"}`
        expected UTF-8 at byte 6, found `�"}`
        `/a`: expected an escape of JSON at byte 6, found `\`
        `/a`: expected a value at byte 5, found `// comment\n1}`
        `/a`: expected a closing quote at byte 10, found nothing
    "#]]
    .assert_eq(&all);
}

#[test]
fn lone_surrogates_are_refused_escaped_or_not() {
    for text in [r"\ud83c", r"\udfb0", r"\ud83cx", r"\ud83c\n", r"\ud83c\u0041", r"\ud83c\ud83c"] {
        let problems =
            read_wager(wager_where("gameId", &format!("\"{text}\"")).as_bytes()).unwrap_err();
        assert!(problems[0].detail.contains("surrogate"), "{text}: {problems:?}");
        assert_eq!(problems[0].pointer, "/gameId");
    }
    let encoded = b"{\"a\":\"\xed\xa0\x80\"}";
    assert!(read_wager(encoded).unwrap_err()[0].detail.starts_with("expected UTF-8 at byte 6"));
}

#[test]
fn every_beginning_of_a_wager_is_refused() {
    let whole = wager_with(r#""data": {"x": [1.5e3, "\u00e9\n", true, null]}"#);
    for end in 0..whole.len() {
        assert!(read_wager(&whole.as_bytes()[..end]).is_err(), "{end}");
    }
}

const GAME_EVENT: &str = r#"{"event_type": "player_score", "player_id": "p1", "game_id": "g1",
    "timestamp": "2024-11-11T10:30:00Z", "ingested_at": "x", "data": { "score": [1, 2] }}"#;

fn game_event() -> GameEvent<'static> {
    GameEvent {
        event_id: "made".into(),
        event_type: "player_score".into(),
        player_id: "p1".into(),
        game_id: "g1".into(),
        at: AT,
        data: Some("{ \"score\": [1, 2] }"),
    }
}

/// Prepares `raw` and checks that what is to be recorded reads as the event that was returned.
fn prepared(raw: &str) -> (Cow<'_, [u8]>, GameEvent<'_>) {
    let (bytes, event) = prepare_game_event(raw.as_bytes(), || "made".to_owned()).unwrap();
    assert_eq!(read_game_event(&bytes), Ok(event.clone()));
    (bytes, event)
}

#[test]
fn a_game_event_without_an_id_gets_one() {
    let null = GAME_EVENT.replace("{\"event_type\"", "{ \"event_id\" : null , \"event_type\"");
    for raw in [GAME_EVENT, &format!(" \n{GAME_EVENT}"), &null] {
        let (bytes, event) = prepared(raw);
        assert_eq!(event, game_event());
        assert_eq!(str::from_utf8(&bytes).unwrap().matches("event_id").count(), 1);
    }
}

#[test]
fn a_game_event_with_an_id_keeps_it_and_its_bytes() {
    let raw = GAME_EVENT.replace("{\"event_type\"", "{\"event_id\": \"mine\", \"event_type\"");
    let (bytes, event) = prepared(&raw);
    assert!(matches!(bytes, Cow::Borrowed(same) if same == raw.as_bytes()));
    assert_eq!(event, GameEvent { event_id: "mine".into(), ..game_event() });
}

#[test]
fn an_id_is_made_only_for_what_lacks_one() {
    let raw = GAME_EVENT.replace("{\"event_type\"", "{\"event_id\": 5, \"event_type\"");
    let problems = prepare_game_event(raw.as_bytes(), || panic!("it has an id")).unwrap_err();
    assert_eq!(problems[0].pointer, "/event_id");
    assert!(prepare_game_event(b"{}", || "made".to_owned()).is_err());
    assert!(prepare_game_event(b"", || panic!("not an object")).is_err());
}

#[test]
#[should_panic(expected = "a made id needs no escapes")]
fn a_made_id_that_would_need_escapes_is_a_bug() {
    drop(prepare_game_event(GAME_EVENT.as_bytes(), || "a\"b".to_owned()));
}

#[test]
fn a_game_event_names_every_bad_field() {
    check_game_event(
        GAME_EVENT,
        expect![[r#"
        `/event_id`: expected a text of 1 to 128 bytes without control characters, found nothing
    "#]],
    );
    check_game_event(
        r#"{"data": [1]}"#,
        expect![[r#"
        `/event_id`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/event_type`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/player_id`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/game_id`: expected a text of 1 to 128 bytes without control characters, found nothing
        `/timestamp`: expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from 1970 on, found nothing
        `/data`: expected an object, found `[1]`
    "#]],
    );
}

#[test]
fn data_may_be_missing_or_null() {
    for raw in [
        GAME_EVENT.replace("{ \"score\": [1, 2] }", "null"),
        GAME_EVENT.replace("\"data\"", "\"other\""),
    ] {
        assert_eq!(prepared(&raw).1, GameEvent { data: None, ..game_event() });
    }
}
