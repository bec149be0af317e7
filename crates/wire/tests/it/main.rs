//! The formats, by example.

mod body;
mod event;
mod program;
mod timestamp;
