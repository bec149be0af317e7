//! A disk whose older files lie in the object storage, and are read from there by range.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, ErrorKind};
use std::sync::{Arc, PoisonError, RwLock};

use accolade_engine::disk::{Disk, DiskFile};
use accolade_engine::objects::Objects;

use super::cache::BlockCache;
use super::list::{List, ListedFile, Piece};
use crate::error::{Result, StorageError};
use crate::pages;
use crate::segment::Family;

/// `local`, and beside its files those of `list` that it does not have and that will not grow any more:
/// journal, dead letters, sealed ids and paged rows. Everything else was brought whole, and what of it is not here
/// was removed since.
///
/// They are read only. Removing one forgets it: its objects are the sweeper's.
pub fn borrow(
    objects: &Arc<dyn Objects>,
    list: &List,
    local: Arc<dyn Disk>,
    cache: &BlockCache,
) -> Result<Arc<dyn Disk>> {
    let mut folders: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut files = BTreeMap::new();
    for (path, file) in list.files.iter().filter(|(path, file)| is_borrowed(path, file)) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if !folders.contains_key(folder) {
            let names = local.list(folder).map_err(|source| StorageError::io(folder, source))?;
            folders.insert(folder, names.into_iter().collect());
        }
        if !folders[folder].contains(name) {
            let file = BorrowedFile::new(Arc::clone(objects), cache.clone(), path, file);
            files.insert(path.clone(), Arc::new(file));
        }
    }
    forget_ended(&mut files, &folders);
    if files.is_empty() {
        return Ok(local);
    }
    Ok(Arc::new(BorrowingDisk { local, files: RwLock::new(files) }))
}

/// Dead letters end with their time, oldest first: what stands before one that has been removed here since
/// is removed as well.
fn forget_ended(
    files: &mut BTreeMap<String, Arc<BorrowedFile>>,
    folders: &BTreeMap<&str, BTreeSet<String>>,
) {
    let folder = Family::DeadLetters.folder();
    let sequence = |name: &str| name.parse::<u64>().ok();
    let Some(names) = folders.get(folder) else { return };
    let Some(first) = names.iter().filter_map(|name| sequence(name)).min() else { return };
    let borrowed: BTreeSet<u64> =
        files.keys().filter_map(|path| sequence(path.strip_prefix(folder)?.get(1..)?)).collect();
    let unbroken = (0..first).rev().take_while(|before| borrowed.contains(before)).last();
    let unbroken = unbroken.unwrap_or(first);
    files.retain(|path, _| {
        let name = path.strip_prefix(folder).and_then(|name| name.get(1..));
        name.and_then(sequence).is_none_or(|sequence| sequence >= unbroken)
    });
}

fn is_borrowed(path: &str, file: &ListedFile) -> bool {
    let folders = [Family::Journal.folder(), Family::DeadLetters.folder(), pages::FOLDER];
    let is_in_one = path.rsplit_once('/').is_some_and(|(folder, _)| folders.contains(&folder));
    file.is_closed && (is_in_one || file.newest_hour.is_some())
}

#[derive(Debug)]
struct BorrowingDisk {
    local: Arc<dyn Disk>,
    files: RwLock<BTreeMap<String, Arc<BorrowedFile>>>,
}

impl BorrowingDisk {
    fn borrowed(&self, path: &str) -> Option<Arc<BorrowedFile>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner).get(path).cloned()
    }

    fn forget(&self, path: &str) -> bool {
        self.files.write().unwrap_or_else(PoisonError::into_inner).remove(path).is_some()
    }
}

impl Disk for BorrowingDisk {
    fn create(&self, path: &str, allocate: u64) -> io::Result<Arc<dyn DiskFile>> {
        match self.borrowed(path) {
            Some(_) => Err(ErrorKind::AlreadyExists.into()),
            None => self.local.create(path, allocate),
        }
    }

    fn open(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        match self.borrowed(path) {
            Some(file) => Ok(file),
            None => self.local.open(path),
        }
    }

