//! Signals: what of a player's wagers looks like abuse.

use std::sync::Arc;

use accolade_domain::amount::Rate;
use accolade_domain::signal::{
    AFTER_MAX, Over, SIGNALS_MAX, SYSTEMS_MAX, Signal, SignalKind, TIMES_MAX, WITHIN_SECONDS_MAX,
    Within,
};

use super::fields::{Field, Problems, Section, refuse_case_variants};

/// Most wagers that a line can allow within a time.
const WAGERS_MAX: u32 = 1_000_000;

/// Reads all signals, in the order of the document.
pub(super) fn signals(section: &Section<'_>, problems: &mut Problems) -> Arc<[Signal]> {
    let Some(field) = section.get("signals") else { return Arc::default() };
    let items = field.items(problems);
    if items.len() > SIGNALS_MAX {
        field.wrong(format!("expected at most {SIGNALS_MAX} signals"), problems);
        return Arc::default();
    }
    let mut signals: Vec<Signal> = Vec::new();
    let mut names = Vec::new();
    for item in items {
        let section = item.section(&["name", "kind", "over", "hold"], &[], problems);
        let Some(signal) = signal(&item, &section, problems) else { continue };
        if signals.iter().any(|other| other.name == signal.name) {
            let detail = format!("there is another signal of the name `{}`", signal.name);
            item.wrong(detail, problems);
        }
        names.extend(
            section.get("name").and_then(|name| {
                name.name(&mut Problems::default()).map(|text| (text, name.clone()))
            }),
        );
        signals.push(signal);
    }
    refuse_case_variants(names, problems);
    signals.into()
}

fn signal(item: &Field<'_>, section: &Section<'_>, problems: &mut Problems) -> Option<Signal> {
    for (key, form) in [
        ("name", "`name: too-fast`"),
        ("kind", "`kind: velocity`"),
        ("over", "`over: { wagers: 120, within: 1m }`"),
    ] {
        if section.get(key).is_none() {
            item.missing(key, form, problems);
        }
    }
    let name = section.get("name").and_then(|name| name.name(problems));
    let kinds = SignalKind::ALL.map(|kind| (kind.code(), kind));
    let kind = section.get("kind").and_then(|kind| kind.choice(&kinds, &[], problems));
    let over = section.get("over").zip(kind).and_then(|(field, kind)| over(field, kind, problems));
    let hold = section.get("hold").and_then(|hold| hold.flag(problems)).unwrap_or_default();
    Some(Signal { name: name?.into(), over: over?, hold })
}

fn over(field: &Field<'_>, kind: SignalKind, problems: &mut Problems) -> Option<Over> {
    let (line, reach) = keys(kind);
    let section = field.section(&[line, reach], &[], problems);
    for (key, form) in [(line, line_form(kind)), (reach, reach_form(kind))] {
        if section.get(key).is_none() {
            field.missing(key, form, problems);
        }
    }
    let (line, reach) = (section.get(line), section.get(reach));
    Some(match kind {
        SignalKind::Velocity => {
            let wagers = line.and_then(|line| count(line, WAGERS_MAX, problems));
            let within = reach.and_then(|reach| within(reach, problems));
            Over::Velocity { wagers: wagers?, within: within? }
        }
        SignalKind::GamingSystems => {
            let systems = line.and_then(|line| count(line, SYSTEMS_MAX, problems));
            let within = reach.and_then(|reach| within(reach, problems));
            Over::GamingSystems { count: systems?, within: within? }
        }
        SignalKind::StakeJump => {
            let times = line.and_then(|line| times(line, problems));
            let after = reach.and_then(|reach| count(reach, AFTER_MAX, problems));
            Over::StakeJump { times: times?, after: after? }
        }
        SignalKind::WinRatio => {
            let ratio = line.and_then(|line| times(line, problems));
            let after = reach.and_then(|reach| count(reach, AFTER_MAX, problems));
            Over::WinRatio { ratio: ratio?, after: after? }
        }
        SignalKind::MinimumPlay => {
            let share = line.and_then(|line| share(line, problems));
            let of = reach.and_then(|reach| count(reach, AFTER_MAX, problems));
            Over::MinimumPlay { share: share?, of: of? }
        }
    })
}

/// What the line of a kind is called, and over which wagers it is measured.
const fn keys(kind: SignalKind) -> (&'static str, &'static str) {
    match kind {
        SignalKind::Velocity => ("wagers", "within"),
        SignalKind::StakeJump => ("times", "after"),
        SignalKind::GamingSystems => ("count", "within"),
        SignalKind::WinRatio => ("ratio", "after"),
        SignalKind::MinimumPlay => ("share", "of"),
    }
}

const fn line_form(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Velocity => "`wagers: 120`",
        SignalKind::StakeJump => "`times: 20`",
        SignalKind::GamingSystems => "`count: 3`",
        SignalKind::WinRatio => "`ratio: 2`",
        SignalKind::MinimumPlay => "`share: 0.9`",
    }
}

const fn reach_form(kind: SignalKind) -> &'static str {
    match kind {
        SignalKind::Velocity | SignalKind::GamingSystems => "`within: 1m`",
        SignalKind::StakeJump | SignalKind::WinRatio => "`after: 50`",
        SignalKind::MinimumPlay => "`of: 100`",
    }
}

/// A whole number from 1 on.
fn count(field: &Field<'_>, max: u32, problems: &mut Problems) -> Option<u32> {
    let units = field.rate(problems)?.units();
    let one = Rate::ONE.units();
    let count = u32::try_from(units / one).ok().filter(|count| (1..=max).contains(count));
    let count = count.filter(|_| units.is_multiple_of(one));
    if count.is_none() {
        field.expected(&format!("a whole number from 1 to {max}"), problems);
    }
    count
}

fn within(field: &Field<'_>, problems: &mut Problems) -> Option<Within> {
    const UNITS: [(&str, u16); 3] = [("s", 1), ("m", 60), ("h", 3_600)];
    let form = "whole seconds, minutes or hours such as `1m`, from `1s` to `12h`";
    let seconds = field.counted(&UNITS, WITHIN_SECONDS_MAX, form, problems)?;
    let within = Within::new(seconds);
    if within.is_none() {
        field.expected(form, problems);
    }
    within
}

fn times(field: &Field<'_>, problems: &mut Problems) -> Option<Rate> {
    let times = field.rate(problems)?;
    let is_one = times > Rate::ZERO && times <= TIMES_MAX;
    if !is_one {
        field.expected(&format!("a number above 0, up to {TIMES_MAX}"), problems);
    }
    is_one.then_some(times)
}

fn share(field: &Field<'_>, problems: &mut Problems) -> Option<Rate> {
    let share = field.rate(problems)?;
    let is_one = share > Rate::ZERO && share < Rate::ONE;
    if !is_one {
        field.expected("a share above 0 and below 1, such as `0.9`", problems);
    }
    is_one.then_some(share)
}
