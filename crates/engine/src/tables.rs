//! What belongs to a key beside the account: tables, each a file of its own, registered here.
//!
//! A table says how its keys and values are written. Everything else is the same for all: rows change only
//! by [`Row`]s of a step, what changed goes into the next checkpoint, and what is in memory goes into the
//! cyclic sweep. A *resident* table is in memory, and what is due fires in the order of (due, table, key).
//! Of a *paged* one only what changed in this interval is in memory: the rest lies in sorted runs, and is
//! asked of the store, by key or from a key on. Nothing of it fires; a row only ceases to count.

pub mod adjustments;
pub mod best_values;
pub mod budgets;
pub mod cap_days;
pub mod day_sums;
pub mod dead_letters;
pub mod deliveries;
pub mod ended_events;
pub mod exclusions;
pub mod filled;
pub mod inbox;
pub mod letter_totals;
pub mod letters_by_event;
pub mod markers;
pub mod operator_days;
pub mod operator_totals;
pub mod outbox;
pub mod player_statistics;
pub mod positions;
pub mod prizes;
pub mod redeemed;
pub mod redemptions;
pub mod remarks;
pub mod requests;
pub mod requests_by_time;
pub mod reservations;
pub mod restocks;
pub mod seats;
pub mod sent;
pub mod signals;
pub mod stocks;
pub mod walks;

mod paged;
mod rows;
mod swept;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use accolade_domain::ledger::Place;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

pub use self::paged::{Excerpt, Held, PagedRows, Stretch};
pub use self::rows::Rows;
use crate::pieces::Pieces;
use crate::players::Ordinal;
use crate::rules::Settings;
use crate::timers::Timers;

/// One kind of row.
pub trait Table: fmt::Debug + Default {
    /// What a row is found by.
    type Key: fmt::Debug + Clone + Ord;
    /// What it holds.
    type Value: fmt::Debug + Clone + PartialEq;

    /// What a row is called where it cannot be read.
    const NAME: &'static str;
    /// The format of values that this release writes; it stands before each of them.
    const FORMAT: u8;