    fn open_closed(&self, path: &str) -> io::Result<Arc<dyn DiskFile>> {
        match self.borrowed(path) {
            Some(file) => Ok(file),
            None => self.local.open_closed(path),
        }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<String>> {
        let mut names: BTreeSet<String> = self.local.list(folder)?.into_iter().collect();
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        for path in files.keys() {
            let (of, name) = path.rsplit_once('/').unwrap_or(("", path));
            if of == folder {
                names.insert(name.to_owned());
            }
        }
        Ok(names.into_iter().collect())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        if self.forget(path) { Ok(()) } else { self.local.remove(path) }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        if self.borrowed(from).is_some() {
            return Err(read_only(from));
        }
        self.local.rename(from, to)?;
        self.forget(to);
        Ok(())
    }

    fn sync_dir(&self, folder: &str) -> io::Result<()> {
        self.local.sync_dir(folder)
    }
}

/// A disk with nothing but the files of `list`, all of them borrowed.
pub(crate) fn remote(objects: &Arc<dyn Objects>, list: &List, cache: &BlockCache) -> Arc<dyn Disk> {
    let borrowed = |(path, file): (&String, &ListedFile)| {
        let file = BorrowedFile::new(Arc::clone(objects), cache.clone(), path, file);
        (path.clone(), Arc::new(file))
    };
    let files = list.files.iter().map(borrowed).collect();
    Arc::new(BorrowingDisk { local: Arc::new(Nothing), files: RwLock::new(files) })
}

/// A disk without files.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Disk for Nothing {
    fn create(&self, path: &str, _: u64) -> io::Result<Arc<dyn DiskFile>> {
        Err(read_only(path))
    }

    fn open(&self, _: &str) -> io::Result<Arc<dyn DiskFile>> {
        Err(ErrorKind::NotFound.into())
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        Err(read_only(path))
    }

    fn rename(&self, from: &str, _: &str) -> io::Result<()> {
        Err(read_only(from))
    }

    fn sync_dir(&self, _: &str) -> io::Result<()> {
        Ok(())
    }
}

#[derive(Debug)]
struct BorrowedFile {
    objects: Arc<dyn Objects>,
    cache: BlockCache,
    path: String,
    len: u64,
    pieces: Vec<(Arc<str>, Piece)>,
}

impl BorrowedFile {
    fn new(objects: Arc<dyn Objects>, cache: BlockCache, path: &str, file: &ListedFile) -> Self {
        let named = |piece: &Piece| (Arc::from(piece.key(path)), piece.clone());
        let pieces = file.pieces.iter().map(named).collect();
        Self { objects, cache, path: path.to_owned(), len: file.bytes, pieces }
    }

    fn read_piece(
        &self,
        (key, piece): &(Arc<str>, Piece),
        offset: u64,
        buffer: &mut [u8],
    ) -> io::Result<()> {
        let check = |bytes: &[u8]| check_piece(key, piece, bytes);
        let read = self.cache.read(&*self.objects, key, piece.bytes(), offset, buffer, &check);
        read.map_err(|error| {
            // To the reader an object that is gone is damage, not a file that was never there.
            let kind = match error.kind() {
                ErrorKind::NotFound => ErrorKind::InvalidData,
                kind => kind,
            };
            io::Error::new(kind, format!("`{}` is borrowed: {error}", self.path))
        })
    }
}

/// Checks the bytes of a whole piece.
pub(super) fn check_piece(key: &str, piece: &Piece, bytes: &[u8]) -> io::Result<()> {
    if bytes.len() as u64 == piece.bytes() && crc32c::crc32c(bytes) == piece.checksum {
        return Ok(());
    }
    let what = format!("the object `{key}` is not what was uploaded: its checksum does not fit");
    Err(io::Error::new(ErrorKind::InvalidData, what))
}

fn read_only(path: &str) -> io::Error {
    io::Error::new(ErrorKind::ReadOnlyFilesystem, format!("`{path}` is borrowed, and not written"))
}

impl DiskFile for BorrowedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset + buffer.len() as u64;
        if end > self.len {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let first = self.pieces.partition_point(|(_, piece)| piece.to <= offset);
        for named in &self.pieces[first..] {
            let (from, to) = (named.1.from.max(offset), named.1.to.min(end));
            if from >= to {
                break;
            }
            let into = &mut buffer[(from - offset) as usize..(to - offset) as usize];
            self.read_piece(named, from - named.1.from, into)?;
        }
        Ok(())
    }

    fn write_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(read_only(&self.path))
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        if len == self.len { Ok(()) } else { Err(read_only(&self.path)) }
    }
}
