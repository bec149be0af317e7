//! One connection, from its beginning to the error that ends it.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio_postgres::Client;

use crate::error::{Error, Result};
use crate::group::{Group, Position, Positions, Reader};
use crate::running::Shared;
use crate::writing::{Writer, begin, positions};
use crate::{schema, tls};

/// How long one transaction may take before the server counts as one that does not answer.
const PATIENCE: Duration = Duration::from_mins(2);

/// How often the tables are told of partitions that are held up.
const REPORT_EVERY: Duration = Duration::from_secs(2);

/// Connects and projects until something fails.
pub(crate) async fn run(shared: &Shared, reader: &mut Reader) -> Result<Infallible> {
    let settings = &shared.settings;
    let cluster = shared.feed.rules().settings.cluster_id.clone();
    let mut client = tls::connect(settings).await?;
    let prepared = async {
        schema::prepare(&mut client, settings, Some(&cluster)).await?;
        Writer::new(&client, settings).await
    };
    let mut writer = patiently(prepared).await?;
    let mut known = patiently(positions(&client, settings)).await?;
    shared.connected(&known);
    tracing::info!("the projection is connected to PostgreSQL");
    patiently(writer.report(&client, &shared.behind())).await?;
    let mut reported_at = Instant::now();
    loop {
        let began = Instant::now();
        begin_new(shared, &client, &mut known).await?;
        let mut group = reader.read(&known, settings.records_max)?;
        let (is_full, is_held) = (group.is_full, !group.held.is_empty());
        shared.held_by(std::mem::take(&mut group.held));
        if !group.steps.is_empty() {
            write(shared, &mut writer, &mut client, group, &mut known).await?;
        } else if is_held {
            // A rebuild may have begun, of which nobody hears who writes nothing.
            known = patiently(positions(&client, settings)).await?;
            shared.progressed(&known, 0);
        } else {
            shared.has_nothing_to_do();
        }
        if is_held && reported_at.elapsed() >= REPORT_EVERY {
            patiently(writer.report(&client, &shared.behind())).await?;
            reported_at = Instant::now();
        }
        if !is_full {
            tokio::time::sleep(settings.pause.saturating_sub(began.elapsed())).await;
        }
    }
}

/// Has partitions begin that have come to this node and were nowhere projected before.
async fn begin_new(shared: &Shared, client: &Client, known: &mut Positions) -> Result<()> {
    let mut new = shared.feed.owned();
    new.retain(|partition| !known.contains_key(partition));
    if new.is_empty() {
        return Ok(());
    }
    patiently(begin(client, &shared.settings, &new)).await?;
    *known = patiently(positions(client, &shared.settings)).await?;
    shared.connected(known);
    Ok(())
}

async fn write(
    shared: &Shared,
    writer: &mut Writer,
    client: &mut Client,
    group: Group,
    known: &mut Positions,
) -> Result<()> {
    let steps = group.steps.clone();
    let rows = group.ledger.count();
    if patiently(writer.write(client, group)).await? {
        let position = |next, time| Position { next, time: Some(time) };
        known.extend(steps.iter().map(|step| (step.partition, position(step.next, step.time))));
        shared.progressed(known, rows);
    } else {
        // Another node has these partitions now, or a rebuild has begun: look again.
        *known = patiently(positions(client, &shared.settings)).await?;
        shared.progressed(known, 0);
    }
    Ok(())
}

async fn patiently<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let timed_out = |_| Error::TimedOut(PATIENCE.as_secs());
    tokio::time::timeout(PATIENCE, work).await.map_err(timed_out)?
}
