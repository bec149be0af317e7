//! Every spelling of an event and of a program is read as what it means, and no other bytes are.

use std::collections::BTreeMap;

use accolade_domain::amount::Amount;
use accolade_domain::amount::{Points, Rate};
use accolade_domain::budget::Budget;
use accolade_domain::civil::{Period, Weekday};
use accolade_domain::event::{Event, GameEvent, Void, Wager};
use accolade_domain::lots::{Expiry, Floor, Months, NotifyDays, PendingFor};
use accolade_domain::program::{
    ConsentDefault, Earning, Eligibility, Mode, Names, Program, Rounding, Rules,
};
use accolade_domain::promotion::{Combine, Dates, Every, Hours, Promotion, When};
use accolade_domain::redemption::{HoldFor, Terms};
use accolade_domain::signal::{Over, Signal, Within};
use accolade_domain::tier::{GraceDays, Level, Levels, Tiers, Window, WindowDays};
use accolade_domain::time::{Timestamp, ZoneOffsets};
use accolade_simulator::input::{
    ModelDate, ModelEvent, ModelEvery, ModelLevel, ModelOver, ModelProgram, ModelPromotion,
    ModelRounding, ModelRules, ModelSignal, ModelTiers, ModelVoids, ModelWindow,
};
use accolade_simulator::random::Random;
use accolade_simulator::workload::{Action, Door, Workload};
use accolade_wire::identity::{Content, HashKey};
use accolade_wire::{event, program};

const KEY: HashKey = HashKey([7; 16]);

pub(crate) fn actions() -> impl Iterator<Item = (u64, Action)> {
    (0..150).flat_map(|seed| {
        let mut world = Workload::new(seed);
        let now = world.starts_at();
        (0..100).map(move |_| (seed, world.next(now)))
    })
}

#[test]
fn every_record_is_read_as_what_it_means() {
    let mut read_count = BTreeMap::new();
    for (seed, action) in actions() {
        let Action::Records(records) = action else { continue };
        for record in records {
            let read = match record.door {
                Door::Wagers => event::read_wager(&record.bytes).ok(),
                Door::GameEvents => event::read_game_event(&record.bytes).ok().map(Event::Game),
                Door::Commands => continue,
            };
            let text = String::from_utf8_lossy(&record.bytes);
            let again = match &record.event {
                ModelEvent::Game(game) => {
                    game.data.as_ref().map(|data| data.spelled(&mut Random::new(seed)))
                }
                _ => None,
            };
            let meant = meant(&record.event, again.as_deref());
            assert_eq!(
                read.as_ref().map(without_data),
                meant.as_ref().map(without_data),
                "seed {seed}: {text}"
            );
            assert_eq!(
                read.as_ref().map(|event| KEY.content(Content::NEWEST, event)),
                meant.as_ref().map(|event| KEY.content(Content::NEWEST, event)),
                "seed {seed}: {text} and {again:?}"
            );
            *read_count.entry(read.is_some()).or_insert(0) += 1;
        }
    }
    assert!(read_count[&true] > 10_000 && read_count[&false] > 100, "{read_count:?}");
}

/// Data has many spellings, so that what it says is compared by its hash; and nothing is meant by a number that is only
/// counted.
fn without_data<'a>(event: &Event<'a>) -> Event<'a> {
    match event {
        Event::Game(game) => Event::Game(GameEvent { data: None, ..game.clone() }),
        Event::Wager(wager) => Event::Wager(Wager { sequence: None, ..wager.clone() }),
        Event::Void(_) => event.clone(),
    }
}

/// What an event says; `data` is that of a game event, in any spelling.
pub(crate) fn meant<'a>(event: &'a ModelEvent, data: Option<&'a str>) -> Option<Event<'a>> {
    let amount = |atto| Amount::from_atto(atto).unwrap();
    Some(match event {
        ModelEvent::Wager(wager) => Event::Wager(Wager {
            wager_id: (&wager.wager_id).into(),
            player_id: (&wager.player_id).into(),
            operator_id: (&wager.operator_id).into(),
            game_id: (&wager.game_id).into(),
            game_category: (&wager.game_category).into(),
            stake: amount(wager.wager_amount),
            win: wager.win_amount.map(amount),
            currency: (&wager.currency).into(),
            segment: wager.player_segment.as_ref().map(Into::into),
            jurisdiction: (&wager.jurisdiction).into(),
            gaming_system: wager.gaming_system_id.as_ref().map(Into::into),
            sequence: None,
            at: Timestamp::from_micros(wager.timestamp),
        }),
        ModelEvent::Void(void) => Event::Void(Void {
            wager_id: (&void.wager_id).into(),
            player_id: (&void.player_id).into(),
            operator_id: (&void.operator_id).into(),
            reason: (&void.reason).into(),
            at: Timestamp::from_micros(void.timestamp),
        }),
        ModelEvent::Game(game) => Event::Game(GameEvent {
            event_id: (&game.event_id).into(),
            event_type: (&game.event_type).into(),
            player_id: (&game.player_id).into(),
            game_id: (&game.game_id).into(),
            at: Timestamp::from_micros(game.timestamp),
            data,
        }),
        ModelEvent::Consent(_) | ModelEvent::Claim(_) | ModelEvent::Malformed => return None,
    })
}

