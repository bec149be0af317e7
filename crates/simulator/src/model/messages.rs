//! Gifts as their rule says it: a player's event gives a wager to others, wherever they are, once.

use super::{Input, Model};
use crate::input::{ModelEvent, ModelGame, ModelWager};

/// The stake of a gift.
const STAKE: u128 = 10_000_000_000_000_000_000;

/// What a record sends to a player's partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelMessage {
    /// The operator that the record came from.
    pub operator: String,
    /// What it says there.
    pub event: ModelEvent,
}

impl Model {
    /// What the record at a place (partition, batch, slot) has sent, in order.
    pub fn messages(&self, at: (u16, u64, u32)) -> &[ModelMessage] {
        self.messages.get(&at).map_or(&[], Vec::as_slice)
    }

    pub(super) fn give(&mut self, input: &Input<'_>, game: &ModelGame) {
        let players = match game.event_type.as_str() {
            "gift" => vec![&game.game_id],
            "gifts" => vec![&game.game_id, &game.player_id],
            _ => return,
        };
        let message = |player: &String| ModelMessage {
            operator: input.operator.to_owned(),
            event: ModelEvent::Wager(ModelWager {
                wager_id: format!("gift-{}", game.event_id),
                player_id: player.clone(),
                operator_id: input.operator.to_owned(),
                game_id: "gift".into(),
                game_category: "slots".into(),
                wager_amount: STAKE,
                win_amount: None,
                currency: "EUR".into(),
                player_segment: None,
                jurisdiction: "Malta".into(),
                gaming_system_id: None,
                timestamp: game.timestamp,
            }),
        };
        let at = (input.partition, input.place.0, input.place.1);
        self.messages.insert(at, players.into_iter().map(message).collect());
    }
}
