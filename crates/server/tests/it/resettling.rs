//! What comes late in tournaments, and settling them again, in both forms.

use accolade_server::Lent;
use accolade_server::roles::Role;
use serde_json::{Value, json};

use crate::harness::{Api, Ask, OPERATOR, ask, void, wager};
use crate::prizes::{begin, hash_of, prize_entries, settled};
use crate::tournaments::{bet, both, heard, is, of, players, well};

/// Bets that came only now, and were made when the tournament began.
async fn bet_late(api: &Api, id: &str, player: &str, stake: f64, race: &Value) {
    let mut late = wager(id, player);
    late["timestamp"] = race["starts"].clone();
    late["wagerAmount"] = json!(stake);
    // What is below the program's least stake earns nothing.
    let expected = if stake < 1.0 { "refused" } else { "counted" };
    assert_eq!(api.wager(&late).await["outcome"], expected);
}

/// Player, position, points that are won, and points that were paid.
fn lines(results: &Value) -> Vec<Value> {
    let line = |it: &Value| json!([it["playerId"], it["position"], it["points"], it["paid"]]);
    results["items"].as_array().unwrap().iter().map(line).collect()
}

async fn paid(api: &Api, player: &str) -> Vec<f64> {
    let entries = prize_entries(api, player).await;
    entries.iter().map(|entry| entry["points"].as_f64().unwrap()).collect()
}

fn resettle(id: &str, key: &str, body: &Value) -> Ask {
    ask("POST", &of(id, "/resettle")).header("idempotency-key", key).json(body)
}

