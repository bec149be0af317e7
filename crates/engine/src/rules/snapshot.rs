//! The rules in checkpoints: what changed since the one before, and now and then everything again.
//!
//! A value is `tag u8 · key · format u8 · fields`. Of each key the newest value counts, and it tells all
//! that older ones told: so checkpoints may be read from the newest to the oldest, and a partition that
//! stands at an earlier control record needs no values of its own ([`Rules::as_of`]).

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use accolade_domain::program::VersionEntry;
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};
use accolade_wire::control::NewKey;
use accolade_wire::identity::HashKey;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::keys::{FirstKey, Key, Revocation, Rotation};
use super::pauses::Pause;
use super::rewards::Reward;
use super::tournaments::Tournament;
use super::webhooks::Webhook;
use super::{LazyProgram, Operator, Published, Rules, Said, Settings, Since, Withdrawal};

mod tag {
    pub(super) const HEAD: u8 = 1;
    pub(super) const OPERATOR: u8 = 2;
    pub(super) const VERSION: u8 = 3;
    pub(super) const KEY: u8 = 4;
    pub(super) const PAUSE: u8 = 5;
    pub(super) const WEBHOOK: u8 = 6;
    pub(super) const REWARD: u8 = 7;
    pub(super) const TOURNAMENT: u8 = 8;
}

const FORMAT: u8 = 1;

/// A part of an operator, in the order in which a round gives them out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    #[default]
    Itself,
    Version(u32),
    Key(u32),
    Pause(u32),
    Webhook(u32),
    Reward(u32),
    Tournament(u32),
}

impl Part {
    /// The parts of an operator from one on.
    fn all(operator: &Operator, from: Self) -> impl Iterator<Item = Self> {
        const PAST: u32 = u32::MAX;
        let [version, key, pause, webhook, reward, tournament] = match from {
            Self::Itself => [0; 6],
            Self::Version(from) => [from, 0, 0, 0, 0, 0],
            Self::Key(from) => [PAST, from, 0, 0, 0, 0],
            Self::Pause(from) => [PAST, PAST, from, 0, 0, 0],
            Self::Webhook(from) => [PAST, PAST, PAST, from, 0, 0],
            Self::Reward(from) => [PAST, PAST, PAST, PAST, from, 0],
            Self::Tournament(from) => [PAST, PAST, PAST, PAST, PAST, from],
        };
        let itself = (from == Self::Itself).then_some(Self::Itself);
        let versions = operator.versions.all_from(version).map(|it| Self::Version(it.number));
        let keys = operator.keys.from(key).filter(|key| key.is_told_apart(operator.since));
        let keys = keys.map(|key| Self::Key(key.number));
        let pauses = operator.pauses.from(pause).map(|(number, _)| Self::Pause(number));
        let webhooks = operator.webhooks.from(webhook).map(|it| Self::Webhook(it.number));
        let rewards = operator.rewards.from(reward).map(|it| Self::Reward(it.number));
        let tournaments = operator.tournaments.from(tournament);
        let tournaments = tournaments.map(|it| Self::Tournament(it.number));
        let itself = itself.into_iter().chain(versions).chain(keys);
        itself.chain(pauses).chain(webhooks).chain(rewards).chain(tournaments)
    }
}

/// What of the rules stands in checkpoints already.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Everything that came by control records up to this one.
    written: u64,
    /// Where the round over everything goes on, if one is on its way.
    sweep_next: Option<(u32, Part)>,
}

impl Snapshot {
    /// Goes on after checkpoints that hold `rules`.
    pub const fn after(rules: &Rules) -> Self {
        Self { written: rules.applied, sweep_next: None }
    }

    /// Whether a round over everything is on its way.
    pub const fn is_sweeping(&self) -> bool {
        self.sweep_next.is_some()
    }

