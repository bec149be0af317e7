//! Tokens of players: short-lived, of one player, to see and redeem what is theirs.
//!
//! A token is signed and kept nowhere. It ends with its time, or with the key that it was asked for by.

use std::fmt;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::time::Timestamp;
use accolade_storage::random::random;
use accolade_wire::hex::{from_hex, to_hex};
use accolade_wire::secret::{Secret, mac};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call::Call;
use crate::credentials::is_same;
use crate::fields::fields_of;
use crate::keys::{Bounds, Origins};
use crate::principal::{Credential, Operators, Principal};
use crate::problem::Problem;
use crate::roles::{Role, Scope};
use crate::service::{Service, now};
use crate::shapes::{Time, respond};
use crate::trail::About;

pub(crate) const PREFIX: &str = "acp_";
/// In the data directory of the embedded form: the key of signatures.
const FILE: &str = "player-token-key";
const VALID_S: i64 = 900;
const VALID_S_MAX: i64 = 3_600;

/// Signs and checks tokens.
pub(crate) struct Signer([u8; 32]);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").finish_non_exhaustive()
    }
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Claims {
    #[serde(rename = "o")]
    operator: String,
    #[serde(rename = "p")]
    player: String,
    /// The key by which it was asked for; none by the local socket.
    #[serde(rename = "k")]
    key: Option<String>,
    /// In microseconds since 1970.
    #[serde(rename = "u")]
    until: i64,
}

impl Signer {
    /// One that all who share a secret have.
    pub(crate) fn of_secret(secret: &Secret) -> Self {
        Self(mac(secret.reveal().as_bytes(), b"accolade player tokens"))
    }

    /// The one of a data directory, which is made where there is none. Without a directory, and where it cannot be
    /// kept, tokens end with the process.
    pub(crate) fn of_directory(data_dir: Option<&Path>) -> Self {
        let fresh = || random().expect("the system gives random bytes");
        let Some(data_dir) = data_dir else { return Self(fresh()) };
        Self(kept(&data_dir.join(FILE), fresh).unwrap_or_else(|error| {
            tracing::warn!(%error, "the key of player tokens cannot be kept: they end with the process");
            fresh()
        }))
    }

    fn sign(&self, claims: &Claims) -> String {
        let claims = serde_json::to_vec(claims).expect("claims are plain data");
        format!("{PREFIX}{}_{}", to_hex(&claims), to_hex(&mac(&self.0, &claims)))
    }

    /// What a token says that was signed here, whether or not it is over.
    fn read(&self, token: &str) -> Option<Claims> {
        let (claims, signature) = token.strip_prefix(PREFIX)?.split_once('_')?;
        let claims = bytes_of(claims)?;
        let signature: [u8; 32] = from_hex(signature)?;
        is_same(&mac(&self.0, &claims), &signature).then_some(())?;
        serde_json::from_slice(&claims).ok()
    }
}

/// The bytes of any number of digits.
pub(crate) fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| {
        let [byte] = from_hex(str::from_utf8(pair).ok()?)?;
        Some(byte)
    });
    pairs.collect()
}

fn kept(file: &Path, fresh: impl Fn() -> [u8; 32]) -> std::io::Result<[u8; 32]> {
    if !file.exists() {
        let next = file.with_extension("next");
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&next)?.write_all(&fresh())?;
        std::fs::rename(&next, file)?;
    }
    let mut key = [0; 32];
    std::fs::File::open(file)?.read_exact(&mut key)?;
    Ok(key)
}

/// Whether a text looks like a token.
pub(crate) fn is_one(shown: &str) -> bool {
    shown.starts_with(PREFIX)
}

impl Service {
    /// Who shows a token; nobody where it is forged or over, or its key is.
    pub(crate) fn player_of(&self, token: &str, now: Timestamp) -> Option<Arc<Principal>> {
        let claims = self.signer.read(token)?;
        if claims.until <= now.micros() {
            return None;
        }
        let operator = self.credentials.operator(&*self.host, &claims.operator)?;
        let origins = match &claims.key {
            Some(key) => self.credentials.open(operator.number, key, now)?,
            None => Origins::default(),
        };
        Some(Arc::new(Principal {
            subject: "a player by a token".into(),
            operators: Operators::These(Box::new([operator])),
            roles: [Role::Player].into(),
            scopes: Role::Player.scopes(),
            player: Some(claims.player.into()),
            bounds: Bounds::of_token(origins),
            key: None,
            credential: Credential::PlayerToken,
            until: Some(Timestamp::from_micros(claims.until)),
        }))
    }
}

