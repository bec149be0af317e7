//! Signals as the decision record says it: a player's wagers are looked at by the little that is remembered of them, and
//! points are held until a person decides.

use std::collections::BTreeMap;

use super::lots::{Lot, ModelMoved, ModelTaken};
use super::requests::ModelWord;
use super::{DAY, Earned, HOUR, Model, ModelAccount, POINTS_MAX, Version, tiers};
use crate::digits::{Digits, ModelRounding};
use crate::input::{ModelOver, ModelProgram, ModelSignal, ModelWager};

/// When points can be spent that are held: in the last hour of all.
pub const HELD: i64 = 2_147_483_647 * HOUR;

/// Points of a player are held for so many signals at most.
const HELD_MAX: usize = 32;
/// What is remembered ends with the last of so many days after the last wager.
const KEPT_DAYS: i64 = 90;
/// Wagers are counted in so many slices of a time.
const SLICES: i64 = 6;
/// So many systems are remembered.
const SYSTEMS_MAX: usize = 16;
const SECOND: i64 = 1_000_000;
/// One, in 10^-8ths.
const ONE: u128 = 100_000_000;
/// The greatest number that is measured, in 10^-8ths: 10^10.
const OBSERVED_MAX: u128 = 1_000_000_000_000_000_000;
/// The most money that a wager is seen with, in millionths.
const MONEY_MAX: u128 = 1_000_000_000_000_000_000;

/// What is remembered of a player.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelWatched {
    /// The version whose signals those are.
    version: u32,
    /// When all of it is forgotten.
    pub until: i64,
    /// For each of its signals, in their order.
    pub memories: Vec<ModelMemory>,
}

/// What is remembered of a player for one signal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelMemory {
    /// Whether the last wager that could be judged was above the line.
    pub is_above: bool,
    /// Wagers by the number of their slice.
    pub slices: BTreeMap<i64, u64>,
    /// How many wagers are in the sums.
    pub count: u64,
    /// Wins, or wagers just above the minimum.
    pub part: u128,
    /// Stakes.
    pub stakes: u128,
    /// Gaming systems in the order in which they were met, each with the last moment there.
    pub systems: Vec<(String, i64)>,
}

/// Something was found of a wager, or of a player from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRaised {
    /// The lines that the wager is above.
    pub findings: Vec<ModelFinding>,
    /// The wager; empty for none.
    pub wager_id: String,
    /// Its own time.
    pub at: i64,
    /// The version that was in force; 0 for none.
    pub version: u32,
    /// When it was raised; by whom and why, where that was outside.
    pub raised: ModelWord,
    /// The points that are held, or were.
    pub held: Option<ModelHeld>,
    /// What has become of it.
    pub state: SignalState,
    /// How many points were let go of, taken or voided.
    pub points: i64,
    /// When, by whom and why; nothing while it is open.
    pub closed: Option<ModelWord>,
}

/// A line that was passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelFinding {
    /// The signal's name.
    pub name: String,
    /// Its kind.
    pub kind: &'static str,
    /// What was measured, in 10^-8ths, rounded down.
    pub observed: u64,
    /// The line, in 10^-8ths.
    pub line: u64,
}

/// Points of a wager that are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelHeld {
    /// How many.
    pub points: i64,
    /// Their month, and when they could be spent if they were not held.
    pub lot: Lot,
}

/// What has become of a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum SignalState {
    Noted,
    Open,
    Released,
    Taken,
    Voided,
}

/// Something has become of a signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSignalMove {
    /// Batch and slot where it stands.
    pub place: (u64, u32),
    /// What.
    pub state: SignalState,
    /// Points that are held, or were let go of, taken or voided.
    pub points: i64,
}

/// What signals have found of a wager.
pub(super) struct ModelSight {
    version: u32,
    findings: Vec<ModelFinding>,
    holds: bool,
}

/// What somebody outside has found.
pub(super) struct Outside<'a> {
    pub(super) name: &'a str,
    pub(super) wager_id: Option<&'a str>,
    pub(super) holds: bool,
    pub(super) said: ModelWord,
    pub(super) version: u32,
}

/// The wager that something was found of outside: where it stands, what it earned, and whether it was voided.
pub(super) type About = ((u64, u32), Option<Earned>, bool);

