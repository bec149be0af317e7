//! The output topics, derived from the journal and the records behind it: nothing is stored twice.
//!
//! Values are written byte by byte, for publishers that keep up with everything that comes in. Only the
//! records that make an output are parsed again.

mod json;
mod moves;
mod scores;
mod told;
mod values;

use accolade_domain::ledger::{Place, Subject};
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::Rules;
use accolade_wire::bytes::BadFormat;
use accolade_wire::journal::{Outcomes, Recorded, StoredNotice};
use accolade_wire::notice::moved::POSITION_MOVED;
use accolade_wire::notice::scores::SCORED;
use accolade_wire::record::{Record, Slice};

use self::told::Row;
use self::values::Values;
pub(crate) use self::values::{Balance, put_balance, put_balance_key};

/// A topic that Accolade writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Wagers that count, as they came, with the version that found them eligible.
    Eligible,
    /// What each wager earned.
    Calculated,
    /// The balance after each change.
    Balances,
    /// Players who have another tier.
    Tiers,
    /// Redemptions that were made, and what became of them.
    Redemptions,
    /// Signals that were raised, and what became of points that were held.
    Signals,
    /// What counts in tournaments.
    TournamentEligible,
    /// What players have come to in tournaments.
    TournamentScores,
    /// Who has moved on leaderboards of tournaments.
    LeaderboardUpdates,
    /// Inputs that could not be processed.
    DeadLetters,
}

impl Topic {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Eligible,
        Self::Calculated,
        Self::Balances,
        Self::Tiers,
        Self::Redemptions,
        Self::Signals,
        Self::TournamentEligible,
        Self::TournamentScores,
        Self::LeaderboardUpdates,
        Self::DeadLetters,
    ];

    /// The name that it has unless another is configured.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eligible => "loyalty.eligible",
            Self::Calculated => "loyalty.calculated",
            Self::Balances => "loyalty.balances",
            Self::Tiers => "loyalty.tiers",
            Self::Redemptions => "loyalty.redemptions",
            Self::Signals => "fraud.signals",
            Self::TournamentEligible => "tournament.eligible",
            Self::TournamentScores => "tournament.scores",
            Self::LeaderboardUpdates => "leaderboard.updates",
            Self::DeadLetters => "accolade.dead-letters",
        }
    }
}

/// Which topics are wanted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted(u16);

impl Wanted {
    /// All of them.
    pub const ALL: Self = {
        let (mut all, mut at) = (Self(0), 0);
        while at < Topic::ALL.len() {
            all = all.and(Topic::ALL[at]);
            at += 1;
        }
        all
    };

    /// This one and no other.
    pub const fn only(topic: Topic) -> Self {
        Self(1 << topic as u8)
    }

    /// This one as well.
    #[must_use]
    pub const fn and(self, topic: Topic) -> Self {
        Self(self.0 | Self::only(topic).0)
    }

    /// Whether this one is.
    pub const fn has(self, topic: Topic) -> bool {
        self.0 & Self::only(topic).0 != 0
    }

    fn wants(self, recorded: &Recorded<'_>) -> bool {
        let of_outcome = match recorded.outcome {
            Outcome::Counted { .. } => self.has(Topic::Eligible) || self.has(Topic::Calculated),
            Outcome::DeadLetter { .. } => self.has(Topic::DeadLetters),
            Outcome::Recorded
            | Outcome::Refused { .. }
            | Outcome::Repeated { .. }
            | Outcome::Voided { .. }
            | Outcome::Done { .. }
            | Outcome::Declined { .. }
            | Outcome::Time { .. } => false,
        };
        of_outcome
            || self.has(Topic::Balances) && !recorded.entries.is_empty()
            || self.told(recorded).next().is_some()
            || self.scored(recorded).is_some()
            || self.moved(recorded).next().is_some()
    }

    /// The notice of scores, where topics of tournaments are wanted.
    fn scored<'r, 'a>(self, recorded: &'r Recorded<'a>) -> Option<&'r StoredNotice<'a>> {
        if !self.has(Topic::TournamentEligible) && !self.has(Topic::TournamentScores) {
            return None;
        }
        recorded.notices.iter().find(|stored| stored.notice.kind == SCORED)
    }