    /// Gives out, one by one, the values of what came since the last time; none where nothing did.
    pub fn write_changes(&mut self, rules: &Rules, give: &mut dyn FnMut(&[u8])) {
        let written = std::mem::replace(&mut self.written, rules.applied);
        if rules.applied <= written {
            return;
        }
        let mut values = Values::new(give);
        values.head(rules);
        for operator in rules.operators().filter(|operator| operator.changed > written) {
            if operator.since.control > written {
                values.operator(operator);
            }
            let is_new = |since: Since| since.control > written;
            let versions = operator.versions.all().rev();
            for version in versions.take_while(|version| is_new(version.program.since)) {
                values.version(operator, version);
            }
            for (number, withdrawal) in &operator.withdrawals {
                if let Some(version) = operator.versions.get(*number)
                    && is_new(withdrawal.since)
                    && !is_new(version.program.since)
                {
                    values.version(operator, version);
                }
            }
            let is_told = |key: &&Arc<Key>| key.is_told_apart(operator.since);
            for key in operator.keys.all().filter(is_told).filter(|key| key.changed() > written) {
                values.key(operator, key);
            }
            let pauses = operator.pauses.from(0).rev();
            for (number, pause) in pauses.take_while(|(_, pause)| is_new(pause.since)) {
                values.pause(operator, number, pause);
            }
            for webhook in operator.webhooks.all().filter(|webhook| is_new(webhook.changed())) {
                values.webhook(operator, webhook);
            }
            for reward in operator.rewards.all().filter(|reward| is_new(reward.changed())) {
                values.reward(operator, reward);
            }
            let tournaments = operator.tournaments.all();
            for tournament in tournaments.filter(|tournament| is_new(tournament.changed())) {
                values.tournament(operator, tournament);
            }
        }
    }

    /// Gives out about `bytes` of all values, from where it stopped the last time; returns whether the
    /// round is complete: then whatever was given out before it began is superseded.
    pub fn sweep(&mut self, rules: &Rules, bytes: usize, give: &mut dyn FnMut(&[u8])) -> bool {
        let mut values = Values::new(give);
        let next = self.sweep_next.take();
        if next.is_none() {
            values.head(rules);
        }
        let (first, first_part) = next.unwrap_or_default();
        for number in rules.names.range(first..).map(|(number, _)| *number) {
            let operator = rules.operator_numbered(number).expect("it has a name");
            let from = if number == first { first_part } else { Part::Itself };
            for part in Part::all(operator, from) {
                if values.bytes >= bytes {
                    self.sweep_next = Some((number, part));
                    return false;
                }
                values.part(operator, part);
            }
        }
        true
    }
}

/// Writes values, and hands each out.
struct Values<'a> {
    give: &'a mut dyn FnMut(&[u8]),
    buffer: Vec<u8>,
    bytes: usize,
}

impl<'a> Values<'a> {
    fn new(give: &'a mut dyn FnMut(&[u8])) -> Self {
        Self { give, buffer: Vec::new(), bytes: 0 }
    }

    fn give(&mut self) {
        self.bytes += self.buffer.len();
        (self.give)(&self.buffer);
        self.buffer.clear();
    }

    fn head(&mut self, rules: &Rules) {
        let Settings { cluster_id, partitions, hash_key, behaviour: _, window_hours, recent_hours } =
            &rules.settings;
        let out = &mut self.buffer;
        out.extend_from_slice(&[tag::HEAD, FORMAT]);
        put_varint(out, rules.applied);
        put_text(out, cluster_id);
        put_varint(out, u64::from(*partitions));
        out.extend_from_slice(&hash_key.0);
        put_varint(out, u64::from(*window_hours));
        put_varint(out, u64::from(*recent_hours));
        put_varint(out, rules.behaviours.len() as u64);
        for (since, behaviour) in &rules.behaviours {
            put_since(out, *since);
            put_varint(out, u64::from(*behaviour));
        }
        out.push(rules.first_key.is_some().into());
        if let Some(FirstKey { secret_hash, until, who, since }) = rules.first_key.as_deref() {
            put_since(out, *since);
            put_text(out, secret_hash);
            put_text(out, who);
            out.extend_from_slice(&until.micros().to_le_bytes());
        }
        self.give();
    }

    fn part(&mut self, operator: &Operator, part: Part) {
        match part {
            Part::Itself => self.operator(operator),
            Part::Version(number) => {
                let version = operator.versions.get(number).expect("a part that is there");
                self.version(operator, version);
            }
            Part::Key(number) => {
                let key = operator.keys.from(number).next().expect("a part that is there");
                self.key(operator, key);
            }
            Part::Pause(number) => {
                let (_, pause) = operator.pauses.from(number).next().expect("a part that is there");
                self.pause(operator, number, pause);
            }
            Part::Webhook(number) => {
                let webhook = operator.webhooks.numbered(number).expect("a part that is there");
                self.webhook(operator, webhook);
            }
            Part::Reward(number) => {
                let reward = operator.rewards.numbered(number).expect("a part that is there");
                self.reward(operator, reward);
            }
            Part::Tournament(number) => {
                let tournament = operator.tournaments.numbered(number);
                self.tournament(operator, tournament.expect("a part that is there"));
            }
        }
    }

