//! The database of the SQL projection.

use accolade_postgres::error::Error;
use accolade_postgres::inspect::{Inspected, Presence, inspect};
use accolade_postgres::settings::Settings;

use super::Findings;
use super::clock::Clocks;
use crate::config::Config;

const CHECK: &str = "postgres";

pub(super) async fn examine(config: &Config) -> (Findings, Clocks) {
    let mut findings = Findings::default();
    match config.postgres.settings() {
        Ok(None) => findings.ok(CHECK, "`postgres.url` is not set: there is no projection"),
        Ok(Some(settings)) => match inspect(&settings).await {
            Ok(found) => describe(&settings, &found, &mut findings),
            Err(error) => {
                let mend = match &error {
                    Error::Settings(_) => "set it right in `[postgres]`",
                    Error::Encoding(_) => "create database … encoding 'UTF8' template template0",
                    _ => {
                        "see that the server runs, and that `postgres.url` names it with a user it knows"
                    }
                };
                findings.error(CHECK, format!("{error}"), mend);
            }
        },
        Err(error) => findings.error(CHECK, format!("{error:#}"), "set it right in `[postgres]`"),
    }
    (findings, Clocks::default())
}

fn describe(settings: &Settings, found: &Inspected, findings: &mut Findings) {
    let Inspected { server, user, newest, .. } = found;
    findings.ok(CHECK, format!("connects to PostgreSQL {server} as `{user}`"));
    match found.version {
        None => findings.ok(CHECK, "no tables yet: the first node that starts makes them"),
        Some(version) if version > *newest => findings.error(
            CHECK,
            format!("the tables have version {version}, and this release knows up to {newest}"),
            "use the release that made them, or a later one",
        ),
        Some(version) if version < *newest => findings.ok(
            CHECK,
            format!(
                "the tables have version {version}: a node brings them to {newest} when it starts"
            ),
        ),
        Some(version) => {
            findings.ok(CHECK, format!("the tables are up to date, version {version}"));
        }
    }
    let (writer, reader) = (&settings.writer, &settings.reader);
    if found.writer == Presence::There && !found.may_write {
        findings.error(
            CHECK,
            format!("`{user}` may not act as the writer, `{writer}`"),
            format!("grant \"{writer}\" to \"{user}\""),
        );
    }
    let schema = &settings.schema;
    for (what, name, presence, mend) in [
        (
            "role",
            writer,
            found.writer,
            format!("create role \"{writer}\" nologin; grant \"{writer}\" to \"{user}\""),
        ),
        ("role", reader, found.reader, format!("create role \"{reader}\" nologin")),
        (
            "schema",
            schema,
            found.schema,
            format!("create schema \"{schema}\" authorization \"{user}\""),
        ),
    ] {
        match presence {
            Presence::There => {}
            Presence::ToBeMade => {
                let found = format!("the {what} `{name}` is made by the first node that starts");
                findings.ok(CHECK, found);
            }
            Presence::Missing => findings.error(
                CHECK,
                format!("the {what} `{name}` is missing, and `{user}` may not make it"),
                mend,
            ),
        }
    }
}
