//! Refusals of requests as RFC 9457 problems: one status for each, chosen in one place.

use std::borrow::Cow;

use accolade_domain::outcome::Declined;
use accolade_engine::intake::Refused;
use accolade_storage::error::StorageError;
use accolade_storage::host::NotHere;
use accolade_wire::document::DocumentProblem;
use axum::http::header::{ACCEPT_ENCODING, CONNECTION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::description::schemas::problem_codes;
use crate::rate::Exceeded;
use crate::request_id::{Instance, RequestId};
use crate::roles::Scope;
use crate::routes::Header;
use crate::shapes::respond_with;

/// Why a request is not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No credential, or one that is not known.
    Unauthorized,
    /// The credential lacks a scope.
    Forbidden,
    /// Nothing there, or nothing of this operator's.
    NotFound,
    /// The path has no such method.
    MethodNotAllowed,
    /// A parameter of the query is wrong.
    BadQuery,
    /// The cursor is none, or one of another query.
    BadCursor,
    /// A header is wrong.
    BadHeader,
    /// The body, or a field of it, is wrong.
    Malformed,
    /// The body came too slowly.
    TooSlow,
    /// The body is too large.
    TooLarge,
    /// The body is of a kind that is not understood here.
    MediaType,
    /// What is asked for was there and is no longer kept.
    Gone,
    /// It was edited from a version that is no longer the latest.
    Stale,
    /// The operator exists already.
    OperatorExists,
    /// Nothing is taken in from the operator.
    OperatorPaused,
    /// The operator has a key of this id already.
    KeyExists,
    /// The operator has as many keys as there may be.
    TooManyKeys,
    /// The operator has as many webhooks as there may be.
    TooManyWebhooks,
    /// The fold decides by a behaviour that does not know what is asked for.
    BehaviourEarlier,
    /// The node has no key to seal secrets with.
    NoSecretsKey,
    /// There is no such version that has yet to begin.
    NotScheduled,
    /// The dead letter was released or discarded before.
    DeadLetterClosed,
    /// No partition stands there.
    NotStandingThere,
    /// A node does not know the behaviour that is asked for.
    BehaviourUnknown,
    /// The player is excluded.
    SelfExcluded,
    /// The player does not take part.
    NoConsent,
    /// The operator has no program in force, or one that is switched off.
    NoProgram,
    /// The points are fewer than may be redeemed.
    BelowMinimum,
    /// There are not so many points that can be spent.
    InsufficientPoints,
    /// The player has as much open as there may be.
    TooManyOpen,
    /// It is not known yet whether the redemption's reward is in stock.
    RedemptionRequested,
    /// The operator has a reward of this id already.
    RewardExists,
    /// There is no reward of the id that a body names.
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
    /// The reward has no stock.
    NotStocked,
    /// The operator has as many rewards as there may be.
    TooManyRewards,
    /// The operator has a tournament of this id already.
    TournamentExists,
    /// The tournament has begun: what decides about it stays.
    TournamentBegan,
    /// The tournament has ended, or was cancelled.
    TournamentOver,
    /// The tournament would begin, or end, in the past.
    TournamentPast,
    /// The tournament is not live.
    TournamentNotLive,
    /// What was played before the tournament was scheduled is not counted yet.
    TournamentFilling,
    /// The results of the tournament are not fixed yet.
    TournamentNotSettled,
    /// There is no such place in the results.
    NoSuchPrize,
    /// That cannot become of the prize any more, or not yet.
    PrizeClosed,
    /// Prizes of the last settlement are not paid or handed out yet.
    PrizesUnderWay,
    /// Nothing has come late since the tournament was settled.
    NothingLate,
    /// Nobody opts in to the tournament.
    NoOptIn,
    /// The tournament is not scheduled.
    TournamentNotScheduled,
    /// There is no seat left in the tournament.
    TournamentFull,
    /// As many players as want to can take part in the tournament.
    NoSeats,
    /// Whether a scheduled tournament takes opt-ins stays, and it gets no fewer seats.
    OptInFixed,
    /// The operator has as many tournaments as there may be.
    TooManyTournaments,
    /// The redemption was confirmed.
    RedemptionConfirmed,
    /// The redemption was cancelled.
    RedemptionCancelled,
    /// The redemption has lapsed.
    RedemptionLapsed,
    /// The adjustment was approved or rejected.
    AdjustmentClosed,
    /// Nobody approves their own adjustment.
    OwnAdjustment,
    /// No points are held for the signal any more.
    SignalClosed,
    /// The balance of the system before was imported.
    OpeningExists,
    /// The player is not excluded.
    NotExcluded,
    /// The player is excluded for longer.
    ExclusionHolds,
    /// The balance would not fit.
    OutOfRange,
    /// The behaviour by which the fold decides does not know what is asked for.
    BehaviourTooOld,
    /// A simulation runs already.
    SimulationRuns,
    /// The idempotency key was used for another request.
    KeyReused,
    /// The content was understood and is not acceptable.
    Invalid,
    /// The operator sends or asks more than its limit, or an address without a known credential does.
    RateLimited,
    /// The node has more to do than it can hold.
    Busy,
    /// Nobody knows whether it was kept.
    Uncertain,
    /// The audit trail cannot be written.
    AuditFailed,
    /// The disk has too little room.
    DiskFull,
    /// The node is stopping.
    Stopping,
    /// The partition is on its way from one node to another, or its node cannot be reached.
    Elsewhere,
    /// The issuer of a token does not answer, and its keys are too old or were never there.
    IdentityProviderAway,
    /// The node's files could not be read.
    Failed,
}