    fn operator(&mut self, operator: &Operator) {
        let out = &mut self.buffer;
        out.push(tag::OPERATOR);
        put_varint(out, u64::from(operator.number));
        out.push(FORMAT);
        put_text(out, &operator.id);
        put_text(out, &operator.key_hash);
        put_varint(out, u64::from(operator.events_per_second));
        put_since(out, operator.since);
        self.give();
    }

    fn version(&mut self, operator: &Operator, version: &VersionEntry<Arc<Published>>) {
        let Published { program, edited_from, why, who, published_at, since } = &*version.program;
        let out = &mut self.buffer;
        out.push(tag::VERSION);
        put_varint(out, u64::from(operator.number));
        put_varint(out, u64::from(version.number));
        out.push(FORMAT);
        put_since(out, *since);
        out.extend_from_slice(&version.effective_from.micros().to_le_bytes());
        put_varint(out, u64::from(*edited_from));
        out.extend_from_slice(&published_at.micros().to_le_bytes());
        put_text(out, why);
        put_text(out, who);
        put_varint(out, u64::from(program.behaviour));
        put_varint(out, program.zone.0.len() as u64);
        for (from, offset) in &program.zone.0 {
            out.extend_from_slice(&from.micros().to_le_bytes());
            put_signed(out, i64::from(*offset));
        }
        put_text(out, &program.document);
        let withdrawal = operator.withdrawals.get(&version.number);
        out.push(u8::from(withdrawal.is_some()));
        if let Some(withdrawal) = withdrawal {
            put_since(out, withdrawal.since);
            put_text(out, &withdrawal.why);
            put_text(out, &withdrawal.who);
        }
        self.give();
    }

    fn key(&mut self, operator: &Operator, key: &Key) {
        let Key { number, terms, since, rotations, revoked } = key;
        let NewKey { operator: _, id, name, roles, secret_hash, until, .. } = &**terms;
        let NewKey { networks, event_types, origins, player, who, .. } = &**terms;
        let out = &mut self.buffer;
        out.push(tag::KEY);
        put_varint(out, u64::from(operator.number));
        put_varint(out, u64::from(*number));
        out.push(FORMAT);
        put_since(out, *since);
        for text in [id, name, secret_hash, who] {
            put_text(out, text);
        }
        for list in [roles, networks, event_types, origins] {
            put_list(out, list);
        }
        out.push(u8::from(until.is_some()));
        out.extend(until.iter().flat_map(|until| until.to_le_bytes()));
        out.push(u8::from(player.is_some()));
        if let Some(player) = player {
            put_text(out, player);
        }
        put_varint(out, rotations.len() as u64);
        for Rotation { id, secret_hash, old_until, who, since } in rotations {
            put_since(out, *since);
            for text in [id, secret_hash, who] {
                put_text(out, text);
            }
            out.extend_from_slice(&old_until.micros().to_le_bytes());
        }
        out.push(u8::from(revoked.is_some()));
        if let Some(Revocation { who, since }) = revoked {
            put_since(out, *since);
            put_text(out, who);
        }
        self.give();
    }

    fn pause(&mut self, operator: &Operator, number: u32, pause: &Pause) {
        let Pause { is_paused, why, who, since } = pause;
        let out = &mut self.buffer;
        out.push(tag::PAUSE);
        put_varint(out, u64::from(operator.number));
        put_varint(out, u64::from(number));
        out.push(FORMAT);
        put_since(out, *since);
        out.push(u8::from(*is_paused));
        put_text(out, why);
        put_text(out, who);
        self.give();
    }

    fn webhook(&mut self, operator: &Operator, webhook: &Webhook) {
        self.said(tag::WEBHOOK, operator, webhook.number, webhook.said());
    }

