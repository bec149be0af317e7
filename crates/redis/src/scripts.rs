//! What runs inside Redis: each of these at once, or not at all.

/// See the file.
pub(crate) const BOARD: &str = include_str!("scripts/board.lua");
/// See the file.
pub(crate) const DROP: &str = include_str!("scripts/drop.lua");
/// See the file.
pub(crate) const STATISTICS: &str = include_str!("scripts/statistics.lua");
/// See the file.
pub(crate) const BEGIN: &str = include_str!("scripts/begin.lua");
/// See the file.
pub(crate) const ADVANCE: &str = include_str!("scripts/advance.lua");

/// The names by which a server that has been told of them knows them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Scripts {
    pub(crate) board: String,
    pub(crate) drop: String,
    pub(crate) statistics: String,
    pub(crate) begin: String,
    pub(crate) advance: String,
}
