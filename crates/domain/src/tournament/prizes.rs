//! What is won in a tournament, by place.
//!
//! Each player who has a position takes one place: the places are 1, 2, 3 … in the order of the leaderboard, also where
//! players share a position. A place has the first prize of the list that is for it, and no other. Players who share a
//! position share the points of their places, to the hundredth: the odd hundredths go one each by the order of the
//! leaderboard, which is by who reached the score first. What is no points cannot be shared: each thing goes to the player
//! who is listed at its place.

use std::collections::BTreeMap;
use std::fmt;

use crate::amount::{Amount, Points};

/// Most prizes of a tournament.
pub const PRIZES_MAX: usize = 100;
/// Most places that can win anything, however many players there are.
pub const PLACES_MAX: u32 = 1_000_000;
/// A hundredth of a percent is one of so many.
pub const SHARES: u16 = 10_000;

/// What there is to win: the first of the list that is for a place is its prize.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prizes(Box<[Prize]>);

/// What some places win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prize {
    /// Which places.
    pub places: Places,
    /// What.
    pub win: Win,
}

/// Some places of a leaderboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Places {
    /// From one to another, both included, counted from 1.
    Range {
        /// The first.
        from: u32,
        /// The last.
        to: u32,
    },
    /// So many hundredths of a percent of all players who have a position, counted from the first and rounded up, so
    /// that there is at least one.
    Top(u16),
}

/// What is won.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Win {
    /// So many points, each of the places.
    Points(Points),
    /// So many points, all of the places together: as far as there are players for them they share it, to the
    /// hundredth, the odd hundredths one each from the first of them on.
    Pool(Points),
    /// A thing that is no points, each of the places. What it is decides nothing here.
    Thing(Option<Worth>),
}

/// What a thing is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worth {
    /// How much.
    pub amount: Amount,
    /// Of which currency, by code.
    pub currency: Box<str>,
}

/// What a player has won.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Won<P> {
    /// Who.
    pub player: P,
    /// The position.
    pub position: u64,
    /// The place, which no other player has.
    pub place: u32,
    /// How many points, if any.
    pub points: Points,
    /// Which of the prizes, from 0, is a thing that goes to this player.
    pub thing: Option<usize>,
}

/// What has become of what a player has won.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum PrizeState {
    /// Nothing is won at the place, or nothing of the tournament is paid.
    Nothing,
    /// A person has yet to approve of the results.
    AwaitingApproval,
    /// Somebody else has been told to hand it out.
    Processing,
    /// The player has it.
    Paid,
    /// The player must not have it.
    NotEligible,
    /// It could not be handed out, and is tried again.
    Retrying,
    /// It could not be handed out.
    Failed,
}

impl PrizeState {
    /// Every state, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Nothing,
        Self::AwaitingApproval,
        Self::Processing,
        Self::Paid,
        Self::NotEligible,
        Self::Retrying,
        Self::Failed,
    ];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Processing => "processing",
            Self::Paid => "paid",
            Self::NotEligible => "not_eligible",
            Self::Retrying => "retrying",
            Self::Failed => "failed",
        }
    }

    /// Whether whoever fulfils, or decides, may make another of it.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::AwaitingApproval => matches!(next, Self::NotEligible),
            Self::Processing | Self::Retrying => matches!(next, Self::Paid | Self::Failed),
            Self::Failed => matches!(next, Self::Retrying),
            Self::Nothing | Self::Paid | Self::NotEligible => false,
        }
    }
}

/// Some of the prizes of a tournament, by their numbers from 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Things(u128);

const _: () = assert!(PRIZES_MAX <= u128::BITS as usize, "each prize has a bit");

impl Things {
    /// None of them.
    pub const NONE: Self = Self(0);

    /// Those whose bits are set.
    pub const fn of_bits(bits: u128) -> Self {
        Self(bits)
    }

    /// One bit for each, the first for the prize of number 0.
    pub const fn bits(self) -> u128 {
        self.0
    }

    fn bit(thing: u8) -> u128 {
        1_u128.checked_shl(thing.into()).unwrap_or_default()
    }