    fn reward(&mut self, operator: &Operator, reward: &Reward) {
        self.said(tag::REWARD, operator, reward.number, reward.said());
    }

    fn tournament(&mut self, operator: &Operator, tournament: &Tournament) {
        self.said(tag::TOURNAMENT, operator, tournament.number, tournament.said());
    }

    /// What was said of something with a number stands there as it was ordered.
    fn said<T: Serialize>(&mut self, tag: u8, operator: &Operator, number: u32, all: &[Said<T>]) {
        let out = &mut self.buffer;
        out.push(tag);
        put_varint(out, u64::from(operator.number));
        put_varint(out, u64::from(number));
        out.push(FORMAT);
        put_varint(out, all.len() as u64);
        for Said { terms, since } in all {
            put_since(out, *since);
            put_text(out, &serde_json::to_string(&**terms).expect("terms are plain data"));
        }
        self.give();
    }
}

fn put_list(out: &mut Vec<u8>, list: &[String]) {
    put_varint(out, list.len() as u64);
    for text in list {
        put_text(out, text);
    }
}

fn read_list(cursor: &mut Cursor<'_>) -> Result<Vec<String>, BadFormat> {
    (0..cursor.varint()?).map(|_| Ok(cursor.text()?.to_owned())).collect()
}

fn read_flag(cursor: &mut Cursor<'_>) -> Result<bool, BadFormat> {
    match cursor.u8()? {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(cursor.bad()),
    }
}

fn put_since(out: &mut Vec<u8>, since: Since) {
    put_varint(out, since.control);
    out.extend_from_slice(&since.time.micros().to_le_bytes());
}

fn read_since(cursor: &mut Cursor<'_>) -> Result<Since, BadFormat> {
    match cursor.varint()? {
        0 => Err(cursor.bad()),
        control => Ok(Since { control, time: read_time(cursor)? }),
    }
}

fn read_time(cursor: &mut Cursor<'_>) -> Result<Timestamp, BadFormat> {
    cursor.i64().map(Timestamp::from_micros)
}

fn read_format(cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
    cursor.format_of("part of the rules", FORMAT)
}

/// A version as a checkpoint has it.
#[derive(Debug)]
struct Stored {
    effective_from: Timestamp,
    published: Arc<Published>,
    withdrawal: Option<Arc<Withdrawal>>,
}

/// Makes the rules from checkpoints, which are read from the newest to the oldest.
#[derive(Debug, Default)]
pub struct Restoring {
    head: Option<Rules>,
    operators: BTreeMap<u32, Operator>,
    versions: BTreeMap<(u32, u32), Stored>,
    /// Keys, pauses, webhooks, rewards and tournaments, by operator and number.
    keys: BTreeMap<(u32, u32), Key>,
    pauses: BTreeMap<(u32, u32), Pause>,
    webhooks: BTreeMap<(u32, u32), Webhook>,
    rewards: BTreeMap<(u32, u32), Reward>,
    tournaments: BTreeMap<(u32, u32), Tournament>,
    /// Equal documents are kept once.
    programs: BTreeMap<u64, Arc<LazyProgram>>,
}

impl Restoring {
    /// Reads values as [`Snapshot`] gave them out, any number of them.
    pub fn read(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        while !cursor.is_empty() {
            match cursor.u8()? {
                tag::HEAD => {
                    let head = read_head(cursor)?;
                    self.head.get_or_insert(head);
                }
                tag::OPERATOR => {
                    let operator = read_operator(cursor)?;
                    self.operators.entry(operator.number).or_insert(operator);
                }
                tag::VERSION => self.read_version(cursor)?,
                tag::KEY => {
                    let at = (cursor.small()?, cursor.small()?);
                    let key = read_key(cursor, at.1)?;
                    self.keys.entry(at).or_insert(key);
                }
                tag::PAUSE => {
                    let at = (cursor.small()?, cursor.small()?);
                    let pause = read_pause(cursor)?;
                    self.pauses.entry(at).or_insert(pause);
                }
                tag::WEBHOOK => {
                    let at = (cursor.small()?, cursor.small()?);
                    let webhook = Webhook::of(at.1, read_said(cursor)?).ok_or(cursor.bad())?;
                    self.webhooks.entry(at).or_insert(webhook);
                }
                tag::REWARD => {
                    let at = (cursor.small()?, cursor.small()?);
                    let reward = Reward::of(at.1, read_said(cursor)?).ok_or(cursor.bad())?;
                    self.rewards.entry(at).or_insert(reward);
                }
                tag::TOURNAMENT => {
                    let at = (cursor.small()?, cursor.small()?);
                    let tournament =
                        Tournament::of(at.1, read_said(cursor)?).ok_or(cursor.bad())?;
                    self.tournaments.entry(at).or_insert(tournament);
                }
                _ => return Err(cursor.bad()),
            }
        }
        Ok(())
    }

