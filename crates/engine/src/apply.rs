//! The decision about one input, be it an event, a command, a control record or a timer: from what was
//! loaded to a step, with no effect of its own.

mod adjusting;
mod budgets;
mod command;
mod event;
mod exclusion;
pub(crate) mod filling;
mod games;
mod late;
mod lots;
pub(crate) mod moving;
mod opt_ins;
pub mod past;
mod prizes;
mod rewards;
mod scores;
mod signals;
mod spending;
mod statistics;
mod tier;
mod time;

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::Arc;

use accolade_domain::account::Account;
use accolade_domain::amount::Points;
use accolade_domain::budget::Given;
use accolade_domain::earning::CapUse;
use accolade_domain::ledger::Place;
use accolade_domain::lots::Source;
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::packed_watches::Watches;
use accolade_domain::ranking::Score;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::refusal::DeadReason;
use accolade_domain::signal::SignalState;
use accolade_domain::time::{Day, Timestamp};
use accolade_wire::named::Named;
use accolade_wire::notice::scores::ScoredLine;
use accolade_wire::notice::{TIER_MOVED, TierMoved};
use accolade_wire::record::Record;

pub(crate) use self::command::repaired;
pub(crate) use self::event::marker_key;
pub use self::event::{AHEAD_MICROS_MAX, out_of_time};
pub use self::signals::CAUSE as SIGNAL_CAUSE;
use crate::budgets::{HomeOf, ShareOf};
use crate::input::Body;
use crate::players::Ordinal;
use crate::rules::{Operator, Rules, Version};
use crate::settle::{Settled, Walked};
use crate::step::{Change, Effect, NewNotice, Step};
use crate::tables::adjustments::Adjustment;
use crate::tables::day_sums::{DaySumsKey, KeptSums};
use crate::tables::dead_letters::{self, DeadLetter, DeadLetterState};
use crate::tables::deliveries::{Told, WebhookKey};
use crate::tables::exclusions::Exclusion;
use crate::tables::inbox::{Arrival, Received};
use crate::tables::letter_totals::{First, Totals};
use crate::tables::letters_by_event::EventLetter;
use crate::tables::outbox::{Message, MessageKey};
use crate::tables::player_statistics::PackedStatistics;
use crate::tables::prizes::{Prize, PrizeKey};
use crate::tables::remarks::{Remarks, RemarksKey};
use crate::tables::requests::RequestKey;
use crate::tables::reservations::Reservation;
use crate::tables::seats::SeatsKey;
use crate::tables::signals::Raised;
use crate::tables::stocks::{RewardKey, Stock};
use crate::tables::walks::{Walk, WalkKey};
use crate::tables::{Held, Row, Timer};

/// Decides about one input under the rules.
pub type Apply = for<'a> fn(&Rules, &Loaded<'_>, &Input<'a>) -> Step<'a>;

/// What is to be decided.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Where it stands. The timers of slot 0 are told apart by their rows.
    pub place: Place,
    /// The time of its batch.
    pub now: Timestamp,
    /// What it is.
    pub what: What<'a>,
}

