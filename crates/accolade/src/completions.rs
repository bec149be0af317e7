//! `accolade completions`.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::Ended;

/// The arguments of `accolade completions`.
#[derive(Debug, Args)]
#[command(
    long_about = "Prints a script that lets a shell complete commands, flags and their values.",
    after_help = "Examples:\n  accolade completions bash > ~/.local/share/bash-completion/completions/accolade\n  \
                  accolade completions zsh > ~/.zfunc/_accolade\n  \
                  accolade completions fish > ~/.config/fish/completions/accolade.fish"
)]
pub(crate) struct Arguments {
    /// The shell
    shell: Shell,
}

/// Prints the script.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Ended> {
    let mut script = Vec::new();
    let mut command = crate::arguments::Arguments::command();
    clap_complete::generate(arguments.shell, &mut command, "accolade", &mut script);
    std::io::stdout().lock().write_all(&script)?;
    Ok(Ended::Well)
}