const _: () = assert!(Refusal::Failed as usize + 1 == Refusal::ALL.len(), "all are listed");

const RETRY: Header =
    Header { name: "Retry-After", what: "Seconds to wait before it is sent again." };
const RATE: [Header; 4] = [
    RETRY,
    Header {
        name: "RateLimit-Limit",
        what: "What is let through in a second: an operator's events, its other requests, or an address's without \
               a known credential.",
    },
    Header { name: "RateLimit-Remaining", what: "How much of that would be let through now." },
    Header { name: "RateLimit-Reset", what: "Seconds until the same request is let through." },
];

impl Refusal {
    /// All of them.
    pub(crate) const ALL: [Self; 82] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BadQuery,
        Self::BadCursor,
        Self::BadHeader,
        Self::Malformed,
        Self::TooSlow,
        Self::TooLarge,
        Self::MediaType,
        Self::Gone,
        Self::Stale,
        Self::OperatorExists,
        Self::OperatorPaused,
        Self::KeyExists,
        Self::TooManyKeys,
        Self::TooManyWebhooks,
        Self::BehaviourEarlier,
        Self::NoSecretsKey,
        Self::NotScheduled,
        Self::DeadLetterClosed,
        Self::NotStandingThere,
        Self::BehaviourUnknown,
        Self::SelfExcluded,
        Self::NoConsent,
        Self::NoProgram,
        Self::BelowMinimum,
        Self::InsufficientPoints,
        Self::TooManyOpen,
        Self::RedemptionRequested,
        Self::RewardExists,
        Self::NoSuchReward,
        Self::RewardWithdrawn,
        Self::RewardNotValid,
        Self::TierNotEntitled,
        Self::SegmentNotEntitled,
        Self::JurisdictionNotEntitled,
        Self::RewardLimit,
        Self::OutOfStock,
        Self::NotStocked,
        Self::TooManyRewards,
        Self::TournamentExists,
        Self::TournamentBegan,
        Self::TournamentOver,
        Self::TournamentPast,
        Self::TournamentNotLive,
        Self::TournamentFilling,
        Self::TournamentNotSettled,
        Self::NoSuchPrize,
        Self::PrizeClosed,
        Self::PrizesUnderWay,
        Self::NothingLate,
        Self::NoOptIn,
        Self::TournamentNotScheduled,
        Self::TournamentFull,
        Self::NoSeats,
        Self::OptInFixed,
        Self::TooManyTournaments,
        Self::RedemptionConfirmed,
        Self::RedemptionCancelled,
        Self::RedemptionLapsed,
        Self::AdjustmentClosed,
        Self::OwnAdjustment,
        Self::SignalClosed,
        Self::OpeningExists,
        Self::NotExcluded,
        Self::ExclusionHolds,
        Self::OutOfRange,
        Self::BehaviourTooOld,
        Self::SimulationRuns,
        Self::KeyReused,
        Self::Invalid,
        Self::RateLimited,
        Self::Busy,
        Self::Uncertain,
        Self::AuditFailed,
        Self::DiskFull,
        Self::Stopping,
        Self::Elsewhere,
        Self::IdentityProviderAway,
        Self::Failed,
    ];

    /// The headers that it is answered with.
    pub(crate) const fn headers(self) -> &'static [Header] {
        match self {
            Self::Unauthorized => {
                &[Header { name: "WWW-Authenticate", what: "`Bearer`: how to say who asks." }]
            }
            Self::Forbidden => {
                &[Header { name: "WWW-Authenticate", what: "Names the scope that is missing." }]
            }
            Self::MethodNotAllowed => {
                &[Header { name: "Allow", what: "The methods that the path has." }]
            }
            Self::RateLimited => &RATE,
            _ if self.retry_after_s().is_some() => &[RETRY],
            _ => &[],
        }
    }

    /// The status, the stable code and a title.
    pub(crate) const fn answer(self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Unauthorized => (S::UNAUTHORIZED, "unauthorized", "A credential is needed"),
            Self::Forbidden => (S::FORBIDDEN, "forbidden", "The credential may not do this"),
            Self::NotFound => (S::NOT_FOUND, "not_found", "Not found"),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method_not_allowed", "No such method here")
            }
            Self::BadQuery => (S::BAD_REQUEST, "bad_query", "A query parameter is wrong"),
            Self::BadCursor => (S::BAD_REQUEST, "bad_cursor", "The cursor is not of this query"),
            Self::BadHeader => (S::BAD_REQUEST, "bad_header", "A header is wrong"),
            Self::Malformed => (S::BAD_REQUEST, "malformed", "The body is not acceptable"),
            Self::TooSlow => (S::REQUEST_TIMEOUT, "too_slow", "The body came too slowly"),
            Self::TooLarge => (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large"),
            Self::MediaType => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Unknown content type")
            }
            Self::Gone => (S::GONE, "gone", "No longer kept"),
            Self::Stale => (S::PRECONDITION_FAILED, "stale", "There is a later version"),
            Self::OperatorExists => (S::CONFLICT, "operator_exists", "The operator exists"),
            Self::OperatorPaused => (S::CONFLICT, "operator_paused", "The operator is paused"),
            Self::KeyExists => (S::CONFLICT, "key_exists", "The key exists"),
            Self::TooManyKeys => (S::CONFLICT, "too_many_keys", "There are too many keys"),
            Self::TooManyWebhooks => {
                (S::CONFLICT, "too_many_webhooks", "There are too many webhooks")
            }
            Self::BehaviourEarlier => {
                (S::CONFLICT, "behaviour_earlier", "The fold decides by an earlier behaviour")
            }
            Self::NoSecretsKey => {
                (S::CONFLICT, "no_secrets_key", "The node has no key to seal secrets with")
            }
            Self::NotScheduled => (S::CONFLICT, "not_scheduled", "The version is not scheduled"),
            Self::DeadLetterClosed => {
                (S::CONFLICT, "dead_letter_closed", "The dead letter is closed")
            }
            Self::NotStandingThere => {
                (S::CONFLICT, "not_standing_there", "No partition stands there")
            }
            Self::BehaviourUnknown => {
                (S::CONFLICT, "behaviour_unknown", "A node does not know the behaviour")
            }
            Self::SelfExcluded => (S::CONFLICT, "self_excluded", "The player is excluded"),
            Self::NoConsent => (S::CONFLICT, "no_consent", "The player does not take part"),
            Self::NoProgram => (S::CONFLICT, "no_program", "There is no program"),
            Self::BelowMinimum => (S::UNPROCESSABLE_ENTITY, "below_minimum", "Too few points"),
            Self::InsufficientPoints => {
                (S::CONFLICT, "insufficient_points", "There are not so many points")
            }
            Self::TooManyOpen => (S::CONFLICT, "too_many_open", "Too much is open"),
            Self::RedemptionRequested => {
                (S::CONFLICT, "redemption_requested", "The reward may not be in stock")
            }
            Self::RewardExists => (S::CONFLICT, "reward_exists", "The reward exists"),
            Self::NoSuchReward => {
                (S::UNPROCESSABLE_ENTITY, "no_such_reward", "There is no such reward")
            }
            Self::RewardWithdrawn => (S::CONFLICT, "reward_withdrawn", "The reward was withdrawn"),
            Self::RewardNotValid => {
                (S::CONFLICT, "reward_not_valid", "The reward is not valid now")
            }
            Self::TierNotEntitled => {
                (S::CONFLICT, "tier_not_entitled", "The reward is for other tiers")
            }
            Self::SegmentNotEntitled => {
                (S::CONFLICT, "segment_not_entitled", "The reward is for other segments")
            }
            Self::JurisdictionNotEntitled => {
                (S::CONFLICT, "jurisdiction_not_entitled", "The reward is for other jurisdictions")
            }
            Self::RewardLimit => {
                (S::CONFLICT, "reward_limit", "The reward was redeemed as often as may be")
            }
            Self::OutOfStock => (S::CONFLICT, "out_of_stock", "The reward is out of stock"),
            Self::NotStocked => (S::CONFLICT, "not_stocked", "The reward has no stock"),
            Self::TooManyRewards => (S::CONFLICT, "too_many_rewards", "There are too many rewards"),
            Self::TournamentExists => (S::CONFLICT, "tournament_exists", "The tournament exists"),
            Self::TournamentBegan => (S::CONFLICT, "tournament_began", "The tournament has begun"),
            Self::TournamentOver => (S::CONFLICT, "tournament_over", "The tournament is over"),
            Self::TournamentPast => {
                (S::CONFLICT, "tournament_past", "The tournament would be in the past")
            }
            Self::TournamentNotLive => {
                (S::CONFLICT, "tournament_not_live", "The tournament is not live")
            }
            Self::TournamentFilling => {
                (S::CONFLICT, "tournament_filling", "The tournament is being filled")
            }
            Self::TournamentNotSettled => {
                (S::CONFLICT, "tournament_not_settled", "The results are not fixed yet")
            }
            Self::NoSuchPrize => (S::NOT_FOUND, "no_such_prize", "There is no such prize"),
            Self::PrizeClosed => (S::CONFLICT, "prize_closed", "The prize is closed"),
            Self::PrizesUnderWay => (S::CONFLICT, "prizes_under_way", "Prizes are still under way"),
            Self::NothingLate => (S::CONFLICT, "nothing_late", "Nothing has come late"),
            Self::NoOptIn => (S::CONFLICT, "no_opt_in", "The tournament takes no opt-in"),
            Self::TournamentNotScheduled => {
                (S::CONFLICT, "tournament_not_scheduled", "The tournament is not scheduled")
            }
            Self::TournamentFull => (S::CONFLICT, "tournament_full", "The tournament is full"),
            Self::NoSeats => (S::CONFLICT, "no_seats", "The tournament has no seats"),
            Self::OptInFixed => {
                (S::CONFLICT, "opt_in_fixed", "How players take part cannot be changed so")
            }
            Self::TooManyTournaments => {
                (S::CONFLICT, "too_many_tournaments", "There are too many tournaments")
            }
            Self::RedemptionConfirmed => {
                (S::CONFLICT, "redemption_confirmed", "The redemption was confirmed")
            }
            Self::RedemptionCancelled => {
                (S::CONFLICT, "redemption_cancelled", "The redemption was cancelled")
            }
            Self::RedemptionLapsed => {
                (S::CONFLICT, "redemption_lapsed", "The redemption has lapsed")
            }
            Self::AdjustmentClosed => {
                (S::CONFLICT, "adjustment_closed", "The adjustment is decided")
            }
            Self::OwnAdjustment => (S::CONFLICT, "own_adjustment", "Another person must approve"),
            Self::SignalClosed => {
                (S::CONFLICT, "signal_closed", "No points are held for the signal")
            }
            Self::OpeningExists => {
                (S::CONFLICT, "opening_exists", "The opening balance was imported")
            }
            Self::NotExcluded => (S::CONFLICT, "not_excluded", "The player is not excluded"),
            Self::ExclusionHolds => (S::CONFLICT, "exclusion_holds", "The exclusion ends later"),
            Self::OutOfRange => {
                (S::UNPROCESSABLE_ENTITY, "out_of_range", "The balance would not fit")
            }
            Self::BehaviourTooOld => {
                (S::CONFLICT, "behaviour_too_old", "The log decides by an older behaviour")
            }
            Self::SimulationRuns => (S::CONFLICT, "simulation_runs", "A simulation runs already"),
            Self::KeyReused => {
                (S::UNPROCESSABLE_ENTITY, "idempotency_key_reused", "The key was used before")
            }
            Self::Invalid => (S::UNPROCESSABLE_ENTITY, "invalid", "The content is not valid"),
            Self::RateLimited => (S::TOO_MANY_REQUESTS, "rate_limited", "Too much at once"),
            Self::Busy => (S::SERVICE_UNAVAILABLE, "busy", "The node is busy"),
            Self::Uncertain => (S::SERVICE_UNAVAILABLE, "uncertain", "Not known to be kept"),
            Self::AuditFailed => {
                (S::SERVICE_UNAVAILABLE, "audit_failed", "The audit trail cannot be written")
            }
            Self::DiskFull => (S::SERVICE_UNAVAILABLE, "disk_full", "The disk is full"),
            Self::Elsewhere => (S::SERVICE_UNAVAILABLE, "elsewhere", "Not here at the moment"),
            Self::Stopping => (S::SERVICE_UNAVAILABLE, "stopping", "The node is stopping"),
            Self::IdentityProviderAway => {
                (S::SERVICE_UNAVAILABLE, "identity_provider_away", "The token cannot be checked")
            }
            Self::Failed => (S::INTERNAL_SERVER_ERROR, "failed", "The node has failed"),
        }
    }

    /// Seconds after which the same request may be carried out.
    const fn retry_after_s(self) -> Option<u64> {
        match self {
            Self::Busy | Self::Uncertain | Self::Stopping | Self::Elsewhere => Some(1),
            Self::IdentityProviderAway => Some(5),
            Self::DiskFull | Self::AuditFailed => Some(30),
            _ => None,
        }
    }
}

