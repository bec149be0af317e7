//! Tournaments, scores, leaderboards and prizes are what the model says, and each prize is paid once.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use accolade_domain::packed_scores::filling_number;
use accolade_domain::tournament::prizes::PrizeState;
use accolade_engine::contract::memory::MemoryStore;
use accolade_engine::partition::Partition;
use accolade_engine::rules::Operator;
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::tables::prizes::PrizeKey;
use accolade_engine::tables::remarks::RemarksKey;
use accolade_wire::notice::prize::PrizeMoved;
use accolade_wire::notice::scores::ScoredLine;
use accolade_wire::tournament::Fill;
use accolade_wire::tournament::results::{RankedLine, Results};

use crate::input::{ModelAward, ModelStage, ModelTies, ModelTournament, ModelWin};
use crate::model::prizes::{
    ModelPlace, ModelPlaceKey, ModelPlaceRow, ModelPrizeMove, ModelPrizeState, is_found, places,
};
use crate::model::tournaments::{ModelLine, ModelScoredLine, board, shown_board};
use crate::model::{Model, ModelAccount};
use crate::run::Counts;
use crate::run::boards::{Part, together};
use crate::run::item::{prize_terms, terms_of};

/// What lies in a partition of tournaments is the model's.
pub(super) fn same(partition: &Partition, model: &Model) {
    for operator in partition.rules().operators() {
        let expected = model.tournaments(&operator.id);
        assert_eq!(operator.tournaments.all().count(), expected.len(), "tournaments");
        for (tournament, (terms, times)) in operator.tournaments.all().zip(expected) {
            assert_eq!(**tournament.terms(), terms_of(&operator.id, terms), "a tournament");
            assert_eq!(tournament.said().len(), times, "how often it was said");
            for settlement in 0..=tournament.settlement() {
                if tournament.keeps_scores(partition.time()) {
                    standings(partition, operator, tournament, model, settlement);
                    standings(partition, operator, tournament, model, settlement + 1);
                }
                // What comes late while it is filled is remarked once that is done.
                let is_filling = tournament.terms().is_filling();
                if !is_filling && partition.time() < tournament.heard_until() {
                    remarks(partition, operator, tournament, model, settlement);
                }
            }
        }
    }
    rows(partition, model);
}

/// Who stands how where it is settled so many times again. As long as it is filled, nobody does of whom something waits.
fn standings(
    partition: &Partition,
    operator: &Operator,
    tournament: &Tournament,
    model: &Model,
    settlement: u32,
) {
    let (mut found, mut waiting) = (BTreeMap::new(), BTreeSet::new());
    let filling = filling_number(tournament.number);
    for (ordinal, player) in (0..).zip(partition.players().all()) {
        let number = operator.number;
        if player.operator == number && player.scores.of(filling).is_some() {
            waiting.insert(player.name.to_string());
        }
        if let Some(it) = partition.standing_of(number, tournament, settlement, ordinal) {
            let by = it.changed_by;
            let reached = (it.changed_at.micros(), by.partition, by.batch, by.slot);
            found.insert(player.name.to_string(), (it.score.0, it.events, reached));
        }
    }
    let expected = model.standings(&operator.id, tournament.number, settlement).into_iter();
    let expected = expected.map(|it| (it.player, (it.score, it.events, it.reached)));
    let mut expected: BTreeMap<_, _> = expected.collect();
    let fill = tournament.terms().fill;
    assert!(waiting.is_empty() || tournament.terms().is_filling(), "{waiting:?} wait for ever");
    if settlement == 0 {
        assert!(!found.keys().any(|player| waiting.contains(player)), "{found:?} of {waiting:?}");
    }
    // Of whom nothing was told yet it is not known that anything waits.
    let is_left_out = |player: &String| fill == Some(Fill::Reading) || waiting.contains(player);
    if fill == Some(Fill::Reading) {
        assert!(found.is_empty(), "{found:?} of what is read");
    }
    found.retain(|player, _| !is_left_out(player));
    expected.retain(|player, _| !is_left_out(player));
    assert_eq!(found, expected, "who stands how in {} {}", operator.id, tournament.number);
}

