//! The operator's ledger of a stretch of time, as a table: partition by partition, each in the order of its journal.

use std::io::{self, Write};
use std::sync::Arc;

use accolade_domain::ledger::Subject;
use accolade_domain::time::Timestamp;
use accolade_engine::partition::Partition;
use accolade_engine::players::{Ordinal, Player};
use accolade_engine::rules::Operator;
use accolade_storage::backing::Backing;
use accolade_wire::bytes::Cursor;
use accolade_wire::hex::to_hex;
use accolade_wire::journal::Outcomes;
use accolade_wire::record::Slice;
use accolade_wire::timestamp;
use axum::response::Response;
use serde::Serialize;
use tokio::runtime::Handle;

use super::history::{ENTRY, line_of};
use super::outgoing::{Outgoing, answer};
use super::{Ended, SILENT_MAX, Takes, Told, csv, read_told, tell_end};
use crate::call::Call;
use crate::cluster::{Where, partitions_text};
use crate::ledger::Line;
use crate::parameters::Parameters;
use crate::players::EntryShape;
use crate::problem::{Problem, Refusal, not_yet, rules_unknown};
use crate::service::{Service, now};
use crate::submit::{blocking, soon};
use crate::topics::stream;

/// Players that are looked at while the fold waits.
const LOOKED_AT_ONCE: usize = 4_096;

/// What the table has before the columns of an entry.
const OF_PLAYER: [&str; 2] = ["playerId", "subject"];

fn columns() -> Vec<&'static str> {
    OF_PLAYER.into_iter().chain(ENTRY).collect()
}

/// The last line: no entry is of this kind, and its number says how many there are.
fn end_line(count: u64) -> String {
    line_of_cells(&[("sequence", count.to_string()), ("kind", "end".to_owned())])
}

fn line_of_cells(filled: &[(&str, String)]) -> String {
    let cell = |column: &&str| {
        let found = filled.iter().find(|(name, _)| name == column);
        found.map_or_else(String::new, |(_, text)| text.clone())
    };
    columns().iter().map(cell).collect::<Vec<_>>().join(",")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    player_id: &'a str,
    subject: String,
    #[serde(flatten)]
    entry: EntryShape,
}

/// Which entries are wanted: recorded from a time on, before another.
#[derive(Debug, Clone, Copy)]
struct Asked {
    operator: u32,
    from: Timestamp,
    to: Timestamp,
}

impl Asked {
    fn read(parameters: &Parameters, operator: u32) -> Result<Self, Problem> {
        let from = parameters.time("from")?.ok_or_else(|| {
            let detail = "`from`: expected a time: the ledger goes on for years";
            Problem::new(Refusal::BadQuery, detail)
        })?;
        let to = parameters.time("to")?.unwrap_or_else(|| now().max(from));
        if to < from {
            let detail = "`to`: expected a time that is not before `from`";
            return Err(Problem::new(Refusal::BadQuery, detail));
        }
        Ok(Self { operator, from, to })
    }

    /// As another node is asked.
    fn path(&self, partitions: &[u16]) -> String {
        let time = |time| timestamp::write(time).to_string();
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("partitions", &partitions_text(partitions))
            .append_pair("operator", &self.operator.to_string())
            .append_pair("from", &time(self.from))
            .append_pair("to", &time(self.to))
            .finish();
        format!("/cluster/v1/ledger?{query}")
    }

    fn of_another_node(parameters: &Parameters) -> Result<Self, Problem> {
        Self::read(parameters, parameters.small("operator")?)
    }

    /// Tells of the entries of partitions that are here.
    fn tell(
        &self,
        service: &Service,
        partitions: &[u16],
        to: &mut impl Takes,
    ) -> Result<(), Ended> {
        partitions.iter().try_for_each(|number| Part::of(service, *self, *number)?.tell(to))
    }
}

/// What is told of one partition.
struct Part<'a> {
    service: &'a Service,
    asked: Asked,
    number: u16,
    backing: Arc<Backing>,
    /// With all versions that have decided.
    operator: Arc<Operator>,
    /// Later batches are of another export.
    end: u64,
    /// The operator's players, found by what the ledger calls them: 20 bytes for each.
    players: Vec<(Subject, Ordinal)>,
}

impl<'a> Part<'a> {
    fn of(service: &'a Service, asked: Asked, number: u16) -> Result<Self, Ended> {
        let backing = service.host.backing(number)?;
        let (end, operator) = service.read(number, |partition| {
            let operator = partition.rules().operator_numbered(asked.operator).cloned();
            (partition.next_batch(), operator)
        })?;
        let operator = operator.ok_or_else(rules_unknown)?;
        let mut part = Self { service, asked, number, backing, operator, end, players: Vec::new() };
        part.find_players()?;
        Ok(part)
    }

    fn find_players(&mut self) -> Result<(), Ended> {
        let mut from: usize = 0;
        loop {
            let (looked_at, found) = self.service.read(self.number, |partition| {
                let all = partition.players().all();
                let left = all.len().saturating_sub(from).min(LOOKED_AT_ONCE);
                let numbered = all.iter_from(from).take(left).zip(from..);
                let own = |(player, at): (&Player, usize)| {
                    let ordinal = Ordinal::try_from(at).ok()?;
                    let is_own = player.operator == self.asked.operator;
                    is_own.then_some((player.account.subject, ordinal))
                };
                (left, numbered.filter_map(own).collect::<Vec<_>>())
            })?;
            if looked_at == 0 {
                break;
            }
            self.players.extend(found);
            from += looked_at;
        }
        self.players.sort_unstable();
        Ok(())
    }

