//! What an id and a void cost, and what of the lookup is in memory, after a day, two months and two years of a
//! small operator. Time is simulated; runs are written, merged and asked as a node does it.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use accolade_engine::disk::Disk;
use accolade_engine::ids::IdEntry;
use accolade_engine::store::{Ask, Hours};
use accolade_storage::disk::RealDisk;
use accolade_storage::lookup::{Limits, Lookup};
use accolade_storage::run::RunEntry;
use accolade_wire::identity::{Content, IdHash};

use super::load::Random;

/// The days after which there are figures.
pub(crate) const DAYS: [i64; 3] = [1, 60, 730];
/// Ids of an hour.
pub(crate) const IDS: u64 = 2_000;
const PARTITIONS: u64 = 16;
/// Between two runs, unless figures are wanted. A node seals more seldom: 2 M ids at a time.
const SEAL_DAYS: i64 = 5;
const START_HOUR: i64 = 490_000;
const WINDOW_HOURS: u64 = 168;
/// Asks of one batch, and how many batches are measured.
const ASKS: usize = 500;
const BATCHES: usize = 100;

/// What one kind of question costs.
#[derive(Debug)]
pub(crate) struct Cost {
    pub(crate) what: &'static str,
    pub(crate) micros: f64,
    /// Sections whose filter was asked, for each question.
    pub(crate) sections: f64,
    /// Those in which the id was looked for.
    pub(crate) looked_into: f64,
}

/// What there is after some days, with so much memory for filters.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) days: i64,
    pub(crate) is_resident: bool,
    pub(crate) ids: u64,
    pub(crate) sections: u64,
    pub(crate) files: u64,
    pub(crate) filter_bytes: u64,
    pub(crate) index_bytes: u64,
    pub(crate) costs: Vec<Cost>,
}

/// Lets the days pass in `folder`, and gives the figures, with all filters in memory and with none.
pub(crate) fn pass(
    folder: &Path,
    days: &[i64],
    give: &mut dyn FnMut(&Figures),
) -> anyhow::Result<()> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(folder)?);
    disk.sync_dir("lookup")?;
    let mut operator = Operator::new();
    let mut lookup = open(&disk, &[], START_HOUR, u64::MAX)?;
    for day in 1..=days.iter().copied().max().unwrap_or(0) {
        operator.day();
        if day % SEAL_DAYS != 0 && !days.contains(&day) {
            continue;
        }
        lookup.set_now_hour(operator.hour);
        lookup.write_run(operator.waiting.drain(..))?;
        while lookup.tidy()? {}
        lookup.remove_dead(&[])?;
        if days.contains(&day) {
            for filter_bytes_max in [0, u64::MAX] {
                lookup = open(&disk, &lookup.live(), operator.hour, filter_bytes_max)?;
                give(&figures(&lookup, &mut operator, day)?);
            }
        }
    }
    Ok(())
}

fn open(
    disk: &Arc<dyn Disk>,
    live: &[(u64, u32)],
    hour: i64,
    filter_bytes_max: u64,
) -> std::io::Result<Lookup> {
    let lookup = Lookup::recover(Arc::clone(disk), live, hour, Limits::new(filter_bytes_max))?;
    while lookup.tidy()? {}
    Ok(lookup)
}

/// Whose ids they are.
struct Operator {
    random: Random,
    hour: i64,
    /// The ids of the last day, with their partitions.
    last_day: Vec<(u16, IdHash)>,
    /// What is not in a run yet.
    waiting: Vec<RunEntry>,
}

impl Operator {
    fn new() -> Self {
        Self { random: Random::new(8), hour: START_HOUR, last_day: Vec::new(), waiting: Vec::new() }
    }

    fn new_id(&mut self) -> IdHash {
        IdHash([self.random.next(), self.random.next()])
    }

    /// Lets a day pass. One of fifty ids comes late.
    fn day(&mut self) {
        self.last_day.clear();
        for _ in 0..24 {
            self.hour += 1;
            for number in 0..IDS {
                let is_late = self.random.below(50) == 0;
                let late = if is_late { self.random.below(WINDOW_HOURS).cast_signed() } else { 0 };
                let (id, partition) = (self.new_id(), self.random.below(PARTITIONS) as u16);
                let batch = (self.hour - START_HOUR) as u64 * IDS + number;
                let (content, hour) = (Content(batch), self.hour - late);
                let entry = IdEntry { id, content, batch, slot: 1, player: 1, hour };
                self.last_day.push((partition, id));
                self.waiting.push(RunEntry { partition, entry });
            }
        }
    }
}

fn figures(lookup: &Lookup, operator: &mut Operator, days: i64) -> anyhow::Result<Figures> {
    let resident = lookup.resident();
    let hour = operator.hour;
    let recent = Hours { from: hour - 24, to: hour + 1, own: hour };
    let partition_of = |at: usize| (at as u64 % PARTITIONS) as u16;
    let mut new_ids = |hours| -> Vec<(u16, Vec<Ask>)> {
        let mut batch = |at| {
            let ask = |_| ask(operator.new_id(), hours);
            (partition_of(at), (0..ASKS).map(ask).collect())
        };
        (0..BATCHES).map(&mut batch).collect()
    };
    let (wagers, nowhere) = (new_ids(recent), new_ids(Hours::ALL));
    let of_yesterday: Vec<(u16, Vec<Ask>)> = (0..BATCHES.min(PARTITIONS as usize))
        .map(|at| {
            let own =
                operator.last_day.iter().filter(|(partition, _)| *partition == partition_of(at));
            let asks = own.take(ASKS).map(|(_, id)| ask(*id, Hours::ALL));
            (partition_of(at), asks.collect())
        })
        .collect();
    let costs = vec![
        cost("a new id", lookup, &wagers, false)?,
        cost("a void of the last day", lookup, &of_yesterday, true)?,
        cost("a void of nothing", lookup, &nowhere, false)?,
    ];
    Ok(Figures {
        days,
        is_resident: resident.filtered_ids > 0,
        ids: resident.ids,
        sections: resident.sections,
        files: resident.files,
        filter_bytes: resident.filter_bytes,
        index_bytes: resident.index_bytes,
        costs,
    })
}

const fn ask(id: IdHash, hours: Hours) -> Ask {
    Ask { id, player: 1, hours, before_batch: u64::MAX }
}

fn cost(
    what: &'static str,
    lookup: &Lookup,
    batches: &[(u16, Vec<Ask>)],
    is_there: bool,
) -> anyhow::Result<Cost> {
    let (mut asked, mut sections, mut looked_into) = (0, 0, 0);
    let mut found = Vec::new();
    let began = Instant::now();
    for (partition, asks) in batches {
        found.clear();
        let effort = lookup.earlier(*partition, asks, &mut found)?;
        asked += asks.len();
        sections += effort.sections;
        looked_into += effort.looked_into;
        anyhow::ensure!(found.iter().all(|it| it.is_some() == is_there), "{what}: a wrong answer");
    }
    let each = 1.0 / asked.max(1) as f64;
    Ok(Cost {
        what,
        micros: began.elapsed().as_secs_f64() * 1e6 * each,
        sections: sections as f64 * each,
        looked_into: looked_into as f64 * each,
    })
}
