//! What happened in a game: wagers, voids and game events, as the fold sees them.
//!
//! Texts are borrowed from the record. That a value of these types exists means that it was
//! validated (`accolade-wire` reads them): identifiers have 1 to 128 bytes and no control characters.

use std::borrow::Cow;

use crate::amount::Amount;
use crate::time::Timestamp;

/// Greatest length of an identifier in bytes.
pub const ID_BYTES_MAX: usize = 128;

/// One bet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wager<'a> {
    /// Identity of the wager within its operator.
    pub wager_id: Cow<'a, str>,
    /// The operator's own name for the player.
    pub player_id: Cow<'a, str>,
    /// The operator as the producer names it.
    pub operator_id: Cow<'a, str>,
    /// The game that was played.
    pub game_id: Cow<'a, str>,
    /// The game's category, such as `slots`.
    pub game_category: Cow<'a, str>,
    /// The stake, in `currency`.
    pub stake: Amount,
    /// The return, where it is known.
    pub win: Option<Amount>,
    /// The currency's code.
    pub currency: Cow<'a, str>,
    /// The operator's segment of the player.
    pub segment: Option<Cow<'a, str>>,
    /// Where the wager was placed, by regulation.
    pub jurisdiction: Cow<'a, str>,
    /// The system that the game ran on, where the producer names it.
    pub gaming_system: Option<Cow<'a, str>>,
    /// Its number among all that the system has sent, where the producer counts.
    pub sequence: Option<u64>,
    /// When the wager was placed.
    pub at: Timestamp,
}

/// The taking back of a wager; it may arrive before the wager itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Void<'a> {
    /// The wager that is taken back.
    pub wager_id: Cow<'a, str>,
    /// The operator's own name for the player.
    pub player_id: Cow<'a, str>,
    /// The operator as the producer names it.
    pub operator_id: Cow<'a, str>,
    /// Why, in the producer's words.
    pub reason: Cow<'a, str>,
    /// When the wager was voided.
    pub at: Timestamp,
}

/// Anything else that happens in a game.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GameEvent<'a> {
    /// Identity of the event within its operator.
    pub event_id: Cow<'a, str>,
    /// What happened, such as `player_score`.
    pub event_type: Cow<'a, str>,
    /// The operator's own name for the player.
    pub player_id: Cow<'a, str>,
    /// The game that was played.
    pub game_id: Cow<'a, str>,
    /// When it happened.
    pub at: Timestamp,
    /// The event's own data: a JSON object as it was written, or nothing.
    pub data: Option<&'a str>,
}

/// One validated event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'a> {
    /// `wager.placed`
    Wager(Wager<'a>),
    /// `wager.voided`
    Void(Void<'a>),
    /// A game event.
    Game(GameEvent<'a>),
}

impl Event<'_> {
    /// The operator's own name for the player.
    pub fn player_id(&self) -> &str {
        match self {
            Self::Wager(wager) => &wager.player_id,
            Self::Void(void) => &void.player_id,
            Self::Game(event) => &event.player_id,
        }
    }

    /// The id that the event's identity rests on: `wagerId` or `event_id`.
    pub fn id(&self) -> &str {
        match self {
            Self::Wager(wager) => &wager.wager_id,
            Self::Void(void) => &void.wager_id,
            Self::Game(event) => &event.event_id,
        }
    }

    /// When it happened.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Wager(wager) => wager.at,
            Self::Void(void) => void.at,
            Self::Game(event) => event.at,
        }
    }
}

/// Whether a player takes part in the loyalty program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The player takes part.
    In,
    /// The player does not.
    Out,
}
