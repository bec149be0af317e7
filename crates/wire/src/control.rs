//! Control records and commands: JSON in the body of a record.

use serde::{Deserialize, Serialize};

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
        /// SHA-256 of its API key, in hexadecimal.
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
    /// Says that what this partition sent has been folded where it went.
    Arrived {
        /// The place from which it was sent: batch and slot in this partition.
        sent_from: (u64, u32),
    },
}
