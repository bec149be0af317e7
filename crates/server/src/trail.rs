//! Who did what: one record for each change and for each look that staff and services take at a player's data; counts
//! of everything else.
//!
//! What is put down follows from the route's record and from who asks, in one place that every request passes: a route
//! cannot be forgotten. Nothing is put down of bodies, queries and credentials.

pub(crate) mod alerts;
mod counts;
pub(crate) mod list;
pub(crate) mod verify;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use accolade_domain::time::Timestamp;
use accolade_storage::trail::Trail;
use accolade_wire::trail::{TrailEntry, TrailKind};
use axum::response::Response;
use tokio::sync::oneshot;

use self::alerts::Alerts;
use self::counts::{Counts, Denials};
use crate::call::Came;
use crate::lock::lock;
use crate::parameters::{DRY_RUN, Parameters};
use crate::principal::{Known, Operators, Principal};
use crate::problem::{Problem, Refusal};
use crate::request_id::RequestId;
use crate::roles::Scope;
use crate::routes::{Audience, By, Effect, Route};
use crate::secret;
use crate::service::{Inner, Service, now};

pub use self::alerts::Thresholds;

/// How many refused requests have a record of their own; others are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeniedMax {
    /// Of one address within an hour.
    pub by_address: u32,
    /// Of all within an hour.
    pub in_all: u32,
}

impl Default for DeniedMax {
    fn default() -> Self {
        Self { by_address: 60, in_all: 1_000 }
    }
}

/// What is remembered between requests for the trail.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    counts: Counts,
    denials: Mutex<Denials>,
    alerts: Mutex<Alerts>,
}

/// The player that an answer is about, where the path names none; an extension of the answer.
#[derive(Debug, Clone)]
pub(crate) struct About(pub(crate) String);

impl About {
    /// Says of whom `response` tells.
    pub(crate) fn put(player: Option<String>, mut response: Response) -> Response {
        if let Some(player) = player {
            response.extensions_mut().insert(Self(player));
        }
        response
    }
}

/// What becomes of a request in the trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Not,
    Counted,
    As(TrailKind),
}

/// Of what runs the node, of topics and of dead letters, what tells of no player; all other routes of those do until they
/// are found here.
const WITHOUT_PLAYERS: [&str; 6] =
    ["getStatus", "listOperators", "getBehaviour", "listTopics", "getTopics", "countDeadLetters"];

/// What takes out all players at once.
const TAKES_OUT_ALL: &str = "exportLedger";

impl Route {
    /// Whether its answers tell of players.
    fn shows_players(&self) -> bool {
        match self.scope {
            Scope::EventsRead
            | Scope::PlayersRead
            | Scope::PlayersWrite
            | Scope::RedemptionsReserve
            | Scope::RedemptionsSettle
            | Scope::AdjustmentsRead
            | Scope::AdjustmentsWrite
            | Scope::AdjustmentsApprove
            | Scope::SignalsRead
            | Scope::SignalsWrite
            | Scope::OpeningsWrite
            | Scope::TournamentsJoin
            | Scope::PlayerTokens
            | Scope::DeadLettersWrite
            | Scope::WagersWrite
            | Scope::EventsWrite
            | Scope::LedgerRead
            | Scope::AuditRead => true,
            // Who would gain and lose most.
            Scope::ProgramRead => self.id == "getSimulation",
            Scope::Public
            | Scope::SelfRead
            | Scope::ProgramWrite
            | Scope::RewardsRead
            | Scope::RewardsWrite
            | Scope::TournamentsRead
            | Scope::TournamentsWrite
            | Scope::KeysRead
            | Scope::WebhooksRead
            | Scope::WebhooksWrite
            | Scope::ReportsRead
            | Scope::KeysWrite
            | Scope::NodesRead
            | Scope::Nodes => false,
            Scope::NodeRead | Scope::NodeWrite | Scope::TopicsRead | Scope::DeadLettersRead => {
                !WITHOUT_PLAYERS.contains(&self.id)
            }
        }
    }

    /// What the trail keeps of a request that was let in.
    fn kept(&self, principal: &Principal) -> Kept {
        match self.effect {
            _ if self.scope == Scope::Public || self.audience == Audience::Nodes => Kept::Not,
            // Work keeps the node busy, and the operator's others from it.
            Effect::Changes | Effect::Administers | Effect::Works => Kept::As(TrailKind::Change),
            Effect::Reads if principal.player.is_none() && self.shows_players() => {
                Kept::As(TrailKind::Read)
            }
            Effect::TakesIn | Effect::Reads => Kept::Counted,
        }
    }
}

