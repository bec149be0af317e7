//! A disk in memory that forgets, tears and breaks as real ones do, always alike for one seed.
//!
//! There are two views: what the running program sees, and what a crash cannot take. Whatever was
//! not synced lies between them as a list of changes, of which a crash keeps any part.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, Result};
use std::sync::{Arc, Mutex, MutexGuard};

use accolade_engine::disk::{Disk, DiskFile};

use crate::contents::{Change, Contents};
use crate::random::Random;

const SECTOR_BYTES: u64 = 512;

/// What goes wrong, and when. Operations are counted from 1 over the life of the disk; reads,
/// opens and lists count as well.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// This operation, and every later one until [`SimulatedDisk::crash`], returns an error that
    /// [`is_crash`] knows. What the operation itself would have changed may survive.
    pub crash_at: Option<u64>,
    /// This operation fails with an I/O error and changes nothing; later ones work again.
    pub fail_at: Option<u64>,
    /// The sync with this number (syncs of files, counted from 1) fails. As on Linux, what it
    /// should have saved stays readable, is never written by a later sync, and a crash loses it.
    pub fail_sync_at: Option<u64>,
    /// Bytes that all files together may have, allocated ones included.
    pub capacity_bytes: Option<u64>,
}

/// Whether `error` says that the simulated machine has crashed.
pub fn is_crash(error: &Error) -> bool {
    error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Crashed>)
}

#[derive(Debug, thiserror::Error)]
#[error("the simulated machine has crashed")]
struct Crashed;

/// A disk in memory; a clone is another handle to the same disk.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    faults: Faults,
    operations: u64,
    syncs: u64,
    /// Counts crashes: a file that was opened before one is dead.
    epoch: u64,
    files: BTreeMap<u64, File>,
    next_file: u64,
    folders: BTreeSet<String>,
    /// Folders whose own name survives a crash, and with it what is in them.
    durable_folders: BTreeSet<String>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    name_changes: Vec<NameChange>,
}

#[derive(Debug, Default)]
struct File {
    seen: Contents,
    durable: Contents,
    changes: Vec<Change>,
}

#[derive(Debug, Clone)]
enum NameChange {
    Create(String, u64),
    Remove(String),
    Rename(String, String),
}

#[derive(Debug)]
struct OpenFile {
    disk: SimulatedDisk,
    epoch: u64,
    file: u64,
}

impl SimulatedDisk {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Operations so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Syncs of files so far.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Whether the machine has stopped at [`Faults::crash_at`] and waits for
    /// [`SimulatedDisk::crash`].
    pub fn has_crashed(&self) -> bool {
        self.state().has_crashed()
    }

    /// Bytes of all files together, allocated ones included.
    pub fn used_bytes(&self) -> u64 {
        self.state().used_bytes()
    }

    /// All files with their lengths, by path.
    pub fn files(&self) -> Vec<(String, u64)> {
        let state = self.state();
        let len = |file: &u64| state.files[file].seen.len();
        state.names.iter().map(|(path, file)| (path.clone(), len(file))).collect()
    }

    /// Turns over one bit of a file at rest; nothing where there is no such file or bit.
    pub fn flip(&self, path: &str, bit: u64) {
        let mut state = self.state();
        if let Some(file) = state.names.get(path).copied() {
            let file = state.files.get_mut(&file).expect("a name leads to a file");
            file.seen.flip(bit);
            file.durable.flip(bit);
        }
    }

    /// Another disk with what this one holds, sharing nothing, and without faults.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        let state = self.state();
        let names = state.names.clone();
        let copy = |file: &u64| {
            let seen = state.files[file].seen.clone();
            (*file, File { durable: seen.clone(), seen, changes: Vec::new() })
        };
        let files = names.values().map(copy).collect();
        Self(Arc::new(Mutex::new(State {
            files,
            next_file: state.next_file,
            folders: state.folders.clone(),
            durable_folders: state.folders.clone(),
            durable_names: names.clone(),
            names,
            ..State::default()
        })))
    }

    /// Cuts the power: of what was not synced any part survives, torn and in any order; files that
    /// were open are dead. All faults are cleared.
    pub fn crash(&self, random: &mut Random) {
        let mut guard = self.state();
        let state = &mut *guard;
        state.epoch += 1;
        state.faults = Faults::default();
        for file in state.files.values_mut() {
            let changes = std::mem::take(&mut file.changes);
            surviving_changes(&mut file.durable, changes, random);
            file.seen = file.durable.clone();
        }
        let changes = std::mem::take(&mut state.name_changes);
        surviving_names(&mut state.durable_names, changes, random);
        state.folders = state.durable_folders.clone();
        let (names, folders) = (&mut state.durable_names, &state.durable_folders);
        names.retain(|path, _| folder_of(path).is_empty() || folders.contains(folder_of(path)));
        state.names = state.durable_names.clone();
        let named: BTreeSet<u64> = state.names.values().copied().collect();
        state.files.retain(|file, _| named.contains(file));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no operation panics while it holds the disk")
    }

    fn opened(&self, state: &State, file: u64) -> Arc<dyn DiskFile> {
        Arc::new(OpenFile { disk: self.clone(), epoch: state.epoch, file })
    }
}

