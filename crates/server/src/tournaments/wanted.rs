//! What somebody says of a tournament, read and checked field by field.

use accolade_domain::query::decimal::Decimal;
use accolade_domain::query::scoring::{Aggregate, Query, SCORE_DECIMALS, Scoring};
use accolade_domain::ranking::Score;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_domain::tournament::VALUE_MAX;
use accolade_engine::rules::tournaments::series::SERIES_ID_BYTES_MAX;
use accolade_engine::rules::tournaments::{
    GRACE_SECONDS_MAX, ID_BYTES_MAX, LASTS_MICROS_MAX, NAME_BYTES_MAX, PARTICIPANTS_MAX,
    PUBLIC_POSITIONS_MAX, TEXT_BYTES_MAX,
};
use accolade_wire::json::Value;
use accolade_wire::query::{compile_query, print_query};
use accolade_wire::tournament::form::Form;
use accolade_wire::tournament::prizes::PrizeTerms;
use accolade_wire::tournament::recurrence::RecurrenceTerms;
use accolade_wire::tournament::templates::templates;
use accolade_wire::tournament::{Cadence, Mode, TiesBy, TournamentTerms};
use utoipa::ToSchema;

use super::form::{FormShape, query_of, read_form};
use super::prizes::{PrizeShape, read_prizes};
use super::series::{RecursShape, check, read_recurs};
use super::templates::score;
use super::{cadences, modes, ties};
use crate::fields::{Field, Said, fields_of, malformed, plain_text};
use crate::problem::Problem;
use crate::shapes::Time;
use crate::zone;

/// After the end events from before it still count for so long, unless it is said otherwise.
const GRACE_SECONDS: u32 = 30;
/// So many positions are public, unless it is said otherwise.
const PUBLIC_POSITIONS: u32 = 100;
/// Longest statement in bytes.
const QUERY_BYTES_MAX: usize = 64 << 10;
/// Most events that a player may need to be ranked.
const EVENTS_MIN_MAX: i64 = 1_000_000;

/// What is said of a tournament: a new one has a name, a query or a form, and a window or when it recurs; and of one that is
/// there, what is not named stays as it is.
#[derive(Debug, Clone, Default, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TournamentChange, example = json!({
    "id": "weekend-slots", "name": "Weekend slots race",
    "query": "SELECT playerId, SUM(wagerAmount) AS score FROM wagers WHERE gameCategory = 'slots' GROUP BY playerId",
    "starts": "2030-11-15T00:00:00Z", "ends": "2030-11-18T00:00:00Z"
}))]
pub(crate) struct Wanted {
    /// Of a new one; made here where it is not said.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub(super) id: Option<String>,
    /// Of a new one: the template that fills in what is not said.
    #[serde(default)]
    #[schema(max_length = 64)]
    template: Option<String>,
    /// `shadow`: computed beside another system's tournament, shown to staff alone, and paid by nobody; `live` without. Stays
    /// once the tournament is scheduled, and of a series is for the occurrences that are yet to be made.
    #[serde(default)]
    #[schema(schema_with = modes)]
    mode: Option<Mode>,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 128)]
    name: Option<String>,
    #[serde(default)]
    #[schema(max_length = 2048)]
    description: Option<String>,
    /// Which events count, as a statement of SQL; what ksqlDB has around it may stay.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 65536)]
    query: Option<String>,
    /// How they count, where the statement does not say so, such as `SUM(wagerAmount)`.
    #[serde(default)]
    #[schema(max_length = 4096)]
    score: Option<String>,
    /// Which events count, and how, in place of a query.
    #[serde(default)]
    #[schema(value_type = Option<FormShape>)]
    form: Option<Form>,
    /// The first moment of which events count.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    starts: Option<Timestamp>,
    /// The first moment of which they do not any more.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    ends: Option<Timestamp>,
    /// When it takes place again and again, in place of `starts` and `ends`.
    #[serde(default)]
    #[schema(value_type = Option<RecursShape>)]
    recurs: Option<RecurrenceTerms>,
    /// The zone of days and hours in the query, and of the calendar by which it recurs; `UTC` without.
    #[serde(default)]
    #[schema(max_length = 128)]
    timezone: Option<String>,
    /// For so long after the end events from before it still count; 30 without.
    #[serde(default)]
    #[schema(maximum = 86_400)]
    grace_seconds: Option<u32>,
    /// The most that one event counts; as much as it does for `null`.
    #[serde(default)]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    cap: Said<Score>,
    /// The most that a player's events of one hour count together, as clocks of the zone show it; of sums alone.
    #[serde(default)]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    cap_per_hour: Said<Score>,
    /// The most that a player's events of one day of the zone count together; of sums alone.
    #[serde(default)]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 1_000_000_000_000_000_i64)]
    cap_per_day: Said<Score>,
    /// Who is ahead where scores are equal: `first` without.
    #[serde(default)]
    #[schema(schema_with = ties)]
    ties: Option<TiesBy>,
    /// With fewer events a player has no position.
    #[serde(default)]
    #[schema(maximum = 1_000_000)]
    events_min: Option<u32>,
    /// So many positions are shown to players, beside their own; 100 without.
    #[serde(default)]
    #[schema(maximum = 1_000_000)]
    public_positions: Option<u32>,
    /// Players see each other's names masked.
    #[serde(default)]
    masked: Option<bool>,
    /// How often those who watch the leaderboard are told what has changed: `realTime` without.
    #[serde(default)]
    #[schema(schema_with = cadences)]
    cadence: Option<Cadence>,
    /// What there is to win; of several that are for a place it is the first. Nothing of it changes from five minutes before
    /// the tournament's start.
    #[serde(default)]
    #[schema(value_type = Option<Vec<PrizeShape>>, max_items = 100)]
    prizes: Option<Vec<PrizeTerms>>,
    /// A person has to approve of the results before anything is paid; without, it is paid at once.
    #[serde(default)]
    approval: Option<bool>,
    /// Whoever asks sees the public positions without a credential, with all names masked.
    #[serde(default)]
    public: Option<bool>,
    /// Only events of players count who have opted in before. Stays once the tournament is scheduled.
    #[serde(default)]
    opt_in: Option<bool>,
    /// So many players can take part, of those who opt in; as many as want to for `null`. No fewer once it is scheduled.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    participants_max: Said<u32>,
    /// Why it is changed.
    #[serde(default)]
    #[schema(max_length = 1024)]
    why: Option<String>,
}