    fn read_version(&mut self, cursor: &mut Cursor<'_>) -> Result<(), BadFormat> {
        let key = (cursor.small()?, cursor.small()?);
        read_format(cursor)?;
        let since = read_since(cursor)?;
        let effective_from = read_time(cursor)?;
        let edited_from = cursor.small()?;
        let published_at = read_time(cursor)?;
        let (why, who) = (cursor.text()?, cursor.text()?);
        let behaviour = cursor.small()?;
        let mut zone = Vec::new();
        for _ in 0..cursor.varint()? {
            let from = read_time(cursor)?;
            let offset = i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?;
            zone.push((from, offset));
        }
        let document = cursor.text()?;
        let withdrawal = if read_flag(cursor)? {
            let since = read_since(cursor)?;
            let (why, who) = (cursor.text()?.into(), cursor.text()?.into());
            Some(Arc::new(Withdrawal { why, who, since }))
        } else {
            None
        };
        if !self.versions.contains_key(&key) {
            let program =
                self.program(LazyProgram::new(document.into(), ZoneOffsets(zone), behaviour));
            let (why, who) = (why.into(), who.into());
            let published =
                Arc::new(Published { program, edited_from, why, who, published_at, since });
            self.versions.insert(key, Stored { effective_from, published, withdrawal });
        }
        Ok(())
    }

    fn program(&mut self, program: LazyProgram) -> Arc<LazyProgram> {
        let mut hasher = DefaultHasher::new();
        program.document.hash(&mut hasher);
        let known = self.programs.entry(hasher.finish());
        let program = Arc::new(program);
        let known = known.or_insert_with(|| Arc::clone(&program));
        if *known == program { Arc::clone(known) } else { program }
    }

    /// The rules of the newest checkpoint; those before the first control record where none was read.
    pub fn finish(self) -> Result<Rules, BadFormat> {
        let Self { head, mut operators, versions, keys, pauses, .. } = self;
        let Self { webhooks, rewards, tournaments, .. } = self;
        let missing = BadFormat::Invalid("set of checkpoints: a part of the rules is missing");
        let mut rules = match head {
            Some(head) => head,
            None if operators.is_empty() && versions.is_empty() => return Ok(Rules::default()),
            None => return Err(missing),
        };
        for ((operator, number), stored) in versions {
            let operator = operators.get_mut(&operator).ok_or(missing)?;
            if operator.publish(stored.effective_from, stored.published) != number {
                return Err(missing);
            }
            if let Some(withdrawal) = stored.withdrawal
                && !operator.withdraw(number, withdrawal)
            {
                return Err(missing);
            }
        }
        for ((operator, _), mut key) in keys {
            let operator = operators.get_mut(&operator).ok_or(missing)?;
            Arc::make_mut(&mut key.terms).operator = operator.id.to_string();
            operator.changed = operator.changed.max(key.changed());
            if !operator.keys.put(key) {
                return Err(missing);
            }
        }
        for ((operator, number), pause) in pauses {
            let operator = operators.get_mut(&operator).ok_or(missing)?;
            operator.changed = operator.changed.max(pause.since.control);
            if operator.pauses.add(Arc::new(pause)) != number {
                return Err(missing);
            }
        }
        for ((operator, _), webhook) in webhooks {
            let operator = operators.get_mut(&operator).ok_or(missing)?;
            operator.changed = operator.changed.max(webhook.changed().control);
            if !operator.webhooks.put(webhook) {
                return Err(missing);
            }
        }
        for ((operator, _), reward) in rewards {
            let operator = operators.get_mut(&operator).ok_or(missing)?;
            operator.changed = operator.changed.max(reward.changed().control);
            if !operator.rewards.put(reward) {
                return Err(missing);
            }
        }
        for ((operator, _), tournament) in tournaments {
            let operator = operators.get_mut(&operator).ok_or(missing)?;
            operator.changed = operator.changed.max(tournament.changed().control);
            if !operator.tournaments.put(tournament) {
                return Err(missing);
            }
        }
        for (expected, (number, operator)) in (1..).zip(operators) {
            let is_next = number == expected && operator.changed <= rules.applied;
            if !is_next || rules.operators.contains_key(&operator.id) {
                return Err(missing);
            }
            rules.add(operator);
        }
        Ok(rules)
    }
}

