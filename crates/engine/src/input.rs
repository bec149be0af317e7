//! A record as the fold sees it: parsed, or what is wrong with it.

use accolade_domain::event::Event;
use accolade_wire::control::{Award, Command, FillPage, UnreadCommand};
use accolade_wire::dialect::Dialect;
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::identity::{Content, HashKey, IdHash, IdKind, NoContent, partition_of};
use accolade_wire::located::Located;
use accolade_wire::record::{Kind, Record};

/// The body of a record.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// A valid event, with the hashes of its identity.
    Event(Event<'a>, Identity),
    /// A command, with the hashes of its identity if it has any.
    Command(Command, Option<Identity>),
    /// A command that a newer release knows, by its name.
    UnknownCommand(Box<str>),
    /// A control record.
    Control,
    /// Bytes that are not a valid body, and what is wrong with them.
    Malformed(Box<str>),
}

impl Body<'_> {
    /// The hash of an event's player.
    pub const fn player(&self) -> Option<u64> {
        match self {
            Self::Event(_, identity) => Some(identity.player),
            Self::Command(..) | Self::UnknownCommand(_) | Self::Control | Self::Malformed(_) => {
                None
            }
        }
    }

    /// The partition of an event's player.
    pub fn partition(&self, partitions: u16) -> Option<u16> {
        match self {
            Self::Event(event, _) => Some(partition_of(event.player_id(), partitions)),
            Self::Command(..) | Self::UnknownCommand(_) | Self::Control | Self::Malformed(_) => {
                None
            }
        }
    }
}

/// The player of an event, as far as one can be made out.
pub fn player_of(record: &Record<'_>) -> Option<String> {
    match record.kind {
        Kind::Wager => read_wager(record.body).ok().map(|event| event.player_id().into()),
        Kind::GameEvent => {
            read_game_event(record.body).ok().map(|event| event.player_id.into_owned())
        }
        Kind::Command | Kind::Control => None,
    }
}

/// Who an input is, as hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Operator, kind and id.
    pub id: IdHash,
    /// The player.
    pub player: u64,
    /// The known business fields.
    pub content: Content,
}

impl Identity {
    /// Whether what came `earlier` says the same as `event`.
    pub fn repeats_event(
        &self,
        earlier: Content,
        event: &Event<'_>,
        key: &HashKey,
    ) -> Result<bool, NoContent> {
        self.content.is_same(earlier, |version| key.content(version, event))
    }

    /// Whether what came `earlier` says the same as the command in `record`.
    pub fn repeats_command(
        &self,
        earlier: Content,
        record: &Record<'_>,
        key: &HashKey,
    ) -> Result<bool, NoContent> {
        self.content.is_same(earlier, |version| {
            let body = str::from_utf8(record.body).expect("the command was read");
            key.command(version, body)
        })
    }

    /// The part of the player's hash that is kept beside an id.
    #[expect(clippy::cast_possible_truncation, reason = "the low half of the hash is meant")]
    pub const fn player_part(&self) -> u32 {
        self.player as u32
    }
}

/// What the edge has read of an event and hashed, so that the fold need do neither again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// The behaviour from which on the dialect holds in which it was read.
    dialect: u16,
    located: Located,
    identity: Identity,
}

impl Known {
    /// What is known of `event`, which was read from the body of `record` in a dialect. `None` where the fold
    /// has to read it again.
    pub fn of(
        event: &Event<'_>,
        record: &Record<'_>,
        key: &HashKey,
        dialect: &Dialect,
    ) -> Option<Self> {
        let located = Located::of(event, record.body)?;
        let identity = identity(event, record, key, dialect);
        Some(Self { dialect: dialect.events, located, identity })
    }
}

/// Reads the body of `record`, in a dialect. What is `known` of it is not read again.
#[inline]
pub fn read<'a>(
    record: &Record<'a>,
    known: Option<&Known>,
    key: &HashKey,
    dialect: &Dialect,
) -> Body<'a> {
    if let Some(Known { located, identity, .. }) = known.filter(|it| it.dialect == dialect.events)
        && let Some(event) = located.event(record.body)
    {
        return Body::Event(event, *identity);
    }
    match record.kind {
        Kind::Wager => match (dialect.wager)(record.body) {
            Ok(event) => with_identity(event, record, key, dialect),
            Err(problems) => Body::Malformed(in_words(&problems)),
        },
        Kind::GameEvent => match (dialect.game_event)(record.body) {
            Ok(event) => with_identity(Event::Game(event), record, key, dialect),
            Err(problems) => Body::Malformed(in_words(&problems)),
        },
        Kind::Command => match read_command(record, key, dialect) {
            Ok(body) => body,
            Err(problem) => Body::Malformed(problem),
        },
        Kind::Control => Body::Control,
    }
}

