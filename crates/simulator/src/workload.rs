//! What the world does to Accolade, drawn from a seed.
//!
//! Each seed switches some of the possibilities off altogether and weighs the others anew (swarm
//! testing: Groce et al., ISSTA 2012), so that rare things also meet in numbers. There are few
//! players, ids and games, so that what happens collides.

mod conditions;
mod data;
mod events;
mod programs;
mod signals;
pub(crate) mod tournaments;

use crate::calendar;
use crate::document;
use crate::input::{ModelEvent, ModelProgram, ModelRight};
use crate::random::Random;
use events::Events;
use programs::Programs;

/// One step of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Records arrive together.
    Records(Vec<WorkloadRecord>),
    /// An operator is added, perhaps one that is known already.
    AddOperator(String),
    /// An operator publishes a version of its program.
    Publish(Box<WorkloadProgram>),
    /// An operator withdraws a version, which may have begun or never have been there.
    Withdraw {
        /// The operator.
        operator: String,
        /// The version.
        number: u32,
    },
    /// Something becomes of an operator's keys, or of itself.
    Right {
        /// The operator.
        operator: String,
        /// What.
        right: ModelRight,
    },
    /// Another behaviour is switched on, which may have been already.
    SwitchBehaviour(u16),
    /// The clock of the machine moves by so many microseconds, perhaps back.
    AdvanceClock(i64),
    /// The power is cut.
    Crash,
    /// A checkpoint is made now.
    Checkpoint,
    /// The segments that are being written are closed now.
    Seal,
}

/// A record as it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadRecord {
    /// Where it arrives.
    pub door: Door,
    /// The operator that it comes from.
    pub operator: String,
    /// The player whose partition it goes to.
    pub player: String,
    /// What it says.
    pub event: ModelEvent,
    /// Its bytes; empty for a command, whose format is not the producers'.
    pub bytes: Vec<u8>,
}

/// Which kind of record arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Wagers and voids.
    Wagers,
    /// Game events.
    GameEvents,
    /// Commands.
    Commands,
}

/// A version of a program as it is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkloadProgram {
    /// The operator.
    pub operator: String,
    /// From which event time on it applies.
    pub effective_from: i64,
    /// What it says.
    pub program: ModelProgram,
    /// The same as YAML or JSON.
    pub document: String,
    /// Whether it was edited from another version than the latest, and must be refused.
    pub is_stale: bool,
}

impl WorkloadProgram {
    /// The same, where promotions give as much as they like.
    #[must_use]
    pub fn without_budgets(mut self) -> Self {
        for promotion in &mut self.program.promotions {
            promotion.budget = None;
        }
        self.document = document::json(&self.program);
        self
    }

    /// The same, where nothing is asked of wagers that only a reader of SQL can tell.
    #[must_use]
    pub fn without_conditions(mut self) -> Self {
        self.program.rules.condition = None;
        for overrides in self.program.jurisdictions.values_mut() {
            overrides.condition = None;
        }
        for promotion in &mut self.program.promotions {
            promotion.condition = None;
        }
        self.document = document::json(&self.program);
        self
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Records,
    AddOperator,
    Publish,
    Withdraw,
    Right,
    Switch,
    Tick,
    Hours,
    Days,
    Months,
    Back,
    Crash,
    Checkpoint,
    Seal,
}

/// A wager with this stake makes a faulty rule fail, where a simulation has one.
pub const FAULTY_STAKE: u128 = events::FAULTY_STAKE;

pub(crate) use events::PLAYERS;

pub(crate) const OPERATORS: [&str; 3] = ["casino-1", "casino-2", "casino \"three\""];
const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
/// Within this time each partition has a batch.
const HEARTBEAT_MAX: i64 = 11 * SECOND;

/// By which behaviour the world of a seed begins to decide: as many worlds by each.
pub const fn behaviour_of(seed: u64) -> u16 {
    if seed.is_multiple_of(2) { 1 } else { 2 }
}

/// The world of one seed.
#[derive(Debug, Clone)]
pub struct Workload {
    random: Random,
    starts_at: i64,
    steps: Weights<Step>,
    events: Events,
    programs: Programs,
    opening: Vec<Step>,
    /// So many steps are left to the one in which behaviour 2 is switched on, if there is one.
    switches_in: Option<u64>,
}

impl Workload {
    /// The world of `seed`.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let turning_point = *random.pick(&calendar::turning_points());
        let starts_at = turning_point - random.between(0, 60 * HOUR);
        let mut steps = vec![(Step::Records, 40 + random.below(60))];
        for (step, weight_max) in [
            (Step::AddOperator, 3),
            (Step::Publish, 10),
            (Step::Withdraw, 3),
            (Step::Right, 8),
            (Step::Tick, 60),
            (Step::Hours, 10),
            (Step::Days, 4),
            (Step::Months, 3),
            (Step::Back, 10),
            (Step::Crash, 15),
            (Step::Checkpoint, 15),
            (Step::Seal, 10),
        ] {
            steps.push((step, swarm_weight(&mut random, weight_max)));
        }
        // Most worlds have something to count from the beginning; the last comes first.
        let opening = match random.below(10) {
            0 => vec![],
            1 => vec![Step::AddOperator],
            _ => vec![Step::Publish, Step::AddOperator],
        };
        let events = Events::new(&mut random);
        let is_first = behaviour_of(seed) == 1;
        let switches_in = (is_first && random.percent(60)).then(|| random.below(30));
        if switches_in.is_some() {
            steps.push((Step::Switch, 1));
        }
        let mut programs = Programs::new(&mut random);
        programs.second_percent = match (is_first, switches_in) {
            (false, _) => 100,
            (true, Some(_)) => 20,
            (true, None) => 0,
        };
        let steps = Weights(steps);
        Self { random, starts_at, steps, events, programs, opening, switches_in }
    }

