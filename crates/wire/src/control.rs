//! Control records and commands: JSON in the body of a record.

use serde::{Deserialize, Serialize};

use crate::budget::Says;
use crate::reward::RewardTerms;
use crate::tournament::TournamentTerms;

/// A control record: ordered in every partition, and the only way in which rules change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "control", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Control {
    /// The first record of a cluster's life.
    Genesis {
        /// The cluster's random id, in hexadecimal.
        cluster_id: String,
        /// How many partitions there are, for ever.
        partitions: u16,
        /// Key of the id hash, 32 hexadecimal figures.
        hash_key: String,
        /// How the fold decides.
        behaviour: u16,
        /// Hours of event time in which a repeat with its own timestamp is found.
        window_hours: u16,
        /// Hours before the batch's time in which a re-stamped repeat is found.
        recent_hours: u16,
    },
    /// A new operator.
    Operator {
        /// The operator's name in events.
        operator: String,
        /// Hash of the key that it is added with, in hexadecimal; empty for none.
        key_hash: String,
        /// Most events a second that it may send; 0 for no limit.
        events_per_second: u32,
    },
    /// The key that the first start prints: it may add the first operator, and nothing else.
    FirstKey {
        /// Hash of its secret, 64 hexadecimal figures.
        secret_hash: String,
        /// Until when it is valid, in microseconds since 1970.
        until: i64,
        /// Who made it.
        who: String,
    },
    /// An operator that is added by that key: the first, or none.
    FirstOperator {
        /// The operator's name in events.
        operator: String,
        /// Hash of the key that it is added with, in hexadecimal.
        key_hash: String,
        /// Most events a second that it may send; 0 for no limit.
        events_per_second: u32,
    },
    /// A new version of an operator's program.
    Publish {
        /// The operator.
        operator: String,
        /// The version that it was edited from; 0 for the first.
        edited_from: u32,
        /// From which event time on it applies, in microseconds since 1970.
        effective_from: i64,
        /// Why, in the editor's words.
        why: String,
        /// Who published it.
        who: String,
        /// When, in microseconds since 1970.
        published_at: i64,
        /// The document, as canonical JSON.
        document: String,
        /// The zone's offsets: from when (microseconds), seconds east of UTC.
        zone: Vec<(i64, i32)>,
    },
    /// A scheduled version that shall not begin.
    Withdraw {
        /// The operator.
        operator: String,
        /// The version.
        version: u32,
        /// Why, in the editor's words.
        why: String,
        /// Who withdrew it.
        who: String,
    },
    /// The input that stopped a partition becomes a dead letter.
    Skip {
        /// The partition that stands.
        partition: u16,
        /// The batch in which it stands.
        batch: u64,
        /// The slot at which it stands.
        slot: u32,
        /// Who decided.
        who: String,
    },
    /// From here on the fold decides by another behaviour, once every node can.
    Behaviour {
        /// The behaviour's number.
        number: u16,
    },
    /// A new key of an operator.
    Key(NewKey),
    /// A key gets another secret.
    RotateKey {
        /// The operator.
        operator: String,
        /// The key's id.
        id: String,
        /// Identity of the rotation, made at the edge: there is one of it.
        rotation: String,
        /// Hash of the new secret, 64 hexadecimal figures.
        secret_hash: String,
        /// Until when the secrets before it are valid, in microseconds since 1970.
        old_until: i64,
        /// Who rotated it.
        who: String,
    },
    /// A key opens nothing any more.
    RevokeKey {
        /// The operator.
        operator: String,
        /// The key's id.
        id: String,
        /// Who revoked it.
        who: String,
    },
    /// Nothing more is taken in from an operator at the door, until it is resumed.
    Pause {
        /// The operator.
        operator: String,
        /// Why, in words.
        why: String,
        /// Who paused it.
        who: String,
    },
    /// An operator that was paused goes on.
    Resume {
        /// The operator.
        operator: String,
        /// Who resumed it.
        who: String,
    },
    /// A webhook as it is from here on; from behaviour 2 on.
    Webhook(WebhookTerms),
    /// A reward as it is from here on; from behaviour 2 on.
    Reward(RewardTerms),
    /// A tournament as it is from here on; from behaviour 2 on.
    Tournament(TournamentTerms),
}

