//! One transaction for a group of batches: its rows, and how far they come.

use std::collections::BTreeSet;

use accolade_domain::time::Timestamp;
use accolade_projections::sink::{Behind, Position, Positions, Step};
use accolade_wire::cut::cut;
use bytes::Bytes;
use futures_util::SinkExt;
use tokio_postgres::{Client, Statement, Transaction};

use crate::catalogue::Upsert;
use crate::error::Result;
use crate::group::{Group, Letter, storable};
use crate::leaders::{self, Looked};
use crate::played;
use crate::rows::Rows;
use crate::settings::{Settings, quoted};
use crate::told::Inserts;

/// Bytes of one message of a `COPY`.
const MESSAGE_BYTES: usize = 256 << 10;
/// What is said about why a partition stands.
const TROUBLE_BYTES_MAX: usize = 2_048;
/// Months whose tables are made ahead.
const MONTHS_AHEAD: u32 = 2;

/// Statements of one connection.
#[derive(Debug)]
pub(crate) struct Writer {
    hold: Statement,
    copy_ledger: Statement,
    copy_balances: Statement,
    merge_balances: Statement,
    insert_letters: Statement,
    told: Inserts,
    played: played::Inserts,
    offers: Upsert,
    leaders: leaders::Inserts,
    advance: Statement,
    report: Statement,
    /// Months whose tables are there.
    months: BTreeSet<String>,
    settings: Settings,
}

