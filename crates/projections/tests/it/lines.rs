//! The smallest sink: a file with a line for each entry, and after each group a line with how far it comes.
//! What follows the last of those was not written whole, and is cut at the next start.

use std::fs::{File, OpenOptions, read_to_string};
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::Names;
use accolade_projections::running::Projection;
use accolade_projections::sink::{Failed, Here, Limits, Position, Positions, Sink, Step, Written};

use crate::house::{House, PARTITIONS, caught_up, player_of};

struct Lines {
    path: PathBuf,
    file: Option<File>,
    positions: Positions,
    ready: String,
}

fn away(error: std::io::Error) -> Failed {
    Failed::Away(error.to_string())
}

impl Sink for Lines {
    const BEGINS_ANEW: bool = false;

    fn limits(&self) -> Limits {
        let (pause, back_off_max) = (Duration::from_millis(5), Duration::from_secs(1));
        Limits { records_max: 100, bytes_max: 1 << 20, pause, back_off_max }
    }

    async fn positions(&mut self, here: &Here<'_>) -> Result<Positions, Failed> {
        self.ready.clear();
        let mut options = OpenOptions::new();
        let file = options.create(true).append(true).open(&self.path).map_err(away)?;
        let text = read_to_string(&self.path).map_err(away)?;
        let (mut whole, mut end) = (0, 0);
        for line in text.split_inclusive('\n') {
            end += line.len();
            whole = if line.starts_with('=') && line.ends_with('\n') { end } else { whole };
        }
        file.set_len(whole as u64).map_err(away)?;
        let first = Position { next: 1, time: None };
        self.positions = here.partitions.iter().map(|partition| (*partition, first)).collect();
        for line in text[..whole].lines().filter_map(|line| line.strip_prefix('=')) {
            for place in line.split_whitespace() {
                let (partition, next) = place.split_once(':').expect("we wrote it");
                let next = next.parse().expect("we wrote it");
                self.positions
                    .insert(partition.parse().expect("we wrote it"), Position { next, time: None });
            }
        }
        self.file = Some(file);
        Ok(self.positions.clone())
    }

    fn take(&mut self, batch: &Batch<'_>, names: &mut Names) -> Result<usize, Held> {
        let players = names.of(batch)?;
        for recorded in batch.outcomes()? {
            for entry in recorded?.entries.iter().map(|stored| &stored.entry) {
                let player = players.find(entry.operator, entry.subject);
                let name = player.map_or("(erased)", |player| player.name);
                let line = format!("{name} {} {}\n", entry.cause, entry.points);
                self.ready.push_str(&line);
            }
        }
        Ok(self.ready.len())
    }

    async fn write(&mut self, steps: &[Step]) -> Result<Written, Failed> {
        let records = self.ready.lines().count() as u64;
        let places = steps.iter().map(|step| format!(" {}:{}", step.partition, step.next));
        let places = format!("\n={}\n", places.collect::<String>());
        self.ready.push_str(&places);
        let file = self.file.as_mut().ok_or_else(|| Failed::Away("it is not open".into()))?;
        file.write_all(self.ready.as_bytes()).map_err(away)?;
        self.ready.clear();
        Ok(Written::All { records, refused: Vec::new() })
    }

    async fn rebuild(&mut self) -> Result<(), Failed> {
        std::fs::remove_file(&self.path).map_err(away)
    }
}

#[test]
fn a_file_of_lines_has_each_entry_once_whenever_its_writer_is_stopped_or_cut_off() {
    let (house, folder) = (House::open(), tempfile::tempdir().unwrap());
    let path = folder.path().join("lines");
    let start = || {
        let (path, ready, positions) = (path.clone(), String::new(), Positions::new());
        let sink = Lines { path, file: None, positions, ready };
        Projection::start("lines", sink, house.feed()).unwrap()
    };
    let mut expected = Vec::new();
    for round in 0..5 {
        let projection = start();
        for number in 0..20 {
            for player in (0..PARTITIONS).map(player_of) {
                let id = format!("{player}-{round}-{number}");
                house.wager(&id, &player);
                expected.push(format!("{player} {id} 1.00"));
            }
        }
        if round % 2 == 0 {
            caught_up(&projection);
        }
        projection.stop();
        // As a crash leaves it.
        let file = OpenOptions::new().write(true).open(&path).unwrap();
        let length = file.metadata().unwrap().len();
        file.set_len(length.saturating_sub(round * 13)).unwrap();
    }
    let projection = start();
    caught_up(&projection);
    let text = read_to_string(&path).unwrap();
    let is_entry = |line: &&str| !line.is_empty() && !line.starts_with('=');
    let mut lines: Vec<_> = text.lines().filter(is_entry).map(str::to_owned).collect();
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected);
}
