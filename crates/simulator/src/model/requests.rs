//! What is asked beyond wagers, as the rule book says it: points are reserved and spent, adjusted by people and taken
//! over from the system before, and players are excluded.

use super::lots::{ModelMoved, ModelTaken, Months};
use super::signals::Outside;
use super::{
    DAY, Expected, Identity, Model, ModelAccount, ModelEntry, ModelOutcome, Occurrence, POINTS_MAX,
    Version,
};
use super::{dead_letter, expected, hour_of, refused, tiers};
use crate::input::{ModelAsked, ModelRequest, ModelVoids};

const MINUTE: i64 = 60_000_000;
/// So many redemptions of a player are open at most.
const OPEN_MAX: usize = 256;
/// So many adjustments of a player wait at most.
const WAITING_MAX: usize = 16;
/// Why redemptions of a player are cancelled who is excluded.
const EXCLUDED: &str = "the player is excluded";

/// A request at its place in the log.
#[derive(Debug, Clone, Copy)]
pub struct RequestInput<'a> {
    /// The partition.
    pub partition: u16,
    /// Batch and slot within the partition.
    pub place: (u64, u32),
    /// The operator that it came from.
    pub operator: &'a str,
    /// What it says.
    pub request: &'a ModelRequest,
}

/// What has become of a redemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum RedemptionState {
    Reserved,
    Confirmed,
    Cancelled,
    Lapsed,
}

/// Points that were set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRedemption {
    /// Batch and slot of the record that asked for it.
    pub place: (u64, u32),
    /// How many.
    pub points: i64,
    /// The months that they were taken from, oldest first.
    pub lots: Months,
    /// What they are to be spent on.
    pub item: String,
    /// Who has asked.
    pub who: String,
    /// The version that was in force.
    pub version: u32,
    /// When that was.
    pub at: i64,
    /// When it lapses.
    pub hold_until: i64,
    /// What has become of it.
    pub state: RedemptionState,
    /// When, by whom and why, where something has.
    pub closed: Option<ModelWord>,
}

/// What somebody has said, or time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct ModelWord {
    pub at: i64,
    pub who: String,
    pub why: String,
}

impl ModelWord {
    pub(super) fn new(at: i64, who: &str, why: &str) -> Self {
        Self { at, who: who.into(), why: why.into() }
    }
}

/// Something has become of a redemption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRedemptionMove {
    /// Batch and slot of the record that asked for it.
    pub place: (u64, u32),
    /// What.
    pub state: RedemptionState,
    /// When.
    pub at: i64,
}

/// What a person has changed, or has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelAdjustment {
    /// By how much.
    pub points: i64,
    /// Who has asked for it, when and why.
    pub asked: ModelWord,
    /// Whether it was made; nothing while it waits.
    pub is_made: Option<bool>,
    /// What a second person has said; when it was made, where none had to.
    pub decided: Option<ModelWord>,
}

/// From when until when a player is excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelExclusion {
    /// Since when.
    pub from: i64,
    /// Until when; for ever without.
    pub until: Option<i64>,
    /// Who said so last.
    pub who: String,
    /// Why.
    pub why: String,
}

type Decided = Result<Expected, &'static str>;

impl Model {
    /// Folds a request in and says what must become of it.
    pub fn request(&mut self, input: &RequestInput<'_>) -> Expected {
        let now = self.batch_times[&input.partition];
        let (key, player) = self.whose(input);
        if let Some(key) = &key {
            self.ask_account(key, now);
        }
        let kind = "command";
        let (operator, id) = (input.operator.to_owned(), input.request.command_id.clone());
        let identity = Identity { operator, player, kind, id };
        let content = vec![Some(format!("{:?}", input.request))];
        let hour = hour_of(now);
        let balance = |model: &Self| Some(model.accounts.get(key.as_ref()?)?.balance);
        if let Some(first) = self.find(&identity, |asked| self.is_asked(asked, hour, now)) {
            if first.content != content {
                return dead_letter("id_conflict");
            }
            let first = Some(first.place);
            return Expected { first, ..expected(ModelOutcome::Repeated, balance(self)) };
        }
        match self.carry_out(input, key.as_ref(), now) {
            Err(why) => refused(why, None, balance(self)),
            Ok(done) => {
                let occurrence = Occurrence { place: input.place, hour, content, earned: None };
                self.occurrences.entry(identity).or_default().push(occurrence);
                Expected { balance: balance(self), ..done }
            }
        }
    }

