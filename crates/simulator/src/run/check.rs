//! What must hold whenever a node has folded all that it was given.

pub(crate) mod budgets;
pub(crate) mod positions;
mod requests;
pub(crate) mod rewards;
mod signals;
mod statistics;
pub(crate) mod tournaments;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::ops::Bound;

use accolade_domain::account::Account;
use accolade_domain::budget::Given;
use accolade_domain::event::Consent;
use accolade_domain::ledger::{ChainHash, Moved, Parts, Place, Promoted, Subject};
use accolade_domain::lots::{Hour, Lot, PendingLot, Source, Taken};
use accolade_domain::outcome::Outcome;
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::settle::sum_of;
use accolade_engine::tables;
use accolade_engine::tables::dead_letters::{DeadLetter, DeadLetterState};
use accolade_storage::backing::Backing;
use accolade_storage::driver::Ground;
use accolade_storage::error::{Result, StorageError};
use accolade_storage::pages;
use accolade_wire::bytes::Cursor;
use accolade_wire::hex::to_hex;
use accolade_wire::journal::StoredNotice;
use accolade_wire::ledger::chain_hash;
use accolade_wire::notice::counted::{EVENT_COUNTED, EventCounted};
use accolade_wire::notice::games::GAME_SCORED;
use accolade_wire::notice::moved::{POSITION_MOVED, PositionMoved};
use accolade_wire::notice::prize::{PRIZE_MOVED, PrizeMoved};
use accolade_wire::notice::scores::{SCORED, SCORED_LATE, Scored, ScoredLine};
use accolade_wire::notice::signal::{SIGNAL_MOVED, SignalMoved};
use accolade_wire::notice::{
    POINTS_EXPIRING, PointsExpiring, REDEMPTION_MOVED, RedemptionMoved, TIER_MOVED, TierMoved,
};
use accolade_wire::record::Slice;

use self::requests::{Closed, MONTHS};
use super::fold::{Heard, Reference};
use super::give_up_if_overfull;
use crate::model::budgets::{ModelGifts, ModelGiven};
use crate::model::letters::LetterState;
use crate::model::lots::{ModelMoved, ModelTaken};
use crate::model::tiers::ModelMove;
use crate::model::{Expected, Model, ModelAccount, ModelOutcome, ModelParts};
use crate::random::Random;

/// What must become of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly all of them are of the greatest")]
pub(crate) enum Expectation {
    Record(Expected),
    /// A control record: what it makes, or nothing where it is declined.
    Control(Option<u64>),
    Arrived,
}

/// An outcome is the one that the model expects.
pub(crate) fn outcome(heard: &Heard, expectation: &Expectation) {
    let place = heard.place;
    let told = match &heard.outcome {
        Outcome::Done { made } => match expectation {
            Expectation::Control(made_expected) => {
                assert_eq!(Some(*made), *made_expected, "control record at {place:?}");
                return;
            }
            Expectation::Arrived => return,
            Expectation::Record(_) => {
                Expected { made: *made, ..told(ModelOutcome::Counted, None, 0, 0) }
            }
        },
        Outcome::Declined { why } => match expectation {
            Expectation::Control(made) => {
                assert_eq!(*made, None, "control record at {place:?} declined: {why:?}");
                return;
            }
            Expectation::Arrived => panic!("an arrival at {place:?} was declined: {why:?}"),
            Expectation::Record(_) => {
                let conflicts = why.code() == "id_conflict";
                let outcome =
                    if conflicts { ModelOutcome::DeadLetter } else { ModelOutcome::Refused };
                told(outcome, Some(why.code()), 0, 0)
            }
        },
        Outcome::Counted { version, points, parts, given, .. } => Expected {
            parts: Some(modelled(parts)),
            gifts: modelled_gifts(given),
            ..told(ModelOutcome::Counted, None, points.hundredths(), *version)
        },
        Outcome::Recorded => told(ModelOutcome::Counted, None, 0, 0),
        Outcome::Refused { refusal, version } => {
            told(ModelOutcome::Refused, Some(refusal.code()), 0, *version)
        }
        Outcome::Repeated { first } => Expected {
            first: Some((first.batch, first.slot)),
            ..told(ModelOutcome::Repeated, None, 0, 0)
        },
        Outcome::Voided { points, version, .. } => {
            told(ModelOutcome::Voided, None, points.hundredths(), *version)
        }
        Outcome::DeadLetter { reason, .. } => {
            told(ModelOutcome::DeadLetter, Some(reason.code()), 0, 0)
        }
        Outcome::Time { .. } => panic!("a record is not the time of its batch"),
    };
    let Expectation::Record(expected) = expectation else {
        panic!("{place:?}: {:?} where {expectation:?} was expected", heard.outcome);
    };
    assert_eq!(told, Expected { balance: None, ..*expected }, "outcome at {place:?}");
    if let (Some(balance), Some(heard)) = (expected.balance, heard.balance) {
        assert_eq!(heard.hundredths(), balance, "balance after {place:?}");
    }
}

