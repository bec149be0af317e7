//! `accolade key`: an operator's API keys.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::json;

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Answer, Ask, Client, IfMissing, escaped, with_dry_run};
use crate::terminal::{Sure, printable, say};

/// The arguments of `accolade key`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Make a key for an operator, and print its secret
    #[command(
        long_about = "Makes a key. Its secret is printed this once, and is kept only as a hash; `accolade roles` \
                      says what each role may do.",
        after_help = "Examples:\n  accolade key add \"the auditors\" --operator operator-789 --role auditor \\\n    \
                      --until 2027-01-01T00:00:00Z --network 10.0.0.0/8\n  \
                      accolade key add \"the app\" --operator operator-789 --role ingest \\\n    \
                      --event-type quest.completed --origin https://app.example"
    )]
    Add(Add),
    /// List an operator's keys, without their secrets
    List {
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Print JSON, one key a line
        #[arg(long)]
        json: bool,
    },
    /// Show whose the key is that this command uses, what it may do, and until when
    #[command(after_help = "Example:\n  accolade key whoami --operator operator-789")]
    Whoami {
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Give a key another secret, and print it; the one before is valid for a while
    #[command(after_help = "Example:\n  accolade key rotate first --operator operator-789")]
    Rotate {
        /// The key's id
        id: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Until when the secret before is valid [default: for 24 hours]
        #[arg(long, value_name = "TIME")]
        old_until: Option<String>,
        /// Only say whether it could be done
        #[arg(long)]
        dry_run: bool,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Have a key open nothing any more
    #[command(after_help = "Example:\n  accolade key revoke first --operator operator-789 --yes")]
    Revoke {
        /// The key's id
        id: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Only say whether it could be done
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        sure: Sure,
    },
}

#[derive(Debug, Args)]
struct Add {
    /// What people call the key
    name: String,
    /// The operator
    #[arg(long, value_name = "ID")]
    operator: String,
    /// What it may do: admin, product, support, auditor, ingest or player
    #[arg(long = "role", value_name = "ROLE", required = true)]
    roles: Vec<String>,
    /// Until when it is valid [default: always]
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// From where it may be used [default: anywhere]
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<String>,
    /// A type of game events that a key of the role ingest may send [default: all]
    #[arg(long = "event-type", value_name = "TYPE")]
    event_types: Vec<String>,
    /// Pages of which origin may use it [default: all]
    #[arg(long = "origin", value_name = "ORIGIN")]
    origins: Vec<String>,
    /// The only player that it may name
    #[arg(long, value_name = "ID")]
    player: Option<String>,
    /// Only say whether it could be made
    #[arg(long)]
    dry_run: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Deserialize)]
struct Made {
    id: String,
    #[serde(default)]
    secret: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    items: Vec<Key>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    id: String,
    name: String,
    roles: Vec<String>,
    until: Option<String>,
    revoked_at: Option<String>,
    last_used: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Who {
    subject: String,
    roles: Vec<String>,
    scopes: Vec<String>,
    until: Option<String>,
}

/// Runs `accolade key`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| match arguments.command {
        KeyCommand::Add(add) => make(client, add).await,
        KeyCommand::List { operator, json } => list(client, &operator, json).await,
        KeyCommand::Whoami { operator, json } => whoami(client, &operator, json).await,
        KeyCommand::Rotate { id, operator, old_until, dry_run, json } => {
            let path = with_dry_run(&format!("/api/v1/keys/{}/rotate", escaped(&id)), dry_run);
            let body = old_until.map_or(json!({}), |until| json!({ "oldUntil": until }));
            let ask = Ask::post_json(&path, &body).of(&operator);
            let answer = client.send(ask).await?.or_problem().await;
            let answer = answer.with_context(|| format!("the key `{id}` was not rotated"))?;
            show(answer, dry_run, json).await
        }
        KeyCommand::Revoke { id, operator, dry_run, sure } => {
            if !dry_run {
                sure.ask(&format!("have the key `{id}` open nothing any more"))?;
            }
            let path = with_dry_run(&format!("/api/v1/keys/{}", escaped(&id)), dry_run);
            let answer = client.send(Ask::delete(&path).of(&operator)).await?.or_problem().await;
            answer.with_context(|| format!("the key `{id}` was not revoked"))?;
            say(if dry_run {
                "the node would revoke it; nothing was changed"
            } else {
                "revoked: it opens nothing any more"
            })?;
            Ok(Ended::Well)
        }
    })
    .await
}

async fn make(client: &Client, add: Add) -> anyhow::Result<Ended> {
    let wanted = json!({
        "name": add.name,
        "roles": add.roles,
        "until": add.until,
        "networks": add.networks,
        "eventTypes": add.event_types,
        "origins": add.origins,
        "playerId": add.player,
    });
    let path = with_dry_run("/api/v1/keys", add.dry_run);
    let answer = client.send(Ask::post_json(&path, &wanted).of(&add.operator)).await?;
    let answer = answer.or_problem().await;
    let answer = answer.with_context(|| format!("the key `{}` was not made", add.name))?;
    show(answer, add.dry_run, add.json).await
}

async fn show(answer: Answer, dry_run: bool, json: bool) -> anyhow::Result<Ended> {
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Made { id, secret } = answer.json().await?;
    if dry_run {
        say("the node would do it; nothing was changed")?;
        return Ok(Ended::Well);
    }
    say(format_args!("id      {id}"))?;
    if let Some(secret) = secret {
        say(format_args!("secret  {secret}"))?;
        say("\nThe secret is shown this once: keep it where your secrets are.")?;
    }
    Ok(Ended::Well)
}

async fn whoami(client: &Client, operator: &str, json: bool) -> anyhow::Result<Ended> {
    let answer = client.send(Ask::get("/api/v1/whoami").of(operator)).await?.or_problem().await?;
    if json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Who { subject, roles, scopes, until } = answer.json().await?;
    say(format_args!("who     {}", printable(&subject)))?;
    say(format_args!("roles   {}", roles.join(", ")))?;
    say(format_args!("scopes  {}", scopes.join(", ")))?;
    say(format_args!("until   {}", until.as_deref().unwrap_or("it is revoked")))?;
    Ok(Ended::Well)
}

async fn list(client: &Client, operator: &str, json: bool) -> anyhow::Result<Ended> {
    let answer = client.send(Ask::get("/api/v1/keys").of(operator)).await?.or_problem().await?;
    if json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let Listed { items } = answer.json().await?;
    if items.is_empty() {
        say("no keys: `accolade key add` makes one")?;
        return Ok(Ended::Well);
    }
    let width = items.iter().map(|key| key.id.len()).max().unwrap_or(0).max("key".len());
    say(format_args!("{:width$}  state    roles               last used         name", "key"))?;
    for key in items {
        let state = match (&key.revoked_at, &key.until) {
            (Some(_), _) => "revoked",
            (None, Some(_)) => "ends",
            (None, None) => "valid",
        };
        let used = key.last_used.as_deref().and_then(|at| at.get(..16)).unwrap_or("never seen");
        let (roles, name) = (key.roles.join(","), printable(&key.name));
        say(format_args!("{:width$}  {state:7}  {roles:18}  {used:16}  {name}", key.id))?;
    }
    Ok(Ended::Well)
}
