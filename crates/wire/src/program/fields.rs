//! Reads the fields of a document one by one, and keeps every problem on the way.

use accolade_domain::amount::{Amount, DecimalError, Points, Rate};
use accolade_domain::event::ID_BYTES_MAX;
use accolade_domain::time::Timestamp;

use crate::document::{DocumentProblem, Member, Node, PROBLEMS_MAX, Position, Value, step_into};
use crate::spelling::hint;
use crate::timestamp;

/// Most names in one list or mapping, for every jurisdiction has its own copy of the rules.
const NAMES_MAX: usize = 10_000;

/// The problems found so far.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<DocumentProblem>);

impl Problems {
    /// Adds a problem, unless it was told before: what several jurisdictions share is said once.
    pub(super) fn add(&mut self, pointer: &str, at: Position, detail: impl Into<String>) {
        let problem = DocumentProblem { pointer: pointer.to_owned(), at, detail: detail.into() };
        let told = |known: &DocumentProblem| known.at == at && known.detail == problem.detail;
        if !self.is_full() && !self.0.iter().any(told) {
            self.0.push(problem);
        }
    }

    /// Whether there are so many that no more are told.
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= PROBLEMS_MAX
    }

    /// `value` if nothing is wrong, or else all problems in the order of the text.
    pub(super) fn or<T>(mut self, value: T) -> Result<T, Vec<DocumentProblem>> {
        if self.0.is_empty() {
            return Ok(value);
        }
        self.0.sort_by_key(|problem| problem.at);
        Err(self.0)
    }
}

/// One value and the way to it.
#[derive(Debug, Clone)]
pub(super) struct Field<'d> {
    /// The value.
    pub(super) node: &'d Node,
    /// JSON pointer to it.
    pub(super) pointer: String,
    /// Where its key stands, for what is wrong with the key; or else where it begins itself.
    pub(super) key_at: Position,
}

impl<'d> Field<'d> {
    /// The document itself.
    pub(super) fn root(node: &'d Node) -> Self {
        Self { node, pointer: String::new(), key_at: node.at }
    }

    fn member(&self, member: &'d Member) -> Self {
        let mut pointer = self.pointer.clone();
        step_into(&mut pointer, &member.key);
        Self { node: &member.node, pointer, key_at: member.key_at }
    }

    /// Says that the value is not what was expected.
    pub(super) fn expected(&self, what: &str, problems: &mut Problems) {
        let found = found(self.node);
        problems.add(&self.pointer, self.node.at, format!("expected {what}, found {found}"));
    }

    /// Says what else is wrong with the value.
    pub(super) fn wrong(&self, detail: impl Into<String>, problems: &mut Problems) {
        problems.add(&self.pointer, self.node.at, detail);
    }

    /// Says that `key` is missing, and how it is written.
    pub(super) fn missing(&self, key: &str, form: &str, problems: &mut Problems) {
        if matches!(self.node.value, Value::Map(_)) {
            self.wrong(format!("`{key}` is missing: expected {form}"), problems);
        }
    }

    /// Says that the key names something that this version does not do.
    pub(super) fn unsupported(&self, problems: &mut Problems) {
        let name = self.pointer.rsplit('/').next().unwrap_or_default();
        let detail = format!("`{name}` is not supported by this version yet; leave it out");
        problems.add(&self.pointer, self.key_at, detail);
    }

    /// The members of a mapping of names, without those that are null.
    pub(super) fn members(&self, problems: &mut Problems) -> Vec<(&'d str, Self)> {
        let Value::Map(members) = &self.node.value else {
            self.expected("a mapping (`name: value`)", problems);
            return Vec::new();
        };
        if members.len() > NAMES_MAX {
            self.wrong(format!("expected at most {NAMES_MAX} names"), problems);
            return Vec::new();
        }
        let fields: Vec<_> =
            members.iter().map(|member| (&*member.key, self.member(member))).collect();
        for (name, field) in &fields {
            check_name(name, field, field.key_at, problems);
        }
        fields.into_iter().filter(|(_, field)| field.node.value != Value::Null).collect()
    }

