//! The fields of a body that asks for something, read one by one.
//!
//! What is wrong with one is said of it by its name and in words. A field that nobody knows is refused: what was misspelt
//! would not be done, and its sender would be answered that it was. Events are not read here; they may have more fields.

use std::ops::RangeInclusive;

use accolade_domain::amount::Points;
use accolade_domain::time::Timestamp;
use accolade_wire::json::{self, Value};
use accolade_wire::timestamp;

use crate::problem::{Problem, Refusal};

/// Greatest length of what is said about why something is done.
pub(crate) const WHY_BYTES_MAX: usize = 1_024;
/// So much of a key stands in a pointer: no answer is as long as its request.
const KEY_BYTES_MAX: usize = 128;

/// One field of a body, there or not. One that is null counts as one that is not there, but for [`Field::said`].
#[derive(Debug)]
pub(crate) struct Field<'a> {
    pointer: String,
    value: Option<Value<'a>>,
    is_null: bool,
}

/// What a field says, where saying nothing is one thing and `null` another.
#[derive(Debug, Clone, Default)]
pub(crate) enum Said<T> {
    /// Nothing: it is not there.
    #[default]
    Nothing,
    /// What it shall be; nothing for `null`.
    Is(Option<T>),
}

/// The fields `names` of a body, which has no others.
pub(crate) fn fields_of<'a, const N: usize>(
    body: &'a [u8],
    names: &[&str; N],
) -> Result<[Field<'a>; N], Problem> {
    within("", body, names)
}

/// The fields of the object at `pointer`.
fn within<'a, const N: usize>(
    pointer: &str,
    object: &'a [u8],
    names: &[&str; N],
) -> Result<[Field<'a>; N], Problem> {
    let read = json::only_fields(object, names).map_err(|mut problem| {
        problem.pointer.insert_str(0, pointer);
        Problem::fields(Refusal::Malformed, [problem])
    })?;
    let mut names = names.iter();
    Ok(read.map(|value| {
        let name = names.next().expect("each name has its value");
        Field::new(format!("{pointer}/{name}"), value)
    }))
}

/// A problem with the field at `pointer`.
pub(crate) fn malformed(pointer: &str, detail: impl Into<String>) -> Problem {
    Problem::field(Refusal::Malformed, pointer, detail)
}

/// A text of a length, without what does not show.
pub(crate) fn plain_text(
    pointer: &str,
    said: String,
    bytes: (usize, usize),
) -> Result<String, Problem> {
    let (min, max) = bytes;
    if (min..=max).contains(&said.len()) && !said.chars().any(char::is_control) {
        return Ok(said);
    }
    Err(malformed(pointer, format!("expected a text of {min} to {max} bytes")))
}

/// An id of at most so many bytes that a path can hold as it is, but for those of `taken`.
pub(crate) fn check_id(id: &str, bytes_max: usize, taken: &[&str]) -> Result<(), Problem> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if (1..=bytes_max).contains(&id.len())
        && id.bytes().all(is_plain)
        && !id.starts_with('.')
        && !taken.contains(&id)
    {
        return Ok(());
    }
    let detail = format!("expected 1 to {bytes_max} letters, figures, `-`, `_` or `.`");
    Err(malformed("/id", detail))
}

/// Why something is done, of a body that says nothing else.
pub(crate) fn read_why(body: &[u8]) -> Result<String, Problem> {
    let [why] = fields_of(body, &["why"])?;
    why.why()
}

impl<'a> Field<'a> {
    fn new(pointer: String, value: Option<Value<'a>>) -> Self {
        let is_null = matches!(value, Some(Value::Null { .. }));
        Self { pointer, value: value.filter(|_| !is_null), is_null }
    }

    /// Whether it says anything.
    pub(crate) const fn is_said(&self) -> bool {
        self.value.is_some()
    }