impl Model {
    /// Looks at a wager that counts, by the signals of the version in force, and remembers it.
    pub(super) fn look(
        &mut self,
        key: &(String, String),
        wager: &ModelWager,
        points: i64,
        now: i64,
    ) -> Option<ModelSight> {
        if self.is_first {
            return None;
        }
        let versions = &self.operators[&key.0];
        let Version { number, program, .. } = tiers::in_force(versions, now)?;
        if program.signals.is_empty() {
            return None;
        }
        let account = self.accounts.get_mut(key).expect("who wagers has one");
        let mut memories = account.goes_on_with(versions, program, now);
        let is_full = account.open_signals() >= HELD_MAX;
        let mut sight = ModelSight { version: *number, findings: Vec::new(), holds: false };
        for (signal, memory) in program.signals.iter().zip(&mut memories) {
            let was_above = memory.is_above;
            let Some((observed, is_above)) = memory.measure(signal.over, program, wager, now)
            else {
                continue;
            };
            memory.is_above = is_above;
            let shall_hold = signal.hold && is_above && points > 0;
            let holds = shall_hold && !is_full;
            account.passages.unheld += u64::from(shall_hold && is_full);
            sight.holds |= holds;
            if holds || is_above && !was_above {
                let (kind, line) = (signal.over.kind(), signal.over.line());
                let name = signal.name.clone();
                sight.findings.push(ModelFinding { name, kind, observed, line });
            }
        }
        let until = (now.div_euclid(DAY) + 1 + KEPT_DAYS) * DAY;
        account.watched = Some(ModelWatched { version: *number, until, memories });
        Some(sight)
    }

    /// The wager of an id, which something was found of.
    pub(super) fn about(&self, key: &(String, String), wager_id: &str) -> Option<About> {
        let of_kind = |kind| super::Identity {
            operator: key.0.clone(),
            player: key.1.clone(),
            kind,
            id: wager_id.to_owned(),
        };
        let wager = self.find(&of_kind("wager"), |_| true)?;
        let is_voided = self.find(&of_kind("void"), |_| true).is_some();
        Some((wager.place, wager.earned, is_voided))
    }
}

impl ModelSight {
    /// What the wager earns beyond a debt goes where it is held.
    pub(super) fn hold(&self, earned: Earned, debt: i64) -> Earned {
        match earned.lot {
            Some((month, _)) if self.holds && earned.points > debt => {
                Earned { lot: Some((month, Some(HELD))), ..earned }
            }
            _ => earned,
        }
    }
}

impl ModelMemory {
    /// Takes a wager in: what is measured, and whether that is above the line; nothing where it says nothing.
    fn measure(
        &mut self,
        over: ModelOver,
        program: &ModelProgram,
        wager: &ModelWager,
        now: i64,
    ) -> Option<(u64, bool)> {
        // One that is yet to come counts as now.
        let at = wager.timestamp.min(now);
        match over {
            ModelOver::Velocity { wagers, within } => {
                let count = self.count_at(at.div_euclid(within * SECOND / SLICES))?;
                Some((whole(count), count > wagers))
            }
            ModelOver::GamingSystems { count, within } => {
                let system = wager.gaming_system_id.as_ref()?;
                let systems = self.meet(system, at, within * SECOND)?;
                Some((whole(systems), systems > count))
            }
            ModelOver::StakeJump { times, after } => {
                let stake = money(program, wager, wager.wager_amount)?;
                let (count, stakes) = (self.count, self.stakes);
                self.add(0, stake, after);
                (count >= after).then(|| compared(stake * u128::from(count), stakes, times))
            }
            ModelOver::WinRatio { ratio, after } => {
                let stake = money(program, wager, wager.wager_amount)?;
                let win = money(program, wager, wager.win_amount?)?;
                let (wins, stakes) = (self.part + win, self.stakes + stake);
                let is_judged = self.count + 1 >= after;
                self.add(win, stake, after);
                is_judged.then(|| compared(wins, stakes, ratio))
            }
            ModelOver::MinimumPlay { share, of } => {
                let stake = money(program, wager, wager.wager_amount)?;
                let overrides = program.jurisdictions.get(&wager.jurisdiction);
                let own = overrides.and_then(|overrides| overrides.min_wager);
                // A millionth is 10^12 of the smallest unit.
                let least = own.unwrap_or(program.rules.min_wager) / 1_000_000_000_000;
                if least == 0 {
                    return None;
                }
                let (lows, all) = (self.part + u128::from(10 * stake < 11 * least), self.count + 1);
                self.add(lows - self.part, 0, of);
                (all >= of).then(|| compared(lows, all.into(), share))
            }
        }
    }

    /// Counts a wager in its slice: how many there are in the last six, unless it is before all of them.
    fn count_at(&mut self, slice: i64) -> Option<u64> {
        let last = self.slices.last_key_value().map_or(slice, |(last, _)| slice.max(*last));
        if slice <= last - SLICES {
            return None;
        }
        *self.slices.entry(slice).or_default() += 1;
        self.slices.retain(|slice, _| *slice > last - SLICES);
        Some(self.slices.values().sum())
    }

