//! What is won in tournaments, as the rule book says it: place by place, and paid once by the player's partition.

use std::collections::BTreeSet;

use super::requests::RequestInput;
use super::tournaments::ModelLine;
use super::{Expected, Model, ModelOutcome, POINTS_MAX, expected, tiers};
use crate::input::{
    ModelAward, ModelBecomes, ModelPrize, ModelStage, ModelTies, ModelTournament, ModelWin,
};

const EXCLUDED: &str = "the player is excluded";
const NO_CONSENT: &str = "the player does not take part";
const GIVEN_BEFORE: &str = "the player was given it when the tournament was settled before";
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
    /// What the player was paid of the tournament by then, in all.
    pub paid: i64,
    /// Which things the player has of it.
    pub given: BTreeSet<u8>,
    /// What has become of it.
    pub state: ModelPrizeState,
    /// When.
    pub at: i64,
    /// Why.
    pub why: String,
    /// Who said so.
    pub who: String,
}

/// Which place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ModelPlaceKey {
    pub operator: String,
    pub tournament: u32,
    /// How often that had been settled again.
    pub settlement: u32,
    pub place: u32,
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
    /// Which place the player had when it was settled before; 0 for none.
    pub before: u32,
}

impl ModelPlaceKey {
    fn of(operator: &str, award: &ModelAward) -> Self {
        let ModelAward { tournament, settlement, place, .. } = *award;
        Self { operator: operator.to_owned(), tournament, settlement, place }
    }
}

impl ModelPlaceRow {
    /// A person has said that the player must not have it.
    pub fn is_refused(&self) -> bool {
        self.state == ModelPrizeState::NotEligible && !self.who.is_empty()
    }

    /// It has to be known when the tournament is settled again.
    pub fn goes_on(&self) -> bool {
        let has_some = self.paid > 0 || !self.given.is_empty() || self.award.thing.is_some();
        has_some || self.is_refused()
    }

    fn becomes_as(&mut self, other: &Self) {
        (self.state, self.at) = (other.state, other.at);
        (self.why, self.who) = (other.why.clone(), other.who.clone());
    }
}

