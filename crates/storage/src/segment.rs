//! Segments of checksummed frames: the one mechanism under the log, the journal and checkpoints.
//!
//! A segment begins with a head of 64 bytes: `magic 8 · format u32 · family u32 · sequence u64 · first
//! frame u64 · checksum of the frame before it u32 · zeros · checksum of the head u32`. A frame is
//! `length u32 · checksum u32 · checksum of the frame before it u32 · format u16 · flags u16 · number
//! u64 · time i64 · synced u64 · data key u32 · zeros u32`, then its payload; its checksum is CRC32C
//! over all of it after the first eight bytes, and frames begin at multiples of eight bytes. Because a
//! frame names the checksum before it, a stale frame that a torn write left behind never looks like
//! the next one. A length of zero ends a segment.

use std::io;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::{Disk, DiskFile};
use accolade_wire::bytes::BadFormat;

use crate::error::{Result, StorageError};
use crate::little_endian::{long, word};
use crate::paced::paced;

/// Bytes of a segment's head.
pub const SEGMENT_HEAD_BYTES: u64 = 64;
/// Bytes of a frame before its payload.
pub const FRAME_HEAD_BYTES: usize = 48;

const MAGIC: [u8; 8] = *b"ACCOLADE";
const SEGMENT_FORMAT: u32 = 1;
const FRAME_FORMAT: u16 = 1;

/// What a segment's frames hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Input: slices of records.
    Log = 1,
    /// What the fold decided: slices of outcomes.
    Journal = 2,
    /// Dead letters with their bytes: slices.
    DeadLetters = 3,
    /// Checkpoints of the state.
    State = 4,
    /// Who stands behind which subject.
    Links = 5,
    /// Ids that are not in a sealed run yet.
    Ids = 6,
    /// Who did what: in a directory of its own, [`crate::trail::FOLDER`].
    Trail = 7,
}

impl Family {
    /// The folder within the data directory.
    pub const fn folder(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Journal => "journal",
            Self::DeadLetters => "dead-letters",
            Self::State => "state",
            Self::Links => "links",
            Self::Ids => "lookup/recent",
            Self::Trail => "trail",
        }
    }

    /// A segment's file for its writer. Frames of the log are small and synced one by one, and a fold does not
    /// wait for the disk; whatever else is written goes out in steps.
    fn to_write(self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        match self {
            Self::Log | Self::Journal | Self::DeadLetters | Self::Trail => file,
            Self::State | Self::Links | Self::Ids => paced(file),
        }
    }

    /// The path of a segment.
    pub fn path(self, sequence: u64) -> String {
        format!("{}/{sequence:012}", self.folder())
    }
}

/// The frame closes a group of frames that hold together: a checkpoint.
pub const COMMIT: u16 = 1;
/// The frame is the last of its segment and holds its index.
pub const FOOTER: u16 = 2;
/// The frame is the first of such a group: frames before it that were not closed do not count.
pub const BEGIN: u16 = 4;

/// What a frame says about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHead {
    /// 1, 2, 3, … within the family.
    pub number: u64,
    /// When it was written, by the log's time.
    pub time: Timestamp,
    /// The highest frame of the family that was durable when this one was written.
    pub synced: u64,
    /// [`BEGIN`], [`COMMIT`], [`FOOTER`].
    pub flags: u16,
}

/// Where a family's frames go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The segment.
    pub sequence: u64,
    /// The offset in it.
    pub offset: u64,
    /// The number of the next frame.
    pub next_frame: u64,
    /// The checksum of the frame before.
    pub checksum: u32,
}

impl Position {
    /// Whether the frames go on in the segment that begins with `head`.
    pub const fn leads_to(&self, head: &Self) -> bool {
        self.next_frame == head.next_frame && self.checksum == head.checksum
    }
}

/// Where a frame of `length` bytes ends, since the next begins at a multiple of eight.
pub(crate) const fn aligned(length: u64) -> u64 {
    length.next_multiple_of(8)
}

