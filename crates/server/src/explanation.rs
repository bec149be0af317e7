//! Why a wager gave what it gave, or that it is a dead letter: every stage, in order, as it was recorded then.

use accolade_domain::amount::Points;
use accolade_domain::budget::Given;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::Outcome;
use accolade_domain::program::Program;
use accolade_domain::ranking::Score;
use accolade_domain::time::Day;
use accolade_engine::rules::Operator;
use accolade_engine::tables::dead_letters::DeadLetterState;
use accolade_wire::identity::IdKind;
use accolade_wire::json::{self, Value};
use accolade_wire::notice::scores::ScoredLine;
use accolade_wire::timestamp;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call::Call;
use crate::dead_letters::id_of;
use crate::description::schemas::one_of;
use crate::lookup::{LetterShape, Occurrence, player_part};
use crate::problem::Problem;
use crate::shapes::{
    Exact, ExactPoints, OutcomeShape, PartsShape, PlaceShape, Time, day_text, respond,
};
use crate::trail::About;

/// Why a wager gave what it gave.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Explanation<'a> {
    wager_id: &'a str,
    /// Nothing once the log no longer has the event: what is kept for years does not name players.
    #[schema(required)]
    player_id: Option<String>,
    #[serde(flatten)]
    outcome: OutcomeShape,
    #[schema(required)]
    parts: Option<PartsShape>,
    caps: Vec<Cap>,
    /// Of promotions that hold and have a budget, in the order of the program.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    budgets: Vec<BudgetPart>,
    place: PlaceShape,
    recorded_at: Time,
    /// In which it counted, in the order of their making; a void takes that back.
    tournaments: Vec<CountedIn>,
    /// In order.
    stages: Vec<Stage>,
    /// Wagers of other players with the same id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    others: Vec<Other>,
    /// Dead letters of this id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    dead_letters: Vec<LetterShape>,
}

/// A tournament in which a wager counted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CountedIn {
    tournament_id: String,
    /// How much it counted by itself.
    #[schema(value_type = f64)]
    value: Exact<Score>,
    /// By how much the player's score was more after it.
    #[schema(value_type = f64)]
    score_delta: Exact<Score>,
    /// The score after it.
    #[schema(value_type = f64)]
    score: Exact<Score>,
}

impl CountedIn {
    /// The id is that of the operator's tournament with the line's number.
    fn of(line: &ScoredLine, operator: &Operator) -> Option<Self> {
        let ScoredLine { tournament, value, delta, score, .. } = *line;
        let tournament_id = operator.tournaments.numbered(tournament)?.terms().id.clone();
        Some(Self {
            tournament_id,
            value: Exact(value),
            score_delta: Exact(delta),
            score: Exact(score),
        })
    }
}

/// A cap that the wager counted against.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cap {
    per: &'static str,
    #[schema(format = Date)]
    day: String,
    cut: ExactPoints,
}

/// What a wager got of the budget of a promotion.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetPart {
    /// The promotion's name.
    promotion: Box<str>,
    /// By how much the wager has earned more with the promotion than without, after caps.
    given: ExactPoints,
    /// What the budget lacked of what the promotion would have given.
    cut: ExactPoints,
}

impl BudgetPart {
    /// Names are those of the version that decided.
    fn of(given: &Given, program: &Program) -> Self {
        let Given { promotion, points, cut } = *given;
        let promotion = program.promotions[usize::from(promotion)].name.clone();
        Self { promotion, given: Exact(points), cut: Exact(cut) }
    }

    fn in_words(&self) -> String {
        let Self { promotion, given: Exact(given), cut: Exact(cut) } = self;
        format!("the budget of promotion {promotion} gave {given} and lacked {cut}")
    }
}

/// A stage that a wager went through.
#[derive(Serialize, ToSchema)]
pub(crate) struct Stage {
    #[serde(rename = "stage")]
    #[schema(schema_with = stage_names)]
    name: &'static str,
    result: String,
    detail: String,
}

