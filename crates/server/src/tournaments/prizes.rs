//! What there is to win in a tournament, as it is said and answered.

use accolade_domain::amount::Points;
use accolade_domain::query::decimal::Decimal;
use accolade_domain::tournament::prizes::{PLACES_MAX, PRIZES_MAX, PrizesProblem};
use accolade_wire::json::Value;
use accolade_wire::reward::RewardValue;
use accolade_wire::tournament::prizes::{
    KIND_BYTES_MAX, PlacesTerms, PrizeTerms, THING_BYTES_MAX, ThingTerms, WinTerms, prizes,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fields::{Field, malformed, plain_text};
use crate::problem::Problem;
use crate::shapes::{Exact, ExactPoints};

/// What some places win: places from one to another or so many hundredths of all players, and points for each of them, points
/// that all of them share, or a thing. Of several that are for a place it is the first.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = TournamentPrize, example = json!({ "from": 1, "to": 3, "points": 500 }))]
pub(crate) struct PrizeShape {
    /// The first place, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    from: Option<u32>,
    /// The last; the first without.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 1_000_000)]
    to: Option<u32>,
    /// So many hundredths of the players who have a position, at least one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0, maximum = 100)]
    top_percent: Option<Exact<Points>>,
    /// So many points, each of the places.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    points: Option<ExactPoints>,
    /// So many points, which all of the places share to the hundredth.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>, exclusive_minimum = 0)]
    pool: Option<ExactPoints>,
    /// Something else, each of the places.
    #[serde(skip_serializing_if = "Option::is_none")]
    thing: Option<ThingShape>,
}

/// Something that is won and is no points.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PrizeThing)]
pub(crate) struct ThingShape {
    /// What kind of thing it is, in the operator's words.
    #[schema(min_length = 1, max_length = 64)]
    kind: String,
    /// What players call it.
    #[schema(min_length = 1, max_length = 256)]
    name: String,
    /// What it is worth.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<ThingValue>,
}

/// What a thing is worth.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PrizeValue)]
pub(crate) struct ThingValue {
    /// A decimal as a text, more than 0, with at most 18 decimals.
    #[schema(max_length = 64)]
    amount: String,
    #[schema(min_length = 1, max_length = 16)]
    currency: String,
}

fn points_of(hundredths: i64) -> ExactPoints {
    Exact(Points::from_hundredths(hundredths).unwrap_or_default())
}

impl From<&PrizeTerms> for PrizeShape {
    fn from(terms: &PrizeTerms) -> Self {
        let (from, to, top_percent) = match terms.places {
            PlacesTerms::Range { from, to } => (Some(from), Some(to), None),
            PlacesTerms::Top(share) => (None, None, Some(points_of(share.into()))),
        };
        let (points, pool, thing) = match &terms.win {
            WinTerms::Points(each) => (Some(points_of(*each)), None, None),
            WinTerms::Pool(all) => (None, Some(points_of(*all)), None),
            WinTerms::Thing(thing) => (None, None, Some(thing.into())),
        };
        Self { from, to, top_percent, points, pool, thing }
    }
}

impl From<&ThingTerms> for ThingShape {
    fn from(ThingTerms { kind, name, value }: &ThingTerms) -> Self {
        let value =
            value.clone().map(|RewardValue { amount, currency }| ThingValue { amount, currency });
        Self { kind: kind.clone(), name: name.clone(), value }
    }
}

/// Reads what there is to win.
pub(super) fn read_prizes(field: &Field<'_>) -> Result<Option<Vec<PrizeTerms>>, Problem> {
    let Some(terms) = field.list("prizes", PRIZES_MAX, read_prize)? else { return Ok(None) };
    match prizes(&terms) {
        Ok(_) => Ok(Some(terms)),
        Err(PrizesProblem { index, why }) => {
            Err(malformed(&format!("/prizes/{index}"), why.to_string()))
        }
    }
}

fn read_prize(field: &Field<'_>) -> Result<PrizeTerms, Problem> {
    let names = ["from", "to", "topPercent", "points", "pool", "thing"];
    let [from, to, top_percent, points, pool, thing] = field.object(&names)?;
    let place = |field: &Field<'_>| {
        let place = field.whole(1..=i64::from(PLACES_MAX))?;
        Ok::<_, Problem>(place.map(|place| u32::try_from(place).expect("it is in the range")))
    };
    let places = match (place(&from)?, place(&to)?, top_percent.is_said()) {
        (Some(from), to, false) => PlacesTerms::Range { from, to: to.unwrap_or(from) },
        (None, None, true) => PlacesTerms::Top(share(&top_percent)?),
        _ => return Err(field.wrong("expected either places, `from` (and `to`), or `topPercent`")),
    };
    let win = match (points.is_said(), pool.is_said(), thing.is_said()) {
        (true, false, false) => WinTerms::Points(points.points(false)?.hundredths()),
        (false, true, false) => WinTerms::Pool(pool.points(false)?.hundredths()),
        (false, false, true) => WinTerms::Thing(read_thing(&thing)?),
        _ => return Err(field.wrong("expected one of `points`, `pool` and `thing`")),
    };
    Ok(PrizeTerms { places, win })
}

/// Hundredths of a percent.
fn share(field: &Field<'_>) -> Result<u16, Problem> {
    let wrong = || field.expected("a number above 0 and up to 100, with at most two decimals");
    let Some(Value::Number(text)) = field.value() else { return Err(wrong()) };
    let share = Decimal::parse(text).and_then(|percent| percent.units(2));
    let share = share.filter(|share| (1..=10_000).contains(share));
    share.and_then(|share| u16::try_from(share).ok()).ok_or_else(wrong)
}

fn read_thing(field: &Field<'_>) -> Result<ThingTerms, Problem> {
    let [kind, name, value] = field.object(&["kind", "name", "value"])?;
    let needed = |field: &Field<'_>| field.text()?.ok_or_else(|| field.expected("a text"));
    let plain = |field: &Field<'_>, bytes_max| {
        plain_text("", needed(field)?, (1, bytes_max))
            .map_err(|_| field.wrong(format!("expected a text of 1 to {bytes_max} bytes")))
    };
    let value = if value.is_said() {
        let [amount, currency] = value.object(&["amount", "currency"])?;
        let worth = RewardValue { amount: needed(&amount)?, currency: needed(&currency)? };
        if !worth.is_well_formed() {
            let detail = "expected an amount as a text, more than 0, with at most 18 decimals, and a currency of letters \
                          and figures";
            return Err(value.wrong(detail));
        }
        Some(worth)
    } else {
        None
    };
    Ok(ThingTerms {
        kind: plain(&kind, KIND_BYTES_MAX)?,
        name: plain(&name, THING_BYTES_MAX)?,
        value,
    })
}
