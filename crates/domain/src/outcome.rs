//! What became of a record. Every input has one, refused ones too.

use crate::amount::Points;
use crate::budget::Given;
use crate::ledger::{Parts, Place};
use crate::lots::Hour;
use crate::refusal::{DeadReason, Refusal};
use crate::time::Day;

/// What became of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A wager that counted; it has an entry unless it earned nothing.
    Counted {
        /// The program version that decided.
        version: u32,
        /// Points earned, after caps.
        points: Points,
        /// Points that caps took away.
        capped: Points,
        /// What the effective multiplier is made of.
        parts: Parts,
        /// The day whose cap the points count against, where there is one.
        cap_day: Option<Day>,
        /// The event's own day, on which the points were earned; from behaviour 2 on.
        earned_on: Option<Day>,
        /// When the points can be spent, where that is not at once.
        matures: Option<Hour>,
        /// What promotions with a budget gave, and what their budgets lacked, in the order of the program.
        given: Box<[Given]>,
    },
    /// A game event: counted, without points.
    Recorded,
    /// A wager that did not count.
    Refused {
        /// The first rule that said no.
        refusal: Refusal,
        /// The program version that decided; 0 where none did.
        version: u32,
    },
    /// The same input came before.
    Repeated {
        /// Where its first occurrence stands, with the outcome that holds.
        first: Place,
    },
    /// A void.
    Voided {
        /// Where the wager stands that it takes back; `None` where the wager has not come yet.
        wager: Option<Place>,
        /// Points taken back, zero or negative.
        points: Points,
        /// Points that could not be taken back; zero or positive.
        owed: Points,
        /// The program version that decided; 0 where none did.
        version: u32,
    },
    /// An input that could not be processed.
    DeadLetter {
        /// Why, as a code.
        reason: DeadReason,
        /// Why, in words, with the field at fault.
        detail: Box<str>,
    },
    /// A command or control record that was carried out.
    Done {
        /// What the record made, such as a version's number; 0 where it made nothing.
        made: u64,
    },
    /// A command or control record that was not carried out, or a message that came before.
    Declined {
        /// Why.
        why: Declined,
    },
    /// Slot 0: the batch's own time, and the timers that were due.
    Time {
        /// How many timers fired.
        fired: u32,
    },
}

/// Why a command or a control record was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declined {
    /// The operator is not known.
    OperatorUnknown,
    /// The operator exists already.
    OperatorExists,
    /// It was edited from a version that is no longer the latest.
    Stale,
    /// There is no such version, or it has begun.
    NotScheduled,
    /// There is no such dead letter.
    NoSuchDeadLetter,
    /// The dead letter was released or discarded before.
    DeadLetterClosed,
    /// No partition stands at the place to be skipped.
    NotStandingThere,
    /// The record is not understood.
    Malformed,
    /// The same id was used before with other content.
    IdConflict,
    /// The fold decides by this behaviour, or a later one, already.
    BehaviourPassed,
    /// The message of another partition was taken in before.
    ReceivedBefore,
    /// The message of another partition is too far ahead of those before it; it comes again.
    TooFarAhead,
    /// The operator has a key of this id already.
    KeyExists,
    /// There is no such key, or it was revoked.
    NoSuchKey,
    /// The operator has as many keys, or the key has had as many secrets, as there may be.
    TooManyKeys,
    /// There is no such player.
    NoSuchPlayer,
    /// The player is excluded.
    SelfExcluded,
    /// The player does not take part.
    NoConsent,
    /// The operator has no program in force.
    NoProgram,
    /// The program in force is switched off.
    ModeOff,
    /// The points are fewer than the program lets be redeemed.
    BelowMinimum,
    /// There are not so many points that can be spent.
    InsufficientPoints,
    /// The player has as many open redemptions, or adjustments that wait, as there may be.
    TooManyOpen,
    /// There is no such redemption.
    NoSuchRedemption,
    /// The redemption was confirmed.
    RedemptionConfirmed,
    /// The redemption was cancelled.
    RedemptionCancelled,
    /// The redemption has lapsed.
    RedemptionLapsed,
    /// There is no such adjustment.
    NoSuchAdjustment,
    /// The adjustment was approved or rejected before.
    AdjustmentClosed,
    /// Nobody approves their own adjustment.
    OwnAdjustment,
    /// The balance of the system before was imported already.
    OpeningExists,
    /// The player is not excluded.
    NotExcluded,
    /// The player is excluded for longer.
    ExclusionHolds,
    /// The balance would not fit.
    OutOfRange,
    /// The operator has as many webhooks, or the webhook was changed as often, as there may be.
    TooManyWebhooks,
    /// There is no such signal.
    NoSuchSignal,
    /// The player has no such wager.
    NoSuchWager,
    /// It was decided about the signal's points before, or none were held.
    SignalClosed,
    /// It is not known yet whether the redemption's reward is in stock.
    RedemptionRequested,
    /// There is no such reward.
    NoSuchReward,
    /// The reward was withdrawn.
    RewardWithdrawn,
    /// The reward cannot be redeemed yet, or not any more.
    RewardNotValid,
    /// The reward is not for the player's tier.
    TierNotEntitled,
    /// The reward is not for the player's segment.
    SegmentNotEntitled,
    /// The reward is not for the player's jurisdiction.
    JurisdictionNotEntitled,
    /// The player has redeemed the reward as often as may be.
    RewardLimit,
    /// There are not so many of the reward in stock.
    OutOfStock,
    /// The operator has as many rewards, or the reward was changed as often, as there may be.
    TooManyRewards,
    /// The tournament has begun: what decides about it stays.
    TournamentBegan,
    /// The tournament has ended, or was cancelled.
    TournamentOver,
    /// The tournament would begin, or end, in the past.
    TournamentPast,
    /// The operator has as many tournaments, or the tournament was changed as often, as there may be.
    TooManyTournaments,
    /// There is no such place in the results of the tournament.
    NoSuchPrize,
    /// The prize is not in a state in which that may become of it.
    PrizeClosed,
    /// Nobody opts in to the tournament: everybody's events count.
    NoOptIn,
    /// There is no such tournament, or it is not scheduled.
    TournamentNotScheduled,
    /// The tournament was scheduled: whether it takes opt-ins stays, and it gets no fewer seats.
    OptInFixed,
}

