//! How far a webhook was told of what has happened in a partition.
//!
//! The fold says where that begins and ends, and keeps what whoever tells it says about it since; what that means, it
//! does not know.

use accolade_wire::bytes::{BadFormat, Cursor, put_text, put_varint};

use super::Table;

/// Greatest length of what is remembered of one webhook, in bytes.
pub const REMEMBERED_BYTES_MAX: usize = 64 << 10;

/// The table of what webhooks were told.
#[derive(Debug, Default)]
pub struct Deliveries;

/// A webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct WebhookKey {
    /// The operator's number.
    pub operator: u32,
    /// The webhook's.
    pub webhook: u32,
}

/// How far it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// How often it was said how far; whoever says it next names the following number.
    pub revision: u64,
    /// The first batch that may have something it was not told of, and that is not remembered.
    pub next: u64,
    /// What is remembered of those before and behind it.
    pub remembered: Box<str>,
}

impl Told {
    /// Of a webhook that is told from a batch on.
    pub fn from(batch: u64) -> Self {
        Self { revision: 0, next: batch, remembered: "".into() }
    }
}

impl Table for Deliveries {
    type Key = WebhookKey;
    type Value = Told;

    const NAME: &'static str = "what a webhook was told";
    const FORMAT: u8 = 1;

    fn put_key(out: &mut Vec<u8>, key: &WebhookKey) {
        put_varint(out, u64::from(key.operator));
        put_varint(out, u64::from(key.webhook));
    }

    fn read_key(cursor: &mut Cursor<'_>, _: u16) -> Result<WebhookKey, BadFormat> {
        Ok(WebhookKey { operator: cursor.small()?, webhook: cursor.small()? })
    }

    fn put_value(out: &mut Vec<u8>, told: &Told) {
        put_varint(out, told.revision);
        put_varint(out, told.next);
        put_text(out, &told.remembered);
    }

    fn read_value(cursor: &mut Cursor<'_>, _: u16) -> Result<Told, BadFormat> {
        let (revision, next) = (cursor.varint()?, cursor.varint()?);
        Ok(Told { revision, next, remembered: cursor.text()?.into() })
    }
}
