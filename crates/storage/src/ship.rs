//! Shipping checkpoints to object storage, and bringing them back.
//!
//! After a checkpoint, what is new of everything that it rests on is uploaded, and then a list that
//! names all of it. A list's key is its name for others: whoever has it has the checkpoint. Files only
//! ever grow at their end until they are closed, so what was uploaded once stays right. Nobody finds
//! files by listing a bucket, but the sweeper, and a person who restores.

mod borrowed;
mod cache;
mod directory;
mod fetch;
mod list;
mod shipped;
mod shipper;
mod sweep;
mod take;

pub use self::borrowed::borrow;
pub(crate) use self::borrowed::{Nothing, remote};
pub use self::cache::BlockCache;
pub use self::directory::Directory;
pub use self::fetch::{Fetch, begin_restore, fetch, is_unfinished, newest};
pub use self::list::{List, ListedFile, Piece};
pub use self::shipped::{Shipped, last_shipped, read_shipped};
pub use self::shipper::Shipper;
pub use self::sweep::{GRACE_MICROS, Sweeper, Swept};
pub use self::take::Taken;
