//! The past of an account, made again of what is kept, is what the account was.

use std::ops::Bound;

use accolade_domain::amount::Points;
use accolade_domain::ledger::{Entry, Place};
use accolade_domain::lots::Lots;
use accolade_domain::outcome::Outcome;
use accolade_domain::tier::TierState;
use accolade_domain::time::Timestamp;
use accolade_engine::apply::past::{Kept, Past, Present, past};
use accolade_engine::behaviour::{FIRST, KNOWN, SECOND};
use accolade_engine::players::Ordinal;
use accolade_engine::store::{Ask, Earlier, Store};
use accolade_engine::tables::requests::Found;
use accolade_wire::journal::{Outcomes, Recorded};
use accolade_wire::record::Slice;
use proptest::prelude::*;

use super::lots::program;
use super::play::Play;

/// What of an account can be known of its past.
type Known = (Points, Lots, Option<TierState>, u32, Points);

fn known(past: &Past, at: Timestamp) -> Known {
    let mut lots = past.account.lots.unpack();
    lots.mature(at);
    let timed = past.account.timed;
    (past.account.balance, lots, timed.tier, timed.settled_by, past.reserved)
}

fn player(play: &Play, name: &str) -> Option<Ordinal> {
    let rules = play.partition.rules();
    let house = rules.operator("house").unwrap().number;
    play.partition.players().find_by_name(&rules.settings.hash_key, house, name)
}

fn present(play: &mut Play, name: &str) -> Option<Present> {
    let player = player(play, name)?;
    Some(play.partition.present(player, &mut play.store).unwrap())
}

fn kept(play: &mut Play, name: &str) -> Kept {
    let player = player(play, name).unwrap();
    let subject = play.partition.players().get(player).account.subject;
    let mut kept = Kept::default();
    for folded in play.store.batches.values() {
        let (partition, batch, count) = (folded.partition, folded.batch, folded.count);
        let slice = Slice { partition, batch, flags: 0, count, body: &folded.journal };
        for recorded in Outcomes::read(&slice).unwrap().map(Result::unwrap) {
            let own = recorded.entries.iter().map(|stored| stored.entry.clone());
            let own = own.filter(|entry| entry.subject == subject);
            let owned = own.map(|entry| Entry { cause: entry.cause.into_owned().into(), ..entry });
            kept.entries.extend(owned.map(|entry| (entry, recorded.outcome.clone())));
        }
    }
    kept.entries.sort_by_key(|(entry, _)| entry.sequence);
    let (partition, store) = (&play.partition, &mut play.store);
    let tables = partition.tables();
    let days = tables.cap_days.excerpt(Bound::Unbounded, usize::MAX).read(0, store).unwrap().rows;
    kept.days = days.into_iter().filter(|(key, _)| key.player == player).collect();
    let redemptions = tables.redemptions.excerpt(Bound::Unbounded, usize::MAX);
    let redemptions = redemptions.read(0, store).unwrap().rows.into_iter();
    let open = partition.reserved(player).map(|(key, it)| (key, Found::Open(it.clone())));
    let closed = redemptions.map(|(key, it)| (key, Found::Closed(it)));
    kept.redemptions = open.chain(closed).filter(|(key, _)| key.player == player).collect();
    let signals = tables.signals.excerpt(Bound::Unbounded, usize::MAX);
    let signals = signals.read(0, store).unwrap().rows.into_iter();
    let closed = signals.filter(|(key, _)| key.player == player);
    let open = partition.held_signals(player).map(|(_, raised)| Found::Open(raised.clone()));
    kept.signals = open.chain(closed.map(|(_, closed)| Found::Closed(closed))).collect();
    kept
}

/// What became of voids that have left no entry.
fn voids(play: &mut Play, asks: &[Ask]) -> Vec<(Place, Timestamp, Outcome)> {
    let mut sealed = Vec::new();
    play.store.earlier(0, asks, &mut sealed).unwrap();
    let in_memory = asks.iter().map(|ask| play.partition.ids().newest(ask));
    let found: Vec<_> = in_memory.zip(sealed).filter_map(|(one, other)| one.or(other)).collect();
    let mut voids = Vec::new();
    for Earlier { batch, slot, .. } in found {
        let place = Place { partition: 0, batch, slot, number: 0 };
        let read = &mut |at: &Recorded<'_>| voids.push((place, at.time, at.outcome.clone()));
        play.store.outcome(place, read).unwrap();
    }
    voids
}

