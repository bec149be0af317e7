//! What expressions are evaluated over: an event, its amounts in the program's currency, its time in a zone.

use super::data::{Datum, Find, Path};
use super::decimal::Decimal;
use super::text::Text;
use super::value::{Type, Value};
use crate::amount::{Amount, Rate};
use crate::event::{GameEvent, Wager};
use crate::time::ZoneOffsets;

/// An event, as a query sees it.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    event: Event<'a>,
    zone: &'a ZoneOffsets,
}

#[derive(Debug, Clone, Copy)]
enum Event<'a> {
    Wager(&'a Wager<'a>, Rate),
    Game(&'a GameEvent<'a>, Find),
}

/// What the rows of a query are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Wagers that were placed.
    Wagers,
    /// Anything else that happens in a game.
    GameEvents,
}

impl Source {
    /// Its names: first the one that queries are printed with.
    pub const fn names(self) -> [&'static str; 2] {
        match self {
            Self::Wagers => ["wagers", "wager_events"],
            Self::GameEvents => ["game_events", "player_events"],
        }
    }

    /// What its rows have.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::Wagers => &[
                Column::WagerId,
                Column::PlayerId,
                Column::OperatorId,
                Column::GameId,
                Column::GameCategory,
                Column::WagerAmount,
                Column::WinAmount,
                Column::Currency,
                Column::PlayerSegment,
                Column::Jurisdiction,
                Column::Timestamp,
                Column::GamingSystemId,
                Column::Sequence,
            ],
            Self::GameEvents => &[
                Column::EventId,
                Column::EventType,
                Column::PlayerId,
                Column::GameId,
                Column::Timestamp,
            ],
        }
    }
}

/// What a query can ask of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// Identity of the game event.
    EventId,
    /// What has happened in the game.
    EventType,
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
    /// Its name, as events have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventId => "eventId",
            Self::EventType => "eventType",
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
            Self::EventId
            | Self::EventType
            | Self::WagerId
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
    /// A wager, whose amounts become those of the query's currency at `rate`, and whose dates and hours are those of
    /// `zone`.
    ///
    /// There is none without a rate: a wager in a currency that the program does not know matches nothing.
    pub const fn of_wager(wager: &'a Wager<'a>, rate: Rate, zone: &'a ZoneOffsets) -> Self {
        Self { event: Event::Wager(wager, rate), zone }
    }

    /// A game event, in whose data `find` finds fields.
    pub const fn of_game(event: &'a GameEvent<'a>, find: Find, zone: &'a ZoneOffsets) -> Self {
        Self { event: Event::Game(event, find), zone }
    }

    pub(super) const fn zone(&self) -> &'a ZoneOffsets {
        self.zone
    }

    /// What is in a column; NULL where rows of its source have none.
    pub(super) fn value(&self, column: Column) -> Value<'a> {
        match self.event {
            Event::Wager(wager, rate) => of_wager(wager, rate, column),
            Event::Game(event, _) => of_game(event, column),
        }
    }

    /// What is in the event's own data.
    pub(super) fn datum(&self, path: &Path) -> Option<Datum<'a>> {
        match self.event {
            Event::Wager(..) => None,
            Event::Game(event, find) => find(event.data?, path),
        }
    }
}

fn of_wager<'a>(wager: &'a Wager<'a>, rate: Rate, column: Column) -> Value<'a> {
    let amount = |amount: Amount| Value::Number(Decimal::converted(amount, rate));
    let optional = |text: Option<&'a str>| text.map_or(Value::Null, self::text);
    match column {
        Column::WagerId => text(&wager.wager_id),
        Column::PlayerId => text(&wager.player_id),
        Column::OperatorId => text(&wager.operator_id),
        Column::GameId => text(&wager.game_id),
        Column::GameCategory => text(&wager.game_category),
        Column::WagerAmount => amount(wager.stake),
        Column::WinAmount => wager.win.map_or(Value::Null, amount),
        Column::Currency => text(&wager.currency),
        Column::PlayerSegment => optional(wager.segment.as_deref()),
        Column::Jurisdiction => text(&wager.jurisdiction),
        Column::Timestamp => Value::Time(wager.at),
        Column::GamingSystemId => optional(wager.gaming_system.as_deref()),
        Column::Sequence => {
            wager.sequence.map_or(Value::Null, |sequence| Value::Number(sequence.into()))
        }
        Column::EventId | Column::EventType => Value::Null,
    }
}

fn of_game<'a>(event: &'a GameEvent<'a>, column: Column) -> Value<'a> {
    match column {
        Column::EventId => text(&event.event_id),
        Column::EventType => text(&event.event_type),
        Column::PlayerId => text(&event.player_id),
        Column::GameId => text(&event.game_id),
        Column::Timestamp => Value::Time(event.at),
        Column::WagerId
        | Column::OperatorId
        | Column::GameCategory
        | Column::WagerAmount
        | Column::WinAmount
        | Column::Currency
        | Column::PlayerSegment
        | Column::Jurisdiction
        | Column::GamingSystemId
        | Column::Sequence => Value::Null,
    }
}

fn text(text: &str) -> Value<'_> {
    Value::Text(Text::new(text))
}
