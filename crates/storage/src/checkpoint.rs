//! Checkpoints: what changed and the positions reached, as one group of frames that counts whole or
//! not at all.

use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::checkpoint::{Ended, Head, Swept};
use accolade_engine::disk::Disk;
use accolade_engine::ids::IdEntry;
use accolade_engine::partition::Partition;
use accolade_engine::pieces::Pieces;
use accolade_engine::rules::{Rules, Snapshot};
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};
use accolade_wire::identity::{Content, IdHash};

use crate::backing::Backing;
use crate::error::{Result, StorageError};
use crate::frames;
use crate::lookup::{self, SectionName};
use crate::pages;
use crate::segment::{
    BEGIN, COMMIT, FRAME_HEAD_BYTES, Family, Position, Writer, new_frame, sync_all,
};

/// First byte of a frame with the values of one partition.
pub const VALUES: u8 = 1;
/// First byte of the frame that closes a checkpoint.
pub const MANIFEST: u8 = 2;
/// First byte of a frame with values of the rules.
pub const RULES: u8 = 3;

const MANIFEST_FORMAT: u8 = 1;
/// Bytes of a frame with what one partition gives, and one value or list more: far from what a frame can have, and little
/// beside what a checkpoint takes into memory.
const FRAME_BYTES: usize = 16 << 20;
/// Bytes of a frame of rules, unless one value has more.
const RULES_FRAME_BYTES: usize = 1 << 20;
/// A round over the rules writes one byte for so many that partitions write, however large the rules
/// are: what it holds back is in proportion to them.
const PARTITIONS_BYTES_FOR_ONE_OF_RULES: i64 = 2;
/// And so many in each checkpoint besides, so that a quiet node lets go of old segments too.
const RULES_BYTES_MIN: i64 = 256;

/// What one partition gives to a checkpoint, taken between two batches.
#[derive(Debug)]
pub struct Part {
    /// The partition.
    pub number: u16,
    head: Head,
    /// Frames that are only to be sealed, so that nothing is copied into memory that was not touched before.
    values: Vec<Vec<u8>>,
    links: Vec<Vec<u8>>,
    ids: Vec<Vec<u8>>,
    swept: Swept,
    rules: Arc<Rules>,
    /// Everything before this in the log has been folded.
    folded_to: Position,
    /// The interval that ended with this part.
    ended: Option<Ended>,
    cursor: Vec<u8>,
}

impl Part {
    /// Takes what changed in `partition`, which does not stand within a batch. With `seal`, its
    /// interval of ids and paged rows ends here.
    pub fn take(partition: &mut Partition, folded_to: Position, seal: bool) -> Self {
        let mut values = values_of(partition);
        let swept = partition.write_values(&mut values);
        let mut links = lists();
        partition.write_links(&mut links);
        let ids = take_ids(partition);
        Self {
            number: partition.number(),
            head: partition.head(),
            values: values.into_vec(),
            links: links.into_vec(),
            ids,
            swept,
            rules: Arc::clone(partition.rules()),
            folded_to,
            ended: seal.then(|| partition.end_interval()),
            cursor: Vec::new(),
        }
    }

    /// The part with what its owner wants to find in the checkpoint again.
    #[must_use]
    pub fn with_cursor(self, cursor: Vec<u8>) -> Self {
        Self { cursor, ..self }
    }

    /// Whether an interval ends with this part.
    pub const fn seals(&self) -> bool {
        self.ended.is_some()
    }
}

/// Frames for the values of a partition.
pub(crate) fn values_of(partition: &Partition) -> Pieces {
    let mut front = new_frame(0);
    front.push(VALUES);
    front.extend_from_slice(&partition.number().to_le_bytes());
    Pieces::new(front, FRAME_BYTES)
}

/// Frames for lists of links or ids.
pub(crate) fn lists() -> Pieces {
    Pieces::new(new_frame(0), FRAME_BYTES)
}

fn take_ids(partition: &mut Partition) -> Vec<Vec<u8>> {
    let number = partition.number();
    ids_frames(number, partition.ids_mut().take_unwritten())
}

