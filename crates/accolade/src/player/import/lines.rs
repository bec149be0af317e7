//! Lines of JSON or of CSV, read alike: by the names of their fields.

use std::collections::BTreeMap;
use std::io::BufRead;

use anyhow::{Context, bail};
use serde_json::value::RawValue;

use crate::terminal::printable;

/// Longest line.
const BYTES_MAX: usize = 64 << 10;

/// A line by the names of its fields, or what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line(Result<BTreeMap<String, String>, String>);

impl Line {
    /// What a field says; nothing is no text.
    pub(super) fn text(&self, name: &str) -> Result<String, String> {
        let fields = self.0.as_ref().map_err(Clone::clone)?;
        let text = fields.get(name).filter(|text| !text.is_empty()).cloned();
        text.ok_or_else(|| format!("`{name}` is missing"))
    }

    /// Refuses fields of other names: a slip of the pen would leave out what was meant.
    pub(super) fn only(&self, names: &[&str]) -> Result<(), String> {
        let fields = self.0.as_ref().map_err(Clone::clone)?;
        let Some(other) = fields.keys().find(|name| !names.contains(&name.as_str())) else {
            return Ok(());
        };
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(format!("unknown field `{}`; expected {}", printable(other), names.join(", ")))
    }

    fn of_json(line: &str) -> Self {
        let fields: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_str(line);
        let fields = fields.map_err(|_| "expected a JSON object".to_owned());
        // Digits stay as they were written.
        let text = |value: &RawValue| match value.get() {
            "null" => String::new(),
            value => serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()),
        };
        Self(
            fields.map(|fields| {
                fields.into_iter().map(|(name, value)| (name, text(value))).collect()
            }),
        )
    }

    fn of_csv(columns: &[String], line: &str) -> Self {
        let cells = cells(line);
        let fits = cells.as_ref().is_some_and(|cells| cells.len() == columns.len());
        let wrong = || format!("expected {} cells", columns.len());
        let fields = cells.filter(|_| fits).ok_or_else(wrong);
        Self(fields.map(|cells| columns.iter().cloned().zip(cells).collect()))
    }
}

/// The cells of a line; nothing where a quotation has no end.
fn cells(line: &str) -> Option<Vec<String>> {
    let (mut cells, mut is_quoted) = (vec![String::new()], false);
    let mut rest = line.chars().peekable();
    while let Some(next) = rest.next() {
        let cell = cells.last_mut().expect("there is one from the beginning");
        match next {
            '"' if is_quoted && rest.peek() == Some(&'"') => cell.extend(rest.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            other => cell.push(other),
        }
    }
    (!is_quoted).then_some(cells)
}

/// The lines of a file.
pub(super) struct Reader {
    from: Box<dyn BufRead>,
    /// Of CSV; nothing before the first line, and for JSON.
    columns: Option<Vec<String>>,
    number: u64,
}

impl Reader {
    pub(super) fn new(from: Box<dyn BufRead>) -> Self {
        Self { from, columns: None, number: 0 }
    }

    /// The next lines with their numbers; none at the end.
    pub(super) fn some(&mut self, most: usize) -> anyhow::Result<Vec<(u64, Line)>> {
        let mut lines = Vec::new();
        while lines.len() < most
            && let Some(line) = self.next()?
        {
            let text = line.trim_matches(['\u{feff}', ' ', '\r', '\n']);
            if text.is_empty() {
                continue;
            }
            match &self.columns {
                Some(columns) => lines.push((self.number, Line::of_csv(columns, text))),
                None if text.starts_with('{') => lines.push((self.number, Line::of_json(text))),
                None if self.number == 1 => {
                    self.columns = Some(cells(text).context("the first line has no end")?);
                }
                None => bail!("line {}: expected a JSON object, as before", self.number),
            }
        }
        Ok(lines)
    }

    fn next(&mut self) -> anyhow::Result<Option<String>> {
        let mut bytes = Vec::new();
        let mut limited = std::io::Read::take(&mut self.from, BYTES_MAX as u64 + 1);
        limited.read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if bytes.len() > BYTES_MAX {
            bail!("line {}: expected at most {BYTES_MAX} bytes", self.number);
        }
        let line = String::from_utf8(bytes);
        Ok(Some(line.with_context(|| format!("line {}: expected UTF-8", self.number))?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Vec<(u64, Line)> {
        Reader::new(Box::new(text.as_bytes())).some(10).unwrap()
    }

    #[test]
    fn lines_of_both_forms_say_the_same() {
        let csv = read("\u{feff}playerId,points,until\r\np-1,12.50,\r\n\r\n\"p,\"\"2\",7,\r\n");
        let json = read(
            "{\"playerId\":\"p-1\",\"points\":12.50,\"until\":null}\n\n{\"playerId\":\"p,\\\"2\",\"points\":7}\n",
        );
        for lines in [&csv, &json] {
            let told: Vec<_> = lines
                .iter()
                .map(|(_, line)| (line.text("playerId"), line.text("points")))
                .collect();
            let expected = [("p-1", "12.50"), ("p,\"2", "7")];
            assert_eq!(
                told,
                expected.map(|(player, points)| (Ok(player.into()), Ok(points.into())))
            );
            assert_eq!(lines[0].1.text("until"), Err("`until` is missing".into()));
        }
        assert_eq!(csv.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn a_bad_line_says_what_is_wrong_and_holds_up_no_other() {
        let lines = read("playerId,points\np\n\"p,1\np,1\n");
        let told: Vec<_> = lines.iter().map(|(_, line)| line.text("playerId")).collect();
        let wrong = || Err("expected 2 cells".to_owned());
        assert_eq!(told, [wrong(), wrong(), Ok("p".into())]);
        assert_eq!(
            read("{\"playerId\"\n")[0].1.text("playerId"),
            Err("expected a JSON object".into())
        );
    }
}
