//! What is said of a tournament.

pub mod cron;
pub mod exact;
pub mod form;
pub mod prizes;
pub mod recurrence;
pub mod results;
pub mod templates;

use accolade_domain::ranking::{Score, Ties};
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_domain::tournament::capped::PeriodCaps;
use accolade_domain::tournament::{Tournament, VALUE_MAX};
use serde::{Deserialize, Serialize};

use self::prizes::{PrizeTerms, ThingTerms, WinTerms, prizes};
use self::recurrence::RecurrenceTerms;
use crate::query::compile_query;

/// A tournament: which events count, how and when, and how its leaderboard is shown. Whoever changes anything of it
/// says all of it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct TournamentTerms {
    /// The operator.
    pub operator: String,
    /// Its id, the operator's own or made at the edge.
    pub id: String,
    /// Whether it is played for, or computed beside another system's.
    #[serde(default, skip_serializing_if = "Mode::is_live")]
    pub mode: Mode,
    /// How often it was said before; 0 for a new one.
    pub edited_from: u32,
    /// What players call it.
    pub name: String,
    /// What there is to say about it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The statement that says which events count, and how, as it is printed.
    pub query: String,
    /// The first moment of which events count, in microseconds since 1970; 0 for a series.
    pub starts: i64,
    /// The first moment of which they do not any more; 0 for a series.
    pub ends: i64,
    /// For so many seconds after the end events from before it still count.
    pub grace_seconds: u32,
    /// The name of the zone of days and hours in the query.
    pub timezone: String,
    /// The zone's offsets in seconds, each with the moment from which it holds in microseconds since 1970; none for a
    /// series.
    pub zone: Vec<(i64, i32)>,
    /// When it takes place again and again, which makes it a series: nothing counts in it, and each of its occurrences
    /// is a tournament.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurs: Option<RecurrenceTerms>,
    /// Of which series it is an occurrence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesTerms>,
    /// The most that one event counts, in 10^-18.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "whole_number")]
    pub cap: Option<i128>,
    /// The most that a player's events of one hour of the zone count, in 10^-18.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "whole_number")]
    pub cap_per_hour: Option<i128>,
    /// The most that a player's events of one day of the zone count, in 10^-18.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "whole_number")]
    pub cap_per_day: Option<i128>,
    /// Who is ahead where scores are equal.
    pub ties: TiesBy,
    /// With fewer events a player has no position.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub events_min: u32,
    /// So many positions are shown to players.
    pub public_positions: u32,
    /// Players see each other's names masked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub masked: bool,
    /// How often those who watch its leaderboard are told what has changed.
    #[serde(default, skip_serializing_if = "Cadence::is_real_time")]
    pub cadence: Cadence,
    /// What there is to win.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prizes: Vec<PrizeTerms>,
    /// A person has to approve of the results before prizes are paid.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub approval: bool,
    /// Whoever asks sees the public positions, with all names masked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public: bool,
    /// Only events of players count who have opted in before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub opt_in: bool,
    /// So many players can take part, of those who opt in; as many as want to without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participants_max: Option<u32>,
    /// How far it has come.
    pub stage: Stage,
    /// How far what was played before it was scheduled has been counted; nothing where it began later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fill: Option<Fill>,
    /// What it came to, once that is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<ResultsTerms>,
    /// That it is settled again, with what came late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again: Option<Box<AgainTerms>>,
    /// Why it was changed, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// Who said so.
    pub who: String,
}

/// What comes of what is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Mode {
    /// Players see it, and its prizes are paid.
    #[default]
    Live,
    /// It is shown to staff alone, and nothing of it is paid.
    Shadow,
}

/// Of which series a tournament is an occurrence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SeriesTerms {
    /// The series' number among the operator's tournaments.
    pub number: u32,
    /// How often the series had been said when the occurrence was made of it.
    pub said: u32,
}

/// That a tournament is settled again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgainTerms {
    /// How often it has been, this time included.
    pub times: u32,
    /// What players have been paid of it and do not win any more is taken back, as far as they still have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_back: bool,
    /// What names the request that asked for it.
    pub request: String,
}

/// Who is ahead where scores are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TiesBy {
    /// Whoever reached the score first.
    #[default]
    First,
    /// Whoever scored with more events.
    MostEvents,
    /// Whoever scored with fewer events.
    FewestEvents,
    /// Nobody: they share a position.
    Shared,
}

