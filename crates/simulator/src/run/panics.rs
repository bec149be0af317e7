//! Bugs that show themselves once, at any point of a fold that is driven, and not again: a partition
//! stands there, and goes on as if nothing had been.

use std::cell::RefCell;

/// What such a panic says.
pub(crate) const BUG: &str = "a simulated bug";

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

/// A fold passes a point of this kind.
pub(crate) fn pass(kind: &'static str) {
    let panics = PANICS.with_borrow_mut(|panics| {
        let Some(ahead) = panics.ahead.filter(|_| panics.is_driven) else { return false };
        panics.ahead = ahead.checked_sub(1);
        if panics.ahead.is_none() {
            panics.met.push(kind);
        }
        panics.ahead.is_none()
    });
    assert!(!panics, "{BUG}");
}
