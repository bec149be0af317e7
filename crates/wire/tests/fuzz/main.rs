//! What comes over a border, with every byte chosen by a fuzzer. Under `cargo test` each target runs
//! a bounded number of random inputs; `make fuzz` goes on for as long as one likes.

use accolade_wire::body::{self, Items, Limits};
use accolade_wire::event::{prepare_game_event, read_game_event, read_wager};
use accolade_wire::json::{self, Value};
use accolade_wire::timestamp;
use bolero::check;

mod formats;
mod queries;

const LIMITS: Limits = Limits { items_max: 100, item_bytes_max: 1_000 };

const WAGER: &[u8] = br#"{"type":"wager.placed","wagerId":"w\u00e91","playerId":"p1",
"operatorId":"o1","gameId":"g1","gameCategory":"slots","wagerAmount":100.00,"winAmount":3.5e1,
"currency":"USD","jurisdiction":"Malta","timestamp":"2024-11-11T10:30:00Z","sequence":1,
"x":{"y":[1,"\ud83c\udfb0",null,true]}}"#;
const GAME_EVENT: &[u8] = br#"{"event_id":null,"event_type":"t","player_id":"p","game_id":"g",
"timestamp":"2024-01-15T10:30:00Z","data":{"score":1500,"tags":["a","b"]}}"#;

/// How many inputs a target runs: a bounded number, unless a time is set.
fn iterations() -> usize {
    const WITHOUT_TIME: usize = 20_000;
    let has_time = std::env::var_os("BOLERO_RANDOM_TEST_TIME_MS").is_some();
    if has_time { usize::MAX } else { WITHOUT_TIME }
}

/// Words of JSON, good and bad, of which documents are made that come far.
const WORDS: [&[u8]; 40] = [
    b"{",
    b"{",
    b"}",
    b"}",
    b"[",
    b"]",
    b",",
    b",",
    b":",
    b":",
    b"\"a\"",
    b"\"b\"",
    b"\"\\u0061\"",
    b"\"wagerId\"",
    b"\"a\":",
    b"\"b\":1",
    b"\"c\":{",
    b"\"d\":[",
    b"\"",
    b"\\",
    b"\"\\ud83c\\udfb0\"",
    b"\"\\ud83c\"",
    b"\"\\n\"",
    b"\"\x01\"",
    b"\"\xc3\xa9\"",
    b"\xff",
    b"null",
    b"true",
    b"fals",
    b"0",
    b"-1",
    b"01",
    b"1.50",
    b"1.",
    b"2e3",
    b"2E-",
    b" ",
    b"\n",
    b"\xef\xbb\xbf",
    b"1 ",
];

fn document(choices: &[u8]) -> Vec<u8> {
    choices.iter().flat_map(|choice| WORDS[usize::from(*choice) % WORDS.len()]).copied().collect()
}

/// A value that is JSON, but for repeated keys, as `choices` choose it.
fn value(choices: &mut dyn Iterator<Item = u8>, levels: usize) -> String {
    const LEAVES: [&str; 12] = [
        "null",
        "true",
        "false",
        "0",
        "-1.50",
        "2e3",
        r#""""#,
        r#""plain and longer than a word""#,
        r#""\ud83c\udfb0\n\"""#,
        r#""é""#,
        r#""],}""#,
        r#""\\""#,
    ];
    const KEYS: [&str; 6] = ["a", "b", r"\u0061", "c", "", "wagerId"];
    let choice = usize::from(choices.next().unwrap_or(u8::MAX));
    let (kind, rest) = (choice % 4, choice / 4);
    let child_count = if levels == 0 { 0 } else { rest % 5 };
    match kind {
        0 => {
            let field = |index| {
                format!("\"{}\" : {}", KEYS[(index + rest) % 6], value(choices, levels - 1))
            };
            format!("{{{} }}", (0..child_count).map(field).collect::<Vec<_>>().join(" ,\n"))
        }
        1 => {
            let element = |_| value(choices, levels - 1);
            format!("[ {}]", (0..child_count).map(element).collect::<Vec<_>>().join(","))
        }
        _ => LEAVES[rest % LEAVES.len()].to_owned(),
    }
}

/// `sample` with some bytes changed, put in or taken out.
fn edited(sample: &[u8], edits: &[(u16, u8, u8)]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for (at, kind, byte) in edits.iter().take(4) {
        let at = usize::from(*at) % (bytes.len() + 1);
        match kind % 3 {
            0 => bytes.insert(at, *byte),
            1 if at < bytes.len() => bytes[at] = *byte,
            _ if at < bytes.len() => drop(bytes.remove(at)),
            _ => {}
        }
    }
    bytes
}