fn segment_head(family: Family, position: &Position) -> [u8; SEGMENT_HEAD_BYTES as usize] {
    let mut head = [0; SEGMENT_HEAD_BYTES as usize];
    head[..8].copy_from_slice(&MAGIC);
    head[8..12].copy_from_slice(&SEGMENT_FORMAT.to_le_bytes());
    head[12..16].copy_from_slice(&(family as u32).to_le_bytes());
    head[16..24].copy_from_slice(&position.sequence.to_le_bytes());
    head[24..32].copy_from_slice(&position.next_frame.to_le_bytes());
    head[32..36].copy_from_slice(&position.checksum.to_le_bytes());
    let checksum = crc32c::crc32c(&head[..60]);
    head[60..].copy_from_slice(&checksum.to_le_bytes());
    head
}

/// Reads a segment's head: where its frames begin. `None` for a file that was allocated ahead, or
/// whose head never reached the disk.
pub fn read_segment_head(
    file: &dyn DiskFile,
    family: Family,
    path: &str,
) -> Result<Option<Position>> {
    let io = |source| StorageError::io(path, source);
    let mut head = [0; SEGMENT_HEAD_BYTES as usize];
    if file.len().map_err(io)? < SEGMENT_HEAD_BYTES {
        return Ok(None);
    }
    file.read_at(&mut head, 0).map_err(io)?;
    parse_segment_head(&head, family, path)
}

/// Reads the bytes of a segment's head; `None` where they are not one.
pub fn parse_segment_head(
    head: &[u8; SEGMENT_HEAD_BYTES as usize],
    family: Family,
    path: &str,
) -> Result<Option<Position>> {
    if crc32c::crc32c(&head[..60]) != word(head, 60) {
        return Ok(None);
    }
    if head[..8] != MAGIC || word(head, 12) != family as u32 {
        return Err(StorageError::damaged(path, 0, "it is not a segment of its folder"));
    }
    let found = word(head, 8);
    if found != SEGMENT_FORMAT {
        let (what, known) = ("segment", SEGMENT_FORMAT);
        return Err(StorageError::bad(path, 0, BadFormat::Unknown { what, found, known }));
    }
    Ok(Some(Position {
        sequence: long(head, 16),
        offset: SEGMENT_HEAD_BYTES,
        next_frame: long(head, 24),
        checksum: word(head, 32),
    }))
}

/// Fills in the head of a frame whose payload begins at [`FRAME_HEAD_BYTES`]; returns its checksum.
fn seal_frame(frame: &mut [u8], head: &FrameHead, before: u32) -> u32 {
    let length =
        u32::try_from(frame.len() - FRAME_HEAD_BYTES).expect("a frame has less than 4 GiB");
    frame[..4].copy_from_slice(&length.to_le_bytes());
    frame[8..12].copy_from_slice(&before.to_le_bytes());
    frame[12..14].copy_from_slice(&FRAME_FORMAT.to_le_bytes());
    frame[14..16].copy_from_slice(&head.flags.to_le_bytes());
    frame[16..24].copy_from_slice(&head.number.to_le_bytes());
    frame[24..32].copy_from_slice(&head.time.micros().to_le_bytes());
    frame[32..40].copy_from_slice(&head.synced.to_le_bytes());
    frame[40..48].fill(0);
    let checksum = frame_checksum(frame);
    frame[4..8].copy_from_slice(&checksum.to_le_bytes());
    checksum
}

/// Fills in the head of the frame that closes a segment at `end`.
pub fn seal_footer(frame: &mut [u8], time: Timestamp, end: &Position) {
    let (number, synced) = (end.next_frame, end.next_frame - 1);
    seal_frame(frame, &FrameHead { number, time, synced, flags: FOOTER }, end.checksum);
}

/// The length takes part too, so that a changed length is not believed.
fn frame_checksum(frame: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&frame[..4]), &frame[8..])
}

/// An empty frame, to whose end the payload is appended.
pub fn new_frame(capacity: usize) -> Vec<u8> {
    let mut frame = Vec::with_capacity(FRAME_HEAD_BYTES + capacity);
    frame.resize(FRAME_HEAD_BYTES, 0);
    frame
}

