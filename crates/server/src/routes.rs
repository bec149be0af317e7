//! The one list of routes. Each is a record that says everything about it: where it is, who may ask it, where it is
//! carried out, what it takes and answers. Router, forwarding, description, the matrix of roles, metrics and the tests
//! that ask every route come from here.
//!
//! A record has no defaults, so a route without a decision does not compile.

mod audit;
mod dead_letters;
mod events;
mod export;
mod games;
mod intake;
mod keys;
mod local;
mod nodes;
mod play;
mod players;
mod portal;
mod program;
mod redemptions;
mod reports;
mod rewards;
mod running;
mod signals;
mod standing;
mod tournaments;
mod webhooks;

use axum::http::{HeaderMap, Method};
use axum::routing::MethodRouter;

use crate::body::essence_of;
use crate::description::schemas::SchemaOf;
use crate::problem::{Problem, Refusal};
use crate::roles::Scope;
use crate::router::{Door, Way};

/// A route.
#[derive(Debug)]
pub(crate) struct Route {
    /// Its name, for programs.
    pub(crate) id: &'static str,
    pub(crate) method: Method,
    /// With at most one part that varies.
    pub(crate) path: &'static str,
    pub(crate) scope: Scope,
    pub(crate) audience: Audience,
    pub(crate) by: By,
    pub(crate) effect: Effect,
    pub(crate) area: Area,
    pub(crate) summary: &'static str,
    /// What else there is to say.
    pub(crate) description: &'static str,
    pub(crate) query: &'static [Parameter],
    /// Headers of its own.
    pub(crate) headers: &'static [Header],
    pub(crate) takes: Takes,
    pub(crate) answers: &'static [Answer],
    /// Problems of its own, beside those that follow from the rest.
    pub(crate) refusals: &'static [Refusal],
    /// Puts its handler in.
    pub(crate) handler: fn(Way) -> MethodRouter<Door>,
}

/// A route, as it is told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// Its name, for programs.
    pub id: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path, with at most one part that varies.
    pub path: &'static str,
    /// The right that it asks for.
    pub scope: Scope,
    /// Who can reach it.
    pub audience: Audience,
    /// Whether it needs a body.
    pub has_body: bool,
    /// Whether it is a list that goes on by cursors.
    pub has_cursors: bool,
}

/// All routes.
pub fn list() -> Vec<Listed> {
    let listed = |(_, route): (usize, &'static Route)| Listed {
        id: route.id,
        method: route.method.as_str(),
        path: route.path,
        scope: route.scope,
        audience: route.audience,
        has_body: !matches!(route.takes, Takes::Nothing),
        has_cursors: route.has_cursors(),
    };
    all().map(listed).collect()
}

/// Who can reach a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// By the network and by the socket. But for what is public, each request is for one operator.
    Everybody,
    /// By the network, with the key that the first start prints.
    FirstStart,
    /// By the local socket; what is of a partition, forwarded from there too.
    Socket,
    /// Nodes of the cluster, with its secret.
    Nodes,
}

/// What a request is partitioned by: what varies in the path, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Nothing,
    Player,
    /// A player, of whom the node that is asked tells, wherever the player's partition is.
    PlayerAnywhere,
    DeadLetter,
    /// A delivery of a webhook.
    Delivery,
    /// A redemption, an adjustment or a signal.
    Request,
    /// A reward, by its stock.
    Reward,
    /// A tournament, by its seats.
    Tournament,
    /// A simulation, which the node has that began it.
    Simulation,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
    /// Begins or ends work of the node's, and changes nothing else.
    Works,
    /// Events, whose ids say what came before.
    TakesIn,
    /// Takes `Idempotency-Key` and `dryRun`.
    Changes,
    /// Changes the node, and says itself that it was done before; takes `dryRun`.
    Administers,
}

impl Effect {
    pub(crate) const fn takes_dry_run(self) -> bool {
        matches!(self, Self::Changes | Self::Administers)
    }