/// That a tournament shall begin when it is time, and why.
#[derive(Debug, Clone, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TournamentScheduling, example = json!({ "why": "the plan of November" }))]
pub(crate) struct Scheduling {
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) why: Option<String>,
}

impl Scheduling {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let [why] = fields_of(body, &["why"])?;
        Ok(Self { why: if why.is_said() { Some(why.why()?) } else { None } })
    }
}

/// When a tournament shall end, and why.
#[derive(Debug, Clone, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TournamentEnding, example = json!({ "why": "the game is being repaired" }))]
pub(crate) struct Ending {
    /// In five seconds without.
    #[schema(value_type = Option<Time>)]
    pub(super) at: Option<Timestamp>,
    #[schema(min_length = 1, max_length = 1024)]
    pub(super) why: String,
}

impl Ending {
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let [at, why] = fields_of(body, &["at", "why"])?;
        Ok(Self { at: at.time()?, why: why.why()? })
    }
}

/// A number of events' worth, exactly.
fn cap(field: &Field<'_>) -> Result<Score, Problem> {
    let wrong = || field.expected("a number above 0, with at most 18 decimals, up to 10^15");
    let text = match field.value() {
        Some(Value::Number(text)) => *text,
        Some(_) | None => return Err(wrong()),
    };
    let units = Decimal::parse(text).and_then(|cap| cap.units(SCORE_DECIMALS));
    let cap = units.map(Score).filter(|cap| Score(0) < *cap && *cap <= VALUE_MAX);
    cap.ok_or_else(wrong)
}

/// Only sums have parts that a cap of hours or days could cut.
fn periods_are_summed(terms: &TournamentTerms) -> Result<(), Problem> {
    let caps = [("/capPerHour", terms.cap_per_hour), ("/capPerDay", terms.cap_per_day)];
    let Some((pointer, _)) = caps.into_iter().find(|(_, cap)| cap.is_some()) else { return Ok(()) };
    let scoring = compile_query(&terms.query).ok().and_then(|query| query.scoring);
    let is_summed =
        scoring.is_some_and(|it| matches!(it.aggregate, Aggregate::Sum | Aggregate::Count));
    let detail = "it goes with a query that sums or counts: `SUM(…)` or `COUNT(*)`";
    if is_summed { Ok(()) } else { Err(malformed(pointer, detail)) }
}

/// A number of seats.
fn participants(field: &Field<'_>) -> Result<u32, Problem> {
    let number = field.whole(1..=i64::from(PARTICIPANTS_MAX))?;
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| field.expected(&format!("a whole number from 1 to {PARTICIPANTS_MAX}")))
}

