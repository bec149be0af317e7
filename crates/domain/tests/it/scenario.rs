//! Reads a scenario, lets the rules decide, and writes down what they said.
//!
//! `program` lines begin a program from its clauses, separated by commas; `wager` lines are decided
//! in order for one player, whose points count against the cap; `consent` is what the player says. What budgets give
//! counts by the wager's own player.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use accolade_domain::amount::{Amount, Points, Rate};
use accolade_domain::budget::{Budget, Given, Rest};
use accolade_domain::earning::{CapUse, Decision, Standing, cap_day, decide};
use accolade_domain::event::{Consent, Wager};
use accolade_domain::program::{ConsentDefault, Mode, Program, Rounding, Rules};
use accolade_domain::promotion::{Combine, Promotion, When};
use accolade_domain::query::decimal::Decimal;
use accolade_domain::query::expression::{Expression, Operator, Relation};
use accolade_domain::query::row::Column;
use accolade_domain::query::value::Literal;
use accolade_domain::tier::{GraceDays, Level, Levels, Tiers, Window, WindowDays};
use accolade_domain::time::{Day, Timestamp, ZoneOffsets};
use expect_test::Expect;

/// What the rules ask about the player.
#[derive(Default)]
struct Player {
    consent: Option<Consent>,
    used: BTreeMap<Day, Points>,
    /// What promotions gave out of their budgets, to whom.
    given: BTreeMap<(Box<str>, Box<str>), Points>,
}

impl Player {
    /// What budgets have left for a player.
    fn rests(&self, program: &Program, player: &str) -> Vec<Rest> {
        let rest = |(promotion, it): (u8, &Promotion)| {
            let Budget { points, per_player } = it.budget?;
            let own = self.given.get(&(it.name.clone(), player.into())).copied();
            let of_it = self.given.iter().filter(|((name, _), _)| *name == it.name);
            let all = of_it.fold(Points::ZERO, |sum, (_, given)| sum.plus(*given).unwrap());
            let left = [(points, all), (per_player, own.unwrap_or_default())];
            let left =
                left.iter().filter_map(|(limit, used)| limit.map(|it| it.minus(*used).unwrap()));
            Some(Rest { promotion, points: left.min().unwrap() })
        };
        (0..).zip(program.promotions.iter()).filter_map(rest).collect()
    }

    fn give(&mut self, program: &Program, player: &str, given: &[Given]) {
        for part in given {
            let name = program.promotions[usize::from(part.promotion)].name.clone();
            let sum = self.given.entry((name, player.into())).or_default();
            *sum = sum.plus(part.points).unwrap();
        }
    }
}

/// Plays `scenario` and compares the transcript.
pub(crate) fn check(scenario: &str, expected: Expect) {
    let mut program = Program::new("EUR");
    let mut player = Player::default();
    let mut transcript = String::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "program" => {
                program = Program::new("EUR");
                rest.split(',').for_each(|clause| apply(&mut program, clause.trim()));
            }
            "consent" => {
                player.consent = Some(if rest == "in" { Consent::In } else { Consent::Out });
            }
            "wager" => {
                let told = play(&program, &mut player, rest.trim());
                writeln!(transcript, "{:<44} {told}", rest.trim()).unwrap();
            }
            _ => panic!("unknown line `{line}`"),
        }
    }
    expected.assert_eq(&transcript);
}

