//! All of a partition, from its state.
//!
//! The journal has everything from the first batch on, which may be years ago, and most of it is of tournaments that nobody
//! shows any more. So whoever begins takes what players have come to, and follows the journal from the batch at which it
//! looked first; what it sees twice is written twice.

use std::collections::BTreeMap;

use accolade_engine::feed::Feed;
use accolade_projections::batch::time_of;
use accolade_projections::sink::{Position, Step};

use crate::catalogue::Catalogue;
use crate::connection::Link;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::progress::{advance, now};
use crate::settings::Settings;
use crate::writing::{Upto, With, write};

/// Players that are looked at, and written, at once.
const PLAYERS_AT_ONCE: usize = 1_000;

/// What became of a partition.
#[derive(Debug)]
pub(crate) enum Built {
    /// It is written, and goes on there.
    Upto(Position),
    /// Its state is not here, at least not at this moment.
    NotHere,
    /// Somebody else has written it meanwhile, or everything has begun anew.
    Moved,
}

/// Writes all that players of a partition have come to.
pub(crate) async fn build(
    link: &mut Link,
    settings: &Settings,
    epoch: u64,
    feed: &dyn Feed,
    boards: &Catalogue,
    partition: u16,
) -> Result<Built> {
    // First this, then the state: what it shows is of this batch or a later one.
    let Some(next) = feed.end(partition) else { return Ok(Built::NotHere) };
    let upto = BTreeMap::from([(partition, Upto { from: next, next })]);
    let with = With { settings, epoch, upto: &upto };
    let (mut from, mut records) = (0, 0);
    loop {
        let mut group = Group::default();
        let (rules, at) = (feed.rules(), now());
        let told = feed.standings(partition, from, PLAYERS_AT_ONCE, &mut |stands| {
            group.stand(partition, stands, &rules, boards, &settings.names, at);
        });
        let Some(told) = told.map_err(|error| Error::State(partition, error))? else {
            return Ok(Built::NotHere);
        };
        records += write(link, with, &group).await?.records;
        if told < PLAYERS_AT_ONCE {
            break;
        }
        from += u32::try_from(told).expect("no more than were asked for");
        tokio::task::yield_now().await;
    }
    // Without its time the place is taken as it is.
    let time = time_of(feed, partition, next - 1).unwrap_or_default();
    let position = Position { next, time };
    let step =
        Step { partition, from: next, next, journal_end: next, time: time.unwrap_or_default() };
    if !advance(link, settings, epoch, &[(None, position, step)]).await? {
        return Ok(Built::Moved);
    }
    tracing::info!(
        partition,
        next,
        records,
        "Redis has a partition as it is, and goes on from there"
    );
    Ok(Built::Upto(position))
}

/// Writes what players of a partition have come to on some leaderboards, as far as the partition is here.
pub(crate) async fn build_boards(
    link: &mut Link,
    with: With<'_>,
    feed: &dyn Feed,
    boards: &Catalogue,
    partition: u16,
) -> Result<()> {
    let mut from = 0;
    loop {
        let mut group = Group::default();
        let (rules, at) = (feed.rules(), now());
        let told = feed.scores(partition, from, PLAYERS_AT_ONCE, &mut |stands| {
            group.stand_on_boards(partition, stands, &rules, boards, &with.settings.names, at);
        });
        if group.bytes() > 0 {
            write(link, with, &group).await?;
        }
        let Some(told) = told.filter(|told| *told == PLAYERS_AT_ONCE) else { return Ok(()) };
        from += u32::try_from(told).expect("no more than were asked for");
        tokio::task::yield_now().await;
    }
}
