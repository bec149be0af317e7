//! Plays a scenario, one line a record, against one partition over a store in memory.

use std::convert::Infallible;
use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::games::Period;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::ranking::{Leaderboard, Line};
use accolade_domain::time::{HOUR_MICROS, Timestamp, ZoneOffsets};
use accolade_engine::behaviour::{Behaviour, FIRST};
use accolade_engine::board::{Board, Of};
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::{Moment, Observer, Partition, Shared, Stopped};
use accolade_engine::pieces::Pieces;
use accolade_engine::rules::BEHAVIOUR;
use accolade_engine::rules::tournaments::Tournaments;
use accolade_engine::rules::tournaments::standing::standing;
use accolade_engine::step::Effect;
use accolade_engine::store::Folded;
use accolade_engine::tables::dead_letters::DeadLetter;
use accolade_engine::tables::letters_by_event::EventLetter;
use accolade_engine::tables::outbox::Payload;
use accolade_engine::tables::remarks::{Remark, Remarks, RemarksKey};
use accolade_engine::tables::requests::RequestKey;
use accolade_engine::tables::seats::SeatsKey;
use accolade_engine::tables::stocks::{RewardKey, Stock};
use accolade_wire::bytes::Cursor;
use accolade_wire::control::{Award, Command, Control, Request};
use accolade_wire::identity::IdHash;
use accolade_wire::record::{HAS_CONTROL, Kind, Origin, Record, Slice, Source};
use accolade_wire::timestamp;
use accolade_wire::tournament::{AgainTerms, ResultsTerms};

/// 2024-11-11T10:00:00Z.
const START: i64 = 1_731_319_200_000_000;

/// A partition with all that a scenario needs around it.
#[derive(Debug)]
pub(crate) struct Play {
    pub(crate) partition: Partition,
    pub(crate) store: MemoryStore,
    pub(crate) effects: Vec<Effect>,
    shared: Shared,
    now: Timestamp,
    next_command: u32,
    /// Bodies of batches that were given to a partition that stands.
    waiting: Vec<(Vec<u8>, u8)>,
    /// What was folded, with its time.
    ordered: Vec<(Vec<u8>, u8, Timestamp)>,
    heard: Vec<String>,
    pub(crate) outcomes: Vec<Outcome>,
    /// What players and people have asked for, in order: lines name it by its number, from 1.
    requests: Vec<Request>,
}

impl Play {
    pub(crate) fn new() -> Self {
        Self::beginning(BEHAVIOUR, crate::faults::BEHAVIOURS)
    }

    /// A partition whose release knows `behaviours`, and whose log begins with the first of them.
    pub(crate) fn knowing(behaviours: &'static [Behaviour]) -> Self {
        Self::beginning(behaviours[0].number, behaviours)
    }

    /// A partition whose log begins with `behaviour`, one of those that its release knows.
    pub(crate) fn beginning(behaviour: u16, behaviours: &'static [Behaviour]) -> Self {
        let shared = Shared::new(behaviours);
        let mut play = Self {
            partition: Partition::new(0),
            store: MemoryStore::default(),
            effects: Vec::new(),
            shared,
            now: Timestamp::from_micros(START),
            next_command: 0,
            waiting: Vec::new(),
            ordered: Vec::new(),
            heard: Vec::new(),
            outcomes: Vec::new(),
            requests: Vec::new(),
        };
        play.control(&Control::Genesis {
            cluster_id: "test".into(),
            partitions: 1,
            hash_key: "00".repeat(16),
            behaviour,
            window_hours: 168,
            recent_hours: 24,
        });
        play.control(&Control::Operator {
            operator: "house".into(),
            key_hash: String::new(),
            events_per_second: 0,
        });
        play.heard.clear();
        play
    }

    /// What time it is.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// The house's tournaments.
    pub(crate) fn tournaments(&self) -> &Tournaments {
        &self.partition.rules().operator("house").unwrap().tournaments
    }

    /// What was folded of a batch.
    pub(crate) fn folded(&self, batch: u64) -> &Folded {
        &self.store.batches[&(0, batch)]
    }