/// Appends frames to the segments of one family.
#[derive(Debug)]
pub struct Writer {
    disk: Arc<dyn Disk>,
    family: Family,
    file: Arc<dyn DiskFile>,
    position: Position,
    segment_bytes: u64,
    spare: Option<(u64, Arc<dyn DiskFile>)>,
    /// Files with bytes that [`Writer::to_sync`] has not handed out yet.
    unsynced: Vec<(String, Arc<dyn DiskFile>)>,
}

/// What an append has done.
#[derive(Debug, Clone)]
pub struct Appended {
    /// Where the frame's payload begins.
    pub payload_at: u64,
    /// The segment that was left for a new one, in which the frame stands now.
    pub rotated: Option<Rotated>,
}

/// A segment that will not grow any more.
#[derive(Debug, Clone)]
pub struct Rotated {
    /// Its file.
    pub file: Arc<dyn DiskFile>,
    /// Where its frames end.
    pub end: Position,
}

impl Writer {
    /// Goes on after `position` in a segment of its own: the next sequence number.
    pub fn begin(
        disk: Arc<dyn Disk>,
        family: Family,
        position: Position,
        segment_bytes: u64,
    ) -> Result<Self> {
        let sequence = position.sequence + 1;
        let file = create(&*disk, family, sequence, segment_bytes)
            .map_err(|source| StorageError::io(family.path(sequence), source))?;
        let position = Position { sequence, offset: 0, ..position };
        let mut writer =
            Self { disk, family, file, position, segment_bytes, spare: None, unsynced: Vec::new() };
        writer.write_head()?;
        Ok(writer)
    }

    /// The next frame goes here.
    pub const fn position(&self) -> Position {
        self.position
    }

    /// The open segment's file.
    pub const fn file(&self) -> &Arc<dyn DiskFile> {
        &self.file
    }

    /// The path of the open segment.
    pub fn path(&self) -> String {
        self.family.path(self.position.sequence)
    }

    /// Allocates the segment after this one, if that was not done yet.
    pub fn allocate_ahead(&mut self) -> Result<()> {
        if self.spare.is_none() {
            let sequence = self.position.sequence + 1;
            let file = create(&*self.disk, self.family, sequence, self.segment_bytes)
                .map_err(|source| StorageError::io(self.family.path(sequence), source))?;
            self.spare = Some((sequence, file));
        }
        Ok(())
    }

    /// Whether the next segment would have to be allocated in front of a frame.
    pub const fn wants_spare(&self) -> bool {
        self.spare.is_none()
    }

    /// The sequence number to allocate ahead, and how large; see [`Writer::give_spare`].
    pub const fn spare_wanted(&self) -> (u64, u64) {
        (self.position.sequence + 1, self.segment_bytes)
    }

    /// Takes a segment that was allocated elsewhere.
    pub fn give_spare(&mut self, sequence: u64, file: Arc<dyn DiskFile>) {
        if self.spare.is_none() && sequence == self.position.sequence + 1 {
            self.spare = Some((sequence, file));
        }
    }

    /// Appends one frame; `frame` was begun with [`new_frame`]. It is durable after a sync.
    pub fn append(
        &mut self,
        time: Timestamp,
        synced: u64,
        flags: u16,
        frame: &mut [u8],
    ) -> Result<Appended> {
        let length = aligned(frame.len() as u64);
        let is_first = self.position.offset == SEGMENT_HEAD_BYTES;
        let rotated = if self.position.offset + length > self.segment_bytes && !is_first {
            Some(self.rotate()?)
        } else {
            None
        };
        let head = FrameHead { number: self.position.next_frame, time, synced, flags };
        let checksum = seal_frame(frame, &head, self.position.checksum);
        let offset = self.position.offset;
        self.file
            .write_at(frame, offset)
            .map_err(|source| StorageError::io(self.path(), source))?;
        self.mark_unsynced();
        self.position.offset += length;
        self.position.next_frame += 1;
        self.position.checksum = checksum;
        Ok(Appended { payload_at: offset + FRAME_HEAD_BYTES as u64, rotated })
    }

