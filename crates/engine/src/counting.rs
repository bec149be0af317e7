//! What a batch counts for reports, by operator. It goes into the rows of the day once the batch is whole, so that no
//! record costs more than an addition.

use std::collections::BTreeMap;
use std::io;

use accolade_domain::ledger::{EntryKind, Moved};
use accolade_domain::outcome::Outcome;
use accolade_domain::time::{Day, ZoneOffsets};
use accolade_wire::notice::prize::{PRIZE_MOVED, PrizeMoved};
use accolade_wire::notice::{REDEMPTION_MOVED, RedemptionMoved};

use crate::carry::Made;
use crate::partition::Partition;
use crate::settle::today;
use crate::store::Store;
use crate::tables::operator_days::{DayCounts, OperatorDay};
use crate::tables::operator_totals::{Accounts, Totals};
use crate::tables::{Held, Row};

/// What a batch has counted, by the operator's number.
#[derive(Debug, Default)]
pub(crate) struct Counted(BTreeMap<u32, DayCounts>);

impl Counted {
    /// Counts what became of a record of an operator; `is_new`: its player was not known before.
    pub(crate) fn decided(&mut self, operator: u32, outcome: &Outcome, is_new: bool) {
        let (counted, refused, voided) = match outcome {
            Outcome::Counted { .. } => (1, 0, 0),
            Outcome::Refused { .. } => (0, 1, 0),
            Outcome::Voided { wager: Some(_), .. } => (0, 0, 1),
            Outcome::Voided { wager: None, .. }
            | Outcome::Recorded
            | Outcome::Repeated { .. }
            | Outcome::DeadLetter { .. }
            | Outcome::Done { .. }
            | Outcome::Declined { .. }
            | Outcome::Time { .. } => (0, 0, 0),
        };
        if counted + refused + voided == 0 && !is_new {
            return;
        }
        let counts = self.0.entry(operator).or_default();
        counts.wagers_counted += counted;
        counts.wagers_refused += refused;
        counts.voids += voided;
        counts.new_players += u64::from(is_new);
    }

    /// Counts what an input has made.
    pub(crate) fn made(&mut self, made: &Made<'_>) {
        for stored in &made.entries {
            let entry = &stored.entry;
            let counts = self.0.entry(entry.operator).or_default();
            counts.enter(entry.kind, entry.points, entry.balance_after);
            if let (EntryKind::Earned, Moved::Into { source, .. }) = (entry.kind, &entry.moved)
                && source.matures.is_some()
            {
                counts.pending += i128::from(entry.points.hundredths());
            }
        }
        for notice in made.notices.iter().filter(|notice| notice.kind == REDEMPTION_MOVED) {
            let moved = RedemptionMoved::read(&notice.body).expect("this release has written it");
            let counts = self.0.entry(notice.operator).or_default();
            counts.redemptions[moved.state as usize] += 1;
        }
        for notice in made.notices.iter().filter(|notice| notice.kind == PRIZE_MOVED) {
            let moved = PrizeMoved::read(&notice.body).expect("this release has written it");
            let counts = self.0.entry(notice.operator).or_default();
            counts.prizes[moved.state as usize] += 1;
        }
    }
}

impl Partition {
    /// Adds what a batch has counted to the rows of its day. Where the store fails, nothing of it was done.
    pub(crate) fn sum_up(
        &mut self,
        counted: &mut Counted,
        store: &mut impl Store,
    ) -> io::Result<()> {
        if counted.0.is_empty() {
            return Ok(());
        }
        let mut days = Vec::with_capacity(counted.0.len());
        for (operator, counts) in &counted.0 {
            let key = OperatorDay { operator: *operator, day: self.day_of(*operator) };
            let before = self.tables.operator_days.load(&key, self.number, store)?;
            let mut day = before.unwrap_or_default();
            day.add(counts);
            days.push(Row::OperatorDay(key, Held::Row(day)));
        }
        // Behaviour 1 has counted nothing.
        let begins = self.tables.operator_totals.is_empty().then(|| self.all_accounts());
        let operators = counted.0.keys().chain(begins.iter().flat_map(BTreeMap::keys));
        let mut totals: BTreeMap<u32, Totals> = operators
            .map(|operator| (*operator, self.tables.operator_totals.get(operator).cloned()))
            .map(|(operator, before)| (operator, before.unwrap_or_default()))
            .collect();
        for (operator, counts) in &std::mem::take(counted).0 {
            totals.get_mut(operator).expect("it is one of them").add(counts);
        }
        for (operator, accounts) in begins.into_iter().flatten() {
            totals.get_mut(&operator).expect("it is one of them").accounts = accounts;
        }
        let totals = totals
            .into_iter()
            .map(|(operator, totals)| Row::OperatorTotals(operator, Some(totals)));
        for row in days.into_iter().chain(totals) {
            self.tables.change(row, &mut self.timers, &self.rules.settings);
        }
        Ok(())
    }

    /// The present day of an operator.
    fn day_of(&self, operator: u32) -> Day {
        let owner = self.rules.operator_numbered(operator);
        let in_force = owner.and_then(|owner| owner.versions.at(self.time));
        let utc = || ZoneOffsets::default().day(self.time);
        in_force.map_or_else(utc, |version| today(version, self.time))
    }

    fn all_accounts(&self) -> BTreeMap<u32, Accounts> {
        let mut all: BTreeMap<u32, Accounts> = BTreeMap::new();
        for player in self.players.all().iter() {
            all.entry(player.operator).or_default().count(player.account.balance);
        }
        all
    }
}
