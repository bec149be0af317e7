//! Signals: a wager that counts is looked at by the signals of the program in force, and a person decides about the
//! points that are held for one.

use std::borrow::Cow;

use accolade_domain::amount::{Points, Rate};
use accolade_domain::event::Wager;
use accolade_domain::ledger::{EntryKind, Moved, Parts};
use accolade_domain::lots::{HELD, Source, Taken};
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::packed_watches::PackedWatches;
use accolade_domain::program::Program;
use accolade_domain::signal::{Looked, Money, Over, Seen, Signal, SignalKind, SignalState, Watch};
use accolade_domain::time::Timestamp;
use accolade_wire::notice::signal::{Finding, SIGNAL_MOVED, SignalMoved};

use super::{Asked, Input, Loaded, VoidedWager, balance, lots, spending};
use crate::rules::{Rules, Version};
use crate::step::{Change, NewEntry, NewNotice, Step};
use crate::tables::requests::RequestKey;
use crate::tables::signals::{Closed, HeldPoints, Raised, Said};
use crate::tables::{Held, Row};

/// Points are held for so many signals of a player at most.
pub(crate) const HELD_MAX: usize = 32;

/// What stands before the id of a signal where it is the cause of an entry.
pub const CAUSE: &str = "signal:";

/// What signals have found of a wager.
pub(super) struct Sight<'l> {
    version: &'l Version,
    watches: PackedWatches,
    findings: Vec<Finding>,
    /// The wager's points are to be held.
    pub(super) holds: bool,
}

/// Looks at a wager that counts and earns these points; nothing where the program in force has no signals.
pub(super) fn look<'l>(
    rules: &Rules,
    loaded: &Loaded<'l>,
    input: &Input<'_>,
    wager: &Wager<'_>,
    points: Points,
) -> Option<Sight<'l>> {
    let version = loaded.in_force?;
    let program = &version.program.program;
    if program.signals.is_empty() {
        return None;
    }
    let seen = seen(rules, input, program, wager);
    let (mut findings, mut holds) = (Vec::new(), false);
    let mut look = |signal: &Signal, mut watch: Watch| {
        let Signal { name, over, hold } = signal;
        if let Some(looked) = watch.look(*over, &seen) {
            let may_hold = *hold && points > Points::ZERO && loaded.holding < HELD_MAX;
            let is_held = may_hold && looked.is_above();
            if is_held || looked.has_crossed {
                findings.push(finding(name, *over, looked));
            }
            holds |= is_held;
        }
        watch
    };
    let signals = program.signals.iter();
    let watches = match &loaded.watched {
        Some((by, watches)) if by.number == version.number => {
            let looked = signals.zip(watches.clone()).map(|(signal, watch)| look(signal, watch));
            PackedWatches::new(version.number, input.now, looked)
        }
        _ => {
            let mut of = begun(loaded, program);
            let looked = signals.map(|signal| look(signal, of(signal)));
            PackedWatches::new(version.number, input.now, looked)
        }
    };
    Some(Sight { version, watches, findings, holds })
}

impl Sight<'_> {
    /// Remembers the wager, and raises what was found, with the points that it has put into a lot.
    pub(super) fn tell(
        self,
        loaded: &Loaded<'_>,
        input: &Input<'_>,
        wager: &Wager<'_>,
        held: HeldPoints,
        step: &mut Step<'_>,
    ) {
        step.changes.push(Change::Watches(self.watches));
        if self.findings.is_empty() {
            return;
        }
        let key = RequestKey { player: loaded.ordinal, place: input.place };
        let raised = Raised {
            findings: self.findings,
            wager_id: (&*wager.wager_id).into(),
            at: wager.at,
            version: self.version.number,
            raised_at: input.now,
            held,
            said: Said::default(),
        };
        if held.points == Points::ZERO {
            close(key, raised, SignalState::Noted, Points::ZERO, input.now, "", "", step);
        } else {
            step.notices.push(told(key, &raised, SignalState::Held, held.points));
            step.changes.push(Change::row(Row::HeldSignal(key, Some(raised))));
        }
    }
}

