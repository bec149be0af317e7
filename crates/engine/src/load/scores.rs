//! What the scores of a player depend on beside those that lie with the account.

use std::io;
use std::ops::Bound;

use accolade_domain::event::Event;
use accolade_domain::ledger::Place;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_wire::journal::Recorded;
use accolade_wire::notice::scores::{SCORED, SCORED_LATE, Scored, ScoredLine};

use crate::apply::VoidedWager;
use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::Operator;
use crate::rules::tournaments::{Asked, Candidate, Tournament};
use crate::store::Store;
use crate::tables::Stretch;
use crate::tables::best_values::ValueKey;
use crate::tables::day_sums::{DaySumsKey, KeptSums};
use crate::tables::remarks::{Remarks, RemarksKey};

impl Partition {
    /// What a player's events of the day come to, in tournaments that cap periods and in which an event could count.
    #[inline]
    pub(super) fn sums_of_event(
        &self,
        operator: &Operator,
        player: Ordinal,
        event: &Event<'_>,
        store: &mut impl Store,
    ) -> io::Result<Vec<(DaySumsKey, KeptSums)>> {
        let Some(asked) = asked_of(operator, event) else { return Ok(Vec::new()) };
        let (tournaments, mut days) = (&operator.tournaments, Vec::new());
        let mut take = |it: &Candidate| days.extend(day_of(player, &it.tournament, event.at()));
        if tournaments.candidates().caps_periods() {
            tournaments.candidates().each_of_event(&asked, event.at(), self.time, &mut take);
        }
        tournaments.each_late(&asked, event.at(), self.time, &mut take);
        self.sums_of_days(days.into_iter(), store)
    }

    /// What a player's events of the day of a wager come to that is voided.
    pub(super) fn sums_of_void(
        &self,
        operator: &Operator,
        player: Ordinal,
        Scored { lines, at }: &Scored,
        store: &mut impl Store,
    ) -> io::Result<Vec<(DaySumsKey, KeptSums)>> {
        let Some(at) = *at else { return Ok(Vec::new()) };
        let tournaments = &operator.tournaments;
        let counted = lines.iter().filter_map(|line| tournaments.numbered(line.tournament));
        self.sums_of_days(counted.filter_map(|counted| day_of(player, counted, at)), store)
    }

    /// What was remarked on the tournaments in which an event comes late.
    #[inline]
    pub(super) fn remarks_of_event(
        &self,
        operator: &Operator,
        event: &Event<'_>,
        store: &mut impl Store,
    ) -> io::Result<Vec<(RemarksKey, Remarks)>> {
        let Some(asked) = asked_of(operator, event) else { return Ok(Vec::new()) };
        let mut keys = Vec::new();
        operator.tournaments.each_late(&asked, event.at(), self.time, |candidate| {
            keys.push(RemarksKey::of(operator.number, &candidate.tournament));
        });
        self.remarks(keys.into_iter(), store)
    }

    /// What was remarked on those in which the void of a wager does that counted so.
    pub(super) fn remarks_of_void(
        &self,
        operator: &Operator,
        Scored { lines, .. }: &Scored,
        store: &mut impl Store,
    ) -> io::Result<Vec<(RemarksKey, Remarks)>> {
        let tournaments = &operator.tournaments;
        let counted = lines.iter().filter_map(|line| tournaments.numbered(line.tournament));
        let closed = counted.filter(|counted| counted.closes() <= self.time);
        self.remarks(closed.map(|closed| RemarksKey::of(operator.number, closed)), store)
    }

    /// What was remarked on some.
    pub(super) fn remarks(
        &self,
        keys: impl Iterator<Item = RemarksKey>,
        store: &mut impl Store,
    ) -> io::Result<Vec<(RemarksKey, Remarks)>> {
        let mut remarks = Vec::new();
        for key in keys {
            let known = self.tables.remarks.load(&key, self.number, store)?;
            remarks.extend(known.map(|known| (key, known)));
        }
        Ok(remarks)
    }

