//! Moving the timestamps of old samples to now.
//!
//! Of each line only the text of its timestamp is edited. A line whose timestamp cannot be read stays
//! as it is, for the node to refuse.

use std::borrow::Cow;
use std::io::{self, BufRead};
use std::ops::Range;

use accolade_domain::time::Timestamp;
use accolade_wire::json::{self, Value};
use accolade_wire::timestamp;

use super::batches::Batches;

/// By how much every timestamp is moved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shift {
    micros: i64,
}

impl Shift {
    /// The shift after which the newest line of `input` is of the moment `now`.
    pub(super) fn to(now: Timestamp, input: impl BufRead) -> io::Result<Self> {
        let mut newest: Option<Timestamp> = None;
        let mut batches = Batches::new(input, 1);
        let mut look = |line: &mut Vec<u8>| {
            newest = newest.max(find(line).map(|(_, time)| time));
        };
        while batches.next(&mut look)?.is_some() {}
        let micros = newest.map_or(0, |newest| now.micros() - newest.micros());
        Ok(Self { micros })
    }

    /// Moves the timestamp of one line.
    pub(super) fn edit(self, line: &mut Vec<u8>) {
        if let Some((range, time)) = find(line) {
            let moved = timestamp::write(time.plus_micros(self.micros)).to_string();
            line.splice(range, moved.into_bytes());
        }
    }
}

/// Where the timestamp's text is, and what it says.
fn find(line: &[u8]) -> Option<(Range<usize>, Timestamp)> {
    let [found] = json::fields(line, &["timestamp"]).ok()?;
    // A text with escapes is a copy; no timestamp needs one.
    let Some(Value::Text(Cow::Borrowed(text))) = found else { return None };
    let begin = text.as_ptr().addr() - line.as_ptr().addr();
    Some((begin..begin + text.len(), timestamp::read(text)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shifted(text: &str, now: &str) -> String {
        let shift = Shift::to(timestamp::read(now).unwrap(), text.as_bytes()).unwrap();
        let lines = text.lines().map(|line| {
            let mut line = line.as_bytes().to_vec();
            shift.edit(&mut line);
            String::from_utf8(line).unwrap()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_newest_becomes_now_and_distances_stay() {
        let text = r#"{"timestamp":"2020-01-01T00:00:00Z","wagerAmount":1.50}
{"wagerAmount": 1e2 , "timestamp" : "2020-01-01T01:00:00.250Z", "more": {"timestamp": "2020-01-01T00:00:00Z"}}"#;
        assert_eq!(
            shifted(text, "2026-11-21T08:00:00.500Z"),
            r#"{"timestamp":"2026-11-21T07:00:00.250Z","wagerAmount":1.50}
{"wagerAmount": 1e2 , "timestamp" : "2026-11-21T08:00:00.500Z", "more": {"timestamp": "2020-01-01T00:00:00Z"}}"#
        );
    }

    #[test]
    fn lines_that_cannot_be_read_stay_as_they_are() {
        let text =
            "{\"timestamp\":\"yesterday\"}\n{\"timestamp\":\"2020-01-01T00:00:00Z\"\nnot JSON";
        assert_eq!(shifted(text, "2026-11-21T08:00:00Z"), text);
    }
}
