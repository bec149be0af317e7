//! What people read: lines on standard output, complaints and progress on standard error.

use std::fmt;
use std::io::{self, BufRead, IsTerminal, Write};
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

use crate::failure::misused;
use crate::shapes::Problem;

/// Writes a line to standard output.
pub(crate) fn say(line: impl fmt::Display) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
}

/// Writes a line to standard error, for what is not the command's result.
pub(crate) fn note(line: impl fmt::Display) {
    // Where standard error is closed nobody is left to tell.
    drop(writeln!(io::stderr().lock(), "{line}"));
}

/// Writes why the command failed, each cause on a line of its own.
pub(crate) fn complain(error: &anyhow::Error) {
    let mut text = format!("error: {error}");
    let mut said = error.to_string();
    for cause in error.chain().skip(1) {
        let cause = cause.to_string();
        // A cause that its parent has quoted already is not said twice.
        if !said.contains(&cause) {
            text.push_str("\n  because: ");
            text.push_str(&cause);
        }
        said = cause;
    }
    if let Some(problem) = error.downcast_ref::<Problem>() {
        text.push_str("\n  ");
        text.push_str(&problem.marks());
    }
    note(text);
}

/// The flag of commands that take something away.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Sure {
    /// Do it without asking, which is needed where nobody sits at a terminal
    #[arg(long, short)]
    yes: bool,
}

impl Sure {
    /// Asks whether that is to be done, unless it was said that it is.
    pub(crate) fn ask(self, what: &str) -> anyhow::Result<()> {
        if self.yes {
            return Ok(());
        }
        if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return Err(misused(format!(
                "this would {}: say `--yes`, since there is no terminal to ask at",
                printable(what)
            )));
        }
        let mut err = io::stderr().lock();
        write!(err, "This will {}. Go on? [y/N] ", printable(what))?;
        err.flush()?;
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        if matches!(answer.trim(), "y" | "Y" | "yes" | "Yes") {
            return Ok(());
        }
        bail!("nothing was done");
    }
}

/// Whether the reader of standard output has gone, as `head` does.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

/// Progress on standard error: a bar on a terminal, or else nothing but the lines of [`note`].
pub(crate) fn progress(total: Option<u64>, unit: &str) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden());
    }
    let template = match total {
        Some(_) => format!("{{bar:30}} {{human_pos}} of {{human_len}} {unit}  {{msg}}"),
        None => format!("{{spinner}} {{human_pos}} {unit}  {{msg}}"),
    };
    let style = ProgressStyle::with_template(&template).expect("the template is written above");
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::new_spinner(),
    };
    bar.set_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// Ctrl-C, which asks to stop at the next good moment; a second one stops at once.
#[derive(Debug, Clone)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Watches from now on.
    pub(crate) fn watch() -> Self {
        let (come, seen) = watch::channel(false);
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                come.send_replace(true);
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                exit_at_once();
            }
        });
        Self(seen)
    }

    /// Whether it has come.
    pub(crate) fn has_come(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it comes.
    pub(crate) async fn come(&self) {
        let mut seen = self.0.clone();
        if seen.wait_for(|come| *come).await.is_err() {
            // Nobody can tell any more: it never comes.
            std::future::pending::<()>().await;
        }
    }
}

/// Ends the process where somebody does not want to wait any longer.
#[expect(clippy::exit, reason = "what is on disk is whole at any moment, as after a crash")]
pub(crate) fn exit_at_once() {
    std::process::exit(130);
}

/// How this program was called, for commands to try next.
pub(crate) fn myself() -> String {
    std::env::args().next().unwrap_or_else(|| "accolade".to_owned())
}

/// A text as one word of a shell's command line.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@%+/".contains(&byte);
    if !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A number with its thousands apart: `1,234,567`.
pub(crate) fn grouped(number: impl Into<u128>) -> String {
    let figures = number.into().to_string();
    let mut text = String::with_capacity(figures.len() + figures.len() / 3);
    for (index, figure) in figures.chars().enumerate() {
        if index > 0 && (figures.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(figure);
    }
    text
}

/// How many a second that is; nothing where too little time has passed to say.
pub(crate) fn a_second(count: u64, elapsed: Duration) -> Option<u64> {
    let micros = elapsed.as_micros();
    (micros > 0).then(|| u64::try_from(u128::from(count) * 1_000_000 / micros).unwrap_or(u64::MAX))
}

/// A text of somebody else, safe to print: control characters are escaped.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(grouped(0_u32), "0");
        assert_eq!(grouped(999_u32), "999");
        assert_eq!(grouped(1_000_u32), "1,000");
        assert_eq!(grouped(12_345_678_u32), "12,345,678");
    }

    #[test]
    fn a_shell_takes_it_for_one_word() {
        for (text, word) in [
            ("operator-789", "operator-789"),
            ("big casino", "'big casino'"),
            ("o'neill; ls", r"'o'\''neill; ls'"),
            ("$(id)", "'$(id)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(text), word);
        }
    }

    #[test]
    fn what_others_wrote_cannot_move_the_cursor() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
    }
}
