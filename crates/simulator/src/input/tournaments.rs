//! Tournaments as an operator says them: queries as trees, written as SQL and evaluated by hand, and what there is to win.

use super::{ModelCondition, ModelData, ModelGame, ModelRow, ModelTerm, ModelZone};
use crate::digits::{Digits, ModelRounding};

/// One, in the units of a score: 10^-18.
pub const SCORE_ONE: i128 = 1_000_000_000_000_000_000;

/// A tournament, as somebody says it. Scores are in 10^-18.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTournament {
    /// Its id.
    pub id: String,
    /// How often it was said before.
    pub edited_from: u32,
    /// What players call it.
    pub name: String,
    /// Which events count, and how.
    pub query: ModelQuery,
    /// The first moment of which events count.
    pub starts: i64,
    /// The first moment of which they do not any more.
    pub ends: i64,
    /// For so many seconds after the end events from before it still count.
    pub grace_seconds: u32,
    /// The zone of days and hours in the query.
    pub zone: ModelZone,
    /// The most that one event counts.
    pub cap: Option<i128>,
    /// Who is ahead where scores are equal.
    pub ties: ModelTies,
    /// With fewer events a player has no position.
    pub events_min: u32,
    /// So many positions are shown.
    pub public_positions: u32,
    /// What there is to win; of several that are for a place it is the first.
    pub prizes: Vec<ModelPrize>,
    /// A person has to approve before anything is paid.
    pub approval: bool,
    /// How far it has come.
    pub stage: ModelStage,
    /// How far what was played before it was scheduled has been counted; nothing where it began later.
    pub fill: Option<ModelFill>,
    /// What it came to.
    pub results: Option<ModelResults>,
    /// How it is settled again, where it is.
    pub again: Option<ModelAgain>,
}

/// How a tournament is settled again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the control record, by name")]
pub struct ModelAgain {
    pub times: u32,
    pub takes_back: bool,
    pub request: String,
}

/// Who is ahead where scores are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the control record")]
pub enum ModelTies {
    First,
    MostEvents,
    FewestEvents,
    Shared,
}

/// How far a tournament has come by what was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the control record")]
pub enum ModelStage {
    Draft,
    Scheduled,
    Cancelled,
    Settled,
    Approved,
    Paid,
    Resettling,
}

/// How far a tournament is filled that had begun before it was scheduled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the control record")]
pub enum ModelFill {
    Reading,
    Counting,
    Done,
}

/// What a tournament came to, as its control record says it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the control record, by name")]
pub struct ModelResults {
    pub players: u64,
    pub lines: u32,
    pub points: i64,
    pub things: u32,
    pub former: u32,
    pub hash: String,
}

/// What some places win.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelPrize {
    /// Which.
    pub places: ModelPlaces,
    /// What.
    pub win: ModelWin,
}

/// Some places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelPlaces {
    /// From one to another.
    Range(u32, u32),
    /// So many hundredths of a percent of those who have a position, at least one.
    Top(u16),
}

/// What is won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelWin {
    /// So many points each.
    Points(i64),
    /// So many points together.
    Pool(i64),
    /// A thing that is no points.
    Thing,
}

/// What is made of the values of a player's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModelAggregate {
    Sum,
    Greatest,
    Least,
    Count,
    Average,
}

impl ModelAggregate {
    /// All of them, in the order in which they are counted.
    pub const ALL: [Self; 5] = [Self::Sum, Self::Greatest, Self::Least, Self::Count, Self::Average];

    const fn sql(self) -> &'static str {
        match self {
            Self::Sum => "SUM",
            Self::Greatest => "MAX",
            Self::Least => "MIN",
            Self::Count => "COUNT",
            Self::Average => "AVG",
        }
    }
}

/// What a tournament counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelQuery {
    /// What is made of the values.
    pub aggregate: ModelAggregate,
    /// Of which events, and what each of them is worth.
    pub of: ModelOf,
}

/// The events that are looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelOf {
    /// Wagers, each worth something, those of which a condition is true.
    Wagers(ModelWorth, Option<ModelCondition>),
    /// Game events, each worth the score in its data times a whole number, those of which a condition is true.
    Games(i64, ModelGames),
}

/// What a wager is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelWorth {
    /// A term, times so many hundredths, less so many hundredths.
    Line(ModelTerm, u64, u64),
    /// Nothing is asked of it: `COUNT(*)`.
    Each,
}