/// A webhook: where an operator is told of what happens, of which things, and with what that is signed. Whoever changes
/// anything of it says all of it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookTerms {
    /// The operator.
    pub operator: String,
    /// Its id, made at the edge.
    pub id: String,
    /// How often it was said before; 0 for a new one.
    pub edited_from: u32,
    /// Where it is.
    pub url: String,
    /// What people call it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The types of what it is told; everything without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What its messages are signed with, the newest first.
    pub secrets: Vec<SealedSecret>,
    /// Why it is told nothing for now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<String>,
    /// It is told nothing any more, and is never changed again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
    /// Who said so.
    pub who: String,
}

/// A secret that only nodes read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecret {
    /// Identity of the secret, made at the edge.
    pub id: String,
    /// It, as the edge has sealed it.
    pub sealed: String,
    /// Until when it signs, in microseconds since 1970; always without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// What a new key is, and what it may be used for. The fold keeps it; whether a key is valid is decided where it
/// is shown, since only there is a clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    /// The operator.
    pub operator: String,
    /// Its id, made at the edge.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// The names of its roles.
    pub roles: Vec<String>,
    /// Hash of its secret, 64 hexadecimal figures.
    pub secret_hash: String,
    /// Until when it is valid, in microseconds since 1970; always without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
    /// The networks (CIDR) from which it may be used; any without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<String>,
    /// The types of game events that it may send; any without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub event_types: Vec<String>,
    /// The origins of the pages that may use it; any without.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// The only player that it may name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub player: Option<String>,
    /// Who made it.
    pub who: String,
}

/// Why the body of a control record is none of this release's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// It is not a control record of any release.
    Malformed,
    /// It is a control record that this release does not know, by its name.
    Unknown(String),
}

/// The names of all control records, those of behaviour 1 first.
const NAMES: [&str; 16] = [
    "genesis",
    "operator",
    "firstKey",
    "firstOperator",
    "publish",
    "withdraw",
    "skip",
    "behaviour",
    "key",
    "rotateKey",
    "revokeKey",
    "pause",
    "resume",
    "webhook",
    "reward",
    "tournament",
];
/// How many of them behaviour 1 has.
const FIRST_NAMES: usize = 13;

impl Control {
    /// Reads the body of a control record.
    pub fn read(body: &[u8]) -> Result<Self, Unread> {
        serde_json::from_slice(body).map_err(|_| match name_of(body) {
            Some(name) if !NAMES.contains(&&*name) => Unread::Unknown(name),
            _ => Unread::Malformed,
        })
    }

    /// Reads it as behaviour 1 does, which knows none of those that came later: what a log says was decided by what
    /// every release of that behaviour knew.
    pub fn read_first(body: &[u8]) -> Result<Self, Unread> {
        match name_of(body) {
            Some(name) if !NAMES[..FIRST_NAMES].contains(&&*name) => Err(Unread::Unknown(name)),
            _ => Self::read(body),
        }
    }
}

fn name_of(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        control: String,
    }
    serde_json::from_slice(body).ok().map(|Named { control }| control)
}

