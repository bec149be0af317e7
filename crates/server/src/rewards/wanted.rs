//! What somebody says of a reward, read and checked field by field.

use std::collections::BTreeSet;

use accolade_domain::amount::Points;
use accolade_domain::time::Timestamp;
use accolade_engine::rules::rewards::{LIMIT_MAX, LONG_BYTES_MAX, NAMES_MAX, TEXT_BYTES_MAX};
use accolade_wire::reward::{RewardLimit, RewardPeriod, RewardTerms, RewardValue};
use axum::http::Uri;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::Schema;

use crate::description::schemas::one_of;
use crate::fields::{Field, Said, fields_of, malformed, plain_text};
use crate::problem::Problem;
use crate::shapes::Time;

/// What is said of a reward: a new one has a name, a price and a kind, and of one that is there, what is not named stays
/// as it is.
#[derive(Debug, Clone, Default, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = RewardChange, example = json!({
    "id": "ten-spins", "name": "Ten free spins", "points": 500, "kind": "spins", "stocked": true,
    "limit": { "count": 1, "per": "day" }
}))]
pub(crate) struct Wanted {
    /// Of a new one; made here where it is not said.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub(super) id: Option<String>,
    #[serde(default)]
    #[schema(min_length = 1, max_length = 128)]
    name: Option<String>,
    #[serde(default)]
    #[schema(max_length = 2048)]
    description: Option<String>,
    /// An address of `https`; an empty one for none.
    #[serde(default)]
    #[schema(max_length = 2048)]
    picture: Option<String>,
    /// The price, with at most two decimals.
    #[serde(default)]
    #[schema(value_type = Option<f64>, minimum = 0.01, maximum = 1_000_000_000_000_000_i64)]
    points: Option<Points>,
    /// What kind of thing it is, in your own words, such as `cash`, `voucher` or `crypto`.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 128)]
    kind: Option<String>,
    /// What it is worth; nothing for `null`.
    #[serde(default)]
    #[schema(value_type = Option<ValueShape>)]
    value: Said<ValueShape>,
    /// From when on it can be redeemed; at once for `null`.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    from: Said<Timestamp>,
    /// From when on it cannot any more; never for `null`.
    #[serde(default)]
    #[schema(value_type = Option<Time>)]
    until: Said<Timestamp>,
    /// The names of the tiers that it is for; all where there are none.
    #[serde(default)]
    #[schema(max_items = 100, required = false)]
    tiers: Option<Vec<String>>,
    /// The segments that it is for; all where there are none.
    #[serde(default)]
    #[schema(max_items = 100, required = false)]
    segments: Option<Vec<String>>,
    /// The jurisdictions that it is for; all where there are none.
    #[serde(default)]
    #[schema(max_items = 100, required = false)]
    jurisdictions: Option<Vec<String>>,
    /// How often a player may redeem it; as often as they like for `null`.
    #[serde(default)]
    #[schema(value_type = Option<LimitShape>)]
    limit: Said<LimitShape>,
    /// Whether there are only so many of it as were put into its stock.
    #[serde(default)]
    stocked: Option<bool>,
    /// `true`: nobody redeems it any more, and it is never changed again.
    #[serde(default)]
    withdrawn: Option<bool>,
}

/// What a reward is worth, exactly.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RewardValue, example = json!({ "amount": "0.000000000000000001", "currency": "ETH" }))]
pub(crate) struct ValueShape {
    /// A decimal as a text, more than 0, with at most 18 decimals.
    #[schema(max_length = 64)]
    pub(super) amount: String,
    #[schema(min_length = 1, max_length = 16)]
    pub(super) currency: String,
}

/// How often a player may redeem a reward: in each day, week (from Monday on), month or year of the program's time
/// zone, or ever.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RewardLimit)]
pub(crate) struct LimitShape {
    #[schema(minimum = 1, maximum = 10_000)]
    pub(super) count: u32,
    #[schema(schema_with = periods)]
    pub(super) per: RewardPeriod,
}

fn periods() -> Schema {
    one_of(RewardPeriod::NAMES)
}

fn names(pointer: &str, said: Vec<String>) -> Result<Vec<String>, Problem> {
    let mut seen = BTreeSet::new();
    for (at, name) in said.iter().enumerate() {
        let pointer = format!("{pointer}/{at}");
        plain_text(&pointer, name.clone(), (1, TEXT_BYTES_MAX))?;
        if !seen.insert(name) {
            return Err(malformed(&pointer, "it is there twice"));
        }
    }
    Ok(said)
}

fn picture(said: String) -> Result<String, Problem> {
    let said = plain_text("/picture", said, (0, LONG_BYTES_MAX))?;
    if said.is_empty() {
        return Ok(said);
    }
    let is_https = said.parse::<Uri>().is_ok_and(|address| {
        address.scheme_str() == Some("https") && address.host().is_some_and(|host| !host.is_empty())
    });
    if is_https { Ok(said) } else { Err(malformed("/picture", "expected an address of `https`")) }
}

fn value(ValueShape { amount, currency }: ValueShape) -> Result<RewardValue, Problem> {
    let value = RewardValue { amount, currency };
    let detail = "expected an amount as a text, more than 0, with at most 18 decimals, and a currency of letters and \
                  figures";
    if value.is_well_formed() { Ok(value) } else { Err(malformed("/value", detail)) }
}