    /// Leaves the open segment and begins the next.
    pub fn rotate(&mut self) -> Result<Rotated> {
        let next = self.position.sequence + 1;
        let spare = self.spare.take().filter(|(sequence, _)| *sequence == next);
        let file = match spare {
            Some((_, file)) => file,
            None => create_or_open(&*self.disk, self.family, next, self.segment_bytes)
                .map_err(|source| StorageError::io(self.family.path(next), source))?,
        };
        let left = Rotated { file: std::mem::replace(&mut self.file, file), end: self.position };
        self.position.sequence = next;
        self.write_head()?;
        Ok(left)
    }

    fn write_head(&mut self) -> Result<()> {
        let head = segment_head(self.family, &self.position);
        self.file.write_at(&head, 0).map_err(|source| StorageError::io(self.path(), source))?;
        self.position.offset = SEGMENT_HEAD_BYTES;
        self.mark_unsynced();
        Ok(())
    }

    fn mark_unsynced(&mut self) {
        let is_marked = self.unsynced.last().is_some_and(|(_, file)| Arc::ptr_eq(file, &self.file));
        if !is_marked {
            self.unsynced.push((self.path(), Arc::clone(&self.file)));
        }
    }

    /// The files with bytes that may not be durable, to be synced by the caller.
    pub fn to_sync(&mut self) -> Vec<(String, Arc<dyn DiskFile>)> {
        std::mem::take(&mut self.unsynced)
    }

    /// Makes everything appended durable. A failure is final.
    pub fn sync(&mut self) -> Result<()> {
        sync_all(&self.to_sync())
    }
}

/// Makes files durable, one after the other.
pub fn sync_all(files: &[(String, Arc<dyn DiskFile>)]) -> Result<()> {
    for (path, file) in files {
        file.sync().map_err(|source| StorageError::io(path, source))?;
    }
    Ok(())
}

/// Creates a segment's file. `AlreadyExists` where it was allocated ahead.
pub fn create(
    disk: &dyn Disk,
    family: Family,
    sequence: u64,
    allocate: u64,
) -> io::Result<Arc<dyn DiskFile>> {
    let file = disk.create(&family.path(sequence), allocate)?;
    disk.sync_dir(family.folder())?;
    Ok(family.to_write(file))
}

/// The segment after the open one: perhaps it was allocated ahead and not handed over yet.
fn create_or_open(
    disk: &dyn Disk,
    family: Family,
    sequence: u64,
    allocate: u64,
) -> io::Result<Arc<dyn DiskFile>> {
    match create(disk, family, sequence, allocate) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let file = disk.open(&family.path(sequence))?;
            disk.sync_dir(family.folder())?;
            Ok(family.to_write(file))
        }
        created => created,
    }
}

/// Why a scan of a segment ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Zeros: nothing was written after this.
    Clean,
    /// The footer of a closed segment.
    Footer(Vec<u8>),
    /// Bytes that are not the next frame. If one is found further on that was written later, its
    /// number and how far the family was durable then.
    Broken {
        /// What was found.
        what: &'static str,
        /// The highest durable frame that anything further on names.
        synced: u64,
    },
}

/// Hears of a frame: what it says about itself, where the next one goes, where its payload begins, and
/// the payload.
pub type EachFrame<'a> = &'a mut dyn FnMut(&FrameHead, &Position, u64, &[u8]) -> Result<()>;

/// Bytes that are searched for frames at a time; most of what was allocated ahead is zeros.
const SEARCHED_BYTES: usize = 1 << 20;

