//! A player's archive: what the player's node tells, as a ZIP file that is made while it goes out.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use accolade_wire::identity::partition_of;
use axum::response::Response;
use serde::Serialize;
use tokio::runtime::Handle;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::history::{History, line_of};
use super::outgoing::{Outgoing, answer};
use super::{Ended, SILENT_MAX, Takes, Told, read_told};
use crate::call::Call;
use crate::cluster::{Lines, Where, unreachable};
use crate::principal::Known;
use crate::problem::Problem;
use crate::requests::player_id;
use crate::service::Service;
use crate::submit::blocking;

/// The last file: an archive without it is not whole.
const MANIFEST: &str = "manifest.json";

/// An archive that is being written.
struct Archive {
    zip: ZipWriter<StreamWriter<Watched>>,
    /// How many lines each file has.
    files: BTreeMap<String, u64>,
    current: String,
}

/// Where an archive goes, which says whether somebody still takes it.
struct Watched(Outgoing);

impl Write for Watched {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// The archive flushes between its files; what goes out is of a size of its own.
    fn flush(&mut self) -> io::Result<()> {
        if self.0.is_gone() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Manifest<'a> {
    player_id: &'a str,
    operator_id: &'a str,
    /// How many lines each file has.
    lines: &'a BTreeMap<String, u64>,
}

impl Archive {
    fn begin(to: Outgoing) -> Self {
        let zip = ZipWriter::new_stream(Watched(to));
        Self { zip, files: BTreeMap::new(), current: String::new() }
    }

    /// Ends it with what says that it is whole.
    fn end(mut self, player_id: &str, operator_id: &str) -> Result<(), Ended> {
        let files = std::mem::take(&mut self.files);
        self.file(MANIFEST)?;
        self.line(&line_of(&Manifest { player_id, operator_id, lines: &files }))?;
        let written = self.zip.finish().map_err(io::Error::from)?;
        Ok(written.into_inner().0.end()?)
    }
}

impl Takes for Archive {
    fn file(&mut self, name: &str) -> Result<(), Ended> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true);
        self.zip.start_file(name, options).map_err(io::Error::from)?;
        self.files.insert(name.to_owned(), 0);
        name.clone_into(&mut self.current);
        Ok(())
    }

    fn line(&mut self, line: &str) -> Result<(), Ended> {
        self.zip.write_all(line.as_bytes())?;
        self.zip.write_all(b"\n")?;
        *self.files.entry(self.current.clone()).or_default() += 1;
        Ok(())
    }

    fn is_gone(&self) -> bool {
        self.zip.get_ref().is_none_or(|out| out.get_ref().0.is_gone())
    }
}

/// Everything held about a player, as one archive.
pub(crate) async fn player(call: Call) -> Result<Response, Problem> {
    let (operator, player) = (call.operator(), call.name());
    player_id(&player)?;
    let Call { service, id, .. } = call;
    let room = service.exports.take(operator.number)?;
    let partition = partition_of(&player, service.partitions());
    match service.find(partition).await? {
        Where::Here => {
            let (here, known, name) = (service.clone(), Arc::clone(&operator), player.clone());
            blocking(move || here.account(&known, &name).map(drop)).await??;
            Ok(answer(room, id, "application/zip", "player.zip", move |out| {
                let mut archive = Archive::begin(out);
                History::of(&service, &operator, &player)?.tell(&mut archive)?;
                archive.end(&player, &operator.id)
            }))
        }
        Where::At(address) => {
            let mut lines = service.history_at(&address, &operator, &player).await?;
            let first = lines.next(SILENT_MAX).await;
            let first = first.and_then(|line| read_told(line.as_deref()));
            let first = first.map_err(|error| unreachable(&address, &error))?;
            if first == Told::Missing {
                return Err(Problem::not_found("player"));
            }
            let runtime = Handle::current();
            Ok(answer(room, id, "application/zip", "player.zip", move |out| {
                let mut archive = Archive::begin(out);
                let mut told = first;
                loop {
                    match told {
                        Told::File(name) => archive.file(&name)?,
                        Told::Line(line) => archive.line(&line)?,
                        Told::End => return archive.end(&player, &operator.id),
                        Told::Missing => {
                            return Err(io::Error::other("the player has gone").into());
                        }
                    }
                    let line = runtime.block_on(lines.next(SILENT_MAX))?;
                    told = read_told(line.as_deref())?;
                }
            }))
        }
    }
}

impl Service {
    /// What another node tells of a player.
    async fn history_at(
        &self,
        address: &str,
        operator: &Known,
        player: &str,
    ) -> Result<Lines, Problem> {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("operator", &operator.id)
            .append_pair("player", player)
            .finish();
        let path = format!("/cluster/v1/history?{query}");
        let lines = self.neighbours()?.ask_for_lines(address, &path, None).await;
        lines.map_err(|error| unreachable(address, &error))
    }
}
