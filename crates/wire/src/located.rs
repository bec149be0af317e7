//! Where the fields of an event stand in its body: what was read once need not be scanned again.

use std::borrow::Cow;

use accolade_domain::amount::Amount;
use accolade_domain::event::{Event, GameEvent, Void, Wager};
use accolade_domain::time::Timestamp;

/// A part of a body, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    from: u16,
    len: u16,
}

/// No part: a field that is not there.
const NONE: Part = Part { from: u16::MAX, len: u16::MAX };

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fields {
    Wager { texts: [Part; 9], stake: Amount, win: Option<Amount>, sequence: Option<u64> },
    Void { texts: [Part; 4] },
    Game { texts: [Part; 5] },
}

/// An event without its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Located {
    fields: Fields,
    at: Timestamp,
}

impl Located {
    /// Where the fields of `event` stand in `body`. `None` where one of them does not stand there as it is, as
    /// texts with escapes do not, or the body is longer than 64 KiB.
    pub fn of(event: &Event<'_>, body: &[u8]) -> Option<Self> {
        let part = |text: &str| {
            let from = text.as_ptr().addr().checked_sub(body.as_ptr().addr())?;
            let is_inside = from.checked_add(text.len())? <= body.len();
            let (from, len) = (u16::try_from(from).ok()?, u16::try_from(text.len()).ok()?);
            is_inside.then_some(Part { from, len })
        };
        let optional = |text: Option<&str>| text.map_or(Some(NONE), part);
        let fields = match event {
            Event::Wager(wager) => Fields::Wager {
                texts: [
                    part(&wager.wager_id)?,
                    part(&wager.player_id)?,
                    part(&wager.operator_id)?,
                    part(&wager.game_id)?,
                    part(&wager.game_category)?,
                    part(&wager.currency)?,
                    optional(wager.segment.as_deref())?,
                    part(&wager.jurisdiction)?,
                    optional(wager.gaming_system.as_deref())?,
                ],
                stake: wager.stake,
                win: wager.win,
                sequence: wager.sequence,
            },
            Event::Void(void) => Fields::Void {
                texts: [
                    part(&void.wager_id)?,
                    part(&void.player_id)?,
                    part(&void.operator_id)?,
                    part(&void.reason)?,
                ],
            },
            Event::Game(event) => Fields::Game {
                texts: [
                    part(&event.event_id)?,
                    part(&event.event_type)?,
                    part(&event.player_id)?,
                    part(&event.game_id)?,
                    optional(event.data)?,
                ],
            },
        };
        Some(Self { fields, at: event.at() })
    }

    /// The event whose fields stand in `body`; `None` where that is no body of such an event.
    pub fn event<'a>(&self, body: &'a [u8]) -> Option<Event<'a>> {
        let body = str::from_utf8(body).ok()?;
        let part = |Part { from, len }: Part| {
            let from = usize::from(from);
            body.get(from..from + usize::from(len))
        };
        let text = |at: Part| part(at).map(Cow::Borrowed);
        let optional = |at: Part| if at == NONE { Some(None) } else { text(at).map(Some) };
        let at = self.at;
        Some(match self.fields {
            Fields::Wager { texts, stake, win, sequence } => {
                let [wager_id, player_id, operator_id, game_id, game_category, ..] = texts;
                let [.., currency, segment, jurisdiction, gaming_system] = texts;
                Event::Wager(Wager {
                    wager_id: text(wager_id)?,
                    player_id: text(player_id)?,
                    operator_id: text(operator_id)?,
                    game_id: text(game_id)?,
                    game_category: text(game_category)?,
                    stake,
                    win,
                    currency: text(currency)?,
                    segment: optional(segment)?,
                    jurisdiction: text(jurisdiction)?,
                    gaming_system: optional(gaming_system)?,
                    sequence,
                    at,
                })
            }
            Fields::Void { texts: [wager_id, player_id, operator_id, reason] } => {
                Event::Void(Void {
                    wager_id: text(wager_id)?,
                    player_id: text(player_id)?,
                    operator_id: text(operator_id)?,
                    reason: text(reason)?,
                    at,
                })
            }
            Fields::Game { texts: [event_id, event_type, player_id, game_id, data] } => {
                Event::Game(GameEvent {
                    event_id: text(event_id)?,
                    event_type: text(event_type)?,
                    player_id: text(player_id)?,
                    game_id: text(game_id)?,
                    at,
                    data: if data == NONE { None } else { Some(part(data)?) },
                })
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{read_game_event, read_wager};

    const WAGER: &str = r#"{"wagerId":"w-1","playerId":"p","operatorId":"o","gameId":"g","gameCategory":"slots","wagerAmount":2.50,"winAmount":0,"currency":"EUR","playerSegment":"VIP","jurisdiction":"Malta","timestamp":"2024-11-11T10:30:00Z","gamingSystemId":"gs-1"}"#;
    const VOID: &str = r#"{"type":"wager.voided","wagerId":"w-1","playerId":"p","operatorId":"o","reason":"","timestamp":"2024-11-11T10:30:00Z"}"#;
    const GAME: &str = r#"{"event_id":"e","event_type":"player_score","player_id":"p","game_id":"g","timestamp":"2024-11-11T10:30:00Z","data":{"score":1500}}"#;

    fn read(body: &str) -> Event<'_> {
        match read_wager(body.as_bytes()) {
            Ok(event) => event,
            Err(_) => Event::Game(read_game_event(body.as_bytes()).unwrap()),
        }
    }

    #[test]
    fn an_event_is_what_was_read() {
        let without =
            [r#""winAmount":0,"#, r#""playerSegment":"VIP","#, r#","gamingSystemId":"gs-1""#];
        let poor = without.iter().fold(WAGER.to_owned(), |body, field| body.replace(field, ""));
        let bare = GAME.replace(r#","data":{"score":1500}"#, "");
        for body in [WAGER, &poor, VOID, GAME, &bare] {
            let event = read(body);
            let located = Located::of(&event, body.as_bytes()).unwrap();
            let moved = body.to_owned();
            assert_eq!(located.event(moved.as_bytes()), Some(event), "{body}");
        }
    }

    #[test]
    fn what_does_not_stand_in_the_body_is_not_located() {
        let escaped = WAGER.replace("Malta", r"Malt\u0061");
        assert_eq!(Located::of(&read(&escaped), escaped.as_bytes()), None);
        let elsewhere = WAGER.to_owned();
        assert_eq!(Located::of(&read(WAGER), elsewhere.as_bytes()), None);
        let long = WAGER.replace('{', &format!("{{{}", " ".repeat(1 << 16)));
        assert_eq!(Located::of(&read(&long), long.as_bytes()), None);
    }

    #[test]
    fn no_body_of_another_event_is_read_beyond_its_end() {
        let located = Located::of(&read(WAGER), WAGER.as_bytes()).unwrap();
        assert_eq!(located.event(&WAGER.as_bytes()[..40]), None);
        assert_eq!(located.event(b"\xff"), None);
    }
}
