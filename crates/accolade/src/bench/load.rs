//! The benchmark's load: wagers of about 300 bytes by skewed players, as fast as memory allows.

use std::time::{Duration, Instant};

use accolade_domain::time::Timestamp;
use accolade_engine::input::Known;
use accolade_wire::dialect;
use accolade_wire::event::read_wager;
use accolade_wire::identity::{HashKey, partition_of};
use accolade_wire::record::{Kind, Record, Source};

/// The operator that all benchmarks play for.
pub(crate) const OPERATOR: &str = "operator-789";

/// The plain program that decides about the load: nine wagers in ten count.
pub(crate) const PLAIN: &str = r#"{"currency":"EUR","timezone":"Europe/Malta","eligibility":{"categories":["slots","table","poker"],"minWager":1.00},"earning":{"multipliers":{"slots":0.1,"table":0.05,"poker":0.02},"rounding":"down","caps":[{"points":500000,"per":"day"}]},"rates":{"USD":0.92,"GBP":1.17}}"#;

/// The same with all that a program can have: tiers, promotions with conditions, of which each third of the wagers
/// that count has two, and points that wait and expire.
pub(crate) const FULL: &str = r#"{"currency":"EUR","timezone":"Europe/Malta","eligibility":{"categories":["slots","table","poker"],"minWager":1.00,"where":"gameId NOT LIKE 'demo-%'"},"earning":{"multipliers":{"slots":0.1,"table":0.05,"poker":0.02},"rounding":"down","caps":[{"points":500000,"per":"day"}]},"tiers":{"window":{"rolling":"365d"},"grace":"30d","levels":[{"name":"bronze","from":0},{"name":"silver","from":100,"multiplier":1.25},{"name":"gold","from":1000,"multiplier":1.5},{"name":"platinum","from":10000,"multiplier":2}]},"promotions":[{"name":"double-slots","where":"gameCategory = 'slots' AND wagerAmount >= 50","multiply":2},{"name":"long-day","every":{"hours":"00:00-24:00"},"where":"EXTRACT(HOUR FROM timestamp) BETWEEN 0 AND 23","multiply":1.5},{"name":"high-tables","jurisdictions":["Malta","Ontario"],"where":"gameCategory IN ('table', 'poker') AND wagerAmount * 2 >= 100","bonus":1}],"pending":{"for":"24h"},"expiry":{"after":"12mo"},"signals":[{"name":"fast","kind":"velocity","over":{"wagers":120,"within":"1m"}},{"name":"jump","kind":"stakeJump","over":{"times":20,"after":50}},{"name":"lucky","kind":"winRatio","over":{"ratio":2,"after":200}}],"voids":"pending","rates":{"USD":0.92,"GBP":1.17}}"#;

/// A small fast generator of random numbers (xorshift64*, Vigna 2016); a load needs no better one.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}

/// The clock of an open loop: what is due is due, whatever comes back.
#[derive(Debug)]
pub(crate) struct Pace {
    began: Instant,
    rates: Rates,
    late_max: Duration,
}

/// How many events are due in a second: as many as at first for some time, then evenly more, and then as many as at last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rates {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) steady: Duration,
    pub(crate) growing: Duration,
}

impl Rates {
    /// When the event after `sent` others is due, from the beginning on.
    fn due(&self, sent: u64) -> Duration {
        let (first, last, sent) = (self.first as f64, self.last as f64, sent as f64);
        let (steady, growing) = (self.steady.as_secs_f64(), self.growing.as_secs_f64());
        let more = sent - first * steady;
        let grown = f64::midpoint(first, last) * growing;
        let seconds = if more <= 0.0 {
            sent / first
        } else if more <= grown {
            let slope = (last - first) / growing;
            steady + 2.0 * more / (first + (first * first + 2.0 * slope * more).sqrt())
        } else {
            steady + growing + (more - grown) / last
        };
        Duration::from_secs_f64(seconds)
    }
}

impl Pace {
    /// Of `rate` events a second from now on.
    pub(crate) fn begin(rate: u64) -> Self {
        let (steady, growing) = (Duration::MAX, Duration::ZERO);
        Self::by(Rates { first: rate, last: rate, steady, growing })
    }

    /// Of as many events a second from now on as `rates` says.
    pub(crate) fn by(rates: Rates) -> Self {
        Self { began: Instant::now(), rates, late_max: Duration::ZERO }
    }