/// Keeps any part of what was not synced.
fn surviving_changes(durable: &mut Contents, mut changes: Vec<Change>, random: &mut Random) {
    match random.below(4) {
        0 => changes.clear(),
        1 => changes.iter().for_each(|change| durable.apply(change)),
        2 => {
            // The order is kept: a prefix, its last change torn.
            let kept = random.index(changes.len() + 1);
            changes[..kept].iter().for_each(|change| durable.apply(change));
            if let Some(torn) = changes.get(kept) {
                apply_torn(durable, torn, random);
            }
        }
        _ => {
            random.shuffle(&mut changes);
            for change in &changes {
                match random.below(3) {
                    0 => {}
                    1 => durable.apply(change),
                    _ => apply_torn(durable, change, random),
                }
            }
        }
    }
}

/// Applies a part of a change: a beginning, an end, some sectors, or the new length alone.
fn apply_torn(durable: &mut Contents, change: &Change, random: &mut Random) {
    let Change::Write(offset, bytes) = change else {
        if random.percent(50) {
            durable.apply(change);
        }
        return;
    };
    let len = bytes.len() as u64;
    let sector_start = SECTOR_BYTES - offset % SECTOR_BYTES;
    let cut = if random.percent(50) {
        random.below(len + 1)
    } else {
        let sectors = len.saturating_sub(sector_start) / SECTOR_BYTES + 1;
        (sector_start + random.below(sectors) * SECTOR_BYTES).min(len)
    };
    let at = usize::try_from(cut).expect("within the bytes");
    match random.below(4) {
        0 => durable.write(*offset, &bytes[..at]),
        1 => durable.write(offset + cut, &bytes[at..]),
        2 => {
            let (mut from, mut to) = (0, sector_start.min(len));
            while from < len {
                let range =
                    usize::try_from(from).expect("within")..usize::try_from(to).expect("within");
                if random.percent(50) {
                    durable.write(offset + from, &bytes[range]);
                }
                (from, to) = (to, (to + SECTOR_BYTES).min(len));
            }
        }
        _ => durable.set_len(durable.len().max(offset + len)),
    }
}

/// Keeps any names of what was not synced. A change is lost with every later one of the same name,
/// and a rename is kept or lost as a whole.
fn surviving_names(
    durable: &mut BTreeMap<String, u64>,
    changes: Vec<NameChange>,
    random: &mut Random,
) {
    let kept_percent = *random.pick(&[0, 50, 90, 100]);
    let mut lost = BTreeSet::new();
    for change in &changes {
        let touched = change.touched();
        if touched.iter().any(|name| lost.contains(*name)) || !random.percent(kept_percent) {
            lost.extend(touched.into_iter().map(str::to_owned));
        } else {
            change.apply(durable);
        }
    }
}

impl NameChange {
    fn touched(&self) -> Vec<&str> {
        match self {
            Self::Create(path, _) | Self::Remove(path) => vec![path],
            Self::Rename(from, to) => vec![from, to],
        }
    }