/// Reads the frames of one segment from `from` on, in order, and gives each to `frame`.
///
/// `read_at` fills a buffer from an offset; `len` is how many bytes there are. Ends where the frames
/// end and says how; the position after the last good frame is returned with it.
pub fn scan(
    read_at: &mut dyn FnMut(&mut [u8], u64) -> io::Result<()>,
    len: u64,
    from: Position,
    frame: EachFrame<'_>,
    path: &str,
) -> Result<(Position, End)> {
    let mut position = from;
    let mut bytes = Vec::new();
    loop {
        let left = len.saturating_sub(position.offset);
        if left < FRAME_HEAD_BYTES as u64 {
            return Ok((position, End::Clean));
        }
        bytes.resize(FRAME_HEAD_BYTES, 0);
        read_at(&mut bytes, position.offset).map_err(|source| StorageError::io(path, source))?;
        let length = u64::from(word(&bytes, 0));
        if bytes.iter().all(|byte| *byte == 0) {
            let synced = highest_synced(read_at, len, position.offset, position.next_frame, path)?;
            let ending = if synced >= position.next_frame {
                End::Broken { what: "frames are missing before later ones", synced }
            } else {
                End::Clean
            };
            return Ok((position, ending));
        }
        let whole = FRAME_HEAD_BYTES as u64 + length;
        let broken = if whole > left {
            Some("a frame goes beyond the end")
        } else {
            bytes.resize(whole as usize, 0);
            read_at(&mut bytes, position.offset)
                .map_err(|source| StorageError::io(path, source))?;
            check_frame(&bytes, &position)
        };
        if let Some(what) = broken {
            let synced = highest_synced(read_at, len, position.offset, position.next_frame, path)?;
            return Ok((position, End::Broken { what, synced }));
        }
        let format = u16::from_le_bytes([bytes[12], bytes[13]]);
        if format != FRAME_FORMAT {
            let (what, found, known) = ("frame", format.into(), FRAME_FORMAT.into());
            let bad = BadFormat::Unknown { what, found, known };
            return Err(StorageError::bad(path, position.offset, bad));
        }
        let head = frame_head(&bytes);
        if head.flags & FOOTER != 0 {
            return Ok((position, End::Footer(bytes.split_off(FRAME_HEAD_BYTES))));
        }
        let payload_at = position.offset + FRAME_HEAD_BYTES as u64;
        position.offset += aligned(whole);
        position.next_frame += 1;
        position.checksum = word(&bytes, 4);
        frame(&head, &position, payload_at, &bytes[FRAME_HEAD_BYTES..])?;
    }
}

/// Reads the head of a frame.
pub(crate) fn frame_head(bytes: &[u8]) -> FrameHead {
    FrameHead {
        number: long(bytes, 16),
        time: Timestamp::from_micros(long(bytes, 24).cast_signed()),
        synced: long(bytes, 32),
        flags: u16::from_le_bytes([bytes[14], bytes[15]]),
    }
}

fn check_frame(frame: &[u8], position: &Position) -> Option<&'static str> {
    if frame_checksum(frame) != word(frame, 4) {
        Some("a frame's checksum does not fit")
    } else if word(frame, 8) != position.checksum {
        Some("a frame does not follow the one before it")
    } else if frame_head(frame).number != position.next_frame {
        Some("a frame has the wrong number")
    } else {
        None
    }
}

/// Looks from `offset` on for whole frames with a number of at least `next`, and returns the highest
/// frame that any of them says was durable when it was written; 0 for none.
pub fn highest_synced(
    read_at: &mut dyn FnMut(&mut [u8], u64) -> io::Result<()>,
    len: u64,
    offset: u64,
    next: u64,
    path: &str,
) -> Result<u64> {
    let io = |source| StorageError::io(path, source);
    let (mut chunk, zeros) = (vec![0; SEARCHED_BYTES], vec![0; SEARCHED_BYTES]);
    let mut found = Vec::new();
    let (mut synced, mut at) = (0, offset);
    while at + FRAME_HEAD_BYTES as u64 <= len {
        let count = (len - at).min(SEARCHED_BYTES as u64) as usize;
        read_at(&mut chunk[..count], at).map_err(io)?;
        if chunk[..count] == zeros[..count] {
            at += count as u64 & !7;
            continue;
        }
        let left = len - at;
        let could_begin = |from: &usize| {
            let head = &chunk[*from..*from + FRAME_HEAD_BYTES];
            let length = FRAME_HEAD_BYTES as u64 + u64::from(word(head, 0));
            word(head, 0) > 0
                && length <= left - *from as u64
                && long(head, 16) >= next
                && u16::from_le_bytes([head[12], head[13]]) == FRAME_FORMAT
        };
        let begins = (0..=count - FRAME_HEAD_BYTES).step_by(8).find(could_begin);
        let Some(begins) = begins else {
            // The last few bytes may be the front of a head.
            at += ((count - FRAME_HEAD_BYTES) as u64 & !7) + 8;
            continue;
        };
        at += begins as u64;
        found.resize(FRAME_HEAD_BYTES + word(&chunk, begins) as usize, 0);
        read_at(&mut found, at).map_err(io)?;
        if frame_checksum(&found) == word(&found, 4) {
            synced = synced.max(frame_head(&found).synced);
            at += aligned(found.len() as u64);
        } else {
            at += 8;
        }
    }
    Ok(synced)
}