fn read_head(cursor: &mut Cursor<'_>) -> Result<Rules, BadFormat> {
    read_format(cursor)?;
    let applied = cursor.varint()?;
    let mut settings = Settings {
        cluster_id: cursor.text()?.into(),
        partitions: cursor.small()?,
        hash_key: HashKey(cursor.array()?),
        window_hours: cursor.small()?,
        recent_hours: cursor.small()?,
        ..Settings::default()
    };
    let mut behaviours = Vec::new();
    for _ in 0..cursor.varint()? {
        behaviours.push((read_since(cursor)?, cursor.small()?));
    }
    if let Some((_, behaviour)) = behaviours.last() {
        settings.behaviour = *behaviour;
    }
    let first_key = if read_flag(cursor)? {
        let since = read_since(cursor)?;
        let (secret_hash, who) = (cursor.text()?.into(), cursor.text()?.into());
        Some(Arc::new(FirstKey { secret_hash, who, until: read_time(cursor)?, since }))
    } else {
        None
    };
    Ok(Rules { applied, settings, behaviours, first_key, ..Rules::default() })
}

fn read_operator(cursor: &mut Cursor<'_>) -> Result<Operator, BadFormat> {
    let number = cursor.small()?;
    read_format(cursor)?;
    let (id, key_hash) = (cursor.text()?.into(), cursor.text()?.into());
    let events_per_second = cursor.small()?;
    Ok(Operator::new(number, id, key_hash, events_per_second, read_since(cursor)?))
}

/// Reads a key; its operator's name stands with the operator.
fn read_key(cursor: &mut Cursor<'_>, number: u32) -> Result<Key, BadFormat> {
    read_format(cursor)?;
    let since = read_since(cursor)?;
    let terms = NewKey {
        operator: String::new(),
        id: cursor.text()?.into(),
        name: cursor.text()?.into(),
        secret_hash: cursor.text()?.into(),
        who: cursor.text()?.into(),
        roles: read_list(cursor)?,
        networks: read_list(cursor)?,
        event_types: read_list(cursor)?,
        origins: read_list(cursor)?,
        until: if read_flag(cursor)? { Some(cursor.i64()?) } else { None },
        player: if read_flag(cursor)? { Some(cursor.text()?.into()) } else { None },
    };
    let mut rotations = Vec::new();
    for _ in 0..cursor.varint()? {
        rotations.push(Rotation {
            since: read_since(cursor)?,
            id: cursor.text()?.into(),
            secret_hash: cursor.text()?.into(),
            who: cursor.text()?.into(),
            old_until: read_time(cursor)?,
        });
    }
    let revoked = if read_flag(cursor)? {
        let since = read_since(cursor)?;
        Some(Revocation { who: cursor.text()?.into(), since })
    } else {
        None
    };
    Ok(Key { number, terms: Arc::new(terms), since, rotations, revoked })
}

fn read_pause(cursor: &mut Cursor<'_>) -> Result<Pause, BadFormat> {
    read_format(cursor)?;
    let since = read_since(cursor)?;
    let is_paused = read_flag(cursor)?;
    Ok(Pause { is_paused, why: cursor.text()?.into(), who: cursor.text()?.into(), since })
}

/// Reads what was said of something.
fn read_said<T: DeserializeOwned>(cursor: &mut Cursor<'_>) -> Result<Vec<Said<T>>, BadFormat> {
    read_format(cursor)?;
    let mut said = Vec::new();
    for _ in 0..cursor.varint()? {
        let since = read_since(cursor)?;
        let terms = serde_json::from_str(cursor.text()?).map_err(|_| cursor.bad())?;
        said.push(Said { terms: Arc::new(terms), since });
    }
    Ok(said)
}
