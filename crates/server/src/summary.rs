//! What an operator's players earn, spend and still have: by day, week or month, and now. Made of the rows that the
//! fold counts in, so that no report goes through entries.

mod scored;
pub(crate) mod totals;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Bound;
use std::time::Duration;

use accolade_domain::civil::{Period, Weekday};
use accolade_domain::ledger::EntryKind;
use accolade_domain::redemption::RedemptionState;
use accolade_domain::tier::TierState;
use accolade_domain::time::{Day, Timestamp, ZoneOffsets};
use accolade_domain::tournament::prizes::PrizeState;
use accolade_engine::partition::Partition;
use accolade_engine::rules::tournaments::Tournament;
use accolade_engine::rules::{Operator, Version};
use accolade_engine::settle::sum_of;
use accolade_engine::tables::operator_days::{DayCounts, OperatorDay, OperatorDays};
use accolade_engine::tables::operator_totals::{Accounts, Totals};
use accolade_engine::tables::{Stretch, Table};
use accolade_storage::backing::NodeStore;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_varint};
use axum::http::StatusCode;
use axum::response::Response;
use metrics::gauge;
use serde::Serialize;
use tokio::sync::{Semaphore, SemaphorePermit};
use utoipa::ToSchema;

pub(crate) use self::scored::Looked;
use self::scored::{Scored, UnderWay};
use crate::call::Call;
use crate::parameters::Parameters;
use crate::problem::{Problem, Refusal};
use crate::service::{Service, now};
use crate::shapes::{Exact, day_text, raw, respond};
use crate::submit::blocking;
use crate::tournaments::{state_of, states};

/// Days that one summary covers at most.
const DAYS_MAX: i32 = 3_700;
/// Without `from`, it begins so many days before its end.
const DAYS: i32 = 30;
/// Accounts that are looked at while the fold waits, and for how long it then has its turn.
const LOOKED_AT_ONCE: u32 = 512;
const REST: Duration = Duration::from_micros(50);
/// Summaries that a node makes at a time: each looks at all accounts.
const AT_ONCE: usize = 2;

/// How long a line of a summary is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Day,
    Week,
    Month,
}

/// The words for [`By`].
pub(crate) const BY: [&str; 3] = ["day", "week", "month"];

impl By {
    /// The first day of the line that `day` is on. Weeks begin on Mondays.
    fn first(self, day: Day) -> Day {
        match self {
            Self::Day => day,
            Self::Week => Day(day.0 - (Weekday::of(day) as i32 + 6).rem_euclid(7)),
            Self::Month => Period::Month.first_day(day),
        }
    }
}

/// Points of many accounts together, in hundredths.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sum(i128);

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, digits) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        write!(f, "{sign}{}.{:02}", digits / 100, digits % 100)
    }
}

/// A part of a whole, with four decimals, rounded down.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Share {
    part: i128,
    whole: i128,
}

impl Share {
    fn of(part: i128, whole: i128) -> Option<Self> {
        (whole > 0).then_some(Self { part, whole })
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DECIMALS: u128 = 10_000;
        let (part, whole) = (self.part.max(0).unsigned_abs(), self.whole.unsigned_abs());
        let rest = part % whole * DECIMALS / whole;
        write!(f, "{}.{rest:04}", part / whole)
    }
}

type ExactSum = Exact<Sum>;
type ExactShare = Exact<Share>;

/// What an operator's players earned, spent and still have.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Summary)]
pub(crate) struct SummaryShape<'a> {
    operator_id: &'a str,
    /// `day`, `week` or `month`.
    by: &'static str,
    now: NowShape<'a>,
    /// Oldest first, from the first day on on which anything was counted.
    items: Vec<LineShape>,
}

