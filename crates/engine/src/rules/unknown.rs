//! What only a newer release can carry out.

use std::fmt;

use super::BEHAVIOUR_FIRST;

/// A record that a newer release knows: whoever folds it stands there until he is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    /// What is not known.
    pub what: UnknownWhat,
    /// The newest behaviour that is.
    pub known: u16,
}

/// What a release does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownWhat {
    /// A control record, by its name.
    Control(Box<str>),
    /// A command, by its name.
    Command(Box<str>),
    /// A behaviour, by its number.
    Behaviour(u16),
}

impl Unknown {
    /// Whether a person may have it passed over: what changes no rule.
    pub const fn may_be_passed_over(&self) -> bool {
        matches!(self.what, UnknownWhat::Command(_))
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            UnknownWhat::Control(name) => write!(f, "the control record `{name:.64}`")?,
            UnknownWhat::Command(name) => write!(f, "the command `{name:.64}`")?,
            UnknownWhat::Behaviour(number) => write!(f, "behaviour {number}")?,
        }
        let Self { known, .. } = self;
        write!(
            f,
            " is not known to this release, which knows behaviours {BEHAVIOUR_FIRST} to {known}: start a \
             newer one"
        )
    }
}

impl std::error::Error for Unknown {}
