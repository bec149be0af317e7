//! What the projection can do: `cargo test -p accolade-postgres --release -- --ignored --nocapture`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_domain::amount::Points;
use accolade_domain::outcome::Outcome;
use accolade_engine::intake::{Caller, Intake, Refused, Submission};
use accolade_postgres::rebuild;
use accolade_postgres::running::Projection;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Source};

use crate::house::{House, OPERATORS, now, wager};
use crate::tables::{Tables, until};

const PLAYERS: u64 = 1_000_000;
const CHUNK: u64 = 200;

/// Nobody waits for an answer.
#[derive(Debug)]
struct Unheard;

impl Caller for Unheard {
    fn durable(&self) {}
    fn refused(&self, why: Refused) {
        panic!("{why}");
    }
    fn applied(&self, _: usize, _: &Outcome, _: Option<Points>) {}
}

/// Sends wagers by the clock, `rate` a second: a tenth of them by one player in a thousand.
fn send(house: &House, name: &str, count: u64, rate: u64) {
    let began = Instant::now();
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for chunk in 0..count / CHUNK {
        let due = Duration::from_micros(chunk * CHUNK * 1_000_000 / rate);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let (mut records, mut parts) = (Vec::new(), Vec::new());
        for number in 0..CHUNK {
            random ^= random >> 12;
            random ^= random << 25;
            random ^= random >> 27;
            let even = random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 44;
            let cubed = ((even * even) >> 20) * even;
            let player = (cubed * PLAYERS) >> 40;
            let player = format!("player-{player:08}");
            let id = format!("{name}-{chunk}-{number}");
            let operator = OPERATORS[0];
            let body = wager(operator, &player, &id, "12.50");
            let (kind, source, origin) = (Kind::Wager, Source::Http, None);
            let before = records.len();
            let body = body.as_bytes();
            Record { kind, source, operator, received_at: now(), origin, body }.write(&mut records);
            let partition = partition_of(&player, house.node.partitions());
            parts.push((Some(partition), u32::try_from(records.len() - before).unwrap()));
        }
        let (wants_outcomes, taken_at) = (false, Instant::now());
        let caller = Arc::new(Unheard);
        house.node.submit(Submission { records, parts, caller, wants_outcomes, taken_at }).unwrap();
    }
}

#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "a measurement is printed")]
fn wagers_a_second() {
    let (house, mut tables) = (House::open_with(|_| ()), Tables::new("rate"));
    tables.settings.records_max = 20_000;
    tables.settings.pause = Duration::from_millis(200);
    let start = || Projection::start(tables.settings.clone(), house.feed()).unwrap();
    let mut sent = 0;
    for rate in [20_000, 40_000] {
        let projection = start();
        let count = rate * 30;
        let lag_max = std::thread::scope(|scope| {
            let sending = scope.spawn(|| send(&house, &rate.to_string(), count, rate));
            let mut lag_max = Duration::ZERO;
            while !sending.is_finished() {
                lag_max = lag_max.max(projection.status().lag);
                std::thread::sleep(Duration::from_millis(50));
            }
            lag_max
        });
        let ended = Instant::now();
        until(&projection, |projection| projection.status().rows == count);
        let after = ended.elapsed();
        eprintln!("node at {rate}/s for 30 s: lag at most {lag_max:?}, caught up {after:?} later");
        sent += count;
    }
    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    let began = Instant::now();
    let projection = start();
    until(&projection, |projection| projection.status().rows == sent);
    let rate = u128::from(sent) * 1_000 / began.elapsed().as_millis();
    eprintln!("a rebuild of {sent}: {rate} wagers/s");
}
