//! What is watched while it moves: leaderboards, players' own lines of them, and their balances. For each tournament that
//! somebody watches one task asks, at the cadence, for what all who watch it see, and so does one for the balances of an
//! operator's players; whoever sees the same is told by the same bytes. Nothing is asked of what nobody watches.
//!
//! Nobody has a queue: who is slow sees the newest when they look again. `docs/decisions/047` says why.

mod looking;
mod shown;
mod watching;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use self::looking::{Looked, look};
use self::shown::Board;
pub(crate) use self::shown::{Shown, Told};
pub(super) use self::watching::seen_by_anybody;
pub(crate) use self::watching::{ROWS_MAX, TOP_MAX, is_a_name, stream, stream_to_anybody};
use crate::call::Call;
use crate::lock::lock;
use crate::problem::{Problem, Refusal};
use crate::service::Service;

/// How often what is watched is looked at, where the tournament does not say that it is more rarely.
const CADENCE: Duration = Duration::from_millis(250);
/// How long it is left alone at least, however many begin to watch it.
const REST: Duration = Duration::from_millis(50);
/// Most streams and sockets of one player at a node.
const OF_PLAYER_MAX: usize = 16;
/// So many things may be watched over sockets for each of the streams and sockets that a node may have.
const FOR_EACH: usize = 4;
/// So many own lines are told of while others wait.
const TOLD_AT_ONCE: usize = 256;

/// What is looked at together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// The operator's number.
    pub(crate) operator: u32,
    pub(crate) of: Of,
}

/// What of an operator's that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Of {
    /// A tournament, by its number.
    Tournament(u32),
    /// The balances of its players.
    Balances,
}

/// What those who see the same see of a leaderboard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct View {
    pub(crate) part: Part,
    pub(crate) to: To,
}

/// A part of a leaderboard.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// So many from the first on.
    Top(usize),
    /// A player, and so many before and behind.
    Around(String, usize),
    /// These players, as far as they have a position.
    Players(Vec<String>),
}

impl View {
    /// What whoever asks without watching is answered from.
    const ASKED_FOR: Self = Self { part: Part::Top(ROWS_MAX), to: To::Anybody };
}

/// Who is shown a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum To {
    /// Those of the operator see all of it.
    Staff,
    /// Players see what is public, with names as the tournament says. Whom they name is themselves.
    Players,
    /// Whoever asks sees what is public, and no name as it is, for as long as the tournament says so.
    Anybody,
}

/// A player's own line, or balance: always told as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    /// JSON.
    pub(crate) data: Bytes,
    /// Nothing comes after this.
    pub(crate) is_last: bool,
}

type Sight = watch::Sender<Option<Arc<Shown>>>;
type Own = watch::Sender<Option<Value>>;
pub(crate) type SeesList = watch::Receiver<Option<Arc<Shown>>>;
pub(crate) type SeesValue = watch::Receiver<Option<Value>>;

/// What is watched of one thing. Who watches has a receiver, and where there is none any more it is let go of.
#[derive(Default)]
struct Hall {
    views: BTreeMap<View, Sight>,
    /// The players whose own lines, or balances, are watched.
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
    /// How many things are watched over sockets.
    subscribed: usize,
}

/// All that is watched at this node.
#[derive(Default)]
pub(crate) struct Live {
    halls: Mutex<Halls>,
    /// Nobody watches any more.
    is_over: watch::Sender<bool>,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live").field("watching", &self.watching()).finish_non_exhaustive()
    }
}

/// A place of somebody who watches, free again when dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    service: Service,
    bounds: Vec<Bound>,
}

/// How many streams some may have together: a player, a key, those who come from one address.
#[derive(Debug, Clone)]
pub(crate) struct Bound {
    who: Box<str>,
    max: usize,
}

impl Bound {
    /// Of whoever has let themselves known: a player has a few, and a service, which may watch for many players, leaves
    /// room for others.
    pub(crate) fn of(call: &Call) -> Self {
        let own = call.principal.player.as_deref();
        let whole = call.service.settings.watchers_max;
        let (operator, subject) = (call.operator().number, &call.principal.subject);
        Self {
            who: format!("{operator}/{subject}/{}", own.unwrap_or_default()).into(),
            max: if own.is_some() { OF_PLAYER_MAX } else { whole.div_ceil(2) },
        }
    }