    /// How long nobody does anything, after all: at least until each partition has a batch of its own, at most past
    /// the longest window and the longest grace.
    pub fn afterwards(&mut self) -> i64 {
        let days_max = *self.random.pick(&[1, 3, 40, 400, 4_000]);
        HEARTBEAT_MAX + self.random.between(0, days_max * 24 * HOUR)
    }

    /// Some events from here on have about this time of their own.
    pub fn note_moment(&mut self, at: i64) {
        self.events.moments.push(at);
    }

    /// What the clock shows when the world begins, in microseconds since 1970.
    pub const fn starts_at(&self) -> i64 {
        self.starts_at
    }

    /// What happens next, while the log's time is `now`.
    pub fn next(&mut self, now: i64) -> Action {
        let step = self.opening.pop().or_else(|| self.switch());
        let random = &mut self.random;
        match step.unwrap_or_else(|| *self.steps.pick(random)) {
            Step::Records => Action::Records(self.events.arrive(now, random)),
            Step::AddOperator => {
                // The first is the one that most events name.
                let known = self.programs.operators.len();
                let any = random.index(OPERATORS.len());
                let name = if known == 0 { OPERATORS[0] } else { OPERATORS[any] };
                if !self.programs.operators.iter().any(|operator| operator == name) {
                    self.programs.operators.push(name.to_owned());
                }
                Action::AddOperator(name.to_owned())
            }
            Step::Publish => {
                let (operator, effective_from, program) = self.programs.version(now, random);
                let render = random.pick(&[document::json, document::yaml]);
                Action::Publish(Box::new(WorkloadProgram {
                    document: render(&program),
                    is_stale: random.percent(10),
                    operator,
                    effective_from,
                    program,
                }))
            }
            Step::Withdraw => Action::Withdraw {
                operator: self.programs.operator(random),
                number: 1 + u32::try_from(random.below(6)).expect("a small number"),
            },
            Step::Right => Action::Right {
                operator: self.programs.operator(random),
                right: match random.below(8) {
                    0..=2 => ModelRight::Key(random.below(6)),
                    3 | 4 => ModelRight::Rotate(random.below(6), random.below(5)),
                    5 => ModelRight::Revoke(random.below(6)),
                    _ => ModelRight::Pause(random.percent(50)),
                },
            },
            Step::Switch => {
                self.programs.second_percent = 100;
                Action::SwitchBehaviour(2)
            }
            Step::Tick => Action::AdvanceClock(match random.below(3) {
                0 => random.between(1, 1_000),
                1 => random.between(1, SECOND),
                _ => random.between(1, 10 * 60 * SECOND),
            }),
            Step::Hours => Action::AdvanceClock(random.between(HOUR / 2, 30 * HOUR)),
            Step::Days => Action::AdvanceClock(random.between(24 * HOUR, 9 * 24 * HOUR)),
            Step::Months => Action::AdvanceClock(random.between(9 * 24 * HOUR, 120 * 24 * HOUR)),
            Step::Back => Action::AdvanceClock(-random.between(1, 3 * HOUR)),
            Step::Crash => Action::Crash,
            Step::Checkpoint => Action::Checkpoint,
            Step::Seal => Action::Seal,
        }
    }
}

impl Workload {
    fn switch(&mut self) -> Option<Step> {
        let left = self.switches_in?;
        self.switches_in = left.checked_sub(1);
        (left == 0).then_some(Step::Switch)
    }
}

/// Things with how often each is drawn, in proportion.
#[derive(Debug, Clone)]
struct Weights<T>(Vec<(T, u64)>);

impl<T> Weights<T> {
    fn pick(&self, random: &mut Random) -> &T {
        let mut drawn = random.below(self.0.iter().map(|(_, weight)| weight).sum());
        for (item, weight) in &self.0 {
            if drawn < *weight {
                return item;
            }
            drawn -= weight;
        }
        unreachable!("less was drawn than all weights together")
    }
}

/// Nothing in two seeds of five, else anything up to `weight_max`.
fn swarm_weight(random: &mut Random, weight_max: u64) -> u64 {
    if random.percent(40) { 0 } else { 1 + random.below(weight_max) }
}

/// Each of `items`, with even chances.
fn some_of(items: &[&str], random: &mut Random) -> Vec<String> {
    items.iter().filter(|_| random.percent(50)).map(|item| (*item).to_owned()).collect()
}

#[cfg(test)]
mod tests;
