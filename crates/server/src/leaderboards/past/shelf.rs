//! The files of one partition: each begins with all leaderboards as they were at its time, and has what has changed
//! since.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use accolade_domain::time::{DAY_MICROS, HOUR_MICROS, Timestamp};
use accolade_engine::disk::{Disk, DiskFile};

use super::frames::{Board, Frame, Stands, damaged, head, read};

/// The folder within the data directory.
const FOLDER: &str = "leaderboards";
/// A file that is being made.
const UNFINISHED: &str = "new";
/// Lines of one frame at most.
const LINES_MAX: usize = 1 << 16;
/// So often something is written where nothing has changed, so that a restart need not read much again.
const MARK_MICROS: i64 = 600_000_000;

/// The files of one partition, for who writes them.
#[derive(Debug)]
pub(super) struct Shelf {
    disk: Arc<dyn Disk>,
    partition: u16,
    /// Oldest first, without gaps; the last one is being written.
    files: Vec<Kept>,
    writing: Writing,
}

/// A file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kept {
    /// It answers from this time on.
    pub(super) from: Timestamp,
    /// So long it is.
    pub(super) bytes: u64,
}

/// The file that is being written. Between two writes it is closed: there are as many as partitions.
#[derive(Debug)]
struct Writing {
    /// Of the last frame.
    time: Timestamp,
    next: u64,
    lines: u64,
}

/// A file that is being made.
#[derive(Debug)]
pub(super) struct Making {
    disk: Arc<dyn Disk>,
    partition: u16,
    file: Arc<dyn DiskFile>,
    bytes: u64,
    lines: u64,
    last: (Timestamp, u64),
}

fn folder_of(partition: u16) -> String {
    format!("{FOLDER}/{partition:05}")
}

fn path_of(partition: u16, from: Timestamp) -> String {
    format!("{}/{:019}", folder_of(partition), from.micros())
}

/// What a partition's leaderboard was at a time that its file answers for.
pub(super) fn stands_at(
    disk: &dyn Disk,
    partition: u16,
    Kept { from, bytes }: Kept,
    board: Board,
    at: Timestamp,
) -> io::Result<Stands> {
    let file = disk.open(&path_of(partition, from))?;
    let (mut stands, mut is_all) = (Stands::new(), false);
    let end = read(&*file, (partition, from), &mut |frame| {
        if frame.time > at {
            is_all = true;
            return Ok(false);
        }
        frame.apply(board, &mut stands).map_err(|error| damaged(&error.to_string()))?;
        Ok(true)
    })?;
    if !is_all && end < bytes {
        return Err(damaged("a file of leaderboards is damaged"));
    }
    Ok(stands)
}

