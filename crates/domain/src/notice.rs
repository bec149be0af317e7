//! What others must hear of an account: a tier that was reached, points that expire soon.

use std::borrow::Cow;

use crate::ledger::Subject;

/// Something about an account that others must hear, once, in the order in which it happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice<'a> {
    /// What has happened; the numbers belong to the behaviour that decided it.
    pub kind: u16,
    /// The operator's number.
    pub operator: u32,
    /// Whose account.
    pub subject: Subject,
    /// What there is to be said, in the format of its kind.
    pub body: Cow<'a, [u8]>,
}

impl Notice<'_> {
    /// The notice with a body of its own.
    #[must_use]
    pub fn into_owned(self) -> Notice<'static> {
        let Self { kind, operator, subject, body } = self;
        Notice { kind, operator, subject, body: Cow::Owned(body.into_owned()) }
    }
}