    fn tell(&self, to: &mut impl Takes) -> Result<(), Ended> {
        for batch in self.first_batch()?..self.end {
            if to.is_gone() {
                return Err(Ended::Gone);
            }
            if self.service.is_retired() {
                return Err(Problem::new(Refusal::Stopping, "the node is stopping").into());
            }
            let bytes = self.journal(batch)?;
            let slice = Slice::read_unchecked(&mut Cursor::new(&bytes, "slice"))?;
            let outcomes = Outcomes::read(&slice)?;
            if outcomes.time >= self.asked.to {
                break;
            }
            self.tell_batch(outcomes, to)?;
        }
        Ok(())
    }

    fn journal(&self, batch: u64) -> Result<Vec<u8>, Ended> {
        let read = || self.backing.journal.read(self.number, batch);
        Ok(soon(read)?.ok_or_else(not_yet)?)
    }

    /// The first batch of the time asked for; the times of batches never go back.
    fn first_batch(&self) -> Result<u64, Ended> {
        let (mut from, mut to) = (1, self.end);
        while from < to {
            let middle = u64::midpoint(from, to);
            let bytes = self.journal(middle)?;
            let slice = Slice::read_unchecked(&mut Cursor::new(&bytes, "slice"))?;
            if Outcomes::read(&slice)?.time < self.asked.from {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        Ok(from)
    }

    fn tell_batch(&self, outcomes: Outcomes<'_>, to: &mut impl Takes) -> Result<(), Ended> {
        let mut lines = Vec::new();
        for recorded in outcomes {
            let entries = recorded?.entries;
            let own = |entry: &&_| is_of(entry, self.asked.operator);
            lines.extend(entries.iter().filter(own).map(Line::from));
        }
        if lines.is_empty() {
            return Ok(());
        }
        let names = self.names(&lines)?;
        for (line, name) in lines.into_iter().zip(names) {
            let subject = to_hex(&line.entry.subject.0);
            let entry = EntryShape::of(line, &self.operator);
            let row = Row { player_id: &name, subject, entry };
            to.line(&csv::row(&columns(), &line_of(&row)))?;
        }
        Ok(())
    }

    /// The names of players of entries; none of those who have gone.
    fn names(&self, lines: &[Line]) -> Result<Vec<String>, Ended> {
        let ordinal = |line: &Line| {
            let found = self.players.binary_search_by_key(&line.entry.subject, |(it, _)| *it);
            found.ok().map(|at| self.players[at].1)
        };
        Ok(self.service.read(self.number, |partition: &Partition| {
            let name = |line: &Line| {
                let player = ordinal(line).map(|ordinal| partition.players().get(ordinal));
                player.map(|player| player.name.text().into_owned()).unwrap_or_default()
            };
            lines.iter().map(name).collect()
        })?)
    }
}

fn is_of(stored: &accolade_wire::journal::StoredEntry<'_>, operator: u32) -> bool {
    stored.entry.operator == operator
}

/// A table that is being written.
struct Table {
    to: Outgoing,
    count: u64,
}

impl Takes for Table {
    fn file(&mut self, _: &str) -> Result<(), Ended> {
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), Ended> {
        self.count += 1;
        Ok(self.to.write_all(format!("{line}\r\n").as_bytes())?)
    }

    fn is_gone(&self) -> bool {
        self.to.is_gone()
    }
}

impl Table {
    fn begin(mut to: Outgoing) -> Result<Self, Ended> {
        to.write_all(format!("{}\r\n", csv::head(&columns())).as_bytes())?;
        Ok(Self { to, count: 0 })
    }

    fn end(mut self) -> Result<(), Ended> {
        self.to.write_all(format!("{}\r\n", end_line(self.count)).as_bytes())?;
        Ok(self.to.end()?)
    }
}

/// The operator's ledger of a stretch of time.
pub(crate) async fn operator(call: Call) -> Result<Response, Problem> {
    let operator = call.operator();
    let Call { service, parameters, id, .. } = call;
    let asked = Asked::read(&parameters, operator.number)?;
    let room = service.exports.take(operator.number)?;
    let owners = service.owners(0..service.partitions()).await?;
    let runtime = Handle::current();
    Ok(answer(room, id, "text/csv; charset=utf-8", "ledger.csv", move |out| {
        let mut table = Table::begin(out)?;
        for (at, partitions) in owners {
            match at {
                Where::Here => asked.tell(&service, &partitions, &mut table)?,
                Where::At(address) => {
                    ask(&service, &runtime, (&address, &asked.path(&partitions)), &mut table)?;
                }
            }
        }
        table.end()
    }))
}

/// Has another node tell of its partitions.
fn ask(
    service: &Service,
    runtime: &Handle,
    (address, path): (&str, &str),
    to: &mut Table,
) -> Result<(), Ended> {
    let mut lines = runtime.block_on(service.neighbours()?.ask_for_lines(address, path, None))?;
    loop {
        let line = runtime.block_on(lines.next(SILENT_MAX))?;
        match read_told(line.as_deref())? {
            Told::Line(line) => to.line(&line)?,
            Told::End => return Ok(()),
            Told::File(_) | Told::Missing => {
                return Err(io::Error::other("the other node has told something else").into());
            }
        }
    }
}

/// Tells another node of the ledger in partitions that are here.
pub(crate) async fn for_another_node(call: Call) -> Result<Response, Problem> {
    let Call { service, parameters, .. } = call;
    let partitions = parameters.partitions(service.partitions())?;
    let asked = Asked::of_another_node(&parameters)?;
    // Whether they are here is said before there is an answer.
    let (here, numbers) = (service.clone(), partitions.clone());
    blocking(move || here.with_all_here(&numbers, || Ok(()))).await??;
    Ok(stream(move |mut lines| {
        let done = asked.tell(&service, &partitions, &mut lines);
        tell_end(&lines, "a ledger", done);
    }))
}