fn told(
    outcome: ModelOutcome,
    reason: Option<&'static str>,
    points: i64,
    version: u32,
) -> Expected {
    let version = Some(version).filter(|version| *version > 0);
    let (first, parts, gifts) = (None, None, ModelGifts::default());
    Expected { outcome, reason, points, balance: None, version, first, parts, gifts, made: 0 }
}

/// Recorded parts as the model has them.
fn modelled(parts: &Parts) -> ModelParts {
    let Promoted { counted, multiply, bonus, cut } = parts.promoted;
    ModelParts {
        promotions: counted,
        multiply: (multiply.mantissa(), multiply.decimals().into()),
        bonus: bonus.hundredths(),
        cut: cut.hundredths(),
        tier: parts.tier.map(|tier| (tier.level.into(), tier.multiplier.units())),
    }
}

/// What budgets gave as the model has it.
fn modelled_gifts(given: &[Given]) -> ModelGifts {
    let mut gifts = ModelGifts::default();
    assert!(given.len() <= gifts.len(), "programs of worlds have few promotions");
    for (gift, part) in gifts.iter_mut().zip(given) {
        let (points, cut) = (part.points.hundredths(), part.cut.hundredths());
        *gift = Some(ModelGiven { promotion: part.promotion.into(), points, cut });
    }
    gifts
}

/// Whether a timer of a partition is due and has not fired.
pub(crate) fn is_behind(partition: &Partition) -> bool {
    partition.next_due().is_some_and(|due| due <= partition.time())
}

