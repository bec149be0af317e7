//! Whoever moves on the leaderboard of a tournament is told of, once, and where no page of those who have moved is left out.

use std::fmt::Write as _;

use accolade_domain::ledger::Subject;
use accolade_engine::behaviour::{KNOWN, SECOND};
use accolade_wire::control::{Command, MovedLine, MovedPage};
use accolade_wire::hex::to_hex;
use accolade_wire::journal::Outcomes;
use accolade_wire::notice::moved::{POSITION_MOVED, PositionMoved};
use accolade_wire::record::Slice;
use expect_test::{Expect, expect};

use super::lots::program;
use super::play::Play;

/// Plays a scenario and compares its transcript, with what is told. It is the same wherever intervals end. `COUNT` is a tournament's
/// query, and `moved ID REVISION AFTER AT player:position:score:reached …` the first page of the look at `AT`, or another of its pages
/// with `rest`, behind which others come with `more`; without another word the score was reached just before `AT`.
fn check(scenario: &str, transcript: Expect) {
    let query = "SELECT playerId, COUNT(*) FROM wagers GROUP BY playerId";
    let scenario = scenario.replace("PROGRAM", &program("")).replace("COUNT", query);
    let heard = heard_of(&scenario, |_| {});
    let each = heard_of(&scenario, Play::end_interval);
    assert_eq!(each, heard, "with an interval for each line");
    transcript.assert_eq(&heard);
}

fn heard_of(scenario: &str, after_each: impl Fn(&mut Play)) -> String {
    let mut play = Play::beginning(SECOND.number, KNOWN);
    let mut heard = String::new();
    for line in scenario.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let before = play.partition.next_batch();
        let words: Vec<_> = line.split_whitespace().collect();
        let said = match words[..] {
            ["moved", id, revision, after, at, ..] => {
                let page = page(&play, id, [revision, after, at], &words[5..]);
                let body = serde_json::to_string(&Command::Moved(page)).unwrap();
                play.line(&format!("command {body}"))
            }
            _ => play.line(line),
        };
        let name = line.split(" {").next().unwrap().split(" SELECT").next().unwrap();
        writeln!(heard, "{}", format!("{name:<36} {said}").trim_end()).unwrap();
        for told in told_from(&play, before) {
            writeln!(heard, "{:<36} {told}", "").unwrap();
        }
        after_each(&mut play);
    }
    heard
}

fn page(play: &Play, id: &str, numbers: [&str; 3], lines: &[&str]) -> MovedPage {
    let [revision, after, at] = numbers.map(|text| text.parse::<i64>().unwrap());
    let line = |line: &&str| {
        let words: Vec<_> = line.split(':').collect();
        MovedLine {
            player_id: words[0].into(),
            subject: to_hex(&subject_of(words[0]).0),
            position: words[1].parse().unwrap(),
            score: format!("{}000000000000000000", words[2]),
            reached: words.get(3).map_or(at - 1, |reached| reached.parse().unwrap()),
        }
    };
    let players = lines.iter().filter(|word| !["more", "rest"].contains(*word));
    MovedPage {
        tournament: play.tournaments().get(id).unwrap().number,
        revision: u64::try_from(revision).unwrap(),
        look: at,
        page: if lines.contains(&"rest") { 2 } else { 1 },
        after,
        at,
        is_last: !lines.contains(&"more"),
        lines: players.map(line).collect(),
    }
}

/// The players are of other partitions, so that anything may be their subject.
fn subject_of(player: &str) -> Subject {
    let mut subject = [0; 16];
    subject[..player.len()].copy_from_slice(player.as_bytes());
    Subject(subject)
}

fn told_from(play: &Play, batch: u64) -> Vec<String> {
    let mut told = Vec::new();
    for folded in play.store.batches.range((0, batch)..).map(|(_, folded)| folded) {
        let (partition, batch, count) = (folded.partition, folded.batch, folded.count);
        let slice = Slice { partition, batch, flags: 0, count, body: &folded.journal };
        for stored in Outcomes::read(&slice).unwrap().flat_map(|it| it.unwrap().notices) {
            assert_eq!((stored.notice.kind, stored.notice.operator), (POSITION_MOVED, 1));
            let PositionMoved { before, after, score, .. } =
                PositionMoved::read(&stored.notice.body).unwrap();
            let name = String::from_utf8(stored.notice.subject.0.to_vec()).unwrap();
            let name = name.trim_end_matches('\0');
            told.push(match before {
                Some(before) => format!("{name} {before} to {after} with {score}"),
                None => format!("{name} at {after} with {score}"),
            });
        }
    }
    told
}