/// What came late is remarked.
fn remarks(
    partition: &Partition,
    operator: &Operator,
    tournament: &Tournament,
    model: &Model,
    settlement: u32,
) {
    let (of, number) = (operator.number, tournament.number);
    let key = RemarksKey { operator: of, tournament: number, settlement };
    let rows = partition.tables().remarks.excerpt(Bound::Included(&key), 1);
    let rows = rows.read(partition.number(), &mut MemoryStore::default());
    let own = rows.expect("nothing is read").rows.into_iter().find(|(of, _)| *of == key);
    let found = own.map(|(_, it)| [it.wagers, it.voids, it.game_events]);
    let expected = model.remarks(&operator.id, tournament.number, settlement);
    assert_eq!(found, expected, "what is remarked of {} {}", operator.id, tournament.number);
}

/// The places that were told here.
fn rows(partition: &Partition, model: &Model) {
    let rows = partition.tables().prizes.excerpt(Bound::Unbounded, usize::MAX);
    let rows = rows.read(partition.number(), &mut MemoryStore::default());
    let now = partition.time().micros();
    let rows = rows.expect("nothing is read").rows.into_iter();
    let rows = rows.filter(|(_, row)| is_found(row.at.micros(), now)).map(|(key, row)| {
        let operator = partition.rules().operator_numbered(key.operator);
        let operator = operator.expect("it has a tournament").id.to_string();
        let player = partition.players().get(row.player).name.to_string();
        let award = (player, row.position, row.score.0, row.events, row.points.hundredths());
        let things = (0..u8::MAX).filter(|thing| row.given.has(*thing)).collect();
        let had = (row.paid.hundredths(), things, row.before);
        let state = (modelled(row.state), row.at.micros());
        let said = (row.why.to_string(), row.who.to_string());
        let PrizeKey { tournament, settlement, place, .. } = key;
        let key = ModelPlaceKey { operator, tournament, settlement, place };
        (key, (award, row.thing, had, state, said))
    });
    let expected =
        model.all_place_rows().filter(|(_, row)| is_found(row.at, now)).map(|(key, row)| {
            let it = row.award.clone();
            let award = (it.player_id, it.position, it.score, it.events, it.points);
            let said = (row.why.clone(), row.who.clone());
            let had = (row.paid, row.given.clone(), it.before);
            (key.clone(), (award, it.thing, had, (row.state, row.at), said))
        });
    let (rows, expected): (BTreeMap<_, _>, BTreeMap<_, _>) = (rows.collect(), expected.collect());
    assert_eq!(rows, expected, "places of tournaments in {}", partition.number());
}

const fn modelled(state: PrizeState) -> ModelPrizeState {
    match state {
        PrizeState::Nothing => ModelPrizeState::Nothing,
        PrizeState::AwaitingApproval => ModelPrizeState::AwaitingApproval,
        PrizeState::Processing => ModelPrizeState::Processing,
        PrizeState::Paid => ModelPrizeState::Paid,
        PrizeState::NotEligible => ModelPrizeState::NotEligible,
        PrizeState::Retrying => ModelPrizeState::Retrying,
        PrizeState::Failed => ModelPrizeState::Failed,
    }
}

