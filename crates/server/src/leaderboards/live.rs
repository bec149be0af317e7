//! Leaderboards while they move. For each tournament that somebody watches one task asks, at the cadence, for what all who
//! watch it see, and whoever sees the same is told by the same bytes. Nothing is asked of what nobody watches.
//!
//! Nobody has a queue: who is slow sees the newest when they look again. `docs/decisions/047` says why.

mod shown;
mod watching;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde_json::value::RawValue;
use tokio::sync::{Notify, watch};

use self::shown::{Board, Head, Shown, own_event, row};
use self::watching::ROWS_MAX;
pub(super) use self::watching::seen_by_anybody;
pub(crate) use self::watching::{TOP_MAX, stream, stream_to_anybody};
use super::asked::{Asked, PLAYERS_MAX};
use super::{Looking, Positioned, View as Part, masked};
use crate::lock::lock;
use crate::problem::{Problem, Refusal};
use crate::service::{Service, now};
use crate::tournaments::state_of_board;

/// How often a leaderboard that is watched is looked at.
const CADENCE: Duration = Duration::from_millis(250);
/// How long it is left alone at least, however many begin to watch it.
const REST: Duration = Duration::from_millis(50);
/// Most streams of one player at a node.
const OF_PLAYER_MAX: usize = 16;

/// A tournament that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// The operator's number.
    operator: u32,
    /// The tournament's.
    number: u32,
}

/// What those who see the same see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct View {
    /// So many from the first on.
    top: usize,
    to: To,
}

impl View {
    /// What whoever asks without watching is answered from.
    const ASKED_FOR: Self = Self { top: ROWS_MAX, to: To::Anybody };
}

/// Who is shown a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum To {
    /// Those of the operator see all of it.
    Staff,
    /// Players see what is public, with names as the tournament says.
    Players,
    /// Whoever asks sees what is public, and no name as it is, for as long as the tournament says so.
    Anybody,
}

type Sight = watch::Sender<Option<Arc<Shown>>>;
type Own = watch::Sender<Option<Bytes>>;

/// What is watched of one tournament. Who watches has a receiver, and where there is none any more it is let go of.
#[derive(Default)]
struct Hall {
    views: BTreeMap<View, Sight>,
    /// The players whose own lines are watched.
    players: BTreeMap<String, Own>,
    /// Somebody watches what nobody has watched before.
    wake: Arc<Notify>,
}

#[derive(Default)]
struct Halls {
    all: BTreeMap<Key, Hall>,
    /// How many watch, and of whom.
    watching: usize,
    by_principal: HashMap<Box<str>, usize>,
    /// Nobody watches any more.
    is_over: bool,
}

/// All that is watched at this node.
#[derive(Default)]
pub(crate) struct Live(Mutex<Halls>);

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("watching", &self.watching()).finish()
    }
}

/// A place of somebody who watches, free again when dropped.
#[derive(Debug)]
struct Seat {
    service: Service,
    bounds: Vec<Bound>,
}

/// How many streams some may have together: a player, a key, those who come from one address.
#[derive(Debug, Clone)]
struct Bound {
    who: Box<str>,
    max: usize,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut halls = lock(&self.service.live.0);
        halls.watching -= 1;
        for Bound { who, .. } in &self.bounds {
            if let Some(count) = halls.by_principal.get_mut(who) {
                *count -= 1;
                if *count == 0 {
                    halls.by_principal.remove(who);
                }
            }
        }
    }
}

/// Who wants to watch.
struct Wish {
    key: Key,
    view: View,
    /// The player whose own line is shown besides.
    player: Option<String>,
    bounds: Vec<Bound>,
}

/// What somebody watches.
struct Watched {
    seat: Seat,
    sight: watch::Receiver<Option<Arc<Shown>>>,
    own: Option<watch::Receiver<Option<Bytes>>>,
}

/// What is to be looked at.
struct Wanted {
    views: Vec<View>,
    players: Vec<String>,
}

/// What was seen of it.
struct Looked {
    /// Nothing for those who may not see it any more.
    boards: Vec<(View, Option<Board>)>,
    own: Vec<(String, Bytes)>,
}

impl Halls {
    /// Takes a place, unless there is none.
    fn take_seat(&mut self, service: &Service, bounds: Vec<Bound>) -> Result<Seat, Problem> {
        if self.is_over {
            return Err(Problem::new(Refusal::Stopping, "the node is stopping: ask another"));
        }
        let nodes_max = service.settings.watchers_max;
        if self.watching >= nodes_max {
            let detail = format!("{nodes_max} streams are watched at this node, as many as may be");
            return Err(Problem::new(Refusal::Busy, detail));
        }
        for Bound { who, max } in &bounds {
            if self.by_principal.get(who).is_some_and(|count| count >= max) {
                let detail = format!(
                    "of these streams, of one player, key or address, or of those without a credential, {max} are \
                     watched already, as many as may be"
                );
                return Err(Problem::new(Refusal::Busy, detail));
            }
        }
        for Bound { who, .. } in &bounds {
            *self.by_principal.entry(who.clone()).or_default() += 1;
        }
        self.watching += 1;
        Ok(Seat { service: service.clone(), bounds })
    }
}

impl Live {
    /// How many streams are watched.
    pub(crate) fn watching(&self) -> usize {
        lock(&self.0).watching
    }

    /// Ends all streams, and lets nobody begin another.
    pub(crate) fn end(&self) {
        let mut halls = lock(&self.0);
        halls.is_over = true;
        halls.all.clear();
    }

