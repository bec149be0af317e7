//! Everything held about a player, as the node has it that has the player's partition.

use accolade_domain::ledger::Place;
use accolade_engine::partition::Partition;
use accolade_wire::identity::partition_of;
use axum::response::Response;
use serde::Serialize;

use super::{Ended, Takes, Told, csv, tell_end};
use crate::adjustments;
use crate::balance::{BalanceShape, Found};
use crate::call::Call;
use crate::exclusions::ExclusionShape;
use crate::history::Whose;
use crate::ledger::{Order, Wanted, page};
use crate::lookup::EventShape;
use crate::players::{EntryShape, said_of};
use crate::principal::Known;
use crate::problem::{Problem, Refusal, not_yet, rules_unknown};
use crate::redemptions;
use crate::requests::Requests;
use crate::service::{Service, now};
use crate::shapes::Time;
use crate::signals;
use crate::statistics::StatisticsShape;
use crate::submit::blocking;
use crate::topics::stream;

/// Entries, or requests, that are read together.
const TOGETHER: usize = 500;

/// What a line of the ledger has.
pub(super) const ENTRY: [&str; 17] = [
    "sequence",
    "kind",
    "points",
    "balanceAfter",
    "cause.type",
    "cause.id",
    "programVersion",
    "multiplier",
    "tier",
    "lots.debt",
    "lots.owed",
    "place.partition",
    "place.batch",
    "place.slot",
    "eventTime",
    "recordTime",
    "hash",
];
const REDEMPTION: [&str; 10] = [
    "id",
    "state",
    "points",
    "item",
    "rewardId",
    "programVersion",
    "reservedAt",
    "holdUntil",
    "closedAt",
    "why",
];
const ADJUSTMENT: [&str; 9] =
    ["id", "state", "points", "why", "by", "askedAt", "decidedAt", "decidedBy", "decision"];

const SIGNAL: [&str; 10] = [
    "id",
    "state",
    "wagerId",
    "wageredAt",
    "points",
    "programVersion",
    "raisedAt",
    "closedAt",
    "by",
    "why",
];

/// How a file is written.
#[derive(Debug, Clone, Copy)]
enum Form {
    Json,
    Csv(&'static [&'static str]),
}

/// A file that is being written, line by line.
struct File<'t, T> {
    to: &'t mut T,
    form: Form,
}

impl<'t, T: Takes> File<'t, T> {
    fn begin(to: &'t mut T, name: &str, form: Form) -> Result<Self, Ended> {
        to.file(name)?;
        if let Form::Csv(columns) = form {
            to.line(&csv::head(columns))?;
        }
        Ok(Self { to, form })
    }

    fn put(&mut self, shape: &impl Serialize) -> Result<(), Ended> {
        let json = line_of(shape);
        match self.form {
            Form::Json => self.to.line(&json),
            Form::Csv(columns) => self.to.line(&csv::row(columns, &json)),
        }
    }
}

/// JSON on one line: within it a line break can only be blank space, of a value that came as it is.
pub(super) fn line_of(shape: &impl Serialize) -> String {
    let json = serde_json::to_string(shape).expect("a shape is plain data");
    json.replace(['\n', '\r'], " ")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlayerShape<'a> {
    player_id: &'a str,
    operator_id: &'a str,
    exported_at: Time,
    /// What the player has said last; nothing where they never did.
    consent: Option<&'static str>,
    balance: BalanceShape<'a>,
    self_exclusion: ExclusionShape,
    statistics: StatisticsShape,
}

/// A player whose history is told.
pub(super) struct History<'a> {
    service: &'a Service,
    operator: &'a Known,
    player: &'a str,
    found: Found,
    /// Later batches are of another export.
    end: u64,
}

impl<'a> History<'a> {
    /// Of a player whose partition is here.
    pub(super) fn of(
        service: &'a Service,
        operator: &'a Known,
        player: &'a str,
    ) -> Result<Self, Problem> {
        let partition = partition_of(player, service.partitions());
        let found = service.account(operator, player)?;
        let end = service.read(partition, Partition::next_batch)?;
        Ok(Self { service, operator, player, found, end })
    }

