//! `accolade webhook`: where an operator is told of what happens.

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::Ended;
use crate::arguments::Where;
use crate::client::{self, Answer, Ask, Client, IfMissing, With, escaped, with_dry_run};
use crate::terminal::{Sure, printable, say};

/// The arguments of `accolade webhook`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Make a webhook for an operator, and print its secret
    #[command(
        long_about = "Makes a webhook: an address that is told of what happens, signed as Standard Webhooks are. Its \
                      secret is printed this once.",
        after_help = "Example:\n  accolade webhook add https://example.com/hooks --operator operator-789 \\\n    \
                      --event tier.changed --event points.expired"
    )]
    Add {
        /// An address of https
        #[arg(value_name = "ADDRESS")]
        address: String,
        /// A type that it is told of [default: all]
        #[arg(long = "event", value_name = "TYPE")]
        events: Vec<String>,
        /// What people call it
        #[arg(long, value_name = "TEXT", default_value = "")]
        description: String,
        #[command(flatten)]
        with: With,
    },
    /// List an operator's webhooks, without their secrets
    List {
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// Print JSON, one webhook a line
        #[arg(long)]
        json: bool,
    },
    /// Change a webhook; what is not said stays as it is
    #[command(
        after_help = "Example:\n  accolade webhook change hook-1 --operator operator-789 --enable"
    )]
    Change(Change),
    /// Give a webhook another secret, and print it; the one before signs for a while, too
    #[command(after_help = "Example:\n  accolade webhook rotate hook-1 --operator operator-789")]
    Rotate {
        /// The webhook's id
        id: String,
        /// Until when the secret before signs, too [default: for 24 hours]
        #[arg(long, value_name = "TIME")]
        old_until: Option<String>,
        #[command(flatten)]
        with: With,
    },
    /// Send a webhook a message to try it, and say what became of it
    #[command(after_help = "Example:\n  accolade webhook test hook-1 --operator operator-789")]
    Test {
        /// The webhook's id
        id: String,
        #[command(flatten)]
        with: With,
    },
    /// List what a webhook was told, and what waits
    Deliveries {
        /// The webhook's id
        id: String,
        /// The operator
        #[arg(long, value_name = "ID")]
        operator: String,
        /// How many at most
        #[arg(long, value_name = "COUNT", default_value_t = 50)]
        limit: u16,
        /// Print JSON, one delivery a line
        #[arg(long)]
        json: bool,
    },
    /// Tell a webhook of something once more, and say what became of it
    #[command(
        after_help = "Example:\n  accolade webhook resend 1-3-17-2-1 --operator operator-789"
    )]
    Resend {
        /// The delivery's id
        id: String,
        #[command(flatten)]
        with: With,
    },
    /// Have a webhook be told nothing any more
    #[command(
        after_help = "Example:\n  accolade webhook remove hook-1 --operator operator-789 --yes"
    )]
    Remove {
        /// The webhook's id
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
struct Change {
    /// The webhook's id
    id: String,
    /// Where it is from now on
    #[arg(long, value_name = "ADDRESS")]
    address: Option<String>,
    /// A type that it is told of from now on, in place of those before
    #[arg(long = "event", value_name = "TYPE", conflicts_with = "all_events")]
    events: Vec<String>,
    /// Have it be told of all types
    #[arg(long)]
    all_events: bool,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Have it be told again, from where it was
    #[arg(long)]
    enable: bool,
    /// Have it be told nothing for now
    #[arg(long, conflicts_with = "enable")]
    disable: bool,
    #[command(flatten)]
    with: With,
}

impl Change {
    fn body(&self) -> Value {
        let mut body = Map::new();
        let texts = [("url", &self.address), ("description", &self.description)];
        for (name, text) in texts {
            body.extend(text.as_ref().map(|text| (name.to_owned(), json!(text))));
        }
        if self.all_events || !self.events.is_empty() {
            body.insert("events".into(), json!(self.events));
        }
        if self.enable || self.disable {
            body.insert("enabled".into(), self.enable.into());
        }
        body.into()
    }
}

#[derive(Debug, Deserialize)]
struct Made {
    id: String,
    #[serde(default)]
    secret: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    message_id: String,
    taken: bool,
    status: Option<u16>,
    failure: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Listed<T> {
    items: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Webhook {
    id: String,
    url: String,
    events: Vec<String>,
    enabled: bool,
    disabled_why: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Delivery {
    id: String,
    r#type: String,
    state: String,
    attempts: u32,
    status: Option<u16>,
    next_attempt_at: Option<String>,
    ended_at: Option<String>,
}

/// Runs `accolade webhook`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    client::with(place, IfMissing::Complain, async |client| match arguments.command {
        WebhookCommand::Add { address, events, description, with } => {
            let body = json!({ "url": address, "events": events, "description": description });
            let answer = with.post(client, "/api/v1/webhooks", body.to_string()).await;
            show(answer.context("the webhook was not made")?, &with).await
        }
        WebhookCommand::List { operator, json } => list(client, &operator, json).await,
        WebhookCommand::Change(change) => {
            let path = with_dry_run(&of(&change.id, ""), change.with.dry_run);
            let ask = Ask::patch_json(&path, &change.body()).of(&change.with.operator);
            let answer = client.send(ask).await?.or_problem().await;
            let context = || format!("the webhook `{}` was not changed", change.id);
            show(answer.with_context(context)?, &change.with).await
        }
        WebhookCommand::Rotate { id, old_until, with } => {
            let body = old_until.map_or(json!({}), |until| json!({ "oldUntil": until }));
            let answer = with.post(client, &of(&id, "/rotate"), body.to_string()).await;
            show(answer.with_context(|| format!("the webhook `{id}` was not rotated"))?, &with)
                .await
        }
        WebhookCommand::Test { id, with } => {
            let answer = with.post(client, &of(&id, "/test"), "{}".to_owned()).await;
            sent(answer.with_context(|| format!("the webhook `{id}` was not tried"))?, &with).await
        }
        WebhookCommand::Deliveries { id, operator, limit, json } => {
            let path = format!("{}?limit={limit}", of(&id, "/deliveries"));
            let answer = client.send(Ask::get(&path).of(&operator)).await?.or_problem().await?;
            deliveries(answer, json).await
        }
        WebhookCommand::Resend { id, with } => {
            let path = format!("/api/v1/webhooks/deliveries/{}/resend", escaped(&id));
            let answer = with.post(client, &path, "{}".to_owned()).await;
            sent(answer.with_context(|| format!("`{id}` was not sent again"))?, &with).await
        }
        WebhookCommand::Remove { id, operator, dry_run, sure } => {
            if !dry_run {
                sure.ask(&format!("have the webhook `{id}` be told nothing any more"))?;
            }
            let path = with_dry_run(&of(&id, ""), dry_run);
            let answer = client.send(Ask::delete(&path).of(&operator)).await?.or_problem().await;
            answer.with_context(|| format!("the webhook `{id}` was not removed"))?;
            say(if dry_run {
                "the node would remove it; nothing was changed"
            } else {
                "removed: it is told nothing any more"
            })?;
            Ok(Ended::Well)
        }
    })
    .await
}

fn of(id: &str, what: &str) -> String {
    format!("/api/v1/webhooks/{}{what}", escaped(id))
}

async fn show(answer: Answer, with: &With) -> anyhow::Result<Ended> {
    if with.json {
        answer.print().await?;
        return Ok(Ended::Well);
    }
    let Made { id, secret } = answer.json().await?;
    if with.dry_run {
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

/// Says what became of a message; one that was not taken is a no.
async fn sent(answer: Answer, with: &With) -> anyhow::Result<Ended> {
    if with.dry_run && !with.json {
        say("the node would send it; nothing was sent")?;
        return Ok(Ended::Well);
    }
    if with.json {
        let sent: Value = answer.json().await?;
        say(&sent)?;
        let is_well = with.dry_run || sent["taken"] == true;
        return Ok(if is_well { Ended::Well } else { Ended::Badly });
    }
    let Sent { message_id, taken, status, failure } = answer.json().await?;
    let how = status.map_or_else(|| failure.unwrap_or_default(), |status| status.to_string());
    say(format_args!("{}  {how}  {message_id}", if taken { "taken" } else { "not taken" }))?;
    Ok(if taken { Ended::Well } else { Ended::Badly })
}

async fn list(client: &Client, operator: &str, json: bool) -> anyhow::Result<Ended> {
    let answer = client.send(Ask::get("/api/v1/webhooks").of(operator)).await?.or_problem().await?;
    if json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let Listed::<Webhook> { items } = answer.json().await?;
    if items.is_empty() {
        say("no webhooks: `accolade webhook add` makes one")?;
        return Ok(Ended::Well);
    }
    for webhook in items {
        let events =
            if webhook.events.is_empty() { "all".into() } else { webhook.events.join(",") };
        let state = if webhook.enabled { "enabled" } else { "disabled" };
        let (id, url) = (&webhook.id, printable(&webhook.url));
        say(format_args!("{id}  {state:8}  {events}  {url}"))?;
        if let Some(why) = &webhook.disabled_why {
            say(format_args!("    {}", printable(why)))?;
        }
    }
    Ok(Ended::Well)
}

async fn deliveries(answer: Answer, json: bool) -> anyhow::Result<Ended> {
    if json {
        answer.print_items().await?;
        return Ok(Ended::Well);
    }
    let Listed::<Delivery> { items } = answer.json().await?;
    if items.is_empty() {
        say("nothing was told yet, and nothing waits")?;
    }
    for delivery in items {
        let Delivery { id, r#type, state, attempts, status, next_attempt_at, ended_at } = delivery;
        let status = status.map_or_else(|| "-".into(), |status| status.to_string());
        let at = match (ended_at, next_attempt_at) {
            (Some(ended), _) => ended,
            (None, Some(next)) => format!("again at {next}"),
            (None, None) => "behind another".into(),
        };
        say(format_args!("{id}  {state:9}  {type}  {status:3}  {attempts} attempts  {at}"))?;
    }
    Ok(Ended::Well)
}