/// The statement with how its events count, written out in full.
fn whole_query(query: &str, score: Option<&str>) -> Result<String, Problem> {
    let mut compiled =
        compile_query(query).map_err(|problem| malformed("/query", problem.to_string()))?;
    match (&compiled.scoring, score) {
        (Some(_), Some(_)) => {
            let detail = "the query says already how events count";
            return Err(malformed("/score", detail));
        }
        (None, None) => {
            let detail = "the query says which events count, and not how much: say `score`, such as `SUM(wagerAmount)`";
            return Err(malformed("/score", detail));
        }
        (None, Some(score)) => compiled.scoring = Some(scoring(&compiled, score)?),
        (Some(_), None) => {}
    }
    Ok(print_query(&compiled))
}

/// How events of a query's source count.
fn scoring(query: &Query, score: &str) -> Result<Scoring, Problem> {
    let [source, _] = query.source.names();
    let statement = format!("SELECT playerId, {score} FROM {source} GROUP BY playerId");
    let compiled = compile_query(&statement).map_err(|problem| {
        let detail = format!("in `{statement}`: {problem}");
        malformed("/score", detail)
    })?;
    let is_only_that = compiled.source == query.source && compiled.condition.is_none();
    let scoring = compiled.scoring.filter(|_| is_only_that);
    scoring.ok_or_else(|| malformed("/score", "expected an aggregate such as `SUM(wagerAmount)`"))
}

/// The offsets of a zone in a window.
fn offsets(name: &str, starts: i64, ends: i64) -> Option<Vec<(i64, i32)>> {
    let [starts, ends] = [starts, ends].map(Timestamp::from_micros);
    let within = zone::offsets(name)?.within(starts, ends).0.into_iter();
    Some(within.map(|(from, offset)| (from.micros(), offset)).collect())
}

/// Sets when a tournament takes place.
fn when(
    terms: &mut TournamentTerms,
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    recurs: Option<RecurrenceTerms>,
) -> Result<(), Problem> {
    let unknown = || malformed("/timezone", "expected a time zone such as `Europe/Malta`");
    if terms.recurs.is_some() {
        let fields = [("/starts", starts.is_some()), ("/ends", ends.is_some())];
        if let Some((pointer, _)) = fields.into_iter().find(|(_, is_said)| *is_said) {
            return Err(malformed(pointer, "a tournament that recurs has no window of its own"));
        }
        terms.recurs = recurs.or_else(|| terms.recurs.take());
        zone::offsets(&terms.timezone).ok_or_else(unknown)?;
        return check(terms);
    }
    if recurs.is_some() {
        let detail = "a tournament that takes place once never recurs: make another that does";
        return Err(malformed("/recurs", detail));
    }
    terms.starts = starts.map_or(terms.starts, Timestamp::micros);
    terms.ends = ends.map_or(terms.ends, Timestamp::micros);
    if terms.starts >= terms.ends {
        return Err(malformed("/ends", "expected a time after `starts`"));
    }
    if terms.ends.saturating_sub(terms.starts) > LASTS_MICROS_MAX {
        let days = LASTS_MICROS_MAX / DAY_MICROS;
        return Err(malformed("/ends", format!("expected at most {days} days after `starts`")));
    }
    terms.zone = offsets(&terms.timezone, terms.starts, terms.ends).ok_or_else(unknown)?;
    Ok(())
}

/// Refuses a series where one window is meant.
pub(crate) fn takes_place_once(recurs: Option<&RecurrenceTerms>) -> Result<(), Problem> {
    let detail = "expected a tournament that takes place once: a series is tried as one of its occurrences, without `recurs`";
    if recurs.is_none() { Ok(()) } else { Err(malformed("/recurs", detail)) }
}

/// A tournament in another window.
pub(crate) fn over(
    mut terms: TournamentTerms,
    from: Timestamp,
    to: Timestamp,
) -> Result<TournamentTerms, Problem> {
    (terms.starts, terms.ends) = (from.micros(), to.micros());
    terms.zone = offsets(&terms.timezone, terms.starts, terms.ends)
        .ok_or_else(|| malformed("/timezone", "expected a time zone such as `Europe/Malta`"))?;
    Ok(terms)
}

impl Wanted {
    /// The same in some window, where none matters.
    pub(crate) fn in_any_window(mut self) -> Result<Self, Problem> {
        takes_place_once(self.recurs.as_ref())?;
        self.starts = Some(Timestamp::from_micros(0));
        self.ends = Some(Timestamp::from_micros(1));
        Ok(self)
    }

