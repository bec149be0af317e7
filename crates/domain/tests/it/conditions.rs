//! Texts of conditions against slow models, and what must stay as it is for as long as wagers are judged again.

use std::cmp::Ordering;

use accolade_domain::query::expression::{Expression, Items, Relation};
use accolade_domain::query::text::{Case, Pattern, Text};
use accolade_domain::query::value::Literal;
use proptest::prelude::*;

/// Like by trying everything; escapes are read already.
fn is_like(text: &[char], pattern: &[Option<char>]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((None, rest)) => (0..=text.len()).any(|from| is_like(&text[from..], rest)),
        Some((Some(letter), rest)) => text.split_first().is_some_and(|(first, others)| {
            (*letter == '_' || letter == first) && is_like(others, rest)
        }),
    }
}

fn few_letters() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!['a', 'b', 'é']), 0..12)
        .prop_map(|letters| letters.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    #[test]
    fn like_finds_what_trying_everything_finds(
        text in few_letters(),
        pattern in prop::collection::vec(prop::sample::select(vec!['a', 'b', 'é', '_', '%']), 0..8),
    ) {
        let letters: Vec<char> = text.chars().collect();
        let pieces: Vec<_> = pattern.iter().map(|it| (*it != '%').then_some(*it)).collect();
        let pattern = Pattern::read(&pattern.iter().collect::<String>()).unwrap();
        prop_assert_eq!(pattern.matches(Text::new(&text)), is_like(&letters, &pieces));
        prop_assert_eq!(Pattern::read(&pattern.written()), Some(pattern));
    }

    #[test]
    fn texts_in_a_case_compare_as_copies_in_that_case_do(a in "[a-cA-CéÉ]{0,5}", b in "[a-cA-CéÉ]{0,5}") {
        let (lower, upper) = (a.to_lowercase(), b.to_uppercase());
        let ours = Text::new(&a).in_case(Case::Lower).compare(Text::new(&b).in_case(Case::Upper));
        prop_assert_eq!(ours, lower.cmp(&upper));
        let back = Text::new(&a).in_case(Case::Upper).in_case(Case::Lower);
        prop_assert_eq!(back.compare(Text::new(&lower)), Ordering::Equal);
    }
}

#[test]
fn a_backslash_takes_what_follows_literally_and_cannot_stand_last() {
    let like = |text: &str, pattern: &str| Pattern::read(pattern).unwrap().matches(Text::new(text));
    assert!(like("50%", r"50\%") && !like("500", r"50\%"));
    assert!(like("a_b", r"a\_b") && !like("a-b", r"a\_b"));
    assert!(like(r"a\b", r"a\\b") && like("ab", r"\a\b"));
    assert_eq!(Pattern::read(r"a\"), None);
}

/// Replaying asks the same letters again. A Rust that knows other cases needs a behaviour of its own.
#[test]
fn the_cases_of_letters_are_those_that_were_published() {
    let mut digest = 0xcbf2_9ce4_8422_2325_u64;
    let mut changed = 0;
    for letter in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
        for (number, case) in [(0, Case::Lower), (1, Case::Upper)] {
            let mut written = [0; 4];
            let text = Text::new(letter.encode_utf8(&mut written)).in_case(case);
            let other = text.letters().next().unwrap();
            if other != letter {
                changed += 1;
                for word in [u32::from(letter), number, u32::from(other)] {
                    digest = (digest ^ u64::from(word)).wrapping_mul(0x100_0000_01b3);
                }
            }
        }
    }
    assert_eq!((changed, digest), (2_965, 903_885_239_174_951_472));
}

#[test]
fn what_a_condition_costs_is_what_its_parts_cost() {
    let text = |text: &str| Expression::Literal(Literal::Text(text.into()));
    let compare = Expression::Compare(Relation::Equal, Box::new([text("a"), text("b")]));
    assert_eq!(compare.cost(), 3);
    let games = (0..1_024).map(|game| Literal::Text(game.to_string().into()));
    let listed = Expression::In(Box::new(text("a")), Items::new(games.collect()));
    assert_eq!(listed.cost(), 12, "a list is searched by halves");
    assert_eq!(Expression::All([compare, listed].into()).cost(), 16);
}
