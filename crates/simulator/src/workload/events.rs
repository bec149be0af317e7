//! Random events: new ones, and old ones that come again in every way that producers find.

use super::{Door, HOUR, OPERATORS, SECOND, Weights, WorkloadRecord, data, swarm_weight};
use crate::input::{ModelClaim, ModelConsent, ModelEvent, ModelGame, ModelVoid, ModelWager};
use crate::message;
use crate::random::Random;

/// One unit of any currency.
pub(super) const ATTO: u128 = 1_000_000_000_000_000_000;
/// Stakes that many wagers have; the first four are also where minimums lie.
pub(super) const STAKES: [u128; 8] =
    [ATTO, 5 * ATTO, 10 * ATTO, 100 * ATTO, ATTO / 100, 12_345_678_901_234_567_891, 1, 250 * ATTO];
pub(crate) const PLAYERS: [&str; 6] = ["ann", "bob", "cleo", "d\"\\an", "\u{e9}va-\u{1f3b2}", "f"];
pub(super) const CATEGORIES: [&str; 3] = ["slots", "table", "poker"];
pub(super) const GAMES: [&str; 4] = ["slots-ultimate", "blackjack", "holdem", "demo-slot"];

/// The stake on which a faulty rule fails.
pub(super) const FAULTY_STAKE: u128 = 6_660_000_000_000_000_000;
const STAKE_MAX: u128 = 1_000_000_000_000 * ATTO;
const WINDOW: i64 = 7 * 24 * HOUR;
const AHEAD: i64 = 120 * SECOND;
/// So many records are remembered, to be repeated and voided.
const MEMORY: usize = 300;
/// So many wagers come at once where one player wagers again and again.
const STORM: usize = 36;

#[derive(Debug, Clone, Copy)]
enum Shape {
    Wager,
    Game,
    /// Gives something to another player.
    Gift,
    Consent,
    /// An idempotency key is used, perhaps again and for something else.
    Claim,
    Malformed,
    /// Takes back a wager that was sent.
    Void,
    /// Takes back a wager that is sent later, if ever.
    VoidFirst,
    /// The very bytes again.
    Again,
    /// The same event in other bytes.
    Respelled,
    /// With a new time.
    Restamped,
    /// With other content under its id.
    Changed,
    /// By another player.
    OtherPlayer,
}

#[derive(Debug, Clone, Copy)]
enum Time {
    Now,
    Hours,
    Days,
    /// On either side of the end of the window.
    OldestEdge,
    TooLate,
    /// On either side of what is still accepted.
    FutureEdge,
    Future,
}

/// What events are made of in one world.
#[derive(Debug, Clone)]
pub(super) struct Events {
    shapes: Weights<Shape>,
    times: Weights<Time>,
    batch_max: u64,
    player_count: usize,
    system_count: u64,
    /// How many new events take an id that some other has, in a hundred.
    shared_ids_percent: u64,
    /// How many events name an operator that may not be known, in a hundred.
    stray_percent: u64,
    /// How often a player wagers again and again, in a hundred.
    storm_percent: u64,
    has_great_stakes: bool,
    has_faulty_stakes: bool,
    next_id: u64,
    sent: Vec<WorkloadRecord>,
    /// When something begins or ends for events.
    pub(super) moments: Vec<i64>,
}

impl Events {
    pub(super) fn new(random: &mut Random) -> Self {
        let mut shapes = vec![(Shape::Wager, 20)];
        for (shape, weight_max) in [
            (Shape::Game, 10),
            (Shape::Gift, 8),
            (Shape::Consent, 5),
            (Shape::Claim, 5),
            (Shape::Malformed, 5),
            (Shape::Void, 25),
            (Shape::VoidFirst, 5),
            (Shape::Again, 10),
            (Shape::Respelled, 10),
            (Shape::Restamped, 10),
            (Shape::Changed, 5),
            (Shape::OtherPlayer, 5),
        ] {
            shapes.push((shape, swarm_weight(random, weight_max)));
        }
        let mut times = vec![(Time::Now, 20)];
        for (time, weight_max) in [
            (Time::Hours, 20),
            (Time::Days, 10),
            (Time::OldestEdge, 3),
            (Time::TooLate, 3),
            (Time::FutureEdge, 3),
            (Time::Future, 3),
        ] {
            times.push((time, swarm_weight(random, weight_max)));
        }
        Self {
            shapes: Weights(shapes),
            times: Weights(times),
            batch_max: *random.pick(&[1, 3, 10, 40]),
            player_count: 1 + random.index(PLAYERS.len()),
            system_count: *random.pick(&[1, 3, 6, 40]),
            shared_ids_percent: *random.pick(&[0, 0, 2, 20]),
            stray_percent: *random.pick(&[0, 2, 30]),
            storm_percent: *random.pick(&[0, 0, 0, 5]),
            has_great_stakes: random.percent(30),
            has_faulty_stakes: random.percent(25),
            next_id: 0,
            sent: Vec::new(),
            moments: Vec::new(),
        }
    }

