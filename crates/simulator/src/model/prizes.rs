//! What is won in tournaments, as the rule book says it: place by place, and paid once by the player's partition.

use super::requests::RequestInput;
use super::tournaments::ModelLine;
use super::{Expected, Model, ModelOutcome, POINTS_MAX, expected, tiers};
use crate::input::{
    ModelAward, ModelBecomes, ModelPrize, ModelStage, ModelTies, ModelTournament, ModelWin,
};

/// So long after something has become of a place it is found.
const FOUND: i64 = 10 * 366 * super::DAY;

/// What has become of a prize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModelPrizeState {
    Nothing,
    AwaitingApproval,
    Processing,
    Paid,
    NotEligible,
    Retrying,
    Failed,
}

/// A place of a tournament, as its player's partition keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPlaceRow {
    /// Who has it, and what was told of it first.
    pub award: ModelAward,
    /// What has become of it.
    pub state: ModelPrizeState,
    /// When.
    pub at: i64,
    /// Why.
    pub why: String,
    /// Who said so.
    pub who: String,
}

/// What is told of a place: the tournament's id, and the row.
pub type ModelPrizeMove = (String, ModelPlaceRow);

/// A place that results name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelPlace {
    /// From 1; no two players have the same.
    pub place: u32,
    /// Who has it, and with what.
    pub line: ModelLine,
    /// How many points are won.
    pub points: i64,
    /// Which prize is a thing that is won.
    pub thing: Option<u8>,
}

/// What a tournament comes to: each place at which something is won, and those that are shown.
pub fn places(terms: &ModelTournament, board: &[ModelLine]) -> Vec<ModelPlace> {
    let ranked = board.len() as u64;
    let prize_of = |place: u64| terms.prizes.iter().position(|it| it.is_for(place, ranked));
    let prizes: Vec<Option<usize>> = (1..=ranked).map(prize_of).collect();
    // What each place has by itself.
    let own = |index: usize| -> i64 {
        let Some(prize) = prizes[index] else { return 0 };
        match terms.prizes[prize].win {
            ModelWin::Points(points) => points,
            ModelWin::Pool(pool) => {
                let of_prize = |other: &&Option<usize>| **other == Some(prize);
                let all = prizes.iter().filter(of_prize).count();
                let before = prizes[..index].iter().filter(of_prize).count();
                share(pool, all, before)
            }
            ModelWin::Thing => 0,
        }
    };
    let places = board.iter().enumerate().map(|(index, line)| {
        let shares = |other: &ModelLine| other.position == line.position;
        let first = board.iter().position(shares).expect("the line itself");
        let count = board.iter().filter(|other| shares(other)).count();
        let together: i64 = (first..first + count).map(own).sum();
        let is_thing =
            |prize: &usize| matches!(terms.prizes[*prize], ModelPrize { win: ModelWin::Thing, .. });
        ModelPlace {
            place: u32::try_from(index).expect("few") + 1,
            line: line.clone(),
            points: share(together, count, index - first),
            thing: prizes[index].filter(is_thing).map(|it| u8::try_from(it).expect("few")),
        }
    });
    let mut places: Vec<_> = places.collect();
    let won = prizes.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let mut named = won.max((terms.public_positions as usize).min(board.len()));
    if terms.ties == ModelTies::Shared && named > 0 {
        let last = board[named - 1].position;
        named = board.iter().filter(|line| line.position <= last).count();
    }
    places.truncate(named);
    places
}

/// The share of one of several; odd hundredths go one each to the first.
fn share(points: i64, count: usize, index: usize) -> i64 {
    let (count, index) = (i64::try_from(count).expect("few"), i64::try_from(index).expect("few"));
    points / count + i64::from(index < points % count)
}

/// Whether a place can still be asked for of which something has become at a time.
pub const fn is_found(at: i64, now: i64) -> bool {
    now < at + FOUND
}

impl Model {
    /// The places of an operator's tournament that were told here.
    pub fn place_rows(
        &self,
        operator: &str,
        number: u32,
    ) -> impl Iterator<Item = (u32, &ModelPlaceRow)> {
        let own = self.contests.places.iter();
        let own =
            own.filter(move |((of, tournament, _), _)| of == operator && *tournament == number);
        own.map(|((.., place), row)| (*place, row))
    }

    /// All places that were told here, by operator, tournament and place.
    pub fn all_place_rows(&self) -> impl Iterator<Item = (&(String, u32, u32), &ModelPlaceRow)> {
        self.contests.places.iter()
    }

    fn place_at(&self, at: &(String, u32, u32), now: i64) -> Option<&ModelPlaceRow> {
        self.contests.places.get(at).filter(|row| is_found(row.at, now))
    }