/// A command to one partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Command {
    /// Whether a player takes part.
    Consent {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// `true` for in.
        joins: bool,
    },
    /// Gives a dead letter other bytes; it stays open.
    Repair {
        /// Identity of the command.
        id: String,
        /// The dead letter's batch and slot in this partition.
        dead_letter: (u64, u32),
        /// The new bytes.
        original: String,
        /// The operator of a game event whose source names none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        operator: Option<String>,
    },
    /// Releases a dead letter, once: it is sent to its player's partition.
    Release {
        /// Identity of the command.
        id: String,
        /// The dead letter's batch and slot in this partition.
        dead_letter: (u64, u32),
    },
    /// Gives a dead letter up.
    Discard {
        /// Identity of the command.
        id: String,
        /// The dead letter's batch and slot in this partition.
        dead_letter: (u64, u32),
        /// Why, in words.
        why: String,
    },
    /// An idempotency key stands for one request from here on. It only occupies its id.
    Claim {
        /// Who uses which key, and for what: a hash.
        id: String,
        /// What is asked, as a hash.
        request: String,
    },
    /// Says that a message of this partition was taken in where it went.
    Arrived {
        /// The partition to which it went.
        by: u16,
        /// Its number among the messages to that partition.
        sequence: u64,
    },
    /// Sets points of a player's aside, to be spent; from behaviour 2 on, as all below.
    Reserve {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// How many, in hundredths.
        points: i64,
        /// What they are to be spent on, in the operator's own words or ids; may be empty.
        item: String,
        /// Who asks.
        who: String,
    },
    /// What is reserved is spent.
    Confirm {
        /// Identity of the command.
        id: String,
        /// The redemption.
        redemption: Request,
        /// Who says so.
        who: String,
    },
    /// What is reserved is given back.
    Cancel {
        /// Identity of the command.
        id: String,
        /// The redemption.
        redemption: Request,
        /// Why, in words; may be empty.
        why: String,
        /// Who says so.
        who: String,
    },
    /// A person changes a balance.
    Adjust {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// By how much, in hundredths.
        points: i64,
        /// Why, in words.
        why: String,
        /// The person.
        who: String,
    },
    /// Another person lets an adjustment be, or not.
    Decide {
        /// Identity of the command.
        id: String,
        /// The adjustment.
        adjustment: Request,
        /// Whether it shall be.
        approves: bool,
        /// Why, in words; may be empty.
        why: String,
        /// The person.
        who: String,
    },
    /// Somebody outside has found something of a player.
    RaiseSignal {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// What it is called.
        name: String,
        /// The wager that it is about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wager_id: Option<String>,
        /// Whether the wager's points are to be held until a person decides.
        hold: bool,
        /// Why, in words.
        why: String,
        /// Who raises it.
        who: String,
    },
    /// A person decides about points that are held for a signal.
    DecideSignal {
        /// Identity of the command.
        id: String,
        /// The signal.
        signal: Request,
        /// Whether they are taken; else they are let go of.
        takes: bool,
        /// Why, in words.
        why: String,
        /// The person.
        who: String,
    },
    /// A player is excluded.
    Exclude {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// Until when, in microseconds since 1970; for ever without.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<i64>,
        /// Why, in words; may be empty.
        why: String,
        /// Who says so.
        who: String,
    },
    /// An exclusion was a mistake, or is over.
    Readmit {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// Why, in words.
        why: String,
        /// Who says so.
        who: String,
    },
    /// Takes over a player's balance of the system before, once.
    TakeOver {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// How many points, in hundredths.
        points: i64,
        /// Who says so.
        who: String,
    },
    /// Sets the points of a reward of the catalogue aside.
    Redeem {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// The reward's id.
        reward: String,
        /// The player's segment, as far as whoever asks says it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        segment: Option<String>,
        /// The player's jurisdiction, likewise.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        jurisdiction: Option<String>,
        /// Who asks.
        who: String,
    },
    /// Puts something into the stock of a reward, or takes it out; in the partition that has the stock.
    Restock {
        /// Identity of the command.
        id: String,
        /// The reward's id.
        reward: String,
        /// How many; taken out where it is below 0.
        by: i64,
        /// Why, in words; may be empty.
        why: String,
        /// Who says so.
        who: String,
    },
    /// Asks the partition that has the stock of a reward for one of it: a message of the partition that has the redemption.
    TakeStock {
        /// The reward's number.
        reward: u32,
        /// The redemption, of the partition that asks.
        redemption: Request,
    },
    /// Answers that.
    StockTaken {
        /// The reward's number.
        reward: u32,
        /// The redemption, of this partition.
        redemption: Request,
        /// There was one, and it is the redemption's.
        granted: bool,
    },
    /// Gives back what was taken from the stock of a reward, by a message.
    ReturnStock {
        /// The reward's number.
        reward: u32,
    },
    /// Says how far a webhook was told of what has happened here; from behaviour 2 on.
    Told {
        /// The webhook's number.
        webhook: u32,
        /// One more than the last time that it was said.
        revision: u64,
        /// The first batch that may have something it was not told of, and that is not remembered.
        next: u64,
        /// What is to be remembered, by whoever tells it.
        remembered: String,
    },
    /// A place of a tournament that is settled: whoever settles it tells its player's partition, which pays what is won.
    Award(Award),
    /// What has become of something that is won, or shall not be.
    Fulfil {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// The tournament's number.
        tournament: u32,
        /// The place.
        place: u32,
        /// What becomes of it.
        becomes: Becomes,
        /// Why, in words; may be empty.
        why: String,
        /// Who says so.
        who: String,
    },
    /// What a player's events from before a tournament was scheduled count in it, or some of them: whoever reads the log tells
    /// the player's partition, as often as it takes.
    Fill(FillPage),
    /// Adds some more of that to the player's score.
    CountFilled {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// The tournament's number.
        tournament: u32,
    },
    /// Where players of a tournament stand whose scores have changed: whoever has the partition of its id says it there, as often
    /// as it takes.
    Moved(MovedPage),
    /// Whether a player takes part in a tournament to which players opt in.
    OptIn {
        /// Identity of the command.
        id: String,
        /// The player.
        player_id: String,
        /// The tournament's number.
        tournament: u32,
        /// `true` for in.
        joins: bool,
        /// Who says so.
        who: String,
    },
    /// Asks the partition that gives the seats of a tournament for one: a message of the partition that has the player.
    TakeSeat {
        /// The tournament's number.
        tournament: u32,
        /// The opt-in, of the partition that asks.
        opt_in: Request,
    },
    /// Answers that.
    SeatTaken {
        /// The tournament's number.
        tournament: u32,
        /// The opt-in, of this partition.
        opt_in: Request,
        /// There was one, and it is the player's.
        granted: bool,
    },
    /// Gives back a seat of a tournament, by a message.
    ReturnSeat {
        /// The tournament's number.
        tournament: u32,
    },
    /// What one partition says to another about a promotion's budget, as a message; from behaviour 2 on.
    Budget {
        /// The promotion's name.
        promotion: String,
        /// What it says.
        says: Says,
    },
}