    /// Some records, as they arrive together.
    pub(super) fn arrive(&mut self, now: i64, random: &mut Random) -> Vec<WorkloadRecord> {
        if random.percent(self.storm_percent)
            && let Some(storm) = self.storm(now, random)
        {
            return storm;
        }
        let count = 1 + random.below(self.batch_max);
        (0..count)
            .map(|_| {
                let record = self.record(now, random);
                if self.sent.len() == MEMORY {
                    let forgotten = random.index(MEMORY);
                    self.sent.swap_remove(forgotten);
                }
                self.sent.push(record.clone());
                record
            })
            .collect()
    }

    /// A wager that was sent before, again and again by other ids: more of them than points can be held for.
    fn storm(&mut self, now: i64, random: &mut Random) -> Option<Vec<WorkloadRecord>> {
        let earlier = self.earlier(random)?;
        let ModelEvent::Wager(wager) = earlier.event else { return None };
        let mut wagers = Vec::new();
        for _ in 0..STORM {
            let wager_id = self.id(random);
            let timestamp = now - random.between(0, SECOND);
            let wager = ModelWager { wager_id, timestamp, ..wager.clone() };
            wagers.push(record(earlier.operator.clone(), ModelEvent::Wager(wager), random));
        }
        Some(wagers)
    }

    fn record(&mut self, now: i64, random: &mut Random) -> WorkloadRecord {
        let shape = *self.shapes.pick(random);
        let earlier = self.earlier(random);
        let new_time = self.time(now, random);
        match (shape, earlier) {
            (Shape::Game, _) => self.game(new_time, random),
            (Shape::Gift, _) => self.gift(new_time, random),
            (Shape::Consent, _) => self.consent(random),
            (Shape::Claim, _) => self.claim(random),
            (Shape::Malformed, _) => self.malformed(new_time, random),
            (Shape::VoidFirst, _) => self.void_first(new_time, random),
            (Shape::Void, Some(earlier)) => {
                let earlier = self.earlier_wager(random).unwrap_or(earlier);
                self.void(&earlier, new_time, random)
            }
            (Shape::Again, Some(earlier)) => earlier,
            (Shape::Respelled, Some(earlier)) => respelled(earlier, random),
            (Shape::Restamped, Some(mut earlier)) => {
                earlier.event.set_timestamp(new_time);
                respelled(earlier, random)
            }
            (Shape::Changed, Some(mut earlier)) => {
                change(&mut earlier.event, random);
                respelled(earlier, random)
            }
            (Shape::OtherPlayer, Some(mut earlier)) => {
                set_player(&mut earlier, self.player(random));
                respelled(earlier, random)
            }
            (Shape::Wager, _) | (_, None) => self.wager(new_time, random),
        }
    }

    /// A record that was sent before: often one of the latest, else any.
    fn earlier(&self, random: &mut Random) -> Option<WorkloadRecord> {
        let len = self.sent.len();
        let back = if random.percent(50) { len.min(10) } else { len };
        (len > 0).then(|| self.sent[len - 1 - random.index(back)].clone())
    }

    /// A wager among a few records that were sent before.
    fn earlier_wager(&self, random: &mut Random) -> Option<WorkloadRecord> {
        let mut earlier = (0..4).filter_map(|_| self.earlier(random));
        earlier.find(|record| matches!(record.event, ModelEvent::Wager(_)))
    }

    fn wager(&mut self, timestamp: i64, random: &mut Random) -> WorkloadRecord {
        let operator = self.operator(random);
        let wager = ModelEvent::Wager(ModelWager {
            wager_id: self.id(random),
            player_id: self.player(random),
            operator_id: operator.clone(),
            game_id: (*random.pick(&GAMES)).into(),
            game_category: (*random.pick(&["slots", "table", "poker", "lottery"])).into(),
            wager_amount: self.stake(random),
            win_amount: random.percent(40).then(|| self.stake(random)),
            currency: (*random.pick(&["EUR", "EUR", "EUR", "USD", "GBP", "BTC", "JPY", "XYZ"]))
                .into(),
            player_segment: segment(random),
            jurisdiction: (*random.pick(&["Malta", "Malta", "Ontario", "Sweden", "Atlantis"]))
                .into(),
            gaming_system_id: self.system(random),
            timestamp,
        });
        record(operator, wager, random)
    }

