//! What signals have found, and what has become of rewards, as it is counted.

use super::Counts;
use crate::input::{ModelFill, ModelSaid, ModelSays, ModelStage, ModelTournament};
use crate::model::ModelAccount;
use crate::model::budgets::ModelGifts;
use crate::model::messages::ModelMessage;
use crate::model::requests::RedemptionState;
use crate::model::signals::{ModelRaised, SignalState};

/// How often players were told of points that expire soon.
pub(crate) const FORETOLD: &str = "points told of before they expire";

/// What can become of wagers by signals, and of what is asked of stocks; whoever looks at many worlds finds all of it.
pub const FOUND: &[&str] = &[
    "answers of stocks that came too late",
    "budgets asked for a share",
    "budgets that gave",
    "budgets that gave in part",
    "budgets that had nothing left",
    "events counted in several tournaments",
    "events counted within a grace",
    "events of the past that count",
    "events while a tournament is filled",
    "fillings begun",
    "fillings given up",
    "fillings refused",
    "leaderboards compared",
    "leaderboards that followed",
    "late events while a tournament is filled",
    "late voids",
    "late wagers",
    "pages of positions refused",
    "pages of positions taken",
    "pages of the past added up",
    "pages of the past told",
    "places without a prize",
    "players of whom was told",
    FORETOLD,
    "pools shared out",
    "prizes not eligible",
    "prizes paid",
    "prizes to be taken back",
    "redemptions of rewards confirmed",
    "redemptions that have one of a stock",
    "redemptions that were out of stock",
    "rewards given back to their stock",
    "rewards not said",
    "rewards said",
    "scores cut by a cap",
    "scores of wagers",
    "scores taken back",
    "shares granted",
    "shares recalled",
    "shares returned",
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
    "ties by fewest events",
    "ties by most events",
    "tournaments approved",
    "tournaments cancelled",
    "tournaments changed",
    "tournaments ended early",
    "tournaments filled",
    "tournaments not said",
    "tournaments paid",
    "tournaments said",
    "tournaments settled",
    "tournaments settled again",
    "voids while a tournament is filled",
];

/// Counts what was found of a player, and what has become of it.
pub(crate) fn count(account: &ModelAccount, counts: &mut Counts) {
    let confirmed = account.redemptions.values().filter(|redemption| {
        redemption.state == RedemptionState::Confirmed && redemption.wanted.is_some()
    });
    let confirmed = confirmed.count() as u64;
    *counts.entry("redemptions of rewards confirmed").or_default() += confirmed;
    for signal in account.signals.values() {
        for what in happened(signal) {
            *counts.entry(what).or_default() += 1;
        }
    }
}

/// What becomes of the filling of a tournament that was filled so far, by what is said of it.
pub(crate) fn filled(
    before: Option<ModelFill>,
    terms: &ModelTournament,
    is_said: bool,
) -> Option<&'static str> {
    let was_filling = matches!(before, Some(ModelFill::Reading | ModelFill::Counting));
    let is_new = terms.fill != before;
    match (terms.fill, is_said) {
        (_, true) if was_filling && terms.stage == ModelStage::Cancelled => {
            Some("fillings given up")
        }
        (Some(ModelFill::Reading), true) if is_new => Some("fillings begun"),
        (Some(ModelFill::Reading), false) if is_new => Some("fillings refused"),
        (Some(ModelFill::Done), true) if is_new => Some("tournaments filled"),
        _ => None,
    }
}

/// What a partition has heard of a budget.
pub(crate) const fn says(says: ModelSays) -> &'static str {
    match says {
        ModelSays::Asks(_) => "budgets asked for a share",
        ModelSays::Grants(_) => "shares granted",
        ModelSays::Recalls => "shares recalled",
        ModelSays::Returns(_) => "shares returned",
    }
}

/// Counts what budgets gave to a wager.
pub(crate) fn gifts(gifts: &ModelGifts, count: &mut dyn FnMut(&'static str)) {
    for gift in gifts.iter().flatten() {
        match (gift.points, gift.cut) {
            (0, 0) => {}
            (0, _) => count("budgets that had nothing left"),
            (_, 0) => count("budgets that gave"),
            _ => count("budgets that gave in part"),
        }
    }
}

/// What a partition has heard of a stock, and what it has sent back.
pub(crate) fn heard(said: ModelSaid, sent: &[ModelMessage]) -> &'static str {
    match said {
        ModelSaid::TakeStock { .. } => "stocks asked for one",
        ModelSaid::StockTaken { .. } if !sent.is_empty() => "answers of stocks that came too late",
        ModelSaid::StockTaken { granted: true, .. } => "redemptions that have one of a stock",
        ModelSaid::StockTaken { .. } => "redemptions that were out of stock",
        ModelSaid::ReturnStock { .. } => "rewards given back to their stock",
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