fn seen(rules: &Rules, input: &Input<'_>, program: &Program, wager: &Wager<'_>) -> Seen {
    // Half of the hash is enough to tell a few systems apart.
    let hash = |system: &str| rules.settings.hash_key.player(system).to_le_bytes();
    let half = |[a, b, c, d, ..]: [u8; 8]| u32::from_le_bytes([a, b, c, d]);
    let counts_systems = |signal: &Signal| signal.over.kind() == SignalKind::GamingSystems;
    let system = wager.gaming_system.as_deref();
    let system = system.filter(|_| program.signals.iter().any(counts_systems));
    Seen {
        // What is yet to come would put aside what really happens until then.
        at: wager.at.min(input.now),
        money: Money::of(program, wager),
        system: system.map(|system| half(hash(system))),
    }
}

/// What is remembered for each signal of the program in force by another version: it goes on with what it has in
/// common with the one before, as long as money is the same.
fn begun(loaded: &Loaded<'_>, program: &Program) -> impl FnMut(&Signal) -> Watch {
    let known = loaded.watched.as_ref();
    let known = known.map(|(by, watches)| (&*by.program.program, watches.clone()));
    let known = known.filter(|(before, _)| before.currency == program.currency);
    let known = known.into_iter().flat_map(|(before, watches)| before.signals.iter().zip(watches));
    let known: Vec<(&Signal, Watch)> = known.collect();
    move |Signal { name, over, .. }| {
        let is_it = |(other, _): &&(&Signal, Watch)| other.name == *name && other.over == *over;
        known.iter().find(is_it).map_or_else(|| Watch::new(*over), |(_, watch)| watch.clone())
    }
}

fn finding(name: &str, over: Over, looked: Looked) -> Finding {
    let (kind, observed) = (Some(over.kind()), looked.observed());
    Finding { name: name.into(), kind, observed, line: over.line() }
}

/// Somebody outside has found something of a player; the points of the wager that it is about may be held.
pub(super) fn raise<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    name: &str,
    wager: Option<&str>,
    holds: bool,
    said: Said,
) -> Result<Step<'a>, Declined> {
    let player = spending::known(loaded)?;
    if wager.is_some() && loaded.wager.is_none() {
        return Err(Declined::NoSuchWager);
    }
    let (kind, observed, line) = (None, Rate::ZERO, Rate::ZERO);
    let mut raised = Raised {
        findings: vec![Finding { name: name.into(), kind, observed, line }],
        wager_id: wager.unwrap_or_default().into(),
        at: input.now,
        version: loaded.in_force.map_or(0, |version| version.number),
        raised_at: input.now,
        held: HeldPoints::NONE,
        said,
    };
    // What was decided about a wager's points once is not asked again.
    let may_hold = holds
        && !loaded.voided
        && matches!(loaded.asked, Asked::Nothing)
        && loaded.holding < HELD_MAX;
    let wager = loaded.wager.filter(|_| may_hold);
    if let Some((VoidedWager { place, points, .. }, source)) =
        wager.and_then(|wager| Some((wager, wager.source?)))
    {
        let mut lots = lots::matured(loaded, input);
        let held = lots.hold(source, points);
        if held > Points::ZERO {
            raised.held = HeldPoints { points: held, month: source.month, matures: source.matures };
            // Where the wager stands, so that its void finds it.
            let key = RequestKey { player, place };
            let made = place.record_number();
            let mut step = Step::only(Outcome::Done { made });
            step.notices.push(told(key, &raised, SignalState::Held, held));
            step.changes.push(Change::Lots(PackedLots::from(&lots)));
            step.changes.push(Change::row(Row::HeldSignal(key, Some(raised))));
            return Ok(step);
        }
    }
    let key = RequestKey { player, place: input.place };
    let mut step = Step::only(Outcome::Done { made: input.place.record_number() });
    close(key, raised, SignalState::Noted, Points::ZERO, input.now, "", "", &mut step);
    Ok(step)
}

