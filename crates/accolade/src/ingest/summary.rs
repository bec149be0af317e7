//! What became of the lines of a file.

use std::collections::BTreeMap;
use std::time::Duration;

use accolade_domain::amount::Points;
use serde_json::json;

use super::batches::Batch;
use crate::shapes::{FieldProblem, ItemOutcome, Many, Rejected};
use crate::terminal::{a_second, grouped, printable, say};

/// Examples that are shown of lines with the same problem.
const EXAMPLES_MAX: usize = 3;
/// Problems that are shown; the rest is counted.
const PROBLEMS_MAX: usize = 20;

/// Counts.
#[derive(Debug, Default)]
pub(super) struct Summary {
    /// Lines that were sent, or were too long to be.
    pub(super) lines: u64,
    accepted: u64,
    rejected: u64,
    /// Lines whose outcome was asked for.
    awaited: u64,
    problems: BTreeMap<(String, String), Examples>,
    outcomes: BTreeMap<(&'static str, String), Outcomes>,
}

#[derive(Debug, Default)]
struct Examples {
    count: u64,
    lines: Vec<u64>,
}

#[derive(Debug, Default)]
struct Outcomes {
    count: u64,
    points: Option<Points>,
    first_line: u64,
}

impl Summary {
    /// Adds the answer to a batch.
    pub(super) fn add(&mut self, batch: &Batch, answer: Many, waited: bool) {
        self.lines += batch.lines.len() as u64 + batch.too_long.len() as u64;
        self.accepted += answer.accepted;
        if waited {
            self.awaited += answer.accepted;
        }
        for line in &batch.too_long {
            self.reject(*line, "", "expected a line of at most 1 MiB");
        }
        let line_of = |index: usize| batch.lines.get(index).copied().unwrap_or_default();
        for Rejected { index, problem } in answer.rejected {
            let whole = FieldProblem {
                pointer: String::new(),
                detail: problem.detail.unwrap_or(problem.title),
                line: None,
                column: None,
            };
            // A line counts once, under the first of its problems.
            let first = problem.errors.into_iter().next().unwrap_or(whole);
            self.reject(line_of(index), &first.pointer, &first.detail);
        }
        for result in answer.results {
            self.decided(line_of(result.index), result);
        }
    }

    fn reject(&mut self, line: u64, pointer: &str, detail: &str) {
        self.rejected += 1;
        let problem = (printable(pointer), printable(detail));
        let examples = self.problems.entry(problem).or_default();
        examples.count += 1;
        if examples.lines.len() < EXAMPLES_MAX {
            examples.lines.push(line);
        }
    }

    fn decided(&mut self, line: u64, result: ItemOutcome) {
        let (outcome, adds_points) = match &*result.kind {
            "counted" => ("counted", true),
            "voided" => ("voided", true),
            "repeated" => ("repeated", false),
            "refused" => ("refused", false),
            "dead_letter" => ("dead letter", false),
            _ => ("not decided yet", false),
        };
        let reason = if adds_points { None } else { result.reason };
        let tally = self.outcomes.entry((outcome, reason.unwrap_or_default())).or_default();
        if tally.count == 0 {
            tally.first_line = line;
        }
        tally.count += 1;
        if let Some(points) = result.points.filter(|_| adds_points).and_then(|raw| raw.points()) {
            tally.points = tally.points.unwrap_or_default().plus(points);
        }
    }

    /// Whether every line was accepted.
    pub(super) fn is_clean(&self) -> bool {
        self.rejected == 0
    }

    /// Prints it as one JSON document; of many problems, those that are met first.
    pub(super) fn print_json(&self) -> std::io::Result<()> {
        let problems = self.in_order().into_iter().take(PROBLEMS_MAX);
        let problems = problems.map(|((pointer, detail), Examples { count, lines })| {
            json!({ "pointer": pointer, "detail": detail, "count": count, "lines": lines })
        });
        let outcomes = self.outcomes.iter();
        let outcomes =
            outcomes.map(|((outcome, reason), Outcomes { count, points, first_line })| {
                let reason = Some(reason).filter(|reason| !reason.is_empty());
                let points = points.map(|points| points.to_string());
                json!({
                    "outcome": outcome,
                    "reason": reason,
                    "count": count,
                    "points": points,
                    "firstLine": first_line,
                })
            });
        say(json!({
            "lines": self.lines,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "awaited": self.awaited,
            "problems": problems.collect::<Vec<_>>(),
            "outcomes": outcomes.collect::<Vec<_>>(),
        }))
    }

    fn in_order(&self) -> Vec<(&(String, String), &Examples)> {
        let mut problems: Vec<_> = self.problems.iter().collect();
        problems.sort_by_key(|(_, examples)| examples.lines.first().copied());
        problems
    }

    /// Prints it.
    pub(super) fn print(&self, elapsed: Duration) -> std::io::Result<()> {
        let rate =
            a_second(self.lines, elapsed).map(|rate| format!(", {} a second", grouped(rate)));
        say(format_args!(
            "{} lines in {:.2} s{}",
            grouped(self.lines),
            elapsed.as_secs_f64(),
            rate.unwrap_or_default()
        ))?;
        say(format_args!("  {:>12}  accepted, and on disk", grouped(self.accepted)))?;
        if self.rejected > 0 {
            say(format_args!(
                "  {:>12}  rejected; nothing of them was kept",
                grouped(self.rejected)
            ))?;
        }
        self.print_problems()?;
        self.print_outcomes()
    }

    fn print_problems(&self) -> std::io::Result<()> {
        if self.problems.is_empty() {
            return Ok(());
        }
        say("rejected")?;
        let problems = self.in_order();
        for ((pointer, detail), Examples { count, lines }) in problems.iter().take(PROBLEMS_MAX) {
            let numbers: Vec<String> = lines.iter().map(ToString::to_string).collect();
            let more = if *count > lines.len() as u64 { ", …" } else { "" };
            let plural = if *count > 1 { "s" } else { "" };
            let at = if pointer.is_empty() { String::new() } else { format!("`{pointer}`: ") };
            say(format_args!(
                "  {:>12}  line{plural} {}{more}: {at}{detail}",
                grouped(*count),
                numbers.join(", ")
            ))?;
        }
        if problems.len() > PROBLEMS_MAX {
            let others = problems.len() - PROBLEMS_MAX;
            say(format_args!("  {:>12}  and {others} other problems", ""))?;
        }
        Ok(())
    }

    fn print_outcomes(&self) -> std::io::Result<()> {
        if self.outcomes.is_empty() {
            return Ok(());
        }
        if self.awaited < self.accepted {
            let (awaited, all) = (grouped(self.awaited), grouped(self.accepted));
            say(format_args!(
                "what became of the first {awaited} of {all} (`--wait` asks for all)"
            ))?;
        } else {
            say("what became of them")?;
        }
        for ((outcome, reason), Outcomes { count, points, first_line }) in &self.outcomes {
            let mut more = String::new();
            if let Some(points) = points {
                more = format!(", {points} points");
            }
            if !reason.is_empty() {
                more = format!(": {}, first in line {first_line}", printable(reason));
            }
            say(format_args!("  {:>12}  {outcome}{more}", grouped(*count)))?;
        }
        Ok(())
    }
}