#[test]
fn a_position_is_told_of_where_it_differs_from_the_one_that_was_told_last() {
    check(
        r#"
        PROGRAM
        tournament race +1m +2h COUNT
        after 2m
        moved race 1 0 10 anna:1:7 bert:2:3
        moved race 2 10 20 anna:1:9
        moved race 3 20 30 bert:1:12
        moved race 4 30 40 anna:1:13 bert:2:12:29
        moved race 5 40 50 bert:2:14 cara:3:1
        "#,
        // Anna was pushed down and is back where it was told last that she is; Bert was heard of before, and is only pushed down.
        expect![[r#"
            program                              made v1
            tournament race +1m +2h              made v1
            after 2m
            moved race 1 0 10 anna:1:7 bert:2:3  done
                                                 anna at 1 with 7
                                                 bert at 2 with 3
            moved race 2 10 20 anna:1:9          done
            moved race 3 20 30 bert:1:12         done
                                                 bert 2 to 1 with 12
            moved race 4 30 40 anna:1:13 bert:2:12:29 done
            moved race 5 40 50 bert:2:14 cara:3:1 done
                                                 bert 1 to 2 with 14
                                                 cara at 3 with 1
        "#]],
    );
}

#[test]
fn a_page_counts_once_and_none_is_left_out() {
    check(
        r#"
        PROGRAM
        tournament race +1m +2h COUNT
        after 2m
        moved race 1 0 10 anna:1:7 more
        moved race 1 0 10 anna:2:7 more
        moved race 3 0 10 cara:3:1 rest
        moved race 2 10 10 cara:3:1
        moved race 2 0 20 cara:3:1 rest
        moved race 2 0 10 bert:2:3 rest
        moved race 2 0 10 bert:3:3 rest
        moved race 3 0 20 cara:3:1 rest
        moved race 3 10 20 bert:3:3 more
        moved race 4 10 30 bert:4:3
        moved race 5 10 20 cara:3:1 rest
        moved race 5 30 40
        moved race 6 40 40 bert:3:3
        moved race 7 30 35
        moved race 7 40 50
        moved race 8 51 60
        "#,
        expect![[r#"
            program                              made v1
            tournament race +1m +2h              made v1
            after 2m
            moved race 1 0 10 anna:1:7 more      done
                                                 anna at 1 with 7
            moved race 1 0 10 anna:2:7 more      declined stale
            moved race 3 0 10 cara:3:1 rest      declined stale
            moved race 2 10 10 cara:3:1          declined stale
            moved race 2 0 20 cara:3:1 rest      declined stale
            moved race 2 0 10 bert:2:3 rest      done
                                                 bert at 2 with 3
            moved race 2 0 10 bert:3:3 rest      declined stale
            moved race 3 0 20 cara:3:1 rest      declined stale
            moved race 3 10 20 bert:3:3 more     done
                                                 bert 2 to 3 with 3
            moved race 4 10 30 bert:4:3          done
                                                 bert 3 to 4 with 3
            moved race 5 10 20 cara:3:1 rest     declined stale
            moved race 5 30 40                   done
            moved race 6 40 40 bert:3:3          done
                                                 bert 4 to 3 with 3
            moved race 7 30 35                   declined stale
            moved race 7 40 50                   done
            moved race 8 51 60                   declined stale
        "#]],
    );
}

#[test]
fn nothing_is_told_of_a_tournament_that_does_not_take_place_or_is_over_for_long() {
    check(
        r#"
        PROGRAM
        tournament race +1m +2h COUNT
        tournament plan +1m +2h COUNT {"stage":"draft"}
        tournament gone +1m +2h COUNT
        moved gone 1 0 10 anna:1:7
        tournament gone +1m +2h COUNT {"stage":"cancelled"}
        moved gone 2 10 20 anna:2:7
        moved plan 1 0 10 anna:1:7
        moved race 1 0 10 anna:0:7
        after 4h
        moved race 1 0 10 anna:1:7
        after 8d
        moved race 2 10 20 anna:2:7
        "#,
        expect![[r#"
            program                              made v1
            tournament race +1m +2h              made v1
            tournament plan +1m +2h              made v2
            tournament gone +1m +2h              made v3
            moved gone 1 0 10 anna:1:7           done
                                                 anna at 1 with 7
            tournament gone +1m +2h              made v3
            moved gone 2 10 20 anna:2:7          declined stale
            moved plan 1 0 10 anna:1:7           declined stale
            moved race 1 0 10 anna:0:7           declined malformed
            after 4h
            moved race 1 0 10 anna:1:7           done
                                                 anna at 1 with 7
            after 8d
            moved race 2 10 20 anna:2:7          declined tournament_over
        "#]],
    );
}