    /// All dead letters, oldest first.
    pub(crate) fn letters(&mut self) -> Vec<(Place, DeadLetter)> {
        let letters = self.partition.tables().dead_letters.excerpt(Bound::Unbounded, usize::MAX);
        letters.read(0, &mut self.store).unwrap().rows
    }

    /// The dead letters of an event, newest first.
    pub(crate) fn letters_of(&mut self, event: IdHash) -> Vec<DeadLetter> {
        let tables = self.partition.tables();
        let from = EventLetter::first_of(event, 0);
        let found = tables.letters_by_event.excerpt(Bound::Included(&from), usize::MAX);
        let found = found.read(0, &mut self.store).unwrap().rows;
        let of_event = found.iter().filter(|(key, _)| key.event == event);
        let mut load = |place| tables.dead_letters.load(&place, 0, &mut self.store).unwrap();
        of_event.filter_map(|(key, _)| load(key.letter.0)).collect()
    }

    /// Ends the interval, unless the partition stands: what it has brought is asked of the store from now on.
    pub(crate) fn end_interval(&mut self) {
        if self.partition.stands() {
            return;
        }
        self.partition.write_values(&mut Pieces::new(Vec::new(), usize::MAX));
        let ended = self.partition.end_interval();
        self.store.sealed.extend(ended.ids.iter().map(|id| (0, *id)));
        let keep = |key: &[u8], row: &[u8]| {
            self.store.rows.insert((0, key.to_vec()), row.to_vec());
            Ok::<_, Infallible>(())
        };
        ended.rows.each(keep).unwrap_or_else(|never| match never {});
        self.partition.let_go_of_ended();
        assert_eq!(self.partition.in_interval(), 0);
    }

    pub(crate) fn control(&mut self, control: &Control) {
        let body = serde_json::to_vec(control).unwrap();
        self.order(Kind::Control, Source::Node, "", &body, HAS_CONTROL);
    }

    pub(crate) fn command(&mut self, command: &Command) {
        let body = serde_json::to_vec(command).unwrap();
        self.order(Kind::Command, Source::Http, "house", &body, 0);
    }

    /// Orders records of the house in one batch.
    pub(crate) fn together(&mut self, records: &[(Kind, &str)]) -> String {
        let mut bytes = Vec::new();
        for (kind, body) in records {
            let (source, operator, origin) = (Source::Http, "house", None);
            let (kind, body, received_at) = (*kind, body.as_bytes(), self.now);
            Record { kind, source, operator, received_at, origin, body }.write(&mut bytes);
        }
        self.waiting.push((bytes, HAS_CONTROL));
        self.fold();
        self.heard.drain(..).collect::<Vec<_>>().join("\n")
    }

    fn order(&mut self, kind: Kind, source: Source, operator: &str, body: &[u8], flags: u8) {
        let (received_at, origin) = (self.now, None);
        let record = Record { kind, source, operator, received_at, origin, body };
        let mut records = Vec::new();
        record.write(&mut records);
        let dry = self.partition.dry_run(record, &self.shared, &mut self.store);
        let told = self.outcomes.len();
        self.waiting.push((records, flags));
        self.fold();
        // A dry run says what then becomes of the record, wherever it is folded at once.
        if let ([outcome], Ok(dry)) = (&self.outcomes[told..], dry) {
            assert_eq!(*outcome, dry);
        }
    }

