//! The canonical bytes of a ledger entry, and the hash that chains it to the entry before it.

use accolade_domain::amount::{Points, Rate};
use accolade_domain::ledger::{ChainHash, Entry, EntryKind, Moved, Parts, Place, Promoted};
use accolade_domain::lots::{Lot, PendingLot, Source, Taken};
use sha2::{Digest, Sha256};

/// The format of an entry of behaviour 1, which knows no lots, tiers and promotions.
pub const ENTRY_FORMAT: u8 = 1;
/// The format of all others, but of those of which a budget has cut something.
pub const ENTRY_FORMAT_MOVED: u8 = 2;
/// The format of those.
pub const ENTRY_FORMAT_CUT: u8 = 3;

/// SHA-256 over the canonical bytes of `entry` and `before`, the hash of the account's entry before
/// it (all zeros for the first).
///
/// Format 1, integers little-endian: `format u8 · kind u8 · operator u32 · subject 16 · sequence u64 ·
/// points i64 · balance after i64 · capped i64 · program version u32 · base u64 · rate u64 · event time
/// i64 · record time i64 · place · previous · skip · cause length u8 · cause · hash before 32`, with
/// points in hundredths, rates in 10^-8, times in microseconds, a place as `partition u16 · batch u64 ·
/// slot u32 · number u32` and an absent place as 18 zero bytes (no batch has the number 0).
///
/// Format 2 has behind `rate`: `level u8 · tier u64 · promotions u64 · multiply u128 · its decimals u8 · bonus i64`,
/// with the level's number from 0, 255 and a multiplier of 1 where no tier took part, the promotions that counted
/// as bits, and the bonus in hundredths. Behind `cause` it has the lots: `0`; or `1 · month i16 · matures i32 · paid
/// i64`, with the month as months since 1970, the hour at which they mature as hours since then (the lowest
/// number where they could be spent at once), and what paid for a debt; or `2 · count u16 · (month i16 · points i64)
/// … · count u16 · (matures i32 · month i16 · points i64) … · debt i64 · owed i64`, first of points that could be
/// spent, then of pending ones.
///
/// Format 3 has behind `bonus` what budgets of promotions lacked: `cut i64`.
pub fn chain_hash(entry: &Entry<'_>, before: &ChainHash) -> ChainHash {
    const PROMOTED_BYTES: usize = 2 + 8 * 4 + 16;
    const FIXED_BYTES: usize =
        2 + 4 + 16 + 8 * 4 + 4 + 8 * 4 + PROMOTED_BYTES + PLACE_BYTES * 3 + 1;
    let Parts { base, rate, tier, promoted } = entry.parts;
    let is_promoted = tier.is_some() || promoted != Promoted::NONE;
    let is_second = is_promoted || entry.moved != Moved::Untold;
    let is_cut = promoted.cut != Points::ZERO;
    let format = match (is_second, is_cut) {
        (true, true) => ENTRY_FORMAT_CUT,
        (true, false) => ENTRY_FORMAT_MOVED,
        (false, _) => ENTRY_FORMAT,
    };
    let mut bytes = [0_u8; FIXED_BYTES + 255];
    let mut end = 0;
    let mut put = |field: &[u8]| {
        bytes[end..end + field.len()].copy_from_slice(field);
        end += field.len();
    };
    put(&[format, kind_code(entry.kind)]);
    put(&entry.operator.to_le_bytes());
    put(&entry.subject.0);
    put(&entry.sequence.to_le_bytes());
    put(&entry.points.hundredths().to_le_bytes());
    put(&entry.balance_after.hundredths().to_le_bytes());
    put(&entry.capped.hundredths().to_le_bytes());
    put(&entry.program_version.to_le_bytes());
    put(&base.units().to_le_bytes());
    put(&rate.units().to_le_bytes());
    if is_second {
        put(&[tier.map_or(NO_LEVEL, |tier| tier.level)]);
        put(&tier.map_or(Rate::ONE, |tier| tier.multiplier).units().to_le_bytes());
        put(&promoted.counted.to_le_bytes());
        put(&promoted.multiply.mantissa().to_le_bytes());
        put(&[promoted.multiply.decimals()]);
        put(&promoted.bonus.hundredths().to_le_bytes());
    }
    if is_cut {
        put(&promoted.cut.hundredths().to_le_bytes());
    }
    put(&entry.event_time.micros().to_le_bytes());
    put(&entry.record_time.micros().to_le_bytes());
    for place in [Some(entry.place), entry.previous, entry.skip] {
        put(&place_bytes(place.unwrap_or_default()));
    }
    let cause = entry.cause.as_bytes();
    put(&[u8::try_from(cause.len()).expect("an id has at most 128 bytes")]);
    put(cause);
    let mut hasher = Sha256::new();
    hasher.update(&bytes[..end]);
    if is_second {
        hash_moved(&entry.moved, |field| hasher.update(field));
    }
    hasher.update(before.0);
    ChainHash(hasher.finalize().into())
}

fn hash_moved(moved: &Moved, mut put: impl FnMut(&[u8])) {
    match moved {
        Moved::Untold => put(&[0]),
        Moved::Into { source: Source { month, matures }, paid } => {
            put(&[1]);
            put(&month.0.to_le_bytes());
            put(&matures.map_or(i32::MIN, |hour| hour.0).to_le_bytes());
            put(&paid.hundredths().to_le_bytes());
        }
        Moved::From(taken) => {
            let Taken { ready, pending, debt, owed } = &**taken;
            put(&[2]);
            put(&count(ready.len()));
            for Lot { month, points } in ready {
                put(&month.0.to_le_bytes());
                put(&points.hundredths().to_le_bytes());
            }
            put(&count(pending.len()));
            for PendingLot { matures, month, points } in pending {
                put(&matures.0.to_le_bytes());
                put(&month.0.to_le_bytes());
                put(&points.hundredths().to_le_bytes());
            }
            put(&debt.hundredths().to_le_bytes());
            put(&owed.hundredths().to_le_bytes());
        }
    }
}

fn count(length: usize) -> [u8; 2] {
    u16::try_from(length).expect("an account has few lots").to_le_bytes()
}

/// The code of an entry's kind in every format.
pub const fn kind_code(kind: EntryKind) -> u8 {
    match kind {
        EntryKind::Earned => 1,
        EntryKind::Voided => 2,
        EntryKind::Expired => 3,
        EntryKind::Redeemed => 4,
        EntryKind::Adjusted => 5,
        EntryKind::Opening => 6,
        EntryKind::Prize => 7,
    }
}

/// The kind of entry that has a code.
pub const fn entry_kind(code: u8) -> Option<EntryKind> {
    match code {
        1 => Some(EntryKind::Earned),
        2 => Some(EntryKind::Voided),
        3 => Some(EntryKind::Expired),
        4 => Some(EntryKind::Redeemed),
        5 => Some(EntryKind::Adjusted),
        6 => Some(EntryKind::Opening),
        7 => Some(EntryKind::Prize),
        _ => None,
    }
}

/// Stands where no tier took part: there are never so many levels.
const NO_LEVEL: u8 = u8::MAX;

const PLACE_BYTES: usize = 18;

fn place_bytes(place: Place) -> [u8; PLACE_BYTES] {
    let mut bytes = [0; PLACE_BYTES];
    bytes[..2].copy_from_slice(&place.partition.to_le_bytes());
    bytes[2..10].copy_from_slice(&place.batch.to_le_bytes());
    bytes[10..14].copy_from_slice(&place.slot.to_le_bytes());
    bytes[14..].copy_from_slice(&place.number.to_le_bytes());
    bytes
}
