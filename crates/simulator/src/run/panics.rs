//! Bugs that show themselves once, at any point of a fold that is driven, and not again: a partition
//! stands there, and goes on as if nothing had been.

use std::cell::RefCell;

/// What such a panic says.
pub(crate) const BUG: &str = "a simulated bug";

/// What carrying says of an entry that does not add up.
const CARRY: &str = "an entry changes the balance by its points";

#[derive(Debug, Default)]
struct Panics {
    /// The fold that works now is one that is driven, and not what it is compared with.
    is_driven: bool,
    /// So many points are passed before one panics; nothing where none does.
    ahead: Option<u64>,
    met: Vec<&'static str>,
}

thread_local! {
    static PANICS: RefCell<Panics> = RefCell::default();
}

/// One of the next points panics; or none.
pub(crate) fn arm(ahead: Option<u64>) {
    PANICS.with_borrow_mut(|panics| panics.ahead = ahead);
}

/// Drives a fold, and says at what kinds of points it has panicked.
pub(crate) fn driven<T>(drive: impl FnOnce() -> T) -> (T, Vec<&'static str>) {
    PANICS.with_borrow_mut(|panics| panics.is_driven = true);
    let driven = drive();
    let met = PANICS.with_borrow_mut(|panics| {
        panics.is_driven = false;
        std::mem::take(&mut panics.met)
    });
    (driven, met)
}

/// Whether a failure is one of these.
pub(crate) fn is_bug(message: &str) -> bool {
    message.contains(BUG) || message.contains(CARRY)
}

/// A fold passes a point of this kind.
pub(crate) fn pass(kind: &'static str) {
    assert!(!fails(kind), "{BUG}");
}

/// A fold passes a point of this kind; whether it is to fail there.
pub(crate) fn fails(kind: &'static str) -> bool {
    PANICS.with_borrow_mut(|panics| {
        let Some(ahead) = panics.ahead.filter(|_| panics.is_driven) else { return false };
        panics.ahead = ahead.checked_sub(1);
        if panics.ahead.is_none() {
            panics.met.push(kind);
        }
        panics.ahead.is_none()
    })
}
