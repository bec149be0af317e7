//! The catalogue has a table of its own, as the rules have it.

use accolade_postgres::rebuild;
use accolade_postgres::sink::start;
use accolade_wire::reward::{RewardTerms, RewardValue};

use crate::house::{House, wager};
use crate::tables::{Tables, caught_up, until};

/// What is said of a reward after it was said `edited_from` times.
pub(crate) fn reward(operator: &str, id: &str, edited_from: u32) -> RewardTerms {
    RewardTerms {
        operator: operator.into(),
        id: id.into(),
        edited_from,
        name: format!("A {id}"),
        description: String::new(),
        picture: String::new(),
        points: 1_250,
        kind: "goods".into(),
        value: None,
        from: None,
        until: None,
        tiers: Vec::new(),
        segments: Vec::new(),
        jurisdictions: Vec::new(),
        limit: None,
        stocked: false,
        withdrawn: false,
        who: "test".into(),
    }
}

fn offered(tables: &Tables) -> Vec<String> {
    let rows = tables.query(
        "SELECT concat_ws(' ', operator_id, reward_id, name, kind, points, value_amount, value_currency,
            (extract(epoch FROM valid_until) * 1000000)::bigint, stocked, withdrawn, version)
         FROM {s}.loyalty_reward ORDER BY operator_id, reward_id",
    );
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn the_catalogue_is_in_a_table_as_it_is() {
    let (house, tables) = (House::open(), Tables::new("rewards"));
    house.offer(&reward("house", "mug", 0));
    let value = Some(RewardValue { amount: "0.000000000000000001".into(), currency: "BTC".into() });
    let (name, until_micros) = ("a\u{0}b".to_owned(), Some(1_900_000_000_000_001));
    house.offer(&RewardTerms { value, name, until: until_micros, ..reward("house", "coin", 0) });
    house.offer(&RewardTerms { stocked: true, ..reward("rival", "mug", 0) });
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    let coin = "house coin a\u{fffd}b goods 12.50 0.000000000000000001 BTC 1900000000000001 f f 1";
    let rival = "rival mug A mug goods 12.50 t f 1";
    assert_eq!(offered(&tables), [coin, "house mug A mug goods 12.50 f f 1", rival]);

    // Each change brings all of it along, with or without wagers beside it.
    house.offer(&RewardTerms { points: 2_000, ..reward("house", "mug", 1) });
    until("a price that has changed", &projection, |_| {
        offered(&tables)[1] == "house mug A mug goods 20.00 f f 2"
    });
    house.offer(&RewardTerms { points: 2_000, withdrawn: true, ..reward("house", "mug", 2) });
    house.take("house", &[("anna", wager("house", "anna", "w1", "10.00").into())]);
    let all = [coin, "house mug A mug goods 20.00 f t 3", rival];
    until("a reward that is withdrawn", &projection, |_| offered(&tables) == all);

    tables.wait(rebuild::restart(&tables.settings)).unwrap();
    projection.stop();
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    caught_up(&projection);
    assert_eq!(offered(&tables), all, "written anew");
    projection.stop();
    // What is older than the table's is nobody's word any more.
    tables
        .run("SET ROLE accolade_writer; UPDATE {s}.loyalty_reward SET version = 9, name = 'later'");
    tables.run("RESET ROLE");
    let projection = start(tables.settings.clone(), house.feed()).unwrap();
    house.take("house", &[("anna", wager("house", "anna", "w2", "10.00").into())]);
    caught_up(&projection);
    assert!(offered(&tables).iter().all(|row| row.contains(" later ")), "{:?}", offered(&tables));
}
