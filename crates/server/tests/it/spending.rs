//! Points are reserved and spent, adjusted and taken over, and players excluded, in both forms.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use accolade_server::Settings;
use accolade_wire::timestamp;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::cluster::fake::Cluster;
use crate::harness::{Answer, Api, ask, wager};

const PROGRAM: &str = "\
currency: EUR
earning: { multipliers: { slots: 0.1 } }
redemption: { minPoints: 5, holdFor: 1h }
adjustments: { approvalAbove: 50 }
";

async fn publish(api: &Api) {
    let body = json!({ "why": "spending", "program": PROGRAM });
    let publish = ask("POST", "/api/v1/program/versions").json(&body).header("if-match", "1");
    assert_eq!(api.send(publish).await.status, 201);
}

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!(
        (answer.status.as_u16(), &answer.json["code"]),
        (status, &json!(code)),
        "{answer:?}"
    );
}

async fn get(api: &Api, path: &str) -> Value {
    let answer = api.get(path).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.json
}

async fn points(api: &Api, player: &str) -> Value {
    let balance = get(api, &format!("/api/v1/players/{player}/balance")).await;
    json!(["pointsBalance", "reserved", "available"].map(|name| &balance[name]))
}

async fn earn(api: &Api, player: &str, stakes: &[f64]) {
    for (number, stake) in stakes.iter().enumerate() {
        let mut wager = wager(&format!("w-{player}-{number}"), player);
        wager["wagerAmount"] = json!(stake);
        assert_eq!(api.wager(&wager).await["outcome"], "counted");
    }
}

/// Asks through one node, and reads through another.
async fn points_are_reserved_and_spent(api: &Api, other: &Api) {
    publish(api).await;
    earn(api, "p1", &[600.0, 400.0]).await;
    let redemptions = "/api/v1/players/p1/redemptions";
    let body = json!({ "points": 60, "item": "ten spins" });
    let dry = api.post(&format!("{redemptions}?dryRun=true"), &body).await;
    assert_eq!(
        json!([dry.json["id"], dry.json["state"], dry.json["dryRun"]]),
        json!([null, "reserved", true])
    );
    let reserve = || ask("POST", redemptions).json(&body).header("idempotency-key", "first");
    let reserved = api.send(reserve()).await.json;
    assert_eq!(
        json!([reserved["state"], reserved["points"], reserved["item"]]),
        json!(["reserved", 60.0, "ten spins"])
    );
    // The same key, through either node, is the same redemption.
    assert_eq!(other.send(reserve()).await.json, reserved);
    assert_eq!(points(other, "p1").await, json!([100.0, 60.0, 40.0]));
    is(&api.post(redemptions, &json!({ "points": 40.01 })).await, 409, "insufficient_points");
    let too_few = api.post(redemptions, &json!({ "points": 4.99 })).await;
    is(&too_few, 422, "below_minimum");
    let detail =
        "the program in force lets no fewer than 5.00 be redeemed (`redemption.minPoints`)";
    assert_eq!(too_few.json["errors"], json!([{ "pointer": "/points", "detail": detail }]));
    is(&api.post("/api/v1/players/nobody/redemptions", &body).await, 404, "not_found");
    for wrong in
        [json!({}), json!({ "points": 0 }), json!({ "points": "5" }), json!({ "points": 5.001 })]
    {
        let answer = api.post(redemptions, &wrong).await;
        is(&answer, 400, "malformed");
        assert_eq!(answer.json["errors"][0]["pointer"], "/points", "{answer:?}");
    }
    let second = api.post(redemptions, &json!({ "points": 40 })).await.json;

    let of =
        |redemption: &Value| format!("/api/v1/redemptions/{}", redemption["id"].as_str().unwrap());
    let confirm = format!("{}/confirm", of(&reserved));
    let confirmed = other.send(ask("POST", &confirm)).await;
    assert_eq!((confirmed.status.as_u16(), &confirmed.json["state"]), (200, &json!("confirmed")));
    assert_eq!(api.send(ask("POST", &confirm)).await.json, confirmed.json);
    let why = json!({ "why": "changed their mind" });
    is(&api.post(&format!("{}/cancel", of(&reserved)), &why).await, 409, "redemption_confirmed");
    let cancelled = other.post(&format!("{}/cancel", of(&second)), &why).await.json;
    assert_eq!(
        json!([cancelled["state"], cancelled["why"]]),
        json!(["cancelled", "changed their mind"])
    );
    is(
        &api.send(ask("POST", &format!("{}/confirm", of(&second)))).await,
        409,
        "redemption_cancelled",
    );
    is(&api.send(ask("POST", "/api/v1/redemptions/0-0-1-1/confirm")).await, 404, "not_found");
    is(&api.send(ask("POST", "/api/v1/redemptions/what/confirm")).await, 404, "not_found");
    assert_eq!(points(other, "p1").await, json!([40.0, 0.0, 40.0]));

    // Each point is followed from the wager to what it was spent on.
    let ledger = get(other, "/api/v1/players/p1/ledger?kind=redeemed").await;
    let entry = &ledger["items"][0];
    assert_eq!(entry["cause"], json!({ "type": "redemption", "id": reserved["id"] }));
    assert_eq!(entry["points"], json!(-60.0));
    assert_eq!(entry["lots"]["changed"][0]["points"], json!(-60.0));
    assert_eq!(reserved["lots"][0]["month"], entry["lots"]["changed"][0]["month"]);
    assert_eq!(get(api, &of(&reserved)).await, confirmed.json);
    let first = get(other, &format!("{redemptions}?limit=1")).await;
    assert_eq!(first["items"], json!([confirmed.json]));
    let cursor = first["nextCursor"].as_str().unwrap();
    let rest = get(api, &format!("{redemptions}?limit=1&cursor={cursor}")).await;
    assert_eq!((&rest["items"], &rest["nextCursor"]), (&json!([cancelled]), &Value::Null));
}

