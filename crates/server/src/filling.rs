//! Filling tournaments that had begun before they were scheduled.
//!
//! Each node reads what its own partitions have of them, and tells these what counts; then it has them add that up. Whoever has the
//! partition of the tournament's id hears of all partitions, and says how far it is. Whatever is lost is done again: it is the same
//! as often as it is told. `docs/decisions/061` says why.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use accolade_domain::outcome::{Declined, Outcome};
use accolade_domain::packed_scores::filling_number;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::control::{Command, FillPage, PastEvent};
use accolade_wire::identity::partition_of;
use accolade_wire::tournament::{Fill, TournamentTerms};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use crate::call::Call;
use crate::lock::lock;
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::{Inner, Service};
use crate::shapes::respond;
use crate::simulation::tournament::filled::{self, Hears, Past};
use crate::submit::{Parcel, blocking, blocking_beside};

/// Where other nodes are asked.
const PATH: &str = "/cluster/v1/fillings";
/// How often it is looked whether there is something to fill.
const EVERY: Duration = Duration::from_millis(200);
/// So often a node tries to read its partitions that cannot be read, and waits longer each time.
const TRIES_MAX: u32 = 6;
const AGAIN: Duration = Duration::from_secs(1);
/// So many events of a player are told by one command at most.
const EVENTS_AT_ONCE: usize = 200;
/// So many commands go out at once.
const COMMANDS_AT_ONCE: usize = 256;
/// Events are told once there are so many, so that those of a player go together.
const EVENTS_KEPT: usize = 200_000;
/// So often the same commands are sent, where nothing is heard of them.
const SENT_MAX: u32 = 10;
const SENT_AGAIN: Duration = Duration::from_millis(500);
/// Players that are looked at while the fold waits.
const LOOKED_AT_ONCE: u32 = 2_048;

/// An operator's number, and a tournament's.
type Key = (u32, u32);

/// How far a node is with tournaments that are filled.
#[derive(Debug, Default)]
pub(crate) struct Fillings(Mutex<BTreeMap<Key, Filling>>);

/// How far it is with one. What was done of a partition stays done, wherever that goes.
#[derive(Debug, Default)]
struct Filling {
    /// All that these partitions have was told.
    read: BTreeSet<u16>,
    /// And nothing of it waits any more.
    counted: BTreeSet<u16>,
    batches: u64,
    expected: u64,
    tries: u32,
    again_at: Option<Instant>,
    why: Option<String>,
}

/// Why partitions were not read.
#[derive(Debug)]
struct Failed {
    why: String,
    /// They were, and it could not be told.
    is_held_up: bool,
}

/// What a node answers about partitions that it has.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Part {
    /// So many of them have not come so far.
    left: usize,
    batches: u64,
    expected: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    why: Option<String>,
}

/// How far a tournament is filled.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    pub(crate) batches: u64,
    pub(crate) expected: u64,
    pub(crate) why: Option<String>,
    left: usize,
}

/// Has tournaments filled for as long as the service is there, but for the reading.
pub(crate) async fn run(service: Weak<Inner>) {
    let mut failed: BTreeMap<Key, Instant> = BTreeMap::new();
    while let Some(service) = service.upgrade().map(Service::of) {
        for (operator, tournament) in service.filling() {
            let key = (operator, tournament.number);
            let waits = failed.get(&key).is_some_and(|again_at| Instant::now() < *again_at);
            if waits || service.is_retired() {
                continue;
            }
            if let Err(problem) = service.go_on_filling(operator, &tournament).await {
                let (id, detail) = (&tournament.terms().id, &problem.detail);
                tracing::debug!(id, %detail, "a tournament cannot be filled yet");
                failed.insert(key, Instant::now() + AGAIN);
            }
        }
        failed.retain(|_, again_at| Instant::now() < *again_at);
        drop(service);
        tokio::time::sleep(EVERY).await;
    }
}

