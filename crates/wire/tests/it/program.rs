//! Programs as people write them: what is read, what is refused and how, and what changed.

use std::fmt::Display;

use accolade_domain::games::Measure;
use accolade_domain::lots::{Expiry, Floor, Months, NotifyDays, PendingFor};
use accolade_domain::program::Program;
use accolade_domain::promotion::Combine;
use accolade_domain::signal::Signal;
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_wire::dialect::{Dialect, FIRST, SECOND};
use accolade_wire::program::{self, Document};
use expect_test::{Expect, expect};
use proptest::prelude::*;

const SLOTS_HOUSE: &str = include_str!("../../../../examples/programs/slots-house.yaml");
const LIVE_TABLES: &str = include_str!("../../../../examples/programs/live-tables.yaml");
const SLOTS_CLUB: &str = include_str!("../../../../examples/programs/slots-club.yaml");

fn read(text: &str) -> Document {
    program::read(text).unwrap()
}

/// One line for each.
fn lines<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().fold(String::new(), |lines, item| format!("{lines}{item}\n"))
}

/// What is wrong with a document, one line for each problem.
fn problems(text: &str) -> String {
    let checked = program::read(text).and_then(|document| program::check(&document));
    lines(checked.err().unwrap_or_default())
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&problems(text));
}

/// The failures of the tests that a document carries.
fn failures(text: &str) -> String {
    failures_in(text, ZoneOffsets::default())
}

fn failures_in(text: &str, zone: ZoneOffsets) -> String {
    let document = read(text);
    let program = program::compile(&document, zone).unwrap();
    lines(program::run_tests(&document, &program))
}

#[test]
fn the_example_programs_are_right_and_pass_their_own_tests() {
    let winter_in_malta = ZoneOffsets(vec![(Timestamp::from_micros(0), 3_600)]);
    for text in [SLOTS_HOUSE, LIVE_TABLES, SLOTS_CLUB] {
        assert_eq!(problems(text), "");
        assert_eq!(failures_in(text, winter_in_malta.clone()), "");
    }
    let elsewhere = failures(SLOTS_CLUB);
    assert!(elsewhere.contains("the weekend begins at midnight in Malta"), "{elsewhere}");
}