async fn a_person_adjusts_and_another_approves(api: &Api, other: &Api) {
    publish(api).await;
    earn(api, "p2", &[100.0]).await;
    let adjustments = "/api/v1/players/p2/adjustments";
    is(&api.post(adjustments, &json!({ "points": 5 })).await, 400, "malformed");
    let tried = async |points: f64| {
        let body = json!({ "points": points, "why": "tried" });
        let dry = api.post(&format!("{adjustments}?dryRun=true"), &body).await.json;
        json!([dry["id"], dry["state"], dry["dryRun"]])
    };
    assert_eq!(tried(50.0).await, json!([null, "made", true]));
    assert_eq!(tried(50.01).await, json!([null, "waiting", true]));
    assert_eq!(tried(-50.01).await, json!([null, "waiting", true]));
    let small =
        api.post(adjustments, &json!({ "points": -2.5, "why": "counted twice" })).await.json;
    assert_eq!(json!([small["state"], small["points"]]), json!(["made", -2.5]));
    let large = api.post(adjustments, &json!({ "points": 50.01, "why": "a gift" })).await.json;
    assert_eq!(large["state"], "waiting");
    assert_eq!(points(other, "p2").await, json!([7.5, 0.0, 7.5]));
    let approve = format!("/api/v1/adjustments/{}/approve", large["id"].as_str().unwrap());
    let why = json!({ "why": "looked at it" });
    is(&other.post(&approve, &why).await, 409, "own_adjustment");
    let made = api.post("/api/v1/keys", &json!({ "name": "second", "roles": ["support"] })).await;
    let second = format!("Bearer {}", made.json["secret"].as_str().unwrap());
    let by_another = |path: &str| ask("POST", path).json(&why).header("authorization", &second);
    let dry = api.send_bare(by_another(&format!("{approve}?dryRun=true"))).await.json;
    assert_eq!(
        json!([dry["state"], dry["decision"], dry["decidedBy"]]),
        json!([
            "made",
            "looked at it",
            format!("the key {} of operator-789", made.json["id"].as_str().unwrap())
        ])
    );
    let approved = api.send_bare(by_another(&approve)).await;
    assert_eq!((approved.status.as_u16(), &approved.json["state"]), (200, &json!("made")));
    assert_eq!(approved.json["decision"], "looked at it");
    is(&api.send_bare(by_another(&approve)).await, 409, "adjustment_closed");
    assert_eq!(points(other, "p2").await, json!([57.51, 0.0, 57.51]));
    let most = json!({ "points": -50, "why": "taken back" });
    assert_eq!(api.post(adjustments, &most).await.json["state"], "made");
    is(&api.post(adjustments, &most).await, 409, "insufficient_points");
    let listed = get(other, adjustments).await;
    let states = listed["items"].as_array().unwrap().iter().map(|item| &item["points"]);
    assert_eq!(json!(states.collect::<Vec<_>>()), json!([-2.5, 50.01, -50.0]));
    let ledger = get(other, "/api/v1/players/p2/ledger?kind=adjusted").await;
    assert_eq!(ledger["items"][1]["cause"], json!({ "type": "adjustment", "id": large["id"] }));
}