/// Reads for them what partitions have that are here, one tournament after the other.
pub(crate) async fn read(service: Weak<Inner>) {
    while let Some(service) = service.upgrade().map(Service::of) {
        let filling = service.filling();
        service.fillings.keep(&filling);
        for (operator, tournament) in filling {
            if tournament.terms().fill == Some(Fill::Reading) && !service.is_retired() {
                service.read_here(operator, &tournament).await;
            }
        }
        drop(service);
        tokio::time::sleep(EVERY).await;
    }
}

impl Fillings {
    fn with<T>(&self, key: Key, look: impl FnOnce(&mut Filling) -> T) -> T {
        look(lock(&self.0).entry(key).or_default())
    }

    /// Others are filled, or cancelled.
    fn keep(&self, filling: &[(u32, Arc<Tournament>)]) {
        let keys: BTreeSet<Key> = filling.iter().map(|(of, it)| (*of, it.number)).collect();
        lock(&self.0).retain(|key, _| keys.contains(key));
    }
}

impl Filling {
    fn part(&self, fill: Fill, partitions: &[u16]) -> Part {
        let done = match fill {
            Fill::Reading => &self.read,
            Fill::Counting | Fill::Done => &self.counted,
        };
        let left = partitions.iter().filter(|number| !done.contains(*number)).count();
        let Self { batches, expected, why, .. } = self;
        Part { left, batches: *batches, expected: *expected, why: why.clone() }
    }

    /// Which of some partitions to read now.
    fn unread(&self, partitions: &[u16]) -> Vec<u16> {
        let waits = self.again_at.is_some_and(|again_at| Instant::now() < again_at);
        if waits || self.tries >= TRIES_MAX {
            return Vec::new();
        }
        partitions.iter().copied().filter(|number| !self.read.contains(number)).collect()
    }

    fn failed(&mut self, Failed { why, is_held_up }: Failed) {
        self.why = Some(why);
        self.again_at = Some(Instant::now() + AGAIN * 2_u32.pow(self.tries));
        // What was read is told once the node takes it in again, however long that is.
        let tries_max = if is_held_up { TRIES_MAX - 1 } else { TRIES_MAX };
        self.tries = tries_max.min(self.tries + 1);
    }
}

impl Service {
    /// Tournaments that are being filled.
    fn filling(&self) -> Vec<(u32, Arc<Tournament>)> {
        if !self.host.knows_rules() {
            return Vec::new();
        }
        let rules = self.host.rules();
        let mut filling = Vec::new();
        for operator in rules.operators() {
            let own = operator.tournaments.filled().iter().filter(|it| it.is_filling());
            filling.extend(own.map(|it| (operator.number, Arc::clone(it))));
        }
        filling
    }

    fn partitions_here(&self) -> Vec<u16> {
        (0..self.partitions()).filter(|number| self.host.whereabouts(*number).is_ok()).collect()
    }

    /// Reads what is here of a tournament, where that was not done yet.
    async fn read_here(&self, operator: u32, tournament: &Arc<Tournament>) {
        let key = (operator, tournament.number);
        let here = self.partitions_here();
        let unread = self.fillings.with(key, |filling| filling.unread(&here));
        if unread.is_empty() {
            return;
        }
        let (service, of) = (self.clone(), Arc::clone(tournament));
        let read = move || {
            let (partitions, read) = service.read_and_tell(operator, &of, &unread);
            let is_wanted = read.is_ok() || service.goes_on_reading(&of, &partitions);
            (partitions, read, is_wanted)
        };
        let (partitions, read, is_wanted) = match blocking_beside(read).await {
            Ok(read) => read,
            Err(problem) => {
                let why = problem.detail.to_string();
                (Vec::new(), Err(Failed { why, is_held_up: false }), true)
            }
        };
        self.fillings.with(key, |filling| match read {
            // None of them has heard of it yet.
            Ok(()) if partitions.is_empty() => {}
            Ok(()) => {
                filling.read.extend(partitions);
                (filling.why, filling.tries, filling.again_at) = (None, 0, None);
            }
            // Whoever has them now reads them, or nobody has to any more.
            Err(_) if !is_wanted => {}
            Err(failed) => {
                let (id, why) = (&tournament.terms().id, &failed.why);
                tracing::warn!(
                    id,
                    why,
                    "what was played before a tournament was scheduled cannot be read"
                );
                filling.failed(failed);
            }
        });
    }

