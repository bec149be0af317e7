//! The keys as a sink of the journal: a connection, from its beginning to the error that ends it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use accolade_engine::feed::Feed;
use accolade_projections::batch::{Batch, Held, time_of};
use accolade_projections::excluded::Excluded;
use accolade_projections::names::Names;
use accolade_projections::running::Projection;
use accolade_projections::sink::{
    Behind, Failed, Here, Limits, Position, Positions, Sink, Step, Written,
};

use crate::building::{Built, build, build_boards};
use crate::catalogue::Catalogue;
use crate::connection::Link;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::progress::{Progress, advance, now, report};
use crate::settings::Settings;
use crate::writing::{Upto, With, Wrote, write};
use crate::{marks, rebuild};

/// What people call the projection.
pub const NAME: &str = "redis";

/// Bytes that are ready, after which a group is full, however few they are.
const BYTES_MAX: usize = 4 << 20;
const BACK_OFF_MAX: Duration = Duration::from_secs(15);
/// So often it is seen whether anything was lost, while something is written.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A partition that could not be written at first is tried again after this long.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(2);
/// What is gone so soon after it began is not begun again at once.
const BEGIN_EVERY: Duration = Duration::from_secs(2);
/// Players who are excluded, or are so no more, with one write.
const EXCLUDED_AT_ONCE: usize = 1_000;
/// Others may begin at the same moment.
const TRIES: usize = 4;

/// Leaderboards and statistics in Redis.
pub struct Keys {
    settings: Settings,
    feed: Arc<dyn Feed>,
    connected: Option<Connected>,
    group: Group,
    catalogue: Catalogue,
    excluded: Excluded,
    /// Leaderboards of tournaments that were filled, by the partition of which they are yet to be written.
    filled: BTreeMap<u16, Vec<Arc<Catalogue>>>,
    partitions: Vec<u16>,
    /// A partition that is here could not be written at first.
    is_to_ask_again: bool,
    /// When this node has had everything begin anew.
    began_at: Option<Instant>,
}

struct Connected {
    link: Link,
    epoch: u64,
    looked_at: Instant,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("names", &self.settings.names).finish_non_exhaustive()
    }
}

/// Begins to write keys from what `feed` has, from where they stand.
pub fn start(settings: Settings, feed: Arc<dyn Feed>) -> io::Result<Projection> {
    Projection::start(NAME, Keys::new(settings, Arc::clone(&feed)), feed)
}

impl Keys {
    /// Nothing is connected before it is needed.
    pub fn new(settings: Settings, feed: Arc<dyn Feed>) -> Self {
        Self {
            settings,
            feed,
            connected: None,
            group: Group::default(),
            catalogue: Catalogue::default(),
            excluded: Excluded::default(),
            filled: BTreeMap::new(),
            partitions: Vec::new(),
            is_to_ask_again: false,
            began_at: None,
        }
    }

    /// Finds out how far everything is; has it begin anew where it is not what was written.
    async fn ask(&mut self, link: &mut Link, here: &Here<'_>) -> Result<Progress> {
        for _ in 0..TRIES {
            let progress = Progress::read(link, &self.settings).await?;
            if progress.epoch != 0 {
                if progress.cluster != here.cluster {
                    return Err(Error::OtherCluster(progress.cluster));
                }
                if progress.shape != self.settings.shape() {
                    return Err(Error::OtherNames);
                }
                if self.is_as_written(link, &progress, here).await? {
                    return Ok(progress);
                }
            }
            self.begin(link, &progress, here).await?;
        }
        Err(Error::GoneAgain)
    }

    async fn is_as_written(
        &self,
        link: &mut Link,
        progress: &Progress,
        here: &Here<'_>,
    ) -> Result<bool> {
        let is_of_this_journal = |partition: &u16| {
            let position = progress.positions.get(partition);
            position.is_none_or(|position| fits(&*self.feed, *partition, *position))
        };
        Ok(here.partitions.iter().all(is_of_this_journal)
            && marks::are_servers_the_same(link, &self.settings, progress).await?
            && marks::are_all_there(link, &self.settings).await?)
    }

