//! What signals have found, as it is counted.

use super::Counts;
use crate::model::ModelAccount;
use crate::model::signals::{ModelRaised, SignalState};

/// What can become of wagers by signals; whoever looks at many worlds finds all of it.
pub const FOUND: &[&str] = &[
    "signals found: gamingSystems",
    "signals found: minimumPlay",
    "signals found: outside",
    "signals found: stakeJump",
    "signals found: velocity",
    "signals found: winRatio",
    "signals from outside that hold",
    "signals noted",
    "signals open at the end",
    "signals voided",
    "signals with several findings",
];

/// Counts what was found of a player, and what has become of it.
pub(crate) fn count(account: &ModelAccount, counts: &mut Counts) {
    for signal in account.signals.values() {
        for what in happened(signal) {
            *counts.entry(what).or_default() += 1;
        }
    }
}

fn happened(signal: &ModelRaised) -> Vec<&'static str> {
    let found = |what: &&&str| {
        let kind = what.strip_prefix("signals found: ");
        signal.findings.iter().any(|finding| Some(finding.kind) == kind)
    };
    let mut happened: Vec<_> = FOUND.iter().filter(found).copied().collect();
    let is_outside = signal.findings.iter().any(|finding| finding.kind == "outside");
    if is_outside && signal.held.is_some() {
        happened.push("signals from outside that hold");
    }
    if signal.findings.len() > 1 {
        happened.push("signals with several findings");
    }
    happened.extend(match signal.state {
        SignalState::Noted => Some("signals noted"),
        SignalState::Open => Some("signals open at the end"),
        SignalState::Voided => Some("signals voided"),
        SignalState::Released | SignalState::Taken => None,
    });
    happened
}
