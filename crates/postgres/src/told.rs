//! Rows of what players' notices tell: tiers, redemptions and signals.
//!
//! They are few beside the ledger's, and go as columns of one statement each.

use std::collections::BTreeMap;

use accolade_domain::signal::SignalKind;
use accolade_domain::time::{DAY_MICROS, Timestamp};
use accolade_projections::batch::Held;
use accolade_projections::names::Player;
use accolade_wire::journal::StoredNotice;
use accolade_wire::notice::signal::{Finding, SIGNAL_MOVED, SignalMoved};
use accolade_wire::notice::{REDEMPTION_MOVED, RedemptionMoved, TIER_MOVED, TierMoved};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Statement, Transaction};

use crate::error::Result;
use crate::group::{signed, storable};
use crate::settings::Settings;

/// Operator and id.
type Key = (String, String);

/// What notices of a group of batches tell. Of a redemption and a signal, the last of it counts.
#[derive(Debug, Default)]
pub(crate) struct Told {
    tiers: Vec<Tier>,
    redemptions: BTreeMap<Key, Redemption>,
    signals: BTreeMap<Key, Signal>,
    bytes: usize,
}

#[derive(Debug)]
struct Tier {
    operator: String,
    player: String,
    changed_at: Timestamp,
    place: (i32, i64, i64, i32),
    moved: TierMoved,
}

#[derive(Debug)]
struct Redemption {
    player: String,
    moved: RedemptionMoved,
}

#[derive(Debug)]
struct Signal {
    player: String,
    updated_at: Timestamp,
    moved: SignalMoved,
}

impl Told {
    /// Adds a notice of a batch of `time`; those that no table is for are passed over.
    pub(crate) fn add(
        &mut self,
        player: Player<'_>,
        time: Timestamp,
        stored: &StoredNotice<'_>,
    ) -> std::result::Result<(), Held> {
        let notice = &stored.notice;
        self.bytes += notice.body.len() + player.operator.len() + player.name.len();
        let (operator, player) = (player.operator.to_owned(), player.name.to_owned());
        match notice.kind {
            TIER_MOVED => {
                let moved = TierMoved::read(&notice.body)?;
                let place = stored.place;
                let number = i32::try_from(place.number).expect("fewer than 2^23 in a slot");
                let place =
                    (place.partition.into(), signed(place.batch), place.slot.into(), number);
                self.tiers.push(Tier { operator, player, changed_at: time, place, moved });
            }
            REDEMPTION_MOVED => {
                let moved = RedemptionMoved::read(&notice.body)?;
                let key = (operator, moved.id.to_string());
                self.redemptions.insert(key, Redemption { player, moved });
            }
            SIGNAL_MOVED => {
                let moved = SignalMoved::read(&notice.body)?;
                let key = (operator, moved.id.to_string());
                self.signals.insert(key, Signal { player, updated_at: time, moved });
            }
            _ => {}
        }
        Ok(())
    }

    /// The bytes of all of it.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }
}

/// Statements of one connection.
#[derive(Debug)]
pub(crate) struct Inserts {
    tiers: Statement,
    redemptions: Statement,
    signals: Statement,
}

