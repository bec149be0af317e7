//! Errors say what is wrong and what to do.

use expect_test::{Expect, expect};
use rustix::fs::{FlockOperation, flock};

use crate::harness::{Home, line_with};

const PROGRAM: &str = "currency: EUR\nearning: { multipliers: { default: 0.1 } }\n";

fn check_program(text: &str, expected: Expect) {
    let home = Home::new();
    let file = home.file("program.yaml", text);
    let ran = home.run(&["program", "check", file.to_str().unwrap()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let folder = format!("{}/", file.parent().unwrap().display());
    expected.assert_eq(&(ran.out + &ran.err).replace(&folder, ""));
}

#[test]
fn a_program_is_checked_like_a_compiler_checks() {
    check_program(
        "currency: EUR\ntimezone: Europe/Atlantis\nearning:\n  multipliers: { slots: -1 }\nmode: on\n",
        expect![[r#"
            program.yaml:2:11: error: `/timezone`: expected the name of a time zone such as `Europe/Malta`, found `Europe/Atlantis`
            program.yaml:4:25: error: `/earning/multipliers/slots`: expected a number such as `0.05`, not negative, found `-1`
            program.yaml:5:7: error: `/mode`: expected `live` or `off`, found the text `on`
            3 errors
        "#]],
    );
}

#[test]
fn a_program_with_a_slip_of_the_pen_is_refused() {
    check_program(
        "currency: EUR\nrates: { usd: 0.92 }\njurisdictions:\n  null: { enabled: false }\n  Malta: {}\n",
        expect![[r#"
            program.yaml:2:10: error: `/rates/usd`: expected a currency's code of letters A to Z and digits, as wagers have it, found `usd`; did you mean `USD`?
            program.yaml:4:3: error: `/jurisdictions/null`: expected a name, found `null`, which YAML reads as nothing; in quotes it is a name: `"null"`
            2 errors
        "#]],
    );
}

#[test]
fn a_program_whose_test_fails_is_refused() {
    check_program(
        "currency: EUR\nearning: { multipliers: { slots: 0.1 } }\ntests:\n  - name: ten for a hundred\n    \
         wager: { gameCategory: slots, wagerAmount: 100 }\n    points: 11.00\n",
        expect![[r#"
            program.yaml:4:5: error: test `ten for a hundred`: expected 11.00 points, the program gives 10.00 points
            1 error
        "#]],
    );
}

#[test]
fn a_text_that_is_no_document_is_refused_where_it_breaks() {
    check_program(
        "currency: [EUR\nmode: live\n",
        expect![[r#"
        program.yaml:2:5: error: illegal placement of ':' indicator
        1 error
    "#]],
    );
}

#[test]
fn the_programs_of_the_examples_are_right() {
    let home = Home::new();
    let checked = home.run(&[
        "program",
        "check",
        "examples/programs/slots-house.yaml",
        "examples/programs/live-tables.yaml",
        "examples/programs/slots-club.yaml",
    ]);
    expect![[r#"
        examples/programs/slots-house.yaml: ok; counts in EUR, 9 tests pass
        examples/programs/live-tables.yaml: ok; counts in USD, 7 tests pass
        examples/programs/slots-club.yaml: ok; counts in EUR, 10 tests pass
    "#]]
    .assert_eq(&checked.well());
}

#[test]
fn a_directory_that_is_not_there_is_named_with_what_to_do() {
    let complaint = Home::new().run(&["status"]).unasked();
    assert!(complaint.contains("there is no data directory"), "{complaint}");
    assert!(complaint.contains("--data-dir"), "{complaint}");
}

#[test]
fn a_directory_of_a_later_release_is_refused_and_all_is_well_after() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let format = home.data_dir().join("FORMAT");
    let ours = std::fs::read(&format).unwrap();
    std::fs::write(&format, "accolade data 99\n").unwrap();
    for words in [&["status"][..], &["serve"], &["operator", "add", "operator-555"]] {
        let ran = home.run(words);
        let expected = if words == ["serve"] { 1 } else { 3 };
        assert_eq!(ran.code, Some(expected), "{words:?}: {ran:?}");
        let complaint = ran.err;
        assert!(complaint.contains("format 99"), "{words:?}: {complaint}");
        assert!(complaint.contains("start it with the release that wrote it"), "{complaint}");
    }
    std::fs::write(&format, ours).unwrap();
    line_with(&home.run(&["operator", "list"]).well(), "operator-789");
}

#[test]
fn a_directory_that_another_process_holds_is_left_alone() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let held = std::fs::File::open(home.data_dir().join("LOCK")).unwrap();
    flock(&held, FlockOperation::NonBlockingLockExclusive).unwrap();
    let complaint = home.run(&["operator", "list"]).unasked();
    assert!(complaint.contains("another process has the data directory"), "{complaint}");
    drop(held);
    home.run(&["operator", "list"]).well();
}

#[test]
fn two_nodes_on_one_directory_are_one_too_many() {
    let home = Home::new();
    let serving = home.serve(&[]);
    let complaint = home.run(&["serve", "--listen", "127.0.0.1:0"]).badly();
    let (directory, process) = (home.data_dir(), serving.process());
    let expected = format!("`{}` already (process {process}): stop it", directory.display());
    assert!(complaint.contains(&expected), "{complaint}");
    assert!(complaint.contains("--data-dir"), "{complaint}");
    assert_eq!(serving.stop().0, Some(0));
}

#[test]
fn an_address_that_is_taken_is_named() {
    let (home, other) = (Home::new(), Home::new());
    let serving = home.serve(&[]);
    let complaint = other.run(&["serve", "--listen", serving.address()]).badly();
    assert!(complaint.contains(serving.address()), "{complaint}");
    assert!(complaint.contains("--listen"), "{complaint}");
}

#[test]
fn a_node_whose_port_is_taken_makes_no_operator_and_prints_no_key() {
    let (home, other) = (Home::new(), Home::new());
    let serving = other.serve(&[]);
    for first in [&[][..], &["--first-operator", "operator-789"]] {
        let ran = home.run(&[&["serve", "--listen", serving.address()], first].concat());
        assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{ran:?}");
    }
    line_with(&home.run(&["operator", "list"]).well(), "no operators yet");
    let mut serving = home.serve(&[]);
    line_with(&serving.line(), "first key");
}

#[test]
fn an_operator_that_is_not_there_is_named_with_what_to_do() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let program = home.file("program.yaml", PROGRAM);
    let program = program.to_str().unwrap();
    let complaint =
        home.run(&["program", "publish", program, "--operator", "nobody", "--why", "x"]).badly();
    assert!(complaint.contains("accolade operator add nobody"), "{complaint}");
    for dry_run in [&["--dry-run"][..], &[]] {
        let again = home.run(&[&["operator", "add", "operator-789"], dry_run].concat()).badly();
        assert!(again.contains("operator-789"), "{again}");
    }
    let tried = home.run(&["operator", "add", "operator-555", "--dry-run"]).well();
    line_with(&tried, "nothing was added");
    assert!(!home.run(&["operator", "list"]).well().contains("operator-555"));
    let skipped = home.run(&["skip", "0-1-1", "--dry-run"]).badly();
    assert!(skipped.contains("no partition stands"), "{skipped}");
}

#[test]
fn two_editors_do_not_overwrite_each_other() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let publish = |text: &str, more: &[&str]| {
        let file = home.file("program.yaml", text);
        let words = ["program", "publish", file.to_str().unwrap(), "--operator", "operator-789"];
        home.run(&[&words[..], &["--why", "a test"], more].concat())
    };
    line_with(&publish(PROGRAM, &[]).well(), "published as version 1");
    let second = publish(&PROGRAM.replace("0.1", "0.2"), &["--edited-from", "1"]).well();
    assert_eq!(
        line_with(&second, "multipliers"),
        "  ~ /earning/multipliers/default: 0.1 → 0.2",
        "{second}"
    );
    line_with(&second, "published as version 2");
    let stale = publish(&PROGRAM.replace("0.1", "0.3"), &["--edited-from", "1"]).badly();
    assert!(stale.contains("nothing was published"), "{stale}");
    line_with(&publish(&PROGRAM.replace("0.1", "0.2"), &[]).well(), "nothing to publish");
    let tried = publish(&PROGRAM.replace("0.1", "0.4"), &["--dry-run"]).well();
    line_with(&tried, "nothing was published");
    let diff = ["program", "diff", "1", "latest", "--operator", "operator-789"];
    expect![[r#"
        ~ /earning/multipliers/default: 0.1 → 0.2
    "#]]
    .assert_eq(&home.run(&diff).well());
}

#[test]
fn an_earlier_program_is_published_again() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    for text in [PROGRAM, &PROGRAM.replace("0.1", "0.2")] {
        let file = home.file("program.yaml", text);
        let words = ["program", "publish", file.to_str().unwrap(), "--operator", "operator-789"];
        home.run(&[&words[..], &["--why", "a test"]].concat()).well();
    }
    let back = |version: &str, more: &[&str]| {
        let words = ["program", "rollback", version, "--operator", "operator-789"];
        home.run(&[&words[..], &["--why", "too much"], more].concat())
    };
    line_with(&back("1", &["--dry-run"]).well(), "nothing was published");
    let done = back("1", &[]).well();
    assert_eq!(line_with(&done, "multipliers"), "  ~ /earning/multipliers/default: 0.2 → 0.1");
    line_with(&done, "version 1 published again as version 3 of `operator-789`");
    line_with(&back("1", &[]).well(), "version 3 says the same: nothing to publish");
    assert!(back("9", &[]).badly().contains("`operator-789` has no version 9"));
}

fn late_wager(number: usize) -> String {
    format!(
        r#"{{"wagerId":"late-{number}","playerId":"p{}","operatorId":"operator-789","gameId":"g","gameCategory":"slots","wagerAmount":1,"currency":"EUR","jurisdiction":"Malta","timestamp":"2024-11-11T10:30:00Z"}}"#,
        number % 10
    )
}

#[test]
fn many_dead_letters_are_closed_by_a_filter_on_the_command_line() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let lines: String =
        (0..1_201).fold(String::new(), |lines, number| lines + &late_wager(number) + "\n");
    let file = home.file("late.ndjson", &lines);
    home.run(&["ingest", file.to_str().unwrap()]);
    let of = ["--operator", "operator-789"];
    let run = |words: &[&str]| home.run(&[&["dead-letters"], words, &of[..]].concat());
    let discard = ["discard", "--why", "a test"];
    for words in
        [&discard[..], &["discard", "0-1-1", "--all", "--why", "a test", "--yes"], &["retry"]]
    {
        let refused = run(words).badly();
        assert!(refused.contains("by its id"), "{refused}");
    }
    let tried = run(&[&discard[..], &["--reason", "too_late", "--dry-run"]].concat()).well();
    line_with(&tried, "1201 dead letters would be discarded; nothing was changed");
    let none = run(&[&discard[..], &["--player", "nobody", "--yes"]].concat()).well();
    line_with(&none, "0 dead letters matched");
    let done = run(&[&discard[..], &["--kind", "wager", "--yes"]].concat());
    line_with(&done.out, "1201 dead letters matched, 1201 discarded");
    line_with(&done.err, "500 discarded so far");
    line_with(&run(&["list", "--state", "open"]).well(), "no dead letters");
    let list = run(&["list", "--reason", "too_late", "--state", "discarded"]).well();
    assert_eq!(list.lines().count(), 1_201);
    line_with(&run(&["retry", "--all"]).well(), "0 dead letters matched, 0 released");
}

#[test]
fn every_bad_line_is_named_with_the_field_at_fault() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let ran = home.run(&["ingest", "examples/bad-wagers.ndjson"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let said: Vec<&str> = ran.out.lines().skip(1).collect();
    expect![[r#"
                     0  accepted, and on disk
                    12  rejected; nothing of them was kept
        rejected
                     1  line 1: expected a closing quote at byte 194, found nothing
                     1  line 2: `/playerId`: expected a text of 1 to 128 bytes without control characters, found nothing
                     1  line 3: `/wagerAmount`: expected a number, found `"10.00"`
                     1  line 4: `/wagerAmount`: expected a number that is not negative, found `-10.00`
                     1  line 5: `/wagerAmount`: expected at most 18 decimals, found `10.0000000000000000001`
                     1  line 6: `/wagerAmount`: expected at most 1000000000000, found `1234567890123456789012345678901234567890`
                     1  line 7: `/wagerAmount`: expected a value at byte 148, found `NaN,"currency":"EUR","jurisdiction":"Mal`
                     1  line 8: `/wagerId`: expected a text of 1 to 128 bytes without control characters, found `""`
                     1  line 9: `/playerId`: expected a text of 1 to 128 bytes without control characters, found `"player-\u{7}456"`
                     1  line 10: `/wagerAmount`: expected each key once at byte 154, found `"wagerAmount":9.00,"currency":"EUR","jur`
                     1  line 11: `/timestamp`: expected an RFC 3339 time in UTC such as `2024-11-11T10:30:00Z`, from 1970 on, found `"2026-11-20T10:00:00"`
                     1  line 12: `/type`: expected `wager.placed` or `wager.voided`, found `"wager.settled"`"#]].assert_eq(&said.join("\n"));
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let complaint = Home::new().run(&["ingest", "nowhere.ndjson"]).badly();
    assert!(complaint.contains("`nowhere.ndjson` cannot be read"), "{complaint}");
}

#[test]
fn an_input_without_a_line_is_well_and_is_said_to_have_had_none() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let empty = home.file("empty.ndjson", "");
    let empty = empty.to_str().unwrap();
    let blank = home.file("blank.ndjson", "\n  \r\n");
    let said = |words: &[&str]| {
        let ran = home.run(&[&["ingest"], words].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        line_with(&ran.out, "0  accepted");
        ran.err
    };
    let of = |name: &str| format!("nothing was read: {name} has no line that is not blank\n");
    assert_eq!(said(&[empty]), of(&format!("`{empty}`")));
    assert_eq!(
        said(&[blank.to_str().unwrap(), "--shift-to-now"]),
        of(&format!("`{}`", blank.display()))
    );
    assert_eq!(said(&["-"]), of("standard input"));
    let beyond = said(&["examples/wagers.ndjson", "--from-line", "41"]);
    line_with(&beyond, "has no line from line 41 on that is not blank");
    let json = home.run(&["ingest", empty, "--json"]);
    assert!(json.err.contains("nothing was read"), "{json:?}");
    assert_eq!(json.lines()[0]["lines"], 0);
    let read = home.run(&["ingest", "examples/wagers.ndjson"]);
    assert!(!read.err.contains("nothing was read"), "{read:?}");
}

#[test]
fn dead_letters_are_seen_repaired_retried_and_given_up_on_the_command_line() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let wager = |id: &str, timestamp: &str| {
        format!(
            r#"{{"wagerId":"{id}","playerId":"p","operatorId":"operator-789","gameId":"g","gameCategory":"slots","wagerAmount":10,"currency":"EUR","jurisdiction":"Malta","timestamp":"{timestamp}"}}"#
        )
    };
    let lines = ["w1", "w2"].map(|id| wager(id, "2024-11-11T10:30:00Z")).join("\n");
    let file = home.file("late.ndjson", &lines);
    home.run(&["ingest", file.to_str().unwrap()]);
    line_with(&home.run(&["dead-letters", "list"]).well(), "no dead letters");
    let list = |more: &[&str]| {
        home.run(&[&["dead-letters", "list", "--operator", "operator-789"], more].concat()).well()
    };
    let open = list(&["--state", "open"]);
    assert_eq!(open.lines().count(), 2, "{open}");
    assert!(open.lines().all(|line| line.contains("open") && line.contains("too_late")), "{open}");
    let ids: Vec<&str> = open.lines().map(|line| line.split(' ').next().unwrap()).collect();
    let shown = home.run(&["dead-letters", "show", ids[0]]).well();
    assert!(shown.contains(r#""operatorId":"operator-789""#) && shown.contains("w1"), "{shown}");

    let repaired = home.file("repaired.json", &wager("w1", &jiff::Timestamp::now().to_string()));
    let repair = ["dead-letters", "repair", ids[0], repaired.to_str().unwrap()];
    line_with(&home.run(&[&repair[..], &["--dry-run"]].concat()).well(), "nothing was changed");
    assert_eq!(home.run(&["dead-letters", "show", ids[0]]).well(), shown);
    line_with(&home.run(&repair).well(), "is open");
    let foreign = wager("w1", "2024-11-11T10:30:00Z").replace("operator-789", "operator-555");
    let foreign = home.file("foreign.json", &foreign);
    let refused = home.run(&["dead-letters", "repair", ids[0], foreign.to_str().unwrap()]).badly();
    assert!(refused.contains("/operatorId"), "{refused}");
    line_with(
        &home.run(&["dead-letters", "retry", ids[0], "--dry-run"]).well(),
        "would be released",
    );
    line_with(&home.run(&["dead-letters", "retry", ids[0]]).well(), "is released");
    home.run(&["dead-letters", "retry", ids[0]]).badly();
    let discard = ["dead-letters", "discard", ids[1], "--why", "a test", "--yes"];
    line_with(&home.run(&discard).well(), "is discarded");
    line_with(&list(&["--state", "open"]), "no dead letters");
    home.run(&["dead-letters", "show", "9-9-9"]).badly();
}
