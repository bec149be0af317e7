//! The value of each output topic.

use std::borrow::Cow;

use accolade_domain::amount::Points;
use accolade_domain::event::{Event, Wager};
use accolade_domain::ledger::Entry;
use accolade_domain::notice::Notice;
use accolade_domain::outcome::Outcome;
use accolade_domain::time::Timestamp;
use accolade_wire::cut::{cut, sha256};
use accolade_wire::event::{read_game_event, read_wager};
use accolade_wire::hex::to_hex;
use accolade_wire::journal::{Recorded, StoredEntry, StoredNotice};
use accolade_wire::json::{self, Value};
use accolade_wire::record::{Kind, Record};
use accolade_wire::timestamp;

use super::json::Object;
use super::scores::Cause;
use super::told::{Row, Told};
use super::{Aside, Output, Topic, Wanted};
use crate::dead_letters::{id_of, stage_of};
use crate::shapes::multiplier;

/// The longest value of a topic: with key and head it stays below what brokers and clients take unless
/// told otherwise, a million bytes.
const VALUE_BYTES_MAX: usize = 900_000;
/// What an input that could not be processed may take of that.
const ORIGINAL_BYTES_MAX: usize = 880_000;
/// A name that an input which nobody has checked gives to an operator or a player; true ones have at
/// most 128 bytes.
const NAME_BYTES_MAX: usize = 256;
/// What is said about an error.
const DETAIL_BYTES_MAX: usize = 2_048;

/// A balance after a change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Balance<'a> {
    pub(crate) player: &'a str,
    pub(crate) operator: &'a str,
    pub(crate) points: Points,
    pub(crate) last_wager: &'a str,
    pub(crate) updated: Timestamp,
    /// The number of the account's last entry.
    pub(crate) version: u64,
}

/// Writes the value of a balance in place of what `out` holds.
pub(crate) fn put_balance(out: &mut Vec<u8>, of: &Balance<'_>) {
    Object::begin(out)
        .text("playerId", of.player)
        .text("operatorId", of.operator)
        .number("pointsBalance", of.points)
        .text("lastWagerId", of.last_wager)
        .plain("lastUpdated", timestamp::write(of.updated))
        .number("version", of.version)
        .end();
}

/// Writes the key of a balance in place of what `key` holds.
pub(crate) fn put_balance_key(key: &mut String, operator: &str, player: &str) {
    put_key(key, [operator, player]);
}

/// Writes names in place of what `key` holds, with a `/` between them: `operator/player`, where `%` and `/` of all but the last
/// are `%25` and `%2F`, so that it is known where each ends.
pub(super) fn put_key<const N: usize>(key: &mut String, names: [&str; N]) {
    key.clear();
    let (last, before) = names.split_last().expect("a key has names");
    for name in before {
        for letter in name.chars() {
            match letter {
                '%' => key.push_str("%25"),
                '/' => key.push_str("%2F"),
                other => key.push(other),
            }
        }
        key.push('/');
    }
    key.push_str(last);
}

/// Room for one output after the other.
#[derive(Debug, Default)]
pub(super) struct Values {
    pub(super) key: String,
    pub(super) value: Vec<u8>,
}