    /// Meets a player at a system: at how many they were within a time before the last, unless this is before it.
    fn meet(&mut self, system: &str, at: i64, within: i64) -> Option<u64> {
        let last = self.systems.iter().map(|(_, at)| *at).fold(at, i64::max);
        if at <= last - within {
            return None;
        }
        self.systems.retain(|(_, at)| *at > last - within);
        match self.systems.iter_mut().find(|(known, _)| known == system) {
            Some((_, met)) => *met = at.max(*met),
            None => self.systems.push((system.to_owned(), at)),
        }
        if self.systems.len() > SYSTEMS_MAX {
            let oldest = self.systems.iter().map(|(_, at)| *at).min();
            let oldest = self.systems.iter().position(|(_, at)| Some(*at) == oldest);
            self.systems.remove(oldest.expect("there are some"));
        }
        Some(self.systems.len() as u64)
    }

    /// Adds a wager to the sums, which are halved once there are twice as many as are needed.
    fn add(&mut self, part: u128, stake: u128, needed: u64) {
        self.count += 1;
        self.part += part;
        self.stakes += stake;
        if self.count >= 2 * needed {
            self.count /= 2;
            self.part /= 2;
            self.stakes /= 2;
        }
    }
}

fn whole(count: u64) -> u64 {
    count * 100_000_000
}

/// How often one has the other in it, and whether that is more than the line says.
fn compared(part: u128, of: u128, line: u64) -> (u64, bool) {
    let observed = match (part, of) {
        (0, _) => 0,
        (_, 0) => OBSERVED_MAX,
        _ => (part * ONE / of).min(OBSERVED_MAX),
    };
    let is_above = part * ONE > of * u128::from(line);
    (u64::try_from(observed).expect("it is bounded"), is_above)
}

/// Money of a wager in millionths of the program's currency, rounded down; nothing where there is no rate.
fn money(program: &ModelProgram, wager: &ModelWager, amount: u128) -> Option<u128> {
    let rate = match program.rates.get(&wager.currency) {
        _ if wager.currency == program.currency => 100_000_000,
        Some(rate) => *rate,
        None => return None,
    };
    // 18 decimals of the amount and 8 of the rate, of which six stay.
    let money = Digits::of(amount).times(&Digits::of(rate.into()));
    let money = money.shifted_down(20, ModelRounding::Down).value();
    Some(money.map_or(MONEY_MAX, |money| money.min(MONEY_MAX)))
}

impl ModelAccount {
    /// For how many signals points are held.
    pub fn open_signals(&self) -> usize {
        self.signals.values().filter(|signal| signal.state == SignalState::Open).count()
    }

    /// What is remembered at a moment, for each signal of a version: what it has in common with the one before.
    fn goes_on_with(
        &self,
        versions: &[Version],
        program: &ModelProgram,
        now: i64,
    ) -> Vec<ModelMemory> {
        let known = self.watched.as_ref().filter(|watched| watched.until > now);
        let before = known.and_then(|watched| {
            let version = versions.iter().find(|version| version.number == watched.version)?;
            let goes_on = version.program.currency == program.currency;
            goes_on.then_some((&version.program.signals, &watched.memories))
        });
        let memory = |signal: &ModelSignal| {
            let (signals, memories) = before?;
            let same = |other: &ModelSignal| other.name == signal.name && other.over == signal.over;
            signals.iter().position(same).map(|at| memories[at].clone())
        };
        program.signals.iter().map(|signal| memory(signal).unwrap_or_default()).collect()
    }

    /// Raises what was found of a wager that has earned `earned`, and would have earned it for `lot`.
    pub(super) fn raise(
        &mut self,
        place: (u64, u32),
        wager: &ModelWager,
        sight: ModelSight,
        (points, lot): (i64, Option<Lot>),
        now: i64,
    ) {
        if sight.findings.is_empty() {
            return;
        }
        // What has paid for a debt is not held.
        let paid = match self.entries.last().map(|entry| &entry.moved) {
            Some(ModelMoved::Into(_, paid)) if points > 0 => *paid,
            _ => 0,
        };
        let points = if sight.holds { points - paid } else { 0 };
        let held = lot.filter(|_| points > 0).map(|lot| ModelHeld { points, lot });
        let raised = ModelWord::new(now, "", "");
        let ModelSight { version, findings, .. } = sight;
        let (wager_id, at) = (wager.wager_id.clone(), wager.timestamp);
        self.stand(place, raised_signal(findings, wager_id, at, version, raised, held));
    }