    /// Waits until the event after `sent` others is due, and returns when that is.
    pub(crate) fn wait(&mut self, sent: u64) -> Instant {
        let due = self.began + self.rates.due(sent);
        let early = due.saturating_duration_since(Instant::now());
        if !early.is_zero() {
            std::thread::sleep(early);
        }
        self.late_max = self.late_max.max(Instant::now().saturating_duration_since(due));
        due
    }

    /// How late the sender was at the most, in milliseconds.
    pub(crate) fn late_max_ms(&self) -> f64 {
        self.late_max.as_secs_f64() * 1e3
    }
}

/// Makes wagers.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    random: Random,
    players: u64,
    sequence: u64,
    /// The next player, where each has a turn.
    turn: Option<u64>,
    /// How old each wager is when it is made.
    age_micros: i64,
    timestamp: (i64, String),
    json: Vec<u8>,
}

const GAMES: [(&str, &str); 8] = [
    ("slots-ultimate", "slots"),
    ("mega-slots-deluxe", "slots"),
    ("book-of-amber", "slots"),
    ("blackjack-classic", "table"),
    ("roulette-live-07", "table"),
    ("texas-holdem-main", "poker"),
    ("slots-of-the-north", "slots"),
    ("sports-football", "sports"),
];
const CURRENCIES: [&str; 4] = ["EUR", "USD", "GBP", "EUR"];
const SEGMENTS: [&str; 4] = ["VIP", "Gold", "Silver", "Regular"];
const JURISDICTIONS: [&str; 4] = ["Malta", "Ontario", "Isle of Man", "Germany"];
const HEX: &[u8; 16] = b"0123456789abcdef";

impl Load {
    pub(crate) fn new(seed: u64, players: u64) -> Self {
        let (timestamp, json) = ((i64::MIN, String::new()), Vec::with_capacity(512));
        let random = Random::new(seed);
        Self { random, players, sequence: 0, turn: None, age_micros: 0, timestamp, json }
    }

    /// Wagers of one player after the other.
    pub(crate) fn in_turn(self) -> Self {
        Self { turn: Some(0), ..self }
    }

    /// Wagers that are so old when they come in.
    pub(crate) fn aged(self, age_micros: i64) -> Self {
        Self { age_micros, ..self }
    }

    /// One player in a thousand makes a tenth of all wagers, and half of the players hardly any.
    fn player(&mut self) -> u64 {
        if let Some(turn) = &mut self.turn {
            *turn += 1;
            return (*turn - 1) % self.players;
        }
        let even = self.random.below(1 << 20) as f64 / f64::from(1 << 20);
        ((even * even * even) * self.players as f64) as u64
    }

    /// The next wager as JSON, at `now`.
    pub(crate) fn wager(&mut self, now: Timestamp) -> &[u8] {
        self.wager_with_player(now).1
    }

    /// The next wager, and its player's number.
    pub(crate) fn wager_with_player(&mut self, now: Timestamp) -> (u64, &[u8]) {
        let player = self.player();
        (player, self.wager_of(player, now))
    }

    /// The same of a given player.
    pub(crate) fn wager_of(&mut self, player: u64, now: Timestamp) -> &[u8] {
        let dice = self.random.next();
        let (high, low) = (self.random.next(), self.random.next());
        self.sequence += 1;
        let second = (now.micros() - self.age_micros) / 1_000;
        if self.timestamp.0 != second {
            let words = accolade_wire::timestamp::write(Timestamp::from_micros(second * 1_000));
            self.timestamp = (second, words.to_string());
        }
        let (game, category) = GAMES[(dice & 7) as usize];
        let json = &mut self.json;
        json.clear();
        json.extend_from_slice(BEFORE_ID);
        put_uuid(json, high, low);
        json.extend_from_slice(BEFORE_PLAYER);
        json.extend_from_slice(b"player-");
        put_padded(json, player, 8);
        json.extend_from_slice(b"\",\"operatorId\":\"operator-789\",\"gameId\":\"");
        json.extend_from_slice(game.as_bytes());
        json.extend_from_slice(b"\",\"gameCategory\":\"");
        json.extend_from_slice(category.as_bytes());
        json.extend_from_slice(b"\",\"wagerAmount\":");
        put_amount(json, 50 + (dice >> 8 & 0x3fff));
        json.extend_from_slice(b",\"winAmount\":");
        put_amount(json, dice >> 24 & 0x1fff);
        json.extend_from_slice(b",\"currency\":\"");
        json.extend_from_slice(CURRENCIES[(dice >> 40 & 3) as usize].as_bytes());
        json.extend_from_slice(b"\",\"playerSegment\":\"");
        json.extend_from_slice(SEGMENTS[(player & 3) as usize].as_bytes());
        json.extend_from_slice(b"\",\"jurisdiction\":\"");
        json.extend_from_slice(JURISDICTIONS[(player >> 2 & 3) as usize].as_bytes());
        json.extend_from_slice(b"\",\"timestamp\":\"");
        json.extend_from_slice(self.timestamp.1.as_bytes());
        json.extend_from_slice(b"\",\"gamingSystemId\":\"gs-malta-03\",\"sequence\":");
        put_padded(json, self.sequence, 1);
        json.push(b'}');
        json
    }

