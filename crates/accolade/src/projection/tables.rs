//! The SQL tables: written anew from the journal, and watched.

use accolade_postgres::rebuild;
use accolade_postgres::settings::Settings;
use accolade_postgres::sink;
use anyhow::Context;

use super::{Written, is_run_elsewhere, to_the_end, watch};
use crate::Ended;
use crate::config::Config;
use crate::hosting::{Hosted, no_metrics};
use crate::terminal::{Sure, grouped, note};

fn settings(config: &Config) -> anyhow::Result<Settings> {
    let settings = config.postgres.settings()?;
    settings.context("`postgres.url` is not set: there is no projection of that kind")
}

/// How far each partition is.
pub(super) async fn progress(config: &Config) -> anyhow::Result<Vec<Written>> {
    of(&settings(config)?).await
}

async fn of(settings: &Settings) -> anyhow::Result<Vec<Written>> {
    let all = rebuild::progress(settings).await?.into_iter();
    let written = all.map(|one| {
        let rebuild::Progress { partition, next, journal_end, trouble, batch_time, age } = one;
        Written { partition, next, journal_end, trouble, batch_time, age }
    });
    Ok(written.collect())
}

pub(super) async fn rebuild(config: &Config, sure: &Sure) -> anyhow::Result<Ended> {
    let settings = settings(config)?;
    sure.ask(
        "empty all tables but those of dead letters and game events, and write them anew from the journal",
    )?;
    if is_run_elsewhere(config).await? {
        rebuild::restart(&settings).await?;
        note(
            "all tables but those of dead letters and game events are empty; whichever nodes run write them anew",
        );
        let is_done = |all: &[Written]| all.iter().all(|one| one.next > 1 && one.is_at_the_end());
        return watch(async || of(&settings).await, is_done).await;
    }
    let hosted = Hosted::start(config.node_options(), config.settings(), no_metrics()).await?;
    let done = by_ourselves(&hosted, settings).await;
    let stopped = hosted.stop().await;
    done.and_then(|ended| stopped.map(|()| ended))
}

async fn by_ourselves(hosted: &Hosted, settings: Settings) -> anyhow::Result<Ended> {
    rebuild::restart(&settings).await?;
    let projection = sink::start(settings, hosted.feed())?;
    to_the_end(&projection, |status| format!("{} rows of the ledger", grouped(status.records)))
        .await
}
