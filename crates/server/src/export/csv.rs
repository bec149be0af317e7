//! Tables as RFC 4180 has them, made of JSON: each column is a field of an object, with a dot before what lies within.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The first line of a table.
pub(super) fn head(columns: &[&str]) -> String {
    columns.join(",")
}

/// The line of an object.
pub(super) fn row(columns: &[&str], json: &str) -> String {
    let fields = fields(json);
    let cells: Vec<_> = columns.iter().map(|column| cell(&fields, column)).collect();
    cells.join(",")
}

type Fields<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

fn fields(json: &str) -> Fields<'_> {
    serde_json::from_str(json).unwrap_or_default()
}

/// What a field holds, digit by digit; nothing where it is not there.
fn cell(all: &Fields<'_>, column: &str) -> String {
    let (name, within) = match column.split_once('.') {
        Some((name, within)) => (name, Some(within)),
        None => (column, None),
    };
    match (all.get(name).map(|value| value.get()), within) {
        (None | Some("null"), _) => String::new(),
        (Some(object), Some(within)) => cell(&fields(object), within),
        (Some(value), None) => match serde_json::from_str::<String>(value) {
            Ok(text) => quoted(&plain(text)),
            Err(_) => quoted(value),
        },
    }
}

/// A text that no spreadsheet takes for a formula: with an apostrophe before it, where one would.
fn plain(text: String) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text }
}

fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_keep_their_digits_and_their_bounds() {
        let columns = ["a", "b", "cause.id", "cause.type", "gone", "list"];
        assert_eq!(head(&columns), "a,b,cause.id,cause.type,gone,list");
        let json = r#"{"a":-12.50,"b":"x,\"y\"","cause":{"type":"time","id":null},"list":[1,2]}"#;
        assert_eq!(row(&columns, json), r#"-12.50,"x,""y""",,time,,"[1,2]""#);
        assert_eq!(row(&["a"], r#"{"a":"\u00e9\n"}"#), "\"\u{e9}\n\"");
    }

    #[test]
    fn no_text_is_a_formula() {
        for text in ["=1+1", "+1", "-1", "@a", "\\t=1"] {
            let cell = row(&["a"], &format!("{{\"a\":\"{text}\"}}"));
            assert!(cell.starts_with('\''), "{cell}");
        }
        assert_eq!(row(&["a"], r#"{"a":-1}"#), "-1", "a number is one");
    }
}
