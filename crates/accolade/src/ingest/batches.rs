//! The lines of a file, in batches that fit into a request.

use std::io::{self, BufRead, Read};

/// Most lines of a batch.
const LINES_MAX: usize = 5_000;
/// Most bytes of a batch.
const BYTES_MAX: usize = 4 << 20;
/// Longer lines are not even sent.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Lines that are sent together.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Batch {
    /// The lines, each with its end.
    pub(super) body: Vec<u8>,
    /// The number of each line in the file, from 1.
    pub(super) lines: Vec<u64>,
    /// Lines that are too long to send.
    pub(super) too_long: Vec<u64>,
    /// The last line that was read, blank or not.
    pub(super) read_to: u64,
    /// Bytes that were read.
    pub(super) bytes_read: u64,
}

/// Reads batches.
#[derive(Debug)]
pub(super) struct Batches<R> {
    input: R,
    line: Vec<u8>,
    /// The number of the last line.
    number: u64,
    from_line: u64,
    bytes_read: u64,
}

impl<R: BufRead> Batches<R> {
    /// Reads `input`, but for the lines before `from_line`.
    pub(super) fn new(input: R, from_line: u64) -> Self {
        Self { input, line: Vec::new(), number: 0, from_line, bytes_read: 0 }
    }

    /// The next batch; nothing at the end. Each line goes through `edit`.
    pub(super) fn next(&mut self, edit: &mut dyn FnMut(&mut Vec<u8>)) -> io::Result<Option<Batch>> {
        let mut batch = Batch::default();
        while batch.lines.len() < LINES_MAX
            && batch.body.len() < BYTES_MAX - LINE_BYTES_MAX
            && self.read_line()?
        {
            if self.number < self.from_line || self.line.trim_ascii().is_empty() {
                continue;
            }
            if self.line.len() > LINE_BYTES_MAX {
                batch.too_long.push(self.number);
                continue;
            }
            edit(&mut self.line);
            batch.lines.push(self.number);
            batch.body.extend_from_slice(&self.line);
            batch.body.push(b'\n');
        }
        (batch.read_to, batch.bytes_read) = (self.number, self.bytes_read);
        Ok((!batch.lines.is_empty() || !batch.too_long.is_empty()).then_some(batch))
    }

    /// Reads one line without its end; of one that is too long, no more than that shows.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let most = LINE_BYTES_MAX as u64 + 2;
        let mut read = self.input.by_ref().take(most).read_until(b'\n', &mut self.line)? as u64;
        if read == 0 {
            return Ok(false);
        }
        if self.line.pop_if(|byte| *byte == b'\n').is_none() && read == most {
            read += self.input.skip_until(b'\n')? as u64;
        }
        self.number += 1;
        self.bytes_read += read;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], from_line: u64) -> Vec<Batch> {
        let mut batches = Batches::new(text, from_line);
        std::iter::from_fn(|| batches.next(&mut |_| ()).unwrap()).collect()
    }

    #[test]
    fn blank_lines_are_left_out_and_every_other_keeps_its_number() {
        let [batch] = &all(b"one\n\n  \r\nfour\r\n\nsix", 1)[..] else { panic!("one batch") };
        assert_eq!(batch.lines, [1, 4, 6]);
        assert_eq!(batch.body, b"one\nfour\r\nsix\n");
        assert_eq!((batch.read_to, batch.bytes_read), (6, 19));
    }

    #[test]
    fn reading_goes_on_where_it_was_told() {
        let [batch] = &all(b"one\ntwo\nthree\n", 3)[..] else { panic!("one batch") };
        assert_eq!((&batch.body[..], &batch.lines[..]), (&b"three\n"[..], &[3][..]));
    }

    #[test]
    fn a_batch_ends_at_its_greatest_number_of_lines() {
        let batches = all("{}\n".repeat(12_001).as_bytes(), 1);
        let counts: Vec<usize> = batches.iter().map(|batch| batch.lines.len()).collect();
        assert_eq!(counts, [5_000, 5_000, 2_001]);
        assert_eq!(batches[1].lines[0], 5_001);
    }

    #[test]
    fn a_batch_ends_at_its_greatest_size() {
        let line = "x".repeat(700_000) + "\n";
        for batch in all(line.repeat(20).as_bytes(), 1) {
            assert!(batch.body.len() <= BYTES_MAX, "{} bytes", batch.body.len());
        }
    }

    #[test]
    fn a_line_without_end_is_passed_over_and_named() {
        let mut text = b"one\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 3 * LINE_BYTES_MAX));
        text.extend_from_slice(b"\nthree\n");
        text.extend(std::iter::repeat_n(b'y', LINE_BYTES_MAX));
        text.extend_from_slice(b"\nfive\n");
        let [batch] = &all(&text, 1)[..] else { panic!("one batch") };
        assert_eq!((&batch.lines[..], &batch.too_long[..]), (&[1, 3, 4, 5][..], &[2][..]));
        assert_eq!(batch.bytes_read, text.len() as u64);
    }
}
