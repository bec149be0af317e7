//! What somebody asks for in a player's account: read, claimed, carried out, and found again.

pub(crate) mod by_time;
mod looked;
pub(crate) mod open;

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::ledger::Place;
use accolade_engine::behaviour::SECOND;
use accolade_engine::partition::Partition;
use accolade_engine::players::Ordinal;
use accolade_engine::tables::requests::{Found, RequestKey};
use accolade_engine::tables::{Excerpt, Paged, Stretch, Table};
use accolade_storage::backing::NodeStore;
use accolade_wire::control::{Command, Request};
use accolade_wire::identity::partition_of;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;

use crate::call::Call;
use crate::cursor::Cursors;
use crate::dry_run::respond_to_change;
use crate::idempotency::{Change, key_of};
use crate::principal::Known;
use crate::problem::{Problem, Refusal};
use crate::routes::By;
use crate::service::Service;
use crate::shapes::{Page, respond};
use crate::submit::{Carried, blocking};
use crate::trail::About;

/// A change of an account that was asked for.
pub(crate) struct Changed {
    pub(crate) service: Service,
    pub(crate) operator: Arc<Known>,
    /// Who has asked for it.
    pub(crate) who: Box<str>,
    /// The part of the path that varies.
    pub(crate) name: String,
    pub(crate) is_dry: bool,
    /// How it was carried out.
    pub(crate) carried: Carried,
    /// What it has made, where it was.
    pub(crate) made: Option<u64>,
}

/// Who asks, and under which identity.
pub(crate) struct Asks {
    /// The identity of the command.
    pub(crate) id: String,
    /// The player, where the path names one.
    pub(crate) player: String,
    /// What the path names otherwise.
    pub(crate) request: Request,
    /// Who asks.
    pub(crate) who: String,
}

/// Carries out the command that is asked for in the account of a player, or about a reward, after its body was read.
pub(crate) async fn change<T>(
    call: Call,
    read: impl FnOnce(&[u8]) -> Result<T, Problem>,
    command: impl FnOnce(T, Asks) -> Command,
) -> Result<Changed, Problem> {
    let by_reward = call.route.by == By::Reward;
    let find = |service: &Service, name: &str| {
        let name = if by_reward { name } else { player_id(name)? };
        Ok((partition_of(name, service.partitions()), None))
    };
    carry_out(call, find, read, command).await
}

/// The same about a request of a kind, which the path names.
pub(crate) async fn change_of<R: Requests, T>(
    call: Call,
    read: impl FnOnce(&[u8]) -> Result<T, Problem>,
    command: impl FnOnce(T, Asks) -> Command,
) -> Result<Changed, Problem> {
    let find = |service: &Service, id: &str| {
        let key = request_of::<R>(service, id)?;
        Ok((key.place.partition, Some(key)))
    };
    carry_out(call, find, read, command).await
}

async fn carry_out<T>(
    call: Call,
    find: impl FnOnce(&Service, &str) -> Result<(u16, Option<RequestKey>), Problem>,
    read: impl FnOnce(&[u8]) -> Result<T, Problem>,
    command: impl FnOnce(T, Asks) -> Command,
) -> Result<Changed, Problem> {
    let (operator, name, is_dry) = (call.operator(), call.name(), call.is_dry()?);
    let Call { service, route, principal, parts, body, .. } = call;
    let key = key_of(&parts.headers)?;
    let (partition, request) = find(&service, &name)?;
    let (body, _held) = service.read_body(&parts.headers, body).await?;
    let said = read(&body)?;
    if service.host.rules().settings.behaviour < SECOND.number {
        let detail = "the fold decides by behaviour 1, which knows no such thing: `accolade behaviour` switches";
        return Err(Problem::new(Refusal::BehaviourTooOld, detail));
    }
    let change = Change {
        operator: &operator.id,
        subject: &principal.subject,
        route: route.id,
        name: &name,
        body: &body,
        is_dry,
    };
    let id = service.command_id(key, &change).await?;
    let place = request.map_or(Place::default(), |key| key.place);
    let player = request.map_or(0, |key| key.player);
    let request = Request { player, batch: place.batch, slot: place.slot };
    let who = principal.subject.to_string();
    let command = command(said, Asks { id, player: name.clone(), request, who: who.clone() });
    let carried = service.carry_out(partition, &operator.id, &command, is_dry).await?;
    let (carried, made) =
        carried.map_or((Carried::NotYet, None), |(carried, made)| (carried, Some(made)));
    let service = service.clone();
    Ok(Changed { service, operator, who: who.into(), name, is_dry, carried, made })
}

/// The name of a player, who need not be known.
pub(crate) fn player_id(name: &str) -> Result<&str, Problem> {
    let is_id = (1..=ID_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control);
    if is_id { Ok(name) } else { Err(Problem::not_found("player")) }
}