#[tokio::test]
async fn what_comes_late_is_remarked_and_counted_once_a_person_has_it_settled_again() {
    both(async |api, other| {
        let prizes = json!([{ "from": 1, "points": 300 }, { "from": 2, "to": 3, "pool": 100.01 }]);
        begin(api, other, "race", json!({ "prizes": prizes, "publicPositions": 100 })).await;
        let players = players();
        for (number, player) in (1_u32..).zip(&players) {
            bet(api, &format!("w{number}"), player, f64::from(100 * number)).await;
        }
        let why = json!({ "why": "a cheat" });
        is(&api.post(&of("race", "/resettle"), &why).await, 409, "tournament_not_settled");
        let first = settled(api, "race", |it| it["paidAt"].is_string()).await;
        heard(api, other, "race").await;
        let race = well(api.get(&of("race", "")).await);
        let none = json!({ "wagers": 0, "voids": 0, "gameEvents": 0, "items": [] });
        assert_eq!(first["remarks"], none);
        assert_eq!(
            json!([first["version"], first["versions"], first["previousHash"]]),
            json!([1, 1, null])
        );
        is(&other.post(&of("race", "/resettle"), &why).await, 409, "nothing_late");
        is(&api.post(&of("race", "/resettle"), &json!({})).await, 400, "malformed");
        let wrong = json!({ "why": "x", "takeBack": 1 });
        is(&api.post(&of("race", "/resettle"), &wrong).await, 400, "malformed");

        // The first has cheated, and a bet of the fifth was lost on its way.
        let first_board = well(other.get(&of("race", "/leaderboard?top=20")).await);
        assert_eq!(api.wager(&void("w8", &players[7])).await["outcome"], "voided");
        bet_late(other, "late-1", &players[4], 450.0, &race).await;
        bet_late(other, "too-small", &players[4], 0.5, &race).await;
        let remarked = well(other.get(&of("race", "/results")).await);
        let counts = |results: &Value| {
            let remarks = &results["remarks"];
            json!(["wagers", "voids", "gameEvents"].map(|name| remarks[name].clone()))
        };
        assert_eq!(counts(&remarked), json!([1, 1, 0]));
        let [gone, more] = &remarked["remarks"]["items"].as_array().unwrap()[..] else {
            panic!("{remarked}")
        };
        let said =
            |it: &Value| json!([it["kind"], it["id"], it["playerId"], it["delta"], it["score"]]);
        assert_eq!(said(gone), json!(["void", "w8", players[7], -800, 0]));
        assert_eq!(said(more), json!(["wager", "late-1", players[4], 450, 950]));
        assert_eq!(more["timestamp"], race["starts"]);
        for same in ["hash", "items", "players", "state"] {
            assert_eq!(remarked[same], first[same]);
        }
        assert_eq!(well(api.get(&of("race", "/leaderboard?top=20")).await), first_board);

        // A dry run says what would change, and changes nothing.
        let dry = well(other.post(&of("race", "/resettle?dryRun=true"), &why).await);
        let told = ["version", "lateWagers", "lateVoids", "players", "more", "less", "dryRun"];
        assert_eq!(
            json!(told.map(|name| dry[name].clone())),
            json!([2, 1, 1, 7, 300.0, 300.0, true])
        );
        let moved = |it: &Value| {
            json!([it["playerId"], it["placeBefore"], it["place"], it["paid"], it["points"]])
        };
        let items: Vec<_> = dry["items"].as_array().unwrap().iter().map(moved).collect();
        // The second and the third have the same places, the others one less.
        assert_eq!(items[0], json!([players[4], 4, 1, 0.0, 300.0]));
        assert_eq!(items[items.len() - 1], json!([players[7], 1, null, 300.0, 0.0]));
        let after = well(api.get(&of("race", "/results")).await);
        assert_eq!(json!([after["versions"], after["state"]]), json!([1, "final"]));

        // It is settled again once, at whichever node and however often it is asked for.
        let asks = || resettle("race", "once", &why);
        let (one, two) = tokio::join!(api.send(asks()), other.send(asks()));
        let (one, two) = (well(one), well(two));
        assert_eq!((&one["version"], &two["version"]), (&json!(2), &json!(2)));
        let second =
            settled(api, "race", |it| it["version"] == 2 && it["paidAt"].is_string()).await;
        heard(api, other, "race").await;
        assert_eq!(well(other.send(asks()).await)["version"], 2);
        let p = |at: usize| &players[at];
        let expected = vec![
            json!([p(4), 1, 300.0, 300.0]),
            json!([p(6), 2, 50.01, 50.01]),
            json!([p(5), 3, 50.0, 50.0]),
            json!([p(3), 4, 0.0, 0.0]),
            json!([p(2), 5, 0.0, 0.0]),
            json!([p(1), 6, 0.0, 0.0]),
            json!([p(0), 7, 0.0, 0.0]),
            // What was paid stays paid.
            json!([p(7), null, 0.0, 300.0]),
        ];
        assert_eq!(lines(&second), expected);
        assert_eq!(
            json!([second["places"], second["former"], second["versions"]]),
            json!([7, 1, 2])
        );
        assert_eq!(json!([second["resettledWhy"], second["takeBack"]]), json!(["a cheat", false]));
        assert_eq!((&second["remarks"], &second["previousHash"]), (&none, &first["hash"]));
        assert_eq!(second["hash"], hash_of(&second, &race));
        assert_ne!(second["hash"], first["hash"]);
        for (player, points) in [(4, 300.0), (5, 50.0), (6, 50.01), (7, 300.0)] {
            assert_eq!(paid(other, p(player)).await, [points], "{player}");
        }
        let board = well(other.get(&of("race", "/leaderboard?top=20")).await);
        assert_eq!(board["items"][0]["playerId"], players[4]);
        // As of a time before, it is what it was then.
        let then = first["paidAt"].as_str().unwrap();
        let then = well(other.get(&of("race", &format!("/leaderboard?top=20&asOf={then}"))).await);
        assert_eq!((&then["items"], &then["players"]), (&first_board["items"], &json!(8)));
        // The first version is as it was, with what came late after it.
        let old = well(other.get(&of("race", "/results?version=1")).await);
        for same in ["hash", "items", "players", "settledAt", "remarks"] {
            assert_eq!(old[same], remarked[same], "{same}");
        }
        is(&api.get(&of("race", "/results?version=3")).await, 404, "not_found");
        is(&api.post(&of("race", "/resettle"), &why).await, 409, "nothing_late");

        // What is taken back is taken where there is any.
        assert_eq!(api.wager(&void("late-1", p(4))).await["outcome"], "voided");
        let spent = json!({ "points": -100, "why": "a test" });
        well(api.post(&format!("/api/v1/players/{}/adjustments", p(7)), &spent).await);
        let body = json!({ "why": "the bet was none", "takeBack": true });
        well(other.send(resettle("race", "twice", &body)).await);
        let third = settled(api, "race", |it| it["version"] == 3 && it["paidAt"].is_string()).await;
        heard(api, other, "race").await;
        assert_eq!(
            lines(&third)[..3],
            [
                json!([p(6), 1, 300.0, 300.0]),
                json!([p(5), 2, 50.01, 50.01]),
                json!([p(4), 3, 50.0, 50.0]),
            ]
        );
        assert_eq!(lines(&third)[7], json!([p(7), null, 0.0, 100.0]));
        assert_eq!(third["hash"], hash_of(&third, &race));
        assert_eq!(third["previousHash"], second["hash"]);
        let mut added = paid(other, p(6)).await;
        added.sort_by(f64::total_cmp);
        assert_eq!(added, [50.01, 249.99]);
        assert_eq!(paid(other, p(5)).await.len(), 2);
        let mut taken = paid(api, p(4)).await;
        taken.sort_by(f64::total_cmp);
        assert_eq!(taken, [-250.0, 300.0]);
        let mut taken = paid(api, p(7)).await;
        taken.sort_by(f64::total_cmp);
        assert_eq!(taken, [-200.0, 300.0]);
        let balance = well(other.get(&format!("/api/v1/players/{}/balance", p(7))).await);
        assert_eq!(balance["pointsBalance"], json!(0.0), "{balance}");

        // A player sees no remarks, and what was won before and is no place any more.
        let (role, operators) = (Role::Player, vec![OPERATOR.to_owned()]);
        api.service.lend("a-player", Lent { role, operators, player: Some(p(7).clone()) });
        let bearer = "Bearer a-player";
        let seen = ask("GET", &of("race", "/results")).header("authorization", bearer);
        let seen = well(api.send_bare(seen).await);
        assert_eq!(json!([seen["remarks"], seen["resettledBy"]]), json!([null, null]));
        assert_eq!(lines(&seen)[7], json!([p(7), null, 0.0, 100.0]));
    })
    .await;
}

