//! Prizes as they are stored.

use accolade_domain::tournament::prizes::{PrizesProblem, Wrong};
use accolade_wire::tournament::prizes::{PrizeTerms, prizes};
use expect_test::expect;

fn read(json: &str) -> Vec<PrizeTerms> {
    let terms: Vec<PrizeTerms> = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&terms).unwrap(), json, "it is written as it was read");
    terms
}

#[test]
fn prizes_decide_what_is_written() {
    let terms = read(
        r#"[{"places":{"range":{"from":1,"to":1}},"win":{"thing":{"kind":"trip","name":"A week in Gozo","value":{"amount":"1500.00","currency":"EUR"}}}},{"places":{"range":{"from":2,"to":3}},"win":{"points":50000}},{"places":{"range":{"from":4,"to":4}},"win":{"thing":{"kind":"mug","name":"Mug"}}},{"places":{"top":1050},"win":{"pool":9999}}]"#,
    );
    expect![[r#"
        Prizes(
            [
                Prize {
                    places: Range {
                        from: 1,
                        to: 1,
                    },
                    win: Thing(
                        Some(
                            Worth {
                                amount: Amount(
                                    1500000000000000000000,
                                ),
                                currency: "EUR",
                            },
                        ),
                    ),
                },
                Prize {
                    places: Range {
                        from: 2,
                        to: 3,
                    },
                    win: Points(
                        Points(
                            50000,
                        ),
                    ),
                },
                Prize {
                    places: Range {
                        from: 4,
                        to: 4,
                    },
                    win: Thing(
                        None,
                    ),
                },
                Prize {
                    places: Top(
                        1050,
                    ),
                    win: Pool(
                        Points(
                            9999,
                        ),
                    ),
                },
            ],
        )
    "#]]
    .assert_debug_eq(&prizes(&terms).unwrap());
}

#[test]
fn what_is_no_prize_is_named() {
    let wrong = |win: &str| {
        let json = format!(
            r#"[{{"places":{{"top":1}},"win":{{"points":1}}}},{{"places":{{"range":{{"from":1,"to":2}}}},"win":{win}}}]"#
        );
        let PrizesProblem { index, why } = prizes(&read(&json)).unwrap_err();
        assert_eq!(index, 1);
        why
    };
    let thing = |value: &str| format!(r#"{{"thing":{{"kind":"a","name":"b","value":{value}}}}}"#);
    assert_eq!(wrong(r#"{"points":0}"#), Wrong::NoPoints);
    assert_eq!(wrong(r#"{"pool":-1}"#), Wrong::NoPoints);
    assert_eq!(wrong(r#"{"points":9223372036854775807}"#), Wrong::TooMuch);
    assert_eq!(wrong(r#"{"points":-9223372036854775808}"#), Wrong::TooMuch);
    for value in [
        r#"{"amount":"0","currency":"EUR"}"#,
        r#"{"amount":"-5","currency":"EUR"}"#,
        r#"{"amount":"ten","currency":"EUR"}"#,
        r#"{"amount":"10","currency":""}"#,
        r#"{"amount":"10","currency":"E R"}"#,
    ] {
        assert_eq!(wrong(&thing(value)), Wrong::Worthless, "{value}");
    }
}