fn request_of<R: Requests>(service: &Service, id: &str) -> Result<RequestKey, Problem> {
    let key = RequestKey::read_id(id).filter(|key| key.place.partition < service.partitions());
    key.ok_or_else(|| Problem::not_found(R::NOUN))
}

/// A text, unless it is empty: nothing was said.
pub(crate) fn unless_empty<T: AsRef<str>>(text: T) -> Option<T> {
    Some(text).filter(|text| !text.as_ref().is_empty())
}

/// How requests of a kind are found.
pub(crate) trait Requests: Sized + 'static {
    type Open: Clone;
    type Closed: Paged<Key = RequestKey>;
    /// As it is answered.
    type Shape: Serialize + Send + 'static;

    /// What one is called.
    const NOUN: &'static str;
    /// Where other nodes are asked for the open ones of all players.
    const OPEN_PATH: &'static str;
    /// The states that open ones have.
    const OPEN_STATES: &'static [(&'static str, ())];

    /// The open ones of a player.
    fn open(partition: &Partition, player: Ordinal) -> BTreeMap<RequestKey, Self::Open>;
    /// The open ones of all players from a key on, in the order of keys.
    fn all_open(
        partition: &Partition,
        from: RequestKey,
    ) -> impl Iterator<Item = (&RequestKey, &Self::Open)>;
    /// Whether it still is: some rows are only waiting to be taken away.
    fn is_open(_: &Partition, _: &Self::Open) -> bool {
        true
    }
    /// What memory holds of the others from a key on.
    fn closed(
        partition: &Partition,
        from: Bound<&RequestKey>,
        count: usize,
    ) -> Excerpt<Self::Closed>;
    /// How one is answered, of an operator's player.
    fn shape(key: RequestKey, found: FoundOf<Self>, operator: &str, player: &str) -> Self::Shape;
    /// Leaves out what people of the operator said to each other: the player reads it.
    fn hide_words(shape: &mut Self::Shape);
}

pub(crate) type FoundOf<R> =
    Found<<R as Requests>::Open, <<R as Requests>::Closed as Table>::Value>;

/// The number of a player of an operator in the partition that has the player.
fn ordinal(state: &Partition, operator: &Known, player: &str) -> Option<Ordinal> {
    let key = &state.rules().settings.hash_key;
    state.players().find_by_name(key, operator.number, player)
}

impl Service {
    /// One request of an operator, with its player's name.
    fn request<R: Requests>(
        &self,
        operator: &Known,
        id: &str,
    ) -> Result<(String, RequestKey, FoundOf<R>), Problem> {
        let key = request_of::<R>(self, id)?;
        let missing = || Problem::not_found(R::NOUN);
        let mut store = NodeStore::new(self.host.backing(key.place.partition)?);
        let found = self.read(key.place.partition, |state| {
            let number = usize::try_from(key.player).ok()?;
            let is_there = number < state.players().all().len();
            let player = is_there.then(|| state.players().get(key.player))?;
            if player.operator != operator.number {
                return None;
            }
            let open = R::open(state, key.player).remove(&key);
            let closed = R::closed(state, Bound::Included(&key), 1);
            Some((player.name.text().into_owned(), open, closed))
        })?;
        let (player, open, closed) = found.ok_or_else(missing)?;
        if let Some(open) = open {
            return Ok((player, key, Found::Open(open)));
        }
        let rows = closed.read(key.place.partition, &mut store)?.rows;
        let closed = rows.into_iter().find(|(found, _)| *found == key);
        let (_, closed) = closed.ok_or_else(missing)?;
        Ok((player, key, Found::Closed(closed)))
    }

    /// The request of a player that a command has made.
    fn made<R: Requests>(
        &self,
        operator: &Known,
        player: &str,
        made: u64,
    ) -> Result<(RequestKey, FoundOf<R>), Problem> {
        let place = Place::of_record(partition_of(player, self.partitions()), made);
        let found = self.read(place.partition, |state| ordinal(state, operator, player))?;
        let player = found.ok_or_else(|| Problem::not_found("player"))?;
        let (_, key, found) = self.request::<R>(operator, &RequestKey { player, place }.id())?;
        Ok((key, found))
    }