impl Values {
    /// Writes what is derived of a record and what became of it, and says whether that is all.
    pub(super) fn of_record(
        &mut self,
        record: &Record<'_>,
        recorded: &Recorded<'_>,
        wanted: Wanted,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        if wanted.has(Topic::DeadLetters) {
            self.dead_letter(record, recorded, each);
        }
        let Recorded { outcome, entries, notices, .. } = recorded;
        if let (Outcome::DeadLetter { .. }, true, true) =
            (outcome, entries.is_empty(), notices.is_empty())
        {
            return true;
        }
        let event = read_wager(record.body).ok().filter(|_| record.kind == Kind::Wager);
        let (operator, player) = match &event {
            Some(Event::Wager(wager)) => {
                self.of_wager(wager, record, recorded, wanted, each);
                (&*wager.operator_id, &*wager.player_id)
            }
            Some(Event::Void(void)) => (&*void.operator_id, &*void.player_id),
            Some(Event::Game(_)) | None => {
                let scores = self.of_game(record, recorded, wanted, aside, each);
                let moves = self.moves(recorded, Some(record), wanted, aside, each);
                // Who that is stands in no other record.
                return self.by_names(recorded, wanted, aside, each) && scores && moves;
            }
        };
        let cause = event.as_ref().map(Cause::of);
        let scores = self.scores(recorded, Some((operator, player)), cause, wanted, aside, each);
        if wanted.has(Topic::Balances) {
            for StoredEntry { entry, .. } in entries {
                self.balance(operator, player, entry, each);
            }
        }
        for (row, stored) in wanted.told(recorded) {
            self.notice(row, (operator, player), stored, recorded.time, each);
        }
        scores
    }

    /// Writes what a game event has changed of its player's scores, or a command that fills a tournament, and says whether that
    /// is all.
    fn of_game(
        &mut self,
        record: &Record<'_>,
        recorded: &Recorded<'_>,
        wanted: Wanted,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        if wanted.scored(recorded).is_none() {
            return true;
        }
        match record.kind {
            Kind::GameEvent => {}
            Kind::Command => return self.scores(recorded, None, None, wanted, aside, each),
            Kind::Wager | Kind::Control => return true,
        }
        let Ok(event) = read_game_event(record.body) else { return false };
        let event = Event::Game(event);
        let names = Some((record.operator, event.player_id()));
        self.scores(recorded, names, Some(Cause::of(&event)), wanted, aside, each)
    }

    /// Writes what can be derived without the record, and says whether that is all.
    pub(super) fn of_journal(
        &mut self,
        recorded: &Recorded<'_>,
        wanted: Wanted,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        let is_whole = match recorded.outcome {
            Outcome::DeadLetter { .. } if wanted.has(Topic::DeadLetters) => {
                let mut tell = |record: &Record<'_>| self.dead_letter(record, recorded, each);
                aside.dead_letter(recorded.place, &mut tell)
            }
            Outcome::Counted { .. } => {
                !(wanted.has(Topic::Eligible) || wanted.has(Topic::Calculated))
            }
            _ => true,
        };
        let scores = self.scores(recorded, None, None, wanted, aside, each);
        let moves = self.moves(recorded, None, wanted, aside, each);
        self.by_names(recorded, wanted, aside, each) && is_whole && scores && moves
    }

    /// Writes what names players, as far as `aside` knows them, and says whether that is all.
    fn by_names(
        &mut self,
        recorded: &Recorded<'_>,
        wanted: Wanted,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        let balances = !wanted.has(Topic::Balances) || self.balances(recorded, aside, each);
        self.notices(recorded, wanted, aside, each) && balances
    }

    /// Writes what notices tell of players that `aside` knows, and says whether that is all.
    fn notices(
        &mut self,
        recorded: &Recorded<'_>,
        wanted: Wanted,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        let mut is_whole = true;
        for (row, stored) in wanted.told(recorded) {
            let Notice { operator, subject, .. } = stored.notice;
            match aside.player(stored.place.partition, operator, subject) {
                Some((operator, player)) => {
                    self.notice(row, (&operator, &player), stored, recorded.time, each);
                }
                None => is_whole = false,
            }
        }
        is_whole
    }

