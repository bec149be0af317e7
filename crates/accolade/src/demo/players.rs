//! Simulated players of two operators: mostly ordinary wagers, and now and then a repeat, a void, or
//! one that no program counts.

use std::collections::VecDeque;

use accolade_domain::time::Timestamp;
use accolade_wire::timestamp;

/// A sample operator.
#[derive(Debug)]
pub(super) struct House {
    /// Its id.
    pub(super) operator: &'static str,
    /// Its program.
    pub(super) program: &'static str,
    /// Category and game.
    games: &'static [(&'static str, &'static str)],
    currencies: &'static [&'static str],
    jurisdictions: &'static [&'static str],
}

/// The operators of `examples/`.
pub(super) const HOUSES: [House; 2] = [
    House {
        operator: "operator-789",
        program: include_str!("../../../../examples/programs/slots-club.yaml"),
        games: &[
            ("slots", "slots-ultimate"),
            ("slots", "book-of-tides"),
            ("slots", "fruit-parade"),
            ("slots", "slots-free-spins"),
            ("table", "roulette-royal"),
            ("poker", "holdem-night"),
            ("sports", "football"),
        ],
        currencies: &["EUR", "EUR", "EUR", "EUR", "USD", "GBP", "BTC", "JPY"],
        jurisdictions: &["Malta", "Malta", "Malta", "Isle of Man", "Ontario", "Germany", "Sweden"],
    },
    House {
        operator: "operator-555",
        program: include_str!("../../../../examples/programs/live-tables.yaml"),
        games: &[
            ("table", "speed-roulette"),
            ("table", "blackjack-live"),
            ("table", "baccarat-live"),
            ("poker", "holdem-live"),
            ("slots", "book-of-tides"),
            ("lottery", "daily-draw"),
        ],
        currencies: &["USD", "USD", "USD", "EUR", "GBP", "USDT", "SEK"],
        jurisdictions: &["New York", "New York", "New Jersey", "Nevada"],
    },
];

/// What players redeem their points for.
#[derive(Debug)]
pub(super) struct Gift {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// Whole points.
    pub(super) price: i64,
    /// How many there are in a house.
    pub(super) stock: u32,
}

/// The reward of either house.
pub(super) const GIFT: Gift =
    Gift { id: "free-spins", name: "ten free spins", price: 20, stock: 1_000 };

const SEGMENTS: [&str; 10] = [
    "regular",
    "regular",
    "regular",
    "regular",
    "regular",
    "regular",
    "VIP",
    "VIP",
    "new",
    "self-excluded",
];
/// Stakes in hundredths of the currency.
const STAKES: [u64; 12] = [20, 50, 100, 100, 200, 200, 500, 500, 1_000, 2_500, 10_000, 50_000];
/// Wagers that a repeat or a void can still name.
const RECENT_MAX: usize = 64;

/// What a player does.
#[derive(Debug, Clone)]
pub(super) struct Act {
    /// The operator, as an index into [`HOUSES`].
    pub(super) house: usize,
    /// The player.
    pub(super) player: String,
    /// In words, for the screen.
    pub(super) words: String,
    /// The JSON that is sent.
    pub(super) body: String,
    wager_id: String,
}

/// Players that share a connection.
#[derive(Debug)]
pub(super) struct Players {
    random: Random,
    /// Makes ids unique among connections and runs.
    prefix: String,
    count: u64,
    wagers: u64,
    recent: VecDeque<Act>,
}

impl Players {
    /// `count` players, whose wager ids begin with `prefix`.
    pub(super) fn new(seed: u64, prefix: String, count: u64) -> Self {
        let recent = VecDeque::with_capacity(RECENT_MAX);
        Self { random: Random(seed), prefix, count: count.max(1), wagers: 0, recent }
    }

    /// What one of them does at `now`.
    pub(super) fn act(&mut self, now: Timestamp) -> Act {
        let chance = self.random.below(100);
        if chance < 2 && !self.recent.is_empty() {
            let index = self.random.index(self.recent.len());
            let Act { words, .. } = &self.recent[index];
            return Act { words: format!("{words}, sent again"), ..self.recent[index].clone() };
        }
        if chance < 4
            && let Some(wager) = self.recent.pop_front()
        {
            return void_of(wager, now);
        }
        let wager = self.wager(now);
        if self.recent.len() == RECENT_MAX {
            self.recent.pop_front();
        }
        self.recent.push_back(wager.clone());
        wager
    }

    fn wager(&mut self, now: Timestamp) -> Act {
        self.wagers += 1;
        let house = self.random.index(HOUSES.len());
        let House { operator, games, currencies, jurisdictions, .. } = HOUSES[house];
        // The lower the number the more often it plays.
        let number = self.random.below(self.count).min(self.random.below(self.count));
        let player = format!("player-{number:04}");
        // A player's segment and jurisdiction are the player's, not the wager's.
        let segment = SEGMENTS[Random(number).index(SEGMENTS.len())];
        let jurisdiction = jurisdictions[Random(number + 7).index(jurisdictions.len())];
        let (category, game) = *self.random.pick(games);
        let currency = *self.random.pick(currencies);
        let hundredths = self.random.pick(&STAKES) * (1 + self.random.below(4));
        let stake = match currency {
            "BTC" => format!("0.{:08}", hundredths * 17),
            _ => format!("{}.{:02}", hundredths / 100, hundredths % 100),
        };
        let wager_id = format!("{}-{}", self.prefix, self.wagers);
        let at = timestamp::write(now);
        let body = format!(
            r#"{{"wagerId":"{wager_id}","playerId":"{player}","operatorId":"{operator}","gameId":"{game}","gameCategory":"{category}","wagerAmount":{stake},"currency":"{currency}","playerSegment":"{segment}","jurisdiction":"{jurisdiction}","timestamp":"{at}"}}"#
        );
        let words = format!("{stake} {currency} on {game}, {jurisdiction}");
        Act { house, player, words, body, wager_id }
    }
}

fn void_of(wager: Act, now: Timestamp) -> Act {
    let Act { house, player, wager_id, .. } = wager;
    let operator = HOUSES[house].operator;
    let at = timestamp::write(now);
    let body = format!(
        r#"{{"type":"wager.voided","wagerId":"{wager_id}","playerId":"{player}","operatorId":"{operator}","reason":"the round was interrupted","timestamp":"{at}"}}"#
    );
    let words = format!("void of {}", wager.words);
    Act { house, player, words, body, wager_id }
}

/// `SplitMix64` (<https://prng.di.unimi.it/splitmix64.c>).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.bits() % end
    }

    fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).expect("below a usize")
    }

    fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.index(items.len())]
    }
}

#[cfg(test)]
mod tests {
    use accolade_domain::event::Event;
    use accolade_wire::event::read_wager;

    use super::*;

    #[test]
    fn what_players_send_is_valid_and_of_every_kind() {
        let now = timestamp::read("2026-11-21T08:00:00Z").unwrap();
        let mut players = Players::new(1, "demo-1".to_owned(), 100);
        let (mut seen, mut repeats, mut voids) = (std::collections::BTreeSet::new(), 0, 0);
        for _ in 0..2_000 {
            let act = players.act(now);
            match read_wager(act.body.as_bytes()).unwrap() {
                Event::Wager(_) => repeats += u32::from(!seen.insert(act.wager_id)),
                Event::Void(void) => {
                    voids += 1;
                    assert!(seen.contains(&*void.wager_id));
                }
                Event::Game(_) => panic!("no game events here"),
            }
        }
        assert!(repeats > 10 && voids > 10, "{repeats} repeats, {voids} voids");
    }
}