fn stage_names() -> utoipa::openapi::Schema {
    one_of([
        "received",
        "duplicate",
        "eligible",
        "multiplier",
        "budgets",
        "caps",
        "points",
        "balance",
        "voided",
        "dead_letter",
        "released",
        "discarded",
    ])
}

/// Another wager that has the same id.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OtherWager)]
pub(crate) struct Other {
    #[schema(required)]
    player_id: Option<String>,
    place: PlaceShape,
    #[serde(flatten)]
    outcome: OutcomeShape,
}

/// Explains a wager. Where several players' wagers have one id, `playerId` chooses.
pub(crate) async fn explanation(call: Call) -> Result<Response, Problem> {
    let (operator, id) = (call.operator(), call.name());
    let Call { service, parameters, .. } = call;
    let key = service.host.rules().settings.hash_key;
    let player = parameters.text("playerId").map(|player| player_part(&key, player));
    let found = service.occurrences(&operator.id, &[IdKind::Wager, IdKind::Void], &id).await?;
    let is_asked_for =
        |found: &Occurrence| player.is_none() || found.player.is_none() || found.player == player;
    let is_wager = |found: &Occurrence| found.kind == IdKind::Wager;
    // Where no wager has the id, dead letters come first.
    let chosen = found.iter().position(|found| is_wager(found) && is_asked_for(found));
    let chosen = chosen.ok_or_else(|| Problem::not_found("wager"))?;
    let wager = &found[chosen];
    let of_the_id = || found.iter().enumerate().filter(|(_, found)| found.letter.is_none());
    let mut void = of_the_id().map(|(_, found)| found);
    let void = void.find(|found| !is_wager(found) && found.player == wager.player);
    let others = of_the_id().filter(|(at, found)| *at != chosen && is_wager(found));
    let letters = found.iter().filter(|found| is_asked_for(found));
    let (parts, caps, budgets) = match &wager.outcome {
        Outcome::Counted { version, parts, capped, cap_day, given, .. } => {
            let decided = service.operator_with_version(&operator, *version).await?;
            let program =
                &decided.versions.get(*version).expect("it was waited for").program.program;
            let caps = cap_day.map(|day| cap(day, *capped));
            let budgets: Vec<_> = given.iter().map(|part| BudgetPart::of(part, program)).collect();
            (Some(PartsShape::of(parts, program)), caps, budgets)
        }
        _ => (None, None, Vec::new()),
    };
    let stages = stages(wager, parts.as_ref(), &budgets, void);
    let tournaments = if wager.scored.lines.is_empty() {
        Vec::new()
    } else {
        let operator = service.operator(&operator)?;
        wager.scored.lines.iter().filter_map(|line| CountedIn::of(line, &operator)).collect()
    };
    let explanation = Explanation {
        wager_id: &id,
        player_id: player_of(wager),
        outcome: OutcomeShape::of(&wager.outcome, wager.balance),
        parts,
        caps: caps.into_iter().collect(),
        budgets,
        place: wager.place.into(),
        recorded_at: Time(wager.recorded_at),
        tournaments,
        stages,
        others: others
            .map(|(_, other)| Other {
                player_id: player_of(other),
                place: other.place.into(),
                outcome: OutcomeShape::of(&other.outcome, other.balance),
            })
            .collect(),
        dead_letters: letters.filter_map(LetterShape::of).collect(),
    };
    let player = explanation.player_id.clone();
    Ok(About::put(player, respond(StatusCode::OK, &explanation)))
}

fn cap(day: Day, cut: Points) -> Cap {
    Cap { per: "day", day: day_text(day), cut: Exact(cut) }
}

fn player_of(wager: &Occurrence) -> Option<String> {
    let raw = wager.raw.as_ref()?;
    let [player] = json::fields(raw.body.get().as_bytes(), &["playerId"]).ok()?;
    match player {
        Some(Value::Text(player)) => Some(player.into_owned()),
        _ => None,
    }
}

fn place_text(place: Place) -> String {
    format!("partition {}, batch {}, slot {}", place.partition, place.batch, place.slot)
}