    /// Reads those of some partitions that have heard of the tournament, and says which those are. What comes to them from then on
    /// waits there by itself.
    fn read_and_tell(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
        unread: &[u16],
    ) -> (Vec<u16>, Result<(), Failed>) {
        let control = tournament.changed().control;
        let has_heard = |number: &u16| {
            let heard = self.read(*number, |partition| partition.rules().applied >= control);
            heard.unwrap_or(false)
        };
        let partitions: Vec<u16> = unread.iter().copied().filter(has_heard).collect();
        if partitions.is_empty() {
            return (partitions, Ok(()));
        }
        let key = (operator, tournament.number);
        let goes_on = |batches: u64, expected: u64| {
            self.fillings.with(key, |filling| {
                (filling.batches, filling.expected) = (batches, expected);
            });
            if self.goes_on_reading(tournament, &partitions) {
                Ok(())
            } else {
                Err("it is not read here any more".to_owned())
            }
        };
        let (terms, number) = (&**tournament.terms(), tournament.number);
        let (by, count, is_held_up) = (BTreeMap::new(), 0, false);
        let mut telling = Telling { service: self, terms, number, by, count, is_held_up };
        let read = filled::read(self, tournament.terms(), &partitions, &goes_on, &mut telling);
        let told = read.and_then(|()| telling.tell());
        let is_held_up = telling.is_held_up;
        (partitions, told.map_err(|why| Failed { why, is_held_up }))
    }

    /// Whether a tournament is still to be read in partitions that are all here. May wait: not for a thread of the runtime.
    fn goes_on_reading(&self, tournament: &Tournament, partitions: &[u16]) -> bool {
        let is_wanted = !self.is_retired() && self.is_being_read(tournament);
        is_wanted && self.host.are_here(partitions).is_ok()
    }

    fn is_being_read(&self, tournament: &Tournament) -> bool {
        let rules = self.host.rules();
        let operator = rules.operator(&tournament.terms().operator);
        let known = operator.and_then(|operator| operator.tournaments.numbered(tournament.number));
        known.is_some_and(|known| known.is_scheduled() && known.terms().fill == Some(Fill::Reading))
    }

    /// Adds up what waits here, and says how far it is once that is so everywhere.
    async fn go_on_filling(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
    ) -> Result<(), Problem> {
        let Some(fill) = tournament.terms().fill else { return Ok(()) };
        let key = (operator, tournament.number);
        if fill == Fill::Counting {
            for number in self.partitions_here() {
                let is_counted = |filling: &mut Filling| filling.counted.contains(&number);
                if !self.fillings.with(key, is_counted) {
                    self.count_here(operator, tournament, number).await?;
                    self.fillings.with(key, |filling| filling.counted.insert(number));
                }
            }
        }
        let home = partition_of(&tournament.terms().id, self.partitions());
        if self.host.whereabouts(home).is_err()
            || self.filled_so_far(operator, tournament, fill).await?.left > 0
        {
            return Ok(());
        }
        let next = match fill {
            Fill::Reading => Fill::Counting,
            Fill::Counting | Fill::Done => Fill::Done,
        };
        let terms = TournamentTerms { fill: Some(next), ..(**tournament.terms()).clone() };
        self.say(terms, tournament).await
    }