/// What there is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SummaryNow)]
struct NowShape<'a> {
    #[serde(flatten)]
    accounts: AccountsShape,
    /// Points that are reserved; they are part of the liability.
    reserved: ExactSum,
    /// Points that were earned and cannot be spent yet; they are, too.
    pending: ExactSum,
    /// Points that are held until a person decides about a signal; they are, too.
    held: ExactSum,
    /// The sum of all balances for each player, rounded towards zero; nothing without players.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    average_balance: Option<ExactSum>,
    /// How many players are at which level: those of the program in force from the lowest on, then others that players were
    /// brought to before, then none.
    tiers: Vec<TierShape<'a>>,
    /// Tournaments that are announced and not paid yet, by their state; those that are `final` wait for approval, or are
    /// being paid.
    tournaments: BTreeMap<&'static str, u64>,
    /// Those of them that have begun, the oldest first; the newest 100.
    under_way: Vec<UnderWayShape>,
}

/// Players at a level.
#[derive(Serialize, ToSchema)]
#[schema(as = SummaryTier)]
struct TierShape<'a> {
    /// The level's name; nothing for players without a tier.
    #[schema(required)]
    tier: Option<&'a str>,
    players: u64,
}

impl<'a> TierShape<'a> {
    /// By names, since the same level may have had another number.
    fn all(counted: &Counted, operator: &'a Operator) -> Vec<Self> {
        let tiers_of = |version: Option<&'a Version>| version?.program.program.tiers.as_ref();
        let levels = tiers_of(operator.versions.at(now())).map_or(&[][..], |it| it.levels.all());
        let mut all: Vec<_> =
            levels.iter().map(|it| Self { tier: Some(&it.name), players: 0 }).collect();
        let mut without = 0;
        for (at, players) in &counted.levels {
            let tiers = tiers_of(operator.versions.get(at.version));
            let Some((level, tiers)) = at.level.zip(tiers) else {
                without += players;
                continue;
            };
            let name = &*tiers.levels.get(level).name;
            match all.iter_mut().find(|it| it.tier == Some(name)) {
                Some(known) => known.players += players,
                None => all.push(Self { tier: Some(name), players: *players }),
            }
        }
        if without > 0 {
            all.push(Self { tier: None, players: without });
        }
        all
    }
}

/// A tournament that has begun and is not paid yet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SummaryTournament)]
struct UnderWayShape {
    tournament_id: String,
    name: String,
    #[schema(schema_with = states)]
    state: &'static str,
    /// Players who have a position.
    players: u64,
    /// The sum of their scores for each of them, rounded towards zero; nothing without players.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    average_score: Option<ExactSum>,
}

impl UnderWayShape {
    fn of(tournament: &Tournament, scored: &Scored) -> Self {
        let terms = tournament.terms();
        Self {
            tournament_id: terms.id.clone(),
            name: terms.name.clone(),
            state: state_of_begun(tournament, now()),
            players: scored.players,
            average_score: scored.average().map(|average| Exact(Sum(average))),
        }
    }
}

/// Accounts together.
#[derive(Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SummaryAccounts)]
struct AccountsShape {
    /// Players who have an account.
    players: u64,
    /// All points that are not spent yet: the sum of balances above 0.
    liability: ExactSum,
    /// What players owe: the sum of balances below 0, as a number above 0.
    debt: ExactSum,
}

/// What was counted on some days.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SummaryLine)]
struct LineShape {
    /// The first day.
    from: String,
    /// The last.
    to: String,
    /// Wagers that counted.
    wagers_counted: u64,
    /// Wagers that did not.
    wagers_refused: u64,
    /// Wagers that were taken back.
    wagers_voided: u64,
    /// Players who were seen for the first time.
    new_players: u64,
    /// Points of entries by kind, as ledgers have them: below 0 where they were taken.
    points: BTreeMap<&'static str, ExactSum>,
    /// Of those that were earned, those that could not be spent at once.
    pending: ExactSum,
    /// Redemptions by what has become of them.
    redemptions: BTreeMap<&'static str, u64>,
    /// Prizes of tournaments by what has become of them.
    prizes: BTreeMap<&'static str, u64>,
    /// Points that were redeemed for each that was earned; nothing where none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false)]
    redemption_rate: Option<ExactShare>,
    /// What there was at the end.
    closing: AccountsShape,
}

