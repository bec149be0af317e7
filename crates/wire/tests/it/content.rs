//! What an event says: the same by value, whatever its spelling, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use accolade_domain::event::Event;
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::identity::{Content, HashKey, NoContent};
use proptest::prelude::*;
use proptest::sample::select;

const KEY: HashKey = HashKey([7; 16]);

fn content(data: &str) -> u64 {
    let raw = format!(
        r#"{{"event_id":"e1","event_type":"player_score","player_id":"p1","game_id":"g1",
             "timestamp":"2024-11-11T10:30:00Z","data":{data}}}"#
    );
    let event = read_game_event(raw.as_bytes());
    let event = event.unwrap_or_else(|problems| panic!("{data}: {problems:?}"));
    KEY.content(Content::NEWEST, &Event::Game(event)).unwrap().0
}

/// Each row is one value in several spellings; no two rows are one value.
fn check(rows: &[&[&str]]) {
    let mut contents = BTreeSet::new();
    for row in rows {
        let row_contents: BTreeSet<u64> = row.iter().map(|data| content(data)).collect();
        assert_eq!(row_contents.len(), 1, "one value: {row:?}");
        contents.extend(row_contents);
    }
    assert_eq!(contents.len(), rows.len(), "each row another value: {rows:?}");
}

#[test]
fn keys_stand_in_any_order_and_white_space_says_nothing() {
    check(&[
        &[
            r#"{"score":1500,"level":3}"#,
            r#"{ "level":3, "score":1500.0 }"#,
            "{\"sco\\u0072e\"\t:\n15e2 ,\r\"level\":3}",
        ],
        &[r#"{"score":3,"level":1500}"#],
        &[
            r#"{"score":1500,"level":3,"more":{"score":1500,"level":3}}"#,
            r#"{"more":{"level":3,"score":1500},"level":3,"score":1500}"#,
        ],
        &[r#"{"score":1500,"more":{"score":1500,"level":3},"levels":[3]}"#],
        &[r#"{"score":1500,"level":[3]}"#],
        &[r#"{"score":1500,"level":{"score":1500,"level":3}}"#],
    ]);
}

#[test]
fn numbers_are_told_apart_by_value_alone() {
    let zeros = "0".repeat(1_000);
    let nines = "9".repeat(1_000);
    let numbers: &[&[String]] = &[
        &["0", "-0", "0.000", "-0.0e5", "0E-99999999999999999999999", "0e1"].map(Into::into),
        &["1500", "1500.0", "1.5e3", "15E+2", "150000e-02", "0.015e5"].map(Into::into),
        &["-1500", "-1.50e3"].map(Into::into),
        &["1.5", "15e-1", "0.15e1", "1.50"].map(Into::into),
        &["15", "15.0"].map(Into::into),
        &["0.05", "5e-2", "0.5e-1", "50e-3"].map(Into::into),
        &[format!("1{zeros}"), "1e1000".into(), format!("0.1{zeros}e1001")],
        &[format!("1{zeros}1"), format!("1{zeros}1.0"), format!("1.{zeros}1e1001")],
        &[format!("0.{zeros}1"), "1e-1001".into()],
        &[nines.clone(), format!("{nines}.000")],
        &[format!("{nines}9")],
        &["1e999999999", "10e999999998", "0.1e1000000000"].map(Into::into),
        &["1e-999999999", "0.1e-999999998", "10e-1000000000"].map(Into::into),
        // Around the exponents of which 64 bits hold the sum with a number's length.
        &["1e99999999999999999", "0.1e100000000000000000", "10e99999999999999998"].map(Into::into),
        &["1e-99999999999999999", "10e-100000000000000000"].map(Into::into),
        &["1e999999999999999999", "0.1e1000000000000000000", "1e0999999999999999999"]
            .map(Into::into),
        &["10e999999999999999999", "1e1000000000000000000", "0.01e1000000000000000002"]
            .map(Into::into),
        &["1e-999999999999999999", "10e-1000000000000000000"].map(Into::into),
        &["0.1e-999999999999999999", "1e-1000000000000000000", "100e-1000000000000000002"]
            .map(Into::into),
        &[format!("1e{nines}"), format!("0.1e1{zeros}"), format!("10e{}8", &nines[1..])],
        &[format!("1e-{nines}"), format!("10e-1{zeros}")],
        &[format!("1e1{zeros}"), format!("10e{nines}"), format!("0.001e1{}3", &zeros[1..])],
    ];
    let rows: Vec<Vec<String>> = numbers
        .iter()
        .map(|row| row.iter().map(|number| format!(r#"{{"score":{number}}}"#)).collect())
        .collect();
    let rows: Vec<Vec<&str>> =
        rows.iter().map(|row| row.iter().map(String::as_str).collect()).collect();
    check(&rows.iter().map(Vec::as_slice).collect::<Vec<_>>());
}

#[test]
fn texts_are_what_their_escapes_mean() {
    check(&[
        &[r#"{"name":"A/b"}"#, r#"{"name":"\u0041\/b"}"#, r#"{"n\u0061me":"A\u002fb"}"#],
        &[r#"{"name":"a/b"}"#],
        &["{\"name\":\"🎰\"}", r#"{"name":"\ud83c\udfb0"}"#, r#"{"name":"\uD83C\uDFB0"}"#],
        &[r#"{"score":"15"}"#],
        &[r#"{"score":15}"#],
        &[r#"{"score":"15.0"}"#],
        &[r#"{"score":"true"}"#],
        &[r#"{"score":true}"#],
        &[r#"{"score":false}"#],
        &[r#"{"score":""}"#],
        &[r#"{"":"score"}"#],
    ]);
}

#[test]
fn a_field_that_is_null_is_absent_and_an_element_is_not() {
    check(&[
        &["null"],
        &["{}", r#"{"score":null}"#, r#"{ "a" : null , "b" : null }"#],
        &[r#"{"a":{}}"#, r#"{"a":{"b":null},"c":null}"#],
        &[r#"{"a":[]}"#],
        &[r#"{"a":[null]}"#],
        &[r#"{"a":[null,null]}"#],
        &[r#"{"a":[{}]}"#, r#"{"a":[{"b":null}]}"#],
        &[r#"{"a":"null"}"#],
    ]);
}

#[test]
fn elements_keep_their_order_and_their_borders() {
    check(&[
        &[r#"{"a":[1,2]}"#, r#"{"a":[ 1.0 , 2e0 ]}"#],
        &[r#"{"a":[2,1]}"#],
        &[r#"{"a":[12]}"#],
        &[r#"{"a":[[1],2]}"#],
        &[r#"{"a":[[1,2]]}"#],
        &[r#"{"a":["1","2"]}"#],
        &[r#"{"a":["1,2"]}"#],
        &[r#"{"a":[{"b":1},{"c":2}]}"#],
        &[r#"{"a":[{"c":2},{"b":1}]}"#],
        &[r#"{"a":[{"b":1,"c":2}]}"#, r#"{"a":[{"c":2,"b":1}]}"#],
    ]);
}

#[test]
fn a_key_that_is_there_twice_is_no_event() {
    for data in [r#"{"a":1,"a":1}"#, r#"{"a":{"b":1,"\u0062":null}}"#, r#"{"a":[{"b":1,"b":1}]}"#] {
        let raw = format!(
            r#"{{"event_id":"e1","event_type":"t","player_id":"p1","game_id":"g1",
                 "timestamp":"2024-11-11T10:30:00Z","data":{data}}}"#
        );
        let problems = read_game_event(raw.as_bytes()).unwrap_err();
        assert!(problems[0].to_string().contains("expected each key once"), "{problems:?}");
    }
}

#[test]
fn a_wager_is_the_same_in_any_spelling() {
    let [first, second] = [
        r#"{"wagerId":"w1","playerId":"p1","operatorId":"o1","gameId":"g1","gameCategory":"slots",
            "wagerAmount":100,"winAmount":0,"currency":"USD","jurisdiction":"Malta",
            "timestamp":"2024-11-11T10:30:00Z"}"#,
        r#"{"timestamp":"2024-11-11T10:31:00Z","playerSegment":null,"jurisdiction":"\u004dalta",
            "currency":"USD","winAmount":-0.0,"wagerAmount":1e2,"gameCategory":"slots","gameId":"g1",
            "operatorId":"o1","player\u0049d":"p1","wagerId":"w1","sequence":4,"more":[1]}"#,
    ]
    .map(|raw| KEY.content(Content::NEWEST, &read_wager(raw.as_bytes()).unwrap()));
    assert_eq!(first, second);
}

#[test]
fn a_command_is_the_same_in_any_spelling() {
    let content = |body| KEY.command(Content::NEWEST, body).unwrap();
    let first = r#"{"command":"discard","id":"c1","deadLetter":[4,1],"why":"a test"}"#;
    let second =
        r#"{ "why":"\u0061 test", "deadLetter":[ 4, 1 ], "id":"c1", "command":"discard" }"#;
    let other = r#"{"command":"discard","id":"c1","deadLetter":[1,4],"why":"a test"}"#;
    assert_eq!(content(first), content(second));
    assert_ne!(content(first), content(other));
    assert!(KEY.command(Content::NEWEST, &format!("{first}x")).is_err());
}

#[test]
fn contents_of_two_versions_are_compared_by_the_stored_one() {
    // Another version of the list: what it makes of one event, by number.
    let older = |hash: u64| Content(200 << 56 | hash);
    let now = KEY.command(Content::NEWEST, "1").unwrap();
    let by_older = |version| match version {
        200 => Ok(older(7)),
        version => Err(NoContent::UnknownVersion(version)),
    };
    assert_eq!((now.version(), older(7).version()), (1, 200));
    assert_eq!(now.is_same(now, |_| panic!("nothing to hash")), Ok(true));
    assert_eq!(now.is_same(older(7), by_older), Ok(true));
    assert_eq!(now.is_same(older(8), by_older), Ok(false));
    assert_eq!(now.is_same(Content(201 << 56), by_older), Err(NoContent::UnknownVersion(201)));
    let unknown = KEY.command(200, "1").unwrap_err().to_string();
    assert!(unknown.contains("version `200`") && unknown.contains("a newer one may know it"));
}

/// A value with one of its spellings.
#[derive(Debug, Clone)]
enum Spelled {
    Word(&'static str),
    Number(String),
    Text(Vec<(char, bool)>),
    List(Vec<Self>),
    Fields(Vec<(Vec<(char, bool)>, Self)>),
}

impl Spelled {
    fn json(&self, space: &str) -> String {
        match self {
            Self::Word(word) => (*word).into(),
            Self::Number(number) => number.clone(),
            Self::Text(text) => quoted(text),
            Self::List(list) => {
                let elements: Vec<_> = list.iter().map(|value| value.json(space)).collect();
                format!("[{space}{}{space}]", elements.join(&format!("{space},")))
            }
            Self::Fields(fields) => {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(key, value)| format!("{}{space}:{}", quoted(key), value.json(space)))
                    .collect();
                format!("{{{space}{}{space}}}", fields.join(&format!(",{space}")))
            }
        }
    }

    /// The obvious form: fields sorted, numbers written out, texts in the debug format.
    fn canonical(&self) -> String {
        match self {
            Self::Word(word) => (*word).into(),
            Self::Number(number) => written_out(number),
            Self::Text(text) => format!("{:?}", plain(text)),
            Self::List(list) => {
                format!("{:?}", list.iter().map(Self::canonical).collect::<Vec<_>>())
            }
            Self::Fields(fields) => {
                let fields: BTreeMap<_, _> = fields
                    .iter()
                    .filter(|(_, value)| !matches!(value, Self::Word("null")))
                    .map(|(key, value)| (plain(key), value.canonical()))
                    .collect();
                format!("{fields:?}")
            }
        }
    }
}

fn plain(text: &[(char, bool)]) -> String {
    text.iter().map(|(char, _)| char).collect()
}

fn quoted(text: &[(char, bool)]) -> String {
    let mut json = String::from("\"");
    for (char, is_escaped) in text {
        if *is_escaped {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                write!(json, "\\u{unit:04x}").unwrap();
            }
        } else {
            json.push(*char);
        }
    }
    json + "\""
}

/// A number without its exponent: 50 figures before the point and 50 after it.
fn written_out(number: &str) -> String {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut figures = format!("{whole:0>50}{fraction:0<50}").into_bytes();
    match exponent.parse::<isize>().unwrap() {
        up @ 0.. => figures.rotate_left(up.unsigned_abs()),
        down => figures.rotate_right(down.unsigned_abs()),
    }
    let is_zero = figures.iter().all(|figure| *figure == b'0');
    format!("{}{}", if is_zero { "" } else { sign }, String::from_utf8(figures).unwrap())
}

fn spelled() -> impl Strategy<Value = Spelled> {
    let texts = || {
        let chars = (select(vec!['a', 'b', 'é', '🎰']), any::<bool>());
        prop::collection::vec(chars, 0..3)
    };
    let leaf = prop_oneof![
        select(vec!["true", "false", "null"]).prop_map(Spelled::Word),
        "-?(0|[15][05]{0,2})(\\.[05]{1,3})?([eE][+-]?0?[0-2])?".prop_map(Spelled::Number),
        texts().prop_map(Spelled::Text),
    ];
    leaf.prop_recursive(3, 12, 3, move |inner| {
        let key = (select(vec!['a', 'b', 'c']), any::<bool>()).prop_map(|char| vec![char]);
        let fields = prop::collection::vec((key, inner.clone()), 0..4).prop_map(|mut fields| {
            let mut seen = BTreeSet::new();
            fields.retain(|(key, _)| seen.insert(key[0].0));
            Spelled::Fields(fields)
        });
        prop_oneof![prop::collection::vec(inner, 0..3).prop_map(Spelled::List), fields]
    })
}

/// The same value in another spelling: what stands around, the order, escapes, zeros.
fn respelled(value: &Spelled, seed: usize) -> Spelled {
    let texts = |text: &[(char, bool)]| {
        text.iter()
            .map(|(char, is_escaped)| (*char, *is_escaped ^ (seed.is_multiple_of(2))))
            .collect()
    };
    match value {
        Spelled::Word(word) => Spelled::Word(word),
        Spelled::Text(text) => Spelled::Text(texts(text)),
        Spelled::Number(number) if seed.is_multiple_of(3) && !number.contains(['e', 'E']) => {
            Spelled::Number(number.clone() + if number.contains('.') { "0" } else { ".0e0" })
        }
        Spelled::Number(number) => Spelled::Number(number.clone()),
        Spelled::List(list) => {
            Spelled::List(list.iter().map(|value| respelled(value, seed)).collect())
        }
        Spelled::Fields(fields) => {
            let mut fields: Vec<_> =
                fields.iter().map(|(key, value)| (texts(key), respelled(value, seed))).collect();
            let count = fields.len().max(1);
            fields.rotate_left(seed % count);
            Spelled::Fields(fields)
        }
    }
}

proptest! {
    #[test]
    fn contents_are_one_where_the_obvious_forms_are(
        values in prop::collection::vec(spelled(), 1..12),
        seed in 0_usize..12,
    ) {
        let respelled: Vec<_> = values.iter().map(|value| respelled(value, seed)).collect();
        let mut by_form: BTreeMap<String, u64> = BTreeMap::new();
        let mut contents = BTreeMap::new();
        for (value, space) in values.iter().map(|it| (it, "")).chain(respelled.iter().map(|it| (it, " \t"))) {
            let value = Spelled::List(vec![value.clone()]);
            let (form, json) = (value.canonical(), format!(r#"{{"v":{}}}"#, value.json(space)));
            let content = content(&json);
            prop_assert_eq!(*by_form.entry(form.clone()).or_insert(content), content, "{}", json);
            prop_assert_eq!(contents.entry(content).or_insert(form.clone()), &form, "{}", json);
        }
    }
}