/// A request, as far as it was seen on its way in.
#[derive(Debug)]
pub(crate) struct Seen {
    service: Service,
    route: &'static Route,
    id: RequestId,
    peer: Option<IpAddr>,
    pub(crate) came: Came,
    pub(crate) principal: Option<Arc<Principal>>,
    pub(crate) operator: Option<Arc<Known>>,
    pub(crate) name: String,
    pub(crate) player: Option<String>,
    pub(crate) is_dry: bool,
    is_let_in: bool,
    is_told: bool,
}

/// What was answered.
#[derive(Debug, Clone, Copy)]
struct Outcome {
    status: u16,
    code: &'static str,
}

impl Outcome {
    /// Whoever asked has gone before it was known.
    const ABANDONED: Self = Self { status: 0, code: "abandoned" };

    fn of(answer: &Result<Response, Problem>) -> Self {
        match answer {
            Ok(response) => Self { status: response.status().as_u16(), code: "" },
            Err(problem) => {
                let (status, code, _) = problem.refusal.answer();
                Self { status: status.as_u16(), code }
            }
        }
    }
}

impl Seen {
    pub(crate) fn new(
        service: Service,
        route: &'static Route,
        came: Came,
        id: RequestId,
        peer: Option<IpAddr>,
    ) -> Self {
        let (principal, operator, player) = (None, None, None);
        let (name, is_dry, is_let_in, is_told) = (String::new(), false, false, false);
        Self {
            service,
            route,
            id,
            peer,
            came,
            principal,
            operator,
            name,
            player,
            is_dry,
            is_let_in,
            is_told,
        }
    }

    /// What its query says that matters here.
    pub(crate) fn asks(&mut self, parameters: &Parameters) {
        let names_a_player = self.route.query.iter().any(|parameter| parameter.name == "playerId");
        let player = names_a_player.then(|| parameters.text("playerId")).flatten();
        self.player = player.map(str::to_owned);
        // What is done to many is done to those that the query says.
        if self.route.effect == Effect::Changes {
            self.name = parameters.written();
        }
        let may_be_dry = self.route.effect.takes_dry_run();
        self.is_dry = may_be_dry && parameters.switch(DRY_RUN).unwrap_or(false);
    }

    /// Everything about it is right, and it is about to be done. Refuses what has to have a record where there can be
    /// none.
    pub(crate) fn lets_in(&mut self) -> Result<(), Problem> {
        self.is_let_in = true;
        if let Kept::As(_) = self.kept(None)
            && let Some(why) = self.service.host.trail().failure()
        {
            tracing::debug!(why, "refused for the trail's sake");
            let detail = "the audit trail cannot be written, so nothing is done that belongs into it; `/readyz` says why";
            return Err(Problem::new(Refusal::AuditFailed, detail));
        }
        Ok(())
    }

    /// What the trail keeps of it, with the problem that it was answered with.
    fn kept(&self, refusal: Option<Refusal>) -> Kept {
        // The node that was asked first has put it down.
        if self.came == Came::Forwarded || self.route.scope == Scope::Public {
            return Kept::Not;
        }
        let is_denied = match refusal {
            Some(Refusal::Unauthorized | Refusal::Forbidden) => true,
            Some(Refusal::NotFound) => !self.is_let_in,
            _ => false,
        };
        match &self.principal {
            _ if is_denied => Kept::As(TrailKind::Denied),
            Some(principal) => self.route.kept(principal),
            None => Kept::Not,
        }
    }

    fn entry(&self, kind: TrailKind, outcome: Outcome) -> TrailEntry {
        let principal = self.principal.as_deref();
        let operator = self.operator.as_deref().or_else(|| match &principal?.operators {
            Operators::These(these) if these.len() == 1 => Some(&*these[0]),
            Operators::These(_) | Operators::All => None,
        });
        let player = match self.route.by {
            By::Player | By::PlayerAnywhere if !self.name.is_empty() => Some(&*self.name),
            _ => self.player.as_deref().or_else(|| principal?.player.as_deref()),
        };
        let key = principal.and_then(|principal| principal.key.as_ref());
        TrailEntry {
            kind,
            is_dry: self.is_dry,
            status: outcome.status,
            count: 1,
            operator: operator.map(|operator| operator.id.to_string()).unwrap_or_default(),
            subject: principal.map(|principal| principal.subject.to_string()).unwrap_or_default(),
            credential: principal.map_or("", |shown| shown.credential.code()).to_owned(),
            key: key.map(|key| key.id.to_string()).unwrap_or_default(),
            route: self.route.id.to_owned(),
            method: self.route.method.to_string(),
            name: without_secret(&self.name),
            player: player.map(without_secret).unwrap_or_default(),
            peer: self.peer.map(|peer| peer.to_string()).unwrap_or_default(),
            code: outcome.code.to_owned(),
            request_id: without_secret(&self.id.to_string()),
        }
    }