    /// A mapping with the keys `known`; `later` are those that this version does not support.
    pub(super) fn section(
        &self,
        known: &[&str],
        later: &[&str],
        problems: &mut Problems,
    ) -> Section<'d> {
        let Value::Map(members) = &self.node.value else {
            self.expected("a mapping (`key: value`)", problems);
            return Section(Vec::new());
        };
        let mut fields = Vec::new();
        for member in members {
            if problems.is_full() {
                break;
            }
            let (key, field) = (&*member.key, self.member(member));
            let is_null = member.node.value == Value::Null;
            if known.contains(&key) {
                if !is_null {
                    fields.push((key, field));
                }
            } else if !later.contains(&key) {
                let mut hint = hint(key, known.iter().copied());
                if hint.is_empty() {
                    hint = format!("; expected one of `{}`", known.join("`, `"));
                }
                let detail = format!("unknown key `{key}`{hint}", key = shortened(key));
                problems.add(&field.pointer, field.key_at, detail);
            } else if !is_null {
                field.unsupported(problems);
            }
        }
        Section(fields)
    }

    /// The items of a list.
    pub(super) fn items(&self, problems: &mut Problems) -> Vec<Self> {
        let Value::List(nodes) = &self.node.value else {
            self.expected("a list (`[a, b]`)", problems);
            return Vec::new();
        };
        if nodes.len() > NAMES_MAX {
            self.wrong(format!("expected at most {NAMES_MAX} items"), problems);
            return Vec::new();
        }
        let item = |(index, node): (usize, &'d Node)| {
            let pointer = format!("{}/{index}", self.pointer);
            Self { node, pointer, key_at: node.at }
        };
        nodes.iter().enumerate().map(item).collect()
    }

    /// A list of names in which none stands twice.
    pub(super) fn names(&self, problems: &mut Problems) -> Vec<(&'d str, Self)> {
        let mut names: Vec<(&str, Self)> = Vec::new();
        for item in self.items(problems) {
            let Some(name) = item.name(problems) else { continue };
            names.push((name, item));
        }
        names.sort_by(|(a, at), (b, bt)| (a, at.node.at).cmp(&(b, bt.node.at)));
        names.dedup_by(|(name, field), (before, _)| {
            if name == before {
                field.wrong(format!("`{name}` is listed twice"), problems);
            }
            name == before
        });
        names
    }

    /// A text that names something, as events do.
    pub(super) fn name(&self, problems: &mut Problems) -> Option<&'d str> {
        match &self.node.value {
            Value::Text(text) => {
                check_name(text, self, self.node.at, problems);
                Some(text)
            }
            Value::Number(_) | Value::Bool(_) => {
                self.expected("a text in quotes", problems);
                None
            }
            Value::Null | Value::List(_) | Value::Map(_) => {
                self.expected("a text", problems);
                None
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&self, problems: &mut Problems) -> Option<bool> {
        if let Value::Bool(value) = self.node.value {
            return Some(value);
        }
        self.expected("`true` or `false`", problems);
        None
    }

    /// One of `choices`; the `later` ones are not supported by this version.
    pub(super) fn choice<T: Copy>(
        &self,
        choices: &[(&str, T)],
        later: &[&str],
        problems: &mut Problems,
    ) -> Option<T> {
        let words = || choices.iter().map(|(word, _)| *word);
        let text = match &self.node.value {
            // Some YAML writers turn `off` into `false`.
            Value::Bool(false) if words().any(|word| word == "off") => "off",
            Value::Text(text) => text,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => "",
        };
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let expected = words().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ");
        if later.contains(&text) {
            let detail =
                format!("`{text}` is not supported by this version yet; expected {expected}");
            self.wrong(detail, problems);
        } else {
            let detail = format!("expected {expected}, found {}", found(self.node));
            self.wrong(detail + &hint(text, words()), problems);
        }
        None
    }

    /// A multiplier or a rate.
    pub(super) fn rate(&self, problems: &mut Problems) -> Option<Rate> {
        self.decimal("a number such as `0.05`", Rate::parse, problems)
    }

    /// A number as events count.
    pub(super) fn whole(&self, problems: &mut Problems) -> Option<u64> {
        let number = match &self.node.value {
            Value::Number(text) => text.parse().ok(),
            Value::Null | Value::Bool(_) | Value::Text(_) | Value::List(_) | Value::Map(_) => None,
        };
        if number.is_none() {
            self.expected(&format!("a whole number from 0 to {}", u64::MAX), problems);
        }
        number
    }

    /// A sum of money.
    pub(super) fn amount(&self, problems: &mut Problems) -> Option<Amount> {
        self.decimal("an amount such as `1.00`", Amount::parse, problems)
    }

    /// A number of points.
    pub(super) fn points(&self, problems: &mut Problems) -> Option<Points> {
        self.decimal("points such as `10.00`", Points::parse, problems)
    }

    /// A whole number with its unit, such as `30d`: how many of the least unit that is, up to `max`. Units are
    /// given with how many of the least they are.
    pub(super) fn counted(
        &self,
        units: &[(&str, u16)],
        max: u16,
        form: &str,
        problems: &mut Problems,
    ) -> Option<u16> {
        let text = match &self.node.value {
            Value::Text(text) => &**text,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => "",
        };
        let number = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
        let unit = units
            .iter()
            .find(|(unit, _)| number.len() + unit.len() == text.len() && text.ends_with(unit));
        let is_plain = number.bytes().all(|digit| digit.is_ascii_digit());
        let count = unit
            .filter(|_| is_plain)
            .and_then(|(_, least)| number.parse::<u16>().ok()?.checked_mul(*least));
        let count = count.filter(|count| *count <= max);
        if count.is_none() {
            self.expected(form, problems);
        }
        count
    }

    /// A moment.
    pub(super) fn time(&self, problems: &mut Problems) -> Option<Timestamp> {
        let time = match &self.node.value {
            Value::Text(text) => timestamp::read(text),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => {
                None
            }
        };
        if time.is_none() {
            self.expected("a time such as `2024-11-11T10:30:00Z`", problems);
        }
        time
    }

    fn decimal<T>(
        &self,
        form: &str,
        parse: fn(&str) -> Result<T, DecimalError>,
        problems: &mut Problems,
    ) -> Option<T> {
        let Value::Number(text) = &self.node.value else {
            self.expected(form, problems);
            return None;
        };
        let wrong = match parse(text) {
            Ok(value) => return Some(value),
            Err(DecimalError::NotANumber) => String::new(),
            Err(DecimalError::Negative) => ", not negative".to_owned(),
            Err(DecimalError::TooPrecise { decimals_max }) => {
                format!(", with at most {decimals_max} decimals")
            }
            Err(DecimalError::TooLarge) => ", not so large".to_owned(),
        };
        self.expected(&format!("{form}{wrong}"), problems);
        None
    }
}

