//! What is asked beyond wagers, as the rule book says it: points are reserved and spent, adjusted by people and taken
//! over from the system before, and players are excluded.

use super::budgets::ModelGifts;
use super::lots::{ModelMoved, ModelTaken, Months};
use super::messages::{ModelMessage, ModelSent, ModelTo};
use super::rewards::ModelWanted;
use super::signals::Outside;
use super::{
    DAY, Expected, Identity, Model, ModelAccount, ModelEntry, ModelOutcome, Occurrence, POINTS_MAX,
    Version,
};
use super::{dead_letter, expected, hour_of, refused, tiers};
use crate::input::{ModelAsked, ModelAward, ModelRequest, ModelSaid, ModelVoids};

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
    Requested,
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
    /// The reward, where it is one of the catalogue.
    pub wanted: Option<ModelWanted>,
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

impl ModelRedemption {
    /// Whether its points are set aside.
    pub fn is_open(&self) -> bool {
        matches!(self.state, RedemptionState::Requested | RedemptionState::Reserved)
    }
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
                let (earned, gifts) = (None, ModelGifts::default());
                let occurrence = Occurrence { place: input.place, hour, content, earned, gifts };
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
            | ModelAsked::Redeem { player_id, .. }
            | ModelAsked::Award(ModelAward { player_id, .. })
            | ModelAsked::Fulfil { player_id, .. }
            | ModelAsked::Fill { player_id, .. }
            | ModelAsked::CountFilled { player_id, .. }
            | ModelAsked::TakeOver { player_id, .. } => {
                let key = (input.operator.to_owned(), player_id.clone());
                (Some(key), player_id.clone())
            }
            ModelAsked::Confirm((player, ..))
            | ModelAsked::Cancel((player, ..))
            | ModelAsked::DecideSignal { signal: (player, ..), .. }
            | ModelAsked::Decide { adjustment: (player, ..), .. } => {
                (self.numbered(input.operator, input.partition, *player), String::new())
            }
            ModelAsked::Restock { .. } => (None, String::new()),
        }
    }

    /// Whose account has a number among those of a partition.
    pub(super) fn numbered(
        &self,
        operator: &str,
        partition: u16,
        number: u32,
    ) -> Option<(String, String)> {
        let is_it = |(key, account): &(&(String, String), &ModelAccount)| {
            key.0 == operator && account.partition == partition && account.ordinal == number
        };
        self.accounts.iter().find(is_it).map(|(key, _)| key.clone())
    }

    fn carry_out(
        &mut self,
        input: &RequestInput<'_>,
        key: Option<&(String, String)>,
        now: i64,
    ) -> Decided {
        let is_known = self.operators.contains_key(input.operator);
        let ModelRequest { what, who, words, .. } = input.request;
        if let ModelAsked::Restock { reward, by } = what {
            return self.restock(input, reward, *by, now);
        }
        if matches!(
            what,
            ModelAsked::Award(_)
                | ModelAsked::Fulfil { .. }
                | ModelAsked::Fill { .. }
                | ModelAsked::CountFilled { .. }
        ) {
            let unknown = if is_known { "no_such_player" } else { "operator_unknown" };
            let key = key.filter(|key| self.accounts.contains_key(*key)).ok_or(unknown)?;
            return match what {
                ModelAsked::Award(award) => self.award(input, key, award, now),
                ModelAsked::Fulfil { tournament, place, becomes, .. } => {
                    self.fulfil(input, key, (*tournament, *place), *becomes, now)
                }
                ModelAsked::Fill { tournament, events, .. } => {
                    self.take_past(key, *tournament, events, now)
                }
                ModelAsked::CountFilled { tournament, .. } => {
                    self.count_filled(&key.0, *tournament, now)
                }
                _ => unreachable!("it is one of these"),
            };
        }
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
            ModelAsked::Redeem { reward, segment, jurisdiction, .. } => {
                let version = account.admitted(version, now)?;
                let found = self.catalogue.reward(input.operator, reward);
                let (number, reward) = found.ok_or("no_such_reward")?;
                let tier = account.level(&self.operators[input.operator]);
                let (segment, jurisdiction) = (segment.as_deref(), jurisdiction.as_deref());
                reward.may_have(now, tier.as_deref(), segment, jurisdiction)?;
                let day = version.program.zone.day(now);
                account.may_redeem_again(number, reward, day)?;
                let (has_one, id) = (reward.is_stocked.then_some(false), reward.id.clone());
                let wanted = Some(ModelWanted { reward: number, id, day, has_one });
                let item = reward.name.clone();
                account.set_aside(version, input, reward.points, item, wanted, now)?;
                if reward.is_stocked {
                    let redemption = (account.ordinal, input.place.0, input.place.1);
                    let said = ModelSaid::TakeStock { reward: number, redemption };
                    let sent = ModelSent::Said(said, ModelTo::Home(reward.id.clone()));
                    let message = ModelMessage { operator: input.operator.to_owned(), sent };
                    let at = (input.partition, input.place.0, input.place.1);
                    self.messages.insert(at, vec![message]);
                }
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
            ModelAsked::Restock { .. }
            | ModelAsked::Award(_)
            | ModelAsked::Fulfil { .. }
            | ModelAsked::Fill { .. }
            | ModelAsked::CountFilled { .. } => unreachable!("it is carried out elsewhere"),
        }
        let returned = std::mem::take(&mut account.returned).into_iter().map(|(reward, id)| {
            let sent = ModelSent::Said(ModelSaid::ReturnStock { reward }, ModelTo::Home(id));
            ModelMessage { operator: input.operator.to_owned(), sent }
        });
        let returned: Vec<_> = returned.collect();
        if !returned.is_empty() {
            self.messages.insert((input.partition, input.place.0, input.place.1), returned);
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
        self.redemptions.values().filter(|it| it.is_open())
    }

    fn reserve(
        &mut self,
        version: Option<&Version>,
        input: &RequestInput<'_>,
        points: i64,
        now: i64,
    ) -> Result<(), &'static str> {
        let version = self.admitted(version, now)?;
        if points > POINTS_MAX {
            return Err("malformed");
        }
        if points < version.program.min_points.unwrap_or(1) {
            return Err("below_minimum");
        }
        let item = input.request.words.clone();
        self.set_aside(version, input, points, item, None, now)
    }

    /// The version in force, where the player may redeem anything by it.
    fn admitted<'v>(
        &self,
        version: Option<&'v Version>,
        now: i64,
    ) -> Result<&'v Version, &'static str> {
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
        Ok(version)
    }

    fn set_aside(
        &mut self,
        version: &Version,
        input: &RequestInput<'_>,
        points: i64,
        item: String,
        wanted: Option<ModelWanted>,
        now: i64,
    ) -> Result<(), &'static str> {
        let program = &version.program;
        if self.open().count() >= OPEN_MAX {
            return Err("too_many_open");
        }
        let lots = self.lots.spend(points, now).ok_or("insufficient_points")?;
        let asks = wanted.as_ref().is_some_and(|wanted| wanted.has_one.is_some());
        let state = if asks { RedemptionState::Requested } else { RedemptionState::Reserved };
        let place = input.place;
        let redemption = ModelRedemption {
            place,
            points,
            lots,
            item,
            wanted,
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
            RedemptionState::Requested if state == RedemptionState::Confirmed => {
                Err("redemption_requested")
            }
            RedemptionState::Requested | RedemptionState::Reserved => Ok(true),
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
        let ModelRedemption { lots, wanted, .. } = self.redemptions[&place].clone();
        self.lots.restore(&lots);
        let returned = wanted.filter(|wanted| wanted.has_one == Some(true));
        self.returned.extend(returned.map(|wanted| (wanted.reward, wanted.id)));
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
        self.take("adjusted", version, -points, cause, now);
        Ok(())
    }

    /// Takes points that are there.
    pub(super) fn take(
        &mut self,
        kind: &'static str,
        version: Option<&Version>,
        points: i64,
        cause: &str,
        now: i64,
    ) {
        let others_taken = self.lots.others_taken;
        let taken = self.lots.take(None, points, ModelVoids::Balance, now);
        self.lots.others_taken = others_taken;
        let number = version.map_or(0, |version| version.number);
        self.change(kind, -points, cause, now, number, ModelMoved::From(taken));
    }

    pub(super) fn give(
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