impl Writer {
    /// Prepares a connection.
    pub(crate) async fn new(client: &Client, settings: &Settings) -> Result<Self> {
        client
            .batch_execute(
                r#"CREATE TEMP TABLE accolade_balances (
                    operator_id text COLLATE "C", player_id text COLLATE "C", balance numeric(20, 2),
                    last_updated timestamptz, version bigint) ON COMMIT DELETE ROWS"#,
            )
            .await?;
        let prepare = async |sql: &str| client.prepare(&settings.named(sql)).await;
        Ok(Self {
            hold: prepare(
                "SELECT partition, next FROM {progress} WHERE partition = ANY($1)
                 ORDER BY partition FOR UPDATE",
            )
            .await?,
            copy_ledger: prepare(
                "COPY {ledger} (operator_id, player_id, sequence, kind, points, balance_after, capped,
                    wager_id, program_version, event_time, record_time, partition, batch, slot, number,
                    hash) FROM STDIN (FORMAT binary)",
            )
            .await?,
            copy_balances: prepare("COPY pg_temp.accolade_balances FROM STDIN (FORMAT binary)").await?,
            merge_balances: prepare(
                "INSERT INTO {balances} AS b (operator_id, player_id, balance, last_updated, version)
                 SELECT operator_id, player_id, balance, last_updated, version
                 FROM pg_temp.accolade_balances ORDER BY operator_id, player_id
                 ON CONFLICT (operator_id, player_id) DO UPDATE SET balance = excluded.balance,
                    last_updated = excluded.last_updated, version = excluded.version
                 WHERE b.version < excluded.version",
            )
            .await?,
            insert_letters: prepare(
                "INSERT INTO {dead_letters} (id, operator_id, original_event, error_message,
                    consumer_service, created_at, reason, partition, batch, slot)
                 SELECT format('%s-%s-%s', partition, batch, slot), operator_id, original_event,
                    error_message, 'accolade',
                    timestamptz 'epoch' + created_at * interval '1 microsecond',
                    reason, partition, batch, slot
                 FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[],
                    $6::integer[], $7::bigint[], $8::bigint[])
                    AS l (operator_id, original_event, error_message, created_at, reason, partition,
                        batch, slot)
                 ON CONFLICT (id) DO NOTHING",
            )
            .await?,
            advance: prepare(
                "UPDATE {progress} AS p SET next = s.next, journal_end = s.journal_end, trouble = NULL,
                    batch_time = timestamptz 'epoch' + s.batch_time * interval '1 microsecond',
                    updated_at = now()
                 FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[])
                    AS s (partition, old, next, journal_end, batch_time)
                 WHERE p.partition = s.partition AND p.next = s.old",
            )
            .await?,
            report: prepare(
                "UPDATE {progress} AS p SET journal_end = s.journal_end, updated_at = now(),
                    trouble = s.trouble
                 FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::text[])
                    AS s (partition, next, journal_end, trouble)
                 WHERE p.partition = s.partition AND p.next = s.next",
            )
            .await?,
            told: Inserts::new(client, settings).await?,
            played: played::Inserts::new(client, settings).await?,
            offers: Upsert::new(client, settings).await?,
            leaders: leaders::Inserts::new(client, settings).await?,
            months: BTreeSet::new(),
            settings: settings.clone(),
        })
    }

    /// Writes a group, and says whether it did: not so where another node has taken one of the
    /// partitions further, or a rebuild has begun.
    pub(crate) async fn write(
        &mut self,
        client: &mut Client,
        group: Group,
        looked: &[Looked],
        steps: &[Step],
    ) -> Result<bool> {
        self.make_months(client, &group.months).await?;
        let transaction = client.transaction().await?;
        if !self.hold(&transaction, steps).await? {
            return Ok(false);
        }
        let balances = group.balances();
        copy(&transaction, &self.copy_ledger, group.ledger).await?;
        if balances.count() > 0 {
            copy(&transaction, &self.copy_balances, balances).await?;
            transaction.execute(&self.merge_balances, &[]).await?;
        }
        if !group.letters.is_empty() {
            self.insert_letters(&transaction, &group.letters).await?;
        }
        self.told.write(&transaction, &group.told).await?;
        self.played.write(&transaction, &group.played).await?;
        self.offers.write(&transaction, &group.offers).await?;
        self.leaders.write(&transaction, looked).await?;
        if !self.advance(&transaction, steps).await? {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }

    /// Says how far partitions are folded that were not taken further, and what keeps them, so that
    /// whoever looks from outside sees that they stand.
    pub(crate) async fn report(&self, client: &Client, behind: &[Behind]) -> Result<()> {
        let partitions: Vec<i32> = behind.iter().map(|one| one.partition.into()).collect();
        let nexts: Vec<_> = behind.iter().map(|one| signed(one.next)).collect();
        let ends: Vec<_> = behind.iter().map(|one| signed(one.end)).collect();
        let storable = |trouble: &String| storable(&cut(trouble, TROUBLE_BYTES_MAX));
        let troubles: Vec<_> =
            behind.iter().map(|one| one.trouble.as_ref().map(storable)).collect();
        client.execute(&self.report, &[&partitions, &nexts, &ends, &troubles]).await?;
        Ok(())
    }

    /// Locks the partitions' progress, always in the same order, so that two nodes never wait for each
    /// other; says whether it is where the group begins.
    async fn hold(&self, transaction: &Transaction<'_>, steps: &[Step]) -> Result<bool> {
        let partitions: Vec<i32> = steps.iter().map(|step| step.partition.into()).collect();
        let held = transaction.query(&self.hold, &[&partitions]).await?;
        let held = held.iter().map(|row| (row.get::<_, i32>(0), row.get::<_, i64>(1)));
        Ok(held.eq(steps.iter().map(|step| (step.partition.into(), signed(step.from)))))
    }

    async fn advance(&self, transaction: &Transaction<'_>, steps: &[Step]) -> Result<bool> {
        let partitions: Vec<i32> = steps.iter().map(|step| step.partition.into()).collect();
        let column = |of: fn(&Step) -> u64| steps.iter().map(|step| signed(of(step))).collect();
        let (old, next): (Vec<i64>, Vec<i64>) =
            (column(|step| step.from), column(|step| step.next));
        let ends: Vec<i64> = column(|step| step.journal_end);
        let times: Vec<i64> = steps.iter().map(|step| step.time.micros()).collect();
        let advanced =
            transaction.execute(&self.advance, &[&partitions, &old, &next, &ends, &times]).await?;
        Ok(usize::try_from(advanced) == Ok(steps.len()))
    }

    async fn insert_letters(
        &self,
        transaction: &Transaction<'_>,
        letters: &[Letter],
    ) -> Result<()> {
        let operators: Vec<_> = letters.iter().map(|letter| &*letter.operator).collect();
        let originals: Vec<_> = letters.iter().map(|letter| letter.original.as_deref()).collect();
        let details: Vec<_> = letters.iter().map(|letter| &*letter.detail).collect();
        let times: Vec<_> = letters.iter().map(|letter| letter.time.micros()).collect();
        let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.code()).collect();
        let partitions: Vec<i32> = letters.iter().map(|one| one.place.partition.into()).collect();
        let batches: Vec<_> = letters.iter().map(|letter| signed(letter.place.batch)).collect();
        let slots: Vec<i64> = letters.iter().map(|letter| letter.place.slot.into()).collect();
        let columns: [&(dyn tokio_postgres::types::ToSql + Sync); 8] =
            [&operators, &originals, &details, &times, &reasons, &partitions, &batches, &slots];
        transaction.execute(&self.insert_letters, &columns).await?;
        Ok(())
    }

    /// Makes the tables of `months` and of those to come, each in a transaction of its own. To attach a
    /// table holds up no reader, as to create it as a partition would.
    async fn make_months(&mut self, client: &mut Client, wanted: &BTreeSet<String>) -> Result<()> {
        if wanted.is_subset(&self.months) {
            return Ok(());
        }
        let mut months = wanted.clone();
        let mut ahead = month_of(now());
        for _ in 0..=MONTHS_AHEAD {
            let next = month_after(&ahead);
            months.insert(std::mem::replace(&mut ahead, next));
        }
        for month in months.difference(&self.months) {
            make_month(client, &self.settings, month).await?;
        }
        self.months.append(&mut months);
        Ok(())
    }
}

