//! The key that the first start prints.

use std::time::{Duration, Instant};

use accolade_server::local;
use hyper::StatusCode;

use crate::client::{Ask, Client};
use crate::hosting::Hosted;
use crate::shapes::MadeFirstKey;
use crate::terminal::say;

/// How long a node of a cluster waits for the rules before it gives up.
const PATIENCE: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Makes the key where this is the first start, and prints it to standard output: it is in no log. A node of a
/// cluster that does not know the rules yet does so once it does.
pub(crate) async fn tell(hosted: &Hosted) {
    if hosted.host().knows_rules() {
        return make_or_warn(hosted).await;
    }
    let hosted = hosted.clone();
    tokio::spawn(async move {
        let until = Instant::now() + PATIENCE;
        while !hosted.host().knows_rules() {
            if Instant::now() > until {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        make_or_warn(&hosted).await;
    });
}

async fn make_or_warn(hosted: &Hosted) {
    if let Err(error) = make(hosted).await {
        let error: &(dyn std::error::Error + 'static) = error.as_ref();
        tracing::warn!(
            error,
            "there is no key of the first start: `accolade operator add` needs none"
        );
    }
}

async fn make(hosted: &Hosted) -> anyhow::Result<()> {
    let rules = hosted.host().rules();
    if rules.has_had_first_key() || rules.operators().next().is_some() {
        return Ok(());
    }
    let client = Client::InProcess(local(hosted.service.clone()));
    let answer = client.send(Ask::post_json("/local/first-key", &serde_json::json!({}))).await?;
    if answer.status() == StatusCode::CONFLICT {
        return Ok(()); // another node of the cluster was first
    }
    let made: MadeFirstKey = answer.or_problem().await?.json().await?;
    say(format_args!("first key  {}", made.key))?;
    say(format_args!(
        "           shown this once; until {} it adds the first operator over HTTP, and nothing else:",
        made.until
    ))?;
    say(r#"           POST /api/v1/first-operator with {"operatorId": "ID"}"#)?;
    Ok(())
}