    /// Somebody who settles a tournament tells a place to its player's partition.
    pub(super) fn award(
        &mut self,
        input: &RequestInput<'_>,
        key: &(String, String),
        award: &ModelAward,
        now: i64,
    ) -> Result<Expected, &'static str> {
        let terms = self.tournament(&key.0, award.tournament).cloned();
        let terms = terms.filter(|it| it.stage.is_settled() && (it.pays() || !award.pays));
        let terms = terms.ok_or("stale")?;
        let done = expected(ModelOutcome::Counted, None);
        let at = (key.0.clone(), award.tournament, award.place);
        let before = self.place_at(&at, now).cloned();
        if before.as_ref().is_some_and(|before| before.award.player_id != key.1) {
            return Err("malformed");
        }
        if before.is_none() && terms.stage == ModelStage::Paid {
            return Err("no_such_prize");
        }
        let is_done = |before: &ModelPlaceRow| before.state != ModelPrizeState::AwaitingApproval;
        if before.as_ref().is_some_and(|before| is_done(before) || !terms.pays()) {
            return Ok(done);
        }
        let waits = || ModelPlaceRow {
            award: award.clone(),
            state: ModelPrizeState::AwaitingApproval,
            at: now,
            why: String::new(),
            who: String::new(),
        };
        let row = before.unwrap_or_else(waits);
        let (points, thing) = (row.award.points, row.award.thing);
        if points == 0 && thing.is_none() {
            let row = ModelPlaceRow { state: ModelPrizeState::Nothing, ..row };
            self.contests.places.insert(at, row);
            return Ok(done);
        }
        let (state, why) = if terms.pays() {
            self.pay(input, key, &terms.id, points, thing, now)
        } else {
            (ModelPrizeState::AwaitingApproval, "")
        };
        let row = ModelPlaceRow { state, at: now, why: why.into(), ..row };
        self.prize_moved(key, at, &terms.id, row);
        Ok(done)
    }

    /// Pays what is won, once, to whoever may win it.
    fn pay(
        &mut self,
        input: &RequestInput<'_>,
        key: &(String, String),
        id: &str,
        points: i64,
        thing: Option<u8>,
        now: i64,
    ) -> (ModelPrizeState, &'static str) {
        let version = tiers::in_force(&self.operators[input.operator], now).cloned();
        let account = self.accounts.get_mut(key).expect("it was found");
        if account.is_excluded(now) {
            return (ModelPrizeState::NotEligible, "the player is excluded");
        }
        let takes_part = version
            .as_ref()
            .is_none_or(|version| account.takes_part.unwrap_or(!version.program.is_opt_in));
        if !takes_part {
            return (ModelPrizeState::NotEligible, "the player does not take part");
        }
        if points > 0 {
            if account.balance + points > POINTS_MAX {
                let why = "the balance would be greater than any may be";
                return (ModelPrizeState::Failed, why);
            }
            account.give("prize", version.as_ref(), points, id, now);
        }
        let state =
            if thing.is_some() { ModelPrizeState::Processing } else { ModelPrizeState::Paid };
        (state, "")
    }

    /// Somebody says what has become of a prize.
    pub(super) fn fulfil(
        &mut self,
        input: &RequestInput<'_>,
        key: &(String, String),
        (tournament, place): (u32, u32),
        becomes: ModelBecomes,
        now: i64,
    ) -> Result<Expected, &'static str> {
        use ModelPrizeState::{AwaitingApproval, Failed, NotEligible, Paid, Processing, Retrying};
        let at = (key.0.clone(), tournament, place);
        let before = self.place_at(&at, now).filter(|row| row.award.player_id == key.1);
        let before = before.ok_or("no_such_prize")?.clone();
        let state = match becomes {
            ModelBecomes::Paid => Paid,
            ModelBecomes::Failed => Failed,
            ModelBecomes::Retrying => Retrying,
            ModelBecomes::NotEligible => NotEligible,
        };
        let done = expected(ModelOutcome::Counted, None);
        if before.state == state {
            return Ok(done);
        }
        let may_be = match (before.state, state) {
            (AwaitingApproval, NotEligible) => true,
            (Processing | Retrying, Paid | Failed) | (Failed, Retrying) => {
                before.award.thing.is_some()
            }
            _ => false,
        };
        if !may_be {
            return Err("prize_closed");
        }
        let id = self.tournament(&key.0, tournament).expect("it has places").id.clone();
        let (why, who) = (input.request.words.clone(), input.request.who.clone());
        self.prize_moved(key, at, &id, ModelPlaceRow { state, at: now, why, who, ..before });
        Ok(done)
    }

    fn prize_moved(
        &mut self,
        key: &(String, String),
        at: (String, u32, u32),
        id: &str,
        row: ModelPlaceRow,
    ) {
        let account = self.accounts.get_mut(key).expect("it was found");
        account.prize_moves.push((id.to_owned(), row.clone()));
        self.contests.places.insert(at, row);
    }
}
