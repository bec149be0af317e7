//! The loop that tells webhooks what happens in the partitions that are here. It has a thread of its own, nothing waits
//! for it, and a receiver that is slow or dead takes up no more than its own few places.
//!
//! Lanes that stand at the same batch read it together; one that is behind reads by itself, as far as it has room.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use accolade_domain::ledger::{Place, Subject};
use accolade_domain::time::Timestamp;
use accolade_engine::feed::Feed;
use accolade_engine::rules::Rules;
use accolade_engine::rules::webhooks::Webhook;
use accolade_engine::tables::deliveries::{Told, WebhookKey};
use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::Names;
use metrics::counter;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::events::{self, Found};
use crate::lane::{Heard, Lane, words};
use crate::sending::{Attempt, Message, Sender};
use crate::signing::SigningSecret;

/// How often it looks for something to do.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// However many lanes there are, looking through them takes a tenth of a core at the most.
const RESTS: u32 = 9;
const REST_MAX: Duration = Duration::from_millis(500);
/// How often it says how far it is, and looks for partitions and webhooks that are new here.
const SAY_EVERY: Duration = Duration::from_secs(1);
/// How long it may take at its end to hear of what is on its way, and again to say how far it is.
const LAST_TIME: Duration = Duration::from_secs(2);
/// Messages that are on their way to one webhook at the same time.
const SENDING_MAX: usize = 8;
/// Messages that wait for one webhook in all partitions, after which it reads no further.
const WAITING_MAX: usize = 1_000;
/// Batches that are read of one partition before others have their turn.
const BATCHES_MAX: usize = 256;
/// After so many failures in a row a webhook is tried with one message at a time, and ever more seldom.
const FAILURES_MAX: u32 = 5;
const REST_MAX_MICROS: i64 = 60_000_000;
/// What holds a partition up for less is a moment between the files of the journal.
const HELD_UP: Duration = Duration::from_secs(5);

/// What the loop needs of its node beside the journal.
pub trait Desk: Send + Sync + 'static {
    /// How far the webhooks were told of a partition; `None` where it is not here. May wait for a moment.
    fn told(&self, partition: u16) -> Option<Vec<(WebhookKey, Told)>>;

    /// Has a partition remember how far a webhook of `operator` was told.
    fn tell(
        &self,
        partition: u16,
        operator: &str,
        webhook: u32,
        told: &Told,
    ) -> impl Future<Output = Kept> + Send;

    /// Disables a webhook, and says why to whoever looks at it.
    fn disable(&self, operator: &str, id: &str, why: &str) -> impl Future<Output = ()> + Send;

    /// What the messages of a webhook are signed with now.
    fn secrets(&self, operator: &str, webhook: &Webhook) -> Result<Vec<SigningSecret>, String>;
}

/// Whether a partition remembers what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It does.
    Yes,
    /// Somebody else has said something meanwhile: what is here is forgotten.
    Moved,
    /// Nobody knows, or not now.
    NotYet,
}

/// A webhook that is told, as far as this node knows it.
struct Known {
    operator: Box<str>,
    webhook: Arc<Webhook>,
    /// Messages on their way.
    sending: usize,
    /// Failures since anything was taken.
    failures: u32,
    rests_until: Timestamp,
    last_taken: Option<Timestamp>,
    is_disabling: bool,
}

type LaneKey = (u16, WebhookKey);

/// An attempt that has ended.
struct Done {
    lane: LaneKey,
    place: Place,
    /// Nothing was sent: its secrets cannot be read here.
    attempt: Option<Attempt>,
}

/// A running loop. It ends with [`Delivering::stop`], or when it is dropped.
#[derive(Debug)]
pub struct Delivering {
    stop: watch::Sender<bool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Delivering {
    /// Begins to tell webhooks what `feed` has, by `sender`.
    pub fn start<D: Desk>(feed: Arc<dyn Feed>, desk: Arc<D>, sender: Sender) -> io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let run = move || runtime.block_on(Loop::new(feed, desk, sender).run(stopped));
        let thread = std::thread::Builder::new().name("webhooks".into()).spawn(run)?;
        Ok(Self { stop, thread: Mutex::new(Some(thread)) })
    }