async fn make_month(client: &mut Client, settings: &Settings, month: &str) -> Result<()> {
    let name = format!("{}_{}", settings.tables.ledger, month.replace('-', "_"));
    let making = client.transaction().await?;
    // Another node may be about to make the same.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    let table = settings.table(&name);
    making.execute(lock, &[&table]).await?;
    let is_there = "SELECT to_regclass($1) IS NOT NULL";
    if making.query_one(is_there, &[&table]).await?.get(0) {
        return Ok(());
    }
    let after = month_after(month);
    let sql = format!(
        "CREATE TABLE {table} (LIKE {{ledger}} INCLUDING ALL);
         ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
         ALTER TABLE {{ledger}} ATTACH PARTITION {table}
            FOR VALUES FROM ('{month}-01 00:00:00+00') TO ('{after}-01 00:00:00+00')"
    );
    making.batch_execute(&settings.named(&sql)).await?;
    making.commit().await?;
    tracing::info!(table = quoted(&name), "a month of the ledger has its table");
    Ok(())
}

async fn copy(transaction: &Transaction<'_>, into: &Statement, rows: Rows) -> Result<()> {
    if rows.count() == 0 {
        return Ok(());
    }
    let sink = transaction.copy_in::<_, Bytes>(into).await?;
    let mut sink = std::pin::pin!(sink);
    let mut left = rows.finish();
    while !left.is_empty() {
        let message = left.split_to(left.len().min(MESSAGE_BYTES));
        sink.feed(message).await?;
    }
    sink.finish().await?;
    Ok(())
}

/// How far each partition is.
pub(crate) async fn positions(client: &Client, settings: &Settings) -> Result<Positions> {
    let sql = "SELECT partition, next, (extract(epoch FROM batch_time) * 1000000)::bigint
               FROM {progress}";
    let sql = settings.named(sql);
    let rows = client.query(&sql, &[]).await?;
    let unsigned = |row: &tokio_postgres::Row| {
        let partition = u16::try_from(row.get::<_, i32>(0)).ok()?;
        let next = u64::try_from(row.get::<_, i64>(1)).ok()?;
        let time = row.get::<_, Option<i64>>(2).map(Timestamp::from_micros);
        Some((partition, Position { next, time }))
    };
    Ok(rows.iter().filter_map(unsigned).collect())
}

/// Has every partition of `partitions` begin that has not.
pub(crate) async fn begin(client: &Client, settings: &Settings, partitions: &[u16]) -> Result<()> {
    let sql = "INSERT INTO {progress} (partition, next, journal_end, updated_at)
               SELECT partition, 1, 1, now() FROM unnest($1::integer[]) AS p (partition)
               ORDER BY partition ON CONFLICT (partition) DO NOTHING";
    let partitions: Vec<i32> = partitions.iter().map(|partition| (*partition).into()).collect();
    client.execute(&settings.named(sql), &[&partitions]).await?;
    Ok(())
}

/// The time of this machine's clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let micros = since.unwrap_or_default().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).expect("no counter comes this far")
}

/// The month of a time in UTC, as `2026-11`.
pub(crate) fn month_of(at: Timestamp) -> String {
    accolade_wire::timestamp::write(at).to_string().chars().take(7).collect()
}

fn month_after(month: &str) -> String {
    let (year, month) = month.split_once('-').expect("a month is written `2026-11`");
    let number = |text: &str| text.parse::<u32>().expect("a month is written in figures");
    match (number(year), number(month)) {
        (year, 12) => format!("{:04}-01", year + 1),
        (year, month) => format!("{year:04}-{:02}", month + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_month_after_december_is_january() {
        assert_eq!(month_after("2026-11"), "2026-12");
        assert_eq!(month_after("2026-12"), "2027-01");
        assert_eq!(month_of(Timestamp::from_micros(0)), "1970-01");
    }
}
