//! Having commands carried out that fill tournaments.

use std::io;
use std::time::Duration;

use accolade_domain::outcome::{Declined, Outcome};
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::control::Command;
use accolade_wire::identity::partition_of;

use super::Key;
use crate::problem::{Problem, Refusal, not_yet};
use crate::service::Service;
use crate::submit::Parcel;

/// So many commands go out at once.
pub(super) const COMMANDS_AT_ONCE: usize = 256;
/// So often the same commands are sent, where nothing is heard of them.
const SENT_MAX: u32 = 10;
const SENT_AGAIN: Duration = Duration::from_millis(500);

impl Service {
    /// Has commands about players carried out, as often as it takes, and says which of these are not known. As long as the node is
    /// too busy nothing of them is kept, and whoever gave up would read all of it again.
    pub(super) async fn have_carried_out(
        &self,
        key: Key,
        tournament: &Tournament,
        commands: &[(&str, Command)],
    ) -> Result<Vec<String>, Problem> {
        let mut sent = 0;
        loop {
            let mut parcel = Parcel::default();
            for (player, command) in commands {
                let partition = partition_of(player, self.partitions());
                parcel.add_command(partition, &tournament.terms().operator, command);
            }
            if parcel.is_empty() {
                return Ok(Vec::new());
            }
            let applied = self.submit_and_wait(parcel).await;
            let busy = applied.as_ref().err().filter(|problem| problem.refusal == Refusal::Busy);
            let busy = busy.filter(|_| self.is_still(tournament) && !self.is_retired());
            let held_up = busy.map(|problem| problem.detail.to_string());
            sent += u32::from(held_up.is_none());
            self.fillings.with(key, |filling| filling.held_up = held_up);
            let again = match applied {
                Ok(applied) => {
                    let (mut is_missing, mut unknown) = (false, Vec::new());
                    for ((player, _), applied) in commands.iter().zip(applied) {
                        match applied {
                            Some((Outcome::Done { .. } | Outcome::Repeated { .. }, _)) => {}
                            Some((Outcome::Declined { why: Declined::NoSuchPlayer }, _)) => {
                                unknown.push((*player).to_owned());
                            }
                            None => is_missing = true,
                            Some((Outcome::Declined { why: Declined::Stale }, _)) => {
                                return Err(not_yet());
                            }
                            Some((outcome, _)) => {
                                let detail = format!("what counts was not taken: {outcome:?}");
                                return Err(io::Error::other(detail).into());
                            }
                        }
                    }
                    if !is_missing {
                        return Ok(unknown);
                    }
                    not_yet()
                }
                Err(problem) => problem,
            };
            let is_over = self.is_retired() || again.refusal == Refusal::Stopping;
            if sent >= SENT_MAX || is_over {
                return Err(again);
            }
            tokio::time::sleep(SENT_AGAIN).await;
        }
    }
}

/// What names a command: each is carried out as often as it is sent, since it is the same however often it is.
pub(super) fn name_of(tournament: u32) -> String {
    format!("fill {tournament} {}", uuid::Uuid::now_v7().simple())
}
