//! What points are redeemed for, and what partitions say to each other about how many there are.

/// A reward of an operator's catalogue, as somebody says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelReward {
    /// Its id.
    pub id: String,
    /// How often it was said before.
    pub edited_from: u32,
    /// What players call it.
    pub name: String,
    /// Its price.
    pub points: i64,
    /// From when on it can be redeemed.
    pub from: Option<i64>,
    /// From when on it cannot any more.
    pub until: Option<i64>,
    /// The tiers that it is for; all where there are none, as of what follows.
    pub tiers: Vec<String>,
    /// The segments that it is for.
    pub segments: Vec<String>,
    /// The jurisdictions that it is for.
    pub jurisdictions: Vec<String>,
    /// How often a player may redeem it, and in which period.
    pub limit: Option<(u32, ModelPeriod)>,
    /// Whether there are only so many of it.
    pub is_stocked: bool,
    /// Whether nobody redeems it any more.
    pub is_withdrawn: bool,
}

/// A period in which a player's redemptions of a reward are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum ModelPeriod {
    Day,
    Week,
    Month,
    Year,
    Ever,
}

/// What one partition says to another about a stock. A reward has its number among those of its operator, and a redemption
/// that of its player, its batch and its slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the commands")]
pub enum ModelSaid {
    TakeStock { reward: u32, redemption: (u32, u64, u32) },
    StockTaken { reward: u32, redemption: (u32, u64, u32), granted: bool },
    ReturnStock { reward: u32 },
}