/// What some events of a player count in a tournament.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FillPage {
    /// Identity of the command.
    pub id: String,
    /// The player.
    pub player_id: String,
    /// The tournament's number.
    pub tournament: u32,
    /// The events, in any order.
    pub events: Vec<PastEvent>,
}

/// What an event counts, or what a void takes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PastEvent {
    /// Its batch in the player's partition.
    pub batch: u64,
    /// Its slot.
    pub slot: u32,
    /// The time of that batch, in microseconds since 1970.
    pub now: i64,
    /// What it does.
    #[serde(flatten)]
    pub does: PastDoes,
}

/// What an event of the past does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PastDoes {
    /// It counts.
    Counts {
        /// So much, in 10^-18, as a text.
        value: String,
        /// Its own time, in microseconds since 1970.
        at: i64,
    },
    /// It takes back what the wager of a batch and a slot counts.
    Voids {
        /// Those.
        wager: (u64, u32),
    },
}

/// Where some players of a tournament stand whose scores have changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovedPage {
    /// The tournament's number.
    pub tournament: u32,
    /// One more than that of the page before.
    pub revision: u64,
    /// Which look at the leaderboard it is of: when that began by the node's clock, in microseconds since 1970.
    pub look: i64,
    /// Which of its pages, from 1.
    pub page: u32,
    /// Those whose scores have changed at that time or later, in microseconds since 1970: it is one before which all were told of.
    pub after: i64,
    /// Those whose scores have changed before that time are told of once the last page is here.
    pub at: i64,
    /// No other page belongs to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_last: bool,
    /// The players, each of them once, [`MOVED_LINES_MAX`] at most.
    pub lines: Vec<MovedLine>,
}

/// Most lines of a [`MovedPage`].
pub const MOVED_LINES_MAX: usize = 1_000;