fn ids_frames<'a>(
    number: u16,
    mut ids: impl ExactSizeIterator<Item = &'a IdEntry>,
) -> Vec<Vec<u8>> {
    let mut out = lists();
    while ids.len() > 0 {
        let count = ids.len().min(LIST_IDS_MAX);
        write_ids(out.room(), number, ids.by_ref().take(count));
    }
    out.into_vec()
}

/// The ids of a partition that stands within a batch: they cannot be sealed, and are carried over.
#[derive(Debug)]
pub struct Standing {
    number: u16,
    ids: Vec<IdEntry>,
}

impl Standing {
    /// Copies the ids of the batches before the one in which `partition` stands.
    pub fn copy(partition: &Partition) -> Self {
        let before = |id: &&IdEntry| id.batch < partition.next_batch();
        let ids = partition.ids().iter().filter(before).copied().collect();
        Self { number: partition.number(), ids }
    }
}

/// Ended intervals of ids and paged rows, to be written as runs while the fold goes on.
#[derive(Debug)]
pub struct Sealing {
    ended: Vec<(u16, Ended)>,
    ids_from: u64,
    paged_from: u64,
}

impl Sealing {
    /// Writes the runs. Afterwards [`Checkpointer::sealed`] lets go of what they replace.
    pub fn write(&self, backing: &Backing) -> Result<()> {
        let ids: Vec<_> =
            self.ended.iter().map(|(number, it)| (*number, Arc::clone(&it.ids))).collect();
        backing.lookup.seal(&ids).map_err(lookup::failed)?;
        let rows = self.ended.iter().map(|(number, it)| (*number, &it.rows));
        backing.pages.seal(rows).map_err(pages::failed)
    }

    /// The partitions whose interval has ended.
    pub fn partitions(&self) -> impl Iterator<Item = u16> {
        self.ended.iter().map(|(partition, _)| *partition)
    }
}

/// What closes a checkpoint: where everything stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// From here on the log is replayed; in a home, the log's copy goes on from here.
    pub log_from: Position,
    /// The highest frame of the log that was durable.
    pub log_synced: u64,
    /// Where the journal ends.
    pub journal: Position,
    /// Where the dead letters end.
    pub dead_letters: Position,
    /// Where the links end.
    pub links: Position,
    /// Where the recent ids end.
    pub ids: Position,
    /// The first segment of recent ids that is not in a sealed run.
    pub ids_from: u64,
    /// Sealed sections that are alive.
    pub sections: Vec<SectionName>,
    /// Runs of paged rows that are alive, the newest first.
    pub pages: Vec<u64>,
    /// By partition, from which segment of the state on its values are complete.
    pub needed_from: Vec<u64>,
    /// By partition, from which frame of the state on paged rows may be in no run yet.
    pub paged_from: Vec<u64>,
    /// From which segment of the state on the values of the rules are complete.
    pub rules_from: u64,
    /// What a home's owner wants to find again, such as where the order goes on; empty in the embedded
    /// form.
    pub cursor: Vec<u8>,
}

fn put_position(out: &mut Vec<u8>, position: &Position) {
    put_varint(out, position.sequence);
    put_varint(out, position.offset);
    put_varint(out, position.next_frame);
    out.extend_from_slice(&position.checksum.to_le_bytes());
}

fn read_position(cursor: &mut Cursor<'_>) -> std::result::Result<Position, BadFormat> {
    Ok(Position {
        sequence: cursor.varint()?,
        offset: cursor.varint()?,
        next_frame: cursor.varint()?,
        checksum: cursor.u32()?,
    })
}

fn read_sequences(cursor: &mut Cursor<'_>) -> std::result::Result<Vec<u64>, BadFormat> {
    (0..cursor.varint()?).map(|_| cursor.varint()).collect()
}

impl Manifest {
    /// The first segment of the state that anything in it is needed of.
    pub fn state_from(&self) -> u64 {
        self.needed_from.iter().copied().fold(self.rules_from, u64::min)
    }