/// All that was told of a player's scores and prizes.
pub(super) fn told(
    scored: &[Vec<ScoredLine>],
    scored_late: &[Vec<ScoredLine>],
    prizes: &[PrizeMoved],
    expected: &ModelAccount,
    model: &Model,
    key: &(String, String),
) {
    let line = |it: &ScoredLine| ModelScoredLine {
        tournament: it.tournament,
        value: it.value.0,
        delta: it.delta.0,
        score: it.score.0,
        events: it.events,
    };
    let is_filled =
        |number: u32| model.tournament(&key.0, number).is_some_and(|terms| terms.fill.is_some());
    let all = |scored: &[Vec<ScoredLine>]| {
        let lines = scored.iter().map(|lines| -> Lines { lines.iter().map(line).collect() });
        apart(lines.collect(), is_filled)
    };
    let (others, filled) = all(scored);
    let (expected_others, expected_filled) = apart(expected.scored.clone(), is_filled);
    assert_eq!(others, expected_others, "what is told of scores of {key:?}");
    let numbers: BTreeSet<u32> = filled.keys().chain(expected_filled.keys()).copied().collect();
    for number in numbers {
        let of = |all: &BTreeMap<u32, Lines>| all.get(&number).cloned().unwrap_or_default();
        let terms = model.tournament(&key.0, number).expect("it was said");
        let (found, expected) = (of(&filled), of(&expected_filled));
        let is_so = is_told_once_filled(&found, &expected, terms.is_filling());
        assert!(is_so, "what is told of {} of {key:?}: {found:?} {expected:?}", terms.id);
    }
    let (mut late, filled) = all(scored_late);
    let (mut expected_late, expected_filled) = apart(expected.scored_late.clone(), is_filled);
    // What waited is remarked, and not told of.
    for (number, found) in filled {
        let expected = expected_filled.get(&number).map_or(&[][..], Vec::as_slice);
        assert!(expected.ends_with(&found), "late in {number}: {key:?} {found:?} {expected:?}");
    }
    for lines in late.iter_mut().chain(&mut expected_late) {
        lines.sort_by_key(|it| it.tournament);
    }
    assert_eq!(late, expected_late, "what is told of late scores of {key:?}");
    let told = |(id, row): &ModelPrizeMove| {
        let ModelPlaceRow { award, state, why, .. } = row;
        let terms = model.tournament(&key.0, award.tournament).expect("it has places");
        let thing = award.thing.map(|thing| terms_of(&key.0, terms).thing(thing).cloned());
        let thing = thing.map(|thing| thing.expect("it is a thing"));
        (
            id.clone(),
            award.place,
            award.position,
            award.score,
            award.points,
            thing,
            *state,
            why.clone(),
        )
    };
    let found = prizes.iter().map(|it| {
        let (id, score, points) = (it.tournament.to_string(), it.score.0, it.points.hundredths());
        let (thing, state, why) = (it.thing.clone(), modelled(it.state), it.why.to_string());
        (id, it.place, it.position, score, points, thing, state, why)
    });
    let expected = expected.prize_moves.iter().map(told);
    assert!(
        found.clone().eq(expected.clone()),
        "what is told of prizes of {key:?}: {:?} {:?}",
        found.collect::<Vec<_>>(),
        expected.collect::<Vec<_>>()
    );
}

/// What is told of one tournament after the other, or at once.
type Lines = Vec<ModelScoredLine>;

/// What is told of tournaments at once, but for those that were filled, of each of which it is told apart.
fn apart(all: Vec<Lines>, is_filled: impl Fn(u32) -> bool) -> (Vec<Lines>, BTreeMap<u32, Lines>) {
    let (mut others, mut filled) = (Vec::new(), BTreeMap::<u32, Lines>::new());
    for lines in all {
        let (own, rest): (Lines, Lines) =
            lines.into_iter().partition(|line| is_filled(line.tournament));
        for line in own {
            filled.entry(line.tournament).or_default().push(line);
        }
        others.extend((!rest.is_empty()).then_some(rest));
    }
    (others, filled)
}

/// Of whom something waited it is told first what the player has come to once nothing does, and then what changes that; of
/// others as ever.
fn is_told_once_filled(
    found: &[ModelScoredLine],
    expected: &[ModelScoredLine],
    is_filling: bool,
) -> bool {
    let Some((first, then)) = found.split_first() else {
        return expected.is_empty() || is_filling;
    };
    let before = expected.strip_suffix(then).and_then(<[_]>::last);
    let is_whole = |before: &ModelScoredLine| {
        let of = |line: &ModelScoredLine| (line.score, line.events);
        (first.value, first.delta) == (0, 0) && of(first) == of(before)
    };
    found == expected || before.is_some_and(is_whole)
}

/// The leaderboards that are put together of all partitions are sorted lists of all players; says how many they are. Those
/// are left out of which one partition knows other than another.
pub(crate) fn boards(partitions: &[&Partition], models: &[&Model]) -> u64 {
    let mut count = 0;
    let known = |number, at| {
        let tournaments = partitions.iter().map(|partition| {
            let operator = partition.rules().operator_numbered(number)?;
            operator.tournaments.numbered(at).cloned()
        });
        let mut tournaments: Vec<_> = tournaments.collect::<Option<_>>()?;
        tournaments.dedup_by(|one, other| one.terms() == other.terms());
        tournaments.pop().filter(|_| tournaments.is_empty())
    };
    for operator in partitions[0].rules().operators() {
        for tournament in operator.tournaments.all() {
            let Some(tournament) = known(operator.number, tournament.number) else { continue };
            let is_kept = partitions.iter().all(|it| tournament.keeps_scores(it.time()));
            if !is_kept || tournament.terms().is_filling() {
                continue;
            }
            let part = |partition: &&Partition| Part::of(partition, operator.number, &tournament);
            let parts: Vec<_> = partitions.iter().map(part).collect();
            let found = together(tournament.decides().ties, &parts);
            let is_final = |number: u16| {
                let mut all = partitions.iter().zip(&parts);
                all.any(|(partition, part)| partition.number() == number && part.is_final)
            };
            let (number, settlement) = (tournament.number, tournament.settlement());
            let expected = shown_board(models, &operator.id, number, settlement, is_final);
            let line = |it: &ModelLine| {
                (it.position, it.standing.player.clone(), it.standing.score, it.standing.events)
            };
            let expected: Vec<_> = expected.iter().map(line).collect();
            let line = |it: RankedLine| (it.position, it.player, it.score.0, it.events);
            let found: Vec<_> = found.into_iter().map(line).collect();
            assert_eq!(found, expected, "the leaderboard of {} {}", operator.id, tournament.number);
            count += 1;
        }
    }
    count
}

