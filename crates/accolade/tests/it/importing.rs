//! What the system before knows of players, brought in from files.

use crate::harness::{Home, Ran, line_with};

fn import(home: &Home, kind: &str, file: &str, more: &[&str]) -> Ran {
    let file = home.data_dir().with_file_name(file);
    let words = ["player", "import", kind, file.to_str().unwrap(), "--operator", "operator-789"];
    home.run(&[&words[..], more].concat())
}

fn show(home: &Home, player: &str) -> String {
    home.run(&["player", "show", player, "--operator", "operator-789"]).well()
}

#[test]
fn many_players_are_taken_over_and_excluded_each_line_once() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let openings = "playerId,points\np1,10\np2,20.5\np3,many\np1,11\n\"p,4\",1\n";
    home.file("openings.csv", openings);
    let tried = import(&home, "openings", "openings.csv", &["--dry-run"]);
    assert!(tried.out.contains("would be done 4, refused 1"), "{tried:?}");
    for _ in 0..2 {
        let ran = import(&home, "openings", "openings.csv", &[]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.out.contains("done 3, refused 2"), "{ran:?}");
        assert!(line_with(&ran.out, "expected points").contains("lines 4"), "{ran:?}");
        assert!(line_with(&ran.out, "lines 5").contains("imported already"), "{ran:?}");
    }
    for (player, points) in [("p1", "10.00"), ("p2", "20.50"), ("p,4", "1.00")] {
        assert!(line_with(&show(&home, player), "balance").ends_with(points), "{player}");
    }
    let excluded = "{\"playerId\":\"p1\",\"why\":\"asked for\"}\n\
                    {\"playerId\":\"p9\",\"why\":\"the list\",\"until\":\"2090-01-01T00:00:00Z\"}\n";
    home.file("excluded.ndjson", excluded);
    for _ in 0..2 {
        let ran = import(&home, "exclusions", "excluded.ndjson", &[]).well();
        assert!(ran.contains("done 2, refused 0"), "{ran}");
    }
    let readmit = |player: &str| {
        let words = ["player", "readmit", player, "--operator", "operator-789", "--why", "a test"];
        home.run(&words)
    };
    assert!(readmit("p9").well().contains("not excluded"));
    assert!(readmit("p2").badly().contains("the player is not excluded"));
    let missing = import(&home, "openings", "none.csv", &[]);
    assert!(missing.err.contains("cannot be read"), "{missing:?}");
}

#[test]
fn a_line_of_json_with_another_type_is_refused_and_no_guess() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let openings = "{\"playerId\":5,\"points\":1}\n{\"playerId\":\"p\",\"points\":true}\n\
                    {\"playerId\":true,\"points\":1}\n{\"playerId\":\"p\",\"points\":1.5}\n";
    home.file("openings.ndjson", openings);
    let ran = import(&home, "openings", "openings.ndjson", &[]);
    assert!(ran.out.contains("done 1, refused 3"), "{ran:?}");
    for (why, line) in [
        ("`playerId`: expected a text, found `5`", "lines 1"),
        ("`points`: expected a number, found `true`", "lines 2"),
        ("`playerId`: expected a text, found `true`", "lines 3"),
    ] {
        assert!(line_with(&ran.out, why).ends_with(line), "{ran:?}");
    }
    assert!(line_with(&show(&home, "p"), "balance").ends_with("1.50"));
    let excluded = "{\"playerId\":\"p\",\"why\":7}\n{\"playerId\":\"p\",\"why\":\"x\",\"until\":7}\n\
                    {\"playerId\":\"p\",\"why\":\"x\",\"until\":\"2000-01-01T00:00:00Z\"}\n";
    home.file("excluded.ndjson", excluded);
    let ran = import(&home, "exclusions", "excluded.ndjson", &[]);
    assert!(ran.out.contains("done 0, refused 3"), "{ran:?}");
    assert!(line_with(&ran.out, "`until`: expected a text, found `7`").ends_with("lines 2"));
    let past = line_with(&ran.out, "yet to come");
    assert!(past.ends_with("lines 3") && past.matches("yet to come").count() == 1, "{ran:?}");
    assert!(!ran.out.contains("\\n"), "{ran:?}");
}

#[test]
fn who_redeems_nothing_is_told_of_points_and_of_rewards() {
    let home = Home::new();
    let ran = home.run(&["player", "redeem", "p", "--operator", "operator-789"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.err.contains("<POINTS|--reward <ID>>"), "{ran:?}");
    let both = ["player", "redeem", "p", "5", "--reward", "r", "--operator", "operator-789"];
    assert_eq!(home.run(&both).code, Some(2));
}