#[tokio::test]
async fn a_thing_is_handed_out_once_and_nothing_is_settled_again_while_prizes_are_under_way() {
    both(async |api, other| {
        let voucher = json!({ "kind": "voucher", "name": "a cup of tea" });
        let more = json!({ "prizes": [{ "from": 1, "thing": voucher }], "approval": true });
        begin(api, other, "race", more).await;
        let players = players();
        bet(api, "w1", &players[0], 200.0).await;
        bet(api, "w2", &players[1], 100.0).await;
        let waits = |it: &Value| it["items"].as_array().is_some_and(|items| items.len() == 2);
        settled(api, "race", waits).await;
        assert_eq!(api.wager(&void("w1", &players[0])).await["outcome"], "voided");
        let why = json!({ "why": "a cheat" });
        is(&api.post(&of("race", "/resettle"), &why).await, 409, "prizes_under_way");
        let approve = |body: Value| {
            let ask = ask("POST", &of("race", "/approve"));
            ask.header("idempotency-key", "approves").json(&body)
        };
        well(api.send(approve(json!({}))).await);
        settled(api, "race", |it| it["paidAt"].is_string()).await;
        heard(api, other, "race").await;
        let under_way = other.post(&of("race", "/resettle"), &why).await;
        is(&under_way, 409, "prizes_under_way");
        assert!(under_way.json["detail"].as_str().unwrap().contains("place 1"), "{under_way:?}");
        let fulfil = async |player: usize, state: &str| {
            let said = json!({ "tournamentId": "race", "place": 1, "state": state, "why": "so" });
            well(api.post(&format!("/api/v1/players/{}/prizes", players[player]), &said).await)
        };
        fulfil(0, "paid").await;
        well(other.post(&of("race", "/resettle"), &why).await);
        settled(api, "race", |it| it["version"] == 2 && waits_for(it)).await;
        is(&api.post(&of("race", "/resettle"), &why).await, 409, "prizes_under_way");
        // Whoever approves of the first results again does not approve of these.
        is(&api.send(approve(json!({}))).await, 409, "prize_closed");
        is(&api.post(&of("race", "/approve"), &json!({ "version": 3 })).await, 409, "prize_closed");
        is(&api.post(&of("race", "/approve"), &json!({ "version": 0 })).await, 400, "malformed");
        let yes = json!({ "version": 2, "why": "again" });
        well(api.post(&of("race", "/approve"), &yes).await);
        let again = settled(api, "race", |it| it["version"] == 2 && it["paidAt"].is_string()).await;
        let states = |results: &Value| -> Vec<Value> {
            let items = results["items"].as_array().unwrap().iter();
            items.map(|it| json!([it["playerId"], it["state"]])).collect()
        };
        let expected = [json!([players[1], "processing"]), json!([players[0], "none"])];
        assert_eq!(states(&again), expected);
        fulfil(1, "paid").await;
        settled(api, "race", |it| it["version"] == 2 && it["paidAt"].is_string()).await;
        heard(api, other, "race").await;
        is(&other.post(&of("race", "/resettle"), &why).await, 409, "nothing_late");

        // Who had the thing, lost it and wins it back is not given it again.
        let race = well(api.get(&of("race", "")).await);
        bet_late(api, "late-1", &players[0], 300.0, &race).await;
        well(other.post(&of("race", "/resettle"), &why).await);
        settled(api, "race", |it| it["version"] == 3 && waits_for(it)).await;
        well(api.post(&of("race", "/approve"), &json!({ "version": 3 })).await);
        let third = settled(api, "race", |it| it["version"] == 3 && it["paidAt"].is_string()).await;
        let expected = [json!([players[0], "paid"]), json!([players[1], "none"])];
        assert_eq!(states(&third), expected);
    })
    .await;
}

fn waits_for(results: &Value) -> bool {
    results["items"].as_array().is_some_and(|items| items.len() == 2)
        && results["items"][0]["state"] == "awaiting_approval"
}
