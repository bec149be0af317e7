//! What queries over events compute with: amounts in the program's currency have 26 decimals, and stay exact.

pub mod decimal;
mod limbs;