/// Where the frames of a segment go on in the next. What stands behind that was cut off once, and has
/// come back with a crash.
#[derive(Debug)]
pub struct Cut {
    next: Option<Position>,
    at: Option<Position>,
}

impl Cut {
    /// The segment begins with `head`, and the one after it with `next`.
    pub fn before(next: Option<Position>, head: Position) -> Self {
        Self { next, at: Some(head).filter(|head| next.is_some_and(|next| head.leads_to(&next))) }
    }

    /// Whether a frame stands behind the cut.
    pub fn passes(&mut self, frame: &FrameHead, after: &Position) -> bool {
        let passes = self.at.is_some();
        if !passes && self.next.is_some_and(|next| after.leads_to(&next)) {
            debug_assert!(frame.number < after.next_frame, "the frame is the last before the cut");
            self.at = Some(*after);
        }
        passes
    }

    /// Where the frames end that the next segment follows.
    pub const fn at(&self) -> Option<Position> {
        self.at
    }
}

/// Writes the bytes of a file from `from` to `to` again, so that the next sync makes them durable.
pub fn settle(file: &dyn DiskFile, from: u64, to: u64) -> io::Result<()> {
    let mut bytes = vec![0; usize::try_from(to - from).expect("a frame fits memory")];
    file.read_at(&mut bytes, from)?;
    file.write_at(&bytes, from)
}

/// Frames that were read back and of which nothing says that they are durable: a process that was
/// killed, or whose fsync failed, leaves bytes that can be read now and vanish with the power.
#[derive(Debug)]
pub struct Tail {
    durable: u64,
    frames: Vec<Undurable>,
}

#[derive(Debug)]
struct Undurable {
    file: Arc<dyn DiskFile>,
    sequence: u64,
    number: u64,
    from: u64,
    to: u64,
}

impl Tail {
    /// Frames up to `durable` are known to be.
    pub const fn new(durable: u64) -> Self {
        Self { durable, frames: Vec::new() }
    }

    /// Notes a frame; what it says was durable when it was written needs nothing any more. `open` opens its
    /// file for writing, unless that of the frame before is the same.
    pub fn note(
        &mut self,
        sequence: u64,
        open: impl FnOnce() -> Result<Arc<dyn DiskFile>>,
        head: &FrameHead,
        after: &Position,
        payload_at: u64,
    ) -> Result<()> {
        self.durable = self.durable.max(head.synced);
        let durable = self.durable;
        let same = self.frames.last().filter(|last| last.sequence == sequence);
        let same = same.map(|last| Arc::clone(&last.file));
        self.frames.retain(|frame| frame.number > durable);
        if head.number > durable {
            let frame_at = payload_at - FRAME_HEAD_BYTES as u64;
            let from = if frame_at == SEGMENT_HEAD_BYTES { 0 } else { frame_at };
            let file = same.map_or_else(open, Ok)?;
            let (number, to) = (head.number, after.offset);
            self.frames.push(Undurable { file, sequence, number, from, to });
        }
        Ok(())
    }

    /// Writes the frames again where they stand, and makes them durable: an fsync that failed once
    /// has given up on what was written before it.
    pub fn settle(self) -> io::Result<()> {
        for Undurable { file, from, to, .. } in &self.frames {
            let to = (*to).min(file.len()?);
            settle(&**file, *from, to)?;
        }
        // Frames of one file come one after the other, and share it.
        let same = |one: &Undurable, next: &Undurable| one.sequence == next.sequence;
        self.frames.chunk_by(same).try_for_each(|frames| frames[0].file.sync())
    }
}
