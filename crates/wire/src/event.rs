//! Wagers, voids and game events as JSON: read whole, with every bad field named.
//!
//! Null is absent. Unknown fields are allowed, but must be JSON. Nothing is guessed: a number in
//! quotes is not a number.

use std::borrow::Cow;

use accolade_domain::amount::{Amount, DecimalError};
use accolade_domain::event::{Event, GameEvent, ID_BYTES_MAX, Void, Wager};
use accolade_domain::time::Timestamp;

use crate::json::{self, Value};
use crate::problem::Problem;
use crate::timestamp;

/// Greatest length of a void's reason in bytes.
pub const REASON_BYTES_MAX: usize = 1_024;
/// Greatest length of a currency's code.
pub const CURRENCY_BYTES_MAX: usize = 16;

const WAGER_FIELDS: [&str; 15] = [
    "type",
    "wagerId",
    "playerId",
    "operatorId",
    "gameId",
    "gameCategory",
    "wagerAmount",
    "winAmount",
    "currency",
    "playerSegment",
    "jurisdiction",
    "timestamp",
    "gamingSystemId",
    "sequence",
    "reason",
];

const GAME_EVENT_FIELDS: [&str; 6] =
    ["event_id", "event_type", "player_id", "game_id", "timestamp", "data"];

type Slot<'a> = Option<Value<'a>>;

/// Reads a wager, or the void of one, as its `type` says.
pub fn read_wager(raw: &[u8]) -> Result<Event<'_>, Vec<Problem>> {
    let [
        event_type,
        wager_id,
        player_id,
        operator_id,
        game_id,
        game_category,
        stake,
        win,
        currency,
        segment,
        jurisdiction,
        at,
        gaming_system_id,
        sequence,
        reason,
    ] = json::fields(raw, &WAGER_FIELDS).map_err(|problem| vec![problem])?;
    let mut fields = Fields::default();
    let gaming_system = fields.optional_id("gamingSystemId", gaming_system_id);
    let sequence = fields.sequence("sequence", sequence);
    let event = match event_type.as_ref() {
        None | Some(Value::Null { .. }) => Kind::Placed,
        Some(Value::Text(text)) if text == "wager.placed" => Kind::Placed,
        Some(Value::Text(text)) if text == "wager.voided" => Kind::Voided,
        Some(_) => {
            fields.bad("type", "expected `wager.placed` or `wager.voided`", event_type);
            return Err(fields.problems);
        }
    };
    let event = match event {
        Kind::Placed => Event::Wager(Wager {
            wager_id: fields.id("wagerId", wager_id),
            player_id: fields.id("playerId", player_id),
            operator_id: fields.id("operatorId", operator_id),
            game_id: fields.id("gameId", game_id),
            game_category: fields.id("gameCategory", game_category),
            stake: fields.amount("wagerAmount", stake),
            win: fields.optional_amount("winAmount", win),
            currency: fields.currency("currency", currency),
            segment: fields.optional_id("playerSegment", segment),
            jurisdiction: fields.id("jurisdiction", jurisdiction),
            gaming_system,
            sequence,
            at: fields.timestamp("timestamp", at),
        }),
        Kind::Voided => Event::Void(Void {
            wager_id: fields.id("wagerId", wager_id),
            player_id: fields.id("playerId", player_id),
            operator_id: fields.id("operatorId", operator_id),
            reason: fields.reason("reason", reason),
            at: fields.timestamp("timestamp", at),
        }),
    };
    fields.all_good(event)
}

enum Kind {
    Placed,
    Voided,
}

/// Reads a game event, which must have its `event_id`.
pub fn read_game_event(raw: &[u8]) -> Result<GameEvent<'_>, Vec<Problem>> {
    game_event(json::fields(raw, &GAME_EVENT_FIELDS).map_err(|problem| vec![problem])?)
}

/// Reads a game event as a client sends it, and gives it an id from `make_id` where it has none.
///
/// Returns the bytes to record (those of `raw` unless an id was made) and the event that they hold.
pub fn prepare_game_event(
    raw: &[u8],
    make_id: impl FnOnce() -> String,
) -> Result<(Cow<'_, [u8]>, GameEvent<'_>), Vec<Problem>> {
    let mut slots = json::fields(raw, &GAME_EVENT_FIELDS).map_err(|problem| vec![problem])?;
    let bytes = match slots[0] {
        Some(Value::Null { at }) => {
            let id = slots[0].insert(Value::Text(make_id().into()));
            let (before, after) = (&raw[..at], &raw[at + "null".len()..]);
            Cow::Owned([before, in_quotes(id).as_bytes(), after].concat())
        }
        None => {
            let id = slots[0].insert(Value::Text(make_id().into()));
            let first = raw.iter().position(|byte| *byte == b'{').map_or(0, |brace| brace + 1);
            let (before, after) = raw.split_at(first);
            let field = format!("\"event_id\":{},", in_quotes(id));
            Cow::Owned([before, field.as_bytes(), after].concat())
        }
        Some(_) => Cow::Borrowed(raw),
    };
    Ok((bytes, game_event(slots)?))
}