async fn who_is_excluded_keeps_the_balance_and_earns_nothing(api: &Api, other: &Api) {
    publish(api).await;
    earn(api, "p3", &[100.0]).await;
    let reserved = api.post("/api/v1/players/p3/redemptions", &json!({ "points": 10 })).await.json;
    let exclusion = "/api/v1/players/p3/self-exclusion";
    let past = json!({ "until": "2020-01-01T00:00:00Z", "why": "asked for" });
    is(&api.send(ask("PUT", exclusion).json(&past)).await, 400, "malformed");
    let until = json!({ "until": "2090-01-01T00:00:00Z", "why": "asked for" });
    let excluded = api.send(ask("PUT", exclusion).json(&until)).await.json;
    assert_eq!(
        json!([excluded["isExcluded"], excluded["until"], excluded["why"]]),
        json!([true, "2090-01-01T00:00:00Z", "asked for"])
    );
    let refused = api.wager(&wager("w-refused", "p3")).await;
    assert_eq!(
        json!([refused["outcome"], refused["reason"], refused["pointsBalance"]]),
        json!(["refused", "self_excluded", 10.0])
    );
    let id = reserved["id"].as_str().unwrap();
    assert_eq!(get(other, &format!("/api/v1/redemptions/{id}")).await["state"], "cancelled");
    is(
        &api.post("/api/v1/players/p3/redemptions", &json!({ "points": 10 })).await,
        409,
        "self_excluded",
    );
    let sooner = json!({ "until": "2080-01-01T00:00:00Z", "why": "sooner" });
    is(&other.send(ask("PUT", exclusion).json(&sooner)).await, 409, "exclusion_holds");
    let lifted = other.post(&format!("{exclusion}/lift"), &json!({ "why": "a mistake" })).await;
    assert_eq!(lifted.json["isExcluded"], false, "{lifted:?}");
    is(
        &api.post(&format!("{exclusion}/lift"), &json!({ "why": "again" })).await,
        409,
        "not_excluded",
    );
    assert_eq!(get(other, exclusion).await["isExcluded"], false);
    assert_eq!(api.wager(&wager("w-counts", "p3")).await["outcome"], "counted");
}

async fn a_balance_is_taken_over_once(api: &Api, other: &Api) {
    let opening = "/api/v1/players/p4/opening";
    let taken = api.post(opening, &json!({ "points": 1200.5 })).await;
    assert_eq!((taken.status.as_u16(), &taken.json["outcome"]), (200, &json!("done")));
    is(&other.post(opening, &json!({ "points": 1 })).await, 409, "opening_exists");
    assert_eq!(points(other, "p4").await, json!([1200.5, 0.0, 1200.5]));
    let ledger = get(other, "/api/v1/players/p4/ledger").await;
    let entry = &ledger["items"][0];
    assert_eq!(json!([entry["kind"], entry["cause"]["type"]]), json!(["opening", "import"]));
}