    /// How far all partitions are.
    async fn filled_so_far(
        &self,
        operator: u32,
        tournament: &Tournament,
        fill: Fill,
    ) -> Result<Progress, Problem> {
        let key = (operator, tournament.number);
        let is_counting = fill != Fill::Reading;
        let path = format!(
            "{PATH}?operator={operator}&tournament={}&counting={}",
            tournament.number,
            u8::from(is_counting)
        );
        let here = move |service: &Self, partitions: &[u16]| {
            Ok(service.fillings.with(key, |filling| filling.part(fill, partitions)))
        };
        let parts = self.gather(0..self.partitions(), here, &path, read_part).await?;
        Ok(parts.into_iter().fold(Progress::default(), |so_far, part| Progress {
            left: so_far.left + part.left,
            batches: so_far.batches + part.batches,
            expected: so_far.expected + part.expected,
            why: so_far.why.or(part.why),
        }))
    }

    /// The same for whoever asks; nothing for a tournament that is not filled.
    pub(crate) async fn filling_of(
        &self,
        operator: u32,
        tournament: &Tournament,
    ) -> Result<Option<Progress>, Problem> {
        match tournament.terms().fill.filter(|_| tournament.is_filling()) {
            Some(fill) => self.filled_so_far(operator, tournament, fill).await.map(Some),
            None => Ok(None),
        }
    }

    /// Has a partition that is here add up what waits, player by player. Nobody else comes to have something that waits.
    async fn count_here(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
        number: u16,
    ) -> Result<(), Problem> {
        let mut next = Some(0);
        while let Some(from) = next {
            let (mut waiting, to) = self.waiting(operator, tournament, number, from).await?;
            while !waiting.is_empty() {
                self.add_up(tournament, &waiting).await?;
                let before: Vec<Ordinal> = waiting.iter().map(|(player, _)| *player).collect();
                waiting = self.still_waiting(tournament, number, before).await?;
            }
            next = to;
        }
        Ok(())
    }

    /// Players of a partition, from one on, of whom something waits, and the first who was not looked at; nothing where all were.
    async fn waiting(
        &self,
        operator: u32,
        tournament: &Tournament,
        number: u16,
        from: Ordinal,
    ) -> Result<(Vec<(Ordinal, String)>, Option<Ordinal>), Problem> {
        let (of, control) = (tournament.number, tournament.changed().control);
        let service = self.clone();
        let look = move || {
            service.read(number, |partition| {
                if partition.rules().applied < control {
                    return None;
                }
                let players = partition.players();
                let count = u32::try_from(players.all().len()).unwrap_or(u32::MAX);
                let to = count.min(from.saturating_add(LOOKED_AT_ONCE));
                let waits = |player: &Ordinal| {
                    let it = players.get(*player);
                    it.operator == operator && it.scores.of(filling_number(of)).is_some()
                };
                let waiting = (from..to).filter(waits);
                let named = waiting.map(|player| (player, players.get(player).name.to_string()));
                Some((named.collect::<Vec<_>>(), Some(to).filter(|to| *to < count)))
            })
        };
        blocking(look).await??.ok_or_else(not_yet)
    }

    async fn still_waiting(
        &self,
        tournament: &Tournament,
        number: u16,
        players: Vec<Ordinal>,
    ) -> Result<Vec<(Ordinal, String)>, Problem> {
        let (of, service) = (tournament.number, self.clone());
        let look = move || {
            service.read(number, |partition| {
                let all = partition.players();
                let waits =
                    |player: &Ordinal| all.get(*player).scores.of(filling_number(of)).is_some();
                let waiting = players.into_iter().filter(waits);
                waiting.map(|player| (player, all.get(player).name.to_string())).collect::<Vec<_>>()
            })
        };
        Ok(blocking(look).await??)
    }

    async fn add_up(
        &self,
        tournament: &Tournament,
        players: &[(Ordinal, String)],
    ) -> Result<(), Problem> {
        let number = tournament.number;
        for some in players.chunks(COMMANDS_AT_ONCE) {
            let commands = some.iter().map(|(_, player)| {
                let (id, player_id) = (name_of(number), player.clone());
                (player.as_str(), Command::CountFilled { id, player_id, tournament: number })
            });
            let commands: Vec<_> = commands.collect();
            self.have_carried_out(tournament.terms(), &commands).await?;
        }
        Ok(())
    }