/// What is asked of game events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelGames {
    /// Their type is one of these; any, where there are none.
    pub types: Vec<String>,
    /// Their game is not this one.
    pub not_game: Option<String>,
    /// Their score is at least so many hundredths.
    pub least: Option<u64>,
    /// What is counted where there is no score, in whole ones.
    pub without: Option<i64>,
    /// Where a clock in the tournament's zone shows less than this.
    pub before: Option<i64>,
}

impl ModelQuery {
    /// The statement.
    pub fn sql(&self) -> String {
        let aggregate = self.aggregate.sql();
        let (value, source, condition) = match &self.of {
            ModelOf::Wagers(worth, condition) => {
                (worth.sql(), "wagers", condition.as_ref().map(ModelCondition::sql))
            }
            ModelOf::Games(times, games) => {
                let condition = games.conditions();
                let condition = (!condition.is_empty()).then(|| condition.join(" AND "));
                (games.value(*times, self.aggregate), "game_events", condition)
            }
        };
        let condition = condition.map_or(String::new(), |it| format!(" WHERE {it}"));
        format!("SELECT playerId, {aggregate}({value}) FROM {source}{condition} GROUP BY playerId")
    }

    /// What a wager counts before any cap; nothing where it does not count.
    pub fn of_wager(&self, row: ModelRow<'_>) -> Option<i128> {
        let ModelOf::Wagers(worth, condition) = &self.of else { return None };
        if condition.as_ref().is_some_and(|condition| condition.holds(row) != Some(true)) {
            return None;
        }
        match worth {
            ModelWorth::Each => Some(SCORE_ONE),
            ModelWorth::Line(term, ..) if self.aggregate == ModelAggregate::Count => {
                term.value(row).map(|_| SCORE_ONE)
            }
            ModelWorth::Line(term, times, less) => {
                // 26 decimals of money and two of the factor.
                let money = term.value(row)?.times(&Digits::of((*times).into()));
                let less = Digits::of((*less).into()).shifted_up(26);
                let (magnitude, is_below) = money.less(&less);
                let units = magnitude.shifted_down(10, ModelRounding::HalfUp).value()?;
                let units = i128::try_from(units).ok()?;
                Some(if is_below { -units } else { units })
            }
        }
    }

    /// The same of a game event.
    pub fn of_game(&self, game: &ModelGame, zone: &ModelZone) -> Option<i128> {
        let ModelOf::Games(times, games) = &self.of else { return None };
        let score = game.data.as_ref().and_then(ModelData::score);
        if !games.hold(game, score, zone) {
            return None;
        }
        if self.aggregate == ModelAggregate::Count {
            return Some(SCORE_ONE);
        }
        let without = games.without.map(|whole| (i128::from(whole), 0));
        let (units, decimals) = score.or(without)?;
        let magnitude = Digits::of(units.unsigned_abs());
        let magnitude = magnitude.times(&Digits::of(times.unsigned_abs().into()));
        let to_cut = decimals.saturating_sub(18);
        let magnitude = magnitude.shifted_up(18 - (decimals - to_cut));
        let value = magnitude.shifted_down(to_cut, ModelRounding::HalfUp).value()?;
        let value = i128::try_from(value).ok()?;
        Some(if (units < 0) == (*times < 0) { value } else { -value })
    }
}

impl ModelWorth {
    fn sql(&self) -> String {
        let decimal = |hundredths: &u64| format!("{}.{:02}", hundredths / 100, hundredths % 100);
        match self {
            Self::Each => "*".into(),
            Self::Line(term, 100, 0) => term.sql(),
            Self::Line(term, times, 0) => format!("{} * {}", term.sql(), decimal(times)),
            Self::Line(term, times, less) => {
                format!("{} * {} - {}", term.sql(), decimal(times), decimal(less))
            }
        }
    }
}

impl ModelGames {
    fn value(&self, times: i64, aggregate: ModelAggregate) -> String {
        if aggregate == ModelAggregate::Count {
            return "*".into();
        }
        let score = match self.without {
            Some(without) => format!("COALESCE(data.score, {without})"),
            None => "data.score".into(),
        };
        if times == 1 { score } else { format!("{score} * {times}") }
    }

