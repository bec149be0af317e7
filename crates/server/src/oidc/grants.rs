//! What a token may, by the claims that its issuer has signed.

use std::sync::Arc;

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::time::Timestamp;
use serde_json::Value;

use super::refused;
use super::terms::Grant;
use crate::keys::Bounds;
use crate::principal::{Credential, Known, Operators, Principal};
use crate::problem::Problem;
use crate::roles::{Role, Scopes};

/// Greatest length of the name of a subject in bytes.
const SUBJECT_BYTES_MAX: usize = 128;

/// Whose a token is.
#[derive(Debug)]
pub(super) struct Bearer {
    /// For different operators; none where none of them is known here.
    pub(super) principals: Vec<Arc<Principal>>,
    /// Whether all operators that it is for are known here.
    pub(super) is_whole: bool,
}

/// What a grant makes of a token.
struct Given<'a> {
    operators: Vec<&'a str>,
    roles: Vec<Role>,
    scopes: Scopes,
    player: Option<&'a str>,
    subject: String,
}

/// What the grants make of a token's claims. For each operator the first one counts that gives the token a role there;
/// somebody with no role at all is known, and may nothing.
pub(super) fn bearer(
    issuer: &str,
    grants: &[Grant],
    claims: &Value,
    find: impl Fn(&str) -> Option<Arc<Known>>,
) -> Result<Bearer, Problem> {
    let mut given: Vec<Given<'_>> = Vec::new();
    let mut without_role = None;
    let mut problem = None;
    for grant in grants.iter().filter(|grant| names(claims, "aud").any(|one| one == grant.audience))
    {
        match grant.give(issuer, claims) {
            Ok(one) if one.scopes == Scopes::default() => without_role = without_role.or(Some(one)),
            Ok(mut one) => {
                one.operators.retain(|id| !given.iter().any(|other| other.operators.contains(id)));
                given.push(one);
            }
            Err(why) => problem = problem.or(Some(why)),
        }
    }
    if given.is_empty() {
        if let Some(problem) = problem {
            return Err(problem);
        }
        given.push(without_role.ok_or_else(|| refused("the token is not for this API"))?);
    }
    let until = end_of(claims);
    let (mut principals, mut is_whole) = (Vec::new(), true);
    for Given { operators, roles, scopes, player, subject } in given {
        let known: Box<[_]> = operators.iter().filter_map(|id| find(id)).collect();
        is_whole &= known.len() == operators.len();
        if !known.is_empty() {
            principals.push(Arc::new(Principal {
                subject: subject.into(),
                operators: Operators::These(known),
                roles: roles.into(),
                scopes,
                player: player.map(Into::into),
                bounds: Bounds::default(),
                key: None,
                credential: Credential::Oidc,
                until,
            }));
        }
    }
    Ok(Bearer { principals, is_whole })
}

impl Grant {
    fn give<'a>(&'a self, issuer: &str, claims: &'a Value) -> Result<Given<'a>, Problem> {
        let subject = text(claims, &self.subject_claim, SUBJECT_BYTES_MAX)?;
        let mut roles = Vec::new();
        for role in self.roles_of(claims) {
            if !roles.contains(&role) {
                roles.push(role);
            }
        }
        let scopes = Scopes::of_roles(&roles);
        let player = match &self.player_claim {
            Some(claim) if scopes != Scopes::default() => Some(text(claims, claim, ID_BYTES_MAX)?),
            Some(_) | None => None,
        };
        // The subject stands in what is recorded for ever, where nobody finds a player.
        let subject = match player {
            Some(_) => format!("a player of {issuer}"),
            None => format!("{subject} of {issuer}"),
        };
        Ok(Given { operators: self.operators_of(claims)?, roles, scopes, player, subject })
    }

    fn roles_of(&self, claims: &Value) -> impl Iterator<Item = Role> {
        let claim = self.roles_claim.as_deref().unwrap_or_default();
        let named = names(claims, claim).filter_map(|value| self.roles.get(value));
        named.chain(&self.role).filter_map(|role| Role::named(role))
    }

    fn operators_of(&self, claims: &Value) -> Result<Vec<&str>, Problem> {
        let operators = self.operators.iter().map(String::as_str);
        let Some(claim) = &self.operators_claim else { return Ok(operators.collect()) };
        let is_named = |id: &&str| names(claims, claim).any(|name| name == *id);
        let of_these: Vec<_> = operators.filter(is_named).collect();
        if of_these.is_empty() {
            return Err(refused(format!(
                "the token's claim `{claim}` names no operator of its issuer"
            )));
        }
        Ok(of_these)
    }
}

