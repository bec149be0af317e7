//! Bodies of many items.

use accolade_wire::body::{self, Items, Limits};
use accolade_wire::event::read_wager;
use accolade_wire::problem::Problem;
use expect_test::{Expect, expect};

const LIMITS: Limits = Limits { items_max: 5, item_bytes_max: 40 };

/// One line for each item, or the problem of the whole.
fn told(items: Result<Items<'_>, Problem>) -> String {
    let item = |item: Result<&[u8], Problem>| match item {
        Ok(bytes) => format!("{}\n", String::from_utf8_lossy(bytes)),
        Err(problem) => format!("item: {problem}\n"),
    };
    match items {
        Ok(Items::One(one)) => format!("one\n{}", item(one)),
        Ok(Items::Many(many)) => {
            format!("many\n{}", many.into_iter().map(item).collect::<String>())
        }
        Err(problem) => format!("whole: {problem}\n"),
    }
}

fn check(bodies: &[&str], expected: Expect) {
    let all = bodies.iter().map(|body| told(body::items(body.as_bytes(), LIMITS)));
    expected.assert_eq(&all.collect::<String>());
}

fn check_lines(body: &str, expected: Expect) {
    expected.assert_eq(&told(body::lines(body.as_bytes(), LIMITS)));
}

#[test]
fn an_object_is_one_item_and_an_array_is_many() {
    check(
        &["{}", " \n{\"a\": 1}\r\n\t", "[]", "[ ]", " [ {\"a\":1} ] ", "[{},{}]"],
        expect![[r#"
            one
            {}
            one
            {"a": 1}
            many
            many
            many
            {"a":1}
            many
            {}
            {}
        "#]],
    );
}

#[test]
fn items_keep_their_exact_bytes_whatever_they_hold() {
    check(
        &[
            r#"[{"a": "],}\"\\"} , [1, [2]] ,5,null, "x,]"]"#,
            r#"[{"a":tru}, {{}, {"b" "c"}}, 1 2, \u]"#,
        ],
        expect![[r#"
            many
            {"a": "],}\"\\"}
            [1, [2]]
            5
            null
            "x,]"
            many
            {"a":tru}
            {{}, {"b" "c"}}
            1 2
            \u
        "#]],
    );
}

#[test]
fn an_array_that_is_broken_fails_as_a_whole() {
    check(
        &[
            "[",
            "[{}",
            "[{},",
            "[{},]",
            "[,{}]",
            "[{},,{}]",
            "[{}]]",
            "[{}] x",
            "[{}},{}]",
            "[{\"a\":[}]",
            "[[{]}]",
            "[\"open]",
            "[\"open\\",
            "[{\"a\":1]",
        ],
        expect![[r#"
            whole: expected `,` or `]` at byte 1, found nothing
            whole: expected `,` or `]` at byte 3, found nothing
            whole: expected `,` or `]` at byte 4, found nothing
            whole: expected a value at byte 4, found `]`
            whole: expected a value at byte 1, found `,{}]`
            whole: expected a value at byte 4, found `,{}]`
            whole: expected nothing more at byte 4, found `]`
            whole: expected nothing more at byte 5, found `x`
            whole: expected `,` or `]` at byte 3, found `},{}]`
            whole: expected `,` or `]` at byte 7, found `}]`
            whole: expected `,` or `}` at byte 3, found `]}]`
            whole: expected a closing quote at byte 7, found nothing
            whole: expected a closing quote at byte 7, found nothing
            whole: expected `,` or `}` at byte 7, found `]`
        "#]],
    );
}

#[test]
fn what_is_neither_object_nor_array_fails_as_a_whole() {
    check(
        &["", "  ", "null", "1", "\"x\"", "\u{feff}{}", "\0", "\u{c}{}", "]"],
        expect![[r#"
            whole: expected an object or an array at byte 0, found nothing
            whole: expected an object or an array at byte 0, found nothing
            whole: expected an object or an array at byte 0, found `null`
            whole: expected an object or an array at byte 0, found `1`
            whole: expected an object or an array at byte 0, found `"x"`
            whole: expected an object or an array at byte 0, found `\u{feff}{}`
            whole: expected an object or an array at byte 0, found `\0`
            whole: expected an object or an array at byte 0, found `\u{c}{}`
            whole: expected an object or an array at byte 0, found `]`
        "#]],
    );
}

#[test]
fn an_item_that_is_too_long_fails_alone() {
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(40));
    check(
        &[&long, &format!("[{{}},{long},{{}}]")],
        expect![[r#"
        one
        item: expected at most 40 bytes, found 48
        many
        {}
        item: expected at most 40 bytes, found 48
        {}
    "#]],
    );
    check_lines(
        &format!("{{}}\n{long}\n{{}}"),
        expect![[r#"
        many
        {}
        item: expected at most 40 bytes, found 48
        {}
    "#]],
    );
}

#[test]
fn too_many_items_fail_as_a_whole() {
    check(
        &["[1,2,3,4,5]", "[1,2,3,4,5,6]"],
        expect![[r#"
        many
        1
        2
        3
        4
        5
        whole: expected at most 5 items, found more
    "#]],
    );
    check_lines(
        "1\n2\n3\n4\n5\n6",
        expect![[r#"
        whole: expected at most 5 items, found more
    "#]],
    );
}

#[test]
fn lines_are_items_and_blank_ones_are_none() {
    check_lines(
        "{\"a\":1}\n\n{\"b\":\r\n  \r\n\t{\"c\":3} \r\n{}",
        expect![[r#"
        many
        {"a":1}
        {"b":
        {"c":3}
        {}
    "#]],
    );
    check_lines(
        "{}\n",
        expect![[r#"
        many
        {}
    "#]],
    );
    check_lines(
        "",
        expect![[r#"
        many
    "#]],
    );
}

#[test]
fn a_million_brackets_do_no_harm() {
    for bracket in ["[", "{", "[{\"a\":"] {
        assert!(
            body::items(bracket.repeat(1_000_000).as_bytes(), LIMITS)
                .map_or(true, |items| { matches!(items, Items::One(Err(_))) })
        );
    }
}

#[test]
fn one_bad_item_among_ten_thousand_is_refused_alone() {
    let wager = r#"{"wagerId":"w","playerId":"p","operatorId":"o","gameId":"g",
        "gameCategory":"slots","wagerAmount":1,"currency":"EUR","jurisdiction":"Malta",
        "timestamp":"2024-11-11T10:30:00Z"}"#;
    let mut items = vec![wager.to_owned(); 10_000];
    items[7_777] = wager.replace(":1,", ":\"1\",");
    let body = format!("[{}]", items.join(","));
    let limits = Limits { items_max: 10_000, item_bytes_max: 65_536 };
    let Ok(Items::Many(items)) = body::items(body.as_bytes(), limits) else { panic!("many") };
    let refused: Vec<_> = (0..items.len())
        .filter_map(|index| Some((index, read_wager(items[index].as_ref().ok()?).err()?)))
        .collect();
    assert_eq!(refused.len(), 1);
    assert_eq!((refused[0].0, refused[0].1[0].pointer.as_str()), (7_777, "/wagerAmount"));
}
