//! What tells webhooks, over this node.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use accolade_engine::feed::Feed;
use accolade_engine::rules::webhooks::Webhook;
use accolade_engine::tables::deliveries::{Told, WebhookKey};
use accolade_webhooks::delivering::{Delivering, Desk, Kept};
use accolade_webhooks::signing::SigningSecret;
use accolade_wire::control::{Command, Control, WebhookTerms};

use super::opened;
use crate::problem::Refusal;
use crate::service::{Service, now};
use crate::submit::Carried;

/// Who disables a webhook that takes nothing.
const WHO: &str = "the node";
/// How long a webhook that could not be disabled waits for the next try.
const DISABLE_EVERY: Duration = Duration::from_secs(5);

impl Service {
    /// Begins to tell webhooks what `feed` has.
    pub fn tell_webhooks(&self, feed: Arc<dyn Feed>) -> io::Result<Delivering> {
        Delivering::start(feed, Arc::new(self.clone()), self.settings.webhooks.clone())
    }

    /// What disables a webhook; nothing where it is so already, or is there no more.
    fn disabling(&self, operator: &str, id: &str, why: &str) -> Option<Control> {
        let rules = self.host.rules();
        let webhook = rules.operator(operator)?.webhooks.get(id)?;
        let terms = WebhookTerms {
            edited_from: webhook.edited_from(),
            disabled: Some(why.to_owned()),
            who: WHO.to_owned(),
            ..(**webhook.terms()).clone()
        };
        webhook.is_enabled().then_some(Control::Webhook(terms))
    }
}

impl Desk for Service {
    fn told(&self, partition: u16) -> Option<Vec<(WebhookKey, Told)>> {
        let rows = self.read(partition, |partition| {
            let rows = partition.tables().deliveries.iter();
            rows.map(|(key, told)| (*key, told.clone())).collect()
        });
        rows.ok()
    }

    async fn tell(&self, partition: u16, operator: &str, webhook: u32, told: &Told) -> Kept {
        let Told { revision, next, remembered } = told.clone();
        let command = Command::Told { webhook, revision, next, remembered: remembered.into() };
        match self.command(partition, operator, &command, false).await {
            Ok(Carried::Now | Carried::Before) => Kept::Yes,
            Err(problem) if problem.refusal == Refusal::Stale => Kept::Moved,
            Ok(Carried::NotYet) | Err(_) => Kept::NotYet,
        }
    }

    async fn disable(&self, operator: &str, id: &str, why: &str) {
        while let Some(control) = self.disabling(operator, id, why) {
            if self.control(&control).await.is_ok() {
                return;
            }
            tokio::time::sleep(DISABLE_EVERY).await;
        }
    }

    fn secrets(&self, operator: &str, webhook: &Webhook) -> Result<Vec<SigningSecret>, String> {
        let key = self.read_sealing_key().map_err(|problem| problem.detail.into_owned())?;
        opened(&key, operator, webhook, now()).map_err(|problem| problem.detail.into_owned())
    }
}