/// What happened to a wager, in order, up to a void that came after it.
fn stages(
    wager: &Occurrence,
    made_of: Option<&PartsShape>,
    budgets: &[BudgetPart],
    void: Option<&Occurrence>,
) -> Vec<Stage> {
    let mut stages = Vec::new();
    let mut add = |name, result: String, detail: String| {
        stages.push(Stage { name, result, detail });
    };
    let place = place_text(wager.place);
    let ordered = timestamp::write(wager.recorded_at);
    let received = match &wager.raw {
        Some(raw) => {
            let (at, by) = (timestamp::write(raw.received_at), raw.source.code());
            format!("taken in at {at} ({by}), ordered at {ordered}: {place}")
        }
        None => format!("ordered at {ordered}: {place}; the log no longer has the event itself"),
    };
    add("received", "yes".into(), received);
    if let (Some(state), Outcome::DeadLetter { reason, detail }) = (wager.letter, &wager.outcome) {
        let id = id_of(wager.place);
        add("dead_letter", reason.code().into(), format!("{detail}; it is kept as {id}"));
        match state {
            DeadLetterState::Open => {}
            DeadLetterState::Released => {
                add("released", "yes".into(), "sent to its player's partition, once".into());
            }
            DeadLetterState::Discarded => add("discarded", "yes".into(), "given up".into()),
        }
        return stages;
    }
    add("duplicate", "no".into(), "no event with this id had come before".into());
    match &wager.outcome {
        Outcome::Counted { version, points, capped, parts, cap_day, .. } => {
            add("eligible", "yes".into(), format!("by version v{version} of the program"));
            let multiplier = crate::shapes::multiplier(parts).0;
            let factors = made_of.map(PartsShape::factors).unwrap_or_default();
            add("multiplier", multiplier.to_string(), factors);
            if !budgets.is_empty() {
                let cut = budgets.iter().try_fold(Points::ZERO, |sum, part| sum.plus(part.cut.0));
                let details: Vec<_> = budgets.iter().map(BudgetPart::in_words).collect();
                add("budgets", cut.unwrap_or(Points::MAX).to_string(), details.join("; "));
            }
            let caps = match cap_day {
                Some(day) if *capped > Points::ZERO => {
                    format!("the cap of {} took {capped} points away", day_text(*day))
                }
                Some(day) => format!("counted against the cap of {}", day_text(*day)),
                None => "no cap applies".into(),
            };
            add("caps", capped.to_string(), caps);
            let bonus = match made_of.map(PartsShape::bonus) {
                Some(bonus) if !bonus.is_empty() => format!(" + {bonus}"),
                _ => String::new(),
            };
            add(
                "points",
                points.to_string(),
                format!("stake × multiplier{bonus}, rounded, then cut"),
            );
            let (result, detail) = match wager.balance {
                Some(balance) => (balance.to_string(), "the balance after it".into()),
                None => ("unchanged".into(), "0.00 points leave no entry in the ledger".into()),
            };
            add("balance", result, detail);
        }
        Outcome::Refused { refusal, version } => {
            let by = match version {
                0 => String::new(),
                version => format!(" (version v{version} of the program)"),
            };
            let detail = format!("{}: {}{by}", refusal.code(), refusal.sentence());
            add("eligible", "no".into(), detail);
        }
        other => add("eligible", "no".into(), OutcomeShape::of(other, None).outcome.into()),
    }
    if let Some(void) = void.filter(|void| is_taken_back(void, wager)) {
        let at = timestamp::write(void.recorded_at);
        let place = place_text(void.place);
        let points = match &void.outcome {
            Outcome::Voided { points, .. } => *points,
            _ => Points::ZERO,
        };
        add("voided", points.to_string(), format!("taken back at {at}: {place}"));
    }
    stages
}

/// Whether the void found this very wager; one that came before the wager did not.
fn is_taken_back(void: &Occurrence, wager: &Occurrence) -> bool {
    match &void.outcome {
        Outcome::Voided { wager: Some(place), .. } => Place { number: 0, ..*place } == wager.place,
        _ => false,
    }
}
