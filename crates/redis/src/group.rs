//! What is to be written, of a group of batches or of the state.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::games::Occurrence;
use accolade_domain::ranking::Score;
use accolade_domain::time::Timestamp;
use accolade_engine::feed::Stands;
use accolade_engine::rules::Rules;
use accolade_engine::rules::tournaments::standing::standing;
use accolade_projections::batch::{Batch, Held};
use accolade_projections::excluded::Excluded;
use accolade_projections::names::Names as Players;
use accolade_wire::journal::StoredNotice;
use accolade_wire::notice::counted::{EVENT_COUNTED, EventCounted};
use accolade_wire::notice::games::{GAME_SCORED, GameScored};
use accolade_wire::notice::scores::{SCORED, Scored};

use crate::catalogue::{Board, Catalogue, Change};
use crate::keys::Names;

/// What a member of a set or a field of a hash takes beside its text.
const LINE_BYTES: usize = 32;

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Group {
    /// By partition and key.
    pub(crate) boards: BTreeMap<(u16, Arc<str>), Members>,
    /// By partition and key.
    pub(crate) statistics: BTreeMap<(u16, String), Counts>,
    /// Leaderboards that are there from now on, or not any more.
    pub(crate) changes: Vec<Change>,
    bytes: usize,
}

/// What changes on a leaderboard.
#[derive(Debug)]
pub(crate) struct Members {
    pub(crate) board: Arc<Board>,
    /// By player; `None` for one who leaves it.
    pub(crate) scores: BTreeMap<String, Option<Score>>,
}

/// What changes of a player's statistics, or all there is of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) is_all: bool,
    pub(crate) total: u64,
    pub(crate) last: Option<Timestamp>,
    pub(crate) types: BTreeMap<String, u64>,
}

/// What a notice says.
enum Said {
    Scored(Scored),
    InGame(GameScored),
    Counted(EventCounted),
}

impl Group {
    /// Adds a batch: all of it, or nothing. Players who were erased are left out.
    pub(crate) fn add(
        &mut self,
        batch: &Batch<'_>,
        players: &mut Players,
        boards: &Catalogue,
        names: &Names,
        excluded: &Excluded,
        now: Timestamp,
    ) -> Result<(), Held> {
        let mut said = Vec::new();
        for recorded in batch.outcomes()? {
            for StoredNotice { notice, .. } in recorded?.notices {
                let what = match notice.kind {
                    SCORED => Said::Scored(Scored::read(&notice.body)?),
                    GAME_SCORED => Said::InGame(GameScored::read(&notice.body)?),
                    EVENT_COUNTED => Said::Counted(EventCounted::read(&notice.body)?),
                    _ => continue,
                };
                said.push(((notice.operator, notice.subject), what));
            }
        }
        if said.is_empty() {
            return Ok(());
        }
        let accounts: Vec<_> = said.iter().map(|(account, _)| *account).collect();
        let players = players.behind(batch.partition, &accounts)?;
        for ((operator, subject), what) in said {
            let Some(player) = players.find(operator, subject) else { continue };
            let is_excluded = excluded.holds(batch.partition, player.ordinal);
            match what {
                Said::Scored(scored) => {
                    for line in scored.lines {
                        if let Some(board) = boards.board(operator, line.tournament, now) {
                            let has_score = board.has(line.events) && !is_excluded;
                            let score = has_score.then_some(line.score);
                            self.score(batch.partition, board, player.name, score);
                        }
                    }
                }
                Said::InGame(GameScored { game, lines, .. }) => {
                    for line in lines {
                        let of = line.occurrence;
                        if let Some(board) = boards.board_of_game(operator, &game, of, names, now) {
                            let score = (!is_excluded).then_some(line.score);
                            self.score(batch.partition, &board, player.name, score);
                        }
                    }
                }
                Said::Counted(counted) => {
                    let key = names.statistics_of(player.operator, player.name);
                    self.count(batch.partition, key, counted);
                }
            }
        }
        Ok(())
    }

    /// Adds what a player has come to in tournaments and games; one who is excluded leaves all leaderboards.
    pub(crate) fn stand_on_boards(
        &mut self,
        partition: u16,
        stands: &Stands<'_>,
        rules: &Rules,
        boards: &Catalogue,
        names: &Names,
        now: Timestamp,
    ) {
        let player = stands.player;
        let Some(operator) = rules.operator_numbered(player.operator) else { return };
        for (number, tally) in stands.scores.all() {
            let Some(board) = boards.board(player.operator, number, now) else { continue };
            let Some(tournament) = operator.tournaments.numbered(number) else { continue };
            if board.has(tally.events) {
                let score = tournament.decides().score(&tally);
                let score = Some(score).filter(|_| !stands.is_excluded);
                self.score(partition, board, player.player, score);
            }
        }
        for of_game in stands.games.all() {
            for (number, tally) in of_game.tallies() {
                let occurrence = Occurrence::of_number(number);
                let board = occurrence.and_then(|occurrence| {
                    boards.board_of_game(player.operator, of_game.name(), occurrence, names, now)
                });
                if let Some(board) = board {
                    let score = standing().decides().score(&tally);
                    let score = Some(score).filter(|_| !stands.is_excluded);
                    self.score(partition, &board, player.player, score);
                }
            }
        }
    }

    /// Adds all that a player has come to.
    pub(crate) fn stand(
        &mut self,
        partition: u16,
        stands: &Stands<'_>,
        rules: &Rules,
        boards: &Catalogue,
        names: &Names,
        now: Timestamp,
    ) {
        self.stand_on_boards(partition, stands, rules, boards, names, now);
        let player = stands.player;
        let Some(operator) = rules.operator_numbered(player.operator) else { return };
        let mut all = Counts { is_all: true, ..Counts::default() };
        if let Some(statistics) = stands.statistics {
            all.total = statistics.total;
            all.last = statistics.last.map(|last| last.at);
            let types = statistics.types.iter().map(|(name, count)| ((*name).to_owned(), *count));
            all.types = types.collect();
        }
        self.bytes += all.types.keys().map(|name| name.len() + LINE_BYTES).sum::<usize>();
        let key = names.statistics_of(&operator.id, player.player);
        self.bytes += key.len() + LINE_BYTES;
        self.statistics.insert((partition, key), all);
    }

    fn score(&mut self, partition: u16, board: &Arc<Board>, player: &str, score: Option<Score>) {
        self.bytes += player.len() + LINE_BYTES;
        let new = || Members { board: Arc::clone(board), scores: BTreeMap::new() };
        let members = self.boards.entry((partition, Arc::clone(&board.key))).or_insert_with(new);
        if members.board.tournament > board.tournament {
            return;
        }
        if members.board.tournament < board.tournament {
            // Another one has taken its id.
            *members = new();
        }
        members.board = Arc::clone(board);
        members.scores.insert(player.to_owned(), score);
    }

    fn count(&mut self, partition: u16, key: String, counted: EventCounted) {
        let EventCounted { total, of_type, at } = counted;
        self.bytes += key.len() + LINE_BYTES;
        let counts = self.statistics.entry((partition, key)).or_default();
        if let Some((name, count)) = of_type {
            self.bytes += name.len() + LINE_BYTES;
            counts.types.insert(name.into(), count);
        }
        counts.last = counts.last.max(Some(at));
        counts.total = total;
    }

    /// About how many bytes all of it takes.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}
