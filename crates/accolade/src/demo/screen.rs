//! The demonstration on a terminal: one page, drawn again and again.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use super::figures::Figures;
use super::players::GIFT;
use super::races::IS_OVER;
use crate::terminal::{grouped, myself};

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// What does not change while it runs.
#[derive(Debug)]
pub(super) struct Facts {
    /// The address of the API.
    pub(super) api: String,
    /// Where leaderboards can be watched.
    pub(super) pages: Vec<String>,
    /// The data directory.
    pub(super) data_dir: String,
    /// Operators and their keys.
    pub(super) keys: Vec<(&'static str, String)>,
}

impl Facts {
    /// Address, keys, and what to try in another terminal.
    pub(super) fn lines(&self) -> Vec<String> {
        let Self { api, pages, data_dir, keys } = self;
        let mut lines = vec![format!("API    {api}/api/docs"), format!("data   {data_dir}")];
        lines.extend(pages.iter().map(|page| format!("watch  {page}")));
        lines.extend(keys.iter().map(|(operator, key)| format!("key    {operator}  {key}")));
        lines.push("try in another terminal".to_owned());
        let accolade = myself();
        if let Some((operator, key)) = keys.first() {
            lines.extend([
                format!("  export ACCOLADE_DATA_DIR={data_dir} KEY={key}"),
                format!(
                    "  curl -H \"Authorization: Bearer $KEY\" {api}/api/v1/players/player-0001/balance"
                ),
                format!("  {accolade} topic tail loyalty.balances --follow"),
                format!("  {accolade} ingest --shift-to-now examples/wagers.ndjson"),
                format!("  {accolade} explain slots-1002 --operator {operator}"),
                format!("  {accolade} audit verify"),
            ]);
        }
        lines
    }
}

/// A page of the terminal; what was there before comes back when it is dropped.
#[derive(Debug)]
pub(super) struct Screen {
    out: io::Stdout,
}

impl Screen {
    /// Takes the terminal; nothing where there is none.
    pub(super) fn take() -> Option<Self> {
        if !io::stdout().is_terminal() {
            return None;
        }
        let screen = Self { out: io::stdout() };
        screen.put("\x1b[?1049h\x1b[?25l");
        Some(screen)
    }

    /// Draws the page.
    pub(super) fn draw(&self, facts: &Facts, figures: &Figures, rate: u64, elapsed: Duration) {
        let (columns, rows) = size();
        let mut lines =
            vec![format!("{BOLD}Accolade{PLAIN}  every wager once   {DIM}Ctrl-C ends it{PLAIN}")];
        let mut add = |line: String| lines.push(line);
        add(String::new());
        add(format!(
            "{:>9} wagers/s   {} answered in {} s   sent → applied {}",
            grouped(rate),
            grouped(figures.answered),
            elapsed.as_secs(),
            figures.latency()
        ));
        if let Some((after, player, points)) = &figures.first_balance {
            let after = after.as_secs_f64();
            add(format!(
                "{DIM}first balance {after:.2} s after the start: {player} had {points} points{PLAIN}"
            ));
        }
        add(format!("{DIM}sampled: {}{PLAIN}", figures.outcomes().join(", ")));
        add(format!("\n{BOLD}latest{PLAIN}"));
        figures.latest.iter().for_each(|line| add(format!("  {line}")));
        add(format!("\n{BOLD}levels{PLAIN}  {}", figures.levels().join(", ")));
        if figures.redeemed > 0 {
            let redeemed = grouped(figures.redeemed);
            add(format!("{BOLD}redeemed{PLAIN}  {redeemed}, each for {}", GIFT.name));
        }
        figures.moves.iter().for_each(|line| add(format!("  {line}")));
        if let Some(winners) = &figures.winners {
            add(format!("\n{BOLD}{IS_OVER}{PLAIN}"));
            for winner in winners {
                add(format!("  {winner}"));
            }
        }
        add(format!("\n{BOLD}top balances{PLAIN}"));
        figures.top(5).into_iter().for_each(|line| add(format!("  {line}")));
        add(String::new());
        facts.lines().into_iter().for_each(&mut add);
        let mut page = String::from("\x1b[H");
        for line in lines.iter().flat_map(|line| line.split('\n')).take(rows.saturating_sub(1)) {
            write!(page, "{}{PLAIN}\x1b[K\r\n", cut(line, columns))
                .expect("a string takes everything");
        }
        page.push_str("\x1b[J");
        self.put(&page);
    }

    fn put(&self, text: &str) {
        let mut out = self.out.lock();
        // A terminal that has gone shows nothing, and the demonstration ends by its signal.
        drop(out.write_all(text.as_bytes()).and_then(|()| out.flush()));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.put("\x1b[?25h\x1b[?1049l");
    }
}

fn size() -> (usize, usize) {
    match rustix::termios::tcgetwinsize(io::stdout()) {
        Ok(size) if size.ws_col > 0 && size.ws_row > 0 => (size.ws_col.into(), size.ws_row.into()),
        _ => (100, 40),
    }
}

/// The first `columns` characters of `line`, not counting what only changes how they look.
fn cut(line: &str, columns: usize) -> String {
    let mut shown = 0;
    let mut is_escape = false;
    line.chars()
        .take_while(|character| {
            if *character == '\x1b' {
                is_escape = true;
            } else if is_escape {
                is_escape = *character != 'm';
            } else {
                shown += 1;
            }
            shown <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_the_terminal_ends() {
        assert_eq!(cut("abcdef", 4), "abcd");
        assert_eq!(cut("\x1b[1mab\x1b[0mcdef", 4), "\x1b[1mab\x1b[0mcd");
    }
}