/// How often those who watch a leaderboard are told what has changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cadence {
    /// As often as a node looks.
    #[default]
    #[serde(rename = "realTime")]
    RealTime,
    /// Every ten seconds.
    #[serde(rename = "10s")]
    TenSeconds,
    /// Every minute.
    #[serde(rename = "1m")]
    Minute,
}

/// How far a tournament has come by what people have said; the rest follows from time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Stage {
    /// Nothing counts, and everything can be changed.
    Draft,
    /// It begins when it is time.
    Scheduled,
    /// It does not take place, or not any more, and is never changed again.
    Cancelled,
    /// Nothing counts any more, and its positions are fixed.
    Settled,
    /// A person has approved of that.
    Approved,
    /// Every prize has come to its player's partition.
    Paid,
    /// A person has asked to settle it again, with what came late: its positions are others from here on, which are yet to
    /// be fixed.
    Resettling,
}

/// How far a tournament is filled that began before it was scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Fill {
    /// What was played before is read, and told to the players' partitions. Where this comes in a partition, and from there on,
    /// what counts waits.
    Reading,
    /// All of it was told, and is added up, player by player; whoever has nothing that waits scores at once.
    Counting,
    /// Nothing waits any more.
    Done,
}

/// What a tournament came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResultsTerms {
    /// How many players have a position.
    pub players: u64,
    /// How many of them, from the first on, the results name.
    pub lines: u32,
    /// The points that are won, in hundredths.
    pub points: i64,
    /// How many things are.
    pub things: u32,
    /// How many players were named before, when it was settled last, and have none of these places.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub former: u32,
    /// The hash of the results document, 64 hexadecimal figures.
    pub hash: String,
}

impl Stage {
    /// Whether the tournament takes place, or has taken place.
    pub const fn takes_place(self) -> bool {
        match self {
            Self::Scheduled | Self::Settled | Self::Approved | Self::Paid | Self::Resettling => {
                true
            }
            Self::Draft | Self::Cancelled => false,
        }
    }

    /// Whether positions were fixed.
    pub const fn is_settled(self) -> bool {
        match self {
            Self::Settled | Self::Approved | Self::Paid | Self::Resettling => true,
            Self::Draft | Self::Scheduled | Self::Cancelled => false,
        }
    }
}

impl TiesBy {
    /// The names of all.
    pub const NAMES: [&str; 4] = ["first", "mostEvents", "fewestEvents", "shared"];
    const ALL: [Self; 4] = [Self::First, Self::MostEvents, Self::FewestEvents, Self::Shared];

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|other| *other == name)?;
        Self::ALL.get(at).copied()
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::MostEvents => "mostEvents",
            Self::FewestEvents => "fewestEvents",
            Self::Shared => "shared",
        }
    }

    const fn ties(self) -> Ties {
        match self {
            Self::First => Ties::First,
            Self::MostEvents => Ties::MostEvents,
            Self::FewestEvents => Ties::FewestEvents,
            Self::Shared => Ties::Shared,
        }
    }
}

impl Mode {
    /// The names of all.
    pub const NAMES: [&str; 2] = ["live", "shadow"];

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Live, Self::Shadow].into_iter().find(|mode| mode.name() == name)
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Shadow => "shadow",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this")]
    const fn is_live(&self) -> bool {
        matches!(self, Self::Live)
    }
}

impl Cadence {
    /// The names of all.
    pub const NAMES: [&str; 3] = ["realTime", "10s", "1m"];
    const ALL: [Self; 3] = [Self::RealTime, Self::TenSeconds, Self::Minute];

