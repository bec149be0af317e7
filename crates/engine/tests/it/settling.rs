//! Plays scenarios under behaviour 2, in which time changes accounts.

use std::fmt::Write as _;

use accolade_engine::behaviour::{FIRST, KNOWN, SECOND};
use accolade_wire::journal::{Outcomes, Recorded};
use accolade_wire::record::Slice;
use expect_test::Expect;

use super::play::Play;

/// What a transcript tells of a record, or of the time of a batch, beside its outcome.
pub(crate) type Tell = fn(&Recorded<'_>) -> Vec<String>;

/// Plays a scenario under behaviour 2, or what it switches to itself, and compares its transcript. It is the same
/// wherever intervals end.
pub(crate) fn check(scenario: &str, tell: Tell, transcript: Expect) {
    let heard = heard_of(scenario, tell, |_| {});
    assert_eq!(
        heard_of(scenario, tell, Play::end_interval),
        heard,
        "with an interval for each line"
    );
    transcript.assert_eq(&heard);
}

/// Plays a scenario under behaviour 2, and says what was heard.
pub(crate) fn heard(scenario: &str, tell: Tell) -> String {
    heard_of(scenario, tell, |_| {})
}

fn heard_of(scenario: &str, tell: Tell, after_each: impl Fn(&mut Play)) -> String {
    let begins = if scenario.contains("behaviour") { FIRST } else { SECOND };
    let mut play = Play::beginning(begins.number, KNOWN);
    let mut heard = String::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let before = play.partition.next_batch();
        let said = play.line(line);
        let name = line.split(" {").next().unwrap();
        write!(heard, "{name:<32} {said}").unwrap();
        for told in told_from(&play, before, tell) {
            writeln!(heard, "{:<32} {told}", "").unwrap();
        }
        after_each(&mut play);
    }
    heard
}

/// What is told of the batches from one on.
fn told_from(play: &Play, batch: u64, tell: Tell) -> Vec<String> {
    let mut told = Vec::new();
    for folded in play.store.batches.range((0, batch)..).map(|(_, folded)| folded) {
        let (partition, batch, count) = (folded.partition, folded.batch, folded.count);
        let slice = Slice { partition, batch, flags: 0, count, body: &folded.journal };
        told.extend(Outcomes::read(&slice).unwrap().flat_map(|recorded| tell(&recorded.unwrap())));
    }
    told
}
