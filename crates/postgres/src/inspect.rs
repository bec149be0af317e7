//! Looking whether the projection can run, without changing anything.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::schema::{check_encoding, newest};
use crate::settings::Settings;
use crate::tls;

/// How long the server may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// A database as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// The server's release.
    pub server: String,
    /// As whom it knows us.
    pub user: String,
    /// The version of the tables; `None` where there are none, or the user may not see it.
    pub version: Option<i32>,
    /// The version that this release makes.
    pub newest: i32,
    /// The role that writes.
    pub writer: Presence,
    /// The role that reads.
    pub reader: Presence,
    /// The schema of the tables.
    pub schema: Presence,
    /// The user may act as the role that writes, or is one that may let itself.
    pub may_write: bool,
}

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    There,
    /// It is not, and the user may make it.
    ToBeMade,
    /// It is not, and somebody else has to make it.
    Missing,
}

impl Presence {
    const fn of(is_there: bool, may_be_made: bool) -> Self {
        match (is_there, may_be_made) {
            (true, _) => Self::There,
            (false, true) => Self::ToBeMade,
            (false, false) => Self::Missing,
        }
    }
}

/// Connects and looks.
pub async fn inspect(settings: &Settings) -> Result<Inspected> {
    let timed_out = |_| Error::TimedOut(PATIENCE.as_secs());
    tokio::time::timeout(PATIENCE, look(settings)).await.map_err(timed_out)?
}

async fn look(settings: &Settings) -> Result<Inspected> {
    let mut client = tls::connect(settings).await?;
    let looking = client.build_transaction().read_only(true).start().await?;
    check_encoding(&looking).await?;
    let sql = "SELECT current_setting('server_version'), current_user::text,
                   EXISTS (SELECT FROM pg_roles WHERE rolname = $1),
                   EXISTS (SELECT FROM pg_roles WHERE rolname = $2),
                   (SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user),
                   EXISTS (SELECT FROM pg_namespace WHERE nspname = $3),
                   has_database_privilege(current_database(), 'CREATE'),
                   current_setting('server_version_num')::int";
    let names = (&settings.writer, &settings.reader, &settings.schema);
    let row = looking.query_one(sql, &[names.0, names.1, names.2]).await?;
    let may_make_roles = row.get(4);
    let mut found = Inspected {
        server: row.get(0),
        user: row.get(1),
        version: None,
        newest: newest(),
        writer: Presence::of(row.get(2), may_make_roles),
        reader: Presence::of(row.get(3), may_make_roles),
        schema: Presence::of(row.get(5), row.get(6)),
        may_write: may_make_roles,
    };
    if found.writer != Presence::There {
        return Ok(found);
    }
    let acts = if row.get::<_, i32>(7) >= 160_000 { "SET" } else { "MEMBER" };
    let may_act = "SELECT pg_has_role(current_user, $1::text::name, $2)";
    if !looking.query_one(may_act, &[&settings.writer, &acts]).await?.get::<_, bool>(0) {
        return Ok(found);
    }
    found.may_write = true;
    looking.batch_execute(&settings.named("SET LOCAL ROLE {writer}")).await?;
    let versions = settings.table(&format!("{}_version", settings.tables.progress));
    let is_there = "SELECT to_regclass($1) IS NOT NULL";
    if looking.query_one(is_there, &[&versions]).await?.get(0) {
        let row = looking.query_opt(&format!("SELECT version FROM {versions}"), &[]).await?;
        found.version = row.map(|row| row.get(0));
    }
    Ok(found)
}
