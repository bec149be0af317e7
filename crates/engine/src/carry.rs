//! Carries decisions into the state of a partition: entries in their chains, commands, dead letters
//! and timers.

use std::borrow::Cow;

use accolade_domain::account::Account;
use accolade_domain::amount::Points;
use accolade_domain::event::{Consent, Event};
use accolade_domain::ledger::{ChainHash, Entry, Place, Subject};
use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::refusal::DeadReason;
use accolade_domain::time::{DAY_MICROS, Day, Timestamp};
use accolade_wire::control::Command;
use accolade_wire::identity::NoContent;
use accolade_wire::journal::put_outcome;
use accolade_wire::ledger::chain_hash;
use accolade_wire::record::Record;
use sha2::{Digest, Sha256};

use crate::apply::{Change, Step};
use crate::ids::IdEntry;
use crate::input::{Identity, operator_of};
use crate::partition::{
    DeadLetter, DeadLetterState, Effect, Folding, Moment, Partition, Pending, marker_key,
};
use crate::players::Ordinal;
use crate::store::Earlier;
use crate::timers::{FIRED_MAX, MarkerKey, Timer};

/// What was sent to another partition is sent again after this long without an answer.
const RESEND_MICROS: i64 = 10_000_000;
/// How long a dead letter is kept.
const DEAD_LETTER_MICROS: i64 = 30 * DAY_MICROS;
/// After the window and the longest offset of a zone, nothing counts against a day any more.
const ZONE_MICROS_MAX: i64 = DAY_MICROS;

impl Partition {
    /// Carries the step of an event into the state and the journal; returns the player's balance.
    #[expect(clippy::too_many_arguments, reason = "the parts of one batch, which are not one idea")]
    pub(crate) fn carry(
        &mut self,
        place: Place,
        event: &Event<'_>,
        identity: &Identity,
        record: &Record<'_>,
        step: &Step,
        folding: &mut Folding,
        moment: &Moment,
    ) -> Option<Points> {
        let journal = &mut folding.folded.journal;
        let operator = self.rules.operator(operator_of(event, record)).cloned();
        let Some(operator) = operator.filter(|_| step.occupies_id()) else {
            put_outcome(journal, &step.outcome, None);
            let operator = self.rules.operator(operator_of(event, record))?;
            let player = self.players.find(identity.player, operator.number, event.player_id());
            return player.map(|ordinal| self.players.get(ordinal).account.balance);
        };
        let player = self.player(place, identity, operator.number, event.player_id(), moment);
        match &step.change {
            None => put_outcome(journal, &step.outcome, None),
            Some(change) => self.enter(player, place, event, &step.outcome, change, journal),
        }
        let hour = event.at().hour();
        self.occupy(identity, place, hour);
        if step.mark {
            // For a window, the last moment included, in which a wager as old as the void, or as the
            // batch of one that was released late, is accepted.
            let from = event.at().max(self.time);
            let until = from.plus_micros(self.rules.settings.window_micros() + 1);
            self.mark(marker_key(event, &operator), until);
        }
        Some(self.players.get(player).account.balance)
    }

    fn mark(&mut self, key: MarkerKey, until: Timestamp) {
        self.timers.set(until, Timer::Marker(key.clone()));
        self.unwritten.markers.insert(key.clone());
        self.markers.insert(key, until);
    }

    fn occupy(&mut self, identity: &Identity, place: Place, hour: i64) {
        self.ids.insert(IdEntry {
            id: identity.id,
            content: identity.content,
            batch: place.batch,
            slot: place.slot,
            player: identity.player_part(),
            hour,
        });
    }

    fn player(
        &mut self,
        place: Place,
        identity: &Identity,
        operator: u32,
        name: &str,
        moment: &Moment,
    ) -> Ordinal {
        self.players.find(identity.player, operator, name).unwrap_or_else(|| {
            let account = Account::new(subject(place, moment), self.time);
            let ordinal = self.players.add(identity.player, operator, name, account);
            self.players.change(ordinal);
            ordinal
        })
    }

    /// Makes one entry of the ledger, and nothing else changes a balance.
    fn enter(
        &mut self,
        player: Ordinal,
        place: Place,
        event: &Event<'_>,
        outcome: &Outcome,
        change: &Change,
        journal: &mut Vec<u8>,
    ) {
        if let Some((day, points)) = change.day_use {
            self.use_on(player, day, points);
        }
        let operator = self.players.get(player).operator;
        let (partition, record_time) = (self.number, self.time);
        let account = self.players.change(player);
        account.last_updated = record_time;
        if change.points == Points::ZERO {
            put_outcome(journal, outcome, None);
            return;
        }
        let previous = account.trail.last(partition);
        account.sequence += 1;
        let entry = Entry {
            operator,
            subject: account.subject,
            sequence: account.sequence,
            kind: change.kind,
            points: change.points,
            balance_after: change.balance_after,
            capped: change.capped,
            cause: Cow::Borrowed(event.id()),
            program_version: change.version,
            parts: change.parts,
            event_time: event.at(),
            record_time,
            place,
            previous,
            skip: account.trail.push(account.sequence, place),
        };
        let hash: ChainHash = chain_hash(&entry, &account.head);
        account.head = hash;
        account.balance = change.balance_after;
        account.version += 1;
        account.last_wager = Some(event.id().into());
        put_outcome(journal, outcome, Some((&entry, &hash)));
    }

