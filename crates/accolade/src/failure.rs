//! How commands fail, and the exit code of each way.

use std::error::Error;
use std::fmt;

use crate::shapes::Problem;

/// Nobody was asked, or nobody answered: what was wanted to be known is not.
#[derive(Debug)]
struct Unasked(anyhow::Error);

impl fmt::Display for Unasked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Unasked {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// The command line is wrong, in a way that its grammar does not tell.
#[derive(Debug)]
struct Misused(String);

impl fmt::Display for Misused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for Misused {}

/// Says that nobody could be asked.
pub(crate) fn unasked(error: impl Into<anyhow::Error>) -> anyhow::Error {
    Unasked(error.into()).into()
}

/// Says that the command line is wrong.
pub(crate) fn misused(why: impl Into<String>) -> anyhow::Error {
    Misused(why.into()).into()
}

/// 1 where the answer is no, 2 where the command line is wrong, 3 where nobody could be asked.
pub(crate) fn code(error: &anyhow::Error) -> u8 {
    let is_no_answer = error.downcast_ref::<Problem>().is_some_and(Problem::is_no_answer);
    if error.is::<Misused>() {
        2
    } else if is_no_answer || error.is::<Unasked>() {
        3
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    fn problem(status: u16) -> anyhow::Error {
        let text = format!(r#"{{"title":"A title","status":{status}}}"#);
        serde_json::from_str::<Problem>(&text).unwrap().into()
    }

    #[test]
    fn no_and_nobody_are_told_apart_whatever_is_said_around_them() {
        for (error, expected) in [
            (anyhow!("no"), 1),
            (problem(404), 1),
            (problem(401), 1),
            (problem(429), 3),
            (problem(500), 3),
            (problem(503), 3),
            (misused("twice"), 2),
            (unasked(anyhow!("nobody there")), 3),
        ] {
            let text = error.to_string();
            let around = Err::<(), _>(error).context("within").context("around").unwrap_err();
            assert_eq!(code(&around), expected, "{text}");
        }
    }

    #[test]
    fn a_broken_connection_is_no_reader_of_standard_output_that_has_gone() {
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let lost = unasked(Err::<(), _>(broken).context("the node did not answer").unwrap_err());
        assert_eq!(lost.chain().count(), 2, "{lost:#}");
        assert!(!crate::terminal::is_broken_pipe(&lost));
    }
}
