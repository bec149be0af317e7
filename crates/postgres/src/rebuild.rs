//! Looking at the tables from outside, and having them begin anew.

use std::time::Duration;

use crate::error::Result;
use crate::schema;
use crate::settings::Settings;
use crate::tls;

/// How far a partition is, as the tables say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The partition.
    pub partition: u16,
    /// The next batch.
    pub next: u64,
    /// The batch after the last one that was folded, at the time of `age`.
    pub journal_end: u64,
    /// What keeps the partition from going on; nothing where it does.
    pub trouble: Option<String>,
    /// The time of the last batch, as RFC 3339; `None` before the first.
    pub batch_time: Option<String>,
    /// How long ago all of that was written, by the server's clock.
    pub age: Duration,
}

/// Reads how far each partition is. Makes tables that are not there.
pub async fn progress(settings: &Settings) -> Result<Vec<Progress>> {
    let mut client = tls::connect(settings).await?;
    schema::prepare(&mut client, settings, None).await?;
    let sql = r#"SELECT partition, next, journal_end,
                   to_char(batch_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
                   greatest(extract(epoch FROM clock_timestamp() - updated_at)::bigint, 0), trouble
               FROM {progress} ORDER BY partition"#;
    let rows = client.query(&settings.named(sql), &[]).await?;
    let unsigned = |number: i64| u64::try_from(number).unwrap_or(0);
    let read = |row: &tokio_postgres::Row| Progress {
        partition: u16::try_from(row.get::<_, i32>(0)).unwrap_or(u16::MAX),
        next: unsigned(row.get(1)),
        journal_end: unsigned(row.get(2)),
        batch_time: row.get(3),
        age: Duration::from_secs(unsigned(row.get(4))),
        trouble: row.get(5),
    };
    Ok(rows.iter().map(read).collect())
}

/// Empties all tables but those of dead letters and game events, and has every partition begin with its first batch, in
/// one transaction.
///
/// Whatever projects meanwhile finds that its progress is another, looks again and writes them anew. Dead
/// letters and game events stay: their bytes are kept for 30 and 7 days, so older ones could not be derived again.
pub async fn restart(settings: &Settings) -> Result<()> {
    let mut client = tls::connect(settings).await?;
    schema::prepare(&mut client, settings, None).await?;
    let restarting = client.transaction().await?;
    // In the same order in which the projection locks.
    let hold = "SELECT FROM {progress} ORDER BY partition FOR UPDATE";
    restarting.execute(&settings.named(hold), &[]).await?;
    let empty =
        "TRUNCATE {balances}, {ledger}, {tiers}, {redemptions}, {signals}, {rewards}, {statistics},
                    {leaders};
                 UPDATE {progress} SET next = 1, batch_time = NULL, trouble = NULL,
                    updated_at = now()";
    restarting.batch_execute(&settings.named(empty)).await?;
    restarting.commit().await?;
    Ok(())
}
