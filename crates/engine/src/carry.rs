//! Carries steps into the state of a partition, and knows no rule: new values, entries in their chains,
//! messages with their numbers. Every change can be undone until its input is done, so that a failure
//! leaves no half of an input behind.

use std::sync::Arc;

use accolade_domain::account::{Account, Timed};
use accolade_domain::amount::Points;
use accolade_domain::event::Event;
use accolade_domain::ledger::{ChainHash, Entry, Place, Subject};
use accolade_domain::notice::Notice;
use accolade_domain::packed_games::PackedGames;
use accolade_domain::packed_scores::PackedScores;
use accolade_domain::packed_watches::PackedWatches;
use accolade_domain::time::Timestamp;
use accolade_wire::journal::{Entries, StoredEntry};
use accolade_wire::ledger::chain_hash;
use accolade_wire::notice::counted::EVENT_COUNTED;
use accolade_wire::notice::games::GAME_SCORED;
use accolade_wire::notice::scores::{SCORED, SCORED_LATE};
use sha2::{Digest, Sha256};

use crate::apply::Loaded;
use crate::behaviour::SECOND;
use crate::ids::IdEntry;
use crate::input::{Body, Identity};
use crate::load::{Keyed, Owner, account_of};
use crate::partition::{Folding, Moment, Partition};
use crate::players::{Ordinal, Player};
use crate::rules::Rules;
use crate::step::{Change, Effect, NewEntry, NewNotice, Step};
use crate::tables::budgets::PlayerShareKey;
use crate::tables::outbox::{Message, MessageKey, Payload};
use crate::tables::{Held, Row};

/// Whom an input is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct About<'a> {
    pub(crate) identity: Option<&'a Identity>,
    /// The operator's number.
    pub(crate) operator: Option<u32>,
    name: &'a str,
    /// The player, where there is one.
    pub(crate) player: Option<Ordinal>,
}

/// What the steps of one slot have made.
#[derive(Debug, Default)]
pub(crate) struct Made<'a> {
    pub(crate) entries: Entries<'a>,
    pub(crate) notices: Vec<Notice<'a>>,
    /// How many messages were sent.
    pub(crate) sent: u32,
}

/// The state before a change.
#[derive(Debug)]
pub(crate) enum Undo {
    Account(Ordinal, Account),
    Watches(Ordinal, PackedWatches),
    Scores(Ordinal, PackedScores),
    Games(Ordinal, PackedGames),
    /// The last player was not there; the hash is that of the name.
    Player(u64),
    /// The last id was free.
    Id,
    Row(Row),
    Rules(Arc<Rules>),
}

impl<'a> About<'a> {
    /// Whom a record is about, of what was loaded for it.
    pub(crate) fn of(keyed: &'a Keyed<'_>, loaded: &Loaded<'_>) -> Self {
        let (identity, name) = match &keyed.body {
            Body::Event(event, identity) => (Some(identity), Event::player_id(event)),
            Body::Command(command, identity) => {
                let name = match account_of(command) {
                    Some(Owner::Named(name)) => name,
                    Some(Owner::Numbered(_)) | None => "",
                };
                (identity.as_ref(), name)
            }
            Body::Control | Body::UnknownCommand(_) | Body::Malformed(_) => (None, ""),
        };
        let operator = loaded.operator.map(|operator| operator.number);
        Self { identity, operator, name, player: loaded.player }
    }

    fn player(&self) -> Ordinal {
        self.player.expect("an input that changes an account has a player")
    }
}

/// What a step is carried with.
pub(crate) struct Carrying<'c, 'a> {
    pub(crate) place: Place,
    pub(crate) about: About<'c>,
    /// How many entries the slot has made before `made`.
    pub(crate) numbered: u32,
    pub(crate) made: &'c mut Made<'a>,
    pub(crate) moment: &'c Moment,
    pub(crate) folding: &'c mut Folding,
}

