//! `accolade roles`.

use accolade_server::roles::{self, Role};
use accolade_server::routes::{self, Audience};
use clap::Args;
use serde_json::json;

use crate::Ended;
use crate::terminal::say;

/// The arguments of `accolade roles`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print JSON, one route a line
    #[arg(long)]
    json: bool,
}

/// Prints the matrix of roles and routes.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Ended> {
    if !arguments.json {
        say(roles::matrix().trim_end())?;
        return Ok(Ended::Well);
    }
    for route in routes::list().iter().filter(|route| route.audience != Audience::Nodes) {
        let may = Role::ALL.iter().filter(|role| role.scopes().has(route.scope));
        let roles: Vec<_> = may.map(|role| role.code()).collect();
        let (method, path, scope) = (route.method, route.path, route.scope.code());
        say(json!({ "method": method, "path": path, "scope": scope, "roles": roles }))?;
    }
    Ok(Ended::Well)
}
