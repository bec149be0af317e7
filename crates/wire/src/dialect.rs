//! How what is ordered is read, by behaviour. A release that reads anything otherwise has a new dialect from
//! its new behaviour on, and keeps those before it for ever: a document that was published under an earlier
//! behaviour, and a record of an earlier batch, mean what they meant.

use std::fmt;

use accolade_domain::event::{Event, GameEvent};
use accolade_domain::program::Program;
use accolade_domain::time::ZoneOffsets;

use crate::control::{Command, Control, Unread, UnreadCommand};
use crate::document::DocumentProblem;
use crate::event::{read_game_event, read_wager};
use crate::problem::Problem;
use crate::program::{self, Document};

/// One way of reading.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// The behaviour from which on it holds.
    pub from: u16,
    /// The first behaviour whose dialect read events, and hashed what they say, as this one does.
    pub events: u16,
    /// The version of the list of fields by which contents are hashed.
    pub content: u8,
    /// Reads a wager or a void.
    pub wager: for<'a> fn(&'a [u8]) -> Result<Event<'a>, Vec<Problem>>,
    /// Reads a game event.
    pub game_event: for<'a> fn(&'a [u8]) -> Result<GameEvent<'a>, Vec<Problem>>,
    /// Reads the body of a control record.
    pub control: fn(&[u8]) -> Result<Control, Unread>,
    /// Reads the body of a command.
    pub command: fn(&str) -> Result<Command, UnreadCommand>,
    /// Checks the whole document of a program and makes the program of it.
    pub program: fn(&Document, ZoneOffsets) -> Result<Program, Vec<DocumentProblem>>,
    /// The JSON Schema of such documents.
    pub schema: &'static str,
}

/// The dialect of behaviour 1.
pub const FIRST: Dialect = Dialect {
    from: 1,
    events: 1,
    content: 1,
    wager: read_wager,
    game_event: read_game_event,
    control: Control::read_first,
    command: Command::read_first,
    program: program::compile_first,
    schema: program::SCHEMA_FIRST,
};

/// The dialect of behaviour 2: programs have tiers, promotions, conditions, and rules for lots and for spending, points
/// are spent, and operators have webhooks.
pub const SECOND: Dialect = Dialect {
    from: 2,
    control: Control::read,
    command: Command::read,
    program: program::compile,
    schema: program::SCHEMA_SECOND,
    ..FIRST
};

/// The newest that this release knows.
pub const NEWEST: &Dialect = &SECOND;

/// All dialects, by the behaviour from which on each holds.
const ALL: &[Dialect] = &[
    FIRST,
    SECOND,
    #[cfg(feature = "contract")]
    trial::TRIAL,
];

impl Dialect {
    /// How a behaviour reads.
    pub fn of(behaviour: u16) -> &'static Self {
        let began = ALL.iter().rfind(|dialect| dialect.from <= behaviour);
        began.unwrap_or(&ALL[0])
    }
}

impl fmt::Debug for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dialect").field("content", &self.content).finish_non_exhaustive()
    }
}

/// A dialect that no release has, for tests: of everything that it reads, it reads something otherwise.
#[cfg(feature = "contract")]
pub mod trial {
    use std::borrow::Cow;

    use accolade_domain::event::Event;
    use accolade_domain::program::Mode;

    use super::{Dialect, FIRST};
    use crate::control::{Command, Control};

    /// From this behaviour on the dialect holds.
    pub const BEHAVIOUR: u16 = 60_000;
    /// The version of its list of fields.
    pub const CONTENT: u8 = 250;

    /// The category `cards` is `poker`, the type `hello` is `quest`, the limits of operators are twice what
    /// is written, consents mean the opposite, and every program is off.
    pub(super) const TRIAL: Dialect = Dialect {
        from: BEHAVIOUR,
        events: BEHAVIOUR,
        content: CONTENT,
        wager: |body| {
            let mut event = (FIRST.wager)(body)?;
            if let Event::Wager(wager) = &mut event
                && wager.game_category == "cards"
            {
                wager.game_category = Cow::Borrowed("poker");
            }
            Ok(event)
        },
        game_event: |body| {
            let mut event = (FIRST.game_event)(body)?;
            if event.event_type == "hello" {
                event.event_type = Cow::Borrowed("quest");
            }
            Ok(event)
        },
        control: |body| {
            let mut control = (FIRST.control)(body)?;
            if let Control::Operator { events_per_second, .. } = &mut control {
                *events_per_second *= 2;
            }
            Ok(control)
        },
        command: |body| {
            let mut command = (FIRST.command)(body)?;
            if let Command::Consent { joins, .. } = &mut command {
                *joins = !*joins;
            }
            Ok(command)
        },
        program: |document, zone| {
            let mut program = (FIRST.program)(document, zone)?;
            program.mode = Mode::Off;
            Ok(program)
        },
        schema: FIRST.schema,
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialect_holds_from_its_behaviour_to_the_one_before_the_next() {
        assert!(ALL.is_sorted_by(|before, after| before.from < after.from));
        let ends = ALL.iter().skip(1).map(|next| next.from - 1).chain([u16::MAX]);
        for (dialect, until) in ALL.iter().zip(ends) {
            for behaviour in [dialect.from, until] {
                assert_eq!(Dialect::of(behaviour).from, dialect.from, "{behaviour}");
            }
        }
    }
}