impl Partition {
    /// Carries all of a step but its outcome.
    #[inline]
    pub(crate) fn carry<'a>(&mut self, step: &mut Step<'a>, with: &mut Carrying<'_, 'a>) {
        let is_entered = !step.entries.is_empty();
        for change in step.changes.drain(..) {
            self.change(change, is_entered, with);
        }
        for entry in step.entries.drain(..) {
            self.enter(entry, with);
        }
        for notice in step.notices.drain(..) {
            self.tell(notice, with);
        }
        for (subject, NewNotice { kind, body }) in step.elsewhere.drain(..) {
            let operator =
                with.about.operator.expect("who is elsewhere is of the input's operator");
            with.made.notices.push(Notice { kind, operator, subject, body });
        }
        with.folding.effects.append(&mut step.effects);
    }

    #[inline]
    fn change(&mut self, change: Change<'_>, is_entered: bool, with: &mut Carrying<'_, '_>) {
        match change {
            Change::Open => {
                if with.about.player.is_none() {
                    with.about.player = Some(self.open(with));
                }
            }
            Change::Occupy { hour } => {
                let identity = with.about.identity.expect("an input that occupies an id has one");
                self.undo.push(Undo::Id);
                self.ids.insert(IdEntry {
                    id: identity.id,
                    content: identity.content,
                    batch: with.place.batch,
                    slot: with.place.slot,
                    player: identity.player_part(),
                    hour,
                });
            }
            Change::Consent(consent) => {
                let account = self.account(with.about.player());
                account.consent = Some(consent);
                account.version += 1;
            }
            Change::Exclude(exclusion) => {
                let player = with.about.player();
                let account = self.account(player);
                account.was_excluded = true;
                account.version += 1;
                self.change_row(Row::Exclusion(player, Some(*exclusion)));
                // Leaderboards show the player or do not.
                self.scored.add(with.place.batch, player);
                self.scored_in_games.add(with.place.batch, player);
            }
            Change::Opened => self.account(with.about.player()).is_opened = true,
            Change::CapDay(cap_day) => self.account(with.about.player()).cap_day = cap_day,
            Change::Time(timed) => self.settle(with.about.player(), timed),
            Change::Lots(lots) => {
                let account = self.account(with.about.player());
                account.lots = lots;
                // With an entry, it is one change.
                account.version += u32::from(!is_entered);
            }
            // Nobody sees it, so it is no change of the account.
            Change::Watches(watches) => {
                let player = with.about.player();
                let before = self.players.watch(player, watches);
                self.undo.push(Undo::Watches(player, before));
            }
            Change::Scores(scores) => {
                let player = with.about.player();
                let before = self.players.score(player, scores);
                self.undo.push(Undo::Scores(player, before));
                self.scored.add(with.place.batch, player);
            }
            Change::Games(games) => {
                let player = with.about.player();
                let before = self.players.score_in_games(player, games);
                self.undo.push(Undo::Games(player, before));
                self.scored_in_games.add(with.place.batch, player);
            }
            Change::LeftOut(count) => self.left_out += u64::from(count),
            Change::PlayerShare(given) => {
                let (promotion, share) = *given;
                let key = PlayerShareKey { player: with.about.player(), promotion };
                self.change_row(Row::BudgetPlayer(key, Held::Row(share)));
            }
            Change::Row(row) => self.change_row(*row),
            Change::Send { to, payload, due } => self.send(to, payload, due, with),
            Change::Keep(bytes) => {
                with.folding.folded.dead_letters.push((with.place.slot, bytes.into_owned()));
            }
            Change::Rules(rules) => {
                let before = std::mem::replace(&mut self.rules, rules);
                self.undo.push(Undo::Rules(before));
            }
        }
    }

    fn open(&mut self, with: &Carrying<'_, '_>) -> Ordinal {
        let Carrying { about, place, moment, folding, .. } = with;
        let operator = about.operator.expect("a player is opened with an operator");
        let identity = about.identity.expect("a player is opened by an input with an identity");
        let mut account = Account::new(subject(*place, moment), self.time);
        if folding.behaviour >= SECOND.number {
            let owner = self.rules.operator_numbered(operator);
            let in_force = owner.and_then(|owner| owner.versions.at(self.time));
            account.timed.settled_by = in_force.map_or(0, |version| version.number);
        }
        self.undo.push(Undo::Player(identity.player));
        let player = self.players.add(identity.player, operator, about.name, account);
        self.players.change(player);
        player
    }

    /// Time changes nothing that anybody sees but by a notice, which counts as a change.
    pub(crate) fn settle(&mut self, player: Ordinal, timed: Timed) {
        self.keep(player);
        let account = self.players.change(player);
        let before = account.timed.due;
        account.timed = timed;
        self.timers.reset_account(before, timed.due, player);
    }

    fn tell<'a>(&mut self, notice: NewNotice<'a>, with: &mut Carrying<'_, 'a>) {
        let player = with.about.player();
        let NewNotice { kind, body } = notice;
        // What is counted of a player is no part of the account.
        if ![EVENT_COUNTED, SCORED, SCORED_LATE, GAME_SCORED].contains(&kind) {
            self.account(player).version += 1;
        }
        let Player { operator, account, .. } = self.players.get(player);
        let (operator, subject) = (*operator, account.subject);
        with.made.notices.push(Notice { kind, operator, subject, body });
    }

    /// The account of a player, to be changed.
    #[inline]
    fn account(&mut self, player: Ordinal) -> &mut Account {
        self.keep(player);
        let account = self.players.change(player);
        account.last_updated = self.time;
        account
    }

    /// Keeps the account as it was before the input.
    #[inline]
    fn keep(&mut self, player: Ordinal) {
        let is_kept = |undo: &Undo| matches!(undo, Undo::Account(kept, _) if *kept == player);
        if !self.undo.iter().any(is_kept) {
            self.undo.push(Undo::Account(player, self.players.get(player).account.clone()));
        }
    }

    fn change_row(&mut self, row: Row) {
        let before = self.tables.change(row, &mut self.timers, &self.rules.settings);
        self.undo.push(Undo::Row(before));
    }

    fn send(&mut self, to: u16, payload: Payload, due: Timestamp, with: &mut Carrying<'_, '_>) {
        let sequence = self.tables.sent.get(&to).copied().unwrap_or(0) + 1;
        let key = MessageKey { to, sequence };
        let cause = Place { number: with.made.sent, ..with.place };
        with.made.sent += 1;
        let message = Message { cause, payload: payload.clone(), due };
        self.change_row(Row::Sent(to, Some(sequence)));
        self.change_row(Row::Message(key, Some(message)));
        with.folding.effects.push(Effect::Send { key, cause, payload });
    }

    /// Makes one entry of the ledger, and nothing else changes a balance.
    #[inline]
    fn enter<'a>(&mut self, new: NewEntry<'a>, with: &mut Carrying<'_, 'a>) {
        let number = with.numbered + u32::try_from(with.made.entries.len()).expect("few entries");
        let place = Place { number, ..with.place };
        let player = with.about.player();
        let operator = self.players.get(player).operator;
        let record_time = self.time;
        let account = self.account(player);
        let sum = account.balance.plus(new.points);
        assert!(
            sum == Some(new.balance_after) && new.points != Points::ZERO,
            "an entry changes the balance by its points"
        );
        let NewEntry { kind, points, balance_after, capped, moved, cause, version, .. } = new;
        let NewEntry { parts, event_time, .. } = new;
        let previous = account.trail.last(place.partition);
        account.sequence += 1;
        account.last_wager = kind.is_by_wager().then(|| (&*cause).into());
        let entry = Entry {
            operator,
            subject: account.subject,
            sequence: account.sequence,
            kind,
            points,
            balance_after,
            capped,
            moved,
            cause,
            program_version: version,
            parts,
            event_time,
            record_time,
            place,
            previous,
            skip: account.trail.push(account.sequence, place),
        };
        let hash: ChainHash = chain_hash(&entry, &account.head);
        account.head = hash;
        account.balance = balance_after;
        account.version += 1;
        with.made.entries.push(StoredEntry { entry, hash });
    }

    /// Takes everything back that was changed since the last input was done.
    pub(crate) fn undo(&mut self) {
        while let Some(undo) = self.undo.pop() {
            match undo {
                Undo::Account(player, before) => {
                    let account = self.players.change(player);
                    self.timers.reset_account(account.timed.due, before.timed.due, player);
                    *account = before;
                }
                Undo::Watches(player, before) => drop(self.players.watch(player, before)),
                Undo::Scores(player, before) => drop(self.players.score(player, before)),
                Undo::Games(player, before) => drop(self.players.score_in_games(player, before)),
                Undo::Player(hash) => self.players.take_back(hash),
                Undo::Id => self.ids.take_back(),
                Undo::Row(before) => {
                    self.tables.change(before, &mut self.timers, &self.rules.settings);
                }
                Undo::Rules(before) => self.rules = before,
            }
        }
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
