//! Tiers, redemptions and signals have tables of their own.

use accolade_domain::outcome::Outcome;
use accolade_postgres::rebuild;
use accolade_postgres::sink::start;
use accolade_wire::control::{Command, Request};

use crate::house::{House, wager};
use crate::tables::{Tables, caught_up};

pub(crate) const PROGRAM: &str = r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}},
    "tiers":{"window":{"rolling":"30d"},"levels":[{"name":"bronze","from":0},{"name":"silver","from":10}]},
    "signals":[{"name":"fast","kind":"velocity","over":{"wagers":2,"within":"1h"}}]}"#;

fn rows(tables: &Tables, sql: &str) -> Vec<String> {
    tables.query(sql).iter().map(|row| row.get(0)).collect()
}

fn told(tables: &Tables) -> [Vec<String>; 3] {
    [
        rows(
            tables,
            "SELECT concat_ws(' ', operator_id, player_id, tier_before, tier_after, tier_points)
             FROM {s}.loyalty_tier_change ORDER BY changed_at, partition, batch, slot, number",
        ),
        rows(
            tables,
            "SELECT concat_ws(' ', operator_id, player_id, item, points, state)
             FROM {s}.loyalty_redemption ORDER BY 1",
        ),
        rows(
            tables,
            "SELECT concat_ws(' ', operator_id, player_id, wager_id, names, kinds, state)
             FROM {s}.fraud_signal ORDER BY 1",
        ),
    ]
}

fn reserve(house: &House, number: u32, points: i64) -> Request {
    let reserve = Command::Reserve {
        id: format!("reserve-{number}"),
        player_id: "anna".into(),
        points,
        item: format!("gift {number}"),
        who: "test".into(),
    };
    let outcome = house.command("house", "anna", &reserve);
    let Outcome::Done { made } = outcome else { panic!("{outcome:?}") };
    let place = accolade_domain::ledger::Place::of_record(0, made);
    Request { player: 0, batch: place.batch, slot: place.slot }
}

#[test]
fn what_players_reach_redeem_and_raise_is_in_tables_of_its_own() {
    let (house, tables) = (House::open(), Tables::new("told"));
    house.publish("house", 1, PROGRAM);
    for (number, stake) in ["150.00", "10.00", "20.00"].into_iter().enumerate() {
        let body = wager("house", "anna", &format!("w{number}"), stake);
        house.take("house", &[("anna", body.into())]);
    }
    let first = reserve(&house, 1, 500);
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let [tiers, redemptions, signals] = told(&tables);
    assert_eq!(tiers, ["house anna bronze silver 15.00"]);
    assert_eq!(redemptions, ["house anna gift 1 5.00 reserved"]);
    assert_eq!(signals, ["house anna w2 {fast} {velocity} noted"]);

    // In one group and in two: the last of a redemption counts.
    let confirm = Command::Confirm { id: "c1".into(), redemption: first, who: "test".into() };
    assert!(matches!(house.command("house", "anna", &confirm), Outcome::Done { .. }));
    let second = reserve(&house, 2, 200);
    let (id, why, who) = ("c2".into(), "test".into(), "test".into());
    let cancel = Command::Cancel { id, redemption: second, why, who };
    assert!(matches!(house.command("house", "anna", &cancel), Outcome::Done { .. }));
    caught_up(&projection);
    let all = told(&tables);
    assert_eq!(all[1], ["house anna gift 1 5.00 confirmed", "house anna gift 2 2.00 cancelled"]);

    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    caught_up(&projection);
    projection.stop();
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    assert_eq!(told(&tables), all, "written anew");
}