/// The kinds of inputs.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// A record of the log, with its body.
    Record(&'a Record<'a>, &'a Body<'a>),
    /// A record that is to be passed over, since the fold has failed at it.
    Skipped(&'a Record<'a>, &'a Body<'a>),
    /// A timer that is due.
    Timer(&'a Timer),
    /// A timer that is to be passed over, since the fold has failed at it.
    SkippedTimer(&'a Timer),
}

/// The pieces of state that one input needs.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are not states of one thing")]
pub struct Loaded<'a> {
    /// The operator that the input names.
    pub operator: Option<&'a Operator>,
    /// The player; `None` for one who was never seen.
    pub player: Option<Ordinal>,
    /// The player's number, or what it will be.
    pub ordinal: Ordinal,
    /// The player's account.
    pub account: Option<&'a Account>,
    /// The same id came before.
    pub earlier: Option<Occurrence>,
    /// The program that applies to the event.
    pub applies: Option<&'a Version>,
    /// The program in force at the input's place, by which the player has a tier; where accounts are settled.
    pub in_force: Option<&'a Version>,
    /// Accounts have lots and tiers, and days are counted whether or not there is a cap.
    pub settles: bool,
    /// Where time has brought the account.
    pub settled: Option<Settled>,
    /// The walks that this control record asks for.
    pub asks_for: Vec<(WalkKey, Walk)>,
    /// What the walk of this timer has come to.
    pub walked: Option<Walked>,
    /// A void of this wager came before it.
    pub voided: bool,
    /// The wager that this void takes back, where it has come.
    pub wager: Option<VoidedWager>,
    /// What is counted against the cap of the event's own day.
    pub cap: Option<CapUse>,
    /// What was received of the partition that sent this input.
    pub received: Option<&'a Received>,
    /// The dead letter that this command is about, or that ends.
    pub letter: Option<(Place, Box<DeadLetter>)>,
    /// The dead letter is found by the id that this command gives it.
    pub is_found: bool,
    /// What there is of dead letters.
    pub totals: Option<&'a Totals>,
    /// Which dead letter ends first once this one has.
    pub first: Option<First>,
    /// How many rows that found dead letters have ended with those that did when this one does.
    pub ended_events: u32,
    /// The version for whose signals something is remembered of the player, and what.
    pub watched: Option<(&'a Version, Watches<'a>)>,
    /// For how many signals points of the player are held, where the program in force has any that hold.
    pub holding: usize,
    /// The exclusion of the player that holds now.
    pub exclusion: Option<&'a Exclusion>,
    /// What the player has asked for that this command is about.
    pub asked: Asked<'a>,
    /// How often the player has redeemed the reward of this redemption on its day.
    pub redeemed: u32,
    /// The stock that this command is about.
    pub stock: Option<(RewardKey, Stock)>,
    /// The seats of the tournament that this message or timer is about, as a stock.
    pub seats: Option<(SeatsKey, Stock)>,
    /// The message speaks of what has not been heard of here yet.
    pub is_early: bool,
    /// The message that this timer or answer is about.
    pub message: Option<(MessageKey, &'a Message)>,
    /// The rules after this control record, and what became of it.
    pub after: Option<(Arc<Rules>, Outcome)>,
    /// The webhook that it has made or ended.
    pub webhook: Option<(WebhookKey, Following)>,
    /// How far the webhook was told that this command is about.
    pub told: Option<(WebhookKey, &'a Told)>,
    /// The budgets of promotions that the input may change.
    pub budgets: Vec<ShareOf<'a>>,
    /// Those at home here that it may change.
    pub budget_homes: Vec<HomeOf<'a>>,
    /// What budgets gave to the wager that this void takes back.
    pub given: Box<[Given]>,
    /// What was counted of the player's game events before this one.
    pub statistics: Option<PackedStatistics>,
    /// What the player has come to in tournaments.
    pub scores: Option<&'a PackedScores>,
    /// What the player has come to in games, where this is an event of one.
    pub games: Option<&'a PackedGames>,
    /// What the wager counted in them that this void takes back, and the best that is left where the best counts.
    pub scored: Vec<(ScoredLine, Option<Score>)>,
    /// When the voided wager was made, where it counts in tournaments that cap hours or days.
    pub wagered_at: Option<Timestamp>,
    /// What the player's events of the same day come to in such tournaments.
    pub day_sums: Vec<(DaySumsKey, KeptSums)>,
    /// What was remarked on the tournaments in which the event comes late.
    pub remarks: Vec<(RemarksKey, Remarks)>,
    /// What is next to be added up of a tournament that is filled; nothing where nothing of the player's waits.
    pub added_up: Option<Box<filling::AddedUp>>,
    /// What was told before of where players of a tournament stand, where this command tells more.
    pub told_positions: Option<Box<moving::Told>>,
}

/// What a control record makes of what a webhook is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Following {
    /// It is told from here on.
    Begins,
    /// It is told nothing any more.
    Ends,
}

/// What a player has asked for before.
#[derive(Debug, Clone, Default)]
pub enum Asked<'a> {
    /// Nothing, or nothing that matters.
    #[default]
    Nothing,
    /// All that is reserved, in order.
    Reserved(Vec<(RequestKey, &'a Reservation)>),
    /// The same, and how often the player has redeemed a reward in the period of its limit.
    Wanted(Vec<(RequestKey, &'a Reservation)>, u32),
    /// A redemption that is open.
    Open(RequestKey, &'a Reservation),
    /// One that is not any more.
    Closed(RedemptionState),
    /// So many adjustments that wait.
    Waiting(usize),
    /// An adjustment that waits.
    Waits(RequestKey, &'a Adjustment),
    /// One that was approved or rejected.
    Decided,
    /// A signal whose points are held.
    Raised(RequestKey, &'a Raised),
    /// One that nobody has to decide about.
    SignalClosed(SignalState),
    /// A place of a tournament, what is known of it, and what is known of the one that the player had in the settlement
    /// before.
    Place(PrizeKey, Option<Box<Prize>>, Option<Box<Prize>>),
}

/// An earlier occurrence of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Occurrence {
    /// Where it stands.
    pub place: Place,
    /// Whether it says the same.
    pub is_same: bool,
}

/// A wager that is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VoidedWager {
    /// Where it stands.
    pub place: Place,
    /// What it gave; zero for one that did not count.
    pub points: Points,
    /// The day that it counts on.
    pub day: Option<Day>,
    /// The lot that its points are in, where there were lots.
    pub source: Option<Source>,
    /// How many of its points a person has taken who decided about a signal.
    pub taken: Points,
}

/// Decides about an input, as behaviour 1.
pub fn apply<'a>(rules: &Rules, loaded: &Loaded<'_>, input: &Input<'a>) -> Step<'a> {
    match input.what {
        What::Record(record, body) => {
            let mut step = received(loaded, record, || match body {
                Body::Event(event, _) => event::apply(rules, loaded, input, record, event),
                Body::Command(command, identity) => {
                    let has_id = identity.is_some();
                    command::apply(rules, loaded, input, record, command, has_id)
                }
                Body::Control => control(loaded, input),
                Body::UnknownCommand(name) => unreachable!("nothing is loaded for `{name}`"),
                Body::Malformed(detail) => dead_letter(DeadReason::Malformed, detail.clone()),
            });
            keep_whole(rules, loaded, &mut step, input, record, body);
            step
        }
        What::Skipped(record, body) => {
            let mut step = received(loaded, record, || {
                dead_letter(DeadReason::Skipped, "the fold failed here; it was skipped")
            });
            keep_whole(rules, loaded, &mut step, input, record, body);
            step
        }
        What::Timer(timer) => time::apply(loaded, input, timer),
        What::SkippedTimer(timer) => time::pass_over(loaded, input.now, timer),
    }
}

fn control<'a>(loaded: &Loaded<'_>, input: &Input<'_>) -> Step<'a> {
    let (rules, outcome) = loaded.after.clone().expect("a control record's rules are loaded");
    let mut step = Step::only(outcome).and(Change::Rules(Arc::clone(&rules)));
    budgets::control(&rules, loaded, input, &mut step);
    if let Some((key, following)) = loaded.webhook {
        let told = match following {
            Following::Begins => Some(Told::from(input.place.batch)),
            Following::Ends => None,
        };
        step = step.and(Change::row(Row::Delivery(key, told)));
    }
    let walks = loaded.asks_for.iter();
    walks.fold(step, |step, (key, walk)| step.and(Change::row(Row::Walk(*key, Some(*walk)))))
}

/// Takes a message of another partition in once, and says so whenever it comes.
#[inline]
fn received<'a>(
    loaded: &Loaded<'_>,
    record: &Record<'_>,
    decide: impl FnOnce() -> Step<'a>,
) -> Step<'a> {
    let Some(origin) = record.origin else { return decide() };
    if loaded.is_early {
        // It comes again, as long as nobody says that it has arrived.
        return Step::only(Outcome::Declined { why: Declined::TournamentNotScheduled });
    }
    let received = loaded.received.cloned().unwrap_or_default();
    let mut step = match received.arrival(origin.sequence) {
        Arrival::TooFarAhead => {
            return Step::only(Outcome::Declined { why: Declined::TooFarAhead });
        }
        Arrival::Before => Step::only(Outcome::Declined { why: Declined::ReceivedBefore }),
        Arrival::New => {
            let row = Row::Received(origin.place.partition, Some(received.with(origin.sequence)));
            decide().and(Change::row(row))
        }
    };
    step.effects.push(Effect::Arrived { origin });
    step
}

/// An input that could not be processed.
fn dead_letter<'a>(reason: DeadReason, detail: impl Into<Box<str>>) -> Step<'a> {
    Step::only(Outcome::DeadLetter { reason, detail: detail.into() })
}

/// The balance of the input's player.
fn balance(loaded: &Loaded<'_>) -> Points {
    loaded.account.map_or(Points::ZERO, |account| account.balance)
}

/// Tells of another tier.
fn tier_moved<'a>(moved: &TierMoved) -> NewNotice<'a> {
    NewNotice { kind: TIER_MOVED, body: Cow::Owned(moved.to_bytes()) }
}

/// Keeps an input whole that could not be processed.
fn keep_whole(
    rules: &Rules,
    loaded: &Loaded<'_>,
    step: &mut Step<'_>,
    input: &Input<'_>,
    record: &Record<'_>,
    body: &Body<'_>,
) {
    let Outcome::DeadLetter { reason, .. } = step.outcome else { return };
    let named = Named::of(record);
    let mut bytes = Vec::new();
    record.write(&mut bytes);
    let found_by = event_letter(rules, &named.operator, &named, input.place);
    let letter = DeadLetter {
        operator: (&*named.operator).into(),
        reason,
        kind: record.kind,
        source: record.source,
        received_at: record.received_at,
        to: body.partition(rules.settings.partitions).unwrap_or(input.place.partition),
        bytes_at: input.place,
        state: DeadLetterState::Open,
        until: input.now.plus_micros(dead_letters::KEPT_MICROS),
        found_by: found_by.iter().count().try_into().expect("one at most"),
    };
    let totals = loaded.totals.cloned().unwrap_or_default().with(input.place, &letter);
    let finds = found_by.map(|key| Change::row(Row::EventLetter(key, Held::Row(letter.until))));
    step.changes.push(Change::Keep(Cow::Owned(bytes)));
    step.changes.push(Change::row(Row::LetterTotals((), Some(totals))));
    step.changes.push(Change::row(Row::DeadLetter(input.place, Held::Row(letter))));
    step.changes.extend(finds);
}

/// What finds a dead letter of an operator by the id of its event.
pub(crate) fn event_letter(
    rules: &Rules,
    operator: &str,
    named: &Named<'_>,
    place: Place,
) -> Option<EventLetter> {
    let (kind, id) = named.event.as_ref()?;
    let event = rules.settings.hash_key.id(operator, *kind, id);
    Some(EventLetter { event, letter: Reverse(place) })
}

/// What the id of an input that came before makes of it, if it did.
fn came_before<'a>(loaded: &Loaded<'_>) -> Option<Step<'a>> {
    let earlier = loaded.earlier?;
    let first = earlier.place;
    earlier.is_same.then(|| Step::only(Outcome::Repeated { first }))
}