    /// Lets somebody watch. The first who watches a tournament has it looked at from here on.
    fn watch(&self, service: &Service, wish: Wish) -> Result<Watched, Problem> {
        let Wish { key, view, player, bounds } = wish;
        let mut halls = lock(&self.0);
        let seat = halls.take_seat(service, bounds)?;
        let is_new = !halls.all.contains_key(&key);
        let hall = halls.all.entry(key).or_default();
        if is_new {
            tokio::spawn(show(service.clone(), key, Arc::clone(&hall.wake)));
        } else if !hall.views.contains_key(&view) {
            hall.wake.notify_one();
        }
        let sight = hall.views.entry(view).or_insert_with(|| watch::Sender::new(None)).subscribe();
        let own = player.map(|player| {
            hall.players.entry(player).or_insert_with(|| watch::Sender::new(None)).subscribe()
        });
        Ok(Watched { seat, sight, own })
    }

    /// What somebody watches of a tournament; nothing where nobody does, and then it is let go of.
    fn wanted(&self, key: Key) -> Option<Wanted> {
        let mut halls = lock(&self.0);
        let hall = halls.all.get_mut(&key)?;
        hall.players.retain(|_, own| own.receiver_count() > 0);
        // Where nobody asks at this moment, somebody may at the next, and finds it.
        hall.views.retain(|view, sight| *view == View::ASKED_FOR || sight.receiver_count() > 0);
        if hall.views.values().all(|sight| sight.receiver_count() == 0) {
            halls.all.remove(&key);
            return None;
        }
        let (views, players) = (hall.views.keys().copied(), hall.players.keys().cloned());
        Some(Wanted { views: views.collect(), players: players.collect() })
    }

    /// Shows what was seen to those who see something else so far. Whoever hears that it is over has their own line.
    fn tell(&self, key: Key, looked: Looked) {
        let mut halls = lock(&self.0);
        let Some(hall) = halls.all.get_mut(&key) else { return };
        for (player, text) in looked.own {
            if let Some(own) = hall.players.get(&player) {
                let is_other = |before: &Option<Bytes>| before.as_ref() != Some(&text);
                own.send_if_modified(|before| {
                    is_other(before).then(|| *before = Some(text.clone())).is_some()
                });
            }
        }
        for (view, board) in looked.boards {
            let Some(board) = board else {
                hall.views.remove(&view);
                continue;
            };
            let Some(sight) = hall.views.get(&view) else { continue };
            sight.send_if_modified(|shown| {
                let next = match shown {
                    None => Some(Shown::first(board)),
                    Some(shown) => shown.next(board),
                };
                next.map(|next| *shown = Some(Arc::new(next))).is_some()
            });
        }
    }
}

/// Looks at a tournament for as long as somebody watches it.
async fn show(service: Service, key: Key, wake: Arc<Notify>) {
    while let Some(wanted) = service.live.wanted(key) {
        match look(&service, key, &wanted).await {
            Ok(looked) => service.live.tell(key, looked),
            // Whoever watches sees what there was, and the newest once there is an answer again.
            Err(problem) => {
                tracing::debug!(detail = %problem.detail, "a leaderboard cannot be looked at");
            }
        }
        tokio::time::sleep(REST).await;
        tokio::select! {
            () = tokio::time::sleep(CADENCE.saturating_sub(REST)) => {}
            () = wake.notified() => {}
        }
    }
}

/// Asks once for what everybody sees.
async fn look(service: &Service, key: Key, wanted: &Wanted) -> Result<Looked, Problem> {
    let Key { operator, number } = key;
    let tournament =
        Asked { operator, tournament: number, ..Asked::default() }.tournament(service)?;
    let looking = Looking { service: service.clone(), tournament, operator, own: None };
    let top = wanted.views.iter().map(|view| view.top).max().unwrap_or_default();
    let (players, is_final, lines) = looking.see(Part::From(1, top)).await?;
    let mut own = Vec::new();
    for group in wanted.players.chunks(PLAYERS_MAX) {
        let (players, _, lines) = looking.see(Part::Players(group.to_vec())).await?;
        let mut found: HashMap<_, _> = lines
            .iter()
            .map(|(position, line)| (line.player.as_str(), (*position, line)))
            .collect();
        own.extend(
            group
                .iter()
                .map(|name| (name.clone(), own_event(found.remove(name.as_str()), players))),
        );
    }
    let terms = looking.tournament.terms();
    let head = Head {
        tournament_id: terms.id.clone(),
        operator_id: terms.operator.clone(),
        state: state_of_board(terms, now(), is_final),
        is_final,
        players,
    };
    let is_over = is_final || looking.tournament.is_cancelled();
    let board = |view: &View| {
        let is_shown = view.to != To::Anybody || terms.public;
        let board = is_shown.then(|| {
            let rows = looking.rows(*view, &lines);
            Board { head: head.clone(), is_over, rows }
        });
        (*view, board)
    };
    Ok(Looked { boards: wanted.views.iter().map(board).collect(), own })
}

impl Looking {
    /// The rows of a view. Players see each other's names masked, and their own as well: the same list for all of them.
    fn rows(&self, view: View, lines: &[Positioned]) -> Vec<Box<RawValue>> {
        let terms = self.tournament.terms();
        let public = u64::from(terms.public_positions);
        let is_seen = |(position, _): &&Positioned| view.to == To::Staff || *position <= public;
        let seen = lines.iter().take(view.top).take_while(is_seen).enumerate();
        let is_masked = match view.to {
            To::Staff => false,
            To::Players => terms.masked,
            To::Anybody => true,
        };
        seen.map(|(at, (position, line))| {
            let name = if is_masked { masked(&line.player) } else { line.player.clone() };
            row(at, *position, name, &line.standing)
        })
        .collect()
    }
}