/// When a token ends, where its claim is whole seconds.
pub(super) fn end_of(claims: &Value) -> Option<Timestamp> {
    let micros = claims["exp"].as_i64()?.checked_mul(1_000_000)?;
    Some(Timestamp::from_micros(micros))
}

/// A claim, by its name or by a JSON pointer.
fn claim<'a>(claims: &'a Value, name: &str) -> Option<&'a Value> {
    if name.starts_with('/') { claims.pointer(name) } else { claims.get(name) }
}

/// The texts of a claim: one, or those of a list. OAuth has one for all scopes, with spaces between.
fn names<'a>(claims: &'a Value, name: &str) -> impl Iterator<Item = &'a str> {
    let found = claim(claims, name);
    let list = found.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = found.and_then(Value::as_str).into_iter();
    let separator = if matches!(name, "scope" | "scp") { ' ' } else { '\0' };
    one.flat_map(move |text| text.split(separator)).chain(list.iter().filter_map(Value::as_str))
}

/// A claim that has to be there, as one text.
fn text<'a>(claims: &'a Value, name: &str, bytes_max: usize) -> Result<&'a str, Problem> {
    let found = claim(claims, name).and_then(Value::as_str);
    let is_good =
        |text: &&str| (1..=bytes_max).contains(&text.len()) && !text.chars().any(char::is_control);
    found.filter(is_good).ok_or_else(|| {
        refused(format!("expected a claim `{name}` in the token, a text of 1 to {bytes_max} bytes"))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use serde_json::json;

    use super::super::terms::tests::trusted;
    use super::*;

    fn known(id: &str) -> Option<Arc<Known>> {
        let is_paused = AtomicBool::new(false);
        (id != "unknown").then(|| {
            Arc::new(Known { id: id.into(), number: 1, limit: None, asking: None, is_paused })
        })
    }

    fn bearer_of(grants: &[Grant], claims: &Value) -> Result<Bearer, Problem> {
        bearer("https://login.example", grants, claims, known)
    }

    fn staff() -> Grant {
        trusted().grants.remove(0)
    }

    fn players() -> Grant {
        Grant {
            roles_claim: None,
            roles: [].into(),
            role: Some("player".into()),
            player_claim: Some("player_id".into()),
            ..staff()
        }
    }

    fn operators(principal: &Principal) -> Vec<&str> {
        let Operators::These(operators) = &principal.operators else { panic!("{principal:?}") };
        operators.iter().map(|known| &*known.id).collect()
    }

    #[test]
    fn groups_of_the_issuer_are_roles_here_for_each_operator_of_the_grant() {
        let claims = json!({ "sub": "ann", "aud": ["other", "accolade"], "groups": ["desk", "x"] });
        let bearer = bearer_of(&[staff()], &claims).unwrap();
        let [ann] = &bearer.principals[..] else { panic!("{bearer:?}") };
        assert_eq!(ann.scopes, Role::Support.scopes());
        assert_eq!((operators(ann), &ann.player), (vec!["a", "b"], &None));
        assert_eq!((&*ann.subject, bearer.is_whole), ("ann of https://login.example", true));
        let both = json!({ "sub": "ann", "aud": "accolade", "groups": ["desk", "heads"] });
        let bearer = bearer_of(&[staff()], &both).unwrap();
        assert_eq!(bearer.principals[0].scopes, Role::Support.scopes().and(Role::Admin.scopes()));
    }

    #[test]
    fn whoever_is_in_no_group_is_known_and_may_nothing() {
        for groups in [json!([]), json!(["x"]), json!(7), json!({ "desk": 1 }), json!("desk x")] {
            let claims = json!({ "sub": "ann", "aud": "accolade", "groups": groups });
            let bearer = bearer_of(&[staff()], &claims).unwrap();
            assert_eq!(bearer.principals[0].scopes, Scopes::default(), "{claims}");
        }
    }

    #[test]
    fn claims_lie_deep_or_are_scopes_with_spaces_between() {
        let deep = Grant { roles_claim: Some("/realm_access/roles".into()), ..staff() };
        let claims =
            json!({ "sub": "ann", "aud": "accolade", "realm_access": { "roles": ["desk"] } });
        assert_eq!(
            bearer_of(&[deep], &claims).unwrap().principals[0].scopes,
            Role::Support.scopes()
        );
        let scopes = Grant { roles_claim: Some("scope".into()), ..staff() };
        let claims = json!({ "sub": "ann", "aud": "accolade", "scope": "openid desk" });
        assert_eq!(
            bearer_of(&[scopes], &claims).unwrap().principals[0].scopes,
            Role::Support.scopes()
        );
    }

    #[test]
    fn a_player_is_the_one_that_the_claim_names_and_a_token_without_it_is_nobody_s() {
        let claims =
            json!({ "sub": "s", "aud": "accolade", "player_id": "p1", "groups": ["heads"] });
        let bearer = bearer_of(&[players()], &claims).unwrap();
        let player = &bearer.principals[0];
        assert_eq!(player.player.as_deref(), Some("p1"));
        assert_eq!(player.scopes, Role::Player.scopes());
        assert_eq!(&*player.subject, "a player of https://login.example");
        for bad in [
            json!(null),
            json!(""),
            json!(7),
            json!(["p1"]),
            json!("a\u{7}"),
            json!("p".repeat(999)),
        ] {
            let claims = json!({ "sub": "s", "aud": "accolade", "player_id": bad });
            let refused = bearer_of(&[players()], &claims).unwrap_err();
            assert!(refused.detail.contains("`player_id`"), "{refused:?}");
        }
    }

    #[test]
    fn a_subject_that_is_none_is_nobody() {
        for bad in [json!(null), json!(""), json!(7), json!("a\nb"), json!("s".repeat(129))] {
            let claims = json!({ "sub": bad, "aud": "accolade", "groups": ["desk"] });
            let refused = bearer_of(&[staff()], &claims).unwrap_err();
            assert!(refused.detail.contains("`sub`"), "{refused:?}");
        }
    }

    #[test]
    fn another_audience_gives_nothing() {
        let claims = json!({ "sub": "ann", "aud": ["other"], "groups": ["desk"] });
        assert!(bearer_of(&[staff()], &claims).unwrap_err().detail.contains("not for this API"));
    }

    #[test]
    fn roles_at_one_operator_are_none_at_another() {
        let of = |operator: &str, group: &str, role: &str| Grant {
            operators: vec![operator.into()],
            roles: [(group.to_owned(), role.to_owned())].into(),
            ..staff()
        };
        let grants = [
            of("a", "a desk", "support"),
            of("b", "b heads", "admin"),
            of("b", "b desk", "auditor"),
        ];
        let both = ["a desk", "b heads", "b desk"];
        let claims = json!({ "sub": "ann", "aud": "accolade", "groups": both });
        let bearer = bearer_of(&grants, &claims).unwrap();
        let seen: Vec<_> = bearer
            .principals
            .iter()
            .map(|principal| (operators(principal), principal.scopes))
            .collect();
        assert_eq!(seen, [(vec!["a"], Role::Support.scopes()), (vec!["b"], Role::Admin.scopes())]);
        let claims = json!({ "sub": "ann", "aud": "accolade", "groups": ["a desk"] });
        let bearer = bearer_of(&grants, &claims).unwrap();
        assert_eq!(bearer.principals.len(), 1);
        assert_eq!(
            bearer.principals[0].operator(Some("b")).unwrap_err().refusal,
            crate::problem::Refusal::NotFound
        );
    }

    #[test]
    fn a_claim_may_narrow_the_operators_and_never_widens_them() {
        let grant = Grant { operators_claim: Some("brands".into()), ..staff() };
        let claims = |brands: Value| json!({ "sub": "ann", "aud": "accolade", "groups": ["desk"], "brands": brands });
        let bearer = bearer_of(std::slice::from_ref(&grant), &claims(json!(["b", "c"]))).unwrap();
        assert_eq!(operators(&bearer.principals[0]), ["b"]);
        for none in [json!(null), json!([]), json!("c"), json!({ "a": 1 })] {
            let refused = bearer_of(std::slice::from_ref(&grant), &claims(none)).unwrap_err();
            assert!(refused.detail.contains("`brands`"), "{refused:?}");
        }
    }

    #[test]
    fn operators_that_are_not_known_yet_are_left_out_and_asked_for_again() {
        let grant = Grant { operators: vec!["unknown".into(), "b".into()], ..staff() };
        let claims = json!({ "sub": "ann", "aud": "accolade", "groups": ["desk"] });
        let bearer = bearer_of(std::slice::from_ref(&grant), &claims).unwrap();
        assert_eq!((operators(&bearer.principals[0]), bearer.is_whole), (vec!["b"], false));
        let grant = Grant { operators: vec!["unknown".into()], ..staff() };
        assert!(bearer_of(&[grant], &claims).unwrap().principals.is_empty());
    }
}