    /// Ends soon, and has partitions remember how far it came. What was on its way is sent again by whoever comes next.
    pub fn stop(&self) {
        self.stop.send_replace(true);
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if thread.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("what tells webhooks has ended with a panic");
        }
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        self.stop();
    }
}

struct Loop<D> {
    feed: Arc<dyn Feed>,
    desk: Arc<D>,
    sender: Sender,
    names: Names,
    /// Those that `known` is of.
    rules: Option<Arc<Rules>>,
    known: BTreeMap<WebhookKey, Known>,
    lanes: BTreeMap<LaneKey, Lane>,
    sending: JoinSet<Done>,
    saying: JoinSet<(LaneKey, Told, Kept)>,
    disabling: JoinSet<()>,
    /// The lane that is served first the next time.
    turn: Option<LaneKey>,
    /// What holds partitions up.
    held: BTreeMap<u16, Hold>,
}

/// A batch that cannot be read.
struct Hold {
    batch: u64,
    since: Instant,
    is_told: bool,
}

impl<D: Desk> Loop<D> {
    fn new(feed: Arc<dyn Feed>, desk: Arc<D>, sender: Sender) -> Self {
        let names = Names::new(Arc::clone(&feed));
        Self {
            feed,
            desk,
            sender,
            names,
            rules: None,
            known: BTreeMap::new(),
            lanes: BTreeMap::new(),
            sending: JoinSet::new(),
            saying: JoinSet::new(),
            disabling: JoinSet::new(),
            turn: None,
            held: BTreeMap::new(),
        }
    }