    /// The one of a name.
    pub fn named(name: &str) -> Option<Self> {
        let at = Self::NAMES.iter().position(|other| *other == name)?;
        Self::ALL.get(at).copied()
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::RealTime => "realTime",
            Self::TenSeconds => "10s",
            Self::Minute => "1m",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this")]
    const fn is_real_time(&self) -> bool {
        matches!(self, Self::RealTime)
    }
}

impl TournamentTerms {
    /// A new one of which nothing is said but whose it is: a draft without a name, a query, a window or prizes.
    pub fn draft(operator: impl Into<String>, id: impl Into<String>) -> Self {
        Self {
            operator: operator.into(),
            id: id.into(),
            mode: Mode::default(),
            edited_from: 0,
            name: String::new(),
            description: String::new(),
            query: String::new(),
            starts: 0,
            ends: 0,
            grace_seconds: 0,
            timezone: "UTC".to_owned(),
            zone: Vec::new(),
            recurs: None,
            series: None,
            cap: None,
            cap_per_hour: None,
            cap_per_day: None,
            ties: TiesBy::First,
            events_min: 0,
            public_positions: 0,
            masked: false,
            cadence: Cadence::default(),
            prizes: Vec::new(),
            approval: false,
            public: false,
            opt_in: false,
            participants_max: None,
            stage: Stage::Draft,
            fill: None,
            results: None,
            again: None,
            why: String::new(),
            who: String::new(),
        }
    }

    /// From when on nothing counts in it any more.
    pub const fn closes(&self) -> Timestamp {
        Timestamp::from_micros(self.ends).plus_micros(self.grace_micros())
    }

    /// Whether what was played before it was scheduled has yet to be counted, or some of it.
    pub const fn is_filling(&self) -> bool {
        matches!(self.fill, Some(Fill::Reading | Fill::Counting))
    }

    /// Whether it is shown to staff alone, and nothing of it is paid.
    pub const fn is_shadow(&self) -> bool {
        matches!(self.mode, Mode::Shadow)
    }

    /// Whether a person has to approve of the results: where nothing is paid there is nothing to approve of.
    pub const fn needs_approval(&self) -> bool {
        self.approval && !self.is_shadow()
    }

    /// How often it was settled again, or is being.
    pub fn settlement(&self) -> u32 {
        self.again.as_ref().map_or(0, |again| again.times)
    }

    /// The thing that is one of the prizes, by its number from 0; nothing where that is points.
    pub fn thing(&self, prize: u8) -> Option<&ThingTerms> {
        match &self.prizes.get(usize::from(prize))?.win {
            WinTerms::Thing(thing) => Some(thing),
            WinTerms::Points(_) | WinTerms::Pool(_) => None,
        }
    }

    const fn grace_micros(&self) -> i64 {
        self.grace_seconds as i64 * 1_000_000
    }

    /// What decides about it; nothing where that is no tournament.
    pub fn tournament(&self) -> Option<Tournament> {
        let query = compile_query(&self.query).ok()?;
        let scoring = query.scoring.clone()?;
        let [starts, ends] = [self.starts, self.ends].map(Timestamp::from_micros);
        let caps = [self.cap, self.cap_per_hour, self.cap_per_day].map(|cap| cap.map(Score));
        let is_cap = |cap: &Score| Score::default() < *cap && *cap <= VALUE_MAX;
        let are_caps = caps.iter().flatten().all(is_cap);
        let has_seats = self.participants_max.is_none_or(|most| most > 0 && self.opt_in);
        let is_whole = has_seats && prizes(&self.prizes).is_ok();
        let is_when = match &self.recurs {
            None => starts < ends,
            Some(recurs) => {
                let is_nothing_else = self.zone.is_empty() && self.series.is_none();
                (self.starts, self.ends) == (0, 0) && is_nothing_else && recurs.recurrence().is_ok()
            }
        };
        if !is_when || !are_caps || !is_whole {
            return None;
        }
        let [cap, hour, day] = caps;
        let zone = self.zone.iter().map(|(from, offset)| (Timestamp::from_micros(*from), *offset));
        let tournament = Tournament {
            query,
            scoring,
            starts,
            ends,
            grace_micros: self.grace_micros(),
            zone: ZoneOffsets(zone.collect()),
            cap,
            period_caps: PeriodCaps { hour, day },
            ties: self.ties.ties(),
            events_min: self.events_min.into(),
            opt_in: self.opt_in,
        };
        let caps_fit = tournament.period_caps.is_none() || tournament.may_cap_periods();
        caps_fit.then_some(tournament)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// As a text, since readers of JSON take a number for a float.
mod whole_number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[expect(clippy::ref_option, reason = "serde asks for this")]
    pub(super) fn serialize<S: Serializer>(
        number: &Option<i128>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        number.map(|number| number.to_string()).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Option<i128>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| text.parse().map_err(de::Error::custom)).transpose()
    }
}