impl From<Accounts> for AccountsShape {
    fn from(accounts: Accounts) -> Self {
        let Accounts { players, liability, debt } = accounts;
        Self { players, liability: Exact(Sum(liability)), debt: Exact(Sum(debt)) }
    }
}

impl LineShape {
    fn of(days: (Day, Day), counts: &DayCounts, closing: Accounts) -> Self {
        let kinds = EntryKind::ALL.into_iter();
        let states = RedemptionState::ALL.into_iter();
        let redeemed = -counts.points_of(EntryKind::Redeemed);
        let earned = counts.points_of(EntryKind::Earned);
        Self {
            from: day_text(days.0),
            to: day_text(days.1),
            wagers_counted: counts.wagers_counted,
            wagers_refused: counts.wagers_refused,
            wagers_voided: counts.voids,
            new_players: counts.new_players,
            points: kinds.map(|kind| (kind.code(), Exact(Sum(counts.points_of(kind))))).collect(),
            pending: Exact(Sum(counts.pending)),
            redemptions: states
                .map(|state| (state.code(), counts.redemptions[state as usize]))
                .collect(),
            prizes: PRIZE_STATES
                .map(|state| (state.code(), counts.prizes[state as usize].into()))
                .into(),
            redemption_rate: Share::of(redeemed, earned).map(Exact),
            closing: closing.into(),
        }
    }
}

/// Those that a prize comes to: where nothing is won nothing is counted.
const PRIZE_STATES: [PrizeState; 6] = [
    PrizeState::AwaitingApproval,
    PrizeState::Processing,
    PrizeState::Paid,
    PrizeState::NotEligible,
    PrizeState::Retrying,
    PrizeState::Failed,
];

/// How far a tournament has come: one that is filled has begun.
fn state_of_begun(tournament: &Tournament, now: Timestamp) -> &'static str {
    match state_of(tournament.terms(), now) {
        "filling" => "live",
        state => state,
    }
}

/// Series of an operator, and its tournaments that are announced and not paid yet, by their state.
fn unpaid(operator: &Operator) -> BTreeMap<&'static str, u64> {
    let now = now();
    let mut states = BTreeMap::from(["scheduled", "live", "settling", "final"].map(|it| (it, 0)));
    states.insert("recurring", operator.tournaments.series().count() as u64);
    for tournament in operator.tournaments.unpaid() {
        *states.entry(state_of_begun(tournament, now)).or_default() += 1;
    }
    states
}

impl<'a> NowShape<'a> {
    fn of(counted: &Counted, operator: &'a Operator) -> Self {
        let Accounts { players, liability, debt } = counted.accounts;
        let average = (liability - debt).checked_div(players.into());
        Self {
            accounts: counted.accounts.into(),
            reserved: Exact(Sum(counted.reserved)),
            pending: Exact(Sum(counted.pending)),
            held: Exact(Sum(counted.held)),
            average_balance: average.map(|average| Exact(Sum(average))),
            tiers: TierShape::all(counted, operator),
            tournaments: unpaid(operator),
            under_way: counted.under_way(operator),
        }
    }
}

/// A level by the version that has last settled an account; none where it has no tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct AtLevel {
    version: u32,
    level: Option<u8>,
}

/// What partitions have counted of an operator.
#[derive(Debug, Default)]
struct Counted {
    accounts: Accounts,
    reserved: i128,
    pending: i128,
    held: i128,
    /// Players by the levels that they are at.
    levels: BTreeMap<AtLevel, u64>,
    days: BTreeMap<i32, DayCounts>,
    /// By the numbers of tournaments.
    scored: BTreeMap<u32, Scored>,
}

