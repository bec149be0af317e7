//! Signals: what of a player's wagers looks like abuse, judged by the little that is remembered of each player.
//!
//! Only wagers that count are looked at. Money is in the currency of the program that judges, and everything is
//! whole numbers: what is above a line is so exactly.

use crate::amount::{Amount, Rate};
use crate::event::Wager;
use crate::program::Program;
use crate::time::Timestamp;

/// Most signals of a program: each wager is judged by all of them.
pub const SIGNALS_MAX: usize = 8;
/// Most wagers after which a signal begins to judge.
pub const AFTER_MAX: u32 = 10_000;
/// The greatest multiple that a line can be.
pub const TIMES_MAX: Rate = Rate::from_units(100_000_000_000_000).expect("a million is a rate");
/// Most systems that a line can allow at once.
pub const SYSTEMS_MAX: u32 = 12;
/// The longest time within which things are counted: 12 hours.
pub const WITHIN_SECONDS_MAX: u16 = 43_200;

/// Of so many systems is remembered when the player was last seen there; more than a line can allow.
const SYSTEMS_KEPT: usize = 16;
/// A time within which wagers are counted is moved on in so many steps.
const SLICES: usize = 6;
/// Stakes below this share of the minimum are just above it: 11 tenths.
const JUST_ABOVE: (u128, u128) = (11, 10);
const SECOND_MICROS: i64 = 1_000_000;

/// One signal of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Unique in the program.
    pub name: Box<str>,
    /// The line that a player has to be above.
    pub over: Over,
    /// The points of each wager above it are held until a person says what becomes of them.
    pub hold: bool,
}

/// What has become of a signal that was raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalState {
    /// No points are held for it.
    Noted,
    /// Points are held until a person decides.
    Held,
    /// They were let go of.
    Released,
    /// They were taken away.
    Taken,
    /// The wager was voided.
    Voided,
}

impl SignalState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Noted, Self::Held, Self::Released, Self::Taken, Self::Voided];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Noted => "noted",
            Self::Held => "open",
            Self::Released => "released",
            Self::Taken => "taken",
            Self::Voided => "voided",
        }
    }
}

/// What is looked at, and its line. At the line nothing is wrong yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// More wagers than these within a time.
    Velocity {
        /// How many are right.
        wagers: u32,
        /// Within which time.
        within: Within,
    },
    /// A stake that is more than so many times the mean of the player's own before it.
    StakeJump {
        /// How many times are right.
        times: Rate,
        /// How many wagers must have come before.
        after: u32,
    },
    /// Wagers from more gaming systems than these within a time.
    GamingSystems {
        /// How many are right.
        count: u32,
        /// Within which time.
        within: Within,
    },
    /// Wins of which the player has had more than so many times the stakes.
    WinRatio {
        /// How many times are right.
        ratio: Rate,
        /// How many wagers of known win there must be.
        after: u32,
    },
    /// A greater share of wagers than this with a stake below 1.1 times the least that counts.
    MinimumPlay {
        /// Which share is right; below 1.
        share: Rate,
        /// How many wagers there must be.
        of: u32,
    },
}

/// The kinds of signals, with what they are called in programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// [`Over::Velocity`]
    Velocity,
    /// [`Over::StakeJump`]
    StakeJump,
    /// [`Over::GamingSystems`]
    GamingSystems,
    /// [`Over::WinRatio`]
    WinRatio,
    /// [`Over::MinimumPlay`]
    MinimumPlay,
}

impl SignalKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Velocity, Self::StakeJump, Self::GamingSystems, Self::WinRatio, Self::MinimumPlay];

    /// The stable code, as programs and the API have it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Velocity => "velocity",
            Self::StakeJump => "stakeJump",
            Self::GamingSystems => "gamingSystems",
            Self::WinRatio => "winRatio",
            Self::MinimumPlay => "minimumPlay",
        }
    }

    /// The code of what a program has found, or somebody outside.
    pub const fn code_of(kind: Option<Self>) -> &'static str {
        match kind {
            Some(kind) => kind.code(),
            None => OUTSIDE,
        }
    }
}

/// The code of what no program has found.
pub const OUTSIDE: &str = "outside";

impl Over {
    /// Its kind.
    pub const fn kind(self) -> SignalKind {
        match self {
            Self::Velocity { .. } => SignalKind::Velocity,
            Self::StakeJump { .. } => SignalKind::StakeJump,
            Self::GamingSystems { .. } => SignalKind::GamingSystems,
            Self::WinRatio { .. } => SignalKind::WinRatio,
            Self::MinimumPlay { .. } => SignalKind::MinimumPlay,
        }
    }

    /// The line as a number.
    pub fn line(self) -> Rate {
        match self {
            Self::Velocity { wagers: count, .. } | Self::GamingSystems { count, .. } => {
                whole(u64::from(count))
            }
            Self::StakeJump { times: line, .. }
            | Self::WinRatio { ratio: line, .. }
            | Self::MinimumPlay { share: line, .. } => line,
        }
    }
}

