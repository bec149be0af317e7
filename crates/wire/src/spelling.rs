//! "Did you mean": the word that was probably meant.

/// The one of `words` that `word` was probably meant to be.
pub(crate) fn closest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let plain = plain(word);
    let distance_max = if plain.len() > 5 { 2 } else { 1 };
    words
        .into_iter()
        .map(|candidate| (distance(&plain, &self::plain(candidate)), candidate))
        .filter(|(distance, _)| *distance <= distance_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A hint to append to a message; empty where no word comes close.
pub(crate) fn hint<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> String {
    closest(word, words).map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"))
}

/// A word without case and separators, so that `min_wager` is `minWager`; long ones are cut.
fn plain(word: &str) -> Vec<char> {
    let letters = word.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).take(64).collect()
}

/// How many letters to insert, remove, replace or swap with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut rows = vec![(0..=b.len()).collect::<Vec<_>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        let keys = ["eligibility", "earning", "minWager", "caps", "mode"];
        for (written, meant) in [
            ("eligiblity", Some("eligibility")),
            ("min_wager", Some("minWager")),
            ("MinWager", Some("minWager")),
            ("cpas", Some("caps")),
            ("cap", Some("caps")),
            ("earnings", Some("earning")),
            ("modus", None),
            ("colour", None),
            ("", None),
        ] {
            assert_eq!(closest(written, keys), meant, "{written}");
        }
    }
}
