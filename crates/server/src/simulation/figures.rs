//! What a simulation counts, for what was and for what would have been.

use std::collections::BTreeMap;
use std::fmt;
use std::num::ParseIntError;
use std::ops::AddAssign;

use accolade_domain::event::Wager;
use accolade_domain::outcome::Outcome;
use accolade_engine::rules::Operator;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::shapes::{Exact, PartsShape};

/// Names of one kind that are told apart; wagers of others are summed without one.
const NAMES_MAX: usize = 1_000;
/// Players who gain most, and who lose most.
const PLAYERS_MAX: usize = 20;

/// Points in hundredths; sums of many accounts go beyond those of one. As text from node to node: numbers of JSON are not
/// so wide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Sum(i128);

impl From<Sum> for String {
    fn from(Sum(hundredths): Sum) -> Self {
        hundredths.to_string()
    }
}

impl TryFrom<String> for Sum {
    type Error = ParseIntError;

    fn try_from(hundredths: String) -> Result<Self, ParseIntError> {
        hundredths.parse().map(Self)
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, points) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}.{:02}", points / 100, points % 100)
    }
}

/// What was, and what would have been.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pair<T> {
    pub(super) was: T,
    pub(super) would: T,
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Was,
    Would,
}

impl<T> Pair<T> {
    const fn of(&mut self, which: Which) -> &mut T {
        match which {
            Which::Was => &mut self.was,
            Which::Would => &mut self.would,
        }
    }
}

impl<T: AddAssign> AddAssign for Pair<T> {
    fn add_assign(&mut self, other: Self) {
        self.was += other.was;
        self.would += other.would;
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counted {
    wagers: u64,
    points: Sum,
}

impl AddAssign for Counted {
    fn add_assign(&mut self, other: Self) {
        self.wagers += other.wagers;
        self.points += other.points;
    }
}

/// What an operator's wagers of a period gave.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    /// Wagers and voids.
    pub(super) records: u64,
    /// Those that were really decided otherwise than what is left of the log says.
    pub(super) differing: u64,
    all: Pair<Counted>,
    refused: Pair<u64>,
    voided: Pair<Sum>,
    by: [BTreeMap<String, Pair<Counted>>; 4],
    tiers: BTreeMap<String, Pair<u64>>,
    /// Of a partition that is not ended.
    #[serde(skip)]
    players: BTreeMap<String, Pair<Sum>>,
    gained: Vec<(String, Pair<Sum>)>,
    lost: Vec<(String, Pair<Sum>)>,
}

impl Figures {
    /// Adds what has become of a wager.
    pub(super) fn wager(
        &mut self,
        which: Which,
        wager: &Wager<'_>,
        outcome: &Outcome,
        operator: &Operator,
    ) {
        match outcome {
            Outcome::Counted { version, points, parts, .. } => {
                let points = i128::from(points.hundredths());
                let version = operator.versions.get(*version);
                let parts = version.map(|version| PartsShape::of(parts, &version.program.program));
                let tier = parts.and_then(|parts| parts.tier).map(|tier| tier.name);
                let names = [
                    &*wager.game_category,
                    wager.segment.as_deref().unwrap_or_default(),
                    &wager.jurisdiction,
                    tier.as_deref().unwrap_or_default(),
                ];
                add(self.all.of(which), points);
                for (by, name) in self.by.iter_mut().zip(names) {
                    add(named(by, name).of(which), points);
                }
                self.player(which, &wager.player_id, points);
            }
            Outcome::Refused { .. } => *self.refused.of(which) += 1,
            _ => {}
        }
    }

    /// Adds what has become of a void.
    pub(super) fn void(&mut self, which: Which, player: &str, outcome: &Outcome) {
        if let Outcome::Voided { points, .. } = outcome {
            let points = i128::from(points.hundredths());
            self.voided.of(which).0 += points;
            self.player(which, player, points);
        }
    }

    fn player(&mut self, which: Which, player: &str, points: i128) {
        if points != 0 {
            self.players.entry(player.to_owned()).or_default().of(which).0 += points;
        }
    }

    /// Adds a player who stands at a tier in the end.
    pub(super) fn tier(&mut self, which: Which, name: &str) {
        *self.tiers.entry(name.to_owned()).or_default().of(which) += 1;
    }

