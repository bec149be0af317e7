//! Which dead letters are meant: the filter of lists, and of what is done to many at once.

use accolade_domain::refusal::DeadReason;
use accolade_domain::time::Timestamp;
use accolade_engine::tables::dead_letters::{DeadLetter, DeadLetterState};
use accolade_wire::record::Kind;
use accolade_wire::timestamp;

use super::{STATES, state_code};
use crate::parameters::Parameters;
use crate::problem::Problem;

/// Which reasons a filter may name.
pub(crate) const REASONS: [&str; DeadReason::ALL.len()] = {
    let mut codes = [""; DeadReason::ALL.len()];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = DeadReason::ALL[at].code();
        at += 1;
    }
    codes
};
/// Which kinds a filter may name.
pub(crate) const KINDS: [&str; 4] = ["wager", "game_event", "command", "control"];

/// Which letters are wanted, of whatever operator.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    pub(super) state: Option<DeadLetterState>,
    /// Those in this state beside.
    pub(super) also: Option<DeadLetterState>,
    reason: Option<DeadReason>,
    kind: Option<Kind>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// The player that the letter's bytes name, where they can be read.
    pub(super) player: Option<String>,
}

impl Filter {
    /// What a query says beside the state.
    pub(super) fn read(parameters: &Parameters) -> Result<Self, Problem> {
        let reasons = DeadReason::ALL.map(|reason| (reason.code(), Some(reason)));
        let kinds = [Kind::Wager, Kind::GameEvent, Kind::Command, Kind::Control];
        let kinds: Vec<_> = KINDS.into_iter().zip(kinds.map(Some)).collect();
        Ok(Self {
            state: None,
            also: None,
            reason: parameters.choice("reason", None, &reasons)?,
            kind: parameters.choice("kind", None, &kinds)?,
            from: parameters.time("from")?,
            to: parameters.time("to")?,
            player: parameters.text("playerId").map(str::to_owned),
        })
    }

    /// The same with the states that the query names.
    pub(super) fn read_with_states(parameters: &Parameters, also: bool) -> Result<Self, Problem> {
        let state = parameters.choice("state", None, &STATES)?;
        let also = if also { parameters.choice("also", None, &STATES)? } else { None };
        Ok(Self { state, also, ..Self::read(parameters)? })
    }

    /// Adds what it says to the query of another node.
    pub(super) fn put(&self, query: &mut form_urlencoded::Serializer<'_, String>) {
        let time = |time: Option<Timestamp>| time.map(|time| timestamp::write(time).to_string());
        let kind = self.kind.map(|kind| match kind {
            Kind::Wager => KINDS[0],
            Kind::GameEvent => KINDS[1],
            Kind::Command => KINDS[2],
            Kind::Control => KINDS[3],
        });
        for (name, value) in [
            ("state", self.state.map(|state| state_code(state).to_owned())),
            ("also", self.also.map(|state| state_code(state).to_owned())),
            ("reason", self.reason.map(|reason| reason.code().to_owned())),
            ("kind", kind.map(str::to_owned)),
            ("from", time(self.from)),
            ("to", time(self.to)),
            ("playerId", self.player.clone()),
        ] {
            if let Some(value) = value {
                query.append_pair(name, &value);
            }
        }
    }

    /// Whether a letter passes, but for its player, whom its row does not name.
    pub(super) fn wants(&self, letter: &DeadLetter) -> bool {
        let is_in = |state| letter.state == state;
        self.state.is_none_or(|state| is_in(state) || self.also.is_some_and(is_in))
            && self.reason.is_none_or(|reason| letter.reason == reason)
            && self.kind.is_none_or(|kind| letter.kind == kind)
            && self.from.is_none_or(|from| letter.received_at >= from)
            && self.to.is_none_or(|to| letter.received_at < to)
    }
}