/// Results that somebody has worked out are the model's, place by place.
pub(crate) fn results(
    results: &Results,
    models: &[&Model],
    operator: &str,
    number: u32,
    terms: &ModelTournament,
) {
    let board = board(models, operator, number, terms.settlement());
    let before = rows_before(models, operator, number, terms.settlement());
    let expected = places(terms, &board, &before);
    let expected = expected.iter().map(|it| {
        let (standing, position) = (&it.line.standing, it.line.position);
        let score = (standing.score, standing.events);
        (it.place, position, standing.player.clone(), score, it.points, (it.thing, it.before))
    });
    let found = results.lines.iter().map(|it| {
        let score = (it.score.0, it.events);
        let other = (it.thing, it.before);
        (it.place, it.position, it.player.clone(), score, it.points.hundredths(), other)
    });
    let (found, expected): (Vec<_>, Vec<_>) = (found.collect(), expected.collect());
    assert_eq!(found, expected, "results of {operator} {number}: {:?}", terms.prizes);
    let won = found.iter().map(|(.., points, _)| points).sum::<i64>();
    let (players, points) = (results.terms.players, results.terms.points);
    assert_eq!((players, points), (board.len() as u64, won), "sums of {operator} {number}");
    // No more is won than the prizes say.
    let prizes: Vec<_> = terms.prizes.iter().map(prize_terms).collect();
    let cost = accolade_wire::tournament::prizes::prizes(&prizes).expect("it was said");
    let cost = cost.cost(players);
    assert_eq!((won, u64::from(results.terms.things)), (cost.points.hundredths(), cost.things));
}

/// The places that were told when a tournament was settled the time before, by place.
pub(crate) fn rows_before<'m>(
    models: &[&'m Model],
    operator: &str,
    number: u32,
    settlement: u32,
) -> Vec<(u32, &'m ModelPlaceRow)> {
    let Some(last) = settlement.checked_sub(1) else { return Vec::new() };
    let mut rows = Vec::new();
    for model in models {
        rows.extend(model.place_rows(operator, number, last));
    }
    rows.sort_by_key(|(place, _)| *place);
    rows
}

/// Once nothing is on its way, every tournament that is paid has each of its places once, as its leaderboard says it, and
/// each player the points of one place at most.
pub(crate) fn all_is_paid(models: &[&Model], counts: &mut Counts) {
    let Some(first) = models.first() else { return };
    for operator in first.operators() {
        for (number, (terms, _)) in (1..).zip(first.tournaments(operator)) {
            let settlement = terms.settlement();
            count_board(terms, &board(models, operator, number, settlement), counts);
            if terms.stage != ModelStage::Paid {
                continue;
            }
            let mut most = BTreeMap::new();
            for settlement in 0..=settlement {
                let board = board(models, operator, number, settlement);
                let before = rows_before(models, operator, number, settlement);
                let rows = rows_before(models, operator, number, settlement + 1);
                let rows: BTreeMap<_, _> = rows.into_iter().collect();
                let expected = places(terms, &board, &before);
                assert_eq!(rows.len(), expected.len(), "places of {operator} {number}");
                for place in expected {
                    let row = rows[&place.place];
                    placed(&place, row, terms, settlement);
                    let player = &place.line.standing.player;
                    let most: &mut i64 = most.entry(player.clone()).or_default();
                    *most = place.points.max(*most);
                    let is_last = settlement == terms.settlement();
                    if is_last {
                        let key = (operator.to_owned(), player.clone());
                        paid(models, &key, &place, row, terms, *most);
                    }
                    *counts.entry(named(row.state)).or_default() += 1;
                }
            }
        }
    }
    for model in models {
        for account in model.accounts().values() {
            things_are_given_once(account);
        }
        for (what, count) in model.happened() {
            *counts.entry(what).or_default() += count;
        }
    }
}

