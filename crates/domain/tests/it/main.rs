//! The rules in the words of the rule book.

mod earning;
mod scenario;
mod sharing;
mod versions;
