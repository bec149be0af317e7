//! How points are spent, and what a person may change alone.

use accolade_domain::amount::Points;
use accolade_domain::redemption::{HOLD_MINUTES_MAX, HoldFor, Terms};

use super::fields::{Field, Problems, Section};

pub(super) fn redemption(section: &Section<'_>, problems: &mut Problems) -> Terms {
    let mut terms = Terms::default();
    let Some(field) = section.get("redemption") else { return terms };
    let section = field.section(&["minPoints", "holdFor"], &[], problems);
    if let Some(field) = section.get("minPoints") {
        match field.points(problems) {
            Some(Points::ZERO) => field.wrong("expected more than 0 points", problems),
            Some(points) => terms.min_points = points,
            None => {}
        }
    }
    if let Some(hold_for) = section.get("holdFor").and_then(|field| hold_for(field, problems)) {
        terms.hold_for = hold_for;
    }
    terms
}

fn hold_for(field: &Field<'_>, problems: &mut Problems) -> Option<HoldFor> {
    const UNITS: [(&str, u16); 3] = [("m", 1), ("h", 60), ("d", 24 * 60)];
    let form = "whole minutes, hours or days such as `15m`, from `1m` to `30d`";
    let minutes = field.counted(&UNITS, HOLD_MINUTES_MAX, form, problems)?;
    let hold_for = HoldFor::new(minutes);
    if hold_for.is_none() {
        field.expected(form, problems);
    }
    hold_for
}

/// Beyond how many points a second person must approve an adjustment.
pub(super) fn approval_above(section: &Section<'_>, problems: &mut Problems) -> Option<Points> {
    let section = section.get("adjustments")?.section(&["approvalAbove"], &[], problems);
    section.get("approvalAbove")?.points(problems)
}