fn whole(count: u64) -> Rate {
    ratio(u128::from(count), 1)
}

/// How often `part` has `whole` in it, to eight decimals, rounded down; at most [`Rate::MAX`].
fn ratio(part: u128, whole: u128) -> Rate {
    let scaled = part.checked_mul(u128::from(Rate::ONE.units()));
    let units = scaled.and_then(|scaled| scaled.checked_div(whole));
    let units = units.and_then(|units| u64::try_from(units).ok());
    units.and_then(Rate::from_units).unwrap_or(Rate::MAX)
}

/// A time within which things are counted: whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Within(u16);

impl Within {
    /// Takes 1 to [`WITHIN_SECONDS_MAX`] seconds.
    pub const fn new(seconds: u16) -> Option<Self> {
        if seconds >= 1 && seconds <= WITHIN_SECONDS_MAX { Some(Self(seconds)) } else { None }
    }

    fn micros(self) -> i64 {
        i64::from(self.0) * SECOND_MICROS
    }

    /// The number of the slice that a moment is in; [`SLICES`] of them are no longer than the time.
    fn slice(self, at: Timestamp) -> i64 {
        at.micros().div_euclid(self.micros().div_euclid(i64::from(SLICES_U8)))
    }
}

const SLICES_U8: u8 = 6;
const _: () = assert!(SLICES_U8 as usize == SLICES);

/// What signals see of a wager.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// The wager's own time, but none that is yet to come.
    pub at: Timestamp,
    /// The money of it; nothing where the program does not know its currency.
    pub money: Option<Money>,
    /// What stands for the gaming system, where the wager names one.
    pub system: Option<u32>,
}

/// The money of a wager, in millionths of the program's currency, rounded down, 10^18 at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Money {
    stake: u128,
    win: Option<Amount>,
    rate: Rate,
    /// The least stake that counts; 0 where any does.
    min: Amount,
}

const MILLIONTHS_MAX: u128 = 1_000_000_000_000_000_000;
const ATTO_IN_MILLIONTH: u128 = 1_000_000_000_000;

impl Money {
    /// The money of a wager, as a program counts it.
    pub fn of(program: &Program, wager: &Wager<'_>) -> Option<Self> {
        let rate = program.rate_from(&wager.currency)?;
        let min = program.rules_for(&wager.jurisdiction).eligibility.min_wager;
        Some(Self { stake: millionths(wager.stake, rate), win: wager.win, rate, min })
    }

    fn win(self) -> Option<u128> {
        self.win.map(|win| millionths(win, self.rate))
    }

    fn min(self) -> u128 {
        millionths(self.min, Rate::ONE)
    }
}

fn millionths(amount: Amount, rate: Rate) -> u128 {
    let converted = amount.atto().checked_mul(u128::from(rate.units()));
    let per_unit = u128::from(Rate::ONE.units()) * ATTO_IN_MILLIONTH;
    converted.map_or(MILLIONTHS_MAX, |atto| atto.div_euclid(per_unit).min(MILLIONTHS_MAX))
}

/// What is remembered of a player for one signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// The last wager that was judged was above the line.
    pub is_above: bool,
    /// What was counted.
    pub counted: Counted,
}

/// What was counted of a player's wagers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Wagers by slice of time: the last slice there is one in, and how many are in it and in those before.
    Slices(i64, [u32; SLICES]),
    /// Sums over wagers.
    Sums(Sums),
    /// Gaming systems, each with when the player was last seen there.
    Systems(Vec<(u32, Timestamp)>),
}

/// Sums over wagers, halved whenever there are twice as many as are needed: so what is long past fades.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many wagers.
    pub count: u32,
    /// What of all that is compared: wins, or wagers just above the minimum; 0 where stakes alone are summed.
    pub part: u128,
    /// All stakes; 0 where wagers are counted alone.
    pub stakes: u128,
}

impl Sums {
    /// The greatest sum: of twice as many wagers as a signal can need, each with the most money.
    pub const MAX: u128 = 2 * 10_000 * MILLIONTHS_MAX;

    fn add(&mut self, part: u128, stake: u128, needed: u32) {
        self.count += 1;
        self.part += part;
        self.stakes += stake;
        if self.count >= needed.saturating_mul(2) {
            *self = Self { count: self.count >> 1, part: self.part >> 1, stakes: self.stakes >> 1 };
        }
    }
}

/// What a wager has come to for a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Looked {
    measured: Measured,
    /// It is above the line, and the last wager that was judged was not.
    pub has_crossed: bool,
}

impl Looked {
    /// Whether what was measured is above the line.
    pub const fn is_above(self) -> bool {
        self.measured.is_above
    }

    /// What was measured, to eight decimals, rounded down.
    pub fn observed(self) -> Rate {
        let Measured { part, whole, .. } = self.measured;
        if part == 0 { Rate::ZERO } else { ratio(part, whole) }
    }
}

/// How often `part` has `whole` in it; few want the quotient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Measured {
    part: u128,
    whole: u128,
    is_above: bool,
}

