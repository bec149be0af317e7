//! Why a wager earned nothing: a stable code for machines and a sentence for people.

/// The first rule on the ladder that said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// A void had arrived before the wager.
    Voided,
    /// No such operator.
    OperatorUnknown,
    /// The program's mode is `off`.
    ModeOff,
    /// The operator has no program for that time.
    NoProgram,
    /// No loyalty in that jurisdiction.
    JurisdictionDisabled,
    /// The player does not take part.
    NoConsent,
    /// The player is on the deny list.
    PlayerDenied,
    /// The segment is on the deny list.
    SegmentDenied,
    /// The segment is not on the allow list.
    SegmentNotAllowed,
    /// The game's category does not count.
    CategoryNotEligible,
    /// The program has no rate for the currency.
    CurrencyUnsupported,
    /// The stake is below the least wager.
    BelowMinimum,
    /// The program's `where` did not match.
    NotMatched,
    /// The multiplier is zero.
    ZeroMultiplier,
    /// What its day's cap has left is not known any more.
    TooOldForCap,
    /// The player is excluded; the first rung, and the last that came.
    SelfExcluded,
}

impl Refusal {
    /// Every refusal: the place is its code in the journal.
    pub const ALL: [Self; 16] = [
        Self::Voided,
        Self::OperatorUnknown,
        Self::ModeOff,
        Self::NoProgram,
        Self::JurisdictionDisabled,
        Self::NoConsent,
        Self::PlayerDenied,
        Self::SegmentDenied,
        Self::SegmentNotAllowed,
        Self::CategoryNotEligible,
        Self::CurrencyUnsupported,
        Self::BelowMinimum,
        Self::NotMatched,
        Self::ZeroMultiplier,
        Self::TooOldForCap,
        Self::SelfExcluded,
    ];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Voided => "voided",
            Self::OperatorUnknown => "operator_unknown",
            Self::ModeOff => "mode_off",
            Self::NoProgram => "no_program",
            Self::JurisdictionDisabled => "jurisdiction_disabled",
            Self::NoConsent => "no_consent",
            Self::PlayerDenied => "player_denied",
            Self::SegmentDenied => "segment_denied",
            Self::SegmentNotAllowed => "segment_not_allowed",
            Self::CategoryNotEligible => "category_not_eligible",
            Self::CurrencyUnsupported => "currency_unsupported",
            Self::BelowMinimum => "below_minimum",
            Self::NotMatched => "not_matched",
            Self::ZeroMultiplier => "zero_multiplier",
            Self::TooOldForCap => "too_old_for_cap",
            Self::SelfExcluded => "self_excluded",
        }
    }

    /// One sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Voided => "the wager was voided before it arrived",
            Self::OperatorUnknown => "the operator is not known here",
            Self::ModeOff => "the operator's program is switched off",
            Self::NoProgram => "the operator had no program at the time of the wager",
            Self::JurisdictionDisabled => "there is no loyalty in the wager's jurisdiction",
            Self::NoConsent => "the player does not take part in the loyalty program",
            Self::PlayerDenied => "the player is excluded by the program",
            Self::SegmentDenied => "the player's segment is excluded by the program",
            Self::SegmentNotAllowed => "the player's segment is not among those that take part",
            Self::CategoryNotEligible => "games of this category do not count",
            Self::CurrencyUnsupported => "the program has no rate for the wager's currency",
            Self::BelowMinimum => "the stake is below the least wager that counts",
            Self::NotMatched => "the wager does not match the program's condition",
            Self::ZeroMultiplier => "this game earns no points",
            Self::TooOldForCap => "the wager is so old that its day's cap is not kept any more",
            Self::SelfExcluded => "the player is excluded",
        }
    }
}

/// Why an input could not be processed. It is kept whole, and can be repaired and retried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeadReason {
    /// The bytes are not a valid event.
    Malformed,
    /// Dated more than two minutes ahead of the log's time.
    InFuture,
    /// Older than the window in which repeats are recognised.
    TooLate,
    /// The same id was used before with other content.
    IdConflict,
    /// The points or the balance would not fit.
    OutOfRange,
    /// A person told the fold to pass over it.
    Skipped,
    /// Its producer put it into another partition than its player's.
    WrongPartition,
}

impl DeadReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Malformed,
        Self::InFuture,
        Self::TooLate,
        Self::IdConflict,
        Self::OutOfRange,
        Self::Skipped,
        Self::WrongPartition,
    ];

    /// Where [`Self::ALL`] has it.
    #[expect(clippy::missing_panics_doc, reason = "`ALL` lists every reason")]
    pub fn index(self) -> usize {
        let at = Self::ALL.iter().position(|reason| *reason == self);
        at.expect("`ALL` lists every reason")
    }

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::InFuture => "in_future",
            Self::TooLate => "too_late",
            Self::IdConflict => "id_conflict",
            Self::OutOfRange => "out_of_range",
            Self::Skipped => "skipped",
            Self::WrongPartition => "wrong_partition",
        }
    }

    /// One sentence for people.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Malformed => "the input is not a valid event",
            Self::InFuture => "the event is dated more than two minutes ahead",
            Self::TooLate => "the event is older than the window in which repeats are recognised",
            Self::IdConflict => "an event with the same id and other content came before",
            Self::OutOfRange => "the points or the balance would not fit",
            Self::Skipped => "an operator of the system had it passed over",
            Self::WrongPartition => {
                "the record's key is not its player: it came into another partition"
            }
        }
    }
}
