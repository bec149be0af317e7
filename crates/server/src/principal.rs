//! Who asks: a subject with scopes, for some operators, or as one of their players.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use accolade_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::Bounds;
use crate::problem::{Problem, Refusal};
use crate::rate::Limit;
use crate::roles::{Role, Scope, Scopes};
use crate::routes::Effect;
use crate::uses::Used;

/// Who asks, and what they may.
#[derive(Debug)]
pub(crate) struct Principal {
    /// Who it is, for the record.
    pub(crate) subject: Box<str>,
    pub(crate) operators: Operators,
    /// What gave it its scopes, where it has shown itself to this node; another node tells of scopes alone.
    pub(crate) roles: Box<[Role]>,
    pub(crate) scopes: Scopes,
    /// The only player that it may name.
    pub(crate) player: Option<Box<str>>,
    pub(crate) bounds: Bounds,
    /// The key that was shown, if one was.
    pub(crate) key: Option<ShownKey>,
    /// How it has said who it is.
    pub(crate) credential: Credential,
    /// When what it has shown ends, where that is known here; `None` for never.
    pub(crate) until: Option<Timestamp>,
}

/// A key of an operator.
#[derive(Debug)]
pub(crate) struct ShownKey {
    pub(crate) id: Box<str>,
    /// When it was shown last, where it was shown to this node.
    pub(crate) used: Option<Arc<Used>>,
}

/// The operators that somebody may act for.
#[derive(Debug)]
pub(crate) enum Operators {
    These(Box<[Arc<Known>]>),
    /// Each that is named.
    All,
}

/// What a principal has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Credential {
    Nothing,
    ApiKey,
    PlayerToken,
    /// A token of an issuer that is trusted.
    Oidc,
    /// It came by the local socket.
    Socket,
    /// The signature of another node.
    ClusterSecret,
}

impl Credential {
    /// Its stable name.
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::ApiKey => "api_key",
            Self::PlayerToken => "player_token",
            Self::Oidc => "oidc",
            Self::Socket => "socket",
            Self::ClusterSecret => "cluster_secret",
        }
    }
}

/// What requests need to know of an operator. All but the pause holds for ever: operators are only added.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) id: Box<str>,
    pub(crate) number: u32,
    /// Of what it sends, in events.
    pub(crate) limit: Option<Limit>,
    /// Of what it asks otherwise, in requests.
    pub(crate) asking: Option<Limit>,
    /// Nothing is taken in from it.
    pub(crate) is_paused: AtomicBool,
}

impl Known {
    /// Refuses what it asks beside intake, once that is too much.
    pub(crate) fn asks(&self) -> Result<(), Problem> {
        self.asking.as_ref().map_or(Ok(()), |limit| limit.take(1)).map_err(|exceeded| {
            let detail = format!("this operator may ask {} times a second", exceeded.limit);
            Problem::too_often(exceeded, detail)
        })
    }

    /// The limit of what has this effect.
    pub(crate) fn limit_of(&self, effect: Effect) -> Option<&Limit> {
        match effect {
            Effect::TakesIn => self.limit.as_ref(),
            Effect::Reads | Effect::Works | Effect::Changes | Effect::Administers => {
                self.asking.as_ref()
            }
        }
    }

    /// Its limits: of events, and of what else is asked.
    pub(crate) const fn limits(&self) -> [Option<&Limit>; 2] {
        [self.limit.as_ref(), self.asking.as_ref()]
    }

    /// Refuses what a paused operator sends.
    pub(crate) fn takes_in(&self) -> Result<(), Problem> {
        if self.is_paused.load(Ordering::Relaxed) {
            let detail = "the operator is paused: send the same again once it goes on";
            return Err(Problem::new(Refusal::OperatorPaused, detail));
        }
        Ok(())
    }
}

impl Principal {
    /// Whether nothing was shown.
    pub(crate) fn is_nobody(&self) -> bool {
        self.credential == Credential::Nothing
    }

    /// Refuses who lacks the scope.
    pub(crate) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.scopes.has(scope) { Ok(()) } else { Err(Problem::forbidden(scope)) }
    }

    /// Refuses who is one player and names another: nobody learns who else there is.
    pub(crate) fn names(&self, player: &str) -> Result<(), Problem> {
        match &self.player {
            Some(own) if **own != *player => Err(Problem::not_found("player")),
            Some(_) | None => Ok(()),
        }
    }

    /// The operator that it acts for, of those it may: the one that is named, or else its only one.
    pub(crate) fn operator(&self, named: Option<&str>) -> Result<Arc<Known>, Problem> {
        let Operators::These(operators) = &self.operators else {
            return Err(Problem::not_found("operator"));
        };
        match (named, &**operators) {
            (Some(named), operators) => {
                let found = operators.iter().find(|known| *known.id == *named);
                found.cloned().ok_or_else(|| Problem::not_found("operator"))
            }
            (None, [only]) => Ok(Arc::clone(only)),
            (None, _) => Err(Problem::operator_not_named()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operators: &[&str], player: Option<&str>) -> Principal {
        let known = |id: &&str| {
            let (id, is_paused) = ((*id).into(), AtomicBool::new(false));
            Arc::new(Known { id, number: 1, limit: None, asking: None, is_paused })
        };
        Principal {
            subject: "somebody".into(),
            operators: Operators::These(operators.iter().map(known).collect()),
            roles: [Role::Player].into(),
            scopes: Role::Player.scopes(),
            player: player.map(Into::into),
            bounds: Bounds::default(),
            key: None,
            credential: Credential::ApiKey,
            until: None,
        }
    }

    #[test]
    fn a_principal_of_several_operators_names_one_and_none_of_others() {
        let both = of(&["a", "b"], None);
        assert_eq!(&*both.operator(Some("b")).unwrap().id, "b");
        assert_eq!(both.operator(Some("c")).unwrap_err().refusal, Refusal::NotFound);
        assert_eq!(both.operator(None).unwrap_err().refusal, Refusal::BadQuery);
        assert_eq!(&*of(&["a"], None).operator(None).unwrap().id, "a");
        assert_eq!(of(&["a"], None).operator(Some("b")).unwrap_err().refusal, Refusal::NotFound);
    }

    #[test]
    fn a_player_names_nobody_else_and_lacks_what_players_may_not() {
        let player = of(&["a"], Some("p1"));
        assert!(player.names("p1").is_ok());
        assert_eq!(player.names("p2").unwrap_err().refusal, Refusal::NotFound);
        assert!(player.needs(Scope::PlayersRead).is_ok());
        assert_eq!(player.needs(Scope::PlayersWrite).unwrap_err().refusal, Refusal::Forbidden);
    }
}