    /// Reads what is said.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Problem> {
        let [id, template, mode, name, description, query, score, form, rest @ ..] = fields_of(
            body,
            &[
                "id",
                "template",
                "mode",
                "name",
                "description",
                "query",
                "score",
                "form",
                "starts",
                "ends",
                "recurs",
                "timezone",
                "graceSeconds",
                "cap",
                "capPerHour",
                "capPerDay",
                "ties",
                "eventsMin",
                "publicPositions",
                "masked",
                "cadence",
                "prizes",
                "approval",
                "public",
                "optIn",
                "participantsMax",
                "why",
            ],
        )?;
        let [starts, ends, recurs, timezone, rest @ ..] = rest;
        let [grace_seconds, cap, cap_per_hour, cap_per_day, ties, rest @ ..] = rest;
        let [events_min, public_positions, masked, cadence, rest @ ..] = rest;
        let [prizes, approval, public, opt_in, participants_max, why] = rest;
        let number = |field: &Field<'_>, most: i64| {
            let number = field.whole(0..=most)?;
            Ok::<_, Problem>(
                number.map(|number| u32::try_from(number).expect("it is in the range")),
            )
        };
        let of_ties = || ties.expected(&format!("one of `{}`", TiesBy::NAMES.join("`, `")));
        let named = |name: String| TiesBy::named(&name).ok_or_else(of_ties);
        let of_cadences = || cadence.expected(&format!("one of `{}`", Cadence::NAMES.join("`, `")));
        let of_modes = || mode.expected(&format!("one of `{}`", Mode::NAMES.join("`, `")));
        let computed = |name: String| Mode::named(&name).ok_or_else(of_modes);
        let paced = |name: String| Cadence::named(&name).ok_or_else(of_cadences);
        Ok(Self {
            id: id.text()?,
            template: template.text()?,
            mode: mode.text()?.map(computed).transpose()?,
            name: name.text()?,
            description: description.text()?,
            query: query.text()?,
            score: score.text()?,
            form: if form.is_said() { Some(read_form(&form)?) } else { None },
            starts: starts.time()?,
            ends: ends.time()?,
            recurs: if recurs.is_said() { Some(read_recurs(&recurs)?) } else { None },
            timezone: timezone.text()?,
            grace_seconds: number(&grace_seconds, GRACE_SECONDS_MAX.into())?,
            cap: cap.said(self::cap)?,
            cap_per_hour: cap_per_hour.said(self::cap)?,
            cap_per_day: cap_per_day.said(self::cap)?,
            ties: ties.text()?.map(named).transpose()?,
            events_min: number(&events_min, EVENTS_MIN_MAX)?,
            public_positions: number(&public_positions, PUBLIC_POSITIONS_MAX.into())?,
            masked: masked.flag()?,
            cadence: cadence.text()?.map(paced).transpose()?,
            prizes: read_prizes(&prizes)?,
            approval: approval.flag()?,
            public: public.flag()?,
            opt_in: opt_in.flag()?,
            participants_max: participants_max.said(participants)?,
            why: if why.is_said() { Some(why.why()?) } else { None },
        })
    }

    /// The same with what its template fills in.
    pub(crate) fn filled(mut self) -> Result<Self, Problem> {
        let Some(id) = self.template.take() else { return Ok(self) };
        let template = templates().into_iter().find(|template| template.id == id);
        let template = template.ok_or_else(|| {
            let ids = templates().map(|template| template.id).join("`, `");
            malformed("/template", format!("expected one of `{ids}`"))
        })?;
        self.name.get_or_insert(template.name.to_owned());
        self.description.get_or_insert(template.sentence.to_owned());
        if self.query.is_none() {
            self.form.get_or_insert(template.form);
        }
        if self.starts.is_none() && self.ends.is_none() {
            self.recurs.get_or_insert(template.recurrence);
        }
        if matches!(self.cap, Said::Nothing) {
            self.cap = Said::Is(template.cap.map(|cap| score(cap.0.atto())));
        }
        self.ties.get_or_insert(template.ties);
        self.prizes.get_or_insert(template.prizes);
        Ok(self)
    }

    /// How long its id may be.
    pub(super) const fn id_bytes_max(&self) -> usize {
        if self.recurs.is_some() { SERIES_ID_BYTES_MAX } else { ID_BYTES_MAX }
    }

    /// Changes what is named.
    pub(super) fn change(self, terms: &mut TournamentTerms) -> Result<(), Problem> {
        if self.template.is_some() {
            return Err(malformed("/template", "only a new tournament is made of one"));
        }
        if let Some(mode) = self.mode.filter(|mode| *mode != terms.mode) {
            if terms.stage.takes_place() && terms.recurs.is_none() {
                let detail = format!(
                    "the tournament was scheduled as `{}`, and stays so: cancel it, and make another",
                    terms.mode.name()
                );
                return Err(malformed("/mode", detail));
            }
            terms.mode = mode;
        }
        if let Some(said) = self.name {
            terms.name = plain_text("/name", said, (1, NAME_BYTES_MAX))?;
        }
        if let Some(said) = self.description {
            terms.description = plain_text("/description", said, (0, TEXT_BYTES_MAX))?;
        }
        if let Some(form) = &self.form {
            let fields = [("/query", self.query.is_some()), ("/score", self.score.is_some())];
            if let Some((pointer, _)) = fields.into_iter().find(|(_, is_said)| *is_said) {
                return Err(malformed(pointer, "the `form` says which events count, and how"));
            }
            terms.query = print_query(&query_of(form)?);
        }
        match (&self.query, &self.score) {
            (Some(query), score) => {
                if query.len() > QUERY_BYTES_MAX {
                    let detail = format!("expected {QUERY_BYTES_MAX} bytes at most");
                    return Err(malformed("/query", detail));
                }
                terms.query = whole_query(query, score.as_deref())?;
            }
            (None, Some(_)) => return Err(malformed("/score", "it goes with a `query`")),
            (None, None) => {}
        }
        if let Some(said) = self.timezone {
            terms.timezone = plain_text("/timezone", said, (1, NAME_BYTES_MAX))?;
        }
        when(terms, self.starts, self.ends, self.recurs)?;
        for (said, cap) in [
            (self.cap, &mut terms.cap),
            (self.cap_per_hour, &mut terms.cap_per_hour),
            (self.cap_per_day, &mut terms.cap_per_day),
        ] {
            if let Said::Is(said) = said {
                *cap = said.map(|Score(units)| units);
            }
        }
        periods_are_summed(terms)?;
        terms.grace_seconds = self.grace_seconds.unwrap_or(terms.grace_seconds);
        terms.ties = self.ties.unwrap_or(terms.ties);
        terms.events_min = self.events_min.unwrap_or(terms.events_min);
        terms.public_positions = self.public_positions.unwrap_or(terms.public_positions);
        terms.masked = self.masked.unwrap_or(terms.masked);
        terms.cadence = self.cadence.unwrap_or(terms.cadence);
        if let Some(said) = self.prizes {
            terms.prizes = said;
        }
        terms.approval = self.approval.unwrap_or(terms.approval);
        terms.public = self.public.unwrap_or(terms.public);
        terms.opt_in = self.opt_in.unwrap_or(terms.opt_in);
        if let Said::Is(said) = self.participants_max {
            terms.participants_max = said;
        }
        if terms.opt_in && terms.is_shadow() {
            let detail = "players see nothing of a tournament whose `mode` is `shadow`, so none could opt in";
            return Err(malformed("/optIn", detail));
        }
        if terms.participants_max.is_some() && !terms.opt_in {
            let detail = "only a tournament to which players opt in (`optIn`) can be full";
            return Err(malformed("/participantsMax", detail));
        }
        terms.why = self.why.unwrap_or_default();
        Ok(())
    }

    /// A new tournament, which is a draft.
    pub(crate) fn terms(
        self,
        operator: &str,
        id: String,
        who: &str,
    ) -> Result<TournamentTerms, Problem> {
        let needed = [
            ("/name", self.name.is_none()),
            ("/query", self.query.is_none() && self.form.is_none()),
            ("/starts", self.starts.is_none() && self.recurs.is_none()),
            ("/ends", self.ends.is_none() && self.recurs.is_none()),
        ];
        if let Some((pointer, _)) = needed.into_iter().find(|(_, is_missing)| *is_missing) {
            return Err(malformed(pointer, "a new tournament needs it"));
        }
        let mut terms = TournamentTerms {
            grace_seconds: GRACE_SECONDS,
            recurs: self.recurs.clone(),
            public_positions: PUBLIC_POSITIONS,
            who: who.to_owned(),
            ..TournamentTerms::draft(operator, id)
        };
        self.change(&mut terms)?;
        Ok(terms)
    }
}
