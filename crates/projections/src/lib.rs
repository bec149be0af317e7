//! What follows the journal: one loop that reads it, batch after batch and each partition by itself, and
//! hands it to a [`sink::Sink`], which writes somewhere.
//!
//! The loop owns what is the same for all of them: where each partition goes on, what is known to be folded,
//! bounded memory, that a partition that stands holds up no other, trying again, a clean stop, who stands
//! behind a subject, and saying how it is. It knows no kind of sink. Exactness is the sink's: it commits how
//! far it is together with what it writes, in whatever way its store has, and the loop asks it for that
//! place whenever it is in doubt. Nothing here holds the node back, and nothing decides by what was written.
//!
//! **To add a sink**, implement [`sink::Sink`] in the crate that hides its store: `positions` (connect, and
//! say where to go on), `take` (make a batch ready; all of it, or say why not yet), `write` (what was taken
//! and how far that comes, in one transaction), `rebuild`. Begin it with [`running::Projection::start`], and
//! have `accolade` list it (`accolade/src/projection.rs`). `tests/it/lines.rs` is the smallest one.
#![warn(missing_docs)]

pub mod batch;
pub mod excluded;
mod following;
pub mod names;
mod position;
pub mod running;
pub mod sink;
mod standing;
mod subjects;