/// One clause of a program, such as `slots x0.1`; `in Ontario …` overrides what stands so far.
fn apply(program: &mut Program, clause: &str) {
    let words: Vec<&str> = clause.split_whitespace().collect();
    match words.as_slice() {
        ["off"] => program.mode = Mode::Off,
        ["opt-in"] => program.consent = ConsentDefault::OptIn,
        ["zone", hours] => {
            let seconds = hours.parse::<i32>().unwrap() * 3600;
            program.zone = ZoneOffsets(vec![(Timestamp::default(), seconds)]);
        }
        ["rate", currency, rate] => {
            program.rates.insert((*currency).into(), Rate::parse(rate).unwrap());
        }
        ["levels", multipliers @ ..] => program.tiers = Some(tiers(multipliers)),
        ["first", "promotion"] => program.promotions_combine = Combine::First,
        ["promotion", name, clauses @ ..] => {
            let mut promotions = program.promotions.to_vec();
            promotions.push(promotion(name, clauses));
            program.promotions = promotions.into();
        }
        ["in", name, clause @ ..] => {
            let rules = program.jurisdictions.entry((*name).into());
            let rules = rules.or_insert_with(|| program.rules.clone());
            apply_rule(rules, clause);
        }
        clause => apply_rule(&mut program.rules, clause),
    }
}

/// `x2`, `+5`, `from HOUR`, `to HOUR`, `where CATEGORY`, `in JURISDICTION`, `budget POINTS`, `each POINTS`.
fn promotion(name: &str, clauses: &[&str]) -> Promotion {
    let mut promotion = Promotion {
        name: name.into(),
        when: When::default(),
        jurisdictions: [].into(),
        condition: None,
        multiply: Rate::ONE,
        bonus: Points::ZERO,
        budget: None,
    };
    let mut clauses = clauses.iter();
    while let Some(clause) = clauses.next() {
        match clause.split_at(1) {
            ("x", rate) => promotion.multiply = Rate::parse(rate).unwrap(),
            ("+", points) => promotion.bonus = Points::parse(points).unwrap(),
            ("f", _) => promotion.when.from = clauses.next().map(|hour| at_hour(hour)),
            ("t", _) => promotion.when.to = clauses.next().map(|hour| at_hour(hour)),
            ("b", _) => {
                promotion.budget.get_or_insert_default().points = clauses.next().map(points);
            }
            ("e", _) => {
                promotion.budget.get_or_insert_default().per_player = clauses.next().map(points);
            }
            ("w", _) => promotion.condition = clauses.next().map(|name| Box::new(condition(name))),
            _ => promotion.jurisdictions = [Box::from(*clauses.next().unwrap())].into(),
        }
    }
    promotion
}

/// Levels with these multipliers, each from a point more.
fn tiers(multipliers: &[&str]) -> Tiers {
    let level = |(from, multiplier): (i64, &&str)| Level {
        name: from.to_string().into(),
        from: Points::from_hundredths(from).unwrap(),
        multiplier: Rate::parse(multiplier.trim_start_matches('x')).unwrap(),
    };
    let levels = (0..).step_by(100).zip(multipliers).map(level).collect();
    let window = Window::Rolling(WindowDays::new(365).unwrap());
    Tiers { window, levels: Levels::new(levels).unwrap(), grace: GraceDays::default() }
}

fn points(text: &&str) -> Points {
    Points::parse(text).unwrap()
}

/// That the category is this one; or what fails for every wager.
fn condition(category: &str) -> Expression {
    let column = |column| Expression::Column(column);
    let is = |a, b| Expression::Compare(Relation::Equal, Box::new([a, b]));
    if category == "fails" {
        let zero = Expression::Literal(Literal::Number(Decimal::ZERO));
        let sides = Box::new([column(Column::WagerAmount), zero]);
        let quotient = Expression::Calculate(Operator::Divided, sides);
        return is(quotient.clone(), quotient);
    }
    is(column(Column::GameCategory), Expression::Literal(Literal::Text(category.into())))
}

fn at_hour(hour: &str) -> Timestamp {
    Timestamp::from_micros(hour.parse::<i64>().unwrap() * 3_600_000_000)
}