impl Inserts {
    /// Prepares them.
    pub(crate) async fn new(client: &Client, settings: &Settings) -> Result<Self> {
        let prepare = async |sql: &str| client.prepare(&settings.named(sql)).await;
        Ok(Self {
            tiers: prepare(
                "INSERT INTO {tiers} (operator_id, player_id, changed_at, day, tier_before, tier_after,
                    tier_points, program_version, partition, batch, slot, number)
                 SELECT operator_id, player_id,
                    timestamptz 'epoch' + changed_at * interval '1 microsecond',
                    (timestamptz 'epoch' + day * interval '1 microsecond')::date,
                    tier_before, tier_after, tier_points::numeric / 100, program_version, partition,
                    batch, slot, number
                 FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[], $6::text[],
                    $7::bigint[], $8::bigint[], $9::integer[], $10::bigint[], $11::bigint[],
                    $12::integer[])
                    AS t (operator_id, player_id, changed_at, day, tier_before, tier_after,
                        tier_points, program_version, partition, batch, slot, number)
                 ON CONFLICT (partition, batch, slot, number) DO NOTHING",
            )
            .await?,
            redemptions: prepare(
                "INSERT INTO {redemptions} (operator_id, redemption_id, player_id, reward_id, item,
                    points, state, hold_until, updated_at)
                 SELECT operator_id, redemption_id, player_id, nullif(reward_id, ''), item,
                    points::numeric / 100, state,
                    timestamptz 'epoch' + hold_until * interval '1 microsecond',
                    timestamptz 'epoch' + updated_at * interval '1 microsecond'
                 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
                    $7::text[], $8::bigint[], $9::bigint[])
                    AS r (operator_id, redemption_id, player_id, reward_id, item, points, state,
                        hold_until, updated_at)
                 ON CONFLICT (operator_id, redemption_id) DO UPDATE SET state = excluded.state,
                    hold_until = excluded.hold_until, updated_at = excluded.updated_at",
            )
            .await?,
            signals: prepare(
                "INSERT INTO {signals} (operator_id, signal_id, player_id, wager_id, wager_time, names,
                    kinds, points, state, program_version, updated_at)
                 SELECT operator_id, signal_id, player_id, wager_id,
                    timestamptz 'epoch' + wager_time * interval '1 microsecond',
                    array(SELECT jsonb_array_elements_text(names::jsonb)),
                    array(SELECT jsonb_array_elements_text(kinds::jsonb)),
                    points::numeric / 100, state, program_version,
                    timestamptz 'epoch' + updated_at * interval '1 microsecond'
                 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[],
                    $7::text[], $8::bigint[], $9::text[], $10::bigint[], $11::bigint[])
                    AS s (operator_id, signal_id, player_id, wager_id, wager_time, names, kinds,
                        points, state, program_version, updated_at)
                 ON CONFLICT (operator_id, signal_id) DO UPDATE SET state = excluded.state,
                    points = excluded.points, updated_at = excluded.updated_at",
            )
            .await?,
        })
    }

    /// Writes what was told.
    pub(crate) async fn write(&self, transaction: &Transaction<'_>, told: &Told) -> Result<()> {
        if !told.tiers.is_empty() {
            self.write_tiers(transaction, &told.tiers).await?;
        }
        if !told.redemptions.is_empty() {
            self.write_redemptions(transaction, &told.redemptions).await?;
        }
        if !told.signals.is_empty() {
            self.write_signals(transaction, &told.signals).await?;
        }
        Ok(())
    }

    async fn write_tiers(&self, transaction: &Transaction<'_>, tiers: &[Tier]) -> Result<()> {
        let operators = column(tiers, |tier| storable(&tier.operator));
        let players = column(tiers, |tier| storable(&tier.player));
        let changed = column(tiers, |tier| tier.changed_at.micros());
        let days = column(tiers, |tier| i64::from(tier.moved.day.0) * DAY_MICROS);
        let name = |name: &Option<Box<str>>| name.as_ref().map(|name| storable(name));
        let before = column(tiers, |tier| name(&tier.moved.before));
        let after = column(tiers, |tier| name(&tier.moved.after));
        let points = column(tiers, |tier| tier.moved.points.hundredths());
        let versions = column(tiers, |tier| i64::from(tier.moved.version));
        let partitions = column(tiers, |tier| tier.place.0);
        let batches = column(tiers, |tier| tier.place.1);
        let slots = column(tiers, |tier| tier.place.2);
        let numbers = column(tiers, |tier| tier.place.3);
        let columns: [&(dyn ToSql + Sync); 12] = [
            &operators,
            &players,
            &changed,
            &days,
            &before,
            &after,
            &points,
            &versions,
            &partitions,
            &batches,
            &slots,
            &numbers,
        ];
        transaction.execute(&self.tiers, &columns).await?;
        Ok(())
    }

    async fn write_redemptions(
        &self,
        transaction: &Transaction<'_>,
        redemptions: &BTreeMap<Key, Redemption>,
    ) -> Result<()> {
        let operators = column(redemptions, |((operator, _), _)| storable(operator));
        let ids = column(redemptions, |((_, id), _)| storable(id));
        let players = column(redemptions, |(_, one)| storable(&one.player));
        let rewards = column(redemptions, |(_, one)| storable(&one.moved.reward));
        let items = column(redemptions, |(_, one)| storable(&one.moved.item));
        let points = column(redemptions, |(_, one)| one.moved.points.hundredths());
        let states = column(redemptions, |(_, one)| one.moved.state.code());
        let until = column(redemptions, |(_, one)| one.moved.hold_until.micros());
        let updated = column(redemptions, |(_, one)| one.moved.at.micros());
        let columns: [&(dyn ToSql + Sync); 9] =
            [&operators, &ids, &players, &rewards, &items, &points, &states, &until, &updated];
        transaction.execute(&self.redemptions, &columns).await?;
        Ok(())
    }

    async fn write_signals(
        &self,
        transaction: &Transaction<'_>,
        signals: &BTreeMap<Key, Signal>,
    ) -> Result<()> {
        let operators = column(signals, |((operator, _), _)| storable(operator));
        let ids = column(signals, |((_, id), _)| storable(id));
        let players = column(signals, |(_, one)| storable(&one.player));
        let wagers = column(signals, |(_, one)| storable(&one.moved.wager_id));
        let times = column(signals, |(_, one)| one.moved.at.micros());
        let findings = |one: &Signal, of: fn(&Finding) -> String| {
            serde_json::Value::from(one.moved.findings.iter().map(of).collect::<Vec<_>>())
                .to_string()
        };
        let names = column(signals, |(_, one)| findings(one, |found| storable(&found.name)));
        let kinds = column(signals, |(_, one)| {
            findings(one, |found| SignalKind::code_of(found.kind).into())
        });
        let points = column(signals, |(_, one)| one.moved.points.hundredths());
        let states = column(signals, |(_, one)| one.moved.state.code());
        let versions = column(signals, |(_, one)| i64::from(one.moved.version));
        let updated = column(signals, |(_, one)| one.updated_at.micros());
        let columns: [&(dyn ToSql + Sync); 11] = [
            &operators, &ids, &players, &wagers, &times, &names, &kinds, &points, &states,
            &versions, &updated,
        ];
        transaction.execute(&self.signals, &columns).await?;
        Ok(())
    }
}

fn column<R, T>(rows: impl IntoIterator<Item = R>, of: impl Fn(R) -> T) -> Vec<T> {
    rows.into_iter().map(of).collect()
}
