//! Request bodies of many items, split without being read: each item is judged by itself afterwards.

use crate::json::{Broken, Flaw, plain_end};
use crate::problem::Problem;

/// How much one body may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Greatest number of items.
    pub items_max: usize,
    /// Greatest length of one item in bytes.
    pub item_bytes_max: usize,
}

/// The bytes of one item; too many of them are its own problem and nobody else's.
pub type Item<'a> = Result<&'a [u8], Problem>;

/// What a body holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Items<'a> {
    /// A single object.
    One(Item<'a>),
    /// A list, of any length.
    Many(Vec<Item<'a>>),
}

/// Splits a body of `application/json`: an object, or an array of items.
///
/// Items are found by their brackets and quotes alone, so a broken one usually breaks nothing but
/// itself; brackets that do not match break the whole body.
pub fn items(body: &[u8], limits: Limits) -> Result<Items<'_>, Problem> {
    let body = without_space_after(body);
    let start = space_end(body, 0);
    match body.get(start) {
        Some(b'{') => Ok(Items::One(limits.item(&body[start..]))),
        Some(b'[') => elements(body, start + 1, limits).map(Items::Many),
        _ => Err(Broken { at: start, flaw: Flaw::ObjectOrArray }.problem(body, "")),
    }
}

/// Splits a body of `application/x-ndjson`: one item on each line; blank lines are none.
pub fn lines(body: &[u8], limits: Limits) -> Result<Items<'_>, Problem> {
    let mut items = Vec::new();
    for line in body.split(|byte| *byte == b'\n') {
        let line = without_space_after(&line[space_end(line, 0)..]);
        if !line.is_empty() {
            limits.push(&mut items, line)?;
        }
    }
    Ok(Items::Many(items))
}

impl Limits {
    fn item(self, item: &[u8]) -> Item<'_> {
        if item.len() <= self.item_bytes_max {
            return Ok(item);
        }
        let (max, length) = (self.item_bytes_max, item.len());
        Err(Problem::new("", format!("expected at most {max} bytes, found {length}")))
    }

    fn push<'a>(self, items: &mut Vec<Item<'a>>, item: &'a [u8]) -> Result<(), Problem> {
        if items.len() == self.items_max {
            let max = self.items_max;
            return Err(Problem::new("", format!("expected at most {max} items, found more")));
        }
        items.push(self.item(item));
        Ok(())
    }
}

/// The elements of an array, from behind its bracket on.
fn elements(body: &[u8], mut at: usize, limits: Limits) -> Result<Vec<Item<'_>>, Problem> {
    let broken = |at, flaw| Broken { at, flaw }.problem(body, "");
    let mut items = Vec::new();
    let mut open = Vec::new();
    at = space_end(body, at);
    let mut more = body.get(at) != Some(&b']');
    while more {
        let start = space_end(body, at);
        let end =
            element_end(body, start, &mut open).map_err(|Broken { at, flaw }| broken(at, flaw))?;
        let element = without_space_after(&body[start..end]);
        if element.is_empty() {
            return Err(broken(start, Flaw::Value));
        }
        limits.push(&mut items, element)?;
        more = body[end] == b',';
        at = end + usize::from(more);
    }
    match space_end(body, at + 1) {
        end if end == body.len() => Ok(items),
        end => Err(broken(end, Flaw::End)),
    }
}

/// The position of the comma or bracket that ends the element at `at`. `open` is empty before and after.
fn element_end(body: &[u8], mut at: usize, open: &mut Vec<u8>) -> Result<usize, Broken> {
    loop {
        match body.get(at) {
            Some(b'"') => at = string_end(body, at)?,
            Some(b'{') => open.push(b'}'),
            Some(b'[') => open.push(b']'),
            Some(b',' | b']') if open.is_empty() => return Ok(at),
            Some(byte @ (b'}' | b']')) => match open.pop() {
                Some(expected) if expected == *byte => {}
                Some(b'}') => return Err(Broken { at, flaw: Flaw::FieldEnd }),
                _ => return Err(Broken { at, flaw: Flaw::ElementEnd }),
            },
            Some(_) => {}
            None if open.last() == Some(&b'}') => return Err(Broken { at, flaw: Flaw::FieldEnd }),
            None => return Err(Broken { at, flaw: Flaw::ElementEnd }),
        }
        at += 1;
    }
}

/// The position of the quote that ends the text at `start`.
fn string_end(body: &[u8], start: usize) -> Result<usize, Broken> {
    let mut at = start + 1;
    loop {
        at = plain_end(body, at);
        match body.get(at) {
            Some(b'"') => return Ok(at),
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return Err(Broken { at: body.len(), flaw: Flaw::Quote }),
        }
    }
}

fn space_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| is_space(**byte)).count()
}

fn without_space_after(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().rposition(|byte| !is_space(*byte)).map_or(0, |last| last + 1);
    &bytes[..end]
}

/// White space as JSON has it; Rust's own notion also has the form feed.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}