    /// Folds everything again into `partition`, over `store`, from its next batch on.
    pub(crate) fn again(
        &self,
        partition: &mut Partition,
        behaviours: &'static [Behaviour],
        store: &mut MemoryStore,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Stopped> {
        let shared = Shared::new(behaviours);
        let slices: Vec<_> = (1..).zip(&self.ordered).map(slice_of).collect();
        for (slice, _) in &slices {
            partition.read_ahead(slice);
        }
        let done = usize::try_from(partition.next_batch() - 1).unwrap();
        for (slice, moment) in &slices[done..] {
            let mut hearing = Hearing(&mut Vec::new(), outcomes);
            partition.fold(slice, moment, &shared, store, &mut hearing)?;
        }
        Ok(())
    }

    /// Carries out what was asked for, as often as it was: messages go to this partition itself.
    fn deliver(&mut self) {
        for effect in std::mem::take(&mut self.effects) {
            let now = self.now;
            let mut records = Vec::new();
            match effect {
                Effect::Send { key, cause, payload } => {
                    let origin = Some(Origin { place: cause, sequence: key.sequence });
                    match payload {
                        Payload::Letter(bytes_at) => {
                            let letters = &self.store.batches[&(0, bytes_at.batch)].dead_letters;
                            let (_, bytes) =
                                letters.iter().find(|(slot, _)| *slot == bytes_at.slot).unwrap();
                            let letter = Record::read(&mut Cursor::new(bytes, "letter")).unwrap();
                            let source = Source::Released;
                            Record { source, origin, ..letter }.write(&mut records);
                        }
                        Payload::Record { kind, operator, body } => {
                            let (source, received_at) = (Source::Node, now);
                            let (operator, body) = (&*operator, &*body);
                            Record { kind, source, operator, received_at, origin, body }
                                .write(&mut records);
                        }
                    }
                }
                Effect::Arrived { origin } => {
                    let by = origin.place.partition;
                    let command = Command::Arrived { by, sequence: origin.sequence };
                    let body = &*serde_json::to_vec(&command).unwrap();
                    let (kind, source, operator) = (Kind::Command, Source::Node, "");
                    Record { kind, source, operator, received_at: now, origin: None, body }
                        .write(&mut records);
                }
            }
            self.waiting.push((records, 0));
            self.fold();
        }
    }

    /// Folds what waits, as far as it goes.
    fn fold(&mut self) {
        for (ahead, (body, flags)) in (self.partition.next_batch()..).zip(&self.waiting) {
            let count = count_of(body);
            let slice = Slice { partition: 0, batch: ahead, flags: *flags, count, body };
            self.partition.read_ahead(&slice);
        }
        while let Some((body, flags)) = self.waiting.first() {
            let batch = self.partition.next_batch();
            let count = count_of(body);
            let slice = Slice { partition: 0, batch, flags: *flags, count, body };
            let moment = Moment { time: self.now, random: [7; 32] };
            let mut hearing = Hearing(&mut self.heard, &mut self.outcomes);
            let folded =
                self.partition.fold(&slice, &moment, &self.shared, &mut self.store, &mut hearing);
            match folded {
                Ok(effects) => self.effects.extend(effects),
                Err(Stopped::Bug { place, message }) => {
                    self.heard.push(format!("stands at batch {}: {message}", place.batch));
                    return;
                }
                Err(Stopped::Store(error)) => panic!("{error}"),
            }
            let (body, flags) = self.waiting.remove(0);
            self.ordered.push((body, flags, self.now));
        }
    }

    /// Somebody asks for something in a player's account.
    fn ask(&mut self, words: &[&str]) {
        self.next_command += 1;
        let id = format!("c{}", self.next_command);
        let (player_id, why) = (words[1].to_owned(), "because".to_owned());
        let who = words.get(4).copied().unwrap_or("somebody").to_owned();
        let points = |at: usize| {
            let points = Points::parse(words[at].trim_start_matches('-')).unwrap().hundredths();
            if words[at].starts_with('-') { -points } else { points }
        };
        let until = || words.get(2).map(|span| self.now.plus_micros(hours(span)).micros());
        self.command(&match words[0] {
            "reserve" => {
                let item = "a spin".into();
                Command::Reserve { id, player_id, points: points(2), item, who }
            }
            "redeem" => {
                let [segment, jurisdiction] = [3, 4].map(|at| words.get(at).map(|it| (*it).into()));
                let (reward, who) = (words[2].into(), "somebody".into());
                Command::Redeem { id, player_id, reward, segment, jurisdiction, who }
            }
            "adjust" => Command::Adjust { id, player_id, points: points(2), why, who },
            "exclude" => Command::Exclude { id, player_id, until: until(), why, who },
            "readmit" => Command::Readmit { id, player_id, why, who },
            "raise" => {
                let (name, who) = (words[2].into(), "somebody".into());
                let wager_id = words.get(3).map(|wager| (*wager).to_owned());
                let hold = words.get(4) == Some(&"hold");
                Command::RaiseSignal { id, player_id, name, wager_id, hold, why, who }
            }
            _ => Command::TakeOver { id, player_id, points: points(2), who },
        });
        if let Some(Outcome::Done { made: made @ 1.. }) = self.outcomes.last() {
            let Place { batch, slot, .. } = Place::of_record(0, *made);
            let rules = self.partition.rules();
            let (key, operator) = (&rules.settings.hash_key, rules.operator("house").unwrap());
            let player = self.partition.players().find_by_name(key, operator.number, words[1]);
            self.requests.push(Request { player: player.unwrap(), batch, slot });
            let said = self.heard.last_mut().unwrap();
            *said = said.replace(&format!("v{made}"), &format!("#{}", self.requests.len()));
        }
    }

    /// Says all of a reward, with what JSON says of it beside its price.
    fn reward(&mut self, id: &str, price: &str, rest: &str) {
        let house = self.partition.rules().operator("house").unwrap();
        let edited_from = house.rewards.get(id).map_or(0, |reward| reward.edited_from());
        let points = Points::parse(price).unwrap().hundredths();
        let mut control = serde_json::json!({
            "control": "reward", "operator": "house", "id": id, "editedFrom": edited_from,
            "name": format!("a {id}"), "points": points, "kind": "thing", "who": "somebody",
        });
        let rest: serde_json::Value = serde_json::from_str(rest).unwrap();
        control.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.order(Kind::Control, Source::Node, "", control.to_string().as_bytes(), HAS_CONTROL);
    }

    /// Says all of a tournament, with what JSON says of it beside its window and its query.
    fn tournament(&mut self, id: &str, window: [Timestamp; 2], query: &str, rest: &str) {
        let house = self.partition.rules().operator("house").unwrap();
        let known = house.tournaments.get(id).filter(|known| !known.is_cancelled());
        let mut control = serde_json::json!({
            "control": "tournament", "operator": "house", "id": id,
            "editedFrom": known.map_or(0, |known| known.edited_from()),
            "name": format!("the {id}"), "query": query, "starts": window[0].micros(),
            "ends": window[1].micros(), "graceSeconds": 30, "timezone": "UTC", "zone": [],
            "ties": "first", "publicPositions": 100, "stage": "scheduled", "who": "somebody",
        });
        let rest: serde_json::Value = serde_json::from_str(rest).unwrap();
        control.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        self.order(Kind::Control, Source::Node, "", control.to_string().as_bytes(), HAS_CONTROL);
    }

    fn tournament_number(&self, id: &str) -> u32 {
        let house = self.partition.rules().operator("house").unwrap();
        house.tournaments.get(id).unwrap().number
    }

    /// Says how far a tournament has come to being settled.
    fn settle(&mut self, id: &str, step: &str, takes_back: bool) {
        let house = self.partition.rules().operator("house").unwrap();
        let known = house.tournaments.get(id).unwrap();
        let mut terms = (**known.terms()).clone();
        terms.edited_from = known.edited_from();
        terms.stage = serde_json::from_value(step.into()).unwrap();
        if step == "settled" {
            let (players, lines, points, things, former) = (3, 3, 0, 0, 0);
            let hash = "0".repeat(64);
            terms.results = Some(ResultsTerms { players, lines, points, things, former, hash });
        }
        if step == "resettling" {
            let (times, request) = (terms.settlement() + 1, "request".into());
            terms.again = Some(Box::new(AgainTerms { times, takes_back, request }));
        }
        self.control(&Control::Tournament(terms));
    }

    /// Everybody who has a position, in the order of positions, with the score.
    fn board(&self, id: &str) -> String {
        let house = self.partition.rules().operator("house").unwrap();
        let tournament = house.tournaments.get(id).unwrap();
        let mut board = Leaderboard::new(tournament.decides().ties);
        for (ordinal, _) in (0..).zip(self.partition.players().all()) {
            board.set(ordinal, self.partition.standing(house.number, tournament, ordinal));
        }
        self.lines_of(&board)
    }

    /// The same of a game, in a period of UTC that a moment belongs to.
    fn board_of_game(&self, game: &str, period: &str, at: Timestamp) -> String {
        let period = Period::ALL.into_iter().find(|it| it.code() == period).unwrap();
        let occurrence = period.of(ZoneOffsets::default().day(at)).unwrap();
        let house = self.partition.rules().operator("house").unwrap();
        let of = Of {
            operator: house.number,
            tournament: standing(),
            settlement: 0,
            game: Some((game, occurrence)),
        };
        let mut board = Board::begun(&of, &self.partition, 1);
        board.look(&of, &self.partition, 0, usize::MAX);
        self.lines_of(board.board())
    }

    fn lines_of(&self, board: &Leaderboard) -> String {
        let line = |line: Line<'_>| {
            let name = self.partition.players().get(line.player).name.to_string();
            format!("{}. {name} {}", line.position, line.standing.score)
        };
        let lines: Vec<_> = board.from(1).map(line).collect();
        if lines.is_empty() { "nobody".into() } else { lines.join("  ") }
    }

