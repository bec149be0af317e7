//! Where the points of an account come from, and what a wager or a void makes of that.

use accolade_domain::account::Timed;
use accolade_domain::amount::Points;
use accolade_domain::ledger::Moved;
use accolade_domain::lots::{Floor, Hour, Lots, Source, Taken};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::time::Day;

use super::{Input, Loaded};
use crate::settle::expires;
use crate::step::{Change, Step};

fn lots(loaded: &Loaded<'_>) -> Lots {
    loaded.account.map_or_else(Lots::default, |account| account.lots.unpack())
}

/// What the next points pay for first.
pub(super) fn debt(loaded: &Loaded<'_>) -> Points {
    lots(loaded).debt()
}

/// The account's lots, with what can be spent by now.
pub(super) fn matured(loaded: &Loaded<'_>, input: &Input<'_>) -> Lots {
    let mut lots = lots(loaded);
    lots.mature(input.now);
    lots
}

/// Time may be due sooner with these lots: others expire next, or are next to be told of.
pub(super) fn hasten(loaded: &Loaded<'_>, input: &Input<'_>, lots: &Lots, timed: &mut Timed) {
    if let Some(version) = loaded.in_force {
        timed.due = timed.due.min(expires(version, lots, timed.told, input.now));
    }
}

/// Takes in what was earned on a day; `None` where it does not fit.
pub(super) fn earn(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    day: Day,
    matures: Option<Hour>,
    points: Points,
    timed: &mut Timed,
    step: &mut Step<'_>,
) -> Option<Moved> {
    let mut lots = lots(loaded);
    let (oldest, active) = (lots.oldest(), lots.active());
    let source = Source::of(day, matures);
    let paid = lots.earn(day, matures, points)?;
    // What is younger than other points expires no sooner than they do. By inactivity all that there are expire later
    // with each day on which there is a wager, of which there is to be told anew.
    let is_oldest = oldest.is_none_or(|oldest| source.month < oldest);
    if is_oldest || lots.active() != active {
        hasten(loaded, input, &lots, timed);
    }
    step.changes.push(Change::Lots(PackedLots::from(&lots)));
    Some(Moved::Into { source, paid })
}

/// Takes back what a wager has put into a lot, as far as `floor` allows; `None` where the balance would not fit.
pub(super) fn take(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    source: Option<Source>,
    points: Points,
    floor: Floor,
    timed: &mut Timed,
    step: &mut Step<'_>,
) -> Option<Taken> {
    let mut lots = matured(loaded, input);
    let taken = lots.take(source, points, floor)?;
    hasten(loaded, input, &lots, timed);
    step.changes.push(Change::Lots(PackedLots::from(&lots)));
    Some(taken)
}