    fn apply(&self, names: &mut BTreeMap<String, u64>) {
        match self {
            Self::Create(path, file) => {
                names.insert(path.clone(), *file);
            }
            Self::Remove(path) => {
                names.remove(path);
            }
            Self::Rename(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

impl State {
    fn has_crashed(&self) -> bool {
        self.faults.crash_at.is_some_and(|at| self.operations >= at)
    }

    /// Counts an operation that changes nothing, or nothing that could survive it.
    fn begin(&mut self) -> Result<()> {
        self.begin_change()?;
        self.end_change()
    }

    /// Counts an operation that changes something; [`State::end_change`] must follow.
    fn begin_change(&mut self) -> Result<()> {
        let was_down = self.has_crashed();
        self.operations += 1;
        if was_down {
            return Err(crashed());
        }
        if self.faults.fail_at == Some(self.operations) {
            return Err(Error::other("simulated I/O error"));
        }
        Ok(())
    }

    /// Crashes after the operation's change was made, so that it may survive unanswered.
    fn end_change(&self) -> Result<()> {
        if self.has_crashed() { Err(crashed()) } else { Ok(()) }
    }

    fn used_bytes(&self) -> u64 {
        self.names.values().map(|file| self.files[file].seen.len()).sum()
    }

    /// How far a file of `len` bytes may grow towards `wanted`.
    fn room(&self, len: u64, wanted: u64) -> u64 {
        let Some(capacity) = self.faults.capacity_bytes else { return wanted };
        wanted.min(len + capacity.saturating_sub(self.used_bytes()))
    }

    fn change_name(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.name_changes.push(change);
    }

    fn change(&mut self, file: u64, change: Change) {
        let file = self.files.get_mut(&file).expect("an open file exists until a crash");
        file.seen.apply(&change);
        file.changes.push(change);
    }

    fn found(&self, path: &str) -> Result<u64> {
        self.names.get(path).copied().ok_or_else(|| ErrorKind::NotFound.into())
    }
}

fn crashed() -> Error {
    Error::other(Crashed)
}

fn full() -> Error {
    ErrorKind::StorageFull.into()
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

impl Disk for SimulatedDisk {
    fn create(&self, path: &str, allocate: u64) -> Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.begin_change()?;
        let folder = folder_of(path);
        if state.names.contains_key(path) {
            return Err(ErrorKind::AlreadyExists.into());
        }
        if state.room(0, allocate) < allocate {
            return Err(full());
        }
        if !folder.is_empty() {
            state.folders.insert(folder.to_owned());
        }
        let file = state.next_file;
        state.next_file += 1;
        state.files.insert(file, File::default());
        state.change_name(NameChange::Create(path.to_owned(), file));
        state.change(file, Change::SetLen(allocate));
        state.end_change()?;
        Ok(self.opened(&state, file))
    }

    fn open(&self, path: &str) -> Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        state.begin()?;
        let file = state.found(path)?;
        Ok(self.opened(&state, file))
    }

    fn list(&self, folder: &str) -> Result<Vec<String>> {
        let mut state = self.state();
        state.begin()?;
        let within = |path: &&String| folder_of(path) == folder;
        let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
        Ok(state.names.keys().filter(within).map(name).collect())
    }

    fn remove(&self, path: &str) -> Result<()> {
        let mut state = self.state();
        state.begin_change()?;
        state.found(path)?;
        state.change_name(NameChange::Remove(path.to_owned()));
        state.end_change()
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let mut state = self.state();
        state.begin_change()?;
        state.found(from)?;
        if folder_of(from) != folder_of(to) {
            return Err(ErrorKind::InvalidInput.into());
        }
        if from != to {
            state.change_name(NameChange::Rename(from.to_owned(), to.to_owned()));
        }
        state.end_change()
    }

    fn sync_dir(&self, folder: &str) -> Result<()> {
        let mut guard = self.state();
        guard.begin()?;
        let state = &mut *guard;
        if state.folders.insert(folder.to_owned()) {
            state.durable_folders.insert(folder.to_owned());
        }
        let within = state.folders.iter().filter(|within| folder_of(within) == folder);
        state.durable_folders.extend(within.cloned());
        let (synced, rest) = std::mem::take(&mut state.name_changes)
            .into_iter()
            .partition(|change| change.touched().iter().any(|path| folder_of(path) == folder));
        state.name_changes = rest;
        let synced: Vec<NameChange> = synced;
        for change in &synced {
            change.apply(&mut state.durable_names);
        }
        Ok(())
    }
}

impl OpenFile {
    fn state(&self) -> Result<MutexGuard<'_, State>> {
        let state = self.disk.state();
        if state.epoch == self.epoch { Ok(state) } else { Err(crashed()) }
    }
}

impl DiskFile for OpenFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<()> {
        let mut state = self.state()?;
        state.begin()?;
        let seen = &state.files[&self.file].seen;
        if offset.saturating_add(buffer.len() as u64) > seen.len() {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        seen.read(buffer, offset);
        Ok(())
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        let mut state = self.state()?;
        state.begin_change()?;
        let end = offset + bytes.len() as u64;
        let len = state.files[&self.file].seen.len();
        let room = if end > len { state.room(len, end) } else { end };
        let fits = usize::try_from(room.saturating_sub(offset)).expect("no more than the bytes");
        state.change(self.file, Change::Write(offset, bytes[..fits].to_vec()));
        state.end_change()?;
        if fits < bytes.len() { Err(full()) } else { Ok(()) }
    }

    fn sync(&self) -> Result<()> {
        let mut guard = self.state()?;
        guard.begin()?;
        let state = &mut *guard;
        state.syncs += 1;
        let fails = state.faults.fail_sync_at == Some(state.syncs);
        let file = state.files.get_mut(&self.file).expect("an open file exists until a crash");
        let changes = std::mem::take(&mut file.changes);
        if fails {
            return Err(Error::other("simulated failure of fsync"));
        }
        for change in &changes {
            file.durable.apply(change);
        }
        Ok(())
    }

    fn len(&self) -> Result<u64> {
        let mut state = self.state()?;
        state.begin()?;
        Ok(state.files[&self.file].seen.len())
    }

    fn set_len(&self, len: u64) -> Result<()> {
        let mut state = self.state()?;
        state.begin_change()?;
        let old = state.files[&self.file].seen.len();
        if len > old && state.room(old, len) < len {
            return Err(full());
        }
        state.change(self.file, Change::SetLen(len));
        state.end_change()
    }
}

#[cfg(test)]
mod tests;