    async fn begin(&mut self, link: &mut Link, progress: &Progress, here: &Here<'_>) -> Result<()> {
        if self.began_at.is_some_and(|began_at| began_at.elapsed() < BEGIN_EVERY) {
            return Err(Error::GoneAgain);
        }
        let servers = link.servers().await?;
        if progress.begin(link, &self.settings, here.cluster, &servers).await? {
            self.began_at = Some(Instant::now());
            marks::put(link, &self.settings).await?;
            tracing::info!(projection = NAME, "everything is written anew, from the state");
        }
        Ok(())
    }

    /// Where all partitions that are here go on, each of which is written by then; `None` where somebody else has moved any.
    async fn build(
        &mut self,
        link: &mut Link,
        progress: &Progress,
        here: &Here<'_>,
    ) -> Result<Option<Positions>> {
        let (epoch, settings) = (progress.epoch, &self.settings);
        let (mut changes, none) = (Group::default(), BTreeMap::new());
        self.catalogue = Catalogue::default();
        self.catalogue.follow(self.feed.rules(), &settings.names, now(), &mut changes.changes)?;
        write(link, With { settings, epoch, upto: &none }, &changes).await?;
        let mut positions = progress.positions.clone();
        let mut failed = None;
        for partition in here.partitions {
            if positions.contains_key(partition) {
                continue;
            }
            match build(link, settings, epoch, &*self.feed, &self.catalogue, *partition).await {
                Ok(Built::Upto(position)) => {
                    positions.insert(*partition, position);
                }
                Ok(Built::Moved) => return Ok(None),
                Ok(Built::NotHere) => failed = Some(Error::NotHere(*partition)),
                Err(error @ Error::State(..)) => {
                    tracing::error!(projection = NAME, partition, %error, "a partition waits");
                    failed = Some(error);
                }
                Err(error) => return Err(error),
            }
        }
        // Those that are written go on, and the others are tried again.
        let is_any_here = here.partitions.iter().any(|partition| positions.contains_key(partition));
        self.is_to_ask_again = failed.is_some();
        match failed {
            Some(error) if !is_any_here => Err(error),
            Some(_) | None => Ok(Some(positions)),
        }
    }

    /// Who is excluded leaves all leaderboards; who is so no more comes back with what the state has. That is of no earlier
    /// batch than any of the group.
    fn follow_exclusions(&mut self, group: &mut Group, steps: &[Step]) {
        let Self { settings, feed, catalogue, excluded, .. } = self;
        let (rules, at) = (feed.rules(), now());
        for Step { partition, .. } in steps {
            for player in excluded.look(&**feed, *partition, EXCLUDED_AT_ONCE) {
                let told = feed.scores(*partition, player, 1, &mut |stands| {
                    let names = &settings.names;
                    group.stand_on_boards(*partition, stands, &rules, catalogue, names, at);
                });
                if told.is_none() {
                    excluded.forget(*partition);
                    break;
                }
            }
        }
    }

    /// What players have come to is written of tournaments that were filled, once these are shown.
    fn follow_filled(&mut self) {
        if let Some(filled) = self.catalogue.take_filled() {
            let filled = Arc::new(filled);
            for partition in &self.partitions {
                self.filled.entry(*partition).or_default().push(Arc::clone(&filled));
            }
        }
    }

    /// Writes it from the state, which is of no earlier batch than any that is written beside it. Where that fails, or where a
    /// partition is here no more, whoever begins writes it.
    async fn write_filled(&mut self, connected: &mut Connected, steps: &[Step]) -> Result<()> {
        let Self { settings, feed, catalogue, filled, .. } = self;
        let settings = &*settings;
        for Step { partition, from, next, .. } in steps {
            let upto = BTreeMap::from([(*partition, Upto { from: *from, next: *next })]);
            let with = With { settings, epoch: connected.epoch, upto: &upto };
            for boards in filled.remove(partition).unwrap_or_default() {
                let boards = boards.shown_in(catalogue);
                build_boards(&mut connected.link, with, &**feed, &boards, *partition).await?;
            }
        }
        Ok(())
    }