    /// What came after the last settlement of a tournament.
    fn remarks(&mut self, id: &str) -> String {
        let house = self.partition.rules().operator("house").unwrap();
        let key = RemarksKey::of(house.number, house.tournaments.get(id).unwrap());
        let known = self.partition.tables().remarks.load(&key, 0, &mut self.store).unwrap();
        let Some(Remarks { wagers, voids, game_events, first, .. }) = known else {
            return "nothing".into();
        };
        let remark = |remark: &Remark| {
            let Remark { kind, id, player, delta, score, .. } = remark;
            let name = self.partition.players().get(*player).name.to_string();
            format!("; {kind:?} {id} of {name}: {delta} to {score}")
        };
        let first: String = first.iter().map(remark).collect();
        format!("{wagers} wagers, {voids} voids, {game_events} game events{first}")
    }

    /// Somebody says what shall become of that.
    fn answer(&mut self, words: &[&str], request: Request) {
        self.next_command += 1;
        let (id, why) = (format!("c{}", self.next_command), "because".to_owned());
        let who = words.get(3).copied().unwrap_or("somebody").to_owned();
        self.command(&match words[0] {
            "confirm" => Command::Confirm { id, redemption: request, who },
            "cancel" => Command::Cancel { id, redemption: request, why, who },
            said => {
                let (adjustment, approves) = (request, said == "approve");
                Command::Decide { id, adjustment, approves, why, who }
            }
        });
    }

