//! An index over tournaments by what their conditions ask of an event, so that it costs only those in which it could
//! count.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::event::{GameEvent, Wager};
use accolade_domain::query::row::{Column, Source};
use accolade_domain::time::Timestamp;

use super::Tournament;

/// What a condition is indexed by, the first that it has: what fewest events have in common comes first.
const COLUMNS: [Column; 5] = [
    Column::GameId,
    Column::EventType,
    Column::GameCategory,
    Column::PlayerSegment,
    Column::Jurisdiction,
];

/// Tournaments of an operator, by source and by texts of which an event must have one.
#[derive(Debug, Default)]
pub struct Candidates {
    wagers: Index,
    game_events: Index,
    caps_periods: bool,
}

#[derive(Debug, Default)]
struct Index {
    by_text: [BTreeMap<Box<str>, Vec<Candidate>>; COLUMNS.len()],
    others: Vec<Candidate>,
}

/// One in which an event could count.
#[derive(Debug)]
pub struct Candidate {
    /// Which one.
    pub tournament: Arc<Tournament>,
    /// What an event counts is the same in all that have this number; they come one after the other.
    pub alike: u32,
}

/// What an event says of each of the columns.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'e> {
    source: Source,
    texts: [Option<&'e str>; COLUMNS.len()],
}

impl<'e> Asked<'e> {
    /// What a wager says.
    pub fn of_wager(wager: &'e Wager<'_>) -> Self {
        let (game, category) = (Some(&*wager.game_id), Some(&*wager.game_category));
        let (segment, jurisdiction) = (wager.segment.as_deref(), Some(&*wager.jurisdiction));
        Self { source: Source::Wagers, texts: [game, None, category, segment, jurisdiction] }
    }

    /// What a game event says.
    pub fn of_game(event: &'e GameEvent<'_>) -> Self {
        let (game, kind) = (Some(&*event.game_id), Some(&*event.event_type));
        Self { source: Source::GameEvents, texts: [game, kind, None, None, None] }
    }
}

impl Candidates {
    pub(super) fn of<'t>(all: impl Iterator<Item = &'t Arc<Tournament>>) -> Self {
        let (mut made, mut alike) = (Self::default(), BTreeMap::<_, Vec<_>>::new());
        for tournament in all {
            made.caps_periods |= !tournament.decides().period_caps.is_none();
            let terms = tournament.terms();
            let counts = (&*terms.query, &*terms.zone, terms.cap);
            alike.entry(counts).or_default().push(tournament);
        }
        for (number, tournaments) in (0..).zip(alike.into_values()) {
            for tournament in tournaments {
                let index = match tournament.decides().query.source {
                    Source::Wagers => &mut made.wagers,
                    Source::GameEvents => &mut made.game_events,
                };
                index.add(tournament, number);
            }
        }
        made
    }

    /// Whether any caps hours or days.
    pub const fn caps_periods(&self) -> bool {
        self.caps_periods
    }

    /// Gives each in which an event of `at` that is decided at `now` could count.
    pub fn each_of_event<'t>(
        &'t self,
        asked: &Asked<'_>,
        at: Timestamp,
        now: Timestamp,
        give: impl FnMut(&'t Candidate),
    ) {
        self.each(asked, |tournament| tournament.decides().is_open(at, now), give);
    }

    /// Gives each of those that an event could be about and `is_it` says.
    pub(super) fn each<'t>(
        &'t self,
        asked: &Asked<'_>,
        is_it: impl Fn(&Tournament) -> bool,
        mut give: impl FnMut(&'t Candidate),
    ) {
        let index = match asked.source {
            Source::Wagers => &self.wagers,
            Source::GameEvents => &self.game_events,
        };
        let by_text = index.by_text.iter().zip(asked.texts);
        let indexed = by_text.filter_map(|(by_text, text)| by_text.get(text?));
        for candidate in indexed.flatten().chain(&index.others) {
            if is_it(&candidate.tournament) {
                give(candidate);
            }
        }
    }
}