    fn conditions(&self) -> Vec<String> {
        let types: Vec<_> = self.types.iter().map(|name| format!("'{name}'")).collect();
        let types = (!types.is_empty()).then(|| format!("eventType IN ({})", types.join(", ")));
        let not_game = self.not_game.as_ref().map(|game| format!("gameId <> '{game}'"));
        let least = self.least.map(|it| format!("data.score >= {}.{:02}", it / 100, it % 100));
        let before = self.before.map(|it| format!("EXTRACT(HOUR FROM timestamp) < {it}"));
        [types, not_game, least, before].into_iter().flatten().collect()
    }

    fn hold(&self, game: &ModelGame, score: Option<(i128, usize)>, zone: &ModelZone) -> bool {
        let is_type = self.types.is_empty() || self.types.contains(&game.event_type);
        let is_game = self.not_game.as_ref() != Some(&game.game_id);
        let is_enough = |least: u64| {
            let Some((units, decimals)) = score else { return false };
            let least = Digits::of(least.into()).shifted_up(decimals);
            units >= 0 && Digits::of(units.unsigned_abs()).shifted_up(2) >= least
        };
        let is_before = self.before.is_none_or(|hour| zone.minute(game.timestamp) / 60 < hour);
        is_type && is_game && is_before && self.least.is_none_or(is_enough)
    }
}

impl ModelStage {
    /// Whether it takes place, or has.
    pub const fn takes_place(self) -> bool {
        !matches!(self, Self::Draft | Self::Cancelled)
    }

    /// Whether its positions are fixed.
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Settled | Self::Approved | Self::Paid | Self::Resettling)
    }
}

impl ModelTournament {
    /// From when on nothing counts any more.
    pub fn closes(&self) -> i64 {
        self.ends + i64::from(self.grace_seconds) * 1_000_000
    }

    /// Whether something of it that was played before it was scheduled has yet to be counted.
    pub const fn is_filling(&self) -> bool {
        matches!(self.fill, Some(ModelFill::Reading | ModelFill::Counting))
    }

    /// Whether its prizes may be paid.
    pub const fn pays(&self) -> bool {
        match self.stage {
            ModelStage::Settled => !self.approval,
            ModelStage::Approved | ModelStage::Paid => true,
            ModelStage::Draft
            | ModelStage::Scheduled
            | ModelStage::Cancelled
            | ModelStage::Resettling => false,
        }
    }

    /// How often it was settled again, or is being.
    pub fn settlement(&self) -> u32 {
        self.again.as_ref().map_or(0, |again| again.times)
    }

    /// Whether what players do not win any more is taken back.
    pub fn takes_back(&self) -> bool {
        self.again.as_ref().is_some_and(|again| again.takes_back)
    }

    /// How many places its results have.
    pub fn place_count(&self) -> Option<usize> {
        self.results.as_ref().map(|it| it.lines as usize + it.former as usize)
    }

    /// Whether it is one.
    pub fn is_one(&self) -> bool {
        let is_cap = |cap: i128| 0 < cap && cap <= 1_000_000_000_000_000 * SCORE_ONE;
        self.starts < self.ends
            && self.cap.is_none_or(is_cap)
            && (self.results.is_some() || !self.stage.is_settled())
            && (self.again.is_none() || self.stage.is_settled())
            && (self.fill.is_none() || self.stage != ModelStage::Draft)
            && (0..self.prizes.len()).all(|at| self.prizes[at].is_one(&self.prizes[..at]))
    }
}

impl ModelPrize {
    /// Whether it is one that may come after others.
    fn is_one(&self, before: &[Self]) -> bool {
        let is_some = match self.win {
            ModelWin::Points(points) | ModelWin::Pool(points) => points > 0,
            ModelWin::Thing => true,
        };
        let mut others = before.iter().map(|other| other.places);
        let is_place = match self.places {
            ModelPlaces::Range(from, to) => {
                let overlaps = |other| matches!(other, ModelPlaces::Range(first, last) if from <= last && first <= to);
                0 < from && from <= to && !others.any(overlaps)
            }
            ModelPlaces::Top(share) => {
                let takes_all = |other| matches!(other, ModelPlaces::Top(taken) if share <= taken);
                0 < share && share <= 10_000 && !others.any(takes_all)
            }
        };
        is_some && is_place
    }

    /// Whether it is for a place of so many.
    pub fn is_for(&self, place: u64, ranked: u64) -> bool {
        match self.places {
            ModelPlaces::Range(from, to) => (u64::from(from)..=u64::from(to)).contains(&place),
            // Of a part of a place it is all.
            ModelPlaces::Top(share) => (place - 1) * 10_000 < ranked * u64::from(share),
        }
    }
}
