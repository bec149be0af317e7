//! What is written of a state, cut into pieces of a bearable size.

/// Values one after the other, in pieces of about a size. Each begins with the same bytes, so that it can be read
/// alone.
#[derive(Debug)]
pub struct Pieces {
    front: Vec<u8>,
    piece_bytes: usize,
    full: Vec<Vec<u8>>,
    last: Vec<u8>,
}

/// No more than this is a value that goes beyond a piece, nearly always.
const BEYOND_BYTES: usize = 64 << 10;

impl Pieces {
    /// Pieces that begin with `front`, and have `piece_bytes` and one value more at most.
    pub fn new(front: Vec<u8>, piece_bytes: usize) -> Self {
        Self { last: front.clone(), front, piece_bytes, full: Vec::new() }
    }

    /// Every piece begins with these bytes too.
    ///
    /// # Panics
    ///
    /// If there is a value already.
    pub(crate) fn put_front(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        assert!(self.full.is_empty() && self.last == self.front, "the front is written first");
        write(&mut self.front);
        self.last.clone_from(&self.front);
    }

    /// Makes room for so many bytes more, but for one piece at most: growing step by step would copy all of it several
    /// times.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.last.reserve(bytes.min(self.piece_bytes.saturating_add(BEYOND_BYTES)));
    }

    /// Where the next value is appended.
    pub fn room(&mut self) -> &mut Vec<u8> {
        if self.last.len() >= self.piece_bytes {
            // Where there is one, others follow that are as long: growing would copy each several times.
            let mut next = Vec::with_capacity(self.piece_bytes.saturating_add(BEYOND_BYTES));
            next.extend_from_slice(&self.front);
            self.full.push(std::mem::replace(&mut self.last, next));
        }
        &mut self.last
    }

    /// The pieces, one at least.
    pub fn into_vec(mut self) -> Vec<Vec<u8>> {
        self.full.push(self.last);
        self.full
    }
}
