//! Forms of tournaments: each writes a statement, and is read back from it.

use accolade_domain::amount::{Amount, Rate};
use accolade_domain::event::{GameEvent, Wager};
use accolade_domain::query::row::Row;
use accolade_domain::query::scoring::{Aggregate, Query};
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_wire::json;
use accolade_wire::query::{compile_query, print_query};
use accolade_wire::tournament::exact::Exact;
use accolade_wire::tournament::form::{
    Form, GameEventForm, GameEventScore, Multipliers, Names, WagerForm, WagerScore,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;

fn read(json: &str) -> Form {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// Writes down the statement of each form, or what is wrong with it.
fn check(forms: &[&str], expected: Expect) {
    let told = forms.iter().map(|form| match read(form).query() {
        Ok(query) => {
            assert_eq!(Form::of(&query), Some(read(form)));
            format!("> {form}\n  {}\n", print_query(&query))
        }
        Err(problems) => {
            problems.iter().fold(format!("> {form}\n"), |told, it| format!("{told}  {it}\n"))
        }
    });
    expected.assert_eq(&told.collect::<String>());
}

#[test]
fn a_form_writes_what_it_says_as_a_statement() {
    check(
        &[
            r#"{"source":"wagers"}"#,
            r#"{"source":"wagers","categories":["slots"],"leastStake":"10.00","segments":["VIP","Gold"],"exceptJurisdictions":["Ontario"],"multipliers":{"mega-slots":"2"}}"#,
            r#"{"source":"wagers","games":["b","a"],"greatestStake":"100","jurisdictions":["Malta"],"players":["p-1","p-2"],"score":"returns","points":"0.5"}"#,
            r#"{"source":"wagers","exceptJurisdictions":["Ontario","Malta"],"onlyWinning":true,"score":"bestWin"}"#,
            r#"{"source":"wagers","score":"bestRatio","points":"100","multipliers":{"it's":"1.5"}}"#,
            r#"{"source":"wagers","score":"wagers"}"#,
            r#"{"source":"wagers","score":"wagers","points":"5","multipliers":{"a":"3","b":"2"}}"#,
            r#"{"source":"gameEvents","eventTypes":["player_score"]}"#,
            r#"{"source":"gameEvents","games":["game-1"],"players":["p-1"],"score":"bestScore","points":"2"}"#,
            r#"{"source":"gameEvents","eventTypes":["quest_completed","boss_defeated"],"score":"events"}"#,
        ],
        expect![[r#"
            > {"source":"wagers"}
              SELECT playerId, SUM(wagerAmount) AS score FROM wagers GROUP BY playerId
            > {"source":"wagers","categories":["slots"],"leastStake":"10.00","segments":["VIP","Gold"],"exceptJurisdictions":["Ontario"],"multipliers":{"mega-slots":"2"}}
              SELECT playerId, SUM(wagerAmount * CASE WHEN gameId = 'mega-slots' THEN 2 ELSE 1 END) AS score FROM wagers WHERE (gameCategory = 'slots') AND (wagerAmount >= 10) AND (playerSegment IN ('Gold', 'VIP')) AND (jurisdiction <> 'Ontario') GROUP BY playerId
            > {"source":"wagers","games":["b","a"],"greatestStake":"100","jurisdictions":["Malta"],"players":["p-1","p-2"],"score":"returns","points":"0.5"}
              SELECT playerId, SUM(winAmount * 0.5) AS score FROM wagers WHERE (gameId IN ('a', 'b')) AND (wagerAmount <= 100) AND (jurisdiction = 'Malta') AND (playerId IN ('p-1', 'p-2')) GROUP BY playerId
            > {"source":"wagers","exceptJurisdictions":["Ontario","Malta"],"onlyWinning":true,"score":"bestWin"}
              SELECT playerId, MAX(winAmount) AS score FROM wagers WHERE (NOT (jurisdiction IN ('Malta', 'Ontario'))) AND (winAmount > 0) GROUP BY playerId
            > {"source":"wagers","score":"bestRatio","points":"100","multipliers":{"it's":"1.5"}}
              SELECT playerId, MAX(((winAmount / wagerAmount) * 100) * CASE WHEN gameId = 'it''s' THEN 1.5 ELSE 1 END) AS score FROM wagers GROUP BY playerId
            > {"source":"wagers","score":"wagers"}
              SELECT playerId, COUNT(*) AS score FROM wagers GROUP BY playerId
            > {"source":"wagers","score":"wagers","points":"5","multipliers":{"a":"3","b":"2"}}
              SELECT playerId, SUM(5 * CASE WHEN gameId = 'a' THEN 3 WHEN gameId = 'b' THEN 2 ELSE 1 END) AS score FROM wagers GROUP BY playerId
            > {"source":"gameEvents","eventTypes":["player_score"]}
              SELECT playerId, SUM(data.score) AS score FROM game_events WHERE eventType = 'player_score' GROUP BY playerId
            > {"source":"gameEvents","games":["game-1"],"players":["p-1"],"score":"bestScore","points":"2"}
              SELECT playerId, MAX(data.score * 2) AS score FROM game_events WHERE (gameId = 'game-1') AND (playerId = 'p-1') GROUP BY playerId
            > {"source":"gameEvents","eventTypes":["quest_completed","boss_defeated"],"score":"events"}
              SELECT playerId, COUNT(*) AS score FROM game_events WHERE eventType IN ('boss_defeated', 'quest_completed') GROUP BY playerId
        "#]],
    );
}

#[test]
fn the_query_of_the_documentation_is_one_of_a_form() {
    let text = "SELECT playerId, SUM(wagerAmount * CASE WHEN gameId = 'mega-slots' THEN 2 ELSE 1 END) AS score
        FROM wagers
        WHERE gameCategory = 'slots'
          AND wagerAmount >= 10.00
          AND playerSegment IN ('VIP', 'Gold')
          AND jurisdiction <> 'Ontario'
        GROUP BY playerId";
    let form = Form::of(&compile_query(text).unwrap()).unwrap();
    expect![[r#"
        {
          "source": "wagers",
          "categories": [
            "slots"
          ],
          "leastStake": "10.00",
          "segments": [
            "Gold",
            "VIP"
          ],
          "exceptJurisdictions": [
            "Ontario"
          ],
          "score": "stakes",
          "multipliers": {
            "mega-slots": "2"
          }
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(&form).unwrap());
}

#[test]
fn what_no_form_says_is_none_of_a_form() {
    for rest in [
        "* FROM wagers",
        "playerId, SUM(wagerAmount) FROM wagers WHERE wagerAmount > 10 GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE 10 <= wagerAmount GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE winAmount > 1 GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE winAmount >= 10 GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE wagerAmount >= -1 GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE currency = 'EUR' GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE gameId <> 'a' GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE gameId = '' GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE gameId IN ('a') GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE gameId IN ('a', NULL) GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE gameId = 'a' OR gameId = 'b' GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE gameId = 'a' AND gameId = 'b' GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE gameCategory = 'a' AND gameId = 'b' GROUP BY playerId",
        "playerId, SUM(wagerAmount) FROM wagers WHERE wagerAmount >= 5 AND wagerAmount <= 4 GROUP BY playerId",
        "playerId, MIN(wagerAmount) FROM wagers GROUP BY playerId",
        "playerId, MAX(wagerAmount) FROM wagers GROUP BY playerId",
        "playerId, AVG(winAmount) FROM wagers GROUP BY playerId",
        "playerId, COUNT(gameId) FROM wagers GROUP BY playerId",
        "playerId, MAX(1) FROM wagers GROUP BY playerId",
        "playerId, SUM(1) FROM wagers GROUP BY playerId",
        "playerId, SUM(0) FROM wagers GROUP BY playerId",
        "playerId, SUM(-2) FROM wagers GROUP BY playerId",
        "playerId, SUM(0.000000001) FROM wagers GROUP BY playerId",
        "playerId, SUM(2 * wagerAmount) FROM wagers GROUP BY playerId",
        "playerId, SUM(wagerAmount * 2 * 2) FROM wagers GROUP BY playerId",
        "playerId, SUM(wagerAmount * (2 * 2)) FROM wagers GROUP BY playerId",
        "playerId, SUM(wagerAmount * 1) FROM wagers GROUP BY playerId",
        "playerId, SUM(wagerAmount + winAmount) FROM wagers GROUP BY playerId",
        "playerId, SUM(winAmount / wagerAmount) FROM wagers GROUP BY playerId",
        "playerId, MAX(wagerAmount / winAmount) FROM wagers GROUP BY playerId",
        "playerId, SUM(CASE WHEN gameId = 'a' THEN 2 END) FROM wagers GROUP BY playerId",
        "playerId, SUM(CASE WHEN gameId = 'a' THEN 2 ELSE 3 END) FROM wagers GROUP BY playerId",
        "playerId, SUM(CASE WHEN gameId = 'b' THEN 2 WHEN gameId = 'a' THEN 2 ELSE 1 END) FROM wagers GROUP BY playerId",
        "playerId, SUM(CASE WHEN gameId = 'a' THEN 2 WHEN gameId = 'a' THEN 2 ELSE 1 END) FROM wagers GROUP BY playerId",
        "playerId, SUM(CASE WHEN gameId IN ('a', 'b') THEN 2 ELSE 1 END) FROM wagers GROUP BY playerId",
        "playerId, SUM(CASE WHEN currency = 'EUR' THEN 2 ELSE 1 END) FROM wagers GROUP BY playerId",
        "playerId, SUM(data.points) FROM game_events GROUP BY playerId",
        "playerId, SUM(data.score.total) FROM game_events GROUP BY playerId",
        "playerId, MIN(data.score) FROM game_events GROUP BY playerId",
        "playerId, SUM(data.score) FROM game_events WHERE data.won GROUP BY playerId",
    ] {
        let query = compile_query(&format!("SELECT {rest}"))
            .unwrap_or_else(|problem| panic!("{rest}: {problem}"));
        assert_eq!(Form::of(&query), None, "{rest}");
    }
}

#[test]
fn what_is_wrong_with_a_form_is_told_by_field() {
    let long = "a".repeat(129);
    let many: Vec<String> = (0..3_000).map(|number| format!("\"player-{number}\"")).collect();
    let many = format!(r#"{{"source":"wagers","players":[{}]}}"#, many.join(","));
    let problems = read(&many).query().unwrap_err();
    expect!["expected less in it, since it makes a query that is refused: line 1, column 16385: expected a query of at most 16384 bytes, found one of 43981 bytes"].assert_eq(&problems[0].to_string());
    check(
        &[
            r#"{"source":"wagers","games":[""],"points":"0","leastStake":"5","greatestStake":"4.99"}"#,
            r#"{"source":"wagers","categories":["a\u0000"],"multipliers":{"":"0"}}"#,
            &format!(r#"{{"source":"gameEvents","eventTypes":["{long}"]}}"#),
        ],
        expect![[r#"
            > {"source":"wagers","games":[""],"points":"0","leastStake":"5","greatestStake":"4.99"}
              `/greatestStake`: expected a stake that is not below `leastStake`: no wager would count
              `/games`: expected names of 1 to 128 bytes without control characters
              `/points`: expected points above 0
            > {"source":"wagers","categories":["a\u0000"],"multipliers":{"":"0"}}
              `/categories`: expected names of 1 to 128 bytes without control characters
              `/multipliers`: expected names of 1 to 128 bytes without control characters
              `/multipliers`: expected multipliers above 0: leave out of `games` what is not to count
            > {"source":"gameEvents","eventTypes":["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"]}
              `/eventTypes`: expected names of 1 to 128 bytes without control characters
        "#]],
    );
}

#[test]
fn what_is_no_form_is_not_read() {
    for json in [
        r#"{}"#,
        r#"{"source":"payouts"}"#,
        r#"{"source":"wagers","stakes":true}"#,
        r#"{"source":"gameEvents","categories":["slots"]}"#,
        r#"{"source":"wagers","score":"scores"}"#,
        r#"{"source":"wagers","points":2}"#,
        r#"{"source":"wagers","points":"-2"}"#,
        r#"{"source":"wagers","points":"0.123456789"}"#,
        r#"{"source":"wagers","leastStake":"1000000000000.01"}"#,
        r#"{"source":"wagers","games":"slots"}"#,
    ] {
        assert!(serde_json::from_str::<Form>(json).is_err(), "{json}");
    }
}

/// Names of which many are the same, and some are whatever can be a name.
fn names() -> impl Strategy<Value = Names> {
    let any = r"\PC{1,20}".prop_filter("an identifier", |name| name.len() <= 128);
    let known =
        prop::sample::select(vec!["a", "b", "it's", "50%_", r"back\slash", "NULL", "--", "'"]);
    prop::collection::btree_set(prop_oneof![3 => known.prop_map(str::to_owned), 1 => any], 0..4)
}

fn rate() -> impl Strategy<Value = Exact<Rate>> {
    let units = prop_oneof![
        Just(Rate::ONE.units()),
        (1..=20_u64).prop_map(|tenths| tenths * 10_000_000),
        1..=Rate::MAX.units(),
    ];
    units.prop_map(|units| Exact(Rate::from_units(units).unwrap()))
}

fn multipliers() -> impl Strategy<Value = Multipliers> {
    (names(), prop::collection::vec(rate(), 4))
        .prop_map(|(games, rates)| games.into_iter().zip(rates).collect())
}

fn stake() -> impl Strategy<Value = Option<Exact<Amount>>> {
    let atto = prop_oneof![
        (0..=40_u128).prop_map(|halves| halves * 500_000_000_000_000_000),
        0..=Amount::MAX.atto(),
    ];
    prop::option::of(atto.prop_map(|atto| Exact(Amount::from_atto(atto).unwrap())))
}

fn wager_form() -> impl Strategy<Value = WagerForm> {
    let lists = (names(), names(), names(), names(), names(), names());
    let scores = vec![
        WagerScore::Stakes,
        WagerScore::Returns,
        WagerScore::BestWin,
        WagerScore::BestRatio,
        WagerScore::Wagers,
    ];
    let score = prop::sample::select(scores);
    (lists, stake(), stake(), any::<bool>(), score, rate(), multipliers()).prop_map(
        |(lists, a, b, only_winning, score, points, multipliers)| {
            let (games, categories, segments, jurisdictions, except_jurisdictions, players) = lists;
            let (least_stake, greatest_stake) = match a.zip(b) {
                Some((a, b)) => (Some(a.min(b)), Some(a.max(b))),
                None => (a, b),
            };
            WagerForm {
                games,
                categories,
                least_stake,
                greatest_stake,
                segments,
                jurisdictions,
                except_jurisdictions,
                players,
                only_winning,
                score,
                points,
                multipliers,
            }
        },
    )
}

fn game_event_form() -> impl Strategy<Value = GameEventForm> {
    let scores = vec![GameEventScore::Scores, GameEventScore::BestScore, GameEventScore::Events];
    let score = prop::sample::select(scores);
    (names(), names(), names(), score, rate(), multipliers()).prop_map(
        |(event_types, games, players, score, points, multipliers)| GameEventForm {
            event_types,
            games,
            players,
            score,
            points,
            multipliers,
        },
    )
}

fn any_form() -> impl Strategy<Value = Form> {
    prop_oneof![wager_form().prop_map(Form::Wagers), game_event_form().prop_map(Form::GameEvents)]
}

/// Whether a list restricts nothing, or has a name.
fn has(names: &Names, name: &str) -> bool {
    names.is_empty() || names.contains(name)
}

/// What a wager counts by a form, in the words of its fields; numbers are small, so that doubles are exact enough.
fn counted(form: &WagerForm, wager: &Wager<'_>) -> Option<f64> {
    let number = |amount: Amount| amount.to_string().parse::<f64>().unwrap();
    let counts = has(&form.games, &wager.game_id)
        && has(&form.categories, &wager.game_category)
        && form.least_stake.is_none_or(|least| wager.stake >= least.0)
        && form.greatest_stake.is_none_or(|greatest| wager.stake <= greatest.0)
        && (form.segments.is_empty()
            || wager.segment.as_ref().is_some_and(|segment| form.segments.contains(&**segment)))
        && has(&form.jurisdictions, &wager.jurisdiction)
        && !form.except_jurisdictions.contains(&*wager.jurisdiction)
        && has(&form.players, &wager.player_id)
        && (!form.only_winning || wager.win.is_some_and(|win| win > Amount::ZERO));
    let stake = number(wager.stake);
    let of = match form.score {
        WagerScore::Stakes => stake,
        WagerScore::Returns | WagerScore::BestWin => number(wager.win?),
        WagerScore::BestRatio if stake == 0.0 => return None,
        WagerScore::BestRatio => number(wager.win?) / stake,
        WagerScore::Wagers => 1.0,
    };
    counts.then(|| of * worth(form.points, &form.multipliers, &wager.game_id))
}

fn worth(points: Exact<Rate>, multipliers: &Multipliers, game: &str) -> f64 {
    let number = |rate: &Exact<Rate>| rate.to_string().parse::<f64>().unwrap();
    number(&points) * multipliers.get(game).map_or(1.0, number)
}

fn by_query(query: &Query, row: &Row<'_>) -> Option<f64> {
    let value = query.scoring.as_ref().unwrap().value(row)?;
    query.counts(row).then(|| value.to_string().parse().unwrap())
}

fn same(ours: Option<f64>, theirs: Option<f64>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => (ours - theirs).abs() <= 1e-9 * theirs.abs().max(1e-6),
        (ours, theirs) => ours.is_none() && theirs.is_none(),
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "it's", "NULL"])
}

fn small() -> impl Strategy<Value = Amount> {
    (0..=40_u128).prop_map(|halves| Amount::from_atto(halves * 500_000_000_000_000_000).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_form_is_read_back_from_its_query_and_from_its_json(form in any_form()) {
        let query = form.query().unwrap();
        prop_assert_eq!(Form::of(&query), Some(form.clone()));
        let printed = compile_query(&print_query(&query)).unwrap();
        prop_assert_eq!(Form::of(&printed), Some(form.clone()));
        let json = serde_json::to_string(&form).unwrap();
        prop_assert_eq!(serde_json::from_str::<Form>(&json).unwrap(), form);
    }

    #[test]
    fn a_wager_counts_what_the_form_says(
        form in wager_form(),
        (game, category, jurisdiction, player) in (word(), word(), word(), word()),
        segment in prop::option::of(word()),
        (stake, win) in (small(), prop::option::of(small())),
    ) {
        let wager = Wager {
            wager_id: "w-1".into(),
            player_id: player.into(),
            operator_id: "o-1".into(),
            game_id: game.into(),
            game_category: category.into(),
            stake,
            win,
            currency: "EUR".into(),
            segment: segment.map(Into::into),
            jurisdiction: jurisdiction.into(),
            gaming_system: None,
            sequence: None,
            at: Timestamp::default(),
        };
        let query = Form::Wagers(form.clone()).query().unwrap();
        let is_best = matches!(form.score, WagerScore::BestWin | WagerScore::BestRatio);
        let aggregate = query.scoring.as_ref().unwrap().aggregate;
        prop_assert_eq!(aggregate == Aggregate::Greatest, is_best);
        let zone = ZoneOffsets::default();
        let ours = by_query(&query, &Row::of_wager(&wager, Rate::ONE, &zone));
        let theirs = counted(&form, &wager);
        prop_assert!(same(ours, theirs), "{ours:?} {theirs:?} {}", print_query(&query));
    }

    #[test]
    fn a_game_event_counts_what_the_form_says(
        form in game_event_form(),
        (event_type, game, player) in (word(), word(), word()),
        score in prop::option::of(-50..50_i32),
    ) {
        let data = score.map_or_else(|| "{}".to_owned(), |score| format!(r#"{{"score":{score}}}"#));
        let event = GameEvent {
            event_id: "e-1".into(),
            event_type: event_type.into(),
            player_id: player.into(),
            game_id: game.into(),
            at: Timestamp::default(),
            data: Some(&data),
        };
        let query = Form::GameEvents(form.clone()).query().unwrap();
        let zone = ZoneOffsets::default();
        let ours = by_query(&query, &Row::of_game(&event, json::find, &zone));
        let counts = has(&form.event_types, event_type) && has(&form.games, game) && has(&form.players, player);
        let of = match form.score {
            GameEventScore::Scores | GameEventScore::BestScore => score.map(f64::from),
            GameEventScore::Events => Some(1.0),
        };
        let theirs = of.filter(|_| counts).map(|of| of * worth(form.points, &form.multipliers, game));
        prop_assert!(same(ours, theirs), "{ours:?} {theirs:?} {}", print_query(&query));
    }
}
