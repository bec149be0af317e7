//! Tournaments of the usual kinds, with which a form can be filled: whoever takes one changes what is to be different.

use accolade_domain::amount::Amount;

use super::TiesBy;
use super::exact::Exact;
use super::form::{Form, Names, WagerForm, WagerScore};
use super::prizes::{PlacesTerms, PrizeTerms, WinTerms};
use super::recurrence::{Begins, RecurrenceTerms};

/// A tournament of a usual kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// By which it is asked for.
    pub id: &'static str,
    /// What operators call it.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub sentence: &'static str,
    /// Which events count, and how.
    pub form: Form,
    /// When it takes place, by the operator's calendar.
    pub recurrence: RecurrenceTerms,
    /// The most that one event counts.
    pub cap: Option<Exact<Amount>>,
    /// Who is ahead where scores are equal.
    pub ties: TiesBy,
    /// What is won.
    pub prizes: Vec<PrizeTerms>,
}

/// All of them.
pub fn templates() -> [Template; 4] {
    [weekend_slots_race(), biggest_win(), wager_marathon(), daily_dash()]
}

fn weekend_slots_race() -> Template {
    Template {
        id: "weekend-slots-race",
        name: "Weekend slots race",
        sentence: "Every unit staked on slots from Saturday to the end of Sunday is a point.",
        form: Form::Wagers(WagerForm {
            categories: Names::from(["slots".to_owned()]),
            ..WagerForm::default()
        }),
        recurrence: recurring(Begins::Weekly { on: vec!["sat".to_owned()], at: midnight() }, "2d"),
        cap: None,
        ties: TiesBy::First,
        prizes: vec![
            each(1, 1, 5_000),
            each(2, 2, 2_500),
            each(3, 3, 1_000),
            each(4, 10, 250),
            PrizeTerms { places: PlacesTerms::Top(1_000), win: points(25) },
        ],
    }
}

fn biggest_win() -> Template {
    Template {
        id: "biggest-win",
        name: "Biggest win",
        sentence: "The greatest return of a single wager in the week, whatever was staked.",
        form: Form::Wagers(WagerForm { score: WagerScore::BestWin, ..WagerForm::default() }),
        recurrence: recurring(Begins::Weekly { on: vec!["mon".to_owned()], at: midnight() }, "7d"),
        cap: None,
        ties: TiesBy::FewestEvents,
        prizes: vec![each(1, 1, 3_000), each(2, 2, 1_500), each(3, 3, 750)],
    }
}

fn wager_marathon() -> Template {
    Template {
        id: "wager-marathon",
        name: "Wager marathon",
        sentence: "The most wagers of at least 1.00 in the month; the best tenth shares a pool.",
        form: Form::Wagers(WagerForm {
            least_stake: Some(whole(1)),
            score: WagerScore::Wagers,
            ..WagerForm::default()
        }),
        recurrence: RecurrenceTerms {
            begins: Begins::Monthly { day: 1, at: midnight() },
            lasts: None,
        },
        cap: None,
        ties: TiesBy::Shared,
        prizes: vec![PrizeTerms {
            places: PlacesTerms::Top(1_000),
            win: WinTerms::Pool(hundredths(50_000)),
        }],
    }
}

fn daily_dash() -> Template {
    Template {
        id: "daily-dash",
        name: "Daily dash",
        sentence: "Every unit staked in the day is a point, but no wager counts more than 50.",
        form: Form::Wagers(WagerForm::default()),
        recurrence: RecurrenceTerms { begins: Begins::Daily { at: midnight() }, lasts: None },
        cap: Some(whole(50)),
        ties: TiesBy::First,
        prizes: vec![each(1, 1, 500), each(2, 2, 300), each(3, 3, 200), each(4, 10, 50)],
    }
}

fn midnight() -> String {
    "00:00".to_owned()
}

fn recurring(begins: Begins, lasts: &str) -> RecurrenceTerms {
    RecurrenceTerms { begins, lasts: Some(lasts.to_owned()) }
}

fn each(from: u32, to: u32, whole_points: i64) -> PrizeTerms {
    PrizeTerms { places: PlacesTerms::Range { from, to }, win: points(whole_points) }
}

const fn points(whole: i64) -> WinTerms {
    WinTerms::Points(hundredths(whole))
}

const fn hundredths(whole_points: i64) -> i64 {
    whole_points * 100
}

fn whole(units: u128) -> Exact<Amount> {
    const ATTO: u128 = 1_000_000_000_000_000_000;
    Exact(Amount::from_atto(units * ATTO).expect("few units are an amount"))
}