/// What a tournament comes to: each place at which something is won, and those that are shown. Behind them
/// are those who have none of these and had one `before` of which something has to be known.
pub fn places(
    terms: &ModelTournament,
    board: &[ModelLine],
    before: &[(u32, &ModelPlaceRow)],
) -> Vec<ModelPlace> {
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
            before: {
                let is_own = |row: &ModelPlaceRow| row.award.player_id == line.standing.player;
                before.iter().find(|(_, row)| is_own(row)).map_or(0, |(place, _)| *place)
            },
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
    for (place, row) in before {
        let player = &row.award.player_id;
        if row.goes_on() && !places.iter().any(|it| it.line.standing.player == *player) {
            places.push(ModelPlace {
                place: u32::try_from(places.len()).expect("few") + 1,
                line: ModelLine::none(player),
                points: 0,
                thing: None,
                before: *place,
            });
        }
    }
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
    /// The places of an operator's tournament that were told here when it was settled so many times again.
    pub fn place_rows(
        &self,
        operator: &str,
        number: u32,
        settlement: u32,
    ) -> impl Iterator<Item = (u32, &ModelPlaceRow)> {
        let is_own = move |key: &ModelPlaceKey| {
            let of = (&*key.operator, key.tournament, key.settlement);
            of == (operator, number, settlement)
        };
        let own = self.contests.places.iter().filter(move |(key, _)| is_own(key));
        own.map(|(key, row)| (key.place, row))
    }

    /// All places that were told here.
    pub fn all_place_rows(&self) -> impl Iterator<Item = (&ModelPlaceKey, &ModelPlaceRow)> {
        self.contests.places.iter()
    }

    fn place_at(&self, at: &ModelPlaceKey, now: i64) -> Option<&ModelPlaceRow> {
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
        let is_so = |it: &ModelTournament| {
            let is_settled = it.stage.is_settled() && it.stage != ModelStage::Resettling;
            is_settled && it.settlement() == award.settlement && (it.pays() || !award.pays)
        };
        let terms = terms.filter(is_so).ok_or("stale")?;
        let done = expected(ModelOutcome::Counted, None);
        let at = ModelPlaceKey::of(&key.0, award);
        let earlier = award.settlement.checked_sub(1).filter(|_| award.before > 0);
        let earlier = earlier.and_then(|settlement| {
            let at = ModelPlaceKey { settlement, place: award.before, ..at.clone() };
            self.place_at(&at, now).filter(|row| row.award.player_id == key.1).cloned()
        });
        if award.before > 0 && earlier.is_none() {
            return Err("no_such_prize");
        }
        let known = self.place_at(&at, now).cloned();
        if known.as_ref().is_some_and(|known| known.award.player_id != key.1) {
            return Err("malformed");
        }
        if known.is_none() && terms.stage == ModelStage::Paid {
            return Err("no_such_prize");
        }
        // What was paid to whoever was refused before is taken back once that is approved.
        let is_refused_again = |known: &ModelPlaceRow| {
            let is_same = |it: &ModelPlaceRow| it.is_refused() && it.paid == known.paid;
            known.is_refused() && earlier.as_ref().is_some_and(is_same)
        };
        let stays_refused = known.as_ref().is_some_and(is_refused_again);
        let is_done = |known: &ModelPlaceRow| {
            known.state != ModelPrizeState::AwaitingApproval && !stays_refused
        };
        if known.as_ref().is_some_and(|known| is_done(known) || !terms.pays()) {
            return Ok(done);
        }
        let (paid, given) = (self.paid(key, &terms.id), self.things_of(key, award.tournament));
        let waits = || ModelPlaceRow {
            award: award.clone(),
            paid,
            given,
            state: ModelPrizeState::AwaitingApproval,
            at: now,
            why: String::new(),
            who: String::new(),
        };
        let is_new = known.is_none();
        let mut row = known.unwrap_or_else(waits);
        // Who was found not eligible by a person stays so.
        let refused = earlier.clone().filter(ModelPlaceRow::is_refused);
        if row.award.points == 0 && row.award.thing.is_none() && paid == 0 {
            row.state = ModelPrizeState::Nothing;
            if let Some(refused) = refused {
                row.becomes_as(&refused);
            }
            self.contests.places.insert(at, row);
            return Ok(done);
        }
        if !terms.pays() {
            if let Some(refused) = refused {
                row.becomes_as(&refused);
            }
            self.prize_moved(key, at, &terms.id, row);
            return Ok(done);
        }
        let before = self.accounts[key].entries.len();
        row.at = now;
        self.settle(input, key, &terms, &mut row, earlier.as_ref(), now);
        (row.paid, row.given) = (self.paid(key, &terms.id), self.things_of(key, award.tournament));
        if stays_refused && before == self.accounts[key].entries.len() {
            return Ok(done);
        }
        let is_as_before = is_new
            && before == self.accounts[key].entries.len()
            && earlier.is_some_and(|earlier| {
                let of = |row: &ModelPlaceRow| (row.state, row.award.points, row.award.thing);
                of(&earlier) == of(&row)
            });
        if is_as_before {
            self.contests.places.insert(at, row);
        } else {
            self.prize_moved(key, at, &terms.id, row);
        }
        Ok(done)
    }

    /// Pays what is won more than was paid before, or takes it back, and says what has become of it.
    fn settle(
        &mut self,
        input: &RequestInput<'_>,
        key: &(String, String),
        terms: &ModelTournament,
        row: &mut ModelPlaceRow,
        earlier: Option<&ModelPlaceRow>,
        now: i64,
    ) {
        let (won, thing, paid) = (row.award.points, row.award.thing, row.paid);
        if let Some(refused) = earlier.filter(|it| it.is_refused()) {
            self.take_prize_back(input, key, terms, paid, now);
            row.becomes_as(refused);
            return;
        }
        let goes_on = earlier.filter(|it| {
            thing.is_some() && it.award.thing == thing && it.state != ModelPrizeState::NotEligible
        });
        let is_given = thing.is_some_and(|thing| row.given.contains(&thing));
        let is_new = thing.is_some() && goes_on.is_none() && !is_given;
        let version = tiers::in_force(&self.operators[input.operator], now).cloned();
        let account = self.accounts.get_mut(key).expect("it was found");
        let is_in = version
            .as_ref()
            .is_none_or(|version| account.takes_part.unwrap_or(!version.program.is_opt_in));
        let is_excluded = account.is_excluded(now);
        if (won > paid || is_new) && (is_excluded || !is_in) {
            row.state = ModelPrizeState::NotEligible;
            row.why = if is_excluded { EXCLUDED } else { NO_CONSENT }.into();
            return;
        }
        if won > paid {
            if account.balance + won - paid > POINTS_MAX {
                row.state = ModelPrizeState::Failed;
                row.why = "the balance would be greater than any may be".into();
                return;
            }
            account.give("prize", version.as_ref(), won - paid, &terms.id, now);
        } else {
            self.take_prize_back(input, key, terms, paid - won, now);
        }
        if let Some(goes_on) = goes_on {
            row.becomes_as(goes_on);
            return;
        }
        row.state = match thing {
            Some(_) if is_given => {
                row.why = GIVEN_BEFORE.into();
                ModelPrizeState::Paid
            }
            Some(thing) => {
                self.has_thing(key, row.award.tournament, thing, true);
                ModelPrizeState::Processing
            }
            None if won == 0 => ModelPrizeState::Nothing,
            None => ModelPrizeState::Paid,
        };
    }

    /// Takes so many points back, as far as they are there, where whoever asked to settle again has said so.
    fn take_prize_back(
        &mut self,
        input: &RequestInput<'_>,
        key: &(String, String),
        terms: &ModelTournament,
        points: i64,
        now: i64,
    ) {
        let version = tiers::in_force(&self.operators[input.operator], now).cloned();
        let account = self.accounts.get_mut(key).expect("it was found");
        // What is reserved is spent.
        let points = points.min(account.lots.there() - account.lots.debt);
        if terms.takes_back() && points > 0 {
            account.take("prize", version.as_ref(), points, &terms.id, now);
        }
    }

    /// What a player was paid of a tournament in all: what its entries say.
    fn paid(&self, key: &(String, String), id: &str) -> i64 {
        let entries = self.accounts[key].entries.iter();
        let own = entries.filter(|entry| entry.kind == "prize" && entry.wager_id == id);
        own.map(|entry| entry.points).sum()
    }

    fn things_of(&self, key: &(String, String), tournament: u32) -> BTreeSet<u8> {
        let of = (key.0.clone(), tournament, key.1.clone());
        self.contests.things.get(&of).cloned().unwrap_or_default()
    }

    fn has_thing(&mut self, key: &(String, String), tournament: u32, thing: u8, has: bool) {
        let things = (key.0.clone(), tournament, key.1.clone());
        let things = self.contests.things.entry(things).or_default();
        if has {
            things.insert(thing);
        } else {
            things.remove(&thing);
        }
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
        let terms = self.tournament(&key.0, tournament);
        let settlement = terms.map_or(0, ModelTournament::settlement);
        let at = ModelPlaceKey { operator: key.0.clone(), tournament, settlement, place };
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
        let thing = before.award.thing;
        let is_had = thing.is_some_and(|thing| before.given.contains(&thing));
        let may_be = match (before.state, state) {
            (AwaitingApproval, NotEligible) => true,
            (Processing | Retrying, Paid | Failed) => thing.is_some(),
            // What the player has is not handed out twice.
            (Failed, Retrying) => thing.is_some() && !is_had,
            _ => false,
        };
        if !may_be {
            return Err("prize_closed");
        }
        let terms = self.tournament(&key.0, tournament).expect("it has places").clone();
        match (state, thing) {
            (NotEligible, _) => self.take_prize_back(input, key, &terms, before.paid, now),
            (Failed | Retrying, Some(thing)) => {
                self.has_thing(key, tournament, thing, state == Retrying);
            }
            _ => {}
        }
        let (paid, given) = (self.paid(key, &terms.id), self.things_of(key, tournament));
        let (why, who) = (input.request.words.clone(), input.request.who.clone());
        let row = ModelPlaceRow { paid, given, state, at: now, why, who, ..before };
        self.prize_moved(key, at, &terms.id, row);
        Ok(done)
    }

    fn prize_moved(
        &mut self,
        key: &(String, String),
        at: ModelPlaceKey,
        id: &str,
        row: ModelPlaceRow,
    ) {
        let account = self.accounts.get_mut(key).expect("it was found");
        account.prize_moves.push((id.to_owned(), row.clone()));
        self.contests.places.insert(at, row);
    }
}