/// The members of a mapping whose keys are known; null is as good as absent.
#[derive(Debug, Default)]
pub(super) struct Section<'d>(Vec<(&'d str, Field<'d>)>);

impl<'d> Section<'d> {
    /// The field of `key`, where it is there.
    pub(super) fn get(&self, key: &str) -> Option<&Field<'d>> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, field)| field)
    }
}

/// Says which names differ only in case: events match exactly, so one of them is a slip.
pub(super) fn refuse_case_variants<'d>(
    names: impl IntoIterator<Item = (&'d str, Field<'d>)>,
    problems: &mut Problems,
) {
    let mut names: Vec<_> =
        names.into_iter().map(|(name, field)| (name.to_lowercase(), name, field)).collect();
    names.sort_by(|(a, _, at), (b, _, bt)| (a, at.key_at).cmp(&(b, bt.key_at)));
    for pair in names.windows(2) {
        let ((plain, name, _), (other_plain, other, field)) = (&pair[0], &pair[1]);
        if plain == other_plain && name != other {
            let detail = format!(
                "`{other}` and `{name}` differ only in case, and names match exactly; keep one"
            );
            problems.add(&field.pointer, field.key_at, detail);
        }
    }
}

fn check_name(name: &str, field: &Field<'_>, at: Position, problems: &mut Problems) {
    if name.is_empty() || name.len() > ID_BYTES_MAX || name.chars().any(char::is_control) {
        let detail =
            format!("expected a name of 1 to {ID_BYTES_MAX} bytes without control characters");
        problems.add(&field.pointer, at, detail);
    }
}

/// Says in a few words what stands there.
fn found(node: &Node) -> String {
    match &node.value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(text) => format!("`{}`", shortened(text)),
        Value::Text(text) => format!("the text `{}`", shortened(text)),
        Value::List(_) => "a list".to_owned(),
        Value::Map(_) => "a mapping".to_owned(),
    }
}

pub(super) fn shortened(text: &str) -> String {
    const CHARACTERS_MAX: usize = 60;
    let shown: String = text.chars().take(CHARACTERS_MAX).collect();
    if shown.len() < text.len() { shown + "…" } else { shown }
}
