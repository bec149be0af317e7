//! Work that goes on at a node beside whoever has asked for it, until it has found something: simulations and dry runs.

use std::time::Duration;

use anyhow::bail;
use serde::Deserialize;

use crate::client::{Answer, Ask, Client};
use crate::terminal::{Interrupt, printable, progress};

/// How often the node is asked how far it is.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How far it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Work {
    pub(crate) id: String,
    state: String,
    batches: u64,
    batches_expected: u64,
    why: Option<String>,
}

/// Waits until the work at `path` has found something, and answers with that; Ctrl-C cancels it. `what` it is says whatever
/// goes wrong.
pub(crate) async fn follow(
    client: &Client,
    mut work: Work,
    path: &str,
    operator: &str,
    what: &str,
) -> anyhow::Result<Answer> {
    let (interrupt, bar) = (Interrupt::watch(), progress(None, "batches"));
    while work.state == "running" {
        let cancels = tokio::select! {
            () = interrupt.come() => true,
            () = tokio::time::sleep(LOOK_EVERY) => false,
        };
        if cancels {
            client.json::<Work>(Ask::delete(path).of(operator)).await?;
            bail!("the {what} was cancelled");
        }
        work = client.json(Ask::get(path).of(operator)).await?;
        bar.set_length(work.batches_expected);
        bar.set_position(work.batches);
    }
    bar.finish_and_clear();
    if work.state != "done" {
        let why = work.why.unwrap_or(work.state);
        bail!("the {what} has no result: {}", printable(&why));
    }
    client.send(Ask::get(path).of(operator)).await?.or_problem().await
}
