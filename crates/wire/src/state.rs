//! Values of the state, as checkpoints hold them. Each begins with its format version.

use accolade_domain::account::{Account, CapDay, Timed, ToldOf, Trail};
use accolade_domain::amount::Points;
use accolade_domain::event::Consent;
use accolade_domain::ledger::{ChainHash, Subject};
use accolade_domain::packed_lots::PackedLots;
use accolade_domain::tier::TierState;
use accolade_domain::time::{Day, Timestamp};

use crate::bytes::{BadFormat, Cursor, put_signed, put_varint};
use crate::id_text::{put_packed_id, read_packed_id};

/// The format of an account that time changes nothing of.
const ACCOUNT_FORMAT: u8 = 1;
/// The format of all others.
const ACCOUNT_FORMAT_TIMED: u8 = 2;

const PASSED_OVER: u8 = 1;
const EXCLUDED: u8 = 2;
const OPENED: u8 = 4;
const TOLD: u8 = 8;

/// Appends an account, without its subject: the link has it.
///
/// `format u8 · balance · consent u8 (0 nothing said, 1 in, 2 out) · sequence · [head 32] · count,
/// packed places u64 · [cap's day · points] · last wager (0, or 1 and an id) · last updated i64 ·
/// version`; in format 2 followed by `version by which it was settled · due i64 · marks u8 (1 passed over, 2 was
/// excluded, 4 opened, 8 told) · [told u16] · tier (0, or 1 and level u8 ·
/// points · as of · not qualified since: 0, or 1 and days back) · length, lots`.
pub fn put_account(out: &mut Vec<u8>, account: &Account) {
    let (excluded, opened) = (account.was_excluded, account.is_opened);
    let is_marked = excluded || opened;
    let is_timed =
        is_marked || account.timed != Timed::NOTHING || account.lots != PackedLots::default();
    out.push(if is_timed { ACCOUNT_FORMAT_TIMED } else { ACCOUNT_FORMAT });
    put_signed(out, account.balance.hundredths());
    out.push(match account.consent {
        None => 0,
        Some(Consent::In) => 1,
        Some(Consent::Out) => 2,
    });
    put_varint(out, account.sequence);
    if account.sequence > 0 {
        out.extend_from_slice(&account.head.0);
    }
    put_varint(out, account.trail.len() as u64);
    for packed in account.trail.packed() {
        out.extend_from_slice(&packed.to_le_bytes());
    }
    out.push(u8::from(account.cap_day != CapDay::NONE));
    if account.cap_day != CapDay::NONE {
        put_signed(out, i64::from(account.cap_day.day.0));
        put_signed(out, account.cap_day.used.hundredths());
    }
    out.push(u8::from(account.last_wager.is_some()));
    if let Some(wager) = &account.last_wager {
        put_packed_id(out, wager);
    }
    out.extend_from_slice(&account.last_updated.micros().to_le_bytes());
    put_varint(out, u64::from(account.version));
    if is_timed {
        let Timed { tier, settled_by, due, is_passed_over, told } = account.timed;
        put_varint(out, u64::from(settled_by));
        out.extend_from_slice(&due.micros().to_le_bytes());
        let is_told = told != ToldOf::NONE;
        let marks = [
            (is_passed_over, PASSED_OVER),
            (excluded, EXCLUDED),
            (opened, OPENED),
            (is_told, TOLD),
        ];
        out.push(marks.into_iter().filter(|(is_set, _)| *is_set).map(|(_, mark)| mark).sum());
        if is_told {
            out.extend_from_slice(&told.0.to_le_bytes());
        }
        put_tier(out, tier.as_ref());
        let lots = account.lots.bytes();
        put_varint(out, lots.len() as u64);
        out.extend_from_slice(lots);
    }
}

fn put_tier(out: &mut Vec<u8>, tier: Option<&TierState>) {
    out.push(u8::from(tier.is_some()));
    let Some(state) = tier else { return };
    out.push(state.level());
    put_signed(out, state.points().hundredths());
    put_signed(out, i64::from(state.as_of().0));
    match state.unqualified_since() {
        None => out.push(0),
        Some(since) => {
            out.push(1);
            put_signed(out, i64::from(state.as_of().0) - i64::from(since.0));
        }
    }
}

fn read_tier(cursor: &mut Cursor<'_>) -> Result<Option<TierState>, BadFormat> {
    if cursor.u8()? == 0 {
        return Ok(None);
    }
    let level = cursor.u8()?;
    let points = Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())?;
    let as_of = i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?;
    let since = if cursor.u8()? == 0 {
        None
    } else {
        let back = i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?;
        Some(Day(as_of.checked_sub(back).ok_or(cursor.bad())?))
    };
    let as_of = Day(as_of);
    Ok(Some(TierState::new(level, points, as_of, since)))
}

/// Reads what [`put_account`] wrote.
pub fn read_account(cursor: &mut Cursor<'_>, subject: Subject) -> Result<Account, BadFormat> {
    let is_timed = match cursor.u8()? {
        ACCOUNT_FORMAT => false,
        ACCOUNT_FORMAT_TIMED => true,
        found => {
            let known = ACCOUNT_FORMAT_TIMED.into();
            return Err(BadFormat::Unknown { what: "account", found: found.into(), known });
        }
    };
    let balance = Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())?;
    let consent = match cursor.u8()? {
        0 => None,
        1 => Some(Consent::In),
        2 => Some(Consent::Out),
        _ => return Err(cursor.bad()),
    };
    let sequence = cursor.varint()?;
    let head = if sequence > 0 { ChainHash(cursor.array()?) } else { ChainHash::default() };
    let mut places = [0; 64];
    let count: usize = cursor.small()?;
    let places = places.get_mut(..count).ok_or(cursor.bad())?;
    for place in &mut *places {
        *place = cursor.u64()?;
    }
    let cap_day = if cursor.u8()? == 0 {
        CapDay::NONE
    } else {
        let day = i32::try_from(cursor.signed()?).map_err(|_| cursor.bad())?;
        let used = Points::from_hundredths(cursor.signed()?).ok_or(cursor.bad())?;
        CapDay { day: Day(day), used }
    };
    let last_wager = match cursor.u8()? {
        0 => None,
        _ => Some(read_packed_id(cursor)?),
    };
    let last_updated = Timestamp::from_micros(cursor.i64()?);
    let version = cursor.small()?;
    let (timed, lots, marks) = if is_timed {
        let settled_by = cursor.small()?;
        let due = Timestamp::from_micros(cursor.i64()?);
        let marks = cursor.u8()?;
        if marks & !(PASSED_OVER | EXCLUDED | OPENED | TOLD) != 0 {
            return Err(cursor.bad());
        }
        let is_passed_over = marks & PASSED_OVER != 0;
        let told = if marks & TOLD == 0 { ToldOf::NONE } else { ToldOf(cursor.u16()?) };
        let timed = Timed { tier: read_tier(cursor)?, settled_by, due, is_passed_over, told };
        let length = cursor.small()?;
        let lots = PackedLots::from_bytes(cursor.take(length)?).ok_or(cursor.bad())?;
        (timed, lots, marks)
    } else {
        (Timed::NOTHING, PackedLots::default(), 0)
    };
    Ok(Account {
        subject,
        balance,
        consent,
        was_excluded: marks & EXCLUDED != 0,
        is_opened: marks & OPENED != 0,
        sequence,
        head,
        trail: Trail::from_packed(places),
        cap_day,
        lots,
        timed,
        last_wager,
        last_updated,
        version,
    })
}