#[test]
fn every_document_compiles_to_what_it_means() {
    let mut program_count = 0;
    for (seed, action) in actions() {
        let Action::Publish(version) = action else { continue };
        let version = version.without_conditions();
        let meant = meant_program(&version.program);
        let compiled = program::read(&version.document)
            .and_then(|document| program::compile(&document, meant.zone.clone()))
            .unwrap_or_else(|problems| panic!("seed {seed}: {problems:?}\n{}", version.document));
        assert_eq!(compiled, meant, "seed {seed}:\n{}", version.document);
        program_count += 1;
    }
    assert!(program_count > 200);
}

pub(crate) fn meant_program(program: &ModelProgram) -> Program {
    let offsets = program.zone.offsets.iter();
    let merged = program.jurisdictions.iter().map(|(name, overrides)| {
        (name.as_str().into(), meant_rules(&program.rules.merged(overrides)))
    });
    Program {
        currency: program.currency.as_str().into(),
        zone: ZoneOffsets(offsets.map(|(at, s)| (Timestamp::from_micros(*at), *s)).collect()),
        mode: if program.is_off { Mode::Off } else { Mode::Live },
        consent: if program.is_opt_in { ConsentDefault::OptIn } else { ConsentDefault::OptOut },
        voids: match program.voids {
            ModelVoids::Unlimited => Floor::Unlimited,
            ModelVoids::Balance => Floor::Balance,
            ModelVoids::Pending => Floor::Pending,
        },
        pending: PendingFor::new(u16::try_from(program.pending_hours).unwrap()).unwrap(),
        redemption: meant_terms(program),
        approval_above: program.approval_above.and_then(Points::from_hundredths),
        expiry: Expiry {
            after: months(program.expiry.after),
            inactivity: months(program.expiry.inactivity),
            notify: NotifyDays::new(u8::try_from(program.expiry.notify.unwrap_or(0)).unwrap())
                .unwrap(),
        },
        game_measures: BTreeMap::new(),
        rates: rates(&program.rates),
        rules: meant_rules(&program.rules),
        promotions: program.promotions.iter().map(meant_promotion).collect(),
        promotions_combine: if program.counts_first_only { Combine::First } else { Combine::All },
        jurisdictions: merged.collect(),
        tiers: program.tiers.as_ref().map(meant_tiers),
        signals: program.signals.iter().map(meant_signal).collect(),
    }
}

fn meant_signal(signal: &ModelSignal) -> Signal {
    let count = |count: u64| u32::try_from(count).unwrap();
    let line = |units| Rate::from_units(units).unwrap();
    let within = |seconds: i64| Within::new(u16::try_from(seconds).unwrap()).unwrap();
    let over = match signal.over {
        ModelOver::Velocity { wagers, within: time } => {
            Over::Velocity { wagers: count(wagers), within: within(time) }
        }
        ModelOver::StakeJump { times, after } => {
            Over::StakeJump { times: line(times), after: count(after) }
        }
        ModelOver::GamingSystems { count: systems, within: time } => {
            Over::GamingSystems { count: count(systems), within: within(time) }
        }
        ModelOver::WinRatio { ratio, after } => {
            Over::WinRatio { ratio: line(ratio), after: count(after) }
        }
        ModelOver::MinimumPlay { share, of } => {
            Over::MinimumPlay { share: line(share), of: count(of) }
        }
    };
    Signal { name: signal.name.as_str().into(), over, hold: signal.hold }
}

fn meant_terms(program: &ModelProgram) -> Terms {
    let default = Terms::default();
    let min_points = program.min_points.and_then(Points::from_hundredths);
    let hold_for = |minutes: i64| HoldFor::new(u16::try_from(minutes).unwrap()).unwrap();
    Terms {
        min_points: min_points.unwrap_or(default.min_points),
        hold_for: program.hold_minutes.map_or(default.hold_for, hold_for),
    }
}

fn months(months: Option<i64>) -> Option<Months> {
    months.map(|months| Months::new(u8::try_from(months).unwrap()).unwrap())
}