    /// Whether all is as it was before.
    pub(crate) const fn leaves_all(self) -> bool {
        matches!(self, Self::Reads | Self::Works)
    }
}

/// What a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    Intake,
    Events,
    Players,
    Redemptions,
    Signals,
    Rewards,
    Tournaments,
    Program,
    Keys,
    DeadLetters,
    Webhooks,
    Reports,
    Audit,
    Running,
    /// Who asks, and how staff come to say so.
    SignIn,
    /// What shows players something.
    Play,
    /// What shows staff everything.
    Portal,
    /// The description itself, and what shows it.
    Description,
    Node,
    Cluster,
}

impl Area {
    pub(crate) const ALL: [Self; 20] = [
        Self::Intake,
        Self::Events,
        Self::Players,
        Self::Redemptions,
        Self::Signals,
        Self::Rewards,
        Self::Tournaments,
        Self::Program,
        Self::Keys,
        Self::DeadLetters,
        Self::Webhooks,
        Self::Reports,
        Self::Audit,
        Self::Running,
        Self::SignIn,
        Self::Play,
        Self::Portal,
        Self::Description,
        Self::Node,
        Self::Cluster,
    ];

    /// Its name, and what it is about.
    pub(crate) const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Intake => (
                "Intake",
                "Answered once the log has it durably; a repeated event is accepted and has no further effect.",
            ),
            Self::Events => ("Events", "What became of an event, and why."),
            Self::Players => (
                "Players",
                "Balance, ledger and consent; adjustments, exclusions, opening balances.",
            ),
            Self::Redemptions => (
                "Redemptions",
                "Points are reserved, and spent once that is confirmed; else they are given back.",
            ),
            Self::Signals => (
                "Signals",
                "What of players' wagers looks like abuse, and what is decided about points that are held for it.",
            ),
            Self::Rewards => {
                ("Rewards", "What points are redeemed for: the catalogue, and what is in stock.")
            }
            Self::Tournaments => (
                "Tournaments",
                "Which events count for players, for how long, and who is at which position.",
            ),
            Self::Program => ("Program", "The operator's loyalty rules: one document, versioned."),
            Self::Keys => ("Keys", "The operator's API keys: made, listed, rotated, revoked."),
            Self::DeadLetters => {
                ("Dead letters", "Inputs that could not be processed: see, repair, retry, give up.")
            }
            Self::Webhooks => (
                "Webhooks",
                "Where the operator is told of what happens, signed as Standard Webhooks are.",
            ),
            Self::Reports => ("Reports", "What players earn, spend and still have, together."),
            Self::Audit => ("Audit", "Who did what: changes, and looks at players' data."),
            Self::Running => ("Running", "Health and metrics."),
            Self::SignIn => (
                "Signing in",
                "Who asks, and how staff sign in to the portal at their own provider.",
            ),
            Self::Play => ("Play", "What shows players something, without a program of theirs."),
            Self::Portal => ("Portal", "What staff see and do in a browser."),
            Self::Description => ("Description", "This API's own description."),
            Self::Node => ("Node", "What only whoever runs the node may do."),
            Self::Cluster => ("Cluster", "What nodes ask each other."),
        }
    }

    /// Whether callers of the network are told of it.
    pub(crate) const fn is_described(self) -> bool {
        !matches!(self, Self::Play | Self::Portal | Self::Description | Self::Node | Self::Cluster)
    }
}

/// A parameter of the query.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) form: Form,
    pub(crate) what: &'static str,
}

/// What a parameter may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Time,
    /// A day of the calendar.
    Day,
    Switch,
    OneOf(&'static [&'static str]),
    Number {
        min: u64,
        max: u64,
    },
    /// How many items a page has.
    Limit,
    /// A `nextCursor` of the same query.
    Cursor,
}

const LIMIT: Parameter =
    Parameter { name: "limit", form: Form::Limit, what: "How many items a page has at most." };
const CURSOR: Parameter = Parameter { name: "cursor", form: Form::Cursor, what: WHAT_CURSOR };
const WHAT_CURSOR: &str =
    "A `nextCursor` of this list, asked with the same other parameters but for `limit`.";