impl Counted {
    fn under_way(&self, operator: &Operator) -> Vec<UnderWayShape> {
        let under_way = UnderWay::of(std::iter::once(operator), now());
        let scored = |number| self.scored.get(&number).copied().unwrap_or_default();
        under_way.all().map(|it| UnderWayShape::of(it, &scored(it.number))).collect()
    }

    fn add(&mut self, other: &Self) {
        for (tournament, scored) in &other.scored {
            self.scored.entry(*tournament).or_default().add(scored);
        }
        self.accounts = self.accounts.plus(other.accounts);
        self.reserved += other.reserved;
        self.pending += other.pending;
        self.held += other.held;
        for (at, players) in &other.levels {
            *self.levels.entry(*at).or_default() += players;
        }
        for (day, counts) in &other.days {
            self.days.entry(*day).or_default().add(counts);
        }
    }

    /// `accounts · reserved, pending, held i128 · count, (version · level and 1, or 0 · players)* · count, (day · counts)* ·
    /// count, (tournament · players, hundredths i128)*`
    fn write(&self, out: &mut Vec<u8>) {
        self.accounts.put(out);
        for sum in [self.reserved, self.pending, self.held] {
            out.extend_from_slice(&sum.to_le_bytes());
        }
        put_varint(out, self.levels.len() as u64);
        for (AtLevel { version, level }, players) in &self.levels {
            put_varint(out, u64::from(*version));
            put_varint(out, level.map_or(0, |level| u64::from(level) + 1));
            put_varint(out, *players);
        }
        put_varint(out, self.days.len() as u64);
        for (day, counts) in &self.days {
            put_signed(out, i64::from(*day));
            OperatorDays::put_value(out, counts);
        }
        put_varint(out, self.scored.len() as u64);
        for (tournament, scored) in &self.scored {
            put_varint(out, u64::from(*tournament));
            scored.put(out);
        }
    }

    fn read(cursor: &mut Cursor<'_>) -> Result<Self, BadFormat> {
        let mut counted = Self { accounts: Accounts::read(cursor)?, ..Self::default() };
        for sum in [&mut counted.reserved, &mut counted.pending, &mut counted.held] {
            *sum = i128::from_le_bytes(cursor.array()?);
        }
        for _ in 0..cursor.varint()? {
            let version = cursor.small()?;
            let level: u16 = cursor.small()?;
            let level = level.checked_sub(1).map(u8::try_from).transpose();
            let level = level.map_err(|_| cursor.bad())?;
            counted.levels.insert(AtLevel { version, level }, cursor.varint()?);
        }
        for _ in 0..cursor.varint()? {
            let day = i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?;
            counted.days.insert(day, OperatorDays::read_value(cursor, 0)?);
        }
        for _ in 0..cursor.varint()? {
            counted.scored.insert(cursor.small()?, Scored::read(cursor)?);
        }
        Ok(counted)
    }
}

fn read(bytes: &[u8]) -> io::Result<Counted> {
    Counted::read(&mut Cursor::new(bytes, "answer of a summary")).map_err(io::Error::other)
}

impl Service {
    /// What partitions that are here have counted of an operator from a day on.
    fn counted(&self, partitions: &[u16], operator: u32, from: Day) -> Result<Counted, Problem> {
        let mut all = Counted::default();
        for number in partitions {
            let mut store = NodeStore::new(self.host.backing(*number)?);
            let first = OperatorDay { operator, day: from };
            let (accounts, excerpt) = self.read(*number, |partition| {
                let tables = partition.tables();
                let accounts = tables.operator_totals.get(&operator).map(|totals| totals.accounts);
                let count = usize::try_from(DAYS_MAX).expect("few days");
                (accounts, tables.operator_days.excerpt(Bound::Included(&first), count))
            })?;
            let Stretch { rows, .. } = excerpt.read(*number, &mut store)?;
            let own = rows.into_iter().take_while(|(key, _)| key.operator == operator);
            let Walked { reserved, pending, held, levels } = self.walked(*number, operator)?;
            all.add(&Counted {
                accounts: accounts.unwrap_or_default(),
                reserved,
                pending,
                held,
                levels,
                days: own.map(|(key, counts)| (key.day.0, counts)).collect(),
                scored: BTreeMap::new(),
            });
        }
        let rules = self.host.rules();
        let under_way =
            UnderWay::of(rules.operator_numbered(operator).into_iter().map(AsRef::as_ref), now());
        let scored = self.scored(partitions, &under_way)?.into_iter();
        all.scored = scored.map(|((_, tournament), scored)| (tournament, scored)).collect();
        Ok(all)
    }

