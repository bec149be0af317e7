//! What records send to other partitions: gifts as their rule says it, wherever players are, and what
//! is said of stocks and budgets.

use super::{Input, Model};
use crate::input::{ModelEvent, ModelGame, ModelSaid, ModelSays, ModelWager};

/// The stake of a gift.
const STAKE: u128 = 10_000_000_000_000_000_000;

/// What a record sends to a partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelMessage {
    /// The operator that it belongs to.
    pub operator: String,
    /// What it says there.
    pub sent: ModelSent,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSent {
    /// An event, to its player's partition.
    Event(Box<ModelEvent>),
    /// What is said of a stock.
    Said(ModelSaid, ModelTo),
    /// What is said of the budget of a promotion.
    Says(String, ModelSays, ModelTo),
}

/// To whom something is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelTo {
    /// The partition where a stock lies, by the reward's id, or a budget, by operator and promotion.
    Home(String),
    /// A partition.
    Partition(u16),
}

impl Model {
    /// What the record at a place (partition, batch, slot) has sent, in order, but for what time has given back to stocks
    /// just before.
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
            sent: ModelSent::Event(Box::new(ModelEvent::Wager(ModelWager {
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
            }))),
        };
        let at = (input.partition, input.place.0, input.place.1);
        self.messages.insert(at, players.into_iter().map(message).collect());
    }
}
