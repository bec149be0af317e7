//! The tables and roles, made and brought up to date where they are not.
//!
//! Migrations are numbered files with the configured names in place. A library for them would want fixed
//! SQL, and keeps a table of checksums that names would change.
//!
//! The writer is a role of its own that owns the tables, because `COPY` into a table is refused to anyone
//! whom its row-level security binds, whatever the policy; it binds everybody but owners.

use tokio_postgres::{Client, Transaction};

use crate::error::{Error, Result};
use crate::settings::Settings;

const MIGRATIONS: [&str; 5] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
    include_str!("schema/5.sql"),
];

/// The version that the tables have once all is done.
pub(crate) fn newest() -> i32 {
    i32::try_from(MIGRATIONS.len()).expect("there are few")
}

/// Those that take every text; in others some player's name would stop everything.
const ENCODINGS: [&str; 2] = ["UTF8", "SQL_ASCII"];

/// Whoever makes tables or roles holds this lock, of the whole database.
const LOCK: i64 = 0x6163_636f_6c61_6465;

/// Makes what is missing, and acts as the writer from then on. `cluster` is whose rows the tables hold;
/// `None` takes the one that they have.
pub(crate) async fn prepare(
    client: &mut Client,
    settings: &Settings,
    cluster: Option<&str>,
) -> Result<()> {
    let making = client.transaction().await?;
    check_encoding(&making).await?;
    making.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    make_roles(&making, settings).await?;
    make_schema(&making, settings).await?;
    making.batch_execute(&settings.named("SET LOCAL ROLE {writer}")).await?;
    migrate(&making, settings, cluster).await?;
    making.commit().await?;
    // What a crash of the server takes with it is taken with the progress, and is written again.
    let session = "SET ROLE {writer}; SET synchronous_commit = off; SET timezone = 'UTC';
                   SET lock_timeout = '20s'; SET idle_in_transaction_session_timeout = '60s'";
    client.batch_execute(&settings.named(session)).await?;
    Ok(())
}

/// That the database can hold every text.
pub(crate) async fn check_encoding(client: &Transaction<'_>) -> Result<()> {
    let sql = "SELECT current_setting('server_encoding')";
    let encoding: String = client.query_one(sql, &[]).await?.get(0);
    if ENCODINGS.contains(&&*encoding) { Ok(()) } else { Err(Error::Encoding(encoding)) }
}

async fn holds(client: &Transaction<'_>, sql: &str, names: &[&str]) -> Result<bool> {
    let names: Vec<_> = names.iter().map(|name| name as _).collect();
    Ok(client.query_one(sql, &names).await?.get(0))
}

async fn make_roles(client: &Transaction<'_>, settings: &Settings) -> Result<()> {
    for (role, named) in [(&settings.writer, "{writer}"), (&settings.reader, "{reader}")] {
        let is_there = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)";
        if !holds(client, is_there, &[role]).await? {
            client.batch_execute(&settings.named(&format!("CREATE ROLE {named} NOLOGIN"))).await?;
        }
    }
    // From release 16 on a role may be a member and still not be allowed to act as the other.
    let version: i32 =
        client.query_one("SELECT current_setting('server_version_num')::int", &[]).await?.get(0);
    let acts = if version >= 160_000 { "SET" } else { "MEMBER" };
    let may_act = "SELECT pg_has_role(current_user, $1::text::name, $2)";
    if !holds(client, may_act, &[&settings.writer, acts]).await? {
        client.batch_execute(&settings.named("GRANT {writer} TO CURRENT_USER")).await?;
    }
    Ok(())
}

async fn make_schema(client: &Transaction<'_>, settings: &Settings) -> Result<()> {
    let is_there = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    if !holds(client, is_there, &[&settings.schema]).await? {
        client.batch_execute(&settings.named("CREATE SCHEMA {schema}")).await?;
    }
    // Nothing is granted that is there: whoever made it may be somebody else.
    let may = "SELECT has_schema_privilege($1::text::name, $2, $3)";
    for (role, named, right) in [
        (&settings.writer, "{writer}", "USAGE"),
        (&settings.writer, "{writer}", "CREATE"),
        (&settings.reader, "{reader}", "USAGE"),
    ] {
        if !holds(client, may, &[role, &settings.schema, right]).await? {
            let grant = format!("GRANT {right} ON SCHEMA {{schema}} TO {named}");
            client.batch_execute(&settings.named(&grant)).await?;
        }
    }
    Ok(())
}

async fn migrate(
    client: &Transaction<'_>,
    settings: &Settings,
    cluster: Option<&str>,
) -> Result<()> {
    let versions = settings.table(&format!("{}_version", settings.tables.progress));
    client
        .batch_execute(&format!(
            "SET LOCAL client_min_messages = warning;
             CREATE TABLE IF NOT EXISTS {versions} (version integer NOT NULL, cluster_id text)"
        ))
        .await?;
    let row = client.query_opt(&format!("SELECT version, cluster_id FROM {versions}"), &[]).await?;
    let (version, of): (i32, Option<String>) = match &row {
        Some(row) => (row.get(0), row.get(1)),
        None => (0, None),
    };
    let done = usize::try_from(version).unwrap_or(0);
    let newest = newest();
    if version > newest {
        return Err(Error::Newer(version));
    }
    if let (Some(of), Some(cluster)) = (&of, cluster)
        && of != cluster
    {
        return Err(Error::OtherCluster(of.clone()));
    }
    for migration in &MIGRATIONS[done..] {
        client.batch_execute(&settings.named(migration)).await?;
    }
    if row.is_none() {
        let insert = format!("INSERT INTO {versions} VALUES ($1, $2)");
        client.execute(&insert, &[&newest, &cluster]).await?;
    } else if version < newest || of.is_none() && cluster.is_some() {
        let update =
            format!("UPDATE {versions} SET version = $1, cluster_id = coalesce($2, cluster_id)");
        client.execute(&update, &[&newest, &cluster]).await?;
    }
    Ok(())
}
