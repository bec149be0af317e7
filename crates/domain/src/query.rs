//! What queries over events are made of.
//!
//! So far the numbers: amounts in the program's currency have 26 decimals, and queries compute with them exactly.

pub mod decimal;
mod limbs;