/// A refusal with its words.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) refusal: Refusal,
    pub(crate) detail: Cow<'static, str>,
    pub(crate) errors: Vec<FieldError>,
    more: Option<Box<More>>,
}

#[derive(Debug)]
enum More {
    /// The state of the rate limit.
    Limit(Exceeded),
    /// The encoding of the body is the trouble, not its type.
    Encodings,
    /// What is still known of something that is gone.
    Outcome(Box<RawValue>),
    /// The scope that is missing.
    Scope(Scope),
    /// What has failed; for the log alone.
    Cause(StorageError),
}

/// One bad field.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub(crate) struct FieldError {
    /// JSON pointer, from the item on; empty for the whole.
    pub(crate) pointer: String,
    /// What was expected.
    pub(crate) detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) given: Option<String>,
}

impl FieldError {
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into(), ..Self::default() }
    }
}

impl From<accolade_wire::problem::Problem> for FieldError {
    fn from(problem: accolade_wire::problem::Problem) -> Self {
        Self::new(problem.pointer, problem.detail)
    }
}

impl From<DocumentProblem> for FieldError {
    fn from(problem: DocumentProblem) -> Self {
        Self {
            line: Some(problem.at.line),
            column: Some(problem.at.column),
            ..Self::new(problem.pointer, problem.detail)
        }
    }
}

