//! The list of a shipped checkpoint: which files there are, up to which byte, and the objects that hold
//! them.
//!
//! `format u8 · format of the data varint · number varint · made at i64 · covers i64 · cursor counted · prefixes · files · CRC32C of
//! all before u32`. A file is `path · bytes varint · flags u8 (1 closed, 2 hour follows) · hour signed ·
//! count of pieces`, and a piece is `prefix varint · serial varint · bytes varint · CRC32C u32`.

use std::collections::BTreeMap;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_signed, put_text, put_varint};

use crate::error::{Result, StorageError};

const FORMAT: u8 = 1;
const CLOSED: u8 = 1;
const HAS_HOUR: u8 = 2;
const CHECKSUM_BYTES: usize = 4;

/// Everything that a shipped checkpoint rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// Its key in the object storage.
    pub name: String,
    /// 1, 2, 3, … with each list of a directory, wherever it is taken up again.
    pub number: u64,
    /// The format of the data directory.
    pub data_format: u32,
    /// When it was made.
    pub made_at: Timestamp,
    /// The time of the newest batch in it: what came later may be missing.
    pub covers: Timestamp,
    /// What the checkpoint's owner wants to find again; empty in the embedded form.
    pub cursor: Vec<u8>,
    /// Its files by path.
    pub files: BTreeMap<String, ListedFile>,
}

/// A file of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedFile {
    /// How far it goes.
    pub bytes: u64,
    /// It will not grow any more.
    pub is_closed: bool,
    /// The newest hour of a sealed run of ids.
    pub newest_hour: Option<i64>,
    /// The objects that hold it, in order and without a gap.
    pub pieces: Vec<Piece>,
}

/// A part of a file, which is an object of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// With what the key begins: who uploaded it.
    pub prefix: Arc<str>,
    /// With which list it was uploaded.
    pub serial: u64,
    /// Its first byte in the file.
    pub from: u64,
    /// The byte behind its last.
    pub to: u64,
    /// The CRC32C of its bytes.
    pub checksum: u32,
}

impl Piece {
    /// The object's key, of a piece of the file at `path`.
    pub fn key(&self, path: &str) -> String {
        let Self { prefix, serial, from, to, .. } = self;
        format!("{prefix}/{path}.{from}-{to}.{serial}")
    }

    /// How many bytes it has.
    pub const fn bytes(&self) -> u64 {
        self.to - self.from
    }
}

impl List {
    /// The key of a list.
    pub fn key(prefix: &str, number: u64) -> String {
        format!("{prefix}/lists/{number:012}")
    }

    /// The prefix and number in a list's key; nothing where it is another key.
    pub fn parse_key(key: &str) -> Option<(&str, u64)> {
        let (folder, number) = key.rsplit_once('/')?;
        let prefix = folder.strip_suffix("/lists")?;
        Some((prefix, number.parse().ok()?))
    }

    /// The keys of all objects that it names.
    pub fn keys(&self) -> impl Iterator<Item = String> {
        let of_file = |(path, file): (&String, &ListedFile)| -> Vec<String> {
            file.pieces.iter().map(|piece| piece.key(path)).collect()
        };
        self.files.iter().flat_map(of_file)
    }

    /// Bytes of all its files.
    pub fn bytes(&self) -> u64 {
        self.files.values().map(|file| file.bytes).sum()
    }