    /// Keeps of a partition's players those who gain and lose most.
    pub(super) fn end_partition(&mut self) {
        for (player, pair) in std::mem::take(&mut self.players) {
            match pair.would.cmp(&pair.was) {
                std::cmp::Ordering::Greater => self.gained.push((player, pair)),
                std::cmp::Ordering::Less => self.lost.push((player, pair)),
                std::cmp::Ordering::Equal => {}
            }
        }
        self.keep_most();
    }

    fn keep_most(&mut self) {
        for most in [&mut self.gained, &mut self.lost] {
            most.sort_by_key(|(_, pair)| std::cmp::Reverse((pair.would.0 - pair.was.0).abs()));
            most.truncate(PLAYERS_MAX);
        }
    }

    /// Adds those of another partition, which has ended.
    pub(super) fn add(&mut self, other: Self) {
        let Self { records, differing, all, refused, voided, by, tiers, gained, lost, .. } = other;
        self.records += records;
        self.differing += differing;
        self.all += all;
        self.refused += refused;
        self.voided += voided;
        for (by, others) in self.by.iter_mut().zip(by) {
            for (name, pair) in others {
                *named(by, &name) += pair;
            }
        }
        for (name, pair) in tiers {
            *self.tiers.entry(name).or_default() += pair;
        }
        self.gained.extend(gained);
        self.lost.extend(lost);
        self.keep_most();
    }
}

fn add(counted: &mut Counted, points: i128) {
    counted.wagers += 1;
    counted.points.0 += points;
}

fn named<'m>(by: &'m mut BTreeMap<String, Pair<Counted>>, name: &str) -> &'m mut Pair<Counted> {
    let name = if by.len() < NAMES_MAX || by.contains_key(name) { name } else { "" };
    by.entry(name.to_owned()).or_default()
}

/// How many wagers counted, and what they earned.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = SimulatedCount)]
pub(crate) struct CountedShape {
    wagers: u64,
    #[schema(value_type = f64)]
    points: Exact<Sum>,
}

impl From<Counted> for CountedShape {
    fn from(Counted { wagers, points }: Counted) -> Self {
        Self { wagers, points: Exact(points) }
    }
}

/// What wagers of one category, segment, jurisdiction or tier earned.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SimulatedGroup)]
pub(crate) struct GroupShape {
    /// Empty for those without one, and for those beyond the first thousand.
    name: String,
    was: CountedShape,
    would: CountedShape,
}

/// How many players stand at a tier in the end.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = SimulatedTier)]
pub(crate) struct TierCountShape {
    name: String,
    was: u64,
    would: u64,
}

/// What a player earned, less what voids took.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SimulatedPlayer)]
pub(crate) struct PlayerShape {
    player_id: String,
    #[schema(value_type = f64)]
    was: Exact<Sum>,
    #[schema(value_type = f64)]
    would: Exact<Sum>,
}

/// What one side gave in all.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = SimulatedTotal)]
pub(crate) struct TotalShape {
    counted: CountedShape,
    refused: u64,
    /// What voids took; zero or less.
    #[schema(value_type = f64)]
    voided: Exact<Sum>,
}

/// What a simulation has found.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SimulationResult)]
pub(crate) struct ResultShape {
    /// Wagers and voids of the period.
    records: u64,
    /// Of these, how many were really decided otherwise than `was` has it, since what was before the log's first record
    /// is not there: where this is 0, the answer is exact.
    differing: u64,
    was: TotalShape,
    would: TotalShape,
    by_category: Vec<GroupShape>,
    by_segment: Vec<GroupShape>,
    by_jurisdiction: Vec<GroupShape>,
    /// By the tier that a player had when the wager came.
    by_tier: Vec<GroupShape>,
    /// Players by tier at the end of the period, of those whom the log tells of.
    tiers: Vec<TierCountShape>,
    /// The twenty players who gain most; none for a credential that may not see players.
    pub(super) gained: Vec<PlayerShape>,
    /// The same, who lose most.
    pub(super) lost: Vec<PlayerShape>,
}

