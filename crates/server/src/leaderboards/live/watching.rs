//! One who watches: the answer to a request, which goes on for as long as its credential holds.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use accolade_domain::event::ID_BYTES_MAX;
use accolade_engine::rules::tournaments::Tournament;
use accolade_storage::host::NotHere;
use axum::body::Body;
use axum::http::header::CACHE_CONTROL;
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use serde_json::value::RawValue;
use tokio::sync::watch::error::RecvError;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use super::{Bound, Key, Of, Part, Seat, SeesList, SeesValue, To, Told, Value, View, stopping};
use crate::call::{Call, of_long_answers, peer_of};
use crate::leaderboards::TOP;
use crate::principal::{Known, Principal};
use crate::problem::{Problem, Refusal};
use crate::routes::Route;
use crate::service::Service;
use crate::shapes::raw;
use crate::strangers::network_of;
use crate::tournaments::missing;

/// Most positions that are watched.
pub(crate) const ROWS_MAX: usize = 100;
pub(crate) const TOP_MAX: u64 = ROWS_MAX as u64;
/// Of all streams an address may have one in so many, without a credential: many may stand behind it.
const OF_ADDRESS: usize = 16;
/// The header with the id of the last event that a client has seen.
const LAST_EVENT_ID: &str = "last-event-id";
/// A proxy that keeps answers back until they are long is told not to.
const NOT_BUFFERED: HeaderName = HeaderName::from_static("x-accel-buffering");
/// The last that is said.
const LAST: &[u8] = b"event: final\ndata: {}\n\n";
/// What is no event, and says that the node is there.
const HEARTBEAT: &[u8] = b":\n\n";

/// A leaderboard as it moves, as server-sent events.
pub(crate) async fn stream(call: Call) -> Result<Response, Problem> {
    let (known, tournament) = (call.operator(), call.tournament_with_scores()?);
    let top = top_of(&call)?;
    let own = call.principal.player.as_deref();
    let named = call.parameters.text("player");
    if named.is_some_and(|named| own.is_some_and(|own| own != named)) {
        return Err(Problem::not_found("player"));
    }
    if named.is_some_and(|named| !is_a_name(named)) {
        let detail = format!("`player`: expected an id of 1 to {ID_BYTES_MAX} bytes");
        return Err(Problem::new(Refusal::BadQuery, detail));
    }
    let to = if own.is_some() { To::Players } else { To::Staff };
    let wish = Wish {
        key: Key { operator: known.number, of: Of::Tournament(tournament.number) },
        view: View { part: Part::Top(top), to },
        player: named.or(own).filter(|name| is_a_name(name)).map(str::to_owned),
        bounds: vec![Bound::of(&call)],
    };
    begin(call, known, wish)
}

/// The same for whoever asks, where the tournament says so.
pub(crate) async fn stream_to_anybody(call: Call) -> Result<Response, Problem> {
    let (known, tournament) = call.public_tournament()?;
    let top = top_of(&call)?;
    let view = View { part: Part::Top(top), to: To::Anybody };
    let wish = Wish::of_anybody(&call, &known, &tournament, view);
    begin(call, known, wish)
}

fn begin(call: Call, known: Arc<Known>, wish: Wish) -> Result<Response, Problem> {
    let watched = wish.come_true(&call.service)?;
    let events = futures_util::stream::unfold(Watcher::of(watched, call, known), Watcher::next);
    let mut response = raw(StatusCode::OK, "text/event-stream", Body::from_stream(events));
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(NOT_BUFFERED, HeaderValue::from_static("no"));
    Ok(response)
}

fn top_of(call: &Call) -> Result<usize, Problem> {
    let top = call.parameters.number("top", 1, TOP_MAX)?.unwrap_or(TOP);
    Ok(usize::try_from(top).expect("it is small"))
}

/// Whether a player can have this name. Players are asked for together, with line breaks between.
pub(crate) fn is_a_name(name: &str) -> bool {
    (1..=ID_BYTES_MAX).contains(&name.len()) && !name.chars().any(char::is_control)
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
    sight: SeesList,
    own: Option<SeesValue>,
}

/// What was shown of a leaderboard to who watches.
#[derive(Debug)]
enum Seen {
    /// Nothing: they have just come, or come back with the id of the last event that they have seen.
    Nothing(Option<String>),
    UpTo(u64),
}

/// Who watches. Nothing is made for one who does not take what there was.
struct Watcher {
    seat: Seat,
    sight: SeesList,
    own: Option<SeesValue>,
    seen: Seen,
    own_seen: Option<Value>,
    /// The last was said.
    is_over: bool,
    pulse: Interval,
    /// Who it is, and how they have said so.
    principal: Arc<Principal>,
    operator: Arc<Known>,
    route: &'static Route,
    parts: Parts,
}

impl Wish {
    /// Of whoever asks for what is public: those who do have half of what there is, and an address a part of that.
    fn of_anybody(call: &Call, known: &Known, tournament: &Tournament, view: View) -> Self {
        let whole = call.service.settings.watchers_max;
        let mut bounds = vec![Bound { who: "anybody".into(), max: whole.div_ceil(2) }];
        bounds.extend(peer_of(&call.parts).map(|peer| Bound {
            who: format!("anybody/{:x}", network_of(peer)).into(),
            max: whole.div_ceil(OF_ADDRESS),
        }));
        let key = Key { operator: known.number, of: Of::Tournament(tournament.number) };
        Self { key, view, player: None, bounds }
    }

