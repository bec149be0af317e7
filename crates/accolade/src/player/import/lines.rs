//! Lines of JSON or of CSV, read alike: by the names of their fields.

use std::collections::BTreeMap;
use std::io::BufRead;

use accolade_wire::json;
use anyhow::{Context, bail};
use serde_json::value::RawValue;

use crate::terminal::printable;

/// Longest line.
const BYTES_MAX: usize = 64 << 10;

/// Longest beginning of a value that is shown.
const SHOWN_MAX: usize = 40;

/// A line by the names of its fields, or what is wrong with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line(Result<BTreeMap<String, Cell>, String>);

/// What a field says.
#[derive(Debug, PartialEq, Eq)]
enum Cell {
    /// A cell of CSV, which does not tell texts from numbers.
    Plain(String),
    /// A value of JSON as it was written.
    Json(String),
}

impl Line {
    /// What a field says; nothing is no text.
    pub(crate) fn text(&self, name: &str) -> Result<String, String> {
        self.text_if_any(name)?.ok_or_else(|| format!("`{name}` is missing"))
    }

    /// What a field says that may be left out.
    pub(crate) fn text_if_any(&self, name: &str) -> Result<Option<String>, String> {
        let text = match self.cell(name)? {
            None => return Ok(None),
            Some(Cell::Plain(text)) => text.clone(),
            Some(Cell::Json(value)) => {
                serde_json::from_str(value).map_err(|_| wrong(name, "a text", value))?
            }
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The digits of a number as they were written.
    pub(crate) fn number(&self, name: &str) -> Result<String, String> {
        match self.cell(name)? {
            Some(Cell::Json(value))
                if !value.starts_with(|first: char| first == '-' || first.is_ascii_digit()) =>
            {
                Err(wrong(name, "a number", value))
            }
            Some(Cell::Plain(text) | Cell::Json(text)) if !text.is_empty() => Ok(text.clone()),
            Some(_) | None => Err(format!("`{name}` is missing")),
        }
    }

    /// The same of a number that may be left out.
    pub(crate) fn number_if_any(&self, name: &str) -> Result<Option<String>, String> {
        let is_empty = |cell: &Cell| matches!(cell, Cell::Plain(text) if text.is_empty());
        if self.cell(name)?.is_none_or(is_empty) {
            return Ok(None);
        }
        self.number(name).map(Some)
    }

    /// A field that is there and not null.
    fn cell(&self, name: &str) -> Result<Option<&Cell>, String> {
        let fields = self.0.as_ref().map_err(Clone::clone)?;
        let is_null = |cell: &&Cell| matches!(cell, Cell::Json(value) if value == "null");
        Ok(fields.get(name).filter(|cell| !is_null(cell)))
    }

    /// Refuses fields of other names: a slip of the pen would leave out what was meant.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), String> {
        let fields = self.0.as_ref().map_err(Clone::clone)?;
        let Some(other) = fields.keys().find(|name| !names.contains(&name.as_str())) else {
            return Ok(());
        };
        let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        Err(format!("unknown field `{}`; expected {}", printable(other), names.join(", ")))
    }

    fn of_json(line: &str) -> Self {
        // Of a field that is there twice nobody knows which one is meant.
        if let Err(problem) = json::fields(line.as_bytes(), &[]) {
            return Self(Err(problem.to_string()));
        }
        let fields: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_str(line);
        let fields = fields.map_err(|_| "expected a JSON object".to_owned());
        // Digits stay as they were written.
        let cell = |value: &RawValue| Cell::Json(value.get().to_owned());
        Self(
            fields.map(|fields| {
                fields.into_iter().map(|(name, value)| (name, cell(value))).collect()
            }),
        )
    }

    fn of_csv(columns: &[String], line: &str) -> Self {
        let cells = cells(line);
        let fits = cells.as_ref().is_some_and(|cells| cells.len() == columns.len());
        let wrong = || format!("expected {} cells", columns.len());
        let fields = cells.filter(|_| fits).ok_or_else(wrong);
        let cells = fields.map(|cells| cells.into_iter().map(Cell::Plain));
        Self(cells.map(|cells| columns.iter().cloned().zip(cells).collect()))
    }
}

fn wrong(name: &str, what: &str, value: &str) -> String {
    let start: String = value.chars().take(SHOWN_MAX).collect();
    let cut = if start.len() < value.len() { "…" } else { "" };
    format!("`{name}`: expected {what}, found `{}{cut}`", printable(&start))
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
pub(crate) struct Reader {
    from: Box<dyn BufRead>,
    /// Of CSV; nothing before the first line, and for JSON.
    columns: Option<Vec<String>>,
    number: u64,
}

impl Reader {
    pub(crate) fn new(from: Box<dyn BufRead>) -> Self {
        Self { from, columns: None, number: 0 }
    }

    /// The next lines with their numbers; none at the end.
    pub(crate) fn some(&mut self, most: usize) -> anyhow::Result<Vec<(u64, Line)>> {
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
                .map(|(_, line)| (line.text("playerId"), line.number("points")))
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
            Err("expected `:` at byte 11, found nothing".into())
        );
    }

    #[test]
    fn a_value_of_another_type_is_refused_and_no_guess() {
        for (value, text, number) in [
            ("5", Err("expected a text, found `5`"), Ok("5")),
            ("1e3", Err("expected a text, found `1e3`"), Ok("1e3")),
            ("true", Err("expected a text, found `true`"), Err("expected a number, found `true`")),
            (
                "[\"p\"]",
                Err("expected a text, found `[\"p\"]`"),
                Err("expected a number, found `[\"p\"]`"),
            ),
            ("\"7\"", Ok("7"), Err("expected a number, found `\"7\"`")),
        ] {
            let line = Line::of_json(&format!("{{\"it\": {value}}}"));
            let told = |told: Result<&str, &str>| {
                told.map(str::to_owned).map_err(|why| format!("`it`: {why}"))
            };
            assert_eq!(line.text("it"), told(text), "{value}");
            assert_eq!(line.text_if_any("it"), told(text).map(Some), "{value}");
            assert_eq!(line.number("it"), told(number), "{value}");
        }
        let long = Line::of_json(&format!("{{\"it\": [{}]}}", "0,".repeat(1_000) + "0"));
        assert!(long.text("it").unwrap_err().len() < 100);
        let twice = Line::of_json("{\"it\": 1, \"it\": 2}");
        assert!(twice.number("it").unwrap_err().starts_with("`/it`: expected each key once"));
        let null = Line::of_json("{\"it\": null}");
        assert_eq!(null.text_if_any("it"), Ok(None));
        assert_eq!(null.number("it"), Err("`it` is missing".into()));
    }
}