impl Problem {
    pub(crate) fn new(refusal: Refusal, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { refusal, detail: detail.into(), errors: Vec::new(), more: None }
    }

    /// A scope is missing.
    pub(crate) fn forbidden(scope: Scope) -> Self {
        let detail = format!("the credential lacks the scope `{}`", scope.code());
        let more = Some(Box::new(More::Scope(scope)));
        Self { more, ..Self::new(Refusal::Forbidden, detail) }
    }

    /// Nothing that this operator may see.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(Refusal::NotFound, format!("there is no such {what}"))
    }

    /// Somebody of several operators names none.
    pub(crate) fn operator_not_named() -> Self {
        let detail = "`operatorId`: expected one, for this credential has several";
        Self::new(Refusal::BadQuery, detail)
    }

    /// Fields that are wrong.
    pub(crate) fn fields(
        refusal: Refusal,
        errors: impl IntoIterator<Item = impl Into<FieldError>>,
    ) -> Self {
        let errors: Vec<FieldError> = errors.into_iter().map(Into::into).collect();
        let detail = match errors.first() {
            Some(first) if first.pointer.is_empty() => first.detail.clone(),
            Some(first) => format!("`{}`: {}", first.pointer, first.detail),
            None => String::new(),
        };
        Self { errors, ..Self::new(refusal, detail) }
    }

    /// One field that is wrong.
    pub(crate) fn field(refusal: Refusal, pointer: &str, detail: impl Into<String>) -> Self {
        Self::fields(refusal, [FieldError::new(pointer, detail)])
    }

    pub(crate) fn rate_limited(exceeded: Exceeded) -> Self {
        let detail = format!("this operator may send {} events a second", exceeded.limit);
        Self::too_often(exceeded, detail)
    }

    /// More than a limit lets through.
    pub(crate) fn too_often(exceeded: Exceeded, detail: String) -> Self {
        let more = Some(Box::new(More::Limit(exceeded)));
        Self { more, ..Self::new(Refusal::RateLimited, detail) }
    }

    /// A body whose encoding is not known here; the answer tells those that are.
    pub(crate) fn coding(detail: impl Into<Cow<'static, str>>) -> Self {
        Self { more: Some(Box::new(More::Encodings)), ..Self::new(Refusal::MediaType, detail) }
    }

    pub(crate) fn gone(detail: String, outcome: Box<RawValue>) -> Self {
        let more = Some(Box::new(More::Outcome(outcome)));
        Self { more, ..Self::new(Refusal::Gone, detail) }
    }

    /// What the log says about it, and nobody else hears.
    pub(crate) fn cause(&self) -> Option<&StorageError> {
        match self.more.as_deref() {
            Some(More::Cause(error)) => Some(error),
            _ => None,
        }
    }

    /// The document (RFC 9457), of the request of this id as a whole or of a part of one.
    pub(crate) fn shape<'a>(&'a self, of: Option<&'a RequestId>) -> ProblemShape<'a> {
        let (status, code, title) = self.refusal.answer();
        let outcome = match self.more.as_deref() {
            Some(More::Outcome(outcome)) => Some(&**outcome),
            Some(More::Limit(_) | More::Scope(_) | More::Encodings | More::Cause(_)) | None => None,
        };
        ProblemShape {
            kind: format!("urn:accolade:problem:{code}"),
            title,
            status: status.as_u16(),
            code,
            detail: &self.detail,
            instance: of.map(RequestId::instance),
            errors: &self.errors,
            outcome,
        }
    }

    fn put_headers(&self, headers: &mut HeaderMap) {
        let mut put = |name: HeaderName, value: u64| headers.insert(name, HeaderValue::from(value));
        if let Some(seconds) = self.refusal.retry_after_s() {
            put(RETRY_AFTER, seconds);
        }
        if let Some(More::Limit(exceeded)) = self.more.as_deref() {
            let seconds = exceeded.retry_after_s();
            put(RETRY_AFTER, seconds);
            put(HeaderName::from_static("ratelimit-limit"), exceeded.limit.into());
            put(HeaderName::from_static("ratelimit-remaining"), exceeded.remaining.into());
            put(HeaderName::from_static("ratelimit-reset"), seconds);
        }
        if let Some(More::Scope(scope)) = self.more.as_deref() {
            let lacks = format!("Bearer error=\"insufficient_scope\", scope=\"{}\"", scope.code());
            let lacks = HeaderValue::try_from(lacks).expect("codes of scopes are ASCII");
            headers.insert(WWW_AUTHENTICATE, lacks);
        }
        if let Some(More::Encodings) = self.more.as_deref() {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip, zstd"));
        }
        match self.refusal {
            Refusal::Unauthorized => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            // The rest of the body is not read.
            Refusal::TooLarge | Refusal::TooSlow => {
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
    }
}

/// A problem as it is answered (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemShape<'a> {
    #[serde(rename = "type")]
    kind: String,
    /// One line for the kind of problem.
    title: &'static str,
    status: u16,
    /// Stable, for programs.
    #[schema(schema_with = problem_codes)]
    code: &'static str,
    /// What it is about this time, for people.
    detail: &'a str,
    /// The request, by its `X-Request-Id`; not with a part of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    instance: Option<Instance<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false, value_type = Vec<FieldError>)]
    errors: &'a [FieldError],
    /// With 410: what is still known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    outcome: Option<&'a RawValue>,
}

