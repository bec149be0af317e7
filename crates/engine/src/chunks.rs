//! Lists that only grow, in pieces: what was appended is never copied to make room for more.

/// Bytes of one piece: a little less than a size that allocators have, since a little more than one
/// wastes much of the next.
const CHUNK_BYTES: usize = (28 << 10) - 64;

/// A list in pieces of equal size.
#[derive(Debug, Clone)]
pub struct Chunks<T>(Vec<Vec<T>>);

impl<T> Default for Chunks<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Chunks<T> {
    /// Values in one piece.
    const CHUNK: usize = CHUNK_BYTES.div_euclid(size_of::<T>());

    const fn split(at: usize) -> (usize, usize) {
        (at.div_euclid(Self::CHUNK), at.rem_euclid(Self::CHUNK))
    }

    /// Appends a value.
    pub(crate) fn push(&mut self, value: T) {
        match self.0.last_mut() {
            Some(last) if last.len() < Self::CHUNK => last.push(value),
            _ => {
                let mut chunk = Vec::with_capacity(Self::CHUNK);
                chunk.push(value);
                self.0.push(chunk);
            }
        }
    }

    /// Takes the last value away.
    pub(crate) fn pop(&mut self) -> Option<T> {
        let last = self.0.last_mut()?;
        let value = last.pop();
        if last.is_empty() {
            self.0.pop();
        }
        value
    }

    /// The value in a position that there is.
    pub(crate) fn at(&self, at: usize) -> &T {
        let (chunk, at) = Self::split(at);
        &self.0[chunk][at]
    }

    /// The value in a position, if there is one.
    pub fn get(&self, at: usize) -> Option<&T> {
        let (chunk, at) = Self::split(at);
        self.0.get(chunk)?.get(at)
    }

    /// The value in a position, to change it.
    pub(crate) fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        let (chunk, at) = Self::split(at);
        self.0.get_mut(chunk)?.get_mut(at)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.0.last().map_or(0, |last| (self.0.len() - 1) * Self::CHUNK + last.len())
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All values, in order.
    pub fn iter(&self) -> impl Iterator<Item = &T> + Clone {
        self.0.iter().flatten()
    }

    /// The values from a position on, in order.
    pub fn iter_from(&self, at: usize) -> impl ExactSizeIterator<Item = &T> + Clone {
        (at..self.len().max(at)).map(|at| self.at(at))
    }
}

impl<'a, T> IntoIterator for &'a Chunks<T> {
    type Item = &'a T;
    type IntoIter = std::iter::Flatten<std::slice::Iter<'a, Vec<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNK: usize = Chunks::<usize>::CHUNK;

    #[test]
    fn a_list_in_pieces_is_a_list() {
        let mut chunks = Chunks::default();
        assert!(chunks.is_empty());
        for value in 0..3 * CHUNK {
            assert_eq!(chunks.len(), value);
            chunks.push(value);
            assert!(chunks.iter_from(value).eq(&[value]));
        }
        assert!(chunks.iter().copied().eq(0..3 * CHUNK));
        assert!(chunks.iter_from(CHUNK - 1).copied().eq(CHUNK - 1..3 * CHUNK));
        assert_eq!(chunks.iter_from(3 * CHUNK).next(), None);
        assert_eq!(*chunks.at(CHUNK), CHUNK);
        let mut shorter = chunks.clone();
        assert!((0..3 * CHUNK).rev().all(|value| shorter.pop() == Some(value)));
        assert!(shorter.is_empty() && shorter.pop().is_none());
        assert_eq!(chunks.get(3 * CHUNK), None);
        assert_eq!(chunks.get_mut(3 * CHUNK), None);
    }
}