    /// What is summed up of an operator's accounts in a partition.
    fn walked(&self, number: u16, operator: u32) -> Result<Walked, Problem> {
        let (mut sum, mut next) = (Walked::default(), 0);
        loop {
            let stretch = next..next + LOOKED_AT_ONCE;
            std::thread::sleep(REST);
            let is_last = self.read(number, |partition| {
                for player in stretch.clone().filter(|player| is_of(partition, *player, operator)) {
                    sum.add(partition, player);
                }
                partition.players().all().len() <= stretch.end as usize
            })?;
            if is_last {
                return Ok(sum);
            }
            next = stretch.end;
        }
    }
}

fn is_of(partition: &Partition, player: u32, operator: u32) -> bool {
    let player = partition.players().all().get(player as usize);
    player.is_some_and(|player| player.operator == operator)
}

/// Points that cannot be spent, and players by their levels.
#[derive(Debug, Default)]
struct Walked {
    reserved: i128,
    pending: i128,
    held: i128,
    levels: BTreeMap<AtLevel, u64>,
}

impl Walked {
    fn add(&mut self, partition: &Partition, player: u32) {
        let reserved = sum_of(partition.held(player).map(|(_, reservation)| reservation));
        let account = &partition.players().get(player).account;
        let level = account.timed.tier.map(TierState::level);
        let at = AtLevel { version: account.timed.settled_by, level };
        *self.levels.entry(at).or_default() += 1;
        let mut lots = account.lots.unpack();
        lots.mature(partition.time());
        let held = i128::from(lots.held_points().hundredths());
        self.reserved += i128::from(reserved.hundredths());
        self.pending += i128::from(lots.pending_points().hundredths()) - held;
        self.held += held;
    }
}

/// So many operators have metrics of their own at most.
const OPERATORS_MAX: usize = 1_000;

/// Sets the gauges of what operators' players have, in the partitions that are here. They are no counters: a partition
/// takes what it has counted along to another node.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(crate) fn set_gauges(service: &Service, partitions: &[u16]) {
    let rules = service.host.rules();
    let operators: Vec<&Operator> =
        rules.operators().take(OPERATORS_MAX).map(AsRef::as_ref).collect();
    scored::set_gauges(service, &operators, partitions);
    for operator in operators {
        let mut sum = Totals::default();
        for number in partitions {
            let read = |partition: &Partition| {
                partition.tables().operator_totals.get(&operator.number).cloned()
            };
            // One that has just gone counts at its new owner.
            if let Ok(Some(totals)) = service.read(*number, read) {
                sum.include(&totals);
            }
        }
        let Totals { accounts: Accounts { players, liability, debt }, counted } = sum;
        let id = || operator.id.to_string();
        let points = |sum: i128| sum as f64 / 100.0;
        gauge!("accolade_operator_players", "operator" => id()).set(players as f64);
        gauge!("accolade_points_liability", "operator" => id()).set(points(liability));
        gauge!("accolade_points_debt", "operator" => id()).set(points(debt));
        for kind in EntryKind::ALL {
            let code = kind.code();
            let of_kind = gauge!("accolade_points", "operator" => id(), "kind" => code);
            of_kind.set(points(counted.points_of(kind)));
        }
        let pending = gauge!("accolade_points", "operator" => id(), "kind" => "pending");
        pending.set(points(counted.pending));
        for state in RedemptionState::ALL {
            let (code, count) = (state.code(), counted.redemptions[state as usize]);
            let in_state = gauge!("accolade_redemptions", "operator" => id(), "state" => code);
            in_state.set(count as f64);
        }
        for state in PRIZE_STATES {
            let (code, count) = (state.code(), counted.prizes[state as usize]);
            gauge!("accolade_prizes", "operator" => id(), "state" => code).set(f64::from(count));
        }
        for (state, count) in unpaid(operator) {
            let in_state =
                gauge!("accolade_operator_tournaments", "operator" => id(), "state" => state);
            in_state.set(count as f64);
        }
    }
}