    async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        let mut said_at: Option<Instant> = None;
        while !*stopped.borrow_and_update() {
            if said_at.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
                self.look_around();
                self.say();
                said_at = Some(Instant::now());
            }
            let began = Instant::now();
            let is_more = self.read();
            self.begin();
            let rest = (began.elapsed() * RESTS).min(REST_MAX);
            let pause = if is_more { Duration::ZERO } else { LOOK_EVERY.max(rest) };
            tokio::select! {
                biased;
                ended = stopped.changed() => if ended.is_err() { break },
                Some(done) = self.sending.join_next() => {
                    self.heard(done.expect("an attempt does not panic"));
                }
                Some(said) = self.saying.join_next() => {
                    self.was_said(said.expect("nobody panics who says something"));
                }
                Some(_) = self.disabling.join_next() => {}
                () = tokio::time::sleep(pause) => {}
            }
            while let Some(done) = self.sending.try_join_next() {
                self.heard(done.expect("an attempt does not panic"));
            }
            if !is_more {
                tokio::time::sleep(rest.saturating_sub(began.elapsed())).await;
            }
        }
        drop(tokio::time::timeout(LAST_TIME, self.hear_the_last()).await);
        self.sending.abort_all();
        drop(tokio::time::timeout(LAST_TIME, self.say_at_the_end()).await);
    }

    async fn hear_the_last(&mut self) {
        while let Some(done) = self.sending.join_next().await {
            self.heard(done.expect("an attempt does not panic"));
        }
    }

    async fn say_at_the_end(&mut self) {
        while let Some(said) = self.saying.join_next().await {
            self.was_said(said.expect("nobody panics who says something"));
        }
        self.say();
        while self.saying.join_next().await.is_some() {}
    }

    /// Takes over what the rules say, and which partitions are here.
    fn look_around(&mut self) {
        let rules = self.feed.rules();
        self.rules = Some(Arc::clone(&rules));
        let mut before = std::mem::take(&mut self.known);
        for operator in rules.operators() {
            for webhook in operator.webhooks.live().filter(|webhook| webhook.is_enabled()) {
                let key = WebhookKey { operator: operator.number, webhook: webhook.number };
                let new = || Known::new(operator.id.clone(), Arc::clone(webhook));
                let mut known = before.remove(&key).unwrap_or_else(new);
                if known.webhook.edited_from() != webhook.edited_from() {
                    // Whoever has changed it may have mended it.
                    known.rested(Arc::clone(webhook));
                }
                self.known.insert(key, known);
            }
        }
        let owned = self.feed.owned();
        self.names.keep(&owned);
        self.lanes.retain(|(partition, key), lane| {
            if !self.known.contains_key(key) {
                // Once it is told again, what waits is tried at once.
                lane.begin_anew();
            }
            let is_over = !self.known.contains_key(key) && lane.is_idle();
            owned.binary_search(partition).is_ok() && !is_over
        });
        for partition in owned {
            let is_missing = |key: &WebhookKey| !self.lanes.contains_key(&(partition, *key));
            if !self.known.keys().any(is_missing) {
                continue;
            }
            for (key, told) in self.desk.told(partition).unwrap_or_default() {
                if self.known.contains_key(&key) {
                    let resume = || Lane::resume(partition, &told);
                    self.lanes.entry((partition, key)).or_insert_with(resume);
                }
            }
        }
    }

    /// Has partitions remember how far their lanes are.
    fn say(&mut self) {
        let rules = self.feed.rules();
        for (lane_key, lane) in &mut self.lanes {
            let Some(told) = lane.says() else { continue };
            let (partition, key) = *lane_key;
            let Some(operator) = rules.operator_numbered(key.operator) else { continue };
            lane.begin_to_say();
            let (desk, operator, lane_key) =
                (Arc::clone(&self.desk), operator.id.clone(), *lane_key);
            self.saying.spawn(async move {
                let kept = desk.tell(partition, &operator, key.webhook, &told).await;
                (lane_key, told, kept)
            });
        }
    }

    fn was_said(&mut self, (key, told, kept): (LaneKey, Told, Kept)) {
        let Some(lane) = self.lanes.get_mut(&key) else { return };
        match kept {
            Kept::Yes => lane.has_said(&told),
            Kept::NotYet => lane.has_not_said(),
            Kept::Moved => drop(self.lanes.remove(&key)),
        }
    }

    /// Reads what comes next in each partition; says whether there is more.
    fn read(&mut self) -> bool {
        // Rules that are asked for after that know all that was answered before what is read was caused.
        let partitions = self.lanes.keys().map(|(partition, _)| *partition);
        let ends: BTreeMap<u16, u64> = partitions
            .filter_map(|partition| Some((partition, self.feed.end(partition)?)))
            .collect();
        let rules = self.feed.rules();
        if self.rules.as_ref().is_none_or(|seen| !Arc::ptr_eq(seen, &rules)) {
            self.look_around();
        }
        let mut waiting: BTreeMap<WebhookKey, usize> = BTreeMap::new();
        for ((_, key), lane) in &self.lanes {
            *waiting.entry(*key).or_default() += lane.waiting();
        }
        let mut groups: BTreeMap<(u16, u64), Vec<LaneKey>> = BTreeMap::new();
        for (lane_key, lane) in &self.lanes {
            let (partition, key) = *lane_key;
            let has_room = waiting[&key] < WAITING_MAX && self.known.contains_key(&key);
            if let Some(batch) = lane.reads().filter(|_| has_room) {
                groups.entry((partition, batch)).or_default().push(*lane_key);
            }
        }
        let mut is_more = false;
        for ((partition, batch), lanes) in groups {
            let Some(end) = ends.get(&partition) else { continue };
            match self.read_group(partition, batch..*end, &lanes) {
                Ok(more) => is_more |= more,
                Err((batch, held)) => self.complain(partition, batch, &held),
            }
        }
        is_more
    }

    /// Reads batches for lanes that stand at the same one, for as long as they do.
    fn read_group(
        &mut self,
        partition: u16,
        Range { start, end }: Range<u64>,
        lanes: &[LaneKey],
    ) -> Result<bool, (u64, Held)> {
        let mut batch = start;
        for _ in 0..BATCHES_MAX {
            if batch >= end || !lanes.iter().all(|key| self.lanes[key].reads() == Some(batch)) {
                return Ok(false);
            }
            self.read_batch(partition, batch, lanes).map_err(|held| (batch, held))?;
            batch += 1;
        }
        Ok(batch < end)
    }

    fn read_batch(&mut self, partition: u16, number: u64, lanes: &[LaneKey]) -> Result<(), Held> {
        let feed = Arc::clone(&self.feed);
        let bytes = feed.journal(partition, number)?;
        let bytes = bytes.ok_or_else(|| Held::Waits("the journal does not have it".into()))?;
        let batch = Batch::read(&bytes, &*feed)?;
        let mut accounts = Vec::new();
        events::each(batch.outcomes()?, |found| {
            if lanes.iter().any(|key| self.is_wanted(*key, &found)) {
                accounts.push(found.account());
            }
            Ok::<_, Held>(())
        })?;
        if !accounts.is_empty() {
            self.add(&batch, &accounts, lanes)?;
        }
        for key in lanes {
            self.lanes.get_mut(key).expect("a lane that reads").has_read(number);
        }
        Ok(())
    }

    fn is_wanted(&self, lane: LaneKey, found: &Found<'_>) -> bool {
        let (_, key) = lane;
        let (operator, _) = found.account();
        let events = &self.known[&key].webhook.terms().events;
        let is_listed = events.is_empty() || events.iter().any(|kind| kind == found.kind());
        key.operator == operator && is_listed && self.lanes[&lane].wants(found.place)
    }

    /// Adds to lanes what they want of a batch. Of a player who was erased there is nothing to be told.
    fn add(
        &mut self,
        batch: &Batch<'_>,
        accounts: &[(u32, Subject)],
        lanes: &[LaneKey],
    ) -> Result<(), Held> {
        let mut names = std::mem::replace(&mut self.names, Names::new(Arc::clone(&self.feed)));
        let added = names.behind(batch.partition, accounts).and_then(|players| {
            events::each(batch.outcomes()?, |found| {
                let (operator, subject) = found.account();
                let Some(player) = players.find(operator, subject) else { return Ok(()) };
                let wanting = lanes.iter().filter(|key| self.is_wanted(**key, &found));
                let wanting: Vec<LaneKey> = wanting.copied().collect();
                if wanting.is_empty() {
                    return Ok(());
                }
                let message = found.message(player.name)?;
                for key in wanting {
                    let lane = self.lanes.get_mut(&key).expect("a lane that reads");
                    lane.add(found.place, subject, found.kind(), message.clone());
                }
                Ok(())
            })
        });
        self.names = names;
        added
    }

    /// Says once that a batch cannot be read, unless that is over in a moment.
    fn complain(&mut self, partition: u16, batch: u64, held: &Held) {
        let new = Hold { batch, since: Instant::now(), is_told: false };
        let before = self.held.remove(&partition).filter(|hold| hold.batch == batch);
        let mut hold = before.unwrap_or(new);
        let (Held::Waits(why) | Held::Stands(why)) = held;
        let is_shown = matches!(held, Held::Stands(_)) || hold.since.elapsed() > HELD_UP;
        if is_shown && !hold.is_told {
            tracing::error!(partition, batch, why, "webhooks are told nothing more of a partition");
            hold.is_told = true;
        }
        self.held.insert(partition, hold);
    }

    /// Begins to send what may be sent, lane by lane, each webhook within its places.
    fn begin(&mut self) {
        let now = now();
        let keys: Vec<LaneKey> = self.lanes.keys().copied().collect();
        let first = self.turn.map_or(0, |turn| keys.partition_point(|key| *key <= turn));
        for lane_key in keys[first..].iter().chain(&keys[..first]) {
            let (_, key) = lane_key;
            let Some(known) = self.known.get(key).filter(|known| known.room(now) > 0) else {
                continue;
            };
            let (mut room, mut begun) = (known.room(now), 0);
            let lane = self.lanes.get_mut(lane_key).expect("its key is there");
            for place in lane.ready(now) {
                if room == 0 {
                    break;
                }
                let sent = send(&self.sender, &*self.desk, known, lane.begin(place));
                let lane = *lane_key;
                self.sending.spawn(async move { Done { lane, place, attempt: sent.await } });
                (room, begun) = (room - 1, begun + 1);
            }
            if begun > 0 {
                self.turn = Some(*lane_key);
                self.known.get_mut(key).expect("it is known").sending += begun;
            }
        }
    }

    fn heard(&mut self, done: Done) {
        let Done { lane: lane_key, place, attempt } = done;
        let (_, key) = lane_key;
        let now = now();
        // Without its secrets a webhook waits as one that nobody answers for.
        let attempt = attempt.unwrap_or(Attempt::Failed(crate::sending::Failure::NotTrusted));
        counter!("accolade_webhook_attempts_total", "outcome" => words(attempt)).increment(1);
        let known = self.known.get_mut(&key);
        let last_taken = known.as_ref().and_then(|known| known.last_taken);
        let heard = match self.lanes.get_mut(&lane_key) {
            Some(lane) => lane.heard(place, attempt, now, last_taken),
            None if attempt.is_taken() => Heard::Taken,
            None => Heard::Failed,
        };
        let Some(known) = known else { return };
        known.sending = known.sending.saturating_sub(1);
        if heard == Heard::Taken {
            if known.has_taken(now) {
                let others = self.lanes.iter_mut().filter(|((_, other), _)| *other == key);
                others.for_each(|(_, lane)| lane.hurry());
            }
            return;
        }
        known.has_failed(now);
        if heard == Heard::GivenUp {
            counter!("accolade_webhook_given_up_total").increment(1);
            let (operator, id) = (&*known.operator, &*known.webhook.terms().id);
            tracing::warn!(operator, id, "a message is given up after three days");
        }
        if attempt.is_over() {
            self.disable(key, "the receiver has answered 410: it wants nothing more");
        } else if heard == Heard::Dead {
            self.disable(key, "the receiver has taken nothing for three days");
        }
    }

    fn disable(&mut self, key: WebhookKey, why: &'static str) {
        let Some(known) = self.known.get_mut(&key).filter(|known| !known.is_disabling) else {
            return;
        };
        known.is_disabling = true;
        counter!("accolade_webhook_disabled_total").increment(1);
        let (operator, id) = (known.operator.clone(), known.webhook.terms().id.clone());
        tracing::warn!(%operator, id, why, "a webhook is disabled; what waits for it is kept");
        let desk = Arc::clone(&self.desk);
        self.disabling.spawn(async move { desk.disable(&operator, &id, why).await });
    }
}

