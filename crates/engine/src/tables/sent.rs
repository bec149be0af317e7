//! How many messages went to each partition, so that each has a number of its own.

use accolade_wire::bytes::{BadFormat, Cursor, put_varint};

use super::Table;

/// The table of counts, by the partition to which messages went.
#[derive(Debug, Default)]
pub struct Sent;

impl Table for Sent {
    type Key = u16;
    type Value = u64;

    const NAME: &'static str = "count of messages sent";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, to: &u16) {
        out.extend_from_slice(&to.to_le_bytes());
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<u16, BadFormat> {
        cursor.u16()
    }

    fn put_value(out: &mut Vec<u8>, count: &u64) {
        put_varint(out, *count);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<u64, BadFormat> {
        cursor.varint()
    }
}