/// Room for summaries.
#[derive(Debug)]
pub(crate) struct Summaries(Semaphore);

impl Default for Summaries {
    fn default() -> Self {
        Self(Semaphore::new(AT_ONCE))
    }
}

impl Summaries {
    async fn take(&self, wait_ms: u64) -> Result<SemaphorePermit<'_>, Problem> {
        let patience = Duration::from_millis(wait_ms);
        let taken = tokio::time::timeout(patience, self.0.acquire()).await;
        let busy = || Problem::new(Refusal::Busy, "other summaries are being made: ask again");
        taken.ok().and_then(Result::ok).ok_or_else(busy)
    }
}

/// Which days are asked for, in which lines.
#[derive(Debug, Clone, Copy)]
struct Asked {
    from: Day,
    to: Day,
    by: By,
}

impl Asked {
    fn read(parameters: &Parameters, today: Day) -> Result<Self, Problem> {
        let choices = [By::Day, By::Week, By::Month];
        let words: Vec<_> = BY.into_iter().zip(choices).collect();
        let by = parameters.choice("by", By::Day, &words)?;
        let to = parameters.day("to")?.unwrap_or(today);
        let from = parameters.day("from")?.unwrap_or(Day(to.0 - DAYS + 1));
        let bad = |detail: String| Err(Problem::new(Refusal::BadQuery, detail));
        if from > to {
            return bad("`to`: expected a day that is not before `from`".to_owned());
        }
        if to.0 - from.0 >= DAYS_MAX {
            return bad(format!("`from`: expected at most {DAYS_MAX} days"));
        }
        Ok(Self { from, to, by })
    }

    /// Lines of what was counted up to now, oldest first.
    fn lines(self, counted: &Counted) -> Vec<LineShape> {
        let mut closing = counted.accounts;
        for (_, counts) in counted.days.range(self.to.0 + 1..) {
            closing = closing.before(counts);
        }
        let mut lines = Vec::new();
        let Some(first) = counted.days.keys().next().map(|day| Day(*day)) else { return lines };
        let mut last = self.to;
        while last >= self.from && last >= first {
            let begins = self.by.first(last).max(self.from);
            let mut sum = DayCounts::default();
            for (_, counts) in counted.days.range(begins.0..=last.0) {
                sum.add(counts);
            }
            lines.push(LineShape::of((begins, last), &sum, closing));
            closing = closing.before(&sum);
            last = Day(begins.0 - 1);
        }
        lines.reverse();
        lines
    }
}

/// An operator's summary.
pub(crate) async fn get(call: Call) -> Result<Response, Problem> {
    let known = call.operator();
    let Call { service, parameters, .. } = call;
    let operator = service.operator(&known)?;
    let moment = now();
    let in_force = operator.versions.at(moment);
    let utc = ZoneOffsets::default();
    let zone = in_force.map_or(&utc, |version| &version.program.program.zone);
    let asked = Asked::read(&parameters, zone.day(moment))?;
    let _room = service.summaries.take(service.settings.wait_ms).await?;
    let (number, from) = (known.number, asked.from);
    let path = format!("/cluster/v1/summary?operator={number}&from={}", day_text(from));
    let here =
        move |service: &Service, partitions: &[u16]| service.counted(partitions, number, from);
    let mut counted = Counted::default();
    for of_node in service.gather(0..service.partitions(), here, &path, read).await? {
        counted.add(&of_node);
    }
    let summary = SummaryShape {
        operator_id: &known.id,
        by: BY[asked.by as usize],
        now: NowShape::of(&counted, &operator),
        items: asked.lines(&counted),
    };
    Ok(respond(StatusCode::OK, &summary))
}

