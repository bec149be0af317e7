//! `CloudEvents` 1.0.2 (the JSON format, and attributes beside the data) around wagers, voids and game events.
//!
//! The event is `data`, and what goes to the log is the event alone. Where it lacks its id, time or type, it gets them of
//! the attributes; what it has itself counts. An attribute that nobody asks for is ignored, as an unknown field is.

use std::borrow::Cow;

use crate::json::{self, Value};
use crate::problem::Problem;
use crate::record::Kind;

const NAMES: [&str; 8] =
    ["specversion", "id", "source", "type", "time", "datacontenttype", "data", "data_base64"];

/// Between the source and the id, which name an event together. No URI has it.
const BETWEEN: char = '|';

/// The attributes that matter here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes<'a> {
    id: Cow<'a, str>,
    source: Cow<'a, str>,
    event_type: Cow<'a, str>,
    time: Option<Cow<'a, str>>,
}

/// The event that was inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain<'a> {
    /// Its bytes.
    pub event: Cow<'a, [u8]>,
    /// Fields that came from attributes, and from which.
    filled: Vec<(&'static str, &'static str)>,
}

/// The names that a kind of event has for its id, its time and its type.
fn names_of(kind: Kind) -> [&'static str; 3] {
    match kind {
        Kind::GameEvent => ["event_id", "timestamp", "event_type"],
        Kind::Wager | Kind::Command | Kind::Control => ["wagerId", "timestamp", "type"],
    }
}

impl<'a> Attributes<'a> {
    /// Attributes as they stand in a message, by name; problems point to them.
    pub fn read(
        mut text: impl FnMut(&'static str) -> Result<Option<Cow<'a, str>>, Problem>,
    ) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut optional = |name| {
            text(name).unwrap_or_else(|problem| {
                problems.push(problem);
                // So that it is not missing as well.
                Some(Cow::Borrowed("?"))
            })
        };
        let [version, id, source, event_type, time] =
            ["specversion", "id", "source", "type", "time"].map(&mut optional);
        let mut bad = |name: &str, expected: &str| {
            let pointer = format!("/{name}");
            if problems.iter().all(|problem| problem.pointer != pointer) {
                problems.push(Problem::new(pointer, format!("expected {expected}")));
            }
            Cow::Borrowed("")
        };
        if version.is_none_or(|version| version != "1.0") {
            bad("specversion", "`1.0`");
        }
        let is_filled = |text: &Cow<'a, str>| !text.is_empty();
        let id = id.filter(is_filled);
        let id = id.unwrap_or_else(|| bad("id", "a text that is not empty"));
        let is_uri = |text: &Cow<'a, str>| {
            is_filled(text) && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'|')
        };
        let source = source.filter(is_uri);
        let source = source.unwrap_or_else(|| bad("source", "a URI, or a reference of one"));
        let event_type = event_type.filter(is_filled);
        let event_type = event_type.unwrap_or_else(|| bad("type", "a text that is not empty"));
        if problems.is_empty() {
            return Ok(Self { id, source, event_type, time });
        }
        Err(problems)
    }

    /// What the event of `kind` that is `data` gets of them.
    pub fn fill<'d>(&self, data: &'d [u8], kind: Kind) -> Result<Plain<'d>, Vec<Problem>> {
        let [id, time, event_type] = names_of(kind);
        let names = [id, time, event_type];
        let [has_id, has_time, has_type] =
            json::fields(data, &names).map_err(|problem| vec![problem])?;
        let is_game_event = kind == Kind::GameEvent;
        let mut edits = Vec::new();
        let mut plain = Plain { event: Cow::Borrowed(data), filled: Vec::new() };
        let own_type = match has_type {
            None | Some(Value::Null { .. }) if is_game_event => self.event_type.clone(),
            None | Some(Value::Null { .. }) => type_of_wager(&self.event_type)?.into(),
            Some(_) => Cow::Borrowed(""),
        };
        let is_void = match &has_type {
            Some(Value::Text(text)) => text == "wager.voided",
            _ => own_type == "wager.voided",
        };
        let (source, named) = (&self.source, &self.id);
        let own_id = format!("{source}{BETWEEN}{named}");
        // A void names another event than itself.
        let own_id = (is_game_event || !is_void).then_some(&*own_id);
        for (name, attribute, slot, value) in [
            (id, "id", has_id, own_id),
            (time, "time", has_time, self.time.as_deref()),
            (event_type, "type", has_type, Some(&*own_type)),
        ] {
            let at = match slot {
                None => None,
                Some(Value::Null { at }) => Some(at),
                Some(_) => continue,
            };
            let Some(value) = value else { continue };
            plain.filled.push((name, attribute));
            edits.push((at, name, value));
        }
        if !edits.is_empty() {
            plain.event = Cow::Owned(filled(data, edits));
        }
        Ok(plain)
    }
}

