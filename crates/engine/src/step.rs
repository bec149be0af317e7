//! What follows from one input: values, which change nothing until they are carried.

use std::borrow::Cow;
use std::sync::Arc;

use accolade_domain::account::{CapDay, Timed};
use accolade_domain::amount::Points;
use accolade_domain::event::Consent;
use accolade_domain::ledger::{EntryKind, Moved, Parts, Place, Subject};
use accolade_domain::outcome::Outcome;
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::packed_watches::PackedWatches;
use accolade_domain::time::Timestamp;
use accolade_wire::control::Command;
use accolade_wire::record::{Kind, Origin};
use smallvec::SmallVec;

use crate::rules::Rules;
use crate::tables::Row;
use crate::tables::budgets::PlayerShare;
use crate::tables::exclusions::Exclusion;
use crate::tables::outbox::{MessageKey, Payload, RESEND_MICROS};

/// What follows from one input.
#[derive(Debug, Clone)]
pub struct Step<'a> {
    /// What became of it.
    pub outcome: Outcome,
    /// New values in the state, in order.
    pub changes: SmallVec<[Change<'a>; 6]>,
    /// Lines of the ledger of the input's player, in order.
    pub entries: SmallVec<[NewEntry<'a>; 1]>,
    /// What others must hear of the input's player, in order.
    pub notices: Vec<NewNotice<'a>>,
    /// What others must hear of players of the input's operator who may be in other partitions, in order; behind the notices.
    pub elsewhere: Vec<(Subject, NewNotice<'a>)>,
    /// What the host must do.
    pub effects: Vec<Effect>,
}

/// One new value in the state.
#[derive(Debug, Clone)]
pub enum Change<'a> {
    /// The input's player has an account from now on.
    Open,
    /// The input's id is occupied, under an hour of event time.
    Occupy {
        /// The hour under which it is filed.
        hour: i64,
    },
    /// What the input's player has said about taking part.
    Consent(Consent),
    /// From when until when the input's player is excluded.
    Exclude(Box<Exclusion>),
    /// The balance of the system before was imported for the input's player.
    Opened,
    /// The newest day on which the player has earned anything.
    CapDay(CapDay),
    /// How far time has been brought to the account.
    Time(Timed),
    /// Where the points of the balance came from.
    Lots(PackedLots),
    /// What is remembered of the player for signals.
    Watches(PackedWatches),
    /// What the player has come to in tournaments.
    Scores(PackedScores),
    /// What the player has come to in games.
    Games(PackedGames),
    /// On so many leaderboards of a game the event does not count, since the player is on as many as there may be.
    LeftOut(u32),
    /// What the input's player was given of the budget of a promotion, by its name.
    PlayerShare(Box<(Box<str>, PlayerShare)>),
    /// A row of a table; apart, since few steps have one and every step would be as large.
    Row(Box<Row>),
    /// A message to another partition, which has its number when it is carried.
    Send {
        /// Where it goes.
        to: u16,
        /// What it says.
        payload: Payload,
        /// When it is sent again.
        due: Timestamp,
    },
    /// A record whose bytes are kept whole among the dead letters, under the input's place.
    Keep(Cow<'a, [u8]>),
    /// The rules in force.
    Rules(Arc<Rules>),
}

/// A line of the ledger, before it has its place in the account's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry<'a> {
    /// What kind of change.
    pub kind: EntryKind,
    /// By how much; never zero.
    pub points: Points,
    /// The balance after it.
    pub balance_after: Points,
    /// Points that caps took away.
    pub capped: Points,
    /// Which lots it has changed.
    pub moved: Moved,
    /// What caused it.
    pub cause: Cow<'a, str>,
    /// The program version that decided.
    pub version: u32,
    /// What the effective multiplier is made of.
    pub parts: Parts,
    /// The event's own time.
    pub event_time: Timestamp,
}

/// Something that others must hear, before it is known of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice<'a> {
    /// What has happened.
    pub kind: u16,
    /// What there is to be said, in the format of its kind.
    pub body: Cow<'a, [u8]>,
}

impl NewNotice<'_> {
    fn into_owned<'b>(self) -> NewNotice<'b> {
        NewNotice { kind: self.kind, body: Cow::Owned(self.body.into_owned()) }
    }
}

/// What the host must do once a batch is folded. May be lost or repeated: timers ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a message to another partition.
    Send {
        /// Which message.
        key: MessageKey,
        /// What caused it.
        cause: Place,
        /// What it says.
        payload: Payload,
    },
    /// Tell the partition that sent a message that it was taken in here.
    Arrived {
        /// Which message.
        origin: Origin,
    },
}

impl<'a> Step<'a> {
    /// An outcome and nothing more.
    #[inline]
    pub fn only(outcome: Outcome) -> Self {
        Self {
            outcome,
            changes: SmallVec::new(),
            entries: SmallVec::new(),
            notices: Vec::new(),
            elsewhere: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Something was carried out that has made nothing.
    #[inline]
    pub fn done() -> Self {
        Self::only(Outcome::Done { made: 0 })
    }

    /// The step with values of its own.
    #[must_use]
    pub fn into_owned<'b>(self) -> Step<'b> {
        let Self { outcome, changes, entries, notices, elsewhere, effects } = self;
        let elsewhere = elsewhere.into_iter().map(|(of, notice)| (of, notice.into_owned()));
        Step {
            outcome,
            changes: changes.into_iter().map(Change::into_owned).collect(),
            entries: entries.into_iter().map(NewEntry::into_owned).collect(),
            notices: notices.into_iter().map(NewNotice::into_owned).collect(),
            elsewhere: elsewhere.collect(),
            effects,
        }
    }

    /// The step with one more change.
    #[must_use]
    #[inline]
    pub fn and(mut self, change: Change<'a>) -> Self {
        self.changes.push(change);
        self
    }
}

impl Change<'_> {
    /// A row of a table.
    pub fn row(row: Row) -> Self {
        Self::Row(Box::new(row))
    }

    /// A command for another partition, sent again until it was taken in there.
    pub(crate) fn command(to: u16, operator: &str, command: &Command, now: Timestamp) -> Self {
        let body = serde_json::to_vec(command).expect("a command is plain data").into();
        let payload = Payload::Record { kind: Kind::Command, operator: operator.into(), body };
        Self::Send { to, payload, due: now.plus_micros(RESEND_MICROS) }
    }

    fn into_owned<'b>(self) -> Change<'b> {
        match self {
            Self::Open => Change::Open,
            Self::Occupy { hour } => Change::Occupy { hour },
            Self::Consent(consent) => Change::Consent(consent),
            Self::Exclude(exclusion) => Change::Exclude(exclusion),
            Self::Opened => Change::Opened,
            Self::CapDay(cap_day) => Change::CapDay(cap_day),
            Self::Time(timed) => Change::Time(timed),
            Self::Lots(lots) => Change::Lots(lots),
            Self::Watches(watches) => Change::Watches(watches),
            Self::Scores(scores) => Change::Scores(scores),
            Self::Games(games) => Change::Games(games),
            Self::LeftOut(count) => Change::LeftOut(count),
            Self::PlayerShare(share) => Change::PlayerShare(share),
            Self::Row(row) => Change::Row(row),
            Self::Send { to, payload, due } => Change::Send { to, payload, due },
            Self::Keep(bytes) => Change::Keep(Cow::Owned(bytes.into_owned())),
            Self::Rules(rules) => Change::Rules(rules),
        }
    }
}

impl NewEntry<'_> {
    fn into_owned<'b>(self) -> NewEntry<'b> {
        NewEntry { cause: Cow::Owned(self.cause.into_owned()), ..self }
    }
}
