//! The names of keys.

use std::sync::OnceLock;

use accolade_domain::games::Period;
use crc16::{State, XMODEM};

use crate::error::{Error, Result};

/// So many slots a cluster of Redis has.
const SLOTS: u16 = 16_384;
/// Of so many slots one has a mark.
const MARKED_EVERY: u16 = 64;

/// What keys are called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Before each key that others read; `{operator}` stands for the operator's id. May be empty.
    pub prefix: String,
    /// A tournament's leaderboard; `{id}` stands for the tournament's id.
    pub leaderboard: String,
    /// A game's leaderboard; `{game}` stands for the game's id, and `{period}` for `daily`, `weekly` or `alltime`.
    pub game_leaderboard: String,
    /// What is counted of a player's game events; `{player}` stands for the player's id.
    pub statistics: String,
    /// Where it is kept how far everything is; it stands before all keys that nobody else reads, too.
    pub progress: String,
}

impl Default for Names {
    fn default() -> Self {
        Self {
            prefix: "{operator}:".into(),
            leaderboard: "tournament:{id}:leaderboard".into(),
            game_leaderboard: "leaderboard:{game}:{period}".into(),
            statistics: "player_stats:{player}".into(),
            progress: "accolade:projection".into(),
        }
    }
}

impl Names {
    /// Whether keys can be told from each other.
    pub fn check(&self) -> Result<()> {
        let wrong = |name: &str, expected: &str| {
            Err(Error::Settings(format!("`redis.{name}`: expected {expected}")))
        };
        if self.leaderboard.matches("{id}").count() != 1 {
            return wrong("leaderboard_key", "a name with `{id}` once, for the tournament's id");
        }
        if ["{game}", "{period}"].iter().any(|it| self.game_leaderboard.matches(it).count() != 1) {
            let expected = "a name with `{game}` and `{period}` once each, for a game's id and how long it goes on";
            return wrong("game_leaderboard_key", expected);
        }
        if self.statistics.matches("{player}").count() != 1 {
            return wrong("statistics_key", "a name with `{player}` once, for the player's id");
        }
        if self.prefix.matches("{operator}").count() > 1 {
            return wrong("prefix", "`{operator}` once at most, for the operator's id");
        }
        if self.progress.is_empty() || self.progress.contains(['{', '}']) {
            return wrong("progress_key", "a name without braces");
        }
        Ok(())
    }

    /// Whether operators have keys of their own.
    pub fn tell_operators_apart(&self) -> bool {
        self.prefix.contains("{operator}")
    }

    /// The key of a tournament's leaderboard.
    pub fn leaderboard_of(&self, operator: &str, tournament: &str) -> String {
        self.prefixed(operator) + &self.leaderboard.replace("{id}", tournament)
    }

    /// The key of a game's leaderboard.
    pub fn game_leaderboard_of(&self, operator: &str, game: &str, period: Period) -> String {
        let period = match period {
            Period::Daily => "daily",
            Period::Weekly => "weekly",
            Period::AllTime => "alltime",
        };
        // The game last, since its id may be called as the other is.
        let name = self.game_leaderboard.replace("{period}", period).replace("{game}", game);
        self.prefixed(operator) + &name
    }

    /// The key of what is counted of a player's game events.
    pub fn statistics_of(&self, operator: &str, player: &str) -> String {
        self.prefixed(operator) + &self.statistics.replace("{player}", player)
    }

    fn prefixed(&self, operator: &str) -> String {
        self.prefix.replace("{operator}", operator)
    }

    /// The key of what is remembered of a leaderboard, which lies where that does.
    pub(crate) fn remembered_of(&self, leaderboard: &str) -> String {
        format!("{}:{{{}}}:{leaderboard}", self.progress, tag(slot_of(leaderboard)))
    }

    /// The key of what is remembered of all statistics of a slot.
    pub(crate) fn remembered_in(&self, slot: u16) -> String {
        format!("{}:{{{}}}", self.progress, tag(slot))
    }