    fn game(&mut self, timestamp: i64, random: &mut Random) -> WorkloadRecord {
        let game = ModelEvent::Game(ModelGame {
            event_id: self.id(random),
            event_type: (*random.pick(&["player_score", "quest_completed"])).into(),
            player_id: self.player(random),
            game_id: (*random.pick(&GAMES)).into(),
            timestamp,
            data: random.percent(70).then(|| data::data(random)),
        });
        record(self.operator(random), game, random)
    }

    fn gift(&mut self, timestamp: i64, random: &mut Random) -> WorkloadRecord {
        let gift = ModelEvent::Game(ModelGame {
            event_id: self.id(random),
            event_type: (*random.pick(&["gift", "gift", "gifts"])).into(),
            player_id: self.player(random),
            game_id: (*random.pick(&PLAYERS)).into(),
            timestamp,
            data: None,
        });
        record(self.operator(random), gift, random)
    }

    fn consent(&mut self, random: &mut Random) -> WorkloadRecord {
        let consent = ModelEvent::Consent(ModelConsent {
            command_id: self.id(random),
            player_id: self.player(random),
            takes_part: random.percent(50),
        });
        record(self.operator(random), consent, random)
    }

    fn claim(&mut self, random: &mut Random) -> WorkloadRecord {
        let claim = ModelEvent::Claim(ModelClaim {
            command_id: format!("claim-{}", random.below(20)),
            request: format!("request-{}", random.below(2)),
        });
        record(self.operator(random), claim, random)
    }

    fn void_first(&mut self, timestamp: i64, random: &mut Random) -> WorkloadRecord {
        // One of the next few wagers will most likely have this id and, with luck, this player.
        let wager_id = format!("id-{}", self.next_id + random.below(4));
        let player_id = self.player(random);
        let operator = self.operator(random);
        void(wager_id, player_id, operator, timestamp, random)
    }

    fn void(
        &mut self,
        earlier: &WorkloadRecord,
        new_time: i64,
        random: &mut Random,
    ) -> WorkloadRecord {
        let ModelEvent::Wager(wager) = &earlier.event else {
            return self.void_first(new_time, random);
        };
        let soon_after = wager.timestamp + random.between(0, HOUR);
        let timestamp = if random.percent(50) { soon_after } else { new_time };
        let (wager_id, player_id) = (wager.wager_id.clone(), wager.player_id.clone());
        void(wager_id, player_id, wager.operator_id.clone(), timestamp, random)
    }

    fn malformed(&mut self, timestamp: i64, random: &mut Random) -> WorkloadRecord {
        let good = match random.below(3) {
            0 => self.game(timestamp, random),
            1 => self.void_first(timestamp, random),
            _ => self.wager(timestamp, random),
        };
        let bytes = message::malformed(&good.event, random);
        WorkloadRecord { event: ModelEvent::Malformed, bytes, ..good }
    }

    fn id(&mut self, random: &mut Random) -> String {
        if random.percent(self.shared_ids_percent) {
            return format!("id-{}", random.below(self.next_id + 1));
        }
        self.next_id += 1;
        format!("id-{}", self.next_id - 1)
    }

    fn player(&self, random: &mut Random) -> String {
        PLAYERS[random.index(self.player_count)].to_owned()
    }

    fn operator(&self, random: &mut Random) -> String {
        let stray = random.percent(self.stray_percent);
        (if stray { *random.pick(&[OPERATORS[1], OPERATORS[2], "nobody"]) } else { OPERATORS[0] })
            .into()
    }

    fn system(&self, random: &mut Random) -> Option<String> {
        let number = random.below(self.system_count + 1);
        (number > 0).then(|| format!("gs-{number}"))
    }

    fn stake(&self, random: &mut Random) -> u128 {
        match random.below(10) {
            0 => 0,
            1 => u128::from(random.bits()),
            2 => STAKES[random.index(STAKES.len())] - 1,
            3 if self.has_great_stakes => *random.pick(&[STAKE_MAX, STAKE_MAX - 1, STAKE_MAX / 3]),
            4 if self.has_faulty_stakes && random.percent(40) => FAULTY_STAKE,
            4 => u128::from(random.below(100_000)) * (ATTO / 100),
            _ => STAKES[random.index(STAKES.len())],
        }
    }