/// The operator that an event belongs to: a wager names it, a game event has it from its source.
pub fn operator_of<'a>(event: &'a Event<'_>, record: &Record<'a>) -> &'a str {
    match event {
        Event::Wager(wager) => &wager.operator_id,
        Event::Void(void) => &void.operator_id,
        Event::Game(_) => record.operator,
    }
}

#[inline]
fn with_identity<'a>(
    event: Event<'a>,
    record: &Record<'a>,
    key: &HashKey,
    dialect: &Dialect,
) -> Body<'a> {
    let identity = identity(&event, record, key, dialect);
    Body::Event(event, identity)
}

#[inline]
fn identity(event: &Event<'_>, record: &Record<'_>, key: &HashKey, dialect: &Dialect) -> Identity {
    let kind = match event {
        Event::Wager(_) => IdKind::Wager,
        Event::Void(_) => IdKind::Void,
        Event::Game(_) => IdKind::GameEvent,
    };
    Identity {
        id: key.id(operator_of(event, record), kind, event.id()),
        player: key.player(event.player_id()),
        content: key
            .content(dialect.content, event)
            .expect("a dialect's version of the list of fields is known"),
    }
}

fn read_command<'a>(
    record: &Record<'_>,
    key: &HashKey,
    dialect: &Dialect,
) -> Result<Body<'a>, Box<str>> {
    let body = str::from_utf8(record.body).map_err(|error| error.to_string())?;
    let command = match (dialect.command)(body) {
        Ok(command) => command,
        Err(UnreadCommand::Malformed(problem)) => return Err(problem.into()),
        Err(UnreadCommand::Unknown(name)) => return Ok(Body::UnknownCommand(name.into())),
    };
    let content = key.command(dialect.content, body).map_err(|none| none.to_string())?;
    let (id, player) = match &command {
        Command::Consent { id, player_id, .. }
        | Command::Reserve { id, player_id, .. }
        | Command::Redeem { id, player_id, .. }
        | Command::Adjust { id, player_id, .. }
        | Command::Exclude { id, player_id, .. }
        | Command::Readmit { id, player_id, .. }
        | Command::RaiseSignal { id, player_id, .. }
        | Command::Award(Award { id, player_id, .. })
        | Command::Fulfil { id, player_id, .. }
        | Command::Fill(FillPage { id, player_id, .. })
        | Command::CountFilled { id, player_id, .. }
        | Command::OptIn { id, player_id, .. }
        | Command::TakeOver { id, player_id, .. } => (id, player_id.as_str()),
        Command::Confirm { id, .. }
        | Command::Cancel { id, .. }
        | Command::Decide { id, .. }
        | Command::DecideSignal { id, .. }
        | Command::Repair { id, .. }
        | Command::Release { id, .. }
        | Command::Discard { id, .. }
        | Command::Claim { id, .. }
        | Command::Restock { id, .. } => (id, ""),
        Command::Arrived { .. }
        | Command::Told { .. }
        | Command::Budget { .. }
        | Command::TakeStock { .. }
        | Command::StockTaken { .. }
        | Command::TakeSeat { .. }
        | Command::SeatTaken { .. }
        | Command::ReturnSeat { .. }
        | Command::Moved(_)
        | Command::ReturnStock { .. } => {
            return Ok(Body::Command(command, None));
        }
    };
    let identity = Identity {
        id: key.id(record.operator, IdKind::Command, id),
        player: key.player(player),
        content,
    };
    Ok(Body::Command(command, Some(identity)))
}

fn in_words(problems: &[accolade_wire::problem::Problem]) -> Box<str> {
    let words: Vec<_> = problems.iter().take(5).map(ToString::to_string).collect();
    words.join("; ").into()
}