fn placed(place: &ModelPlace, row: &ModelPlaceRow, terms: &ModelTournament, settlement: u32) {
    let standing = &place.line.standing;
    let won = (standing.player.clone(), place.line.position, place.points, place.thing);
    let ModelAward { player_id, position, points, thing, before, .. } = row.award.clone();
    let told = (player_id, position, points, thing);
    assert_eq!(told, won, "place {} of {} {settlement}", place.place, terms.id);
    assert_eq!(before, place.before, "the place before of {row:?}");
    assert_ne!(row.state, ModelPrizeState::AwaitingApproval, "{row:?}");
}

/// The entries of a player who has a place come to what is won there, and no more than was won there at any time where it
/// was settled again.
fn paid(
    models: &[&Model],
    key: &(String, String),
    place: &ModelPlace,
    row: &ModelPlaceRow,
    terms: &ModelTournament,
    most: i64,
) {
    let accounts = models.iter().filter_map(|model| model.accounts().get(key));
    let entries = accounts.flat_map(|account| &account.entries);
    let paid: Vec<i64> = entries
        .filter(|entry| entry.kind == "prize" && entry.wager_id == terms.id)
        .map(|entry| entry.points)
        .collect();
    let is_paid = place.points > 0
        && match row.state {
            ModelPrizeState::NotEligible | ModelPrizeState::Nothing => false,
            ModelPrizeState::Failed => place.thing.is_some() && !paid.is_empty(),
            _ => true,
        };
    if terms.settlement() == 0 {
        let expected = if is_paid { vec![place.points] } else { vec![] };
        assert_eq!(paid, expected, "what {key:?} was paid for {row:?}");
        return;
    }
    let sum: i64 = paid.iter().sum();
    let is_paid = is_paid && row.state != ModelPrizeState::Failed;
    let least = if is_paid { place.points } else { 0 };
    assert!((least..=most).contains(&sum), "{key:?} was paid {paid:?} of {} for {row:?}", terms.id);
    let is_given = |points: &i64| *points > 0;
    assert!(paid.iter().all(|points| *points != 0), "an entry of nothing: {paid:?}");
    assert!(paid.first().is_none_or(is_given), "taken before it was given: {paid:?}");
}

/// Nobody is told twice to hand out a thing of a tournament to a player, unless it could not be in between.
fn things_are_given_once(account: &ModelAccount) {
    let mut given = BTreeSet::new();
    for (id, row) in &account.prize_moves {
        let Some(thing) = row.award.thing else { continue };
        let of = (id.clone(), row.award.tournament, thing);
        match row.state {
            ModelPrizeState::Processing => assert!(given.insert(of.clone()), "{of:?} again"),
            ModelPrizeState::Failed if !row.given.contains(&thing) => {
                given.remove(&of);
            }
            ModelPrizeState::Retrying => {
                given.insert(of);
            }
            _ => {}
        }
    }
}

const fn named(state: ModelPrizeState) -> &'static str {
    match state {
        ModelPrizeState::Nothing => "places without a prize",
        ModelPrizeState::AwaitingApproval => "prizes that wait for ever",
        ModelPrizeState::Processing => "prizes being handed out",
        ModelPrizeState::Paid => "prizes paid",
        ModelPrizeState::NotEligible => "prizes not eligible",
        ModelPrizeState::Retrying => "prizes tried again",
        ModelPrizeState::Failed => "prizes failed",
    }
}

fn count_board(terms: &ModelTournament, board: &[ModelLine], counts: &mut Counts) {
    let mut count = |what| *counts.entry(what).or_default() += 1;
    for pair in board.windows(2) {
        if pair[0].standing.score == pair[1].standing.score {
            count(match terms.ties {
                ModelTies::First => "ties by who was first",
                ModelTies::MostEvents => "ties by most events",
                ModelTies::FewestEvents => "ties by fewest events",
                ModelTies::Shared => "positions that are shared",
            });
        }
    }
    let is_pool = |win| matches!(win, ModelWin::Pool(_));
    if terms.stage == ModelStage::Paid
        && board.len() > 1
        && terms.prizes.iter().any(|prize| is_pool(prize.win))
    {
        count("pools shared out");
    }
}