    /// Whose account it is about, where that is known, and the player that its identity has.
    fn whose(&self, input: &RequestInput<'_>) -> (Option<(String, String)>, String) {
        match &input.request.what {
            ModelAsked::Reserve { player_id, .. }
            | ModelAsked::Adjust { player_id, .. }
            | ModelAsked::Exclude { player_id, .. }
            | ModelAsked::Readmit { player_id }
            | ModelAsked::RaiseSignal { player_id, .. }
            | ModelAsked::TakeOver { player_id, .. } => {
                let key = (input.operator.to_owned(), player_id.clone());
                (Some(key), player_id.clone())
            }
            ModelAsked::Confirm((player, ..))
            | ModelAsked::Cancel((player, ..))
            | ModelAsked::DecideSignal { signal: (player, ..), .. }
            | ModelAsked::Decide { adjustment: (player, ..), .. } => {
                let is_it = |((operator, _), account): &(&(String, String), &ModelAccount)| {
                    operator == input.operator
                        && account.partition == input.partition
                        && account.ordinal == *player
                };
                let found = self.accounts.iter().find(is_it);
                (found.map(|(key, _)| key.clone()), String::new())
            }
        }
    }

    fn carry_out(
        &mut self,
        input: &RequestInput<'_>,
        key: Option<&(String, String)>,
        now: i64,
    ) -> Decided {
        let is_known = self.operators.contains_key(input.operator);
        let ModelRequest { what, who, words, .. } = input.request;
        let version = self.operators.get(input.operator);
        let version = version.and_then(|versions| tiers::in_force(versions, now)).cloned();
        let version = version.as_ref();
        let opens = matches!(what, ModelAsked::Exclude { .. } | ModelAsked::TakeOver { .. });
        if opens && is_known {
            self.may_open(key.expect("it names a player"), what, now)?;
            self.open_account(key.expect("it names a player"), input.partition, now);
        }
        let about = match what {
            ModelAsked::RaiseSignal { wager_id: Some(wager_id), .. } if is_known => {
                key.and_then(|key| self.about(key, wager_id))
            }
            _ => None,
        };
        let account = key.and_then(|key| self.accounts.get_mut(key));
        let named = |(_, batch, slot): &(u32, u64, u32)| (*batch, *slot);
        let id = |account: &ModelAccount, (batch, slot): (u64, u32)| {
            format!("{}-{}-{batch}-{slot}", account.partition, account.ordinal)
        };
        let Some(account) = account else {
            return Err(match what {
                ModelAsked::Confirm(_) | ModelAsked::Cancel(_) => "no_such_redemption",
                ModelAsked::Decide { .. } => "no_such_adjustment",
                ModelAsked::DecideSignal { .. } => "no_such_signal",
                _ if is_known => "no_such_player",
                _ => "operator_unknown",
            });
        };
        let number = |(batch, slot): (u64, u32)| batch << 17 | u64::from(slot);
        let made = number(input.place);
        let done = expected(ModelOutcome::Counted, None);
        match what {
            ModelAsked::Reserve { points, .. } => {
                account.reserve(version, input, *points, now)?;
                return Ok(Expected { made, ..done });
            }
            ModelAsked::Confirm(redemption) => {
                let place = named(redemption);
                let cause = id(account, place);
                account.confirm(place, &cause, who, now)?;
            }
            ModelAsked::Cancel(redemption) => account.cancel(named(redemption), who, words, now)?,
            ModelAsked::Adjust { points, .. } => {
                let above = version.and_then(|version| version.program.approval_above);
                if *points == 0 || points.abs() > POINTS_MAX {
                    return Err("malformed");
                }
                let (mut is_made, mut decided) = (None, None);
                if above.is_some_and(|above| points.abs() > above) {
                    let waits = |it: &&ModelAdjustment| it.is_made.is_none();
                    if account.adjustments.values().filter(waits).count() >= WAITING_MAX {
                        return Err("too_many_open");
                    }
                } else {
                    let cause = id(account, input.place);
                    account.adjust(version, *points, &cause, now)?;
                    (is_made, decided) = (Some(true), Some(ModelWord::new(now, "", "")));
                }
                let asked = ModelWord::new(now, who, words);
                let adjustment = ModelAdjustment { points: *points, asked, is_made, decided };
                account.adjustments.insert(input.place, adjustment);
                return Ok(Expected { made, ..done });
            }
            ModelAsked::Decide { adjustment, approves } => {
                let place = named(adjustment);
                let asked = account.adjustments.get(&place).ok_or("no_such_adjustment")?;
                if asked.is_made.is_some() {
                    return Err("adjustment_closed");
                }
                if *approves && asked.asked.who == *who {
                    return Err("own_adjustment");
                }
                if *approves {
                    let (points, cause) = (asked.points, id(account, place));
                    account.adjust(version, points, &cause, now)?;
                }
                let asked = account.adjustments.get_mut(&place).expect("it was there");
                asked.is_made = Some(*approves);
                asked.decided = Some(ModelWord::new(now, who, words));
            }
            ModelAsked::Exclude { until, .. } => account.exclude(*until, who, words, now),
            ModelAsked::Readmit { .. } => {
                if !account.is_excluded(now) {
                    return Err("not_excluded");
                }
                let exclusion = account.exclusion.as_mut().expect("one holds");
                exclusion.until = Some(now);
                (exclusion.who, exclusion.why) = (who.clone(), words.clone());
            }
            ModelAsked::TakeOver { points, .. } => {
                account.give("opening", version, *points, &input.request.command_id, now);
                account.is_opened = true;
            }
            ModelAsked::RaiseSignal { name, wager_id, hold, .. } => {
                if wager_id.is_some() && about.is_none() {
                    return Err("no_such_wager");
                }
                let said = ModelWord::new(now, who, words);
                let version = version.map_or(0, |version| version.number);
                let (wager_id, holds) = (wager_id.as_deref(), *hold);
                let outside = Outside { name, wager_id, holds, said, version };
                let stands = account.raise_outside(outside, about, input.place, now);
                return Ok(Expected { made: number(stands), ..done });
            }
            ModelAsked::DecideSignal { signal, takes } => {
                let (place, by) = (named(signal), ModelWord::new(now, who, words));
                let (cause, version) = (id(account, place), version.map_or(0, |it| it.number));
                account.decide_signal(place, *takes, by, (&cause, version))?;
            }
        }
        Ok(done)
    }