    /// Tells all of it.
    pub(super) fn tell(&self, to: &mut impl Takes) -> Result<(), Ended> {
        File::begin(to, "player.json", Form::Json)?.put(&self.standing()?)?;
        for (name, form) in [("ledger.ndjson", Form::Json), ("ledger.csv", Form::Csv(&ENTRY))] {
            self.entries(&mut File::begin(to, name, form)?)?;
        }
        for (name, form) in
            [("redemptions.ndjson", Form::Json), ("redemptions.csv", Form::Csv(&REDEMPTION))]
        {
            self.requests::<redemptions::Kind, _>(&mut File::begin(to, name, form)?)?;
        }
        for (name, form) in
            [("adjustments.ndjson", Form::Json), ("adjustments.csv", Form::Csv(&ADJUSTMENT))]
        {
            self.requests::<adjustments::Kind, _>(&mut File::begin(to, name, form)?)?;
        }
        for (name, form) in [("signals.ndjson", Form::Json), ("signals.csv", Form::Csv(&SIGNAL))] {
            self.requests::<signals::Kind, _>(&mut File::begin(to, name, form)?)?;
        }
        self.events(&mut File::begin(to, "events.ndjson", Form::Json)?)
    }

    fn standing(&self) -> Result<PlayerShape<'_>, Problem> {
        let (player_id, operator_id) = (self.player, &*self.operator.id);
        Ok(PlayerShape {
            player_id,
            operator_id,
            exported_at: Time(now()),
            consent: self.found.consent().map(said_of),
            balance: BalanceShape::now(&self.found, player_id, operator_id),
            self_exclusion: self.service.exclusion(self.operator, self.player)?,
            statistics: self.service.statistics(self.operator, self.player)?,
        })
    }

    fn entries<T: Takes>(&self, file: &mut File<'_, T>) -> Result<(), Ended> {
        let mut lines = self.service.lines(self.found.partition)?;
        let (from, to, kind, order) = (None, None, None, Order::Ascending);
        let mut wanted = Wanted { from, to, kind, order, after: None, limit: TOGETHER };
        loop {
            let page = page(&mut lines, self.found.newest(), &wanted)?;
            let decided = self.service.operator(self.operator)?;
            for line in page.lines {
                file.put(&EntryShape::of(line, &decided))?;
            }
            wanted.after = page.next;
            if page.next.is_none() {
                return Ok(());
            }
        }
    }

    fn requests<R: Requests, T: Takes>(&self, file: &mut File<'_, T>) -> Result<(), Ended> {
        let mut after = None;
        loop {
            let (operator, player) = (self.operator, self.player);
            let found = self.service.requests::<R>(operator, player, after, TOGETHER)?;
            let is_full = found.len() == TOGETHER;
            for (key, found) in found {
                if key.place.batch >= self.end {
                    return Ok(());
                }
                after = Some(Place { partition: 0, ..key.place });
                file.put(&R::shape(key, found, &operator.id, player))?;
            }
            if !is_full {
                return Ok(());
            }
        }
    }

    /// The player's events, as far as the log has them, and what became of them.
    fn events<T: Takes>(&self, file: &mut File<'_, T>) -> Result<(), Ended> {
        let whose = Whose::new(self.operator, self.player);
        let mut from = 0;
        loop {
            if file.to.is_gone() {
                return Err(Ended::Gone);
            }
            if self.service.is_retired() {
                return Err(Problem::new(Refusal::Stopping, "the node is stopping").into());
            }
            let stretch = self.service.batches_here(self.found.partition, from, self.end)?;
            for batch in &stretch.batches {
                for (id, occurrence) in whose.events(batch)? {
                    file.put(&EventShape::of(id, occurrence))?;
                }
            }
            if stretch.next >= self.end.min(stretch.end) {
                return Ok(());
            }
            if stretch.next == from {
                return Err(not_yet().into());
            }
            from = stretch.next;
        }
    }
}

/// Tells another node of a player whose partition is here.
pub(crate) async fn for_another_node(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let text = |name| parameters.text(name).unwrap_or_default().to_owned();
    let (operator, player) = (text("operator"), text("player"));
    let found = service.credentials.operator(&*service.host, &operator);
    let operator = found.ok_or_else(rules_unknown)?;
    // Whether the partition is here is said before there is an answer.
    let (here, asked) = (service.clone(), (operator.clone(), player.clone()));
    let found = blocking(move || {
        let partition = partition_of(&asked.1, here.partitions());
        here.with_all_here(&[partition], || match here.account(&asked.0, &asked.1) {
            Err(problem) if problem.refusal == Refusal::NotFound => Ok(false),
            found => found.map(|_| true),
        })
    });
    let is_there = found.await??;
    Ok(stream(move |mut lines| {
        if !is_there {
            // Whoever has gone needs to hear nothing.
            drop(lines.send(&Told::Missing));
            return;
        }
        let told = History::of(&service, &operator, &player).map_err(Ended::from);
        let done = told.and_then(|history| history.tell(&mut lines));
        tell_end(&lines, "a player", done);
    }))
}
