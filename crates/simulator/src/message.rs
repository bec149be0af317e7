//! Events as bytes, in all the spellings that mean the same, and bytes that mean nothing.

use std::fmt::Write as _;

use crate::calendar::rfc3339;
use crate::input::ModelEvent;
use crate::random::Random;

/// The fields of an event: name and value as JSON.
type Fields = Vec<(&'static str, String)>;

/// Writes an event as JSON. Two spellings of one event differ in bytes alone.
pub fn spelled(event: &ModelEvent, random: &mut Random) -> Vec<u8> {
    let mut fields = fields(event, random);
    if random.percent(30) {
        random.shuffle(&mut fields);
    }
    written(&fields, random)
}

/// Writes a gift as its rule does.
pub fn of_gift(event: &ModelEvent) -> Vec<u8> {
    let ModelEvent::Wager(wager) = event else { panic!("{event:?} is no gift") };
    let decimals = match wager.timestamp {
        whole if whole % 1_000_000 == 0 => 0,
        millis if millis % 1_000 == 0 => 3,
        _ => 6,
    };
    let plain = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let fields = [
        ("wagerId", plain(&wager.wager_id)),
        ("playerId", plain(&wager.player_id)),
        ("operatorId", plain(&wager.operator_id)),
        ("gameId", plain(&wager.game_id)),
        ("gameCategory", plain(&wager.game_category)),
        ("wagerAmount", (wager.wager_amount / 1_000_000_000_000_000_000).to_string()),
        ("currency", plain(&wager.currency)),
        ("jurisdiction", plain(&wager.jurisdiction)),
        ("timestamp", plain(&rfc3339(wager.timestamp, decimals, "Z"))),
    ];
    let fields = fields.map(|(name, value)| format!("\"{name}\":{value}"));
    format!("{{{}}}", fields.join(",")).into_bytes()
}

/// Writes bytes that no reader may accept; `event` is what is broken.
pub fn malformed(event: &ModelEvent, random: &mut Random) -> Vec<u8> {
    let mut fields = fields(event, random);
    let required = random.index(fields.iter().take_while(|(name, _)| *name != "timestamp").count());
    match random.below(10) {
        0 => {
            fields.remove(required);
        }
        1 => fields.push(fields[required].clone()),
        2 => fields[required].1 = "null".into(),
        3 => {
            let bad = [r#""""#, r#""bell\u0007""#, "17", "[]", "nul", r#""open"#, r#""\ud800""#];
            fields[0].1 = (*random.pick(&bad)).into();
        }
        4 => fields[0].1 = format!("\"{}\"", "x".repeat(129)),
        5 => {
            let bad = [
                "2024-02-30T10:00:00Z",
                "2024-01-15 10:00",
                "1705312800",
                "2024-01-15T10:00:00+02:00",
            ];
            set(&mut fields, "timestamp", format!("\"{}\"", random.pick(&bad)));
        }
        6 if matches!(event, ModelEvent::Wager(_)) => {
            let bad = [
                "-1",
                "-0.01",
                "0.0000000000000000001",
                "1000000000000.01",
                "1e13",
                "NaN",
                "\"1\"",
                "01",
                "1.",
                ".5",
                "+1",
                "1234567890123456789012345678901234567890",
                "1e400000",
            ];
            set(&mut fields, "wagerAmount", (*random.pick(&bad)).into());
        }
        6 if matches!(event, ModelEvent::Game(_)) => {
            let bad = ["[]", "1500", r#"{"score":1,"score":1}"#, r#"{"a":[{"b":1,"\u0062":1}]}"#];
            set(&mut fields, "data", (*random.pick(&bad)).into());
        }
        6 => set(&mut fields, "type", "\"wager.lost\"".into()),
        7 => {
            let mut bytes = written(&fields, random);
            bytes.truncate(random.index(bytes.len()));
            return bytes;
        }
        8 => {
            let mut bytes = written(&fields, random);
            let tails: [&[u8]; 4] = [b"x", b"{}", b",", &[0xff]];
            bytes.extend_from_slice(tails[random.index(tails.len())]);
            return bytes;
        }
        _ => {
            let mut bytes = written(&fields, random);
            let within =
                bytes.windows(2).rposition(|pair| pair == b"T1" || pair == b"T0" || pair == b"T2");
            bytes[within.expect("each event has a time")] = 0xff;
            return bytes;
        }
    }
    written(&fields, random)
}

fn set(fields: &mut Fields, name: &'static str, value: String) {
    fields.retain(|(known, _)| *known != name);
    fields.push((name, value));
}

/// The required fields first, then `timestamp`, then the rest.
fn fields(event: &ModelEvent, random: &mut Random) -> Fields {
    let mut fields: Fields = match event {
        ModelEvent::Wager(wager) => {
            let mut fields = vec![
                ("wagerId", text(&wager.wager_id, random)),
                ("playerId", text(&wager.player_id, random)),
                ("operatorId", text(&wager.operator_id, random)),
                ("gameId", text(&wager.game_id, random)),
                ("gameCategory", text(&wager.game_category, random)),
                ("wagerAmount", amount(wager.wager_amount, random)),
                ("currency", text(&wager.currency, random)),
                ("jurisdiction", text(&wager.jurisdiction, random)),
                ("timestamp", time(wager.timestamp, random)),
            ];
            let win = wager.win_amount.map(|win| amount(win, random));
            let segment = wager.player_segment.as_ref().map(|segment| text(segment, random));
            optional(&mut fields, "winAmount", win, random);
            optional(&mut fields, "playerSegment", segment, random);
            let system = wager.gaming_system_id.as_ref().map(|system| text(system, random));
            optional(&mut fields, "gamingSystemId", system, random);
            if random.percent(20) {
                fields.push(("sequence", random.below(1_000_000).to_string()));
            }
            if random.percent(20) {
                fields.push(("type", "\"wager.placed\"".into()));
            }
            fields
        }
        ModelEvent::Void(void) => vec![
            ("wagerId", text(&void.wager_id, random)),
            ("playerId", text(&void.player_id, random)),
            ("operatorId", text(&void.operator_id, random)),
            ("reason", text(&void.reason, random)),
            ("timestamp", time(void.timestamp, random)),
            ("type", "\"wager.voided\"".into()),
        ],
        ModelEvent::Game(event) => {
            let mut fields = vec![
                ("event_id", text(&event.event_id, random)),
                ("event_type", text(&event.event_type, random)),
                ("player_id", text(&event.player_id, random)),
                ("game_id", text(&event.game_id, random)),
                ("timestamp", time(event.timestamp, random)),
            ];
            let data = event.data.as_ref().map(|data| data.spelled(random));
            optional(&mut fields, "data", data, random);
            fields
        }
        ModelEvent::Consent(_) | ModelEvent::Claim(_) | ModelEvent::Malformed => {
            panic!("commands have no bytes of their own here, and malformed ones have no fields")
        }
    };
    if random.percent(10) {
        fields.push(("x-unknown", r#"{"a":[1,null,"}"],"wagerId":"other"}"#.into()));
    }
    fields
}

/// What is absent may be left out or null.
fn optional(fields: &mut Fields, name: &'static str, value: Option<String>, random: &mut Random) {
    match value {
        Some(value) => fields.push((name, value)),
        None if random.percent(30) => fields.push((name, "null".into())),
        None => {}
    }
}

fn written(fields: &Fields, random: &mut Random) -> Vec<u8> {
    let [comma, colon] =
        *random.pick(&[[",", ":"], [", ", ": "], [",\n  ", ":\t"], [" , ", " : "]]);
    let fields: Vec<String> =
        fields.iter().map(|(name, value)| format!("\"{name}\"{colon}{value}")).collect();
    format!("{{{}}}", fields.join(comma)).into_bytes()
}

/// A text in quotes.
pub(crate) fn text(text: &str, random: &mut Random) -> String {
    let escapes_all = random.percent(5);
    let mut json = String::from("\"");
    for unit in text.encode_utf16().filter(|_| escapes_all) {
        write!(json, "\\u{unit:04x}").expect("a string takes everything");
    }
    if !escapes_all {
        json.push_str(&text.replace('\\', "\\\\").replace('"', "\\\""));
    }
    json + "\""
}

/// An amount in one of the spellings of its value.
fn amount(atto: u128, random: &mut Random) -> String {
    let figures = format!("{atto:019}");
    let (whole, fraction) = figures.split_at(figures.len() - 18);
    let trimmed = fraction.trim_end_matches('0');
    match random.below(4) {
        0 => format!("{whole}.{fraction}"),
        1 if atto > 0 => {
            let digits = atto.to_string();
            let mantissa = digits.trim_end_matches('0');
            let zeros = i64::try_from(digits.len() - mantissa.len()).expect("less than forty");
            format!("{mantissa}{}{}", random.pick(&["e", "E"]), zeros - 18)
        }
        2 if trimmed.len() <= 2 => format!("{whole}.{trimmed:0<2}"),
        _ if trimmed.is_empty() => whole.to_owned(),
        _ => format!("{whole}.{trimmed}"),
    }
}

fn time(micros: i64, random: &mut Random) -> String {
    let decimals: &[usize] = match micros {
        whole if whole % 1_000_000 == 0 => &[0, 1, 3, 6, 9],
        millis if millis % 1_000 == 0 => &[3, 6, 9],
        _ => &[6, 9],
    };
    let offset = if random.percent(10) { "+00:00" } else { "Z" };
    format!("\"{}\"", rfc3339(micros, *random.pick(decimals), offset))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn an_amount_has_many_spellings_and_one_value() {
        let spellings = |atto: u128| -> BTreeSet<String> {
            let mut random = Random::new(1);
            (0..100).map(|_| amount(atto, &mut random)).collect()
        };
        let expected = |all: &[&str]| all.iter().map(|text| (*text).to_owned()).collect();
        let hundred = 100_000_000_000_000_000_000;
        assert_eq!(
            spellings(hundred),
            expected(&["100", "100.00", "100.000000000000000000", "1E2", "1e2"])
        );
        assert_eq!(spellings(1), expected(&["0.000000000000000001", "1E-18", "1e-18"]));
        assert_eq!(spellings(0), expected(&["0", "0.00", "0.000000000000000000"]));
    }
}
