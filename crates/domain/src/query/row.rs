//! What expressions are evaluated over: a wager, its amounts in the program's currency, its time in a zone.

use super::decimal::Decimal;
use super::text::Text;
use super::value::{Type, Value};
use crate::amount::{Amount, Rate};
use crate::event::Wager;
use crate::time::ZoneOffsets;

/// A wager, as a query sees it.
///
/// There is none without a rate: a wager in a currency that the program does not know matches nothing.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The wager.
    pub wager: &'a Wager<'a>,
    /// From the wager's currency to that of amounts in the query.
    pub rate: Rate,
    /// The zone of dates and hours.
    pub zone: &'a ZoneOffsets,
}

/// What a query can ask of a wager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Identity of the wager.
    WagerId,
    /// The player.
    PlayerId,
    /// The operator as the producer names it.
    OperatorId,
    /// The game.
    GameId,
    /// The game's category.
    GameCategory,
    /// The stake.
    WagerAmount,
    /// The return; NULL where it is not known.
    WinAmount,
    /// The code of the currency that the wager was placed in.
    Currency,
    /// The player's segment; NULL where the player has none.
    PlayerSegment,
    /// Where the wager was placed.
    Jurisdiction,
    /// When the wager was placed.
    Timestamp,
    /// The system that the game ran on; NULL where the producer does not name it.
    GamingSystemId,
    /// The wager's number among all that the system has sent; NULL where the producer does not count.
    Sequence,
}

impl Column {
    /// Every column.
    pub const ALL: [Self; 13] = [
        Self::WagerId,
        Self::PlayerId,
        Self::OperatorId,
        Self::GameId,
        Self::GameCategory,
        Self::WagerAmount,
        Self::WinAmount,
        Self::Currency,
        Self::PlayerSegment,
        Self::Jurisdiction,
        Self::Timestamp,
        Self::GamingSystemId,
        Self::Sequence,
    ];

    /// Its name, as events have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WagerId => "wagerId",
            Self::PlayerId => "playerId",
            Self::OperatorId => "operatorId",
            Self::GameId => "gameId",
            Self::GameCategory => "gameCategory",
            Self::WagerAmount => "wagerAmount",
            Self::WinAmount => "winAmount",
            Self::Currency => "currency",
            Self::PlayerSegment => "playerSegment",
            Self::Jurisdiction => "jurisdiction",
            Self::Timestamp => "timestamp",
            Self::GamingSystemId => "gamingSystemId",
            Self::Sequence => "sequence",
        }
    }

    /// The type of its values.
    pub const fn value_type(self) -> Type {
        match self {
            Self::WagerAmount | Self::WinAmount | Self::Sequence => Type::Number,
            Self::Timestamp => Type::Time,
            Self::WagerId
            | Self::PlayerId
            | Self::OperatorId
            | Self::GameId
            | Self::GameCategory
            | Self::Currency
            | Self::PlayerSegment
            | Self::Jurisdiction
            | Self::GamingSystemId => Type::Text,
        }
    }
}

impl<'a> Row<'a> {
    pub(super) fn value(&self, column: Column) -> Value<'a> {
        let Wager { wager_id, player_id, operator_id, game_id, .. } = self.wager;
        let Wager { game_category, currency, segment, jurisdiction, .. } = self.wager;
        let Wager { gaming_system, sequence, .. } = self.wager;
        match column {
            Column::WagerId => text(wager_id),
            Column::PlayerId => text(player_id),
            Column::OperatorId => text(operator_id),
            Column::GameId => text(game_id),
            Column::GameCategory => text(game_category),
            Column::WagerAmount => self.amount(self.wager.stake),
            Column::WinAmount => self.wager.win.map_or(Value::Null, |win| self.amount(win)),
            Column::Currency => text(currency),
            Column::PlayerSegment => segment.as_deref().map_or(Value::Null, text),
            Column::Jurisdiction => text(jurisdiction),
            Column::Timestamp => Value::Time(self.wager.at),
            Column::GamingSystemId => gaming_system.as_deref().map_or(Value::Null, text),
            Column::Sequence => {
                sequence.map_or(Value::Null, |sequence| Value::Number(sequence.into()))
            }
        }
    }

    fn amount(&self, amount: Amount) -> Value<'a> {
        Value::Number(Decimal::converted(amount, self.rate))
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Text::new(text))
}
