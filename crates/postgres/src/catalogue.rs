//! Rows of the catalogue of rewards, as the rules have it.
//!
//! It is in no partition's journal: control records say it, and nothing of what they said is ever taken away. So each group
//! of batches brings along what has changed of it, by whichever node, and of two nodes the one that knows more wins.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::rules::Rules;
use accolade_engine::rules::rewards::Reward;
use accolade_wire::reward::RewardTerms;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement, Transaction};

use crate::error::Result;
use crate::group::storable;
use crate::settings::Settings;

/// Which rewards are in the table, or on their way there.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    rules: Option<Arc<Rules>>,
    /// How often something was said of each, by the numbers of operator and reward.
    known: BTreeMap<(u32, u32), u32>,
}

/// Rewards that a group brings along, in the order of their keys.
#[derive(Debug, Default)]
pub(crate) struct Offers {
    by_key: BTreeMap<(String, String), Offer>,
    bytes: usize,
}

#[derive(Debug)]
struct Offer {
    terms: Arc<RewardTerms>,
    version: u32,
    updated_at: Timestamp,
}

impl Catalogue {
    /// Adds what has come or changed since the last time.
    pub(crate) fn add_changed(&mut self, rules: Arc<Rules>, to: &mut Offers) {
        if self.rules.as_ref().is_some_and(|known| Arc::ptr_eq(known, &rules)) {
            return;
        }
        for operator in rules.operators() {
            for reward in operator.rewards.all() {
                let (key, version) = ((operator.number, reward.number), reward.edited_from());
                if self.known.insert(key, version) != Some(version) {
                    to.add(&operator.id, reward);
                }
            }
        }
        self.rules = Some(rules);
    }
}

impl Offers {
    fn add(&mut self, operator: &str, reward: &Reward) {
        let (terms, version) = (Arc::clone(reward.terms()), reward.edited_from());
        self.bytes += operator.len() + terms.id.len() + terms.name.len() + terms.description.len();
        let key = (operator.to_owned(), terms.id.clone());
        let updated_at = reward.changed().time;
        self.by_key.insert(key, Offer { terms, version, updated_at });
    }

    /// The bytes of all of them.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    fn column<T>(&self, of: impl Fn(&str, &Offer) -> T) -> Vec<T> {
        self.by_key.iter().map(|((operator, _), offer)| of(operator, offer)).collect()
    }
}

/// The statement of one connection.
#[derive(Debug)]
pub(crate) struct Upsert(Statement);

impl Upsert {
    /// Prepares it.
    pub(crate) async fn new(client: &Client, settings: &Settings) -> Result<Self> {
        let sql = "INSERT INTO {rewards} AS r (operator_id, reward_id, name, description, kind, points,
                value_amount, value_currency, valid_from, valid_until, stocked, withdrawn, version,
                updated_at)
             SELECT operator_id, reward_id, name, description, kind, points::numeric / 100,
                value_amount::numeric, value_currency,
                timestamptz 'epoch' + valid_from * interval '1 microsecond',
                timestamptz 'epoch' + valid_until * interval '1 microsecond',
                stocked, withdrawn, version,
                timestamptz 'epoch' + updated_at * interval '1 microsecond'
             FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                $7::text[], $8::text[], $9::bigint[], $10::bigint[], $11::boolean[], $12::boolean[],
                $13::bigint[], $14::bigint[])
                AS o (operator_id, reward_id, name, description, kind, points, value_amount,
                    value_currency, valid_from, valid_until, stocked, withdrawn, version, updated_at)
             ON CONFLICT (operator_id, reward_id) DO UPDATE SET name = excluded.name,
                description = excluded.description, kind = excluded.kind, points = excluded.points,
                value_amount = excluded.value_amount, value_currency = excluded.value_currency,
                valid_from = excluded.valid_from, valid_until = excluded.valid_until,
                stocked = excluded.stocked, withdrawn = excluded.withdrawn,
                version = excluded.version, updated_at = excluded.updated_at
             WHERE r.version < excluded.version";
        Ok(Self(client.prepare(&settings.named(sql)).await?))
    }

    /// Writes what a group brings along.
    pub(crate) async fn write(&self, transaction: &Transaction<'_>, offers: &Offers) -> Result<()> {
        if offers.by_key.is_empty() {
            return Ok(());
        }
        let operators = offers.column(|operator, _| storable(operator));
        let ids = offers.column(|_, offer| storable(&offer.terms.id));
        let names = offers.column(|_, offer| storable(&offer.terms.name));
        let descriptions = offers.column(|_, offer| storable(&offer.terms.description));
        let kinds = offers.column(|_, offer| storable(&offer.terms.kind));
        let points = offers.column(|_, offer| offer.terms.points);
        let value = |offer: &Offer| offer.terms.value.clone();
        let amounts = offers.column(|_, offer| value(offer).map(|value| value.amount));
        let currencies = offers.column(|_, offer| value(offer).map(|value| value.currency));
        let from = offers.column(|_, offer| offer.terms.from);
        let until = offers.column(|_, offer| offer.terms.until);
        let stocked = offers.column(|_, offer| offer.terms.stocked);
        let withdrawn = offers.column(|_, offer| offer.terms.withdrawn);
        let versions = offers.column(|_, offer| i64::from(offer.version));
        let updated = offers.column(|_, offer| offer.updated_at.micros());
        let columns: [&(dyn ToSql + Sync); 14] = [
            &operators,
            &ids,
            &names,
            &descriptions,
            &kinds,
            &points,
            &amounts,
            &currencies,
            &from,
            &until,
            &stocked,
            &withdrawn,
            &versions,
            &updated,
        ];
        transaction.execute(&self.0, &columns).await?;
        Ok(())
    }
}
