//! Shapes that several answers have in common. Numbers are written exactly, digit by digit.

use std::fmt::Display;

use accolade_domain::amount::{Multiplier, Points, Rate};
use accolade_domain::ledger::{Parts, Place};
use accolade_domain::outcome::Outcome;
use accolade_domain::program::Program;
use accolade_domain::promotion::Promotion;
use accolade_domain::time::{DAY_MICROS, Day, Timestamp};
use accolade_wire::timestamp;
use axum::body::Body;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use serde::ser::{Error, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::description::schemas::one_of;

/// A decimal as a JSON number with exactly its digits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Exact<T>(pub(crate) T);

pub(crate) type ExactPoints = Exact<Points>;
pub(crate) type ExactMultiplier = Exact<Multiplier>;
pub(crate) type ExactRate = Exact<Rate>;

impl<T: Display> Serialize for Exact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.0.to_string()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// A time as RFC 3339.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Time(pub(crate) Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&timestamp::write(self.0))
    }
}

/// Answers JSON.
pub(crate) fn respond(status: StatusCode, shape: &impl Serialize) -> Response {
    respond_with(status, "application/json", shape)
}

pub(crate) fn respond_with(
    status: StatusCode,
    content_type: &'static str,
    shape: &impl Serialize,
) -> Response {
    let bytes = serde_json::to_vec(shape).expect("a shape is plain data with text as keys");
    raw(status, content_type, bytes)
}

pub(crate) fn raw(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// A day as `2024-11-11`.
pub(crate) fn day_text(day: Day) -> String {
    let midnight = Timestamp::from_micros(i64::from(day.0) * DAY_MICROS);
    let text = timestamp::write(midnight).to_string();
    text.split('T').next().unwrap_or_default().to_owned()
}

/// A page of a list.
#[derive(Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next_cursor: Option<String>,
}

/// Where a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, ToSchema)]
#[schema(as = Place)]
pub(crate) struct PlaceShape {
    partition: u16,
    batch: u64,
    slot: u32,
    number: u32,
}

impl From<Place> for PlaceShape {
    fn from(place: Place) -> Self {
        let Place { partition, batch, slot, number } = place;
        Self { partition, batch, slot, number }
    }
}

/// What a multiplier is made of.
#[derive(Debug, Clone, serde::Serialize, ToSchema)]
#[schema(as = Parts)]
pub(crate) struct PartsShape {
    /// The game's or the category's multiplier.
    base: ExactRate,
    /// The player's tier when the wager came.
    #[schema(required)]
    pub(crate) tier: Option<TierShape>,
    /// Those that counted, in the order of the program.
    promotions: Vec<PromotionShape>,
    /// From the stake's currency to the program's.
    rate: ExactRate,
}

/// The multiplier of a tier.
#[derive(Debug, Clone, serde::Serialize, ToSchema)]
#[schema(as = TierPart)]
pub(crate) struct TierShape {
    pub(crate) name: Box<str>,
    pub(crate) multiplier: ExactRate,
}

/// What a promotion gave.
#[derive(Debug, Clone, serde::Serialize, ToSchema)]
#[schema(as = PromotionPart)]
pub(crate) struct PromotionShape {
    pub(crate) name: Box<str>,
    pub(crate) multiply: ExactRate,
    /// Points on top, which are not multiplied.
    pub(crate) bonus: ExactPoints,
}

impl PartsShape {
    /// Names are those of the version that decided.
    pub(crate) fn of(parts: &Parts, program: &Program) -> Self {
        let counted = |number: &usize| parts.promoted.counted & 1 << number != 0;
        let numbers = (0..program.promotions.len()).filter(counted);
        let promotions = numbers.map(|number| {
            let Promotion { name, multiply, bonus, .. } = &program.promotions[number];
            PromotionShape { name: name.clone(), multiply: Exact(*multiply), bonus: Exact(*bonus) }
        });
        let tier = parts.tier.zip(program.tiers.as_ref()).map(|(part, tiers)| TierShape {
            name: tiers.levels.get(part.level).name.clone(),
            multiplier: Exact(part.multiplier),
        });
        Self {
            base: Exact(parts.base),
            tier,
            promotions: promotions.collect(),
            rate: Exact(parts.rate),
        }
    }