/// The levels, points and requests of a reference's players, and all that was told of them, are the model's. Where a
/// timer is still to fire, what it may bring is taken as told; where none is, nothing may be missing.
pub(crate) fn players(partition: &Partition, store: &mut MemoryStore, model: &Model) -> u64 {
    let mut told = told_of(partition.number(), store);
    let positions = positions_of(&mut told);
    if model.has_no_levels_yet() {
        assert!(told.is_empty(), "moves under behaviour 1: {told:?}");
        return 0;
    }
    let (is_behind, closed) = (is_behind(partition), Closed::of(partition));
    let closed_signals = signals::closed_of(partition);
    let mut count = 0;
    for (ordinal, player) in (0..).zip(partition.players().all()) {
        let operator =
            partition.rules().operator_numbered(player.operator).expect("it has players");
        let key = (operator.id.to_string(), player.name.to_string());
        let settled = partition.settled(ordinal, store).expect("maps do not fail");
        let account = settled.as_ref().map(|settled| settled.account(&player.account));
        let account = account.as_ref().unwrap_or(&player.account);
        let standing = account.timed.tier.map(|tier| {
            let by = account.timed.settled_by;
            let version = operator.versions.get(by).expect("a version stays");
            let tiers = version.program.program.tiers.as_ref().expect("it has tiers");
            let level = &tiers.levels.get(tier.level()).name;
            (level.to_string(), tier.points().hundredths())
        });
        let expected = model.account(&key);
        give_up_if_overfull(&expected);
        let reserved = sum_of(partition.held(ordinal).map(|(_, held)| held)).hundredths();
        lots(account, reserved, partition.time(), &expected, &key);
        requests::same(partition, ordinal, &closed, &expected, &key);
        signals::same(partition, ordinal, &closed_signals, &expected, &key);
        assert_eq!(standing, model.standing(&key.0, &expected), "level and points of {key:?}");
        // What was earned in a month that has expired is due with the next batch; a version that begins meanwhile lets it
        // expire now.
        let is_due_next = player.account.timed.due <= partition.time().plus_micros(1);
        let is_late = is_behind || is_due_next || player.account.timed.is_passed_over;
        let is_told = settled.as_ref().is_none_or(|settled| settled.expired.is_empty());
        assert!(is_told || is_late, "points of {key:?} have expired, and it has no entry of it");
        let own = told.remove(&player.account.subject).unwrap_or_default();
        let Told { mut moves, mut redemptions, signals, counted, expiring, prizes, .. } = own;
        let (scored, late) = (own.scored, own.scored_late);
        statistics::same(partition, store, ordinal, &counted, &expected, &key);
        tournaments::told(&scored, &late, &prizes, &expected, model, &key);
        let untold = || settled.iter().filter(|_| is_late);
        moves.extend(untold().flat_map(|settled| settled.changes.iter().map(told_move)));
        assert_eq!(moves, expected.moves, "moves between levels of {key:?}");
        let lapsed = untold().flat_map(|settled| &settled.lapsed);
        redemptions.extend(lapsed.map(|(key, held)| requests::lapsed(*key, held)));
        let to_tell = requests::to_tell(partition.number(), ordinal, &expected);
        assert_eq!(redemptions, to_tell, "what is told of redemptions of {key:?}");
        let to_tell = signals::to_tell(partition.number(), ordinal, &expected);
        assert_eq!(signals, to_tell, "what is told of signals of {key:?}");
        foretold(&expiring, &expected, &key);
        // Another moment of the same day, as UTC has it, is not told of again.
        let day = |at: i64| at.div_euclid(DAY_MICROS);
        let last = expiring.last().map(|(_, said)| day(said.at.micros()));
        let must = model.must_be_told(&key.0, &expected).filter(|at| last != Some(day(*at)));
        assert!(
            must.is_none() || is_late,
            "{key:?} has heard nothing of what expires at {must:?}: {expiring:?}"
        );
        count += moves.len() as u64;
    }
    assert!(told.is_empty(), "moves of nobody: {told:?}");
    budgets::same(partition, model);
    rewards::same(partition, model);
    tournaments::same(partition, model);
    positions::same(partition, &positions, model);
    count
}

/// All that was told of points that expire soon was so then, was to be told, and was told once.
fn foretold(told: &[(i64, PointsExpiring)], expected: &ModelAccount, key: &(String, String)) {
    for (told_at, PointsExpiring { version, at, points }) in told {
        let (at, points) = (at.micros(), points.hundredths());
        let is_so = expected.is_foretold(*told_at, *version, at, points);
        let forecasts = &expected.forecasts;
        assert!(is_so, "{key:?} hears at {told_at} of {points} that expire at {at}: {forecasts:?}");
    }
    let is_again = |pair: &[(i64, PointsExpiring)]| pair[0].1.at == pair[1].1.at;
    assert!(!told.windows(2).any(is_again), "{key:?} hears of the same again: {told:?}");
}

/// How often players of a partition were told of points that expire soon.
pub(crate) fn foretold_count(partition: u16, store: &MemoryStore) -> u64 {
    let told = told_of(partition, store);
    told.values().map(|told| told.expiring.len() as u64).sum()
}

