//! Values of the state, as checkpoints hold them. Each begins with its format version.

use accolade_domain::account::{Account, CapDay, Trail};
use accolade_domain::amount::Points;
use accolade_domain::event::Consent;
use accolade_domain::ledger::{ChainHash, Subject};
use accolade_domain::time::{Day, Timestamp};

use crate::bytes::{BadFormat, Cursor, put_signed, put_varint};
use crate::id_text::{put_packed_id, read_packed_id};

const ACCOUNT_FORMAT: u8 = 1;

/// Appends an account, without its subject: the link has it.
///
/// `format u8 · balance · consent u8 (0 nothing said, 1 in, 2 out) · sequence · [head 32] · count,
/// packed places u64 · [cap's day · points] · last wager (0, or 1 and an id) · last updated i64 ·
/// version`.
pub fn put_account(out: &mut Vec<u8>, account: &Account) {
    out.push(ACCOUNT_FORMAT);
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
    put_varint(out, account.version);
}

/// Reads what [`put_account`] wrote.
pub fn read_account(cursor: &mut Cursor<'_>, subject: Subject) -> Result<Account, BadFormat> {
    cursor.format_of("account", ACCOUNT_FORMAT)?;
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
    Ok(Account {
        subject,
        balance,
        consent,
        sequence,
        head,
        trail: Trail::from_packed(places),
        cap_day,
        last_wager,
        last_updated: Timestamp::from_micros(cursor.i64()?),
        version: cursor.varint()?,
    })
}