impl Making {
    pub(super) fn begin(disk: &Arc<dyn Disk>, partition: u16) -> io::Result<Self> {
        let path = format!("{}/{UNFINISHED}", folder_of(partition));
        match disk.remove(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let (disk, file) = (Arc::clone(disk), disk.create(&path, 0)?);
        let (bytes, lines) = (super::frames::HEAD_BYTES, 0);
        Ok(Self { disk, partition, file, bytes, lines, last: (Timestamp::default(), 0) })
    }

    /// Adds what players had come to.
    pub(super) fn add(&mut self, frame: &Frame) -> io::Result<()> {
        let bytes = frame.to_bytes();
        self.file.write_at(&bytes, self.bytes)?;
        self.bytes += bytes.len() as u64;
        self.lines += frame.lines();
        self.last = (frame.time, frame.next);
        Ok(())
    }

    /// It answers from a time on.
    fn finish(self, from: Timestamp) -> io::Result<(Kept, Writing)> {
        let Self { disk, partition, file, bytes, lines, last: (time, next) } = self;
        file.write_at(&head(partition, from), 0)?;
        file.sync()?;
        let folder = folder_of(partition);
        disk.rename(&format!("{folder}/{UNFINISHED}"), &path_of(partition, from))?;
        disk.sync_dir(&folder)?;
        Ok((Kept { from, bytes }, Writing { time, next, lines }))
    }
}

impl Shelf {
    /// What there is of a partition; nothing where there is nothing that can be gone on with. A file that was not synced
    /// before the machine crashed is no loss: what is missing is taken of the journal again.
    pub(super) fn open(disk: &Arc<dyn Disk>, partition: u16) -> io::Result<Option<Self>> {
        let folder = folder_of(partition);
        let mut froms = BTreeSet::new();
        for name in disk.list(&folder)? {
            if let Ok(micros) = name.parse() {
                froms.insert(Timestamp::from_micros(micros));
            }
        }
        while let Some(last) = froms.last().copied() {
            let path = path_of(partition, last);
            let file = disk.open(&path)?;
            match Writing::go_on(&*file, (partition, last)) {
                Ok((writing, end)) => {
                    file.set_len(end)?;
                    let mut files = Vec::new();
                    for from in froms {
                        let bytes = disk.open(&path_of(partition, from))?.len()?;
                        files.push(Kept { from, bytes });
                    }
                    return Ok(Some(Self { disk: Arc::clone(disk), partition, files, writing }));
                }
                Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                    tracing::error!(path, %error, "a file of leaderboards is removed");
                    disk.remove(&path)?;
                    froms.remove(&last);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Begins with a file that was made: what was before is not gone on with, and is removed.
    pub(super) fn begin(making: Making, from: Timestamp) -> io::Result<Self> {
        let (disk, partition) = (Arc::clone(&making.disk), making.partition);
        for name in disk.list(&folder_of(partition))? {
            if name != UNFINISHED {
                disk.remove(&format!("{}/{name}", folder_of(partition)))?;
            }
        }
        let (kept, writing) = making.finish(from)?;
        Ok(Self { disk, partition, files: vec![kept], writing })
    }

    /// The next batch that it lacks.
    pub(super) const fn next(&self) -> u64 {
        self.writing.next
    }

    /// The time of what was written last.
    pub(super) const fn time(&self) -> Timestamp {
        self.writing.time
    }

    pub(super) fn files(&self) -> &[Kept] {
        &self.files
    }

    fn last(&self) -> Kept {
        *self.files.last().expect("there is one that is written")
    }

    /// The file that is being written.
    fn file(&self) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.open(&path_of(self.partition, self.last().from))
    }

    /// Writes what has changed. `is_kept` says of which leaderboards the next file goes on to tell.
    pub(super) fn add(
        &mut self,
        frame: &Frame,
        is_kept: &dyn Fn(Board, Timestamp) -> bool,
    ) -> io::Result<()> {
        let is_due = frame.time.micros() >= self.writing.time.micros().saturating_add(MARK_MICROS);
        if frame.boards.is_empty() && !is_due {
            return Ok(());
        }
        self.begin_another(frame.time, is_kept)?;
        let bytes = frame.to_bytes();
        let file = self.file()?;
        let last = self.files.last_mut().expect("there is one that is written");
        file.write_at(&bytes, last.bytes)?;
        last.bytes += bytes.len() as u64;
        self.writing.lines += frame.lines();
        (self.writing.time, self.writing.next) = (frame.time, frame.next);
        Ok(())
    }

    /// Begins another file where an hour is over, or, where nobody has come to anything, a day.
    fn begin_another(
        &mut self,
        time: Timestamp,
        is_kept: &dyn Fn(Board, Timestamp) -> bool,
    ) -> io::Result<()> {
        let last = self.last();
        let hour = Timestamp::from_micros(time.plus_micros(-1).hour() * HOUR_MICROS);
        let Writing { next, lines, .. } = &self.writing;
        let is_over = hour > last.from && hour >= self.writing.time;
        let is_worth_it = *lines > 0 || hour.micros() - last.from.micros() >= DAY_MICROS;
        if !is_over || !is_worth_it {
            return Ok(());
        }
        // The one that follows counts only where this one is whole.
        self.file()?.sync()?;
        let mut making = Making::begin(&self.disk, self.partition)?;
        for board in self.boards(&last)? {
            if is_kept(board, hour) {
                let stands = stands_at(&*self.disk, self.partition, last, board, hour)?;
                for frame in frames_of(board, stands, hour, *next) {
                    making.add(&frame)?;
                }
            }
        }
        making.add(&Frame { time: hour, next: *next, ..Frame::default() })?;
        let (kept, writing) = making.finish(hour)?;
        self.files.push(kept);
        self.writing = writing;
        Ok(())
    }

    /// Of which leaderboards a file tells.
    fn boards(&self, kept: &Kept) -> io::Result<BTreeSet<Board>> {
        let file = self.disk.open(&path_of(self.partition, kept.from))?;
        let mut boards = BTreeSet::new();
        read(&*file, (self.partition, kept.from), &mut |frame| {
            let each = |board: Board, _, _: &[u8]| {
                boards.insert(board);
                Ok(())
            };
            frame.boards(each).map_err(|error| damaged(&error.to_string()))?;
            Ok(true)
        })?;
        Ok(boards)
    }

    /// Lets go of files that answer for no time after `before`, and of the oldest while all of them are longer than so many
    /// bytes.
    pub(super) fn forget(&mut self, before: Timestamp, bytes_max: u64) -> io::Result<()> {
        let mut bytes: u64 = self.files.iter().map(|kept| kept.bytes).sum();
        while let [first, second, ..] = *self.files
            && (second.from < before || bytes > bytes_max)
        {
            self.disk.remove(&path_of(self.partition, first.from))?;
            self.files.remove(0);
            bytes -= first.bytes;
        }
        Ok(())
    }
}

impl Writing {
    /// Finds where a file goes on.
    fn go_on(file: &dyn DiskFile, of: (u16, Timestamp)) -> io::Result<(Self, u64)> {
        let (mut last, mut lines) = (None, 0);
        let end = read(file, of, &mut |frame| {
            last = Some((frame.time, frame.next));
            let each = |_, count: u64, _: &[u8]| {
                lines += count;
                Ok(())
            };
            frame.boards(each).map_err(|error| damaged(&error.to_string()))?;
            Ok(true)
        })?;
        let (time, next) =
            last.ok_or_else(|| damaged("a file of leaderboards has no beginning"))?;
        Ok((Self { time, next, lines }, end))
    }
}

/// All of a leaderboard, in frames that are not too long. Who has no events any more is as if never there.
fn frames_of(
    board: Board,
    stands: Stands,
    time: Timestamp,
    next: u64,
) -> impl Iterator<Item = Frame> {
    let mut left = stands.into_iter().filter(|(_, stand)| stand.events > 0).peekable();
    std::iter::from_fn(move || {
        left.peek()?;
        let some = left.by_ref().take(LINES_MAX).collect();
        Some(Frame { time, next, boards: [(board, some)].into() })
    })
}

#[cfg(test)]
mod tests {
    use accolade_domain::ledger::Subject;
    use accolade_domain::ranking::Score;
    use accolade_storage::disk::RealDisk;
    use proptest::prelude::*;

    use super::super::frames::Stand;
    use super::*;

    const TEN_SECONDS: i64 = 10_000_000;

    /// What changes: a leaderboard, a player, and what they have come to with how many events.
    type Change = (u32, u8, i128, u64);

    fn frame(number: usize, at: i64, changes: &[Change]) -> Frame {
        let mut frame = Frame { next: number as u64 + 1, ..Frame::default() };
        frame.time = Timestamp::from_micros(at * TEN_SECONDS);
        for (board, player, score, events) in changes {
            let stand = Stand {
                score: Score(*score),
                events: *events,
                changed_at: frame.time,
                batch: number as u64,
                slot: 1,
            };
            let stands = frame.boards.entry((1, *board)).or_default();
            stands.insert(Subject([*player; 16]), stand);
        }
        frame
    }

    fn begun(disk: &Arc<dyn Disk>) -> Shelf {
        let mut making = Making::begin(disk, 3).unwrap();
        making.add(&Frame::default()).unwrap();
        Shelf::begin(making, Timestamp::default()).unwrap()
    }

    /// Opens it again after the file that is written was cut, as when the machine has crashed.
    fn crashed(shelf: Shelf, lost: prop::sample::Index) -> Shelf {
        let disk = Arc::clone(&shelf.disk);
        let last = *shelf.files.last().unwrap();
        let file = disk.open(&path_of(3, last.from)).unwrap();
        // What was synced before the file had its name is never lost: it ends with a frame without leaderboards.
        let end = read(&*file, (3, last.from), &mut |frame| {
            let mut boards = 0;
            let each = |_, _, _: &[u8]| {
                boards += 1;
                Ok(())
            };
            frame.boards(each).unwrap();
            Ok(boards > 0)
        });
        let written = usize::try_from(last.bytes - end.unwrap() - 24).unwrap();
        file.set_len(last.bytes - lost.index(written + 1) as u64).unwrap();
        drop(shelf);
        Shelf::open(&disk, 3).unwrap().unwrap_or_else(|| begun(&disk))
    }

    fn naive(frames: &[Frame], board: Board, at: Timestamp) -> Stands {
        let mut stands = Stands::new();
        for frame in frames.iter().filter(|frame| frame.time <= at) {
            stands.extend(frame.boards.get(&board).into_iter().flatten());
        }
        stands.retain(|_, stand| stand.events > 0);
        stands
    }

    proptest! {
        #[test]
        fn whatever_was_is_told_over_hours_and_crashes(
            steps in prop::collection::vec(
                (1_i64..200, prop::collection::vec((0..3_u32, 0..4_u8, 0..3_i128, 0..3_u64), 0..3)),
                1..40,
            ),
            crashes in prop::collection::btree_map(0..40_usize, any::<prop::sample::Index>(), 0..4),
            asked in prop::collection::vec(0..8_000_i64, 20),
        ) {
            let mut at = 0;
            let frames: Vec<Frame> = steps.iter().enumerate().map(|(number, (later, changes))| {
                at += later;
                frame(number, at, changes)
            }).collect();
            let directory = tempfile::tempdir().unwrap();
            let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path()).unwrap());
            let mut shelf = begun(&disk);
            let mut number = 0;
            let mut crashes = crashes;
            while let Some(frame) = frames.get(number) {
                shelf.add(frame, &|_, _| true).unwrap();
                number += 1;
                if let Some(lost) = crashes.remove(&number) {
                    shelf = crashed(shelf, lost);
                    number = usize::try_from(shelf.next()).unwrap();
                }
            }
            for at in asked {
                let at = Timestamp::from_micros(at * TEN_SECONDS);
                let kept = shelf.files.iter().rfind(|kept| kept.from <= at).unwrap();
                for board in [(1, 0), (1, 1), (1, 2)] {
                    let mut told = stands_at(&*disk, 3, *kept, board, at).unwrap();
                    told.retain(|_, stand| stand.events > 0);
                    prop_assert_eq!(told, naive(&frames, board, at));
                }
            }
            for pair in shelf.files.windows(2) {
                prop_assert!(pair[0].from < pair[1].from);
            }
        }
    }

