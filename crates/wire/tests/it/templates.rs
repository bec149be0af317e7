//! Templates of tournaments: each is whole, and says what its sentence says.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use accolade_wire::query::print_query;
use accolade_wire::tournament::form::Form;
use accolade_wire::tournament::prizes::prizes;
use accolade_wire::tournament::templates::{Template, templates};
use expect_test::expect;

#[test]
fn each_template_says_which_events_count_when_and_what_is_won() {
    let mut transcript = String::new();
    for Template { id, name, sentence, form, recurrence, cap, ties, prizes: terms } in templates() {
        let query = form.query().unwrap();
        assert_eq!(Form::of(&query), Some(form), "{id}");
        recurrence.recurrence().unwrap();
        let cost = prizes(&terms).unwrap().cost(1_000);
        writeln!(transcript, "{id}: {name}. {sentence}").unwrap();
        writeln!(transcript, "  {}", print_query(&query)).unwrap();
        writeln!(transcript, "  {}", serde_json::to_string(&recurrence).unwrap()).unwrap();
        let cap = cap.map_or_else(|| "no cap".to_owned(), |cap| format!("cap {cap}"));
        writeln!(transcript, "  {cap}, ties {ties:?}").unwrap();
        writeln!(transcript, "  {}", serde_json::to_string(&terms).unwrap()).unwrap();
        writeln!(transcript, "  costs {} among 1000 players", cost.points).unwrap();
    }
    expect![[r#"
        weekend-slots-race: Weekend slots race. Every unit staked on slots from Saturday to the end of Sunday is a point.
          SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId
          {"begins":{"weekly":{"on":["sat"],"at":"00:00"}},"lasts":"2d"}
          no cap, ties First
          [{"places":{"range":{"from":1,"to":1}},"win":{"points":500000}},{"places":{"range":{"from":2,"to":2}},"win":{"points":250000}},{"places":{"range":{"from":3,"to":3}},"win":{"points":100000}},{"places":{"range":{"from":4,"to":10}},"win":{"points":25000}},{"places":{"top":1000},"win":{"points":2500}}]
          costs 12500.00 among 1000 players
        biggest-win: Biggest win. The greatest return of a single wager in the week, whatever was staked.
          SELECT playerId, MAX(winAmount) AS score FROM wagers GROUP BY playerId
          {"begins":{"weekly":{"on":["mon"],"at":"00:00"}},"lasts":"7d"}
          no cap, ties FewestEvents
          [{"places":{"range":{"from":1,"to":1}},"win":{"points":300000}},{"places":{"range":{"from":2,"to":2}},"win":{"points":150000}},{"places":{"range":{"from":3,"to":3}},"win":{"points":75000}}]
          costs 5250.00 among 1000 players
        wager-marathon: Wager marathon. The most wagers of at least 1.00 in the month; the best tenth shares a pool.
          SELECT playerId, COUNT(*) AS score FROM wagers WHERE wagerAmount >= 1 GROUP BY playerId
          {"begins":{"monthly":{"day":1,"at":"00:00"}}}
          no cap, ties Shared
          [{"places":{"top":1000},"win":{"pool":5000000}}]
          costs 50000.00 among 1000 players
        daily-dash: Daily dash. Every unit staked in the day is a point, but no wager counts more than 50.
          SELECT playerId, SUM(wagerAmount) AS score FROM wagers GROUP BY playerId
          {"begins":{"daily":{"at":"00:00"}}}
          cap 50.00, ties First
          [{"places":{"range":{"from":1,"to":1}},"win":{"points":50000}},{"places":{"range":{"from":2,"to":2}},"win":{"points":30000}},{"places":{"range":{"from":3,"to":3}},"win":{"points":20000}},{"places":{"range":{"from":4,"to":10}},"win":{"points":5000}}]
          costs 1350.00 among 1000 players
    "#]].assert_eq(&transcript);
}

#[test]
fn no_two_templates_have_one_id() {
    let ids: BTreeSet<&str> = templates().iter().map(|template| template.id).collect();
    assert_eq!(ids.len(), templates().len());
}
