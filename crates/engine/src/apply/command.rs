//! Commands: consent, what is done about dead letters, and answers to messages.

use std::borrow::Cow;

use accolade_domain::event::Consent;
use accolade_domain::ledger::Place;
use accolade_domain::outcome::{Declined, Outcome};
use accolade_wire::control::Command;
use accolade_wire::named::Named;
use accolade_wire::record::Record;

use super::rewards::{self, Wish};
use super::{
    Input, Loaded, adjusting, budgets, came_before, event_letter, exclusion, filling, moving,
    opt_ins, prizes, signals, spending,
};
use crate::input::player_of;
use crate::rules::Rules;
use crate::step::{Change, Step};
use crate::tables::dead_letters::{DeadLetter, DeadLetterState};
use crate::tables::deliveries::{REMEMBERED_BYTES_MAX, Told, WebhookKey};
use crate::tables::outbox::{Payload, RESEND_MICROS};
use crate::tables::signals::Said;
use crate::tables::{Held, Row};

/// `has_id`: the command has an identity, under which it is carried out once.
pub(super) fn apply<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'a>,
    record: &Record<'_>,
    command: &Command,
    has_id: bool,
) -> Step<'a> {
    if loaded.earlier.is_some() {
        return came_before(loaded).unwrap_or_else(|| declined(Declined::IdConflict));
    }
    match carried_out(rules, loaded, input, record, command) {
        Ok(step) if has_id => step.and(Change::Occupy { hour: input.now.hour() }),
        Ok(step) => step,
        Err(why) => declined(why),
    }
}

fn declined<'a>(why: Declined) -> Step<'a> {
    Step::only(Outcome::Declined { why })
}

fn carried_out<'a>(
    rules: &Rules,
    loaded: &Loaded<'_>,
    input: &Input<'a>,
    record: &Record<'_>,
    command: &Command,
) -> Result<Step<'a>, Declined> {
    let done = Step::done();
    Ok(match command {
        Command::Consent { joins, .. } => {
            loaded.operator.ok_or(Declined::OperatorUnknown)?;
            let consent = if *joins { Consent::In } else { Consent::Out };
            done.and(Change::Open).and(Change::Consent(consent))
        }
        Command::Repair { original, operator, .. } => {
            let (place, letter) = open_letter(loaded, record)?;
            let repaired = repaired(letter, record, operator.as_deref(), original);
            let to = repaired_for(rules, &repaired).unwrap_or(input.place.partition);
            let named = Named::of(&repaired);
            let mut bytes = Vec::new();
            repaired.write(&mut bytes);
            let finds = event_letter(rules, &letter.operator, &named, place);
            let finds =
                finds.map(|key| Change::row(Row::EventLetter(key, Held::Row(letter.until))));
            let is_more = finds.is_some() && !loaded.is_found;
            let found_by = letter.found_by + u32::from(is_more);
            let letter = DeadLetter { bytes_at: input.place, to, found_by, ..letter.clone() };
            let mut step = done.and(Change::Keep(Cow::Owned(bytes))).and(letter_row(place, letter));
            step.changes.extend(finds);
            step
        }
        Command::Release { .. } => {
            let (place, letter) = open_letter(loaded, record)?;
            let payload = Payload::Letter(letter.bytes_at);
            let due = input.now.plus_micros(RESEND_MICROS);
            let released = DeadLetter { state: DeadLetterState::Released, ..letter.clone() };
            let send = Change::Send { to: letter.to, payload, due };
            done.and(closed(loaded, letter)).and(letter_row(place, released)).and(send)
        }
        Command::Discard { .. } => {
            let (place, letter) = open_letter(loaded, record)?;
            let discarded = DeadLetter { state: DeadLetterState::Discarded, ..letter.clone() };
            done.and(closed(loaded, letter)).and(letter_row(place, discarded))
        }
        // What belongs to no operator is changed under a key, too.
        Command::Claim { .. } => done,
        Command::Reserve { points, item, who, .. } => {
            spending::reserve(loaded, input, *points, item, who)?
        }
        Command::Redeem { reward, segment, jurisdiction, who, .. } => {
            let (segment, jurisdiction) = (segment.as_deref(), jurisdiction.as_deref());
            let wish = Wish { reward, segment, jurisdiction };
            rewards::redeem(rules, loaded, input, wish, who)?
        }
        Command::Restock { by, why, who, .. } => rewards::restock(loaded, input, *by, why, who)?,
        Command::TakeStock { reward, redemption } => {
            rewards::take(loaded, input, record, *reward, *redemption)?
        }
        Command::StockTaken { reward, granted, .. } => {
            rewards::answered(loaded, input, record, *reward, *granted)?
        }
        Command::ReturnStock { .. } => rewards::take_back(loaded, record)?,
        Command::Confirm { who, .. } => spending::confirm(loaded, input, who)?,
        Command::Cancel { why, who, .. } => spending::cancel(loaded, input, why, who)?,
        Command::Adjust { points, why, who, .. } => {
            adjusting::adjust(loaded, input, *points, why, who)?
        }
        Command::Decide { approves, why, who, .. } => {
            adjusting::decide(loaded, input, *approves, why, who)?
        }
        Command::RaiseSignal { name, wager_id, hold, why, who, .. } => {
            let said = Said { who: who.as_str().into(), why: why.as_str().into() };
            signals::raise(loaded, input, name, wager_id.as_deref(), *hold, said)?
        }
        Command::DecideSignal { takes, why, who, .. } => {
            signals::decide(loaded, input, *takes, why, who)?
        }
        Command::Award(award) => prizes::award(loaded, input, award)?,
        Command::Fulfil { becomes, why, who, .. } => {
            prizes::fulfil(loaded, input, *becomes, why, who)?
        }
        Command::Fill(page) => filling::take(loaded, input, page)?,
        Command::CountFilled { tournament, .. } => filling::add_up(loaded, input, *tournament)?,
        Command::Moved(page) => moving::take(loaded, input, page)?,
        Command::OptIn { tournament, joins, .. } => {
            opt_ins::opt_in(rules, loaded, input, *tournament, *joins)?
        }
        Command::TakeSeat { tournament, opt_in } => {
            opt_ins::take_seat(loaded, input, record, *tournament, *opt_in)?
        }
        Command::SeatTaken { tournament, opt_in, granted } => {
            opt_ins::seat_taken(loaded, input, record, *tournament, *opt_in, *granted)?
        }
        Command::ReturnSeat { tournament } => opt_ins::take_seat_back(loaded, record, *tournament)?,
        Command::Exclude { until, why, who, .. } => {
            exclusion::exclude(loaded, input, *until, why, who)?
        }
        Command::Readmit { why, who, .. } => exclusion::readmit(loaded, input, why, who)?,
        Command::TakeOver { points, id, .. } => adjusting::take_over(loaded, input, *points, id)?,
        Command::Arrived { .. } => match loaded.message {
            Some((key, _)) => done.and(Change::row(Row::Message(key, None))),
            None => done,
        },
        Command::Budget { says, .. } => budgets::hear(rules, loaded, input, record, *says)?,
        Command::Told { revision, next, remembered, .. } => {
            // Whoever had the partition before may have said it, and hear of it later.
            let is_next = |(_, told): &(WebhookKey, &Told)| told.revision + 1 == *revision;
            let (key, _) = loaded.told.filter(is_next).ok_or(Declined::Stale)?;
            if remembered.len() > REMEMBERED_BYTES_MAX {
                return Err(Declined::Malformed);
            }
            let remembered = remembered.as_str().into();
            let told = Told { revision: *revision, next: *next, remembered };
            done.and(Change::row(Row::Delivery(key, Some(told))))
        }
    })
}

