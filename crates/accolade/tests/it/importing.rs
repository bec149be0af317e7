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
