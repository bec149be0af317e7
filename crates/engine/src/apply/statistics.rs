//! Game events of a player are counted.

use std::borrow::Cow;

use accolade_domain::event::GameEvent;
use accolade_domain::outcome::Outcome;
use accolade_domain::statistics::Statistics;
use accolade_wire::notice::counted::{EVENT_COUNTED, EventCounted};

use super::Loaded;
use crate::step::{Change, NewNotice, Step};
use crate::tables::player_statistics::PackedStatistics;
use crate::tables::{Held, Row};

/// Records an event, and counts it where that belongs to the behaviour.
pub(super) fn apply<'a>(loaded: &Loaded<'_>, event: &GameEvent<'_>) -> Step<'a> {
    let step = Step::only(Outcome::Recorded).and(Change::Open);
    if !loaded.settles {
        return step;
    }
    let before = loaded.statistics.as_ref();
    let mut statistics = before.map_or_else(Statistics::default, PackedStatistics::unpack);
    let of_type = statistics.count(event).map(|count| ((&*event.event_type).into(), count));
    let counted = EventCounted { total: statistics.total, of_type, at: event.at };
    let row = Held::Row(PackedStatistics::new(&statistics));
    let mut step = step.and(Change::row(Row::PlayerStatistics(loaded.ordinal, row)));
    let body = Cow::Owned(counted.to_bytes());
    step.notices.push(NewNotice { kind: EVENT_COUNTED, body });
    step
}