#[test]
fn what_a_document_leaves_out_has_its_default() {
    let document = read("currency: EUR");
    assert_eq!(program::timezone(&document), "UTC");
    let program = program::compile(&document, ZoneOffsets::default()).unwrap();
    expect![[r#"
        Program {
            currency: "EUR",
            zone: ZoneOffsets(
                [],
            ),
            mode: Live,
            consent: OptOut,
            voids: Unlimited,
            pending: PendingFor(
                0,
            ),
            expiry: Expiry {
                after: None,
                inactivity: None,
                notify: NotifyDays(
                    0,
                ),
            },
            redemption: Terms {
                min_points: Points(
                    1,
                ),
                hold_for: HoldFor(
                    15,
                ),
            },
            approval_above: None,
            signals: [],
            game_measures: {},
            rates: {},
            rules: Rules {
                enabled: true,
                eligibility: Eligibility {
                    categories: [],
                    min_wager: Amount(
                        0,
                    ),
                    segments_allow: [],
                    segments_deny: [],
                    players_deny: [],
                    condition: None,
                },
                earning: Earning {
                    multipliers: {},
                    default_multiplier: Rate(
                        0,
                    ),
                    games: {},
                    rounding: Down,
                    cap_per_day: None,
                },
            },
            tiers: None,
            promotions: [],
            promotions_combine: All,
            jurisdictions: {},
        }
    "#]]
    .assert_debug_eq(&program);
}

#[test]
fn a_whole_program_is_compiled() {
    let document = read(SLOTS_HOUSE);
    assert_eq!(program::timezone(&document), "Europe/Malta");
    let program = program::compile(&document, ZoneOffsets::default()).unwrap();
    expect![[r#"
        Program {
            currency: "EUR",
            zone: ZoneOffsets(
                [],
            ),
            mode: Live,
            consent: OptOut,
            voids: Unlimited,
            pending: PendingFor(
                0,
            ),
            expiry: Expiry {
                after: None,
                inactivity: None,
                notify: NotifyDays(
                    0,
                ),
            },
            redemption: Terms {
                min_points: Points(
                    1,
                ),
                hold_for: HoldFor(
                    15,
                ),
            },
            approval_above: None,
            signals: [],
            game_measures: {},
            rates: {
                "BTC": Rate(
                    6100000000000,
                ),
                "GBP": Rate(
                    117000000,
                ),
                "USD": Rate(
                    92000000,
                ),
            },
            rules: Rules {
                enabled: true,
                eligibility: Eligibility {
                    categories: [
                        "poker",
                        "slots",
                        "table",
                    ],
                    min_wager: Amount(
                        1000000000000000000,
                    ),
                    segments_allow: [],
                    segments_deny: [
                        "bonus-abuser",
                        "self-excluded",
                    ],
                    players_deny: [
                        "player-0000",
                    ],
                    condition: None,
                },
                earning: Earning {
                    multipliers: {
                        "poker": Rate(
                            2000000,
                        ),
                        "slots": Rate(
                            10000000,
                        ),
                        "table": Rate(
                            5000000,
                        ),
                    },
                    default_multiplier: Rate(
                        0,
                    ),
                    games: {
                        "slots-free-spins": Rate(
                            0,
                        ),
                        "slots-ultimate": Rate(
                            12000000,
                        ),
                    },
                    rounding: Down,
                    cap_per_day: Some(
                        Points(
                            500000,
                        ),
                    ),
                },
            },
            tiers: None,
            promotions: [],
            promotions_combine: All,
            jurisdictions: {
                "Malta": Rules {
                    enabled: true,
                    eligibility: Eligibility {
                        categories: [
                            "poker",
                            "slots",
                            "table",
                        ],
                        min_wager: Amount(
                            1000000000000000000,
                        ),
                        segments_allow: [],
                        segments_deny: [
                            "bonus-abuser",
                            "self-excluded",
                        ],
                        players_deny: [
                            "player-0000",
                        ],
                        condition: None,
                    },
                    earning: Earning {
                        multipliers: {
                            "poker": Rate(
                                2000000,
                            ),
                            "slots": Rate(
                                10000000,
                            ),
                            "table": Rate(
                                5000000,
                            ),
                        },
                        default_multiplier: Rate(
                            0,
                        ),
                        games: {
                            "slots-free-spins": Rate(
                                0,
                            ),
                            "slots-ultimate": Rate(
                                12000000,
                            ),
                        },
                        rounding: Down,
                        cap_per_day: Some(
                            Points(
                                500000,
                            ),
                        ),
                    },
                },
                "Ontario": Rules {
                    enabled: true,
                    eligibility: Eligibility {
                        categories: [
                            "poker",
                            "slots",
                            "table",
                        ],
                        min_wager: Amount(
                            5000000000000000000,
                        ),
                        segments_allow: [],
                        segments_deny: [
                            "bonus-abuser",
                            "self-excluded",
                        ],
                        players_deny: [
                            "player-0000",
                        ],
                        condition: None,
                    },
                    earning: Earning {
                        multipliers: {
                            "slots": Rate(
                                5000000,
                            ),
                            "table": Rate(
                                5000000,
                            ),
                        },
                        default_multiplier: Rate(
                            0,
                        ),
                        games: {
                            "slots-free-spins": Rate(
                                0,
                            ),
                            "slots-ultimate": Rate(
                                12000000,
                            ),
                        },
                        rounding: Down,
                        cap_per_day: Some(
                            Points(
                                100000,
                            ),
                        ),
                    },
                },
                "Sweden": Rules {
                    enabled: false,
                    eligibility: Eligibility {
                        categories: [
                            "poker",
                            "slots",
                            "table",
                        ],
                        min_wager: Amount(
                            1000000000000000000,
                        ),
                        segments_allow: [],
                        segments_deny: [
                            "bonus-abuser",
                            "self-excluded",
                        ],
                        players_deny: [
                            "player-0000",
                        ],
                        condition: None,
                    },
                    earning: Earning {
                        multipliers: {
                            "poker": Rate(
                                2000000,
                            ),
                            "slots": Rate(
                                10000000,
                            ),
                            "table": Rate(
                                5000000,
                            ),
                        },
                        default_multiplier: Rate(
                            0,
                        ),
                        games: {
                            "slots-free-spins": Rate(
                                0,
                            ),
                            "slots-ultimate": Rate(
                                12000000,
                            ),
                        },
                        rounding: Down,
                        cap_per_day: Some(
                            Points(
                                500000,
                            ),
                        ),
                    },
                },
            },
        }
    "#]]
    .assert_debug_eq(&program);
}

#[test]
fn json_and_yaml_are_two_spellings_of_one_document() {
    for text in [SLOTS_HOUSE, LIVE_TABLES, SLOTS_CLUB] {
        let from_yaml = read(text);
        let json = program::to_json(&from_yaml);
        let from_json = read(&json);
        assert_eq!(program::to_json(&from_json), json);
        assert_eq!(program::diff(&from_yaml, &from_json), []);
        let compile = |document| program::compile(document, ZoneOffsets::default()).unwrap();
        assert_eq!(compile(&from_yaml), compile(&from_json));
        serde_json::from_str::<serde_json::Value>(&json).unwrap();
    }
}

#[test]
fn the_stored_text_keeps_every_digit_and_character() {
    let stored = |text| program::to_json(&read(text));
    let expected = r#"{"currency":"EUR","rates":{"BTC":61000.12345678,"X":1e2},"consent":null}"#;
    assert_eq!(stored("currency: EUR\nrates: {BTC: 61000.12345678, X: 1e2}\nconsent:"), expected);
    let json = r#"{"currency":"\ud83c\udfb0 \"\\\/\n\u0007é"}"#;
    assert_eq!(stored(json), "{\"currency\":\"🎰 \\\"\\\\/\\n\\u0007é\"}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    check(
        r"
curency: EUR
timezone: [Malta]
eligibility:
  categories: slots
  min_wager: 1.00
  segments: { alow: [VIP], deny: [21, true, ''] }
earning:
  multipliers: { slots: -0.1, table: NaN, poker: 0.123456789, bingo: '0.1', keno: .5 }
  games: { g1: 99999999999, g2: 1e400, g3: 0x10 }
  rounding: halfup
  caps: [{ points: 10.001 }, 5]
consent: yes
mode: on
colour: red
",
        expect![[r#"
            line 2, column 1: `/curency`: unknown key `curency`; did you mean `currency`?
            line 2, column 1: `currency` is missing: expected `currency: EUR`
            line 3, column 11: `/timezone`: expected a text, found a list
            line 5, column 15: `/eligibility/categories`: expected a list (`[a, b]`), found the text `slots`
            line 6, column 3: `/eligibility/min_wager`: unknown key `min_wager`; did you mean `minWager`?
            line 7, column 15: `/eligibility/segments/alow`: unknown key `alow`; did you mean `allow`?
            line 7, column 35: `/eligibility/segments/deny/0`: expected a text in quotes, found `21`
            line 7, column 39: `/eligibility/segments/deny/1`: expected a text in quotes, found `true`
            line 7, column 45: `/eligibility/segments/deny/2`: expected a name of 1 to 128 bytes without control characters
            line 9, column 25: `/earning/multipliers/slots`: expected a number such as `0.05`, not negative, found `-0.1`
            line 9, column 38: `/earning/multipliers/table`: expected a number such as `0.05`, found the text `NaN`
            line 9, column 50: `/earning/multipliers/poker`: expected a number such as `0.05`, with at most 8 decimals, found `0.123456789`
            line 9, column 70: `/earning/multipliers/bingo`: expected a number such as `0.05`, found the text `0.1`
            line 9, column 83: `/earning/multipliers/keno`: expected a number such as `0.05`, found the text `.5`
            line 10, column 16: `/earning/games/g1`: expected a number such as `0.05`, not so large, found `99999999999`
            line 10, column 33: `/earning/games/g2`: expected a number such as `0.05`, not so large, found `1e400`
            line 10, column 44: `/earning/games/g3`: expected a number such as `0.05`, found the text `0x10`
            line 11, column 13: `/earning/rounding`: expected `down` or `half-up` or `half-even`, found the text `halfup`; did you mean `half-up`?
            line 12, column 10: `/earning/caps/0`: `per` is missing: expected `per: day`
            line 12, column 20: `/earning/caps/0/points`: expected points such as `10.00`, with at most 2 decimals, found `10.001`
            line 12, column 30: `/earning/caps/1`: expected a mapping (`key: value`), found `5`
            line 13, column 10: `/consent`: expected `opt-out` or `opt-in`, found the text `yes`
            line 14, column 7: `/mode`: expected `live` or `off`, found the text `on`
            line 15, column 1: `/colour`: unknown key `colour`; expected one of `currency`, `timezone`, `enabled`, `eligibility`, `jurisdictions`, `earning`, `rates`, `consent`, `mode`, `voids`, `pending`, `expiry`, `tests`, `tiers`, `promotions`, `promotionsCombine`, `redemption`, `adjustments`, `signals`, `gameLeaderboards`
        "#]],
    );
}

const SIGNALS: &str = "{currency: EUR, signals: [
  {name: fast, kind: velocity, over: {wagers: 120, within: 12h}, hold: true},
  {name: jump, kind: stakeJump, over: {times: 20.5, after: 50}},
  {name: systems, kind: gamingSystems, over: {count: 3, within: 43200s}},
  {name: lucky, kind: winRatio, over: {ratio: 2, after: 200}},
  {name: least, kind: minimumPlay, over: {share: 0.9, of: 10000}},
]}";

#[test]
fn signals_are_read_with_their_lines() {
    let signals = program::compile(&read(SIGNALS), ZoneOffsets::default()).unwrap().signals;
    let told = signals.iter().map(|signal| {
        let Signal { name, over, hold } = signal;
        format!("{name}: {over:?} over {}, hold {hold}", over.line())
    });
    expect![[r#"
        fast: Velocity { wagers: 120, within: Within(43200) } over 120, hold true
        jump: StakeJump { times: Rate(2050000000), after: 50 } over 20.5, hold false
        systems: GamingSystems { count: 3, within: Within(43200) } over 3, hold false
        lucky: WinRatio { ratio: Rate(200000000), after: 200 } over 2, hold false
        least: MinimumPlay { share: Rate(90000000), of: 10000 } over 0.9, hold false
    "#]]
    .assert_eq(&lines(told));
}

#[test]
fn what_is_wrong_with_signals_is_told_by_their_kind() {
    check(
        "
currency: EUR
signals:
  - { name: a, kind: velocity, over: { wagers: 0, within: 13h } }
  - { name: a, kind: velocity, over: { wagers: 1.5, within: 0s } }
  - { kind: speed }
  - { name: b, kind: stakeJump, over: { wagers: 5 } }
  - { name: B, kind: stakeJump, over: { times: 1000001, after: 10001 } }
  - { name: c, kind: gamingSystems, over: { count: 13, within: 5 } }
  - { name: d, kind: winRatio, over: { ratio: 0, after: many }, hold: maybe }
  - { name: e, kind: minimumPlay, over: { share: 1, of: 5 } }
",
        expect![[r#"
            line 4, column 48: `/signals/0/over/wagers`: expected a whole number from 1 to 1000000, found `0`
            line 4, column 59: `/signals/0/over/within`: expected whole seconds, minutes or hours such as `1m`, from `1s` to `12h`, found the text `13h`
            line 5, column 48: `/signals/1/over/wagers`: expected a whole number from 1 to 1000000, found `1.5`
            line 5, column 61: `/signals/1/over/within`: expected whole seconds, minutes or hours such as `1m`, from `1s` to `12h`, found the text `0s`
            line 6, column 5: `/signals/2`: `name` is missing: expected `name: too-fast`
            line 6, column 5: `/signals/2`: `over` is missing: expected `over: { wagers: 120, within: 1m }`
            line 6, column 13: `/signals/2/kind`: expected `velocity` or `stakeJump` or `gamingSystems` or `winRatio` or `minimumPlay`, found the text `speed`
            line 7, column 39: `/signals/3/over`: `times` is missing: expected `times: 20`
            line 7, column 39: `/signals/3/over`: `after` is missing: expected `after: 50`
            line 7, column 41: `/signals/3/over/wagers`: unknown key `wagers`; expected one of `times`, `after`
            line 8, column 48: `/signals/4/over/times`: expected a number above 0, up to 1000000, found `1000001`
            line 8, column 64: `/signals/4/over/after`: expected a whole number from 1 to 10000, found `10001`
            line 9, column 52: `/signals/5/over/count`: expected a whole number from 1 to 12, found `13`
            line 9, column 64: `/signals/5/over/within`: expected whole seconds, minutes or hours such as `1m`, from `1s` to `12h`, found `5`
            line 10, column 47: `/signals/6/over/ratio`: expected a number above 0, up to 1000000, found `0`
            line 10, column 57: `/signals/6/over/after`: expected a number such as `0.05`, found the text `many`
            line 10, column 71: `/signals/6/hold`: expected `true` or `false`, found the text `maybe`
            line 11, column 50: `/signals/7/over/share`: expected a share above 0 and below 1, such as `0.9`, found `1`
        "#]],
    );
    let many = "{name: a, kind: winRatio, over: {ratio: 2, after: 1}},".repeat(9);
    let told = problems(&format!("{{currency: EUR, signals: [{many}]}}"));
    assert_eq!(told, "line 1, column 26: `/signals`: expected at most 8 signals\n");
}

#[test]
fn rules_that_overlap_are_refused() {
    check(
        r"
currency: EUR
eligibility:
  categories: [slots, Table, slots]
  segments: { allow: [VIP, new], deny: [bots, VIP, bots] }
  players: { deny: [p1, p2, p1] }
earning:
  multipliers: { slots: 0.1, Slots: 0.2, table: 0.3 }
  caps: [{ points: 10, per: day }, { points: 20, per: day }]
rates: { EUR: 1.1, USD: 0 }
jurisdictions:
  Malta: {}
  malta: { enabled: false }
",
        expect![[r#"
            line 4, column 30: `/eligibility/categories/2`: `slots` is listed twice
            line 5, column 47: `/eligibility/segments/deny/1`: the segment `VIP` is both allowed and denied
            line 5, column 52: `/eligibility/segments/deny/2`: `bots` is listed twice
            line 6, column 29: `/eligibility/players/deny/2`: `p1` is listed twice
            line 8, column 30: `/earning/multipliers/Slots`: `Slots` and `slots` differ only in case, and names match exactly; keep one
            line 8, column 42: `/earning/multipliers/table`: `table` and `Table` differ only in case, and names match exactly; keep one
            line 9, column 36: `/earning/caps/1`: there is a daily cap already; expected one
            line 10, column 15: `/rates/EUR`: the program's own currency `EUR` has the rate 1, not `1.1`
            line 10, column 25: `/rates/USD`: expected a rate above 0; to earn nothing, leave it out
            line 13, column 3: `/jurisdictions/malta`: `malta` and `Malta` differ only in case, and names match exactly; keep one
        "#]],
    );
}

/// What is wrong with a document that is yet to be published.
fn problems_of_new(text: &str) -> String {
    let checked = program::read(text)
        .and_then(|document| program::check_new(&document, ZoneOffsets::default(), &SECOND));
    lines(checked.err().unwrap_or_default())
}

const SLIPS: &str = r#"
currency: eur
timezone: .5
rates: { usd: 0.92, Btc: 1, "gbp": 1, JPY: 0.006, 007: 1, U-D: 1 }
eligibility:
  categories: [slots, .5, 0x1F, 007, "008", +1, 1_000, no, .nan]
  segments: { allow: [0o17], deny: [+3] }
  players: { deny: [-.inf, player 7, 7-7] }
earning:
  multipliers: { null: 0.1, ~: 0.1, 12: 0.1, "true": 0.2, default: 1 }
  games: { 404: 0.1, False: 1 }
jurisdictions:
  null: {}
  TRUE: { enabled: false }
  NO: { eligibility: { categories: [.INF] } }
  "356": {}
  470: { earning: { multipliers: { true: 1 } } }
"#;

#[test]
fn what_can_never_match_or_was_not_meant_as_a_name_is_refused_where_it_is_new() {
    expect![[r#"
        line 2, column 11: `/currency`: expected a currency's code of letters A to Z and digits, as wagers have it, found `eur`; did you mean `EUR`?
        line 3, column 11: `/timezone`: expected a name, found `.5`, which YAML reads as a number; in quotes it is a name: `".5"`
        line 4, column 10: `/rates/usd`: expected a currency's code of letters A to Z and digits, as wagers have it, found `usd`; did you mean `USD`?
        line 4, column 21: `/rates/Btc`: expected a currency's code of letters A to Z and digits, as wagers have it, found `Btc`; did you mean `BTC`?
        line 4, column 29: `/rates/gbp`: expected a currency's code of letters A to Z and digits, as wagers have it, found `gbp`; did you mean `GBP`?
        line 4, column 51: `/rates/007`: expected a name, found `007`, which YAML reads as a number; in quotes it is a name: `"007"`
        line 4, column 59: `/rates/U-D`: expected a currency's code of letters A to Z and digits, as wagers have it, found `U-D`
        line 6, column 23: `/eligibility/categories/1`: expected a name, found `.5`, which YAML reads as a number; in quotes it is a name: `".5"`
        line 6, column 27: `/eligibility/categories/2`: expected a name, found `0x1F`, which YAML reads as a number; in quotes it is a name: `"0x1F"`
        line 6, column 33: `/eligibility/categories/3`: expected a name, found `007`, which YAML reads as a number; in quotes it is a name: `"007"`
        line 6, column 45: `/eligibility/categories/5`: expected a name, found `+1`, which YAML reads as a number; in quotes it is a name: `"+1"`
        line 6, column 60: `/eligibility/categories/8`: expected a name, found `.nan`, which YAML reads as a number; in quotes it is a name: `".nan"`
        line 7, column 23: `/eligibility/segments/allow/0`: expected a name, found `0o17`, which YAML reads as a number; in quotes it is a name: `"0o17"`
        line 7, column 37: `/eligibility/segments/deny/0`: expected a name, found `+3`, which YAML reads as a number; in quotes it is a name: `"+3"`
        line 8, column 21: `/eligibility/players/deny/0`: expected a name, found `-.inf`, which YAML reads as a number; in quotes it is a name: `"-.inf"`
        line 10, column 18: `/earning/multipliers/null`: expected a name, found `null`, which YAML reads as nothing; in quotes it is a name: `"null"`
        line 10, column 29: `/earning/multipliers/~0`: expected a name, found `~`, which YAML reads as nothing; in quotes it is a name: `"~"`
        line 11, column 22: `/earning/games/False`: expected a name, found `False`, which YAML reads as a yes or no; in quotes it is a name: `"False"`
        line 13, column 3: `/jurisdictions/null`: expected a name, found `null`, which YAML reads as nothing; in quotes it is a name: `"null"`
        line 14, column 3: `/jurisdictions/TRUE`: expected a name, found `TRUE`, which YAML reads as a yes or no; in quotes it is a name: `"TRUE"`
        line 15, column 37: `/jurisdictions/NO/eligibility/categories/0`: expected a name, found `.INF`, which YAML reads as a number; in quotes it is a name: `".INF"`
        line 17, column 3: `/jurisdictions/470`: expected a name, found `470`, which YAML reads as a number; in quotes it is a name: `"470"`
        line 17, column 36: `/jurisdictions/470/earning/multipliers/true`: expected a name, found `true`, which YAML reads as a yes or no; in quotes it is a name: `"true"`
    "#]].assert_eq(&problems_of_new(SLIPS));
    assert_eq!(problems(SLIPS), "", "what was published keeps its reading");
    for example in [SLOTS_HOUSE, LIVE_TABLES, SLOTS_CLUB] {
        assert_eq!(problems_of_new(example), "");
    }
}

#[test]
fn what_was_published_can_be_published_again() {
    let document = read(SLIPS);
    let stored = read(&program::to_json(&document));
    let compiled = |document| program::compile(document, ZoneOffsets::default()).unwrap();
    assert_eq!(compiled(&stored), compiled(&document));
}

#[test]
fn a_slip_is_told_beside_all_else_that_is_wrong() {
    let text =
        "currency: EUR\nrates: { usd: -1 }\nmode: on\neligibility: { categories: [null, 7] }\n";
    expect![[r#"
        line 2, column 10: `/rates/usd`: expected a currency's code of letters A to Z and digits, as wagers have it, found `usd`; did you mean `USD`?
        line 2, column 15: `/rates/usd`: expected a number such as `0.05`, not negative, found `-1`
        line 3, column 7: `/mode`: expected `live` or `off`, found the text `on`
        line 4, column 29: `/eligibility/categories/0`: expected a text, found nothing
        line 4, column 35: `/eligibility/categories/1`: expected a text in quotes, found `7`
    "#]].assert_eq(&problems_of_new(text));
}

#[test]
fn a_jurisdiction_overrides_rules_alone_and_must_fit_what_it_overrides() {
    check(
        r"
currency: EUR
eligibility: { segments: { allow: [VIP] } }
earning: { multipliers: { slots: 0.1 } }
jurisdictions:
  Malta: { currency: USD }
  Ontario: { eligibility: { segments: { deny: [VIP] } } }
  Sweden: { earning: { multiplier: null } }
  Norway: { earning: { multipliers: { Slots: 0.2 } } }
  Iceland: 5
  Greece:
",
        expect![[r#"
            line 6, column 12: `/jurisdictions/Malta/currency`: unknown key `currency`; expected one of `enabled`, `eligibility`, `earning`
            line 7, column 48: `/jurisdictions/Ontario/eligibility/segments/deny/0`: the segment `VIP` is both allowed and denied
            line 8, column 24: `/jurisdictions/Sweden/earning/multiplier`: unknown key `multiplier`; did you mean `multipliers`?
            line 9, column 39: `/jurisdictions/Norway/earning/multipliers/Slots`: `Slots` and `slots` differ only in case, and names match exactly; keep one
            line 10, column 12: `/jurisdictions/Iceland`: expected a mapping (`key: value`), found `5`
        "#]],
    );
}

#[test]
fn what_this_version_does_not_do_is_refused_and_not_passed_over() {
    check(
        r#"
currency: EUR
redemption: { minPoints: 100 }
mode: shadow
earning: { caps: [{ points: 5, per: week }, { points: 5, per: fortnight }] }
"#,
        expect![[r#"
            line 4, column 7: `/mode`: `shadow` is not supported by this version yet; expected `live` or `off`
            line 5, column 37: `/earning/caps/0/per`: `week` is not supported by this version yet; expected `day`
            line 5, column 63: `/earning/caps/1/per`: expected `day`, found the text `fortnight`
        "#]],
    );
}

#[test]
fn a_budget_that_could_never_be_kept_or_used_is_refused() {
    check(
        r"
currency: EUR
promotions:
  - { name: a, bonus: 1, budget: { points: 5, perPlayer: 5 } }
  - { name: b, bonus: 1, budget: { points: 5, perPlayer: 5.01 } }
  - { name: c, bonus: 1, budget: { points: 0 } }
  - { name: d, bonus: 1, budget: { perPlayer: 0.001 } }
  - { name: e, bonus: 1, budget: {} }
  - { name: f, bonus: 1, budget: 100 }
  - { name: g, bonus: 1, budget: { point: 100 } }
  - { name: h, multiply: 0.5, budget: { points: 100 } }
  - { name: i, multiply: 1, budget: { points: 1000000000000000.01 } }
  - { name: j, multiply: 0.5, budget: null }
",
        expect![[r#"
            line 5, column 58: `/promotions/1/budget/perPlayer`: expected no more than `points`, which all players share
            line 6, column 44: `/promotions/2/budget/points`: expected points above 0; without a limit, leave it out
            line 7, column 47: `/promotions/3/budget/perPlayer`: expected points such as `10.00`, with at most 2 decimals, found `0.001`
            line 8, column 34: `/promotions/4/budget`: `points` is missing: expected `points: 100000` or `perPlayer: 500`
            line 9, column 34: `/promotions/5/budget`: expected a mapping (`key: value`), found `100`
            line 10, column 34: `/promotions/6/budget`: `points` is missing: expected `points: 100000` or `perPlayer: 500`
            line 10, column 36: `/promotions/6/budget/point`: unknown key `point`; did you mean `points`?
            line 11, column 26: `/promotions/7/multiply`: expected a multiplier of 1 or more: a promotion with a budget gives points
            line 12, column 47: `/promotions/8/budget/points`: expected points such as `10.00`, not so large, found `1000000000000000.01`
        "#]],
    );
}

#[test]
fn what_is_wrong_with_a_condition_is_told_with_its_place_in_it() {
    check(
        r#"
currency: EUR
eligibility:
  where: |
    gameCategory = 'slots'
    AND wagerAmuont > 1
jurisdictions:
  Malta: { eligibility: { where: "playerSegment = 5" } }
  Ontario: { eligibility: { where: true } }
promotions:
  - { name: a, bonus: 1, where: "wagerAmount >" }
  - { name: b, bonus: 1, where: [wagerAmount] }
"#,
        expect![[r#"
            line 5, column 5: `/eligibility/where`: in the condition, line 2, column 5: expected a column, found `wagerAmuont`; did you mean `wagerAmount`?
            line 8, column 34: `/jurisdictions/Malta/eligibility/where`: in the condition, line 1, column 17: expected a text, found a number
            line 9, column 36: `/jurisdictions/Ontario/eligibility/where`: expected a condition in quotes, such as `"gameId <> 'demo-slot'"`, found `true`
            line 11, column 33: `/promotions/0/where`: in the condition, line 1, column 14: expected an expression, found the end
            line 12, column 33: `/promotions/1/where`: expected a condition in quotes, such as `"gameId <> 'demo-slot'"`, found a list
        "#]],
    );
    let dear = "wagerAmount / 2 > 1 OR ".repeat(50) + "TRUE";
    let promotions: Vec<String> =
        (0..6).map(|name| format!("  - {{ name: p{name}, bonus: 1, where: {dear} }}")).collect();
    check(
        &format!("currency: EUR\npromotions:\n{}\n", promotions.join("\n")),
        expect![[r#"
        line 3, column 3: `/promotions`: the conditions of all promotions cost more than 16384 comparisons together
    "#]],
    );
}

#[test]
fn a_condition_decides_in_a_jurisdiction_and_for_a_promotion_of_its_own() {
    let failures = failures(
        r#"
currency: EUR
timezone: Europe/Malta
rates: { USD: 0.5 }
earning: { multipliers: { default: 1 } }
eligibility: { where: "wagerAmount BETWEEN 1 AND 100 AND NOT COALESCE(winAmount > 50, FALSE)" }
jurisdictions:
  Malta: {}
  Ontario: { eligibility: { where: "operator_id = 'o1' AND wagerId LIKE 'w%'" } }
  Sweden: { eligibility: { where: null } }
promotions:
  - { name: sunday, multiply: 2, where: "EXTRACT(dow FROM timestamp) = 0" }
tests:
  - { wager: { wagerAmount: 2, currency: USD }, points: 1 }
  - { wager: { wagerAmount: 1.99, currency: USD }, reason: not_matched }
  - { wager: { wagerAmount: 2, currency: GBP }, reason: currency_unsupported }
  - { wager: { wagerAmount: 10, winAmount: 50 }, points: 10 }
  - { wager: { wagerAmount: 10, winAmount: 50.01 }, reason: not_matched }
  - { wager: { wagerAmount: 500, jurisdiction: Malta }, reason: not_matched }
  - { wager: { wagerAmount: 500, jurisdiction: Ontario, operatorId: o1, wagerId: w1 }, points: 500 }
  - { wager: { wagerAmount: 500, jurisdiction: Ontario, operatorId: o2, wagerId: w1 }, reason: not_matched }
  - { wager: { wagerAmount: 500, jurisdiction: Sweden }, points: 500 }
  - { wager: { wagerAmount: 5, timestamp: 2024-11-17T12:00:00Z }, points: 10 }
  - { wager: { wagerAmount: 5, timestamp: 2024-11-18T12:00:00Z }, points: 5 }
"#,
    );
    assert_eq!(failures, "");
}

#[test]
fn behaviour_1_knows_no_conditions() {
    let told = |text: &str| {
        lines((FIRST.program)(&read(text), ZoneOffsets::default()).err().unwrap_or_default())
    };
    expect![[r#"
        line 1, column 31: `/eligibility/where`: `where` is not supported by this version yet; leave it out
    "#]].assert_eq(&told("{currency: EUR, eligibility: {where: \"gameId = 'a'\"}}"));
    expect![[r#"
        line 1, column 45: `/tests/0/reason`: `not_matched` is not supported by this version yet; expected `mode_off` or `jurisdiction_disabled` or `no_consent` or `player_denied` or `segment_denied` or `segment_not_allowed` or `category_not_eligible` or `currency_unsupported` or `below_minimum` or `zero_multiplier` or `out_of_range`
    "#]].assert_eq(&told("{currency: EUR, tests: [{wager: {}, reason: not_matched}]}"));
    assert_eq!(
        told(
            "{currency: EUR, tests: [{wager: {winAmount: x, wagerId: 5, sequence: x}, points: 1}]}"
        ),
        ""
    );
}

#[test]
fn behaviour_1_knows_no_tiers_in_test_cases() {
    let document = read("{currency: EUR, tests: [{tier: gold, wager: {}, points: 1}]}");
    let told = lines((FIRST.program)(&document, ZoneOffsets::default()).unwrap_err());
    expect![[r#"
        line 1, column 26: `/tests/0/tier`: `tier` is not supported by this version yet; leave it out
    "#]].assert_eq(&told);
}

#[test]
fn promotions_are_read_with_all_their_times() {
    let document = read(
        r#"
currency: EUR
promotionsCombine: first
promotions:
  - { name: double-weekend, every: { days: [sat, sun] }, multiply: 2 }
  - { name: launch, from: 2024-11-15T00:00:00Z, to: 2024-11-18T00:00:00Z, bonus: 5 }
  - name: happy-hour
    every: { hours: ["22:00-02:00", "12:00-24:00"], dates: [1, last, "12-24"] }
    jurisdictions: [Ontario, Malta]
    multiply: 1.5
    bonus: 0.50
"#,
    );
    let program = program::compile(&document, ZoneOffsets::default()).unwrap();
    let Program { promotions, promotions_combine, .. } = program;
    assert_eq!(promotions_combine, Combine::First);
    expect![[r#"
        [
            Promotion {
                name: "double-weekend",
                when: When {
                    from: None,
                    to: None,
                    every: Some(
                        Every {
                            days: Weekdays(
                                65,
                            ),
                            hours: [],
                            dates: Dates(
                                [
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                    0,
                                ],
                            ),
                        },
                    ),
                },
                jurisdictions: [],
                condition: None,
                multiply: Rate(
                    200000000,
                ),
                bonus: Points(
                    0,
                ),
                budget: None,
            },
            Promotion {
                name: "launch",
                when: When {
                    from: Some(
                        Timestamp(
                            1731628800000000,
                        ),
                    ),
                    to: Some(
                        Timestamp(
                            1731888000000000,
                        ),
                    ),
                    every: None,
                },
                jurisdictions: [],
                condition: None,
                multiply: Rate(
                    100000000,
                ),
                bonus: Points(
                    500,
                ),
                budget: None,
            },
            Promotion {
                name: "happy-hour",
                when: When {
                    from: None,
                    to: None,
                    every: Some(
                        Every {
                            days: Weekdays(
                                0,
                            ),
                            hours: [
                                Hours {
                                    from_minute: 1320,
                                    to_minute: 120,
                                },
                                Hours {
                                    from_minute: 720,
                                    to_minute: 1440,
                                },
                            ],
                            dates: Dates(
                                [
                                    3,
                                    3,
                                    3,
                                    3,
                                    3,
                                    3,
                                    3,
                                    3,
                                    3,
                                    3,
                                    3,
                                    16777219,
                                ],
                            ),
                        },
                    ),
                },
                jurisdictions: [
                    "Malta",
                    "Ontario",
                ],
                condition: None,
                multiply: Rate(
                    150000000,
                ),
                bonus: Points(
                    50,
                ),
                budget: None,
            },
        ]
    "#]]
    .assert_debug_eq(&promotions);
}

#[test]
fn what_is_wrong_with_a_promotion_is_told_with_its_place() {
    check(
        r#"
currency: EUR
promotionsCombine: best
promotions:
  - { multiply: 2 }
  - { name: nothing }
  - { name: twice, multiply: 0 }
  - { name: twice, bonus: -5 }
  - { name: ends, from: 2024-11-18T00:00:00Z, to: 2024-11-18T00:00:00Z, bonus: 5 }
  - { name: days, every: { days: [sat, Sunday, so] }, bonus: 5 }
  - { name: hours, every: { hours: ["8-10", "24:00-25:00", "10:60-11:00", 5, "10:00-11:00"] }, bonus: 5 }
  - { name: dates, every: { dates: [0, 32, "02-30", first, "02-29", 1.5] }, bonus: 5 }
  - { name: empty, every: {}, bonus: 5 }
  - { name: none, every: { days: [] }, bonus: 5 }
  - { name: time, from: yesterday, to: 5, jurisdiction: Malta, bonus: 5 }
  - double
"#,
        expect![[r#"
            line 3, column 20: `/promotionsCombine`: expected `all` or `first`, found the text `best`
            line 5, column 5: `/promotions/0`: `name` is missing: expected `name: double-weekend`
            line 6, column 5: `/promotions/1`: `multiply` is missing: expected `multiply: 2` or `bonus: 5`
            line 7, column 30: `/promotions/2/multiply`: expected a multiplier above 0; what earns nothing is not eligible
            line 8, column 5: `/promotions/3`: there is another promotion of the name `twice`
            line 8, column 27: `/promotions/3/bonus`: expected points such as `10.00`, not negative, found `-5`
            line 9, column 51: `/promotions/4/to`: expected a time after `from`: the promotion would never hold
            line 10, column 40: `/promotions/5/every/days/1`: expected `mon` or `tue` or `wed` or `thu` or `fri` or `sat` or `sun`, found the text `Sunday`
            line 10, column 48: `/promotions/5/every/days/2`: expected `mon` or `tue` or `wed` or `thu` or `fri` or `sat` or `sun`, found the text `so`
            line 11, column 37: `/promotions/6/every/hours/0`: expected hours such as `"18:00-22:00"`, found the text `8-10`
            line 11, column 45: `/promotions/6/every/hours/1`: expected hours such as `"18:00-22:00"`, found the text `24:00-25:00`
            line 11, column 60: `/promotions/6/every/hours/2`: expected hours such as `"18:00-22:00"`, found the text `10:60-11:00`
            line 11, column 75: `/promotions/6/every/hours/3`: expected hours such as `"18:00-22:00"`, found `5`
            line 12, column 37: `/promotions/7/every/dates/0`: expected a day of the month (`15`), `last`, or a date of the year (`"12-24"`), found `0`
            line 12, column 40: `/promotions/7/every/dates/1`: expected a day of the month (`15`), `last`, or a date of the year (`"12-24"`), found `32`
            line 12, column 44: `/promotions/7/every/dates/2`: expected a day of the month (`15`), `last`, or a date of the year (`"12-24"`), found the text `02-30`
            line 12, column 53: `/promotions/7/every/dates/3`: expected a day of the month (`15`), `last`, or a date of the year (`"12-24"`), found the text `first`
            line 12, column 69: `/promotions/7/every/dates/5`: expected a day of the month (`15`), `last`, or a date of the year (`"12-24"`), found `1.5`
            line 13, column 27: `/promotions/8/every`: `days` is missing: expected `days: [sat, sun]`, `hours: "18:00-22:00"` or `dates: [1]`
            line 14, column 34: `/promotions/9/every/days`: expected at least one; to restrict nothing, leave it out
            line 15, column 25: `/promotions/10/from`: expected a time such as `2024-11-11T10:30:00Z`, found the text `yesterday`
            line 15, column 40: `/promotions/10/to`: expected a time such as `2024-11-11T10:30:00Z`, found `5`
            line 15, column 43: `/promotions/10/jurisdiction`: unknown key `jurisdiction`; did you mean `jurisdictions`?
            line 16, column 5: `/promotions/11`: expected a mapping (`key: value`), found the text `double`
        "#]],
    );
    let many: Vec<_> = (0..65).map(|n| format!("{{name: p{n}, bonus: 1}}")).collect();
    let many = many.join(",");
    check(
        &format!("{{currency: EUR, promotions: [{many}]}}"),
        expect![[r#"
        line 1, column 29: `/promotions`: expected at most 64 promotions; leave out what is over, each version has its own
    "#]],
    );
}

#[test]
fn tiers_are_read_with_window_levels_and_grace() {
    let tiers = |text: &str| {
        let document = read(&format!("{{currency: EUR, tiers: {text}}}"));
        program::compile(&document, ZoneOffsets::default()).unwrap().tiers
    };
    expect![[r#"
        Some(
            Tiers {
                window: Rolling(
                    WindowDays(
                        365,
                    ),
                ),
                levels: Levels(
                    [
                        Level {
                            name: "bronze",
                            from: Points(
                                0,
                            ),
                            multiplier: Rate(
                                100000000,
                            ),
                        },
                        Level {
                            name: "silver",
                            from: Points(
                                100050,
                            ),
                            multiplier: Rate(
                                125000000,
                            ),
                        },
                    ],
                ),
                grace: GraceDays(
                    30,
                ),
            },
        )
    "#]].assert_debug_eq(&tiers(
        "{window: {rolling: 365d}, grace: 30d, levels: [{name: bronze, from: 0}, {name: silver, from: 1000.5, multiplier: 1.25}]}",
    ));
    expect![[r#"
        Some(
            Tiers {
                window: Calendar(
                    Quarter,
                ),
                levels: Levels(
                    [
                        Level {
                            name: "all",
                            from: Points(
                                0,
                            ),
                            multiplier: Rate(
                                100000000,
                            ),
                        },
                    ],
                ),
                grace: GraceDays(
                    0,
                ),
            },
        )
    "#]]
    .assert_debug_eq(&tiers("{window: {calendar: quarter}, levels: [{name: all, from: 0}]}"));
}

#[test]
fn what_is_wrong_with_tiers_is_told_with_its_place() {
    for (text, expected) in [
        (
            "{}",
            expect![[r#"
            line 1, column 24: `/tiers`: `window` is missing: expected `window: { rolling: 365d }` or `window: { calendar: year }`
            line 1, column 24: `/tiers`: `levels` is missing: expected `levels: [{ name: bronze, from: 0 }]`
        "#]],
        ),
        (
            "{window: {}, levels: 5, grace: 30}",
            expect![[r#"
            line 1, column 33: `/tiers/window`: `rolling` is missing: expected `rolling: 365d` or `calendar: year`
            line 1, column 45: `/tiers/levels`: expected a list (`[a, b]`), found `5`
            line 1, column 55: `/tiers/grace`: expected a number of days such as `30d`, at most `3660d`, found `30`
        "#]],
        ),
        (
            "{window: {rolling: 0d, calendar: year}, levels: []}",
            expect![[r#"
            line 1, column 33: `/tiers/window`: expected either `rolling` or `calendar`, not both
            line 1, column 72: `/tiers/levels`: expected 1 to 64 levels
        "#]],
        ),
        (
            "{window: {rolling: 0d}, levels: [{name: a, from: 5}, {name: b, from: 5}, {name: a, from: 4}]}",
            expect![[r#"
            line 1, column 43: `/tiers/window/rolling`: expected at least a day, such as `365d`, found the text `0d`
            line 1, column 73: `/tiers/levels/0/from`: the lowest level begins at 0: it is everybody's
            line 1, column 93: `/tiers/levels/1/from`: expected more than the 5.00 of `a`: levels come from the lowest to the highest
            line 1, column 104: `/tiers/levels/2/name`: there is another level of the name `a`
            line 1, column 113: `/tiers/levels/2/from`: expected more than the 5.00 of `b`: levels come from the lowest to the highest
        "#]],
        ),
        (
            "{window: {rolling: 3661d}, levels: [{name: a, from: 0, multiplier: 0}, {name: A, from: 1}, {from: -1}], grace: 4000d}",
            expect![[r#"
            line 1, column 43: `/tiers/window/rolling`: expected a number of days such as `30d`, at most `3660d`, found the text `3661d`
            line 1, column 91: `/tiers/levels/0/multiplier`: expected a multiplier above 0
            line 1, column 96: `/tiers/levels/1/name`: `A` and `a` differ only in case, and names match exactly; keep one
            line 1, column 115: `/tiers/levels/2`: `name` is missing: expected `name: silver`
            line 1, column 122: `/tiers/levels/2/from`: expected points such as `10.00`, not negative, found `-1`
            line 1, column 135: `/tiers/grace`: expected a number of days such as `30d`, at most `3660d`, found the text `4000d`
        "#]],
        ),
        (
            "{window: {calendar: week}, levels: [{name: a, from: 0, until: 5}, b], grace: 1.5d}",
            expect![[r#"
            line 1, column 44: `/tiers/window/calendar`: expected `month` or `quarter` or `year`, found the text `week`
            line 1, column 79: `/tiers/levels/0/until`: unknown key `until`; expected one of `name`, `from`, `multiplier`
            line 1, column 90: `/tiers/levels/1`: expected a mapping (`key: value`), found the text `b`
            line 1, column 101: `/tiers/grace`: expected a number of days such as `30d`, at most `3660d`, found the text `1.5d`
        "#]],
        ),
    ] {
        check(&format!("{{currency: EUR, tiers: {text}}}"), expected);
    }
}

#[test]
fn points_wait_expire_and_are_taken_back_as_the_program_says() {
    let compiled = |text: &str| {
        let document = read(&format!("{{currency: EUR, {text}}}"));
        program::compile(&document, ZoneOffsets::default()).unwrap()
    };
    let (months, days) = (Months::new, |days| NotifyDays::new(days).unwrap());
    let some = compiled(
        "pending: {for: 2d}, expiry: {after: 12mo, inactivity: 6mo, notify: 7d}, voids: pending",
    );
    assert_eq!((some.pending.get(), some.voids), (48, Floor::Pending));
    assert_eq!(some.expiry, Expiry { after: months(12), inactivity: months(6), notify: days(7) });
    let one = compiled("pending: {for: 8784h}, expiry: {inactivity: 120mo, after: null}");
    assert_eq!((one.pending.get(), one.expiry.inactivity), (8_784, months(120)));
    assert_eq!((one.expiry.after, one.voids), (None, Floor::Unlimited));
    let none = compiled("pending: {for: 0m}, expiry: none, voids: balance");
    assert_eq!((none.pending, none.expiry), (PendingFor::default(), Expiry::default()));
    assert_eq!(none.voids, Floor::Balance);
}

#[test]
fn what_is_wrong_with_waiting_and_expiring_is_told_with_its_place() {
    check(
        r"
currency: EUR
pending: { for: 8785h, until: 5 }
expiry: { after: 0mo, inactivity: 12 }
voids: none
",
        expect![[r#"
            line 3, column 17: `/pending/for`: expected whole hours or days such as `24h` or `2d`, at most `8784h`, found the text `8785h`
            line 3, column 24: `/pending/until`: unknown key `until`; expected one of `for`
            line 4, column 18: `/expiry/after`: expected a number of months from `1mo` to `120mo`, found the text `0mo`
            line 4, column 35: `/expiry/inactivity`: expected a number of months from `1mo` to `120mo`, found `12`
            line 5, column 8: `/voids`: expected `unlimited` or `balance` or `pending`, found the text `none`
        "#]],
    );
    check(
        "{currency: EUR, pending: {for: 1.5h}, expiry: {}}",
        expect![[r#"
        line 1, column 32: `/pending/for`: expected whole hours or days such as `24h` or `2d`, at most `8784h`, found the text `1.5h`
        line 1, column 47: `/expiry`: `after` is missing: expected `after: 12mo`, `inactivity: 6mo` or both
    "#]],
    );
    check(
        "{currency: EUR, pending: 5, expiry: 12mo}",
        expect![[r#"
        line 1, column 26: `/pending`: expected a mapping (`key: value`), found `5`
        line 1, column 37: `/expiry`: expected `after: 12mo`, `inactivity: 6mo` or both, or `none`, found the text `12mo`
    "#]],
    );
    check(
        "{currency: EUR, pending: {for: 367d}, expiry: {after: 121mo, before: 1mo, notify: 91d}}",
        expect![[r#"
            line 1, column 32: `/pending/for`: expected whole hours or days such as `24h` or `2d`, at most `8784h`, found the text `367d`
            line 1, column 55: `/expiry/after`: expected a number of months from `1mo` to `120mo`, found the text `121mo`
            line 1, column 62: `/expiry/before`: unknown key `before`; expected one of `after`, `inactivity`, `notify`
            line 1, column 83: `/expiry/notify`: expected a number of days from `1d` to `90d`, found the text `91d`
        "#]],
    );
    check(
        "{currency: EUR, pending: {for: 99999999999h}, expiry: {after: mo}}",
        expect![[r#"
        line 1, column 32: `/pending/for`: expected whole hours or days such as `24h` or `2d`, at most `8784h`, found the text `99999999999h`
        line 1, column 63: `/expiry/after`: expected a number of months from `1mo` to `120mo`, found the text `mo`
    "#]],
    );
}

#[test]
fn what_was_published_under_behaviour_1_has_nothing_of_behaviour_2() {
    let text = "{currency: EUR, pending: {for: 1h}, expiry: {after: 1mo}, voids: pending, tiers: {window: {calendar: year}, levels: [{name: a, from: 0}]}, promotions: [{name: p, bonus: 1}], promotionsCombine: all}";
    let compiled = |dialect: &Dialect| {
        let compiled = (dialect.program)(&read(text), ZoneOffsets::default());
        lines(compiled.err().unwrap_or_default())
    };
    expect![[r#"
        line 1, column 32: `/pending/for`: a `pending` time is not supported by this version yet; expected `0h`
        line 1, column 45: `/expiry`: `expiry` is not supported by this version yet; expected `none`
        line 1, column 66: `/voids`: `pending` is not supported by this version yet; expected `unlimited` or `balance`
        line 1, column 75: `/tiers`: `tiers` is not supported by this version yet; leave it out
        line 1, column 140: `/promotions`: `promotions` is not supported by this version yet; leave it out
        line 1, column 175: `/promotionsCombine`: `promotionsCombine` is not supported by this version yet; leave it out
    "#]].assert_eq(&compiled(&FIRST));
    assert_eq!(compiled(&SECOND), "");
}

#[test]
fn what_leaderboards_of_games_make_of_scores_is_one_of_three_by_game() {
    let text =
        "{currency: EUR, gameLeaderboards: {tower: max, quiz: last, reels: sum, caves: null}}";
    let program = program::compile(&read(text), ZoneOffsets::default()).unwrap();
    let measures =
        ["tower", "quiz", "reels", "caves", "Tower"].map(|game| program.measure_of(game));
    assert_eq!(measures, [Measure::Max, Measure::Last, Measure::Sum, Measure::Sum, Measure::Sum]);
    check(
        "{currency: EUR, gameLeaderboards: {tower: average, quiz: [last]}}",
        expect![[r#"
            line 1, column 43: `/gameLeaderboards/tower`: expected `sum` or `max` or `last`, found the text `average`
            line 1, column 58: `/gameLeaderboards/quiz`: expected `sum` or `max` or `last`, found a list
        "#]],
    );
    let many: Vec<String> = (0..10_001).map(|game| format!("g{game}: max")).collect();
    check(
        &format!("{{currency: EUR, gameLeaderboards: {{{}}}}}", many.join(", ")),
        expect![[r#"
            line 1, column 35: `/gameLeaderboards`: expected at most 10000 names
        "#]],
    );
    let early = (FIRST.program)(&read(text), ZoneOffsets::default());
    expect![[r#"
        line 1, column 17: `/gameLeaderboards`: `gameLeaderboards` is not supported by this version yet; leave it out
    "#]]
    .assert_eq(&lines(early.err().unwrap_or_default()));
}

#[test]
fn what_changes_nothing_is_accepted() {
    check("{currency: EUR, expiry: none, pending: {for: 0h}, redemption: null}", expect![[r""]]);
    check("{currency: EUR, rates: {EUR: 1.0}, mode: off, voids: balance}", expect![[r""]]);
    check("{\"currency\": \"EUR\", \"mode\": false,}", expect![[r""]]);
}

#[test]
fn a_text_that_is_no_document_says_where_it_breaks() {
    check(
        "",
        expect![[r#"
        line 1, column 1: the document is empty
    "#]],
    );
    check(
        "just a text",
        expect![[r#"
        line 1, column 1: expected a mapping (`key: value`), found the text `just a text`
    "#]],
    );
    check(
        "[1, 2]",
        expect![[r#"
        line 1, column 1: expected a mapping (`key: value`), found a list
    "#]],
    );
    check(
        "currency: EUR\n  mode: live",
        expect![[r#"
        line 2, column 7: mapping values are not allowed in this context
    "#]],
    );
    check(
        "{\"currency\": \"EUR\", \"mode\": }{",
        expect![[r#"
        line 1, column 30: did not find expected <document start>
    "#]],
    );
    check(
        "currency: EUR\n---\ncurrency: USD",
        expect![[r#"
        line 2, column 1: expected one document, found a second one
    "#]],
    );
    check(
        "currency: EUR\nmode: off\ncurrency: USD",
        expect![[r#"
        line 3, column 1: `/currency`: the key `currency` is there twice
    "#]],
    );
    check(
        r#"{"currency": "EUR", "rates": {"USD": 1, "USD": 2}}"#,
        expect![[r#"
        line 1, column 41: `/rates/USD`: the key `USD` is there twice
    "#]],
    );
    check(
        r#"{"currency": "\ud83c"}"#,
        expect![[r#"
            line 1, column 14: expected JSON: unexpected end of hex escape
        "#]],
    );
    check(
        "currency: !!str EUR",
        expect![[r#"
        line 1, column 11: tags (`!name`) are not supported
    "#]],
    );
    check(
        "a: &all [x]\nb: *all",
        expect![[r#"
        line 1, column 4: anchors (`&name`) are not supported
    "#]],
    );
    check(
        "a: [&one x]\nb: [*one, *one]",
        expect![[r#"
        line 1, column 5: anchors (`&name`) are not supported
    "#]],
    );
    check(
        "? [a]\n: b",
        expect![[r#"
        line 1, column 3: expected a key that is a text
    "#]],
    );
    check(
        &"[".repeat(100_000),
        expect![[r#"
        line 1, column 256: recursion limit exceeded
    "#]],
    );
    check(
        &format!("{}{}", "[".repeat(17), "]".repeat(17)),
        expect![[r#"
        line 1, column 17: expected at most 16 levels of mappings and lists
    "#]],
    );
    check(
        &" ".repeat((1 << 20) + 1),
        expect![[r#"
        line 1, column 1: the document has 1048577 bytes, expected at most 1048576
    "#]],
    );
}

#[test]
fn a_document_of_many_mistakes_is_read_in_good_time_and_told_in_part() {
    let keys: Vec<_> = (0..50_000).map(|n| format!("\"k{n}\":[1,2]")).collect();
    let told = problems(&format!("{{{}}}", keys.join(",")));
    assert_eq!(told.lines().count(), 100);
    assert!(told.starts_with("line 1, column 2: `/k0`: unknown key `k0`"), "{told}");
}

#[test]
fn a_test_case_that_fails_says_what_the_program_gives() {
    let failures = failures(
        r"
currency: EUR
earning: { multipliers: { slots: 0.1, all: 10000000000 } }
eligibility: { minWager: 0.50 }
tests:
  - { wager: { gameCategory: slots }, points: 0.1 }
  - { wager: { gameCategory: slots }, points: 0.11 }
  - { name: too small, wager: { gameCategory: slots, wagerAmount: 0.4 }, points: 0.04 }
  - { consent: out, wager: {}, reason: no_consent }
  - { wager: { gameCategory: slots }, reason: zero_multiplier }
  - { wager: { gameCategory: all, wagerAmount: 1000000000000 }, reason: out_of_range }
  - { wager: { gameCategory: slots, timestamp: 2024-11-11T10:30:00Z, wagerId: w1, currency: USD }, points: 1 }
",
    );
    expect![[r#"
        line 7, column 5: test `/tests/1`: expected 0.11 points, the program gives 0.10 points
        line 8, column 5: test `too small`: expected 0.04 points, the program gives `below_minimum`
        line 10, column 5: test `/tests/4`: expected `zero_multiplier`, the program gives 0.10 points
        line 12, column 5: test `/tests/6`: expected 1.00 points, the program gives `currency_unsupported`
    "#]].assert_eq(&failures);
}

#[test]
fn a_test_case_says_the_tier_of_its_player() {
    let tiers = "
currency: EUR
earning: { multipliers: { slots: 0.1 } }
tiers:
  window: { rolling: 30d }
  levels: [{ name: bronze, from: 0, multiplier: 1.5 }, { name: gold, from: 10, multiplier: 2 }]
tests:
";
    let failures = failures(&format!(
        "{tiers}
  - {{ wager: {{ gameCategory: slots }}, points: 0.1 }}
  - {{ tier: bronze, wager: {{ gameCategory: slots }}, points: 0.15 }}
  - {{ tier: gold, wager: {{ gameCategory: slots }}, points: 0.2 }}
  - {{ name: of gold, tier: gold, wager: {{ gameCategory: slots }}, points: 0.1 }}
  - {{ tier: null, wager: {{ gameCategory: slots }}, points: 0.1 }}
"
    ));
    expect![[r#"
        line 12, column 5: test `of gold`: expected 0.10 points, the program gives 0.20 points
    "#]]
    .assert_eq(&failures);
    check(
        &format!(
            "{tiers}
  - {{ tier: golden, wager: {{}}, reason: zero_multiplier }}
  - {{ tier: 2, wager: {{}}, reason: zero_multiplier }}
"
        ),
        expect![[r#"
            line 9, column 13: `/tests/0/tier`: expected `bronze` or `gold`, found the text `golden`; did you mean `gold`?
            line 10, column 13: `/tests/1/tier`: expected `bronze` or `gold`, found `2`
        "#]],
    );
    check(
        "{currency: EUR, tests: [{tier: gold, wager: {}, points: 0}]}",
        expect![[r#"
        line 1, column 32: `/tests/0/tier`: the program has no tiers: leave it out
    "#]],
    );
    // Which levels were meant is not known, and told once.
    check(
        "{currency: EUR, tiers: {window: {rolling: 30d}, levels: [{name: gold, from: 1}]},
          tests: [{tier: gold, wager: {}, points: 0}]}",
        expect![[r#"
            line 1, column 77: `/tiers/levels/0/from`: the lowest level begins at 0: it is everybody's
        "#]],
    );
}

#[test]
fn a_test_case_that_cannot_be_read_is_a_problem() {
    check(
        r"
currency: EUR
tests:
  - { wager: { gameCategory: slots } }
  - { points: 1 }
  - { wager: { stake: 1, timestamp: yesterday }, points: 1, reason: no_consent }
  - { wager: {}, reason: below_minimun }
  - { wager: {}, reason: not_matched }
  - { wager: {}, reason: voided, consent: maybe }
",
        expect![[r#"
            line 4, column 5: `/tests/0`: `points` is missing: expected `points: 10.00` or `reason: below_minimum`
            line 5, column 5: `/tests/1`: `wager` is missing: expected `wager: { gameCategory: slots, wagerAmount: 10.00 }`
            line 6, column 5: `/tests/2`: expected either `points` or a `reason`, not both
            line 6, column 16: `/tests/2/wager/stake`: unknown key `stake`; expected one of `gameCategory`, `gameId`, `wagerAmount`, `currency`, `playerSegment`, `playerId`, `jurisdiction`, `timestamp`, `type`, `wagerId`, `operatorId`, `winAmount`, `gamingSystemId`, `sequence`
            line 6, column 37: `/tests/2/wager/timestamp`: expected a time such as `2024-11-11T10:30:00Z`, found the text `yesterday`
            line 7, column 26: `/tests/3/reason`: expected `mode_off` or `jurisdiction_disabled` or `no_consent` or `player_denied` or `segment_denied` or `segment_not_allowed` or `category_not_eligible` or `currency_unsupported` or `below_minimum` or `not_matched` or `zero_multiplier` or `out_of_range`, found the text `below_minimun`; did you mean `below_minimum`?
            line 9, column 26: `/tests/5/reason`: expected `mode_off` or `jurisdiction_disabled` or `no_consent` or `player_denied` or `segment_denied` or `segment_not_allowed` or `category_not_eligible` or `currency_unsupported` or `below_minimum` or `not_matched` or `zero_multiplier` or `out_of_range`, found the text `voided`
            line 9, column 43: `/tests/5/consent`: expected `in` or `out`, found the text `maybe`
        "#]],
    );
}

#[test]
fn a_difference_names_what_was_added_removed_and_changed() {
    let old = read(SLOTS_HOUSE);
    let new = SLOTS_HOUSE
        .replace("slots: 0.1\n", "slots: 0.15\n    bingo: 1\n")
        .replace("[slots, table, poker]", "[table, slots, live]")
        .replace("points: 5000,", "points: 5000.00,")
        .replace("GBP: 1.17", "GBP: 1.18")
        .replace("  Sweden: { enabled: false }", "  a/b~c: {}")
        .replace("consent: opt-out", "consent: opt-in");
    let told = lines(program::diff(&old, &read(&new)));
    expect![[r#"
        + /eligibility/categories: "live"
        - /eligibility/categories: "poker"
        ~ /earning/multipliers/slots: 0.1 → 0.15
        + /earning/multipliers/bingo: 1
        + /jurisdictions/a~1b~0c: {}
        - /jurisdictions/Sweden: {"enabled":false}
        ~ /rates/GBP: 1.17 → 1.18
        ~ /consent: "opt-out" → "opt-in"
    "#]]
    .assert_eq(&told);
}

/// The schema as an editor applies it.
fn schema() -> jsonschema::Validator {
    jsonschema::draft202012::new(&serde_json::from_str(program::SCHEMA_SECOND).unwrap()).unwrap()
}

fn as_json(text: &str) -> serde_json::Value {
    serde_json::from_str(&program::to_json(&read(text))).unwrap()
}

#[test]
fn the_schema_accepts_the_examples() {
    let schema = schema();
    let promoted = "{currency: EUR, promotionsCombine: first, promotions: [
        {name: q, bonus: 1, budget: {points: 100, perPlayer: null}}, {name: r, bonus: 1, budget: {perPlayer: 0.5}},
        {name: a, bonus: 1, from: 2024-11-15T00:00:00Z, jurisdictions: [Malta]},
        {name: b, multiply: 2, every: {days: sat, hours: [\"22:00-02:00\", \"08:00-24:00\"]}},
        {name: c, multiply: 2, every: {dates: [1, last, \"12-24\"]}, where: \"gameId <> 'a'\"},
    ]}";
    let plain = [
        "currency: EUR",
        "{currency: EUR, mode: null}",
        "{currency: EUR, expiry: {after: 12mo, inactivity: 6mo}, pending: {for: 24h}, voids: pending}",
        "{currency: EUR, expiry: {after: null, inactivity: 120mo}, pending: {for: 366d}}",
        "{currency: EUR, expiry: none, pending: {for: 0h}}",
        "{currency: EUR, tiers: {window: {rolling: 365d}, grace: 30d, levels: [{name: a, from: 0}]}}",
        "{currency: EUR, tiers: {window: {calendar: year}, levels: [{name: a, from: 0}, {name: b, from: 1, multiplier: 2}]}}",
        SIGNALS,
        "{currency: EUR, gameLeaderboards: {reels: sum, tower: max, \"7\": last, caves: null}}",
    ];
    for text in [SLOTS_HOUSE, LIVE_TABLES, SLOTS_CLUB, promoted].into_iter().chain(plain) {
        let document = as_json(text);
        let errors: Vec<_> = schema.iter_errors(&document).map(|error| error.to_string()).collect();
        assert_eq!(errors, Vec::<String>::new());
    }
}

#[test]
fn the_schema_refuses_what_the_check_refuses() {
    let schema = schema();
    for text in [
        "mode: live",
        "{currency: EUR, colour: red}",
        "{currency: 5}",
        "{currency: EUR, mode: shadow}",
        "{currency: EUR, gameLeaderboards: {reels: best}}",
        "{currency: EUR, gameLeaderboards: [reels]}",
        "{currency: EUR, signals: [{name: a, kind: velocity}]}",
        "{currency: EUR, signals: [{name: a, kind: speed, over: {wagers: 1, within: 1m}}]}",
        "{currency: EUR, signals: [{name: a, kind: velocity, over: {wagers: 0, within: 1m}}]}",
        "{currency: EUR, signals: [{name: a, kind: velocity, over: {times: 2, after: 5}}]}",
        "{currency: EUR, signals: [{name: a, kind: gamingSystems, over: {count: 13, within: 1m}}]}",
        "{currency: EUR, signals: [{name: a, kind: winRatio, over: {ratio: 0, after: 5}}]}",
        "{currency: EUR, signals: [{name: a, kind: stakeJump, over: {times: 2, after: 10001}}]}",
        "{currency: EUR, signals: [{name: a, kind: minimumPlay, over: {share: 1, of: 100}}]}",
        "{currency: EUR, tiers: {}}",
        "{currency: EUR, tiers: {window: {rolling: 365d}}}",
        "{currency: EUR, tiers: {window: {rolling: 365}, levels: [{name: a, from: 0}]}}",
        "{currency: EUR, tiers: {window: {rolling: 5d, calendar: year}, levels: [{name: a, from: 0}]}}",
        "{currency: EUR, tiers: {window: {calendar: week}, levels: [{name: a, from: 0}]}}",
        "{currency: EUR, tiers: {window: {calendar: year}, levels: []}}",
        "{currency: EUR, tiers: {window: {calendar: year}, levels: [{name: a, from: 0, multiplier: 0}]}}",
        "{currency: EUR, tiers: {window: {calendar: year}, levels: [{from: 0}], grace: 30d}}",
        "{currency: EUR, expiry: {after: 12}}",
        "{currency: EUR, expiry: {after: 0mo}}",
        "{currency: EUR, expiry: {inactivity: 121mo}}",
        "{currency: EUR, expiry: {}}",
        "{currency: EUR, expiry: {before: 1mo}}",
        "{currency: EUR, expiry: never}",
        "{currency: EUR, pending: {for: 1.5h}}",
        "{currency: EUR, pending: {for: 30m}}",
        "{currency: EUR, pending: 1h}",
        "{currency: EUR, voids: half}",
        "{currency: EUR, eligibility: {where: 5}}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, where: [a]}]}",
        "{currency: EUR, eligibility: {minWager: -1}}",
        "{currency: EUR, eligibility: {categories: [a, a]}}",
        "{currency: EUR, earning: {multipliers: {slots: '0.1'}}}",
        "{currency: EUR, earning: {caps: [{points: 1, per: week}]}}",
        "{currency: EUR, earning: {caps: [{points: 1, per: day}, {points: 2, per: day}]}}",
        "{currency: EUR, rates: {USD: 0}}",
        "{currency: EUR, jurisdictions: {Malta: {mode: off}}}",
        "{currency: EUR, promotionsCombine: best}",
        "{currency: EUR, promotions: [{name: p}]}",
        "{currency: EUR, promotions: [{bonus: 1}]}",
        "{currency: EUR, promotions: [{name: p, multiply: 0}]}",
        "{currency: EUR, promotions: [{name: p, bonus: -1}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, from: 5}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, every: {}}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, every: {days: [sunday]}}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, every: {days: []}}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, every: {hours: '8-10'}}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, every: {dates: 32}}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, budget: {}}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, budget: {points: 0}}]}",
        "{currency: EUR, promotions: [{name: p, bonus: 1, budget: {perPlayer: 5, each: 5}}]}",
        "{currency: EUR, tests: [{wager: {}}]}",
        "{currency: EUR, tests: [{wager: {}, points: 1, reason: no_consent}]}",
    ] {
        assert!(!schema.is_valid(&as_json(text)), "{text}");
        assert_ne!(problems(text), "", "{text}");
    }
}
/// Texts that come close to being documents.
fn almost_a_document() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "currency",
        "EUR",
        "eligibility",
        "jurisdictions",
        "earning",
        "rates",
        "tests",
        "caps",
        "wager",
        "multipliers",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n    - ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "\"",
        "'",
        "\\",
        "0.1",
        "1e9",
        "-",
        "null",
        "true",
        "#",
        "&a ",
        "*a",
        "!t ",
        "| ",
        "> ",
        "? ",
        "---\n",
        "%",
        "\t",
        "\u{e9}",
        "\u{feff}",
        "\u{85}",
        "\u{1f3b0}",
        "\\ud83c",
        "\r",
    ]);
    prop::collection::vec(pieces, 0..20).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn any_text_is_read_or_refused_and_what_is_read_is_stored_without_loss(
        text in almost_a_document(),
    ) {
        let Ok(document) = program::read(&text) else { return Ok(()) };
        let stored = program::to_json(&document);
        let again = program::read(&stored).unwrap();
        prop_assert_eq!(program::to_json(&again), stored);
        prop_assert_eq!(program::diff(&document, &again), []);
        prop_assert_eq!(program::check(&document).is_ok(), program::check(&again).is_ok());
    }
}
