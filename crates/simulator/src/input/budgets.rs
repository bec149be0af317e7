//! How much a promotion gives at most, and what partitions say to each other about that.

/// How much a promotion gives at most: to all players together, and to each. At least one is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the program's document, by name")]
pub struct ModelBudget {
    pub points: Option<i64>,
    pub per_player: Option<i64>,
}

/// What one partition says to another about a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the messages")]
pub enum ModelSays {
    Asks(i64),
    Grants(i64),
    Recalls,
    Returns(i64),
}
