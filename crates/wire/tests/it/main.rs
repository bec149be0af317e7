//! The formats, by example.

mod body;
mod event;
mod golden;
mod program;
mod timestamp;
