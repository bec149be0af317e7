//! `accolade restore`: a node's data directory, from where its checkpoints were shipped.

use std::path::Path;
use std::sync::Arc;

use accolade_domain::time::Timestamp;
use accolade_engine::disk::Disk;
use accolade_engine::objects::Objects;
use accolade_storage::disk::{RealDisk, lock_directory};
use accolade_storage::node::SHIPPED_KEYS;
use accolade_storage::ship::{BlockCache, Fetch, List, begin_restore, is_unfinished, newest};
use accolade_storage::trail;
use anyhow::{Context, bail};
use clap::Args;

use crate::Ended;
use crate::arguments::Where;
use crate::config::Config;
use crate::terminal::{grouped, progress, say};

/// What a node or an earlier restore leaves that holds nothing.
const LOCK_FILE: &str = "LOCK";

/// The arguments of `accolade restore`.
#[derive(Debug, Args)]
#[command(
    long_about = "Brings back what a node has shipped (`[ship]` in its configuration) into a data \
                  directory that is empty or not there: accounts, ledger, dead letters, ids, the log, and \
                  the trail of who did what. Every object's checksum is checked. Where it was interrupted, \
                  it is run again. It says up to when everything is there; what was \
                  answered later was on the lost disk alone. Senders may repeat whatever they are not \
                  sure of: what is there is recognised.\n\n\
                  Make sure that the old node runs no more before the restored one is started.",
    after_help = "Examples:\n  accolade restore --from s3://bucket/accolade --data-dir /var/lib/accolade\n  \
                  accolade restore --from /mnt/backup/accolade"
)]
pub(crate) struct Arguments {
    /// Where it was shipped: `s3://bucket/prefix` or a folder [default: `to` in `[ship]`]
    #[arg(long, value_name = "URL")]
    from: Option<String>,
    /// The list of another checkpoint than the last, by its key
    #[arg(long, value_name = "KEY")]
    list: Option<String>,
}

/// Runs `accolade restore`.
pub(crate) async fn run(place: &Where, arguments: Arguments) -> anyhow::Result<Ended> {
    let config = Config::load(place)?;
    tokio::task::spawn_blocking(move || restore(&config, arguments)).await??;
    Ok(Ended::Well)
}

fn restore(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    let Some(from) = arguments.from.or_else(|| config.ship.to.clone()) else {
        bail!("say where it was shipped: with `--from`, or `to` in `[ship]` of the configuration");
    };
    let data_dir = &config.data_dir;
    let objects = config.objects(&from)?;
    let list = match arguments.list {
        Some(list) => list,
        None => newest(&*objects, &format!("{SHIPPED_KEYS}/"))?
            .with_context(|| format!("no checkpoints were shipped to `{from}`"))?,
    };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(data_dir)?);
    refuse_unless_empty(data_dir, &*disk)?;
    let lock = lock_directory(data_dir)?;
    // What comes last says that everything is there: whatever breaks off before is begun anew.
    begin_restore(&*disk)?;
    let trail = restore_trail(&objects, data_dir).with_context(|| {
        format!("the audit trail was not restored from `{from}`: nothing else was, run it again")
    })?;
    let restored = bring(&objects, &list, disk).with_context(|| {
        format!("`{}` was not restored from `{from}`: run it again", data_dir.display())
    })?;
    drop(lock);
    if let Some(trail) = trail {
        let covers = accolade_wire::timestamp::write(trail.covers);
        say(format_args!("the audit trail is there up to {covers}"))?;
    }
    describe(&restored, data_dir)
}

fn refuse_unless_empty(data_dir: &Path, disk: &dyn Disk) -> anyhow::Result<()> {
    let mut found = std::fs::read_dir(data_dir)?.filter_map(Result::ok);
    let is_empty = found.all(|entry| entry.file_name() == LOCK_FILE);
    if !is_empty && !is_unfinished(disk)? {
        bail!(
            "`{}` is not empty, and is left as it is: restore into an empty directory, or remove it first",
            data_dir.display()
        );
    }
    Ok(())
}

fn bring(objects: &Arc<dyn Objects>, list: &str, disk: Arc<dyn Disk>) -> anyhow::Result<List> {
    let bar = progress(Some(0), "bytes");
    let report = |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let fetch = Fetch { everything: true, progress: &report, ..Fetch::default() };
    let restored = fetch.fetch(objects, list, disk, &BlockCache::default());
    bar.finish_and_clear();
    Ok(restored?.1)
}

/// Brings back the chain of who did what that was shipped last.
fn restore_trail(objects: &Arc<dyn Objects>, data_dir: &Path) -> anyhow::Result<Option<List>> {
    let lists = trail::lists(&**objects)?.into_values();
    let Some((list, _)) = lists.max_by_key(|(_, put_at)| *put_at) else { return Ok(None) };
    let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(data_dir.join(trail::FOLDER))?);
    bring(objects, &list, disk).map(Some)
}

fn describe(list: &List, data_dir: &Path) -> anyhow::Result<()> {
    let time = |time: Timestamp| accolade_wire::timestamp::write(time);
    say(format_args!(
        "restored `{}`: {} files, {} bytes, of the checkpoint `{}`",
        data_dir.display(),
        grouped(list.files.len() as u64),
        grouped(list.bytes()),
        list.name,
    ))?;
    say(format_args!("everything that was answered up to {} is there", time(list.covers)))?;
    say(format_args!(
        "what was answered later may be missing; the next checkpoint, after {}, was not shipped any more",
        time(list.made_at)
    ))?;
    Ok(())
}
