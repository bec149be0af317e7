//! Webhooks of an operator: where it is told of what happens.
//!
//! None is ever taken away: each change says all of a webhook again, with the control record by which it came.

use std::sync::Arc;

use accolade_domain::outcome::Declined;
use accolade_domain::time::Timestamp;
use accolade_wire::control::{SealedSecret, WebhookTerms};
use rpds::RedBlackTreeMapSync;

use super::{Said, Since};

/// The behaviour from which on there are any.
pub const FROM_BEHAVIOUR: u16 = 2;
/// Most webhooks of an operator that are not deleted.
pub const LIVE_MAX: usize = 50;
/// Most webhooks that an operator may ever have made.
pub const EVER_MAX: usize = 10_000;
/// How often a webhook may be changed; it can always be deleted.
pub const SAID_MAX: usize = 500;
/// Most secrets that sign at the same time.
pub const SECRETS_MAX: usize = 2;
/// Most types that a webhook lists.
pub const EVENTS_MAX: usize = 100;
/// Greatest length of an address in bytes, and of each other text.
pub const URL_BYTES_MAX: usize = 2_048;
/// Greatest length of each other text in bytes.
pub const TEXT_BYTES_MAX: usize = 512;

/// All webhooks of an operator, deleted ones too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Webhooks {
    all: RedBlackTreeMapSync<u32, Arc<Webhook>>,
    numbers: RedBlackTreeMapSync<Box<str>, u32>,
}

/// One webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// 1, 2, 3, … for each operator.
    pub number: u32,
    /// What was said of it, oldest first; at least once.
    said: Vec<Said<WebhookTerms>>,
}

impl Webhooks {
    /// All webhooks, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Webhook>> {
        self.all.values()
    }

    /// Those that are not deleted, oldest first.
    pub fn live(&self) -> impl Iterator<Item = &Arc<Webhook>> {
        self.all().filter(|webhook| !webhook.terms().deleted)
    }

    /// The webhooks from `number` on.
    pub(super) fn from(&self, number: u32) -> impl Iterator<Item = &Arc<Webhook>> {
        self.all.range(number..).map(|(_, webhook)| webhook)
    }

    /// The webhook of an id.
    pub fn get(&self, id: &str) -> Option<&Arc<Webhook>> {
        self.all.get(self.numbers.get(id)?)
    }

    /// The webhook with a number.
    pub fn numbered(&self, number: u32) -> Option<&Arc<Webhook>> {
        self.all.get(&number)
    }

    /// Adds a webhook that was read, which has the next number, or changes one that is there.
    pub(super) fn put(&mut self, webhook: Webhook) -> bool {
        let id = &*webhook.terms().id;
        let is_next = match self.numbers.get(id) {
            Some(number) => *number == webhook.number,
            None => webhook.number as usize == self.all.size() + 1,
        };
        self.numbers.insert_mut(id.into(), webhook.number);
        self.all.insert_mut(webhook.number, Arc::new(webhook));
        is_next
    }

    /// Makes a webhook or changes one, and returns its number.
    pub(super) fn say(&mut self, terms: WebhookTerms, since: Since) -> Result<u32, Declined> {
        if !is_well_formed(&terms) {
            return Err(Declined::Malformed);
        }
        let mut webhook = match self.get(&terms.id) {
            Some(webhook) => (**webhook).clone(),
            None => self.next()?,
        };
        let is_over = webhook.said.last().is_some_and(|said| said.terms.deleted);
        if is_over || webhook.said.len() != terms.edited_from as usize {
            return Err(Declined::Stale);
        }
        if webhook.said.len() >= SAID_MAX && !terms.deleted {
            return Err(Declined::TooManyWebhooks);
        }
        webhook.said.push(Said { terms: Arc::new(terms), since });
        let number = webhook.number;
        self.put(webhook);
        Ok(number)
    }

    /// A webhook of which nothing was said yet.
    fn next(&self) -> Result<Webhook, Declined> {
        if self.all.size() >= EVER_MAX || self.live().take(LIVE_MAX).count() >= LIVE_MAX {
            return Err(Declined::TooManyWebhooks);
        }
        let number = u32::try_from(self.all.size() + 1).expect("there are fewer than 2^32");
        Ok(Webhook { number, said: Vec::new() })
    }
}

impl Webhook {
    /// One of which this was said; nothing where nothing was.
    pub(super) fn of(number: u32, said: Vec<Said<WebhookTerms>>) -> Option<Self> {
        (!said.is_empty()).then_some(Self { number, said })
    }

    /// What was said of it, oldest first.
    pub fn said(&self) -> &[Said<WebhookTerms>] {
        &self.said
    }

    fn last(&self) -> &Said<WebhookTerms> {
        self.said.last().expect("something was said of every webhook")
    }

    /// What it is.
    pub fn terms(&self) -> &Arc<WebhookTerms> {
        &self.last().terms
    }

    /// How it became what it is.
    pub fn changed(&self) -> Since {
        self.last().since
    }

    /// How it came.
    pub fn since(&self) -> Since {
        self.said.first().expect("something was said of every webhook").since
    }

    /// What names the next change.
    pub fn edited_from(&self) -> u32 {
        u32::try_from(self.said.len()).expect("nothing is said so often")
    }

    /// Whether it is told of what happens.
    pub fn is_enabled(&self) -> bool {
        !self.terms().deleted && self.terms().disabled.is_none()
    }

    /// The secrets that sign at `now`, the newest first.
    pub fn secrets(&self, now: Timestamp) -> impl Iterator<Item = &SealedSecret> {
        let signs =
            move |secret: &&SealedSecret| secret.until.is_none_or(|until| now.micros() < until);
        self.terms().secrets.iter().filter(signs)
    }

    /// As it was after the first `number` control records.
    pub(super) fn as_of(&self, number: u64) -> Option<Self> {
        let said = self.said.iter().take_while(|said| said.since.control <= number);
        Self::of(self.number, said.cloned().collect())
    }
}

fn is_well_formed(terms: &WebhookTerms) -> bool {
    let WebhookTerms { operator: _, id, url, description, events, secrets, disabled, who, .. } =
        terms;
    let is_short = |text: &String| text.len() <= TEXT_BYTES_MAX;
    let is_text = |text: &String| !text.is_empty() && is_short(text);
    let is_secret = |secret: &SealedSecret| is_text(&secret.id) && is_text(&secret.sealed);
    [id, who].into_iter().chain(events).all(is_text)
        && [description].into_iter().chain(disabled).all(is_short)
        && (1..=URL_BYTES_MAX).contains(&url.len())
        && events.len() <= EVENTS_MAX
        && (1..=SECRETS_MAX).contains(&secrets.len())
        && secrets.iter().all(is_secret)
}