fn apply_rule(rules: &mut Rules, clause: &[&str]) {
    let names = |names: &[&str]| {
        let mut names: Vec<Box<str>> = names.iter().map(|name| Box::from(*name)).collect();
        names.sort();
        names.into()
    };
    let rate = |text: &str| Rate::parse(text.trim_start_matches('x')).unwrap();
    let (eligibility, earning) = (&mut rules.eligibility, &mut rules.earning);
    match clause {
        ["disabled"] => rules.enabled = false,
        ["min", amount] => eligibility.min_wager = Amount::parse(amount).unwrap(),
        ["only", categories @ ..] => eligibility.categories = names(categories),
        ["allow", segments @ ..] => eligibility.segments_allow = names(segments),
        ["where", category] => eligibility.condition = Some(condition(category).into()),
        ["deny", "player", players @ ..] => eligibility.players_deny = names(players),
        ["deny", segments @ ..] => eligibility.segments_deny = names(segments),
        ["cap", points] => earning.cap_per_day = Some(Points::parse(points).unwrap()),
        ["down"] => earning.rounding = Rounding::Down,
        ["half-up"] => earning.rounding = Rounding::HalfUp,
        ["half-even"] => earning.rounding = Rounding::HalfEven,
        ["default", multiplier] => earning.default_multiplier = rate(multiplier),
        ["game", game, multiplier] => {
            earning.games.insert((*game).into(), rate(multiplier));
        }
        [category, multiplier] => {
            earning.multipliers.insert((*category).into(), rate(multiplier));
        }
        _ => panic!("unknown clause `{clause:?}`"),
    }
}

/// Decides `CATEGORY STAKE CURRENCY [game G] [segment S] [in J] [player P] [at HOUR] [level NUMBER] [cap forgotten]
/// [rests unsaid]`.
fn play(program: &Program, player: &mut Player, text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (&[category, stake, currency], more) = words.split_first_chunk().unwrap();
    let option = |name| more.chunks_exact(2).find(|pair| pair[0] == name).map(|pair| pair[1]);
    let wager = Wager {
        wager_id: "w1".into(),
        player_id: option("player").unwrap_or("p1").into(),
        operator_id: "o1".into(),
        game_id: option("game").unwrap_or("g1").into(),
        game_category: category.into(),
        stake: Amount::parse(stake).unwrap(),
        win: None,
        currency: currency.into(),
        segment: option("segment").map(Into::into),
        jurisdiction: option("in").unwrap_or("Malta").into(),
        gaming_system: None,
        sequence: None,
        at: option("at").map_or_else(Timestamp::default, at_hour),
    };
    let day = cap_day(program, &wager);
    let used = day.and_then(|day| player.used.get(&day).copied()).unwrap_or_default();
    let cap = if option("cap").is_some() { CapUse::Forgotten } else { CapUse::Used(used) };
    let is_said = option("rests").is_none();
    let rests = if is_said { player.rests(program, &wager.player_id) } else { Vec::new() };
    let level = option("level").map(|level| level.parse().unwrap());
    let standing = Standing { consent: player.consent, level, cap, rests: &rests };
    match decide(program, &wager, standing) {
        Decision::Refused(refusal) => format!("refused {}", refusal.code()),
        Decision::OutOfRange => "out of range".to_owned(),
        Decision::Counted(earned) => {
            let multiplier = earned.parts.multiplier().unwrap();
            let mut told = format!("+{} at x{multiplier}", earned.points);
            for (number, promotion) in program.promotions.iter().enumerate() {
                if earned.parts.promoted.counted & 1 << number != 0 {
                    write!(told, ", {}", promotion.name).unwrap();
                }
            }
            if let Some(day) = day {
                player.used.insert(day, used.plus(earned.points).unwrap());
                write!(told, ", day {}, capped {}", day.0, earned.capped).unwrap();
            }
            player.give(program, &wager.player_id, &earned.given);
            for Given { promotion, points, cut } in &earned.given {
                let name = &program.promotions[usize::from(*promotion)].name;
                write!(told, ", {name} gave {points} and lacked {cut}").unwrap();
            }
            told
        }
    }
}
