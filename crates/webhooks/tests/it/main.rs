//! Receivers, honest and hostile, and what a sender makes of them.

mod receiver;
mod sending;