/// Accepts what `serde_json` accepts, with the same values, but for what is refused on purpose.
fn agrees_with_serde_json(raw: &[u8]) {
    let theirs = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(raw);
    match (json::fields(raw, &["a", "b"]), theirs) {
        (Ok(ours), Ok(theirs)) => {
            for (name, ours) in ["a", "b"].iter().zip(&ours) {
                assert_eq!(ours.as_ref().map(as_serde_json), theirs.get(*name).cloned());
            }
        }
        (Err(_), Err(_)) => {}
        (Ok(_), Err(error)) => {
            assert!(error.to_string().starts_with("number out of range"), "{error}");
        }
        (Err(problem), Ok(_)) => {
            let on_purpose = ["expected each key once", "expected at most"];
            assert!(on_purpose.iter().any(|start| problem.detail.starts_with(start)), "{problem}");
        }
    }
}

fn as_serde_json(value: &Value<'_>) -> serde_json::Value {
    match value {
        Value::Null { .. } => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Text(text) => text.as_ref().into(),
        Value::Number(text) | Value::Object(text) | Value::Array(text) => {
            serde_json::from_str(text).unwrap()
        }
    }
}

/// Reads `raw` in every way; what is made of it reads the same, and no problem grows with the input.
fn reads_without_harm(raw: &[u8]) {
    if let Err(problems) = read_wager(raw) {
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| problem.detail.len() < 200), "{problems:?}");
    }
    drop(read_game_event(raw));
    if let Ok((bytes, event)) = prepare_game_event(raw, || "made".to_owned()) {
        assert_eq!(read_game_event(&bytes), Ok(event));
    }
    if let Ok(Items::Many(items)) = body::lines(raw, LIMITS) {
        assert!(items.iter().flatten().all(|item| !item.is_empty() && !item.contains(&b'\n')));
    }
    drop(body::items(raw, LIMITS));
}

/// An array that is JSON is split where `serde_json` splits it.
fn splits_as_serde_json(raw: &[u8]) {
    let Ok(theirs) = serde_json::from_slice::<Vec<&serde_json::value::RawValue>>(raw) else {
        return;
    };
    let limits = Limits { items_max: usize::MAX, item_bytes_max: usize::MAX };
    let Ok(Items::Many(ours)) = body::items(raw, limits) else { panic!("an array") };
    let ours: Vec<_> = ours.into_iter().map(Result::unwrap).collect();
    let theirs: Vec<_> = theirs.iter().map(|item| item.get().as_bytes()).collect();
    assert_eq!(ours, theirs);
}

#[test]
fn any_bytes_are_read_without_harm() {
    check!().with_iterations(iterations()).for_each(|raw: &[u8]| {
        reads_without_harm(raw);
        agrees_with_serde_json(raw);
    });
}

#[test]
fn any_words_of_json_are_read_as_serde_json_reads_them() {
    check!().with_iterations(iterations()).with_max_len(60).for_each(|choices: &[u8]| {
        let words = document(choices);
        reads_without_harm(&words);
        agrees_with_serde_json(&words);
        splits_as_serde_json(&words);
        agrees_with_serde_json(&[b"{\"a\":", words.as_slice(), b"}"].concat());
        agrees_with_serde_json(&[b"{\"a\":1,", words.as_slice(), b"}"].concat());
        splits_as_serde_json(&[b"[", words.as_slice(), b"]"].concat());
    });
}

#[test]
fn events_with_small_damage_are_read_without_harm() {
    check!().with_type::<Vec<(u16, u8, u8)>>().with_iterations(iterations()).for_each(|edits| {
        for sample in [WAGER, GAME_EVENT] {
            let raw = edited(sample, edits);
            reads_without_harm(&raw);
            agrees_with_serde_json(&raw);
        }
    });
}

#[test]
fn documents_are_read_and_split_as_serde_json_does() {
    check!().with_iterations(iterations()).with_max_len(100).for_each(|choices: &[u8]| {
        let mut choices = choices.iter().copied();
        let whole = value(&mut choices, 5);
        agrees_with_serde_json(format!("{{\"a\":{whole},\"x\":{whole}}}").as_bytes());
        splits_as_serde_json(format!("[{whole},{whole} , {}]", value(&mut choices, 3)).as_bytes());
        for raw in [whole.as_bytes(), &edited(whole.as_bytes(), &[(7, 0, b'"'), (11, 2, 0)])] {
            reads_without_harm(raw);
            agrees_with_serde_json(raw);
            splits_as_serde_json(raw);
        }
    });
}

#[test]
fn a_time_with_small_damage_is_refused_or_one_that_can_be_written() {
    check!().with_type::<Vec<(u16, u8, u8)>>().with_iterations(iterations()).for_each(|edits| {
        let text = edited(b"2024-02-29T23:59:59.125Z", edits);
        if let Some(at) = str::from_utf8(&text).ok().and_then(timestamp::read) {
            assert_eq!(timestamp::read(&timestamp::write(at).to_string()), Some(at));
        }
    });
}