const PROGRAMS: [&str; 5] = [
    r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}},"pending":{"for":"30h"},
        "tiers":{"window":{"rolling":"30d"},"grace":"10d","levels":[{"name":"bronze","from":0},
        {"name":"silver","from":100,"multiplier":1.5},{"name":"gold","from":300}]},
        "expiry":{"after":"2mo"},"redemption":{"minPoints":1,"holdFor":"2h"}}"#,
    r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.2},"caps":[{"points":150,"per":"day"}]},
        "tiers":{"window":{"calendar":"month"},"levels":[{"name":"low","from":0},
        {"name":"silver","from":50}]},"voids":"balance","expiry":{"inactivity":"1mo","after":"3mo"},
        "redemption":{"minPoints":1,"holdFor":"20d"}}"#,
    r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}},"voids":"pending",
        "redemption":{"minPoints":1,"holdFor":"1h"}}"#,
    r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.1}},"pending":{"for":"50h"},
        "tiers":{"window":{"rolling":"7d"},"levels":[{"name":"bronze","from":0},
        {"name":"gold","from":200}]},"expiry":{"after":"1mo"},
        "signals":[{"name":"fast","kind":"velocity","over":{"wagers":2,"within":"1d"},"hold":true}]}"#,
    r#"{"currency":"EUR","earning":{"multipliers":{"slots":0.3},"caps":[{"points":90,"per":"day"}]}}"#,
];

/// What may come next: how long after the last, what, and two numbers that say which.
type Next = (&'static str, &'static str, usize, usize);

fn next() -> impl Strategy<Value = Next> {
    let span = prop_oneof![
        6 => Just("1s"), 4 => Just("10m"), 4 => Just("5h"), 3 => Just("1d"), 2 => Just("13d"),
        1 => Just("40d"),
    ];
    let what = prop_oneof![
        10 => Just("wager"), 2 => Just("late"), 4 => Just("void"), 4 => Just("reserve"),
        3 => Just("confirm"), 2 => Just("cancel"), 2 => Just("adjust"), 1 => Just("take-off"),
        1 => Just("open"), 1 => Just("exclude"), 1 => Just("readmit"), 3 => Just("raise"),
        2 => Just("let-go"), 1 => Just("take"), 2 => Just("program"), 1 => Just("later"),
        3 => Just("nothing"),
    ];
    (span, what, 0_usize..1_000, 0_usize..1_000)
}

/// The line of what comes next, if there can be one.
fn line(play: &Play, (_, what, one, other): Next, wagers: usize, asked: usize) -> Option<String> {
    let name = ["anna", "anna", "anna", "bert"][other % 4];
    let earlier = (wagers > 0).then(|| one % wagers.max(1));
    let request = (asked > 0).then(|| 1 + one % asked.max(1));
    let held = || {
        let held = play.partition.held_signals(player(play, name)?).next()?;
        Some(held.0.id())
    };
    let document = PROGRAMS[one % PROGRAMS.len()].replace("\n        ", "");
    Some(match what {
        "wager" => format!("wager w{wagers} {name} slots {}", 10 + one * 3),
        "late" => format!("wager w{wagers} {name} slots {} at -{}d", 10 + one, 1 + other % 6),
        "void" => format!("void w{} {name}", earlier?),
        "reserve" => format!("reserve {name} {}", 1 + one % 60),
        "confirm" => format!("confirm {}", request?),
        "cancel" => format!("cancel {}", request?),
        "adjust" => format!("adjust {name} {}", 1 + one % 50),
        "take-off" => format!("adjust {name} -{}", 1 + one % 50),
        "open" => format!("open {name} {}", 1 + one),
        "exclude" => format!("exclude {name} 1h"),
        "readmit" => format!("readmit {name}"),
        "raise" => format!("raise {name} model w{} hold", earlier?),
        "let-go" => format!("let-go {}", held()?),
        "take" => format!("take {}", held()?),
        "program" => format!("program {document}"),
        "later" => format!("program {document} at +{}h", 1 + other),
        _ => return None,
    })
}