impl Watch {
    /// Nothing is remembered yet.
    pub fn new(over: Over) -> Self {
        let counted = match over.kind() {
            SignalKind::Velocity => Counted::Slices(i64::MIN, [0; SLICES]),
            SignalKind::GamingSystems => Counted::Systems(Vec::new()),
            SignalKind::StakeJump | SignalKind::WinRatio | SignalKind::MinimumPlay => {
                Counted::Sums(Sums::default())
            }
        };
        Self { is_above: false, counted }
    }

    /// Looks at one more wager; nothing where it says nothing, or too few came before.
    pub fn look(&mut self, over: Over, seen: &Seen) -> Option<Looked> {
        let measured = self.counted.measure(over, seen)?;
        let has_crossed = measured.is_above && !self.is_above;
        self.is_above = measured.is_above;
        Some(Looked { measured, has_crossed })
    }
}

impl Counted {
    /// Takes in a wager, and measures; nothing where the wager says nothing, or too few came before.
    fn measure(&mut self, over: Over, seen: &Seen) -> Option<Measured> {
        match (self, over) {
            (Self::Slices(last, counts), Over::Velocity { wagers, within }) => {
                let count = count_in(last, counts, within.slice(seen.at))?;
                Some(compare_count(count, wagers))
            }
            (Self::Systems(systems), Over::GamingSystems { count, within }) => {
                let at_once = seen_at(systems, seen.system?, seen.at, within)?;
                Some(compare_count(u64::from(at_once), count))
            }
            (Self::Sums(sums), Over::StakeJump { times, after }) => {
                let Money { stake, .. } = seen.money?;
                let (before, is_judged) = (*sums, sums.count >= after);
                sums.add(0, stake, after);
                let stakes = stake * u128::from(before.count);
                is_judged.then(|| compare(stakes, before.stakes, times))
            }
            (Self::Sums(sums), Over::WinRatio { ratio, after }) => {
                let money = seen.money?;
                let (before, stake, win) = (*sums, money.stake, money.win()?);
                let (wins, stakes) = (before.part + win, before.stakes + stake);
                sums.add(win, stake, after);
                (before.count + 1 >= after).then(|| compare(wins, stakes, ratio))
            }
            (Self::Sums(sums), Over::MinimumPlay { share, of }) => {
                let money = seen.money.filter(|money| money.min() > 0)?;
                let low = money.stake * JUST_ABOVE.1 < money.min() * JUST_ABOVE.0;
                let low = u128::from(low);
                let before = *sums;
                let (lows, all) = (before.part + low, u128::from(before.count + 1));
                sums.add(low, 0, of);
                (before.count + 1 >= of).then(|| compare(lows, all, share))
            }
            (Self::Slices(..) | Self::Systems(_) | Self::Sums(_), _) => {
                unreachable!("what is counted is of the signal's kind")
            }
        }
    }
}

/// Whether `part` is more than `line` times `whole`, exactly.
fn compare(part: u128, whole: u128, line: Rate) -> Measured {
    let is_above = part * u128::from(Rate::ONE.units()) > whole * u128::from(line.units());
    Measured { part, whole, is_above }
}

fn compare_count(count: u64, line: u32) -> Measured {
    Measured { part: u128::from(count), whole: 1, is_above: count > u64::from(line) }
}

/// Counts a wager in its slice, and says how many there are in those that are counted; nothing for one that is before
/// all of them.
fn count_in(last: &mut i64, counts: &mut [u32; SLICES], slice: i64) -> Option<u64> {
    if slice > *last {
        let by = usize::try_from(slice.abs_diff(*last)).unwrap_or(SLICES).min(SLICES);
        counts.rotate_right(by.rem_euclid(SLICES));
        counts[..by].fill(0);
        *last = slice;
    }
    let count = counts.get_mut(usize::try_from(last.abs_diff(slice)).ok()?)?;
    *count = count.saturating_add(1);
    Some(counts.iter().copied().map(u64::from).sum())
}

/// Notes that the player was seen at a system, and says at how many within the time before the last; nothing where that
/// is longer ago.
fn seen_at(
    systems: &mut Vec<(u32, Timestamp)>,
    system: u32,
    at: Timestamp,
    within: Within,
) -> Option<u32> {
    let last = systems.iter().map(|(_, at)| *at).max().map_or(at, |last| last.max(at));
    let begins = last.plus_micros(-within.micros());
    if at <= begins {
        return None;
    }
    systems.retain(|(_, at)| *at > begins);
    match systems.iter_mut().find(|(known, _)| *known == system) {
        Some((_, seen)) => *seen = at.max(*seen),
        None => systems.push((system, at)),
    }
    if systems.len() > SYSTEMS_KEPT {
        let oldest = systems.iter().enumerate().min_by_key(|(_, (_, at))| *at);
        let (oldest, _) = oldest.expect("there are more than are kept");
        systems.remove(oldest);
    }
    u32::try_from(systems.len()).ok()
}
