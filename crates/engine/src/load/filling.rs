//! What is needed to fill tournaments that had begun before they were scheduled.

use std::io;
use std::ops::Bound;

use accolade_domain::ledger::Place;
use accolade_domain::packed_scores::filling_number;
use accolade_domain::ranking::Score;
use accolade_domain::tournament::Counted;
use accolade_wire::control::{Command, FillPage};
use accolade_wire::notice::scores::{Scored, ScoredLine};

use crate::apply::Loaded;
use crate::apply::filling::{AddedUp, Next, waits};
use crate::partition::Partition;
use crate::players::Ordinal;
use crate::rules::Operator;
use crate::rules::tournaments::Tournament;
use crate::store::Store;
use crate::tables::Stretch;
use crate::tables::filled::{Does, Filled, FilledKey};
use crate::tables::remarks::RemarksKey;

/// So many events are added up by one command at most.
const ADDED_AT_ONCE: usize = 200;

impl Partition {
    /// What a command needs that fills a tournament.
    pub(super) fn load_filled<'s>(
        &'s self,
        loaded: &mut Loaded<'s>,
        command: &Command,
        store: &mut impl Store,
    ) -> io::Result<()> {
        let (Command::Fill(FillPage { tournament: number, .. })
        | Command::CountFilled { tournament: number, .. }) = command
        else {
            return Ok(());
        };
        let number = *number;
        let Some((operator, player)) = loaded.operator.zip(loaded.player) else { return Ok(()) };
        loaded.scores = Some(&self.players.get(player).scores);
        let counts = matches!(command, Command::CountFilled { .. });
        let is_waiting = loaded.scores.is_some_and(|it| it.of(filling_number(number)).is_some());
        let tournament = operator.tournaments.numbered(number);
        if let Some(tournament) = tournament.filter(|_| counts && is_waiting) {
            let added_up = self.next_of(player, tournament, store)?;
            if added_up.next.iter().any(|next| next.late.is_some()) {
                let key = RemarksKey::of(operator.number, tournament);
                loaded.remarks = self.remarks(std::iter::once(key), store)?;
            }
            loaded.added_up = Some(Box::new(added_up));
        }
        Ok(())
    }

    /// The next of a player's events that are to be added up. A void is by itself: what it takes back has to be there. So is what
    /// came late: what was remarked before has to be there.
    fn next_of(
        &self,
        player: Ordinal,
        tournament: &Tournament,
        store: &mut impl Store,
    ) -> io::Result<AddedUp> {
        let first = FilledKey::first(player, tournament.number);
        let mut from = match self.filled(&first, store)? {
            Some(Does::AddedUpTo(batch, slot)) => FilledKey { batch, slot, ..first },
            Some(_) | None => first,
        };
        let mut rows: Vec<(FilledKey, Filled)> = Vec::new();
        let mut is_all = false;
        while rows.len() <= ADDED_AT_ONCE && !is_all {
            let excerpt = self.tables.filled.excerpt(Bound::Excluded(&from), ADDED_AT_ONCE + 1);
            let Stretch { rows: more, to } = excerpt.read(self.number, store)?;
            rows.extend(more.into_iter().filter(|(key, _)| key.is_beside(&first)));
            match to.filter(|to| to.is_beside(&first)) {
                Some(to) => from = to,
                None => is_all = true,
            }
        }
        let is_alone = |(_, filled): &(FilledKey, Filled)| {
            matches!(filled.does, Does::Voids { .. }) || filled.late.is_some()
        };
        let count = match rows.iter().position(is_alone) {
            Some(0) => 1,
            Some(before) => before,
            None => rows.len(),
        };
        let count = count.min(ADDED_AT_ONCE);
        let is_last = is_all && count == rows.len();
        rows.truncate(count);
        let mut added_up = AddedUp { is_last, ..AddedUp::default() };
        for (key, Filled { does, late, .. }) in rows {
            added_up.next.push(Next { late, ..self.next(tournament, key, does, store)? });
        }
        let at = added_up.next.iter().filter_map(|next| Some(next.counted?.1));
        let days = at.filter_map(|at| super::scores::day_of(player, tournament, at));
        let mut days: Vec<_> = days.collect();
        days.sort_unstable();
        days.dedup();
        added_up.day_sums = self.sums_of_days(days.into_iter(), store)?;
        Ok(added_up)
    }

    fn next(
        &self,
        tournament: &Tournament,
        key: FilledKey,
        does: Does,
        store: &mut impl Store,
    ) -> io::Result<Next> {
        let place = |batch, slot| Place { partition: self.number, batch, slot, number: 0 };
        let nothing = Next { key, now: self.time, counted: None, wager: None, late: None };
        Ok(match does {
            Does::Counts { value, at, now } => {
                Next { now, counted: Some((Counted::In(value), at)), ..nothing }
            }
            Does::Voids { wager: (batch, slot), now } => {
                let wager = place(batch, slot);
                let counted = self.filled(&FilledKey { batch, slot, ..key }, store)?;
                let Some(Does::Counts { value, at, .. }) = counted else { return Ok(nothing) };
                let next = match tournament.decides().best() {
                    Some(is_greatest) => self
                        .best_without(key.player, key.tournament, is_greatest, wager, store)?
                        .unwrap_or_default(),
                    None => Score::default(),
                };
                let counted = Some((Counted::Out { value, next }, at));
                Next { now, counted, wager: Some(wager), ..nothing }
            }
            Does::Nothing | Does::AddedUpTo(..) => nothing,
        })
    }

    fn filled(&self, key: &FilledKey, store: &mut impl Store) -> io::Result<Option<Does>> {
        let filled = self.tables.filled.load(key, self.number, store)?;
        Ok(filled.map(|filled| filled.does))
    }

    /// Adds what a wager that is voided has counted in tournaments that were filled: its record does not say that.
    pub(super) fn add_filled(
        &self,
        operator: &Operator,
        player: Ordinal,
        wager: Place,
        scored: &mut Scored,
        store: &mut impl Store,
    ) -> io::Result<()> {
        let scores = Some(&self.players.get(player).scores);
        for tournament in operator.tournaments.filled() {
            let number = tournament.number;
            let is_known = scored.lines.iter().any(|line| line.tournament == number);
            // Of whom something was added up has a score, or what came late is counted apart.
            let settlement = tournament.settlement() + 1;
            let has_none = scores.is_none_or(|it| it.settled(number, settlement).is_none());
            let is_over = self.time >= tournament.heard_until();
            if is_known || is_over || has_none || waits(scores, tournament) {
                continue;
            }
            let Place { batch, slot, .. } = wager;
            let key = FilledKey { player, tournament: number, batch, slot };
            if let Some(Does::Counts { value, at, .. }) = self.filled(&key, store)? {
                let (delta, score, events, reached) = (Score::default(), value, 0, None);
                let tournament = number;
                scored.lines.push(ScoredLine { tournament, value, delta, score, events, reached });
                scored.at = Some(at);
            }
        }
        scored.lines.sort_by_key(|line| line.tournament);
        Ok(())
    }
}