    /// Has commands about players carried out, as often as it takes.
    async fn have_carried_out(
        &self,
        terms: &TournamentTerms,
        commands: &[(&str, Command)],
    ) -> Result<(), Problem> {
        let mut sent = 0;
        loop {
            let mut parcel = Parcel::default();
            for (player, command) in commands {
                let partition = partition_of(player, self.partitions());
                parcel.add_command(partition, &terms.operator, command);
            }
            if parcel.is_empty() {
                return Ok(());
            }
            sent += 1;
            let again = match self.submit_and_wait(parcel).await {
                Ok(applied) => {
                    let mut is_missing = false;
                    for applied in applied {
                        match applied {
                            // Of whom nothing is known any more nothing is shown.
                            Some((
                                Outcome::Done { .. }
                                | Outcome::Repeated { .. }
                                | Outcome::Declined { why: Declined::NoSuchPlayer },
                                _,
                            )) => {}
                            None => is_missing = true,
                            Some((Outcome::Declined { why: Declined::Stale }, _)) => {
                                return Err(not_yet());
                            }
                            Some((outcome, _)) => {
                                let detail = format!("what counts was not taken: {outcome:?}");
                                return Err(io::Error::other(detail).into());
                            }
                        }
                    }
                    if !is_missing {
                        return Ok(());
                    }
                    not_yet()
                }
                Err(problem) => problem,
            };
            let is_over = self.is_retired() || again.refusal == Refusal::Stopping;
            if sent >= SENT_MAX || is_over {
                return Err(again);
            }
            tokio::time::sleep(SENT_AGAIN).await;
        }
    }
}

/// What names a command: each is carried out as often as it is sent, since it is the same however often it is.
fn name_of(tournament: u32) -> String {
    format!("fill {tournament} {}", uuid::Uuid::now_v7().simple())
}

/// Tells partitions what counts, some of it at once.
struct Telling<'a> {
    service: &'a Service,
    terms: &'a TournamentTerms,
    number: u32,
    by: BTreeMap<Box<str>, Vec<PastEvent>>,
    count: usize,
    /// They do not take it.
    is_held_up: bool,
}

impl Telling<'_> {
    fn tell(&mut self) -> Result<(), String> {
        self.count = 0;
        let tournament = self.number;
        let mut commands = Vec::new();
        let by = std::mem::take(&mut self.by);
        for (player, events) in &by {
            for events in events.chunks(EVENTS_AT_ONCE) {
                let (id, player_id) = (name_of(tournament), player.to_string());
                let page = FillPage { id, player_id, tournament, events: events.to_vec() };
                commands.push((&**player, Command::Fill(page)));
            }
        }
        // This thread is none of the runtime's.
        let runtime = Handle::current();
        for some in commands.chunks(COMMANDS_AT_ONCE) {
            let told = runtime.block_on(self.service.have_carried_out(self.terms, some));
            self.is_held_up = told.is_err();
            told.map_err(|problem| problem.detail.to_string())?;
        }
        Ok(())
    }
}

impl Hears for Telling<'_> {
    fn takes(&mut self, past: Vec<Past>) -> Result<(), String> {
        self.count += past.len();
        for Past { player, event } in past {
            self.by.entry(player).or_default().push(event);
        }
        if self.count >= EVENTS_KEPT { self.tell() } else { Ok(()) }
    }
}

fn read_part(bytes: &[u8]) -> io::Result<Part> {
    Ok(serde_json::from_slice(bytes)?)
}

/// How far partitions are that are here, for another node.
pub(crate) async fn found(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let key = (parameters.small("operator")?, parameters.small("tournament")?);
    let is_counting = parameters.small("counting")? > 0;
    let fill = if is_counting { Fill::Counting } else { Fill::Reading };
    let found = blocking(move || {
        let part = |filling: &mut Filling| filling.part(fill, &partitions);
        service.with_all_here(&partitions, || Ok(service.fillings.with(key, part)))
    });
    Ok(respond(StatusCode::OK, &found.await??))
}
