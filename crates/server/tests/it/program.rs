//! Publishing, reading, comparing and withdrawing versions of the program.

use serde_json::{Value, json};

use crate::harness::{Api, Ask, PROGRAM, ask, now_micros, time, wager};

fn publish(body: &Value, edited_from: Option<&str>) -> Ask {
    let ask = ask("POST", "/api/v1/program/versions").json(body);
    match edited_from {
        Some(number) => ask.header("if-match", number),
        None => ask,
    }
}

#[tokio::test]
async fn a_program_is_published_read_and_compared() {
    let api = Api::start().await;
    let current = api.get("/api/v1/program").await;
    assert_eq!(current.headers["etag"], "\"1\"");
    assert_eq!(current.json["state"], "current");
    assert_eq!(current.json["effectiveFrom"], "2020-01-01T00:00:00Z");
    assert!(current.text.contains(r#""minWager":1.00"#), "numbers stay as they were written");

    let better =
        PROGRAM.replace("slots: 0.1,", "slots: 0.2,").replace("points: 10.00", "points: 20.00");
    let body = json!({ "why": "more", "program": better });
    let published = api.send(publish(&body, Some("\"1\""))).await;
    assert_eq!(published.status, 201, "{published:?}");
    assert_eq!(published.headers["etag"], "\"2\"");
    assert_eq!(published.headers["location"], "/api/v1/program/versions/2");
    assert_eq!(api.wager(&wager("w1", "p1")).await["points"], json!(20.0));

    let diff = api.get("/api/v1/program/versions/2/diff?with=1").await;
    assert_eq!(diff.json["changes"][0]["pointer"], "/earning/multipliers/slots");
    assert_eq!(diff.json["changes"][0]["from"], json!(0.1));
    assert_eq!(diff.json["changes"][0]["to"], json!(0.2));
    assert_eq!(api.get("/api/v1/program/versions/2/diff").await.text, diff.text);
    let list = api.get("/api/v1/program/versions?limit=1").await;
    assert_eq!(list.json["items"][0]["version"], 2);
    assert_eq!(list.json["items"][0].get("program"), None);
    let cursor = list.json["nextCursor"].as_str().unwrap();
    let rest = api.get(&format!("/api/v1/program/versions?limit=1&cursor={cursor}")).await;
    assert_eq!(
        (&rest.json["items"][0]["version"], &rest.json["nextCursor"]),
        (&json!(1), &json!(null))
    );
    assert_eq!(rest.json["items"][0]["state"], "superseded");
    assert_eq!(api.get("/api/v1/program/versions/1").await.json["why"], "first");
    for path in [
        "/api/v1/program/versions/3",
        "/api/v1/program/versions/x",
        "/api/v1/program/versions/2/diff?with=9",
    ] {
        assert_eq!(api.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn two_editors_never_overwrite_each_other() {
    let api = Api::start().await;
    let body = json!({ "why": "mine", "program": PROGRAM });
    assert_eq!(api.send(publish(&body, Some("1"))).await.status, 201);
    for edited_from in [None, Some("1"), Some("\"7\"")] {
        let stale = api.send(publish(&body, edited_from)).await;
        assert_eq!((stale.status.as_u16(), &stale.json["code"]), (412, &json!("stale")));
    }
    assert_eq!(api.send(publish(&body, Some("latest"))).await.status, 400);
}

#[tokio::test]
async fn a_dry_run_checks_and_shows_and_changes_nothing() {
    let api = Api::start().await;
    let body =
        json!({ "why": "what if", "program": PROGRAM.replace("minWager: 1.00", "minWager: 2.00") });
    let ask =
        ask("POST", "/api/v1/program/versions?dryRun=true").json(&body).header("if-match", "1");
    let answer = api.send(ask).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json["valid"], true);
    assert_eq!(answer.json["changes"][0]["pointer"], "/eligibility/minWager");
    assert_eq!(api.get("/api/v1/program").await.headers["etag"], "\"1\"");
}

#[tokio::test]
async fn a_scheduled_version_can_be_withdrawn_and_one_that_has_begun_cannot() {
    let api = Api::start().await;
    let tomorrow = time(now_micros() + 86_400_000_000);
    let body = json!({ "why": "later", "program": PROGRAM, "effectiveFrom": tomorrow });
    assert_eq!(api.send(publish(&body, Some("1"))).await.json["state"], "scheduled");
    assert_eq!(api.get("/api/v1/program").await.json["version"], 1);
    let why = json!({ "why": "changed our minds" });
    let withdraw = |version: u32| {
        ask("POST", &format!("/api/v1/program/versions/{version}/withdraw"))
            .json(&why)
            .header("idempotency-key", "k1")
    };
    let withdrawn = api.send(withdraw(2)).await;
    assert_eq!((withdrawn.status.as_u16(), &withdrawn.json["state"]), (200, &json!("withdrawn")));
    assert_eq!(
        api.send(withdraw(2)).await.text,
        withdrawn.text,
        "the same key gets the same answer"
    );
    assert_eq!(api.post("/api/v1/program/versions/1/withdraw", &why).await.status, 409);
    assert_eq!(api.post("/api/v1/program/versions/2/withdraw", &why).await.status, 409);
    assert_eq!(api.post("/api/v1/program/versions/9/withdraw", &why).await.status, 404);
}

#[tokio::test]
async fn a_publication_sent_again_with_its_key_makes_no_second_version() {
    let api = Api::start().await;
    let body = json!({ "why": "again", "program": PROGRAM });
    let ask = |body: &Value| publish(body, Some("1")).header("idempotency-key", "k1");
    let first = api.send(ask(&body)).await;
    let second = api.send(ask(&body)).await;
    assert_eq!((second.status.as_u16(), second.json["version"].as_u64()), (201, Some(2)));
    assert_eq!(first.headers["etag"], second.headers["etag"]);
    let other = json!({ "why": "something else", "program": PROGRAM });
    assert_eq!(api.send(ask(&other)).await.status, 422);
}

#[tokio::test]
async fn a_slip_of_the_pen_is_refused_with_its_place_and_what_was_meant() {
    let api = Api::start().await;
    let program = PROGRAM.replace("USD", "usd");
    for dry in ["", "?dryRun=true"] {
        let body = json!({ "why": "dollars", "program": program });
        let request = ask("POST", &format!("/api/v1/program/versions{dry}")).json(&body);
        let answer = api.send(request.header("if-match", "1")).await;
        assert_eq!(answer.status, 422, "{answer:?}");
        let error = &answer.json["errors"][0];
        assert_eq!((&error["line"], &error["column"]), (&json!(7), &json!(10)), "{error}");
        assert_eq!(error["pointer"], "/program/rates/usd");
        assert!(error["detail"].as_str().unwrap().contains("did you mean `USD`?"), "{error}");
    }
}

fn roll_back(version: u32, latest: &str, body: &Value) -> Ask {
    ask("POST", &format!("/api/v1/program/versions/{version}/rollback"))
        .json(body)
        .header("if-match", latest)
}

#[tokio::test]
async fn an_earlier_version_is_published_anew_with_its_own_reason_and_author() {
    let api = Api::start().await;
    let other = PROGRAM
        .replace("minWager: 1.00", "minWager: 200.00")
        .replace("wagerAmount: 100.00", "wagerAmount: 300.00")
        .replace("points: 10.00", "points: 30.00");
    let body = json!({ "why": "a slip", "program": other });
    assert_eq!(api.send(publish(&body, Some("1"))).await.status, 201);
    assert_eq!(api.wager(&wager("w1", "p1")).await["reason"], "below_minimum");
    let why = json!({ "why": "the minimum was wrong" });

    let tried = ask("POST", "/api/v1/program/versions/1/rollback?dryRun=true").json(&why);
    let tried = api.send(tried.header("if-match", "2")).await;
    assert_eq!((tried.status.as_u16(), &tried.json["version"]), (200, &json!(3)), "{tried:?}");
    assert_eq!(tried.json["changes"][0]["pointer"], "/eligibility/minWager");
    assert_eq!(api.get("/api/v1/program").await.json["version"], 2, "nothing was published");

    for stale in ["1", "3"] {
        let refused = api.send(roll_back(1, stale, &why)).await;
        assert_eq!((refused.status.as_u16(), &refused.json["code"]), (412, &json!("stale")));
    }
    assert_eq!(api.post("/api/v1/program/versions/1/rollback", &why).await.status, 412);
    assert_eq!(api.send(roll_back(9, "2", &why)).await.status, 404);
    let without = api.send(roll_back(1, "2", &json!({}))).await;
    assert_eq!((without.status.as_u16(), without.pointers()), (400, vec!["/why"]));
    let past = json!({ "why": "x", "effectiveFrom": "2021-01-01T00:00:00Z" });
    let past = api.send(roll_back(1, "2", &past)).await;
    assert_eq!((past.status.as_u16(), past.pointers()), (422, vec!["/effectiveFrom"]));

    let key = |body: &Value| roll_back(1, "2", body).header("idempotency-key", "k1");
    let done = api.send(key(&why)).await;
    assert_eq!((done.status.as_u16(), &done.headers["etag"]), (201, &"\"3\"".parse().unwrap()));
    let first = api.get("/api/v1/program/versions/1").await.json;
    assert_eq!(done.json["program"], first["program"]);
    assert_eq!(
        (&done.json["why"], &done.json["editedFrom"], &done.json["state"]),
        (&json!("the minimum was wrong"), &json!(2), &json!("current"))
    );
    let again = api.send(key(&why)).await;
    assert_eq!((again.status.as_u16(), &again.json["version"]), (201, &json!(3)));
    assert_eq!(api.send(key(&json!({ "why": "another" }))).await.status, 422);
    assert_eq!(api.wager(&wager("w2", "p1")).await["outcome"], "counted");
    assert_eq!(
        api.get("/api/v1/program/versions").await.json["items"].as_array().unwrap().len(),
        3
    );
}

#[tokio::test]
async fn a_version_of_before_the_check_of_slips_can_be_rolled_back_to() {
    let api = Api::start().await;
    let slip = PROGRAM.replace("USD", "usd");
    let document = accolade_wire::program::to_json(&accolade_wire::program::read(&slip).unwrap());
    api.publish_unchecked(&document, 1).await;
    let body = json!({ "why": "mended", "program": PROGRAM });
    assert_eq!(api.send(publish(&body, Some("2"))).await.status, 201);
    let back = api.send(roll_back(2, "3", &json!({ "why": "as it was" }))).await;
    assert_eq!((back.status.as_u16(), &back.json["version"]), (201, &json!(4)), "{back:?}");
    assert_eq!(back.json["program"]["rates"], json!({ "usd": 0.92 }));
}

#[tokio::test]
async fn only_the_first_version_may_begin_in_the_past() {
    let api = Api::start().await;
    let body =
        json!({ "why": "late", "program": PROGRAM, "effectiveFrom": "2021-01-01T00:00:00Z" });
    let answer = api.send(publish(&body, Some("1"))).await;
    assert_eq!((answer.status.as_u16(), answer.pointers()), (422, vec!["/effectiveFrom"]));
}

#[tokio::test]
async fn the_document_may_come_as_an_object_and_keeps_its_digits() {
    let api = Api::without_program().await;
    let body = r#"{"why":"exact","program":{"currency":"EUR","earning":{"multipliers":{"slots":0.10000000}}}}"#;
    let answer = api.send(ask("POST", "/api/v1/program/versions").text(body)).await;
    assert_eq!(answer.status, 201, "{answer:?}");
    assert!(answer.text.contains(r#""slots":0.10000000"#), "{}", answer.text);
}

#[tokio::test]
async fn the_schema_is_served() {
    let api = Api::without_program().await;
    let schema = api.send_bare(ask("GET", "/api/v1/program/schema")).await;
    assert_eq!(schema.headers["content-type"], "application/schema+json");
    let properties = &schema.json["properties"];
    assert!(properties["earning"].is_object() && properties["tiers"].is_object());
}