    /// Puts down what became of it. A change is answered once its record is durable.
    pub(crate) async fn tell(
        mut self,
        answer: Result<Response, Problem>,
    ) -> Result<Response, Problem> {
        self.is_told = true;
        if let Ok(response) = &answer
            && let Some(About(player)) = response.extensions().get()
        {
            self.player = Some(player.clone());
        }
        let refusal = answer.as_ref().err().map(|problem| problem.refusal);
        let outcome = Outcome::of(&answer);
        let kind = match self.kept(refusal) {
            Kept::Not => return answer,
            Kept::Counted => {
                self.count(outcome);
                return answer;
            }
            Kept::As(kind) => kind,
        };
        let at = now();
        self.watch(kind, refusal, outcome, at);
        let trail = self.service.host.trail();
        if kind == TrailKind::Denied && !self.has_room_for_denied(outcome, at) {
            return answer;
        }
        let waits = kind == TrailKind::Change || trail.is_crowded();
        if !waits || refusal == Some(Refusal::AuditFailed) {
            trail.put(at, self.entry(kind, outcome), None);
            return answer;
        }
        let (sender, durable) = oneshot::channel();
        // Whoever has gone needs to hear nothing.
        let done = Box::new(move |durable| drop(sender.send(durable)));
        trail.put(at, self.entry(kind, outcome), Some(done));
        match durable.await {
            Ok(Ok(())) => answer,
            // What was refused has changed nothing.
            _ if refusal.is_some() || kind != TrailKind::Change => answer,
            _ => {
                let detail = "it may have been done, and the audit trail does not have it for certain: ask again \
                              with the same `Idempotency-Key`";
                Err(Problem::new(Refusal::Uncertain, detail))
            }
        }
    }

    fn count(&self, outcome: Outcome) {
        if let Some(principal) = &self.principal {
            let counts = &self.service.recorder.counts;
            counts.add(principal, self.operator.as_ref(), self.route, outcome);
        }
    }

    fn has_room_for_denied(&self, outcome: Outcome, at: Timestamp) -> bool {
        let max = self.service.settings.denied_max;
        lock(&self.service.recorder.denials).admit(self.peer, outcome, at, max)
    }

    /// Looks out for what somebody should hear of.
    fn watch(&self, kind: TrailKind, refusal: Option<Refusal>, outcome: Outcome, at: Timestamp) {
        let of = &self.service.settings.alerts;
        let mut raised = Vec::new();
        if kind == TrailKind::Denied && refusal == Some(Refusal::Unauthorized) {
            raised.extend(lock(&self.service.recorder.alerts).refused(self.peer, at, of));
        }
        let Some(principal) = &self.principal else {
            return alerts::tell(&raised);
        };
        let is_of_another = match kind {
            TrailKind::Denied => refusal == Some(Refusal::NotFound),
            // Whose a dead letter or a redemption is, an id does not say.
            _ => outcome.status == 404 && matches!(self.route.by, By::DeadLetter | By::Request),
        };
        if is_of_another {
            raised.extend(lock(&self.service.recorder.alerts).probed(&principal.subject, at, of));
        }
        if kind == TrailKind::Read && (200..300).contains(&outcome.status) {
            let named =
                matches!(self.route.by, By::Player | By::PlayerAnywhere).then_some(&*self.name);
            if self.route.id == TAKES_OUT_ALL {
                let mut alerts = lock(&self.service.recorder.alerts);
                raised.push(alerts.took_out_all(&principal.subject, at));
            } else if let Some(player) = named.or(self.player.as_deref()) {
                let mut alerts = lock(&self.service.recorder.alerts);
                raised.extend(alerts.read(&principal.subject, player, at, of));
            }
        }
        alerts::tell(&raised);
    }
}

impl Drop for Seen {
    /// Whoever asked has gone: what was begun is put down all the same.
    fn drop(&mut self) {
        if self.is_told || !self.is_let_in {
            return;
        }
        match self.kept(None) {
            Kept::Not => {}
            Kept::Counted => self.count(Outcome::ABANDONED),
            Kept::As(kind) => {
                let entry = self.entry(kind, Outcome::ABANDONED);
                self.service.host.trail().put(now(), entry, None);
            }
        }
    }
}

/// A text that somebody has written where a secret does not belong.
fn without_secret(text: &str) -> String {
    if secret::may_be_one(text) { "(a secret)".to_owned() } else { text.to_owned() }
}

impl Recorder {
    /// Puts down what was counted, where it is time to, or `at_once`.
    pub(crate) fn flush(&self, trail: &Trail, at: Timestamp, at_once: bool) {
        let counted = self.counts.take(at, at_once);
        let denied = lock(&self.denials).take(at, at_once);
        for entry in counted.into_iter().chain(denied) {
            trail.put(at, entry, None);
        }
    }
}

impl Inner {
    /// Puts down what was counted so far: the last step before the node ends.
    pub fn finish_trail(&self) {
        self.recorder.flush(self.host.trail(), now(), true);
    }
}