    /// Plays one line and says what came of it.
    pub(crate) fn line(&mut self, line: &str) -> String {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        // What a wager has beside, such as `win=5`, may stand anywhere.
        let more: String = words.extract_if(.., |word| is_field(word)).map(field).collect();
        let mut at = self.now;
        if let Some(position) = words.iter().position(|word| *word == "at") {
            at = self.now.plus_micros(hours(words[position + 1]));
            words.truncate(position);
        }
        let at_words = timestamp::write(at).to_string();
        match words[..] {
            ["after", span] => {
                self.now = self.now.plus_micros(hours(span));
                self.waiting.push((Vec::new(), 0));
                self.fold();
            }
            ["program", ..] => {
                let document = line.trim().strip_prefix("program").unwrap();
                let document = document.split(" at ").next().unwrap().trim();
                let edited_from =
                    self.partition.rules().operator("house").unwrap().versions.latest();
                self.control(&Control::Publish {
                    operator: "house".into(),
                    edited_from,
                    effective_from: if edited_from == 0 { 0 } else { at.micros() },
                    why: String::new(),
                    who: String::new(),
                    published_at: self.now.micros(),
                    document: document.into(),
                    zone: vec![(Timestamp::from_micros(0).micros(), 0)],
                });
            }
            ["wager", id, player, category, stake, ..] => {
                let operator = words.get(5).unwrap_or(&"house");
                let body = format!(
                    r#"{{"wagerId":"{id}","playerId":"{player}","operatorId":"{operator}","gameId":"g",
                    "gameCategory":"{category}","wagerAmount":{stake},"currency":"EUR",
                    "jurisdiction":"Malta"{more},"timestamp":"{at_words}"}}"#
                );
                self.order(Kind::Wager, Source::Http, operator, body.as_bytes(), 0);
            }
            ["void", id, player] => {
                let body = format!(
                    r#"{{"type":"wager.voided","wagerId":"{id}","playerId":"{player}",
                    "operatorId":"house","reason":"r","timestamp":"{at_words}"}}"#
                );
                self.order(Kind::Wager, Source::Http, "house", body.as_bytes(), 0);
            }
            ["event", id, player, ..] => {
                let data = words.get(3).unwrap_or(&r#"{"score":1}"#);
                let body = format!(
                    r#"{{"event_id":"{id}","event_type":"player_score","player_id":"{player}",
                    "game_id":"g","timestamp":"{at_words}","data":{data}}}"#
                );
                self.order(Kind::GameEvent, Source::Http, "house", body.as_bytes(), 0);
            }
            ["played", id, player, event_type, game, ..] => {
                let data = words.get(5).map_or(String::new(), |data| format!(",\"data\":{data}"));
                let body = format!(
                    r#"{{"event_id":"{id}","event_type":"{event_type}","player_id":"{player}",
                    "game_id":"{game}","timestamp":"{at_words}"{data}}}"#
                );
                self.order(Kind::GameEvent, Source::Http, "house", body.as_bytes(), 0);
            }
            ["consent", player, joins] => {
                self.next_command += 1;
                let (id, player_id) = (format!("c{}", self.next_command), player.into());
                self.command(&Command::Consent { id, player_id, joins: joins == "in" });
            }
            ["reserve" | "redeem" | "adjust" | "exclude" | "readmit" | "raise" | "open", ..] => {
                self.ask(&words);
            }
            ["confirm" | "cancel" | "approve" | "reject", number, ..] => {
                let request = self.requests[number.parse::<usize>().unwrap() - 1];
                self.answer(&words, request);
            }
            ["let-go" | "take", id, ..] => {
                self.next_command += 1;
                let RequestKey { player, place } = RequestKey::read_id(id).unwrap();
                let signal = Request { player, batch: place.batch, slot: place.slot };
                let (id, takes) = (format!("c{}", self.next_command), words[0] == "take");
                let (why, who) = ("because".into(), "somebody".into());
                self.command(&Command::DecideSignal { id, signal, takes, why, who });
            }
            ["reward", id, price, ..] => {
                let rest =
                    line.split_once(" {").map_or("{}".into(), |(_, rest)| format!("{{{rest}"));
                self.reward(id, price, &rest);
            }
            ["tournament", id, starts, ends, ..] => {
                let rest = line.split_once(" SELECT").map_or("", |(_, rest)| rest);
                let (query, rest) = rest.split_once(" {").unwrap_or((rest, "}"));
                let window = [starts, ends].map(|span| self.now.plus_micros(hours(span)));
                self.tournament(id, window, &format!("SELECT{query}"), &format!("{{{rest}"));
            }
            ["settled" | "approved" | "paid" | "resettling", id, ..] => {
                self.settle(id, words[0], words.get(2) == Some(&"takes-back"));
            }
            ["award" | "pay", id, player, place, points, ..] => {
                // Whatever else there is: the thing, and behind `was` the place in the settlement before.
                let mut more = words[5..].split(|word| *word == "was").map(<[&str]>::first);
                let thing = more.next().flatten().map(|thing| thing.parse().unwrap());
                let before = more.next().flatten().map_or(0, |place| place.parse().unwrap());
                let number = self.tournament_number(id);
                let settlement = self.tournaments().numbered(number).unwrap().settlement();
                self.next_command += 1;
                self.command(&Command::Award(Award {
                    id: format!("c{}", self.next_command),
                    player_id: player.into(),
                    tournament: number,
                    place: place.parse().unwrap(),
                    settlement,
                    before,
                    position: place.parse().unwrap(),
                    score: "7000000000000000000".into(),
                    events: 1,
                    points: Points::parse(points).unwrap().hundredths(),
                    thing,
                    pays: words[0] == "pay",
                }));
            }
            ["fulfil", id, player, place, becomes] => {
                self.next_command += 1;
                let becomes = serde_json::from_value(becomes.into()).unwrap();
                let (tournament, place) = (self.tournament_number(id), place.parse().unwrap());
                let (id, player_id) = (format!("c{}", self.next_command), player.into());
                let (why, who) = ("because".into(), "somebody".into());
                self.command(&Command::Fulfil {
                    id,
                    player_id,
                    tournament,
                    place,
                    becomes,
                    why,
                    who,
                });
            }
            ["join" | "leave", player, id] => {
                self.next_command += 1;
                let (tournament, joins) = (self.tournament_number(id), words[0] == "join");
                let (id, player_id) = (format!("c{}", self.next_command), player.into());
                let who = "somebody".into();
                self.command(&Command::OptIn { id, player_id, tournament, joins, who });
            }
            ["remarks", id] => {
                let remarks = self.remarks(id);
                self.heard.push(remarks);
            }
            ["board", id] => {
                let board = self.board(id);
                self.heard.push(board);
            }
            ["scores", game, period] => {
                let board = self.board_of_game(game, period, at);
                self.heard.push(board);
            }
            ["restock", reward, by] => {
                self.next_command += 1;
                let (id, reward, by) =
                    (format!("c{}", self.next_command), reward.into(), by.parse());
                let (by, why, who) = (by.unwrap(), "because".into(), "somebody".into());
                self.command(&Command::Restock { id, reward, by, why, who });
            }
            ["stock", reward] => {
                let house = self.partition.rules().operator("house").unwrap();
                let number = house.rewards.get(reward).unwrap().number;
                let key = RewardKey { operator: house.number, reward: number };
                let Stock { put, taken } = self.partition.stock(key);
                self.heard.push(format!("{taken} of {put} taken"));
            }
            ["seats", id] => {
                let house = self.partition.rules().operator("house").unwrap();
                let tournament = house.tournaments.get(id).unwrap().number;
                let taken =
                    self.partition.seats_taken(SeatsKey { operator: house.number, tournament });
                self.heard.push(format!("{taken} taken"));
            }
            // What was sent is gone, and is sent again in time.
            ["lose"] => self.effects.clear(),
            ["discard", batch] => {
                self.next_command += 1;
                let (id, why) = (format!("c{}", self.next_command), "test".into());
                let dead_letter = (batch.parse().unwrap(), 1);
                self.command(&Command::Discard { id, dead_letter, why });
            }
            ["release", batch] => {
                self.next_command += 1;
                let id = format!("c{}", self.next_command);
                self.command(&Command::Release { id, dead_letter: (batch.parse().unwrap(), 1) });
            }
            ["skip", batch, ..] => {
                let (batch, who) = (batch.parse().unwrap(), "test".into());
                let slot = words.get(2).map_or(1, |slot| slot.parse().unwrap());
                self.control(&Control::Skip { partition: 0, batch, slot, who });
            }
            ["deliver"] => self.deliver(),
            ["control", ..] => {
                let body = line.trim().strip_prefix("control").unwrap().trim();
                self.order(Kind::Control, Source::Node, "", body.as_bytes(), HAS_CONTROL);
            }
            ["command", ..] => {
                let body = line.trim().strip_prefix("command").unwrap().trim();
                self.order(Kind::Command, Source::Http, "house", body.as_bytes(), 0);
            }
            ["bytes", ..] => {
                let body = line.trim().strip_prefix("bytes").unwrap().trim();
                self.order(Kind::Wager, Source::Http, "house", body.as_bytes(), 0);
            }
            _ => panic!("`{line}` is not a line of a scenario"),
        }
        self.heard.drain(..).collect::<Vec<_>>().join("\n") + "\n"
    }
}