/// The balance of an account that time has been brought to, and its lots, are the model's.
fn lots(
    account: &Account,
    reserved: i64,
    now: Timestamp,
    expected: &ModelAccount,
    key: &(String, String),
) {
    let balance = account.balance.hundredths();
    assert_eq!(balance, expected.balance, "balance of {key:?} now");
    let mut lots = account.lots.unpack();
    assert_eq!(lots.balance().hundredths() + reserved, balance, "lots of {key:?}");
    lots.mature(now);
    let mut pending: Vec<_> = lots.pending().iter().map(pending_lot).collect();
    pending.sort_unstable();
    let ready = lots.ready().iter().map(ready_lot).collect();
    let there = ModelTaken {
        ready,
        pending,
        debt: lots.debt().hundredths(),
        owed: lots.owed().hundredths(),
    };
    assert_eq!(there, expected.lots.all(now.micros()), "lots, debt and owed of {key:?}");
    let held = lots.held_points().hundredths();
    assert_eq!(held, expected.lots.held(), "what is held of {key:?}");
}

fn ready_lot(lot: &Lot) -> (i64, i64) {
    (i64::from(lot.month.0) + MONTHS, lot.points.hundredths())
}

fn pending_lot(lot: &PendingLot) -> (i64, i64, i64) {
    let PendingLot { matures, month, points } = *lot;
    (i64::from(month.0) + MONTHS, matures.begins().micros(), points.hundredths())
}

/// Recorded lots as the model has them.
fn modelled_moved(moved: &Moved) -> ModelMoved {
    match moved {
        Moved::Untold => ModelMoved::Untold,
        Moved::Into { source: Source { month, matures }, paid } => {
            let matures = matures.map(Hour::begins).map(Timestamp::micros);
            ModelMoved::Into((i64::from(month.0) + MONTHS, matures), paid.hundredths())
        }
        Moved::From(taken) => {
            let Taken { ready, pending, debt, owed } = &**taken;
            ModelMoved::From(ModelTaken {
                ready: ready.iter().map(ready_lot).collect(),
                pending: pending.iter().map(pending_lot).collect(),
                debt: debt.hundredths(),
                owed: owed.hundredths(),
            })
        }
    }
}

/// What the journal tells of a player.
#[derive(Debug, Default, PartialEq)]
struct Told {
    moves: Vec<ModelMove>,
    redemptions: Vec<RedemptionMoved>,
    signals: Vec<SignalMoved>,
    counted: Vec<EventCounted>,
    scored: Vec<Vec<ScoredLine>>,
    scored_late: Vec<Vec<ScoredLine>>,
    prizes: Vec<PrizeMoved>,
    positions: Vec<PositionMoved>,
    /// What was said of points that expire soon, and when.
    expiring: Vec<(i64, PointsExpiring)>,
}

