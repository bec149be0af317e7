//! What a client says over the socket, read field by field.

use accolade_domain::event::ID_BYTES_MAX;
use accolade_engine::rules::tournaments;
use serde_json::Value;

use crate::fields::{Field, fields_of};
use crate::leaderboards::live::{Part, TOP_MAX, is_a_name};
use crate::leaderboards::{RADIUS, TOP};
use crate::problem::Problem;

/// Bytes of the name that a client has for something it watches.
const NAME_BYTES_MAX: usize = 64;
/// Most before a player, and behind.
const RADIUS_MAX: i64 = 20;
/// Most players that are watched together.
const PLAYERS_MAX: usize = 20;
/// Bytes of what a client comes back with.
const RESUME_BYTES_MAX: usize = 128;

/// What a client says.
#[derive(Debug)]
pub(super) enum Said {
    /// It wants to watch something, and comes back with what it has seen last.
    Subscribe(To, Option<String>),
    /// It does not any more.
    Unsubscribe,
}

/// What can be watched.
#[derive(Debug)]
pub(super) enum To {
    /// A part of the leaderboard of a tournament.
    Leaderboard { tournament: String, part: Part },
    /// A player's own line of it; nothing for the player whose token it is.
    Position { tournament: String, player: Option<String> },
    /// A player's balance and tier.
    Balance { player: Option<String> },
}

/// What a client says that makes no sense.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Its own name for what it is about, where that can be read.
    pub(super) name: Option<String>,
    pub(super) problem: Problem,
}

/// The client's name for what it says something about, and what it says.
pub(super) fn read(text: &str) -> Result<(String, Said), Wrong> {
    whole(text).map_err(|problem| {
        let said = serde_json::from_str::<Value>(text).ok();
        let name = said.and_then(|said| said["id"].as_str().map(str::to_owned));
        Wrong { name: name.filter(|name| name.len() <= NAME_BYTES_MAX), problem }
    })
}

fn whole(text: &str) -> Result<(String, Said), Problem> {
    let [kind, id, to, tournament, top, around, radius, players, player, resume] = fields_of(
        text.as_bytes(),
        &[
            "type",
            "id",
            "to",
            "tournamentId",
            "top",
            "around",
            "radius",
            "players",
            "playerId",
            "resume",
        ],
    )?;
    let name = || id.expected(&format!("a text of 1 to {NAME_BYTES_MAX} bytes, your own name"));
    let name = id.short_text(NAME_BYTES_MAX)?.ok_or_else(name)?;
    let subscribes = match kind.text()?.as_deref() {
        Some("subscribe") => true,
        Some("unsubscribe") => false,
        Some(_) | None => return Err(kind.expected("`subscribe` or `unsubscribe`")),
    };
    if !subscribes {
        let rest = [&to, &tournament, &top, &around, &radius, &players, &player, &resume];
        no_others("`unsubscribe`", &rest)?;
        return Ok((name, Said::Unsubscribe));
    }
    let wanted = match to.text()?.as_deref() {
        Some("leaderboard") => {
            no_others("a leaderboard", &[&player])?;
            let tournament = named_tournament(&tournament)?;
            To::Leaderboard { tournament, part: part(&top, &around, &radius, &players)? }
        }
        Some("position") => {
            no_others("a position", &[&top, &around, &radius, &players])?;
            let tournament = named_tournament(&tournament)?;
            To::Position { tournament, player: named_player(&player)? }
        }
        Some("balance") => {
            no_others("a balance", &[&tournament, &top, &around, &radius, &players])?;
            To::Balance { player: named_player(&player)? }
        }
        Some(_) | None => return Err(to.expected("`leaderboard`, `position` or `balance`")),
    };
    Ok((name, Said::Subscribe(wanted, resume.short_text(RESUME_BYTES_MAX)?)))
}