/// Where the points of the wager that is voided are held.
pub(super) fn held(loaded: &Loaded<'_>) -> Option<Source> {
    let Asked::Raised(_, raised) = &loaded.asked else { return None };
    Some(Source { month: raised.held.month, matures: Some(HELD) })
}

/// A wager was voided whose points are held, or what is left of them.
pub(super) fn void(loaded: &Loaded<'_>, input: &Input<'_>, points: Points, step: &mut Step<'_>) {
    if let Asked::Raised(key, raised) = &loaded.asked {
        let raised = (*raised).clone();
        step.changes.push(Change::row(Row::HeldSignal(*key, None)));
        close(*key, raised, SignalState::Voided, points, input.now, "", "", step);
    }
}

/// A person decides about the points of a signal: they are let go of, or taken.
pub(super) fn decide<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    takes: bool,
    why: &str,
    who: &str,
) -> Result<Step<'a>, Declined> {
    let shall_be = if takes { SignalState::Taken } else { SignalState::Released };
    let Asked::Raised(key, raised) = &loaded.asked else {
        let Asked::SignalClosed(state) = &loaded.asked else { return Err(Declined::NoSuchSignal) };
        let is_so = *state == shall_be;
        return is_so.then(Step::done).ok_or(Declined::SignalClosed);
    };
    let (key, raised) = (*key, (*raised).clone());
    let mut lots = lots::matured(loaded, input);
    let HeldPoints { points, month, matures } = raised.held;
    let mut step = Step::done();
    step.changes.push(Change::row(Row::HeldSignal(key, None)));
    let moved = if takes {
        let taken = lots.take_held(month, points);
        let points = taken.map_or(Points::ZERO, |taken| taken.points);
        if let Some(taken) = taken {
            let taken = Taken { pending: vec![taken], ..Taken::default() };
            step.entries.push(entry(loaded, input, key, points.negated(), taken)?);
        }
        points
    } else {
        lots.release(month, points, matures)
    };
    // What was to mature meanwhile has.
    lots.mature(input.now);
    step.changes.push(Change::Lots(PackedLots::from(&lots)));
    step.changes.push(Change::Time(spending::due_with(loaded, input, &lots)));
    close(key, raised, shall_be, moved, input.now, who, why, &mut step);
    Ok(step)
}

fn entry<'a>(
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    key: RequestKey,
    points: Points,
    taken: Taken,
) -> Result<NewEntry<'a>, Declined> {
    Ok(NewEntry {
        kind: EntryKind::Adjusted,
        points,
        balance_after: balance(loaded).plus(points).ok_or(Declined::OutOfRange)?,
        capped: Points::ZERO,
        moved: Moved::From(Box::new(taken)),
        cause: Cow::Owned(format!("{CAUSE}{}", key.id())),
        version: loaded.in_force.map_or(0, |version| version.number),
        parts: Parts::default(),
        event_time: input.now,
    })
}

#[expect(clippy::too_many_arguments, reason = "a signal is closed with all of them")]
fn close(
    key: RequestKey,
    raised: Raised,
    state: SignalState,
    points: Points,
    at: Timestamp,
    who: &str,
    why: &str,
    step: &mut Step<'_>,
) {
    step.notices.push(told(key, &raised, state, points));
    let (who, why) = (who.into(), why.into());
    let closed = Closed { raised, state, points, who, why, closed_at: at };
    step.changes.push(Change::row(Row::Signal(key, Held::Row(closed))));
}

fn told<'a>(key: RequestKey, raised: &Raised, state: SignalState, points: Points) -> NewNotice<'a> {
    let Raised { findings, wager_id, at, version, .. } = raised.clone();
    let moved = SignalMoved { id: key.id().into(), state, version, wager_id, at, points, findings };
    NewNotice { kind: SIGNAL_MOVED, body: Cow::Owned(moved.to_bytes()) }
}