    /// Whether a prize is one of them.
    pub fn has(self, thing: u8) -> bool {
        self.0 & Self::bit(thing) != 0
    }

    /// These and a prize.
    #[must_use]
    pub fn with(self, thing: u8) -> Self {
        Self(self.0 | Self::bit(thing))
    }

    /// These without a prize.
    #[must_use]
    pub fn without(self, thing: u8) -> Self {
        Self(self.0 & !Self::bit(thing))
    }
}

/// What prizes cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cost {
    /// All points.
    pub points: Points,
    /// How many things.
    pub things: u64,
    /// What they are worth, as far as that is said, by currency.
    pub worth: BTreeMap<Box<str>, Amount>,
}

/// Why a list is none of prizes, and which of it (from 0) is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrizesProblem {
    /// Which.
    pub index: usize,
    /// Why.
    pub why: Wrong,
}

/// What is wrong with a prize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// There are more than [`PRIZES_MAX`] of them.
    TooMany,
    /// The range has no places, or places beyond [`PLACES_MAX`].
    NoRange,
    /// The range has places that the range of another prize has.
    Overlap(usize),
    /// The percentage is 0, or more than 100.
    NoPercentage,
    /// The percentage is no greater than that of another prize before it, which takes all of its places.
    Unreachable(usize),
    /// No points are won, or fewer than none.
    NoPoints,
    /// What the thing is worth is no amount of a currency.
    Worthless,
    /// All together could cost more than [`Points::MAX`], or more than [`Amount::MAX`] of one currency.
    TooMuch,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => write!(f, "expected at most {PRIZES_MAX} prizes"),
            Self::NoRange => write!(f, "expected places from 1 to {PLACES_MAX}, the first first"),
            Self::Overlap(other) => {
                write!(f, "expected places that prize {} does not have", other + 1)
            }
            Self::NoPercentage => f.write_str("expected a percentage above 0 and up to 100"),
            Self::Unreachable(other) => {
                write!(
                    f,
                    "expected a percentage above that of prize {}, which comes first",
                    other + 1
                )
            }
            Self::NoPoints => f.write_str("expected points above 0"),
            Self::Worthless => f.write_str(
                "expected an amount above 0 of a currency; without a value, leave it out",
            ),
            Self::TooMuch => write!(
                f,
                "expected prizes that cost at most {} points and {} of a currency together",
                Points::MAX,
                Amount::MAX
            ),
        }
    }
}

/// Places that follow one another and have the same prize.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    first: u32,
    last: u32,
    prize: usize,
    /// How many places before have the prize.
    before: u32,
}

impl Stretch {
    const fn count(&self) -> u32 {
        self.last - self.first + 1
    }
}

impl Prizes {
    /// Takes prizes in the order in which they are looked at.
    pub fn new(prizes: Vec<Prize>) -> Result<Self, PrizesProblem> {
        let wrong = |index, why| Err(PrizesProblem { index, why });
        if prizes.len() > PRIZES_MAX {
            return wrong(PRIZES_MAX, Wrong::TooMany);
        }
        let mut sum = Sum::default();
        for (index, prize) in prizes.iter().enumerate() {
            let checked = prize.check(&prizes[..index]);
            if let Err(why) = checked.and_then(|()| sum.add(prize, prize.places_max())) {
                return wrong(index, why);
            }
        }
        Ok(Self(prizes.into()))
    }

    /// All, in the order in which they are looked at.
    pub fn all(&self) -> &[Prize] {
        &self.0
    }

    /// How many places can win anything at most, where so many players have a position.
    ///
    /// Whoever gathers the lines of a leaderboard for [`Self::won`] needs so many, and where positions are shared all
    /// other players with the position of the last of them.
    pub fn place_count(&self, ranked: u64) -> u32 {
        self.stretches(ranked).last().map_or(0, |stretch| stretch.last)
    }

    /// What they cost where so many players have a position: what all of them [win](Self::won) together.
    pub fn cost(&self, ranked: u64) -> Cost {
        let mut sum = Sum::default();
        for Stretch { first, last, prize, before } in self.stretches(ranked) {
            let prize = &self.0[prize];
            let is_counted = matches!(prize.win, Win::Pool(_)) && before > 0;
            let count = if is_counted { 0 } else { last - first + 1 };
            sum.add(prize, count).expect("less than what all places cost was checked");
        }
        sum.0
    }

