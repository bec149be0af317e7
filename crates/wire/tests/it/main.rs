//! The formats, by example.

mod body;
mod content;
mod event;
mod golden;
mod program;
mod timestamp;
