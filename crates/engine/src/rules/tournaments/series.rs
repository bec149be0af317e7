//! Tournaments that come again: which occurrences of a series are still to be made, and what each is.
//!
//! A series is never changed by what comes of it. What was made of it are the tournaments that name it, so whoever looks
//! comes to the same, and makes nothing twice: an occurrence is called by the day of the calendar that it is of.

use std::sync::Arc;

use accolade_domain::civil::Date;
use accolade_domain::outcome::Declined;
use accolade_domain::time::{DAY_MICROS, Timestamp, ZoneOffsets};
use accolade_domain::tournament::occurrences::Recurrence;
use accolade_wire::tournament::{SeriesTerms, Stage, TournamentTerms};

use super::{ID_BYTES_MAX, LASTS_MICROS_MAX, Tournament, Tournaments};

/// An occurrence is made so long before it begins.
pub const AHEAD_MICROS: i64 = 2 * DAY_MICROS;
/// Most times that all series of an operator take place on one day.
pub const TIMES_A_DAY_MAX: u32 = 100;
/// Greatest length of a series' id: what the ids of occurrences add has room beside it.
pub const SERIES_ID_BYTES_MAX: usize = ID_BYTES_MAX - "-2030-12-31-2359".len();
/// So many of the occurrences that were made last are looked at to see until when the series is taken.
const LOOKED_AT: usize = 100;

/// An occurrence that was not made yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coming {
    /// What it will be called.
    pub id: String,
    /// Its first moment.
    pub starts: Timestamp,
    /// The first moment after it.
    pub ends: Timestamp,
}

impl Tournaments {
    /// Series that take place, oldest first.
    pub fn series(&self) -> impl Iterator<Item = &Arc<Tournament>> {
        self.series.iter().filter_map(|number| self.all.get(number))
    }

    /// What was made of the series with a number, oldest first.
    pub fn occurrences(&self, series: u32) -> impl DoubleEndedIterator<Item = &Arc<Tournament>> {
        let made = self.occurrences.range((series, 0)..=(series, u32::MAX));
        made.filter_map(|(_, number)| self.all.get(number))
    }

    /// What comes of a series that was not made and begins after a moment, in order. `number` is the series', or 0 for one
    /// that is not there; `zone` has the offsets of its zone.
    ///
    /// No occurrence begins before all that were made have ended, however the series was changed since. One whose id stands
    /// for another tournament is left out, and so is one that was cancelled.
    pub fn coming<'t>(
        &'t self,
        number: u32,
        terms: &'t TournamentTerms,
        zone: &'t ZoneOffsets,
        after: Timestamp,
    ) -> impl Iterator<Item = Coming> + 't {
        let recurrence = terms.recurs.as_ref().and_then(|recurs| recurs.recurrence().ok());
        let made = self.occurrences(number).rev().take(LOOKED_AT).filter(|it| !it.is_cancelled());
        let taken_until = made.map(|it| Timestamp::from_micros(it.terms().ends)).max();
        let mut after = taken_until.map_or(after, |until| after.max(until.plus_micros(-1)));
        let all = std::iter::from_fn(move || {
            let coming = Coming::next(recurrence.as_ref()?, &terms.id, after, zone)?;
            after = coming.starts;
            Some(coming)
        });
        all.filter(move |coming| self.is_free(&coming.id, number))
    }

    /// Whether an occurrence of a series can have an id.
    fn is_free(&self, id: &str, series: u32) -> bool {
        self.get(id).is_none_or(|known| known.is_cancelled() && !known.is_of(series))
    }

    /// Declines an occurrence of a series that is another by now, or none any more, and one that was there before.
    pub(super) fn check_occurrence(&self, id: &str, of: SeriesTerms) -> Result<(), Declined> {
        let series = self.numbered(of.number).filter(|series| series.is_series());
        let series = series.ok_or(Declined::Malformed)?;
        let is_as_it_was = series.is_scheduled() && series.edited_from() == of.said;
        if is_as_it_was && self.is_free(id, of.number) { Ok(()) } else { Err(Declined::Stale) }
    }

    /// How often all series but one take place on a day.
    pub fn times_a_day_beside(&self, number: u32) -> u32 {
        let others = self.series().filter(|series| series.number != number);
        others.map(|series| times_a_day(series.terms())).fold(0, u32::saturating_add)
    }
}

impl Tournament {
    /// Whether it is a series: nothing counts in it, and each of its occurrences is a tournament.
    pub fn is_series(&self) -> bool {
        self.terms().recurs.is_some()
    }

    /// Whether it is an occurrence of the series with a number.
    fn is_of(&self, series: u32) -> bool {
        self.terms().series.is_some_and(|of| of.number == series)
    }

    /// What an occurrence is that comes of this series, as `who` makes it.
    pub fn occurrence(&self, coming: &Coming, zone: &ZoneOffsets, who: &str) -> TournamentTerms {
        let Coming { id, starts, ends } = coming;
        let within = zone.within(*starts, *ends).0.into_iter();
        TournamentTerms {
            id: id.clone(),
            edited_from: 0,
            starts: starts.micros(),
            ends: ends.micros(),
            zone: within.map(|(from, offset)| (from.micros(), offset)).collect(),
            recurs: None,
            series: Some(SeriesTerms { number: self.number, said: self.edited_from() }),
            stage: Stage::Scheduled,
            why: String::new(),
            who: who.to_owned(),
            ..(**self.terms()).clone()
        }
    }
}

/// How often a tournament takes place on a day on which it does; 0 for one that is no series.
pub fn times_a_day(terms: &TournamentTerms) -> u32 {
    let recurrence = terms.recurs.as_ref().and_then(|recurs| recurs.recurrence().ok());
    recurrence.map_or(0, |recurrence| recurrence.begins.times_a_day())
}

impl Coming {
    /// From when on it is to be made.
    pub const fn due(&self) -> Timestamp {
        self.starts.plus_micros(-AHEAD_MICROS)
    }

    fn next(
        recurrence: &Recurrence,
        series: &str,
        after: Timestamp,
        zone: &ZoneOffsets,
    ) -> Option<Self> {
        let next = recurrence.next_after(after, zone)?;
        let date = Date::of(next.shown.day);
        let (year, month, day) = (date.year(), date.month(), date.day_of_month());
        let mut id = format!("{series}-{year:04}-{month:02}-{day:02}");
        if recurrence.begins.times_a_day() > 1 {
            let minute = next.shown.minute();
            id = format!("{id}-{:02}{:02}", minute.div_euclid(60), minute.rem_euclid(60));
        }
        let ends = next.ends.min(next.starts.plus_micros(LASTS_MICROS_MAX));
        Some(Self { id, starts: next.starts, ends })
    }
}
