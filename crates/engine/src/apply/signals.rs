//! Signals: a wager that counts is looked at by the signals of the program in force.

use std::borrow::Cow;

use accolade_domain::amount::Rate;
use accolade_domain::event::Wager;
use accolade_domain::program::Program;
use accolade_domain::signal::{Money, Over, Seen, Signal, Watch};
use accolade_wire::notice::signal::{Finding, SIGNAL_RAISED, SignalRaised};

use super::{Input, Loaded};
use crate::rules::{Rules, Version};
use crate::step::{Change, NewNotice, Step};
use crate::tables::watches::Watched;

/// Looks at a wager that counts, remembers it, and tells of the lines that it has crossed.
pub(super) fn look(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'_>,
    wager: &Wager<'_>,
    step: &mut Step<'_>,
) {
    let Some(version) = loaded.in_force else { return };
    let program = &version.program.program;
    if program.signals.is_empty() {
        return;
    }
    let seen = seen(rules, input, program, wager);
    let mut watches = watches(loaded, program);
    let mut findings = Vec::new();
    for (signal, watch) in program.signals.iter().zip(&mut watches) {
        let Signal { name, over } = signal;
        findings.extend(watch.look(*over, &seen).map(|observed| finding(name, *over, observed)));
    }
    let watched = Watched::new(version.number, &watches, input.now);
    step.changes.push(Change::Watch(Box::new(watched)));
    if !findings.is_empty() {
        step.notices.push(told(version, wager, findings));
    }
}

fn seen(rules: &Rules, input: &Input<'_>, program: &Program, wager: &Wager<'_>) -> Seen {
    // Half of the hash is enough to tell a few systems apart.
    let hash = |system: &str| rules.settings.hash_key.player(system).to_le_bytes();
    let half = |[a, b, c, d, ..]: [u8; 8]| u32::from_le_bytes([a, b, c, d]);
    Seen {
        // What is yet to come would put aside what really happens until then.
        at: wager.at.min(input.now),
        money: Money::of(program, wager),
        system: wager.gaming_system.as_deref().map(|system| half(hash(system))),
    }
}

/// What is remembered for each signal of the program in force. Another version goes on with what it has in common with
/// the one before, as long as money is the same.
fn watches(loaded: &Loaded<'_>, program: &Program) -> Vec<Watch> {
    let known = loaded.watched.map(|(watched, by)| (watched.watches(), &*by.program.program));
    let known = known.filter(|(_, before)| before.currency == program.currency);
    let of = |Signal { name, over }: &Signal| {
        let (watches, before) = known.as_ref()?;
        let is_it = |other: &Signal| other.name == *name && other.over == *over;
        watches.get(before.signals.iter().position(is_it)?).cloned()
    };
    let signals = program.signals.iter();
    signals.map(|signal| of(signal).unwrap_or_else(|| Watch::new(signal.over))).collect()
}

fn finding(name: &str, over: Over, observed: Rate) -> Finding {
    Finding { name: name.into(), kind: over.kind(), observed, line: over.line() }
}

fn told<'a>(version: &Version, wager: &Wager<'_>, findings: Vec<Finding>) -> NewNotice<'a> {
    let (version, wager_id, at) = (version.number, (&*wager.wager_id).into(), wager.at);
    let raised = SignalRaised { version, wager_id, at, findings };
    NewNotice { kind: SIGNAL_RAISED, body: Cow::Owned(raised.to_bytes()) }
}