    /// Whether what opens an account, where there is none, is carried out.
    fn may_open(
        &self,
        key: &(String, String),
        what: &ModelAsked,
        now: i64,
    ) -> Result<(), &'static str> {
        let account = self.accounts.get(key);
        match what {
            ModelAsked::Exclude { until, .. } => {
                let ends = |until: Option<i64>| until.unwrap_or(i64::MAX);
                if ends(*until) <= now {
                    return Err("malformed");
                }
                let holds = account.filter(|account| account.is_excluded(now));
                let holds = holds.and_then(|account| account.exclusion.as_ref());
                if holds.is_some_and(|before| ends(before.until) > ends(*until)) {
                    return Err("exclusion_holds");
                }
            }
            ModelAsked::TakeOver { points, .. } => {
                if *points <= 0 || *points > POINTS_MAX {
                    return Err("malformed");
                }
                if account.is_some_and(|account| account.is_opened) {
                    return Err("opening_exists");
                }
                if account.map_or(0, |account| account.balance) + points > POINTS_MAX {
                    return Err("out_of_range");
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl ModelAccount {
    /// Whether the player is excluded at a moment.
    pub fn is_excluded(&self, now: i64) -> bool {
        self.exclusion.as_ref().is_some_and(|it| it.until.is_none_or(|until| now < until))
    }

    /// How many points are set aside.
    pub fn reserved(&self) -> i64 {
        self.open().map(|redemption| redemption.points).sum()
    }

    /// What is set aside, oldest first.
    pub fn open(&self) -> impl Iterator<Item = &ModelRedemption> {
        self.redemptions.values().filter(|it| it.state == RedemptionState::Reserved)
    }

    fn reserve(
        &mut self,
        version: Option<&Version>,
        input: &RequestInput<'_>,
        points: i64,
        now: i64,
    ) -> Result<(), &'static str> {
        let version = version.ok_or("no_program")?;
        let program = &version.program;
        if self.is_excluded(now) {
            return Err("self_excluded");
        }
        if program.is_off {
            return Err("mode_off");
        }
        if !self.takes_part.unwrap_or(!program.is_opt_in) {
            return Err("no_consent");
        }
        if points > POINTS_MAX {
            return Err("malformed");
        }
        if points < program.min_points.unwrap_or(1) {
            return Err("below_minimum");
        }
        if self.open().count() >= OPEN_MAX {
            return Err("too_many_open");
        }
        let lots = self.lots.spend(points, now).ok_or("insufficient_points")?;
        let (place, state) = (input.place, RedemptionState::Reserved);
        let redemption = ModelRedemption {
            place,
            points,
            lots,
            item: input.request.words.clone(),
            who: input.request.who.clone(),
            version: version.number,
            at: now,
            hold_until: now + program.hold_minutes.unwrap_or(15) * MINUTE,
            state,
            closed: None,
        };
        self.redemptions.insert(place, redemption);
        self.redemption_moves.push(ModelRedemptionMove { place, state, at: now });
        Ok(())
    }

    fn confirm(
        &mut self,
        place: (u64, u32),
        cause: &str,
        who: &str,
        now: i64,
    ) -> Result<(), &'static str> {
        if !self.becomes(place, RedemptionState::Confirmed)? {
            return Ok(());
        }
        let ModelRedemption { points, lots, version, .. } = self.redemptions[&place].clone();
        if self.balance - points < -POINTS_MAX {
            return Err("out_of_range");
        }
        self.close(place, RedemptionState::Confirmed, now, who, "");
        let moved = ModelMoved::From(ModelTaken { ready: lots, ..ModelTaken::default() });
        self.change("redeemed", -points, cause, now, version, moved);
        Ok(())
    }

    fn cancel(
        &mut self,
        place: (u64, u32),
        who: &str,
        why: &str,
        now: i64,
    ) -> Result<(), &'static str> {
        if self.becomes(place, RedemptionState::Cancelled)? {
            self.give_back(place, RedemptionState::Cancelled, now, who, why);
        }
        Ok(())
    }

    /// Whether a redemption is open and may become something; it may be that already.
    fn becomes(&self, place: (u64, u32), state: RedemptionState) -> Result<bool, &'static str> {
        match self.redemptions.get(&place).ok_or("no_such_redemption")?.state {
            RedemptionState::Reserved => Ok(true),
            is if is == state => Ok(false),
            RedemptionState::Confirmed => Err("redemption_confirmed"),
            RedemptionState::Cancelled => Err("redemption_cancelled"),
            RedemptionState::Lapsed => Err("redemption_lapsed"),
        }
    }

