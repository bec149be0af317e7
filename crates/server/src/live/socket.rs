//! One who watches over a socket, for as long as the credential holds and the peer takes what is written. Nothing waits for
//! one who does not: what is told is made when the connection takes it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use futures_util::SinkExt;
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};

use super::said::{self, Said, To as Target, Wrong};
use super::subscription::{Sees, Subscription, done, failed};
use crate::call::{Call, Came, of_long_answers, peer_of};
use crate::connection::{Closed, Upgraded};
use crate::fields::malformed;
use crate::leaderboards::live::{Key, Of, Part, Seat, To, View};
use crate::principal::{Credential, Known, Principal};
use crate::problem::{Problem, Refusal};
use crate::request_id::RequestId;
use crate::roles::Scope;
use crate::routes::{self, Route};
use crate::service::Service;
use crate::tournaments::is_seen;
use crate::trail::Seen;

/// Most that one socket watches.
const SUBSCRIPTIONS_MAX: usize = 32;
/// Bytes of a message.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// Most that a client may say between two pulses, pings and the like too.
const MESSAGES_MAX: u32 = 256;
/// How long a socket stays over which nothing is watched.
const IDLE_TIME: Duration = Duration::from_mins(2);
/// How long a peer may say nothing that is asked whether it is there, where its connection has no bound.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a peer may take to hear that its connection ends.
const FAREWELL_TIME: Duration = Duration::from_secs(1);
/// The route whose look at a player it is when a balance is watched.
const BALANCE: &str = "getBalance";

/// Who watches over a socket.
pub(super) struct Socket {
    service: Service,
    id: RequestId,
    route: &'static Route,
    /// Who it is, and how they have said so.
    principal: Arc<Principal>,
    operator: Arc<Known>,
    parts: Parts,
    /// The connection, where it has one of its own.
    line: Option<Upgraded>,
    _seat: Seat,
}

/// Why a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bye {
    /// The peer has gone, or broken the protocol.
    Gone,
    /// The peer has said that it goes.
    Ended,
    /// It takes nothing, or does not say that it is there.
    Stalled,
    /// Nothing was watched.
    Idle,
    Stopping,
    CredentialOver,
    NotText,
    TooLong,
    TooMuch,
}

impl Bye {
    /// What the peer is told, where it hears anything: a code of RFC 6455, and words.
    const fn words(self) -> Option<(u16, &'static str)> {
        match self {
            Self::Gone | Self::Ended | Self::Stalled => None,
            Self::Idle => Some((1000, "nothing was watched")),
            Self::Stopping => Some((1001, "the node is stopping: connect again")),
            Self::NotText => Some((1003, "expected JSON as text")),
            Self::CredentialOver => Some((1008, "the credential is over")),
            Self::TooMuch => Some((1008, "too many messages")),
            Self::TooLong => Some((1009, "a message has 4096 bytes at most")),
        }
    }

    const fn closed(self) -> Closed {
        match self {
            Self::Gone => Closed::Broken,
            Self::Stalled => Closed::Stalled,
            Self::Idle => Closed::Idle,
            Self::Stopping => Closed::Stopping,
            Self::Ended | Self::CredentialOver | Self::NotText | Self::TooLong | Self::TooMuch => {
                Closed::Ended
            }
        }
    }
}

type Next = Pin<Box<dyn Future<Output = (Subscription, Option<Vec<String>>)> + Send>>;

/// What is watched, by the client's names.
#[derive(Default)]
struct Watched(Vec<(String, Next)>);

impl Watched {
    fn add(&mut self, subscription: Subscription) {
        self.0.push((subscription.name.clone(), Box::pin(subscription.next())));
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    fn remove(&mut self, name: &str) -> Result<(), Problem> {
        let at = self.0.iter().position(|(own, _)| own == name);
        let at = at.ok_or_else(|| malformed("/id", "nothing is watched by this name"))?;
        drop(self.0.swap_remove(at));
        Ok(())
    }

    /// All of which there is something new, taken out.
    async fn next(&mut self) -> Vec<(Subscription, Option<Vec<String>>)> {
        poll_fn(|context| {
            let mut ready = Vec::new();
            let mut at = 0;
            while let Some((_, next)) = self.0.get_mut(at) {
                match next.as_mut().poll(context) {
                    Poll::Ready(found) => {
                        drop(self.0.swap_remove(at));
                        ready.push(found);
                    }
                    Poll::Pending => at += 1,
                }
            }
            if ready.is_empty() { Poll::Pending } else { Poll::Ready(ready) }
        })
        .await
    }
}

/// What has happened.
enum Step {
    Ends(Bye),
    Said(Option<Result<Message, axum::Error>>),
    News(Vec<(Subscription, Option<Vec<String>>)>),
    Pulse,
}

impl Socket {
    pub(super) fn of(call: Call, seat: Seat, line: Option<Upgraded>) -> Self {
        let operator = call.operator();
        let Call { service, id, route, principal, parts, .. } = call;
        let parts = of_long_answers(&parts);
        Self { service, id, route, principal, operator, parts, line, _seat: seat }
    }