impl Index {
    fn add(&mut self, tournament: &Arc<Tournament>, alike: u32) {
        let candidate = || Candidate { tournament: Arc::clone(tournament), alike };
        let condition = tournament.decides().query.condition.as_ref();
        for (column, by_text) in COLUMNS.iter().zip(&mut self.by_text) {
            if let Some(mut texts) = condition.and_then(|condition| condition.texts_of(*column)) {
                texts.sort_unstable();
                texts.dedup();
                for text in texts {
                    by_text.entry(text.into()).or_default().push(candidate());
                }
                return;
            }
        }
        self.others.push(candidate());
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use accolade_domain::amount::Amount;
    use accolade_domain::query::row::Row;
    use accolade_domain::ranking::Score;
    use accolade_domain::time::ZoneOffsets;
    use accolade_domain::tournament::SCORE_ONE;
    use accolade_wire::tournament::{Stage, TournamentTerms};

    use super::*;
    use crate::rules::{Said, Since};

    const CONDITIONS: [&str; 9] = [
        "wagers WHERE gameId IN ('g1', 'g2') AND wagerAmount >= 1",
        "wagers WHERE 'g1' = gameId",
        "wagers WHERE gameCategory = 'slots' AND playerSegment = 'VIP'",
        "wagers WHERE playerSegment IN ('VIP', NULL)",
        "wagers WHERE jurisdiction <> 'Malta'",
        "wagers WHERE gameId = 'g1' OR gameCategory = 'slots'",
        "wagers WHERE LOWER(gameId) = 'g1'",
        "wagers",
        "game_events WHERE eventType = 'player_score' AND gameId = 'g1'",
    ];

    fn tournament(number: u32, of: &str) -> Arc<Tournament> {
        scored(number, &format!("COUNT(*) FROM {of}"), |_| ())
    }

    fn scored(
        number: u32,
        score: &str,
        change: impl FnOnce(&mut TournamentTerms),
    ) -> Arc<Tournament> {
        let mut terms = TournamentTerms {
            name: "it".into(),
            query: format!("SELECT playerId, {score} GROUP BY playerId"),
            starts: 10,
            ends: 20,
            grace_seconds: 1,
            stage: Stage::Scheduled,
            who: "who".into(),
            ..TournamentTerms::draft("house", format!("it-{number}"))
        };
        change(&mut terms);
        let since = Since { control: 1, time: Timestamp::default() };
        let said = vec![Said { terms: Arc::new(terms), since }];
        Arc::new(Tournament::of(number, said).expect("something was said"))
    }

    fn wager<'a>(game: &'a str, category: &'a str, segment: Option<&'a str>) -> Wager<'a> {
        Wager {
            wager_id: "w".into(),
            player_id: "p".into(),
            operator_id: "house".into(),
            game_id: game.into(),
            game_category: category.into(),
            stake: Amount::parse("5").expect("an amount"),
            win: None,
            currency: "EUR".into(),
            segment: segment.map(Cow::Borrowed),
            jurisdiction: "Malta".into(),
            gaming_system: None,
            sequence: None,
            at: Timestamp::from_micros(15),
        }
    }

    /// In the order of their numbers.
    fn found(it: &Candidates, asked: &Asked<'_>, at: Timestamp, now: Timestamp) -> Vec<u32> {
        let mut found = Vec::new();
        it.each_of_event(asked, at, now, |candidate| found.push(candidate.tournament.number));
        found.sort_unstable();
        found
    }

    #[test]
    fn whatever_counts_an_event_is_among_those_that_could() {
        let all: Vec<_> =
            (1..).zip(CONDITIONS).map(|(number, it)| tournament(number, it)).collect();
        let candidates = Candidates::of(all.iter());
        let zone = ZoneOffsets::default();
        let mut found_any = [false; CONDITIONS.len()];
        for game in ["g1", "g2", "G1", "g3", ""] {
            for category in ["slots", "cards"] {
                for segment in [None, Some("VIP"), Some("vip")] {
                    let wager = wager(game, category, segment);
                    let row = Row::of_wager(&wager, accolade_domain::amount::Rate::ONE, &zone);
                    let asked = Asked::of_wager(&wager);
                    let found = found(&candidates, &asked, wager.at, wager.at);
                    assert!(found.is_sorted_by(|one, next| one < next), "{found:?}");
                    for it in &all[..8] {
                        let counts = it.decides().value(&row).is_some();
                        let number = it.number;
                        found_any[number as usize - 1] |= counts;
                        assert!(!counts || found.contains(&number), "{number}: {wager:?}");
                    }
                }
            }
        }
        assert_eq!(found_any[..8], [true, true, true, true, false, true, true, true]);
    }

    #[test]
    fn those_that_count_alike_come_one_after_the_other() {
        let all: Vec<_> = (1..)
            .zip(CONDITIONS.iter().cycle().take(3 * CONDITIONS.len()))
            .map(|(number, it)| tournament(number, it))
            .collect();
        let candidates = Candidates::of(all.iter());
        let wager = wager("g1", "slots", Some("VIP"));
        let mut found = Vec::new();
        candidates.each_of_event(&Asked::of_wager(&wager), wager.at, wager.at, |candidate| {
            found.push((candidate.alike, &*candidate.tournament.terms().query));
        });
        assert_eq!(found.len(), 3 * 8);
        found.dedup();
        assert_eq!(found.len(), 8);
        let mut numbers: Vec<_> = found.iter().map(|(alike, _)| alike).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 8, "no number is of two queries");
    }

    #[test]
    fn what_an_event_counts_is_the_same_in_all_that_count_alike() {
        let early = "SUM(CASE WHEN EXTRACT(hour FROM timestamp) < 1 THEN wagerAmount ELSE 2 END) FROM wagers";
        let all = [
            scored(1, early, |_| ()),
            scored(2, early, |terms| terms.zone = vec![(0, 7_200)]),
            scored(3, early, |terms| terms.cap = Some(3 * SCORE_ONE)),
            scored(4, early, |terms| terms.ends = 30),
        ];
        let candidates = Candidates::of(all.iter());
        let wager = wager("g1", "slots", None);
        let mut counted = BTreeMap::<u32, Vec<Option<Score>>>::new();
        candidates.each_of_event(&Asked::of_wager(&wager), wager.at, wager.at, |candidate| {
            let decides = candidate.tournament.decides();
            let rate = accolade_domain::amount::Rate::ONE;
            let value = decides.value(&Row::of_wager(&wager, rate, &decides.zone));
            counted.entry(candidate.alike).or_default().push(value);
        });
        let mut counted: Vec<_> = counted.into_values().collect();
        counted.sort();
        let [two, three, five] = [2, 3, 5].map(|stake| Some(Score(stake * SCORE_ONE)));
        assert_eq!(counted, [vec![two], vec![three], vec![five, five]]);
    }

    #[test]
    fn an_event_is_asked_of_few() {
        let all: Vec<_> =
            (1..).zip(CONDITIONS).map(|(number, it)| tournament(number, it)).collect();
        let candidates = Candidates::of(all.iter());
        let wager = wager("g9", "cards", None);
        let of = |at: i64, now: i64| {
            let (at, now) = (Timestamp::from_micros(at), Timestamp::from_micros(now));
            found(&candidates, &Asked::of_wager(&wager), at, now)
        };
        assert_eq!(of(15, 15), [5, 6, 7, 8]);
        assert_eq!(of(9, 15), [0; 0], "before the start");
        assert_eq!(of(20, 20), [0; 0], "at the end");
        assert_eq!(of(19, 1_000_019), [5, 6, 7, 8], "within the grace");
        assert_eq!(of(19, 1_000_020), [0; 0], "after it");
    }
}