/// Refuses what does not belong there.
fn no_others(with: &str, others: &[&Field<'_>]) -> Result<(), Problem> {
    let said = others.iter().find(|field| field.is_said());
    said.map_or(Ok(()), |field| Err(field.wrong(format!("it does not go with {with}"))))
}

fn named_tournament(field: &Field<'_>) -> Result<String, Problem> {
    let bytes_max = tournaments::ID_BYTES_MAX;
    let missing = || field.expected(&format!("a tournament's id of 1 to {bytes_max} bytes"));
    field.short_text(bytes_max)?.ok_or_else(missing)
}

fn named_player(field: &Field<'_>) -> Result<Option<String>, Problem> {
    match field.text()? {
        Some(player) if !is_a_name(&player) => Err(not_a_name(field)),
        player => Ok(player),
    }
}

fn not_a_name(field: &Field<'_>) -> Problem {
    field.expected(&format!("a player's id of 1 to {ID_BYTES_MAX} bytes"))
}

fn part(
    top: &Field<'_>,
    around: &Field<'_>,
    radius: &Field<'_>,
    players: &Field<'_>,
) -> Result<Part, Problem> {
    let small = |number: i64| usize::try_from(number).expect("it is bounded");
    if let Some(player) = named_player(around)? {
        no_others("`around`", &[top, players])?;
        let radius = radius.whole(0..=RADIUS_MAX)?.map(small);
        let usual = usize::try_from(RADIUS).expect("it is small");
        return Ok(Part::Around(player, radius.unwrap_or(usual)));
    }
    no_others("a leaderboard without `around`", &[radius])?;
    let one = |field: &Field<'_>| named_player(field)?.ok_or_else(|| not_a_name(field));
    if let Some(mut all) = players.list("players' ids", PLAYERS_MAX, one)? {
        no_others("`players`", &[top])?;
        if all.is_empty() {
            return Err(players.wrong(format!("expected 1 to {PLAYERS_MAX} players")));
        }
        all.sort_unstable();
        all.dedup();
        return Ok(Part::Players(all));
    }
    let most = i64::try_from(TOP_MAX).expect("it is small");
    let usual = usize::try_from(TOP).expect("it is small");
    Ok(Part::Top(top.whole(1..=most)?.map_or(usual, small)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> String {
        match read(text) {
            Ok((name, said)) => format!("{name}: {said:?}"),
            Err(Wrong { name, problem }) => format!("{name:?}: {}", problem.detail),
        }
    }

    #[test]
    fn what_can_be_watched_is_read_with_what_is_usual() {
        for (text, expected) in [
            (
                r#"{"type":"subscribe","id":"1","to":"leaderboard","tournamentId":"race"}"#,
                r#"1: Subscribe(Leaderboard { tournament: "race", part: Top(10) }, None)"#,
            ),
            (
                r#"{"type":"subscribe","id":"1","to":"leaderboard","tournamentId":"race","around":"p","resume":"x.1"}"#,
                r#"1: Subscribe(Leaderboard { tournament: "race", part: Around("p", 5) }, Some("x.1"))"#,
            ),
            (
                r#"{"type":"subscribe","id":"1","to":"leaderboard","tournamentId":"race","players":["b","a","b"]}"#,
                r#"1: Subscribe(Leaderboard { tournament: "race", part: Players(["a", "b"]) }, None)"#,
            ),
            (
                r#"{"type":"subscribe","id":"1","to":"position","tournamentId":"race"}"#,
                r#"1: Subscribe(Position { tournament: "race", player: None }, None)"#,
            ),
            (
                r#"{"type":"subscribe","id":"1","to":"balance","playerId":"p"}"#,
                r#"1: Subscribe(Balance { player: Some("p") }, None)"#,
            ),
            (r#"{"type":"unsubscribe","id":"a b"}"#, "a b: Unsubscribe"),
        ] {
            assert_eq!(told(text), expected);
        }
    }

    #[test]
    fn what_is_wrong_is_said_of_its_field_and_of_what_it_was_about() {
        let long = "x".repeat(129);
        let with = |more: &str| format!(r#"{{"type":"subscribe","id":"1",{more}}}"#);
        for (text, expected) in [
            (String::new(), "None: expected an object at byte 0, found nothing"),
            ("[]".to_owned(), "None: expected an object at byte 0, found `[]`"),
            (
                r#"{"type":"subscribe","to":"balance"}"#.to_owned(),
                "None: `/id`: expected a text of 1 to 64 bytes, your own name, found nothing",
            ),
            (
                r#"{"id":"1"}"#.to_owned(),
                "Some(\"1\"): `/type`: expected `subscribe` or `unsubscribe`, found nothing",
            ),
            (
                r#"{"type":"unsubscribe","id":"1","top":1}"#.to_owned(),
                "Some(\"1\"): `/top`: it does not go with `unsubscribe`",
            ),
            (
                with(r#""radiuss":1"#),
                "Some(\"1\"): `/radiuss`: unknown field; did you mean `radius`?",
            ),
            (
                with(r#""to":"points""#),
                "Some(\"1\"): `/to`: expected `leaderboard`, `position` or `balance`, found `\"points\"`",
            ),
            (
                with(r#""to":"leaderboard""#),
                "Some(\"1\"): `/tournamentId`: expected a tournament's id of 1 to 64 bytes, found nothing",
            ),
            (
                with(r#""to":"balance","tournamentId":"race""#),
                "Some(\"1\"): `/tournamentId`: it does not go with a balance",
            ),
            (
                with(r#""to":"leaderboard","tournamentId":"race","top":101"#),
                "Some(\"1\"): `/top`: expected a whole number from 1 to 100, found `101`",
            ),
            (
                with(r#""to":"leaderboard","tournamentId":"race","radius":1"#),
                "Some(\"1\"): `/radius`: it does not go with a leaderboard without `around`",
            ),
            (
                with(r#""to":"leaderboard","tournamentId":"race","around":"p","top":1"#),
                "Some(\"1\"): `/top`: it does not go with `around`",
            ),
            (
                with(r#""to":"leaderboard","tournamentId":"race","players":[]"#),
                "Some(\"1\"): `/players`: expected 1 to 20 players",
            ),
            (
                with(r#""to":"leaderboard","tournamentId":"race","players":["a\n"]"#),
                "Some(\"1\"): `/players/0`: expected a player's id of 1 to 128 bytes, found `\"a\\n\"`",
            ),
            (
                with(&format!(r#""to":"balance","playerId":"{long}""#)),
                "Some(\"1\"): `/playerId`: expected a player's id of 1 to 128 bytes",
            ),
        ] {
            let told = told(&text);
            assert!(told.starts_with(expected), "{text}: {told}");
        }
    }
}
