//! What looks like abuse, as a program's document says it.

/// One signal of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSignal {
    /// What it is called.
    pub name: String,
    /// What a player's wagers have to be above.
    pub over: ModelOver,
    /// Whether the points of each wager above the line are held.
    pub hold: bool,
}

/// The line of a signal. Times are in seconds, and what is no whole number in 10^-8ths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are those of the program's document, by name")]
pub enum ModelOver {
    Velocity { wagers: u64, within: i64 },
    StakeJump { times: u64, after: u64 },
    GamingSystems { count: u64, within: i64 },
    WinRatio { ratio: u64, after: u64 },
    MinimumPlay { share: u64, of: u64 },
}

impl ModelOver {
    /// What the kind is called.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Velocity { .. } => "velocity",
            Self::StakeJump { .. } => "stakeJump",
            Self::GamingSystems { .. } => "gamingSystems",
            Self::WinRatio { .. } => "winRatio",
            Self::MinimumPlay { .. } => "minimumPlay",
        }
    }

    /// The line, in 10^-8ths.
    pub const fn line(self) -> u64 {
        match self {
            Self::Velocity { wagers: count, .. } | Self::GamingSystems { count, .. } => {
                count * 100_000_000
            }
            Self::StakeJump { times: line, .. }
            | Self::WinRatio { ratio: line, .. }
            | Self::MinimumPlay { share: line, .. } => line,
        }
    }
}