/// What partitions that are here have counted, for another node.
pub(crate) async fn counted(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let operator = parameters.small("operator")?;
    let from = parameters.day("from")?.unwrap_or_default();
    let counted = blocking(move || {
        service.with_all_here(&partitions, || service.counted(&partitions, operator, from))
    });
    let mut bytes = Vec::new();
    counted.await??.write(&mut bytes);
    Ok(raw(StatusCode::OK, "application/octet-stream", bytes))
}

#[cfg(test)]
mod tests {
    use accolade_domain::civil::Date;

    use super::*;

    fn day(year: i32, month: u8, day: u8) -> Day {
        Date::new(year, month, day).unwrap().to_day()
    }

    #[test]
    fn weeks_begin_on_mondays_and_months_on_their_first_day() {
        let sunday = day(2026, 11, 29);
        assert_eq!(By::Week.first(sunday), day(2026, 11, 23));
        assert_eq!(By::Week.first(day(2026, 11, 23)), day(2026, 11, 23));
        assert_eq!(By::Month.first(sunday), day(2026, 11, 1));
        assert_eq!(By::Day.first(sunday), sunday);
    }

    #[test]
    fn lines_close_with_what_there_was_at_their_end() {
        let earned =
            |points| DayCounts { liability: points, new_players: 1, ..DayCounts::default() };
        let days = [(day(2026, 10, 30), 100), (day(2026, 11, 2), 50), (day(2026, 11, 29), -30)];
        let days = days.map(|(day, points)| (day.0, earned(points)));
        let accounts = Accounts { players: 5, liability: 1_000, debt: 0 };
        let counted = Counted { accounts, days: days.into(), ..Counted::default() };
        let lines = |from, to, by| {
            let lines = Asked { from, to, by }.lines(&counted).into_iter();
            let words = |line: LineShape| {
                let LineShape { from, to, new_players, closing, .. } = line;
                format!("{from} {to} {new_players} {}", closing.liability.0)
            };
            lines.map(words).collect::<Vec<_>>()
        };
        assert_eq!(
            lines(day(2026, 10, 1), day(2026, 11, 28), By::Month),
            ["2026-10-01 2026-10-31 1 9.80", "2026-11-01 2026-11-28 1 10.30"]
        );
        assert_eq!(
            lines(day(2026, 10, 31), day(2026, 11, 3), By::Week),
            ["2026-10-31 2026-11-01 0 9.80", "2026-11-02 2026-11-03 1 10.30"]
        );
        assert_eq!(
            lines(day(2026, 11, 29), day(2026, 11, 29), By::Day),
            ["2026-11-29 2026-11-29 1 10.00"]
        );
        assert!(lines(day(2026, 10, 1), day(2026, 10, 29), By::Day).is_empty());
    }

    #[test]
    fn sums_and_shares_are_written_exactly() {
        let written = |sum| Sum(sum).to_string();
        assert_eq!([written(0), written(-5), written(123_456)], ["0.00", "-0.05", "1234.56"]);
        let share = |part, whole| Share::of(part, whole).map(|share| share.to_string());
        assert_eq!(share(1, 3).as_deref(), Some("0.3333"));
        assert_eq!(share(i128::MAX >> 20, 1).as_deref().map(str::len), Some(38));
        assert_eq!((share(7, 2).as_deref(), share(1, 0)), (Some("3.5000"), None));
    }
}