    /// Appends a key.
    fn put_key(out: &mut Vec<u8>, key: &Self::Key);
    /// Reads a key of a table of `partition`.
    fn read_key(cursor: &mut Cursor<'_>, partition: u16) -> Result<Self::Key, BadFormat>;
    /// Appends a value.
    fn put_value(out: &mut Vec<u8>, value: &Self::Value);
    /// Reads a value of [`Table::FORMAT`].
    fn read_value(cursor: &mut Cursor<'_>, partition: u16) -> Result<Self::Value, BadFormat>;
    /// When the row of a resident table fires.
    fn due(_key: &Self::Key, _value: &Self::Value, _settings: &Settings) -> Option<Timestamp> {
        None
    }
}

/// A table of which old rows lie in sorted runs. Its keys are written so that their bytes have the order
/// that they have.
pub trait Paged: Table {
    /// When a row does not count any more; `None` for a value where it was taken away.
    fn ends(key: &Self::Key, value: Option<&Self::Value>, settings: &Settings)
    -> Option<Timestamp>;
    /// How many ids take as much memory as a row that holds this.
    fn weight(_value: &Self::Value) -> usize {
        1
    }
}

/// Reads `format u8 · value`; the format is 0 where there is no row any more.
fn read_row_value<T: Table>(
    cursor: &mut Cursor<'_>,
    partition: u16,
) -> Result<Option<T::Value>, BadFormat> {
    match cursor.u8()? {
        0 => Ok(None),
        format if format == T::FORMAT => Ok(Some(T::read_value(cursor, partition)?)),
        found => {
            let (what, found, known) = (T::NAME, found.into(), T::FORMAT.into());
            Err(BadFormat::Unknown { what, found, known })
        }
    }
}

const fn is_rising(tags: &[u8]) -> bool {
    let mut at = 1;
    while at < tags.len() {
        if tags[at - 1] >= tags[at] {
            return false;
        }
        at += 1;
    }
    true
}

macro_rules! tables {
    (
        resident { $($(#[$doc:meta])* $field:ident: $name:ident($table:ty) = $tag:literal,)+ }
        paged { $($(#[$paged_doc:meta])* $paged:ident: $paged_name:ident($paged_table:ty) = $paged_tag:literal,)+ }
    ) => {
        // A run that is written in another order is refused.
        const _: () = assert!(is_rising(&[$($paged_tag),+]), "paged tables come in the order of their tags");

        /// All tables of a partition.
        #[derive(Debug)]
        pub struct Tables {
            $($(#[$doc])* pub $field: Rows<$table>,)+
            $($(#[$paged_doc])* pub $paged: PagedRows<$paged_table>,)+
        }

        impl Default for Tables {
            fn default() -> Self {
                Self {
                    $($field: Rows::default(),)+
                    $($paged: PagedRows::new($paged_tag),)+
                }
            }
        }

        /// A row of one of the tables, as a step changes it; `None` for no row.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Row {
            $($(#[$doc])* $name(<$table as Table>::Key, Option<<$table as Table>::Value>),)+
            $($(#[$paged_doc])* $paged_name(
                <$paged_table as Table>::Key,
                Held<<$paged_table as Table>::Value>,
            ),)+
        }

        /// The paged rows of an interval that has ended.
        #[derive(Debug, Clone)]
        pub struct EndedRows {
            $($paged: Arc<paged::Changed<$paged_table>>,)+
        }

        impl EndedRows {
            /// Gives each row, `tag u8 · key` and `format u8 · value`, in the order of keys.
            pub fn each<E>(&self, mut give: impl FnMut(&[u8], &[u8]) -> Result<(), E>) -> Result<(), E> {
                $(paged::each::<$paged_table, E>(&self.$paged, $paged_tag, &mut give)?;)+
                Ok(())
            }

            /// How many there are.
            pub fn len(&self) -> usize {
                0 $(+ self.$paged.len())+
            }

            /// Whether there are none.
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }

        /// Whether a row that lies in a run still counts at `now`; `key` is `tag u8 · key`, and `row` `format
        /// u8 · value`.
        ///
        /// # Errors
        ///
        /// If it is not a row of a paged table.
        pub fn counts(
            key: &[u8],
            row: &[u8],
            partition: u16,
            now: Timestamp,
            settings: &Settings,
        ) -> Result<bool, BadFormat> {
            let mut cursor = Cursor::new(key, "key of a row");
            match cursor.u8()? {
                $($paged_tag => {
                    let key = <$paged_table>::read_key(&mut cursor, partition)?;
                    let mut row = Cursor::new(row, "row in a sorted run");
                    let value = read_row_value::<$paged_table>(&mut row, partition)?;
                    Ok(paged::counts::<$paged_table>(&key, value.as_ref(), now, settings))
                })+
                _ => Err(cursor.bad()),
            }
        }

        /// The key of a row that is due, in the order in which those of one moment fire.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Timer {
            $($(#[$doc])* $name(<$table as Table>::Key),)+
            /// The account of a player, which is no row.
            Account(Ordinal),
        }

        impl Tables {
            /// Changes a row and its timer; returns it as it was.
            pub(crate) fn change(
                &mut self,
                row: Row,
                timers: &mut Timers,
                settings: &Settings,
            ) -> Row {
                match row {
                    $(Row::$name(key, value) => {
                        let next = value.as_ref().and_then(|value| <$table>::due(&key, value, settings));
                        let before = self.$field.replace(&key, value);
                        let last = before.as_ref().and_then(|value| <$table>::due(&key, value, settings));
                        timers.reset(last, next, || Timer::$name(key.clone()));
                        Row::$name(key, before)
                    })+
                    $(Row::$paged_name(key, held) => {
                        let before = self.$paged.replace(&key, held);
                        Row::$paged_name(key, before)
                    })+
                }
            }

            /// What takes away the row of a timer.
            pub(crate) fn removal(timer: &Timer) -> Row {
                match timer {
                    $(Timer::$name(key) => Row::$name(key.clone(), None),)+
                    Timer::Account(_) => unreachable!("an account is not taken away"),
                }
            }

            /// When a timer is due that is set for a row; `None` where there is no such row.
            pub(crate) fn due(&self, timer: &Timer, settings: &Settings) -> Option<Timestamp> {
                match timer {
                    $(Timer::$name(key) => <$table>::due(key, self.$field.get(key)?, settings),)+
                    Timer::Account(_) => None,
                }
            }

            /// Sets the timers of all rows, which were restored.
            pub(crate) fn set_timers(&self, timers: &mut Timers, settings: &Settings) {
                $(for (key, value) in self.$field.iter() {
                    let due = <$table>::due(key, value, settings);
                    timers.reset(None, due, || Timer::$name(key.clone()));
                })+
            }

            /// A new round of the cyclic sweep begins.
            pub(crate) fn begin_round(&mut self, now: Timestamp, settings: &Settings) {
                $(self.$field.begin_round();)+
                $(self.$paged.begin_round(now, settings);)+
            }

            /// Appends the rows that changed since the last time, and of each table the next rows of the
            /// sweep, `stretch` at least; says whether the round is complete.
            pub(crate) fn write_changed(&mut self, out: &mut Pieces, stretch: usize) -> bool {
                let mut completed = true;
                $(completed &= self.$field.write_changed(out, $tag, stretch);)+
                $(completed &= self.$paged.write_changed(out, stretch);)+
                completed
            }

            /// Appends all rows of resident tables.
            pub(crate) fn write_resident(&self, out: &mut Pieces) {
                $(self.$field.write_all(out, $tag);)+
            }

            /// The paged rows that are in memory: those of a run with the same key are older.
            pub fn paged_rows(&self) -> EndedRows {
                EndedRows { $($paged: Arc::new(self.$paged.all()),)+ }
            }

            /// How many ids take as much memory as the paged rows that have changed in this interval.
            pub fn changed_in_interval(&self) -> usize {
                0 $(+ self.$paged.weight())+
            }

            /// Ends the interval: its rows are asked until [`Tables::let_go_of_ended`], and change no more.
            pub(crate) fn end_interval(&mut self) -> EndedRows {
                EndedRows { $($paged: self.$paged.end_interval(),)+ }
            }

            /// The rows of the ended interval stand in a run.
            pub(crate) fn let_go_of_ended(&mut self) {
                $(self.$paged.let_go_of_ended();)+
            }
        }

        /// Rows that are being restored, newest first.
        #[derive(Debug, Default)]
        pub(crate) struct Loading {
            $($field: LoadingRows<$table>,)+
            $($paged: LoadingRows<$paged_table>,)+
        }

        impl Loading {
            /// Reads a row of the table `tag`; `false` where there is no such table. One of a paged table is
            /// left out where it is `in_runs`.
            pub(crate) fn read(
                &mut self,
                tag: u8,
                cursor: &mut Cursor<'_>,
                partition: u16,
                in_runs: bool,
            ) -> Result<bool, BadFormat> {
                match tag {
                    $($tag => self.$field.read(cursor, partition, true)?,)+
                    $($paged_tag => self.$paged.read(cursor, partition, !in_runs)?,)+
                    _ => return Ok(false),
                }
                Ok(true)
            }

            /// The tables as they were.
            pub(crate) fn finish(self) -> Tables {
                Tables {
                    $($field: Rows::restored(self.$field.0),)+
                    $($paged: PagedRows::restored($paged_tag, self.$paged.0),)+
                }
            }
        }
    };
}

// The tags stand before rows in checkpoints, and the order decides what fires first in one moment. Paged tables
// come in the order of their tags, as a run has them.
tables! {
    resident {
        /// Voids that came before their wagers.
        markers: Marker(markers::Markers) = 3,
        /// How many dead letters there are, and which ends first.
        letter_totals: LetterTotals(letter_totals::LetterTotals) = 10,
        /// Messages to other partitions that have not arrived yet.
        outbox: Message(outbox::Outbox) = 5,
        /// How many messages went to each partition.
        sent: Sent(sent::Sent) = 6,
        /// Which messages of each partition were taken in.
        inbox: Received(inbox::Inbox) = 7,
        /// How many rows that found dead letters by their events have ended with those.
        ended_events: EndedEvents(ended_events::EndedEvents) = 11,
        /// Versions that give players other tiers.
        walks: Walk(walks::Walks) = 12,
        /// Points that are reserved.
        reservations: Reservation(reservations::Reservations) = 13,
        /// Adjustments that a second person has yet to approve.
        waiting_adjustments: WaitingAdjustment(adjustments::WaitingAdjustments) = 14,
        /// Players who are excluded, or were.
        exclusions: Exclusion(exclusions::Exclusions) = 15,
        /// How far webhooks were told of what has happened.
        deliveries: Delivery(deliveries::Deliveries) = 18,
        /// How many there are of rewards.
        stocks: Stock(stocks::Stocks) = 19,
        /// Budgets of promotions that are at home here.
        budget_homes: BudgetHome(budgets::BudgetHomes) = 24,
        /// Shares of budgets of promotions.
        budget_shares: BudgetShare(budgets::BudgetShares) = 25,
        /// Signals whose points are held.
        held_signals: HeldSignal(signals::HeldSignals) = 29,
        /// What there is of each operator's accounts.
        operator_totals: OperatorTotals(operator_totals::OperatorTotals) = 32,
        /// How many seats of tournaments players have.
        seats: Seats(seats::SeatsTaken) = 41,
    }
    paged {
        /// Inputs that could not be processed.
        dead_letters: DeadLetter(dead_letters::DeadLetters) = 4,
        /// What is counted against caps of days before an account's newest.
        cap_days: CapDay(cap_days::CapDays) = 8,
        /// Dead letters by the ids of their events.
        letters_by_event: EventLetter(letters_by_event::LettersByEvent) = 9,
        /// Redemptions that are not open any more.
        redemptions: Redemption(redemptions::Redemptions) = 16,
        /// Adjustments that are decided.
        adjustments: Adjustment(adjustments::Adjustments) = 17,
        /// How often players have redeemed rewards.
        redeemed: Redeemed(redeemed::Redeemed) = 20,
        /// What was put into stocks.
        restocks: Restock(restocks::Restocks) = 21,
        /// What players were given of budgets of promotions.
        budget_players: BudgetPlayer(budgets::BudgetPlayers) = 26,
        /// Signals that nobody has to decide about.
        signals: Signal(signals::Signals) = 30,
        /// What was counted of each operator by day.
        operator_days: OperatorDay(operator_days::OperatorDays) = 33,
        /// Redemptions and adjustments of each operator by their time.
        requests_by_time: RequestByTime(requests_by_time::RequestsByTime) = 34,
        /// What events counted in tournaments of which the best counts.
        best_values: BestValue(best_values::BestValues) = 36,
        /// Places of tournaments that results name.
        prizes: Prize(prizes::Prizes) = 37,
        /// What events of a day come to in tournaments that cap hours or days.
        day_sums: SumsOfDay(day_sums::SumsOfDays) = 39,
        /// What came late in tournaments.
        remarks: Remarks(remarks::LateRemarks) = 46,
        /// What was counted of players' game events.
        player_statistics: PlayerStatistics(player_statistics::PlayerStatistics) = 50,
        /// What events counted in tournaments that are filled, or were.
        filled: Filled(filled::FilledEvents) = 51,
        /// Which positions of players in tournaments were told last.
        positions: Position(positions::ToldPositions) = 52,
    }
}

/// Rows of one table that are being restored, newest first: the first value of a key counts.
#[derive(Debug)]
struct LoadingRows<T: Table>(BTreeMap<T::Key, Option<T::Value>>);

impl<T: Table> Default for LoadingRows<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Table> LoadingRows<T> {
    fn read(
        &mut self,
        cursor: &mut Cursor<'_>,
        partition: u16,
        is_kept: bool,
    ) -> Result<(), BadFormat> {
        let key = T::read_key(cursor, partition)?;
        let value = read_row_value::<T>(cursor, partition)?;
        if is_kept {
            self.0.entry(key).or_insert(value);
        }
        Ok(())
    }
}

/// Appends a row: `tag u8 · key`, and what [`put_row_value`] writes.
fn write_row<T: Table>(out: &mut Vec<u8>, tag: u8, key: &T::Key, value: Option<&T::Value>) {
    out.push(tag);
    T::put_key(out, key);
    put_row_value::<T>(out, value);
}

/// Appends `format u8 · value`; the format is 0 where there is no row any more.
fn put_row_value<T: Table>(out: &mut Vec<u8>, value: Option<&T::Value>) {
    out.push(if value.is_some() { T::FORMAT } else { 0 });
    if let Some(value) = value {
        T::put_value(out, value);
    }
}

/// Appends a place of the table's own partition.
pub(crate) fn put_place(out: &mut Vec<u8>, place: Place) {
    put_varint(out, place.batch);
    put_varint(out, u64::from(place.slot));
    put_varint(out, u64::from(place.number));
}

/// Reads a place of `partition`.
pub(crate) fn read_place(cursor: &mut Cursor<'_>, partition: u16) -> Result<Place, BadFormat> {
    let (batch, slot) = (cursor.varint()?, cursor.small()?);
    Ok(Place { partition, batch, slot, number: cursor.small()? })
}