/// The type of a wager that its data does not say.
fn type_of_wager(event_type: &str) -> Result<&'static str, Vec<Problem>> {
    let is = |name: &str| {
        event_type.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if is("wager.placed") {
        return Ok("wager.placed");
    }
    if is("wager.voided") {
        return Ok("wager.voided");
    }
    let expected =
        "expected one that ends with `wager.placed` or `wager.voided`, where `data` has no `type`";
    Err(vec![Problem::new("/type", expected)])
}

/// `data`, an object, with values in the place of nulls, and new fields before all others.
fn filled(data: &[u8], edits: Vec<(Option<usize>, &str, &str)>) -> Vec<u8> {
    let quoted = |text: &str| serde_json::to_string(text).expect("a text is JSON");
    let start = data.iter().position(|byte| *byte == b'{').expect("it is an object") + 1;
    let is_empty = data[start..].trim_ascii_start().starts_with(b"}");
    let mut nulls: Vec<_> =
        edits.iter().filter_map(|(at, _, value)| Some(((*at)?, value))).collect();
    nulls.sort_unstable();
    let mut event = data[..start].to_vec();
    let added = edits.iter().filter(|(at, ..)| at.is_none());
    let added: Vec<_> =
        added.map(|(_, name, value)| format!("\"{name}\":{}", quoted(value))).collect();
    event.extend_from_slice(added.join(",").as_bytes());
    if !added.is_empty() && !is_empty {
        event.push(b',');
    }
    let mut from = start;
    for (at, value) in nulls {
        event.extend_from_slice(&data[from..at]);
        event.extend_from_slice(quoted(value).as_bytes());
        from = at + "null".len();
    }
    event.extend_from_slice(&data[from..]);
    event
}

/// The event of `kind` that is in `raw`, a `CloudEvent` in the JSON format.
pub fn unwrap(raw: &[u8], kind: Kind) -> Result<Plain<'_>, Vec<Problem>> {
    let [version, id, source, event_type, time, content_type, data, base64] =
        json::fields(raw, &NAMES).map_err(|problem| vec![problem])?;
    let mut slots = [
        ("specversion", version),
        ("id", id),
        ("source", source),
        ("type", event_type),
        ("time", time),
    ];
    let mut text = |name: &'static str| {
        let slot = slots.iter_mut().find(|(other, _)| *other == name);
        match slot.and_then(|(_, slot)| slot.take()) {
            None | Some(Value::Null { .. }) => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(other) => {
                let found = json::found(&other.to_string());
                Err(Problem::new(format!("/{name}"), format!("expected a text, found {found}")))
            }
        }
    };
    let mut problems = Vec::new();
    let attributes = Attributes::read(&mut text).map_err(|found| problems.extend(found)).ok();
    match content_type {
        None | Some(Value::Null { .. }) => {}
        Some(Value::Text(named)) if is_json(&named) => {}
        Some(other) => {
            let found = json::found(&other.to_string());
            let detail = format!("expected `application/json`, found {found}");
            problems.push(Problem::new("/datacontenttype", detail));
        }
    }
    if !matches!(base64, None | Some(Value::Null { .. })) {
        let detail = "expected the event as JSON in `data`";
        problems.push(Problem::new("/data_base64", detail));
    }
    match (attributes, data) {
        (Some(attributes), Some(Value::Object(data))) if problems.is_empty() => {
            attributes.fill(data.as_bytes(), kind)
        }
        (_, Some(Value::Object(_))) => Err(problems),
        (_, other) => {
            let found = json::found(&other.map_or_else(String::new, |data| data.to_string()));
            problems.push(Problem::new("/data", format!("expected an object, found {found}")));
            Err(problems)
        }
    }
}

/// Whether a content type is JSON.
pub fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