    /// Points that were set aside go back to their months.
    pub(super) fn give_back(
        &mut self,
        place: (u64, u32),
        state: RedemptionState,
        at: i64,
        who: &str,
        why: &str,
    ) {
        let lots = self.redemptions[&place].lots.clone();
        self.lots.restore(&lots);
        self.close(place, state, at, who, why);
    }

    fn close(&mut self, place: (u64, u32), state: RedemptionState, at: i64, who: &str, why: &str) {
        let redemption = self.redemptions.get_mut(&place).expect("it was reserved");
        (redemption.state, redemption.closed) = (state, Some(ModelWord::new(at, who, why)));
        self.redemption_moves.push(ModelRedemptionMove { place, state, at });
    }

    fn adjust(
        &mut self,
        version: Option<&Version>,
        points: i64,
        cause: &str,
        now: i64,
    ) -> Result<(), &'static str> {
        if points > 0 {
            if self.balance + points > POINTS_MAX {
                return Err("out_of_range");
            }
            self.give("adjusted", version, points, cause, now);
            return Ok(());
        }
        if self.lots.there() < -points {
            return Err("insufficient_points");
        }
        let others_taken = self.lots.others_taken;
        let taken = self.lots.take(None, -points, ModelVoids::Balance, now);
        self.lots.others_taken = others_taken;
        let number = version.map_or(0, |version| version.number);
        self.change("adjusted", points, cause, now, number, ModelMoved::From(taken));
        Ok(())
    }

    fn give(
        &mut self,
        kind: &'static str,
        version: Option<&Version>,
        points: i64,
        cause: &str,
        now: i64,
    ) {
        let day = version.map_or(now.div_euclid(DAY), |version| version.program.zone.day(now));
        let (moved, number) = (self.lots.give(day, points), version.map_or(0, |it| it.number));
        self.change(kind, points, cause, now, number, moved);
    }

    pub(super) fn change(
        &mut self,
        kind: &'static str,
        points: i64,
        cause: &str,
        at: i64,
        version: u32,
        moved: ModelMoved,
    ) {
        let wager_id = cause.to_owned();
        let entry = ModelEntry { kind, points, wager_id, at, version, moved, ..Default::default() };
        self.enter(entry);
    }

    /// What holds is made longer; what is set aside goes back.
    fn exclude(&mut self, until: Option<i64>, who: &str, why: &str, now: i64) {
        let holds = self.is_excluded(now);
        let from = self.exclusion.as_ref().filter(|_| holds).map_or(now, |before| before.from);
        self.exclusion = Some(ModelExclusion { from, until, who: who.into(), why: why.into() });
        let open: Vec<_> = self.open().map(|redemption| redemption.place).collect();
        for place in open {
            self.give_back(place, RedemptionState::Cancelled, now, who, EXCLUDED);
        }
    }
}
