//! What a record names, whether or not it is valid: whose it is, and the id of its event.

use std::borrow::Cow;

use accolade_domain::event::ID_BYTES_MAX;

use crate::identity::IdKind;
use crate::json::{self, Value};
use crate::record::{Kind, Record};

/// What can be read of a record that could not be processed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'a> {
    /// The operator that it belongs to: a wager names its own, everything else has it from its source, and so
    /// has a wager of which it cannot be read. Empty for none.
    pub operator: Cow<'a, str>,
    /// The event's id; nothing where there is none that can be asked for.
    pub event: Option<(IdKind, Cow<'a, str>)>,
    /// The event's player.
    pub player: Option<Cow<'a, str>>,
}

impl<'a> Named<'a> {
    /// Reads what a record names. A body that is not a JSON object names nothing.
    pub fn of(record: &Record<'a>) -> Self {
        let operator = Cow::Borrowed(record.operator);
        let none = Self { operator, event: None, player: None };
        match record.kind {
            Kind::Wager => {
                let names = ["operatorId", "type", "wagerId", "playerId"];
                let Ok([operator, kind, id, player]) = json::fields(record.body, &names) else {
                    return none;
                };
                let is_void = matches!(kind, Some(Value::Text(kind)) if kind == "wager.voided");
                let kind = if is_void { IdKind::Void } else { IdKind::Wager };
                Self {
                    operator: id_in(operator).unwrap_or(none.operator),
                    event: id_in(id).map(|id| (kind, id)),
                    player: id_in(player),
                }
            }
            Kind::GameEvent => match json::fields(record.body, &["event_id", "player_id"]) {
                Ok([id, player]) => {
                    let event = id_in(id).map(|id| (IdKind::GameEvent, id));
                    Self { event, player: id_in(player), ..none }
                }
                Err(_) => none,
            },
            Kind::Command | Kind::Control => none,
        }
    }
}

fn id_in(value: Option<Value<'_>>) -> Option<Cow<'_, str>> {
    let Some(Value::Text(id)) = value else { return None };
    let is_id = (1..=ID_BYTES_MAX).contains(&id.len()) && !id.chars().any(char::is_control);
    is_id.then_some(id)
}

#[cfg(test)]
mod tests {
    use accolade_domain::time::Timestamp;

    use super::*;
    use crate::record::Source;

    /// Operator, kind and id of the event, and player; a dash for what is not named.
    fn named(kind: Kind, operator: &str, body: &str) -> String {
        let (source, received_at, origin) = (Source::Kafka, Timestamp::default(), None);
        let body = body.as_bytes();
        let named = Named::of(&Record { kind, source, operator, received_at, origin, body });
        let event = named.event.map_or("-".into(), |(kind, id)| format!("{kind:?} {id}"));
        format!("{:?} {event} {}", named.operator, named.player.as_deref().unwrap_or("-"))
    }

    #[test]
    fn a_wager_names_its_operator_and_its_id_however_wrong_the_rest_is() {
        let wager = |body| named(Kind::Wager, "header", body);
        let body = r#"{"wagerId":"w1","operatorId":"house","playerId":"p","wagerAmount":-1}"#;
        assert_eq!(wager(body), r#""house" Wager w1 p"#);
        let body = r#"{"type":"wager.voided","wagerId":"w1","operatorId":"house"}"#;
        assert_eq!(wager(body), r#""house" Void w1 -"#);
        let body = r#"{"wagerId":7,"operatorId":["house"],"playerId":""}"#;
        assert_eq!(wager(body), r#""header" - -"#);
        let long = format!(r#"{{"operatorId":"{}","wagerId":"a\u0000b"}}"#, "x".repeat(129));
        assert_eq!(wager(&long), r#""header" - -"#);
        assert_eq!(wager("not JSON"), r#""header" - -"#);
        assert_eq!(named(Kind::Wager, "", "[]"), r#""" - -"#);
    }

    #[test]
    fn a_game_event_has_its_operator_from_where_it_came() {
        let body = r#"{"event_id":"e1","player_id":"p","operatorId":"other"}"#;
        assert_eq!(named(Kind::GameEvent, "house", body), r#""house" GameEvent e1 p"#);
        assert_eq!(named(Kind::GameEvent, "house", "{"), r#""house" - -"#);
        assert_eq!(named(Kind::Command, "house", r#"{"id":"c"}"#), r#""house" - -"#);
    }
}