/// What was misspelt would not be done, and its sender would be told that it was.
async fn a_command_with_a_field_that_nobody_knows_is_refused(api: &Api, other: &Api) {
    publish(api).await;
    earn(api, "p6", &[1_000.0]).await;
    let of = |what: &str| format!("/api/v1/players/p6/{what}");
    let gift = json!({ "points": 60, "why": "a gift" });
    let waiting = api.post(&of("adjustments"), &gift).await.json["id"].clone();
    let reserved = api.post(&of("redemptions"), &json!({ "points": 5 })).await.json["id"].clone();
    let [waiting, reserved] = [&waiting, &reserved].map(|id| id.as_str().unwrap());
    let why = "a test";
    for (method, path, body, field, meant) in [
        (
            "PUT",
            of("self-exclusion"),
            json!({ "untill": "2090-01-01T00:00:00Z", "why": why }),
            "untill",
            "until",
        ),
        ("POST", of("self-exclusion/lift"), json!({ "why": why, "wy": why }), "wy", "why"),
        (
            "POST",
            of("redemptions"),
            json!({ "points": 5, "rewardID": "mug" }),
            "rewardID",
            "rewardId",
        ),
        (
            "POST",
            of("adjustments"),
            json!({ "points": 5, "why": why, "Points": 6 }),
            "Points",
            "points",
        ),
        ("POST", of("opening"), json!({ "points": 5, "point": 6 }), "point", "points"),
        ("PUT", of("consent"), json!({ "consent": "in", "consnet": "out" }), "consnet", "consent"),
        (
            "POST",
            of("signals"),
            json!({ "name": "ring", "why": why, "wager_id": "w" }),
            "wager_id",
            "wagerId",
        ),
        (
            "POST",
            "/api/v1/signals/0-0-1-1/take".into(),
            json!({ "why": why, "whi": 1 }),
            "whi",
            "why",
        ),
        (
            "POST",
            format!("/api/v1/adjustments/{waiting}/approve"),
            json!({ "why": why, "whyy": 1 }),
            "whyy",
            "why",
        ),
        (
            "POST",
            format!("/api/v1/adjustments/{waiting}/reject"),
            json!({ "why": why, "whyy": 1 }),
            "whyy",
            "why",
        ),
        (
            "POST",
            format!("/api/v1/redemptions/{reserved}/cancel"),
            json!({ "why": why, "whyy": 1 }),
            "whyy",
            "why",
        ),
        (
            "POST",
            "/api/v1/program/versions".into(),
            json!({ "why": why, "program": "", "effectiveForm": 1 }),
            "effectiveForm",
            "effectiveFrom",
        ),
    ] {
        let refused = other.send(ask(method, &path).json(&body)).await;
        is(&refused, 400, "malformed");
        let detail = format!("unknown field; did you mean `{meant}`?");
        let expected = json!([{ "pointer": format!("/{field}"), "detail": detail }]);
        assert_eq!(refused.json["errors"], expected, "{path}");
    }
    assert_eq!(get(api, &of("self-exclusion")).await["isExcluded"], false);
    assert_eq!(points(other, "p6").await, json!([100.0, 5.0, 95.0]));
}

/// Staff say to each other what is not for the player.
async fn a_player_reads_none_of_what_the_staff_has_said(api: &Api, other: &Api) {
    publish(api).await;
    earn(api, "p7", &[1_000.0]).await;
    let of = |what: &str| format!("/api/v1/players/p7/{what}");
    let secret = "he is a nuisance";
    let said = json!({ "points": 2, "why": secret });
    assert_eq!(api.post(&of("adjustments"), &said).await.json["why"], secret);
    let request = || ask("POST", &of("redemptions")).json(&json!({ "points": 5 }));
    let signed = api.post("/api/v1/player-tokens", &json!({ "playerId": "p7" })).await.json;
    let bearer = format!("Bearer {}", signed["token"].as_str().unwrap());
    let own = async |ask: crate::harness::Ask| {
        let answer = other.send_bare(ask.header("authorization", &bearer)).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    };
    let made = own(request().header("idempotency-key", "own")).await.json;
    let cancel = format!("/api/v1/redemptions/{}/cancel", made["id"].as_str().unwrap());
    assert_eq!(api.post(&cancel, &json!({ "why": secret })).await.json["why"], secret);
    let exclude = ask("PUT", &of("self-exclusion")).json(&json!({ "why": secret }));
    assert_eq!(api.send(exclude).await.json["why"], secret);

    let again = own(request().header("idempotency-key", "own")).await;
    assert_eq!(json!([again.json["state"], again.json["why"]]), json!(["cancelled", null]));
    for what in ["adjustments", "redemptions", "self-exclusion", "ledger", "balance"] {
        let seen = own(ask("GET", &of(what))).await;
        assert!(!seen.text.contains(secret) && !seen.text.contains("the key "), "{what}: {seen:?}");
        let staff = get(api, &of(what)).await.to_string();
        let has_words = !matches!(what, "ledger" | "balance");
        assert_eq!(staff.contains(secret), has_words, "{what}: {staff}");
    }
}