    /// The list as an object.
    pub fn write(&self) -> Vec<u8> {
        let mut out = vec![FORMAT];
        put_varint(&mut out, u64::from(self.data_format));
        put_varint(&mut out, self.number);
        out.extend_from_slice(&self.made_at.micros().to_le_bytes());
        out.extend_from_slice(&self.covers.micros().to_le_bytes());
        put_varint(&mut out, self.cursor.len() as u64);
        out.extend_from_slice(&self.cursor);
        let pieces = || self.files.values().flat_map(|file| &file.pieces);
        let mut prefixes: Vec<&str> = pieces().map(|piece| &*piece.prefix).collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        put_varint(&mut out, prefixes.len() as u64);
        for prefix in &prefixes {
            put_text(&mut out, prefix);
        }
        put_varint(&mut out, self.files.len() as u64);
        for (path, file) in &self.files {
            put_text(&mut out, path);
            put_varint(&mut out, file.bytes);
            let closed = if file.is_closed { CLOSED } else { 0 };
            out.push(closed | file.newest_hour.map_or(0, |_| HAS_HOUR));
            if let Some(hour) = file.newest_hour {
                put_signed(&mut out, hour);
            }
            put_varint(&mut out, file.pieces.len() as u64);
            for piece in &file.pieces {
                let prefix = prefixes.binary_search(&&*piece.prefix).expect("it was put there");
                put_varint(&mut out, prefix as u64);
                put_varint(&mut out, piece.serial);
                put_varint(&mut out, piece.bytes());
                out.extend_from_slice(&piece.checksum.to_le_bytes());
            }
        }
        let checksum = crc32c::crc32c(&out);
        out.extend_from_slice(&checksum.to_le_bytes());
        out
    }

    /// Reads the object at key `name`.
    pub fn read(name: &str, bytes: &[u8]) -> Result<Self> {
        let damaged = |what: String| StorageError::damaged(name, 0, what);
        let (content, checksum) = bytes
            .len()
            .checked_sub(CHECKSUM_BYTES)
            .map(|at| bytes.split_at(at))
            .ok_or_else(|| damaged("it is cut".into()))?;
        if crc32c::crc32c(content).to_le_bytes() != checksum {
            return Err(damaged("its checksum does not fit".into()));
        }
        let mut cursor = Cursor::new(content, "list of a checkpoint");
        Self::parse(name, &mut cursor).map_err(|bad| StorageError::bad(name, 0, bad))
    }

    fn parse(name: &str, cursor: &mut Cursor<'_>) -> std::result::Result<Self, BadFormat> {
        cursor.format(FORMAT)?;
        let data_format = cursor.small()?;
        let number = cursor.varint()?;
        let made_at = Timestamp::from_micros(cursor.i64()?);
        let covers = Timestamp::from_micros(cursor.i64()?);
        let length = cursor.small()?;
        let opaque = cursor.take(length)?.to_vec();
        let prefixes = (0..cursor.varint()?)
            .map(|_| cursor.text().map(Arc::from))
            .collect::<std::result::Result<Vec<Arc<str>>, _>>()?;
        let mut files = BTreeMap::new();
        for _ in 0..cursor.varint()? {
            let path = cursor.text()?.to_owned();
            files.insert(path, ListedFile::parse(cursor, &prefixes)?);
        }
        if !cursor.is_empty() {
            return Err(cursor.bad());
        }
        let name = name.to_owned();
        Ok(Self { name, number, data_format, made_at, covers, cursor: opaque, files })
    }
}

impl ListedFile {
    fn parse(
        cursor: &mut Cursor<'_>,
        prefixes: &[Arc<str>],
    ) -> std::result::Result<Self, BadFormat> {
        let bytes = cursor.varint()?;
        let flags = cursor.u8()?;
        let newest_hour = (flags & HAS_HOUR != 0).then(|| cursor.signed()).transpose()?;
        let mut pieces = Vec::new();
        let mut from = 0_u64;
        for _ in 0..cursor.varint()? {
            let prefix: usize = cursor.small()?;
            let prefix = Arc::clone(prefixes.get(prefix).ok_or(cursor.bad())?);
            let serial = cursor.varint()?;
            let to = from.checked_add(cursor.varint()?).ok_or(cursor.bad())?;
            pieces.push(Piece { prefix, serial, from, to, checksum: cursor.u32()? });
            from = to;
        }
        if from != bytes {
            return Err(cursor.bad());
        }
        Ok(Self { bytes, is_closed: flags & CLOSED != 0, newest_hour, pieces })
    }
}
