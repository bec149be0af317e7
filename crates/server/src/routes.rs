//! The one list of routes. Each is a record that says everything about it: where it is, who may ask it, where it is
//! carried out, what it takes and answers. Router, forwarding, description, the matrix of roles, metrics and the tests
//! that ask every route come from here.
//!
//! A record has no defaults, so a route without a decision does not compile.

mod dead_letters;
mod events;
mod intake;
mod local;
mod nodes;
mod players;
mod program;
mod running;

use axum::http::{HeaderMap, Method};
use axum::routing::MethodRouter;

use crate::body::essence_of;
use crate::problem::{Problem, Refusal};
use crate::roles::Scope;
use crate::router::{Door, Way};

/// A route.
#[derive(Debug)]
#[expect(dead_code, reason = "the description is to be made of all of it")]
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
    pub(crate) takes: Takes,
    /// Problems of its own, beside those that follow from the rest.
    pub(crate) refusals: &'static [Refusal],
    /// Puts its handler in.
    pub(crate) handler: fn(Way) -> MethodRouter<Door>,
}

/// Who can reach a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// By the network and by the socket. But for what is public, each request is for one operator.
    Everybody,
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
    DeadLetter,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Reads,
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
}

/// What a route is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Area {
    Intake,
    Events,
    Players,
    Program,
    DeadLetters,
    Running,
    Node,
    Cluster,
}

/// A parameter of the query.
#[derive(Debug, Clone, Copy)]
#[expect(dead_code, reason = "the description is to be made of all of it")]
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
    Switch,
    OneOf(&'static [&'static str]),
    Number {
        min: u64,
        max: u64,
    },
    /// How many items a page has.
    Limit,
    /// A `nextCursor` of the same list.
    Cursor,
}

const LIMIT: Parameter =
    Parameter { name: "limit", form: Form::Limit, what: "How many items a page has at most." };
const CURSOR: Parameter =
    Parameter { name: "cursor", form: Form::Cursor, what: "A `nextCursor` of the same list." };

/// What a request's body is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Takes {
    /// There is none, or it is not looked at.
    Nothing,
    /// Events, whose reader looks at the content type.
    Events,
    Json,
}

impl Takes {
    /// Refuses another content type.
    pub(crate) fn check(self, headers: &HeaderMap) -> Result<(), Problem> {
        match self {
            Self::Nothing | Self::Events => Ok(()),
            Self::Json => match essence_of(headers) {
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

static AREAS: [&[Route]; 8] = [
    &intake::ROUTES,
    &events::ROUTES,
    &players::ROUTES,
    &program::ROUTES,
    &dead_letters::ROUTES,
    &running::ROUTES,
    &local::ROUTES,
    &nodes::ROUTES,
];

/// All routes, each with its number.
pub(crate) fn all() -> impl Iterator<Item = (usize, &'static Route)> {
    AREAS.iter().copied().flatten().enumerate()
}

impl Route {
    /// Whether a part of the path varies.
    pub(crate) const fn is_named(&self) -> bool {
        let path = self.path.as_bytes();
        let mut at = 0;
        while at < path.len() {
            if path[at] == b'{' {
                return true;
            }
            at += 1;
        }
        false
    }

    /// The problems that it may answer with.
    pub(crate) fn refusals(&self) -> Vec<Refusal> {
        use Refusal as R;
        let mut all = vec![R::Failed];
        if self.scope != Scope::Public {
            all.extend([R::BadQuery, R::Unauthorized, R::Forbidden, R::Busy, R::Elsewhere]);
        }
        if self.is_named() || self.scope != Scope::Public && self.audience == Audience::Everybody {
            all.push(R::NotFound);
        }
        match self.takes {
            Takes::Nothing => {}
            Takes::Events | Takes::Json => {
                all.extend([R::Malformed, R::MediaType, R::TooLarge, R::TooSlow]);
            }
        }
        match self.effect {
            Effect::Reads => {}
            Effect::TakesIn => {
                all.extend([R::RateLimited, R::Uncertain, R::DiskFull, R::Stopping]);
            }
            Effect::Changes => all.extend([
                R::BadHeader,
                R::Malformed,
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
        all.sort_by_key(|refusal| refusal.answer().0.as_u16());
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
    fn the_place_of_a_route_and_its_scope_go_with_who_can_reach_it() {
        for (_, route) in all() {
            let Route { path, scope, audience, by, effect, .. } = route;
            match audience {
                Audience::Everybody => {
                    assert!(!path.starts_with("/local/") && !path.starts_with("/cluster/"));
                    assert!(!matches!(scope, Scope::NodeRead | Scope::NodeWrite | Scope::Nodes));
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
            let writes = scope.code().ends_with(":write");
            assert_eq!(writes, *effect != Effect::Reads, "{path}: {}", scope.code());
        }
    }
}