/// 64 at once, of points for one.
async fn points_for_one_are_reserved_once(api: &Api, other: &Api) {
    publish(api).await;
    earn(api, "p5", &[100.0]).await;
    let body = json!({ "points": 10 });
    let path = "/api/v1/players/p5/redemptions";
    let asked = (0..64).map(|number| {
        let node = if number % 2 == 0 { api } else { other };
        node.post(path, &body)
    });
    let answers = join_all(asked).await;
    let made = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        is(answer, 409, "insufficient_points");
    }
    assert_eq!(points(other, "p5").await, json!([10.0, 10.0, 0.0]));
}

/// All items of a list, two a page.
async fn pages(api: &Api, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = get(api, &format!("{path}&limit=2{cursor}")).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2, "{page}");
        all.extend(items.iter().cloned());
        let Some(next) = page["nextCursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

/// By their ids, which a list is in the order of.
fn in_order(mut requests: Vec<Value>) -> Vec<Value> {
    requests.sort_by_key(|request| {
        let parts = request["id"].as_str().unwrap().split('-').map(|part| part.parse().unwrap());
        parts.collect::<Vec<u64>>()
    });
    requests
}

async fn what_is_open_is_found_whosever_it_is(api: &Api, other: &Api) {
    publish(api).await;
    let stranger = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    let (redemptions, adjustments) =
        ("/api/v1/redemptions?state=reserved", "/api/v1/adjustments?state=waiting");
    let (mut reserved, mut waiting) = (Vec::new(), Vec::new());
    for player in ["o1", "o2", "o3", "o4", "o5", "o6"] {
        earn(api, player, &[200.0]).await;
        let of = |what: &str| format!("/api/v1/players/{player}/{what}");
        for points in [5, 6] {
            let body = json!({ "points": points });
            reserved.push(other.post(&of("redemptions"), &body).await.json);
        }
        let gift = json!({ "points": 60, "why": "a gift" });
        waiting.push(api.post(&of("adjustments"), &gift).await.json);
        // What is made at once waits for nobody.
        api.post(&of("adjustments"), &json!({ "points": 1, "why": "a small gift" })).await;
    }
    let of = |redemption: &Value, what: &str| {
        format!("/api/v1/redemptions/{}/{what}", redemption["id"].as_str().unwrap())
    };
    assert_eq!(api.send(ask("POST", &of(&reserved.remove(7), "confirm"))).await.status, 200);
    let why = json!({ "why": "changed their mind" });
    assert_eq!(api.post(&of(&reserved.remove(2), "cancel"), &why).await.status, 200);
    let (reserved, waiting) = (in_order(reserved), in_order(waiting));
    for node in [api, other] {
        assert_eq!(pages(node, redemptions).await, reserved);
        assert_eq!(pages(node, adjustments).await, waiting);
        let whole = get(node, "/api/v1/redemptions").await;
        assert_eq!(whole, json!({ "items": reserved, "nextCursor": null }));
        for path in [redemptions, adjustments] {
            let theirs = node.send_bare(ask("GET", path).header("authorization", &stranger)).await;
            assert_eq!(theirs.json, json!({ "items": [], "nextCursor": null }), "{theirs:?}");
        }
        for wrong in ["/api/v1/redemptions?state=waiting", "/api/v1/adjustments?state=reserved"] {
            is(&node.get(wrong).await, 400, "bad_query");
        }
    }
}

/// The newest first; of one moment, in the order of partitions.
fn newest_first(mut requests: Vec<Value>, asked_at: &str) -> Vec<Value> {
    let place = |request: &Value| {
        let parts = request["id"].as_str().unwrap().split('-').map(|part| part.parse().unwrap());
        let parts: Vec<u64> = parts.collect();
        (parts[0], Reverse(parts[2]), Reverse(parts[3]))
    };
    requests.sort_by_key(|request| (Reverse(micros(&request[asked_at])), place(request)));
    requests
}

fn micros(time: &Value) -> i64 {
    timestamp::read(time.as_str().unwrap()).unwrap().micros()
}

async fn any_state_is_found_the_newest_first(api: &Api, other: &Api) {
    publish(api).await;
    let stranger = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    let (mut ids, mut adjusted) = (Vec::new(), Vec::new());
    for round in 0..3 {
        for player in ["n1", "n2", "n3", "n4", "n5"] {
            if round == 0 {
                earn(api, player, &[400.0]).await;
            }
            let of = |what: &str| format!("/api/v1/players/{player}/{what}");
            let made = other.post(&of("redemptions"), &json!({ "points": 5 })).await.json;
            let id = made["id"].as_str().unwrap().to_owned();
            let change = |what: &str| format!("/api/v1/redemptions/{id}/{what}");
            match ids.len() % 3 {
                0 => drop(api.send(ask("POST", &change("confirm"))).await),
                1 => drop(api.post(&change("cancel"), &json!({ "why": "a test" })).await),
                _ => {}
            }
            ids.push(id);
            let points = if ids.len() % 2 == 0 { 60 } else { 1 };
            let gift = json!({ "points": points, "why": "a gift" });
            adjusted.push(api.post(&of("adjustments"), &gift).await.json);
        }
    }
    let mut all = Vec::new();
    for id in &ids {
        all.push(get(other, &format!("/api/v1/redemptions/{id}")).await);
    }
    let all = newest_first(all, "reservedAt");
    let adjusted = newest_first(adjusted, "askedAt");
    let in_state = |all: &[Value], state: &str| -> Vec<Value> {
        all.iter().filter(|request| request["state"] == state).cloned().collect()
    };
    let at = |request: &Value| request["reservedAt"].as_str().unwrap().to_owned();
    let (newer, older) = (at(&all[3]), at(&all[9]));
    let between = |request: &&Value| {
        (micros(&json!(older))..micros(&json!(newer))).contains(&micros(&request["reservedAt"]))
    };
    let between: Vec<Value> = all.iter().filter(between).cloned().collect();
    assert!(between.len() > 3);
    for node in [api, other] {
        assert_eq!(pages(node, "/api/v1/redemptions?state=all").await, all);
        for state in ["requested", "confirmed", "cancelled", "lapsed"] {
            let path = format!("/api/v1/redemptions?state={state}");
            assert_eq!(pages(node, &path).await, in_state(&all, state), "{state}");
        }
        assert_eq!(in_state(&all, "confirmed").len(), 5);
        let stretch = format!("from={older}&to={newer}");
        assert_eq!(pages(node, &format!("/api/v1/redemptions?state=all&{stretch}")).await, between);
        let reserved = pages(node, &format!("/api/v1/redemptions?{stretch}")).await;
        assert_eq!(reserved, in_state(&between, "reserved"));
        assert_eq!(pages(node, "/api/v1/adjustments?state=all").await, adjusted);
        for state in ["made", "rejected"] {
            let path = format!("/api/v1/adjustments?state={state}");
            assert_eq!(pages(node, &path).await, in_state(&adjusted, state), "{state}");
        }
        for what in ["redemptions", "adjustments"] {
            let path = format!("/api/v1/{what}?state=all");
            let theirs = node.send_bare(ask("GET", &path).header("authorization", &stranger)).await;
            assert_eq!(theirs.json, json!({ "items": [], "nextCursor": null }), "{theirs:?}");
        }
        is(&node.get("/api/v1/redemptions?from=yesterday").await, 400, "bad_query");
    }
}

async fn play_all(api: &Api, other: &Api, which: usize) {
    match which {
        0 => points_are_reserved_and_spent(api, other).await,
        1 => a_person_adjusts_and_another_approves(api, other).await,
        2 => who_is_excluded_keeps_the_balance_and_earns_nothing(api, other).await,
        3 => a_balance_is_taken_over_once(api, other).await,
        4 => what_is_open_is_found_whosever_it_is(api, other).await,
        5 => any_state_is_found_the_newest_first(api, other).await,
        6 => a_command_with_a_field_that_nobody_knows_is_refused(api, other).await,
        7 => a_player_reads_none_of_what_the_staff_has_said(api, other).await,
        _ => points_for_one_are_reserved_once(api, other).await,
    }
}

const SCENARIOS: usize = 9;

/// What another operator has open makes pages short, and is never on them.
#[tokio::test]
async fn what_is_passed_over_is_not_looked_at_twice() {
    let settings = Settings { letters_looked_at_max: 3, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    publish(&api).await;
    let key = format!("Bearer {}", api.add_operator("operator-555", 0).await);
    let theirs = |path: &str, body: &Value| {
        api.send_bare(ask("POST", path).json(body).header("authorization", &key))
    };
    let program = json!({ "why": "theirs", "program": PROGRAM });
    assert_eq!(theirs("/api/v1/program/versions", &program).await.status, 201);
    let (opening, gift) = (json!({ "points": 1000 }), json!({ "points": 60, "why": "a gift" }));
    for number in 0..20 {
        let path = |what: &str| format!("/api/v1/players/s{number}/{what}");
        theirs(&path("opening"), &opening).await;
        let made = theirs(&path("adjustments"), &gift).await;
        assert_eq!(made.json["state"], "waiting", "{made:?}");
        if number % 5 == 0 {
            api.post(&path("opening"), &opening).await;
            assert_eq!(api.post(&path("adjustments"), &gift).await.json["state"], "waiting");
        }
    }
    let first = get(&api, "/api/v1/adjustments?limit=500").await;
    assert!(first["items"].as_array().unwrap().len() < 3 && first["nextCursor"].is_string());
    let all = pages(&api, "/api/v1/adjustments?state=waiting").await;
    let players: BTreeSet<_> = all.iter().map(|item| item["playerId"].as_str().unwrap()).collect();
    assert_eq!(all.len(), 4);
    assert_eq!(players, ["s0", "s10", "s15", "s5"].into());
}

#[tokio::test]
async fn a_state_that_is_rare_makes_pages_short_and_is_found_all_the_same() {
    let settings = Settings { letters_looked_at_max: 3, ..Settings::default() };
    let api = Api::with_limits(settings, 0).await.with_program().await;
    publish(&api).await;
    earn(&api, "p1", &[1000.0]).await;
    let path = "/api/v1/players/p1/redemptions";
    let first = api.post(path, &json!({ "points": 5 })).await.json;
    let cancel = format!("/api/v1/redemptions/{}/cancel", first["id"].as_str().unwrap());
    let cancelled = api.post(&cancel, &json!({ "why": "a test" })).await.json;
    for _ in 0..10 {
        assert_eq!(api.post(path, &json!({ "points": 5 })).await.status, 200);
    }
    let page = get(&api, "/api/v1/redemptions?state=cancelled").await;
    assert_eq!(page["items"], json!([]));
    assert!(page["nextCursor"].is_string());
    assert_eq!(pages(&api, "/api/v1/redemptions?state=cancelled").await, [cancelled]);
}

#[tokio::test]
async fn accounts_are_spent_and_changed_in_the_embedded_form() {
    for which in 0..SCENARIOS {
        let api = Api::start().await;
        play_all(&api, &api, which).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_spent_and_changed_in_a_cluster_through_either_node() {
    for which in 0..SCENARIOS {
        let cluster = Cluster::start().await;
        let [a, b] = cluster.both();
        play_all(a, b, which).await;
    }
}