/// A header of a request or an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
}

/// What a request's body is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// There is none, or it is not looked at.
    Nothing,
    /// Events of this form, whose reader looks at the content type.
    Events(SchemaOf),
    Json(SchemaOf),
}

/// An answer that is no problem.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) what: &'static str,
    pub(crate) content: Content,
    pub(crate) headers: &'static [Header],
}

/// What an answer holds.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Content {
    Json(SchemaOf),
    /// A JSON Schema.
    Schema,
    /// Text, or bytes, of this content type.
    Text(&'static str),
    /// Nothing: the connection goes on as something else.
    Nothing,
}

impl Answer {
    pub(crate) const fn json(status: u16, what: &'static str, schema: SchemaOf) -> Self {
        Self { status, what, content: Content::Json(schema), headers: &[] }
    }

    pub(crate) const fn text(what: &'static str, content_type: &'static str) -> Self {
        Self { status: 200, what, content: Content::Text(content_type), headers: &[] }
    }
}

impl Takes {
    /// Refuses another content type.
    pub(crate) fn check(self, headers: &HeaderMap) -> Result<(), Problem> {
        match self {
            Self::Nothing | Self::Events(_) => Ok(()),
            Self::Json(_) => match essence_of(headers) {
                json if json.eq_ignore_ascii_case("application/json") => Ok(()),
                other => {
                    let detail =
                        format!("expected the content type `application/json`, found `{other}`");
                    Err(Problem::new(Refusal::MediaType, detail))
                }
            },
        }
    }
}

static AREAS: [&[Route]; 21] = [
    &intake::ROUTES,
    &events::ROUTES,
    &players::ROUTES,
    &redemptions::ROUTES,
    &rewards::ROUTES,
    &tournaments::ROUTES,
    &games::ROUTES,
    &play::ROUTES,
    &portal::ROUTES,
    &standing::ROUTES,
    &signals::ROUTES,
    &export::ROUTES,
    &program::ROUTES,
    &keys::ROUTES,
    &dead_letters::ROUTES,
    &webhooks::ROUTES,
    &reports::ROUTES,
    &audit::ROUTES,
    &running::ROUTES,
    &local::ROUTES,
    &nodes::ROUTES,
];

/// All routes, each with its number.
pub(crate) fn all() -> impl Iterator<Item = (usize, &'static Route)> {
    AREAS.iter().copied().flatten().enumerate()
}

/// The route of this name.
pub(crate) fn named(id: &str) -> &'static Route {
    let found = all().find(|(_, route)| route.id == id);
    found.map(|(_, route)| route).expect("whoever asks names one that is there")
}

