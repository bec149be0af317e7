//! What the rules of jurisdictions share.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::amount::Rate;
use accolade_domain::program::{Earning, Eligibility, Rates, Rounding, Rules};

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

fn rules(games: &[(&str, &str)], denied: &[&str]) -> Rules {
    let games: BTreeMap<Box<str>, Rate> =
        games.iter().map(|(game, of)| (Box::from(*game), rate(of))).collect();
    Rules {
        enabled: true,
        eligibility: Eligibility {
            players_deny: denied.iter().map(|name| Box::from(*name)).collect(),
            ..Eligibility::default()
        },
        earning: Earning {
            multipliers: Rates::default(),
            default_multiplier: Rate::ZERO,
            games: games.into(),
            rounding: Rounding::Down,
            cap_per_day: None,
        },
    }
}

#[test]
fn rules_that_share_are_the_rules_that_they_were() {
    let base = rules(&[("aces", "0.1"), ("bingo", "0.2"), ("craps", "0.3")], &["ann", "bob"]);
    for games in [
        &[("aces", "0.1"), ("bingo", "0.2"), ("craps", "0.3")][..],
        &[("aces", "0.5"), ("bingo", "0.2"), ("craps", "0.3")],
        &[("aces", "0.1"), ("craps", "0.3")],
        &[("aces", "0.1"), ("bingo", "0.2"), ("craps", "0.3"), ("darts", "0.4")],
        &[],
    ] {
        for denied in [&["ann", "bob"][..], &["ann"], &[]] {
            let own = rules(games, denied);
            let sharing = own.clone().sharing(&base);
            assert_eq!(sharing, own);
            for game in ["aces", "bingo", "craps", "darts", "eights"] {
                let (shared, alone) = (&sharing.earning, &own.earning);
                assert_eq!(shared.base(game, ""), alone.base(game, ""), "{game} of {games:?}");
            }
            let again = rules(games, denied).sharing(&sharing);
            assert_eq!(again, own, "what shares with rules that share");
        }
    }
}

#[test]
fn a_list_that_is_not_overridden_is_in_memory_once() {
    let base = rules(&[], &["ann", "bob"]);
    let sharing = rules(&[("aces", "0.1")], &["ann", "bob"]).sharing(&base);
    let (list, of_base) = (&sharing.eligibility.players_deny, &base.eligibility.players_deny);
    assert!(Arc::ptr_eq(list, of_base));
}