fn meant_tiers(tiers: &ModelTiers) -> Tiers {
    let days = |days: i64| u16::try_from(days).unwrap();
    let level = |level: &ModelLevel| Level {
        name: level.name.as_str().into(),
        from: Points::from_hundredths(level.from).unwrap(),
        multiplier: level.multiplier.map_or(Rate::ONE, |rate| Rate::from_units(rate).unwrap()),
    };
    Tiers {
        window: match tiers.window {
            ModelWindow::Rolling(rolling) => {
                Window::Rolling(WindowDays::new(days(rolling)).unwrap())
            }
            ModelWindow::Month => Window::Calendar(Period::Month),
            ModelWindow::Quarter => Window::Calendar(Period::Quarter),
            ModelWindow::Year => Window::Calendar(Period::Year),
        },
        levels: Levels::new(tiers.levels.iter().map(level).collect()).unwrap(),
        grace: GraceDays::new(days(tiers.grace.unwrap_or(0))).unwrap(),
    }
}

fn meant_promotion(promotion: &ModelPromotion) -> Promotion {
    Promotion {
        name: promotion.name.as_str().into(),
        when: When {
            from: promotion.from.map(Timestamp::from_micros),
            to: promotion.to.map(Timestamp::from_micros),
            every: promotion.every.as_ref().map(meant_every),
        },
        jurisdictions: sorted(&promotion.jurisdictions),
        condition: None,
        multiply: promotion.multiply.map_or(Rate::ONE, |rate| Rate::from_units(rate).unwrap()),
        bonus: Points::from_hundredths(promotion.bonus.unwrap_or(0)).unwrap(),
        budget: promotion.budget.map(|budget| Budget {
            points: budget.points.map(|points| Points::from_hundredths(points).unwrap()),
            per_player: budget.per_player.map(|points| Points::from_hundredths(points).unwrap()),
        }),
    }
}

fn meant_every(every: &ModelEvery) -> Every {
    let small = |number: i64| u16::try_from(number).unwrap();
    let day = |day: i64| u8::try_from(day).unwrap();
    let mut dates = Dates::default();
    for date in &every.dates {
        assert!(match *date {
            ModelDate::Monthly(of_month) => dates.add_monthly(day(of_month)),
            ModelDate::Yearly(month, of_month) => {
                dates.add_yearly(u8::try_from(month).unwrap(), day(of_month))
            }
            ModelDate::Last => {
                dates.add_last_of_months();
                true
            }
        });
    }
    let weekday = |day: &i64| match day {
        0 => Weekday::Monday,
        1 => Weekday::Tuesday,
        2 => Weekday::Wednesday,
        3 => Weekday::Thursday,
        4 => Weekday::Friday,
        5 => Weekday::Saturday,
        _ => Weekday::Sunday,
    };
    let hours = |(from, to): &(i64, i64)| Hours::between(small(*from), small(*to)).unwrap();
    Every {
        days: every.days.iter().map(weekday).collect(),
        hours: every.hours.iter().map(hours).collect(),
        dates,
    }
}

fn meant_rules(rules: &ModelRules) -> Rules {
    let mut multipliers = rates(&rules.multipliers);
    let default_multiplier = multipliers.remove("default").unwrap_or(Rate::ZERO);
    Rules {
        enabled: rules.enabled,
        eligibility: Eligibility {
            categories: sorted(&rules.categories),
            min_wager: Amount::from_atto(rules.min_wager).unwrap(),
            segments_allow: sorted(&rules.segments_allow),
            segments_deny: sorted(&rules.segments_deny),
            players_deny: sorted(&rules.players_deny),
            condition: None,
        },
        earning: Earning {
            multipliers: multipliers.into(),
            default_multiplier,
            games: rates(&rules.games).into(),
            rounding: match rules.rounding {
                ModelRounding::Down => Rounding::Down,
                ModelRounding::HalfUp => Rounding::HalfUp,
                ModelRounding::HalfEven => Rounding::HalfEven,
            },
            cap_per_day: rules
                .caps_per_day
                .iter()
                .min()
                .and_then(|cap| Points::from_hundredths(*cap)),
        },
    }
}

fn rates(rates: &BTreeMap<String, u64>) -> BTreeMap<Box<str>, Rate> {
    let rate =
        |(name, units): (&String, &u64)| (name.as_str().into(), Rate::from_units(*units).unwrap());
    rates.iter().map(rate).collect()
}

fn sorted(names: &[String]) -> Names {
    let mut names: Vec<Box<str>> = names.iter().map(|name| name.as_str().into()).collect();
    names.sort();
    names.into()
}