    /// The requests of a player after a place, at most `count`, in order.
    pub(crate) fn requests<R: Requests>(
        &self,
        operator: &Known,
        player: &str,
        after: Option<Place>,
        count: usize,
    ) -> Result<BTreeMap<RequestKey, FoundOf<R>>, Problem> {
        let partition = partition_of(player, self.partitions());
        let mut store = NodeStore::new(self.host.backing(partition)?);
        let mut found = BTreeMap::new();
        let mut from: Option<RequestKey> = None;
        loop {
            let part = self.read(partition, |state| {
                let player = ordinal(state, operator, player)?;
                let begin =
                    after.map(|place| RequestKey { player, place: Place { partition, ..place } });
                let first = RequestKey::first_of(player);
                let bound = from.as_ref().or(begin.as_ref());
                let bound = bound.map_or(Bound::Included(&first), Bound::Excluded);
                let open = if from.is_none() { R::open(state, player) } else { BTreeMap::new() };
                Some((player, begin, open, R::closed(state, bound, count)))
            })?;
            let (player, begin, open, closed) = part.ok_or_else(|| Problem::not_found("player"))?;
            let is_after = |key: &RequestKey| begin.is_none_or(|begin| begin < *key);
            let open = open.into_iter().filter(|(key, _)| is_after(key));
            found.extend(open.map(|(key, open)| (key, Found::Open(open))));
            let Stretch { rows, to } = closed.read(partition, &mut store)?;
            let own = rows.into_iter().take_while(|(key, _)| key.player == player);
            found.extend(own.map(|(key, closed)| (key, Found::Closed(closed))));
            match to {
                Some(to) if to.player == player && found.len() < count => from = Some(to),
                Some(_) | None => break,
            }
        }
        while found.len() > count {
            found.pop_last();
        }
        Ok(found)
    }
}

/// One request, by its id.
pub(crate) async fn get<R: Requests>(call: Call) -> Result<Response, Problem> {
    let (operator, id) = (call.operator(), call.name());
    let (player, shape) = named::<R>(call.service, operator, id).await?;
    Ok(About::put(Some(player), respond(StatusCode::OK, &shape)))
}

/// A request with its player, whom its id does not tell to people.
async fn named<R: Requests>(
    service: Service,
    operator: Arc<Known>,
    id: String,
) -> Result<(String, R::Shape), Problem> {
    blocking(move || {
        let (player, key, found) = service.request::<R>(&operator, &id)?;
        let shape = R::shape(key, found, &operator.id, &player);
        Ok((player, shape))
    })
    .await?
}

impl Changed {
    /// The request that the command has made, where there is one now.
    pub(crate) async fn made_now<R: Requests>(&self) -> Result<Option<R::Shape>, Problem> {
        let is_there = !self.is_dry || self.carried == Carried::Before;
        let Some(made) = self.made.filter(|_| is_there) else { return Ok(None) };
        let (service, operator) = (self.service.clone(), Arc::clone(&self.operator));
        let player = self.name.clone();
        blocking(move || {
            let (key, found) = service.made::<R>(&operator, &player, made)?;
            Ok(Some(R::shape(key, found, &operator.id, &player)))
        })
        .await?
    }

    /// Answers with the request that the command has made; where it is not there, with what it is to be.
    pub(crate) async fn answer<R: Requests>(
        &self,
        to_be: impl FnOnce(&Self) -> R::Shape,
    ) -> Result<Response, Problem> {
        Ok(match self.made_now::<R>().await? {
            Some(made) => respond_to_change(StatusCode::OK, &made, self.is_dry),
            None => respond_to_change(self.carried.status(), &to_be(self), self.is_dry),
        })
    }

    /// Answers with the request that the path names, as it is now, or in a dry run as it would be.
    pub(crate) async fn answer_named<R: Requests>(
        &self,
        would: impl FnOnce(&mut R::Shape),
    ) -> Result<Response, Problem> {
        let (player, mut shape) = self.named::<R>().await?;
        if self.is_dry {
            would(&mut shape);
        }
        let response = respond_to_change(self.carried.status(), &shape, self.is_dry);
        Ok(About::put(Some(player), response))
    }

    /// The request that the path names, as it is now, with its player.
    async fn named<R: Requests>(&self) -> Result<(String, R::Shape), Problem> {
        named::<R>(self.service.clone(), Arc::clone(&self.operator), self.name.clone()).await
    }
}

/// A player's requests, oldest first.
pub(crate) async fn list<R: Requests>(call: Call) -> Result<Response, Problem> {
    let (limit, cursors) = (call.parameters.limit()?, Cursors::of(&call));
    let after = cursors.after()?.map(place_after);
    blocking(move || {
        let (operator, player) = (call.operator(), call.name());
        // One more than is shown says whether there are more.
        let found = call.service.requests::<R>(&operator, &player, after, limit + 1)?;
        let last = (found.len() > limit).then(|| found.keys().nth(limit - 1).copied()).flatten();
        let next_cursor = last.map(|key| cursors.at([key.place.batch, key.place.slot.into()]));
        let mut items: Vec<_> = found
            .into_iter()
            .take(limit)
            .map(|(key, found)| R::shape(key, found, &operator.id, &player))
            .collect();
        if call.principal.player.is_some() {
            items.iter_mut().for_each(R::hide_words);
        }
        Ok(respond(StatusCode::OK, &Page { items, next_cursor }))
    })
    .await?
}

/// The place that a list goes on after; whoever signed the cursor began with one.
fn place_after([batch, slot]: [u64; 2]) -> Place {
    let slot = slot.try_into().expect("a cursor of this list has a place");
    Place { batch, slot, ..Place::default() }
}