fn slice_of((batch, (body, flags, time)): (u64, &(Vec<u8>, u8, Timestamp))) -> (Slice<'_>, Moment) {
    let slice = Slice { partition: 0, batch, flags: *flags, count: count_of(body), body };
    (slice, Moment { time: *time, random: [7; 32] })
}

fn count_of(records: &[u8]) -> u32 {
    let mut cursor = Cursor::new(records, "records");
    let mut count = 0;
    while !cursor.is_empty() {
        Record::read(&mut cursor).unwrap();
        count += 1;
    }
    count
}

fn is_field(word: &&str) -> bool {
    word.starts_with("win=") || word.starts_with("system=")
}

fn field(word: &str) -> String {
    match word.split_once('=') {
        Some(("win", win)) => format!(",\"winAmount\":{win}"),
        Some((_, system)) => format!(",\"gamingSystemId\":\"{system}\""),
        None => unreachable!("a field has a value"),
    }
}

pub(crate) fn hours(span: &str) -> i64 {
    let (sign, figures) = match span.strip_prefix('-') {
        Some(figures) => (-1, figures),
        None => (1, span.trim_start_matches('+')),
    };
    let (figures, unit) = figures.split_at(figures.len() - 1);
    let unit = match unit {
        "d" => 24 * HOUR_MICROS,
        "h" => HOUR_MICROS,
        "m" => HOUR_MICROS / 60,
        "s" => HOUR_MICROS / 3_600,
        other => panic!("no unit `{other}`"),
    };
    sign * figures.parse::<i64>().unwrap() * unit
}