    fn notice(
        &mut self,
        row: &Row,
        (operator, player): (&str, &str),
        stored: &StoredNotice<'_>,
        time: Timestamp,
        each: &mut dyn FnMut(Output<'_>),
    ) {
        let StoredNotice { place, notice } = stored;
        let told = Told { operator, player, place: *place, time, body: &notice.body };
        (row.put)(&mut self.value, &told).expect("the fold has written it");
        let (topic, place, value) = (row.topic, *place, &*self.value);
        each(Output { topic, place, time, operator, key: player, value });
    }

    /// Writes the balances after all entries of players that `aside` knows, and says whether that is all.
    fn balances(
        &mut self,
        recorded: &Recorded<'_>,
        aside: &dyn Aside,
        each: &mut dyn FnMut(Output<'_>),
    ) -> bool {
        let mut is_whole = true;
        for StoredEntry { entry, .. } in &recorded.entries {
            match aside.player(entry.place.partition, entry.operator, entry.subject) {
                Some((operator, player)) => self.balance(&operator, &player, entry, each),
                None => is_whole = false,
            }
        }
        is_whole
    }

    fn of_wager(
        &mut self,
        wager: &Wager<'_>,
        record: &Record<'_>,
        recorded: &Recorded<'_>,
        wanted: Wanted,
        each: &mut dyn FnMut(Output<'_>),
    ) {
        let Outcome::Counted { version, points, capped, parts, .. } = &recorded.outcome else {
            return;
        };
        let (place, time) = (recorded.place, recorded.time);
        let (operator, key) = (&*wager.operator_id, &*wager.player_id);
        let value = &mut self.value;
        if wanted.has(Topic::Eligible) {
            put_eligible(value, wager, record.body, *version);
            each(Output { topic: Topic::Eligible, place, time, operator, key, value });
        }
        if wanted.has(Topic::Calculated) {
            let mut object = Object::begin(value)
                .text("wagerId", &wager.wager_id)
                .text("playerId", key)
                .text("operatorId", operator)
                .number("pointsEarned", points)
                .number("wagerAmount", wager.stake)
                .number("multiplier", multiplier(parts).0)
                .number("bonusPoints", parts.promoted.bonus);
            if parts.promoted.cut != Points::ZERO {
                object = object.number("budgetCutPoints", parts.promoted.cut);
            }
            object
                .number("cappedPoints", capped)
                .plain("timestamp", timestamp::write(wager.at))
                .plain("calculatedAt", timestamp::write(time))
                .end();
            each(Output { topic: Topic::Calculated, place, time, operator, key, value });
        }
    }

    fn balance(
        &mut self,
        operator: &str,
        player: &str,
        entry: &Entry<'_>,
        each: &mut dyn FnMut(Output<'_>),
    ) {
        let (place, time) = (entry.place, entry.record_time);
        put_balance_key(&mut self.key, operator, player);
        let (points, version) = (entry.balance_after, entry.sequence);
        let last_wager = if entry.kind.is_by_wager() { &*entry.cause } else { "" };
        let of = Balance { player, operator, points, last_wager, updated: time, version };
        put_balance(&mut self.value, &of);
        let (key, value) = (&*self.key, &*self.value);
        each(Output { topic: Topic::Balances, place, time, operator, key, value });
    }

    fn dead_letter(
        &mut self,
        record: &Record<'_>,
        recorded: &Recorded<'_>,
        each: &mut dyn FnMut(Output<'_>),
    ) {
        let Outcome::DeadLetter { reason, detail } = &recorded.outcome else { return };
        let (operator, key) = named_in(record);
        let operator = cut(operator.as_deref().unwrap_or(record.operator), NAME_BYTES_MAX);
        let (operator, key) = (&*operator, cut(&key, NAME_BYTES_MAX));
        let (place, time) = (recorded.place, recorded.time);
        let value = Object::begin(&mut self.value)
            .text("id", &id_of(place))
            .text("operatorId", operator)
            .text("reason", reason.code())
            .text("error", &cut(detail, DETAIL_BYTES_MAX))
            .text("stage", stage_of(*reason))
            .text("source", record.source.code())
            .text("sourceTopic", source_topic(record.kind))
            .number("partition", place.partition)
            .number("batch", place.batch)
            .number("slot", place.slot)
            .plain("receivedAt", timestamp::write(record.received_at))
            .plain("time", timestamp::write(time));
        let body = record.body;
        let (value, is_whole) = if let Ok(original) = std::str::from_utf8(body) {
            value.text_within("original", original, ORIGINAL_BYTES_MAX)
        } else {
            let beginning = &body[..body.len().min(ORIGINAL_BYTES_MAX / 2)];
            (value.text("originalHex", &to_hex(beginning)), beginning.len() == body.len())
        };
        if is_whole {
            value.end();
        } else {
            value.number("originalBytes", body.len()).plain("originalSha256", sha256(body)).end();
        }
        let value = &*self.value;
        each(Output { topic: Topic::DeadLetters, place, time, operator, key: &key, value });
    }
}

/// The wager's own fields, as they came, and the version that found it eligible. Of a wager that is too
/// large, those that Accolade reads, with the length and the hash of the whole.
fn put_eligible(out: &mut Vec<u8>, wager: &Wager<'_>, body: &[u8], version: u32) {
    out.clear();
    if body.len() > VALUE_BYTES_MAX {
        let mut value = Object::begin(out)
            .text("wagerId", &wager.wager_id)
            .text("playerId", &wager.player_id)
            .text("operatorId", &wager.operator_id)
            .text("gameId", &wager.game_id)
            .text("gameCategory", &wager.game_category)
            .number("wagerAmount", wager.stake)
            .text("currency", &wager.currency)
            .text("jurisdiction", &wager.jurisdiction)
            .plain("timestamp", timestamp::write(wager.at));
        if let Some(win) = wager.win {
            value = value.number("winAmount", win);
        }
        if let Some(segment) = &wager.segment {
            value = value.text("playerSegment", segment);
        }
        value
            .number("originalBytes", body.len())
            .plain("originalSha256", sha256(body))
            .plain("eligibilityRuleVersion", format_args!("v{version}"))
            .end();
        return;
    }
    let fields = body.trim_ascii_end();
    let fields = fields.strip_suffix(b"}").unwrap_or(fields);
    out.extend_from_slice(fields.trim_ascii_end());
    out.extend_from_slice(format!(",\"eligibilityRuleVersion\":\"v{version}\"}}").as_bytes());
}

/// The topic that an input of this kind comes in by.
const fn source_topic(kind: Kind) -> &'static str {
    match kind {
        Kind::Wager => "wager.events",
        Kind::GameEvent => "player.events.raw",
        Kind::Command => "accolade.commands",
        Kind::Control => "accolade.control",
    }
}

/// The operator and the player that an input names, as far as it can be read.
fn named_in<'a>(record: &Record<'a>) -> (Option<Cow<'a, str>>, Cow<'a, str>) {
    let text = |value: Option<Value<'a>>| match value {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    let names = match record.kind {
        Kind::Wager => ["operatorId", "playerId"],
        Kind::GameEvent => ["", "player_id"],
        Kind::Command | Kind::Control => return (None, Cow::default()),
    };
    match json::fields(record.body, &names) {
        Ok([operator, player]) => (text(operator), text(player).unwrap_or_default()),
        Err(_) => (None, Cow::default()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn balance_key(operator: &str, player: &str) -> String {
        let mut key = "what was there".to_owned();
        put_balance_key(&mut key, operator, player);
        key
    }

    #[test]
    fn a_plain_balance_key_is_operator_and_player_as_they_are() {
        assert_eq!(balance_key("operator-789", "player/4%2F"), "operator-789/player/4%2F");
        assert_eq!(balance_key("a/b", "c"), "a%2Fb/c");
    }

    /// A name of few pieces, so that many names of one length look alike.
    fn name() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec!["a", "/", "%", "%2F", "%25"]);
        prop::collection::vec(piece, 1..3).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn two_players_never_share_a_balance_key(
            pairs in prop::collection::vec((name(), name()), 64),
        ) {
            let pairs: BTreeSet<_> = pairs.into_iter().collect();
            let keys: BTreeSet<_> =
                pairs.iter().map(|(operator, player)| balance_key(operator, player)).collect();
            prop_assert_eq!(keys.len(), pairs.len());
        }
    }
}