/// A token as it is asked for.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewPlayerToken, example = json!({ "playerId": "player-456", "validForSeconds": 900 }))]
pub(crate) struct Wanted {
    #[schema(min_length = 1, max_length = 128)]
    player_id: String,
    #[serde(default)]
    #[schema(minimum = 1, maximum = 3600)]
    valid_for_seconds: Option<i64>,
}

impl Wanted {
    fn read(body: &[u8]) -> Result<Self, Problem> {
        let [player, seconds] = fields_of(body, &["playerId", "validForSeconds"])?;
        let a_player = || player.expected(&format!("a text of 1 to {ID_BYTES_MAX} bytes"));
        Ok(Self {
            player_id: player.short_text(ID_BYTES_MAX)?.ok_or_else(a_player)?,
            valid_for_seconds: seconds.whole(1..=VALID_S_MAX)?,
        })
    }
}

/// A token for one player's app.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlayerToken)]
pub(crate) struct TokenShape<'a> {
    token: String,
    operator_id: &'a str,
    player_id: &'a str,
    until: Time,
    scopes: Vec<&'static str>,
}

/// Signs a token for one player.
pub(crate) async fn mint(call: Call) -> Result<Response, Problem> {
    let operator = call.operator();
    let Call { service, principal, parts, body, .. } = call;
    let (body, held) = service.read_body(&parts.headers, body).await?;
    drop(held);
    let Wanted { player_id: player, valid_for_seconds } = Wanted::read(&body)?;
    let until = now().plus_micros(valid_for_seconds.unwrap_or(VALID_S) * 1_000_000);
    let token = service.signer.sign(&Claims {
        operator: operator.id.to_string(),
        player: player.clone(),
        key: principal.key.as_ref().map(|key| key.id.to_string()),
        until: until.micros(),
    });
    let may = |scope: &Scope| Role::Player.scopes().has(*scope);
    let scopes = Scope::ALL.into_iter().filter(may).map(Scope::code).collect();
    let (operator_id, player_id, until) = (&*operator.id, &*player, Time(until));
    let shape = TokenShape { token, operator_id, player_id, until, scopes };
    Ok(About::put(Some(player.clone()), respond(StatusCode::OK, &shape)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims { operator: "o".into(), player: "p\u{e9}".into(), key: Some("k".into()), until: 7 }
    }

    #[test]
    fn a_token_is_read_by_who_has_the_same_secret_alone() {
        let [a, b] = ["one secret of many", "another secret, ok"]
            .map(|secret| Signer::of_secret(&Secret::new(secret)));
        let token = a.sign(&claims());
        assert_eq!(a.read(&token), Some(claims()));
        assert_eq!(b.read(&token), None);
        let (body, signature) = token.rsplit_once('_').unwrap();
        let forged = a.sign(&Claims { player: "another".into(), ..claims() });
        let (other, _) = forged.rsplit_once('_').unwrap();
        for bad in [
            format!("{other}_{signature}"),
            format!("{body}_{}", "0".repeat(64)),
            body.to_owned(),
            format!("{body}_"),
            format!("{body}0_{signature}"),
            token.replace("acp_", "acc_"),
            "acp_".into(),
            "acp_zz_zz".into(),
            String::new(),
        ] {
            assert_eq!(a.read(&bad), None, "{bad}");
        }
    }

    #[test]
    fn the_key_of_a_directory_stays_and_is_nobody_else_s() {
        use std::os::unix::fs::PermissionsExt;
        let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let [a, again, b] =
            [0, 0, 1].map(|at: usize| Signer::of_directory(Some(folders[at].path())));
        let token = a.sign(&claims());
        assert_eq!((again.read(&token), b.read(&token)), (Some(claims()), None));
        let mode = folders[0].path().join(FILE).metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(Signer::of_directory(None).read(&token), None);
    }
}
