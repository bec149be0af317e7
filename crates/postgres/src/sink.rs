//! The tables as a sink of the journal: a connection, from its beginning to the error that ends it.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use accolade_engine::feed::Feed;
use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::Names;
use accolade_projections::running::Projection;
use accolade_projections::sink::{Behind, Failed, Here, Limits, Positions, Sink, Step, Written};
use metrics::counter;
use tokio_postgres::Client;

use crate::catalogue::Catalogue;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::leaders::Leaders;
use crate::settings::Settings;
use crate::writing::{Writer, begin, positions};
use crate::{rebuild, schema, tls};

/// What people call the projection.
pub const NAME: &str = "postgres";

/// How long one transaction may take before the server counts as one that does not answer.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of rows after which a group is full, however few they are.
const BYTES_MAX: usize = 16 << 20;
const BACK_OFF_MAX: Duration = Duration::from_secs(15);

/// Balances, ledger and dead letters in `PostgreSQL`.
pub struct Tables {
    settings: Settings,
    connected: Option<(Client, Writer)>,
    group: Group,
    catalogue: Catalogue,
    leaders: Leaders,
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").field("schema", &self.settings.schema).finish_non_exhaustive()
    }
}

/// Begins to write the tables from what `feed` has, from where they stand.
pub fn start(settings: Settings, feed: Arc<dyn Feed>) -> io::Result<Projection> {
    Projection::start(NAME, Tables::new(settings, Arc::clone(&feed)), feed)
}

impl Tables {
    /// Nothing is connected before it is needed.
    pub fn new(settings: Settings, feed: Arc<dyn Feed>) -> Self {
        let (group, catalogue) = (Group::default(), Catalogue::default());
        let leaders = Leaders::new(feed, settings.leaders_every);
        Self { settings, connected: None, group, catalogue, leaders }
    }

    async fn connect(&self, cluster: &str) -> Result<(Client, Writer)> {
        let mut client = tls::connect(&self.settings).await?;
        schema::prepare(&mut client, &self.settings, Some(cluster)).await?;
        let writer = Writer::new(&client, &self.settings).await?;
        Ok((client, writer))
    }
}

impl Sink for Tables {
    const BEGINS_ANEW: bool = true;

    fn limits(&self) -> Limits {
        Limits {
            records_max: self.settings.records_max,
            bytes_max: BYTES_MAX,
            pause: self.settings.pause,
            back_off_max: BACK_OFF_MAX,
        }
    }

    async fn positions(&mut self, here: &Here<'_>) -> std::result::Result<Positions, Failed> {
        (self.group, self.catalogue) = (Group::default(), Catalogue::default());
        self.leaders.begin(here.partitions);
        // Whatever fails, the connection goes with it.
        let connected = self.connected.take();
        let (connected, found) = patiently(async {
            let (client, writer) = match connected {
                Some(connected) if !connected.0.is_closed() => connected,
                Some(_) | None => self.connect(here.cluster).await?,
            };
            begin(&client, &self.settings, here.partitions).await?;
            let found = positions(&client, &self.settings).await?;
            Ok(((client, writer), found))
        })
        .await?;
        self.connected = Some(connected);
        Ok(found)
    }

    fn take(&mut self, batch: &Batch<'_>, names: &mut Names) -> std::result::Result<usize, Held> {
        self.group.add(batch, names)?;
        self.catalogue.add_changed(batch.rules(), &mut self.group.offers);
        self.leaders.follow(batch.rules());
        Ok(self.group.bytes())
    }

    async fn write(&mut self, steps: &[Step]) -> std::result::Result<Written, Failed> {
        let mut group = std::mem::take(&mut self.group);
        let looked = self.leaders.look(std::mem::take(&mut group.changed), steps);
        let (records, missing) = (group.ledger.count(), group.played.missing());
        let (mut client, mut writer) = self.connected.take().ok_or_else(not_connected)?;
        let is_written = patiently(writer.write(&mut client, group, &looked, steps)).await?;
        self.connected = Some((client, writer));
        if is_written {
            self.leaders.are_written();
            say_missing(missing);
            Ok(Written::All { records, refused: Vec::new() })
        } else {
            Ok(Written::Moved)
        }
    }

    async fn report(&mut self, behind: &[Behind]) -> std::result::Result<(), Failed> {
        let (client, writer) = self.connected.take().ok_or_else(not_connected)?;
        patiently(writer.report(&client, behind)).await?;
        self.connected = Some((client, writer));
        Ok(())
    }

    async fn rebuild(&mut self) -> std::result::Result<(), Failed> {
        patiently(rebuild::restart(&self.settings)).await?;
        Ok(())
    }
}

/// Says how many game events came too late to be in their table.
fn say_missing(missing: u64) {
    if missing > 0 {
        tracing::warn!(projection = NAME, missing, "the log does not have game events any more");
        counter!("accolade_projection_events_missing_total", "projection" => NAME)
            .increment(missing);
    }
}

fn not_connected() -> Failed {
    Failed::Away("the database is not connected".into())
}

async fn patiently<T>(work: impl Future<Output = Result<T>>) -> Result<T> {
    let timed_out = |_| Error::TimedOut(PATIENCE.as_secs());
    tokio::time::timeout(PATIENCE, work).await.map_err(timed_out)?
}
