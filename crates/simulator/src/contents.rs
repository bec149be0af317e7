//! The bytes of one simulated file: pages that exist only where something was written, so that a
//! large allocation costs nothing.

use std::collections::BTreeMap;

const PAGE_BYTES: usize = 4096;

/// A file's bytes; what was never written reads as zeros.
#[derive(Debug, Clone, Default)]
pub(crate) struct Contents {
    len: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

/// One change of a file's bytes that is not durable yet.
#[derive(Debug, Clone)]
pub(crate) enum Change {
    /// Bytes written at an offset.
    Write(u64, Vec<u8>),
    /// The file cut or extended.
    SetLen(u64),
}

impl Contents {
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn read(&self, buffer: &mut [u8], offset: u64) {
        for (page, within, range) in pieces(offset, buffer.len()) {
            let part = &mut buffer[range];
            match self.pages.get(&page) {
                Some(bytes) => part.copy_from_slice(&bytes[within..within + part.len()]),
                None => part.fill(0),
            }
        }
    }

    pub(crate) fn apply(&mut self, change: &Change) {
        match change {
            Change::Write(offset, bytes) => self.write(*offset, bytes),
            Change::SetLen(len) => self.set_len(*len),
        }
    }

    pub(crate) fn write(&mut self, offset: u64, bytes: &[u8]) {
        for (page, within, range) in pieces(offset, bytes.len()) {
            let part = &bytes[range];
            let page = self.pages.entry(page).or_insert_with(|| vec![0; PAGE_BYTES]);
            page[within..within + part.len()].copy_from_slice(part);
        }
        if !bytes.is_empty() {
            self.len = self.len.max(offset + bytes.len() as u64);
        }
    }

    pub(crate) fn set_len(&mut self, len: u64) {
        let (page, within) = locate(len);
        if len < self.len {
            if let Some(last) = self.pages.get_mut(&page) {
                last[within..].fill(0);
            }
            let kept = if within == 0 { page } else { page + 1 };
            self.pages.split_off(&kept);
        }
        self.len = len;
    }

    /// Turns one bit over; nothing beyond the end of the file.
    pub(crate) fn flip(&mut self, bit: u64) {
        let offset = bit / 8;
        if offset < self.len {
            let mut byte = [0];
            self.read(&mut byte, offset);
            byte[0] ^= 1 << (bit % 8);
            self.write(offset, &byte);
        }
    }
}

fn locate(offset: u64) -> (u64, usize) {
    let page = PAGE_BYTES as u64;
    (offset / page, usize::try_from(offset % page).expect("within a page"))
}

/// Cuts `len` bytes at `offset` at the pages' borders: page, offset within it, range of the bytes.
fn pieces(offset: u64, len: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let (page, within) = locate(offset + done as u64);
        let end = len.min(done + PAGE_BYTES - within);
        let range = done..end;
        done = end;
        (!range.is_empty()).then_some((page, within, range))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn pages_read_like_one_vector_of_bytes() {
        let mut random = Random::new(1);
        let (mut pages, mut plain) = (Contents::default(), Vec::new());
        for _ in 0..2_000 {
            let offset = random.index(20_000);
            if random.percent(30) {
                pages.set_len(offset as u64);
                plain.resize(offset, 0);
            } else {
                let bytes = vec![1 + u8::try_from(random.below(255)).unwrap(); random.index(9_000)];
                pages.write(offset as u64, &bytes);
                if !bytes.is_empty() {
                    plain.resize(plain.len().max(offset + bytes.len()), 0);
                    plain[offset..offset + bytes.len()].copy_from_slice(&bytes);
                }
            }
            let mut read = vec![7; plain.len()];
            pages.read(&mut read, 0);
            assert!(pages.len() == plain.len() as u64 && read == plain);
        }
    }
}