    /// How many places have each of the prizes where so many players have a position.
    pub fn places_won(&self, ranked: u64) -> Vec<u32> {
        self.places_by_prize(&self.stretches(ranked))
    }

    fn places_by_prize(&self, stretches: &[Stretch]) -> Vec<u32> {
        let mut counts = vec![0; self.0.len()];
        for stretch in stretches {
            counts[stretch.prize] += stretch.count();
        }
        counts
    }

    /// What each of the players has won that has won anything, by the order of the leaderboard.
    ///
    /// `lines` are positions and players in that order, from the first; `ranked` says how many players have a position.
    pub fn won<P>(&self, ranked: u64, lines: impl IntoIterator<Item = (u64, P)>) -> Vec<Won<P>> {
        let mut places = PlacesWon::new(self, ranked);
        let (mut won, mut group) = (Vec::new(), Vec::new());
        let mut shared = None;
        for (position, player) in lines {
            if shared != Some(position) {
                places.share(&mut group, &mut won);
                if places.is_over() {
                    break;
                }
                shared = Some(position);
            }
            group.push((position, player));
        }
        places.share(&mut group, &mut won);
        won
    }

    /// Which places have which prize, by place.
    fn stretches(&self, ranked: u64) -> Vec<Stretch> {
        let mut free = vec![(1, u32::try_from(ranked).map_or(PLACES_MAX, |it| it.min(PLACES_MAX)))];
        let mut stretches = Vec::new();
        for (index, prize) in self.0.iter().enumerate() {
            let (first, last) = prize.places.among(ranked);
            let (mut before, mut still_free) = (0, Vec::new());
            for (from, to) in free {
                let stretch =
                    Stretch { first: first.max(from), last: last.min(to), prize: index, before };
                if stretch.first > stretch.last {
                    still_free.push((from, to));
                    continue;
                }
                before += stretch.count();
                let rest = [(from, stretch.first - 1), (stretch.last + 1, to)];
                still_free.extend(rest.into_iter().filter(|(from, to)| from <= to));
                stretches.push(stretch);
            }
            free = still_free;
        }
        stretches.sort_unstable_by_key(|stretch| stretch.first);
        stretches
    }
}

impl Prize {
    fn check(&self, before: &[Self]) -> Result<(), Wrong> {
        match self.places {
            Places::Range { from, to } if from == 0 || to < from || to > PLACES_MAX => {
                return Err(Wrong::NoRange);
            }
            Places::Top(share) if share == 0 || share > SHARES => return Err(Wrong::NoPercentage),
            Places::Range { .. } | Places::Top(_) => {}
        }
        for (index, other) in before.iter().enumerate() {
            match (self.places, other.places) {
                (Places::Range { from, to }, Places::Range { from: first, to: last })
                    if from <= last && first <= to =>
                {
                    return Err(Wrong::Overlap(index));
                }
                (Places::Top(share), Places::Top(taken)) if share <= taken => {
                    return Err(Wrong::Unreachable(index));
                }
                (Places::Range { .. } | Places::Top(_), _) => {}
            }
        }
        match &self.win {
            Win::Points(points) | Win::Pool(points) if *points <= Points::ZERO => {
                Err(Wrong::NoPoints)
            }
            Win::Thing(Some(worth)) if worth.amount == Amount::ZERO => Err(Wrong::Worthless),
            Win::Points(_) | Win::Pool(_) | Win::Thing(_) => Ok(()),
        }
    }

    const fn places_max(&self) -> u32 {
        match self.places {
            Places::Range { from, to } => to - from + 1,
            Places::Top(_) => PLACES_MAX,
        }
    }
}

impl Places {
    /// The first and the last where so many players have a position; the first is the greater where there is none.
    fn among(self, ranked: u64) -> (u32, u32) {
        match self {
            Self::Range { from, to } => (from, to),
            Self::Top(share) => {
                let places = u128::from(ranked) * u128::from(share);
                let places = places.div_ceil(u128::from(SHARES));
                (1, u32::try_from(places).map_or(PLACES_MAX, |places| places.min(PLACES_MAX)))
            }
        }
    }
}