    /// Talks until one side ends it.
    pub(super) async fn run(mut self, mut stream: WebSocket) {
        // Held until the last word is said: whoever serves waits for that.
        let mut line = self.line.take();
        let bye = self.talk(&mut stream, line.as_mut()).await;
        if let Some((code, reason)) = bye.words() {
            let close = Message::Close(Some(CloseFrame { code, reason: reason.into() }));
            let farewell = async {
                stream.send(close).await.ok();
                while let Some(Ok(_)) = stream.recv().await {}
            };
            tokio::time::timeout(FAREWELL_TIME, farewell).await.ok();
        } else if bye == Bye::Ended {
            tokio::time::timeout(FAREWELL_TIME, stream.flush()).await.ok();
        }
        bye.closed().count();
        drop(line);
    }

    async fn talk(&self, stream: &mut WebSocket, line: Option<&mut Upgraded>) -> Bye {
        let period = Duration::from_millis(self.service.settings.pulse_ms.max(1));
        let mut pulse = tokio::time::interval_at(Instant::now() + period, period);
        pulse.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let patience = line.as_deref().map_or(PATIENCE, Upgraded::patience).max(2 * period);
        let mut ends = pin!(ends(self.service.live.ending(), line));
        let mut watched = Watched::default();
        let (mut heard, mut idle_since, mut said) = (Instant::now(), Instant::now(), 0_u32);
        loop {
            let step = tokio::select! {
                bye = &mut ends => Step::Ends(bye),
                said = stream.recv() => Step::Said(said),
                news = watched.next() => Step::News(news),
                _ = pulse.tick() => Step::Pulse,
            };
            let messages = match step {
                Step::Ends(bye) => return bye,
                Step::Said(message) => {
                    (heard, said) = (Instant::now(), said + 1);
                    if said > MESSAGES_MAX {
                        return Bye::TooMuch;
                    }
                    match self.hear(message, &mut watched).await {
                        Ok(answer) => answer,
                        Err(bye) => return bye,
                    }
                }
                Step::News(news) => match keep(news, &mut watched) {
                    Some(messages) => messages,
                    None => return Bye::Stopping,
                },
                Step::Pulse => {
                    said = 0;
                    if heard.elapsed() > patience {
                        return Bye::Stalled;
                    }
                    if !Box::pin(self.may_go_on()).await {
                        return Bye::CredentialOver;
                    }
                    if watched.0.is_empty() && idle_since.elapsed() > IDLE_TIME {
                        return Bye::Idle;
                    }
                    vec![Message::Ping(Bytes::new())]
                }
            };
            if !watched.0.is_empty() {
                idle_since = Instant::now();
            }
            let sent = tokio::select! {
                biased;
                sent = send(stream, messages) => sent,
                bye = &mut ends => Err(bye),
            };
            if let Err(bye) = sent {
                return bye;
            }
        }
    }

    /// Does what a client says, and answers it.
    async fn hear(
        &self,
        message: Option<Result<Message, axum::Error>>,
        watched: &mut Watched,
    ) -> Result<Vec<Message>, Bye> {
        let text = match message {
            None | Some(Err(_)) => return Err(Bye::Gone),
            Some(Ok(Message::Close(_))) => return Err(Bye::Ended),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(Vec::new()),
            Some(Ok(Message::Binary(_))) => return Err(Bye::NotText),
            Some(Ok(Message::Text(text))) => text,
        };
        if text.len() > MESSAGE_BYTES_MAX {
            return Err(Bye::TooLong);
        }
        let answer = match said::read(&text) {
            Ok((name, said)) => match Box::pin(self.follow(&name, said, watched)).await {
                Ok(what) => done(&name, what),
                Err(problem) => failed(Some(&name), &problem),
            },
            Err(Wrong { name, problem }) => failed(name.as_deref(), &problem),
        };
        Ok(vec![Message::Text(answer.into())])
    }

    async fn follow(
        &self,
        name: &str,
        said: Said,
        watched: &mut Watched,
    ) -> Result<&'static str, Problem> {
        match said {
            Said::Subscribe(to, resume) => {
                self.subscribe(name, to, resume, watched).await?;
                Ok("subscribed")
            }
            Said::Unsubscribe => watched.remove(name).map(|()| "unsubscribed"),
        }
    }