const SWITCH: &str = r#"control {"control":"behaviour","number":2}"#;

/// Plays what comes, and holds the past of each player after each line against what was there then; says how often
/// that was known.
fn check(
    mut play: Play,
    program: usize,
    comes: &[Next],
    switches_after: usize,
    ends: bool,
) -> Result<(), TestCaseError> {
    let document = PROGRAMS[program].replace("\n        ", "");
    play.line(&format!("program {document}"));
    let (mut wagers, mut asked, mut was) = (0, 0, Vec::new());
    for (at, next) in comes.iter().enumerate() {
        if at == switches_after && at > 0 {
            play.line("after 1s");
            play.line(SWITCH);
        }
        play.line(&format!("after {}", next.0));
        let is_known = at >= switches_after || ["wager", "late", "void"].contains(&next.1);
        if let Some(line) = line(&play, *next, wagers, asked).filter(|_| is_known) {
            wagers += usize::from(line.starts_with("wager"));
            asked += usize::from(play.line(&line).starts_with("made #"));
        }
        for name in ["anna", "bert"] {
            if let Some(Present { time, account, reserved, .. }) = present(&mut play, name) {
                was.push((name, time, known(&Past { account, reserved }, time)));
            }
        }
        if ends {
            play.end_interval();
        }
    }
    for name in ["anna", "bert"] {
        let Some(present) = present(&mut play, name) else { continue };
        let mut kept = kept(&mut play, name);
        kept.voids = voids(&mut play, &kept.ask_for_voids(&present, name));
        for (_, time, was) in was.iter().filter(|(of, ..)| *of == name) {
            let past = past(&present, &kept, *time).map(|past| known(&past, *time));
            prop_assert_eq!(past.as_ref(), Some(was), "{} at {:?}", name, time);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_past_of_an_account_is_what_it_was(
        program in 0..PROGRAMS.len(),
        comes in prop::collection::vec(next(), 1..60),
        ends in any::<bool>(),
    ) {
        check(Play::beginning(SECOND.number, KNOWN), program, &comes, 0, ends)?;
    }

    #[test]
    fn it_is_so_across_the_switch_to_behaviour_2_as_well(
        comes in prop::collection::vec(next(), 10..60),
        switches_after in 1_usize..10,
        ends in any::<bool>(),
    ) {
        let capped = PROGRAMS.len() - 1;
        check(Play::beginning(FIRST.number, KNOWN), capped, &comes, switches_after, ends)?;
    }
}

#[test]
fn what_expires_in_the_batch_in_which_another_program_is_published_is_by_the_one_before() {
    let wager = |after| (after, "wager", 0, 0);
    let comes = [
        wager("1s"),
        wager("1s"),
        ("1s", "program", 740, 0),
        ("13d", "nothing", 0, 0),
        wager("1s"),
        wager("40d"),
        wager("1s"),
        wager("1s"),
        wager("1s"),
        ("40d", "program", 856, 0),
    ];
    check(Play::beginning(FIRST.number, KNOWN), PROGRAMS.len() - 1, &comes, 1, false).unwrap();
}

#[test]
fn what_is_given_back_of_a_month_that_has_expired_is_gone_for_whoever_looks_at_once() {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    let terms = r#","expiry":{"after":"1mo"},"redemption":{"holdFor":"30d"}"#;
    let scenario = "wager w1 anna slots 100\nafter 30d\nreserve anna 4\nafter 25d\n\
                    wager w2 anna slots 50\ncancel 1";
    for line in [&*program(terms)].into_iter().chain(scenario.lines()) {
        play.line(line);
    }
    let Present { account, reserved, .. } = present(&mut play, "anna").unwrap();
    assert_eq!((account.balance.hundredths(), reserved), (500, Points::ZERO));
    assert_eq!(account.lots.unpack().balance(), account.balance);
}
