//! `accolade projection status`: how far each is, as the nodes say it, and the tables and Redis.

use std::time::Duration;

use serde_json::{Value, json};

use super::list::{self, Listed};
use super::{Written, check_name, progress};
use crate::Ended;
use crate::arguments::Where;
use crate::config::Config;
use crate::terminal::{note, printable, say};

/// What nothing has written for this long has nobody who projects: a node writes every ten
/// seconds, even where nothing comes in.
const SILENT: Duration = Duration::from_mins(1);

/// Says how far all are, or the one with this name.
pub(super) async fn run(
    place: &Where,
    config: &Config,
    name: Option<&str>,
    json: bool,
) -> anyhow::Result<Ended> {
    if let Some(name) = name {
        check_name(config, name)?;
    }
    let mut all = list::all(place, config).await?;
    all.retain(|one| name.is_none_or(|name| one.name == name));
    if !json {
        list::print(&all)?;
    }
    let mut is_well = all.iter().all(Listed::is_well);
    for one in &all {
        let written = progress(config, one.name).await?;
        if json {
            say(as_json(one, written.as_deref()))?;
        }
        let Some(written) = written else { continue };
        if !json {
            print(&written)?;
        }
        if let Some(complaint) = complaint(&written) {
            note(format_args!("\n{complaint}"));
            is_well = false;
        }
        is_well &= written.iter().all(|one| one.trouble.is_none());
    }
    Ok(if is_well { Ended::Well } else { Ended::Badly })
}

/// What `accolade projection list` says of it, and how far it is in each partition.
fn as_json(one: &Listed, written: Option<&[Written]>) -> Value {
    let partition = |one: &Written| {
        json!({
            "partition": one.partition,
            "next": one.next,
            "journalEnd": one.journal_end,
            "lagBatches": lag(one),
            "batchTime": one.batch_time,
            "trouble": one.trouble,
            "ageSeconds": one.age.as_secs(),
        })
    };
    let partitions = written.map(|written| written.iter().map(partition).collect::<Vec<_>>());
    let mut all = one.json();
    all["partitions"] = json!(partitions);
    all
}

const fn lag(one: &Written) -> u64 {
    one.journal_end.saturating_sub(one.next)
}

fn print(written: &[Written]) -> std::io::Result<()> {
    say("\npartition        next batch           folded    lag  written    up to")?;
    for one in written {
        say(format_args!(
            "{:<9} {:>17} {:>16} {:>6}  {:>4} s ago  {}",
            one.partition,
            one.next,
            one.journal_end,
            lag(one),
            one.age.as_secs(),
            one.batch_time.as_deref().unwrap_or("nothing yet"),
        ))?;
    }
    let standing = written.iter().filter_map(|one| Some((one.partition, one.trouble.as_ref()?)));
    for (partition, trouble) in standing {
        say(format_args!("\nPartition {partition} stands: {}", printable(trouble)))?;
    }
    Ok(())
}

/// What no partition says of itself: that nobody writes.
fn complaint(written: &[Written]) -> Option<String> {
    if written.is_empty() {
        return Some("nothing was ever written: no node has run with this projection".to_owned());
    }
    let silent = written.iter().filter(|one| one.age > SILENT).count();
    let plural = if silent == 1 { " has" } else { "s have" };
    (silent > 0).then(|| {
        format!(
            "{silent} partition{plural} not been written for a minute: no node with this projection runs, or \
             its log says why not"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(age_s: u64) -> Written {
        Written {
            partition: 3,
            next: 7,
            journal_end: 9,
            trouble: None,
            batch_time: None,
            age: Duration::from_secs(age_s),
        }
    }

    #[test]
    fn what_nobody_writes_is_told() {
        assert_eq!(complaint(&[written(0), written(60)]), None);
        let complaint = |all: &[Written]| complaint(all).unwrap();
        assert!(complaint(&[]).starts_with("nothing was ever written"));
        let one = complaint(&[written(0), written(61)]);
        assert!(one.starts_with("1 partition has not been written for a minute"), "{one}");
        let two = complaint(&[written(99), written(61)]);
        assert!(two.starts_with("2 partitions have not been"), "{two}");
    }
}
