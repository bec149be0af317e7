//! The standing definition of games' leaderboards: a tournament that nobody has to say and that never ends. Which game, and which day
//! or week of it, a tally is of, is decided beside it.

use std::sync::{Arc, LazyLock, OnceLock};

use accolade_domain::time::Timestamp;
use accolade_wire::tournament::{Cadence, Stage, TiesBy, TournamentTerms};

use super::Tournament;
use crate::rules::{Said, Since};

/// What counts, and how.
pub const QUERY: &str = "SELECT playerId, SUM(data.score) AS score FROM game_events \
                         WHERE eventType IN ('player_score', 'quest_completed', 'achievement_unlocked', 'boss_defeated') \
                         GROUP BY playerId";
/// So many positions of a game's leaderboard are shown to players.
pub const PUBLIC_POSITIONS: u32 = 100;

static STANDING: LazyLock<Arc<Tournament>> = LazyLock::new(|| {
    let terms = TournamentTerms {
        operator: String::new(),
        id: String::new(),
        edited_from: 0,
        name: String::new(),
        description: String::new(),
        query: QUERY.to_owned(),
        starts: 0,
        ends: i64::MAX,
        grace_seconds: 0,
        timezone: "UTC".to_owned(),
        zone: Vec::new(),
        recurs: None,
        series: None,
        cap: None,
        cap_per_hour: None,
        cap_per_day: None,
        ties: TiesBy::First,
        events_min: 0,
        public_positions: PUBLIC_POSITIONS,
        masked: false,
        cadence: Cadence::RealTime,
        prizes: Vec::new(),
        approval: false,
        public: false,
        opt_in: false,
        participants_max: None,
        stage: Stage::Scheduled,
        results: None,
        again: None,
        why: String::new(),
        who: String::new(),
    };
    let decides = terms.tournament().expect("its query is one");
    let since = Since { control: 0, time: Timestamp::default() };
    let said = vec![Said { terms: Arc::new(terms), since }];
    Arc::new(Tournament { number: 0, said, decides: OnceLock::from(decides) })
});

/// The definition. No operator has a tournament of its number, which is 0.
pub fn standing() -> &'static Arc<Tournament> {
    &STANDING
}