    /// Somebody outside has found something, of a wager or of the player; where it stands.
    pub(super) fn raise_outside(
        &mut self,
        outside: Outside<'_>,
        about: Option<About>,
        place: (u64, u32),
        now: i64,
    ) -> (u64, u32) {
        let Outside { name, wager_id, holds, said, version } = outside;
        let may_hold = holds && self.open_signals() < HELD_MAX;
        let about = about.filter(|(stands, _, is_voided)| {
            may_hold && !is_voided && !self.signals.contains_key(stands)
        });
        let earned = about.and_then(|(stands, earned, _)| Some((stands, earned?)));
        let held = earned.and_then(|(stands, Earned { points, lot, .. })| {
            let held = self.lots.hold(lot?, points, now);
            (held > 0).then_some((stands, ModelHeld { points: held, lot: lot? }))
        });
        let (place, held) = held.map_or((place, None), |(stands, held)| (stands, Some(held)));
        let (name, kind) = (name.to_owned(), "outside");
        let findings = vec![ModelFinding { name, kind, observed: 0, line: 0 }];
        let wager_id = wager_id.unwrap_or_default().to_owned();
        self.stand(place, raised_signal(findings, wager_id, now, version, said, held));
        place
    }

    fn stand(&mut self, place: (u64, u32), raised: ModelRaised) {
        let points = raised.held.map_or(0, |held| held.points);
        self.signal_moves.push(ModelSignalMove { place, state: raised.state, points });
        self.signals.insert(place, raised);
    }

    /// Something becomes of a signal whose points are held, and of so many of them.
    fn close_signal(&mut self, place: (u64, u32), state: SignalState, points: i64, by: ModelWord) {
        let signal = self.signals.get_mut(&place).expect("it was raised");
        (signal.state, signal.points, signal.closed) = (state, points, Some(by));
        self.signal_moves.push(ModelSignalMove { place, state, points });
    }

    /// A person takes points that are held, or lets go of them.
    pub(super) fn decide_signal(
        &mut self,
        place: (u64, u32),
        takes: bool,
        by: ModelWord,
        (cause, version): (&str, u32),
    ) -> Result<(), &'static str> {
        let shall_be = if takes { SignalState::Taken } else { SignalState::Released };
        let signal = self.signals.get(&place).ok_or("no_such_signal")?;
        if signal.state == shall_be {
            return Ok(());
        }
        if signal.state != SignalState::Open {
            return Err("signal_closed");
        }
        let ModelHeld { points, lot } = signal.held.expect("it is open");
        let (month, now) = (lot.0, by.at);
        let points = self.lots.take_held(month, points);
        if !takes {
            self.lots.let_go(lot, points, now);
        } else if points > 0 {
            let pending = vec![(month, HELD, points)];
            let moved = ModelMoved::From(ModelTaken { pending, ..ModelTaken::default() });
            assert!(self.balance - points >= -POINTS_MAX, "what is there can be taken");
            self.change("adjusted", -points, &format!("signal:{cause}"), now, version, moved);
        }
        self.close_signal(place, shall_be, points, by);
        Ok(())
    }

    /// Where the points of a wager lie that is voided, and how many of them no person has taken.
    pub(super) fn left_of(&self, place: (u64, u32), earned: &Earned) -> (Option<Lot>, i64) {
        let signal = self.signals.get(&place);
        let Some((signal, held)) = signal.and_then(|it| Some((it, it.held?))) else {
            return (earned.lot, earned.points);
        };
        match signal.state {
            SignalState::Open => (Some((held.lot.0, Some(HELD))), earned.points),
            SignalState::Taken => (Some(held.lot), earned.points - signal.points),
            _ => (Some(held.lot), earned.points),
        }
    }

    /// A wager was voided, and so many points taken.
    pub(super) fn void_signal(&mut self, place: (u64, u32), points: i64, now: i64) {
        if self.signals.get(&place).is_some_and(|signal| signal.state == SignalState::Open) {
            let by = ModelWord::new(now, "", "");
            self.close_signal(place, SignalState::Voided, points, by);
        }
    }
}

fn raised_signal(
    findings: Vec<ModelFinding>,
    wager_id: String,
    at: i64,
    version: u32,
    raised: ModelWord,
    held: Option<ModelHeld>,
) -> ModelRaised {
    let is_open = held.is_some();
    let by_nobody = ModelWord::new(raised.at, "", "");
    ModelRaised {
        state: if is_open { SignalState::Open } else { SignalState::Noted },
        closed: (!is_open).then_some(by_nobody),
        points: 0,
        findings,
        wager_id,
        at,
        version,
        raised,
        held,
    }
}