/// What prizes cost so far.
#[derive(Default)]
struct Sum(Cost);

impl Sum {
    /// Adds a prize of so many places.
    fn add(&mut self, prize: &Prize, places: u32) -> Result<(), Wrong> {
        let Cost { points, things, worth } = &mut self.0;
        match &prize.win {
            Win::Points(each) => {
                let all = each.hundredths().checked_mul(places.into());
                let all = all.and_then(Points::from_hundredths).ok_or(Wrong::TooMuch)?;
                *points = points.plus(all).ok_or(Wrong::TooMuch)?;
            }
            Win::Pool(pool) if places > 0 => *points = points.plus(*pool).ok_or(Wrong::TooMuch)?,
            Win::Pool(_) => {}
            Win::Thing(of_worth) => {
                *things += u64::from(places);
                let Some(Worth { amount, currency }) = of_worth else { return Ok(()) };
                let so_far = worth.get(currency).map_or(0, |amount| amount.atto());
                let all = amount.atto().checked_mul(places.into());
                let all = all.and_then(|all| Amount::from_atto(so_far.checked_add(all)?));
                worth.insert(currency.clone(), all.ok_or(Wrong::TooMuch)?);
            }
        }
        Ok(())
    }
}

/// Goes from place to place, and says what each has won.
struct PlacesWon<'p> {
    prizes: &'p Prizes,
    /// Those that are not passed, the first last.
    stretches: Vec<Stretch>,
    /// How many places each prize has.
    counts: Vec<u32>,
    /// The place that comes next.
    place: u32,
}

impl<'p> PlacesWon<'p> {
    fn new(prizes: &'p Prizes, ranked: u64) -> Self {
        let mut stretches = prizes.stretches(ranked);
        stretches.reverse();
        let counts = prizes.places_by_prize(&stretches);
        Self { prizes, stretches, counts, place: 1 }
    }

    /// Whether no place from here on wins anything.
    fn is_over(&self) -> bool {
        self.stretches.is_empty()
    }

    /// What the next place wins, which is then passed.
    fn next(&mut self) -> (Points, Option<usize>) {
        let place = self.place;
        self.place = self.place.saturating_add(1);
        let here = self.stretches.last().copied().filter(|stretch| stretch.first <= place);
        let Some(Stretch { first, last, prize, before }) = here else {
            return (Points::ZERO, None);
        };
        if place == last {
            self.stretches.pop();
        }
        match self.prizes.0[prize].win {
            Win::Points(each) => (each, None),
            Win::Pool(pool) => (share_of(pool, self.counts[prize], before + (place - first)), None),
            Win::Thing(_) => (Points::ZERO, Some(prize)),
        }
    }

    /// Gives the players who share a position what the next places win.
    fn share<P>(&mut self, group: &mut Vec<(u64, P)>, won: &mut Vec<Won<P>>) {
        let first = self.place;
        let places: Vec<_> = group.iter().map(|_| self.next()).collect();
        let all = places.iter().try_fold(Points::ZERO, |sum, (points, _)| sum.plus(*points));
        let all = all.expect("all places together cost no more than was checked");
        let count = u32::try_from(places.len()).unwrap_or(u32::MAX);
        for (((position, player), (_, thing)), index) in group.drain(..).zip(places).zip(0..) {
            let points = share_of(all, count, index);
            if points > Points::ZERO || thing.is_some() {
                won.push(Won {
                    player,
                    position,
                    place: first.saturating_add(index),
                    points,
                    thing,
                });
            }
        }
    }
}

/// The share of one of several; the odd hundredths go one each from the first on.
fn share_of(points: Points, count: u32, index: u32) -> Points {
    let (hundredths, count) = (points.hundredths(), i64::from(count));
    let odd = hundredths.rem_euclid(count) > i64::from(index);
    let share = hundredths.div_euclid(count) + i64::from(odd);
    Points::from_hundredths(share).expect("a part of points is points")
}
