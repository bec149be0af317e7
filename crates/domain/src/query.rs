//! What queries over events compute: expressions that are compiled once (by `accolade-wire`, which reads and checks
//! their text) and evaluated for each event, exactly as SQL would.

pub mod data;
pub mod decimal;
pub mod expression;
mod limbs;
pub mod row;
pub mod scoring;
pub mod text;
pub mod value;
