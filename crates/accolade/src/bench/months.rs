//! Accounts with points of twelve months. Events older than a week are dead letters, so a year cannot be played: a log
//! is written whose batches are of each month, and the node makes everything from it as it replays any log.

use std::path::Path;
use std::sync::Arc;

use accolade_domain::event::Event;
use accolade_domain::time::Timestamp;
use accolade_engine::behaviour::{KNOWN, newest};
use accolade_engine::disk::Disk;
use accolade_storage::disk::RealDisk;
use accolade_storage::genesis;
use accolade_storage::log::LogWriter;
use accolade_storage::open::{Options, open};
use accolade_wire::event::read_wager;
use accolade_wire::identity::partition_of;
use accolade_wire::record::{Kind, Record, Source};
use jiff::civil::{Time, time};
use jiff::tz::TimeZone;
use jiff::{ToSpan, Zoned};

use super::embedded::founding;
use super::load::{Load, OPERATOR};

const MONTHS: i64 = 12;
const NOON: Time = time(12, 0, 0, 0);
/// Records of a frame.
const FRAME: u64 = 20_000;
/// Two units of any currency are more than the least that counts: in units of 10^-18.
const STAKE_LEAST: u128 = 2_000_000_000_000_000_000;

/// Writes the log of an operator by `program`, each of whose players has earned in each of twelve months.
pub(crate) fn write(
    data_dir: &Path,
    options: &Options,
    program: &str,
    players: u64,
) -> anyhow::Result<()> {
    std::fs::create_dir_all(data_dir)?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(data_dir)?);
    let mut log = open(&disk, options)?.log;
    let mut load = Load::new(9, players);
    let months = (0..MONTHS).rev().map(noon_of).collect::<anyhow::Result<Vec<_>>>()?;
    put_controls(&mut log, months[0], program)?;
    for at in months {
        for number in 0..players {
            put_wager(&mut log, &mut load, number, at);
            if number % FRAME == FRAME - 1 {
                log.commit(at, [7; 32])?;
            }
        }
        log.commit(at, [7; 32])?;
    }
    Ok(())
}

/// Noon of the first of the month so many months ago; of the present one, now.
fn noon_of(months_ago: i64) -> anyhow::Result<Timestamp> {
    let now = Zoned::now().with_time_zone(TimeZone::UTC);
    let then = if months_ago == 0 {
        now
    } else {
        let first = now.date().first_of_month().checked_sub(months_ago.months())?;
        first.to_datetime(NOON).to_zoned(TimeZone::UTC)?
    };
    Ok(Timestamp::from_micros(then.timestamp().as_microsecond()))
}

fn put_controls(log: &mut LogWriter, at: Timestamp, program: &str) -> anyhow::Result<()> {
    let put = |log: &mut LogWriter, body: &[u8]| {
        let (kind, source, operator) = (Kind::Control, Source::Node, "");
        let mut record = Vec::new();
        Record { kind, source, operator, received_at: at, origin: None, body }.write(&mut record);
        log.put_control(&record);
    };
    put(log, &genesis::body(log.partitions(), newest(KNOWN))?);
    for control in founding(program, at) {
        put(log, &serde_json::to_vec(&control)?);
    }
    log.commit(at, [7; 32])?;
    Ok(())
}

/// A wager that counts.
fn put_wager(log: &mut LogWriter, load: &mut Load, player: u64, at: Timestamp) {
    loop {
        let body = load.wager_of(player, at);
        let Ok(Event::Wager(wager)) = read_wager(body) else { unreachable!("the load is valid") };
        if wager.game_category == "sports" || wager.stake.atto() < STAKE_LEAST {
            continue;
        }
        let partition = partition_of(&wager.player_id, log.partitions());
        let (kind, source, operator) = (Kind::Wager, Source::Http, OPERATOR);
        let mut record = Vec::with_capacity(512);
        Record { kind, source, operator, received_at: at, origin: None, body }.write(&mut record);
        log.put(partition, &record, None);
        return;
    }
}