impl ResultShape {
    pub(super) fn of(figures: Figures) -> Self {
        let Figures { records, differing, all, refused, voided, by, tiers, gained, lost, .. } =
            figures;
        let total = |counted: Counted, refused, voided| TotalShape {
            counted: counted.into(),
            refused,
            voided: Exact(voided),
        };
        let groups = |by: BTreeMap<String, Pair<Counted>>| -> Vec<GroupShape> {
            let group = |(name, Pair { was, would }): (_, Pair<Counted>)| GroupShape {
                name,
                was: was.into(),
                would: would.into(),
            };
            by.into_iter().map(group).collect()
        };
        let players = |most: Vec<(String, Pair<Sum>)>| -> Vec<PlayerShape> {
            let player = |(player_id, Pair { was, would })| PlayerShape {
                player_id,
                was: Exact(was),
                would: Exact(would),
            };
            most.into_iter().map(player).collect()
        };
        let [by_category, by_segment, by_jurisdiction, by_tier] = by.map(groups);
        let count = |(name, Pair { was, would })| TierCountShape { name, was, would };
        Self {
            records,
            differing,
            was: total(all.was, refused.was, voided.was),
            would: total(all.would, refused.would, voided.would),
            by_category,
            by_segment,
            by_jurisdiction,
            by_tier,
            tiers: tiers.into_iter().map(count).collect(),
            gained: players(gained),
            lost: players(lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_have_two_decimals_and_their_sign() {
        for (hundredths, text) in
            [(0, "0.00"), (-5, "-0.05"), (123_456, "1234.56"), (-100, "-1.00")]
        {
            assert_eq!(Sum(hundredths).to_string(), text);
        }
    }

    /// Of a partition in which thirty players gain or lose.
    fn partition(number: i128) -> Figures {
        let mut figures = Figures { records: 60, differing: 1, ..Figures::default() };
        for player in 0..30_i128 {
            let name = format!("p-{number}-{player}");
            figures.player(Which::Was, &name, 1_000);
            figures.player(Which::Would, &name, 1_000 + (player - 15) * 10 + number);
        }
        figures.tier(Which::Would, "gold");
        figures.end_partition();
        figures
    }

    #[test]
    fn those_who_gain_and_lose_most_are_kept_over_partitions() {
        let mut figures = Figures::default();
        (0..3).for_each(|number| figures.add(partition(number)));
        let shape = ResultShape::of(figures);
        assert_eq!((shape.gained.len(), shape.lost.len()), (PLAYERS_MAX, PLAYERS_MAX));
        assert_eq!((&*shape.gained[0].player_id, &*shape.lost[0].player_id), ("p-2-29", "p-0-0"));
        assert_eq!((shape.records, shape.differing, shape.tiers[0].would), (180, 3, 3));
    }

    #[test]
    fn figures_arrive_at_another_node_as_they_were() {
        let mut figures = partition(1);
        // No number of JSON is so wide.
        figures.voided.would.0 = -i128::from(u64::MAX) * 1_000;
        add(named(&mut figures.by[0], "slots \" \n").of(Which::Was), 7);
        let text = serde_json::to_string(&figures).unwrap();
        assert_eq!(serde_json::from_str::<Figures>(&text).unwrap(), figures);
        assert!(serde_json::from_str::<Figures>(&text.replace("\"7\"", "\"7.5\"")).is_err());
    }

    #[test]
    fn names_beyond_the_first_thousand_are_one_without_a_name() {
        let mut by = BTreeMap::new();
        for number in 0..2 * NAMES_MAX {
            add(named(&mut by, &format!("c{number}")).of(Which::Was), 1);
        }
        assert_eq!(by.len(), NAMES_MAX + 1);
        assert_eq!(by[""].was.wagers, NAMES_MAX as u64);
        // Those of another partition as well.
        let mut figures = Figures::default();
        figures.by[0] = by;
        let mut others = Figures::default();
        for name in ["c7", "another", ""] {
            add(named(&mut others.by[0], name).of(Which::Was), 1);
        }
        figures.add(others);
        assert_eq!((figures.by[0].len(), figures.by[0]["c7"].was.wagers), (NAMES_MAX + 1, 2));
        assert_eq!(figures.by[0][""].was.wagers, NAMES_MAX as u64 + 2);
    }
}