    /// What it says.
    pub(crate) const fn value(&self) -> Option<&Value<'a>> {
        self.value.as_ref()
    }

    /// What it says, for a reader of its own.
    pub(crate) fn into_value(self) -> Option<Value<'a>> {
        self.value
    }

    /// A problem with it.
    pub(crate) fn wrong(&self, detail: impl Into<String>) -> Problem {
        malformed(&self.pointer, detail)
    }

    /// The problem that it is not what was expected.
    pub(crate) fn expected(&self, what: &str) -> Problem {
        let found = self.value.as_ref().map_or_else(|| "nothing".to_owned(), Value::shown);
        self.wrong(format!("expected {what}, found {found}"))
    }

    /// A text.
    pub(crate) fn text(&self) -> Result<Option<String>, Problem> {
        match &self.value {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text.clone().into_owned())),
            Some(_) => Err(self.expected("a text")),
        }
    }

    /// A text of at most so many bytes, without what does not show; an empty one says nothing.
    pub(crate) fn short_text(&self, bytes_max: usize) -> Result<Option<String>, Problem> {
        let is_short = |text: &str| text.len() <= bytes_max && !text.chars().any(char::is_control);
        match &self.value {
            None => Ok(None),
            Some(Value::Text(text)) if is_short(text) => {
                Ok(Some(text.clone().into_owned()).filter(|text| !text.is_empty()))
            }
            Some(_) => Err(self.expected(&format!("a text of at most {bytes_max} bytes"))),
        }
    }

    /// Why something is done.
    pub(crate) fn why(&self) -> Result<String, Problem> {
        match &self.value {
            Some(Value::Text(text)) if (1..=WHY_BYTES_MAX).contains(&text.trim().len()) => {
                Ok(text.clone().into_owned())
            }
            _ => Err(self.wrong("expected a text of 1 to 1024 bytes that says why")),
        }
    }

    /// Texts, at most so many.
    pub(crate) fn texts(&self, count_max: usize) -> Result<Option<Vec<String>>, Problem> {
        self.list("texts", count_max, |text| text.text()?.ok_or_else(|| text.expected("a text")))
    }

    /// A list of what `read` reads, at most so many.
    pub(crate) fn list<T>(
        &self,
        what: &str,
        count_max: usize,
        read: impl Fn(&Field<'_>) -> Result<T, Problem>,
    ) -> Result<Option<Vec<T>>, Problem> {
        let array = match &self.value {
            None => return Ok(None),
            Some(Value::Array(array)) => array,
            Some(_) => return Err(self.expected(&format!("a list of {what}"))),
        };
        let Some(elements) = json::elements(array, count_max) else {
            return Err(self.wrong(format!("expected {count_max} at most")));
        };
        let elements = elements.into_iter().enumerate();
        let read = |(at, value)| read(&Field::new(format!("{}/{at}", self.pointer), Some(value)));
        elements.map(read).collect::<Result<_, _>>().map(Some)
    }

    /// What stands under a key of the object that it is.
    pub(crate) fn inner<'b>(&self, key: &str, value: Value<'b>) -> Field<'b> {
        let key = &key[..key.floor_char_boundary(KEY_BYTES_MAX)];
        let step = key.replace('~', "~0").replace('/', "~1");
        Field::new(format!("{}/{step}", self.pointer), Some(value))
    }

    /// Yes or no.
    pub(crate) fn flag(&self) -> Result<Option<bool>, Problem> {
        match self.value {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.expected("`true` or `false`")),
        }
    }

    /// A whole number.
    pub(crate) fn whole(&self, range: RangeInclusive<i64>) -> Result<Option<i64>, Problem> {
        let number = match &self.value {
            None => return Ok(None),
            Some(Value::Number(text)) => text.parse().ok(),
            Some(_) => None,
        };
        let (least, most) = (range.start(), range.end());
        let wrong = || self.expected(&format!("a whole number from {least} to {most}"));
        number.filter(|number| range.contains(number)).map(Some).ok_or_else(wrong)
    }

    /// A time.
    pub(crate) fn time(&self) -> Result<Option<Timestamp>, Problem> {
        let time = match &self.value {
            None => return Ok(None),
            Some(Value::Text(text)) => timestamp::read(text),
            Some(_) => None,
        };
        time.map(Some).ok_or_else(|| self.expected("a time such as `2030-01-01T00:00:00Z`"))
    }

    /// A number of points; less than 0 where it is `signed`.
    pub(crate) fn points(&self, signed: bool) -> Result<Points, Problem> {
        let form = if signed { "not 0" } else { "more than 0" };
        let wrong =
            || self.expected(&format!("points, {form}, with at most two decimals, up to 10^15"));
        let Some(Value::Number(text)) = &self.value else { return Err(wrong()) };
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(digits) if signed => (true, digits),
            Some(_) | None => (false, *text),
        };
        let points = Points::parse(digits).map_err(|_| wrong())?;
        if points == Points::ZERO {
            return Err(wrong());
        }
        Ok(if is_negative { points.negated() } else { points })
    }

    /// The fields `names` of the object that it is, which has no others.
    pub(crate) fn object<const N: usize>(
        &self,
        names: &[&str; N],
    ) -> Result<[Field<'a>; N], Problem> {
        match &self.value {
            Some(Value::Object(object)) => within(&self.pointer, object.as_bytes(), names),
            _ => Err(self.expected(&format!("an object of `{}`", names.join("`, `")))),
        }
    }

    /// What it says, by `read` where that is not `null`.
    pub(crate) fn said<T>(
        &self,
        read: impl FnOnce(&Self) -> Result<T, Problem>,
    ) -> Result<Said<T>, Problem> {
        Ok(match (&self.value, self.is_null) {
            (Some(_), _) => Said::Is(Some(read(self)?)),
            (None, true) => Said::Is(None),
            (None, false) => Said::Nothing,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told<T: std::fmt::Debug>(read: Result<T, Problem>) -> String {
        match read {
            Ok(read) => format!("{read:?}"),
            Err(problem) => problem.detail.into_owned(),
        }
    }

    fn field(body: &str) -> Field<'_> {
        let [field] = fields_of(body.as_bytes(), &["it"]).unwrap();
        field
    }

    #[test]
    fn a_field_that_nobody_knows_is_refused_with_the_one_that_was_meant() {
        let names = ["until", "why"];
        for (body, expected) in [
            (r#"{"untill": "x"}"#, "`/untill`: unknown field; did you mean `until`?"),
            (r#"{"UNTIL": null}"#, "`/UNTIL`: unknown field; did you mean `until`?"),
            (
                r#"{"why": "x", "colour": {}}"#,
                "`/colour`: unknown field; expected one of `until`, `why`",
            ),
            (r#"{"a/b~": 1}"#, "`/a~1b~0`: unknown field; expected one of `until`, `why`"),
            (
                r#"{"why": 1, "why": 2}"#,
                "`/why`: expected each key once at byte 11, found `\"why\": 2}`",
            ),
            ("[]", "expected an object at byte 0, found `[]`"),
            ("", "expected an object at byte 0, found nothing"),
        ] {
            assert_eq!(told(fields_of(body.as_bytes(), &names)), expected, "{body}");
        }
        let [until, why] = fields_of(br#"{"why": {"untill": 1}}"#, &names).unwrap();
        assert!(!until.is_said() && why.is_said());
        let inner = told(why.object(&["until"]));
        assert_eq!(inner, "`/why/untill`: unknown field; did you mean `until`?");
    }

    #[test]
    fn what_was_sent_is_shown_cut_however_long_it_is() {
        let long = "é\u{1}".repeat(100_000);
        let bodies = [
            serde_json::json!({ "it": long }),
            serde_json::json!({ "it": [long] }),
            serde_json::json!({ "it": { "it": long } }),
            serde_json::json!({ "it": { long.as_str(): 1 } }),
        ];
        for body in bodies.map(|body| body.to_string()) {
            let field = field(&body);
            for told in [
                told(field.flag()),
                told(field.whole(0..=1)),
                told(field.time()),
                told(field.points(true)),
                told(field.short_text(8)),
                told(field.texts(8).map(drop)),
                told(field.object(&["is"])),
            ] {
                assert!(told.len() < 600, "{} bytes", told.len());
            }
        }
        let unknown = serde_json::json!({ long.as_str(): 1 }).to_string();
        let problem = fields_of(unknown.as_bytes(), &["it"]).unwrap_err();
        assert!(problem.detail.len() < 600 && problem.errors[0].pointer.len() < 300);
        let repeated = format!(r#"{{"{0}": 1, "{0}": 2}}"#, "k".repeat(100_000));
        let problem = fields_of(repeated.as_bytes(), &["it"]).unwrap_err();
        assert!(problem.detail.len() < 600, "{}", problem.detail.len());
    }

    #[test]
    fn each_form_is_told_in_words() {
        let number = field(r#"{"it": 5}"#);
        assert_eq!(told(number.text()), "`/it`: expected a text, found `5`");
        assert_eq!(told(number.texts(1)), "`/it`: expected a list of texts, found `5`");
        assert_eq!(told(number.flag()), "`/it`: expected `true` or `false`, found `5`");
        assert_eq!(
            told(number.object(&["a", "b"])),
            "`/it`: expected an object of `a`, `b`, found `5`"
        );
        assert_eq!(told(number.whole(0..=5)), "Some(5)");
        assert_eq!(
            told(number.whole(0..=4)),
            "`/it`: expected a whole number from 0 to 4, found `5`"
        );
        for odd in ["5.0", "5e0", "99999999999999999999", r#""5""#, "[5]"] {
            let body = format!(r#"{{"it": {odd}}}"#);
            let told = told(field(&body).whole(0..=9));
            assert!(
                told.starts_with("`/it`: expected a whole number from 0 to 9, found `"),
                "{told}"
            );
        }
        let list = field(r#"{"it": ["a", 7]}"#);
        assert_eq!(told(list.texts(2)), "`/it/1`: expected a text, found `7`");
        assert_eq!(told(list.texts(1)), "`/it`: expected 1 at most");
        assert_eq!(
            told(field(r#"{"it": [null]}"#).texts(1)),
            "`/it/0`: expected a text, found nothing"
        );
    }

    #[test]
    fn null_is_as_nothing_but_where_it_takes_something_away() {
        let (null, nothing) = (field(r#"{"it": null}"#), field("{}"));
        for field in [&null, &nothing] {
            assert_eq!(told(field.text()), "None");
            assert_eq!(told(field.texts(1)), "None");
            assert_eq!(told(field.whole(0..=1)), "None");
            assert_eq!(told(field.flag()), "None");
            assert_eq!(told(field.time()), "None");
        }
        assert!(matches!(null.said(Field::why), Ok(Said::Is(None))));
        assert!(matches!(nothing.said(Field::why), Ok(Said::Nothing)));
        assert!(matches!(field(r#"{"it": "x"}"#).said(Field::why), Ok(Said::Is(Some(_)))));
    }
}