impl Problem {
    /// The answer to the request of this id.
    pub(crate) fn respond(&self, to: &RequestId) -> Response {
        let status = self.refusal.answer().0;
        let mut response = respond_with(status, "application/problem+json", &self.shape(Some(to)));
        self.put_headers(response.headers_mut());
        response
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Busy => Self::new(
                Refusal::Busy,
                "more waits for the node than fits; nothing of this request was kept",
            ),
            Refused::Uncertain => Self::new(
                Refusal::Uncertain,
                "whether this request was kept is not known: send the same bytes again, their ids count once",
            ),
            Refused::DiskFull => Self::new(
                Refusal::DiskFull,
                "the disk has too little room for new events; nothing of this request was kept",
            ),
            Refused::Stopping => Self::new(
                Refusal::Stopping,
                "the node is stopping; nothing of this request was kept",
            ),
        }
    }
}

impl From<NotHere> for Problem {
    fn from(_: NotHere) -> Self {
        let detail = "the partition is on its way from one node to another: ask again";
        Self::new(Refusal::Elsewhere, detail)
    }
}

impl From<Declined> for Problem {
    fn from(why: Declined) -> Self {
        match why {
            Declined::OperatorUnknown => Self::not_found("operator"),
            Declined::OperatorExists => {
                Self::new(Refusal::OperatorExists, "an operator of this name exists already")
            }
            Declined::Stale => Self::new(
                Refusal::Stale,
                "`If-Match` does not name the latest version: read it, and edit from there",
            ),
            Declined::NotScheduled => Self::new(
                Refusal::NotScheduled,
                "only a version that has not begun can be withdrawn",
            ),
            Declined::NoSuchDeadLetter => Self::not_found("dead letter"),
            Declined::DeadLetterClosed => Self::new(
                Refusal::DeadLetterClosed,
                "the dead letter was released or discarded before",
            ),
            Declined::NotStandingThere => {
                Self::new(Refusal::NotStandingThere, "no partition stands at this place")
            }
            Declined::Malformed => Self::new(Refusal::Malformed, "the fold could not read it"),
            Declined::IdConflict => Self::new(
                Refusal::KeyReused,
                "this `Idempotency-Key` was used for another request; use a new one",
            ),
            Declined::ReceivedBefore | Declined::TooFarAhead => {
                Self::new(Refusal::Malformed, "a message between partitions is not a request")
            }
            Declined::KeyExists => {
                Self::new(Refusal::KeyExists, "the operator has a key of this id already")
            }
            Declined::NoSuchKey => Self::not_found("key"),
            Declined::TooManyKeys => Self::new(
                Refusal::TooManyKeys,
                "the operator has as many keys, or the key has had as many secrets, as there may be",
            ),
            Declined::TooManyWebhooks => Self::new(
                Refusal::TooManyWebhooks,
                "the operator has as many webhooks, or the webhook was changed as often, as there may be",
            ),
            Declined::BehaviourPassed => Self::new(
                Refusal::Stale,
                "the fold decides by this behaviour, or a later one, already",
            ),
            Declined::NoSuchPlayer => Self::not_found("player"),
            Declined::NoSuchRedemption => Self::not_found("redemption"),
            Declined::NoSuchAdjustment => Self::not_found("adjustment"),
            Declined::SelfExcluded => Self::new(Refusal::SelfExcluded, "the player is excluded"),
            Declined::NoConsent => Self::new(
                Refusal::NoConsent,
                "the player does not take part in the loyalty program",
            ),
            Declined::NoProgram => {
                Self::new(Refusal::NoProgram, "the operator has no program in force")
            }
            Declined::ModeOff => {
                Self::new(Refusal::NoProgram, "the operator's program is switched off")
            }
            Declined::BelowMinimum => Self::field(
                Refusal::BelowMinimum,
                "/points",
                "fewer than the program in force lets be redeemed (`redemption.minPoints`)",
            ),
            Declined::InsufficientPoints => Self::new(
                Refusal::InsufficientPoints,
                "there are not so many points that can be spent",
            ),
            Declined::TooManyOpen => Self::new(
                Refusal::TooManyOpen,
                "the player has as many open redemptions, or adjustments that wait, as there may be",
            ),
            Declined::RedemptionRequested => Self::new(
                Refusal::RedemptionRequested,
                "it is not known yet whether there is one of the reward: ask again",
            ),
            Declined::RewardWithdrawn => {
                Self::new(Refusal::RewardWithdrawn, "the reward was withdrawn")
            }
            Declined::RewardNotValid => Self::new(
                Refusal::RewardNotValid,
                "the reward cannot be redeemed yet, or not any more (`from`, `until`)",
            ),
            Declined::TierNotEntitled => {
                Self::new(Refusal::TierNotEntitled, "the reward is not for the player's tier")
            }
            Declined::SegmentNotEntitled => Self::new(
                Refusal::SegmentNotEntitled,
                "the reward is not for the player's segment, or `playerSegment` does not say it",
            ),
            Declined::JurisdictionNotEntitled => Self::new(
                Refusal::JurisdictionNotEntitled,
                "the reward is not for the player's jurisdiction, or `jurisdiction` does not say it",
            ),
            Declined::RewardLimit => Self::new(
                Refusal::RewardLimit,
                "the player has redeemed the reward as often as may be in this period",
            ),
            Declined::OutOfStock => {
                Self::new(Refusal::OutOfStock, "there are not so many of the reward in stock")
            }
            Declined::TooManyRewards => Self::new(
                Refusal::TooManyRewards,
                "the operator has as many rewards, or the reward was changed as often, as there may be",
            ),
            Declined::TournamentBegan => Self::new(
                Refusal::TournamentBegan,
                "the tournament has begun, or begins within five minutes: it goes on as it is, and may end earlier; its name \
                 and how it is shown can be changed",
            ),
            Declined::TournamentOver => {
                Self::new(Refusal::TournamentOver, "the tournament has ended, or was cancelled")
            }
            Declined::TournamentPast => Self::new(
                Refusal::TournamentPast,
                "a tournament begins, and ends early, at a time that is yet to come",
            ),
            Declined::TooManyTournaments => Self::new(
                Refusal::TooManyTournaments,
                "the operator has as many tournaments, its series take place as often, or the tournament was changed as often, as there may be",
            ),
            Declined::NoSuchPrize => {
                Self::new(Refusal::NoSuchPrize, "the results of the tournament have no such place")
            }
            Declined::PrizeClosed => Self::new(
                Refusal::PrizeClosed,
                "that cannot become of the prize: one that waits may be found not eligible, what others hand out is paid \
                 or has failed, and what has failed is tried again",
            ),
            Declined::NoOptIn => Self::new(
                Refusal::NoOptIn,
                "nobody opts in to this tournament: events of all players count",
            ),
            Declined::TournamentNotScheduled => Self::new(
                Refusal::TournamentNotScheduled,
                "players opt in to a tournament that is scheduled or live",
            ),
            Declined::OptInFixed => Self::new(
                Refusal::OptInFixed,
                "the tournament was scheduled, and players may have opted in: `optIn` stays as it is, and \
                 `participantsMax` may only be raised or taken away",
            ),
            Declined::NoSuchReward => {
                Self::field(Refusal::NoSuchReward, "/rewardId", "the operator has no such reward")
            }
            Declined::RedemptionConfirmed => {
                Self::new(Refusal::RedemptionConfirmed, "the redemption was confirmed before")
            }
            Declined::RedemptionCancelled => {
                Self::new(Refusal::RedemptionCancelled, "the redemption was cancelled before")
            }
            Declined::RedemptionLapsed => Self::new(
                Refusal::RedemptionLapsed,
                "the redemption has lapsed: it was not confirmed in time, and its points were given back",
            ),
            Declined::AdjustmentClosed => Self::new(
                Refusal::AdjustmentClosed,
                "the adjustment was approved or rejected before",
            ),
            Declined::NoSuchSignal => Self::not_found("signal"),
            Declined::NoSuchWager => Self::not_found("wager"),
            Declined::SignalClosed => Self::new(
                Refusal::SignalClosed,
                "no points are held for the signal any more, or never were",
            ),
            Declined::OwnAdjustment => {
                Self::new(Refusal::OwnAdjustment, "nobody approves their own adjustment")
            }
            Declined::OpeningExists => Self::new(
                Refusal::OpeningExists,
                "the player's balance of the system before was imported already",
            ),
            Declined::NotExcluded => Self::new(Refusal::NotExcluded, "the player is not excluded"),
            Declined::ExclusionHolds => Self::new(
                Refusal::ExclusionHolds,
                "the player is excluded for longer already: an exclusion is lifted, not shortened",
            ),
            Declined::OutOfRange => {
                Self::new(Refusal::OutOfRange, "the balance would be beyond 10^15")
            }
        }
    }
}

impl From<StorageError> for Problem {
    fn from(error: StorageError) -> Self {
        let detail = "the node's files could not be read; its log says more";
        let more = Some(Box::new(More::Cause(error)));
        Self { more, ..Self::new(Refusal::Failed, detail) }
    }
}

impl From<std::io::Error> for Problem {
    fn from(source: std::io::Error) -> Self {
        StorageError::other("what was asked for could not be read", source).into()
    }
}

/// What was asked for is decided and not yet written to the journal for long: the partition stands.
pub(crate) fn not_yet() -> Problem {
    Problem::new(Refusal::Busy, "what became of it is not yet recorded; ask again")
}

/// Nothing proves that the rules here are those of the cluster.
pub(crate) fn rules_unknown() -> Problem {
    let detail = "the brokers do not answer, and rules may be missing here: ask again";
    Problem::new(Refusal::Elsewhere, detail)
}
