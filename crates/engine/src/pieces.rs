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

    /// Where the next value is appended.
    pub fn room(&mut self) -> &mut Vec<u8> {
        if self.last.len() >= self.piece_bytes {
            self.full.push(std::mem::replace(&mut self.last, self.front.clone()));
        }
        &mut self.last
    }

    /// The pieces, one at least.
    pub fn into_vec(mut self) -> Vec<Vec<u8>> {
        self.full.push(self.last);
        self.full
    }
}