    /// Keys that say that nothing was lost where they lie: in a database of one server, or all over a cluster's slots.
    pub(crate) fn marks(&self, is_cluster: bool) -> Vec<String> {
        if !is_cluster {
            return vec![format!("{}:mark", self.progress)];
        }
        let slots = (0..SLOTS).step_by(MARKED_EVERY.into());
        slots.map(|slot| format!("{}:{{{}}}:mark", self.progress, tag(slot))).collect()
    }
}

/// The slot of a key: of what is between its first braces, where there is anything.
pub(crate) fn slot_of(key: &str) -> u16 {
    let braces = key.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let hashed = braces.map(|(inner, _)| inner).filter(|inner| !inner.is_empty()).unwrap_or(key);
    State::<XMODEM>::calculate(hashed.as_bytes()) % SLOTS
}

/// The least number that lies in a slot, as text: between braces it brings a key there.
fn tag(slot: u16) -> u32 {
    static TAGS: OnceLock<Vec<u32>> = OnceLock::new();
    let tags = TAGS.get_or_init(|| {
        let mut tags = vec![None; SLOTS.into()];
        let mut left = tags.len();
        for number in 0_u32.. {
            let tag = &mut tags[usize::from(slot_of(&number.to_string()))];
            if tag.is_none() {
                *tag = Some(number);
                left -= 1;
            }
            if left == 0 {
                break;
            }
        }
        tags.into_iter().map(|tag| tag.expect("none is left")).collect()
    });
    tags[usize::from(slot)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_the_one_that_redis_computes() {
        // Of `CLUSTER KEYSLOT`.
        for (key, slot) in
            [("foo", 12_182), ("somekey", 11_058), ("foo{hash_tag}", 2_515), ("hash_tag", 2_515)]
        {
            assert_eq!(slot_of(key), slot, "{key}");
        }
        assert_ne!(slot_of("{}a"), slot_of("{}b"));
    }

    #[test]
    fn what_is_remembered_lies_beside_its_leaderboard_whatever_the_operator_is_called() {
        let names = Names::default();
        for operator in ["acme", "a{b", "a}b", "{a}b", "{}", "}{", "é"] {
            let board = names.leaderboard_of(operator, "race");
            assert_eq!(board, format!("{operator}:tournament:race:leaderboard"));
            assert_eq!(slot_of(&names.remembered_of(&board)), slot_of(&board), "{board}");
        }
        assert_eq!(names.statistics_of("acme", "anna"), "acme:player_stats:anna");
        let of_game = |game, period| names.game_leaderboard_of("acme", game, period);
        assert_eq!(of_game("reels", Period::Daily), "acme:leaderboard:reels:daily");
        assert_eq!(of_game("{period}", Period::AllTime), "acme:leaderboard:{period}:alltime");
    }

    #[test]
    fn marks_lie_all_over_the_slots() {
        let slots: Vec<_> = Names::default().marks(true).iter().map(|key| slot_of(key)).collect();
        let expected: Vec<_> = (0..SLOTS).step_by(64).collect();
        assert_eq!(slots, expected);
        assert_eq!(Names::default().marks(false), ["accolade:projection:mark"]);
    }

    #[test]
    fn names_that_would_be_those_of_others_are_refused() {
        let bare = Names { prefix: String::new(), ..Names::default() };
        bare.check().unwrap();
        assert!(!bare.tell_operators_apart());
        assert_eq!(bare.leaderboard_of("acme", "race"), "tournament:race:leaderboard");
        for (names, setting) in [
            (Names { leaderboard: "board".into(), ..Names::default() }, "`redis.leaderboard_key`"),
            (
                Names { game_leaderboard: "board:{game}".into(), ..bare.clone() },
                "`redis.game_leaderboard_key`",
            ),
            (
                Names { statistics: "{player}{player}".into(), ..bare.clone() },
                "`redis.statistics_key`",
            ),
            (Names { prefix: "{operator}{operator}".into(), ..bare.clone() }, "`redis.prefix`"),
            (Names { progress: "{a}".into(), ..bare }, "`redis.progress_key`"),
        ] {
            let refused = names.check().unwrap_err().to_string();
            assert!(refused.starts_with(setting) && refused.contains("expected"), "{refused}");
        }
    }
}
