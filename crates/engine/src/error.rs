//! Errors, for whoever reads them.

use std::error::Error;

/// An error and everything behind it, in one line. What one of them repeats of its source is said once.
pub fn in_full(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_words = cause.to_string();
        if !words.ends_with(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}