    /// Appends the manifest with its first byte.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[MANIFEST, MANIFEST_FORMAT]);
        put_position(out, &self.log_from);
        put_varint(out, self.log_synced);
        for position in [&self.journal, &self.dead_letters, &self.links, &self.ids] {
            put_position(out, position);
        }
        put_varint(out, self.ids_from);
        put_varint(out, self.sections.len() as u64);
        for (sequence, number) in &self.sections {
            put_varint(out, *sequence);
            put_varint(out, u64::from(*number));
        }
        for sequences in [&self.pages, &self.needed_from, &self.paged_from] {
            put_varint(out, sequences.len() as u64);
            for sequence in sequences {
                put_varint(out, *sequence);
            }
        }
        put_varint(out, self.rules_from);
        put_varint(out, self.cursor.len() as u64);
        out.extend_from_slice(&self.cursor);
    }

    /// Reads a manifest after its first byte.
    pub fn read(cursor: &mut Cursor<'_>) -> std::result::Result<Self, BadFormat> {
        cursor.format_of("manifest", MANIFEST_FORMAT)?;
        let log_from = read_position(cursor)?;
        let log_synced = cursor.varint()?;
        let (journal, dead_letters) = (read_position(cursor)?, read_position(cursor)?);
        let (links, ids) = (read_position(cursor)?, read_position(cursor)?);
        let ids_from = cursor.varint()?;
        let sections = (0..cursor.varint()?)
            .map(|_| Ok((cursor.varint()?, cursor.small()?)))
            .collect::<std::result::Result<_, BadFormat>>()?;
        let (pages, needed_from) = (read_sequences(cursor)?, read_sequences(cursor)?);
        let paged_from = read_sequences(cursor)?;
        let rules_from = cursor.varint()?;
        let length = cursor.small()?;
        let owners_cursor = cursor.take(length)?.to_vec();
        Ok(Self {
            log_from,
            log_synced,
            journal,
            dead_letters,
            links,
            ids,
            ids_from,
            sections,
            pages,
            needed_from,
            paged_from,
            rules_from,
            cursor: owners_cursor,
        })
    }
}

/// Bytes of an id in the family of recent ids, after `format u8 · partition u16 · count u32`.
const ID_BYTES: usize = 48;
const IDS_HEAD_BYTES: usize = 7;
const IDS_FORMAT: u8 = 1;
/// So many ids are in one list at most.
const LIST_IDS_MAX: usize = 4096;

/// Appends ids as a part of a frame of recent ids.
pub(crate) fn write_ids<'a>(
    out: &mut Vec<u8>,
    partition: u16,
    ids: impl ExactSizeIterator<Item = &'a IdEntry>,
) {
    out.reserve(IDS_HEAD_BYTES + ids.len() * ID_BYTES);
    out.push(IDS_FORMAT);
    out.extend_from_slice(&partition.to_le_bytes());
    out.extend_from_slice(&u32::try_from(ids.len()).expect("fewer than 2^32").to_le_bytes());
    for id in ids {
        let mut bytes = [0; ID_BYTES];
        bytes[..8].copy_from_slice(&id.id.0[0].to_le_bytes());
        bytes[8..16].copy_from_slice(&id.id.0[1].to_le_bytes());
        bytes[16..24].copy_from_slice(&id.content.0.to_le_bytes());
        bytes[24..32].copy_from_slice(&id.batch.to_le_bytes());
        bytes[32..36].copy_from_slice(&id.slot.to_le_bytes());
        bytes[36..40].copy_from_slice(&id.player.to_le_bytes());
        bytes[40..].copy_from_slice(&id.hour.to_le_bytes());
        out.extend_from_slice(&bytes);
    }
}

