//! What a player has played is found without any id, be it that it gave nothing, in both forms.

use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, ask, days_ago, game_event, now_micros, time, void, wager};

const PLAYER: &str = "p\u{e9}1";

fn path(query: &str) -> String {
    let player: String = form_urlencoded::byte_serialize(PLAYER.as_bytes()).collect();
    format!("/api/v1/players/{player}/events?{query}")
}

async fn page(api: &Api, query: &str) -> Value {
    let answer = api.get(&path(query)).await;
    assert_eq!(answer.status, 200, "{query}: {answer:?}");
    answer.json
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap();
    items.iter().map(|item| item["eventId"].as_str().unwrap()).collect()
}

/// A player asks why a bet of a while ago gave no points. Whoever answers has the player's id, and nothing else.
async fn a_bet_that_gave_nothing_is_found(api: &Api, other: &Api) {
    for number in 0..3 {
        api.wager(&wager(&format!("w-{number}"), PLAYER)).await;
        api.wager(&wager(&format!("w-{number}"), "somebody else")).await;
    }
    let before = time(now_micros() + 1);
    let mut poker = wager("poker", PLAYER);
    poker["gameCategory"] = json!("poker");
    assert_eq!(other.wager(&poker).await["outcome"], "refused");
    let after = time(now_micros() + 1);
    // An id may be spelled with escapes.
    let escaped = wager("escaped", PLAYER).to_string().replace('\u{e9}', "\\u00e9");
    let sent = ask("POST", "/api/v1/wagers?wait=applied").body("application/json", escaped);
    assert_eq!(api.send(sent).await.json["outcome"], "counted");
    let mut late = wager("late", PLAYER);
    late["timestamp"] = days_ago(10).into();
    api.wager(&late).await;
    api.wager(&void("w-1", PLAYER)).await;
    api.wager(&wager("w-2", PLAYER)).await;
    let played = json!([game_event(Some("e-1"), PLAYER)]);
    assert_eq!(api.post("/api/v1/events?wait=applied", &played).await.status, 200);

    let all = ["e-1", "w-2", "w-1", "late", "escaped", "poker", "w-2", "w-1", "w-0"];
    for node in [api, other] {
        let whole = page(node, "").await;
        assert_eq!(ids(&whole), all);
        assert_eq!(whole["nextCursor"], Value::Null);
        let became: Vec<_> = whole["items"].as_array().unwrap().iter().collect();
        let outcomes: Vec<_> = became.iter().map(|it| it["outcome"].as_str().unwrap()).collect();
        let expected = [
            "counted",
            "repeated",
            "voided",
            "dead_letter",
            "counted",
            "refused",
            "counted",
            "counted",
            "counted",
        ];
        assert_eq!(outcomes, expected);
        assert_eq!(became[3]["reason"], "too_late");

        let refused = page(node, "outcome=refused").await;
        assert_eq!(ids(&refused), ["poker"]);
        let found = &refused["items"][0];
        assert_eq!(found["reason"], "zero_multiplier");
        assert_eq!(found["event"], poker);

        let (before, after) = (before.replace(':', "%3A"), after.replace(':', "%3A"));
        assert_eq!(ids(&page(node, &format!("from={before}&to={after}")).await), ["poker"]);
        assert_eq!(ids(&page(node, &format!("to={before}")).await), all[6..]);
        assert_eq!(ids(&page(node, &format!("from={after}")).await), all[..5]);
        assert_eq!(ids(&page(node, "kind=game_event").await), ["e-1"]);
        assert_eq!(ids(&page(node, "kind=void").await), ["w-1"]);
        let none = page(node, "to=2020-01-01T00%3A00%3A00Z").await;
        assert_eq!((ids(&none), &none["lookedTo"]), (Vec::new(), &Value::Null));

        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = page(node, &format!("limit=2{cursor}")).await;
            assert!(page["items"].as_array().unwrap().len() <= 2, "{page}");
            found.extend(ids(&page).into_iter().map(str::to_owned));
            let Some(next) = page["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, all, "no page has a gap, and none has something twice");
        for bad in ["kind=command", "outcome=good", "from=yesterday", "limit=0"] {
            let answer = node.get(&path(bad)).await;
            assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("bad_query")));
        }
        let nobody = node.get("/api/v1/players/nobody/events").await;
        assert_eq!((nobody.status.as_u16(), &nobody.json["items"]), (200, &json!([])));
    }
}

#[tokio::test]
async fn a_player_s_events_are_found_in_the_embedded_form() {
    let api = Api::start().await;
    a_bet_that_gave_nothing_is_found(&api, &api).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_player_s_events_are_found_through_any_node_of_a_cluster() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    a_bet_that_gave_nothing_is_found(a, b).await;
}