    /// Lets the client watch something.
    async fn subscribe(
        &self,
        name: &str,
        to: Target,
        resume: Option<String>,
        watched: &mut Watched,
    ) -> Result<(), Problem> {
        if watched.has(name) {
            return Err(malformed("/id", "something is watched by this name already"));
        }
        if watched.0.len() >= SUBSCRIPTIONS_MAX {
            let detail = format!(
                "{SUBSCRIPTIONS_MAX} things are watched over this connection, as many as may be"
            );
            return Err(Problem::new(Refusal::Busy, detail));
        }
        if self.principal.credential != Credential::Socket {
            self.operator.asks()?;
        }
        let live = &self.service.live;
        let sees = match to {
            Target::Leaderboard { tournament, part } => {
                let key = self.tournament(&tournament)?;
                self.may_see(&part)?;
                let is_player = self.principal.player.is_some();
                let to = if is_player { To::Players } else { To::Staff };
                Sees::List(live.list(&self.service, key, View { part, to })?)
            }
            Target::Position { tournament, player } => {
                let key = self.tournament(&tournament)?;
                let player = self.player(player)?;
                self.may_name("/playerId", &player)?;
                Sees::Value(live.value(&self.service, key, player)?)
            }
            Target::Balance { player } => {
                let player = self.player(player)?;
                self.looks_at(&player).await?;
                let key = Key { operator: self.operator.number, of: Of::Balances };
                Sees::Value(live.value(&self.service, key, player)?)
            }
        };
        let counted = live.subscribe(&self.service)?;
        watched.add(Subscription::of(name.to_owned(), sees, resume, counted));
        Ok(())
    }

    fn tournament(&self, id: &str) -> Result<Key, Problem> {
        let missing =
            || Problem::field(Refusal::NotFound, "/tournamentId", "there is no such tournament");
        let found = self.service.tournament(&self.operator, id);
        let tournament = match found {
            Err(problem) if problem.refusal == Refusal::NotFound => return Err(missing()),
            found => found?,
        };
        if !is_seen(&tournament, &self.principal) || tournament.is_series() {
            return Err(missing());
        }
        Ok(Key { operator: self.operator.number, of: Of::Tournament(tournament.number) })
    }

    /// The player who is named, or whose token it is.
    fn player(&self, named: Option<String>) -> Result<String, Problem> {
        let own = self.principal.player.as_deref().map(str::to_owned);
        named.or(own).ok_or_else(|| malformed("/playerId", "expected a player's id, found nothing"))
    }

    /// Refuses a player who names another.
    fn may_name(&self, pointer: &str, player: &str) -> Result<(), Problem> {
        let missing = |_| Problem::field(Refusal::NotFound, pointer, "there is no such player");
        self.principal.names(player).map_err(missing)
    }

    fn may_see(&self, part: &Part) -> Result<(), Problem> {
        match part {
            Part::Top(_) => Ok(()),
            Part::Around(player, _) => self.may_name("/around", player),
            Part::Players(players) => {
                players.iter().try_for_each(|player| self.may_name("/players", player))
            }
        }
    }

    /// Puts a look at a player's balance down as the same request over HTTP would be.
    async fn looks_at(&self, player: &str) -> Result<(), Problem> {
        let Self { service, principal, .. } = self;
        let came = match principal.credential {
            Credential::Socket => Came::BySocket,
            _ => Came::ByNetwork,
        };
        let (route, peer) = (routes::named(BALANCE), peer_of(&self.parts));
        let mut seen = Seen::new(service.clone(), route, came, self.id.clone(), peer);
        seen.principal = Some(Arc::clone(principal));
        seen.operator = Some(Arc::clone(&self.operator));
        seen.name = player.to_owned();
        let may = principal.needs(Scope::PlayersRead);
        let may = may.and_then(|()| self.may_name("/playerId", player));
        let may = may.and_then(|()| seen.lets_in());
        seen.tell(may.map(|()| Response::default())).await.map(drop)
    }

    /// Whether who watches still may.
    async fn may_go_on(&self) -> bool {
        let Self { service, route, parts, principal, operator, .. } = self;
        service.lets_in_again(route, parts, principal, operator).await
    }
}

/// Returns once the connection has to end, whatever the peer says.
async fn ends(mut ending: watch::Receiver<bool>, line: Option<&mut Upgraded>) -> Bye {
    let of_line = async {
        match line {
            Some(line) => line.is_over().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = ending.wait_for(|is_over| *is_over) => Bye::Stopping,
        why = of_line => if why == Closed::Stopping { Bye::Stopping } else { Bye::Stalled },
    }
}

/// What there is to say, while what is not over is watched on; nothing once nothing is looked at any more.
fn keep(
    news: Vec<(Subscription, Option<Vec<String>>)>,
    watched: &mut Watched,
) -> Option<Vec<Message>> {
    let mut messages = Vec::new();
    for (subscription, told) in news {
        messages.extend(told?.into_iter().map(|text| Message::Text(text.into())));
        if !subscription.is_over {
            watched.add(subscription);
        }
    }
    Some(messages)
}

/// Hands all of it over before anything else is done.
async fn send(stream: &mut WebSocket, messages: Vec<Message>) -> Result<(), Bye> {
    for message in messages {
        stream.feed(message).await.map_err(|_| Bye::Gone)?;
    }
    stream.flush().await.map_err(|_| Bye::Gone)
}
