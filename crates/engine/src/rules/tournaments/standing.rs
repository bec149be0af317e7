//! The standing definition of games' leaderboards: a tournament that nobody has to say and that never ends. Which game, and which day
//! or week of it, a tally is of, is decided beside it.

use std::sync::{Arc, LazyLock, OnceLock};

use accolade_domain::time::Timestamp;
use accolade_wire::tournament::{Stage, TournamentTerms};

use super::Tournament;
use crate::rules::{Said, Since};

/// What counts, and how: what an event adds to this sum may follow from [another
/// measure](accolade_domain::games::Measure) of the program's.
pub const QUERY: &str = "SELECT playerId, SUM(data.score) AS score FROM game_events \
                         WHERE eventType IN ('player_score', 'quest_completed', 'achievement_unlocked', 'boss_defeated') \
                         GROUP BY playerId";
/// So many positions of a game's leaderboard are shown to players.
pub const PUBLIC_POSITIONS: u32 = 100;

static STANDING: LazyLock<Arc<Tournament>> = LazyLock::new(|| {
    let terms = TournamentTerms {
        query: QUERY.to_owned(),
        ends: i64::MAX,
        public_positions: PUBLIC_POSITIONS,
        stage: Stage::Scheduled,
        ..TournamentTerms::draft("", "")
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