/// Reads a frame of recent ids.
pub fn read_ids(
    payload: &[u8],
    give: &mut dyn FnMut(u16, IdEntry),
) -> std::result::Result<(), BadFormat> {
    let mut cursor = Cursor::new(payload, "list of ids");
    while !cursor.is_empty() {
        cursor.format(IDS_FORMAT)?;
        let partition = cursor.u16()?;
        for _ in 0..cursor.u32()? {
            let id = IdHash([cursor.u64()?, cursor.u64()?]);
            let (content, batch) = (Content(cursor.u64()?), cursor.u64()?);
            let (slot, player, hour) = (cursor.u32()?, cursor.u32()?, cursor.i64()?);
            give(partition, IdEntry { id, content, batch, slot, player, hour });
        }
    }
    Ok(())
}

/// Writes checkpoints.
#[derive(Debug)]
pub struct Checkpointer {
    disk: Arc<dyn Disk>,
    state: Writer,
    links: Writer,
    ids: Writer,
    ids_from: u64,
    first_partition: u16,
    /// Where each partition's log goes on, as of its last part.
    folded_to: Vec<Position>,
    /// The time to which each partition had come in its last part.
    times: Vec<Timestamp>,
    /// The segment in which each partition's present round of the sweep began.
    round_from: Vec<u64>,
    needed_from: Vec<u64>,
    paged_from: Vec<u64>,
    rules: RulesWriter,
    synced: u64,
    last: Option<Manifest>,
}

/// Where the writers of a [`Checkpointer`] go on, and what it knows of what was written.
#[derive(Debug)]
pub struct Resumed {
    /// Where the state goes on.
    pub state: Writer,
    /// Where the links go on.
    pub links: Writer,
    /// Where the recent ids go on.
    pub ids: Writer,
    /// The first segment of recent ids that is alive.
    pub ids_from: u64,
    /// The number of the first partition.
    pub first_partition: u16,
    /// Where the log goes on for each partition.
    pub folded_to: Vec<Position>,
    /// From which segment on each partition's values are complete.
    pub needed_from: Vec<u64>,
    /// From which frame on each partition's paged rows may be in no run yet.
    pub paged_from: Vec<u64>,
    /// The rules that have applied most control records.
    pub rules: Arc<Rules>,
    /// From which segment on the values of the rules are complete.
    pub rules_from: u64,
}

impl Checkpointer {
    /// Goes on after what is there.
    pub fn new(disk: Arc<dyn Disk>, resumed: Resumed) -> Self {
        let Resumed { state, links, ids, ids_from, first_partition, .. } = resumed;
        let Resumed { folded_to, needed_from, paged_from, rules, rules_from, .. } = resumed;
        Self {
            disk,
            round_from: vec![state.position().sequence; needed_from.len()],
            state,
            links,
            ids,
            ids_from,
            first_partition,
            times: vec![Timestamp::default(); folded_to.len()],
            folded_to,
            needed_from,
            paged_from,
            rules: RulesWriter::new(rules, rules_from),
            synced: 0,
            last: None,
        }
    }

    /// The last checkpoint that this one has written.
    pub const fn last(&self) -> Option<&Manifest> {
        self.last.as_ref()
    }