    async fn write_steps(
        &self,
        connected: &mut Connected,
        group: &Group,
        steps: &[Step],
    ) -> Result<Option<Wrote>> {
        let Connected { link, epoch, looked_at } = connected;
        let (epoch, settings) = (*epoch, &self.settings);
        let upto = steps.iter().map(|Step { partition, from, next, .. }| {
            (*partition, Upto { from: *from, next: *next })
        });
        let upto: BTreeMap<_, _> = upto.collect();
        let wrote = write(link, With { settings, epoch, upto: &upto }, group).await?;
        if self.is_to_ask_again && looked_at.elapsed() >= ASK_AGAIN_AFTER {
            return Ok(None);
        }
        if looked_at.elapsed() >= LOOK_EVERY && !self.is_to_ask_again {
            let progress = Progress::read(link, settings).await?;
            let is_there = progress.epoch == epoch
                && marks::are_servers_the_same(link, settings, &progress).await?
                && marks::are_all_there(link, settings).await?;
            if !is_there {
                return Ok(None);
            }
            *looked_at = Instant::now();
        }
        let steps = steps.iter().map(|step| {
            let position = Position { next: step.next, time: Some(step.time) };
            (Some(step.from), position, *step)
        });
        let steps: Vec<_> = steps.collect();
        Ok(advance(link, settings, epoch, &steps).await?.then_some(wrote))
    }
}

/// Whether a place is one of this journal, and what comes next can be read.
fn fits(feed: &dyn Feed, partition: u16, Position { next, time }: Position) -> bool {
    // Where it is not here, whoever has it will see.
    let Some(end) = feed.end(partition) else { return true };
    if next > end || next < end && matches!(feed.journal(partition, next), Ok(None)) {
        // It may have gone elsewhere in between.
        return feed.end(partition).is_none();
    }
    let found = time_of(feed, partition, next - 1).unwrap_or_default();
    time.is_none() || found.is_none() || found == time
}

impl Sink for Keys {
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
        // What was written while somebody else had a partition is not known.
        (self.group, self.excluded) = (Group::default(), Excluded::default());
        self.partitions = here.partitions.to_vec();
        let mut link = match self.connected.take() {
            Some(connected) => connected.link,
            None => Link::connect(&self.settings).await?,
        };
        for _ in 0..TRIES {
            let progress = self.ask(&mut link, here).await?;
            self.filled.clear();
            if let Some(positions) = self.build(&mut link, &progress, here).await? {
                self.follow_filled();
                let (epoch, looked_at) = (progress.epoch, Instant::now());
                self.connected = Some(Connected { link, epoch, looked_at });
                return Ok(positions);
            }
        }
        Err(Error::GoneAgain.into())
    }

    fn take(&mut self, batch: &Batch<'_>, names: &mut Names) -> std::result::Result<usize, Held> {
        let (of, now) = (&self.settings.names, now());
        self.catalogue.follow(batch.rules(), of, now, &mut self.group.changes)?;
        self.group.add(batch, names, &self.catalogue, of, &self.excluded, now)?;
        self.follow_filled();
        Ok(self.group.bytes())
    }

    async fn write(&mut self, steps: &[Step]) -> std::result::Result<Written, Failed> {
        let mut group = std::mem::take(&mut self.group);
        self.follow_exclusions(&mut group, steps);
        let mut connected = self.connected.take().ok_or_else(not_connected)?;
        self.write_filled(&mut connected, steps).await?;
        let wrote = self.write_steps(&mut connected, &group, steps).await?;
        self.connected = Some(connected);
        Ok(wrote
            .map_or(Written::Moved, |Wrote { records, refused }| Written::All { records, refused }))
    }

    async fn report(&mut self, behind: &[Behind]) -> std::result::Result<(), Failed> {
        let mut connected = self.connected.take().ok_or_else(not_connected)?;
        report(&mut connected.link, &self.settings, behind).await?;
        self.connected = Some(connected);
        Ok(())
    }

    async fn rebuild(&mut self) -> std::result::Result<(), Failed> {
        rebuild::restart(&self.settings).await?;
        Ok(())
    }
}

fn not_connected() -> Failed {
    Failed::Away("Redis is not connected".into())
}
