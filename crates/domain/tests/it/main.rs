//! The rules in the words of the rule book.

mod days;
mod earning;
mod scenario;
mod sharing;
mod versions;
mod zones;