    fn come_true(self, service: &Service) -> Result<Watched, Problem> {
        let Self { key, view, player, bounds } = self;
        let seat = service.live.seat(service, bounds)?;
        let sight = service.live.list(service, key, view)?;
        let own = player.map(|player| service.live.value(service, key, player));
        Ok(Watched { seat, sight, own: own.transpose()? })
    }
}

/// What whoever asks sees of a public tournament now, as those see it who watch: however many ask, it is looked at no more
/// often than for one who does.
pub(in crate::leaderboards) async fn seen_by_anybody(
    call: Call,
    known: &Known,
    tournament: &Tournament,
) -> Result<Box<RawValue>, Problem> {
    let top = top_of(&call)?;
    let wish = Wish::of_anybody(&call, known, tournament, View::ASKED_FOR);
    let service = call.service;
    let mut watched = wish.come_true(&service)?;
    let patience = Duration::from_millis(service.settings.wait_ms);
    let shown = tokio::time::timeout(patience, watched.sight.wait_for(Option::is_some)).await;
    match shown {
        Ok(Ok(shown)) => Ok(shown.as_ref().expect("it is awaited").top(top)),
        // The node stops, or it is not public any more.
        Ok(Err(_)) if service.is_retired() => Err(stopping()),
        Ok(Err(_)) => Err(missing()),
        Err(_) => Err(NotHere::Nowhere.into()),
    }
}

impl Watcher {
    fn of(Watched { seat, sight, own }: Watched, call: Call, operator: Arc<Known>) -> Self {
        let Call { service, principal, route, parts, .. } = call;
        let period = Duration::from_millis(service.settings.pulse_ms.max(1));
        let mut pulse = tokio::time::interval_at(Instant::now() + period, period);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let last = parts.headers.get(LAST_EVENT_ID).and_then(|id| id.to_str().ok());
        let seen = Seen::Nothing(last.map(str::to_owned));
        let (own_seen, is_over, parts) = (None, false, of_long_answers(&parts));
        Self { seat, sight, own, seen, own_seen, is_over, pulse, principal, operator, route, parts }
    }

    /// What is to be told next, once there is something; nothing at the end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Self)> {
        loop {
            if self.is_over {
                return None;
            }
            let news = self.news();
            if !news.is_empty() {
                return Some((Ok(news), self));
            }
            tokio::select! {
                changed = self.sight.changed() => changed.ok()?,
                changed = changed(self.own.as_mut()) => changed.ok()?,
                _ = self.pulse.tick() => {
                    if !self.may_go_on().await {
                        return None;
                    }
                    return Some((Ok(Bytes::from_static(HEARTBEAT)), self));
                }
            }
        }
    }

    /// What they have not seen.
    fn news(&mut self) -> Bytes {
        let Some(shown) = self.sight.borrow_and_update().clone() else { return Bytes::new() };
        let mut news = BytesMut::new();
        let told = match &self.seen {
            Seen::UpTo(number) if *number == shown.number() => Vec::new(),
            Seen::UpTo(number) => vec![shown.after(*number)],
            Seen::Nothing(None) => vec![shown.snapshot()],
            Seen::Nothing(Some(id)) => shown.since(id),
        };
        for Told { name, number, data } in told {
            put_event(&mut news, name, Some(shown.id(number)), &data);
        }
        self.seen = Seen::UpTo(shown.number());
        if let Some(own) = &mut self.own {
            let own = own.borrow_and_update().clone();
            if let Some(value) = own.as_ref().filter(|_| own != self.own_seen) {
                put_event(&mut news, "own", None, &value.data);
            }
            self.own_seen = own;
        }
        let has_own = self.own.is_none() || self.own_seen.is_some();
        if shown.is_last() && has_own {
            news.extend_from_slice(LAST);
            self.is_over = true;
        }
        news.freeze()
    }

    /// Whether who watches still may.
    async fn may_go_on(&self) -> bool {
        let Self { seat, route, parts, principal, operator, .. } = self;
        seat.service.lets_in_again(route, parts, principal, operator).await
    }
}

/// Adds an event as it goes out. JSON that is written has no line breaks.
fn put_event(to: &mut BytesMut, name: &str, id: Option<String>, data: &[u8]) {
    for part in [&b"event: "[..], name.as_bytes()] {
        to.extend_from_slice(part);
    }
    if let Some(id) = id {
        to.extend_from_slice(b"\nid: ");
        to.extend_from_slice(id.as_bytes());
    }
    for part in [&b"\ndata: "[..], data, b"\n\n"] {
        to.extend_from_slice(part);
    }
}

/// Waits until a player's own line is another; for ever where none is watched.
async fn changed(own: Option<&mut SeesValue>) -> Result<(), RecvError> {
    match own {
        Some(own) => own.changed().await,
        None => std::future::pending().await,
    }
}