    /// What is multiplied, in words.
    pub(crate) fn factors(&self) -> String {
        let mut factors = vec![format!("base {} × rate {}", self.base.0, self.rate.0)];
        if let Some(TierShape { name, multiplier }) = &self.tier {
            factors.push(format!("tier {name} {}", multiplier.0));
        }
        let multiplying =
            self.promotions.iter().filter(|promotion| promotion.multiply.0 != Rate::ONE);
        for PromotionShape { name, multiply, .. } in multiplying {
            factors.push(format!("promotion {name} {}", multiply.0));
        }
        factors.join(" × ")
    }

    /// What is added, in words; empty where nothing is.
    pub(crate) fn bonus(&self) -> String {
        let adding = self.promotions.iter().filter(|promotion| promotion.bonus.0 != Points::ZERO);
        let added =
            adding.map(|promotion| format!("promotion {} {}", promotion.name, promotion.bonus.0));
        added.collect::<Vec<_>>().join(" + ")
    }
}

pub(crate) fn multiplier(parts: &Parts) -> Exact<Multiplier> {
    Exact(parts.multiplier().expect("the fold has multiplied by it"))
}

/// What became of a record.
#[derive(Debug, Clone, Default, serde::Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Outcome)]
pub(crate) struct OutcomeShape {
    #[schema(schema_with = outcomes)]
    pub(crate) outcome: &'static str,
    /// The first rule that said no, or why it is a dead letter.
    #[schema(required)]
    pub(crate) reason: Option<&'static str>,
    #[schema(required)]
    pub(crate) points: Option<ExactPoints>,
    #[schema(required)]
    pub(crate) points_balance: Option<ExactPoints>,
    #[schema(required)]
    pub(crate) program_version: Option<u32>,
    #[schema(required)]
    pub(crate) multiplier: Option<ExactMultiplier>,
    /// What is wrong with a dead letter.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<Box<str>>,
}

fn outcomes() -> Schema {
    one_of([
        "counted",
        "refused",
        "repeated",
        "voided",
        "dead_letter",
        "accepted",
        "done",
        "declined",
    ])
}

impl OutcomeShape {
    /// Durable, and not yet processed.
    pub(crate) fn accepted() -> Self {
        Self { outcome: "accepted", ..Self::default() }
    }

    /// What became of a record, with the balance after it.
    pub(crate) fn of(outcome: &Outcome, balance: Option<Points>) -> Self {
        let shape = Self { points_balance: balance.map(Exact), ..Self::default() };
        let version = |version: u32| (version > 0).then_some(version);
        match outcome {
            Outcome::Counted { version, points, parts, .. } => Self {
                outcome: "counted",
                points: Some(Exact(*points)),
                program_version: Some(*version),
                multiplier: Some(multiplier(parts)),
                ..shape
            },
            Outcome::Recorded => Self { outcome: "counted", ..shape },
            Outcome::Refused { refusal, version: number } => Self {
                outcome: "refused",
                reason: Some(refusal.code()),
                program_version: version(*number),
                ..shape
            },
            Outcome::Repeated { .. } => Self { outcome: "repeated", ..shape },
            Outcome::Voided { points, version: number, .. } => Self {
                outcome: "voided",
                points: Some(Exact(*points)),
                program_version: version(*number),
                ..shape
            },
            Outcome::DeadLetter { reason, detail } => Self {
                outcome: "dead_letter",
                reason: Some(reason.code()),
                detail: Some(detail.clone()),
                ..shape
            },
            Outcome::Done { .. } | Outcome::Time { .. } => Self { outcome: "done", ..shape },
            Outcome::Declined { why } => {
                Self { outcome: "declined", reason: Some(why.code()), ..shape }
            }
        }
    }

    /// The same, as the outcome of a repeat.
    pub(crate) fn repeated(self, balance: Option<Points>) -> Self {
        Self { outcome: "repeated", points_balance: balance.map(Exact), ..self }
    }
}