/// Where a player stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MovedLine {
    /// The player.
    pub player_id: String,
    /// Who that is where names are not kept, 32 hexadecimal figures.
    pub subject: String,
    /// The position, from 1.
    pub position: u64,
    /// The score, in 10^-18, as a text.
    pub score: String,
    /// When it has last changed: the time of that batch, in microseconds since 1970.
    pub reached: i64,
}

/// A place of a tournament, and what is won there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Award {
    /// Identity of the command.
    pub id: String,
    /// The player who has the place.
    pub player_id: String,
    /// The tournament's number.
    pub tournament: u32,
    /// The place, from 1.
    pub place: u32,
    /// Of which settlement: 0 for the first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub settlement: u32,
    /// The place that the player had in the settlement before; 0 for none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub before: u32,
    /// The position, which others may share; 0 for a player who has no place any more.
    pub position: u64,
    /// The score, in 10^-18, as a text.
    pub score: String,
    /// How many events it is made of.
    pub events: u64,
    /// How many points are won, in hundredths.
    pub points: i64,
    /// Which of the tournament's prizes, from 0, is a thing that is won.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing: Option<u8>,
    /// It is to be paid: whoever says so knows that it may be.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pays: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for this")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What may become of something that is won, by whoever fulfils it or decides about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Becomes {
    /// The player has it.
    Paid,
    /// It could not be handed out.
    Failed,
    /// It is tried again.
    Retrying,
    /// The player must not have it.
    NotEligible,
}

/// A redemption, an adjustment, a signal or an opt-in, by its player and the record that asked for it, of the command's own partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The player's number in the partition.
    pub player: u32,
    /// The batch of the record.
    pub batch: u64,
    /// Its slot.
    pub slot: u32,
}

/// Why the body of a command is none of this release's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnreadCommand {
    /// It is not a command of any release; what is wrong with it.
    Malformed(String),
    /// It is a command that this release does not know, by its name.
    Unknown(String),
}

/// The names of the commands of behaviour 1.
const COMMANDS_FIRST: [&str; 6] = ["consent", "repair", "release", "discard", "claim", "arrived"];
/// The names of those that behaviour 2 has beside them.
const COMMANDS_SECOND: [&str; 26] = [
    "reserve",
    "confirm",
    "cancel",
    "adjust",
    "decide",
    "exclude",
    "readmit",
    "takeOver",
    "told",
    "raiseSignal",
    "decideSignal",
    "budget",
    "redeem",
    "restock",
    "takeStock",
    "stockTaken",
    "returnStock",
    "award",
    "fulfil",
    "fill",
    "countFilled",
    "moved",
    "optIn",
    "takeSeat",
    "seatTaken",
    "returnSeat",
];

impl Command {
    /// Reads the body of a command.
    pub fn read(body: &str) -> Result<Self, UnreadCommand> {
        serde_json::from_str(body).map_err(|error| match Self::name_in(body) {
            Some(name) if !COMMANDS_FIRST.iter().chain(&COMMANDS_SECOND).any(|it| *it == name) => {
                UnreadCommand::Unknown(name)
            }
            _ => UnreadCommand::Malformed(error.to_string()),
        })
    }

    /// The same, as behaviour 1 does.
    pub fn read_first(body: &str) -> Result<Self, UnreadCommand> {
        match Self::name_in(body) {
            Some(name) if COMMANDS_SECOND.contains(&&*name) => Err(UnreadCommand::Unknown(name)),
            _ => Self::read(body),
        }
    }