impl Known {
    fn new(operator: Box<str>, webhook: Arc<Webhook>) -> Self {
        Self {
            operator,
            webhook,
            sending: 0,
            failures: 0,
            rests_until: Timestamp::default(),
            last_taken: None,
            is_disabling: false,
        }
    }

    /// It is another one from now on.
    fn rested(&mut self, webhook: Arc<Webhook>) {
        (self.failures, self.rests_until) = (0, Timestamp::default());
        (self.webhook, self.is_disabling) = (webhook, false);
    }

    /// How many messages more may be on their way to it.
    fn room(&self, now: Timestamp) -> usize {
        if self.is_disabling || self.rests_until > now {
            return 0;
        }
        let max = if self.failures >= FAILURES_MAX { 1 } else { SENDING_MAX };
        max.saturating_sub(self.sending)
    }

    /// Says whether it is there again.
    fn has_taken(&mut self, now: Timestamp) -> bool {
        let was_away = self.failures >= FAILURES_MAX;
        (self.failures, self.rests_until, self.last_taken) = (0, Timestamp::default(), Some(now));
        was_away
    }

    fn has_failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES_MAX {
            let doublings = (self.failures - FAILURES_MAX).min(6);
            let rest = (1_000_000_i64 << doublings).min(REST_MAX_MICROS);
            self.rests_until = now.plus_micros(rest);
        }
    }
}

/// Sends a message, with the secrets that sign now.
fn send<D: Desk>(
    sender: &Sender,
    desk: &D,
    known: &Known,
    message: Message,
) -> impl Future<Output = Option<Attempt>> + Send + use<D> {
    let secrets = desk.secrets(&known.operator, &known.webhook);
    let (sender, url) = (sender.clone(), known.webhook.terms().url.clone());
    async move {
        let secrets = secrets.inspect_err(|why| {
            tracing::warn!(why, "a webhook is told nothing: its secret cannot be read here");
        });
        let seconds = now().micros().div_euclid(1_000_000);
        Some(sender.send(&url, &secrets.ok()?, &message, seconds).await)
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
