//! A rule that sends to other players, wherever they are: no released behaviour does yet, and whoever
//! drives partitions must deliver what one sends.
//!
//! A game event `gift` gives the player whom its game names a wager of 10.00 EUR, and `gifts` gives its own
//! player another one.

use accolade_domain::event::{Event, GameEvent};
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::identity::partition_of;
use accolade_wire::record::Kind;
use accolade_wire::timestamp;

use crate::apply::{Input, Loaded, What, apply};
use crate::behaviour::{Behaviour, FIRST, SECOND};
use crate::input::Body;
use crate::rules::Rules;
use crate::step::{Change, Step};
use crate::tables::outbox::{Payload, RESEND_MICROS};

/// The behaviours that there are, with gifts.
pub const GIFTS: &[Behaviour] = &[
    Behaviour { apply: apply_with_gifts, ..FIRST },
    Behaviour { apply: apply_with_gifts, ..SECOND },
];

/// A game event as JSON.
pub fn event(what: &str, id: &str, player: &str, game: &str, at: Timestamp) -> String {
    let event = serde_json::json!({
        "event_id": id,
        "event_type": what,
        "player_id": player,
        "game_id": game,
        "timestamp": timestamp::write(at).to_string(),
    });
    event.to_string()
}

/// The same as the third behaviour of a release that knows all three.
pub const GIFTS_THIRD: &[Behaviour] = &[FIRST, SECOND, Behaviour { number: 3, ..GIFTS[1] }];

fn apply_with_gifts<'a>(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'a>) -> Step<'a> {
    with_gifts(apply(rules, loaded, input), rules, input)
}

/// The step of an input, and the gifts that follow from it.
pub fn with_gifts<'a>(mut step: Step<'a>, rules: &Rules, input: &Input<'_>) -> Step<'a> {
    let What::Record(record, Body::Event(Event::Game(event), _)) = input.what else { return step };
    if step.outcome != Outcome::Recorded {
        return step;
    }
    let players = match &*event.event_type {
        "gift" => vec![&event.game_id],
        "gifts" => vec![&event.game_id, &event.player_id],
        _ => vec![],
    };
    for player in players {
        let to = partition_of(player, rules.settings.partitions);
        let body = wager(event, player, record.operator).into();
        let payload = Payload::Record { kind: Kind::Wager, operator: record.operator.into(), body };
        let due = input.now.plus_micros(RESEND_MICROS);
        step.changes.push(Change::Send { to, payload, due });
    }
    step
}

fn wager(event: &GameEvent<'_>, player: &str, operator: &str) -> Vec<u8> {
    let wager = serde_json::json!({
        "wagerId": format!("gift-{}", event.event_id),
        "playerId": player,
        "operatorId": operator,
        "gameId": "gift",
        "gameCategory": "slots",
        "wagerAmount": 10,
        "currency": "EUR",
        "jurisdiction": "Malta",
        "timestamp": timestamp::write(event.at).to_string(),
    });
    wager.to_string().into_bytes()
}