    fn use_on(&mut self, player: Ordinal, day: Day, points: Points) {
        let before = self.day_use_due(player);
        self.players.change(player).day_use.use_on(day, points);
        self.reset_day_use(player, before);
    }

    /// When the oldest day of the player's cap is forgotten.
    pub(crate) fn day_use_due(&self, player: Ordinal) -> Option<Timestamp> {
        let day = self.players.get(player).account.day_use.oldest()?;
        Some(self.forgotten_at(day))
    }

    fn forgotten_at(&self, day: Day) -> Timestamp {
        let ends = (i64::from(day.0) + 1) * DAY_MICROS;
        let after = self.rules.settings.window_micros() + ZONE_MICROS_MAX;
        Timestamp::from_micros(ends).plus_micros(after)
    }

    fn reset_day_use(&mut self, player: Ordinal, before: Option<Timestamp>) {
        let after = self.day_use_due(player);
        if before == after {
            return;
        }
        if let Some(due) = before {
            self.timers.cancel(due, Timer::DayUse(player));
        }
        if let Some(due) = after {
            self.timers.set(due, Timer::DayUse(player));
        }
    }

    /// Fires what is due at the batch's time, up to a number that belongs to the behaviour.
    pub(crate) fn fire(&mut self, folding: &mut Folding) {
        for _ in 0..FIRED_MAX {
            match self.timers.pop(self.time) {
                None => return,
                Some(Timer::DayUse(player)) => self.forget_days(player),
                Some(Timer::Marker(key)) => {
                    self.markers.remove(&key);
                    self.unwritten.markers.insert(key);
                }
                Some(Timer::Pending(from)) => self.send_again(from, folding),
                Some(Timer::DeadLetter(place)) => {
                    self.dead_letters.remove(&place);
                    self.unwritten.dead_letters.insert(place);
                }
            }
        }
    }

    fn forget_days(&mut self, player: Ordinal) {
        let days = &self.players.get(player).account.day_use;
        let kept = days.iter().map(|(day, _)| day).find(|day| self.forgotten_at(*day) > self.time);
        self.players.change(player).day_use.forget_before(kept.unwrap_or(Day(i32::MAX)));
        self.reset_day_use(player, None);
    }

    fn send_again(&mut self, from: Place, folding: &mut Folding) {
        if let Some(pending) = self.pending.get_mut(&from) {
            pending.due = self.time.plus_micros(RESEND_MICROS);
            self.timers.set(pending.due, Timer::Pending(from));
            self.unwritten.pending.insert(from);
            folding.effects.push(Effect::Send { from, bytes_at: pending.bytes_at });
        }
    }

    /// Keeps an input whole that could not be processed. One that was sent from another partition may
    /// come again before its sender has heard of it, and is kept once.
    pub(crate) fn keep_dead_letter(
        &mut self,
        place: Place,
        reason: DeadReason,
        record: &Record<'_>,
        folding: &mut Folding,
    ) {
        let until = self.time.plus_micros(DEAD_LETTER_MICROS);
        if let Some(key) = record.origin.map(MarkerKey::returned) {
            if self.markers.contains_key(&key) {
                return;
            }
            self.mark(key, until);
        }
        let mut bytes = Vec::new();
        record.write(&mut bytes);
        folding.folded.dead_letters.push((place.slot, bytes));
        self.timers.set(until, Timer::DeadLetter(place));
        self.unwritten.dead_letters.insert(place);
        let dead_letter = DeadLetter {
            operator: record.operator.into(),
            reason,
            kind: record.kind,
            source: record.source,
            received_at: record.received_at,
            bytes_at: place,
            state: DeadLetterState::Open,
            until,
        };
        self.dead_letters.insert(place, dead_letter);
    }