    /// Notices of positions, where they are wanted.
    fn moved<'r, 'a>(
        self,
        recorded: &'r Recorded<'a>,
    ) -> impl Iterator<Item = &'r StoredNotice<'a>> {
        let is_wanted = self.has(Topic::LeaderboardUpdates);
        let is_one =
            move |stored: &&StoredNotice<'_>| is_wanted && stored.notice.kind == POSITION_MOVED;
        recorded.notices.iter().filter(is_one)
    }

    /// Notices that are records of wanted topics.
    fn told<'r, 'a>(
        self,
        recorded: &'r Recorded<'a>,
    ) -> impl Iterator<Item = (&'static Row, &'r StoredNotice<'a>)> {
        recorded.notices.iter().filter_map(move |stored| {
            let row = Row::of(stored.notice.kind).filter(|row| self.has(row.topic));
            row.map(|row| (row, stored))
        })
    }
}

/// One record of an output topic. Its partition is that of its place, in every topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output<'a> {
    /// The topic.
    pub topic: Topic,
    /// The input that it is derived from.
    pub place: Place,
    /// The time of the input's batch.
    pub time: Timestamp,
    /// The operator, as far as the input names one.
    pub operator: &'a str,
    /// The record's key.
    pub key: &'a str,
    /// The record's value: one JSON object.
    pub value: &'a [u8],
}

/// Where topics show a tournament.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// Everywhere, by its id.
    As(String),
    /// Nowhere: it is a shadow, and front ends take for real what they read.
    Nowhere,
}

/// What helps where the records of a batch are not at hand any more.
pub trait Aside {
    /// The operator's id, and its own name for the player behind a subject.
    fn player(&self, partition: u16, operator: u32, subject: Subject) -> Option<(String, String)>;

    /// The tournament with a number of an operator, both as the journal has them.
    fn tournament(&self, operator: u32, number: u32) -> Option<Shown>;

    /// Reads the dead letter at `place`; says whether it is kept.
    fn dead_letter(&self, place: Place, read: &mut dyn FnMut(&Record<'_>)) -> bool;
}

/// Nothing helps.
impl Aside for () {
    fn player(&self, _: u16, _: u32, _: Subject) -> Option<(String, String)> {
        None
    }

    fn tournament(&self, _: u32, _: u32) -> Option<Shown> {
        None
    }

    fn dead_letter(&self, _: Place, _: &mut dyn FnMut(&Record<'_>)) -> bool {
        false
    }
}

/// Where topics show the tournament with a number of an operator.
pub fn tournament(rules: &Rules, operator: u32, number: u32) -> Option<Shown> {
    let tournament = rules.operator_numbered(operator)?.tournaments.numbered(number)?;
    let terms = tournament.terms();
    Some(if terms.is_shadow() { Shown::Nowhere } else { Shown::As(terms.id.clone()) })
}

/// Derives the wanted outputs of a batch, in the order of its records, and returns how many records
/// have some that cannot be derived because `records` is `None` and `aside` does not know.
///
/// The same batch always gives the same outputs, with or without its records.
pub fn outputs_of(
    journal: &Slice<'_>,
    records: Option<&Slice<'_>>,
    wanted: Wanted,
    aside: &dyn Aside,
    each: &mut dyn FnMut(Output<'_>),
) -> Result<u32, BadFormat> {
    const MISMATCH: BadFormat = BadFormat::Invalid("slice of the same batch");
    let is_same = |records: &Slice<'_>| {
        (records.partition, records.batch, records.count)
            == (journal.partition, journal.batch, journal.count)
    };
    if !records.is_none_or(is_same) {
        return Err(MISMATCH);
    }
    let mut records = records.map(Slice::records);
    let mut values = Values::default();
    let mut missing = 0;
    for recorded in Outcomes::read(journal)? {
        let recorded = recorded?;
        let record = match &mut records {
            Some(records) if recorded.place.slot > 0 => Some(records.next().ok_or(MISMATCH)??),
            Some(_) | None => None,
        };
        if !wanted.wants(&recorded) {
            continue;
        }
        let is_whole = match record {
            Some(record) => values.of_record(&record, &recorded, wanted, aside, each),
            None => values.of_journal(&recorded, wanted, aside, each),
        };
        missing += u32::from(!is_whole);
    }
    Ok(missing)
}
