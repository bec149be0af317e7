//! JSON as producers write it, in a form that `jsonb` takes.
//!
//! What is JSON to Accolade need not be to the server: it refuses the character NUL and numbers that are too long or too
//! great for its `numeric`, and a row that is refused would hold up its partition. It would also write out `1e100000`
//! with all its zeros.

/// Figures of a number that is kept as one.
const FIGURES_MAX: usize = 1_000;
/// How far its exponent may be from 0.
const EXPONENT_MAX: u32 = 100;

/// The same document, in which the character NUL is replaced and numbers that are beyond all measure are texts. `text` is
/// JSON.
pub(crate) fn storable_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => text_length(rest),
            '-' | '0'..='9' => rest.find(|next| !is_of_number(next)).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(length);
        match first {
            '"' if token.contains("\\u") => out.push_str(&rewritten(token)),
            '-' | '0'..='9' if !is_moderate(token) => out.push_str(&quoted(token)),
            _ => out.push_str(token),
        }
        rest = after;
    }
    out
}

/// The bytes of the text that `rest` begins with, its quotes included.
fn text_length(rest: &str) -> usize {
    let mut is_escaped = false;
    let ends = |byte: u8| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    };
    rest.bytes().skip(1).position(ends).map_or(rest.len(), |at| at + 2)
}

const fn is_of_number(next: char) -> bool {
    matches!(next, '-' | '+' | '.' | 'e' | 'E' | '0'..='9')
}

/// Whether a number is one that somebody may have meant.
fn is_moderate(number: &str) -> bool {
    let (figures, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let exponent = exponent.trim_start_matches(['+', '-']);
    figures.len() <= FIGURES_MAX
        && exponent.parse::<u32>().is_ok_and(|exponent| exponent <= EXPONENT_MAX)
}

fn rewritten(token: &str) -> String {
    // What is no text after all stands as its own letters.
    let text = serde_json::from_str::<String>(token).unwrap_or_else(|_| token.to_owned());
    quoted(&text.replace('\0', "\u{fffd}"))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(&str, &str)]) {
        for (text, expected) in pairs {
            assert_eq!(storable_json(text), *expected, "{text}");
        }
    }

    #[test]
    fn what_the_server_takes_stays_as_it_is() {
        let same = [
            r#"{"score": 1500, "rate":-1.5e-3,"a":[true,null,{}]}"#,
            r#"{"\"1e999\\": "1e999", "\\": "é\n\/"}"#,
            "{}",
            "",
        ];
        for text in same {
            assert_eq!(storable_json(text), text);
        }
    }

    #[test]
    fn a_nul_is_replaced_wherever_it_stands_and_other_escapes_mean_what_they_did() {
        check(&[
            (
                r#"{"a\u0000":"b\u0000\u00e9\ud83c\udfb2\u0022\\u0000"}"#,
                "{\"a\u{fffd}\":\"b\u{fffd}é🎲\\\"\\\\u0000\"}",
            ),
            (r#"["\u000a"]"#, r#"["\n"]"#),
        ]);
    }

    #[test]
    fn a_number_beyond_all_measure_is_a_text() {
        let long = "9".repeat(FIGURES_MAX + 1);
        check(&[
            ("[1e100,1E+100,1e-100]", "[1e100,1E+100,1e-100]"),
            ("[1e101,-1E-101]", r#"["1e101","-1E-101"]"#),
            ("[1e99999999999999999999]", r#"["1e99999999999999999999"]"#),
            (&format!("[{long}]"), &format!("[\"{long}\"]")),
        ]);
    }
}