impl Plain<'_> {
    /// Where in the `CloudEvent` that is to which `pointer` points in the event.
    pub fn locate(&self, pointer: &str) -> String {
        let name = pointer.strip_prefix('/').unwrap_or("");
        match self.filled.iter().find(|(filled, _)| *filled == name) {
            Some((_, attribute)) => format!("/{attribute}"),
            None => format!("/data{pointer}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{read_game_event, read_wager};

    const GAME: &str = r#"{"specversion":"1.0","id":"7","source":"//shop/eu","type":"quest.completed","time":"2024-11-11T10:30:00Z","data":DATA}"#;

    fn game(data: &str) -> Result<String, Vec<Problem>> {
        let raw = GAME.replace("DATA", data);
        let plain = unwrap(raw.as_bytes(), Kind::GameEvent)?;
        Ok(String::from_utf8(plain.event.into_owned()).unwrap())
    }

    fn pointers(raw: &str, kind: Kind) -> Vec<String> {
        let problems = unwrap(raw.as_bytes(), kind).unwrap_err();
        problems.into_iter().map(|problem| problem.pointer).collect()
    }

    #[test]
    fn what_data_has_itself_counts_and_is_left_as_it_is() {
        let data = r#"{ "event_id" : "e1", "event_type":"t", "timestamp":"2020-01-01T00:00:00Z" }"#;
        assert_eq!(game(data).unwrap(), data);
    }

    #[test]
    fn what_data_lacks_comes_from_the_attributes() {
        let event = game(r#"{"player_id":"p","game_id":"g","data":{}}"#).unwrap();
        let read = read_game_event(event.as_bytes()).unwrap();
        assert_eq!((&*read.event_id, &*read.event_type), ("//shop/eu|7", "quest.completed"));
        // Null is absent.
        let event =
            game(r#"{"timestamp":null,"player_id":"p","event_id": null ,"game_id":"g","data":{}}"#);
        let event = event.unwrap();
        assert_eq!(read_game_event(event.as_bytes()).unwrap(), read, "{event}");
        assert_eq!(
            game("{ }").unwrap(),
            r#"{"event_id":"//shop/eu|7","timestamp":"2024-11-11T10:30:00Z","event_type":"quest.completed" }"#
        );
    }

    #[test]
    fn a_wager_is_never_guessed_to_be_placed_and_a_void_names_what_it_voids() {
        let wager = |event_type: &str, data: &str| {
            GAME.replace("quest.completed", event_type).replace("DATA", data)
        };
        let data = r#"{"playerId":"p","operatorId":"o","reason":"r"}"#;
        let raw = wager("com.shop.wager.voided", data);
        let plain = unwrap(raw.as_bytes(), Kind::Wager).unwrap();
        let problems = read_wager(&plain.event).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(plain.locate(&problems[0].pointer), "/data/wagerId");
        assert_eq!(pointers(&wager("com.shop.bet", data), Kind::Wager), ["/type"]);
        assert_eq!(pointers(&wager("xwager.voided", data), Kind::Wager), ["/type"]);
        let raw = wager("com.shop.bet", r#"{"type":"wager.placed"}"#);
        let plain = unwrap(raw.as_bytes(), Kind::Wager).unwrap();
        assert!(String::from_utf8_lossy(&plain.event).contains(r#""wagerId":"//shop/eu|7""#));
    }

    #[test]
    fn an_attribute_that_is_wrong_is_named_and_so_is_a_field_of_data() {
        let bad = |from: &str, to: &str| {
            pointers(&GAME.replace("DATA", "{}").replace(from, to), Kind::GameEvent)
        };
        assert_eq!(bad("\"1.0\"", "\"0.3\""), ["/specversion"]);
        assert_eq!(bad("\"7\"", "7"), ["/id"]);
        assert_eq!(bad("\"7\"", "\"\""), ["/id"]);
        assert_eq!(bad("//shop/eu", "two words"), ["/source"]);
        assert_eq!(bad("quest.completed", ""), ["/type"]);
        assert_eq!(bad("\"data\":{}", "\"data\":7"), ["/data"]);
        assert_eq!(bad("\"data\":{}", "\"data_base64\":\"e30=\""), ["/data_base64", "/data"]);
        assert_eq!(
            bad("\"data\"", "\"datacontenttype\":\"text/xml\",\"data\""),
            ["/datacontenttype"]
        );
        assert_eq!(
            pointers("{}", Kind::GameEvent),
            ["/specversion", "/id", "/source", "/type", "/data"]
        );
        assert_eq!(pointers("[]", Kind::GameEvent), [""]);
        let raw = GAME.replace("DATA", "{}").replace("2024-11-11", "11.11.24");
        let plain = unwrap(raw.as_bytes(), Kind::GameEvent).unwrap();
        let problems = read_game_event(&plain.event).unwrap_err();
        let at: Vec<_> = problems.iter().map(|problem| plain.locate(&problem.pointer)).collect();
        assert_eq!(at, ["/data/player_id", "/data/game_id", "/time"]);
    }
}