impl Declined {
    /// Every reason.
    pub const ALL: [Self; 57] = [
        Self::OperatorUnknown,
        Self::OperatorExists,
        Self::Stale,
        Self::NotScheduled,
        Self::NoSuchDeadLetter,
        Self::DeadLetterClosed,
        Self::NotStandingThere,
        Self::Malformed,
        Self::IdConflict,
        Self::BehaviourPassed,
        Self::ReceivedBefore,
        Self::TooFarAhead,
        Self::KeyExists,
        Self::NoSuchKey,
        Self::TooManyKeys,
        Self::NoSuchPlayer,
        Self::SelfExcluded,
        Self::NoConsent,
        Self::NoProgram,
        Self::ModeOff,
        Self::BelowMinimum,
        Self::InsufficientPoints,
        Self::TooManyOpen,
        Self::NoSuchRedemption,
        Self::RedemptionConfirmed,
        Self::RedemptionCancelled,
        Self::RedemptionLapsed,
        Self::NoSuchAdjustment,
        Self::AdjustmentClosed,
        Self::OwnAdjustment,
        Self::OpeningExists,
        Self::NotExcluded,
        Self::ExclusionHolds,
        Self::OutOfRange,
        Self::TooManyWebhooks,
        Self::NoSuchSignal,
        Self::NoSuchWager,
        Self::SignalClosed,
        Self::RedemptionRequested,
        Self::NoSuchReward,
        Self::RewardWithdrawn,
        Self::RewardNotValid,
        Self::TierNotEntitled,
        Self::SegmentNotEntitled,
        Self::JurisdictionNotEntitled,
        Self::RewardLimit,
        Self::OutOfStock,
        Self::TooManyRewards,
        Self::TournamentBegan,
        Self::TournamentOver,
        Self::TournamentPast,
        Self::TooManyTournaments,
        Self::NoSuchPrize,
        Self::PrizeClosed,
        Self::NoOptIn,
        Self::TournamentNotScheduled,
        Self::OptInFixed,
    ];

    /// The stable code, as the API shows it.
    pub const fn code(self) -> &'static str {
        match self {
            Self::OperatorUnknown => "operator_unknown",
            Self::OperatorExists => "operator_exists",
            Self::Stale => "stale",
            Self::NotScheduled => "not_scheduled",
            Self::NoSuchDeadLetter => "no_such_dead_letter",
            Self::DeadLetterClosed => "dead_letter_closed",
            Self::NotStandingThere => "not_standing_there",
            Self::Malformed => "malformed",
            Self::IdConflict => "id_conflict",
            Self::BehaviourPassed => "behaviour_passed",
            Self::ReceivedBefore => "received_before",
            Self::TooFarAhead => "too_far_ahead",
            Self::KeyExists => "key_exists",
            Self::NoSuchKey => "no_such_key",
            Self::TooManyKeys => "too_many_keys",
            Self::NoSuchPlayer => "no_such_player",
            Self::SelfExcluded => "self_excluded",
            Self::NoConsent => "no_consent",
            Self::NoProgram => "no_program",
            Self::ModeOff => "mode_off",
            Self::BelowMinimum => "below_minimum",
            Self::InsufficientPoints => "insufficient_points",
            Self::TooManyOpen => "too_many_open",
            Self::NoSuchRedemption => "no_such_redemption",
            Self::RedemptionConfirmed => "redemption_confirmed",
            Self::RedemptionCancelled => "redemption_cancelled",
            Self::RedemptionLapsed => "redemption_lapsed",
            Self::NoSuchAdjustment => "no_such_adjustment",
            Self::AdjustmentClosed => "adjustment_closed",
            Self::OwnAdjustment => "own_adjustment",
            Self::OpeningExists => "opening_exists",
            Self::NotExcluded => "not_excluded",
            Self::ExclusionHolds => "exclusion_holds",
            Self::OutOfRange => "out_of_range",
            Self::TooManyWebhooks => "too_many_webhooks",
            Self::NoSuchSignal => "no_such_signal",
            Self::NoSuchWager => "no_such_wager",
            Self::SignalClosed => "signal_closed",
            Self::RedemptionRequested => "redemption_requested",
            Self::NoSuchReward => "no_such_reward",
            Self::RewardWithdrawn => "reward_withdrawn",
            Self::RewardNotValid => "reward_not_valid",
            Self::TierNotEntitled => "tier_not_entitled",
            Self::SegmentNotEntitled => "segment_not_entitled",
            Self::JurisdictionNotEntitled => "jurisdiction_not_entitled",
            Self::RewardLimit => "reward_limit",
            Self::OutOfStock => "out_of_stock",
            Self::TooManyRewards => "too_many_rewards",
            Self::TournamentBegan => "tournament_began",
            Self::TournamentOver => "tournament_over",
            Self::TournamentPast => "tournament_past",
            Self::TooManyTournaments => "too_many_tournaments",
            Self::NoSuchPrize => "no_such_prize",
            Self::PrizeClosed => "prize_closed",
            Self::NoOptIn => "no_opt_in",
            Self::TournamentNotScheduled => "tournament_not_scheduled",
            Self::OptInFixed => "opt_in_fixed",
        }
    }
}