    /// Writes a checkpoint of `parts`, and what they rest on before it. A failure is final.
    ///
    /// `log_synced` is the highest durable frame of the log.
    pub fn write(
        &mut self,
        parts: &mut [Part],
        backing: &Backing,
        log_synced: u64,
        time: Timestamp,
    ) -> Result<()> {
        for part in &mut *parts {
            append(&mut self.links, time, &mut part.links)?;
            append(&mut self.ids, time, &mut part.ids)?;
        }
        let covered = backing.cover()?;
        sync_all(&covered.files)?;
        self.links.sync()?;
        self.ids.sync()?;

        let mut flags = BEGIN;
        let mut bytes = 0;
        for part in &mut *parts {
            for (piece, frame) in part.values.iter_mut().enumerate() {
                bytes += frame.len();
                self.state.append(time, self.synced, flags, frame)?;
                // A round that begins needs the segment of its first values.
                if piece == 0 {
                    self.began(part.number, part.swept);
                }
                flags = 0;
            }
            self.note(part);
        }
        let (mut rules, swept) = self.rules.take(bytes, self.state.position().sequence);
        let mut rules_in = None;
        for frame in &mut rules {
            self.state.append(time, self.synced, flags, frame)?;
            rules_in.get_or_insert(self.state.position().sequence);
            flags = 0;
        }
        let segment = rules_in.unwrap_or_else(|| self.state.position().sequence);
        self.rules.written(swept, segment);
        let log_from = self
            .folded_to
            .iter()
            .min_by_key(|position| position.next_frame)
            .copied()
            .expect("there is at least one partition");
        let manifest = Manifest {
            log_from,
            log_synced,
            journal: covered.journal,
            dead_letters: covered.dead_letters,
            links: self.links.position(),
            ids: self.ids.position(),
            ids_from: self.ids_from,
            sections: backing.lookup.live(),
            pages: backing.pages.live(),
            needed_from: self.needed_from.clone(),
            paged_from: self.paged_from.clone(),
            rules_from: self.rules.complete_from,
            cursor: parts.last().map_or_else(Vec::new, |part| part.cursor.clone()),
        };
        let mut frame = new_frame(0);
        manifest.write(&mut frame);
        self.state.append(time, self.synced, flags | COMMIT, &mut frame)?;
        self.state.sync()?;
        self.synced = self.state.position().next_frame - 1;
        backing.covered(manifest.journal, manifest.dead_letters);
        if let Some(now) = self.times.iter().min() {
            backing.pages.set_horizon(*now, &self.rules.rules.settings);
        }
        self.remove_superseded(backing, &manifest)?;
        self.last = Some(manifest);
        Ok(())
    }

    fn began(&mut self, number: u16, swept: Swept) {
        if swept.began {
            let at = usize::from(number - self.first_partition);
            self.round_from[at] = self.state.position().sequence;
        }
    }

    fn note(&mut self, part: &Part) {
        let at = usize::from(part.number - self.first_partition);
        if part.swept.completed {
            self.needed_from[at] = self.round_from[at];
        }
        self.folded_to[at] = part.folded_to;
        self.times[at] = part.head.time;
        self.rules.note(&part.rules);
        debug_assert!(part.head.applied == part.rules.applied);
    }

    /// After a checkpoint of parts that were taken with `seal`: begins a new segment of recent ids,
    /// with those that are carried over, and hands out what is to be written as a run.
    pub fn begin_sealing(
        &mut self,
        parts: Vec<Part>,
        standing: &[Standing],
        time: Timestamp,
    ) -> Result<Sealing> {
        self.ids.rotate()?;
        let ids_from = self.ids.position().sequence;
        for Standing { number, ids } in standing {
            append(&mut self.ids, time, &mut ids_frames(*number, ids.iter()))?;
        }
        let ended = |part: Part| part.ended.map(|ended| (part.number, ended));
        let ended = parts.into_iter().filter_map(ended).collect();
        Ok(Sealing { ended, ids_from, paged_from: self.state.position().next_frame })
    }

    /// The runs are written: the next checkpoint lets go of the recent ids, and of the paged rows, that stand
    /// in them.
    pub fn sealed(&mut self, sealing: &Sealing) {
        self.ids_from = sealing.ids_from;
        for number in sealing.partitions() {
            self.paged_from[usize::from(number - self.first_partition)] = sealing.paged_from;
        }
    }

    /// Removes what the checkpoint before the last, and so the last too, does not need.
    fn remove_superseded(&self, backing: &Backing, newest: &Manifest) -> Result<()> {
        let Some(before) = &self.last else { return Ok(()) };
        for sequence in frames::list(&*self.disk, Family::State)? {
            if sequence < before.state_from() {
                frames::remove(&*self.disk, Family::State, sequence)?;
            }
        }
        for sequence in frames::list(&*self.disk, Family::Ids)? {
            if sequence < before.ids_from {
                frames::remove(&*self.disk, Family::Ids, sequence)?;
            }
        }
        // A merge may have replaced meanwhile what this checkpoint has just named.
        let named: Vec<SectionName> =
            before.sections.iter().chain(&newest.sections).copied().collect();
        let dead = backing.lookup.remove_dead(&named);
        dead.map_err(lookup::failed)?;
        let named: Vec<u64> = before.pages.iter().chain(&newest.pages).copied().collect();
        let dead = backing.pages.remove_dead(&named);
        dead.map_err(pages::failed)
    }
}