    /// Carries a command out, or says why not.
    #[expect(clippy::too_many_arguments, reason = "the parts of one batch, which are not one idea")]
    pub(crate) fn command(
        &mut self,
        place: Place,
        command: &Command,
        identity: Option<&Identity>,
        record: &Record<'_>,
        earlier: Option<Earlier>,
        folding: &mut Folding,
        moment: &Moment,
    ) -> Result<Outcome, NoContent> {
        if let (Some(identity), Some(earlier)) = (identity, earlier) {
            let key = &self.rules.settings.hash_key;
            if !identity.repeats_command(earlier.content, record, key)? {
                return Ok(Outcome::Declined { why: Declined::IdConflict });
            }
            let (batch, slot) = (earlier.batch, earlier.slot);
            return Ok(Outcome::Repeated { first: Place { batch, slot, ..place } });
        }
        let carried_out = match command {
            Command::Consent { player_id, joins, .. } => {
                let consent = if *joins { Consent::In } else { Consent::Out };
                self.consent(place, player_id, consent, identity, record, moment)
            }
            Command::Repair { dead_letter, original, .. } => {
                let letter = self.place_here(*dead_letter);
                self.repair(place, letter, original, record, folding)
            }
            Command::Release { dead_letter, .. } => {
                let letter = self.place_here(*dead_letter);
                self.release(place, letter, record, folding)
            }
            Command::Discard { dead_letter, .. } => {
                let letter = self.place_here(*dead_letter);
                self.open_dead_letter(letter, record).map(|letter| {
                    letter.state = DeadLetterState::Discarded;
                })
            }
            Command::Arrived { sent_from } => {
                let from = self.place_here(*sent_from);
                if let Some(pending) = self.pending.remove(&from) {
                    self.timers.cancel(pending.due, Timer::Pending(from));
                    self.unwritten.pending.insert(from);
                }
                Ok(())
            }
        };
        Ok(match carried_out {
            Ok(()) => {
                if let Some(identity) = identity {
                    self.occupy(identity, place, self.time.hour());
                }
                Outcome::Done { made: 0 }
            }
            Err(why) => Outcome::Declined { why },
        })
    }

    const fn place_here(&self, (batch, slot): (u64, u32)) -> Place {
        Place { partition: self.number, batch, slot, number: 0 }
    }

    fn consent(
        &mut self,
        place: Place,
        player: &str,
        consent: Consent,
        identity: Option<&Identity>,
        record: &Record<'_>,
        moment: &Moment,
    ) -> Result<(), Declined> {
        let operator = self.rules.operator(record.operator).ok_or(Declined::OperatorUnknown)?;
        let (operator, identity) = (operator.number, identity.ok_or(Declined::Malformed)?);
        let player = self.player(place, identity, operator, player, moment);
        let time = self.time;
        let account = self.players.change(player);
        account.consent = Some(consent);
        account.last_updated = time;
        account.version += 1;
        Ok(())
    }

    /// The operator's open dead letter at `place`, to be changed.
    fn open_dead_letter(
        &mut self,
        place: Place,
        record: &Record<'_>,
    ) -> Result<&mut DeadLetter, Declined> {
        let letter = self
            .dead_letters
            .get_mut(&place)
            .filter(|letter| *letter.operator == *record.operator)
            .ok_or(Declined::NoSuchDeadLetter)?;
        if letter.state != DeadLetterState::Open {
            return Err(Declined::DeadLetterClosed);
        }
        self.unwritten.dead_letters.insert(place);
        Ok(letter)
    }

    fn repair(
        &mut self,
        place: Place,
        letter: Place,
        original: &str,
        record: &Record<'_>,
        folding: &mut Folding,
    ) -> Result<(), Declined> {
        let letter = self.open_dead_letter(letter, record)?;
        letter.bytes_at = place;
        let (kind, source, received_at) = (letter.kind, letter.source, letter.received_at);
        let (operator, body) = (record.operator, original.as_bytes());
        let repaired = Record { kind, source, operator, received_at, origin: None, body };
        let mut bytes = Vec::new();
        repaired.write(&mut bytes);
        folding.folded.dead_letters.push((place.slot, bytes));
        Ok(())
    }

    fn release(
        &mut self,
        place: Place,
        letter: Place,
        record: &Record<'_>,
        folding: &mut Folding,
    ) -> Result<(), Declined> {
        let letter = self.open_dead_letter(letter, record)?;
        letter.state = DeadLetterState::Released;
        let bytes_at = letter.bytes_at;
        let due = self.time.plus_micros(RESEND_MICROS);
        self.pending.insert(place, Pending { bytes_at, due });
        self.timers.set(due, Timer::Pending(place));
        self.unwritten.pending.insert(place);
        folding.effects.push(Effect::Send { from: place, bytes_at });
        Ok(())
    }
}

/// The subject of a player who is first seen at `place`: the batch's random bytes and the place,
/// hashed. The random bytes end with the log.
fn subject(place: Place, moment: &Moment) -> Subject {
    let mut hasher = Sha256::new();
    hasher.update(moment.random);
    hasher.update(place.partition.to_le_bytes());
    hasher.update(place.batch.to_le_bytes());
    hasher.update(place.slot.to_le_bytes());
    let hash: [u8; 32] = hasher.finalize().into();
    let (half, _) = hash.split_first_chunk().expect("32 bytes hold 16");
    Subject(*half)
}