    /// The name of a command, of whichever release.
    fn name_in(body: &str) -> Option<String> {
        #[derive(Deserialize)]
        struct Named {
            command: String,
        }
        serde_json::from_str(body).ok().map(|Named { command }| command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reward::{RewardLimit, RewardPeriod, RewardValue};
    use crate::tournament::recurrence::{Begins, RecurrenceTerms};
    use crate::tournament::{Cadence, Fill, Mode, SeriesTerms, Stage, TiesBy};

    /// One of each kind; a new one does not compile until it is told apart.
    fn every_control() -> Vec<Control> {
        let name = String::new;
        let all = vec![
            Control::Genesis {
                cluster_id: name(),
                partitions: 1,
                hash_key: name(),
                behaviour: 1,
                window_hours: 1,
                recent_hours: 1,
            },
            Control::Operator { operator: name(), key_hash: name(), events_per_second: 0 },
            Control::FirstKey { secret_hash: name(), until: 1, who: name() },
            Control::FirstOperator { operator: name(), key_hash: name(), events_per_second: 0 },
            Control::Publish {
                operator: name(),
                edited_from: 0,
                effective_from: 0,
                why: name(),
                who: name(),
                published_at: 0,
                document: name(),
                zone: vec![],
            },
            Control::Withdraw { operator: name(), version: 1, why: name(), who: name() },
            Control::Skip { partition: 0, batch: 1, slot: 1, who: name() },
            Control::Behaviour { number: 2 },
            Control::Key(NewKey {
                operator: name(),
                id: name(),
                name: name(),
                roles: vec![name()],
                secret_hash: name(),
                until: Some(1),
                networks: vec![],
                event_types: vec![name()],
                origins: vec![],
                player: None,
                who: name(),
            }),
            Control::RotateKey {
                operator: name(),
                id: name(),
                rotation: name(),
                secret_hash: name(),
                old_until: 1,
                who: name(),
            },
            Control::RevokeKey { operator: name(), id: name(), who: name() },
            Control::Pause { operator: name(), why: name(), who: name() },
            Control::Resume { operator: name(), who: name() },
            Control::Webhook(WebhookTerms {
                operator: name(),
                id: name(),
                edited_from: 1,
                url: name(),
                description: "a".into(),
                events: vec![name()],
                secrets: vec![SealedSecret { id: name(), sealed: name(), until: Some(1) }],
                disabled: Some(name()),
                deleted: true,
                who: name(),
            }),
            Control::Reward(RewardTerms {
                operator: name(),
                id: name(),
                edited_from: 1,
                name: name(),
                description: "a".into(),
                picture: "b".into(),
                points: 1,
                kind: name(),
                value: Some(RewardValue {
                    amount: "0.000000000000000001".into(),
                    currency: name(),
                }),
                from: Some(1),
                until: Some(2),
                tiers: vec![name()],
                segments: vec![name()],
                jurisdictions: vec![name()],
                limit: Some(RewardLimit { count: 1, per: RewardPeriod::Ever }),
                stocked: true,
                withdrawn: true,
                who: name(),
            }),
            Control::Tournament(TournamentTerms {
                operator: name(),
                id: name(),
                mode: Mode::Shadow,
                edited_from: 1,
                name: name(),
                description: "a".into(),
                query: "b".into(),
                starts: 1,
                ends: 2,
                grace_seconds: 3,
                timezone: "UTC".into(),
                zone: vec![(4, 5)],
                recurs: Some(RecurrenceTerms {
                    begins: Begins::Cron(name()),
                    lasts: Some("2d".into()),
                }),
                series: Some(SeriesTerms { number: 8, said: 9 }),
                cap: Some(i128::MAX),
                cap_per_hour: Some(7),
                cap_per_day: Some(10_i128.pow(20)),
                ties: TiesBy::Shared,
                events_min: 6,
                public_positions: 7,
                masked: true,
                cadence: Cadence::TenSeconds,
                prizes: Vec::new(),
                approval: false,
                public: true,
                opt_in: true,
                participants_max: Some(8),
                stage: Stage::Scheduled,
                fill: Some(Fill::Reading),
                results: None,
                again: None,
                why: "c".into(),
                who: name(),
            }),
        ];
        for (control, name) in all.iter().zip(NAMES) {
            let own = match control {
                Control::Genesis { .. } => "genesis",
                Control::Operator { .. } => "operator",
                Control::FirstKey { .. } => "firstKey",
                Control::FirstOperator { .. } => "firstOperator",
                Control::Publish { .. } => "publish",
                Control::Withdraw { .. } => "withdraw",
                Control::Skip { .. } => "skip",
                Control::Behaviour { .. } => "behaviour",
                Control::Key(_) => "key",
                Control::RotateKey { .. } => "rotateKey",
                Control::RevokeKey { .. } => "revokeKey",
                Control::Pause { .. } => "pause",
                Control::Resume { .. } => "resume",
                Control::Webhook(_) => "webhook",
                Control::Reward(_) => "reward",
                Control::Tournament(_) => "tournament",
            };
            assert_eq!(own, name);
        }
        all
    }

    #[test]
    fn a_control_record_is_read_as_it_was_written() {
        let all = every_control();
        assert_eq!(all.len(), NAMES.len());
        for (control, name) in all.into_iter().zip(NAMES) {
            let body = serde_json::to_vec(&control).unwrap();
            assert_eq!(Control::read(&body), Ok(control));
            let bare = format!(r#"{{"control":"{name}"}}"#);
            assert_eq!(
                Control::read(bare.as_bytes()),
                Err(Unread::Malformed),
                "{name} lacks fields"
            );
        }
    }

    #[test]
    fn a_control_record_of_a_newer_release_is_told_apart_from_what_is_none() {
        let read = |body: &str| Control::read(body.as_bytes()).unwrap_err();
        let unknown = read(r#"{"control":"league","name":"spring","prizes":[1,2]}"#);
        assert_eq!(unknown, Unread::Unknown("league".into()));
        let none =
            ["", "{}", "[]", r#"{"control":5}"#, r#"{"name":"spring"}"#, "{\"control\":\"x\""];
        for body in none {
            assert_eq!(read(body), Unread::Malformed, "{body}");
        }
    }

    #[test]
    fn behaviour_1_knows_no_control_record_that_came_later() {
        for (at, control) in every_control().into_iter().enumerate() {
            let body = serde_json::to_vec(&control).unwrap();
            let bare = format!(r#"{{"control":"{}"}}"#, NAMES[at]);
            let unknown = Unread::Unknown(NAMES[at].into());
            let [read, lacking] = [&*body, bare.as_bytes()].map(Control::read_first);
            if at < FIRST_NAMES {
                assert_eq!((read, lacking), (Ok(control), Err(Unread::Malformed)));
            } else {
                assert_eq!((read, lacking), (Err(unknown.clone()), Err(unknown)));
            }
        }
        assert_eq!(Control::read_first(b"[]"), Err(Unread::Malformed));
    }

    #[test]
    fn a_command_of_a_newer_release_is_told_apart_from_a_malformed_one() {
        let place = (1, 1);
        let redemption = Request { player: 0, batch: 1, slot: 1 };
        let (id, original, why) = ("c".to_owned(), String::new(), String::new());
        let all = [
            Command::Consent { id: id.clone(), player_id: "p".into(), joins: true },
            Command::Repair {
                id: id.clone(),
                dead_letter: place,
                original,
                operator: Some("house".into()),
            },
            Command::Release { id: id.clone(), dead_letter: place },
            Command::Discard { id: id.clone(), dead_letter: place, why },
            Command::Claim { id: id.clone(), request: String::new() },
            Command::Arrived { by: 1, sequence: 1 },
            Command::Reserve {
                id: id.clone(),
                player_id: "p".into(),
                points: 1,
                item: id.clone(),
                who: id.clone(),
            },
            Command::Confirm { id: id.clone(), redemption, who: id.clone() },
            Command::Cancel { id: id.clone(), redemption, why: id.clone(), who: id.clone() },
            Command::Adjust {
                id: id.clone(),
                player_id: "p".into(),
                points: -1,
                why: id.clone(),
                who: id.clone(),
            },
            Command::Decide {
                id: id.clone(),
                adjustment: redemption,
                approves: true,
                why: id.clone(),
                who: id.clone(),
            },
            Command::Exclude {
                id: id.clone(),
                player_id: "p".into(),
                until: None,
                why: id.clone(),
                who: id.clone(),
            },
            Command::Readmit {
                id: id.clone(),
                player_id: "p".into(),
                why: id.clone(),
                who: id.clone(),
            },
            Command::TakeOver { id: id.clone(), player_id: "p".into(), points: 1, who: id.clone() },
            Command::Told { webhook: 1, revision: 1, next: 1, remembered: String::new() },
            Command::RaiseSignal {
                id: id.clone(),
                player_id: "p".into(),
                name: id.clone(),
                wager_id: None,
                hold: false,
                why: id.clone(),
                who: id.clone(),
            },
            Command::DecideSignal {
                id: "c".into(),
                signal: redemption,
                takes: true,
                why: String::new(),
                who: String::new(),
            },
            Command::Budget { promotion: String::new(), says: Says::Asks { points: 1 } },
            Command::Redeem {
                id: id.clone(),
                player_id: "p".into(),
                reward: id.clone(),
                segment: Some(id.clone()),
                jurisdiction: None,
                who: id.clone(),
            },
            Command::Restock {
                id: id.clone(),
                reward: id.clone(),
                by: -1,
                why: id.clone(),
                who: id,
            },
            Command::TakeStock { reward: 1, redemption },
            Command::StockTaken { reward: 1, redemption, granted: true },
            Command::ReturnStock { reward: 1 },
            Command::Award(Award {
                id: "c".into(),
                player_id: "p".into(),
                tournament: 1,
                place: 1,
                settlement: 0,
                before: 0,
                position: 1,
                score: "1".into(),
                events: 1,
                points: 1,
                thing: Some(0),
                pays: true,
            }),
            Command::Fulfil {
                id: "c".into(),
                player_id: "p".into(),
                tournament: 1,
                place: 1,
                becomes: Becomes::Paid,
                why: "c".into(),
                who: "c".into(),
            },
            Command::Fill(FillPage {
                id: "c".into(),
                player_id: "p".into(),
                tournament: 1,
                events: vec![
                    PastEvent {
                        batch: 1,
                        slot: 2,
                        now: 3,
                        does: PastDoes::Counts { value: "-7".into(), at: 4 },
                    },
                    PastEvent {
                        batch: 2,
                        slot: 1,
                        now: 3,
                        does: PastDoes::Voids { wager: (1, 2) },
                    },
                ],
            }),
            Command::CountFilled { id: "c".into(), player_id: "p".into(), tournament: 1 },
            Command::Moved(MovedPage {
                tournament: 1,
                revision: 2,
                look: 8,
                page: 1,
                after: 3,
                at: 4,
                is_last: true,
                lines: vec![MovedLine {
                    player_id: "p".into(),
                    subject: "07".repeat(16),
                    position: 5,
                    score: "-6".into(),
                    reached: 7,
                }],
            }),
            Command::OptIn {
                id: "c".into(),
                player_id: "p".into(),
                tournament: 1,
                joins: true,
                who: "c".into(),
            },
            Command::TakeSeat { tournament: 1, opt_in: redemption },
            Command::SeatTaken { tournament: 1, opt_in: redemption, granted: true },
            Command::ReturnSeat { tournament: 1 },
        ];
        let names = COMMANDS_FIRST.into_iter().chain(COMMANDS_SECOND);
        assert_eq!(all.len(), names.clone().count());
        for (command, name) in all.into_iter().zip(names) {
            let body = serde_json::to_string(&command).unwrap();
            let first = if COMMANDS_FIRST.contains(&name) {
                Ok(command.clone())
            } else {
                Err(UnreadCommand::Unknown(name.into()))
            };
            assert_eq!(Command::read_first(&body), first);
            assert_eq!(Command::read(&body), Ok(command));
            let bare = Command::read(&format!(r#"{{"command":"{name}"}}"#));
            assert!(matches!(bare, Err(UnreadCommand::Malformed(_))), "{name} lacks fields");
        }
        let unknown = Command::read(r#"{"command":"gamble","id":"c"}"#);
        assert_eq!(unknown, Err(UnreadCommand::Unknown("gamble".into())));
        assert!(matches!(Command::read("{}"), Err(UnreadCommand::Malformed(_))));
    }
}
