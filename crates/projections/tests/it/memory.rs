//! A sink in memory, which does as it is told.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accolade_projections::batch::{Batch, Held};
use accolade_projections::names::Names;
use accolade_projections::running::Projection;
use accolade_projections::sink::{
    Behind, Failed, Here, Limits, Position, Positions, Refused, Sink, Step, Written,
};

use crate::house::House;

/// What is written, and how it behaves.
#[derive(Debug, Default)]
pub(crate) struct Store {
    /// Wagers by player, in the order in which they came.
    pub(crate) wagers: BTreeMap<String, Vec<String>>,
    pub(crate) next: BTreeMap<u16, u64>,
    pub(crate) writes: u64,
    /// Records that it refuses for good.
    pub(crate) refuses: BTreeSet<String>,
    /// Partitions of which it refuses all.
    pub(crate) refuses_all_of: BTreeSet<u16>,
    pub(crate) is_away: bool,
    pub(crate) panics: bool,
    pub(crate) asked: u64,
    pub(crate) bytes_most: usize,
    /// Holds up a write after which the caller is told of it.
    pub(crate) gate: Option<tokio::sync::watch::Receiver<bool>>,
    pub(crate) reported: Vec<Behind>,
}

/// A handle on one that is shared with the test.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    pub(crate) store: Arc<Mutex<Store>>,
    ready: Vec<(u16, u64, String, String)>,
}

pub(crate) const BYTES_MAX: usize = 400;

impl Memory {
    pub(crate) fn start(&self, house: &House) -> Projection {
        Projection::start("memory", self.clone(), house.feed()).unwrap()
    }

    pub(crate) fn with<T>(&self, with: impl FnOnce(&mut Store) -> T) -> T {
        with(&mut self.store.lock().unwrap())
    }

    /// How many wagers of a player are here, none of them twice.
    pub(crate) fn count(&self, player: &str) -> usize {
        self.with(|store| {
            let Some(all) = store.wagers.get(player) else { return 0 };
            assert_eq!(all.len(), all.iter().collect::<BTreeSet<_>>().len(), "{all:?}");
            all.len()
        })
    }
}

impl Sink for Memory {
    const BEGINS_ANEW: bool = true;

    fn limits(&self) -> Limits {
        let (pause, back_off_max) = (Duration::from_millis(1), Duration::from_millis(200));
        Limits { records_max: 1_000, bytes_max: BYTES_MAX, pause, back_off_max }
    }

    async fn positions(&mut self, here: &Here<'_>) -> Result<Positions, Failed> {
        self.ready.clear();
        let mut store = self.store.lock().unwrap();
        store.asked += 1;
        if store.is_away {
            return Err(Failed::Away("it is away".into()));
        }
        for partition in here.partitions {
            store.next.entry(*partition).or_insert(1);
        }
        let position =
            |(partition, next): (&u16, &u64)| (*partition, Position { next: *next, time: None });
        Ok(store.next.iter().map(position).collect())
    }

    fn take(&mut self, batch: &Batch<'_>, names: &mut Names) -> Result<usize, Held> {
        let players = names.of(batch)?;
        for recorded in batch.outcomes()? {
            for entry in recorded?.entries.iter().map(|stored| &stored.entry) {
                let player = players.find(entry.operator, entry.subject);
                let name = player.map_or("(erased)", |player| player.name);
                let (partition, number) = (batch.partition, batch.number);
                self.ready.push((partition, number, name.to_owned(), entry.cause.to_string()));
            }
        }
        let bytes = self.ready.iter().map(|(_, _, name, cause)| name.len() + cause.len()).sum();
        self.with(|store| store.bytes_most = store.bytes_most.max(bytes));
        Ok(bytes)
    }

    async fn write(&mut self, steps: &[Step]) -> Result<Written, Failed> {
        let gate = self.with(|store| store.gate.clone());
        if let Some(mut gate) = gate {
            gate.wait_for(|is_open| *is_open).await.expect("the test holds it");
        }
        let ready = std::mem::take(&mut self.ready);
        let mut store = self.store.lock().unwrap();
        if store.is_away {
            return Err(Failed::Away("it is away".into()));
        }
        assert!(!store.panics, "told to");
        if steps.iter().any(|step| store.next[&step.partition] != step.from) {
            return Ok(Written::Moved);
        }
        if steps.iter().any(|step| store.refuses_all_of.contains(&step.partition)) {
            return Err(Failed::Refused("it does not like one of these".into()));
        }
        let (mut refused, mut records) = (Vec::new(), 0);
        for (partition, batch, player, what) in ready {
            if store.refuses.contains(&what) {
                refused.push(Refused { partition, batch, what, why: "ugly".into() });
                continue;
            }
            records += 1;
            store.wagers.entry(player).or_default().push(what);
        }
        store.next.extend(steps.iter().map(|step| (step.partition, step.next)));
        store.writes += 1;
        Ok(Written::All { records, refused })
    }

    async fn report(&mut self, behind: &[Behind]) -> Result<(), Failed> {
        self.with(|store| store.reported = behind.to_vec());
        Ok(())
    }

    async fn rebuild(&mut self) -> Result<(), Failed> {
        self.with(|store| {
            store.wagers.clear();
            store.next.values_mut().for_each(|next| *next = 1);
        });
        Ok(())
    }
}