/// Brings the rules into checkpoints.
#[derive(Debug)]
struct RulesWriter {
    /// Those that have applied most control records: what others stand at can be made from them.
    rules: Arc<Rules>,
    snapshot: Snapshot,
    /// Bytes that the present round over all of them may write.
    credit: i64,
    /// The segment in which that round began.
    round_from: u64,
    /// From this segment on their values are complete.
    complete_from: u64,
}

impl RulesWriter {
    fn new(rules: Arc<Rules>, complete_from: u64) -> Self {
        let snapshot = Snapshot::after(&rules);
        Self { rules, snapshot, credit: 0, round_from: complete_from, complete_from }
    }

    fn note(&mut self, rules: &Arc<Rules>) {
        if rules.applied >= self.rules.applied {
            self.rules = Arc::clone(rules);
        }
    }

    /// What has changed, as frames, and the next stretch of a round, if one could let go of segments
    /// before the present one.
    fn take(&mut self, partitions_bytes: usize, segment: u64) -> (Vec<Vec<u8>>, Swept) {
        let mut frames = RulesFrames::default();
        self.snapshot.write_changes(&self.rules, &mut |value| frames.put(value));
        let mut swept = Swept { began: false, completed: false };
        if self.complete_from == segment {
            return (frames.frames, swept);
        }
        let partitions_bytes = i64::try_from(partitions_bytes).expect("less than 2^63");
        self.credit += partitions_bytes / PARTITIONS_BYTES_FOR_ONE_OF_RULES + RULES_BYTES_MIN;
        if let Ok(bytes @ 1..) = usize::try_from(self.credit) {
            swept.began = !self.snapshot.is_sweeping();
            let before = frames.bytes;
            swept.completed =
                self.snapshot.sweep(&self.rules, bytes, &mut |value| frames.put(value));
            self.credit -= i64::try_from(frames.bytes - before).expect("less than 2^63");
        }
        (frames.frames, swept)
    }

    /// What was taken is written, the front of it into `segment`.
    const fn written(&mut self, swept: Swept, segment: u64) {
        if swept.began {
            self.round_from = segment;
        }
        if swept.completed {
            self.complete_from = self.round_from;
            self.credit = 0;
        }
    }
}

/// Values of the rules in frames of a bearable size.
#[derive(Debug, Default)]
struct RulesFrames {
    frames: Vec<Vec<u8>>,
    bytes: usize,
}

impl RulesFrames {
    fn put(&mut self, value: &[u8]) {
        self.bytes += value.len();
        let has_room = |frame: &Vec<u8>| frame.len() + value.len() <= RULES_FRAME_BYTES;
        if !self.frames.last().is_some_and(has_room) {
            let mut frame = new_frame(1 + value.len());
            frame.push(RULES);
            self.frames.push(frame);
        }
        self.frames.last_mut().expect("it was just begun").extend_from_slice(value);
    }
}

/// All of the rules as frames of a checkpoint: what a fresh directory begins with.
pub(crate) fn rules_frames(rules: &Rules) -> Vec<Vec<u8>> {
    let mut frames = RulesFrames::default();
    Snapshot::default().write_changes(rules, &mut |value| frames.put(value));
    frames.frames
}

/// Appends frames, those that have anything in them.
pub(crate) fn append(writer: &mut Writer, time: Timestamp, frames: &mut [Vec<u8>]) -> Result<()> {
    for frame in frames.iter_mut().filter(|frame| frame.len() > FRAME_HEAD_BYTES) {
        writer.append(time, 0, 0, frame)?;
    }
    Ok(())
}

/// The error for a frame that passed its checksum and is not what it should be.
pub fn bad_frame(family: Family, offset: u64) -> impl FnOnce(BadFormat) -> StorageError {
    move |bad| StorageError::bad(family.folder(), offset, bad)
}
