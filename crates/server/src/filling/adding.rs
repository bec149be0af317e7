//! Having partitions add up what waits there.

use std::collections::BTreeSet;
use std::sync::Arc;

use accolade_domain::packed_scores::filling_number;
use accolade_engine::players::Ordinal;
use accolade_engine::rules::tournaments::Tournament;
use accolade_wire::control::Command;

use super::carrying::{COMMANDS_AT_ONCE, name_of};
use crate::problem::Problem;
use crate::service::Service;
use crate::submit::blocking;

/// Players that are looked at while the fold waits.
const LOOKED_AT_ONCE: u32 = 2_048;

/// Players of a partition of whom something waits.
type Waiting = Vec<(Ordinal, String)>;

impl Service {
    /// Has a partition that is here add up what waits, player by player; says whether it has heard that it is to. Nobody else comes
    /// to have something that waits.
    pub(super) async fn count_here(
        &self,
        operator: u32,
        tournament: &Arc<Tournament>,
        number: u16,
    ) -> Result<bool, Problem> {
        let mut next = Some(0);
        while let Some(from) = next {
            let found = self.waiting(operator, tournament, number, from).await?;
            let Some((mut waiting, to)) = found else { return Ok(false) };
            while !waiting.is_empty() {
                let unknown = self.add_up(operator, tournament, &waiting).await?;
                // Of whom nothing is known any more nothing is shown, and nothing becomes of what waits.
                waiting.retain(|(_, name)| !unknown.contains(name));
                let before: Vec<Ordinal> = waiting.iter().map(|(player, _)| *player).collect();
                waiting = self.still_waiting(tournament, number, before).await?;
            }
            next = to;
        }
        Ok(true)
    }

    /// Players of a partition, from one on, of whom something waits, and the first who was not looked at, if any. Nothing where it
    /// has not heard yet that they are to be added up.
    async fn waiting(
        &self,
        operator: u32,
        tournament: &Tournament,
        number: u16,
        from: Ordinal,
    ) -> Result<Option<(Waiting, Option<Ordinal>)>, Problem> {
        let (of, control) = (tournament.number, tournament.changed().control);
        let service = self.clone();
        let look = move || {
            service.read(number, |partition| {
                if partition.rules().applied < control {
                    return None;
                }
                let players = partition.players();
                let count = u32::try_from(players.all().len()).unwrap_or(u32::MAX);
                let to = count.min(from.saturating_add(LOOKED_AT_ONCE));
                let waits = |player: &Ordinal| {
                    let it = players.get(*player);
                    it.operator == operator && it.scores.of(filling_number(of)).is_some()
                };
                let waiting = (from..to).filter(waits);
                let named = waiting.map(|player| (player, players.get(player).name.to_string()));
                Some((named.collect::<Vec<_>>(), Some(to).filter(|to| *to < count)))
            })
        };
        Ok(blocking(look).await??)
    }

    async fn still_waiting(
        &self,
        tournament: &Tournament,
        number: u16,
        players: Vec<Ordinal>,
    ) -> Result<Waiting, Problem> {
        let (of, service) = (tournament.number, self.clone());
        let look = move || {
            service.read(number, |partition| {
                let all = partition.players();
                let waits =
                    |player: &Ordinal| all.get(*player).scores.of(filling_number(of)).is_some();
                let waiting = players.into_iter().filter(waits);
                waiting.map(|player| (player, all.get(player).name.to_string())).collect::<Vec<_>>()
            })
        };
        Ok(blocking(look).await??)
    }

    /// Adds up the next of each, and says who is not known.
    async fn add_up(
        &self,
        operator: u32,
        tournament: &Tournament,
        players: &[(Ordinal, String)],
    ) -> Result<BTreeSet<String>, Problem> {
        let mut unknown = BTreeSet::new();
        let number = tournament.number;
        let key = (operator, number);
        for some in players.chunks(COMMANDS_AT_ONCE) {
            let commands = some.iter().map(|(_, player)| {
                let (id, player_id) = (name_of(number), player.clone());
                (player.as_str(), Command::CountFilled { id, player_id, tournament: number })
            });
            let commands: Vec<_> = commands.collect();
            unknown.extend(self.have_carried_out(key, tournament, &commands).await?);
        }
        Ok(unknown)
    }
}
