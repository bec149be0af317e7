//! The binary formats under arbitrary bytes: an error at the most, and nothing unbounded.

use accolade_domain::account::Account;
use accolade_domain::ledger::Subject;
use accolade_domain::time::Timestamp;
use accolade_wire::bytes::Cursor;
use accolade_wire::id_text::read_id;
use accolade_wire::journal::Outcomes;
use accolade_wire::notice::TierMoved;
use accolade_wire::notice::counted::EventCounted;
use accolade_wire::notice::games::GameScored;
use accolade_wire::notice::moved::PositionMoved;
use accolade_wire::notice::scores::Scored;
use accolade_wire::notice::signal::SignalMoved;
use accolade_wire::record::{Record, Slice};
use accolade_wire::state::{put_account, read_account};
use bolero::check;

use crate::iterations;

#[test]
fn records_and_slices_of_any_bytes() {
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        Record::read(&mut Cursor::new(bytes, "record")).ok();
        Slice::read(&mut Cursor::new(bytes, "slice")).ok();
        if let Ok(slice) = Slice::read_unchecked(&mut Cursor::new(bytes, "slice")) {
            assert!(slice.records().take(1_000).count() <= slice.count as usize);
        }
    });
}

#[test]
fn a_journal_of_any_bytes() {
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        let body = [&[1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], bytes].concat();
        let slice = Slice { partition: 1, batch: 1_000_000, flags: 0, count: 9, body: &body };
        let outcomes = Outcomes::read(&slice).expect("its head is that of a journal");
        assert!(outcomes.count() <= 9);
    });
}

#[test]
fn an_account_of_any_bytes_is_read_as_it_would_be_written() {
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        is_read_as_it_would_be_written(&[&[1], bytes].concat());
    });
}

fn is_read_as_it_would_be_written(account: &[u8]) {
    let subject = Subject([7; 16]);
    let Ok(account) = read_account(&mut Cursor::new(account, "account"), subject) else { return };
    let mut written = Vec::new();
    put_account(&mut written, &account);
    let again = read_account(&mut Cursor::new(&written, "account"), subject);
    assert_eq!(again.as_ref(), Ok(&account));
}

#[test]
fn an_account_with_a_tier_of_any_bytes_is_read_as_it_would_be_written() {
    let mut head = Vec::new();
    put_account(&mut head, &Account::new(Subject([7; 16]), Timestamp::default()));
    head[0] = 2;
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        is_read_as_it_would_be_written(&[&head, bytes].concat());
    });
}

#[test]
fn a_notice_of_any_bytes_is_read_as_it_would_be_written() {
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        let bytes = [&[1], bytes].concat();
        if let Ok(moved) = TierMoved::read(&bytes) {
            assert_eq!(TierMoved::read(&moved.to_bytes()), Ok(moved));
        }
        if let Ok(counted) = EventCounted::read(&bytes) {
            assert_eq!(EventCounted::read(&counted.to_bytes()), Ok(counted));
        }
        if let Ok(moved) = SignalMoved::read(&bytes) {
            assert_eq!(SignalMoved::read(&moved.to_bytes()), Ok(moved));
        }
        if let Ok(scored) = GameScored::read(&bytes) {
            assert_eq!(GameScored::read(&scored.to_bytes()), Ok(scored));
        }
        if let Ok(moved) = PositionMoved::read(&bytes) {
            assert_eq!(PositionMoved::read(&moved.to_bytes()), Ok(moved));
        }
        if let Ok(scored) = Scored::read(&bytes) {
            assert_eq!(Scored::read(&scored.to_bytes()), Ok(scored));
        }
    });
}

#[test]
fn an_identifier_of_any_bytes() {
    check!().with_iterations(iterations()).for_each(|bytes: &[u8]| {
        drop(read_id(&mut Cursor::new(bytes, "id")));
    });
}