    /// Of those who read topics: of an operator's, and of all.
    pub(crate) fn of_topics(operator: u32, max: usize, in_all: usize) -> Vec<Self> {
        let own = Self { who: format!("topics/{operator}").into(), max };
        vec![own, Self { who: "topics".into(), max: in_all }]
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut halls = lock(&self.service.live.halls);
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

/// Something that is watched over a socket counts until this is dropped.
#[derive(Debug)]
pub(crate) struct Subscribed(Service);

impl Drop for Subscribed {
    fn drop(&mut self) {
        lock(&self.0.live.halls).subscribed -= 1;
    }
}

/// What is to be looked at.
struct Wanted {
    views: Vec<View>,
    players: Vec<String>,
}

impl Wanted {
    const fn is_nothing(&self) -> bool {
        self.views.is_empty() && self.players.is_empty()
    }
}

pub(crate) fn stopping() -> Problem {
    Problem::new(Refusal::Stopping, "the node is stopping: ask another")
}

impl Halls {
    /// Takes a place, unless there is none.
    fn take_seat(&mut self, service: &Service, bounds: Vec<Bound>) -> Result<Seat, Problem> {
        let nodes_max = service.settings.watchers_max;
        if self.watching >= nodes_max {
            let detail = format!("{nodes_max} streams are watched at this node, as many as may be");
            return Err(Problem::new(Refusal::Busy, detail));
        }
        for Bound { who, max } in &bounds {
            if self.by_principal.get(who).is_some_and(|count| count >= max) {
                let detail = format!(
                    "of these streams, of one player, key, address or operator, or of those without a credential, {max} are \
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

    /// What is watched of something. The first who watches it has it looked at from here on.
    fn hall(&mut self, service: &Service, key: Key) -> &mut Hall {
        self.all.entry(key).or_insert_with(|| {
            let hall = Hall::default();
            tokio::spawn(show(service.clone(), key, Arc::clone(&hall.wake)));
            hall
        })
    }
}

impl Hall {
    fn sees_list(&mut self, view: View) -> SeesList {
        let wake = &self.wake;
        let new = || {
            wake.notify_one();
            watch::Sender::new(None)
        };
        self.views.entry(view).or_insert_with(new).subscribe()
    }

    fn sees_value(&mut self, player: String) -> SeesValue {
        let wake = &self.wake;
        let new = || {
            wake.notify_one();
            watch::Sender::new(None)
        };
        self.players.entry(player).or_insert_with(new).subscribe()
    }

    fn is_watched(&self) -> bool {
        self.views.values().any(|sight| sight.receiver_count() > 0) || !self.players.is_empty()
    }
}

impl Live {
    /// How many streams and sockets there are.
    pub(crate) fn watching(&self) -> usize {
        lock(&self.halls).watching
    }

    /// Ends all streams and sockets, and lets nobody begin another.
    pub(crate) fn end(&self) {
        let mut halls = lock(&self.halls);
        self.is_over.send_replace(true);
        halls.all.clear();
    }

    /// What says when the node stops.
    pub(crate) fn ending(&self) -> watch::Receiver<bool> {
        self.is_over.subscribe()
    }

    /// Those who may watch, as long as somebody still may.
    fn open(&self) -> Result<std::sync::MutexGuard<'_, Halls>, Problem> {
        let halls = lock(&self.halls);
        if *self.is_over.borrow() { Err(stopping()) } else { Ok(halls) }
    }

    /// A place for one who watches.
    pub(crate) fn seat(&self, service: &Service, bounds: Vec<Bound>) -> Result<Seat, Problem> {
        self.open()?.take_seat(service, bounds)
    }

    /// Counts something that is watched over a socket.
    pub(crate) fn subscribe(&self, service: &Service) -> Result<Subscribed, Problem> {
        let mut halls = self.open()?;
        let most = service.settings.watchers_max.saturating_mul(FOR_EACH);
        if halls.subscribed >= most {
            let detail = format!("{most} things are watched at this node, as many as may be");
            return Err(Problem::new(Refusal::Busy, detail));
        }
        halls.subscribed += 1;
        Ok(Subscribed(service.clone()))
    }

    /// Lets somebody watch a list.
    pub(crate) fn list(
        &self,
        service: &Service,
        key: Key,
        view: View,
    ) -> Result<SeesList, Problem> {
        Ok(self.open()?.hall(service, key).sees_list(view))
    }

    /// Lets somebody watch a player's own line, or balance.
    pub(crate) fn value(
        &self,
        service: &Service,
        key: Key,
        player: String,
    ) -> Result<SeesValue, Problem> {
        Ok(self.open()?.hall(service, key).sees_value(player))
    }

    /// What somebody watches, all of it or what nobody has seen yet; nothing where nobody does, and then it is let go of.
    fn wanted(&self, key: Key, is_all: bool) -> Option<Wanted> {
        let mut halls = lock(&self.halls);
        let hall = halls.all.get_mut(&key)?;
        hall.players.retain(|_, own| own.receiver_count() > 0);
        // Where nobody asks at this moment, somebody may at the next, and finds it.
        hall.views.retain(|view, sight| *view == View::ASKED_FOR || sight.receiver_count() > 0);
        if !hall.is_watched() {
            halls.all.remove(&key);
            return None;
        }
        let views = hall.views.iter().filter(|(_, sight)| is_all || sight.borrow().is_none());
        let players = hall.players.iter().filter(|(_, own)| is_all || own.borrow().is_none());
        let (views, players) = (views.map(|(view, _)| view), players.map(|(player, _)| player));
        Some(Wanted { views: views.cloned().collect(), players: players.cloned().collect() })
    }

    /// Shows what was seen to those who see something else so far. Whoever hears that it is over has their own line.
    fn tell(&self, key: Key, looked: Looked) {
        for some in looked.own.chunks(TOLD_AT_ONCE) {
            let halls = lock(&self.halls);
            let Some(hall) = halls.all.get(&key) else { return };
            for (player, value) in some {
                let Some(own) = hall.players.get(player) else { continue };
                own.send_if_modified(|before| {
                    let is_other = before.as_ref() != Some(value);
                    if is_other {
                        *before = Some(value.clone());
                    }
                    is_other
                });
            }
        }
        let mut boards = looked.boards;
        while !boards.is_empty() {
            let rest = boards.split_off(boards.len().min(TOLD_AT_ONCE));
            let mut halls = lock(&self.halls);
            let Some(hall) = halls.all.get_mut(&key) else { return };
            for (view, board) in boards {
                hall.show(view, board);
            }
            boards = rest;
        }
    }
}

impl Hall {
    /// Shows a list as it is now; one that may not be seen any more is gone.
    fn show(&mut self, view: View, board: Option<Board>) {
        let Some(board) = board else {
            self.views.remove(&view);
            return;
        };
        let Some(sight) = self.views.get(&view) else { return };
        let is_for_many = matches!(view.part, Part::Top(_));
        sight.send_if_modified(|shown| {
            let next = match shown {
                None => Some(Shown::first(board, is_for_many)),
                Some(shown) => shown.next(board),
            };
            next.map(|next| *shown = Some(Arc::new(next))).is_some()
        });
    }
}

/// Looks at something for as long as somebody watches it: at all of it at the cadence, and in between at what somebody
/// begins to watch.
async fn show(service: Service, key: Key, wake: Arc<Notify>) {
    let mut due = Instant::now();
    loop {
        let is_due = Instant::now() >= due;
        let Some(wanted) = service.live.wanted(key, is_due) else { return };
        if !wanted.is_nothing() {
            match look(&service, key, &wanted).await {
                Ok(looked) => {
                    if is_due {
                        due = Instant::now() + looked.rest;
                    }
                    service.live.tell(key, looked);
                }
                // Whoever watches sees what there was, and the newest once there is an answer again.
                Err(problem) => {
                    tracing::debug!(detail = %problem.detail, "what is watched cannot be looked at");
                    due = Instant::now() + CADENCE;
                }
            }
        }
        tokio::time::sleep(REST).await;
        tokio::select! {
            () = tokio::time::sleep_until(due) => {}
            () = wake.notified() => {}
        }
    }
}