    pub(super) fn sums_of_days(
        &self,
        days: impl Iterator<Item = DaySumsKey>,
        store: &mut impl Store,
    ) -> io::Result<Vec<(DaySumsKey, KeptSums)>> {
        let mut sums = Vec::new();
        for key in days {
            let kept = self.tables.day_sums.load(&key, self.number, store)?;
            sums.extend(kept.map(|kept| (key, kept)));
        }
        Ok(sums)
    }

    /// What a wager that is voided counted, and what is the best of its player's without it.
    pub(super) fn taken_back(
        &self,
        operator: &Operator,
        player: Ordinal,
        scored: Vec<ScoredLine>,
        wager: VoidedWager,
        store: &mut impl Store,
    ) -> io::Result<Vec<(ScoredLine, Option<Score>)>> {
        let mut taken_back = Vec::with_capacity(scored.len());
        for line in scored {
            let tournament = operator.tournaments.numbered(line.tournament);
            let open = tournament.filter(|tournament| self.time < tournament.heard_until());
            let next = match open.and_then(|tournament| tournament.decides().best()) {
                Some(is_greatest) => {
                    self.best_without(player, line.tournament, is_greatest, wager.place, store)?
                }
                None => None,
            };
            taken_back.push((line, next));
        }
        Ok(taken_back)
    }

    /// The best that a player's events counted in a tournament, but for one.
    pub(super) fn best_without(
        &self,
        player: Ordinal,
        tournament: u32,
        is_greatest: bool,
        without: Place,
        store: &mut impl Store,
    ) -> io::Result<Option<Score>> {
        /// The best one is mostly not the one that is voided.
        const AT_ONCE: usize = 4;
        let mut from = Bound::Included(ValueKey::first(player, tournament, self.number));
        loop {
            let excerpt = self.tables.best_values.excerpt(from.as_ref(), AT_ONCE);
            let Stretch { rows, to } = excerpt.read(self.number, store)?;
            let is_own = |key: &ValueKey| key.player == player && key.tournament == tournament;
            let mut others =
                rows.iter().filter(|(key, kept)| !kept.is_voided && key.place != without);
            if let Some((key, _)) = others.next() {
                return Ok(is_own(key).then(|| key.value(is_greatest)));
            }
            match to {
                Some(to) if is_own(&to) => from = Bound::Excluded(to),
                Some(_) | None => return Ok(None),
            }
        }
    }
}

/// What a record has counted in tournaments, in time or late: never both in one.
pub(super) fn scored_by(recorded: &Recorded<'_>) -> Scored {
    let mut all = Scored::default();
    for stored in &recorded.notices {
        if [SCORED, SCORED_LATE].contains(&stored.notice.kind) {
            let scored = Scored::read(&stored.notice.body).expect("the fold wrote these bytes");
            all.lines.extend(scored.lines);
            all.at = all.at.or(scored.at);
        }
    }
    all.lines.sort_by_key(|line| line.tournament);
    all
}

/// What tournaments are asked for about an event; nothing for one that counts in none.
fn asked_of<'e>(operator: &Operator, event: &'e Event<'_>) -> Option<Asked<'e>> {
    match event {
        _ if operator.tournaments.is_empty() => None,
        Event::Wager(wager) => Some(Asked::of_wager(wager)),
        Event::Game(game) => Some(Asked::of_game(game)),
        Event::Void(_) => None,
    }
}

/// The day of an event in a tournament; nothing where that caps no periods.
pub(super) fn day_of(
    player: Ordinal,
    tournament: &Tournament,
    at: Timestamp,
) -> Option<DaySumsKey> {
    let decides = tournament.decides();
    let (day, _) = (!decides.period_caps.is_none()).then(|| decides.period(at))?;
    Some(DaySumsKey { player, tournament: tournament.number, day })
}
