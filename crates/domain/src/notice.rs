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