struct Hearing<'a>(&'a mut Vec<String>, &'a mut Vec<Outcome>);

impl Observer for Hearing<'_> {
    fn folded(&mut self, _: u32, outcome: &Outcome, balance: Option<Points>) {
        let balance = balance.map_or_else(String::new, |balance| format!("  balance {balance}"));
        let words = match outcome {
            Outcome::Counted { points, capped, version, .. } => {
                let capped = match capped.hundredths() {
                    0 => String::new(),
                    _ => format!(" ({capped} capped)"),
                };
                format!("+{points}{capped} by v{version}")
            }
            Outcome::Recorded => "counted".into(),
            Outcome::Refused { refusal, .. } => format!("refused {}", refusal.code()),
            Outcome::Repeated { first } => format!("repeats batch {}", first.batch),
            Outcome::Voided { wager, points, owed, .. } => match wager {
                Some(wager) if owed.hundredths() != 0 => {
                    format!("{points} takes back batch {}, {owed} owed", wager.batch)
                }
                Some(wager) => format!("{points} takes back batch {}", wager.batch),
                None => "waits for its wager".into(),
            },
            Outcome::DeadLetter { reason, detail } => {
                format!("dead letter {}: {detail}", reason.code())
            }
            Outcome::Done { made: 0 } => "done".into(),
            Outcome::Done { made } => format!("made v{made}"),
            Outcome::Declined { why } => format!("declined {}", why.code()),
            Outcome::Time { .. } => unreachable!("a record is never the time of its batch"),
        };
        self.0.push(words + &balance);
        self.1.push(outcome.clone());
    }
}

/// Plays a scenario and compares its transcript. It is the same by each behaviour, and wherever intervals end.
pub(crate) fn check(scenario: &str, transcript: expect_test::Expect) {
    let heard = heard_of(Play::new(), scenario, |_| {});
    for behaviour in FIRST.number..=BEHAVIOUR {
        let play = || Play::beginning(behaviour, crate::faults::BEHAVIOURS);
        assert_eq!(heard_of(play(), scenario, |_| {}), heard, "by behaviour {behaviour}");
        let each = heard_of(play(), scenario, Play::end_interval);
        assert_eq!(each, heard, "by behaviour {behaviour}, with an interval for each line");
    }
    transcript.assert_eq(&heard);
}

fn heard_of(mut play: Play, scenario: &str, after_each: impl Fn(&mut Play)) -> String {
    let mut heard = Vec::new();
    for line in scenario.lines().filter(|line| !line.trim().is_empty()) {
        let words: Vec<_> = line.split_whitespace().collect();
        let name = words[..2.min(words.len())].join(" ");
        let name = if words[0] == "program" || words[0] == "bytes" { words[0] } else { &name };
        heard.push(format!("{name:<12} {}", play.line(line)));
        after_each(&mut play);
    }
    heard.concat()
}