fn letter_row<'a>(place: Place, letter: DeadLetter) -> Change<'a> {
    Change::row(Row::DeadLetter(place, Held::Row(letter)))
}

/// One that is open is so no more.
fn closed<'a>(loaded: &Loaded<'_>, letter: &DeadLetter) -> Change<'a> {
    let totals = loaded.totals.cloned().expect("there are totals where there is a letter");
    Change::row(Row::LetterTotals((), Some(totals.without_open(letter))))
}

/// A dead letter as it is to be.
pub(crate) fn repaired<'r>(
    letter: &DeadLetter,
    record: &Record<'r>,
    operator: Option<&'r str>,
    original: &'r str,
) -> Record<'r> {
    let DeadLetter { kind, source, received_at, .. } = *letter;
    let operator = operator.unwrap_or(record.operator);
    Record { kind, source, operator, received_at, origin: None, body: original.as_bytes() }
}

/// The partition of the player of a repaired record, as far as one can be made out.
fn repaired_for(rules: &Rules, repaired: &Record<'_>) -> Option<u16> {
    let player = player_of(repaired)?;
    Some(accolade_wire::identity::partition_of(&player, rules.settings.partitions))
}

/// The operator's own dead letter, which is still open.
fn open_letter<'l>(
    loaded: &'l Loaded<'_>,
    record: &Record<'_>,
) -> Result<(Place, &'l DeadLetter), Declined> {
    let (place, letter) = loaded
        .letter
        .as_ref()
        .filter(|(_, letter)| *letter.operator == *record.operator)
        .ok_or(Declined::NoSuchDeadLetter)?;
    match letter.state {
        DeadLetterState::Open => Ok((*place, letter)),
        DeadLetterState::Released | DeadLetterState::Discarded => Err(Declined::DeadLetterClosed),
    }
}