impl ValueShape {
    fn read(field: &Field<'_>) -> Result<Self, Problem> {
        let [amount, currency] = field.object(&["amount", "currency"])?;
        let needed = |field: &Field<'_>| field.text()?.ok_or_else(|| field.expected("a text"));
        Ok(Self { amount: needed(&amount)?, currency: needed(&currency)? })
    }
}

impl LimitShape {
    fn read(field: &Field<'_>) -> Result<Self, Problem> {
        let [count, per] = field.object(&["count", "per"])?;
        let of = || per.expected(&format!("one of `{}`", RewardPeriod::NAMES.join("`, `")));
        let named = per.text()?.and_then(|name| RewardPeriod::named(&name)).ok_or_else(of)?;
        let often = count.whole(1..=i64::from(LIMIT_MAX))?;
        let often = often.and_then(|often| u32::try_from(often).ok());
        let missing = || count.expected(&format!("a whole number from 1 to {LIMIT_MAX}"));
        Ok(Self { count: often.ok_or_else(missing)?, per: named })
    }
}

impl Wanted {
    /// Reads what is said.
    pub(super) fn read(body: &[u8]) -> Result<Self, Problem> {
        let [id, name, description, picture, points, kind, value, from, until, tiers, rest @ ..] =
            fields_of(
                body,
                &[
                    "id",
                    "name",
                    "description",
                    "picture",
                    "points",
                    "kind",
                    "value",
                    "from",
                    "until",
                    "tiers",
                    "segments",
                    "jurisdictions",
                    "limit",
                    "stocked",
                    "withdrawn",
                ],
            )?;
        let [segments, jurisdictions, limit, stocked, withdrawn] = rest;
        let time = |field: &Field<'_>| field.time()?.ok_or_else(|| field.expected("a time"));
        Ok(Self {
            id: id.text()?,
            name: name.text()?,
            description: description.text()?,
            picture: picture.text()?,
            points: points.is_said().then(|| points.points(false)).transpose()?,
            kind: kind.text()?,
            value: value.said(ValueShape::read)?,
            from: from.said(time)?,
            until: until.said(time)?,
            tiers: tiers.texts(NAMES_MAX)?,
            segments: segments.texts(NAMES_MAX)?,
            jurisdictions: jurisdictions.texts(NAMES_MAX)?,
            limit: limit.said(LimitShape::read)?,
            stocked: stocked.flag()?,
            withdrawn: withdrawn.flag()?,
        })
    }

    /// Changes what is named.
    pub(super) fn change(self, terms: &mut RewardTerms) -> Result<(), Problem> {
        const TEXT: (usize, usize) = (1, TEXT_BYTES_MAX);
        if let Some(said) = self.name {
            terms.name = plain_text("/name", said, TEXT)?;
        }
        if let Some(said) = self.description {
            terms.description = plain_text("/description", said, (0, LONG_BYTES_MAX))?;
        }
        if let Some(said) = self.picture {
            terms.picture = picture(said)?;
        }
        if let Some(said) = self.points {
            terms.points = said.hundredths();
        }
        if let Some(said) = self.kind {
            terms.kind = plain_text("/kind", said, TEXT)?;
        }
        if let Said::Is(said) = self.value {
            terms.value = said.map(value).transpose()?;
        }
        if let Said::Is(said) = self.from {
            terms.from = said.map(Timestamp::micros);
        }
        if let Said::Is(said) = self.until {
            terms.until = said.map(Timestamp::micros);
        }
        if let Some(said) = self.tiers {
            terms.tiers = names("/tiers", said)?;
        }
        if let Some(said) = self.segments {
            terms.segments = names("/segments", said)?;
        }
        if let Some(said) = self.jurisdictions {
            terms.jurisdictions = names("/jurisdictions", said)?;
        }
        if let Said::Is(said) = self.limit {
            terms.limit = said.map(|LimitShape { count, per }| RewardLimit { count, per });
        }
        terms.stocked = self.stocked.unwrap_or(terms.stocked);
        terms.withdrawn = self.withdrawn.unwrap_or(terms.withdrawn);
        if terms.from.zip(terms.until).is_some_and(|(from, until)| from >= until) {
            return Err(malformed("/until", "expected a time after `from`"));
        }
        Ok(())
    }

    /// A new reward.
    pub(super) fn terms(
        self,
        operator: &str,
        id: String,
        who: &str,
    ) -> Result<RewardTerms, Problem> {
        let needed = [
            ("/name", self.name.is_none()),
            ("/points", self.points.is_none()),
            ("/kind", self.kind.is_none()),
        ];
        if let Some((pointer, _)) = needed.into_iter().find(|(_, is_missing)| *is_missing) {
            return Err(malformed(pointer, "a new reward needs it"));
        }
        if self.withdrawn == Some(true) {
            return Err(malformed("/withdrawn", "a new reward is not withdrawn"));
        }
        let mut terms = RewardTerms {
            operator: operator.to_owned(),
            id,
            edited_from: 0,
            name: String::new(),
            description: String::new(),
            picture: String::new(),
            points: 0,
            kind: String::new(),
            value: None,
            from: None,
            until: None,
            tiers: Vec::new(),
            segments: Vec::new(),
            jurisdictions: Vec::new(),
            limit: None,
            stocked: false,
            withdrawn: false,
            who: who.to_owned(),
        };
        self.change(&mut terms)?;
        Ok(terms)
    }
}