    /// The wager that was made last.
    #[cfg(all(feature = "cluster", feature = "postgres"))]
    pub(crate) fn last(&self) -> &[u8] {
        &self.json
    }

    /// Appends the next wager as a record, after reading it as intake does; returns its partition and
    /// length, and what is known of it.
    pub(crate) fn record(
        &mut self,
        now: Timestamp,
        partitions: u16,
        key: Option<&HashKey>,
        out: &mut Vec<u8>,
    ) -> ((Option<u16>, u32), Option<Known>) {
        self.wager(now);
        let event = read_wager(&self.json).expect("the load is valid");
        let partition = partition_of(event.player_id(), partitions);
        let before = out.len();
        let (kind, source, operator) = (Kind::Wager, Source::Http, OPERATOR);
        let record =
            Record { kind, source, operator, received_at: now, origin: None, body: &self.json };
        record.write(out);
        let known = key.and_then(|key| Known::of(&event, &record, key, &dialect::FIRST));
        ((Some(partition), (out.len() - before) as u32), known)
    }
}

/// What the load calls the player of a number.
pub(crate) fn player_name(number: u64) -> String {
    format!("player-{number:08}")
}

/// Characters of a wager's id.
#[cfg(all(feature = "cluster", feature = "postgres"))]
pub(crate) const ID: usize = 36;

const BEFORE_ID: &[u8] = b"{\"wagerId\":\"";
const BEFORE_PLAYER: &[u8] = b"\",\"playerId\":\"";

/// The id of a wager that [`Load`] has made.
#[cfg(all(feature = "cluster", feature = "postgres"))]
pub(crate) fn wager_id(json: &[u8]) -> [u8; ID] {
    *json[BEFORE_ID.len()..].first_chunk().expect("a wager of the load")
}

/// Who has made the wager.
#[cfg(all(feature = "cluster", feature = "postgres"))]
pub(crate) fn player_id(json: &[u8]) -> &str {
    let rest = &json[BEFORE_ID.len() + ID + BEFORE_PLAYER.len()..];
    let end = rest.iter().position(|byte| *byte == b'"').expect("a wager of the load");
    std::str::from_utf8(&rest[..end]).expect("a wager of the load")
}

fn put_uuid(out: &mut Vec<u8>, high: u64, low: u64) {
    for (at, byte) in high.to_be_bytes().into_iter().chain(low.to_be_bytes()).enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push(b'-');
        }
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

fn put_padded(out: &mut Vec<u8>, value: u64, width: usize) {
    let mut figures = [b'0'; 20];
    let (mut at, mut rest) = (20, value);
    while rest > 0 || 20 - at < width {
        at -= 1;
        figures[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&figures[at..]);
}

fn put_amount(out: &mut Vec<u8>, cents: u64) {
    put_padded(out, cents / 100, 1);
    out.push(b'.');
    put_padded(out, cents % 100, 2);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_grows_evenly_from_the_first_to_the_last() {
        let (steady, growing) = (Duration::from_secs(10), Duration::from_secs(30));
        let rates = Rates { first: 5_000, last: 50_000, steady, growing };
        for (sent, second) in
            [(0, 0), (25_000, 5), (50_000, 10), (293_750, 25), (875_000, 40), (925_000, 41)]
        {
            let due = rates.due(sent);
            assert!(
                due.abs_diff(Duration::from_secs(second)) < Duration::from_micros(1),
                "{sent}: {due:?}"
            );
        }
    }
}