/// A made id as JSON.
fn in_quotes(id: &Value<'_>) -> String {
    let text = id.to_string();
    let inner = &text.as_bytes()[1..];
    assert!(json::plain_end(inner, 0) + 1 == inner.len(), "a made id needs no escapes");
    text
}

fn game_event(slots: [Slot<'_>; 6]) -> Result<GameEvent<'_>, Vec<Problem>> {
    let [event_id, event_type, player_id, game_id, at, data] = slots;
    let mut fields = Fields::default();
    let event = GameEvent {
        event_id: fields.id("event_id", event_id),
        event_type: fields.id("event_type", event_type),
        player_id: fields.id("player_id", player_id),
        game_id: fields.id("game_id", game_id),
        at: fields.timestamp("timestamp", at),
        data: fields.object("data", data),
    };
    fields.all_good(event)
}

/// Takes fields one by one and notes what is wrong with them; a bad one stands as its default.
#[derive(Default)]
struct Fields {
    problems: Vec<Problem>,
}

impl Fields {
    #[inline]
    fn all_good<T>(self, event: T) -> Result<T, Vec<Problem>> {
        if self.problems.is_empty() { Ok(event) } else { Err(self.problems) }
    }

    #[cold]
    fn bad(&mut self, name: &str, expected: &str, slot: Slot<'_>) {
        let found = match slot {
            None => "nothing".to_owned(),
            Some(value) => json::found(&value.to_string()),
        };
        self.problems.push(Problem::new(format!("/{name}"), format!("{expected}, found {found}")));
    }

    #[inline]
    fn id<'a>(&mut self, name: &str, slot: Slot<'a>) -> Cow<'a, str> {
        match slot {
            Some(Value::Text(text)) if is_id(&text) => text,
            bad => {
                self.bad(name, "expected a text of 1 to 128 bytes without control characters", bad);
                Cow::default()
            }
        }
    }

    fn optional_id<'a>(&mut self, name: &str, slot: Slot<'a>) -> Option<Cow<'a, str>> {
        match slot {
            None | Some(Value::Null { .. }) => None,
            given => Some(self.id(name, given)),
        }
    }

    #[inline]
    fn amount(&mut self, name: &str, slot: Slot<'_>) -> Amount {
        let Some(Value::Number(text)) = slot else {
            self.bad(name, "expected a number", slot);
            return Amount::ZERO;
        };
        Amount::parse(text).unwrap_or_else(|error| {
            let expected = match error {
                DecimalError::TooLarge => "expected at most 1000000000000".to_owned(),
                other => other.to_string(),
            };
            self.bad(name, &expected, slot);
            Amount::ZERO
        })
    }

    fn optional_amount(&mut self, name: &str, slot: Slot<'_>) -> Option<Amount> {
        match slot {
            None | Some(Value::Null { .. }) => None,
            given => Some(self.amount(name, given)),
        }
    }

    fn currency<'a>(&mut self, name: &str, slot: Slot<'a>) -> Cow<'a, str> {
        match slot {
            Some(Value::Text(text)) if is_currency(&text) => text,
            bad => {
                self.bad(name, "expected a code of 1 to 16 letters A to Z and digits", bad);
                Cow::default()
            }
        }
    }

    fn sequence(&mut self, name: &str, slot: Slot<'_>) -> Option<u64> {
        let given = slot.filter(|value| !matches!(value, Value::Null { .. }))?;
        let number = match &given {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        };
        if number.is_none() {
            let expected = "expected an integer from 0 to 18446744073709551615";
            self.bad(name, expected, Some(given));
        }
        number
    }

    fn reason<'a>(&mut self, name: &str, slot: Slot<'a>) -> Cow<'a, str> {
        match slot {
            Some(Value::Text(text)) if text.len() <= REASON_BYTES_MAX => text,
            bad => {
                self.bad(name, "expected a text of at most 1024 bytes", bad);
                Cow::default()
            }
        }
    }

    fn timestamp(&mut self, name: &str, slot: Slot<'_>) -> Timestamp {
        let time = match &slot {
            Some(Value::Text(text)) => timestamp::read(text),
            _ => None,
        };
        time.unwrap_or_else(|| {
            let expected = "expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from \
                            1970 on";
            self.bad(name, expected, slot);
            Timestamp::default()
        })
    }

    fn object<'a>(&mut self, name: &str, slot: Slot<'a>) -> Option<&'a str> {
        match slot {
            None | Some(Value::Null { .. }) => None,
            Some(Value::Object(text)) => Some(text),
            bad => {
                self.bad(name, "expected an object", bad);
                None
            }
        }
    }
}

fn is_id(text: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&text.len())
        && (is_printable_ascii(text.as_bytes()) || !text.chars().any(char::is_control))
}

/// Looks at eight bytes at once.
fn is_printable_ascii(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The high bit of a byte that is not printable, and perhaps of those above it.
    let unusual = |word: u64| word.wrapping_sub(ONES * 0x20) | word.wrapping_add(ONES) | word;
    let (words, rest) = bytes.as_chunks::<8>();
    let mut any = 0;
    for word in words {
        any |= unusual(u64::from_le_bytes(*word));
    }
    any & (ONES << 7) == 0 && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a wager can have this code.
pub(crate) fn is_currency(text: &str) -> bool {
    (1..=CURRENCY_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'0'..=b'9'))
}