    #[test]
    fn files_go_by_age_and_by_length_and_a_leaderboard_that_is_over_is_not_gone_on_with() {
        let directory = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path()).unwrap());
        let mut shelf = begun(&disk);
        let hour = |hour: i64| Timestamp::from_micros(hour * HOUR_MICROS);
        let is_kept = |(_, board): Board, at| board != 1 || at < hour(2);
        for number in 0..6 {
            let at = i64::try_from(number).unwrap() * 360 + 1;
            let changes = [(0, 1, 1, 1), (1, 1, 1, 1)];
            shelf
                .add(&frame(number, at, &changes[..if number == 0 { 2 } else { 1 }]), &is_kept)
                .unwrap();
        }
        let froms = |shelf: &Shelf| -> Vec<i64> {
            shelf.files.iter().map(|kept| kept.from.hour()).collect()
        };
        assert_eq!(froms(&shelf), [0, 1, 2, 3, 4, 5]);
        let told = |shelf: &Shelf, at: usize| shelf.boards(&shelf.files[at]).unwrap().len();
        assert_eq!([0, 1, 2].map(|at| told(&shelf, at)), [2, 2, 1]);
        shelf.forget(hour(2), u64::MAX).unwrap();
        assert_eq!(froms(&shelf), [1, 2, 3, 4, 5], "the first one answers until the second does");
        let longest = shelf.files[3].bytes + shelf.files[4].bytes;
        shelf.forget(hour(0), longest).unwrap();
        assert_eq!(froms(&shelf), [4, 5]);
        shelf.forget(hour(9), 0).unwrap();
        assert_eq!(froms(&shelf), [5], "what is written stays");
        assert_eq!(disk.list("leaderboards/00003").unwrap().len(), 1);
    }

    #[test]
    fn damage_among_what_was_shown_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path()).unwrap());
        let mut shelf = begun(&disk);
        for number in 0..3 {
            let at = i64::try_from(number).unwrap() + 1;
            shelf.add(&frame(number, at, &[(0, 1, 1, 1)]), &|_, _| true).unwrap();
        }
        let kept = shelf.files[0];
        let path = path_of(3, kept.from);
        disk.open(&path).unwrap().write_at(&[0xff], 100).unwrap();
        let at = |seconds: i64| {
            let at = Timestamp::from_micros(seconds * 1_000_000);
            stands_at(&*disk, 3, kept, (1, 0), at).map(|stands| stands.len())
        };
        assert_eq!(at(30).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert_eq!(at(0).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