    fn time(&self, now: i64, random: &mut Random) -> i64 {
        if !self.moments.is_empty() && random.percent(50) {
            let len = self.moments.len();
            let moment = self.moments[len - 1 - random.index(len.min(8))];
            if (now - WINDOW..now).contains(&moment) && random.percent(80) {
                return random.between(moment, now);
            }
            if (now - WINDOW..=now + AHEAD).contains(&moment) {
                return moment + *random.pick(&[0, -1, 1, -SECOND]);
            }
        }
        let exact = match self.times.pick(random) {
            Time::Now => now - random.between(0, 10 * SECOND),
            Time::Hours => now - random.between(0, 30 * HOUR),
            Time::Days => now - random.between(0, WINDOW),
            Time::OldestEdge => now - WINDOW + random.between(-1, 1),
            Time::TooLate => now - WINDOW - random.between(1, 1_000 * HOUR),
            Time::FutureEdge => now + AHEAD + random.between(-1, 1),
            Time::Future => now + random.between(0, 1_000 * HOUR),
        };
        if random.percent(30) { exact - exact % SECOND } else { exact }
    }
}

fn segment(random: &mut Random) -> Option<String> {
    random.percent(70).then(|| (*random.pick(&["VIP", "regular", "bonus-abuser", "new"])).into())
}

fn void(
    wager_id: String,
    player_id: String,
    operator: String,
    timestamp: i64,
    random: &mut Random,
) -> WorkloadRecord {
    let reason = (*random.pick(&["round cancelled", "", "game fault"])).into();
    let operator_id = operator.clone();
    let void = ModelVoid { wager_id, player_id, operator_id, reason, timestamp };
    record(operator, ModelEvent::Void(void), random)
}

fn record(operator: String, event: ModelEvent, random: &mut Random) -> WorkloadRecord {
    let door = match &event {
        ModelEvent::Wager(_) | ModelEvent::Void(_) => Door::Wagers,
        ModelEvent::Game(_) => Door::GameEvents,
        ModelEvent::Consent(_) | ModelEvent::Claim(_) => Door::Commands,
        ModelEvent::Malformed => unreachable!("broken only once it was whole"),
    };
    let player = match &event {
        ModelEvent::Claim(claim) => &claim.command_id,
        event => event.player_id().expect("a whole event has a player"),
    };
    let player = player.to_owned();
    let bytes = spelled(&event, random);
    WorkloadRecord { door, operator, player, event, bytes }
}

fn spelled(event: &ModelEvent, random: &mut Random) -> Vec<u8> {
    match event {
        ModelEvent::Consent(_) | ModelEvent::Claim(_) => Vec::new(),
        _ => message::spelled(event, random),
    }
}

fn respelled(earlier: WorkloadRecord, random: &mut Random) -> WorkloadRecord {
    if earlier.event == ModelEvent::Malformed {
        return earlier;
    }
    WorkloadRecord { bytes: spelled(&earlier.event, random), ..earlier }
}

/// Changes one business field; or what is none, so that it stays the same event.
fn change(event: &mut ModelEvent, random: &mut Random) {
    match event {
        ModelEvent::Wager(wager) => match random.below(8) {
            0 => wager.wager_amount = (wager.wager_amount + 1).min(STAKE_MAX),
            1 => wager.win_amount = if wager.win_amount.is_some() { None } else { Some(0) },
            2 => wager.player_segment = segment(random),
            3 => wager.jurisdiction.push('x'),
            4 => wager.currency.push('X'),
            5 => wager.game_id.push('x'),
            6 => wager.gaming_system_id = Some("other".into()),
            _ => wager.game_category.push('x'),
        },
        ModelEvent::Void(void) => void.reason.push('!'),
        ModelEvent::Game(game) => match random.below(3) {
            0 => match &mut game.data {
                Some(some) if random.percent(80) => data::change(some, random),
                other => *other = Some(data::data(random)),
            },
            1 => game.event_type.push('x'),
            _ => game.game_id.push('x'),
        },
        ModelEvent::Consent(consent) => consent.takes_part = !consent.takes_part,
        ModelEvent::Claim(claim) => claim.request.push('x'),
        ModelEvent::Malformed => {}
    }
}

fn set_player(record: &mut WorkloadRecord, player: String) {
    match &mut record.event {
        ModelEvent::Wager(wager) => wager.player_id.clone_from(&player),
        ModelEvent::Void(void) => void.player_id.clone_from(&player),
        ModelEvent::Game(game) => game.player_id.clone_from(&player),
        ModelEvent::Consent(consent) => consent.player_id.clone_from(&player),
        ModelEvent::Claim(_) | ModelEvent::Malformed => return,
    }
    record.player = player;
}