impl Told {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// All that the journal of a partition tells of, by player.
fn told_of(partition: u16, store: &MemoryStore) -> BTreeMap<Subject, Told> {
    let mut told: BTreeMap<_, Told> = BTreeMap::new();
    for ((_, batch), folded) in store.batches.range((partition, 0)..=(partition, u64::MAX)) {
        for slot in 0..=folded.count {
            let place = Place { partition, batch: *batch, slot, number: 0 };
            let recorded = store.recorded(place).expect("it was folded");
            for StoredNotice { notice, .. } in recorded.notices {
                let told = told.entry(notice.subject).or_default();
                match notice.kind {
                    TIER_MOVED => {
                        let moved = TierMoved::read(&notice.body).expect("the fold wrote it");
                        told.moves.push(told_move(&moved));
                    }
                    REDEMPTION_MOVED => {
                        let moved = RedemptionMoved::read(&notice.body).expect("the fold wrote it");
                        told.redemptions.push(moved);
                    }
                    SIGNAL_MOVED => {
                        let moved = SignalMoved::read(&notice.body).expect("the fold wrote it");
                        told.signals.push(moved);
                    }
                    EVENT_COUNTED => {
                        let counted = EventCounted::read(&notice.body).expect("the fold wrote it");
                        told.counted.push(counted);
                    }
                    SCORED => {
                        let scored = Scored::read(&notice.body).expect("the fold wrote it");
                        told.scored.push(scored.lines);
                    }
                    SCORED_LATE => {
                        let scored = Scored::read(&notice.body).expect("the fold wrote it");
                        told.scored_late.push(scored.lines);
                    }
                    PRIZE_MOVED => {
                        let moved = PrizeMoved::read(&notice.body).expect("the fold wrote it");
                        told.prizes.push(moved);
                    }
                    POSITION_MOVED => {
                        let moved = PositionMoved::read(&notice.body).expect("the fold wrote it");
                        told.positions.push(moved);
                    }
                    POINTS_EXPIRING => {
                        let told_at = recorded.time.micros();
                        let said = PointsExpiring::read(&notice.body).expect("the fold wrote it");
                        told.expiring.push((told_at, said));
                    }
                    GAME_SCORED => {}
                    kind => panic!("a notice of kind {kind}"),
                }
            }
        }
    }
    told
}

/// What is told of who has moved, by subject: those may be of another partition.
fn positions_of(told: &mut BTreeMap<Subject, Told>) -> BTreeMap<String, Vec<PositionMoved>> {
    let mut positions = BTreeMap::new();
    for (subject, told) in &mut *told {
        let moved = std::mem::take(&mut told.positions);
        if !moved.is_empty() {
            positions.insert(to_hex(&subject.0), moved);
        }
    }
    told.retain(|_, told| !told.is_nothing());
    positions
}

fn told_move(moved: &TierMoved) -> ModelMove {
    let name = |level: &Option<Box<str>>| level.as_ref().map(ToString::to_string);
    let (before, after) = (name(&moved.before), name(&moved.after));
    ModelMove { before, after, day: moved.day.0.into() }
}

/// The accounts and dead letters of a partition are the model's.
pub(crate) fn accounts(partition: &Partition, model: &Model) {
    let names: BTreeMap<u32, &str> =
        partition.rules().operators().map(|operator| (operator.number, &*operator.id)).collect();
    let players = partition.players().all();
    assert_eq!(players.len(), model.accounts().len(), "number of accounts");
    for player in players {
        let key = (names[&player.operator].to_owned(), player.name.to_string());
        let (account, expected) = (&player.account, model.account(&key));
        let entries = expected.entries_to(account.sequence);
        let balance = entries.last().map_or(0, |last| last.balance_after);
        assert_eq!(account.balance.hundredths(), balance, "balance of {key:?}");
        assert_eq!(account.sequence, entries.len() as u64, "entries of {key:?}");
        let takes_part = account.consent.map(|consent| consent == Consent::In);
        assert_eq!(takes_part, expected.takes_part, "consent of {key:?}");
    }
    rights(partition, model);
    let mut letters = letters(partition);
    let open = |reason| {
        let is_it =
            |letter: &&DeadLetter| letter.state == DeadLetterState::Open && letter.reason == reason;
        letters.iter().map(|(_, letter)| letter).filter(is_it).count() as u64
    };
    let totals = partition.tables().letter_totals.get(&()).cloned().unwrap_or_default();
    for reason in DeadReason::ALL {
        assert_eq!(totals.open(reason), open(reason), "open dead letters {}", reason.code());
    }
    // Those that have had their time may wait for their timer.
    letters.retain(|(_, letter)| letter.until > partition.time());
    let letters: Vec<_> = letters
        .iter()
        .map(|(place, letter)| {
            let state = match letter.state {
                DeadLetterState::Open => LetterState::Open,
                DeadLetterState::Released => LetterState::Released,
                DeadLetterState::Discarded => LetterState::Discarded,
            };
            let bytes_at = (letter.bytes_at.batch, letter.bytes_at.slot);
            let place = (place.partition, place.batch, place.slot);
            (place, &*letter.operator, letter.reason.code(), state, bytes_at, letter.until.micros())
        })
        .collect();
    let expected: Vec<_> = model
        .letters()
        .map(|(place, it)| (place, &*it.operator, it.reason, it.state, it.bytes_at, it.until))
        .collect();
    assert_eq!(letters, expected, "dead letters");
}

/// Keys and pauses of all operators are the model's.
fn rights(partition: &Partition, model: &Model) {
    for operator in partition.rules().operators() {
        let expected = model.rights(&operator.id);
        let keys = operator.keys.all().skip(1).map(|key| {
            let rotations = key.rotations.iter().map(|rotation| rotation.id.to_string()).collect();
            (key.terms.id.clone(), rotations, key.revoked.is_some())
        });
        let keys: Vec<(String, Vec<String>, bool)> = keys.collect();
        let expected_keys = expected.keys.iter().map(|key| {
            let rotations = key.rotations.iter().map(u64::to_string).collect();
            (format!("key-{}", key.name), rotations, key.is_revoked)
        });
        let expected_keys: Vec<_> = expected_keys.collect();
        assert_eq!(keys, expected_keys, "keys of `{}`", operator.id);
        let is_paused = operator.pauses.is_paused();
        assert_eq!(is_paused, expected.is_paused, "whether `{}` is paused", operator.id);
    }
}

/// All dead letters of a reference, oldest first; it has all of them in memory.
pub(crate) fn letters(reference: &Partition) -> Vec<(Place, DeadLetter)> {
    let letters = reference.tables().dead_letters.excerpt(Bound::Unbounded, usize::MAX);
    let read = letters.read(reference.number(), &mut MemoryStore::default());
    read.expect("nothing is read").rows
}

/// State and files are those of a fold that was never interrupted.
pub(crate) fn replayed(ground: &Ground, reference: &Reference) -> Result<()> {
    for reference in &reference.partitions {
        ground.read(reference.number(), |live| {
            same(live, reference);
            rows_of(live, ground.backing(), reference)
        })?;
    }
    let (backing, now) = (ground.backing(), ground.log_time());
    let mut listed = BTreeSet::new();
    for partition in &reference.partitions {
        let letters = letters(partition).into_iter();
        listed.extend(letters.filter(|(_, it)| it.until > now).map(|(_, it)| it.bytes_at));
    }
    for ((partition, batch), folded) in &reference.store.batches {
        let bytes = backing.journal.read(*partition, *batch)?;
        let bytes = bytes.unwrap_or_else(|| panic!("no journal of {partition}/{batch}"));
        let slice = Slice::read(&mut Cursor::new(&bytes, "slice")).expect("it was checked");
        assert!(
            slice.count == folded.count && slice.body == folded.journal,
            "the journal of {partition}/{batch} is not that of a replay"
        );
        for (slot, expected) in &folded.dead_letters {
            let (partition, batch, slot) = (*partition, *batch, *slot);
            let place = Place { partition, batch, slot, number: 0 };
            let mut bytes = Vec::new();
            let found = backing.dead_letter(place, |record| record.write(&mut bytes))?;
            // Those that have had their time may be gone.
            assert!(found.is_some() || !listed.contains(&place), "{place:?} is lost");
            assert!(found.is_none() || bytes == *expected, "{place:?} was changed");
        }
    }
    Ok(())
}

fn same(live: &Partition, reference: &Partition) {
    let number = live.number();
    assert_eq!(live.next_batch(), reference.next_batch(), "batches of partition {number}");
    assert_eq!(live.stands(), reference.stands(), "whether partition {number} stands");
    if !live.stands() {
        assert!(
            live.values() == reference.values(),
            "the state of partition {number} is not that of a replay"
        );
        let due = (live.next_due(), reference.next_due());
        assert_eq!(due.0, due.1, "timers of partition {number}");
    }
    let (live, reference) = (live.players().all(), reference.players().all());
    for (live, reference) in live.iter().zip(reference) {
        assert_eq!(live.account.subject, reference.account.subject, "a subject");
    }
}

/// How many batches of a partition that goes on with `next` are in the journal already: what comes of them
/// must be what came of them first.
pub(crate) fn still_to_compare(backing: &Backing, partition: u16, next: u64) -> u64 {
    let journal_next = backing.journal.last_batch(partition).map_or(1, |last| last + 1);
    journal_next.saturating_sub(next)
}

/// The paged rows of a partition that still count, in memory and in runs, are those of the reference, which
/// has all of them in memory.
pub(crate) fn rows_of(live: &Partition, backing: &Backing, reference: &Partition) -> Result<()> {
    if live.stands() {
        return Ok(());
    }
    let (number, settings) = (live.number(), &live.rules().settings);
    let overlay = |rows: &mut BTreeMap<Vec<u8>, Vec<u8>>, partition: &Partition| {
        let keep = |key: &[u8], row: &[u8]| {
            rows.insert(key.to_vec(), row.to_vec());
            Ok::<_, Infallible>(())
        };
        partition.tables().paged_rows().each(keep).unwrap_or_else(|never| match never {});
        rows.retain(|key, row| {
            let counts = tables::counts(key, row, number, live.time(), settings);
            *row != [0] && counts.expect("a key of a paged table")
        });
    };
    let [mut found, mut expected] = [BTreeMap::new(), BTreeMap::new()];
    for page in backing.pages.rows(number) {
        let page = page.map_err(pages::failed)?;
        found.insert(page.key[size_of::<u16>()..].to_vec(), page.row);
    }
    overlay(&mut found, live);
    overlay(&mut expected, reference);
    assert_eq!(found, expected, "paged rows of partition {number}");
    Ok(())
}

/// Consumers of the journal hear of every batch once, one after the other.
pub(crate) fn journal_in_order(backing: &Backing) -> Result<()> {
    let Some(from) = backing.journal.first_position()? else { return Ok(()) };
    let mut next: BTreeMap<u16, u64> = BTreeMap::new();
    backing.journal.frames(from, &mut |_, _, payload| {
        let mut cursor = Cursor::new(payload, "slice");
        while !cursor.is_empty() {
            let slice = Slice::read(&mut cursor).expect("the frame was checked");
            let next = next.entry(slice.partition).or_insert(1);
            assert_eq!(slice.batch, *next, "batches in the journal of {}", slice.partition);
            *next += 1;
        }
        Ok(())
    })
}

/// Ids that the reference has are found, in memory or in sealed runs: all, or some.
pub(crate) fn ids(
    ground: &Ground,
    reference: &Reference,
    mut some: Option<&mut Random>,
) -> Result<()> {
    for reference in &reference.partitions {
        let of = |live: &_| ids_of(live, ground.backing(), reference, some.as_deref_mut());
        ground.read(reference.number(), of)?;
    }
    Ok(())
}

/// Ids of one partition.
pub(crate) fn ids_of(
    live: &Partition,
    backing: &Backing,
    reference: &Partition,
    mut some: Option<&mut Random>,
) -> Result<()> {
    let partition = live.number();
    let mut entries: Vec<_> = reference.ids().iter().collect();
    entries.sort_by_key(|entry| (entry.batch, entry.slot, entry.id));
    for entry in entries {
        if some.as_mut().is_some_and(|random| !random.percent(10)) {
            continue;
        }
        let in_memory = live.ids().with_id(entry.id).any(|found| found == entry);
        let sealed = || -> Result<bool> {
            let found = backing.lookup.with_id(entry.id);
            let found = found.map_err(|error| StorageError::io("lookup", error))?;
            Ok(found.iter().any(|it| it.partition == partition && it.entry == *entry))
        };
        assert!(in_memory || sealed()?, "the id at {partition}/{entry:?} is lost");
    }
    Ok(())
}

/// The same of every partition.
pub(crate) fn all_chains(ground: &Ground, models: &[Model]) -> Result<()> {
    for (number, model) in (0..).zip(models) {
        ground.read(number, |partition| chains(partition, ground.backing(), model))?;
    }
    Ok(())
}

/// Every account's entries, read back from the journal by their places, are chained, add up and are
/// the model's.
pub(crate) fn chains(partition: &Partition, backing: &Backing, model: &Model) -> Result<()> {
    if partition.stands() {
        return Ok(());
    }
    {
        let names: BTreeMap<u32, &str> = partition
            .rules()
            .operators()
            .map(|operator| (operator.number, &*operator.id))
            .collect();
        for player in partition.players().all() {
            let key = (names[&player.operator].to_owned(), player.name.to_string());
            let account = &player.account;
            let expected = model.account(&key);
            let expected = expected.entries_to(account.sequence);
            let mut at = account.trail.last(partition.number());
            let mut places = vec![None; expected.len() + 1];
            let mut skips = Vec::new();
            let mut hash = account.head;
            for expected in expected.iter().rev() {
                let place = at.unwrap_or_else(|| panic!("{key:?} has too few entries"));
                let read = backing.recorded(place, |recorded| {
                    let stored = recorded.entry(place.number);
                    let stored = stored.expect("an entry stands at its place");
                    let entry = &stored.entry;
                    let line = (
                        entry.sequence,
                        entry.kind.code(),
                        entry.points.hundredths(),
                        entry.balance_after.hundredths(),
                        &*entry.cause,
                        entry.event_time.micros(),
                        entry.program_version,
                        modelled_moved(&entry.moved),
                    );
                    let wanted = (
                        expected.sequence,
                        expected.kind,
                        expected.points,
                        expected.balance_after,
                        &*expected.wager_id,
                        expected.at,
                        expected.version,
                        expected.moved.clone(),
                    );
                    assert_eq!(line, wanted, "an entry of {key:?}");
                    assert_eq!(entry.subject, account.subject, "the subject of {key:?}");
                    assert_eq!(entry.place, place, "the place of an entry");
                    assert_eq!(stored.hash, hash, "the chain of {key:?} is broken");
                    let before = match entry.previous {
                        None => Ok(Some(ChainHash::default())),
                        Some(previous) => backing
                            .recorded(previous, |it| it.entry(previous.number).map(|it| it.hash))
                            .map(Option::flatten),
                    };
                    before.map(|before| {
                        let before = before.unwrap_or_else(|| panic!("nothing before {place:?}"));
                        assert_eq!(chain_hash(entry, &before), hash, "a hash of {key:?}");
                        (entry.previous, entry.skip, entry.sequence, before)
                    })
                })?;
                let (previous, skip, sequence, before) =
                    read.unwrap_or_else(|| panic!("no outcome at {place:?}"))?;
                places[usize::try_from(sequence).expect("small")] = Some(place);
                skips.push((sequence, skip));
                hash = before;
                at = previous;
            }
            assert_eq!(at, None, "{key:?} has too many entries");
            assert_eq!(hash, ChainHash::default(), "the chain of {key:?} begins with nothing");
            for (sequence, skip) in skips {
                let back = sequence - (sequence & sequence.wrapping_neg());
                let expected = places[usize::try_from(back).expect("small")].filter(|_| back > 0);
                assert_eq!(skip, expected, "a pointer of {key:?}");
            }
            let sum: i64 = expected.iter().map(|entry| entry.points).sum();
            assert_eq!(sum, account.balance.hundredths(), "the sum of {key:?}");
        }
    }
    Ok(())
}