impl Route {
    /// The name of the part of the path that varies.
    pub(crate) fn name(&self) -> Option<&'static str> {
        let (_, rest) = self.path.split_once('{')?;
        rest.split('}').next()
    }

    /// Whether it is a list that goes on by cursors.
    fn has_cursors(&self) -> bool {
        self.query.iter().any(|parameter| parameter.form == Form::Cursor)
    }

    /// Whether a part of the path varies.
    pub(crate) fn is_named(&self) -> bool {
        self.path.contains('{')
    }

    /// Whether those who watch a node ask it, and are answered whoever they are.
    pub(crate) fn is_a_probe(&self) -> bool {
        matches!(self.path, "/healthz" | "/readyz")
    }

    /// Whether its connections go on as sockets.
    pub(crate) fn is_a_socket(&self) -> bool {
        self.path == "/api/v1/live"
    }

    /// Whether pages of any origin may ask it: it shows nothing that is not everybody's.
    pub(crate) fn is_for_any_page(&self) -> bool {
        ["/api/v1/public/", "/play/"].iter().any(|front| self.path.starts_with(front))
    }

    /// The problems that it may answer with.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        use Refusal as R;
        let mut all = vec![R::Failed];
        if !self.is_a_probe() {
            all.push(R::RateLimited);
        }
        if self.scope != Scope::Public {
            all.extend([R::BadQuery, R::Unauthorized, R::Forbidden, R::Busy, R::Elsewhere]);
        }
        let is_an_operator_s = self.scope != Scope::Public && self.audience == Audience::Everybody;
        if self.is_named() || is_an_operator_s {
            all.push(R::NotFound);
        }
        if is_an_operator_s {
            all.push(R::IdentityProviderAway);
        }
        if self.has_cursors() {
            all.push(R::BadCursor);
        }
        match self.takes {
            Takes::Nothing => {}
            Takes::Events(_) | Takes::Json(_) => {
                all.extend([R::Malformed, R::MediaType, R::TooLarge, R::TooSlow]);
            }
        }
        if self.scope != Scope::Public && self.effect != Effect::TakesIn {
            all.push(R::AuditFailed);
        }
        match self.effect {
            Effect::Reads | Effect::Works => {}
            Effect::TakesIn => {
                all.extend([
                    R::BadHeader,
                    R::OperatorPaused,
                    R::Uncertain,
                    R::DiskFull,
                    R::Stopping,
                ]);
            }
            Effect::Changes => all.extend([
                R::BadHeader,
                R::Malformed,
                R::MediaType,
                R::TooLarge,
                R::TooSlow,
                R::KeyReused,
                R::Uncertain,
                R::DiskFull,
                R::Stopping,
            ]),
            Effect::Administers => {
                all.extend([R::Malformed, R::Uncertain, R::DiskFull, R::Stopping]);
            }
        }
        all.extend(self.refusals);
        all.sort_by_key(|refusal| {
            let (status, code, _) = refusal.answer();
            (status.as_u16(), code)
        });
        all.dedup();
        all
    }

    /// Whether its record has this problem; a request on the socket may lack the header that names the operator.
    pub(crate) fn may_answer(&self, refusal: Refusal) -> bool {
        let names_by_header = refusal == Refusal::BadHeader && self.audience != Audience::Nodes;
        names_by_header || self.refusals().contains(&refusal)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_used_once_and_so_are_places() {
        let ids: BTreeSet<_> = all().map(|(_, route)| route.id).collect();
        let places: BTreeSet<_> =
            all().map(|(_, route)| (route.path, route.method.as_str())).collect();
        assert_eq!((ids.len(), places.len()), (all().count(), all().count()));
    }

    #[test]
    fn what_is_said_of_a_route_has_no_runs_of_spaces() {
        for (_, Route { id, summary, description, .. }) in all() {
            assert!([summary, description].iter().all(|said| !said.contains("  ")), "{id}");
        }
    }

    #[test]
    fn the_place_of_a_route_and_its_scope_go_with_who_can_reach_it() {
        for (_, route) in all() {
            let Route { path, scope, audience, by, effect, .. } = route;
            match audience {
                Audience::Everybody => {
                    assert!(!path.starts_with("/local/") && !path.starts_with("/cluster/"));
                    assert!(!matches!(scope, Scope::NodeRead | Scope::NodeWrite | Scope::Nodes));
                }
                Audience::FirstStart => {
                    assert!(path.starts_with("/api/") && *scope == Scope::NodeWrite, "{path}");
                }
                Audience::Socket => {
                    assert!(path.starts_with("/local/"), "{path}");
                    assert!(matches!(scope, Scope::NodeRead | Scope::NodeWrite), "{path}");
                }
                Audience::Nodes => {
                    assert!(path.starts_with("/cluster/v1/") && *scope == Scope::Nodes, "{path}");
                }
            }
            assert!(*by == By::Nothing || route.is_named(), "{path}");
            assert!(*scope == Scope::Public || !route.is_for_any_page(), "{path}");
            let ends = [":write", ":reserve", ":settle", ":approve", ":join"];
            let writes = ends.iter().any(|end| scope.code().ends_with(end));
            // A simulation changes nothing, and is for those who write programs all the same.
            assert_eq!(writes, *effect != Effect::Reads, "{path}: {}", scope.code());
        }
    }
}
