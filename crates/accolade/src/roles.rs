//! `accolade roles`.

use accolade_server::roles;

use crate::Ended;
use crate::terminal::say;

/// Prints the matrix of roles and routes.
pub(crate) fn run() -> anyhow::Result<Ended> {
    say(roles::matrix().trim_end())?;
    Ok(Ended::Well)
}
