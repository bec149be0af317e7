//! What players earn, spend and still have, together, in both forms.

use accolade_server::Settings;
use accolade_wire::timestamp;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Api, OPERATOR, ask, now_micros, wager};

const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
redemption: { minPoints: 5, holdFor: 1h }
pending: { for: 1h }
tiers: { window: { rolling: 365d }, levels: [{ name: bronze, from: 0 }, { name: silver, from: 50 }] }
";
const PLAYERS: usize = 12;

async fn get(api: &Api, path: &str) -> Value {
    let answer = api.get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

fn today() -> String {
    let now = accolade_domain::time::Timestamp::from_micros(now_micros());
    let text = timestamp::write(now).to_string();
    text.split('T').next().unwrap().to_owned()
}

/// Players of all partitions earn, one of them spends, and one is refused.
async fn what_players_earn_and_spend_is_summed_up(api: &Api, other: &Api) {
    let began = today();
    let body = json!({ "why": "summary", "program": PROGRAM });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
    for number in 0..PLAYERS {
        let mut wager = wager(&format!("w{number}"), &format!("s{number}"));
        wager["wagerAmount"] = json!(100);
        assert_eq!(api.wager(&wager).await["outcome"], "counted");
    }
    let mut refused = wager("r", "s0");
    refused["gameCategory"] = json!("poker");
    assert_eq!(api.wager(&refused).await["outcome"], "refused");
    let opening = api.post("/api/v1/players/s1/opening", &json!({ "points": 50 })).await;
    assert_eq!(opening.status, 200, "{opening:?}");
    let spent = api.post("/api/v1/players/s1/redemptions", &json!({ "points": 24 })).await;
    let confirm = format!("/api/v1/redemptions/{}/confirm", spent.json["id"].as_str().unwrap());
    assert_eq!(other.send(ask("POST", &confirm)).await.status, 200);
    let held = api.post("/api/v1/players/s1/redemptions", &json!({ "points": 6 })).await;
    assert_eq!(held.json["state"], "reserved");

    let race = crate::tournaments::definition(
        "race",
        json!({ "starts": "2040-01-01T00:00:00Z", "ends": "2040-01-02T00:00:00Z" }),
    );
    for (path, body) in [("", &race), ("/race/schedule", &json!({}))] {
        let path = format!("/api/v1/tournaments{path}");
        assert!(api.post(&path, body).await.status.is_success());
    }
    crate::tournaments::heard(api, other, "race").await;

    let summary = get(other, "/api/v1/summary?by=day").await;
    if today() != began {
        return;
    }
    let accounts = json!({ "players": PLAYERS, "liability": 146.0, "debt": 0.0 });
    let mut now = accounts.clone();
    now["reserved"] = json!(6.0);
    now["pending"] = json!(120.0);
    now["held"] = json!(0.0);
    now["averageBalance"] = json!(12.16);
    // What was taken over counts for no tier.
    now["tiers"] =
        json!([{ "tier": "bronze", "players": PLAYERS }, { "tier": "silver", "players": 0 }]);
    now["tournaments"] =
        json!({ "recurring": 0, "scheduled": 1, "live": 0, "settling": 0, "final": 0 });
    now["underWay"] = json!([]);
    assert_eq!(summary["now"], now);
    let points = json!({
        "earned": 120.0, "voided": 0.0, "expired": 0.0, "redeemed": -24.0, "adjusted": 0.0, "opening": 50.0, "prize": 0.0
    });
    let line = &summary["items"].as_array().unwrap().last().unwrap();
    assert_eq!((&line["from"], &line["to"]), (&json!(began), &json!(began)));
    assert_eq!((&line["points"], &line["closing"]), (&points, &accounts));
    let counts = ["wagersCounted", "wagersRefused", "wagersVoided", "newPlayers", "pending"];
    assert_eq!(json!(counts.map(|name| &line[name])), json!([PLAYERS, 1, 0, PLAYERS, 120.0]));
    assert_eq!(line["redemptionRate"], json!(0.2));
    assert_eq!(line["redemptions"]["confirmed"], json!(1));
    assert_eq!(line["redemptions"]["reserved"], json!(2));
    assert_eq!(line["prizes"]["paid"], json!(0));
    let totals = get(api, "/api/v1/summary/totals").await;
    assert_eq!(totals["operatorId"], OPERATOR);
    for name in &counts[..3] {
        assert_eq!(totals[*name], line[*name], "{name}: all was on one day");
    }
    for name in ["players", "liability", "debt"] {
        assert_eq!(totals[name], accounts[name]);
    }
    assert_eq!(totals["points"], points);
    let month = get(api, "/api/v1/summary?by=month").await;
    assert_eq!(month["items"].as_array().unwrap().last().unwrap()["closing"], accounts);
    let before = get(api, "/api/v1/summary?from=2020-01-01&to=2020-01-31").await;
    assert_eq!(before["items"], json!([]));

    let bad = [
        ("from=2026-02-30", "`from`"),
        ("from=yesterday", "`from`"),
        ("from=2026-03-02&to=2026-03-01", "`to`"),
        ("from=2010-01-01&to=2026-01-01", "3700 days"),
        ("by=hour", "`by`"),
    ];
    for (query, words) in bad {
        let answer = api.get(&format!("/api/v1/summary?{query}")).await;
        assert_eq!((answer.status.as_u16(), &answer.json["code"]), (400, &json!("bad_query")));
        assert!(answer.json["detail"].as_str().unwrap().contains(words), "{answer:?}");
    }
}

#[tokio::test]
async fn an_operator_is_summed_up_in_the_embedded_form() {
    let settings = Settings { metrics_by_operator: true, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    what_players_earn_and_spend_is_summed_up(&api, &api).await;
    let metrics = api.get("/metrics").await.text;
    let gauges = [
        "accolade_points_liability{operator=\"operator-789\"} 146\n",
        "accolade_points{operator=\"operator-789\",kind=\"redeemed\"} -24\n",
        "accolade_points{operator=\"operator-789\",kind=\"pending\"} 120\n",
        "accolade_redemptions{operator=\"operator-789\",state=\"confirmed\"} 1\n",
        "accolade_prizes{operator=\"operator-789\",state=\"paid\"} 0\n",
        "accolade_operator_tournaments{operator=\"operator-789\",state=\"scheduled\"} 1\n",
    ];
    for gauge in gauges {
        assert!(metrics.contains(gauge), "{gauge} {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_is_summed_up_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    what_players_earn_and_spend_is_summed_up(a, b).await;
}

/// Players of all partitions score, and two of them have too few events for a position.
async fn what_players_score_is_summed_up(api: &Api, other: &Api) {
    let players = crate::tournaments::players();
    crate::tournaments::begin(api, "race", json!({ "eventsMin": 2 })).await;
    crate::tournaments::heard(api, other, "race").await;
    for (number, player) in players.iter().enumerate() {
        let id = |of: &str| format!("{of}-{number}");
        crate::tournaments::bet(
            api,
            &id("first"),
            player,
            1.0 + f64::from(u32::try_from(number).unwrap()),
        )
        .await;
        if number > 1 {
            crate::tournaments::bet(other, &id("second"), player, 2.0).await;
        }
    }
    // Six have staked from 3 to 8, and 2 more.
    let expected = json!([{
        "tournamentId": "race", "name": "the race", "state": "live", "players": 6, "averageScore": 7.5,
    }]);
    for node in [api, other] {
        let summary = get(node, "/api/v1/summary").await;
        assert_eq!(summary["now"]["underWay"], expected);
    }
}

#[tokio::test]
async fn what_players_of_tournaments_score_is_summed_up_and_in_metrics() {
    let settings = Settings { metrics_by_operator: true, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    what_players_score_is_summed_up(&api, &api).await;
    let metrics = api.get("/metrics").await.text;
    for gauge in [
        "players{operator=\"operator-789\",tournament=\"race\"} 6\n",
        "score_sum{operator=\"operator-789\",tournament=\"race\"} 45\n",
    ] {
        assert!(metrics.contains(&format!("accolade_tournament_{gauge}")), "{gauge} {metrics}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_players_of_tournaments_score_is_summed_up_in_a_cluster_through_either_node() {
    let cluster = Cluster::start().await;
    let [a, b] = cluster.both();
    what_players_score_is_summed_up(a, b).await;
}
