//! What takes something away asks first.

use crate::harness::Home;

const PAUSE: [&str; 5] = ["operator", "pause", "operator-789", "--why", "a debt"];

fn is_paused(home: &Home) -> bool {
    home.run(&["operator", "list"]).well().contains("paused")
}

#[test]
fn at_a_terminal_only_yes_is_yes() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    // The last is Ctrl-D: nothing was answered.
    for typed in ["n\n", "\n", "no\n", "yess\n", "\u{4}"] {
        let ran = home.run_at_terminal(&PAUSE, typed);
        assert_eq!((ran.code, &*ran.out), (Some(1), ""), "{typed:?}: {ran:?}");
        let asked = "This will take in nothing more from `operator-789`. Go on? [y/N]";
        assert!(ran.err.contains(asked), "{typed:?}: {ran:?}");
        assert!(ran.err.contains("error: nothing was done"), "{typed:?}: {ran:?}");
    }
    assert!(!is_paused(&home));
    for typed in ["y\n", "Yes\n"] {
        assert_eq!(home.run_at_terminal(&PAUSE, typed).well(), "paused\n");
        assert!(is_paused(&home));
        home.run(&["operator", "resume", "operator-789"]).well();
    }
}

#[test]
fn where_there_is_no_terminal_nothing_is_begun_without_a_flag() {
    let home = Home::new();
    home.run(&["operator", "add", "operator-789"]).well();
    let ran = home.run_with_input(&PAUSE, "y\n");
    assert_eq!((ran.code, &*ran.out), (Some(2), ""), "{ran:?}");
    assert!(ran.err.contains("say `--yes`"), "{ran:?}");
    assert!(!is_paused(&home));
    home.run(&[&PAUSE[..], &["--yes"]].concat()).well();
    assert!(is_paused(&home));
}
